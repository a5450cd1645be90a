// Subtrees and their proofs (spec 07 §5).

import { equal } from "../bytes.js";
import { emptyRoot, nodeHash } from "../hash.js";
import { TREE_SIZE_MAX } from "../limits.js";
import { verifyInclusion } from "./inclusion.js";

/** The leaves from `start` to the one before `end`. */
export interface Subtree {
  readonly start: bigint;
  readonly end: bigint;
}

/** Whether the leaves are a subtree: as many as fit below one node that begins there. */
export function isSubtree({ start, end }: Subtree): boolean {
  if (start < 0n || start > end || end > TREE_SIZE_MAX) return false;
  let width = 1n;
  while (width < end - start) width <<= 1n;
  return start % width === 0n;
}

/**
 * Whether `path` proves that a subtree with the hash `root` has `leaf`, a leaf hash, at `index` of the tree.
 */
export async function verifySubtreeInclusion(
  leaf: Uint8Array,
  index: bigint,
  subtree: Subtree,
  path: readonly Uint8Array[],
  root: Uint8Array,
): Promise<boolean> {
  const { start, end } = subtree;
  return (
    isSubtree(subtree) && index >= start && verifyInclusion(leaf, index - start, end - start, path, root)
  );
}

/**
 * Whether `path` proves that a subtree with the hash `hash` is part of the tree of `size` leaves and `root`.
 */
export async function verifySubtreeConsistency(
  subtree: Subtree,
  hash: Uint8Array,
  size: bigint,
  root: Uint8Array,
  path: readonly Uint8Array[],
): Promise<boolean> {
  const { start, end } = subtree;
  if (!isSubtree(subtree) || end > size || size > TREE_SIZE_MAX) return false;
  if (start === end) return path.length === 0 && equal(hash, await emptyRoot());
  let [first, edge, last] = [start, end - 1n, size - 1n];
  const halve = (): void => {
    [first, edge, last] = [first >> 1n, edge >> 1n, last >> 1n];
  };
  while (first !== edge && (edge === last || (edge & 1n) === 1n)) halve();
  const [begin, rest] = first === edge ? [hash, path] : [path[0], path.slice(1)];
  if (begin === undefined) return false;
  let [sub, tree] = [begin, begin];
  for (const other of rest) {
    if (last === 0n) return false;
    if ((edge & 1n) === 1n || edge === last) {
      if (first < edge) sub = await nodeHash(other, sub);
      tree = await nodeHash(other, tree);
      while ((edge & 1n) === 0n && edge !== 0n) halve();
    } else {
      tree = await nodeHash(tree, other);
    }
    halve();
  }
  return last === 0n && equal(sub, hash) && equal(tree, root);
}
