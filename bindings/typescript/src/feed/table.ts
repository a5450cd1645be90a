// The status of every leaf of a state, and the root of the status tree over them (spec 06 §6, 22 §2).

import { need } from "../errors.js";
import { leafHash } from "../hash.js";
import { FOLLOWED_LEAVES_MAX, STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES } from "../limits.js";
import { chunkLeaf } from "../state/status.js";
import { readRuns, writeChanges } from "./changes.js";
import { raised, topOf, type Levels } from "./levels.js";

/** Two bits for each leaf of a state; it never changes, the next one is made of it. */
export class StatusTable {
  /** The status tree, but for the chunks that are dirty. */
  #levels: Levels;
  #dirty: ReadonlySet<number>;

  private constructor(
    /** Leaves of the state. */
    readonly size: number,
    private readonly bits: Uint8Array,
    levels: Levels,
    dirty: ReadonlySet<number>,
  ) {
    this.#levels = levels;
    this.#dirty = dirty;
  }

  /** That of a state without leaves. */
  static readonly EMPTY = new StatusTable(0, new Uint8Array(), [], new Set());

  /** The status of a leaf; nothing if the state has none at this index. */
  get(index: bigint): number | undefined {
    return index >= 0n && index < BigInt(this.size) ? read(this.bits, Number(index)) : undefined;
  }

  /** Leaves whose status is not 0, in order, each with its status. */
  *listed(): Generator<readonly [number, number]> {
    for (let at = 0; at < this.bits.length; at++) {
      if (this.bits[at] === 0) continue;
      for (let index = 4 * at; index < 4 * at + 4; index++) {
        const status = read(this.bits, index);
        if (status !== 0) yield [index, status];
      }
    }
  }

  /** The whole table, as changes to one in which every status is 0. */
  whole(): Uint8Array {
    return writeChanges(this.listed());
  }

  /**
   * This table after changes, over a state of so many leaves. Throws `too_many` for more than are followed,
   * `malformed` and `not_canonical` as spec 22 §2 says, `malformed` also for fewer than there were.
   */
  changed(leaves: bigint, changes: Uint8Array): StatusTable {
    need(leaves <= BigInt(FOLLOWED_LEAVES_MAX), "too_many");
    const size = Number(leaves);
    need(size >= this.size, "malformed", "leaves do not go");
    const count = chunksOf(size);
    const bits = new Uint8Array(count * STATUS_CHUNK_BYTES);
    bits.set(this.bits);
    const dirty = new Set(this.#dirty);
    for (let chunk = chunksOf(this.size); chunk < count; chunk++) dirty.add(chunk);
    for (const { first, length, status } of readRuns(changes, size)) {
      for (let index = first; index < first + length; index++) {
        need(read(bits, index) !== status, "not_canonical", "the status that it has");
        write(bits, index, status);
      }
      const last = Math.floor((first + length - 1) / STATUS_CHUNK_INDEXES);
      for (let chunk = Math.floor(first / STATUS_CHUNK_INDEXES); chunk <= last; chunk++) dirty.add(chunk);
    }
    return new StatusTable(size, bits, this.#levels, dirty);
  }

  /** The root of the status tree; what did not change since it was last asked for is not hashed again. */
  async root(): Promise<Uint8Array> {
    if (this.#dirty.size > 0) {
      const leaf = (chunk: number): Promise<Uint8Array> => {
        const start = chunk * STATUS_CHUNK_BYTES;
        return leafHash(chunkLeaf(chunk, this.bits.subarray(start, start + STATUS_CHUNK_BYTES)));
      };
      this.#levels = await raised(this.#levels, chunksOf(this.size), this.#dirty, leaf);
      this.#dirty = new Set();
    }
    return topOf(this.#levels);
  }
}

/** How many chunks the status tree over so many leaves has. */
function chunksOf(size: number): number {
  return Math.ceil(size / STATUS_CHUNK_INDEXES);
}

function read(bits: Uint8Array, index: number): number {
  return ((bits[index >> 2] ?? 0) >> (2 * (index & 3))) & 3;
}

function write(bits: Uint8Array, index: number, status: number): void {
  const [at, shift] = [index >> 2, 2 * (index & 3)];
  bits[at] = ((bits[at] ?? 0) & ~(3 << shift)) | (status << shift);
}
