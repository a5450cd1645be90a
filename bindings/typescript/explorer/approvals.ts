// The approver's page: a key that stays in this browser, the requests that wait for it, and a yes or no signed here.

import { facts, foreign, h, type Child } from "../ui/dom.js";
import * as remit from "../src/index.js";
import { Badge, counted, inLogWords, settle, type Shown } from "./badge.js";
import { NoAnswer, prove, why } from "./errors.js";
import * as keys from "./keys.js";
import type { Ledger } from "./ledger.js";
import { hides, namesakes } from "./names.js";
import { button, confirmed, entryLink, idLink, keyLink, section, soft, standingWord, time } from "./parts.js";
import { provedRequest, requestsOf, SIGNED_SECONDS, signAnswer, submitted, type Asked } from "./requests.js";
import { amount, partyLink } from "./say.js";
import { fieldOf, listIn, textIn } from "./server.js";
import { standing } from "./standing.js";

/** Draws the page. */
export function approvalsPage(ledger: Ledger): HTMLElement {
  const [own, waiting] = [h("div", { id: "own-key" }), h("div", { id: "requests" })];
  const show = (key: keys.StoredKey | undefined): void => {
    own.replaceChildren(drawKey(key, show));
    waiting.replaceChildren();
    if (key === undefined) waiting.append(soft("Requests are shown once there is a key."));
    else void counted(() => list(ledger, key, waiting));
  };
  void counted(async () => show(await keys.kept().catch(() => undefined)));
  return h("div", {}, section("Your key", own), section("Waiting for you", waiting));
}

function drawKey(
  key: keys.StoredKey | undefined,
  show: (key: keys.StoredKey | undefined) => void,
): HTMLElement {
  const problem = h("p", { class: "problem", role: "alert" });
  const attempt = (step: () => Promise<keys.StoredKey | undefined>): void =>
    void counted(async () => {
      try {
        show(await step());
      } catch (error) {
        problem.textContent = why(error);
      }
    });
  if (key !== undefined) {
    return h(
      "div",
      {},
      facts(["Your key", h("code", { class: "wrap", id: "own-did" }, key.did)]),
      soft("It is kept by this browser, which signs with it and shows it to nobody, this page included."),
      confirmed("Forget this key", "Really forget it? It cannot be had again.", () =>
        attempt(async () => (await keys.forget(), undefined)),
      ),
      problem,
    );
  }
  const file = h("input", { type: "file", id: "key-file", accept: ".pem" }) as HTMLInputElement;
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen === undefined) return;
    file.value = "";
    attempt(async () => {
      if (chosen.size > keys.KEY_FILE_BYTES_MAX) throw new Error("This is no key file: it is too long.");
      return kept(await keys.fromPem(await chosen.text()));
    });
  });
  return h(
    "div",
    {},
    soft(
      "An approver signs here, with a key that never leaves this browser. Tell its did:key to whoever issues tokens.",
    ),
    h(
      "p",
      {},
      button("Make a new key", () => attempt(async () => kept(await keys.generate())), "main"),
    ),
    h(
      "p",
      {},
      h("label", { for: "key-file" }, "Or bring a key file of `remit key new` without a passphrase "),
      file,
    ),
    problem,
  );
}

async function kept(key: keys.StoredKey): Promise<keys.StoredKey> {
  await key.keep();
  return key;
}

async function list(ledger: Ledger, key: keys.StoredKey, place: HTMLElement): Promise<void> {
  try {
    const { requests, more } = await requestsOf(ledger, key.did);
    for (const json of requests) place.append(drawRequest(ledger, key, json));
    const on = "The server has more than are shown here: `remit approvals list`.";
    if (more) place.append(h("p", { class: "amber" }, on));
    else if (requests.length === 0) place.append(soft("The server says that nothing waits for this key."));
  } catch (error) {
    place.append(soft(`Not shown: ${why(error)}.`));
  }
}

/** One request; its buttons are there once all of it is proved, and not before. */
function drawRequest(ledger: Ledger, key: keys.StoredKey, json: unknown): HTMLElement {
  const [badge, body] = [new Badge("this request"), h("div", { class: "body" })];
  const answer = h("div", { class: "answer-row" });
  const element = h("article", { class: "fact request" }, badge.element, body, answer);
  void settle(badge, body, async () => {
    const asked = await provedRequest(ledger, json);
    const shown = await drawAsked(ledger, key, asked, json);
    answer.append(...answerButtons(ledger, key, asked, answer));
    return shown;
  });
  return element;
}

async function drawAsked(ledger: Ledger, key: keys.StoredKey, asked: Asked, json: unknown): Promise<Shown> {
  const { act, holder, at, id } = asked;
  const token = remit.hex(remit.bytesOf(act, 4));
  const chain = await standing(ledger, token);
  const rules = chain.links.flatMap((link) => link.token.approval ?? []);
  const named = rules.some((rule) => rule.approvers.some((each) => remit.equal(each, key.publicKey)));
  prove(named, "no token of the chain names this key as an approver");
  const seconds = (field: number): Child =>
    act.fields.has(field) ? time(1000n * remit.integerOf(act, field)) : undefined;
  const digests = act.fields.get(25) as remit.ArgumentDigests | undefined;
  const names = digests && [...digests.keys()];
  const yes = listIn(json, "approved").length;
  const payee = await payeeOf(ledger, remit.bytesOf(act, 12));
  return {
    content: [
      h(
        "h3",
        {},
        await amount(ledger, remit.integerOf(act, 11), remit.bytesOf(act, 22)),
        " to ",
        payee.link,
      ),
      payee.warnings,
      facts(
        ["Payee", [h("code", { class: "wrap" }, payee.id), " calls itself ", foreign(payee.name)]],
        [
          "To do",
          act.fields.has(23) ? h("strong", {}, foreign(String(act.fields.get(23)))) : "a lease for a till",
        ],
        ["On", act.fields.has(24) ? foreign(String(act.fields.get(24)) || "nothing named") : undefined],
        [
          "Arguments",
          names && names.map((name) => h("span", { class: "item" }, foreign(name), ", as a digest")),
        ],
        [
          "Till",
          act.fields.has(31) ? h("code", { class: "wrap" }, remit.hex(remit.bytesOf(act, 31))) : undefined,
        ],
        ["Spent until", seconds(32)],
        ["Settled until", seconds(33)],
        ["Refunded until", seconds(34)],
        ["Asked by", keyLink(holder)],
        ["Of token", [idLink("token", token), " ", standingWord(chain.self.leaf)]],
        ["Decide by", seconds(26)],
        ["Made by", entryLink(at.index)],
        ["Request", h("code", { class: "wrap" }, id)],
        ["Said yes", `${yes}, the server says`],
        ["Hindered", hindrance(json)],
      ),
    ],
    how: [
      "The request id was computed here of what is shown, and is the one of the signed object in the log.",
      inLogWords(at.index, at.size),
      "The token's chain names your key as an approver; payee and unit are proved by their registrations.",
    ],
  };
}

/** Who is paid, by id and by what it calls itself; with what may mislead about that name. */
async function payeeOf(
  ledger: Ledger,
  payee: Uint8Array,
): Promise<{ id: string; name: string; link: HTMLElement; warnings: Child }> {
  const id = remit.hex(payee);
  const { name } = await ledger.party(id);
  const others = await namesakes(ledger, id, name);
  const warning = (...words: Child[]): Child => h("p", { class: "amber", role: "note" }, words);
  const alike = (others ?? []).map((other) =>
    warning(
      "Another party calls itself ",
      idLink("party", other.id, other.name),
      ": ",
      h("code", { class: "wrap" }, other.id),
      ". Compare the payee's id.",
    ),
  );
  const hidden = hides(name) ? warning("Something in the payee's name would not be seen.") : undefined;
  return { id, name, link: await partyLink(ledger, payee), warnings: [hidden, alike] };
}

/** Why a request can no longer be carried out, by the server's word. */
function hindrance(json: unknown): string | undefined {
  const obstacle =
    textIn(json, "obstacle") ?? (fieldOf(json, "cancelled") === true ? "cancelled" : undefined);
  return obstacle === undefined ? undefined : `${obstacle}, the server says: a yes may be of no use`;
}

function answerButtons(ledger: Ledger, key: keys.StoredKey, asked: Asked, place: HTMLElement): HTMLElement[] {
  const made = new Map<string, ReturnType<typeof signAnswer>>();
  const press = async (kind: "approve" | "withdraw"): Promise<void> => {
    const badge = new Badge(kind === "approve" ? "your yes" : "your no");
    const body = h("div", { class: "body", role: "status" }, "Signed here, and sent…");
    place.replaceChildren(h("div", { class: "fact" }, body, badge.element));
    let unheard = false;
    await settle(badge, body, async () => {
      // Who hears no answer sends the very same bytes again.
      const signing = made.get(kind) ?? signAnswer(key, ledger.id, kind, asked.id);
      made.set(kind, signing);
      const signed = await signing;
      const became = await submitted(ledger, kind, signed).catch((error: unknown) => {
        unheard = error instanceof NoAnswer && error.code === "unreachable";
        throw error;
      });
      if (became.is === "refused")
        throw new NoAnswer(
          "refused",
          `the server says that it refused it: ${became.code}. ${became.meaning.replace(/\.$/, "")}. ` +
            `It is signed all the same, and can be applied for ${SIGNED_SECONDS / 60n} minutes after it was`,
        );
      const word = kind === "approve" ? "Your yes" : "Your no";
      return {
        content: h(
          "p",
          {},
          h("strong", {}, `${word} stands in the log`),
          ": ",
          entryLink(became.at.index),
          ".",
        ),
        how: [
          inLogWords(became.at.index, became.at.size),
          "The entry has the id of exactly what was signed here.",
        ],
      };
    });
    if (unheard) place.append(button("Send the same again", () => void press(kind)));
  };
  return [
    button("Approve", () => void press("approve"), "main"),
    confirmed("Refuse", "Really refuse it? The request ends.", () => void press("withdraw")),
  ];
}
