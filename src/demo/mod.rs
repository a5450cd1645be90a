//! The running example, told step by step and held to what it tells.

mod report;
mod stage;
mod story;

pub use report::{Report, Step, decimal};

use crate::client::Randomness;
use remit_verifier::types::Millis;

/// Plays the whole story at `start` on a ledger in memory.
///
/// # Errors
///
/// Whatever the ledger or a key could not do; a step that came out otherwise than told is in the report, not here.
pub fn run(start: Millis, randomness: Randomness) -> Result<Report, Box<dyn std::error::Error>> {
    story::tell(stage::Stage::new(start, randomness)?)
}
