//! What a service keeps between its decisions: what it has served, what was brought to it, the newest evidence that it
//! has seen, and the newest states of the ledgers that it follows. It asks no ledger; the rules of what is good are
//! `remit_verifier`'s.

mod anew;
mod book;
mod follower;
mod journal;
mod kept;
mod newest;
mod record;

pub use book::{RECORDS_MAX, RECORDS_OF_ROOT_MAX};
pub use follower::{Follower, OpenError, TakeError};
pub use journal::JournalError;
pub use kept::Kept;
pub use newest::Newest;
pub use record::{Record, Recorded};
