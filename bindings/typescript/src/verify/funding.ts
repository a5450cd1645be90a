// Evidence that an amount is reserved for an invocation (spec 10 §11).

import { equal } from "../bytes.js";
import { accept, type Accepted } from "../c2sp/accept.js";
import { C2spError } from "../c2sp/error.js";
import { parseTlogProof, type TlogProof } from "../c2sp/tlog_proof.js";
import { need, recoded, refuse } from "../errors.js";
import { leafHash } from "../hash.js";
import { decodeEntry, type Entry } from "../log/entry.js";
import { verifyInclusion } from "../merkle/inclusion.js";
import { passed } from "../numbers.js";
import { combinedId } from "../object/ids.js";
import type { Kind } from "../kinds.js";
import { decodeEvidence, type Evidence } from "./evidence.js";
import { checkLedger, type Times } from "./open.js";
import type { Policy } from "./policy.js";
import type { Request } from "./request.js";

/** Parses a proof as text; what is wrong with it is `malformed`. */
export async function openProof(bytes: Uint8Array): Promise<TlogProof> {
  try {
    return await parseTlogProof(bytes);
  } catch (error) {
    if (error instanceof C2spError) refuse("malformed", error.message);
    throw error;
  }
}

/** Whether an entry is the outcome of this object: alone and of this kind, or in the bundle of these ids. */
export async function isOutcomeOf(
  entry: Entry,
  ids: readonly Uint8Array[],
  kind: Kind,
  id: Uint8Array,
): Promise<boolean> {
  if (entry.kind === "genesis" || entry.kind === "commitment") return false;
  if (entry.kind === kind) return ids.length === 0 && equal(entry.id, id);
  const member = entry.kind === "bundle" && ids.length >= 2 && ids.some((each) => equal(each, id));
  return member && equal(entry.id, await combinedId(ids));
}

/** Requires that evidence is of an entry in a log that the policy trusts, whatever it may fund. */
export async function proves(bytes: Uint8Array, policy: Policy, now: bigint): Promise<void> {
  const evidence = decodeEvidence(bytes);
  await proved(evidence, policy, now);
}

/** The accepted checkpoint under which the entry is proved; `look` may refuse it before. */
async function proved(
  evidence: Evidence,
  policy: Policy,
  now: bigint,
  look?: (checkpoint: Accepted) => void,
): Promise<Accepted> {
  const proof = await openProof(evidence.proof);
  const checkpoint = await accept(policy.trust, proof.note, now, policy.skew);
  look?.(checkpoint);
  const leaf = await leafHash(evidence.entry);
  need(await verifyInclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root), "bad_proof");
  return checkpoint;
}

/** Requires that evidence proves that the amount of a request is reserved for it. */
export async function checkFunding(
  bytes: Uint8Array,
  request: Request | undefined,
  ledger: Uint8Array,
  policy: Policy,
  times: Times,
): Promise<void> {
  const settleBy = request?.invocation.settleBy;
  if (request === undefined || settleBy === undefined) refuse("not_funding");
  const evidence = decodeEvidence(bytes);
  const checkpoint = await proved(evidence, policy, times.now, (accepted) =>
    checkLedger(policy, accepted, ledger),
  );
  const entry = recoded("not_funding", () => decodeEntry(evidence.entry));
  need(await isOutcomeOf(entry, evidence.ids, "reserve", request.id), "not_funding");
  times.see(entry.time, checkpoint);
  need(!passed(settleBy, times.effective), "settled");
}
