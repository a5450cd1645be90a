// Facts out of the ledger, each computed from bytes that were verified here. The server's JSON only says where to look.

import * as remit from "../src/index.js";
import { NoAnswer, NotProved, prove } from "./errors.js";
import type { Heads } from "./head.js";
import { Kept } from "./kept.js";
import { countIn, fieldOf, listIn, needed, textIn, type Server } from "./server.js";

/** Facts that are remembered: they are of entries, which never change. */
export const KEPT_MAX = 1_024;

/** An entry that is in the log. */
export interface InLog {
  readonly index: bigint;
  readonly bytes: Uint8Array;
  readonly entry: remit.Entry;
  /** Size of the head that it was proved under. */
  readonly size: bigint;
}

/** Whether what was submitted for an entry took place; a refusal has the same operations in it. */
export function isApplied({ entry }: InLog): boolean {
  const says = entry.kind !== "genesis" && entry.kind !== "commitment" && entry.kind !== "refusal";
  return says && entry.result === 0;
}

/** What was submitted for an entry, with its bytes. */
export interface Submitted extends remit.Submission {
  readonly bytes: Uint8Array;
}

/** What an entry did. */
export interface Details {
  readonly common: remit.Common;
  readonly links: readonly remit.LinkPart[];
}

/** What a registration says. */
export interface Registered {
  readonly id: string;
  readonly name: string;
  /** Of a unit. */
  readonly decimals: number;
  /** Of a party, when it was registered. */
  readonly keys: readonly Uint8Array[];
  readonly at: InLog;
  /** The entries that the server names for it. */
  readonly entries: readonly bigint[];
}

/** In what, and for whom, something was reserved or leased. */
export interface Spend {
  readonly unit: Uint8Array | undefined;
  readonly payee: Uint8Array;
}

/** A server without an index finds nothing. */
function noneFound(error: unknown): undefined {
  if (!(error instanceof NoAnswer)) throw error;
}

/** One ledger, as far as this browser has verified it. */
export class Ledger {
  readonly #kept = new Kept(KEPT_MAX);

  constructor(
    readonly server: Server,
    readonly heads: Heads,
  ) {}

  get id(): Uint8Array {
    return this.heads.trusted.ledger;
  }

  /** Forgets what could not be had without a reader's token. */
  forget(): void {
    this.#kept.forget();
  }

  /** The entry at an index, proved to be there. */
  entry(index: bigint): Promise<InLog> {
    return this.#kept.once(`entry ${index}`, async () => {
      const [json, proof] = await Promise.all([
        this.server.json(`/v1/entries/${index}`),
        this.server.text(`/v1/entries/${index}/proof`),
      ]);
      return this.inLog(index, json, proof);
    });
  }

  /** An entry as the server shows it in a list, with its own proof. */
  listed(json: unknown): Promise<InLog> {
    const index = needed(countIn(json, "index"), "index");
    return this.server.text(`/v1/entries/${index}/proof`).then((proof) => this.inLog(index, json, proof));
  }

  /** Requires that the bytes shown for an entry are in the log at its index. */
  async inLog(index: bigint, json: unknown, proof: string): Promise<InLog> {
    const bytes = needed(remit.fromBase64(textIn(json, "bytes") ?? ""), "bytes");
    const { index: at, path, note } = await remit.parseTlogProof(remit.utf8(proof));
    prove(at === index, `the proof is of entry ${at}`);
    const head = await this.heads.agree(remit.fromUtf8(note) ?? "");
    const leaf = await remit.leafHash(bytes);
    const there = await remit.verifyInclusion(leaf, index, head.size, path, head.root);
    prove(there, "the proof does not lead from these bytes to the signed root");
    const entry = remit.decodeEntry(bytes);
    const id = entry.kind === "genesis" || entry.kind === "commitment" ? undefined : remit.hex(entry.id);
    const same = textIn(json, "kind") === entry.kind && textIn(json, "id") === id;
    prove(same, "the server says something else of the entry than its bytes");
    return { index, bytes, entry, size: head.size };
  }

  /** What was submitted for an entry: its id is the entry's, and every signature verifies. */
  object({ index, entry }: InLog): Promise<Submitted> {
    return this.#kept.once(`object ${index}`, async () => {
      prove(entry.kind !== "genesis" && entry.kind !== "commitment", "this entry has no object");
      const bytes = await this.server.bytes(`/v1/entries/${index}/object`);
      const shown = await remit.decodeSubmission(bytes, this.id);
      prove(
        remit.equal(shown.id, entry.id),
        "the object shown is not the one of this entry: it has another id",
      );
      prove(
        entry.kind === "refusal" || shown.kind === entry.kind,
        "the object is of another kind than the entry",
      );
      return { ...shown, bytes };
    });
  }

  /** What an entry did: its digest is in the entry. */
  details({ index, entry }: InLog): Promise<Details> {
    return this.#kept.once(`details ${index}`, async () => {
      prove(entry.kind !== "genesis" && entry.kind !== "commitment", "this entry has no details");
      const bytes = await this.server.bytes(`/v1/entries/${index}/details`);
      const [common, links] = remit.Reader.whole(bytes, bytes.length, (r) => {
        r.arrayOf(2);
        const most = remit.limits.OBJECT_BYTES_MAX;
        return [r.bytes(most), r.list(bytes.length, () => r.bytes(most))] as const;
      });
      const digest = await remit.detailsDigest(
        common,
        await Promise.all(links.map((link) => remit.sha256(link))),
      );
      prove(remit.equal(digest, entry.details), "the details shown have another digest than the entry");
      return { common: remit.decodeCommon(common), links: links.map(remit.decodeLinkPart) };
    });
  }

  /** The operation with this id in an entry. */
  async operation(at: InLog, id: string): Promise<remit.Operation> {
    const { operations } = await this.object(at);
    const found = operations.find((operation) => remit.hex(operation.id) === id);
    if (found === undefined) throw new NotProved(`entry ${at.index} is not the one of ${id.slice(0, 8)}…`);
    return found;
  }

  /** A party by the operation that registered it; its entries are asked for `anew` where they are shown. */
  party(id: string, anew = false): Promise<Registered> {
    if (anew) this.#kept.forget(`party ${id}`);
    return this.#kept.once(`party ${id}`, async () => {
      const json = await this.server.json(`/v1/parties/${id}`);
      const entries = listIn(json, "entries").flatMap((at) => (typeof at === "number" ? [BigInt(at)] : []));
      const rising = entries.every((at, place) => place === 0 || at > (entries[place - 1] ?? at));
      prove(rising, "the entries shown do not rise, or one of them stands there twice");
      const at = await this.entry(needed(entries[0], "entry of the registration"));
      prove(isApplied(at), "the registration was refused");
      const { body } = await this.operation(at, id);
      if (body.is !== "act" || body.act.kind !== "party")
        throw new NotProved("this is no registration of a party");
      const name = String(body.act.fields.get(13));
      prove(textIn(json, "name") === name, "the server says another name than was registered");
      const keys = (body.act.fields.get(14) ?? []) as readonly Uint8Array[];
      return { id, name, decimals: 0, keys, at, entries };
    });
  }

  /** A unit by the operation that registered it. */
  unit(id: string): Promise<Registered> {
    return this.#kept.once(`unit ${id}`, async () => {
      const json = await this.server.json(`/v1/units/${id}`);
      const at = await this.entry(needed(countIn(json, "entry"), "entry of the registration"));
      prove(isApplied(at), "the registration was refused");
      const { body } = await this.operation(at, id);
      if (body.is !== "act" || body.act.kind !== "unit")
        throw new NotProved("this is no registration of a unit");
      const name = String(body.act.fields.get(13));
      const decimals = Number(remit.integerOf(body.act, 16));
      const same = textIn(json, "name") === name && fieldOf(json, "decimals") === decimals;
      prove(same, "the server says another name or other decimals than were registered");
      return { id, name, decimals, keys: [], at, entries: [at.index] };
    });
  }

  /** What a reservation, lease or capture that a later step names is of; nothing where the server finds none. */
  async spendOf(id: string): Promise<Spend | undefined> {
    const json = await this.server.json(`/v1/search?id=${id}`).catch(noneFound);
    const row = listIn(json, "entries").at(-1);
    if (row === undefined) return undefined;
    const at = await this.entry(needed(countIn(row, "index"), "index"));
    const { operations } = await this.object(at);
    const body = operations.find((operation) => remit.hex(operation.id) === id)?.body;
    if (body === undefined) throw new NotProved(`entry ${at.index} is not the one of ${id.slice(0, 8)}…`);
    const named = body.is === "act" && body.act.kind !== "lease" ? body.act.fields.get(9) : undefined;
    if (named instanceof Uint8Array) return this.spendOf(remit.hex(named));
    return spendIn(typeof named === "number" ? operations[named]?.body : body);
  }
}

/** What a reservation or lease says of itself. */
export function spendIn(body: remit.Body | undefined): Spend | undefined {
  if (body?.is === "reserve") return { unit: body.invocation.payment?.unit, payee: body.invocation.audience };
  if (body?.is !== "act" || body.act.kind !== "lease") return undefined;
  return { unit: remit.bytesOf(body.act, 30), payee: remit.bytesOf(body.act, 12) };
}
