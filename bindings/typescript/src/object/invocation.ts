// Invocations (spec 05 §1) and vouchers (spec 16 §4): what a holder signs to use a token.

import { Reader, required, unknownField } from "../cbor.js";
import { bytesField, field, intField, textField, Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { PAYLOAD_BYTES_MAX } from "../limits.js";
import { requestId, type Money } from "./approval.js";
import { readArgumentDigests, writeArgumentDigests, type ArgumentDigests } from "./argument.js";
import { readPath } from "./path.js";

/** What makes an invocation a voucher of a lease. */
export interface VoucherClaim {
  readonly lease: Uint8Array;
  /** From 1. */
  readonly number: bigint;
  /** What this use and all before it cost together. */
  readonly cumulative: bigint;
  /** Over the uses 1 to `number`. */
  readonly root: Uint8Array;
}

/** An invocation. */
export interface Invocation {
  readonly nonce: Uint8Array;
  readonly validUntil: bigint;
  readonly bundle?: Uint8Array | undefined;
  readonly token: Uint8Array;
  readonly epoch: bigint;
  readonly audience: Uint8Array;
  readonly action: string;
  readonly resource: string;
  readonly arguments?: ArgumentDigests | undefined;
  readonly payment?: Money | undefined;
  readonly request?: Uint8Array | undefined;
  /** Nonce of the request for approval that it carries out. */
  readonly requestNonce?: Uint8Array | undefined;
  readonly settleBy?: bigint | undefined;
  readonly refundUntil?: bigint | undefined;
  readonly voucher?: VoucherClaim | undefined;
}

type Open<T> = { -readonly [K in keyof T]?: T[K] };

/** Decodes a payload. */
export function decodeInvocation(payload: Uint8Array): Invocation {
  const i: Open<Invocation> = {};
  Reader.whole(payload, PAYLOAD_BYTES_MAX, (r) =>
    r.map((key) => {
      if (key === 1) i.nonce = r.fixed(16);
      else if (key === 2) i.validUntil = r.u64();
      else if (key === 3) i.bundle = r.id();
      else if (key === 4) i.token = r.id();
      else if (key === 5) i.epoch = r.u64();
      else if (key === 6) i.audience = r.id();
      else if (key === 7) i.action = r.name();
      else if (key === 8) i.resource = readPath(r);
      else if (key === 9) i.arguments = readArgumentDigests(r);
      else if (key === 10) i.payment = readPayment(r);
      else if (key === 11) i.request = r.id();
      else if (key === 12) i.requestNonce = r.fixed(16);
      else if (key === 13) i.settleBy = r.u64();
      else if (key === 14) i.refundUntil = r.u64();
      else if (key === 15) i.voucher = readVoucherClaim(r);
      else unknownField(key);
    }),
  );
  const whole = {
    ...i,
    nonce: required(i.nonce, 1),
    validUntil: required(i.validUntil, 2),
    token: required(i.token, 4),
    epoch: required(i.epoch, 5),
    audience: required(i.audience, 6),
    action: required(i.action, 7),
    resource: required(i.resource, 8),
  };
  need(fitsTogether(whole), "malformed", "fields that do not fit together");
  return whole;
}

function readPayment(r: Reader): Money {
  r.arrayOf(2);
  return { amount: r.u64(), unit: r.id() };
}

function readVoucherClaim(r: Reader): VoucherClaim {
  r.arrayOf(4);
  return { lease: r.id(), number: r.u64(), cumulative: r.u64(), root: r.id() };
}

function fitsTogether(i: Invocation): boolean {
  if (i.payment?.amount === 0n) return false;
  if (i.voucher === undefined) {
    const paid = i.payment !== undefined;
    return (i.settleBy !== undefined) === paid && (paid || i.refundUntil === undefined);
  }
  const foreign = [i.bundle, i.requestNonce, i.settleBy, i.refundUntil];
  const { number, cumulative } = i.voucher;
  const sound = i.payment !== undefined && number > 0n && cumulative >= i.payment.amount;
  return sound && foreign.every((field) => field === undefined);
}

/** The bytes of a payload. */
export function encodeInvocation(i: Invocation): Uint8Array {
  const w = new Writer();
  return w
    .fields(
      bytesField(1, i.nonce),
      intField(2, i.validUntil),
      bytesField(3, i.bundle),
      bytesField(4, i.token),
      intField(5, i.epoch),
      bytesField(6, i.audience),
      textField(7, i.action),
      textField(8, i.resource),
      field(9, i.arguments, writeArgumentDigests),
      field(10, i.payment, (_, { amount, unit }) => w.array(2).int(amount).string(unit)),
      bytesField(11, i.request),
      bytesField(12, i.requestNonce),
      intField(13, i.settleBy),
      intField(14, i.refundUntil),
      field(15, i.voucher, (_, v) =>
        w.array(4).string(v.lease).int(v.number).int(v.cumulative).string(v.root),
      ),
    )
    .bytes();
}

/** The id of the request that an invocation carries out; nothing if it names none (spec 17 §2). */
export async function carriedRequest(i: Invocation, ledger: Uint8Array): Promise<Uint8Array | undefined> {
  if (i.requestNonce === undefined) return undefined;
  const { token, epoch, audience: payee, action, resource, payment, requestNonce: nonce } = i;
  return requestId(ledger, { token, epoch, payee, action, resource, arguments: i.arguments, payment, nonce });
}
