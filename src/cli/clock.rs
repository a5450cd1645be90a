//! The clock of this machine. Everything below is given the time.

use super::out::Failure;
use remit_verifier::types::Millis;
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds.
pub(super) fn now() -> Result<Millis, Failure> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.ok().and_then(|since| u64::try_from(since.as_millis()).ok());
    millis.map(Millis).ok_or_else(|| {
        Failure::internal("the clock of this machine stands before 1970").coded("clock").hint("set the clock")
    })
}
