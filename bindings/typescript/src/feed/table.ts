// The status of every leaf of a state, and the root of the status tree over them (spec 06 §6, 22 §2).

import { need } from "../errors.js";
import { emptyRoot, leafHash, nodeHash } from "../hash.js";
import { FOLLOWED_LEAVES_MAX, STATUS_CHUNK_BYTES, STATUS_CHUNK_INDEXES } from "../limits.js";
import { chunkLeaf } from "../state/status.js";
import { readRuns, writeChanges } from "./changes.js";

/** Two bits for each leaf of a state; it never changes, the next one is made of it. */
export class StatusTable {
  private constructor(
    /** Leaves of the state. */
    readonly size: number,
    private readonly bits: Uint8Array,
    /** Leaf hashes of the status tree. */
    private readonly hashes: readonly Uint8Array[],
  ) {}

  /** That of a state without leaves. */
  static readonly EMPTY = new StatusTable(0, new Uint8Array(), []);

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
  async changed(leaves: bigint, changes: Uint8Array): Promise<StatusTable> {
    need(leaves <= BigInt(FOLLOWED_LEAVES_MAX), "too_many");
    const size = Number(leaves);
    need(size >= this.size, "malformed", "leaves do not go");
    const count = Math.ceil(size / STATUS_CHUNK_INDEXES);
    const bits = new Uint8Array(count * STATUS_CHUNK_BYTES);
    bits.set(this.bits);
    const dirty = new Set<number>();
    for (let chunk = this.hashes.length; chunk < count; chunk++) dirty.add(chunk);
    for (const { first, length, status } of readRuns(changes, size)) {
      for (let index = first; index < first + length; index++) {
        need(read(bits, index) !== status, "not_canonical", "the status that it has");
        write(bits, index, status);
      }
      const last = Math.floor((first + length - 1) / STATUS_CHUNK_INDEXES);
      for (let chunk = Math.floor(first / STATUS_CHUNK_INDEXES); chunk <= last; chunk++) dirty.add(chunk);
    }
    const hashes = [...this.hashes];
    for (const chunk of dirty) {
      const start = chunk * STATUS_CHUNK_BYTES;
      hashes[chunk] = await leafHash(chunkLeaf(chunk, bits.subarray(start, start + STATUS_CHUNK_BYTES)));
    }
    return new StatusTable(size, bits, hashes);
  }

  /** The root of the status tree. */
  async root(): Promise<Uint8Array> {
    let level = this.hashes;
    while (level.length > 1) {
      const above: Uint8Array[] = [];
      for (let at = 0; at < level.length; at += 2) {
        const [left, right] = level.slice(at, at + 2);
        // Whoever has no neighbour is the node above: the tree of RFC 6962.
        if (left !== undefined) above.push(right === undefined ? left : await nodeHash(left, right));
      }
      level = above;
    }
    return level[0] ?? emptyRoot();
  }
}

function read(bits: Uint8Array, index: number): number {
  return ((bits[index >> 2] ?? 0) >> (2 * (index & 3))) & 3;
}

function write(bits: Uint8Array, index: number, status: number): void {
  const [at, shift] = [index >> 2, 2 * (index & 3)];
  bits[at] = ((bits[at] ?? 0) & ~(3 << shift)) | (status << shift);
}
