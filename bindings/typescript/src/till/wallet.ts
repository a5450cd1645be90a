// The wallet: signs the vouchers of one lease, one after the other (spec 16 §8).

import { equal } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need, present } from "../errors.js";
import { INVOCATION, WALLET } from "../labels.js";
import { INVOCATION_VALIDITY_MAX, TILL_BYTES_MAX, VOUCHER_BYTES_MAX } from "../limits.js";
import { rootOf } from "../merkle/root.js";
import { passed } from "../numbers.js";
import { digestsOf, type Argument } from "../object/argument.js";
import { encodeInvocation, type Invocation } from "../object/invocation.js";
import type { Lease } from "../object/lease.js";
import { useLeaf, useOf } from "../object/use.js";
import { decodeVoucher } from "../object/voucher.js";
import { random, signObject, type Signer } from "../sign/signer.js";
import { factsOf, signedLease } from "./open.js";
import { decodeLeaseProof } from "./proof.js";
import { and, isLastOf, NO_USES, readTally, writeTally, type Tally } from "./tally.js";

/** What a wallet keeps of one lease: stored and synced before a voucher leaves it. */
export interface Wallet {
  readonly ledger: Uint8Array;
  /** The lease's id. */
  readonly id: Uint8Array;
  readonly lease: Lease;
  /** The key that opened it. */
  readonly holder: Uint8Array;
  /** Most of one use, and most of one without an approval, where a link says. */
  readonly limits: readonly [bigint | undefined, bigint | undefined];
  /** Before the last voucher. */
  readonly before: Tally;
  /** After it, and the voucher: shown again as it is when no answer came. */
  readonly last: { readonly after: Tally; readonly voucher: Uint8Array } | undefined;
}

/** What a voucher is to be for; a nonce is drawn where none is given. */
export interface Wanted extends Pick<Invocation, "action" | "resource" | "request" | "validUntil"> {
  readonly amount: bigint;
  readonly arguments?: readonly Argument[] | undefined;
  readonly nonce?: Uint8Array | undefined;
}

/** A wallet of the proof of a lease. The holder believes his own ledger: the inclusion is not checked. */
export async function newWallet(ledger: Uint8Array, proof: Uint8Array): Promise<Wallet> {
  const shown = decodeLeaseProof(proof);
  const { object, lease } = await signedLease(shown, ledger);
  const facts = present(factsOf(shown, object.id), "not_funding");
  const limit = (key: number): bigint | undefined => {
    const fact = facts.get(key);
    return typeof fact === "bigint" ? fact : undefined;
  };
  const limits = [limit(14), limit(15)] as const;
  return { ledger, id: object.id, lease, holder: object.kid, limits, before: NO_USES, last: undefined };
}

/** How far the lease is spent, by what was signed. */
export function tallyOf(wallet: Wallet): Tally {
  return wallet.last?.after ?? wallet.before;
}

/**
 * Signs the next voucher at `now`, in milliseconds. Store and sync `wallet` before the voucher leaves it.
 * Throws
 * `wrong_holder`, `bad_amount`, `spend_over`, `too_late`, `too_early`, `above_per_use`, `overflow`,
 * `above_leased`, or
 * `oversize`.
 */
export async function signVoucher(
  wallet: Wallet,
  signer: Signer,
  wanted: Wanted,
  now: bigint,
): Promise<{ wallet: Wallet; voucher: Uint8Array }> {
  const { lease, ledger, id } = wallet;
  need(equal(signer.publicKey, wallet.holder), "wrong_holder");
  check(wallet, wanted, now);
  const before = tallyOf(wallet);
  const asked: Invocation = {
    nonce: wanted.nonce ?? random(),
    validUntil: wanted.validUntil,
    token: lease.token,
    epoch: lease.epoch,
    audience: lease.payee,
    action: wanted.action,
    resource: wanted.resource,
    arguments: await digestsOf(wanted.arguments ?? []),
    payment: { amount: wanted.amount, unit: lease.unit },
    request: wanted.request,
  };
  const number = before.edge.size + 1n;
  const after = await and(before, wanted.amount, await useLeaf(useOf(asked, number, wanted.amount)));
  need(after.cumulative <= lease.amount, "above_leased");
  const claim = { lease: id, number, cumulative: after.cumulative, root: await rootOf(after.edge) };
  const { bytes } = await signObject(
    signer,
    INVOCATION,
    ledger,
    encodeInvocation({ ...asked, voucher: claim }),
  );
  decodeVoucher(bytes);
  return { wallet: { ...wallet, before, last: { after, voucher: bytes } }, voucher: bytes };
}

function check({ lease, limits }: Wallet, wanted: Wanted, now: bigint): void {
  need(wanted.amount > 0n, "bad_amount");
  need(!passed(lease.spendUntil, now), "spend_over");
  need(!passed(wanted.validUntil, now), "too_late");
  need(wanted.validUntil <= now / 1000n + BigInt(INVOCATION_VALIDITY_MAX), "too_early");
  need(
    limits.every((most) => most === undefined || wanted.amount <= most),
    "above_per_use",
  );
}

/**
 * Takes back the last voucher, which the payee refused, so that its number is used for another. Only the
 * last one, and only
 * once (`wrong_number`): a payee who did take it may settle with either of the two, never with both.
 */
export function takeBack(wallet: Wallet): Wallet {
  need(wallet.last !== undefined, "wrong_number");
  return { ...wallet, last: undefined };
}

/** Decodes what a wallet stored. */
export async function decodeWallet(bytes: Uint8Array): Promise<Wallet> {
  const wallet = Reader.whole(bytes, TILL_BYTES_MAX, (r) => {
    r.arrayOf(8);
    r.label(WALLET);
    const [ledger, id, lease, holder] = [r.id(), r.id(), readTerms(r), r.id()];
    r.arrayOf(2);
    const amount = (): bigint | undefined => r.nullable(() => r.u64());
    const limits = [amount(), amount()] as const;
    const before = readTally(r);
    const last = r.nullable(() => {
      r.arrayOf(2);
      return { after: readTally(r), voucher: r.bytes(VOUCHER_BYTES_MAX) };
    });
    return { ledger, id, lease, holder, limits, before, last };
  });
  const { before, last } = wallet;
  if (last !== undefined) {
    const { claim } = decodeVoucher(last.voucher);
    const next = claim.number === before.edge.size + 1n && (await isLastOf(last.after, claim));
    need(next, "malformed", "another last voucher than the tally's");
  }
  return wallet;
}

/** What a wallet stores. */
export function encodeWallet(wallet: Wallet): Uint8Array {
  const w = new Writer().array(8).text(WALLET).string(wallet.ledger).string(wallet.id);
  writeTerms(w, wallet.lease);
  w.string(wallet.holder).list(wallet.limits, (_, limit) => w.optional(limit, (_, most) => w.int(most)));
  writeTally(w, wallet.before);
  w.optional(wallet.last, (_, last) => {
    w.array(2);
    writeTally(w, last.after);
    w.string(last.voucher);
  });
  return w.bytes();
}

function readTerms(r: Reader): Lease {
  r.arrayOf(9);
  const [token, epoch, payee, till] = [r.id(), r.u64(), r.id(), r.id()];
  const [amount, unit, spendUntil, settleBy] = [r.u64(), r.id(), r.u64(), r.u64()];
  return {
    token,
    epoch,
    payee,
    till,
    amount,
    unit,
    spendUntil,
    settleBy,
    refundUntil: r.nullable(() => r.u64()),
  };
}

function writeTerms(w: Writer, lease: Lease): void {
  w.array(9).string(lease.token).int(lease.epoch).string(lease.payee).string(lease.till).int(lease.amount);
  w.string(lease.unit).int(lease.spendUntil).int(lease.settleBy);
  w.optional(lease.refundUntil, (_, until) => w.int(until));
}
