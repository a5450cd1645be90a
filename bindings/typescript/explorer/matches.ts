// What an entry has to do with: the keys, parties, units and tokens that its operations name where that means
// something, as the server's index lists them, and what those of an entry are that began what a later one goes on with.

import * as remit from "../src/index.js";
import { keyOf } from "./did.js";
import { NoAnswer, prove } from "./errors.js";
import type { InLog, Ledger, Submitted } from "./ledger.js";
import { UNSIGNED } from "./rows.js";
import { listIn } from "./server.js";
import { standing } from "./standing.js";

/** What can be looked for, as the server names it, and as people do. */
export const FIELDS = [
  ["agent", "Agent's key", "did:key:z6Mk…"],
  ["token", "Token", "64 hex digits"],
  ["service", "Service", "party id"],
  ["issuer", "Issuer", "party id"],
  ["unit", "Unit", "unit id"],
  ["id", "Id", "of an operation or request"],
] as const;
/** How far back a later step leads: refund, capture, reservation, request. */
const STEPS_MAX = 4;

/** What can be looked for. */
type Term = (typeof FIELDS)[number][0];
/** Keys and ids in hexadecimal, by what they are to an entry. */
export type Terms = Readonly<Record<Term, Set<string>>>;

/** Requires that an entry has to do with everything that was looked for. */
export async function matches(ledger: Ledger, query: URLSearchParams, at: InLog): Promise<void> {
  const kind = query.get("kind");
  if (kind !== null && at.entry.kind !== kind) {
    const operations = UNSIGNED.includes(at.entry.kind) ? [] : (await ledger.object(at)).operations;
    prove(
      operations.some((each) => each.kind === kind),
      "the entry is of another kind than was asked for",
    );
  }
  const asked = FIELDS.flatMap(([name]) => (query.has(name) ? [[name, query.get(name) ?? ""] as const] : []));
  if (asked.length === 0) return;
  const terms = await termsOf(ledger, at);
  for (const [name, text] of asked) {
    const wanted = name === "agent" ? keyOf(text) : remit.fromHex(text);
    prove(wanted?.length === 32, `what was typed as ${name} is no id, and proves nothing`);
    const hex = remit.hex(wanted);
    const found = terms[name].has(hex) || (name === "issuer" && (await issuedBy(ledger, terms.token, hex)));
    prove(found, `the entry has nothing to do with the ${name} that was asked for`);
  }
}

/** All that an entry has to do with; of issuers those that it names itself. */
export async function termsOf(ledger: Ledger, at: InLog): Promise<Terms> {
  const sets = FIELDS.map(([name]) => [name, new Set<string>()] as const);
  const terms = Object.fromEntries(sets) as Terms;
  if (at.entry.kind === "genesis" || at.entry.kind === "commitment") return terms;
  terms.id.add(remit.hex(at.entry.id));
  if (UNSIGNED.includes(at.entry.kind)) await addOrigin(ledger, terms, at.entry.id, at.index, STEPS_MAX);
  else {
    const submitted = await ledger.object(at);
    for (const id of await idsOf(ledger, submitted)) terms.id.add(id);
    for (const place of submitted.operations.keys())
      await addOperation(ledger, terms, at, submitted, place, STEPS_MAX);
  }
  return terms;
}

/** Whether one of these tokens, or what it hangs on, is of an issuer. */
async function issuedBy(ledger: Ledger, tokens: ReadonlySet<string>, issuer: string): Promise<boolean> {
  for (const token of tokens) {
    // What was refused may name what is no token.
    const found = await standing(ledger, token).catch((error: unknown) => {
      if (!(error instanceof NoAnswer) || error.code !== "missing") throw error;
      return undefined;
    });
    if (found !== undefined && remit.hex(found.issuer.id) === issuer) return true;
  }
  return false;
}

/** The ids that a submission has: its own, those of its operations, those of its requests. */
async function idsOf(ledger: Ledger, { id, operations }: Submitted): Promise<string[]> {
  const requests = await Promise.all(operations.map(({ body }) => requestIn(ledger, body)));
  const all = [id, ...operations.map((each) => each.id), ...requests];
  return all.flatMap((each) => (each === undefined ? [] : remit.hex(each)));
}

async function requestIn(ledger: Ledger, body: remit.Body): Promise<Uint8Array | undefined> {
  return body.is === "act" && body.act.kind === "request" ? remit.requestOf(ledger.id, body.act) : undefined;
}

async function addOperation(
  ledger: Ledger,
  terms: Terms,
  at: InLog,
  { operations }: Submitted,
  place: number,
  steps: number,
): Promise<void> {
  const operation = operations[place];
  if (operation === undefined) return;
  const { body, id, objects } = operation;
  for (const { kid } of objects) terms.agent.add(remit.hex(kid));
  if (body.is === "token") addToken(terms, body, id);
  else if (body.is === "reserve") addReserve(terms, body);
  else {
    addAct(terms, body.act, id);
    const origin = await originOf(ledger, at, body.act, place);
    if (origin !== undefined) await addOrigin(ledger, terms, origin, at.index, steps);
  }
}

function addToken(
  terms: Terms,
  { token, sealed }: Extract<remit.Body, { is: "token" }>,
  id: Uint8Array,
): void {
  terms.agent.add(remit.hex(token.holder));
  terms.token.add(remit.hex(id));
  if (token.origin.mode === "root") terms.issuer.add(remit.hex(token.origin.issuer));
  else terms.token.add(remit.hex(token.origin.parent));
  for (const { unit } of sealed.budgets ?? []) terms.unit.add(remit.hex(unit));
}

function addReserve(
  terms: Terms,
  { invocation, others }: Extract<remit.Body, { is: "reserve" }>,
): void {
  terms.service.add(remit.hex(invocation.audience));
  if (invocation.payment !== undefined) terms.unit.add(remit.hex(invocation.payment.unit));
  terms.token.add(remit.hex(loggedAbove(others) ?? invocation.token));
}

/** An offline link has no leaf: it stands for the logged token above it. */
function loggedAbove([first]: readonly remit.Signed[]): Uint8Array | undefined {
  if (first === undefined) return undefined;
  try {
    const { origin } = remit.decodeToken(first.payload);
    return origin.mode === "offline" ? origin.parent : undefined;
  } catch {
    return undefined;
  }
}

/** What the fields of an act are, by their numbers (spec 02 §5). */
const FIELD_TERMS = [
  [4, ["token"]],
  [7, ["agent"]],
  [12, ["service"]],
  // Of a freeze, whatever was frozen: an id is of one thing alone.
  [18, ["service", "issuer", "unit", "token"]],
  [22, ["unit"]],
  [30, ["unit"]],
] as const satisfies readonly (readonly [number, readonly Term[]])[];

function addAct(terms: Terms, { kind, fields }: remit.Act, id: Uint8Array): void {
  if (kind === "party") terms.service.add(remit.hex(id));
  if (kind === "unit") terms.unit.add(remit.hex(id));
  for (const [field, means] of FIELD_TERMS) {
    const value = fields.get(field);
    if (!(value instanceof Uint8Array)) continue;
    for (const term of means) terms[term].add(remit.hex(value));
    if (field === 12 && (kind === "party_keys" || kind === "issuer")) terms.issuer.add(remit.hex(value));
  }
}

/** The id of what an act is a later step of. */
async function originOf(
  ledger: Ledger,
  at: InLog,
  { kind, fields }: remit.Act,
  place: number,
): Promise<Uint8Array | undefined> {
  if (kind === "approve" || kind === "withdraw") return fields.get(21) as Uint8Array;
  if (!LATER_STEPS.includes(kind)) return undefined;
  const { common } = await ledger.details(at);
  const subject = common.facts[place]?.get(2);
  return subject instanceof Uint8Array ? subject : undefined;
}

/** Acts that go on with a reservation, lease or capture. */
const LATER_STEPS: readonly remit.ActKind[] = ["capture", "release", "refund", "settle", "lease_close"];

/** Adds what the operation with an id has to do with, out of the entry that it stands in. */
async function addOrigin(
  ledger: Ledger,
  terms: Terms,
  id: Uint8Array,
  before: bigint,
  steps: number,
): Promise<void> {
  if (steps === 0) return;
  const at = await find(ledger, id, before);
  if (at === undefined) return;
  const submitted = await ledger.object(at);
  for (const [place, { id: own, body }] of submitted.operations.entries()) {
    const asked = await requestIn(ledger, body);
    const is = remit.equal(own, id) || (asked !== undefined && remit.equal(asked, id));
    if (is || submitted.operations.length === 1)
      await addOperation(ledger, terms, at, submitted, place, steps - 1);
  }
}

/** The first entry with an id, before another; what has not that id is not believed to be it. */
export async function find(ledger: Ledger, id: Uint8Array, before: bigint): Promise<InLog | undefined> {
  const json = await ledger.server.json(`/v1/search?id=${remit.hex(id)}&before=${before}`);
  const row = listIn(json, "entries").at(-1);
  const found = row === undefined ? undefined : await ledger.listed(row);
  if (found === undefined || found.index >= before || UNSIGNED.includes(found.entry.kind)) return undefined;
  const ids = await idsOf(ledger, await ledger.object(found));
  prove(ids.includes(remit.hex(id)), `entry ${found.index} is not the one that it is said to go on with`);
  return found;
}
