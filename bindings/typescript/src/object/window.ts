// Windows of budgets (spec 04 §5).

import { ascending, type Reader } from "../cbor.js";
import type { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN, WINDOWS_MAX } from "../limits.js";

/**
 * The most that may be reserved in one span of time, again and again: of a length from an anchor, or a
 * month.
 */
export type Window =
  | { readonly kind: "span"; readonly length: number; readonly anchor: number; readonly most: bigint }
  | { readonly kind: "month"; readonly most: bigint };

/** Reads a number of seconds that a span may have. */
export function readLength(r: Reader): number {
  const length = r.small(WINDOW_LENGTH_MAX);
  need(length >= WINDOW_LENGTH_MIN, "malformed", "too short a span");
  return length;
}

/** Reads a window. */
export function readWindow(r: Reader): Window {
  const count = r.array(4);
  if (r.small(1) === 1) {
    need(count === 2, "malformed");
    return { kind: "month", most: r.u64() };
  }
  need(count === 4, "malformed");
  const [length, anchor] = [readLength(r), r.u64()];
  need(anchor < BigInt(length), "malformed", "an anchor that is not less than the length");
  return { kind: "span", length, anchor: Number(anchor), most: r.u64() };
}

/** Kind, length and anchor: windows stand in increasing order of these. */
function order(window: Window): readonly number[] {
  return window.kind === "span" ? [0, window.length, window.anchor] : [1, 0, 0];
}

/** Reads a list of windows. */
export function readWindows(r: Reader): Window[] {
  const windows = r.list(WINDOWS_MAX, () => readWindow(r));
  need(windows.length > 0, "not_canonical", "an empty list of windows");
  ascending(windows, (a, b) => {
    const [left, right] = [order(a), order(b)];
    const at = left.findIndex((part, place) => part !== right[place]);
    return at < 0 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
  });
  return windows;
}

/** Writes a window. */
export function writeWindow(w: Writer, window: Window): void {
  if (window.kind === "month") w.array(2).int(1).int(window.most);
  else w.array(4).int(0).int(window.length).int(window.anchor).int(window.most);
}
