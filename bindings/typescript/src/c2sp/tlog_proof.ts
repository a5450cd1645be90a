// Proofs of entries as text (spec 08 §9).

import { fromBase64, fromUtf8, utf8 } from "../bytes.js";
import { PROOF_BYTES_MAX, PROOF_EXTRA_BYTES_MAX, TREE_HEIGHT_MAX } from "../limits.js";
import { parseCheckpoint } from "./checkpoint.js";
import { C2spError, must } from "./error.js";
import { parseNote } from "./note.js";
import { decimal } from "./text.js";

/** A proof that parsed; it proves nothing until its note is accepted and its path checked. */
export interface TlogProof {
  readonly index: bigint;
  readonly path: readonly Uint8Array[];
  /** The checkpoint note, byte for byte. */
  readonly note: Uint8Array;
}

/** Parses a proof as text. Throws `C2spError`. */
export async function parseTlogProof(bytes: Uint8Array): Promise<TlogProof> {
  must(bytes.length <= PROOF_BYTES_MAX, "TooLong");
  const text = fromUtf8(bytes);
  must(text !== undefined, "NotUtf8");
  const lines = text.split("\n");
  // What stands after the last newline is no line.
  const rest = lines.pop() ?? "";
  let at = 0;
  must(lines[at++] === "c2sp.org/tlog-proof@v1", "FirstLine");
  let extra: Uint8Array | undefined;
  must(at < lines.length || !rest.startsWith("extra "), "Extra");
  if (lines[at]?.startsWith("extra ")) {
    extra = fromBase64((lines[at++] ?? "").slice("extra ".length));
    must(extra !== undefined && extra.length > 0, "Extra");
  }
  const index = lines[at]?.startsWith("index ")
    ? decimal((lines[at++] ?? "").slice("index ".length))
    : undefined;
  must(index !== undefined, "Index");
  const path: Uint8Array[] = [];
  for (; at < lines.length && lines[at] !== ""; at++) {
    must(path.length < TREE_HEIGHT_MAX, "TooManyHashes");
    const hash = fromBase64(lines[at] ?? "");
    must(hash !== undefined && hash.length === 32, "Hash", path.length + 1);
    path.push(hash);
  }
  must(at < lines.length, "Truncated");
  must((extra?.length ?? 0) <= PROOF_EXTRA_BYTES_MAX, "Extra");
  const note = utf8([...lines.slice(at + 1), rest].join("\n"));
  must(index < (await noteSize(note)), "NotInTree");
  return { index, path, note };
}

async function noteSize(bytes: Uint8Array): Promise<bigint> {
  let variant = "Note";
  try {
    const note = parseNote(bytes);
    variant = "Checkpoint";
    return (await parseCheckpoint(note.text)).size;
  } catch (error) {
    if (error instanceof C2spError) throw new C2spError(variant, undefined, error.variant);
    throw error;
  }
}
