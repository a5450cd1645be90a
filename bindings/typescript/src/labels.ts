// The labels (spec 01 §6).
// Generated from spec/01-conventions.md by bindings/tables.py; do not edit.

/** Log entries (spec 03 §1). */
export const ENTRY = "remit/entry/v1";
/** The digest over the parts of details (spec 03 §5). */
export const DETAILS = "remit/details/v1";
/** The common part of details (spec 03 §5). */
export const COMMON = "remit/common/v1";
/** One link's part of details (spec 03 §5). */
export const LINK = "remit/link/v1";
/** State leaves (spec 06 §1). */
export const STATE = "remit/state/v1";
/** Values behind a token's leaf (spec 06 §4). */
export const VALUES = "remit/values/v1";
/** History of a leaf (spec 06 §5). */
export const HISTORY = "remit/history/v1";
/** Chunks of the status tree (spec 06 §6). */
export const STATUS = "remit/status/v1";
/** Updates of the status of all leaves (spec 22 §1). */
export const STATUS_UPDATE = "remit/status-update/v1";
/** The state that a log leads to, as a file (spec 24 §2). */
export const SNAPSHOT = "remit/snapshot/v1";
/** Salts derived from an object, a token's secret and an entry or event (spec 03 §5, 06 §4). */
export const SALT = "remit/salt/v1";
/** The id of several signed objects together (spec 02 §4). */
export const IDS = "remit/ids/v1";
/** The id of a payload, whoever signed it (spec 02 §4). */
export const PAYLOAD = "remit/payload/v1";
/** Operations as they are submitted and kept (spec 02 §6). */
export const SUBMISSION = "remit/submission/v1";
/** The digest that members of a bundle sign (spec 02 §7). */
export const BUNDLE = "remit/bundle/v1";
/** Tokens: roots, children and offline links (spec 04 §1). */
export const TOKEN = "remit/token/v1";
/** Sealed claims (spec 04 §6). */
export const SEALED = "remit/sealed/v1";
/** Digest of a token's authority (spec 06 §3). */
export const AUTHORITY = "remit/authority/v1";
/** Invocations (spec 05 §1). */
export const INVOCATION = "remit/invocation/v1";
/** Arguments of an invocation (spec 05 §2). */
export const ARGUMENT = "remit/argument/v1";
/** Registration of a party (spec 02 §5). */
export const PARTY = "remit/party/v1";
/** Change of a party's keys (spec 02 §5). */
export const PARTY_KEYS = "remit/party-keys/v1";
/** Registration of a unit (spec 02 §5). */
export const UNIT = "remit/unit/v1";
/** Appointment of an issuer (spec 02 §5). */
export const ISSUER = "remit/issuer/v1";
/** Transfer of a token (spec 02 §5). */
export const TRANSFER = "remit/transfer/v1";
/** Change of a holder's key (spec 02 §5). */
export const REKEY = "remit/rekey/v1";
/** Veto of a pending rekey (spec 02 §5). */
export const VETO = "remit/veto/v1";
/** Suspension of a token (spec 02 §5). */
export const SUSPEND = "remit/suspend/v1";
/** Lifting of a suspension (spec 02 §5). */
export const RESUME = "remit/resume/v1";
/** Revocation of a token (spec 02 §5). */
export const REVOKE = "remit/revoke/v1";
/** Cut of all offline links of a token (spec 02 §5). */
export const CUT = "remit/cut/v1";
/** End of a token that can no longer be used (spec 02 §5). */
export const END = "remit/end/v1";
/** Capture of reserved value (spec 02 §5). */
export const CAPTURE = "remit/capture/v1";
/** Release of reserved value (spec 02 §5). */
export const RELEASE = "remit/release/v1";
/** Refund of captured value (spec 02 §5). */
export const REFUND = "remit/refund/v1";
/** Freeze of a leaf by the operators (spec 02 §5). */
export const FREEZE = "remit/freeze/v1";
/** Lifting of a freeze (spec 02 §5). */
export const UNFREEZE = "remit/unfreeze/v1";
/** Later rules put in force (spec 02 §5). */
export const UPGRADE = "remit/upgrade/v1";
/** A request for approval, with the value that it holds (spec 02 §5). */
export const REQUEST = "remit/request/v1";
/** An approver's yes (spec 02 §5). */
export const APPROVE = "remit/approve/v1";
/** The end of a request (spec 02 §5). */
export const WITHDRAW = "remit/withdraw/v1";
/** What approvers say yes to (spec 17 §2). */
export const REQUEST_ID = "remit/request-id/v1";
/** The same of a lease (spec 17 §2). */
export const LEASE_REQUEST_ID = "remit/lease-request-id/v1";
/** Opening of a lease (spec 16 §3). */
export const LEASE = "remit/lease/v1";
/** A lease given back early (spec 16 §7). */
export const LEASE_CLOSE = "remit/lease-close/v1";
/** Settlement of a lease (spec 16 §7). */
export const SETTLE = "remit/settle/v1";
/** A token offered for a price (spec 18 §1). */
export const OFFER = "remit/offer/v1";
/** An offer taken, against a payment (spec 18 §2). */
export const TRADE = "remit/trade/v1";
/** Uses of a lease, as leaves of the tree that vouchers commit to (spec 16 §4). */
export const USE = "remit/use/v1";
/** Proofs of a lease for its payee (spec 16 §5). */
export const LEASE_PROOF = "remit/lease-proof/v1";
/** What a till keeps (spec 16 §6). */
export const TILL = "remit/till/v1";
/** What a wallet keeps (spec 16 §8). */
export const WALLET = "remit/wallet/v1";
/** Presentations (spec 09 §1). */
export const PRESENTATION = "remit/presentation/v1";
/** Evidence of funding (spec 09 §2). */
export const EVIDENCE = "remit/evidence/v1";
/** Case files (spec 09 §3). */
export const CASE = "remit/case/v1";
/** The HTTP request that an invocation is signed for (spec 20 §1). */
export const HTTP = "remit/http/v1";
