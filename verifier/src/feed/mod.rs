//! Following a ledger: what has been revoked, suspended or changed since, of all tokens at once (spec 22).
//!
//! These are the bytes and the table. Whether an update is believed, [`Followed`](crate::verify::Followed) decides.

mod runs;
mod table;
mod update;

pub use runs::encode_changes;
pub use table::StatusTable;
pub use update::StatusUpdate;
