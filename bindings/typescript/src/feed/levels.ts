// The nodes of a tree that is hashed anew only where it changed (spec 07 §2).

import { emptyRoot, nodeHash } from "../hash.js";

/** The hashes of every level, the leaves first; the last level has one, or none if the tree has no leaves. */
export type Levels = readonly (readonly Uint8Array[])[];

/** Digests that are under way at once: WebCrypto makes each on another thread. */
const BATCH = 512;

/** Levels over so many leaves: those before, but for the leaves that are new or changed. */
export async function raised(
  before: Levels,
  count: number,
  changed: Iterable<number>,
  leaf: (index: number) => Promise<Uint8Array>,
): Promise<Levels> {
  let [level, dirty] = [await renewed(before[0], changed, leaf), [...changed]];
  const levels = [level];
  for (let width = count; width > 1; width = Math.ceil(width / 2)) {
    const below = level;
    dirty = [...new Set(dirty.map((index) => Math.floor(index / 2)))];
    level = await renewed(before[levels.length], dirty, async (index) => {
      const [left = new Uint8Array(), right] = below.slice(2 * index, 2 * index + 2);
      // Whoever has no neighbour is the node above: the tree of RFC 6962.
      return right === undefined ? left : nodeHash(left, right);
    });
    levels.push(level);
  }
  return levels;
}

async function renewed(
  before: readonly Uint8Array[] = [],
  changed: Iterable<number>,
  hash: (index: number) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const [level, indexes] = [[...before], [...changed]];
  for (let start = 0; start < indexes.length; start += BATCH) {
    const batch = indexes.slice(start, start + BATCH);
    const hashes = await Promise.all(batch.map(hash));
    hashes.forEach((each, at) => (level[batch[at] ?? 0] = each));
  }
  return level;
}

/** The root at the top of some levels. */
export async function topOf(levels: Levels): Promise<Uint8Array> {
  return levels.at(-1)?.[0] ?? emptyRoot();
}
