// The one place where signatures are checked (spec 01 §2), by WebCrypto.

import { isKey, mayBeSignature } from "./key_check.js";

export { checkKey, checkKeyEncoding, isKey } from "./key_check.js";

/**
 * Whether a signature by `key` over `message` is valid under the criterion of spec 01 §2. A key that this
 * page does not
 * accept has no valid signature. WebCrypto compares the encoding of S·B - k·A with R, without the cofactor.
 */
export async function verifies(
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (!isKey(key) || !mayBeSignature(signature)) return false;
  const imported = await crypto.subtle.importKey("raw", key as BufferSource, { name: "Ed25519" }, false, [
    "verify",
  ]);
  return crypto.subtle.verify(
    { name: "Ed25519" },
    imported,
    signature as BufferSource,
    message as BufferSource,
  );
}
