// What is sent to a witness (spec 21 §1).

import { fromBase64, fromUtf8, utf8 } from "../bytes.js";
import { ADD_CHECKPOINT_BYTES_MAX, TREE_HEIGHT_MAX } from "../limits.js";
import { parseAnyRoot, type Checkpoint } from "./checkpoint.js";
import { must, within } from "./error.js";
import { parseNote, type Note } from "./note.js";
import { decimal } from "./text.js";

/** A request whose parts are well formed. No signature and no proof in it has been checked. */
export interface AddCheckpoint {
  /** The size that the sender takes the witness to have. */
  readonly old: bigint;
  /** The consistency proof from that size to the checkpoint's. */
  readonly hashes: readonly Uint8Array[];
  readonly note: Note;
  /** Of no entries its root may be wrong. */
  readonly checkpoint: Checkpoint;
}

/** Parses a request. Throws `C2spError`, by the first line that does not hold. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  must(bytes.length <= ADD_CHECKPOINT_BYTES_MAX, "TooLong");
  const text = fromUtf8(bytes);
  must(text !== undefined, "NotUtf8");
  const [first = "", ...lines] = text.split("\n");
  const old = first.startsWith("old ") && lines.length > 0 ? decimal(first.slice("old ".length)) : undefined;
  must(old !== undefined, "Old");
  const end = lines.indexOf("");
  // What stands behind the last newline is no line.
  const proof = lines.slice(0, end < 0 ? lines.length - 1 : end);
  const hashes = proof.map((line, at) => {
    must(at < TREE_HEIGHT_MAX, "TooManyHashes");
    const hash = fromBase64(line);
    must(hash !== undefined && hash.length === 32, "Hash", at + 1);
    return hash;
  });
  must(end >= 0 && end < lines.length - 1, "Truncated");
  const note = within("Note", undefined, () => parseNote(utf8(lines.slice(end + 1).join("\n"))));
  const checkpoint = within("Checkpoint", undefined, () => parseAnyRoot(note.text));
  return { old, hashes, note, checkpoint };
}
