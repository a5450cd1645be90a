// The first page: the head that is held, whose key signed it, the newest entries, the names.

import { facts, foreign, h, type Child } from "../ui/dom.js";
import { instant } from "../ui/words.js";
import * as remit from "../src/index.js";
import { fact, filled, inLogWords, said, type Shown } from "./badge.js";
import { prove } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { newest } from "./newest.js";
import { keyLink, section, time } from "./parts.js";
import type { Pin, Rooted } from "./pin.js";
import { namesList } from "./registered_page.js";
import { countIn, listIn, textIn } from "./server.js";

/** How many names are shown. */
const NAMES = 50;

/** Draws the page. */
export function overviewPage(ledger: Ledger, rooted: Rooted, log: unknown): HTMLElement {
  return h(
    "div",
    {},
    rooted.pin && amber(rooted.pin),
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
      "Names, as their owners chose them",
      filled(() => namesList(ledger, "", NAMES)),
    ),
    unproved(),
  );
}

/** While no policy says whose key it is, nobody has vouched for it. */
function amber({ since }: Pin): HTMLElement {
  const link = h("a", { href: "#/" }, "What is not proved");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.getElementById("unproved")?.scrollIntoView();
    document.getElementById("unproved")?.focus();
  });
  const words = `The log's key was first seen here on ${instant(BigInt(since))}, and nobody vouches for it. `;
  const pinning = "Load a policy at the foot of the page to pin it. ";
  return h("p", { class: "amber", id: "unpinned" }, words, pinning, link, ".");
}

function unproved(): HTMLElement {
  const list = UNPROVED.map((line) => h("li", {}, line));
  const element = section("What is not proved", h("ul", {}, list));
  element.id = "unproved";
  element.tabIndex = -1;
  return element;
}

/** What no ✓ on these pages says. */
const UNPROVED = [
  "That a list is complete: results, names, tokens below another, what waits for an approver.",
  "That the state was computed by the rules: a replay shows that (remit audit), a browser does not.",
  "That the head is the newest, and the same for everybody: only witnesses that your policy names say so.",
  "That a name is whose it seems to be: each party chose its own.",
  "This page itself: it comes from the server that it checks.",
];

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
