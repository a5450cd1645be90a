// The live feed: entries as they are published, appended to the edge that is held, until the root is the signed one.

import * as remit from "../src/index.js";
import { prove } from "./errors.js";
import type { Heads } from "./head.js";
import { countIn, fieldOf, listIn, needed, textIn } from "./server.js";

/** Characters of one event. */
export const EVENT_CHARACTERS_MAX = 16 << 20;
/** In milliseconds: between two attempts to reach the server, at first and at most. */
const [PAUSE_FIRST, PAUSE_MAX] = [500, 30_000];

/** Entries that wait for the head that proves them, the newest of them: more are shown nowhere. */
export const WAITING_MAX = 2_000;

/** One event. */
export interface News {
  readonly from: bigint;
  readonly size: bigint;
  readonly entries: readonly Uint8Array[];
  /** Missing where more entries follow before the next signed head. */
  readonly note: string | undefined;
}

/** An entry that was proved by the event that brought it. */
export interface Arrived {
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly entry: remit.Entry;
  readonly size: bigint;
}

/** Reads an event. */
export function readNews(data: string): News {
  prove(data.length <= EVENT_CHARACTERS_MAX, "an event of the feed is too long");
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    json = undefined;
  }
  const [from, size] = [needed(countIn(json, "from"), "from"), needed(countIn(json, "size"), "size")];
  const entries = listIn(json, "entries").map((entry) =>
    needed(typeof entry === "string" ? remit.fromBase64(entry) : undefined, "entry in base64"),
  );
  prove(
    from + BigInt(entries.length) === size,
    "an event of the feed has more or fewer entries than it says",
  );
  const note = textIn(json, "checkpoint");
  prove(note !== undefined || fieldOf(json, "checkpoint") === undefined, "the checkpoint is no text");
  return { from, size, entries, note };
}

/** How it stands with the feed. */
export type FeedState = "open" | "waiting" | "failed";

/** Follows a log. After something that is not proved it stops. */
export class Feed {
  state: FeedState = "waiting";
  /** Called with what a signed head has proved, with a failure, and when the state changes. */
  told: (arrived: readonly Arrived[], error?: unknown) => void = () => {};
  #source: EventSource | undefined;
  #pause = PAUSE_FIRST;
  #waiting: Arrived[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly heads: Heads,
    private readonly open: (path: string) => EventSource = (path) => new EventSource(path),
  ) {}

  start(): void {
    this.#source?.close();
    const source = this.open(`/v1/feed?from=${this.heads.reached}`);
    this.#source = source;
    source.addEventListener("open", () => {
      this.#pause = PAUSE_FIRST;
      this.#become("open");
    });
    source.addEventListener("head", (event) => {
      this.#turn = this.#turn.then(() => this.take(String(event.data), source));
    });
    source.addEventListener("error", () => this.#again());
  }

  #again(): void {
    this.#source?.close();
    if (this.state === "failed") return;
    this.#become("waiting");
    setTimeout(() => this.start(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, PAUSE_MAX);
  }

  #become(state: FeedState): void {
    if (this.state === state) return;
    this.state = state;
    this.told([]);
  }

  /** Takes one event of a source; one that does not go on where this browser is, is asked for anew. */
  async take(data: string, source?: EventSource): Promise<void> {
    if (source !== undefined && source !== this.#source) return;
    try {
      const news = readNews(data);
      if (news.from !== this.heads.reached) {
        this.#waiting = [];
        if (source !== undefined) this.#again();
        return;
      }
      const head = await this.heads.append(news.from, news.entries, news.note);
      const size = news.size;
      news.entries.forEach((bytes, at) =>
        this.#waiting.push({ index: news.from + BigInt(at), bytes, entry: remit.decodeEntry(bytes), size }),
      );
      this.#waiting = this.#waiting.slice(-WAITING_MAX);
      if (head === undefined) return;
      const arrived = this.#waiting.map((each) => ({ ...each, size: head.size }));
      this.#waiting = [];
      this.told(arrived);
    } catch (error) {
      this.#waiting = [];
      this.#source?.close();
      this.state = "failed";
      this.told([], error);
    }
  }
}
