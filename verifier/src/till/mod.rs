//! Value spent offline (spec 16): the payee's till, which takes vouchers for a lease, and the holder's wallet, which
//! signs them. Both are pure: they are given bytes, a clock and what they kept, and give back what is to be kept now.
//!
//! **Keep first, then answer.** Whoever forgets that he accepted or signed number n accepts or signs it again. So the
//! state that [`Till::accept`] gives is synced to storage before the service says yes, and the one that
//! [`Wallet::sign`] gives before the voucher leaves the wallet.

mod open;
mod proof;
#[cfg(feature = "sign")]
mod purse;
mod take;
mod tally;

pub use open::OpenLease;
pub use proof::LeaseProof;
#[cfg(feature = "sign")]
pub use purse::{Wallet, WalletError, Wanted};
pub use take::{Accepted, Till};
pub use tally::Tally;
