// Consistency of two sizes of one tree (spec 07 §4).

import { verifySubtreeConsistency } from "./subtree.js";

/** Size and root of a tree. */
export interface TreeHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** Whether `path` proves that the newer tree begins with the leaves of the older one, which is not empty. */
export async function verifyConsistency(
  older: TreeHead,
  newer: TreeHead,
  path: readonly Uint8Array[],
): Promise<boolean> {
  if (older.size <= 0n || older.size > newer.size) return false;
  return verifySubtreeConsistency({ start: 0n, end: older.size }, older.root, newer.size, newer.root, path);
}
