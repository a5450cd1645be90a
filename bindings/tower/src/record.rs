//! Where it is recorded what was served (spec 20 §5, step 8).

use remit::follow::Record;
use remit_verifier::code::Code;
use remit_verifier::http::Unrecorded;
use remit_verifier::types::Millis;

/// A record of what was served. [`Record`] is one, in a folder or in memory; implement it to share one between
/// machines.
pub trait ServedRecord: Send + Sync + 'static {
    /// Puts on record that something is served at `now`, if nothing of it is there yet; when this returns it is kept,
    /// as durably as [`ServedRecord::is_durable`] says, for as long as anybody may show it again.
    ///
    /// # Errors
    ///
    /// [`Code::ServedBefore`]; [`Code::BeforeStart`] where that cannot be known; [`Code::NoRecord`] if it cannot be
    /// recorded.
    fn take(&self, unrecorded: &Unrecorded, now: Millis) -> Result<(), Code>;

    /// Whether a restart forgets nothing. Taking then waits for a disk, or another machine, and runs where that may be.
    fn is_durable(&self) -> bool;
}

impl ServedRecord for Record {
    fn take(&self, unrecorded: &Unrecorded, now: Millis) -> Result<(), Code> {
        Self::take(self, unrecorded, now).map(|_| ())
    }

    fn is_durable(&self) -> bool {
        Self::is_durable(self)
    }
}
