// Reads deterministic CBOR (spec 01 §5) and refuses every other encoding, the first fault in the order of
// the bytes.

import { compare, fromUtf8, hasControl, utf8 } from "./bytes.js";
import { need, refuse } from "./errors.js";
import { checkKeyEncoding, checkKey } from "./key_check.js";
import { NAME_BYTES_MAX } from "./limits.js";
import { I64_MAX, I64_MIN, U64_MAX } from "./numbers.js";

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const INDEFINITE = 31;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;

/** A cursor over CBOR. Every method reads one value, or throws the code of what is wrong with it. */
export class Reader {
  #at = 0;

  private constructor(private readonly data: Uint8Array) {}

  /** Runs `read` over the whole of `data`, of at most `most` bytes: nothing may be left over. */
  static whole<T>(data: Uint8Array, most: number, read: (r: Reader) => T): T {
    need(data.length <= most, "oversize");
    const reader = new Reader(data);
    const value = read(reader);
    need(reader.#at === data.length, "trailing_bytes");
    return value;
  }

  #peek(): number {
    return this.data[this.#at] ?? refuse("malformed", "the bytes end too early");
  }

  #take(count: number): Uint8Array {
    need(count <= this.data.length - this.#at, "malformed", "the bytes end too early");
    const begin = this.#at;
    this.#at += count;
    return this.data.subarray(begin, this.#at);
  }

  /** The argument of a head of this major type, which must be in its shortest form. */
  #head(major: number): bigint {
    const first = this.#peek();
    need(first >> 5 === major, "malformed", "a value of another type");
    const low = first & 31;
    if (low === INDEFINITE && (major === ARRAY || major === MAP))
      refuse("not_canonical", "an indefinite length");
    need(low < 28, "malformed", "no head of this type");
    this.#at += 1;
    if (low < 24) return BigInt(low);
    let argument = 0n;
    for (const byte of this.#take(1 << (low - 24))) argument = (argument << 8n) | BigInt(byte);
    const least = [24n, 0x100n, 0x10000n, 0x1_0000_0000n][low - 24] ?? 0n;
    need(argument >= least, "not_canonical", "a longer head than needed");
    return argument;
  }

  /** An unsigned integer of at most `most`. */
  u64(most: bigint = U64_MAX): bigint {
    const value = this.#head(UNSIGNED);
    need(value <= most, "malformed", "an integer above its bound");
    return value;
  }

  /** A small unsigned integer of at most `most`. */
  small(most: number): number {
    return Number(this.u64(BigInt(most)));
  }

  /** A signed integer of 64 bits. */
  i64(): bigint {
    const value = this.#peek() >> 5 === NEGATIVE ? -1n - this.#head(NEGATIVE) : this.#head(UNSIGNED);
    need(value >= I64_MIN && value <= I64_MAX, "malformed", "an integer beyond 64 bits");
    return value;
  }

  /** A boolean. */
  bool(): boolean {
    const first = this.#peek();
    need(first === FALSE || first === TRUE, "malformed", "no boolean");
    this.#at += 1;
    return first === TRUE;
  }

  /** Whether `null` is next; it is consumed if so. */
  null(): boolean {
    if (this.#peek() !== NULL) return false;
    this.#at += 1;
    return true;
  }

  /** `undefined` for `null`, else what `read` reads. */
  nullable<T>(read: () => T): T | undefined {
    return this.null() ? undefined : read();
  }

  /** A byte string of at most `most` bytes. */
  bytes(most: number): Uint8Array {
    const value = this.#string(BYTES);
    need(value.length <= most, "oversize");
    return value;
  }

  /** A byte string of exactly `size` bytes. */
  fixed(size: number): Uint8Array {
    const value = this.#string(BYTES);
    need(value.length === size, "malformed", `other than ${size} bytes`);
    return value;
  }

  /** An id, hash or other byte string of 32. */
  id(): Uint8Array {
    return this.fixed(32);
  }

  /** A public key that spec 01 §2 accepts. */
  key(): Uint8Array {
    const key = this.fixed(32);
    checkKey(key);
    return key;
  }

  /** A public key that may still be no point of the curve (spec 01 §2, rules 1 and 3 alone). */
  encodedKey(): Uint8Array {
    const key = this.fixed(32);
    checkKeyEncoding(key);
    return key;
  }

  /** A text of at most `most` bytes. */
  text(most: number): string {
    const raw = this.#string(TEXT);
    const text = fromUtf8(raw);
    need(text !== undefined, "malformed", "no UTF-8");
    need(raw.length <= most, "oversize");
    need(!hasControl(text), "malformed", "a control character");
    return text;
  }

  /** A name: a text that is not empty. */
  name(): string {
    const name = this.text(NAME_BYTES_MAX);
    need(name !== "", "malformed", "an empty name");
    return name;
  }

  /** The text `label`, as the first element of a labelled array. */
  label(label: string): void {
    need(this.#peek() >> 5 === TEXT && this.text(64) === label, "wrong_label");
  }

  #string(major: number): Uint8Array {
    const length = this.#head(major);
    need(length <= BigInt(this.data.length), "malformed", "the bytes end too early");
    return this.#take(Number(length));
  }

  /** The head of an array of at most `most` items: how many follow. */
  array(most: number): number {
    const count = this.#head(ARRAY);
    need(count <= BigInt(most), "too_many");
    return Number(count);
  }

  /** The head of an array of exactly `count` items. */
  arrayOf(count: number): void {
    need(this.#head(ARRAY) === BigInt(count), "malformed", "an array of another length");
  }

  /** An array of at most `most` items, each read by `item`. */
  list<T>(most: number, item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.array(most); left > 0; left--) items.push(item());
    return items;
  }

  /** An array of `least` to `most` ids or hashes. */
  ids(most: number): Uint8Array[] {
    return this.list(most, () => this.id());
  }

  /** A byte string of at most `most` hashes, one after the other. */
  hashes(most: number): Uint8Array[] {
    const bytes = this.bytes(most * 32);
    need(bytes.length % 32 === 0, "malformed", "no whole number of hashes");
    return Array.from({ length: bytes.length / 32 }, (_, at) => bytes.subarray(at * 32, (at + 1) * 32));
  }

  /** A map with integer keys; `field` reads the value of each key, or throws. */
  map(field: (key: number) => void): void {
    let last: [number, bigint] | undefined;
    for (let left = this.#head(MAP); left > 0n; left--) {
      const key = this.i64();
      const order: [number, bigint] = key < 0n ? [1, -key] : [0, key];
      const after = last === undefined || order[0] > last[0] || (order[0] === last[0] && order[1] > last[1]);
      need(after, "not_canonical", "keys out of order");
      last = order;
      field(Number(key));
    }
  }

  /** A map with names as keys, of at most `most` fields; `field` reads the value of each. */
  textMap(most: number, field: (key: string) => void): void {
    const count = this.#head(MAP);
    need(count <= BigInt(most), "too_many");
    let last: Uint8Array | undefined;
    for (let left = count; left > 0n; left--) {
      const key = this.name();
      const raw = utf8(key);
      const after =
        last === undefined ||
        raw.length > last.length ||
        (raw.length === last.length && compare(raw, last) > 0);
      need(after, "not_canonical", "keys out of order");
      last = raw;
      field(key);
    }
  }

  /** Whether a text is next. */
  textIsNext(): boolean {
    return this.#peek() >> 5 === TEXT;
  }

  /** Whether a byte string is next. */
  bytesAreNext(): boolean {
    return this.#peek() >> 5 === BYTES;
  }

  /** Whether a boolean is next. */
  boolIsNext(): boolean {
    const first = this.#peek();
    return first === FALSE || first === TRUE;
  }
}

/** Throws `unknown_field`: a map has no such key. */
export function unknownField(key: number | string): never {
  refuse("unknown_field", `field ${key}`);
}

/** A field that must have been there. */
export function required<T>(value: T | undefined, key: number): T {
  if (value === undefined) refuse("malformed", `field ${key} is missing`);
  return value;
}

/** Requires that items are in strictly increasing order, by what `compareItems` says of neighbours. */
export function ascending<T>(items: readonly T[], compareItems: (a: T, b: T) => number): void {
  items.slice(1).forEach((item, at) => {
    need(compareItems(items[at] as T, item) < 0, "not_canonical", "items out of order");
  });
}
