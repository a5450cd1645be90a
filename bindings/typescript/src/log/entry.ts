// Entries of the log (spec 03 §1 to §4, 19 §2).

import { compare, equal } from "../bytes.js";
import { ascending, Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { isKeyName } from "../c2sp/text.js";
import { CODES } from "../codes.js";
import { need, recoded, refuse } from "../errors.js";
import { KINDS, RESERVED_KINDS, type Kind } from "../kinds.js";
import { ENTRY } from "../labels.js";
import { KEY_NAME_BYTES_MAX, OBJECT_BYTES_MAX, OPERATOR_KEYS_MAX } from "../limits.js";
import { RULES_NEWEST } from "../object/act.js";

/** Entry 0. */
export interface Genesis {
  readonly kind: "genesis";
  readonly time: bigint;
  readonly origin: string;
  readonly logKey: Uint8Array;
  readonly operators: readonly Uint8Array[];
  readonly threshold: bigint;
  readonly rules: bigint;
}

/** The last entry of a batch: the whole state after it. */
export interface Commitment {
  readonly kind: "commitment";
  readonly time: bigint;
  readonly stateSize: bigint;
  readonly stateRoot: Uint8Array;
  readonly statusRoot: Uint8Array;
}

/** What became of one submission or deadline. */
export interface Outcome {
  readonly kind: Exclude<Kind, "genesis" | "commitment">;
  readonly time: bigint;
  readonly id: Uint8Array;
  /** 0, applied; of a refusal the number of its code. */
  readonly result: number;
  readonly details: Uint8Array;
}

/** An entry of the log. */
export type Entry = Genesis | Commitment | Outcome;

const NUMBERS = new Set<number>(Object.values(CODES).map((code) => code.number));

function kindOf(number: bigint): Kind {
  need(!RESERVED_KINDS.some((reserved) => BigInt(reserved) === number), "not_enabled");
  for (const [name, kind] of Object.entries(KINDS)) if (BigInt(kind.number) === number) return name as Kind;
  return refuse("malformed", "an unknown kind");
}

/** Decodes an entry. */
export function decodeEntry(bytes: Uint8Array): Entry {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    const count = r.array(8);
    r.label(ENTRY);
    const time = r.u64();
    const kind = kindOf(r.u64());
    need(count === (kind === "genesis" ? 8 : 6), "malformed", "an entry of another length");
    if (kind === "genesis") return readGenesis(r, time);
    if (kind !== "commitment") return readOutcome(r, time, kind);
    return { kind, time, stateSize: r.u64(), stateRoot: r.id(), statusRoot: r.id() };
  });
}

function readGenesis(r: Reader, time: bigint): Genesis {
  const origin = r.text(KEY_NAME_BYTES_MAX);
  need(isKeyName(origin), "malformed", "no key name");
  const logKey = r.key();
  const operators = r.list(OPERATOR_KEYS_MAX, () => r.key());
  const [threshold, count] = [r.u64(), BigInt(operators.length)];
  const rules = readRules(r);
  need(operators.length > 0, "malformed", "no operators");
  recoded("malformed", () => ascending(operators, compare));
  need(
    operators.every((key) => !equal(key, logKey)),
    "malformed",
    "the log's key is an operator's",
  );
  need(threshold <= count && 2n * threshold > count, "malformed", "no majority");
  return { kind: "genesis", time, origin, logKey, operators, threshold, rules };
}

function readRules(r: Reader): bigint {
  const rules = r.u64();
  need(rules > 0n, "malformed", "rules begin at 1");
  need(rules <= RULES_NEWEST, "not_enabled");
  return rules;
}

function readOutcome(r: Reader, time: bigint, kind: Outcome["kind"]): Outcome {
  const [id, result] = [r.id(), r.u64()];
  if (kind === "refusal") {
    need(result !== 0n, "malformed", "a refusal without a code");
    need(NUMBERS.has(Number(result)), "not_enabled");
  } else {
    need(result === 0n, "not_enabled");
  }
  return { kind, time, id, result: Number(result), details: r.id() };
}

/** The bytes of an entry. */
export function encodeEntry(entry: Entry): Uint8Array {
  const w = new Writer()
    .array(entry.kind === "genesis" ? 8 : 6)
    .text(ENTRY)
    .int(entry.time)
    .int(KINDS[entry.kind].number);
  if (entry.kind === "genesis") {
    w.text(entry.origin)
      .string(entry.logKey)
      .list(entry.operators, (_, key) => w.string(key));
    return w.int(entry.threshold).int(entry.rules).bytes();
  }
  if (entry.kind === "commitment")
    return w.int(entry.stateSize).string(entry.stateRoot).string(entry.statusRoot).bytes();
  return w.string(entry.id).int(entry.result).string(entry.details).bytes();
}
