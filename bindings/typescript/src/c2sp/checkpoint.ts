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
  const checkpoint = parseAnyRoot(text);
  must(await isOfItsSize(checkpoint), "RootOfEmpty");
  return checkpoint;
}

/** Whether a checkpoint of no entries has the root of the empty tree. */
export async function isOfItsSize({ size, root }: Checkpoint): Promise<boolean> {
  return size !== 0n || equal(root, await emptyRoot());
}

/** The same without that check, as a witness reads it (spec 21 §1). */
export function parseAnyRoot(text: string): Checkpoint {
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
  return { origin, size, root };
}
