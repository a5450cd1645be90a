// How a token stands: its chain out of a presentation (spec 09), its counters out of its values (spec 06 §4), its
// history (spec 06 §5). All three are held against leaves of one state, which the signed head commits to.

import * as remit from "../src/index.js";
import { provedCommitment } from "../src/verify/open.js";
import { NotProved, prove } from "./errors.js";
import type { Ledger } from "./ledger.js";
import { countIn, listIn, needed, textIn } from "./server.js";

/** A logged token of a chain, with its leaf. */
export interface Link {
  readonly id: string;
  readonly object: remit.Signed;
  readonly token: remit.Token;
  readonly leaf: remit.LeafOf<"token">;
}

/** A token as it stood under a head. */
export interface Standing {
  /** Entries of the log then. */
  readonly size: bigint;
  /** Ledger time of the state, in milliseconds. */
  readonly time: bigint;
  readonly ledger: remit.LeafOf<"ledger">;
  readonly issuer: remit.LeafOf<"party">;
  readonly unit: remit.LeafOf<"unit"> | undefined;
  /** The root first, the token itself last. */
  readonly links: readonly Link[];
  readonly self: Link;
}

/** What may be spent in a unit, and where it went. */
export interface Purse {
  readonly unit: remit.LeafOf<"unit">;
  /** The token's own budget; nothing where those above it decide. */
  readonly budget: remit.Budget | undefined;
  readonly counters: remit.UnitValues["counters"];
}

/** An entry of a history. */
export interface Written {
  readonly index: bigint;
  readonly entry: remit.Entry;
}

/** How often two answers of one moment are asked for. */
const TRIES = 3;

/** The chain of a token as it stands now, with a unit's leaf if one is named. */
export async function standing(ledger: Ledger, id: string, unit?: string): Promise<Standing> {
  const { size: least } = ledger.heads.newest;
  const query = unit === undefined ? "" : `?unit=${unit}`;
  const shown = remit.decodePresentation(await ledger.server.bytes(`/v1/tokens/${id}/presentation${query}`));
  prove(remit.equal(shown.ledger, ledger.id), "the presentation is of another ledger");
  const head = await ledger.heads.agree(remit.fromUtf8(shown.note) ?? "");
  prove(
    head.size >= least,
    `it is as of ${head.size} entries, and ${least} were signed when it was asked for`,
  );
  const commitment = await provedCommitment(shown, head);
  const leaves = await provedLeaves(shown, commitment);
  const found = await chainOf(shown, leaves, ledger.id);
  prove(found.self.id === id, "the presentation is of another token");
  const named = unit === undefined || (found.unit !== undefined && remit.hex(found.unit.id) === unit);
  prove(named, "the leaf of the unit that was asked for is not shown");
  return { size: head.size, time: commitment.time, ...found };
}

async function provedLeaves(shown: remit.Presentation, state: remit.Commitment): Promise<remit.Leaf[]> {
  const leaves = shown.leaves.map(remit.decodeLeaf);
  const hashes = await Promise.all(shown.leaves.map(remit.leafHash));
  const indexed = leaves.map(({ index }, at) => ({ index, hash: hashes[at] ?? new Uint8Array() }));
  const there = await remit.verifyMultiproof(indexed, state.stateSize, shown.stateProof, state.stateRoot);
  prove(there, "the state leaves shown are not in the state that the signed head commits to");
  return leaves;
}

async function chainOf(
  shown: remit.Presentation,
  leaves: readonly remit.Leaf[],
  ledgerId: Uint8Array,
): Promise<Omit<Standing, "size" | "time">> {
  const of = <K extends remit.Leaf["kind"]>(kind: K): remit.LeafOf<K> | undefined =>
    leaves.find((leaf): leaf is remit.Leaf & remit.LeafOf<K> => remit.isLeafOf(leaf, kind));
  const [first, issuer] = [of("ledger"), of("party")];
  if (first === undefined || issuer === undefined)
    throw new NotProved("the ledger's or the issuer's leaf is missing");
  prove(first.index === 0n && remit.equal(first.id, ledgerId), "leaf 0 is of another ledger");
  const links: Link[] = [];
  for (const bytes of shown.tokens) {
    const object = await remit.identify(remit.decodeSign1(bytes), remit.labels.TOKEN, ledgerId);
    await remit.checkSignature(object);
    const token = remit.decodeToken(object.payload, true);
    const above = links.at(-1);
    const leaf = leaves.find(
      (each): each is remit.Leaf & remit.LeafOf<"token"> =>
        remit.isLeafOf(each, "token") && remit.equal(each.id, object.id),
    );
    if (leaf === undefined) throw new NotProved("a token of the chain has no leaf");
    const { origin } = token;
    const right =
      origin.mode === "root"
        ? above === undefined && remit.equal(origin.issuer, issuer.id)
        : above !== undefined && remit.equal(origin.parent, above.object.id);
    prove(right && leaf.body.parent === (above?.leaf ?? issuer).index, "the chain is broken");
    const authority = await remit.authorityDigest(object.payload);
    prove(remit.equal(leaf.body.authority, authority), "the claims shown are not those of the leaf");
    links.push({ id: remit.hex(object.id), object, token, leaf });
  }
  const self = links.at(-1);
  if (self === undefined) throw new NotProved("the chain is empty");
  return { ledger: first, issuer, unit: of("unit"), links, self };
}

/** The sealed claims of a token, out of what was submitted when it was admitted. */
export async function sealedOf(ledger: Ledger, id: string): Promise<remit.Sealed> {
  const at = needed(countIn(await ledger.server.json(`/v1/tokens/${id}`), "entry"), "entry");
  const { body } = await ledger.operation(await ledger.entry(at), id);
  if (body.is !== "token") throw new NotProved("that entry admits no token");
  return body.sealed;
}

/** What a token may spend and has spent, unit by unit; of one without own budgets the units of those above it. */
export async function purses(
  ledger: Ledger,
  id: string,
): Promise<{ at: Standing; purses: readonly Purse[] }> {
  const { links } = await standing(ledger, id);
  const own = (await sealedOf(ledger, id)).budgets;
  let budgets = own;
  for (const link of [...links].reverse().slice(1)) budgets ??= (await sealedOf(ledger, link.id)).budgets;
  const units = (budgets ?? []).map((budget) => budget.unit);
  for (let tries = 1; ; tries++) {
    const shown = await Promise.all(
      (units.length === 0 ? [undefined] : units).map((unit) => standing(ledger, id, unit && remit.hex(unit))),
    );
    const bytes = await ledger.server.bytes(`/v1/tokens/${id}/values`);
    const digest = await remit.sha256(bytes);
    const [at] = shown;
    const same = shown.every(({ self }) => remit.equal(self.leaf.body.values, digest));
    if (!same || at === undefined) {
      // The ledger may have gone on in between.
      prove(tries < TRIES, "the counters shown have another digest than the token's leaf");
      continue;
    }
    const values = remit.decodeValues(bytes);
    const found = shown.flatMap(({ unit }) => (unit === undefined ? [] : purse(unit, own, values)));
    prove(found.length === units.length, "a budget is not shown, or one that there is not");
    return { at, purses: found };
  }
}

function purse(unit: remit.LeafOf<"unit">, own: remit.Sealed["budgets"], values: remit.Values): Purse {
  const counted = values.units.find((each) => each.unit === unit.index);
  const none = Object.fromEntries(remit.COUNTERS.map((name) => [name, 0n])) as remit.UnitValues["counters"];
  const budget = own?.find((each) => remit.equal(each.unit, unit.id));
  return { unit, budget, counters: counted?.counters ?? none };
}

/** Every entry that rewrote a leaf: complete, because they fold to what the leaf says. */
export async function historyOf(
  ledger: Ledger,
  id: string,
): Promise<{ at: Standing; entries: readonly Written[] }> {
  for (let tries = 1; ; tries++) {
    const json = await ledger.server.json(`/v1/tokens/${id}/history`);
    const at = await standing(ledger, id);
    const { folded, entries } = await fold(json);
    if (remit.equal(folded, at.self.leaf.history)) return { at, entries };
    prove(
      tries < TRIES,
      "the entries shown do not fold to the history in the token's leaf: one is missing or changed",
    );
  }
}

/** The histories that a token's validity rests on, each with the leaf whose history it is. */
export async function validityOf(
  ledger: Ledger,
  id: string,
): Promise<{ at: Standing; histories: readonly { leaf: remit.LeafHead; entries: readonly Written[] }[] }> {
  for (let tries = 1; ; tries++) {
    const json = await ledger.server.json(`/v1/tokens/${id}/validity`);
    const at = await standing(ledger, id);
    const leaves: remit.LeafHead[] = [at.ledger, at.issuer, ...at.links.map((link) => link.leaf)];
    const folded = await Promise.all(listIn(json, "histories").map(fold));
    const right = leaves.every((leaf, each) => {
      const found = folded[each];
      return found !== undefined && remit.equal(found.folded, leaf.history);
    });
    if (right && folded.length === leaves.length)
      return { at, histories: leaves.map((leaf, each) => ({ leaf, entries: folded[each]?.entries ?? [] })) };
    prove(tries < TRIES, "the entries shown do not fold to the histories in the leaves");
  }
}

async function fold(json: unknown): Promise<{ folded: Uint8Array; entries: Written[] }> {
  let folded: Uint8Array = new Uint8Array(32);
  const entries: Written[] = [];
  for (const item of listIn(json, "entries")) {
    const index = needed(countIn(item, "index"), "index");
    const bytes = needed(remit.fromBase64(textIn(item, "bytes") ?? ""), "bytes");
    folded = await remit.nextHistory(folded, index, await remit.leafHash(bytes));
    entries.push({ index, entry: remit.decodeEntry(bytes) });
  }
  return { folded, entries };
}

/** A page of the tokens below one; each is proved by its own presentation, that these are all is the server's word. */
export async function childrenOf(
  ledger: Ledger,
  id: string,
  after: bigint | undefined,
): Promise<{ ids: readonly string[]; next: bigint | undefined }> {
  const query = after === undefined ? "" : `&after=${after}`;
  const json = await ledger.server.json(`/v1/tokens/${id}/children?limit=${CHILDREN_PAGE}${query}`);
  const ids = listIn(json, "children").flatMap((child) => textIn(child, "id") ?? []);
  return { ids, next: countIn(json, "next") };
}

/** Children that are shown at once. */
const CHILDREN_PAGE = 20;

/** A token that must stand directly below another. */
export async function childStanding(ledger: Ledger, id: string, parent: string): Promise<Standing> {
  const found = await standing(ledger, id);
  prove(found.links.at(-2)?.id === parent, "it is not a child of this token: its leaf names another parent");
  return found;
}
