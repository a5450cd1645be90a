// The newest operations, which the first page and the live one show.

import { h } from "../ui/dom.js";
import { said } from "./badge.js";
import { NoAnswer } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { entryRows } from "./rows.js";
import { countIn, listIn } from "./server.js";

/** How many are shown. */
const ENTRIES = 10n;

/** The newest operations by the server's index; without one, what stands last in the log. */
export async function newest(ledger: Ledger): Promise<HTMLElement> {
  try {
    const json = await ledger.server.json(`/v1/search?limit=${ENTRIES}`);
    const indexes = listIn(json, "entries").flatMap((row) => countIn(row, "index") ?? []);
    const words =
      "Each of these is in the log. That no other one came between them, only a replay of the log proves.";
    const all = h(
      "p",
      { class: "soft" },
      "that these are the newest is ",
      said("the list of the newest operations", words),
    );
    return h("div", {}, entryRows(ledger, indexes), all);
  } catch (error) {
    if (!(error instanceof NoAnswer) || error.code === "token") throw error;
    const { size } = ledger.heads.newest;
    const first = size > ENTRIES ? size - ENTRIES : 0n;
    return entryRows(
      ledger,
      Array.from({ length: Number(size - first) }, (_, at) => size - 1n - BigInt(at)),
    );
  }
}
