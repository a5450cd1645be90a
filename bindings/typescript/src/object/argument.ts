// Arguments of an invocation, and their salted digests (spec 05 §2).

import { compare, equal, utf8 } from "../bytes.js";
import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { digest } from "../hash.js";
import { ARGUMENT } from "../labels.js";
import { ARGUMENTS_MAX, OBJECT_BYTES_MAX } from "../limits.js";
import { readValue, writeValue, type Value } from "./condition.js";

/** An argument as it is shown. */
export interface Argument {
  readonly name: string;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  readonly value: Value;
}

/** Names of arguments and their digests, in canonical order. */
export type ArgumentDigests = ReadonlyMap<string, Uint8Array>;

/** Reads an argument. */
export function readArgument(r: Reader): Argument {
  r.arrayOf(3);
  return { name: r.name(), salt: r.fixed(16), value: readValue(r) };
}

/** Writes an argument. */
export function writeArgument(w: Writer, argument: Argument): void {
  w.array(3).text(argument.name).string(argument.salt);
  writeValue(w, argument.value);
}

/** Decodes one argument. */
export function decodeArgument(bytes: Uint8Array): Argument {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, readArgument);
}

/** The bytes of an argument. */
export function encodeArgument(argument: Argument): Uint8Array {
  const w = new Writer();
  writeArgument(w, argument);
  return w.bytes();
}

/** What the holder signs instead of an argument. */
export function argumentDigest({ name, salt, value }: Argument): Promise<Uint8Array> {
  return digest(ARGUMENT, 3, (w) => {
    w.string(salt).text(name);
    writeValue(w, value);
  });
}

/** The digests of arguments, in canonical order; nothing if there are none. */
export async function digestsOf(all: readonly Argument[]): Promise<ArgumentDigests | undefined> {
  const pairs: [string, Uint8Array][] = [];
  for (const argument of all) pairs.push([argument.name, await argumentDigest(argument)]);
  const raw = (name: string): Uint8Array => utf8(name);
  pairs.sort(([a], [b]) => raw(a).length - raw(b).length || compare(raw(a), raw(b)));
  need(
    new Set(pairs.map(([name]) => name)).size === pairs.length,
    "wrong_argument",
    "an argument stands twice",
  );
  return pairs.length === 0 ? undefined : new Map(pairs);
}

/** Reads the map of digests. */
export function readArgumentDigests(r: Reader): ArgumentDigests {
  const digests = new Map<string, Uint8Array>();
  r.textMap(ARGUMENTS_MAX, (name) => digests.set(name, r.id()));
  need(digests.size > 0, "not_canonical", "an empty map of arguments");
  return digests;
}

/** Writes the map of digests, which is in canonical order. */
export function writeArgumentDigests(w: Writer, digests: ArgumentDigests): void {
  w.map(digests.size);
  for (const [name, hash] of digests) w.text(name).string(hash);
}

/** The values that were shown, each of a signed argument, none twice. Throws `wrong_argument`. */
export async function openArguments(
  signed: ArgumentDigests | undefined,
  shown: readonly Argument[],
): Promise<Map<string, Value>> {
  const values = new Map<string, Value>();
  for (const argument of shown) {
    const wanted = signed?.get(argument.name);
    const right =
      wanted !== undefined && !values.has(argument.name) && equal(wanted, await argumentDigest(argument));
    need(right, "wrong_argument");
    values.set(argument.name, argument.value);
  }
  return values;
}
