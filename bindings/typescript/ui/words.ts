// What tokens say, in words for people.

import * as remit from "../src/index.js";

const SECOND = 1000n;
const UNITS: readonly (readonly [string, bigint])[] = [
  ["day", 86_400n * SECOND],
  ["hour", 3_600n * SECOND],
  ["minute", 60n * SECOND],
  ["second", SECOND],
];

/** A span in milliseconds, in its one or two largest units. */
export function span(ms: bigint): string {
  if (ms < SECOND) return `${ms} ms`;
  const parts: string[] = [];
  let rest = ms;
  for (const [name, length] of UNITS) {
    const count = rest / length;
    rest %= length;
    if (count > 0n) parts.push(`${count} ${name}${count === 1n ? "" : "s"}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0n)) break;
  }
  return parts.join(" ");
}

/** An instant in milliseconds, in UTC. */
export function instant(ms: bigint): string {
  if (ms > 8_640_000_000_000_000n) return `${ms / SECOND} s after 1970`;
  const text = new Date(Number(ms)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

/** An instant, and how far it lies from another. */
export function relative(ms: bigint, now: bigint): string {
  if (ms === now) return "now";
  return ms > now ? `in ${span(ms - now)}` : `${span(now - ms)} ago`;
}

/** A unit, where its leaf is shown. */
export interface Unit {
  readonly name: string;
  readonly decimals: number;
}

/** An amount of minor units in its unit. */
export function money(amount: bigint, unit: Unit | undefined): string {
  if (unit === undefined) return `${grouped(amount.toString())} minor units`;
  const digits = amount.toString().padStart(unit.decimals + 1, "0");
  const whole = grouped(digits.slice(0, digits.length - unit.decimals));
  const rest = unit.decimals === 0 ? "" : `.${digits.slice(-unit.decimals)}`;
  return `${whole}${rest} ${unit.name}`;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A value of an argument or operand as it may be typed. */
export function value(of: remit.Value): string {
  return typeof of === "string" ? JSON.stringify(of) : String(of);
}

const SIGNS: Readonly<Record<remit.Operator, string>> = {
  eq: "is",
  ne: "is not",
  lt: "<",
  le: "≤",
  gt: ">",
  ge: "≥",
  in: "is one of",
  prefix: "is at or below",
};

/** A condition as a sentence without its subject's quotes. */
export function condition({ argument, operator, operands }: remit.Condition): string {
  const list = operands.map(value).join(", ");
  return `${argument} ${SIGNS[operator]} ${operator === "in" && operands.length === 0 ? "none" : list}`;
}

/** What may be delegated. */
export function delegation(of: remit.Delegation | undefined, inRoot: boolean): string {
  if (of === undefined) return inRoot ? "not at all" : "as its parent, one link less";
  const links = of.depth === 1 ? "1 more link" : `${of.depth} more links`;
  if (of.mode === 0 || of.depth === 0) return "not at all";
  return of.mode === 1 ? `${links}, logged` : `${links}, logged or offline`;
}

/** A window of a budget. */
export function window(of: remit.Window, unit: Unit | undefined): string {
  const most = money(of.most, unit);
  return of.kind === "month" ? `${most} a month` : `${most} in each ${span(SECOND * BigInt(of.length))}`;
}

/** The limits of a budget, each as one line. */
export function budget(of: remit.Budget, unit: Unit | undefined): string[] {
  const lines: string[] = [];
  if (of.total !== undefined)
    lines.push(
      `${money(of.total, unit)} in total${of.share === "carved" ? ", carved out of the parent" : ""}`,
    );
  if (of.perUse !== undefined) lines.push(`${money(of.perUse, unit)} per use`);
  if (of.refundable !== undefined) lines.push(`${money(of.refundable, unit)} refundable`);
  for (const each of of.windows ?? []) lines.push(window(each, unit));
  if (of.leases !== undefined)
    lines.push(`leases of ${money(of.leases.most, unit)}, ${span(SECOND * of.leases.longest)} long`);
  if (of.threshold !== undefined) lines.push(`approval above ${window(of.threshold, unit)}`);
  return lines.length > 0 ? lines : ["no limit of its own"];
}

/** Whose yes is needed. */
export function approval(rule: remit.ApprovalRule): string {
  const who = `${rule.count} of ${rule.approvers.length} approver${rule.approvers.length === 1 ? "" : "s"}`;
  if (rule.thresholds === undefined) return `${who}, for every use`;
  return rule.thresholds.length === 0 ? `${who}, for every payment` : `${who}, above a threshold`;
}

/** Names of the checks as questions that were answered. */
export const CHECK_WORDS: Readonly<Record<remit.CheckName, string>> = {
  presentation: "The presentation can be read",
  checkpoint: "The log and its witnesses signed the checkpoint",
  ledger: "It is the ledger that the policy names",
  commitment: "The newest state under the checkpoint is shown",
  clock: "The clock agrees with the evidence",
  state: "The state leaves are proved, the ledger is not frozen",
  chain: "The tokens can be read, the leaves are theirs",
  issuer: "The issuer is appointed, trusted, and its key signed",
  leaf: "In its place, and with its leaf",
  signature: "Signature",
  signer: "Signed by whom it must be",
  status: "Live",
  life: "Begun, and not over",
  authority: "No wider than its parent",
  followed: "Nothing has stopped it since",
  staleness: "The evidence is fresh enough",
  holder_since: "Evidence of an older holder has run out everywhere",
  invocation: "The holder signed the invocation",
  token: "It is on this token, as it now is",
  window: "It is of now",
  audience: "It is for this service",
  arguments: "The arguments shown are those that were signed",
  permissions: "Every link permits it",
  approvals: "Whoever must approve has",
  unit: "The unit is registered, and not frozen",
  deadline: "The payment's deadline lies ahead",
  budgets: "The open budgets let the amount through",
  at_risk: "The evidence is fresh enough for the amount",
  funding: "The amount is reserved for this invocation",
};
