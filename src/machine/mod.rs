//! The rules: pure, deterministic, without input or output. `admit` says what an operation comes to.

mod admit;
mod approval;
mod chain;
mod control;
mod delta;
mod funds;
mod holder;
mod issue;
mod lease;
mod memory;
mod quota;
mod refusal;
mod registry;
mod reserve;
mod settle;
mod trade;
mod transaction;
mod view;
mod windows;

pub use admit::{Applied, Outcome, admit, expire, genesis};
pub use delta::{Delta, Overlay};
pub use memory::MemoryState;
pub use refusal::Refusal;
pub use view::{
    Capture, Due, Head, Key, LeafRecord, Lease, LinkValues, Offer, PendingRekey, Private, Record, Refused,
    Request, Reservation, Standing, StateKey, StateView, Tally, TokenInfo, Waiting, key,
};
