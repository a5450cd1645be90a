// Inclusion of one leaf (spec 07 §3).

import { equal } from "../bytes.js";
import { nodeHash } from "../hash.js";
import { TREE_SIZE_MAX } from "../limits.js";

/** Whether `path` proves that the tree of `size` leaves and `root` has `leaf`, a leaf hash, at `index`. */
export async function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  path: readonly Uint8Array[],
  root: Uint8Array,
): Promise<boolean> {
  const found = await rootFromInclusion(leaf, index, size, path);
  return found !== undefined && equal(found, root);
}

/** The root that `path` leads to from `leaf` at `index` of `size` leaves; `undefined` if it is no path there. */
export async function rootFromInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  path: readonly Uint8Array[],
): Promise<Uint8Array | undefined> {
  if (index < 0n || index >= size || size > TREE_SIZE_MAX) return undefined;
  let [at, last, node] = [index, size - 1n, leaf];
  for (const other of path) {
    if (last === 0n) return undefined;
    if ((at & 1n) === 1n || at === last) {
      node = await nodeHash(other, node);
      while ((at & 1n) === 0n && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else {
      node = await nodeHash(node, other);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n ? node : undefined;
}
