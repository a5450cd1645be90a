//! The running example, told step by step and held to what it tells.

mod house;
mod report;
#[cfg(feature = "server")]
mod served;
mod stage;
mod story;

pub use report::{Report, Step, decimal};

use crate::client::Randomness;
use remit_verifier::sign::LocalSigner;
use remit_verifier::types::Millis;

/// No telling takes longer, by its own clock: whoever wants it in the past begins so much earlier.
pub const LENGTH_MAX: Millis = Millis(15 * 60 * 1000);

/// Plays the whole story at `start` on a ledger in memory.
///
/// # Errors
///
/// Whatever the ledger or a key could not do; a step that came out otherwise than told is in the report, not here.
pub fn run(start: Millis, randomness: Randomness) -> Result<Report, Box<dyn std::error::Error>> {
    let house = |genesis: &_, seed: &_| {
        Ok(Box::new(house::Memory::new(genesis, LocalSigner::from_seed(seed))?) as Box<_>)
    };
    story::tell(stage::Stage::new(start, randomness, house)?)
}

/// Plays the whole story at `start` on a real server: RocksDB in `folder`, which is new or empty, and HTTP on loopback.
/// The log's key is left beside the database, unencrypted. The server is stopped while the hotel decides, and at the
/// end; then the folder alone is replayed.
///
/// # Errors
///
/// As [`run`].
#[cfg(feature = "server")]
pub fn run_served(
    start: Millis,
    randomness: Randomness,
    folder: &std::path::Path,
) -> Result<Report, Box<dyn std::error::Error>> {
    let house = |genesis: &_, seed: &_| Ok(Box::new(served::Served::new(genesis, seed, folder)?) as Box<_>);
    story::tell(stage::Stage::new(start, randomness, house)?)
}
