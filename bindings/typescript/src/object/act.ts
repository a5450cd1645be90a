// Payloads of all operations that are neither tokens nor invocations (spec 02 §5): one table of fields.

import { compare } from "../bytes.js";
import { ascending, Reader, required, unknownField } from "../cbor.js";
import { Writer, type Field } from "../cbor_write.js";
import { need, refuse, RemitError } from "../errors.js";
import type { Kind } from "../kinds.js";
import {
  BUDGETS_MAX,
  BUNDLE_MEMBERS_MAX,
  NAME_BYTES_MAX,
  PARTY_KEYS_MAX,
  PAYLOAD_BYTES_MAX,
  UNIT_DECIMALS_MAX,
} from "../limits.js";
import type { Money } from "./approval.js";
import { readArgumentDigests, writeArgumentDigests, type ArgumentDigests } from "./argument.js";
import { readPath } from "./path.js";
import { decodeVoucher } from "./voucher.js";

/** The newest rules version of these pages. */
export const RULES_NEWEST = 3n;

/** Another operation: its id, or the place of an earlier member of the same bundle. */
export type Reference = Uint8Array | number;

/** A value of a field of an act. */
export type ActValue =
  | bigint
  | string
  | Uint8Array
  | number
  | readonly Uint8Array[]
  | readonly Money[]
  | ArgumentDigests;

/** The payload of an act: its kind, and its fields by their numbers (spec 02 §5). */
export interface Act {
  readonly kind: ActKind;
  readonly fields: ReadonlyMap<number, ActValue>;
}

/** The fields of each kind beside 1 to 3: those that must be there, and those that may. */
const FIELDS = {
  party: [[13, 14]],
  party_keys: [[12, 14, 15, 19]],
  unit: [[13, 16]],
  issuer: [[12]],
  transfer: [[4, 5, 7, 8]],
  rekey: [[4, 5, 6, 7]],
  veto: [[4, 9]],
  suspend: [[4, 5, 6]],
  resume: [[4, 5, 6, 9]],
  revoke: [[4, 5, 6]],
  cut: [[4, 5, 6]],
  end: [[4, 5, 6]],
  capture: [[9, 10, 11]],
  release: [[9], [11]],
  refund: [[9, 11]],
  freeze: [[17, 18]],
  unfreeze: [[9, 17, 18]],
  upgrade: [[20]],
  request: [
    [4, 5, 11, 12, 22, 26],
    [23, 24, 25, 31, 32, 33, 34],
  ],
  approve: [[21]],
  withdraw: [[21], [6]],
  lease: [
    [4, 5, 11, 12, 30, 31, 32, 33],
    [34, 36],
  ],
  lease_close: [[9]],
  settle: [[9, 35]],
  offer: [
    [4, 5],
    [11, 12, 22, 27],
  ],
  trade: [[4, 5, 8, 9, 29], [28]],
} as const satisfies Partial<Record<Kind, readonly (readonly number[])[]>>;

/** A kind whose payload is of this page. */
export type ActKind = keyof typeof FIELDS;

/** Whether a kind's payload is of this page. */
export function isActKind(kind: string): kind is ActKind {
  return Object.hasOwn(FIELDS, kind);
}

function readReference(r: Reader): Reference {
  return r.bytesAreNext() ? r.id() : r.small(BUNDLE_MEMBERS_MAX - 1);
}

function readPosition(r: Reader): bigint {
  const position = r.u64(9n);
  need(position >= 1n, "malformed", "positions begin at 1");
  return position;
}

function readRules(r: Reader): bigint {
  const rules = r.u64();
  need(rules > 0n, "malformed", "rules begin at 1");
  need(rules <= RULES_NEWEST, "not_enabled");
  return rules;
}

function readUnitName(r: Reader): string {
  const name = r.text(NAME_BYTES_MAX);
  need(/^[A-Z0-9._-]{1,16}$/.test(name), "malformed", "no name of a unit");
  return name;
}

function readMinimum(r: Reader): Money[] {
  const minimum = r.list(BUDGETS_MAX, () => {
    r.arrayOf(2);
    return { unit: r.id(), amount: positive(r.u64()) };
  });
  need(minimum.length > 0, "not_canonical", "an empty minimum");
  ascending(minimum, (a, b) => compare(a.unit, b.unit));
  return minimum;
}

function positive(amount: bigint): bigint {
  need(amount > 0n, "malformed", "an amount of 0");
  return amount;
}

function readVoucher(r: Reader): Uint8Array {
  const bytes = r.bytes(PAYLOAD_BYTES_MAX);
  try {
    decodeVoucher(bytes);
  } catch (error) {
    // An invocation that is no voucher is no value of this field.
    if (error instanceof RemitError && error.code === "misplaced_voucher") refuse("malformed", "no voucher");
    throw error;
  }
  return bytes;
}

const id = (r: Reader): ActValue => r.id();
const integer = (r: Reader): ActValue => r.u64();
const keys = (r: Reader): ActValue => r.list(PARTY_KEYS_MAX, () => r.key());

/** How the value of each field is read. */
const READERS: Readonly<Record<number, (r: Reader, kind: ActKind) => ActValue>> = {
  1: (r) => r.fixed(16),
  2: integer,
  3: id,
  4: id,
  5: integer,
  6: readPosition,
  7: (r) => r.key(),
  8: id,
  9: readReference,
  10: integer,
  11: (r, kind) => (kind === "request" || kind === "offer" ? positive(r.u64()) : r.u64()),
  12: id,
  13: (r, kind) => (kind === "unit" ? readUnitName(r) : r.name()),
  14: keys,
  15: keys,
  16: (r) => r.u64(BigInt(UNIT_DECIMALS_MAX)),
  17: integer,
  18: id,
  19: integer,
  20: readRules,
  21: id,
  22: id,
  23: (r) => r.name(),
  24: readPath,
  25: readArgumentDigests,
  26: integer,
  27: integer,
  28: readMinimum,
  29: (r) => r.small(BUNDLE_MEMBERS_MAX - 1),
  30: id,
  31: id,
  32: integer,
  33: integer,
  34: integer,
  35: readVoucher,
  36: (r) => r.fixed(16),
};

/** Decodes the payload of an act of this kind. */
export function decodeAct(kind: ActKind, payload: Uint8Array): Act {
  const [must, may = []]: readonly (readonly number[])[] = FIELDS[kind];
  const fields = new Map<number, ActValue>();
  Reader.whole(payload, PAYLOAD_BYTES_MAX, (r) =>
    r.map((key) => {
      const known = (key >= 1 && key <= 3) || must?.includes(key) || may.includes(key);
      const read = known ? READERS[key] : undefined;
      fields.set(key, read === undefined ? unknownField(key) : read(r, kind));
    }),
  );
  for (const key of [1, 2, ...(must ?? [])]) required(fields.get(key), key);
  if (kind === "offer") {
    const price = may.filter((key) => fields.has(key)).length;
    need(price === 0 || price === may.length, "malformed", "half a price");
  }
  if (kind === "request") checkPurpose(fields);
  return { kind, fields };
}

/** A request is for one use, or with one of the fields 31 to 34 for a lease (spec 17 §3). */
function checkPurpose(fields: ReadonlyMap<number, ActValue>): void {
  const leased = [31, 32, 33, 34].some((key) => fields.has(key));
  const other = leased ? [23, 24, 25].find((key) => fields.has(key)) : undefined;
  if (other !== undefined) unknownField(other);
  for (const key of leased ? [31, 32, 33] : [23, 24]) required(fields.get(key), key);
}

/** The bytes of a payload. */
export function encodeAct(act: Act): Uint8Array {
  const keys = [...act.fields.keys()].sort((a, b) => a - b);
  const fields = keys.map((key): Field => ({ key, write: (w) => writeValue(w, act.fields.get(key)) }));
  return new Writer().fields(...fields).bytes();
}

function writeValue(w: Writer, value: ActValue | undefined): void {
  if (typeof value === "bigint" || typeof value === "number") w.int(value);
  else if (typeof value === "string") w.text(value);
  else if (value instanceof Uint8Array) w.string(value);
  else if (value instanceof Map) writeArgumentDigests(w, value as ArgumentDigests);
  else if (Array.isArray(value)) w.list(value as readonly (Uint8Array | Money)[], writeItem);
  else refuse("malformed", "no value");
}

function writeItem(w: Writer, item: Uint8Array | Money): void {
  if (item instanceof Uint8Array) w.string(item);
  else w.array(2).string(item.unit).int(item.amount);
}

/** The 32 or 16 bytes of a field that the kind has. */
export function bytesOf(act: Act, key: number): Uint8Array {
  const value = act.fields.get(key);
  return value instanceof Uint8Array ? value : refuse("malformed", `field ${key} is missing`);
}

/** The integer of a field that the kind has. */
export function integerOf(act: Act, key: number): bigint {
  const value = act.fields.get(key);
  return typeof value === "bigint" ? value : refuse("malformed", `field ${key} is missing`);
}
