// The presentation up to its leaves: checkpoint, ledger, commitment, times and state (spec 10 §2 to §5).

import { equal } from "../bytes.js";
import { accept, type Accepted } from "../c2sp/accept.js";
import { need, present, recoded } from "../errors.js";
import { leafHash } from "../hash.js";
import { decodeEntry, type Commitment } from "../log/entry.js";
import type { TreeHead } from "../merkle/consistency.js";
import { verifyInclusion } from "../merkle/inclusion.js";
import { verifyMultiproof } from "../merkle/multiproof.js";
import { greatest, saturating } from "../numbers.js";
import { decodeLeaf, type Leaf } from "../state/leaf.js";
import type { Policy } from "./policy.js";
import { decodePresentation, type Presentation } from "./presentation.js";
import type { Trail } from "./verdict.js";

/** The clock of a verdict. */
export class Times {
  constructor(
    readonly now: bigint,
    private readonly skew: bigint,
    private readonly trail: Trail,
  ) {}

  /** The greatest of the clock and all that was seen: what deadlines are measured by. */
  get effective(): bigint {
    return greatest(this.now, this.trail.newest);
  }

  /**
   * Counts the time of an entry and of the cosignatures above it. Throws `clock` if the entry is later than
   * the clock allows.
   */
  see(entry: bigint, checkpoint: Accepted): void {
    need(entry <= saturating(this.now + this.skew), "clock");
    this.trail.newest = greatest(this.trail.newest, entry, ...checkpoint.times);
  }
}

/** A presentation whose state is proved. */
export interface Opened {
  readonly shown: Presentation;
  readonly checkpoint: Accepted;
  readonly commitment: Commitment;
  readonly leaves: readonly Leaf[];
}

/** Requires that the ledger of a checkpoint's origin is this one. */
export function checkLedger(policy: Policy, checkpoint: Accepted, ledger: Uint8Array): void {
  const named = policy.ledgers.get(checkpoint.origin);
  need(named !== undefined && equal(named, ledger), "wrong_ledger");
}

/** Makes the checks `presentation` to `state`. */
export async function open(bytes: Uint8Array, policy: Policy, times: Times, trail: Trail): Promise<Opened> {
  const shown = await trail.check("presentation", () => decodePresentation(bytes));
  const checkpoint = await trail.check("checkpoint", () =>
    accept(policy.trust, shown.note, times.now, policy.skew),
  );
  await trail.check("ledger", () => checkLedger(policy, checkpoint, shown.ledger));
  const commitment = await trail.check("commitment", () => provedCommitment(shown, checkpoint));
  await trail.check("clock", () => times.see(commitment.time, checkpoint));
  const leaves = await trail.check("state", () => openLeaves(shown, commitment));
  return { shown, checkpoint, commitment, leaves };
}

/** The last entry under a checkpoint, which is a commitment; else throws `no_commitment`. */
export async function provedCommitment(
  shown: Pick<Presentation, "commitment" | "commitmentPath">,
  { size, root }: TreeHead,
): Promise<Commitment> {
  const entry = recoded("no_commitment", () => decodeEntry(shown.commitment));
  need(entry.kind === "commitment" && size > 0n, "no_commitment");
  const leaf = await leafHash(shown.commitment);
  need(await verifyInclusion(leaf, size - 1n, size, shown.commitmentPath, root), "no_commitment");
  return entry;
}

/** How old evidence is at a time (spec 10 §4). */
export function ageOf(checkpoint: Accepted, commitment: Commitment, now: bigint): bigint {
  return greatest(0n, now - (checkpoint.evidenceTime ?? commitment.time));
}

async function openLeaves(shown: Presentation, commitment: Commitment): Promise<readonly Leaf[]> {
  const leaves = recoded("wrong_leaf", () => shown.leaves.map(decodeLeaf));
  const hashes = await Promise.all(shown.leaves.map(leafHash));
  const indexed = leaves.map((leaf, at) => ({ index: leaf.index, hash: present(hashes[at], "wrong_leaf") }));
  const { stateSize, stateRoot } = commitment;
  need(await verifyMultiproof(indexed, stateSize, shown.stateProof, stateRoot), "bad_proof");
  const first = present(leaves[0], "wrong_leaf");
  need(first.index === 0n && first.kind === "ledger" && equal(first.id, shown.ledger), "wrong_leaf");
  need(first.mask === 0, "ledger_frozen");
  return leaves;
}
