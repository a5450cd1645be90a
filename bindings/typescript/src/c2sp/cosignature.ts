// Cosignatures of witnesses (spec 08 §5).

import { utf8 } from "../bytes.js";
import { verifies } from "../key.js";
import { I64_MAX } from "../numbers.js";
import { must } from "./error.js";
import type { NoteLine } from "./note.js";
import { isOf, type VerifierKey } from "./vkey.js";

/** When a witness says that it saw the checkpoint, and its signature. */
export interface Cosignature {
  /** In seconds. */
  readonly time: bigint;
  readonly signature: Uint8Array;
}

/**
 * Reads a signature line as a cosignature of this key, without checking the signature. Throws `C2spError`.
 */
export function readCosignature(line: NoteLine, key: VerifierKey): Cosignature {
  must(key.kind === "witness" && isOf(line, key), "OtherKey");
  must(line.signature.length === 72, "Length");
  const time = new DataView(line.signature.buffer, line.signature.byteOffset).getBigUint64(0);
  must(time > 0n && time <= I64_MAX, "Time");
  return { time, signature: line.signature.subarray(8) };
}

/** Whether the witness signed the text of the note at that time. */
export function cosigned(key: VerifierKey, cosignature: Cosignature, text: string): Promise<boolean> {
  const message = `cosignature/v1\ntime ${cosignature.time}\n${text}`;
  return verifies(key.key, utf8(message), cosignature.signature);
}
