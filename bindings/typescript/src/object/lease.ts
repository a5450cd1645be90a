// The opening of a lease (spec 16 §3).

import { bytesOf, decodeAct, integerOf } from "./act.js";

/** What the holder locks, for whom, and until when. */
export interface Lease {
  readonly token: Uint8Array;
  readonly epoch: bigint;
  readonly payee: Uint8Array;
  readonly till: Uint8Array;
  readonly amount: bigint;
  readonly unit: Uint8Array;
  readonly spendUntil: bigint;
  readonly settleBy: bigint;
  readonly refundUntil: bigint | undefined;
}

/** Decodes the payload of a lease. */
export function decodeLease(payload: Uint8Array): Lease {
  const act = decodeAct("lease", payload);
  const bytes = (key: number): Uint8Array => bytesOf(act, key);
  const integer = (key: number): bigint => integerOf(act, key);
  return {
    token: bytes(4),
    epoch: integer(5),
    payee: bytes(12),
    till: bytes(31),
    amount: integer(11),
    unit: bytes(30),
    spendUntil: integer(32),
    settleBy: integer(33),
    refundUntil: act.fields.has(34) ? integer(34) : undefined,
  };
}
