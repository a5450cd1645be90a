// A token's tree: those above it, itself, and those below it, each with its budgets.

import { h, type Child } from "../ui/dom.js";
import { counted, fact, said, standingWords, type Shown } from "./badge.js";
import { smallBar } from "./bars.js";
import { prove, why } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { button, idLink, keyLink, short, standingWord } from "./parts.js";
import { childrenOf, purses, type Standing } from "./standing.js";

/** The tree around a token whose standing is proved. */
export function drawTree(ledger: Ledger, { links, issuer, self }: Standing): HTMLElement {
  const top = h("li", { class: "issuer" }, "Issuer ", idLink("party", hexOf(issuer.id), issuer.body.name));
  let inner = node(ledger, self.id, links.at(-2)?.id, true);
  for (const link of [...links].reverse().slice(1)) {
    const parent = links[links.indexOf(link) - 1]?.id;
    const above = node(ledger, link.id, parent, false);
    above.append(h("ul", {}, inner));
    inner = above;
  }
  top.append(h("ul", {}, inner));
  return h("ul", { class: "tree" }, top);
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function drawn(ledger: Ledger, id: string, parent: string | undefined, self: boolean): Promise<Shown> {
  const { at, purses: found } = await purses(ledger, id);
  const right = parent === undefined || at.links.at(-2)?.id === parent;
  prove(right, "it is not a child of that token: its leaf names another parent");
  const { leaf, token } = at.self;
  const name = self ? h("strong", {}, "This token ", short(id)) : idLink("token", id);
  const carved = token.origin.mode === "logged" && found.some(({ budget }) => budget?.share === "carved");
  return {
    content: [
      h(
        "p",
        {},
        name,
        " ",
        standingWord(leaf),
        " held by ",
        keyLink(leaf.body.holder),
        carved ? ", carved out" : "",
      ),
      found.map(smallBar),
    ],
    how: [
      standingWords(at.size),
      "Its counters hash to the digest in its leaf; its sealed budgets to that in its signed claims.",
      parent === undefined
        ? "It is a root: its leaf's parent is the issuer's."
        : "Its leaf's parent is the token above.",
    ],
  };
}

/** One token with a button that shows those below it. */
function node(ledger: Ledger, id: string, parent: string | undefined, open: boolean): HTMLElement {
  const content = fact(`token ${short(id)}`, () => drawn(ledger, id, parent, open));
  const below = h("div", { class: "below" });
  const label = `tokens below ${short(id)}`;
  const toggle = button("▸", () => void turn(toggle.getAttribute("aria-expanded") !== "true"), "toggle");
  toggle.setAttribute("aria-label", label);
  const turn = async (show: boolean): Promise<void> => {
    toggle.setAttribute("aria-expanded", String(show));
    toggle.textContent = show ? "▾" : "▸";
    below.hidden = !show;
    if (show && below.childElementCount === 0) await counted(() => more(ledger, id, undefined, below));
  };
  const item = h("li", {}, h("div", { class: "node" }, toggle, content), below);
  void turn(open);
  return item;
}

/** Adds a page of children. */
async function more(
  ledger: Ledger,
  id: string,
  after: bigint | undefined,
  below: HTMLElement,
): Promise<void> {
  let shown: Child;
  try {
    const { ids, next } = await childrenOf(ledger, id, after);
    const items = ids.map((child) => node(ledger, child, id, false));
    const on =
      next === undefined
        ? undefined
        : button("More", () => void counted(() => more(ledger, id, next, below)));
    on?.addEventListener("click", () => on.remove());
    const none = ids.length === 0 && after === undefined;
    const claim = none ? "none, " : "that these are all is ";
    const words =
      "Each token here is proved by itself. That none is left out is not: only a replay of the log proves that.";
    shown = [
      items.length > 0 ? h("ul", {}, items) : undefined,
      after === undefined
        ? h("p", { class: "soft" }, claim, said(`the list of tokens below ${short(id)}`, words))
        : undefined,
      on,
    ];
  } catch (error) {
    shown = h("p", { class: "soft" }, `Not shown: ${why(error)}.`);
  }
  below.append(h("div", {}, shown));
}
