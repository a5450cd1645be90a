//! Auditors: what the operator signed, computed again from the log and the objects beside it.
//!
//! [`replay`](replay()) runs the rules themselves over a whole log and compares every byte; it finds a ledger that did
//! not follow its rules. [`conserve`](conserve()) recounts the money with code of its own, from decoded entries alone;
//! it finds rules that do not keep what they promise. [`Held`] is a replay that goes on with a ledger that goes on.

mod conserve;
mod held;
mod live;
pub mod monitor;
mod replay;
pub mod snapshot;

pub use conserve::{
    Account, Conservation, ConserveError, Flows, Recorded, Recount, Tightest, VIOLATIONS_MAX, Violation,
    conserve,
};
pub use held::{Fault, Held, Source};
pub use live::Live;
#[cfg(feature = "server")]
pub(crate) use replay::BATCH_ENTRIES_MAX;
pub use replay::{AuditError, Rebuilt, Replay, ReplayReport, closes, replay};
