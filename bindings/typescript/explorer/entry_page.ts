// The page of an entry: its bytes, what was submitted, what it did.

import { facts, h, type Child } from "../ui/dom.js";
import * as remit from "../src/index.js";
import { fact, inLogWords, type Shown } from "./badge.js";
import type { InLog, Ledger } from "./ledger.js";
import { keyLink, section, soft, time } from "./parts.js";
import { kindWord, say } from "./say.js";

/** What facts of details are (spec 03 §5), by their keys. */
const FACT_WORDS = [
  "",
  "Leaf",
  "Named",
  "Amount, minor units",
  "Unit's leaf",
  "Funded by leaf",
  "Capture",
  "Epoch after",
  "Generation after",
  "Mask after",
  "Deadline",
  "Still reserved, minor units",
  "Parent's leaf",
  "Holder since",
  "Least use",
  "Least use without approval",
  "Root of uses",
  "Leaf that decided",
];
/** The numbers that can decide a refusal (spec 19 §3). */
const BOUND_WORDS = [
  "",
  "total",
  "limit of one use",
  "window",
  "threshold of a sum",
  "threshold of approval",
  "limit of one lease",
  "longest lease in seconds",
  "number of entries",
];
/** Facts that are instants: in seconds, in milliseconds. */
const [DEADLINE, HOLDER_SINCE] = [10, 13];

/** Draws the page. */
export function entryPage(ledger: Ledger, index: bigint): HTMLElement {
  const find = (): Promise<InLog> => ledger.entry(index);
  const step = (by: bigint, word: string): Child =>
    index + by < 0n || index + by >= ledger.heads.newest.size
      ? undefined
      : h("a", { href: `#/entry/${index + by}` }, word);
  return h(
    "div",
    {},
    h("nav", { class: "steps", "aria-label": "Neighbours" }, step(-1n, "← before"), step(1n, "after →")),
    section(
      "Entry",
      fact(`entry ${index}`, () => drawEntry(ledger, find)),
    ),
    section(
      "What was submitted",
      fact(`the object of entry ${index}`, () => drawObject(ledger, find)),
    ),
    section(
      "What it did",
      fact(`the details of entry ${index}`, () => drawDetails(ledger, find)),
    ),
  );
}

async function drawEntry(ledger: Ledger, find: () => Promise<InLog>): Promise<Shown> {
  const { entry, index, bytes, size } = await find();
  const hash = (of: Uint8Array): Child => h("code", { class: "wrap" }, remit.hex(of));
  const rows: (readonly [string, Child])[] = [
    ["Kind", kindWord(entry.kind)],
    ["Time", time(entry.time)],
  ];
  const how: Child[] = [inLogWords(index, size)];
  if (entry.kind === "genesis") {
    rows.push(["Origin", entry.origin], ["Log key", keyLink(entry.logKey)]);
    rows.push(["Operators", entry.operators.map((key) => h("span", { class: "item" }, keyLink(key)))]);
    rows.push(["Threshold", String(entry.threshold)], ["Rules", `version ${entry.rules}`]);
    const own = remit.equal(await remit.sha256(bytes), ledger.id);
    if (own) how.push("Its hash is the ledger id.");
  } else if (entry.kind === "commitment") {
    rows.push(["State", `${entry.stateSize} leaves`], ["State root", hash(entry.stateRoot)]);
    rows.push(["Status root", hash(entry.statusRoot)]);
  } else {
    rows.push(["Id", hash(entry.id)], ["Details", hash(entry.details)]);
  }
  return { content: facts(...rows), how };
}

async function drawObject(ledger: Ledger, find: () => Promise<InLog>): Promise<Shown> {
  const at = await find();
  if (["genesis", "commitment", "expiry", "rekeyed", "lapse"].includes(at.entry.kind))
    return {
      content: soft("Nothing: the ledger wrote this entry."),
      how: ["The kind of the entry says so."],
    };
  const submitted = await ledger.object(at);
  const signers = submitted.operations.flatMap(({ objects }) => objects.map(({ kid }) => kid));
  return {
    content: [
      h("p", {}, await say(ledger, at, submitted)),
      facts(
        ["Operations", submitted.operations.map(({ kind }) => h("span", { class: "item" }, kindWord(kind)))],
        ["Signed by", signers.map((key) => h("span", { class: "item" }, keyLink(key)))],
        ["Bytes", String(submitted.bytes.length)],
      ),
    ],
    how: [
      "The id of what was submitted, computed here of ledger, signers and payloads, is the one in the entry.",
      `${signers.length === 1 ? "The signature verifies" : `All ${signers.length} signatures verify`}.`,
      "Names and units are those of their registrations, proved in the same way.",
    ],
  };
}

async function drawDetails(ledger: Ledger, find: () => Promise<InLog>): Promise<Shown> {
  const at = await find();
  if (at.entry.kind === "genesis" || at.entry.kind === "commitment")
    return { content: soft("Nothing beside what it says."), how: ["The kind of the entry says so."] };
  const { common, links } = await ledger.details(at);
  const parts = common.facts.map((said, member) => [
    common.facts.length > 1 ? h("h3", {}, `Operation ${member + 1}`) : undefined,
    facts(...[...said].map(([key, value]) => drawFact(key, value))),
  ]);
  const counters = links.map(({ token, values, bound }) => [
    values.map(({ unit, counters: of }) => {
      const moved = remit.COUNTERS.filter((name) => of[name] > 0n).map((name) => `${name} ${of[name]}`);
      return h("li", {}, `Token at leaf ${token}, unit at leaf ${unit}: ${moved.join(", ") || "nothing"}`);
    }),
    bound &&
      h(
        "li",
        {},
        `Token at leaf ${token}: its ${BOUND_WORDS[bound.what]} of ${bound.most} decided, `,
        `${bound.used} stood against it`,
      ),
  ]);
  return {
    content: [
      parts,
      counters.length === 0
        ? undefined
        : [h("h3", {}, "Counters after it, in minor units"), h("ul", {}, counters)],
    ],
    how: ["The parts hash to the digest of details in the entry."],
  };
}

function drawFact(key: number, value: bigint | Uint8Array): readonly [string, Child] {
  const word = FACT_WORDS[key] ?? `fact ${key}`;
  if (typeof value !== "bigint") return [word, h("code", { class: "wrap" }, remit.hex(value))];
  if (key === DEADLINE) return [word, time(1000n * value)];
  return [word, key === HOLDER_SINCE ? time(value) : String(value)];
}
