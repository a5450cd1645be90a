//! The joint of rules and trees, pure: inputs and a time become a batch, and a batch is all that there is to know.
//!
//! The sequencer, audits, simulations and replicas call nothing else; replay is the same function underneath.

mod batch;
mod build;
mod replay;
mod trees;

pub use batch::{Answer, Batch, LogEntry};
pub use build::{BuildError, begin, build};
pub use replay::{
    Kept, ReplayError, StoredEntry, compare, recompute, recompute_genesis, replay, replay_genesis,
};
pub use trees::{StatusTree, Trees};
