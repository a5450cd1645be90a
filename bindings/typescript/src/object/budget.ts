// Budgets, open and sealed (spec 04 §5, §6).

import { compare, equal } from "../bytes.js";
import { ascending, Reader, required, unknownField } from "../cbor.js";
import { bytesField, field, intField, textField, Writer } from "../cbor_write.js";
import { sha256 } from "../hash.js";
import { SEALED } from "../labels.js";
import { BUDGETS_MAX, NAME_BYTES_MAX, SEALED_BYTES_MAX, TEXT_BYTES_MAX } from "../limits.js";
import { readWindow, readWindows, writeWindow, type Window } from "./window.js";

/** What may be spent in one unit. */
export interface Budget {
  readonly unit: Uint8Array;
  readonly share: "shared" | "carved";
  readonly total?: bigint | undefined;
  readonly perUse?: bigint | undefined;
  readonly refundable?: bigint | undefined;
  readonly windows?: readonly Window[] | undefined;
  /** Most of one lease, and its longest life in seconds. */
  readonly leases?: { readonly most: bigint; readonly longest: bigint } | undefined;
  readonly threshold?: Window | undefined;
}

/** What only issuer, holders and ledger see. */
export interface Sealed {
  readonly secret: Uint8Array;
  readonly budgets?: readonly Budget[] | undefined;
  readonly name?: string | undefined;
  readonly note?: string | undefined;
}

type Open<T> = { -readonly [K in keyof T]?: T[K] };

function readBudget(r: Reader, sealed: boolean): Budget {
  const b: Open<Budget> = {};
  r.map((key) => {
    if (key === 1) b.unit = r.id();
    else if (key === 2) b.share = r.small(1) === 0 ? "shared" : "carved";
    else if (key === 3) b.total = r.u64();
    else if (key === 4) b.perUse = r.u64();
    else if (key === 5) b.refundable = r.u64();
    else if (key === 6 && sealed) b.windows = readWindows(r);
    else if (key === 7 && sealed) b.leases = readLeaseLimits(r);
    else if (key === 8 && sealed) b.threshold = readWindow(r);
    else unknownField(key);
  });
  return { ...b, unit: required(b.unit, 1), share: required(b.share, 2) };
}

function readLeaseLimits(r: Reader): { most: bigint; longest: bigint } {
  r.arrayOf(2);
  return { most: r.u64(), longest: r.u64() };
}

/** Reads budgets: sealed ones may have windows, limits on leases and a threshold. */
export function readBudgets(r: Reader, sealed: boolean): Budget[] {
  const budgets = r.list(BUDGETS_MAX, () => readBudget(r, sealed));
  ascending(budgets, (a, b) => compare(a.unit, b.unit));
  return budgets;
}

/** Writes budgets. */
export function writeBudgets(w: Writer, budgets: readonly Budget[]): void {
  w.list(budgets, (_, b) => {
    w.fields(
      bytesField(1, b.unit),
      intField(2, b.share === "shared" ? 0 : 1),
      intField(3, b.total),
      intField(4, b.perUse),
      intField(5, b.refundable),
      field(6, b.windows, (_, windows) => w.list(windows, writeWindow)),
      field(7, b.leases, (_, limits) => w.array(2).int(limits.most).int(limits.longest)),
      field(8, b.threshold, writeWindow),
    );
  });
}

/** The budget in a unit. */
export function budgetIn(budgets: readonly Budget[], unit: Uint8Array): Budget | undefined {
  return budgets.find((budget) => equal(budget.unit, unit));
}

/** Whether no limit of a child's open budget exceeds one that is stated above (spec 04 §7). */
export function budgetIsWithin(child: Budget, parent: Budget): boolean {
  const within = (own: bigint | undefined, above: bigint | undefined): boolean =>
    own === undefined || above === undefined || own <= above;
  return (
    equal(child.unit, parent.unit) &&
    within(child.total, parent.total) &&
    within(child.perUse, parent.perUse) &&
    within(child.refundable, parent.refundable ?? parent.total)
  );
}

/** Decodes sealed claims. */
export function decodeSealed(bytes: Uint8Array): Sealed {
  return Reader.whole(bytes, SEALED_BYTES_MAX, (r) => {
    r.arrayOf(3);
    r.label(SEALED);
    const secret = r.id();
    const claims: Omit<Open<Sealed>, "secret"> = {};
    r.map((key) => {
      if (key === 1) claims.budgets = readBudgets(r, true);
      else if (key === 2) claims.name = r.text(NAME_BYTES_MAX);
      else if (key === 3) claims.note = r.text(TEXT_BYTES_MAX);
      else unknownField(key);
    });
    return { secret, ...claims };
  });
}

/** The bytes of sealed claims. */
export function encodeSealed(sealed: Sealed): Uint8Array {
  const w = new Writer().array(3).text(SEALED).string(sealed.secret);
  return w
    .fields(field(1, sealed.budgets, writeBudgets), textField(2, sealed.name), textField(3, sealed.note))
    .bytes();
}

/** What a token commits to: the digest of the bytes of its sealed claims. */
export function sealedDigest(bytes: Uint8Array): Promise<Uint8Array> {
  return sha256(bytes);
}
