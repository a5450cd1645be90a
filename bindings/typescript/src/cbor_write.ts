// Writes deterministic CBOR (spec 01 §5).

import { utf8 } from "./bytes.js";

/** Writes deterministic CBOR; the caller gives map keys in canonical order, or uses `fields`. */
export class Writer {
  #parts: Uint8Array[] = [];
  #length = 0;

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  #head(major: number, argument: bigint): this {
    const first = major << 5;
    if (argument < 24n) return this.#push(Uint8Array.of(first | Number(argument)));
    const size = argument < 0x100n ? 1 : argument < 0x10000n ? 2 : argument < 0x1_0000_0000n ? 4 : 8;
    const head = new Uint8Array(1 + size);
    head[0] = first | (24 + Math.log2(size));
    for (let at = size, rest = argument; at > 0; at--, rest >>= 8n) head[at] = Number(rest & 0xffn);
    return this.#push(head);
  }

  /** An integer, unsigned or negative. */
  int(value: bigint | number): this {
    const whole = BigInt(value);
    return whole < 0n ? this.#head(1, -1n - whole) : this.#head(0, whole);
  }

  /** A byte string. */
  string(value: Uint8Array): this {
    return this.#head(2, BigInt(value.length)).#push(value);
  }

  /** A text string. */
  text(value: string): this {
    const bytes = utf8(value);
    return this.#head(3, BigInt(bytes.length)).#push(bytes);
  }

  /** The head of an array. */
  array(count: number): this {
    return this.#head(4, BigInt(count));
  }

  /** The head of a map. */
  map(count: number): this {
    return this.#head(5, BigInt(count));
  }

  /** A boolean. */
  bool(value: boolean): this {
    return this.#push(Uint8Array.of(value ? 0xf5 : 0xf4));
  }

  /** `null`. */
  null(): this {
    return this.#push(Uint8Array.of(0xf6));
  }

  /** An array, each item written by `item`. */
  list<T>(items: readonly T[], item: (w: this, value: T) => void): this {
    this.array(items.length);
    for (const value of items) item(this, value);
    return this;
  }

  /** `null` if there is nothing, else what `write` writes. */
  optional<T>(value: T | undefined | null, write: (w: this, value: T) => void): this {
    if (value === undefined || value === null) return this.null();
    write(this, value);
    return this;
  }

  /** A map of integer keys in canonical order; a field whose value is `undefined` is left out. */
  fields(...fields: readonly Field[]): this {
    const there = fields.filter(
      (field): field is Field & { write: (w: Writer) => void } => field.write !== undefined,
    );
    this.map(there.length);
    for (const field of there) {
      this.int(field.key);
      field.write(this);
    }
    return this;
  }

  /** What was written. */
  bytes(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}

/** A field of a map, left out if nothing writes it. */
export interface Field {
  readonly key: number;
  readonly write: ((w: Writer) => void) | undefined;
}

/** A field with a value that may be absent. */
export function field<T>(key: number, value: T | undefined, write: (w: Writer, value: T) => void): Field {
  return { key, write: value === undefined ? undefined : (w) => write(w, value) };
}

/** A field with an integer. */
export function intField(key: number, value: bigint | number | undefined): Field {
  return field(key, value, (w, number) => w.int(number));
}

/** A field with a byte string. */
export function bytesField(key: number, value: Uint8Array | undefined): Field {
  return field(key, value, (w, bytes) => w.string(bytes));
}

/** A field with a text. */
export function textField(key: number, value: string | undefined): Field {
  return field(key, value, (w, text) => w.text(text));
}
