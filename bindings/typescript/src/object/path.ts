// Paths (spec 04 §3).

import { hasControl, utf8 } from "../bytes.js";
import type { Reader } from "../cbor.js";
import { need } from "../errors.js";
import { TEXT_BYTES_MAX } from "../limits.js";

/** The segments of a path: none of the empty one. */
export function segments(path: string): readonly string[] {
  return path === "" ? [] : path.split("/");
}

/** Whether a text is a path. */
export function isPath(text: string): boolean {
  const plain = !/[%?#\\]/.test(text) && !hasControl(text) && utf8(text).length <= TEXT_BYTES_MAX;
  return plain && segments(text).every((segment) => segment !== "" && segment !== "." && segment !== "..");
}

/** Whether path `a` is at or below path `b`. */
export function atOrBelow(a: string, b: string): boolean {
  const [of, first] = [segments(a), segments(b)];
  return first.length <= of.length && first.every((segment, at) => segment === of[at]);
}

/** Reads a path. */
export function readPath(r: Reader): string {
  const path = r.text(TEXT_BYTES_MAX);
  need(isPath(path), "malformed", "no path");
  return path;
}
