// The page of a token: how it stands, what it allows, its budgets, its tree, its history.

import { facts, foreign, h, type Child } from "../ui/dom.js";
import * as words from "../ui/words.js";
import * as remit from "../src/index.js";
import { fact, standingWords, type Shown } from "./badge.js";
import { fullBar } from "./bars.js";
import type { Ledger } from "./ledger.js";
import { button, idLink, keyLink, section, soft, standingWord, suspenders, time } from "./parts.js";
import { entryRows } from "./rows.js";
import { amount, kindWord, partyLink } from "./say.js";
import { historyOf, purses, sealedOf, standing, validityOf, type Standing } from "./standing.js";
import { drawTree } from "./tree.js";

/** Rows of a history that are shown at once, the newest. */
const ROWS_MAX = 30;

/** Draws the page. */
export function tokenPage(ledger: Ledger, id: string): HTMLElement {
  const tree = fact("the chain above it", async () => {
    const at = await standing(ledger, id);
    return {
      content: drawTree(ledger, at),
      how: [standingWords(at.size), "Each link's parent is the one above it."],
    };
  });
  return h(
    "div",
    {},
    section(
      "Standing",
      fact("how this token stands", () => drawStanding(ledger, id)),
    ),
    section(
      "Budgets",
      fact("its budgets and counters", () => drawBudgets(ledger, id)),
    ),
    section("Tree", tree),
    section(
      "History",
      fact("its history", () => drawHistory(ledger, id)),
    ),
    section("Validity", drawValidity(ledger, id)),
  );
}

async function drawStanding(ledger: Ledger, id: string): Promise<Shown> {
  const at = await standing(ledger, id);
  const { leaf, token, object } = at.self;
  const root = token.origin.mode === "root";
  const seconds = (of: bigint | undefined): Child => (of === undefined ? undefined : time(1000n * of));
  const content = facts(
    ["Standing", [standingWord(leaf), leaf.mask === 0 ? "" : ` by ${suspenders(leaf.mask)}`]],
    ["Id", h("code", { class: "wrap" }, id)],
    ["Holder", [keyLink(leaf.body.holder), holderSince(leaf)]],
    ["Issuer", [idLink("party", remit.hex(at.issuer.id), at.issuer.body.name), issuerWords(at)]],
    ["Signed by", keyLink(object.kid)],
    ["Expires", seconds(leaf.body.expires)],
    ["Begins", seconds(token.notBefore)],
    ["Allows", await permissionsOf(ledger, token, root)],
    ["Above it", aboveWords(at)],
    ["Delegates", words.delegation(token.delegation, root)],
    ["Transferable", token.transferable === undefined ? undefined : token.transferable ? "yes" : "no"],
    [
      "Evidence",
      token.maxStaleness === undefined ? undefined : `at most ${words.span(1000n * token.maxStaleness)} old`,
    ],
    ["Approval", token.approval && (await approvalOf(ledger, token.approval))],
    [
      "Entries",
      token.entries &&
        `at most ${token.entries.most} in each ${words.span(1000n * BigInt(token.entries.length))}`,
    ],
    ["Epoch", `${leaf.epoch}, generation ${leaf.generation}`],
    ["As of", [time(at.time), `, ${at.size} entries`]],
  );
  return {
    content,
    how: [
      standingWords(at.size),
      "The claims shown hash to the authority digest in its leaf.",
      "Every token of the chain is signed, and hangs on the one above it.",
      at.ledger.mask === 0 ? "The ledger is not frozen." : "The ledger is frozen.",
    ],
  };
}

/** What stops a token although its own leaf does not. */
function aboveWords({ ledger, issuer, links }: Standing): Child {
  const stopped = links.slice(0, -1).filter(({ leaf }) => leaf.life !== "live" || leaf.mask !== 0);
  const reasons: Child[] = stopped.map(({ id, leaf }) => [
    "token ",
    idLink("token", id),
    " is ",
    standingWord(leaf),
    " ",
  ]);
  if (issuer.mask !== 0) reasons.push("the issuer is frozen ");
  if (ledger.mask !== 0) reasons.push("the ledger is frozen ");
  return reasons.length === 0 ? "nothing that stops it" : [h("strong", {}, "stopped: "), reasons];
}

function keyItem(key: Uint8Array): HTMLElement {
  return h("span", { class: "item" }, keyLink(key));
}

function holderSince(leaf: remit.LeafOf<"token">): Child {
  return leaf.body.holderSince === 0n ? "" : [", since ", time(leaf.body.holderSince)];
}

function issuerWords({ issuer }: Standing): string {
  const frozen = issuer.mask === 0 ? "" : ", frozen";
  return issuer.body.issuer ? frozen : `, not appointed${frozen}`;
}

/** Whose yes is needed, above which amounts. */
async function approvalOf(ledger: Ledger, rule: remit.ApprovalRule): Promise<Child> {
  const thresholds = (rule.thresholds ?? []).map((each) => amount(ledger, each.amount, each.unit));
  const above = (await Promise.all(thresholds)).map((each) => h("span", { class: "item" }, each));
  return [words.approval(rule), " ", above, above.length > 0 ? "by " : "", rule.approvers.map(keyItem)];
}

async function permissionsOf(ledger: Ledger, { permissions }: remit.Token, root: boolean): Promise<Child> {
  if (permissions === undefined) return root ? "nothing" : "what those above it allow";
  if (permissions.length === 0) return "nothing";
  const drawn: Child[] = [];
  for (const { services, actions, resources, conditions } of permissions) {
    const names = services && (await Promise.all(services.map((each) => partyLink(ledger, each))));
    const items = (all: readonly Child[] | undefined): Child =>
      all === undefined
        ? root
          ? "none"
          : "as above"
        : all.map((each) => h("span", { class: "item" }, each));
    const path = (resource: string): Child => (resource === "" ? "everything" : foreign(resource));
    const rules = conditions?.map((each) => foreign(words.condition(each)));
    drawn.push(
      h(
        "div",
        { class: "permission" },
        facts(
          ["At", items(names)],
          ["May", items(actions?.map(foreign))],
          ["On", items(resources?.map(path))],
          ["If", rules && items(rules)],
        ),
      ),
    );
  }
  return drawn;
}

async function drawBudgets(ledger: Ledger, id: string): Promise<Shown> {
  const { at, purses: found } = await purses(ledger, id);
  const sealed = await sealedOf(ledger, id);
  const none =
    sealed.budgets === undefined ? "No own budget: what is above it decides." : "Nothing can be spent.";
  return {
    content: [
      sealed.name === undefined ? undefined : h("p", {}, "Called ", foreign(sealed.name)),
      sealed.note === undefined ? undefined : h("p", { class: "soft" }, foreign(sealed.note)),
      found.length === 0 ? h("p", {}, none) : found.map(fullBar),
    ],
    how: [
      standingWords(at.size),
      "The counters hash to the values digest in its leaf.",
      "The budgets are its sealed claims: they hash to the digest that its signed claims commit to.",
      "Name and decimals of the unit are those of its own state leaf.",
    ],
  };
}

async function drawHistory(ledger: Ledger, id: string): Promise<Shown> {
  const { at, entries } = await historyOf(ledger, id);
  const rows = h("div");
  const show = (end: number): void => {
    const from = Math.max(0, end - ROWS_MAX);
    rows.append(
      entryRows(
        ledger,
        entries
          .slice(from, end)
          .map(({ index }) => index)
          .reverse(),
      ),
    );
    if (from > 0) {
      const older = button(`Show ${Math.min(ROWS_MAX, from)} older`, () => (older.remove(), show(from)));
      rows.append(older);
    }
  };
  show(entries.length);
  const many = entries.length === 1 ? "1 entry" : `${entries.length} entries`;
  return {
    content: [h("p", {}, `${many} rewrote its leaf, and no other: the list is complete.`), rows],
    how: [
      standingWords(at.size),
      "The entries fold, one after the other, to the history in its leaf (spec 06 §5).",
    ],
  };
}

function drawValidity(ledger: Ledger, id: string): HTMLElement {
  const place = h("div", {});
  const load = button("Show all that its validity rests on", () => {
    load.remove();
    place.append(fact("the histories of ledger, issuer and chain", () => histories(ledger, id)));
  });
  place.append(soft("The histories of the ledger, the issuer and every token above it."), load);
  return place;
}

async function histories(ledger: Ledger, id: string): Promise<Shown> {
  const { at, histories: all } = await validityOf(ledger, id);
  const names = [
    "The ledger",
    at.issuer.body.name,
    ...at.links.map((link) => `Token ${link.id.slice(0, 8)}…`),
  ];
  const lists = all.map(({ entries }, place) => [
    h("h3", {}, foreign(names[place] ?? "")),
    h(
      "ol",
      { class: "plain" },
      entries.map(({ index, entry }) =>
        h(
          "li",
          {},
          h("a", { href: `#/entry/${index}` }, `entry ${index}`),
          ` ${kindWord(entry.kind)}, `,
          time(entry.time),
        ),
      ),
    ),
  ]);
  return {
    content: lists,
    how: [standingWords(at.size), "Each list folds to the history in its leaf: it is complete."],
  };
}
