// Badges: what came out of a check that this browser made itself. Nothing is shown as proved before the check has
// passed, and what was not proved is not shown at all.

import { h, sign, type Child } from "../ui/dom.js";
import { NoAnswer, why } from "./errors.js";
import { button, soft } from "./parts.js";

/** What a badge can say. */
export type State = "checking" | "proved" | "failed" | "said" | "unanswered";

const WORDS: Readonly<Record<State, readonly [string, string]>> = {
  checking: ["…", "checking"],
  proved: ["✓", "proved"],
  failed: ["✕", "NOT PROVED"],
  said: ["◌", "the server's word"],
  unanswered: ["–", "not shown"],
};

let pending = 0;

/** Says in the document how many checks are still running. */
function count(by: number): void {
  pending += by;
  document.documentElement.dataset.checking = String(pending);
}

/** Runs a check that no badge shows yet. */
export async function counted<T>(step: () => Promise<T>): Promise<T> {
  count(1);
  try {
    return await step();
  } finally {
    count(-1);
  }
}

/** A badge: a word, a sign and a colour; it opens to say how. */
export class Badge {
  readonly element: HTMLElement;
  readonly #summary = h("summary");
  readonly #how = h("div", { class: "how" });

  /** A badge of `what`, which is read out beside its word. */
  constructor(private readonly what: string) {
    this.element = h("details", { class: "proof" }, this.#summary, this.#how);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.element.removeAttribute("open");
      this.#summary.focus();
    });
    this.set("checking", "The check has not ended.");
  }

  set(state: State, ...how: readonly Child[]): void {
    const [mark, word] = WORDS[state];
    this.element.className = `proof ${state}`;
    this.element.dataset.state = state;
    const reason = state === "failed" ? [": ", h("span", { class: "why" }, how[0])] : undefined;
    this.#summary.replaceChildren(
      sign(mark),
      h("span", {}, word, reason),
      h("span", { class: "unseen" }, `: ${this.what}`),
    );
    this.#how.replaceChildren(...how.map((line) => h("p", {}, line)));
  }

  /** What an error makes of it. */
  refuse(error: unknown): void {
    if (!(error instanceof NoAnswer)) return this.set("failed", why(error));
    this.set("unanswered", error.message);
  }
}

/** What a fact shows, and how it was proved. */
export interface Shown {
  readonly content: Child;
  readonly how: readonly Child[];
}

/**
 * A fact with its badge. The check answers with what is to be shown; until then, and if it fails, nothing is.
 */
export function fact(what: string, check: () => Promise<Shown>, tag = "div"): HTMLElement {
  const badge = new Badge(what);
  const body = h("div", { class: "body" }, h("span", { class: "soft" }, "…"));
  // In a row the badge stands behind, else on top: it is read where it is seen.
  const parts = tag === "li" ? [body, badge.element] : [badge.element, body];
  const element = h(tag, { class: "fact" }, parts);
  void settle(badge, body, check);
  return element;
}

/** Runs a check, and shows in `body` and badge what came out. */
export async function settle(badge: Badge, body: HTMLElement, check: () => Promise<Shown>): Promise<void> {
  count(1);
  try {
    const { content, how } = await check();
    body.replaceChildren(h("div", {}, content));
    badge.set("proved", ...how);
  } catch (error) {
    body.replaceChildren(h("span", { class: "soft" }, sentence(error)), " ", wayOut(error) ?? "");
    badge.refuse(error);
  } finally {
    count(-1);
  }
}

function sentence(error: unknown): string {
  if (!(error instanceof NoAnswer)) return "Not shown: what the server sent does not hold.";
  return `Not shown: ${error.message.replace(/\.$/, "")}.`;
}

/** What the reader can do about it. */
function wayOut(error: unknown): HTMLElement | undefined {
  if (!(error instanceof NoAnswer) || error.code !== "token") return undefined;
  return button("Enter a reader's token", () => {
    document.getElementById("settings")?.setAttribute("open", "");
    document.getElementById("reader")?.focus();
  });
}

/** A place for what has badges of its own, or for why there is none. */
export function filled(find: () => Promise<HTMLElement>): HTMLElement {
  const place = h("div");
  void counted(async () => {
    place.append(await find().catch((error: unknown) => soft(`Not shown: ${why(error)}.`)));
  });
  return place;
}

/** What only the server says, said so. */
export function said(what: string, ...how: readonly Child[]): HTMLElement {
  const badge = new Badge(what);
  badge.set("said", ...how);
  return badge.element;
}

/** Says how an entry was proved. */
export function inLogWords(index: bigint, size: bigint): string {
  const head = `the root of the signed head of ${size} entries`;
  return `The bytes of entry ${index} hash to a leaf that a proof leads to ${head}.`;
}

/** Says how a state leaf was proved. */
export function standingWords(size: bigint): string {
  const last = `entry ${size - 1n}, the last one under the signed head of ${size} entries`;
  return `The state leaves lead by one multiproof to the state root in ${last}.`;
}
