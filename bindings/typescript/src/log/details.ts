// Details of entries: what they did, beside the log (spec 03 §5, 19 §3).

import { Reader, unknownField } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need, refuse } from "../errors.js";
import { digest, sha256 } from "../hash.js";
import { COMMON, DETAILS, LINK } from "../labels.js";
import { BUNDLE_MEMBERS_MAX, OBJECT_BYTES_MAX, WINDOWS_MAX } from "../limits.js";
import { KINDS, type Kind } from "../kinds.js";
import { readUnitValues, writeUnitValues, type UnitValues } from "../state/values.js";

/** What an operation did, by the numbers of spec 03 §5. */
export type Facts = ReadonlyMap<number, bigint | Uint8Array>;

/** The common part. */
export interface Common {
  readonly salt: Uint8Array;
  readonly kind: Kind;
  readonly facts: readonly Facts[];
}

/** The number that decided a refusal. */
export interface Bound {
  /** From 1 to 8 (spec 19 §3). */
  readonly what: number;
  /** Of a window, its place in its budget. */
  readonly place: number;
  readonly most: bigint;
  readonly used: bigint;
}

/** The part of one token. */
export interface LinkPart {
  readonly salt: Uint8Array;
  readonly token: bigint;
  readonly values: readonly UnitValues[];
  readonly bound: Bound | undefined;
}

/** Facts that are byte strings of 32. */
const HASHES = [2, 16];
const FACTS = 17;
const WINDOW = 3;

function readFacts(r: Reader): Facts {
  const facts = new Map<number, bigint | Uint8Array>();
  r.map((key) => {
    if (key < 1 || key > FACTS) unknownField(key);
    facts.set(key, HASHES.includes(key) ? r.id() : r.u64());
  });
  return facts;
}

/** Decodes a common part. */
export function decodeCommon(bytes: Uint8Array): Common {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    r.arrayOf(4);
    r.label(COMMON);
    const [salt, number] = [r.id(), r.u64()];
    const facts = r.list(BUNDLE_MEMBERS_MAX, () => readFacts(r));
    need(facts.length > 0, "malformed", "no facts");
    const kind = Object.entries(KINDS).find(([, each]) => BigInt(each.number) === number);
    return { salt, kind: (kind?.[0] as Kind | undefined) ?? refuse("malformed", "an unknown kind"), facts };
  });
}

/** Decodes a link part. */
export function decodeLinkPart(bytes: Uint8Array): LinkPart {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    const count = r.array(5);
    need(count >= 4, "malformed", "a link part of another length");
    r.label(LINK);
    const [salt, token, values] = [r.id(), r.u64(), readUnitValues(r)];
    return { salt, token, values, bound: count === 5 ? readBound(r) : undefined };
  });
}

function readBound(r: Reader): Bound {
  r.arrayOf(4);
  const [what, place] = [r.small(8), r.small(WINDOWS_MAX - 1)];
  need(what >= 1 && (what === WINDOW || place === 0), "malformed", "no such bound");
  return { what, place, most: r.u64(), used: r.u64() };
}

/** The bytes of a link part. */
export function encodeLinkPart(part: LinkPart): Uint8Array {
  const w = new Writer()
    .array(part.bound === undefined ? 4 : 5)
    .text(LINK)
    .string(part.salt)
    .int(part.token);
  writeUnitValues(w, part.values);
  if (part.bound !== undefined)
    w.array(4).int(part.bound.what).int(part.bound.place).int(part.bound.most).int(part.bound.used);
  return w.bytes();
}

/** The digest that an entry commits to, of the bytes of the common part and the hashes of the link parts. */
export async function detailsDigest(common: Uint8Array, links: readonly Uint8Array[]): Promise<Uint8Array> {
  const hash = await sha256(common);
  return digest(DETAILS, 2, (w) => w.string(hash).list(links, (_, link) => w.string(link)));
}
