// What an operation says, in words. Names and units in them are those of proved registrations.

import { foreign, h, type Child } from "../ui/dom.js";
import * as words from "../ui/words.js";
import * as remit from "../src/index.js";
import { spendIn, type InLog, type Ledger, type Spend, type Submitted } from "./ledger.js";
import { foundLink, idLink, keyLink, short, time } from "./parts.js";

/** Kinds of entries as people call them. */
export const KIND_WORDS: Readonly<Partial<Record<remit.Kind, string>>> = {
  party_keys: "keys of a party",
  lease_close: "lease given back",
  rekeyed: "rekey in force",
};

/** The kind of an entry in words. */
export function kindWord(kind: remit.Kind): string {
  return KIND_WORDS[kind] ?? kind;
}

/** An amount in its unit, whose name and decimals are those of its registration. */
export async function amount(ledger: Ledger, of: bigint, unit: Uint8Array | undefined): Promise<string> {
  if (unit === undefined) return words.money(of, undefined);
  return words.money(of, await ledger.unit(remit.hex(unit)));
}

/** A party by the name that it registered. */
export async function partyLink(ledger: Ledger, id: Uint8Array): Promise<HTMLElement> {
  const hex = remit.hex(id);
  return idLink("party", hex, (await ledger.party(hex)).name);
}

function tokenLink(id: Uint8Array): Child {
  return ["token ", idLink("token", remit.hex(id))];
}

/** What a whole submission says, member by member. */
export async function say(ledger: Ledger, at: InLog, { operations }: Submitted): Promise<Child> {
  const said: Child[] = [];
  for (const operation of operations) said.push(await sayOperation(ledger, operation, operations));
  const refused = at.entry.kind === "refusal" ? codeOf(at.entry.result) : undefined;
  const list =
    said.length === 1
      ? said[0]
      : h(
          "ol",
          { class: "members" },
          said.map((one) => h("li", {}, one)),
        );
  return refused === undefined
    ? list
    : [h("strong", {}, "refused "), h("code", {}, refused), ", asked was: ", list];
}

function codeOf(number: number): string {
  return Object.entries(remit.CODES).find(([, code]) => code.number === number)?.[0] ?? String(number);
}

type Said = Promise<Child>;

async function sayOperation(
  ledger: Ledger,
  { body, id, objects }: remit.Operation,
  all: readonly remit.Operation[],
): Said {
  const signer = objects[0]?.kid;
  if (body.is === "token") {
    const { token } = body;
    const made = [tokenLink(id), " for ", keyLink(token.holder)];
    if (token.origin.mode === "root") return [await partyLink(ledger, token.origin.issuer), " issues ", made];
    return [signer && keyLink(signer), " makes ", made, ", below ", tokenLink(token.origin.parent)];
  }
  if (body.is === "reserve") {
    const { payment, audience, action, resource, token } = body.invocation;
    const paid = payment && [h("strong", {}, await amount(ledger, payment.amount, payment.unit)), " "];
    const of = body.others.some((other) => remit.equal(other.id, token))
      ? "an offline link"
      : tokenLink(token);
    return [
      signer && keyLink(signer),
      " has ",
      paid,
      "held for ",
      await partyLink(ledger, audience),
      ": ",
      useWords(action, resource),
      ", of ",
      of,
    ];
  }
  return sayAct(ledger, body.act, signer, all);
}

function useWords(action: string, resource: string): Child {
  return [h("span", { class: "item" }, foreign(action)), resource === "" ? "" : foreign(resource)];
}

/** What each act does, but for its amounts and whom it concerns. */
const ACTS: Readonly<Partial<Record<remit.ActKind, string>>> = {
  transfer: "hands over",
  rekey: "changes the holder's key of",
  veto: "refuses a change of key of",
  suspend: "suspends",
  resume: "lifts a suspension of",
  revoke: "revokes",
  cut: "cuts the offline links of",
  end: "ends",
  offer: "offers for sale",
  trade: "buys",
};

async function sayAct(
  ledger: Ledger,
  act: remit.Act,
  signer: Uint8Array | undefined,
  all: readonly remit.Operation[],
): Said {
  const { kind, fields } = act;
  const who = signer === undefined ? "" : keyLink(signer);
  const bytes = (key: number): Uint8Array => remit.bytesOf(act, key);
  const named = fields.get(9);
  const reference = named instanceof Uint8Array ? foundLink(remit.hex(named)) : `in ${Number(named) + 1}.`;
  if (kind === "party") return ["registers the party ", h("strong", {}, foreign(String(fields.get(13))))];
  if (kind === "unit") {
    const decimals = remit.integerOf(act, 16);
    return [
      "registers the unit ",
      h("strong", {}, foreign(String(fields.get(13)))),
      `, ${decimals} decimals`,
    ];
  }
  if (kind === "issuer") return ["appoints ", await partyLink(ledger, bytes(12)), " as an issuer"];
  if (kind === "party_keys") return ["changes the keys of ", await partyLink(ledger, bytes(12))];
  if (kind === "freeze" || kind === "unfreeze")
    return [kind === "freeze" ? "freezes" : "lifts the freeze of", ` leaf ${remit.integerOf(act, 17)}`];
  if (kind === "upgrade") return `puts rules version ${remit.integerOf(act, 20)} in force`;
  if (kind === "approve") return [who, ` says yes to request ${short(remit.hex(bytes(21)))}`];
  if (kind === "withdraw") return [who, ` ends request ${short(remit.hex(bytes(21)))}`];
  if (kind === "request" || kind === "lease") return saySpend(ledger, act, who);
  if (kind === "settle") return [who, " settles lease ", reference];
  if (kind === "lease_close") return [who, " gives lease ", reference, " back"];
  if (kind === "capture" || kind === "release" || kind === "refund") {
    const verb = { capture: "takes", release: "releases", refund: "gives back" }[kind];
    const spend = await spendOf(ledger, named, all);
    const much = fields.has(11)
      ? await amount(ledger, remit.integerOf(act, 11), spend?.unit)
      : "all that is left";
    const of = kind === "refund" ? " of capture " : " of reservation ";
    const payee = spend && [", for ", await partyLink(ledger, spend.payee)];
    return [who, ` ${verb} `, h("strong", {}, much), of, reference, payee];
  }
  const to = fields.has(7) ? [" to ", keyLink(bytes(7))] : "";
  return [who, ` ${ACTS[kind] ?? kind} `, tokenLink(bytes(4)), to];
}

async function saySpend(ledger: Ledger, act: remit.Act, who: Child): Said {
  const unit = remit.bytesOf(act, act.kind === "lease" ? 30 : 22);
  const much = h("strong", {}, await amount(ledger, remit.integerOf(act, 11), unit));
  const payee = await partyLink(ledger, remit.bytesOf(act, 12));
  const token = [", of ", tokenLink(remit.bytesOf(act, 4))];
  if (act.kind === "lease") return [who, " locks ", much, " for a till of ", payee, token];
  const use = act.fields.has(23)
    ? useWords(String(act.fields.get(23)), String(act.fields.get(24)))
    : "a lease for a till";
  return [who, " asks whether it may pay ", much, " to ", payee, ": ", use, token];
}

/** What a capture, release or refund is of: another member of the bundle, or an operation before. */
async function spendOf(
  ledger: Ledger,
  named: remit.ActValue | undefined,
  all: readonly remit.Operation[],
): Promise<Spend | undefined> {
  if (named instanceof Uint8Array) return ledger.spendOf(remit.hex(named));
  const body = typeof named === "number" ? all[named]?.body : undefined;
  if (body?.is === "act" && body.act.kind === "capture") return spendOf(ledger, body.act.fields.get(9), all);
  return spendIn(body);
}

/** When an entry was written, for the eyes: date and time. */
export function when(at: InLog): HTMLElement {
  return time(at.entry.time);
}
