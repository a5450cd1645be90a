// Approval rules and request ids (spec 17).

import { compare, equal, hex } from "../bytes.js";
import { ascending, type Reader } from "../cbor.js";
import type { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { digest } from "../hash.js";
import { REQUEST_ID } from "../labels.js";
import { APPROVERS_MAX, BUDGETS_MAX } from "../limits.js";
import { writeArgumentDigests, type ArgumentDigests } from "./argument.js";

/** An amount in a unit. */
export interface Money {
  readonly amount: bigint;
  readonly unit: Uint8Array;
}

/** Whose yes the uses of a token need. */
export interface ApprovalRule {
  /** How many of the approvers. */
  readonly count: number;
  readonly approvers: readonly Uint8Array[];
  /** Up to how much nobody is asked; nothing if every use needs it. */
  readonly thresholds: readonly Money[] | undefined;
}

/** Reads a rule. The keys may be no points: nothing is checked under one that signs nothing. */
export function readApprovalRule(r: Reader): ApprovalRule {
  r.arrayOf(3);
  const count = r.u64();
  const approvers = r.list(APPROVERS_MAX, () => r.encodedKey());
  ascending(approvers, compare);
  need(
    count >= 1n && count <= BigInt(approvers.length),
    "malformed",
    "more than there are approvers, or none",
  );
  const thresholds = r.nullable(() => readThresholds(r));
  return { count: Number(count), approvers, thresholds };
}

function readThresholds(r: Reader): Money[] {
  const thresholds = r.list(BUDGETS_MAX, () => {
    r.arrayOf(2);
    return { unit: r.id(), amount: r.u64() };
  });
  ascending(thresholds, (a, b) => compare(a.unit, b.unit));
  return thresholds;
}

/** Writes a rule. */
export function writeApprovalRule(w: Writer, rule: ApprovalRule): void {
  w.array(3)
    .int(rule.count)
    .list(rule.approvers, (_, key) => w.string(key));
  w.optional(rule.thresholds, (_, all) =>
    w.list(all, (_, each) => w.array(2).string(each.unit).int(each.amount)),
  );
}

/** Whether a rule applies to a use with this payment, or without any. */
export function ruleApplies(rule: ApprovalRule, payment: Money | undefined): boolean {
  if (rule.thresholds === undefined) return true;
  if (payment === undefined) return false;
  const threshold = rule.thresholds.find((each) => equal(each.unit, payment.unit));
  return threshold === undefined || payment.amount > threshold.amount;
}

/** Whether enough of the approvers are among the signers, given by their keys in hexadecimal. */
export function ruleIsMet(rule: ApprovalRule, signers: ReadonlySet<string>): boolean {
  return rule.approvers.filter((approver) => signers.has(hex(approver))).length >= rule.count;
}

/** What approvers say yes to. */
export interface Asking {
  readonly token: Uint8Array;
  readonly epoch: bigint;
  readonly payee: Uint8Array;
  readonly action: string;
  readonly resource: string;
  readonly arguments: ArgumentDigests | undefined;
  readonly payment: Money | undefined;
  readonly nonce: Uint8Array;
}

/** The request id (spec 17 §2). */
export function requestId(ledger: Uint8Array, asking: Asking): Promise<Uint8Array> {
  return digest(REQUEST_ID, 9, (w) => {
    w.string(ledger)
      .string(asking.token)
      .int(asking.epoch)
      .string(asking.payee)
      .text(asking.action)
      .text(asking.resource);
    w.optional(asking.arguments, writeArgumentDigests);
    w.optional(asking.payment, (_, payment) => w.array(2).int(payment.amount).string(payment.unit));
    w.string(asking.nonce);
  });
}
