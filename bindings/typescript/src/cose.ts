// COSE_Sign1 as Remit uses it (spec 02 §2, §3): one algorithm, the signer's key as `kid`, no tag.

import { concat, utf8 } from "./bytes.js";
import { Reader, required, unknownField } from "./cbor.js";
import { bytesField, intField, Writer } from "./cbor_write.js";
import { need } from "./errors.js";
import { sha256 } from "./hash.js";
import { verifies } from "./key.js";
import { isKey } from "./key_check.js";
import { OBJECT_BYTES_MAX, PAYLOAD_BYTES_MAX } from "./limits.js";

const ALGORITHM = -19n;
const PROTECTED_BYTES_MAX = 128;

/** A signed object as received; its signature is **not** checked. */
export interface Sign1 {
  /** The signer's key, as the protected header states it; not judged yet. */
  readonly kid: Uint8Array;
  /** The payload, byte for byte. */
  readonly payload: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** A signed object with the bytes that its signature covers under one label, for one ledger. */
export interface Signed extends Sign1 {
  /** The object id (spec 02 §3). */
  readonly id: Uint8Array;
  /** The `Sig_structure`. */
  readonly structure: Uint8Array;
}

function protectedHeader(kid: Uint8Array): Uint8Array {
  return new Writer().fields(intField(1, ALGORITHM), bytesField(4, kid)).bytes();
}

/** Decodes one signed object; the payload is not looked into. Throws the code of what is wrong. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
  return Reader.whole(bytes, OBJECT_BYTES_MAX, (r) => {
    r.arrayOf(4);
    const kid = decodeProtected(r.bytes(PROTECTED_BYTES_MAX));
    r.map(unknownField);
    return { kid, payload: r.bytes(PAYLOAD_BYTES_MAX), signature: r.fixed(64) };
  });
}

function decodeProtected(bytes: Uint8Array): Uint8Array {
  let algorithm: bigint | undefined;
  let kid: Uint8Array | undefined;
  Reader.whole(bytes, PROTECTED_BYTES_MAX, (r) =>
    r.map((key) => {
      if (key === 1) algorithm = r.i64();
      else if (key === 4) kid = r.id();
      else unknownField(key);
    }),
  );
  need(required(algorithm, 1) === ALGORITHM, "malformed", "another algorithm");
  return required(kid, 4);
}

/** The bytes of a signed object. */
export function encodeSign1(object: Sign1): Uint8Array {
  const w = new Writer().array(4).string(protectedHeader(object.kid)).map(0);
  return w.string(object.payload).string(object.signature).bytes();
}

/** The bytes that a signature covers (spec 02 §3). */
export function sigStructure(
  label: string,
  ledger: Uint8Array,
  kid: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  const w = new Writer().array(4).text("Signature1").string(protectedHeader(kid));
  return w
    .string(concat(utf8(label), ledger))
    .string(payload)
    .bytes();
}

/** An object with its id, as one of the kind of `label` for `ledger`. */
export async function identify(object: Sign1, label: string, ledger: Uint8Array): Promise<Signed> {
  const structure = sigStructure(label, ledger, object.kid, object.payload);
  return { ...object, structure, id: await sha256(structure) };
}

/** Checks key and signature: throws `bad_key` or `bad_signature`. */
export async function checkSignature(object: Signed): Promise<void> {
  need(isKey(object.kid), "bad_key");
  need(await verifies(object.kid, object.structure, object.signature), "bad_signature");
}
