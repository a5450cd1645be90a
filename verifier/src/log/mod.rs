//! What stands in the log, and beside it: entries, and the details that they commit to.

mod common;
mod details;
mod entry;

pub use common::Common;
pub use details::{Bound, BoundKind, Details, Facts, Link, LinkPart};
pub use entry::{Commitment, Entry, Genesis, Outcome};
