// What one verifier trusts and demands (spec 13).

import { equal, fromHex, fromUtf8 } from "../bytes.js";
import { C2spError } from "../c2sp/error.js";
import type { Trust } from "../c2sp/trust.js";
import { parseTrust } from "../c2sp/trust_lines.js";
import { POLICY_AT_RISK_MAX, POLICY_BYTES_MAX, POLICY_ISSUERS_MAX, POLICY_LEDGERS_MAX, SKEW_MAX } from "../limits.js";
import { U64_MAX } from "../numbers.js";
import { parseToml, Table, TomlError, type Item } from "./toml.js";

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
  /** For an amount of a unit, from so much on, evidence may not be older. */
  readonly atRisk: readonly AtRisk[];
}

/** How old evidence may be for an amount. */
export interface AtRisk {
  readonly unit: Uint8Array;
  /** The least amount that this is about, in minor units. */
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

const KEYS = [
  "trust",
  "ledgers",
  "party",
  "issuers",
  "max_staleness_s",
  "skew_ms",
  "offline_links",
  "logged_links",
  "at_risk",
];

/** Parses a policy file. Throws `PolicyError`. */
export async function parsePolicy(file: Uint8Array | string): Promise<Policy> {
  const text = typeof file === "string" ? file : decode(file);
  if (typeof file === "string" && new TextEncoder().encode(file).length > POLICY_BYTES_MAX)
    throw new PolicyError("too_long", 0);
  const table = document(text);
  const policy: Policy = {
    trust: await readTrust(required(table, "trust")),
    ledgers: readLedgers(required(table, "ledgers")),
    party: readId(required(table, "party"), "party"),
    issuers: readIssuers(required(table, "issuers")),
    maxStaleness: readInteger(required(table, "max_staleness_s"), "max_staleness_s"),
    skew: readInteger(required(table, "skew_ms"), "skew_ms"),
    offlineLinks: readBoolean(table.items.get("offline_links")),
    loggedLinks: readLoggedLinks(table.items.get("logged_links")),
    atRisk: readAtRisk(table.items.get("at_risk")),
  };
  checkPolicy(policy);
  return policy;
}

function decode(file: Uint8Array): string {
  if (file.length > POLICY_BYTES_MAX) throw new PolicyError("too_long", 0);
  const text = fromUtf8(file);
  if (text === undefined) throw new PolicyError("not_utf8", 0);
  return text;
}

function document(text: string): Table {
  let table: Table;
  try {
    table = parseToml(text);
  } catch (error) {
    if (error instanceof TomlError) throw new PolicyError("syntax", error.line, undefined, error.message);
    throw error;
  }
  const unknown = [...table.items]
    .filter(([key]) => !KEYS.includes(key))
    .sort(([, a], [, b]) => a.line - b.line)[0];
  if (unknown !== undefined) throw new PolicyError("unknown_key", unknown[1].line);
  return table;
}

function required(table: Table, key: string): Item {
  return table.items.get(key) ?? missing(key);
}

function missing(key: string): never {
  throw new PolicyError("missing_key", 0, key);
}

function wrongType(item: Item, key: string): never {
  throw new PolicyError("wrong_type", item.line, key);
}

function badValue(item: Item, key: string): never {
  throw new PolicyError("bad_value", item.line, key);
}

function text(item: Item, key: string): string {
  return typeof item.value === "string" ? item.value : wrongType(item, key);
}

function list(item: Item, key: string): readonly Item[] {
  return Array.isArray(item.value) ? (item.value as readonly Item[]) : wrongType(item, key);
}

async function readTrust(item: Item): Promise<Trust> {
  const joined = (items: readonly Item[]): string => items.map((each) => `${text(each, "trust")}\n`).join("");
  const lines = typeof item.value === "string" ? item.value : joined(list(item, "trust"));
  try {
    return await parseTrust(lines);
  } catch (error) {
    if (error instanceof C2spError) throw new PolicyError("bad_trust", item.line, "trust", error.message);
    throw error;
  }
}

function readId(item: Item, key: string): Uint8Array {
  const id = fromHex(text(item, key));
  return id?.length === 32 ? id : badValue(item, key);
}

function readLedgers(item: Item): Map<string, Uint8Array> {
  const table = item.value;
  if (!(table instanceof Table)) return wrongType(item, "ledgers");
  return new Map([...table.items].map(([origin, ledger]) => [origin, readId(ledger, "ledgers")]));
}

function readAtRisk(item: Item | undefined): readonly AtRisk[] {
  if (item === undefined) return [];
  const bounds = list(item, "at_risk");
  if (bounds.length > POLICY_AT_RISK_MAX) return badValue(item, "at_risk");
  return bounds.map((bound) => {
    const table = bound.value;
    if (!(table instanceof Table)) return wrongType(bound, "at_risk");
    const unknown = [...table.items].find(([key]) => !["unit", "from_minor", "max_staleness_s"].includes(key));
    if (unknown !== undefined) throw new PolicyError("unknown_key", unknown[1].line);
    return {
      unit: readId(required(table, "unit"), "unit"),
      from: readInteger(required(table, "from_minor"), "from_minor"),
      maxStaleness: readInteger(required(table, "max_staleness_s"), "max_staleness_s"),
    };
  });
}

function readIssuers(item: Item): readonly Uint8Array[] | "any" {
  if (typeof item.value === "string") return item.value === "any" ? "any" : badValue(item, "issuers");
  return list(item, "issuers").map((issuer) => readId(issuer, "issuers"));
}

function readInteger(item: Item, key: string): bigint {
  if (typeof item.value !== "bigint") return wrongType(item, key);
  return item.value >= 0n && item.value <= U64_MAX ? item.value : badValue(item, key);
}

function readBoolean(item: Item | undefined): boolean {
  if (item === undefined) return false;
  return typeof item.value === "boolean" ? item.value : wrongType(item, "offline_links");
}

function readLoggedLinks(item: Item | undefined): "verify" | "log" {
  if (item === undefined) return "verify";
  const choice = text(item, "logged_links");
  return choice === "verify" || choice === "log" ? choice : badValue(item, "logged_links");
}

/** Requires that settings fit together (spec 13 §1). Throws `PolicyError` with `bad_settings`. */
export function checkPolicy({ trust, ledgers, issuers, skew }: Policy): void {
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
}

/** Whether the policy accepts an issuer. */
export function trustsIssuer(policy: Policy, issuer: Uint8Array): boolean {
  return policy.issuers === "any" || policy.issuers.some((trusted) => equal(trusted, issuer));
}
