// Public keys as text: `did:key` of the multicodec `ed25519-pub`, in base58.

import * as remit from "../src/index.js";

const PREFIX = "did:key:z";
/** `ed25519-pub` (0xed) as an unsigned varint. */
const MULTICODEC = Uint8Array.of(0xed, 0x01);
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Characters of 34 bytes in base58 at most. */
const DIGITS_MAX = 48;

/** The key as `did:key:z6Mk…`. */
export function didOf(key: Uint8Array): string {
  let number = BigInt(`0x${remit.hex(remit.concat(MULTICODEC, key))}`);
  let digits = "";
  for (; number > 0n; number /= 58n) digits = (ALPHABET[Number(number % 58n)] ?? "") + digits;
  return PREFIX + digits;
}

/** The key of a `did:key`; `undefined` of any other text. */
export function keyOf(did: string): Uint8Array | undefined {
  const digits = did.startsWith(PREFIX) ? did.slice(PREFIX.length) : "";
  if (digits === "" || digits.length > DIGITS_MAX) return undefined;
  let number = 0n;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value < 0) return undefined;
    number = number * 58n + BigInt(value);
  }
  const bytes = remit.fromHex(number.toString(16).padStart(68, "0"));
  if (bytes?.length !== 34 || !remit.equal(bytes.subarray(0, 2), MULTICODEC)) return undefined;
  const key = bytes.slice(2);
  return remit.isKey(key) && didOf(key) === did ? key : undefined;
}
