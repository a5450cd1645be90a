//! Snapshots (spec 24): the state that a log leads to up to one of its commitments, as a file that whoever replays the
//! log writes byte for byte, and from which a replay goes on without what lies before.
//!
//! Written and read as a stream, one item at a time. What the file proves, and what it does not, is spec 24 §5.

mod check;
mod item;
mod read;
mod record;
mod write;

pub use item::Place;
pub use read::{SnapshotError, Start, read};
pub use write::write;
