// The record of what was served (spec 20 §5, step 8): each invocation, and each request that approvers said
// yes to, once.

import { hex } from "../bytes.js";
import { need } from "../errors.js";
import { APPROVAL_VALIDITY_MAX, INVOCATION_VALIDITY_MAX } from "../limits.js";
import { greatest, millis, saturating } from "../numbers.js";
import type { Unrecorded } from "./decide.js";

/** Where it is recorded what is served. A durable one is stored and synced before `take` resolves. */
export interface ServedRecord {
  /** Whether it outlives this process. */
  readonly durable: boolean;
  /**
   * Records what is to be served at `now`, in milliseconds. Throws `served_before`, `before_start` or
   * `no_record`.
   */
  take(entry: Unrecorded, now: bigint): Promise<void>;
}

/** An id that was served, and from when on nobody can show it any more, in milliseconds. */
export interface Row {
  readonly id: string;
  readonly root: string;
  readonly until: bigint;
}

/** Ids that are kept at one time. */
export const RECORDS_MAX = 262_144;
/** Ids of the tokens below one root: nobody takes all the room. */
export const RECORDS_OF_ROOT_MAX = RECORDS_MAX / 4;

/** The rows of what is to be served. */
export function rowsOf(entry: Unrecorded, now: bigint, skew: bigint): Row[] {
  const root = hex(entry.root);
  const row = (id: Uint8Array, until: bigint): Row => ({
    id: hex(id),
    root,
    until: saturating(until + 2n * skew),
  });
  const invocation = row(entry.id, millis(entry.validUntil));
  if (entry.request === undefined) return [invocation];
  return [invocation, row(entry.request, now + 1000n * BigInt(APPROVAL_VALIDITY_MAX))];
}

/** All rows that still count, bounded in all and for each root. */
export class Book {
  readonly #rows = new Map<string, Row>();
  readonly #roots = new Map<string, number>();
  /** Whatever counted until here may have been forgotten. */
  #forgotten: bigint;
  #latest = 0n;
  #swept = 0n;

  constructor(
    forgotten: bigint,
    private readonly room = RECORDS_MAX,
    private readonly roomOfRoot = RECORDS_OF_ROOT_MAX,
  ) {
    this.#forgotten = forgotten;
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** All rows. */
  rows(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Requires that rows may be recorded at `now`: all of them or none. */
  check(rows: readonly Row[], now: bigint): void {
    this.#forget(now);
    need(!rows.some((row) => this.#rows.has(row.id)), "served_before");
    need(!rows.some((row) => row.until <= this.#forgotten), "before_start");
    const ofRoot = this.#roots.get(rows[0]?.root ?? "") ?? 0;
    need(
      this.#rows.size + rows.length <= this.room && ofRoot + rows.length <= this.roomOfRoot,
      "no_record",
      "no room",
    );
  }

  /** Takes rows that were checked, or read back. */
  insert(rows: readonly Row[]): void {
    for (const row of rows) {
      if (!this.#rows.has(row.id)) this.#roots.set(row.root, (this.#roots.get(row.root) ?? 0) + 1);
      this.#rows.set(row.id, row);
    }
  }

  /** Takes rows out again that could not be stored: they were not served. */
  remove(rows: readonly Row[]): void {
    for (const row of rows) {
      if (!this.#rows.delete(row.id)) continue;
      const left = (this.#roots.get(row.root) ?? 1) - 1;
      if (left === 0) this.#roots.delete(row.root);
      else this.#roots.set(row.root, left);
    }
  }

  /**
   * Drops what nobody can show any more, now and then. A clock that goes back finds `forgotten`, and no gap.
   */
  #forget(now: bigint): void {
    this.#latest = greatest(this.#latest, now);
    if (this.#rows.size < this.room && this.#latest < this.#swept + 1000n) return;
    this.#swept = this.#latest;
    const over = [...this.#rows.values()].filter((row) => row.until <= this.#latest);
    this.#forgotten = over.reduce((most, row) => greatest(most, row.until), this.#forgotten);
    this.remove(over);
  }
}

/**
 * A record that a restart forgets: it serves nobody for its first minute, and nothing that approvals travel
 * with. Only where
 * the policy says `record = "memory"`.
 */
export class MemoryRecord implements ServedRecord {
  readonly durable = false;
  readonly #book: Book;

  constructor(
    /** When this service began, in milliseconds. */
    start: bigint,
    /** The policy's skew, in milliseconds. */
    private readonly skew: bigint,
    room?: number,
    roomOfRoot?: number,
  ) {
    // What is valid until then, and 2 skews more, may have been served before.
    const last = start + 1000n * BigInt(INVOCATION_VALIDITY_MAX) + 2n * skew;
    this.#book = new Book(last + 2n * skew, room, roomOfRoot);
  }

  async take(entry: Unrecorded, now: bigint): Promise<void> {
    need(entry.request === undefined, "no_record", "approvals are good for longer than this remembers");
    const rows = rowsOf(entry, now, this.skew);
    this.#book.check(rows, now);
    this.#book.insert(rows);
  }
}
