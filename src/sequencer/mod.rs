//! The one writer: takes what is queued, makes it durable, answers, reads it back, and only then signs and publishes.
//!
//! Decides nothing itself: batches are made by [`crate::engine`]. Reads no clock but the one that it is given.

mod guard;
pub mod limits;
mod open;
mod published;
mod queue;
mod read_back;
mod run;
mod traced;
mod version;
mod witness_thread;
mod witnessed;
mod work;
mod writer;

pub use guard::{Guard, GuardError, GuardHold, GuardPlace};
pub use open::{StartError, begin, genesis, open};
pub use published::Published;
pub use queue::{Lengths, Permit, Queue, State, SubmitError};
pub use read_back::{Made, Mismatch, ReadBack, read_back, read_back_tail};
pub(crate) use run::Running;
pub use run::{Clock, Counts, Sequencer, Settings};
pub use version::{SealError, Version};
pub(crate) use witnessed::Witnessing;
pub use witnessed::{Reach, Told, WitnessStatus, Witnesses};
pub use work::{Answers, Input, Submitted, Then, Wait, Work};
pub use writer::{Cycle, Fatal, Stop, Writer};
