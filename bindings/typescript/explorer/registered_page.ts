// The pages of parties and units: what they registered, and what the log has of them.

import { facts, foreign, h } from "../ui/dom.js";
import { fact, said, type Shown } from "./badge.js";
import { prove } from "./errors.js";
import { isApplied, type Ledger } from "./ledger.js";
import { termsOf } from "./matches.js";
import { entryLink, idLink, keyLink, section, time } from "./parts.js";
import { entryRows } from "./rows.js";
import { listIn, needed, textIn } from "./server.js";

/** Draws the page of a party. */
export function partyPage(ledger: Ledger, id: string): HTMLElement {
  const entries = fact("its entries", async () => {
    const party = await ledger.party(id, true);
    await Promise.all(party.entries.map((at) => concerns(ledger, at, id)));
    return {
      content: [
        entryRows(ledger, party.entries),
        h(
          "p",
          { class: "soft" },
          "that these are all is ",
          said(
            "the list of entries of this party",
            "Each of these is in the log. That none is left out, only a replay proves.",
          ),
        ),
      ],
      how: ["The first of them is its registration, and every one of them names it."],
    };
  });
  return h(
    "div",
    {},
    section(
      "Registration",
      fact("its registration", () => drawParty(ledger, id)),
    ),
    section("What made it what it is", entries),
    section(
      "Elsewhere",
      searches([
        ["What was spent at it", `service=${id}`],
        ["What it issued", `issuer=${id}`],
      ]),
    ),
  );
}

/** Requires that an entry took place and is of a party. */
async function concerns(ledger: Ledger, index: bigint, party: string): Promise<void> {
  const at = await ledger.entry(index);
  const names = isApplied(at) && (await termsOf(ledger, at)).service.has(party);
  prove(names, `entry ${index} has nothing to do with this party`);
}

function searches(links: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    "ul",
    { class: "plain" },
    links.map(([text, query]) => h("li", {}, h("a", { href: `#/search?${query}` }, text))),
  );
}

async function drawParty(ledger: Ledger, id: string): Promise<Shown> {
  const { name, keys, at } = await ledger.party(id);
  return {
    content: facts(
      ["Calls itself", h("strong", {}, foreign(name))],
      ["Id", h("code", { class: "wrap" }, id)],
      ["Keys then", keys.map((key) => h("span", { class: "item" }, keyLink(key)))],
      ["Registered", [time(at.entry.time), ", ", entryLink(at.index)]],
    ),
    how: [
      `Its id is that of the operation in entry ${at.index}, which is proved to be in the log.`,
      "Each of these keys signed it.",
      "Nobody vouches for the name: it is what the party calls itself.",
    ],
  };
}

/** Draws the page of a unit. */
export function unitPage(ledger: Ledger, id: string): HTMLElement {
  return h(
    "div",
    {},
    section(
      "Registration",
      fact("its registration", () => drawUnit(ledger, id)),
    ),
    section("Elsewhere", searches([["What was spent in it", `unit=${id}`]])),
  );
}

async function drawUnit(ledger: Ledger, id: string): Promise<Shown> {
  const { name, decimals, at } = await ledger.unit(id);
  return {
    content: facts(
      ["Name", h("strong", {}, foreign(name))],
      [
        "Decimals",
        `${decimals}: 1 ${name} is ${10n ** BigInt(decimals)} minor unit${decimals === 0 ? "" : "s"}`,
      ],
      ["Id", h("code", { class: "wrap" }, id)],
      ["Registered", [time(at.entry.time), ", ", entryLink(at.index)]],
    ),
    how: [
      `Its id is that of the operation in entry ${at.index}, which is proved to be in the log.`,
      "Name and decimals are in it.",
      `The operators signed it: ${(await ledger.operation(at, id)).objects.length} of them.`,
    ],
  };
}

/** Rows of names that begin with a text, each proved by its registration. */
export async function namesList(ledger: Ledger, begins: string, limit: number): Promise<HTMLElement> {
  const json = await ledger.server.json(`/v1/names?begins=${encodeURIComponent(begins)}&limit=${limit}`);
  const rows = listIn(json, "names").map((row) => {
    const id = textIn(row, "id") ?? "";
    return fact(`the name of ${id.slice(0, 8)}`, () => drawName(ledger, row), "li");
  });
  if (rows.length === 0) return h("p", { class: "soft" }, "No name begins so.");
  const words =
    "Each name is proved by its registration. That none is left out, only a replay of the log proves.";
  return h(
    "div",
    {},
    h("ul", { class: "rows names" }, rows),
    rows.length >= limit
      ? h("p", { class: "amber" }, `These are the first ${limit}; there may be more: write more of the name.`)
      : h("p", { class: "soft" }, "that these are all is ", said("the list of names", words)),
  );
}

async function drawName(ledger: Ledger, row: unknown): Promise<Shown> {
  const id = needed(textIn(row, "id"), "id");
  const what = textIn(row, "what") === "unit" ? "unit" : "party";
  const { name, at } = await (what === "unit" ? ledger.unit(id) : ledger.party(id));
  prove(textIn(row, "name") === name, "it registered another name than the server says");
  return {
    content: [idLink(what, id, name), h("span", { class: "kind" }, what)],
    how: [`Its id is that of the operation in entry ${at.index}, which is proved to be in the log.`],
  };
}
