// Verifier keys (spec 08 §3).

import { concat, equal, fromBase64, fromHex, hex, utf8 } from "../bytes.js";
import { sha256 } from "../hash.js";
import { isKey } from "../key_check.js";
import { must } from "./error.js";
import { KEY_ID_BYTES, type NoteLine } from "./note.js";
import { isBoundedKeyName } from "./text.js";

/** What a key signs: a log the note's text, a witness the message of a cosignature. */
export type KeyKind = "log" | "witness";

/** Kinds by the type byte. */
const KINDS: Readonly<Record<number, KeyKind>> = { 1: "log", 4: "witness" };

/** A verifier key. */
export interface VerifierKey {
  readonly name: string;
  /** 4 bytes. */
  readonly id: Uint8Array;
  readonly kind: KeyKind;
  /** The public key. */
  readonly key: Uint8Array;
}

/** Parses a verifier key. Throws `C2spError`. */
export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const [name, digits, ...rest] = text.split("+");
  must(name !== undefined && digits !== undefined && rest.length > 0, "Malformed");
  const id = digits.length === 2 * KEY_ID_BYTES ? fromHex(digits) : undefined;
  const raw = fromBase64(rest.join("+"));
  must(id !== undefined && raw !== undefined && raw.length > 0, "Malformed");
  const kind = KINDS[raw[0] ?? 0];
  must(kind !== undefined, "Kind");
  must(raw.length === 33, "Malformed");
  must(isBoundedKeyName(name), "Name");
  must(isKey(raw.subarray(1)), "Key");
  const right = await sha256(utf8(name), utf8("\n"), raw);
  must(equal(right.subarray(0, KEY_ID_BYTES), id), "WrongId");
  return { name, id, kind, key: raw.subarray(1) };
}

/** Whether a signature line is of a key: it has its name and id. */
export function isOf(line: NoteLine, key: VerifierKey): boolean {
  return line.name === key.name && equal(line.id, key.id);
}

/** Name and id of a key or line, as one text. */
export function keyTag(of: { readonly name: string; readonly id: Uint8Array }): string {
  return `${hex(of.id)} ${of.name}`;
}

/** The id of a key of this type under this name. */
export async function keyId(name: string, kind: KeyKind, key: Uint8Array): Promise<Uint8Array> {
  const type = Uint8Array.of(kind === "log" ? 1 : 4);
  return (await sha256(concat(utf8(name), utf8("\n"), type, key))).subarray(0, KEY_ID_BYTES);
}
