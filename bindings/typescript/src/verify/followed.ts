// The newest state that is known of a ledger: what is followed (spec 22 §3).

import { equal } from "../bytes.js";
import { accept, parseNoted } from "../c2sp/accept.js";
import type { Checkpoint } from "../c2sp/checkpoint.js";
import { need, recoded } from "../errors.js";
import { decodeStatusUpdate, encodeStatusUpdate, type StatusUpdate } from "../feed/update.js";
import { StatusTable } from "../feed/table.js";
import { leafHash } from "../hash.js";
import { STATUS_UPDATE_BYTES_MAX } from "../limits.js";
import type { Commitment } from "../log/entry.js";
import { verifyConsistency, type TreeHead } from "../merkle/consistency.js";
import { verifyInclusion } from "../merkle/inclusion.js";
import { saturating } from "../numbers.js";
import { decodeLeaf, isLeafOf } from "../state/leaf.js";
import { checkLedger, provedCommitment } from "./open.js";
import type { Policy } from "./policy.js";

/** A state of a ledger that a policy accepted, with the status of every leaf. It never changes. */
export interface Followed {
  readonly ledger: Uint8Array;
  /** Size and root of the log. */
  readonly head: TreeHead;
  readonly note: Uint8Array;
  readonly commitment: Commitment;
  /** Whether the whole ledger is frozen. */
  readonly frozen: boolean;
  readonly table: StatusTable;
  /** The update since 0 that is this state, but for its changes. */
  readonly proof: Omit<StatusUpdate, "changes">;
}

/** Why an update does not go on from what is followed (spec 22 §3). */
export type FollowCode = "not_since" | "behind" | "fork" | "not_consistent";

/** An update does not go on from what is followed; whatever else is wrong with one is a `RemitError`. */
export class FollowError extends Error {
  override readonly name = "FollowError";

  constructor(
    readonly code: FollowCode,
    /** The note of the update. */
    readonly note: Uint8Array,
  ) {
    super(MEANINGS[code]);
  }
}

const MEANINGS: Record<FollowCode, string> = {
  not_since: "the update goes on from another state than the one that is followed",
  behind: "the log of the update is smaller than the one that is followed",
  fork: "the log signed two histories of the same size",
  not_consistent: "it is not proved that the log only grew",
};

/**
 * The state after an update, at `now` in milliseconds: the first one if there was none before. Throws
 * `RemitError` or `FollowError`, in the order of spec 22 §3.
 */
export async function follow(
  ours: Followed | undefined,
  bytes: Uint8Array,
  policy: Policy,
  now: bigint,
): Promise<Followed> {
  const update = decodeStatusUpdate(bytes);
  const checkpoint = await accept(policy.trust, update.note, now, policy.skew);
  checkLedger(policy, checkpoint, update.ledger);
  need(ours === undefined || equal(ours.ledger, update.ledger), "wrong_ledger");
  const refuse = (code: FollowCode): never => {
    throw new FollowError(code, update.note);
  };
  if (update.since !== (ours?.head.size ?? 0n)) refuse("not_since");
  if (ours !== undefined) {
    if (checkpoint.size < ours.head.size) refuse("behind");
    if (checkpoint.size === ours.head.size) {
      if (!equal(checkpoint.root, ours.head.root)) refuse("fork");
      need(update.consistency.length === 0, "malformed", "a proof where there is nothing to prove");
    } else if (!(await verifyConsistency(ours.head, checkpoint, update.consistency))) {
      refuse("not_consistent");
    }
  }
  const before = update.whole || ours === undefined ? StatusTable.EMPTY : ours.table;
  return proved(update, checkpoint, before, saturating(now + policy.skew));
}

/**
 * A state out of what `snapshot` made of it. It was accepted then; whether it still is, each verdict asks of
 * the policy that it is made under. Throws `RemitError` if the bytes are none.
 */
export async function restoreFollowed(bytes: Uint8Array): Promise<Followed> {
  const update = decodeStatusUpdate(bytes);
  need(update.since === 0n, "malformed", "an update that is no snapshot");
  return proved(update, await parseNoted(update.note), StatusTable.EMPTY);
}

/**
 * A state as an update since 0 with the whole table: what is to be kept. Throws `oversize` if it is longer than
 * an update may be, although all updates to it were shorter: it could not be restored.
 */
export function snapshot({ proof, table }: Followed): Uint8Array {
  const bytes = encodeStatusUpdate({ ...proof, changes: table.whole() });
  need(bytes.length <= STATUS_UPDATE_BYTES_MAX, "oversize");
  return bytes;
}

/** Everything that is proved under the checkpoint, with the table after the changes. */
async function proved(
  update: StatusUpdate,
  checkpoint: Checkpoint,
  before: StatusTable,
  latest?: bigint,
): Promise<Followed> {
  const { ledger, note } = update;
  const commitment = await provedCommitment(update, checkpoint);
  need(latest === undefined || commitment.time <= latest, "clock");
  const { stateSize, stateRoot, statusRoot } = commitment;
  const leaf = recoded("wrong_leaf", () => decodeLeaf(update.leaf));
  const hash = await leafHash(update.leaf);
  need(await verifyInclusion(hash, 0n, stateSize, update.leafPath, stateRoot), "bad_proof");
  need(leaf.index === 0n && isLeafOf(leaf, "ledger") && equal(leaf.id, ledger), "wrong_leaf");
  const table = before.changed(stateSize, update.changes);
  need(equal(await table.root(), statusRoot), "bad_proof");
  const { changes: _, ...rest } = update;
  const proof = { ...rest, since: 0n, consistency: [], whole: true };
  const head = { size: checkpoint.size, root: checkpoint.root };
  return { ledger, head, note, commitment, frozen: leaf.mask !== 0, table, proof };
}
