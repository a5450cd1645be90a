// Search: the server finds, this browser proves each entry, and that it is what was looked for.

import { h, type Child } from "../ui/dom.js";
import * as remit from "../src/index.js";
import { counted, said } from "./badge.js";
import { keyOf } from "./did.js";
import { prove, why } from "./errors.js";
import type { InLog, Ledger, Submitted } from "./ledger.js";
import { FIELDS, matches } from "./matches.js";
import { button, idLink, section } from "./parts.js";
import { namesList } from "./registered_page.js";
import { entryRow, UNSIGNED } from "./rows.js";
import { kindWord } from "./say.js";
import { countIn, listIn } from "./server.js";

/** Results of one page, names in a list. */
const [RESULTS, NAMES] = [20, 50];
/** Where the one search box leads to. */
export function searchHash(text: string): string {
  const typed = text.trim();
  if (keyOf(`did:key:${typed}`) !== undefined) return `#/search?agent=did:key:${typed}`;
  if (keyOf(typed) !== undefined) return `#/search?agent=${typed}`;
  if (/^[0-9a-f]{64}$/i.test(typed)) return `#/search?id=${typed.toLowerCase()}`;
  if (/^\d{1,15}$/.test(typed)) return `#/entry/${BigInt(typed)}`;
  return `#/search?name=${encodeURIComponent(typed)}`;
}

/** Draws the page of a query. */
export function searchPage(ledger: Ledger, query: URLSearchParams): HTMLElement {
  const results = h("div", { id: "results" });
  const name = query.get("name");
  if (name !== null) void counted(() => showNames(ledger, name, results));
  else if ([...query.keys()].length > 0) void counted(() => showEntries(ledger, query, undefined, results));
  else results.append(h("p", { class: "soft" }, "Say above what to look for, or fill in some of the form."));
  return h("div", {}, section("Results", results), section("Look for", form(query)));
}

async function showNames(ledger: Ledger, name: string, results: HTMLElement): Promise<void> {
  try {
    results.append(await namesList(ledger, name, NAMES));
  } catch (error) {
    results.append(h("p", { class: "soft" }, `Nothing shown: ${why(error)}.`));
  }
}

async function showEntries(
  ledger: Ledger,
  query: URLSearchParams,
  before: bigint | undefined,
  results: HTMLElement,
): Promise<void> {
  try {
    const asked = new URLSearchParams(query);
    asked.set("limit", String(RESULTS));
    if (before !== undefined) asked.set("before", String(before));
    const json = await ledger.server.json(`/v1/search?${asked}`);
    const pages = h("ul", { class: "plain" });
    const rows = listIn(json, "entries").map((row) =>
      entryRow(
        ledger,
        `result, entry ${countIn(row, "index") ?? "?"}`,
        async () => inTime(await ledger.listed(row), query),
        async (at) => {
          await matches(ledger, query, at);
          if (query.has("id") && !UNSIGNED.includes(at.entry.kind))
            offerPage(query, await ledger.object(at), pages);
        },
      ),
    );
    const [size, to, next] = [countIn(json, "size"), countIn(json, "indexed_to"), countIn(json, "next")];
    const words =
      "Each result is proved, and that it is what was looked for. That none is left out, only a replay proves.";
    const reach = h(
      "p",
      { class: "soft" },
      `Searched up to entry ${to ?? "?"} of ${size ?? "?"}; that nothing is left out is `,
      said("the list of results", words),
    );
    const more =
      next === undefined
        ? undefined
        : button("More", () => void counted(() => showEntries(ledger, query, next, results)));
    more?.addEventListener("click", () => more.remove());
    const none =
      rows.length === 0
        ? h("p", {}, before === undefined ? "Nothing was found." : "Nothing more here.")
        : undefined;
    results.append(pages, none ?? h("ol", { class: "rows" }, rows), reach, more ?? "");
  } catch (error) {
    results.append(h("p", { class: "soft" }, `Nothing shown: ${why(error)}.`));
  }
}

/** Requires that an entry is of the time that was asked for. */
function inTime(at: InLog, query: URLSearchParams): InLog {
  const [from, to] = [query.get("from_ms"), query.get("to_ms")];
  const { time } = at.entry;
  const count = (text: string | null): boolean => text === null || /^\d{1,20}$/.test(text);
  prove(count(from) && count(to), "what was asked for as a time is none");
  const inside = (from === null || time >= BigInt(from)) && (to === null || time < BigInt(to));
  prove(inside, "the entry is of another time than was asked for");
  return at;
}

/** A link to the page of what has the id that was looked for. */
function offerPage(query: URLSearchParams, { operations }: Submitted, pages: HTMLElement): void {
  const id = query.get("id");
  const found = operations.find((operation) => remit.hex(operation.id) === id);
  if (id === null || found === undefined || pages.childElementCount > 0) return;
  const pageOf = { issue: "token", delegate: "token", party: "party", unit: "unit" } as const;
  const what = pageOf[found.kind as keyof typeof pageOf];
  if (what !== undefined)
    pages.append(h("li", {}, `This is the id of a ${what}: `, idLink(what, id, `open its page`)));
}

function form(query: URLSearchParams): HTMLElement {
  const fields = FIELDS.map(([name, label, hint]) =>
    field(name, label, { value: query.get(name) ?? "", placeholder: hint }),
  );
  const kinds = Object.keys(remit.KINDS).filter((kind) => kind !== "genesis" && kind !== "commitment");
  const options = kinds.map((kind) =>
    h(
      "option",
      { value: kind, selected: query.get("kind") === kind ? "" : undefined },
      kindWord(kind as remit.Kind),
    ),
  );
  const select = h("select", { id: "f-kind", name: "kind" }, h("option", { value: "" }, "any"), options);
  const at = (name: string): string => {
    const time = new Date(Number(query.get(name) ?? Number.NaN));
    return Number.isNaN(time.getTime()) ? "" : time.toISOString().slice(0, 16);
  };
  const times = [
    ["from_ms", "From (UTC)"],
    ["to_ms", "Before (UTC)"],
  ] as const;
  const element = h(
    "form",
    { class: "fields" },
    fields,
    h("div", {}, h("label", { for: "f-kind" }, "Kind"), select),
    times.map(([name, label]) => field(name, label, { value: at(name), type: "datetime-local" })),
    h("button", { type: "submit", class: "main" }, "Search"),
  ) as HTMLFormElement;
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `#/search?${filled(new FormData(element))}`;
  });
  return element;
}

function field(name: string, label: string, attributes: Record<string, string>): Child {
  const input = h("input", {
    id: `f-${name}`,
    name,
    autocomplete: "off",
    spellcheck: "false",
    ...attributes,
  });
  return h("div", {}, h("label", { for: `f-${name}` }, label), input);
}

function filled(data: FormData): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of data) {
    const text = String(value).trim();
    if (text === "") continue;
    query.set(name, name.endsWith("_ms") ? String(Date.parse(`${text}:00Z`)) : text);
  }
  return query;
}
