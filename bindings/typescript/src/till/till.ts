// The till: takes the vouchers of one lease, one after the other (spec 16 §6).

import { equal } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { checkSignature, identify } from "../cose.js";
import { need } from "../errors.js";
import { INVOCATION, TILL } from "../labels.js";
import { TILL_BYTES_MAX, VOUCHER_BYTES_MAX } from "../limits.js";
import { greatest, passed } from "../numbers.js";
import { openArguments, type Argument } from "../object/argument.js";
import { allows, authorityOf } from "../object/authority.js";
import { useLeaf, useOf } from "../object/use.js";
import { decodeVoucher, type Voucher } from "../object/voucher.js";
import { rootOf } from "../merkle/root.js";
import type { Policy } from "../verify/policy.js";
import { checkWindow } from "../verify/request.js";
import type { OpenLease } from "./open.js";
import { and, isLastOf, NO_USES, readTally, writeTally, type Tally } from "./tally.js";

/** What a till keeps of one lease. */
export interface Till {
  readonly till: Uint8Array;
  readonly lease: Uint8Array;
  readonly tally: Tally;
  /** The latest time that it saw, in milliseconds. */
  readonly latest: bigint;
  /** Whether it takes nothing more. */
  readonly closed: boolean;
  /** The last voucher that it took. */
  readonly last: Uint8Array | undefined;
}

/** A new till for a lease of its own. Throws `wrong_lease` if the lease is another till's. */
export function newTill(till: Uint8Array, lease: OpenLease): Till {
  need(equal(lease.lease.till, till), "wrong_lease");
  return { till, lease: lease.id, tally: NO_USES, latest: lease.newest, closed: false, last: undefined };
}

/** The till that takes nothing more: stored and synced before the lease is settled. */
export function closedTill(till: Till): Till {
  return { ...till, closed: true };
}

/**
 * Judges a voucher with the arguments shown with it, at `now` in milliseconds. The answer is the till that
 * is **stored and
 * synced before anybody is told**, or nothing: then it is the last voucher again, and is not served again.
 * Throws the code
 * of a no, which leaves the till as it is.
 */
export async function take(
  till: Till,
  lease: OpenLease,
  bytes: Uint8Array,
  shown: readonly Argument[],
  policy: Policy,
  now: bigint,
): Promise<Till | undefined> {
  const voucher = decodeVoucher(bytes);
  const { claim, asked, payment } = voucher;
  const own =
    equal(till.lease, lease.id) && equal(till.till, lease.lease.till) && equal(claim.lease, lease.id);
  need(own, "wrong_lease");
  need(equal(voucher.object.kid, lease.holder), "wrong_holder");
  const object = await identify(voucher.object, INVOCATION, lease.ledger);
  await checkSignature(object);
  if (await isRepeated(till, object.id, lease)) return undefined;
  need(!till.closed, "settled");
  checkTerms(voucher, lease, policy);
  const time = greatest(now, till.latest, lease.newest);
  need(!passed(lease.lease.spendUntil, time), "spend_over");
  checkWindow(asked.validUntil, time, policy.skew);
  const values = await openArguments(asked.arguments, shown);
  allows(authorityOf(lease.tokens), { ...asked, arguments: values });
  need(lease.perUse === undefined || payment.amount <= lease.perUse, "above_per_use");
  const tally = await extended(till.tally, voucher, lease.lease.amount);
  return { ...till, tally, latest: time, last: bytes };
}

async function isRepeated(till: Till, id: Uint8Array, lease: OpenLease): Promise<boolean> {
  if (till.last === undefined) return false;
  const last = await identify(decodeVoucher(till.last).object, INVOCATION, lease.ledger);
  return equal(last.id, id);
}

function checkTerms({ asked, payment }: Voucher, { lease }: OpenLease, policy: Policy): void {
  need(equal(asked.token, lease.token), "wrong_token");
  need(asked.epoch === lease.epoch, "old_epoch");
  need(equal(asked.audience, lease.payee) && equal(asked.audience, policy.party), "wrong_audience");
  need(equal(payment.unit, lease.unit), "wrong_lease");
}

async function extended(before: Tally, { asked, claim, payment }: Voucher, leased: bigint): Promise<Tally> {
  need(claim.number === before.edge.size + 1n, "wrong_number");
  need(claim.cumulative === before.cumulative + payment.amount, "wrong_sum");
  need(claim.cumulative <= leased, "above_leased");
  const tally = await and(before, payment.amount, await useLeaf(useOf(asked, claim.number, payment.amount)));
  need(equal(claim.root, await rootOf(tally.edge)), "wrong_root");
  return tally;
}

/** Decodes what a till stored. */
export async function decodeTill(bytes: Uint8Array): Promise<Till> {
  const till = Reader.whole(bytes, TILL_BYTES_MAX, (r) => {
    r.arrayOf(7);
    r.label(TILL);
    const [id, lease, tally, latest, closed] = [r.id(), r.id(), readTally(r), r.u64(), r.bool()];
    return { till: id, lease, tally, latest, closed, last: r.nullable(() => r.bytes(VOUCHER_BYTES_MAX)) };
  });
  const { tally, last } = till;
  const whole =
    last === undefined ? tally.edge.size === 0n : await isLastOf(tally, decodeVoucher(last).claim);
  need(whole, "malformed", "another last voucher than the tally's");
  return till;
}

/** What a till stores. */
export function encodeTill(till: Till): Uint8Array {
  const w = new Writer().array(7).text(TILL).string(till.till).string(till.lease);
  writeTally(w, till.tally);
  return w
    .int(till.latest)
    .bool(till.closed)
    .optional(till.last, (_, voucher) => w.string(voucher))
    .bytes();
}
