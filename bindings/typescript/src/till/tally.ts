// How far a lease is spent (spec 16 §4): number and sum of its uses, and the tree over them.

import { equal } from "../bytes.js";
import type { Reader } from "../cbor.js";
import type { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { TREE_HEIGHT_MAX, TREE_SIZE_MAX } from "../limits.js";
import { EMPTY_EDGE, grown, rootOf, type Edge } from "../merkle/root.js";
import { U64_MAX } from "../numbers.js";
import type { VoucherClaim } from "../object/invocation.js";

/** Number and sum of the uses so far; `edge` has their tree. */
export interface Tally {
  readonly edge: Edge;
  readonly cumulative: bigint;
}

/** No use yet. */
export const NO_USES: Tally = { edge: EMPTY_EDGE, cumulative: 0n };

/** The tally after one more use with this leaf hash. Throws `overflow`. */
export async function and(tally: Tally, amount: bigint, leaf: Uint8Array): Promise<Tally> {
  const cumulative = tally.cumulative + amount;
  need(tally.edge.size < TREE_SIZE_MAX && cumulative <= U64_MAX, "overflow");
  return { edge: await grown(tally.edge, leaf), cumulative };
}

/** Whether a voucher is the last of these uses. */
export async function isLastOf(tally: Tally, claim: VoucherClaim): Promise<boolean> {
  const same = claim.number === tally.edge.size && claim.cumulative === tally.cumulative;
  return same && equal(claim.root, await rootOf(tally.edge));
}

/** Reads `[number, cumulative, [hash, …]]`. */
export function readTally(r: Reader): Tally {
  r.arrayOf(3);
  const [size, cumulative, peaks] = [r.u64(TREE_SIZE_MAX), r.u64(), r.ids(TREE_HEIGHT_MAX)];
  const ones = size.toString(2).replaceAll("0", "").length;
  need(peaks.length === ones, "malformed", "other subtrees than the number has");
  return { edge: { size, peaks }, cumulative };
}

/** Writes it. */
export function writeTally(w: Writer, { edge, cumulative }: Tally): void {
  w.array(3)
    .int(edge.size)
    .int(cumulative)
    .list(edge.peaks, (_, hash) => w.string(hash));
}
