// The chain drawn: the issuer, and below it every link with what it allows.

import * as remit from "../src/index.js";
import { facts, foreign, h, id, sign, type Child } from "./dom.js";
import type { Subject } from "./files.js";
import * as words from "./words.js";

/** What is drawn of a chain. */
export interface Drawing {
  readonly subject: Subject;
  readonly verdict: remit.Verdict;
  /** The instant that it was judged at, in milliseconds. */
  readonly now: bigint;
  readonly leaves: readonly remit.Leaf[];
  readonly units: ReadonlyMap<string, words.Unit>;
}

interface Link {
  readonly object: remit.Signed;
  readonly token: remit.Token;
  readonly leaf: remit.LeafOf<"token"> | undefined;
}

/** Leaves that can be read; what is proved of them is for the verdict to say. */
export function readLeaves(presentation: remit.Presentation): remit.Leaf[] {
  return presentation.leaves.flatMap((bytes) => attempt(() => remit.decodeLeaf(bytes)) ?? []);
}

/** The result of a step, or nothing if it is refused. */
export function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof remit.RemitError) return undefined;
    throw error;
  }
}

/** The chain as a list from the issuer down; empty if it cannot be read. */
export async function draw(drawing: Drawing): Promise<HTMLElement | undefined> {
  const shown = attempt(() => remit.decodePresentation(drawing.subject.input.presentation));
  if (shown === undefined) return undefined;
  const links: Link[] = [];
  for (const bytes of shown.tokens) {
    const sign1 = attempt(() => remit.decodeSign1(bytes));
    const token = sign1 && attempt(() => remit.decodeToken(sign1.payload, true));
    if (sign1 === undefined || token === undefined) break;
    const object = await remit.identify(sign1, remit.labels.TOKEN, shown.ledger);
    const leaf = drawing.leaves.find((each) => remit.equal(each.id, object.id));
    links.push({
      object,
      token,
      leaf: leaf !== undefined && remit.isLeafOf(leaf, "token") ? leaf : undefined,
    });
  }
  const issuer = drawing.leaves.find((leaf) => remit.isLeafOf(leaf, "party"));
  const items = links.map((link, at) => drawLink(drawing, link, at + 1));
  return h("ol", { class: "chain" }, issuer === undefined ? undefined : drawIssuer(issuer), items);
}

function drawIssuer(leaf: remit.Leaf): HTMLElement {
  const name = remit.isLeafOf(leaf, "party") ? leaf.body.name : "";
  const frozen = leaf.mask === 0 ? undefined : badge("bad", "frozen");
  return h(
    "li",
    { class: "issuer" },
    h("h3", {}, "Issuer ", foreign(name), " ", frozen),
    facts(["Party", id(remit.hex(leaf.id), "party")]),
  );
}

function badge(kind: string, text: string): HTMLElement {
  return h("span", { class: `badge ${kind}` }, text);
}

const MODE_WORDS = { root: "root token", logged: "logged child", offline: "offline link" } as const;

/** The standing of a link that was checked; of others the leaf is a claim. */
function status({ leaf, token }: Link, now: bigint, checked: boolean): Child {
  if (!checked) return badge("none", "not checked");
  if (leaf !== undefined) {
    if (leaf.life !== "live") return badge("bad", leaf.life);
    if (leaf.mask !== 0) return badge("bad", (leaf.mask & 1) === 1 ? "frozen" : "suspended");
  }
  const over = now >= 1000n * token.expires;
  if (over) return badge("bad", "expired");
  return leaf === undefined ? badge("none", "not in the ledger") : badge("good", "live");
}

function drawLink(drawing: Drawing, link: Link, number: number): HTMLElement {
  const { now } = drawing;
  const { token, leaf, object } = link;
  const inRoot = token.origin.mode === "root";
  const own = drawing.verdict.checks.filter((check) => check.link === number);
  const failed = own.some((check) => check.outcome === "failed");
  const state = failed ? "failed" : own.length === 0 ? "unchecked" : "checked";
  const holder = leaf?.body.holder ?? token.holder;
  const ends = 1000n * token.expires;
  const begins = token.notBefore === undefined ? undefined : 1000n * token.notBefore;
  const when = (ms: bigint): string => `${words.instant(ms)} (${words.relative(ms, now)})`;
  const since = leaf !== undefined && leaf.body.holderSince > 0n ? when(leaf.body.holderSince) : undefined;
  const changed =
    leaf !== undefined && !remit.isUnchanged(leaf)
      ? `epoch ${leaf.epoch}, generation ${leaf.generation}`
      : undefined;
  return h(
    "li",
    { class: `link ${state}` },
    h("h3", {}, `${number}. ${capital(MODE_WORDS[token.origin.mode])} `, status(link, now, own.length > 0)),
    drawPermissions(token, inRoot, drawing),
    facts(
      ["Holder", id(remit.hex(holder), "key")],
      ["Expires", when(ends)],
      ["Begins", begins === undefined ? undefined : when(begins)],
      ["Delegates", words.delegation(token.delegation, inRoot)],
      ["Transferable", token.transferable === undefined ? undefined : token.transferable ? "yes" : "no"],
      [
        "Evidence at most",
        token.maxStaleness === undefined ? undefined : `${words.span(1000n * token.maxStaleness)} old`,
      ],
      ["Approval", token.approval === undefined ? undefined : words.approval(token.approval)],
      ["Budgets", drawBudgets(drawing, token)],
      ["Held since", since],
      ["Changed", changed],
      ["Id", id(remit.hex(object.id), "token")],
    ),
    drawChecks(drawing.verdict, number),
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function drawPermissions({ permissions }: remit.Token, inRoot: boolean, drawing: Drawing): HTMLElement {
  if (permissions === undefined) {
    return h("p", { class: "allows" }, inRoot ? "Allows nothing." : "Allows what its parents allow.");
  }
  if (permissions.length === 0) return h("p", { class: "allows" }, "Allows nothing.");
  const several = permissions.length > 1 ? h("p", { class: "allows" }, "Allows any of") : undefined;
  return h(
    "div",
    { class: "permissions" },
    several,
    permissions.map((each) => drawPermission(each, inRoot, drawing)),
  );
}

function drawPermission(of: remit.Permission, inRoot: boolean, { subject }: Drawing): HTMLElement {
  const absent = inRoot ? "none" : "as above";
  const listed = (items: readonly Child[] | undefined): Child =>
    items === undefined
      ? absent
      : items.length === 0
        ? "none"
        : items.map((item) => h("span", { class: "item" }, item));
  const service = (party: Uint8Array): Child =>
    remit.equal(party, subject.policy.party)
      ? ["this service ", id(remit.hex(party), "party")]
      : id(remit.hex(party), "party");
  const path = (resource: string): Child => (resource === "" ? "everything" : foreign(resource));
  return h(
    "div",
    { class: "permission" },
    facts(
      ["At", listed(of.services?.map(service))],
      ["May", listed(of.actions?.map(foreign))],
      ["On", listed(of.resources?.map(path))],
      [
        "If",
        of.conditions === undefined
          ? undefined
          : listed(of.conditions.map((each) => foreign(words.condition(each)))),
      ],
    ),
  );
}

function drawBudgets({ subject, units }: Drawing, token: remit.Token): Child {
  const sealed = token.sealed === undefined ? undefined : subject.sealed.get(remit.hex(token.sealed));
  const budgets = token.budgets ?? sealed?.budgets;
  if (budgets === undefined) {
    if (token.sealed === undefined) return "as above";
    return sealed === undefined
      ? "sealed; drop the sealed claims to see them"
      : token.origin.mode === "root"
        ? "none"
        : "as above";
  }
  if (budgets.length === 0) return "nothing can be spent";
  return budgets.map((budget) => {
    const unit = remit.hex(budget.unit);
    const lines = words.budget(budget, units.get(unit));
    return h(
      "div",
      {},
      lines.map((line) => h("span", { class: "item" }, line)),
      " ",
      id(unit, "unit"),
    );
  });
}

function drawChecks({ checks }: remit.Verdict, number: number): HTMLElement {
  const own = checks.filter((check) => check.link === number);
  const items = own.map((check) =>
    h(
      "li",
      { class: check.outcome },
      outcomeSign(check),
      ` ${words.CHECK_WORDS[check.check]}`,
      outcomeWords(check),
    ),
  );
  if (items.length === 0) return h("p", { class: "aside" }, "Not checked: what is above it decided.");
  return h("ul", { class: "marks", "aria-label": `Checks of link ${number}` }, items);
}

/** A sign of what came out. */
export function outcomeSign({ outcome }: remit.Check): HTMLElement {
  return sign({ passed: "✓", failed: "✕", skipped: "–" }[outcome]);
}

/** What came out, for whoever does not see the sign. */
export function outcomeWords({ outcome, code }: remit.Check): HTMLElement {
  if (outcome === "failed") return h("span", {}, ": ", h("code", {}, code));
  return h("span", { class: "unseen" }, ` ${outcome}`);
}
