// The status tree (spec 06 §6): of every state index in two bits whether it is worth a closer look.

import { Writer } from "../cbor_write.js";
import { STATUS } from "../labels.js";
import { STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES } from "../limits.js";
import { isUnchanged, type LeafHead } from "./leaf.js";

/** The status of a leaf: 0 live, 1 over, 2 suspended, 3 changed. */
export function statusOf(leaf: LeafHead): number {
  if (leaf.life !== "live") return 1;
  if (leaf.mask !== 0) return 2;
  return isUnchanged(leaf) ? 0 : 3;
}

/** The number of the chunk that has a state index. */
export function chunkOf(index: bigint): bigint {
  return index / BigInt(STATUS_CHUNK_INDEXES);
}

/** The leaf of a chunk; statuses by their index, every other one 0. */
export function statusLeaf(chunk: bigint, statuses: ReadonlyMap<bigint, number>): Uint8Array {
  const bits = new Uint8Array(STATUS_CHUNK_BYTES);
  for (const [index, status] of statuses) {
    const at = Number(index % BigInt(STATUS_CHUNK_INDEXES));
    if (chunkOf(index) === chunk) bits[at >> 2] = (bits[at >> 2] ?? 0) | (status << (2 * (at & 3)));
  }
  return chunkLeaf(chunk, bits);
}

/** The leaf of a chunk, of its bytes. */
export function chunkLeaf(chunk: bigint | number, bits: Uint8Array): Uint8Array {
  return new Writer().array(3).text(STATUS).int(chunk).string(bits).bytes();
}
