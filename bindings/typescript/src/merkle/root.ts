// The root of a whole list of leaves (spec 07 §2), and the edge from which it grows.

import { emptyRoot, nodeHash } from "../hash.js";

/**
 * The tree over a growing list: its size, and the roots of its largest complete subtrees from left to right.
 */
export interface Edge {
  readonly size: bigint;
  readonly peaks: readonly Uint8Array[];
}

/** The tree without leaves. */
export const EMPTY_EDGE: Edge = { size: 0n, peaks: [] };

/** The edge after one more leaf hash. */
export async function grown(edge: Edge, leaf: Uint8Array): Promise<Edge> {
  const peaks = [...edge.peaks];
  let node = leaf;
  for (let rest = edge.size; (rest & 1n) === 1n; rest >>= 1n) {
    const left = peaks.pop();
    if (left !== undefined) node = await nodeHash(left, node);
  }
  return { size: edge.size + 1n, peaks: [...peaks, node] };
}

/** The root over what an edge has. */
export async function rootOf(edge: Edge): Promise<Uint8Array> {
  const peaks = [...edge.peaks];
  let node = peaks.pop();
  if (node === undefined) return emptyRoot();
  for (let left = peaks.pop(); left !== undefined; left = peaks.pop()) node = await nodeHash(left, node);
  return node;
}

/** The root of a list of leaf hashes. */
export async function treeRoot(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
  let edge = EMPTY_EDGE;
  for (const leaf of leaves) edge = await grown(edge, leaf);
  return rootOf(edge);
}
