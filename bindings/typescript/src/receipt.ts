// Receipts of RFC 9942: that an entry stands in a log, for those who read COSE (spec 23 §5).

import { equal } from "./bytes.js";
import { Reader, required, unknownField } from "./cbor.js";
import { Writer } from "./cbor_write.js";
import type { VerifierKey } from "./c2sp/vkey.js";
import { need } from "./errors.js";
import { leafHash } from "./hash.js";
import { verifies } from "./key.js";
import { KEY_NAME_BYTES_MAX, RECEIPT_BYTES_MAX, TREE_HEIGHT_MAX } from "./limits.js";
import { rootFromInclusion } from "./merkle/inclusion.js";

/** The first byte: the tag of a COSE_Sign1. */
const TAG = 0xd2;
const ALGORITHM = -19n;
const STRUCTURE = 1n;

/** What a good receipt says. */
export interface Receipt {
  /** The log. */
  readonly origin: string;
  /** When the log was as it says, in seconds. */
  readonly time: bigint;
  /** Entries of the log then. */
  readonly size: bigint;
  /** Where the entry stands. */
  readonly index: bigint;
}

/** Why a receipt proves nothing, where its bytes are one. */
export type ReceiptCode = "other_log" | "other_size" | "bad_proof" | "bad_signature";

/** A receipt that proves nothing. */
export class ReceiptError extends Error {
  override readonly name = "ReceiptError";

  constructor(readonly code: ReceiptCode) {
    super(code);
  }
}

interface Decoded extends Receipt {
  readonly kid: Uint8Array;
  readonly protectedHeader: Uint8Array;
  readonly proofSize: bigint;
  readonly path: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/**
 * Verifies that the log with this key says that `entry` stood at `index` when it had `size` entries. Throws the code of
 * what are the bytes of no receipt, or a `ReceiptError`.
 */
export async function verifyReceipt(
  bytes: Uint8Array,
  entry: Uint8Array,
  log: VerifierKey,
): Promise<Receipt> {
  const receipt = decode(bytes);
  const { origin, time, size, index } = receipt;
  if (log.name !== origin || !equal(log.key, receipt.kid)) throw new ReceiptError("other_log");
  if (receipt.proofSize !== size) throw new ReceiptError("other_size");
  const root = await rootFromInclusion(await leafHash(entry), index, size, receipt.path);
  if (root === undefined) throw new ReceiptError("bad_proof");
  const structure = new Writer().array(4).text("Signature1").string(receipt.protectedHeader);
  const signed = structure.string(new Uint8Array()).string(root).bytes();
  if (!(await verifies(log.key, signed, receipt.signature))) throw new ReceiptError("bad_signature");
  return { origin, time, size, index };
}

function decode(bytes: Uint8Array): Decoded {
  need(bytes[0] === TAG, "malformed", "another first byte");
  return Reader.whole(bytes.subarray(1), RECEIPT_BYTES_MAX - 1, (r) => {
    r.arrayOf(4);
    const protectedHeader = r.bytes(RECEIPT_BYTES_MAX);
    const signed = Reader.whole(protectedHeader, RECEIPT_BYTES_MAX, readProtected);
    const proof = readUnprotected(r);
    need(r.null(), "malformed", "a payload");
    return { ...signed, ...proof, protectedHeader, signature: r.fixed(64) };
  });
}

function readProtected(r: Reader): Pick<Decoded, "kid" | "origin" | "time" | "size"> {
  let algorithm: bigint | undefined;
  let structure: bigint | undefined;
  let kid: Uint8Array | undefined;
  let claims: Pick<Decoded, "origin" | "time" | "size"> | undefined;
  r.map((key) => {
    if (key === 1) algorithm = r.i64();
    else if (key === 4) kid = r.fixed(32);
    else if (key === 15) claims = readClaims(r);
    else if (key === 395) structure = r.u64();
    else unknownField(key);
  });
  need(algorithm === ALGORITHM && structure === STRUCTURE, "malformed", "another algorithm or structure");
  return { kid: required(kid, 4), ...required(claims, 15) };
}

function readClaims(r: Reader): Pick<Decoded, "origin" | "time" | "size"> {
  let origin: string | undefined;
  let time: bigint | undefined;
  let size: bigint | undefined;
  r.map((key) => {
    if (key === 1) origin = r.text(KEY_NAME_BYTES_MAX);
    else if (key === 6) time = r.u64();
    else if (key === -65537) size = r.u64();
    else unknownField(key);
  });
  return { origin: required(origin, 1), time: required(time, 6), size: required(size, -65537) };
}

type Proof = Pick<Decoded, "proofSize" | "index" | "path">;

function readUnprotected(r: Reader): Proof {
  let proof: Proof | undefined;
  r.map((key) => {
    if (key !== 396) unknownField(key);
    r.map((kind) => {
      if (kind !== -1) unknownField(kind);
      r.arrayOf(1);
      proof = Reader.whole(r.bytes(RECEIPT_BYTES_MAX), RECEIPT_BYTES_MAX, readInclusion);
    });
  });
  return required(proof, 396);
}

function readInclusion(r: Reader): Proof {
  r.arrayOf(3);
  const [proofSize, index] = [r.u64(), r.u64()];
  const path = r.list(TREE_HEIGHT_MAX, () => r.fixed(32));
  need(path.length > 0, "malformed", "no path");
  return { proofSize, index, path };
}
