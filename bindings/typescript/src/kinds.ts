// Kinds of entries and operations (spec 03 §1, 14 §1).
// Generated from spec/03-log.md by bindings/tables.py; do not edit.

/** Number and label of every kind, by its name; `null` where nobody signs it. */
export const KINDS = {
  genesis: { number: 0, label: null },
  commitment: { number: 1, label: null },
  expiry: { number: 2, label: null },
  party: { number: 3, label: "remit/party/v1" },
  party_keys: { number: 4, label: "remit/party-keys/v1" },
  unit: { number: 5, label: "remit/unit/v1" },
  issuer: { number: 6, label: "remit/issuer/v1" },
  issue: { number: 7, label: "remit/token/v1" },
  delegate: { number: 8, label: "remit/token/v1" },
  transfer: { number: 9, label: "remit/transfer/v1" },
  rekey: { number: 10, label: "remit/rekey/v1" },
  veto: { number: 11, label: "remit/veto/v1" },
  rekeyed: { number: 12, label: null },
  suspend: { number: 13, label: "remit/suspend/v1" },
  resume: { number: 14, label: "remit/resume/v1" },
  revoke: { number: 15, label: "remit/revoke/v1" },
  cut: { number: 16, label: "remit/cut/v1" },
  end: { number: 17, label: "remit/end/v1" },
  lapse: { number: 18, label: null },
  reserve: { number: 19, label: "remit/invocation/v1" },
  capture: { number: 20, label: "remit/capture/v1" },
  release: { number: 21, label: "remit/release/v1" },
  refund: { number: 22, label: "remit/refund/v1" },
  freeze: { number: 23, label: "remit/freeze/v1" },
  unfreeze: { number: 24, label: "remit/unfreeze/v1" },
  bundle: { number: 25, label: null },
  request: { number: 32, label: "remit/request/v1" },
  approve: { number: 33, label: "remit/approve/v1" },
  withdraw: { number: 34, label: "remit/withdraw/v1" },
  lease: { number: 35, label: "remit/lease/v1" },
  lease_close: { number: 36, label: "remit/lease-close/v1" },
  settle: { number: 37, label: "remit/settle/v1" },
  offer: { number: 38, label: "remit/offer/v1" },
  trade: { number: 39, label: "remit/trade/v1" },
  refusal: { number: 40, label: null },
  upgrade: { number: 41, label: "remit/upgrade/v1" },
} as const;

/** The name of a kind. */
export type Kind = keyof typeof KINDS;

/** Numbers kept for later rules versions. */
export const RESERVED_KINDS = [42, 43];
