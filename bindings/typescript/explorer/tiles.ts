// The log's own tree out of tiles (spec 07 §8), which everybody may read: its edge, and proofs of consistency.

import * as remit from "../src/index.js";
import { split } from "../src/merkle/multiproof.js";
import { prove } from "./errors.js";
import { Kept } from "./kept.js";

/** Hashes of a full tile. */
const TILE_WIDTH = 256n;
/** Levels of the tree in one tile. */
const TILE_HEIGHT = 8n;
/** Tiles that are remembered. */
export const TILES_MAX = 256;

/** The path of a tile. */
export function tilePath(level: bigint | "entries", index: bigint, width: bigint): string {
  const groups =
    index
      .toString()
      .padStart(Math.ceil(index.toString().length / 3) * 3, "0")
      .match(/.{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join("/");
  return `/tile/${level}/${name}${width < TILE_WIDTH ? `.p/${width}` : ""}`;
}

/** The tiles of one log. What they say is held against a signed root by whoever asks. */
export class Tiles {
  readonly #kept = new Kept(TILES_MAX);

  constructor(private readonly fetch: (path: string) => Promise<Uint8Array>) {}

  /** Forgets what was fetched: it led to no root. */
  forget(): void {
    this.#kept.forget();
  }

  /** A complete node of the log of `size` entries. */
  async #node(level: bigint, index: bigint, size: bigint): Promise<Uint8Array> {
    const [at, rest] = [level / TILE_HEIGHT, level % TILE_HEIGHT];
    const first = index << rest;
    const number = first / TILE_WIDTH;
    const there = (size >> (TILE_HEIGHT * at)) - number * TILE_WIDTH;
    const path = tilePath(at, number, there < TILE_WIDTH ? there : TILE_WIDTH);
    const bytes = await this.#kept.once(path, () => this.fetch(path));
    const start = Number(first % TILE_WIDTH);
    const end = start + (1 << Number(rest));
    prove(bytes.length >= 32 * end, "a tile of the log is too short");
    const hashes = Array.from({ length: end - start }, (_, each) =>
      bytes.slice(32 * (start + each), 32 * (start + each + 1)),
    );
    return remit.treeRoot(hashes);
  }

  /** The root of `count` leaves from `start` on. */
  async #range(start: bigint, count: bigint, size: bigint): Promise<Uint8Array> {
    const level = BigInt(count.toString(2).length - 1);
    if (count === 1n << level && start % count === 0n) return this.#node(level, start / count, size);
    const left = split(count);
    return remit.nodeHash(
      await this.#range(start, left, size),
      await this.#range(start + left, count - left, size),
    );
  }

  /** The edge of the log of `size` entries. */
  async edge(size: bigint): Promise<remit.Edge> {
    const peaks: Uint8Array[] = [];
    let start = 0n;
    for (let level = BigInt(size.toString(2).length - 1); level >= 0n; level--) {
      const count = 1n << level;
      if ((size & count) === 0n) continue;
      peaks.push(await this.#node(level, start / count, size));
      start += count;
    }
    return { size, peaks };
  }

  /** The proof that the log of `size` entries begins with that of `older` (RFC 9162 §2.1.4.1). */
  async consistency(older: bigint, size: bigint): Promise<Uint8Array[]> {
    const walk = async (m: bigint, start: bigint, count: bigint, whole: boolean): Promise<Uint8Array[]> => {
      if (m === count) return whole ? [] : [await this.#range(start, count, size)];
      const left = split(count);
      if (m <= left) {
        const path = await walk(m, start, left, whole);
        return [...path, await this.#range(start + left, count - left, size)];
      }
      const path = await walk(m - left, start + left, count - left, false);
      return [...path, await this.#range(start, left, size)];
    };
    return older === 0n ? [] : walk(older, 0n, size, true);
  }
}
