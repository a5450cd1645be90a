// Follows one ledger over HTTP (spec 22 §3, §5): asks, advances, keeps. It decides nothing by the
// connection: every answer proves itself, or changes nothing.

import { equal } from "../bytes.js";
import { accept } from "../c2sp/accept.js";
import { RemitError } from "../errors.js";
import { follow, FollowError, restoreFollowed, snapshot, type Followed } from "../verify/followed.js";
import { ageOf } from "../verify/open.js";
import type { Policy } from "../verify/policy.js";
import { askSince, type Fetch } from "./answer.js";

export { AnswerError, type AnswerCode, type Fetch } from "./answer.js";

/** Two notes that do not go together. */
export interface Conflict {
  /** A fork is a proof that the log signed two histories; of what is not consistent the path may be bad. */
  readonly code: "fork" | "not_consistent";
  readonly ledger: Uint8Array;
  /** The note that is followed. */
  readonly ours: Uint8Array;
  /** The other one. */
  readonly theirs: Uint8Array;
}

/** What a follower follows, and where it keeps what it knows. */
export interface FollowerOptions {
  /** Whom it trusts. */
  readonly policy: Policy;
  /** Where the ledger answers: `/v1/status` stands below it. */
  readonly url: string;
  /** Instead of the engine's own. */
  readonly fetch?: Fetch | undefined;
  /** What `save` kept last; nothing if it never kept anything. What cannot be read is to be thrown. */
  readonly load?: (() => Promise<Uint8Array | undefined>) | undefined;
  /** Keeps a snapshot in place of the last one, and answers once it is durable. */
  readonly save?: ((snapshot: Uint8Array) => Promise<void>) | undefined;
  /**
   * Keeps both notes for ever, and tells whoever runs the service. Of a fork it is called again if it throws;
   * of what is not consistent, at every poll that is.
   */
  readonly onFork?: ((conflict: Conflict) => void | Promise<void>) | undefined;
  /** Whether a fork was found before a restart, and nobody has decided what to do. */
  readonly isForked?: (() => boolean | Promise<boolean>) | undefined;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 60_000;

/** Follows one ledger: the first that it is told of and the policy names. */
export class Follower {
  #state: Followed | undefined;
  #opened = false;
  #forked = false;
  /** A fork that nobody was told of yet. */
  #untold: Conflict | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #polling: Promise<Followed> | undefined;

  constructor(private readonly options: FollowerOptions) {}

  /** What is followed; nothing before there is something, or before it was loaded. */
  get state(): Followed | undefined {
    return this.#state;
  }

  /** What is followed as `followed` of `verify`. */
  get states(): readonly Followed[] {
    return this.#state === undefined ? [] : [this.#state];
  }

  /**
   * Loads what was kept. Throws what `load` throws, or `RemitError` if it is damaged; nothing is followed
   * then.
   */
  open(): Promise<void> {
    return this.#inTurn(() => this.#open());
  }

  /**
   * Asks the ledger once, at `now` in milliseconds, after what was kept is loaded; answers with what is
   * followed then. Throws `AnswerError`, `RemitError`, `FollowError` or what `load`, `save` and `onFork`
   * throw: what was followed still is. After a fork nothing more is asked. While a poll is under way, another
   * one is that one.
   */
  poll(now: bigint): Promise<Followed> {
    this.#polling ??= this.#inTurn(() => this.#poll(now)).finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #open(): Promise<void> {
    if (this.#opened) return;
    const { load, isForked } = this.options;
    const kept = await load?.();
    const state = kept === undefined ? undefined : await restoreFollowed(kept);
    this.#forked = (await isForked?.()) ?? false;
    this.#state = state;
    this.#opened = true;
  }

  async #poll(now: bigint): Promise<Followed> {
    await this.#open();
    if (this.#untold !== undefined) await this.#tell(this.#untold);
    const ours = this.#state;
    if (this.#forked) throw new FollowError("fork", ours?.note ?? new Uint8Array());
    const { policy, url, fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS } = this.options;
    const bytes = await askSince(fetch, url, ours?.head.size ?? 0n, timeoutMs);
    const next = await this.#advance(ours, bytes, now);
    const same = ours !== undefined && next.head.size === ours.head.size;
    if (same && !(await isYounger(next, ours, policy, now))) return ours;
    const kept = snapshot(next);
    await this.options.save?.(kept);
    this.#state = next;
    return next;
  }

  async #advance(ours: Followed | undefined, bytes: Uint8Array, now: bigint): Promise<Followed> {
    try {
      return await follow(ours, bytes, this.options.policy, now);
    } catch (error) {
      if (!(error instanceof FollowError) || ours === undefined) throw error;
      const { code, note: theirs } = error;
      if (code !== "fork" && code !== "not_consistent") throw error;
      const conflict = { code, ledger: ours.ledger, ours: ours.note, theirs };
      if (code === "fork") [this.#forked, this.#untold] = [true, conflict];
      await this.#tell(conflict);
      throw error;
    }
  }

  async #tell(conflict: Conflict): Promise<void> {
    await this.options.onFork?.(conflict);
    this.#untold = undefined;
  }
}

/**
 * Whether the first of two states of one size of a log is the younger evidence: an older note of it may be
 * sent too.
 */
async function isYounger(next: Followed, ours: Followed, policy: Policy, now: bigint): Promise<boolean> {
  if (equal(next.note, ours.note)) return false;
  const age = async ({ note, commitment }: Followed): Promise<bigint> =>
    ageOf(await accept(policy.trust, note, now, policy.skew), commitment, now);
  const theirs = await age(next);
  try {
    return theirs < (await age(ours));
  } catch (error) {
    // The policy is another one now.
    if (error instanceof RemitError) return true;
    throw error;
  }
}
