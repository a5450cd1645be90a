// Every bound (spec 12).
// Generated from spec/12-limits.md by bindings/tables.py; do not edit.

/** In bytes: an entry, a signed object and a whole submission; tile bundles have 16-bit lengths. */
export const OBJECT_BYTES_MAX = 65_535;
/** In bytes: one presentation fits what an object may be; a chain of eight large tokens still does. */
export const PRESENTATION_BYTES_MAX = 65_535;
/** In tokens: as decoded; more than DEPTH_MAX of them are then too_deep. */
export const PRESENTATION_TOKENS_MAX = 16;
/** In leaves: as decoded: ledger, issuer, unit and that many tokens. */
export const PRESENTATION_LEAVES_MAX = 19;
/** In bytes: an entry, the ids of a bundle and a proof as text, each the largest. */
export const EVIDENCE_BYTES_MAX = 132_094;
/** In bytes: a policy file: the largest trust lines, and as much beside them. */
export const POLICY_BYTES_MAX = 131_072;
/** In ledgers: that a policy names: one for each log that its trust may have. */
export const POLICY_LEDGERS_MAX = 32;
/** In issuers: that a policy lists. */
export const POLICY_ISSUERS_MAX = 1_024;
/** In bounds: of one policy, for amounts at risk: several for each unit that it takes. */
export const POLICY_AT_RISK_MAX = 64;
/** In routes: of one policy; they are tried in order. */
export const ROUTES_MAX = 256;
/** In bytes: a path, action or resource of a route; a resource has at most half of it. */
export const ROUTE_BYTES_MAX = 512;
/** In bytes: a name in a route. */
export const ROUTE_NAME_BYTES_MAX = 32;
/** In bytes: longer than every registered method. */
export const HTTP_METHOD_BYTES_MAX = 16;
/** In bytes: the longest host name and a port. */
export const HTTP_AUTHORITY_BYTES_MAX = 261;
/** In bytes: half of what servers take as a request line. */
export const HTTP_TARGET_BYTES_MAX = 4_096;
/** In bytes: all arguments, or all approvals, of one request. */
export const HTTP_FIELD_BYTES_MAX = 16_384;
/** In bytes: a case: presentation, invocation, arguments, evidence, policy and approvals, each the largest. */
export const CASE_BYTES_MAX = 476_156;
/** In presentations: that a verifier keeps in memory; bounds it, decides nothing. */
export const REMEMBERED_PRESENTATIONS_MAX = 128;
/** In links: whose signatures a verifier keeps as verified; bounds its memory, decides nothing. */
export const REMEMBERED_LINKS_MAX = 1_024;
/** In checkpoints: that a verifier keeps as accepted; bounds its memory, decides nothing. */
export const REMEMBERED_CHECKPOINTS_MAX = 8;
/** In keys: of signers, that a verifier keeps decoded; bounds its memory, decides nothing. */
export const REMEMBERED_KEYS_MAX = 256;
/** In bytes: a chain of the greatest depth, an invocation and sealed claims fit one object. */
export const PAYLOAD_BYTES_MAX = 6_144;
/** In bytes: all budgets of a token with name and note, with room for later fields. */
export const SEALED_BYTES_MAX = 4_096;
/** In links: root included; bounds the signatures of a verification and the bits of a mask. */
export const DEPTH_MAX = 8;
/** In operations: a purchase over several budgets; bounds the work of one entry. */
export const BUNDLE_MEMBERS_MAX = 8;
/** In permissions: alternatives of one token; bounds the comparison of child and parent. */
export const PERMISSIONS_MAX = 16;
/** In items: services, actions or resources of one permission. */
export const PERMISSION_ITEMS_MAX = 32;
/** In conditions: of one permission. */
export const CONDITIONS_MAX = 16;
/** In values: of one in condition. */
export const CONDITION_OPERANDS_MAX = 32;
/** In arguments: of one invocation; twice the conditions that may look at them. */
export const ARGUMENTS_MAX = 32;
/** In budgets: units of one token, and units of its values. */
export const BUDGETS_MAX = 8;
/** In keys: of one approval rule. */
export const APPROVERS_MAX = 8;
/** In approvals: that travel with one invocation: the rules of two links, all of whose approvers sign. */
export const APPROVALS_MAX = 16;
/** In bytes: one signed approval, twice over. */
export const APPROVAL_BYTES_MAX = 512;
/** In counters: of spans in one unit: the windows and the cumulative threshold. */
export const SPANS_MAX = 5;
/** In windows: of one budget: a minute, a day, a week and a month; bounds the work of every reserve below. */
export const WINDOWS_MAX = 4;
/** In seconds: shorter ones bound bursts, which is for the service to do. */
export const WINDOW_LENGTH_MIN = 60;
/** In seconds: no window outlives the longest token. */
export const WINDOW_LENGTH_MAX = 34_560_000;
/** In bytes: of UTF-8: names of parties, actions and arguments, and these have at least one. */
export const NAME_BYTES_MAX = 64;
/** In bytes: of UTF-8: resources, text arguments, notes. */
export const TEXT_BYTES_MAX = 256;
/** In bytes: longer than every currency code and ticker. */
export const UNIT_NAME_BYTES_MAX = 16;
/** In digits: u64 still holds 18 thousand million major units. */
export const UNIT_DECIMALS_MAX = 9;
/** In keys: overlap of old and new, with a spare of each. */
export const PARTY_KEYS_MAX = 4;
/** In keys: bounds a party's leaf, which every presentation carries for its issuer. */
export const RETIRED_KEYS_MAX = 8;
/** In keys: bounds leaf 0, which every presentation carries. */
export const OPERATOR_KEYS_MAX = 8;
/** In objects: signatures over one operation: all operators. */
export const SIGNATURES_MAX = 8;
/** In seconds: an unused invocation cannot be found and used later. */
export const INVOCATION_VALIDITY_MAX = 60;
/** In seconds: a signed operation waits at most a day for the ledger. */
export const OBJECT_VALIDITY_MAX = 86_400;
/** In seconds: people are away over a weekend, and value waits no longer. */
export const APPROVAL_VALIDITY_MAX = 604_800;
/** In seconds: a price is a promise; a week is long enough to find a buyer. */
export const OFFER_MAX = 604_800;
/** In seconds: an offline link has no leaf to revoke; its life bounds the harm. */
export const OFFLINE_LINK_LIFE_MAX = 3_600;
/** In bytes: a signed voucher fits the payload of its settlement, and the largest invocation fits it. */
export const VOUCHER_BYTES_MAX = 5_120;
/** In parts: of the details of one entry: every operation of a bundle moves the counters of a chain. */
export const DETAILS_LINKS_MAX = 64;
/** In bytes: evidence, the details beside it and a chain of the greatest depth. */
export const LEASE_PROOF_BYTES_MAX = 263_164;
/** In bytes: what a till or wallet keeps of one lease; the last voucher is most of it. */
export const TILL_BYTES_MAX = 32_768;
/** In seconds: twice SKEW_MAX: a till that is slow, and a ledger that is fast, still leave time to settle. */
export const LEASE_SETTLE_MIN = 600;
/** In entries: refusals of one root's tokens in one span: enough to find a fault by, too few to fill a log with. */
export const REFUSALS_PER_SPAN_MAX = 64;
/** In seconds: an hour later a mistaken agent is heard again. */
export const REFUSAL_SPAN = 3_600;
/** In seconds: 400 days: a year and a month's grace; keys and people change. */
export const TOKEN_LIFE_MAX = 34_560_000;
/** In seconds: 30 days: value stays held for a payee no longer. */
export const SETTLE_MAX = 2_592_000;
/** In seconds: 400 days: as long as the longest token. */
export const REFUND_MAX = 34_560_000;
/** In seconds: the old key has a day for its veto. */
export const REKEY_DELAY = 86_400;
/** In milliseconds: a clock that is further off is out of order, not skewed. */
export const SKEW_MAX = 300_000;
/** In entries: a batch opens with a bounded number of expiries. */
export const EXPIRIES_PER_BATCH_MAX = 512;
/** In operations: bounds the latency and the memory of one batch. */
export const BATCH_OPERATIONS_MAX = 512;
/** In bytes: a checkpoint with the most signature lines. */
export const NOTE_BYTES_MAX = 16_384;
/** In lines: the log's and every witness of a large policy. */
export const NOTE_SIGNATURES_MAX = 32;
/** In items: logs, witnesses and groups of a trust policy, each. */
export const TRUST_ITEMS_MAX = 32;
/** In bytes: a key name or origin; what the one-byte lengths of tlog-cosignature hold. */
export const KEY_NAME_BYTES_MAX = 255;
/** In bytes: extra data of a proof as text. */
export const PROOF_EXTRA_BYTES_MAX = 16_384;
/** In bytes: a proof as text with the largest note, path and extra data. */
export const PROOF_BYTES_MAX = 65_535;
/** In bytes: a receipt with the longest origin and path. */
export const RECEIPT_BYTES_MAX = 2_571;
/** In bytes: what is sent to a witness: the largest size, proof and note. */
export const ADD_CHECKPOINT_BYTES_MAX = 19_245;
/** In bytes: the trust lines of a policy. */
export const TRUST_BYTES_MAX = 65_536;
/** In levels: sizes below 2^63, so that all index arithmetic fits 64 bits. */
export const TREE_HEIGHT_MAX = 63;
/** In hashes: of a consistency proof: one for each level, and one more. */
export const CONSISTENCY_HASHES_MAX = 64;
/** In leaves: the largest size of that height. */
export const TREE_SIZE_MAX = 9_223_372_036_854_775_807n;
/** In indexes: a chunk and its proof fit one network packet. */
export const STATUS_CHUNK_INDEXES = 2_048;
/** In bytes: 2 bits for each index. */
export const STATUS_CHUNK_BYTES = 512;
/** In leaves: of a state that a verifier follows: 64 MiB of status. */
export const FOLLOWED_LEAVES_MAX = 268_435_456;
/** In bytes: of a snapshot as a file (page 24): the largest token with its values and budgets, with room; a reader holds one at a time. */
export const SNAPSHOT_ITEM_BYTES_MAX = 16_384;
/** In bytes: an update that changes every status of the largest such state, in runs of one, would be four times as long; it is refused, and presentations decide alone. */
export const STATUS_UPDATE_BYTES_MAX = 67_108_864;
