// What one verifier trusts and demands (spec 13 §1).

import { equal } from "../bytes.js";
import type { Trust } from "../c2sp/trust.js";
import type { Route } from "../http/route.js";
import {
  POLICY_AT_RISK_MAX,
  POLICY_ISSUERS_MAX,
  POLICY_LEDGERS_MAX,
  ROUTES_MAX,
  SKEW_MAX,
} from "../limits.js";

/** A policy. */
export interface Policy {
  readonly trust: Trust;
  /** The ledger id of each trusted log, by its origin. */
  readonly ledgers: ReadonlyMap<string, Uint8Array>;
  /** The verifier's own party id. */
  readonly party: Uint8Array;
  /** Whose root tokens are accepted; `any` for every issuer that the operators appointed. */
  readonly issuers: readonly Uint8Array[] | "any";
  /** In seconds. */
  readonly maxStaleness: bigint;
  /** In milliseconds. */
  readonly skew: bigint;
  readonly offlineLinks: boolean;
  readonly loggedLinks: "verify" | "log";
  /** Witnesses of the trust that are known to compute the log again (spec 21 §5), by their names there. */
  readonly replaying: readonly string[];
  /** How old evidence may be for amounts, where that is less than `maxStaleness`. */
  readonly atRisk: readonly AtRisk[];
  /** Where it is recorded what was served over HTTP (spec 20 §5). */
  readonly record: "durable" | "memory";
  /** What requests over HTTP are; the first that matches decides (spec 20 §4). */
  readonly routes: readonly Route[];
}

/** For an amount of the unit, from so many minor units on, evidence is at most so old. */
export interface AtRisk {
  readonly unit: Uint8Array;
  readonly from: bigint;
  /** In seconds. */
  readonly maxStaleness: bigint;
}

/** What is wrong with a policy file. */
export type PolicyCode =
  | "too_long"
  | "not_utf8"
  | "syntax"
  | "unknown_key"
  | "missing_key"
  | "wrong_type"
  | "bad_value"
  | "bad_trust"
  | "bad_settings";

/** A policy file is refused. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";

  constructor(
    readonly code: PolicyCode,
    /** From 1; 0 for the file as a whole. */
    readonly line: number,
    /** The key that is wrong, if one is. */
    readonly key?: string,
    detail?: string,
  ) {
    super([code, `line ${line}`, key, detail].filter((part) => part !== undefined).join(", "));
  }
}

/** Requires that settings fit together (spec 13 §1). Throws `PolicyError` with `bad_settings`. */
export function checkPolicy({ trust, ledgers, issuers, skew, replaying, atRisk, routes }: Policy): void {
  const bad = (detail: string): never => {
    throw new PolicyError("bad_settings", 0, undefined, detail);
  };
  const origins = new Set(trust.logs.map((log) => log.name));
  if (origins.size === 0) bad("no log is trusted");
  if (ledgers.size > POLICY_LEDGERS_MAX) bad("too many ledgers");
  if ([...origins].some((origin) => !ledgers.has(origin))) bad("a log without a ledger");
  if ([...ledgers.keys()].some((origin) => !origins.has(origin))) bad("a ledger without a log");
  if (issuers !== "any" && (issuers.length === 0 || issuers.length > POLICY_ISSUERS_MAX))
    bad("no issuers, or too many");
  if (skew > BigInt(SKEW_MAX)) bad("too much skew");
  if (new Set(replaying).size !== replaying.length || !replaying.every((name) => trust.witnesses.has(name)))
    bad("a replaying witness that is none, or named twice");
  if (atRisk.length > POLICY_AT_RISK_MAX || routes.length > ROUTES_MAX) bad("too many bounds or routes");
}

/** Whether the policy accepts an issuer. */
export function trustsIssuer(policy: Policy, issuer: Uint8Array): boolean {
  return policy.issuers === "any" || policy.issuers.some((trusted) => equal(trusted, issuer));
}
