// Which 32 bytes are a public key, and which 64 may be a signature, before any signature is checked (spec 01
// §2).
//
// WebCrypto takes keys of small order and leaves it to the engine what else it takes; so all of this is
// looked at here,
// by bytes, and no engine decides anything but the equation.

import { need } from "./errors.js";
import { REMEMBERED_KEYS_MAX } from "./limits.js";

const P = (1n << 255n) - 19n;
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
/** The constant d of the curve, -121665 / 121666. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** The y coordinate of half the points of order 8; that of the others is its negative. */
const Y_OF_ORDER_8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** The y coordinates of the eight points whose order divides 8. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

function littleEndian(bytes: Uint8Array): bigint {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) number = (number << 8n) | BigInt(bytes[at] ?? 0);
  return number;
}

function yOf(bytes: Uint8Array): bigint {
  return littleEndian(bytes) & ((1n << 255n) - 1n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let rest = exponent, square = base % P; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result;
}

/** The y of keys that were found on the curve: the same few keys sign most of what one verifier sees. */
const onCurve = new Set<bigint>();

/** Whether some point of the curve has this y. */
function isOnCurve(y: bigint): boolean {
  if (onCurve.has(y)) return true;
  if (!isSquare(y)) return false;
  if (onCurve.size >= REMEMBERED_KEYS_MAX) onCurve.clear();
  onCurve.add(y);
  return true;
}

/** Whether (y² - 1) / (d·y² + 1) is a square, by Euler's criterion. */
function isSquare(y: bigint): boolean {
  const square = (y * y) % P;
  const product = ((square - 1n + P) * (D * square + 1n)) % P;
  return product === 0n || power(product, (P - 1n) / 2n) === 1n;
}

/**
 * Requires that a key has a canonical y and is no point of small order; whether it is a point is left open.
 */
export function checkKeyEncoding(key: Uint8Array): void {
  const y = yOf(key);
  need(key.length === 32 && y < P, "bad_key", "not canonical");
  need(!SMALL_ORDER_Y.has(y), "bad_key", "of small order");
}

/** Requires that 32 bytes are an acceptable public key. */
export function checkKey(key: Uint8Array): void {
  checkKeyEncoding(key);
  need(isOnCurve(yOf(key)), "bad_key", "no point of the curve");
}

/** Whether 32 bytes are an acceptable public key. */
export function isKey(key: Uint8Array): boolean {
  const y = yOf(key);
  return key.length === 32 && y < P && !SMALL_ORDER_Y.has(y) && isOnCurve(y);
}

/** Whether S is below the group order, and R the canonical y of something that has no small order. */
export function mayBeSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  const y = yOf(signature.subarray(0, 32));
  return littleEndian(signature.subarray(32)) < L && y < P && !SMALL_ORDER_Y.has(y);
}
