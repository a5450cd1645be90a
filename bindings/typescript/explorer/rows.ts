// Entries as rows of a list: when, what, and a badge for all that the row says.

import { h, type Child } from "../ui/dom.js";
import type * as remit from "../src/index.js";
import { fact, inLogWords, said, type Shown } from "./badge.js";
import { NoAnswer, type NoAnswerCode } from "./errors.js";
import type { InLog, Ledger } from "./ledger.js";
import { entryLink, time } from "./parts.js";
import { kindWord, say } from "./say.js";

/** Kinds that nobody signs. */
export const UNSIGNED: readonly remit.Kind[] = ["genesis", "commitment", "expiry", "rekeyed", "lapse"];

/** What an entry says, with all that its sentence rests on; `also` is to be true of it as well. */
export async function told(ledger: Ledger, at: InLog, also?: (at: InLog) => Promise<void>): Promise<Shown> {
  await also?.(at);
  const { entry, index, size } = at;
  const how: Child[] = [inLogWords(index, size)];
  const line = (sentence: Child): Child => [
    h("span", { class: "when" }, entryLink(index), " ", time(entry.time)),
    h("span", { class: "kind" }, kindWord(entry.kind)),
    h("span", { class: "sentence" }, sentence),
  ];
  if (UNSIGNED.includes(entry.kind)) return { content: line(unsignedWords(entry)), how };
  try {
    const submitted = await ledger.object(at);
    how.push("What was submitted has the entry's id, and every signature in it verifies.");
    how.push("Names and units are those of their registrations, proved in the same way.");
    return { content: line(await say(ledger, at, submitted)), how };
  } catch (error) {
    const reason = error instanceof NoAnswer ? UNTOLD[error.code] : undefined;
    if (reason === undefined) throw error;
    how.push("Nothing but its bytes was proved: kind, time and id.");
    const words = "An entry's bytes do not say whether what was submitted for it is kept.";
    const claim = error instanceof NoAnswer && error.code === "gone" ? [" ", said(reason, words)] : "";
    return { content: line(h("span", { class: "soft" }, reason, claim)), how };
  }
}

/** Why an entry that is proved says no more. */
const UNTOLD: Readonly<Partial<Record<NoAnswerCode, string>>> = {
  gone: "what was submitted is no longer kept",
  token: "what was submitted needs a reader's token",
};

function unsignedWords(entry: remit.Entry): string {
  if (entry.kind === "genesis") return "the ledger begins";
  if (entry.kind === "commitment") return `the state of ${entry.stateSize} leaves`;
  return "written by the ledger: a deadline has passed";
}

/** A row of an entry that is yet to be proved. */
export function entryRow(
  ledger: Ledger,
  name: string,
  find: () => Promise<InLog>,
  also?: (at: InLog) => Promise<void>,
): HTMLElement {
  const row = fact(name, async () => told(ledger, await find(), also), "li");
  row.classList.add("row");
  return row;
}

/** Rows of entries by their indexes. */
export function entryRows(ledger: Ledger, indexes: readonly bigint[]): HTMLElement {
  const rows = indexes.map((index) => entryRow(ledger, `entry ${index}`, () => ledger.entry(index)));
  return h("ol", { class: "rows" }, rows);
}
