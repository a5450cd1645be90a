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
  /** Whether it is of a request of approval. */
  readonly request: boolean;
}

/** Until when nothing is known of what was served, in milliseconds: of invocations, and of requests. */
export interface Forgotten {
  readonly invocations: bigint;
  readonly requests: bigint;
}

/** Ids that are kept at one time. */
export const RECORDS_MAX = 262_144;
/** Ids of the tokens below one root: nobody takes all the room. */
export const RECORDS_OF_ROOT_MAX = RECORDS_MAX / 4;
/** The part of either that requests of approval have, which stay for a week. */
const REQUESTS_PART = 4;

/** Until when an invocation may count that was served before `start`: by a clock that may have been ahead. */
export function inDoubt(start: bigint, skew: bigint): bigint {
  return start + 1000n * BigInt(INVOCATION_VALIDITY_MAX) + 4n * skew;
}

/** The rows of what is to be served. */
export function rowsOf(entry: Unrecorded, now: bigint, skew: bigint): Row[] {
  const root = hex(entry.root);
  const row = (id: Uint8Array, until: bigint, request: boolean): Row => ({
    id: hex(id),
    root,
    until: saturating(until + 2n * skew),
    request,
  });
  const invocation = row(entry.id, millis(entry.validUntil), false);
  if (entry.request === undefined) return [invocation];
  return [invocation, row(entry.request, now + 1000n * BigInt(APPROVAL_VALIDITY_MAX), true)];
}

/** All rows that still count, bounded in all and for each root; requests of approval have a room of their own. */
export class Book {
  readonly #rows = new Map<string, Row>();
  readonly #counts = new Map<string, number>();
  #forgotten: Forgotten;
  #swept: bigint | undefined;

  constructor(
    forgotten: Forgotten,
    private readonly room = RECORDS_MAX,
    private readonly roomOfRoot = RECORDS_OF_ROOT_MAX,
  ) {
    this.#forgotten = forgotten;
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** Until when rows may have been forgotten. */
  get forgotten(): Forgotten {
    return this.#forgotten;
  }

  /** All rows. */
  rows(): Iterable<Row> {
    return this.#rows.values();
  }

  /** Requires that rows may be recorded at `now`: all of them or none. */
  check(rows: readonly Row[], now: bigint): void {
    this.#forget(now);
    const { invocations, requests } = this.#forgotten;
    need(!rows.some((row) => this.#rows.has(row.id)), "served_before");
    need(!rows.some((row) => row.until <= (row.request ? requests : invocations)), "before_start");
    for (const row of rows) {
      const part = row.request ? REQUESTS_PART : 1;
      const full = this.#count(row, "") >= Math.floor(this.room / part);
      const fullOfRoot = this.#count(row, row.root) >= Math.floor(this.roomOfRoot / part);
      need(!full && !fullOfRoot, "no_record", "no room");
    }
  }

  /** Takes rows that were checked, or read back. */
  insert(rows: readonly Row[]): void {
    for (const row of rows) {
      if (!this.#rows.has(row.id)) this.#add(row, 1);
      this.#rows.set(row.id, row);
    }
  }

  /** Takes what is over as forgotten. */
  forget(rows: readonly Row[]): void {
    const most = (request: boolean, begin: bigint): bigint =>
      rows
        .filter((row) => row.request === request)
        .reduce((latest, row) => greatest(latest, row.until), begin);
    const { invocations, requests } = this.#forgotten;
    this.#forgotten = { invocations: most(false, invocations), requests: most(true, requests) };
    for (const row of rows) if (this.#rows.delete(row.id)) this.#add(row, -1);
  }

  /** Rows of its kind: of a root, or without one of all. */
  #count({ request }: Row, root: string): number {
    return this.#counts.get(`${request} ${root}`) ?? 0;
  }

  #add(row: Row, more: number): void {
    for (const root of ["", row.root]) {
      const count = this.#count(row, root) + more;
      if (count === 0) this.#counts.delete(`${row.request} ${root}`);
      else this.#counts.set(`${row.request} ${root}`, count);
    }
  }

  /**
   * Drops what nobody can show any more, now and then. A clock that goes back finds `forgotten`, and no gap.
   */
  #forget(now: bigint): void {
    const since = this.#swept === undefined ? 1000n : now - this.#swept;
    if (this.#rows.size < this.room && since >= 0n && since < 1000n) return;
    this.#swept = now;
    this.forget([...this.#rows.values()].filter((row) => row.until <= now));
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
    this.#book = new Book({ invocations: inDoubt(start, skew), requests: 0n }, room, roomOfRoot);
  }

  async take(entry: Unrecorded, now: bigint): Promise<void> {
    need(entry.request === undefined, "no_record", "approvals are good for longer than this remembers");
    const rows = rowsOf(entry, now, this.skew);
    this.#book.check(rows, now);
    this.#book.insert(rows);
  }
}
