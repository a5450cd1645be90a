// State leaves (spec 06 §1 to §3, §5). Keys in leaves are bytes here: they are judged where something is
// checked under them.

import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need, refuse } from "../errors.js";
import { digest } from "../hash.js";
import { AUTHORITY, HISTORY, STATE } from "../labels.js";
import {
  NAME_BYTES_MAX,
  OBJECT_BYTES_MAX,
  OPERATOR_KEYS_MAX,
  PARTY_KEYS_MAX,
  RETIRED_KEYS_MAX,
  UNIT_DECIMALS_MAX,
  UNIT_NAME_BYTES_MAX,
} from "../limits.js";
import { RULES_NEWEST } from "../object/act.js";

/** The kinds of leaves, in the order of their numbers. */
export const LEAF_KINDS = ["ledger", "unit", "party", "token"] as const;
/** The lives of a leaf, in the order of their numbers. */
export const LIVES = ["live", "revoked", "ended"] as const;

/** A key that a party gave up. */
export interface RetiredKey {
  readonly key: Uint8Array;
  readonly compromised: boolean;
}

/** What the leaf of each kind says beside its head. */
export interface LeafBodies {
  readonly ledger: {
    readonly operators: readonly Uint8Array[];
    readonly threshold: bigint;
    readonly rules: bigint;
  };
  readonly unit: { readonly name: string; readonly decimals: number };
  readonly party: {
    readonly name: string;
    readonly keys: readonly Uint8Array[];
    readonly retired: readonly RetiredKey[];
    readonly issuer: boolean;
  };
  readonly token: {
    /** State index of the parent's leaf; of a root, of its issuer's. */
    readonly parent: bigint;
    readonly holder: Uint8Array;
    /** In milliseconds; 0 if there was no transfer. */
    readonly holderSince: bigint;
    readonly expires: bigint;
    readonly carvedChildren: bigint;
    readonly authority: Uint8Array;
    readonly values: Uint8Array;
  };
}

/** The head of a leaf. */
export interface LeafHead {
  readonly index: bigint;
  readonly id: Uint8Array;
  readonly life: (typeof LIVES)[number];
  /** Who suspends it; bit 0 is the operators' freeze. */
  readonly mask: number;
  readonly epoch: bigint;
  readonly generation: bigint;
  readonly history: Uint8Array;
}

/** A leaf of one kind. */
export type LeafOf<K extends keyof LeafBodies> = LeafHead & {
  readonly kind: K;
  readonly body: LeafBodies[K];
};
/** A state leaf. */
export type Leaf = { [K in keyof LeafBodies]: LeafOf<K> }[keyof LeafBodies];

/** Whether a leaf is of this kind. */
export function isLeafOf<K extends keyof LeafBodies>(leaf: Leaf, kind: K): leaf is Leaf & LeafOf<K> {
  return leaf.kind === kind;
}

/** Whether holder or keys are those of the admission. */
export function isUnchanged(leaf: LeafHead): boolean {
  return leaf.epoch === 0n && leaf.generation === 0n;
}

/** Decodes a leaf. */
export function decodeLeaf(bytes: Uint8Array): Leaf {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    r.arrayOf(9);
    r.label(STATE);
    const number = r.u64();
    const [index, id] = [r.u64(), r.id()];
    r.arrayOf(2);
    const [life, mask] = [LIVES[r.small(2)] ?? "ended", r.small(0xffff)];
    const head = { index, id, life, mask, epoch: r.u64(), generation: r.u64(), history: r.id() };
    const kind = LEAF_KINDS[Number(number)] ?? refuse("malformed", "an unknown kind");
    if (kind === "ledger") return { ...head, kind, body: readLedger(r) };
    if (kind === "unit") return { ...head, kind, body: readUnit(r) };
    if (kind === "party") return { ...head, kind, body: readParty(r) };
    return { ...head, kind, body: readToken(r) };
  });
}

function readLedger(r: Reader): LeafBodies["ledger"] {
  r.arrayOf(3);
  const [operators, threshold, rules] = [r.ids(OPERATOR_KEYS_MAX), r.u64(), r.u64()];
  need(rules > 0n, "malformed", "rules begin at 1");
  need(rules <= RULES_NEWEST, "not_enabled");
  return { operators, threshold, rules };
}

function readUnit(r: Reader): LeafBodies["unit"] {
  r.arrayOf(2);
  return { name: r.text(UNIT_NAME_BYTES_MAX), decimals: r.small(UNIT_DECIMALS_MAX) };
}

function readParty(r: Reader): LeafBodies["party"] {
  r.arrayOf(4);
  const [name, keys] = [r.text(NAME_BYTES_MAX), r.ids(PARTY_KEYS_MAX)];
  const retired = r.list(RETIRED_KEYS_MAX, () => {
    r.arrayOf(2);
    return { key: r.id(), compromised: r.small(1) === 1 };
  });
  return { name, keys, retired, issuer: r.bool() };
}

function readToken(r: Reader): LeafBodies["token"] {
  r.arrayOf(7);
  const [parent, holder, holderSince, expires] = [r.u64(), r.id(), r.u64(), r.u64()];
  return { parent, holder, holderSince, expires, carvedChildren: r.u64(), authority: r.id(), values: r.id() };
}

/** The bytes of a leaf. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  const w = new Writer()
    .array(9)
    .text(STATE)
    .int(LEAF_KINDS.indexOf(leaf.kind))
    .int(leaf.index)
    .string(leaf.id);
  w.array(2)
    .int(LIVES.indexOf(leaf.life))
    .int(leaf.mask)
    .int(leaf.epoch)
    .int(leaf.generation)
    .string(leaf.history);
  const key = (_: Writer, bytes: Uint8Array): void => void w.string(bytes);
  if (leaf.kind === "ledger")
    w.array(3).list(leaf.body.operators, key).int(leaf.body.threshold).int(leaf.body.rules);
  if (leaf.kind === "unit") w.array(2).text(leaf.body.name).int(leaf.body.decimals);
  if (leaf.kind === "party") {
    const { name, keys, retired, issuer } = leaf.body;
    w.array(4).text(name).list(keys, key);
    w.list(retired, (_, each) =>
      w
        .array(2)
        .string(each.key)
        .int(each.compromised ? 1 : 0),
    ).bool(issuer);
  }
  if (leaf.kind === "token") {
    const { parent, holder, holderSince, expires, carvedChildren, authority, values } = leaf.body;
    w.array(7)
      .int(parent)
      .string(holder)
      .int(holderSince)
      .int(expires)
      .int(carvedChildren)
      .string(authority)
      .string(values);
  }
  return w.bytes();
}

/** The digest that binds a token's payload into its leaf (spec 06 §3). */
export function authorityDigest(payload: Uint8Array): Promise<Uint8Array> {
  return digest(AUTHORITY, 1, (w) => w.string(payload));
}

/**
 * The history of a leaf after the entry at `index` with the log leaf hash `entry` rewrote it (spec 06 §5).
 */
export function nextHistory(before: Uint8Array, index: bigint, entry: Uint8Array): Promise<Uint8Array> {
  return digest(HISTORY, 3, (w) => w.string(before).int(index).string(entry));
}
