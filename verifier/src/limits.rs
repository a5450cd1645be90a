//! Every bound that a verifier or the ledger's formats obey (spec 12), related to each other at compile time.

use crate::types::{Millis, Seconds, TreeSize};

/// Largest log entry, kept object and signed object, in bytes (the tlog-tiles bundle has 16-bit lengths).
pub const OBJECT_BYTES_MAX: usize = 65_535;
/// Largest presentation, in bytes.
pub const PRESENTATION_BYTES_MAX: usize = 65_535;
/// Largest payload of one signed object, in bytes.
pub const PAYLOAD_BYTES_MAX: usize = 6_144;
/// Largest sealed claims, in bytes.
pub const SEALED_BYTES_MAX: usize = 4_096;
/// Links of a chain, the root included.
pub const DEPTH_MAX: usize = 8;
/// Members of a bundle.
pub const BUNDLE_MEMBERS_MAX: usize = 8;
/// Permissions of one token.
pub const PERMISSIONS_MAX: usize = 16;
/// Services, actions or resources of one permission.
pub const PERMISSION_ITEMS_MAX: usize = 32;
/// Conditions of one permission.
pub const CONDITIONS_MAX: usize = 16;
/// Operands of an `in` condition.
pub const CONDITION_OPERANDS_MAX: usize = 32;
/// Arguments of one invocation.
pub const ARGUMENTS_MAX: usize = 32;
/// Budgets of one token, each of another unit.
pub const BUDGETS_MAX: usize = 8;
/// Approvers of one token.
pub const APPROVERS_MAX: usize = 8;
/// Approvals that travel with one invocation.
pub const APPROVALS_MAX: usize = 16;
/// Bytes of a signed approval: far more than one has.
pub const APPROVAL_BYTES_MAX: usize = 512;
/// Windows of one budget, each of another period.
pub const WINDOWS_MAX: usize = 4;
/// Spans of one unit that a token counts: those of its windows and of its cumulative threshold.
pub const SPANS_MAX: usize = WINDOWS_MAX + 1;
/// Shortest span of a window of fixed length.
pub const WINDOW_LENGTH_MIN: Seconds = Seconds(60);
/// Longest span of a window of fixed length.
pub const WINDOW_LENGTH_MAX: Seconds = Seconds(400 * 24 * 3600);
/// Bytes of a name (party, unit, action, argument).
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of a text value (resource, string argument, note).
pub const TEXT_BYTES_MAX: usize = 256;
/// Characters of a unit's name.
pub const UNIT_NAME_BYTES_MAX: usize = 16;
/// Decimals of a unit.
pub const UNIT_DECIMALS_MAX: u64 = 9;
/// Keys that a party has at one time.
pub const PARTY_KEYS_MAX: usize = 4;
/// Retired keys that a party's leaf keeps.
pub const RETIRED_KEYS_MAX: usize = 8;
/// Operator keys of a ledger.
pub const OPERATOR_KEYS_MAX: usize = 8;
/// Signatures over one operation.
pub const SIGNATURES_MAX: usize = 8;
/// Admission window of an invocation.
pub const INVOCATION_VALIDITY_MAX: Seconds = Seconds(60);
/// Admission window of every other signed object of this rules version.
pub const OBJECT_VALIDITY_MAX: Seconds = Seconds(24 * 3600);
/// Admission window of a request and of an approval, and the longest that value waits for one.
pub const APPROVAL_VALIDITY_MAX: Seconds = Seconds(7 * 24 * 3600);
/// From an offer to the end of its time.
pub const OFFER_MAX: Seconds = Seconds(7 * 24 * 3600);
/// Life of an offline link.
pub const OFFLINE_LINK_LIFE_MAX: Seconds = Seconds(3600);
/// Bytes of a signed voucher, which a settlement carries in its payload.
pub const VOUCHER_BYTES_MAX: usize = 5 * 1024;
/// Parts of links that the details of one entry have at most.
pub const DETAILS_LINKS_MAX: usize = BUNDLE_MEMBERS_MAX * DEPTH_MAX;
/// A proof of a lease, in bytes.
pub const LEASE_PROOF_BYTES_MAX: usize = EVIDENCE_BYTES_MAX + 2 * OBJECT_BYTES_MAX;
/// What a till or a wallet keeps of one lease, in bytes.
pub const TILL_BYTES_MAX: usize = 32_768;
/// From a lease's `spend_until` to its `settle_by` at least: two clocks that are off by the most, both ways.
pub const LEASE_SETTLE_MIN: Seconds = Seconds(600);
/// Refusals that are entries, of one root token and one span of [`REFUSAL_SPAN`].
pub const REFUSALS_PER_SPAN_MAX: u64 = 64;
/// Span in which refusals are counted.
pub const REFUSAL_SPAN: Seconds = Seconds(3600);
/// Life of a token.
pub const TOKEN_LIFE_MAX: Seconds = Seconds(400 * 24 * 3600);
/// From a reserve to its `settle_by`.
pub const SETTLE_MAX: Seconds = Seconds(30 * 24 * 3600);
/// From a reserve to its `refund_until`.
pub const REFUND_MAX: Seconds = Seconds(400 * 24 * 3600);
/// Delay of a rekey by somebody upstream, in which the old key may veto it.
pub const REKEY_DELAY: Seconds = Seconds(24 * 3600);
/// Largest clock skew that a policy may state.
pub const SKEW_MAX: Millis = Millis(300_000);
/// Expiries that open a batch at most.
pub const EXPIRIES_PER_BATCH_MAX: usize = 512;
/// Operations of a batch at most.
pub const BATCH_OPERATIONS_MAX: usize = 512;
/// Bytes of a signed note.
pub const NOTE_BYTES_MAX: usize = 16_384;
/// Signature lines of a signed note.
pub const NOTE_SIGNATURES_MAX: usize = 32;
/// Bytes of a key name or origin (what the one-byte lengths of tlog-cosignature hold).
pub const KEY_NAME_BYTES_MAX: usize = 255;
/// Bytes of the extra data of a proof as text.
pub const PROOF_EXTRA_BYTES_MAX: usize = 16_384;
/// Bytes of a proof as text.
pub const PROOF_BYTES_MAX: usize = 65_535;
/// Bytes of a receipt: the longest origin and path.
pub const RECEIPT_BYTES_MAX: usize = 2_571;
/// Bytes of what is sent to a witness: the largest size, proof and note.
pub const ADD_CHECKPOINT_BYTES_MAX: usize = 25 + TREE_HEIGHT_MAX * 45 + 1 + NOTE_BYTES_MAX;
/// Bytes of the trust lines of a policy.
pub const TRUST_BYTES_MAX: usize = 65_536;
/// Logs, witnesses and groups of a trust policy, each.
pub const TRUST_ITEMS_MAX: usize = 32;
/// Tokens of a presentation as it is decoded; more than [`DEPTH_MAX`] of them are then refused as too deep.
pub const PRESENTATION_TOKENS_MAX: usize = 2 * DEPTH_MAX;
/// State leaves of a presentation as it is decoded: ledger, issuer, unit and the logged tokens.
pub const PRESENTATION_LEAVES_MAX: usize = PRESENTATION_TOKENS_MAX + 3;
/// Evidence of funding, in bytes.
pub const EVIDENCE_BYTES_MAX: usize = OBJECT_BYTES_MAX + PROOF_BYTES_MAX + 1_024;
/// A verifier's policy file, in bytes.
pub const POLICY_BYTES_MAX: usize = 2 * TRUST_BYTES_MAX;
/// A case file, in bytes.
pub const CASE_BYTES_MAX: usize =
    PRESENTATION_BYTES_MAX + OBJECT_BYTES_MAX + EVIDENCE_BYTES_MAX + POLICY_BYTES_MAX + 65_536 + 16_384;
/// Ledgers that a policy names.
pub const POLICY_LEDGERS_MAX: usize = TRUST_ITEMS_MAX;
/// Issuers that a policy lists.
pub const POLICY_ISSUERS_MAX: usize = 1_024;
/// Bounds of a policy for amounts at risk.
pub const POLICY_AT_RISK_MAX: usize = 64;
/// Routes of a policy.
pub const ROUTES_MAX: usize = 256;
/// A path, action or resource of a route, in bytes.
pub const ROUTE_BYTES_MAX: usize = 512;
/// A name in a route, in bytes.
pub const ROUTE_NAME_BYTES_MAX: usize = 32;
/// An HTTP method, in bytes.
pub const HTTP_METHOD_BYTES_MAX: usize = 16;
/// The authority of an HTTP request, in bytes: the longest host name and a port.
pub const HTTP_AUTHORITY_BYTES_MAX: usize = 261;
/// The target of an HTTP request, in bytes.
pub const HTTP_TARGET_BYTES_MAX: usize = 4_096;
/// Arguments or approvals in a field of an HTTP request, in bytes.
pub const HTTP_FIELD_BYTES_MAX: usize = 16_384;
/// Presentations that a verifier remembers before it forgets older ones.
pub const REMEMBERED_PRESENTATIONS_MAX: usize = 128;
/// Links whose signatures a verifier remembers before it forgets older ones.
pub const REMEMBERED_LINKS_MAX: usize = 1_024;
/// Checkpoints that a verifier remembers before it forgets older ones.
pub const REMEMBERED_CHECKPOINTS_MAX: usize = 8;
/// Signers' keys that a verifier keeps decoded.
pub const REMEMBERED_KEYS_MAX: usize = 256;
/// Levels of a tree: sizes are below 2^63.
pub const TREE_HEIGHT_MAX: usize = 63;
/// Hashes of a consistency proof: one for each level, and one more.
pub const CONSISTENCY_HASHES_MAX: usize = TREE_HEIGHT_MAX + 1;
/// Leaves of a tree at most.
pub const TREE_SIZE_MAX: TreeSize = TreeSize((1 << TREE_HEIGHT_MAX) - 1);
/// State indexes covered by one chunk of the status tree.
pub const STATUS_CHUNK_INDEXES: u64 = 2048;
/// Bytes of one chunk of the status tree.
pub const STATUS_CHUNK_BYTES: usize = 512;
/// Leaves of a state that a verifier follows: 64 MiB of status.
pub const FOLLOWED_LEAVES_MAX: TreeSize = TreeSize(1 << 28);
/// An update of what is followed, in bytes.
pub const STATUS_UPDATE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// One item of a snapshot, in bytes.
pub const SNAPSHOT_ITEM_BYTES_MAX: usize = 16_384;

const _: () = assert!(
    PAYLOAD_BYTES_MAX + SEALED_BYTES_MAX + BUDGETS_MAX * (96 + SPANS_MAX * 19) + 1_024
        < SNAPSHOT_ITEM_BYTES_MAX
);
const _: () = assert!(STATUS_CHUNK_BYTES as u64 * 4 == STATUS_CHUNK_INDEXES);
const _: () = assert!(
    PROOF_BYTES_MAX > NOTE_BYTES_MAX + TREE_HEIGHT_MAX * 45 + PROOF_EXTRA_BYTES_MAX.div_ceil(3) * 4 + 64
);
const _: () = assert!(NOTE_SIGNATURES_MAX >= 16 && TRUST_ITEMS_MAX >= 32);
const _: () = assert!(PAYLOAD_BYTES_MAX * (DEPTH_MAX + 1) + SEALED_BYTES_MAX < OBJECT_BYTES_MAX);
const _: () =
    assert!(BUDGETS_MAX * (70 + WINDOWS_MAX * 22) + NAME_BYTES_MAX + TEXT_BYTES_MAX + 64 < SEALED_BYTES_MAX);
const _: () = assert!(VOUCHER_BYTES_MAX + 128 <= PAYLOAD_BYTES_MAX);
const _: () = assert!(ARGUMENTS_MAX * (NAME_BYTES_MAX + 37) + TEXT_BYTES_MAX + 1_024 < VOUCHER_BYTES_MAX);
const _: () =
    assert!(PAYLOAD_BYTES_MAX + VOUCHER_BYTES_MAX + 2 * TREE_HEIGHT_MAX * 34 + 1_024 < TILL_BYTES_MAX);
const _: () = assert!(LEASE_SETTLE_MIN.0 * 1000 == 2 * SKEW_MAX.0 && LEASE_SETTLE_MIN.0 < SETTLE_MAX.0);
const _: () = assert!(WINDOW_LENGTH_MAX.0 == TOKEN_LIFE_MAX.0);
const _: () = assert!(OFFLINE_LINK_LIFE_MAX.0 < SETTLE_MAX.0 && SETTLE_MAX.0 < REFUND_MAX.0);
const _: () = assert!(INVOCATION_VALIDITY_MAX.0 <= OBJECT_VALIDITY_MAX.0);
const _: () = assert!(BUNDLE_MEMBERS_MAX * 34 + 64 < EVIDENCE_BYTES_MAX - OBJECT_BYTES_MAX - PROOF_BYTES_MAX);
const _: () = assert!(APPROVALS_MAX * (APPROVAL_BYTES_MAX + 3) + 3 < 16_384);
const _: () = assert!(ARGUMENTS_MAX * (NAME_BYTES_MAX + TEXT_BYTES_MAX + 32) + 128 < 65_536);
const _: () = assert!(APPROVALS_MAX * (APPROVAL_BYTES_MAX + 3) + 3 <= HTTP_FIELD_BYTES_MAX);
const _: () = assert!(ARGUMENTS_MAX * (NAME_BYTES_MAX + TEXT_BYTES_MAX + 32) + 3 <= HTTP_FIELD_BYTES_MAX);
const _: () = assert!(PRESENTATION_BYTES_MAX > NOTE_BYTES_MAX + PAYLOAD_BYTES_MAX * DEPTH_MAX / 2);
