// Verdicts: the decision, how old its evidence is, and every check in the order in which it was made (spec
// 10 §1, §13).

import { hex } from "../bytes.js";
import { CODES, type Code } from "../codes.js";
import { RemitError } from "../errors.js";
import type { Invocation } from "../object/invocation.js";

/** The checks, in the order of spec 10. */
export const CHECKS = [
  "presentation",
  "checkpoint",
  "ledger",
  "commitment",
  "clock",
  "state",
  "chain",
  "issuer",
  "leaf",
  "signature",
  "signer",
  "status",
  "life",
  "authority",
  "followed",
  "staleness",
  "holder_since",
  "invocation",
  "token",
  "window",
  "audience",
  "arguments",
  "permissions",
  "approvals",
  "unit",
  "deadline",
  "budgets",
  "at_risk",
  "funding",
] as const;

/** The name of a check. */
export type CheckName = (typeof CHECKS)[number];

/** One check and what came out. */
export interface Check {
  readonly check: CheckName;
  /** Number of the link, the root being 1, of checks that are made of every link. */
  readonly link?: number;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Of one that failed. */
  readonly code?: Code;
}

/** What a verdict is about; each part is there once it is known and authentic. */
export interface Subject {
  readonly ledger?: Uint8Array;
  readonly issuer?: Uint8Array;
  /** The first link; it is in no JSON. */
  readonly root?: Uint8Array;
  /** The last link. */
  readonly token?: Uint8Array;
  /** The key that holds it. */
  readonly holder?: Uint8Array;
  /** The id of the invocation: to be served once. */
  readonly id?: Uint8Array;
  /** The request that approvers said yes to: to be served once. */
  readonly requestId?: Uint8Array;
  readonly invocation?: Invocation;
}

/** The answer. */
export interface Verdict {
  /**
   * `permitted` says nothing of funding, and nothing of a request if there is none. For an amount it is a
   * no.
   */
  readonly decision: "allowed" | "permitted" | "denied";
  /** Of a denial. */
  readonly code?: Code;
  /** What the code means, for people. */
  readonly reason?: string;
  /** Age of the evidence about the chain in milliseconds, once it is known. */
  readonly ageMs?: bigint;
  readonly subject: Subject;
  readonly checks: readonly Check[];
  /** The newest evidence seen, in milliseconds: to be kept, and given to the next verdict. */
  readonly newest: bigint;
}

/** The checks made so far, and what is known so far. */
export class Trail {
  readonly checks: Check[] = [];
  subject: Subject = {};
  ageMs: bigint | undefined;
  newest: bigint;

  constructor(newest: bigint) {
    this.newest = newest;
  }

  /** Makes a check: notes what came out, and throws its no. */
  async check<T>(check: CheckName, step: () => T | Promise<T>, link?: number): Promise<T> {
    const named = link === undefined ? { check } : { check, link };
    try {
      const result = await step();
      this.checks.push({ ...named, outcome: "passed" });
      return result;
    } catch (error) {
      if (error instanceof RemitError) this.checks.push({ ...named, outcome: "failed", code: error.code });
      throw error;
    }
  }

  /** Notes that nothing was to be checked. */
  skip(check: CheckName, link?: number): void {
    this.checks.push({ check, ...(link === undefined ? {} : { link }), outcome: "skipped" });
  }

  /** The verdict of a decision, or of the code of a no. */
  verdict(decision: "allowed" | "permitted" | { readonly code: Code }): Verdict {
    const answer =
      typeof decision === "string"
        ? { decision }
        : { decision: "denied" as const, code: decision.code, reason: CODES[decision.code].meaning };
    const age = this.ageMs === undefined ? {} : { ageMs: this.ageMs };
    return { ...answer, ...age, subject: this.subject, checks: this.checks, newest: this.newest };
  }
}

/** A verdict as JSON text (spec 10 §13), with integers in full. */
export function verdictJson(verdict: Verdict): string {
  const { decision, code, reason, ageMs, subject, checks } = verdict;
  return json({ decision, code, reason, age_ms: ageMs, subject: subjectJson(subject), checks });
}

function subjectJson(subject: Subject): Record<string, unknown> {
  const { ledger, issuer, token, holder, id, requestId: request_id, invocation } = subject;
  return {
    ledger,
    issuer,
    token,
    holder,
    id,
    request_id,
    invocation: invocation && invocationJson(invocation),
  };
}

function invocationJson(i: Invocation): Record<string, unknown> {
  const payment = i.payment && {
    amount: i.payment.amount.toString(),
    unit: i.payment.unit,
    settle_by_s: i.settleBy,
    refund_until_s: i.refundUntil,
  };
  const { audience, action, resource, validUntil: valid_until_s, request } = i;
  return { audience, action, resource, valid_until_s, payment, request };
}

/**
 * JSON with integers of any size, and byte strings in hexadecimal; `JSON.stringify` rounds or refuses them.
 */
function json(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(hex(value));
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const there = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${there.map(([name, part]) => `${JSON.stringify(name)}:${json(part)}`).join(",")}}`;
}
