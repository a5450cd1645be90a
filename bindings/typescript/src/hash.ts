// SHA-256 in the forms of spec 01 §4, by WebCrypto.

import { concat } from "./bytes.js";
import { Writer } from "./cbor_write.js";

/** Bytes of a hash. */
export const HASH_BYTES = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** SHA-256 of the parts, one after the other. */
export async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", concat(...parts) as BufferSource));
}

/** Hash of a leaf of a tree. */
export function leafHash(leaf: Uint8Array): Promise<Uint8Array> {
  return sha256(LEAF, leaf);
}

/** Hash of an inner node of a tree. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  return sha256(NODE, left, right);
}

/** Root of the tree without leaves. */
export function emptyRoot(): Promise<Uint8Array> {
  return sha256();
}

/** `H[label, …]`: the digest of the deterministic CBOR of an array of a label and what `write` writes. */
export function digest(label: string, others: number, write: (w: Writer) => void): Promise<Uint8Array> {
  const writer = new Writer().array(others + 1).text(label);
  write(writer);
  return sha256(writer.bytes());
}
