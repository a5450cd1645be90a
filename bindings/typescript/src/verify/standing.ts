// What a newer state, which the verifier follows, says of a presentation (spec 22 §4).

import { equal } from "../bytes.js";
import { accept } from "../c2sp/accept.js";
import { need, RemitError } from "../errors.js";
import { least } from "../numbers.js";
import { isLeafOf, type LeafHead } from "../state/leaf.js";
import type { Followed } from "./followed.js";
import { ageOf, checkLedger, type Opened, type Times } from "./open.js";
import type { Policy } from "./policy.js";
import type { Trail } from "./verdict.js";

const OVER = 1;
/** Suspended or frozen. */
export const SUSPENDED = 2;
const CHANGED = 3;

/** The state that is followed of a presentation's ledger, where it is newer. */
export interface Newer {
  readonly state: Followed;
  /** How old the evidence for it is, in milliseconds. */
  readonly age: bigint;
}

/** What is followed of a presentation's ledger; `older` if it is older, or not to be believed now. */
export type Standing = Newer | "older" | undefined;

/** Finds what is followed of the ledger; the times of a newer state are seen. */
export async function standing(
  followed: readonly Followed[],
  { shown, checkpoint }: Opened,
  policy: Policy,
  times: Times,
): Promise<Standing> {
  const state = followed.find((each) => equal(each.ledger, shown.ledger));
  if (state === undefined) return undefined;
  if (state.head.size < checkpoint.size) return "older";
  try {
    const accepted = await accept(policy.trust, state.note, times.now, policy.skew);
    checkLedger(policy, accepted, state.ledger);
    times.see(state.commitment.time, accepted);
    return { state, age: ageOf(accepted, state.commitment, times.now) };
  } catch (error) {
    if (error instanceof RemitError) return "older";
    throw error;
  }
}

/** The status of a leaf in a newer state; of one that it has not nothing is known. */
export function statusIn({ state }: Newer, leaf: LeafHead): number {
  return state.table.get(leaf.index) ?? CHANGED;
}

/** Makes the check `followed`; answers with the age of the evidence after it. */
export async function checkStanding(
  found: Standing,
  opened: Opened,
  age: bigint,
  trail: Trail,
): Promise<bigint> {
  if (found === undefined) return age;
  if (found === "older") {
    trail.skip("followed");
    return age;
  }
  const unchanged = await trail.check("followed", () => compare(found, opened));
  return unchanged ? (least(age, found.age) ?? age) : age;
}

/** Whether the leaves of issuer and tokens are as they were. */
function compare(newer: Newer, { checkpoint, leaves }: Opened): boolean {
  const { head, frozen } = newer.state;
  need(checkpoint.size !== head.size || equal(checkpoint.root, head.root), "two_histories");
  need(!frozen, "ledger_frozen");
  const parties = leaves.filter((leaf) => isLeafOf(leaf, "party"));
  for (const leaf of parties) need(statusIn(newer, leaf) !== SUSPENDED, "party_frozen");
  // A parent's leaf was admitted before its child's, so the root's is the first.
  const tokens = leaves.filter((leaf) => isLeafOf(leaf, "token"));
  for (const leaf of tokens) {
    need(statusIn(newer, leaf) !== OVER, "revoked");
    need(statusIn(newer, leaf) !== SUSPENDED, "suspended");
  }
  return [...parties, ...tokens].every((leaf) => statusIn(newer, leaf) === 0);
}
