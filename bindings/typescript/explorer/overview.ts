// The first page: the head that is held, whose key signed it, the newest entries, the names.

import { facts, foreign, h, type Child } from "../ui/dom.js";
import * as remit from "../src/index.js";
import { counted, fact, inLogWords, said, type Shown } from "./badge.js";
import { NoAnswer, prove, why } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { keyLink, section, soft, time } from "./parts.js";
import type { Rooted } from "./pin.js";
import { namesList } from "./registered_page.js";
import { entryRows } from "./rows.js";
import { countIn, listIn, textIn } from "./server.js";

/** How many of the newest entries and of the names are shown. */
const [ENTRIES, NAMES] = [10n, 50];

/** Draws the page. */
export function overviewPage(ledger: Ledger, rooted: Rooted, log: unknown): HTMLElement {
  const filled = (find: () => Promise<HTMLElement>): HTMLElement => {
    const place = h("div");
    void counted(async () => {
      place.append(await find().catch((error: unknown) => soft(`Not shown: ${why(error)}.`)));
    });
    return place;
  };
  return h(
    "div",
    {},
    section(
      "Log",
      fact("the ledger's own entry", () => drawGenesis(ledger, rooted)),
    ),
    section(
      "Newest state",
      fact("the newest commitment", () => drawHead(ledger)),
    ),
    section("Witnesses", drawWitnesses(ledger, log)),
    section(
      "Newest operations",
      filled(() => newest(ledger)),
    ),
    section(
      "Names",
      filled(() => namesList(ledger, "", NAMES)),
    ),
  );
}

/** The newest operations by the server's index; without one, what stands last in the log. */
async function newest(ledger: Ledger): Promise<HTMLElement> {
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

async function drawGenesis(ledger: Ledger, { origin, words }: Rooted): Promise<Shown> {
  const { bytes, entry, size } = await ledger.entry(0n);
  prove(entry.kind === "genesis" && entry.origin === origin, "entry 0 is not the genesis of this log");
  prove(remit.equal(await remit.sha256(bytes), ledger.id), "entry 0 does not hash to the ledger id");
  const key = ledger.heads.trusted.trust.logs.find((log) => log.name === origin);
  prove(key !== undefined && remit.equal(key.key, entry.logKey), "the genesis names another log key");
  return {
    content: facts(
      ["Origin", h("strong", {}, foreign(entry.origin))],
      ["Ledger", h("code", { class: "wrap" }, remit.hex(ledger.id))],
      ["Begun", time(entry.time)],
      ["Log key", keyLink(entry.logKey)],
      [
        "Operators",
        [`${entry.threshold} of `, entry.operators.map((key) => h("span", { class: "item" }, keyLink(key)))],
      ],
      ["Trust", words],
    ),
    how: [inLogWords(0n, size), "Its hash is the ledger id; origin and key are those of the checkpoints."],
  };
}

async function drawHead(ledger: Ledger): Promise<Shown> {
  const { size, root } = ledger.heads.newest;
  const { entry } = await ledger.entry(size - 1n);
  prove(entry.kind === "commitment", "the last entry is no commitment");
  return {
    content: facts(
      ["Entries", String(size)],
      ["Root", h("code", { class: "wrap" }, remit.hex(root))],
      ["Time", time(entry.time)],
      ["State", `${entry.stateSize} leaves`],
    ),
    how: [
      "The trusted key signed this size and root; the log has only grown since this browser first saw it.",
      inLogWords(size - 1n, size),
    ],
  };
}

function drawWitnesses(ledger: Ledger, log: unknown): Child {
  const { trust } = ledger.heads.trusted;
  const own = [...trust.witnesses.keys()].map((name) => h("span", { class: "item" }, foreign(name)));
  const by =
    trust.quorum === "none"
      ? "No witness is asked for: the log's signature counts alone. A policy of yours can name witnesses."
      : ["Every head shown here was cosigned by the quorum ", foreign(trust.quorum), " of ", own, "."];
  const rows = listIn(log, "witnesses").map((each) =>
    h("li", {}, foreign(textIn(each, "name") ?? ""), `: cosigned ${countIn(each, "size") ?? 0n} entries`),
  );
  const words = "What a server tells of its witnesses proves nothing; a policy that names them does.";
  const listed = rows.length === 0 ? undefined : [h("ul", {}, rows), said("the server's witnesses", words)];
  return [h("p", {}, by), listed];
}
