// Signed vouchers (spec 16 §4): invocations that state a lease.

import { decodeSign1, type Sign1 } from "../cose.js";
import { need } from "../errors.js";
import { checkKey } from "../key_check.js";
import { VOUCHER_BYTES_MAX } from "../limits.js";
import type { Money } from "./approval.js";
import { decodeInvocation, type Invocation, type VoucherClaim } from "./invocation.js";

/** A voucher as received; its signature is **not** checked. */
export interface Voucher {
  readonly object: Sign1;
  readonly asked: Invocation;
  readonly payment: Money;
  readonly claim: VoucherClaim;
}

/** Decodes a signed voucher. Throws `misplaced_voucher` for an invocation that is none. */
export function decodeVoucher(bytes: Uint8Array): Voucher {
  need(bytes.length <= VOUCHER_BYTES_MAX, "oversize");
  const object = decodeSign1(bytes);
  const asked = decodeInvocation(object.payload);
  need(asked.voucher !== undefined && asked.payment !== undefined, "misplaced_voucher");
  checkKey(object.kid);
  return { object, asked, payment: asked.payment, claim: asked.voucher };
}
