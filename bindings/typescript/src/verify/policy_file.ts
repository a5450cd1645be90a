// The policy file (spec 13 §2, §3).

import { fromHex, fromUtf8 } from "../bytes.js";
import { C2spError } from "../c2sp/error.js";
import type { Trust } from "../c2sp/trust.js";
import { parseTrust } from "../c2sp/trust_lines.js";
import { makeRoute, RouteError, type Route } from "../http/route.js";
import { POLICY_AT_RISK_MAX, POLICY_BYTES_MAX, ROUTES_MAX } from "../limits.js";
import { U64_MAX } from "../numbers.js";
import { checkPolicy, PolicyError, type AtRisk, type Policy } from "./policy.js";
import { parseToml, Table, TomlError, type Item } from "./toml.js";

const KEYS = [
  ...["trust", "ledgers", "party", "issuers", "max_staleness_s", "skew_ms", "offline_links", "logged_links"],
  ...["replaying", "at_risk", "record", "routes"],
];
const AT_RISK_KEYS = ["unit", "from_minor", "max_staleness_s"];
const ROUTE_KEYS = ["method", "path", "action", "resource", "amount_minor", "unit", "query"];

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
    offlineLinks: readBoolean(table, "offline_links"),
    loggedLinks: readChoice(table, "logged_links", "verify", "log"),
    replaying: readNames(table, "replaying"),
    atRisk: readTables(table, "at_risk", POLICY_AT_RISK_MAX, readAtRisk),
    record: readChoice(table, "record", "durable", "memory"),
    routes: readTables(table, "routes", ROUTES_MAX, readRoute),
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
  checkKeys(table, KEYS);
  return table;
}

function checkKeys(table: Table, keys: readonly string[]): void {
  const unknown = [...table.items]
    .filter(([key]) => !keys.includes(key))
    .sort(([, a], [, b]) => a.line - b.line)[0];
  if (unknown !== undefined) throw new PolicyError("unknown_key", unknown[1].line);
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

function readIssuers(item: Item): readonly Uint8Array[] | "any" {
  if (typeof item.value === "string") return item.value === "any" ? "any" : badValue(item, "issuers");
  return list(item, "issuers").map((issuer) => readId(issuer, "issuers"));
}

function readNames(table: Table, key: string): readonly string[] {
  const item = table.items.get(key);
  if (item === undefined) return [];
  return list(item, key).map((name) => (typeof name.value === "string" ? name.value : wrongType(name, key)));
}

function readInteger(item: Item, key: string): bigint {
  if (typeof item.value !== "bigint") return wrongType(item, key);
  return item.value >= 0n && item.value <= U64_MAX ? item.value : badValue(item, key);
}

function readBoolean(table: Table, key: string): boolean {
  const item = table.items.get(key);
  if (item === undefined) return false;
  return typeof item.value === "boolean" ? item.value : wrongType(item, key);
}

/** One of two texts; the first if the key is absent. */
function readChoice<A extends string, B extends string>(
  table: Table,
  key: string,
  absent: A,
  other: B,
): A | B {
  const item = table.items.get(key);
  if (item === undefined) return absent;
  const choice = text(item, key);
  return choice === absent ? absent : choice === other ? other : badValue(item, key);
}

function readTables<T>(table: Table, key: string, most: number, read: (table: Table) => T): T[] {
  const item = table.items.get(key);
  if (item === undefined) return [];
  const items = list(item, key);
  if (items.length > most) badValue(item, key);
  return items.map((each) => (each.value instanceof Table ? read(each.value) : wrongType(each, key)));
}

function readAtRisk(table: Table): AtRisk {
  checkKeys(table, AT_RISK_KEYS);
  return {
    unit: readId(required(table, "unit"), "unit"),
    from: readInteger(required(table, "from_minor"), "from_minor"),
    maxStaleness: readInteger(required(table, "max_staleness_s"), "max_staleness_s"),
  };
}

function readRoute(table: Table): Route {
  checkKeys(table, ROUTE_KEYS);
  const [method, path, action, resource] = ["method", "path", "action", "resource"].map((key) =>
    text(required(table, key), key),
  );
  const paid = table.items.has("amount_minor") || table.items.has("unit");
  const cost = paid
    ? {
        amount: readInteger(required(table, "amount_minor"), "amount_minor"),
        unit: readId(required(table, "unit"), "unit"),
      }
    : undefined;
  const query = readBoolean(table, "query");
  try {
    return makeRoute({
      method: method ?? "",
      path: path ?? "",
      action: action ?? "",
      resource: resource ?? "",
      cost,
      query,
    });
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    throw new PolicyError("bad_value", table.items.get(error.key)?.line ?? 0, error.key);
  }
}
