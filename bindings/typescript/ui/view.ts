// The verdict drawn: the answer, what was asked, the chain, the evidence, and each check.

import * as remit from "../src/index.js";
import { attempt, draw, outcomeSign, outcomeWords, readLeaves, type Drawing } from "./chain.js";
import { facts, foreign, h, id, sign, type Child } from "./dom.js";
import type { Subject } from "./files.js";
import * as words from "./words.js";

const ANSWERS = {
  allowed: ["✓", "Allowed", "Every check passed. Serve this invocation once."],
  permitted: ["◐", "Permitted", "Every check passed that needs no counter."],
  denied: ["✕", "Denied", ""],
} as const;

/** Draws a verdict on a subject at an instant. */
export async function view(subject: Subject, verdict: remit.Verdict, now: bigint): Promise<HTMLElement> {
  const shown = attempt(() => remit.decodePresentation(subject.input.presentation));
  const leaves = shown === undefined ? [] : readLeaves(shown);
  const drawing: Drawing = { subject, verdict, now, leaves, units: unitsOf(leaves) };
  const chain = await draw(drawing);
  return h(
    "div",
    { class: "result" },
    drawAnswer(verdict, subject, now),
    h(
      "div",
      { class: "columns" },
      h("div", {}, drawRequest(drawing), section("Chain", claimed(verdict), chain)),
      drawEvidence(drawing, shown),
    ),
  );
}

function unitsOf(leaves: readonly remit.Leaf[]): Map<string, words.Unit> {
  return new Map(
    leaves.flatMap((leaf) =>
      remit.isLeafOf(leaf, "unit") ? [[remit.hex(leaf.id), leaf.body] as const] : [],
    ),
  );
}

function section(title: string, ...children: readonly Child[]): HTMLElement {
  return h("section", {}, h("h2", {}, title), children);
}

/** What is drawn of a denial may be claimed by whoever shows it, and nothing more. */
function claimed({ decision, checks }: remit.Verdict): Child {
  const proved = decision !== "denied" || checks.some((check) => check.check === "staleness");
  return proved
    ? undefined
    : h(
        "p",
        { class: "claimed" },
        "Drawn as it was shown. It did not pass, so not all of this need be true.",
      );
}

function drawAnswer(verdict: remit.Verdict, { input }: Subject, now: bigint): HTMLElement {
  const [mark, word, sentence] = ANSWERS[verdict.decision];
  const amount = verdict.subject.invocation?.payment !== undefined;
  const open =
    input.invocation === undefined
      ? " Nothing was asked."
      : amount
        ? " The amount is not funded yet, which for money is a no."
        : "";
  const text =
    verdict.decision === "denied"
      ? (verdict.reason ?? "")
      : `${sentence}${verdict.decision === "permitted" ? open : ""}`;
  return h(
    "section",
    { class: `answer ${verdict.decision}`, "aria-labelledby": "answer" },
    h(
      "h2",
      { id: "answer", tabindex: "-1" },
      sign(mark),
      ` ${word}`,
      verdict.code === undefined ? undefined : h("code", {}, verdict.code),
    ),
    h("p", {}, text),
    h(
      "p",
      { class: "ages" },
      verdict.ageMs === undefined ? "" : `The evidence is ${words.span(verdict.ageMs)} old. `,
      `Judged at ${words.instant(now)}.`,
    ),
  );
}

function drawRequest({ verdict, subject, units, now }: Drawing): HTMLElement {
  const { input, policy } = subject;
  const asked =
    input.invocation === undefined
      ? undefined
      : attempt(() =>
          remit.decodeInvocation(remit.decodeSign1(input.invocation ?? new Uint8Array()).payload),
        );
  if (asked === undefined) {
    return section(
      "Request",
      h("p", {}, input.invocation === undefined ? "None: only the chain was judged." : "It cannot be read."),
    );
  }
  const made = verdict.checks.find((check) => check.check === "invocation");
  const doubt =
    made === undefined
      ? "Not checked: what comes before it decided."
      : "It is not the holder's, or not good: whoever shows it may have made it up.";
  const when = (seconds: bigint): string =>
    `${words.instant(1000n * seconds)} (${words.relative(1000n * seconds, now)})`;
  const unit = asked.payment && remit.hex(asked.payment.unit);
  const shown = new Map((input.arguments ?? []).map((argument) => [argument.name, argument.value]));
  const names = [...(asked.arguments?.keys() ?? [])];
  const argument = (name: string): Child => {
    const value = shown.get(name);
    return h(
      "span",
      { class: "item" },
      foreign(name),
      value === undefined ? " (not shown)" : [" = ", foreign(words.value(value))],
    );
  };
  return section(
    "Request",
    made?.outcome === "passed" ? undefined : h("p", { class: "claimed" }, doubt),
    facts(
      ["Action", h("strong", {}, foreign(asked.action))],
      ["Resource", asked.resource === "" ? "none" : foreign(asked.resource)],
      [
        "Amount",
        asked.payment && unit !== undefined
          ? [h("strong", {}, words.money(asked.payment.amount, units.get(unit))), " ", id(unit, "unit")]
          : undefined,
      ],
      ["Arguments", names.length === 0 ? undefined : names.map(argument)],
      [
        "Asks",
        remit.equal(asked.audience, policy.party)
          ? ["this service ", id(remit.hex(asked.audience), "party")]
          : ["another party ", id(remit.hex(asked.audience), "party")],
      ],
      ["Good until", when(asked.validUntil)],
      ["Settle by", asked.settleBy === undefined ? undefined : when(asked.settleBy)],
      ["Refund until", asked.refundUntil === undefined ? undefined : when(asked.refundUntil)],
      [
        "Funding",
        asked.payment === undefined
          ? undefined
          : input.evidence === undefined
            ? "no evidence shown"
            : "evidence shown",
      ],
      ["Approvals", (input.approvals ?? []).length === 0 ? undefined : `${input.approvals?.length} shown`],
      ["Id", verdict.subject.id && id(remit.hex(verdict.subject.id), "invocation")],
    ),
  );
}

function drawEvidence(
  { verdict, subject, now }: Drawing,
  shown: remit.Presentation | undefined,
): HTMLElement {
  const entry = shown && attempt(() => remit.decodeEntry(shown.commitment));
  const note = shown && remit.fromUtf8(shown.note)?.split("\n");
  const { policy } = subject;
  return h(
    "div",
    {},
    section(
      "Evidence",
      facts(
        ["Age", verdict.ageMs === undefined ? "not found" : words.span(verdict.ageMs)],
        ["At most", words.span(1000n * policy.maxStaleness)],
        ["Log", note?.[0] === undefined ? undefined : foreign(note[0])],
        ["Entries", note?.[1]],
        [
          "State of",
          entry === undefined
            ? undefined
            : `${words.instant(entry.time)} (${words.relative(entry.time, now)})`,
        ],
        ["Quorum", policy.trust.quorum === "none" ? "none: the log alone" : foreign(policy.trust.quorum)],
        ["Logged links", policy.loggedLinks === "verify" ? "signatures checked here" : "left to the log"],
        ["Ledger", shown && id(remit.hex(shown.ledger), "ledger")],
      ),
    ),
    section("Checks", drawChecks(verdict)),
  );
}

function drawChecks({ checks }: remit.Verdict): HTMLElement {
  const items = checks.map((check) => {
    const of = check.link === undefined ? "" : `Link ${check.link}: `;
    return h(
      "li",
      { class: check.outcome },
      outcomeSign(check),
      h("span", {}, `${of}${words.CHECK_WORDS[check.check]}`, outcomeWords(check)),
    );
  });
  return h("ol", { class: "checks" }, items);
}
