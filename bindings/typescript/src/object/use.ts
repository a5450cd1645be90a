// Uses of a lease, the leaves of the tree that vouchers commit to (spec 16 §4).

import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { leafHash } from "../hash.js";
import { USE } from "../labels.js";
import { PAYLOAD_BYTES_MAX } from "../limits.js";
import { readArgumentDigests, writeArgumentDigests, type ArgumentDigests } from "./argument.js";
import type { Invocation } from "./invocation.js";
import { readPath } from "./path.js";

/** What a voucher was for. */
export interface Use {
  readonly number: bigint;
  readonly amount: bigint;
  readonly action: string;
  readonly resource: string;
  readonly arguments: ArgumentDigests | undefined;
  readonly request: Uint8Array | undefined;
  readonly nonce: Uint8Array;
}

/** The use of what an invocation asks, as the one with this number, for this amount. */
export function useOf(asked: Invocation, number: bigint, amount: bigint): Use {
  const { action, resource, request, nonce } = asked;
  return { number, amount, action, resource, arguments: asked.arguments, request, nonce };
}

/** Decodes a use. */
export function decodeUse(bytes: Uint8Array): Use {
  return Reader.whole(bytes, PAYLOAD_BYTES_MAX, (r) => {
    r.arrayOf(8);
    r.label(USE);
    const number = r.u64();
    need(number > 0n, "malformed", "numbers begin at 1");
    const [amount, action, resource] = [r.u64(), r.name(), readPath(r)];
    const digests = r.nullable(() => readArgumentDigests(r));
    return {
      number,
      amount,
      action,
      resource,
      arguments: digests,
      request: r.nullable(() => r.id()),
      nonce: r.fixed(16),
    };
  });
}

/** The bytes of a use. */
export function encodeUse(use: Use): Uint8Array {
  const w = new Writer()
    .array(8)
    .text(USE)
    .int(use.number)
    .int(use.amount)
    .text(use.action)
    .text(use.resource);
  w.optional(use.arguments, writeArgumentDigests).optional(use.request, (_, request) => w.string(request));
  return w.string(use.nonce).bytes();
}

/** Its leaf in the tree over the uses. */
export function useLeaf(use: Use): Promise<Uint8Array> {
  return leafHash(encodeUse(use));
}
