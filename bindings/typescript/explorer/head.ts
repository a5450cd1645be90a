// The tree head that this browser holds. It goes forward by what is verified here, and never back.

import * as remit from "../src/index.js";
import { NotProved, prove, why } from "./errors.js";
import type { Tiles } from "./tiles.js";

/** Heads that are remembered, the newest of them. */
export const HEADS_MAX = 512;

/** Whose signatures count, and why. */
export interface Trusted {
  readonly trust: remit.Trust;
  /** Of the one log whose notes count here, also where a policy trusts several. */
  readonly origin: string;
  readonly ledger: Uint8Array;
  /** In milliseconds. */
  readonly skew: bigint;
}

/** A head with the note that says it. */
export interface Head extends remit.TreeHead {
  readonly note: string;
}

/** What is wrong with the ledger as a whole, with the notes that show it. */
export interface Alarm {
  readonly why: string;
  readonly notes: readonly string[];
}

/** What was found wrong with the ledger as a whole. */
export class Alarmed extends NotProved {
  constructor(readonly alarm: Alarm) {
    super(alarm.why);
  }
}

/** Every head that was verified, and the edge to which the feed's entries are appended. */
export class Heads {
  /** What was found wrong; it stays. */
  readonly alarms: Alarm[] = [];
  /** Called when the newest head or an alarm changes. */
  changed: () => void = () => {};
  readonly #roots = new Map<bigint, Uint8Array>();
  #newest: Head;
  /** Verified by a note. */
  #edge: remit.Edge = remit.EMPTY_EDGE;
  /** As far as entries have come behind it. */
  #grown: remit.Edge = remit.EMPTY_EDGE;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly trusted: Trusted,
    private readonly tiles: Tiles,
    first: Head,
  ) {
    this.#newest = first;
    this.#roots.set(first.size, first.root);
  }

  /**
   * Begins with the checkpoint that the server shows; where this browser held a head before, that is an extension of
   * it.
   * Throws with an alarm's reason.
   */
  static async begin(
    trusted: Trusted,
    tiles: Tiles,
    note: string,
    held: Head | undefined,
    now = Date.now,
  ): Promise<Heads> {
    const shown = { ...(await accepted(trusted, note, now())), note };
    prove(shown.size > 0n, "the log is empty");
    const heads = new Heads(trusted, tiles, held ?? shown);
    if (held !== undefined) {
      const older = shown.size < held.size;
      prove(!older, `the server shows ${shown.size} entries, and this browser has seen ${held.size}`);
      await heads.agree(note, now);
    }
    const edge = await tiles.edge(shown.size);
    prove(
      remit.equal(await remit.rootOf(edge), shown.root),
      "the tiles of the log do not lead to the signed root",
    );
    heads.#edge = heads.#grown = edge;
    return heads;
  }

  get newest(): Head {
    return this.#newest;
  }

  /** Size to which the feed has come. */
  get reached(): bigint {
    return this.#grown.size;
  }

  /** How many heads were verified. */
  get count(): number {
    return this.#roots.size;
  }

  /** Whether a head of this size was verified. */
  has(size: bigint): boolean {
    return this.#roots.has(size);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Requires that a note is signed, and of one history with every head that is held. Answers with its head. */
  agree(note: string, now = Date.now): Promise<Head> {
    return this.#inTurn(async () => {
      const head = await this.#accept(note, now());
      await this.#place(head);
      return head;
    });
  }

  /** Requires that a head which a page of this browser has verified is of one history with every other. */
  agreeHeld(head: Head): Promise<void> {
    return this.#inTurn(() => this.#place(head));
  }

  async #accept(note: string, now: number): Promise<Head> {
    try {
      return { ...(await accepted(this.trusted, note, now)), note };
    } catch (error) {
      return this.#raise(`a checkpoint is not one of this log: ${why(error)}`, note);
    }
  }

  async #place(head: Head): Promise<void> {
    const known = this.#roots.get(head.size);
    if (known !== undefined) {
      if (!remit.equal(known, head.root)) this.#raise("the log shows two histories of one size", head.note);
      return;
    }
    const [older, newer] = head.size < this.#newest.size ? [head, this.#newest] : [this.#newest, head];
    const path = await this.tiles.consistency(older.size, newer.size);
    if (!(await remit.verifyConsistency(older, newer, path))) {
      this.tiles.forget();
      const sizes = `of ${older.size} and of ${newer.size} entries`;
      this.#raise(`two signed heads, ${sizes}, are not shown to be of one history`, head.note);
    }
    this.#keep(head);
  }

  #keep(head: Head): void {
    this.#roots.set(head.size, head.root);
    if (head.size > this.#newest.size) {
      this.#newest = head;
      this.changed();
    }
    for (const size of this.#roots.keys()) {
      if (this.#roots.size <= HEADS_MAX) break;
      if (size !== this.#newest.size) this.#roots.delete(size);
    }
  }

  /**
   * Appends entries from `from` on. With a note, the root over all of them must be the one that it signs, which shows
   * that they are in the log, and that it only grew.
   */
  append(
    from: bigint,
    entries: readonly Uint8Array[],
    note: string | undefined,
    now = Date.now,
  ): Promise<Head | undefined> {
    return this.#inTurn(async () => {
      prove(from === this.#grown.size, `the feed goes on at ${from} and not at ${this.#grown.size}`);
      try {
        let edge = this.#grown;
        for (const entry of entries) {
          edge = await remit.grown(edge, await remit.leafHash(entry));
          const known = this.#roots.get(edge.size);
          if (known !== undefined && !remit.equal(known, await remit.rootOf(edge)))
            this.#raise(`the feed's first ${edge.size} entries are not those of the signed head`, note);
        }
        this.#grown = edge;
        if (note === undefined) return undefined;
        const head = await this.#accept(note, now());
        const same = head.size === edge.size && remit.equal(head.root, await remit.rootOf(edge));
        if (!same) this.#raise("the feed's entries do not lead to the head that it shows", note);
        // Whatever was held up to this size was passed on the way, and compared.
        if (head.size < this.#newest.size) await this.#place(head);
        else this.#keep(head);
        this.#edge = edge;
        return head;
      } catch (error) {
        this.#grown = this.#edge;
        throw error;
      }
    });
  }

  #raise(reason: string, note: string | undefined): never {
    const notes = [this.#newest.note, ...(note === undefined ? [] : [note])];
    const alarm = { why: reason, notes };
    this.alarms.push(alarm);
    this.changed();
    throw new Alarmed(alarm);
  }
}

async function accepted({ trust, origin, skew }: Trusted, note: string, now: number): Promise<remit.TreeHead> {
  try {
    const checkpoint = await remit.accept(trust, remit.utf8(note), BigInt(now), skew);
    prove(checkpoint.origin === origin, OTHER_LOG);
    return checkpoint;
  } catch (error) {
    if (error instanceof remit.AcceptError) throw new NotProved(NOTE_WORDS[error.variant] ?? error.message);
    throw error;
  }
}

const OTHER_LOG = "it is of another log";

/** What is wrong with a note, by the variants of spec 08 §7. */
const NOTE_WORDS: Readonly<Record<string, string>> = {
  UnknownOrigin: OTHER_LOG,
  NoLogSignature: "the trusted key of the log has not signed it",
  LogSignature: "the log's signature is false",
  Cosignature: "a witness's signature is false",
  Quorum: "too few of the trusted witnesses have seen it",
  Clock: "it is from the future, by this computer's clock",
};
