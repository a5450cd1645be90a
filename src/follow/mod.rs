//! What a service keeps between its decisions: what it has served, what was brought to it, and the newest evidence that
//! it has seen. It knows no ledger; the rules of what is good are `remit_verifier`'s.

mod book;
mod journal;
mod kept;
mod newest;
mod record;

pub use book::{RECORDS_MAX, RECORDS_OF_ROOT_MAX};
pub use journal::JournalError;
pub use kept::Kept;
pub use newest::Newest;
pub use record::{Record, Recorded};
