//! Every bound of queue and writer, related to each other and to the formats' at compile time.

use remit_verifier::limits::{BATCH_OPERATIONS_MAX, EXPIRIES_PER_BATCH_MAX, OBJECT_BYTES_MAX};
use remit_verifier::types::Millis;

/// Submissions that wait or are being decided.
pub const QUEUE_OPERATIONS_MAX: usize = 8_192;
/// Bytes of the submissions that wait or are being decided.
pub const QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of submissions that one batch takes, unless the first call alone has more.
pub const BATCH_BYTES_MAX: usize = 512 * 1024;
/// Submissions that one call may bring; they stay in one batch.
pub const CALL_OPERATIONS_MAX: usize = BATCH_OPERATIONS_MAX;
/// Bytes of the submissions that one call may bring.
pub const CALL_BYTES_MAX: usize = 1024 * 1024;
/// Entries of one batch at most: what falls due, what is applied, the commitment.
pub const BATCH_ENTRIES_MAX: usize = EXPIRIES_PER_BATCH_MAX + BATCH_OPERATIONS_MAX + 1;
/// How long an idle ledger waits before it commits to its state again, unless it is told otherwise.
pub const HEARTBEAT_DEFAULT: Millis = Millis(10_000);
/// How far the clock may be ahead of the last entry, unless it is told otherwise.
pub const JUMP_DEFAULT: Millis = Millis(3_600_000);
/// The shortest and the longest time after which somebody is told to try again.
pub const RETRY_AFTER: (Millis, Millis) = (Millis(1_000), Millis(30_000));

const _: () =
    assert!(CALL_OPERATIONS_MAX <= BATCH_OPERATIONS_MAX && BATCH_OPERATIONS_MAX < QUEUE_OPERATIONS_MAX);
const _: () = assert!(OBJECT_BYTES_MAX <= BATCH_BYTES_MAX && BATCH_BYTES_MAX <= CALL_BYTES_MAX);
const _: () = assert!(CALL_BYTES_MAX < QUEUE_BYTES_MAX);
const _: () = assert!(HEARTBEAT_DEFAULT.0 < JUMP_DEFAULT.0 && RETRY_AFTER.0.0 < RETRY_AFTER.1.0);
