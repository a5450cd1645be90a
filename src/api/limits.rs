//! Every bound of the HTTP interface, related to the formats' and the queue's at compile time.

use crate::ledger::queue_limits::{QUEUE_BYTES_MAX, QUEUE_OPERATIONS_MAX};
use remit_verifier::limits::{BATCH_OPERATIONS_MAX, CASE_BYTES_MAX, OBJECT_BYTES_MAX};
use std::time::Duration;

/// Submissions of one request.
pub const SUBMISSIONS_MAX: usize = BATCH_OPERATIONS_MAX;
/// Bytes of a request that brings one submission.
pub const SUBMISSION_BYTES_MAX: usize = OBJECT_BYTES_MAX;
/// Bytes of a request that brings several.
pub const SUBMISSIONS_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all submissions that have arrived in part and are not yet in the queue.
pub const SUBMISSIONS_BYTES_AT_ONCE_MAX: usize = 16 * 1024 * 1024;
/// Submissions of one client that are in progress.
pub const CLIENT_SUBMISSIONS_MAX: usize = QUEUE_OPERATIONS_MAX / 4;
/// Bytes of the submissions of one client that are in progress.
pub const CLIENT_BYTES_MAX: usize = QUEUE_BYTES_MAX / 4;
/// Bytes of a case file, or of the same as JSON: base64 makes three bytes four, and JSON escapes some of the policy.
pub const VERIFY_BYTES_MAX: usize = CASE_BYTES_MAX * 4 / 3 + 64 * 1024;
/// Bytes of all requests to verify that have arrived in part or are being judged.
pub const VERIFY_BYTES_AT_ONCE_MAX: usize = 16 * 1024 * 1024;
/// Requests that are worked on at one time.
pub const REQUESTS_MAX: usize = 8_192;
/// Connections that are open at one time.
pub const CONNECTIONS_MAX: usize = 8_192;
/// Which part of the connections one client may have: a quarter of however many there may be, and one at least.
pub const CLIENT_CONNECTIONS_PART: usize = 4;
/// Connections that wait to be accepted; the kernel may allow fewer.
pub const CONNECTIONS_WAITING_MAX: i32 = 1_024;
/// Bytes of a request identifier that a client may choose.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
/// Bytes of a bearer token.
pub const BEARER_BYTES_MAX: usize = 512;
/// Entries of one answer of a replay stream.
pub const REPLAY_ENTRIES_MAX: usize = 4_096;
/// A replay stream ends its answer with the entry that makes it longer than this.
pub const REPLAY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Items of one page of a list, unless fewer are asked for.
pub const PAGE_ITEMS_MAX: usize = 1_000;
/// Searches that go on at one time: they read much, and everybody waits for the one writer.
pub const SEARCHES_MAX: usize = 2;
/// How long a search waits for its turn.
pub const SEARCH_WAIT: Duration = Duration::from_secs(5);
/// Items of one page of what is searched for, unless fewer are asked for.
pub const SEARCH_ITEMS_MAX: usize = 100;
/// Bytes of the beginning of a name: no name is longer.
pub const NAME_BYTES_MAX: usize = remit_verifier::limits::NAME_BYTES_MAX;
/// Readers of the feed at one time.
pub const FEEDS_MAX: usize = 256;
/// Readers of the feed from one client.
pub const CLIENT_FEEDS_MAX: usize = 16;
/// Entries of one event of the feed.
pub const FEED_ENTRIES_MAX: usize = 256;
/// Events that wait for a reader of the feed.
pub const FEED_EVENTS_WAITING_MAX: usize = 1;
/// How often the feed looks whether there is anything new.
pub const FEED_LOOK: Duration = Duration::from_millis(200);
/// How often a feed without news says that it is there.
pub const FEED_ALIVE: Duration = Duration::from_secs(15);
/// How long a list waits for the index to see what is published; then it is answered as it is.
pub const LISTS_WAIT: Duration = Duration::from_secs(2);

/// From the first byte of a body to its last. It keeps a place in the queue meanwhile, without bytes.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// From the start of a connection, or the end of a request, to the end of the next request's head.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// For somebody who takes nothing of what he is sent; then his connection is cut.
pub const WRITE_STALL_MAX: Duration = Duration::from_secs(10);
/// Bytes of one connection that wait to be sent, a little more or less.
pub const WRITE_BUFFER_BYTES: usize = 64 * 1024;
/// For a TLS handshake.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// For a request as a whole, unless the configuration says otherwise.
pub const REQUEST_TIME_DEFAULT: Duration = Duration::from_secs(30);
/// For the requests in progress when the server is told to stop, unless the configuration says otherwise.
pub const DRAIN_TIME_DEFAULT: Duration = Duration::from_secs(30);
/// Seconds after which somebody is told to try again when no better number is known.
pub const RETRY_AFTER_S: u64 = 1;

const _: () = assert!(SUBMISSION_BYTES_MAX < SUBMISSIONS_BYTES_MAX);
const _: () =
    assert!(SUBMISSIONS_MAX * 4 <= CLIENT_SUBMISSIONS_MAX && SUBMISSIONS_BYTES_MAX * 4 <= CLIENT_BYTES_MAX);
const _: () = assert!(SUBMISSIONS_BYTES_MAX * 8 < SUBMISSIONS_BYTES_AT_ONCE_MAX);
const _: () = assert!(VERIFY_BYTES_MAX * 8 < VERIFY_BYTES_AT_ONCE_MAX);
const _: () = assert!(OBJECT_BYTES_MAX * 4 < REPLAY_BYTES_MAX);
const _: () = assert!(BODY_TIME_MAX.as_millis() < REQUEST_TIME_DEFAULT.as_millis());
const _: () = assert!(WRITE_STALL_MAX.as_secs() < DRAIN_TIME_DEFAULT.as_secs());
