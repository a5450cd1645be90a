// Small parts of pages: links, keys, times, sections.

import { foreign, h, type Child } from "../ui/dom.js";
import * as words from "../ui/words.js";
import * as remit from "../src/index.js";
import { didOf } from "./did.js";

/** An id in short. */
export function short(hex: string): string {
  return `${hex.slice(0, 8)}…${hex.slice(-4)}`;
}

/** A link to the page of something with an id. */
export function idLink(what: "token" | "party" | "unit", id: string, text?: string): HTMLElement {
  const shown = text === undefined ? short(id) : foreign(text);
  return h(
    "a",
    { href: `#/${what}/${id}`, class: text === undefined ? "mono" : undefined, title: id },
    shown,
  );
}

/** An operation that has no page of its own: a link to the search for its id. */
export function foundLink(id: string): HTMLElement {
  return h("a", { href: `#/search?id=${id}`, class: "mono", title: id }, short(id));
}

/** A link to an entry. */
export function entryLink(index: bigint): HTMLElement {
  return h("a", { href: `#/entry/${index}` }, `entry ${index}`);
}

/** A key, which leads to what it did. */
export function keyLink(key: Uint8Array): HTMLElement {
  const did = didOf(key);
  const shown = `${did.slice(8, 16)}…${did.slice(-4)}`;
  const label = `key ${shown}, what it did`;
  return h("a", { href: `#/search?agent=${did}`, class: "mono", title: did, "aria-label": label }, shown);
}

/** An instant, and how long ago. */
export function time(ms: bigint): HTMLElement {
  const valid = ms <= 8_640_000_000_000_000n;
  const datetime = valid ? new Date(Number(ms)).toISOString() : undefined;
  const ago = words.relative(ms - (ms % 1000n), BigInt(Math.floor(Date.now() / 1000)) * 1000n);
  return h("time", { datetime, title: ago }, words.instant(ms));
}

/** A part of a page under a heading. */
export function section(title: Child, ...children: readonly Child[]): HTMLElement {
  return h("section", {}, h("h2", {}, title), ...children);
}

/** What is said softly. */
export function soft(...children: readonly Child[]): HTMLElement {
  return h("p", { class: "soft" }, ...children);
}

/** A button that does something. */
export function button(text: string, press: () => void, kind = "plain"): HTMLButtonElement {
  const element = h("button", { type: "button", class: kind }, text) as HTMLButtonElement;
  element.addEventListener("click", press);
  return element;
}

/** The standing of a token's leaf in a word. */
export function standingWord(leaf: remit.LeafOf<"token">): HTMLElement {
  const mask = (leaf.mask & 1) === 1 ? "frozen" : "suspended";
  const word = leaf.life !== "live" ? leaf.life : leaf.mask !== 0 ? mask : "live";
  const expired = word === "live" && BigInt(Date.now()) >= 1000n * leaf.body.expires;
  const shown = expired ? "expired" : word;
  return h("span", { class: `badge ${shown === "live" ? "good" : "bad"}` }, shown);
}

/** Who suspends a leaf, by the bits of its mask (spec 06 §1). */
export function suspenders(mask: number): string {
  const bits = Array.from({ length: 16 }, (_, bit) => bit).filter((bit) => (mask >> bit) & 1);
  const names = bits.map((bit) => ["the operators", "the issuer"][bit] ?? `the holder of link ${bit - 1}`);
  return names.join(", ");
}

/** A button that asks once more. */
export function confirmed(text: string, question: string, then: () => void): HTMLElement {
  const place = h("p");
  const ask = button(text, () => {
    const yes = button("Yes", then);
    place.replaceChildren(
      `${question} `,
      yes,
      " ",
      button("No", () => place.replaceChildren(ask)),
    );
    yes.focus();
  });
  place.append(ask);
  return place;
}
