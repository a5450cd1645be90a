// Checkpoints (spec 08 §4).

import { equal, fromBase64 } from "../bytes.js";
import { emptyRoot } from "../hash.js";
import { TREE_SIZE_MAX } from "../limits.js";
import { must } from "./error.js";
import { decimal, isBoundedKeyName } from "./text.js";

/** The text of a checkpoint; nothing of it is verified. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** Parses the text of a note as a checkpoint. Throws `C2spError`. */
export async function parseCheckpoint(text: string): Promise<Checkpoint> {
  const lines = text.split("\n");
  must(lines.length >= 4, "Truncated");
  must(lines.length === 4 && lines[3] === "", "Extension");
  const size = decimal(lines[1] ?? "");
  must(size !== undefined, "Size");
  const root = fromBase64(lines[2] ?? "");
  must(root !== undefined && root.length === 32, "Root");
  const origin = lines[0] ?? "";
  must(isBoundedKeyName(origin), "Origin");
  must(size <= TREE_SIZE_MAX, "SizeTooLarge");
  must(size !== 0n || equal(root, await emptyRoot()), "RootOfEmpty");
  return { origin, size, root };
}
