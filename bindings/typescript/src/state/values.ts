// Values: the counters of a token behind its leaf (spec 06 §4).

import { ascending, Reader, unknownField } from "../cbor.js";
import { bytesField, Writer } from "../cbor_write.js";
import { refuse } from "../errors.js";
import { VALUES } from "../labels.js";
import { BUDGETS_MAX, OBJECT_BYTES_MAX, SPANS_MAX } from "../limits.js";

/** The counters, in their order. */
export const COUNTERS = [
  "captured",
  "refunded",
  "carved",
  "returned",
  "reserved",
  "leased",
  "pending",
  "ceded",
] as const;

/** The counters of one unit. */
export interface UnitValues {
  /** State index of the unit's leaf. */
  readonly unit: bigint;
  readonly counters: Readonly<Record<(typeof COUNTERS)[number], bigint>>;
  /** The windows, and then the cumulative threshold. */
  readonly spans: readonly { readonly start: bigint; readonly used: bigint }[];
}

/** The values of a token. */
export interface Values {
  readonly salt: Uint8Array;
  readonly event: bigint;
  readonly units: readonly UnitValues[];
  /** The rekey that is pending. */
  readonly rekey: Uint8Array | undefined;
}

/** Reads the counters of several units. */
export function readUnitValues(r: Reader): UnitValues[] {
  const all = r.list(BUDGETS_MAX, () => {
    r.arrayOf(COUNTERS.length + 2);
    const unit = r.u64();
    const counters = Object.fromEntries(COUNTERS.map((name) => [name, r.u64()])) as UnitValues["counters"];
    const spans = r.list(SPANS_MAX, () => {
      r.arrayOf(2);
      return { start: r.u64(), used: r.u64() };
    });
    return { unit, counters, spans };
  });
  ascending(all, (a, b) => (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : 0));
  return all;
}

/** Writes the counters of several units. */
export function writeUnitValues(w: Writer, all: readonly UnitValues[]): void {
  w.list(all, (_, { unit, counters, spans }) => {
    w.array(COUNTERS.length + 2).int(unit);
    for (const name of COUNTERS) w.int(counters[name]);
    w.list(spans, (_, span) => w.array(2).int(span.start).int(span.used));
  });
}

/** Decodes values. */
export function decodeValues(bytes: Uint8Array): Values {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    r.arrayOf(5);
    r.label(VALUES);
    const [salt, event, units] = [r.id(), r.u64(), readUnitValues(r)];
    let rekey: Uint8Array | undefined;
    r.map((key) => {
      if (key === 2) refuse("not_enabled");
      if (key !== 1) unknownField(key);
      rekey = r.id();
    });
    return { salt, event, units, rekey };
  });
}

/** The bytes of values. */
export function encodeValues(values: Values): Uint8Array {
  const w = new Writer().array(5).text(VALUES).string(values.salt).int(values.event);
  writeUnitValues(w, values.units);
  return w.fields(bytesField(1, values.rekey)).bytes();
}
