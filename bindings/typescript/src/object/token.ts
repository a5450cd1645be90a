// Tokens (spec 04 §1, §2): roots, logged children and offline links.

import { Reader, required, unknownField } from "../cbor.js";
import { bytesField, field, intField, Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { DEPTH_MAX, PAYLOAD_BYTES_MAX } from "../limits.js";
import { readApprovalRule, writeApprovalRule, type ApprovalRule } from "./approval.js";
import { readBudgets, writeBudgets, type Budget } from "./budget.js";
import { readPermissions, writePermissions, type Permission } from "./permission.js";
import { readLength } from "./window.js";

/** Where a token's authority comes from, and its mode. */
export type Origin =
  | { readonly mode: "root"; readonly issuer: Uint8Array }
  | { readonly mode: "logged"; readonly parent: Uint8Array; readonly epoch: bigint }
  | {
      readonly mode: "offline";
      readonly parent: Uint8Array;
      readonly epoch: bigint;
      readonly generation: bigint;
    };

/**
 * What may be delegated: 0 nothing, 1 logged children, 2 offline links too; and how many links may still
 * follow.
 */
export interface Delegation {
  readonly mode: number;
  readonly depth: number;
}

/** The claims of a token. */
export interface Token {
  readonly expires: bigint;
  readonly notBefore?: bigint | undefined;
  readonly nonce: Uint8Array;
  /** The holder's key. */
  readonly holder: Uint8Array;
  readonly validUntil: bigint;
  readonly bundle?: Uint8Array | undefined;
  readonly origin: Origin;
  readonly permissions?: readonly Permission[] | undefined;
  readonly delegation?: Delegation | undefined;
  readonly transferable?: boolean | undefined;
  readonly maxStaleness?: bigint | undefined;
  readonly sealed?: Uint8Array | undefined;
  readonly budgets?: readonly Budget[] | undefined;
  readonly approval?: ApprovalRule | undefined;
  /** How many entries may be written for a root and all below, in spans of so many seconds. */
  readonly entries?: { readonly most: bigint; readonly length: number } | undefined;
}

type Open<T> = { -readonly [K in keyof T]?: T[K] };

const REMIT = -65537;

/** Decodes a payload. With `unkeyed` the holder's key may be no point of the curve (spec 10 §6). */
export function decodeToken(payload: Uint8Array, unkeyed = false): Token {
  const token: Open<Token> = {};
  let claims = false;
  Reader.whole(payload, PAYLOAD_BYTES_MAX, (r) =>
    r.map((key) => {
      if (key === 4) token.expires = r.u64();
      else if (key === 5) token.notBefore = r.u64();
      else if (key === 7) token.nonce = r.fixed(16);
      else if (key === 8) token.holder = readConfirmation(r, unkeyed);
      else if (key === REMIT) {
        claims = true;
        readClaims(r, token);
      } else unknownField(key);
    }),
  );
  required(claims || undefined, REMIT);
  const whole = {
    ...token,
    expires: required(token.expires, 4),
    nonce: required(token.nonce, 7),
    holder: required(token.holder, 8),
    validUntil: required(token.validUntil, 1),
    origin: required(token.origin, 3),
  };
  need(fitsMode(whole), "malformed", "a claim that does not belong to the mode");
  return whole;
}

/** `cnf`: `{1: {1: 1, -1: 6, -2: x}}`. */
function readConfirmation(r: Reader, unkeyed: boolean): Uint8Array {
  let key: Uint8Array | undefined;
  r.map((outer) => {
    if (outer !== 1) unknownField(outer);
    let [type, curve, x]: [bigint?, bigint?, Uint8Array?] = [];
    r.map((inner) => {
      if (inner === 1) type = r.u64();
      else if (inner === -1) curve = r.u64();
      else if (inner === -2) x = unkeyed ? r.encodedKey() : r.key();
      else unknownField(inner);
    });
    need(type === 1n && curve === 6n, "malformed", "no Ed25519 key");
    key = required(x, -2);
  });
  return required(key, 1);
}

function readClaims(r: Reader, token: Open<Token>): void {
  r.map((key) => {
    if (key === 1) token.validUntil = r.u64();
    else if (key === 2) token.bundle = r.id();
    else if (key === 3) token.origin = readOrigin(r);
    else if (key === 4) token.permissions = readPermissions(r);
    else if (key === 5) token.delegation = readDelegation(r);
    else if (key === 6) token.transferable = r.bool();
    else if (key === 7) token.maxStaleness = r.u64();
    else if (key === 8) token.sealed = r.id();
    else if (key === 9) token.budgets = readBudgets(r, false);
    else if (key === 10) token.approval = readApprovalRule(r);
    else if (key === 11) token.entries = readEntries(r);
    else unknownField(key);
  });
}

function readOrigin(r: Reader): Origin {
  const count = r.array(4);
  const mode = r.small(2);
  const id = r.id();
  need(count === mode + 2, "malformed", "an origin of another length");
  if (mode === 0) return { mode: "root", issuer: id };
  if (mode === 1) return { mode: "logged", parent: id, epoch: r.u64() };
  return { mode: "offline", parent: id, epoch: r.u64(), generation: r.u64() };
}

function readDelegation(r: Reader): Delegation {
  r.arrayOf(2);
  return { mode: r.small(2), depth: r.small(DEPTH_MAX) };
}

function readEntries(r: Reader): { most: bigint; length: number } {
  r.arrayOf(2);
  const most = r.u64();
  need(most >= 1n, "malformed", "no entries at all");
  return { most, length: readLength(r) };
}

function fitsMode(token: Token): boolean {
  const { origin, budgets = [] } = token;
  if (origin.mode !== "root" && token.entries !== undefined) return false;
  if (origin.mode !== "offline") return token.sealed !== undefined && token.budgets === undefined;
  const foreign = [token.sealed, token.transferable, token.bundle];
  return (
    foreign.every((claim) => claim === undefined) && budgets.every((budget) => budget.share === "shared")
  );
}

/** The bytes of a payload. */
export function encodeToken(token: Token): Uint8Array {
  const w = new Writer();
  return w
    .fields(
      intField(4, token.expires),
      intField(5, token.notBefore),
      bytesField(7, token.nonce),
      field(8, token.holder, writeConfirmation),
      field(REMIT, token, writeClaims),
    )
    .bytes();
}

function writeConfirmation(w: Writer, key: Uint8Array): void {
  w.map(1).int(1).fields(intField(1, 1), intField(-1, 6), bytesField(-2, key));
}

function writeClaims(w: Writer, token: Token): void {
  w.fields(
    intField(1, token.validUntil),
    bytesField(2, token.bundle),
    field(3, token.origin, writeOrigin),
    field(4, token.permissions, writePermissions),
    field(5, token.delegation, (_, { mode, depth }) => w.array(2).int(mode).int(depth)),
    field(6, token.transferable, (_, yes) => w.bool(yes)),
    intField(7, token.maxStaleness),
    bytesField(8, token.sealed),
    field(9, token.budgets, writeBudgets),
    field(10, token.approval, writeApprovalRule),
    field(11, token.entries, (_, { most, length }) => w.array(2).int(most).int(length)),
  );
}

function writeOrigin(w: Writer, origin: Origin): void {
  if (origin.mode === "root") w.array(2).int(0).string(origin.issuer);
  else if (origin.mode === "logged") w.array(3).int(1).string(origin.parent).int(origin.epoch);
  else w.array(4).int(2).string(origin.parent).int(origin.epoch).int(origin.generation);
}
