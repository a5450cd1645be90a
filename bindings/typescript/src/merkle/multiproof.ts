// Several leaves of one tree proved by one list of hashes (spec 07 §6).

import { equal } from "../bytes.js";
import { nodeHash } from "../hash.js";
import { TREE_SIZE_MAX } from "../limits.js";

/** A leaf hash at an index. */
export interface IndexedLeaf {
  readonly index: bigint;
  readonly hash: Uint8Array;
}

/** The largest power of two below `count`, which is 2 or more. */
export function split(count: bigint): bigint {
  let power = 1n;
  while (power << 1n < count) power <<= 1n;
  return power;
}

/**
 * Whether `siblings` prove these leaves, of which there is at least one, in the tree of `size` leaves and
 * `root`.
 */
export async function verifyMultiproof(
  leaves: readonly IndexedLeaf[],
  size: bigint,
  siblings: readonly Uint8Array[],
  root: Uint8Array,
): Promise<boolean> {
  const increasing = leaves.every(
    (leaf, at) => at === 0 || (leaves[at - 1]?.index ?? leaf.index) < leaf.index,
  );
  const inside = leaves.every((leaf) => leaf.index >= 0n && leaf.index < size);
  if (leaves.length === 0 || size > TREE_SIZE_MAX || !increasing || !inside) return false;
  let used = 0;
  const walk = async (
    start: bigint,
    count: bigint,
    here: readonly IndexedLeaf[],
  ): Promise<Uint8Array | undefined> => {
    const [first] = here;
    if (first === undefined) return siblings[used++];
    if (count === 1n) return first.hash;
    const middle = start + split(count);
    const left = await walk(
      start,
      middle - start,
      here.filter((leaf) => leaf.index < middle),
    );
    if (left === undefined) return undefined;
    const right = await walk(
      middle,
      start + count - middle,
      here.filter((leaf) => leaf.index >= middle),
    );
    return right === undefined ? undefined : nodeHash(left, right);
  };
  const reached = await walk(0n, size, leaves);
  return reached !== undefined && used === siblings.length && equal(reached, root);
}
