// Decimals and key names (spec 08 §1).

import { utf8 } from "../bytes.js";
import { KEY_NAME_BYTES_MAX } from "../limits.js";
import { U64_MAX } from "../numbers.js";

/** The value of a decimal without sign and leading zeros; `undefined` for anything else or above 2^64 - 1. */
export function decimal(text: string): bigint | undefined {
  if (!/^(0|[1-9][0-9]*)$/.test(text) || text.length > 20) return undefined;
  const value = BigInt(text);
  return value <= U64_MAX ? value : undefined;
}

/** Whether a text is a key name: not empty, no white space, no `+`, nothing below U+0020. */
export function isKeyName(text: string): boolean {
  return text !== "" && !/[\p{White_Space}+\u0000-\u001f]/u.test(text);
}

/** Whether a key name may be configured, or be an origin: it has its bound too. */
export function isBoundedKeyName(text: string): boolean {
  return isKeyName(text) && utf8(text).length <= KEY_NAME_BYTES_MAX;
}
