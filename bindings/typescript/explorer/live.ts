// The live page: entries as they are published, each proved by the head that came with it.

import { h } from "../ui/dom.js";
import { fact, filled } from "./badge.js";
import type { Arrived, Feed } from "./feed.js";
import type { Ledger } from "./ledger.js";
import { newest } from "./newest.js";
import { button, section } from "./parts.js";
import { told } from "./rows.js";

/** Rows that are shown at once, and that wait while it is paused. */
const [ROWS_MAX, WAITING_MAX] = [200, 2_000];

const STATES = {
  open: "Connected: what is published appears here.",
  waiting: "Connecting…",
  failed: "Stopped: the feed did not prove what it sent. Nothing more is taken from it.",
} as const;

/** The live page; it is told of what arrives as long as it is shown. */
export class Live {
  readonly element: HTMLElement;
  readonly #rows = h("ol", { class: "rows", id: "live" });
  readonly #state = h("p", { class: "soft", role: "status" });
  readonly #news = h("p", { class: "unseen", "aria-live": "polite" });
  readonly #pause: HTMLButtonElement;
  /** Whether commitments are shown too: an idle ledger writes one every few seconds. */
  readonly #all = h("input", { type: "checkbox", id: "all" }) as HTMLInputElement;
  #paused = false;
  #waiting: Arrived[] = [];

  constructor(
    private readonly ledger: Ledger,
    private readonly feed: Feed,
  ) {
    this.#pause = button("Pause", () => this.#turn());
    this.#pause.setAttribute("aria-pressed", "false");
    const entries = section(
      "Entries",
      this.#state,
      h("p", {}, this.#pause, " ", this.#all, h("label", { for: "all" }, " commitments too")),
      this.#news,
      this.#rows,
    );
    const before = section(
      "Just before",
      filled(() => newest(ledger)),
    );
    this.element = h("div", {}, entries, before);
    this.told([]);
  }

  #turn(): void {
    this.#paused = !this.#paused;
    this.#pause.setAttribute("aria-pressed", String(this.#paused));
    const waiting = this.#waiting;
    this.#waiting = [];
    this.told(waiting);
  }

  told(arrived: readonly Arrived[], error?: unknown): void {
    const { state } = this.feed;
    this.#state.textContent = STATES[state];
    if (this.#paused) {
      this.#waiting = [...this.#waiting, ...arrived].slice(-WAITING_MAX);
      this.#state.textContent = `Paused: ${this.#waiting.length} new.`;
    } else if (arrived.length > 0) {
      const shown = arrived.filter(({ entry }) => this.#all.checked || entry.kind !== "commitment");
      for (const each of shown.slice(-ROWS_MAX)) this.#rows.prepend(this.#row(each));
      const { size } = this.ledger.heads.newest;
      if (shown.length > 0) this.#news.textContent = `${shown.length} new, the log has ${size} entries.`;
    }
    if (error !== undefined)
      this.#rows.prepend(fact("what the feed sent", () => Promise.reject(error), "li"));
    while (this.#rows.childElementCount > ROWS_MAX) this.#rows.lastElementChild?.remove();
  }

  #row(arrived: Arrived): HTMLElement {
    const { index, size } = arrived;
    const check = async () => {
      const { content, how } = await told(this.ledger, arrived);
      const head = `the root of the signed head of ${size} entries`;
      const grown = `Appended to the tree that this browser held, it led to ${head}.`;
      return { content, how: [grown, ...how.slice(1)] };
    };
    const row = fact(`entry ${index}`, check, "li");
    row.classList.add("row");
    return row;
  }
}
