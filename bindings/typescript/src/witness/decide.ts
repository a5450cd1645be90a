// What a witness answers to a checkpoint, by what it knows (spec 21 §2).

import { equal, utf8 } from "../bytes.js";
import { isOfItsSize } from "../c2sp/checkpoint.js";
import { isOf, type VerifierKey } from "../c2sp/vkey.js";
import type { AddCheckpoint } from "../c2sp/add_checkpoint.js";
import { emptyRoot } from "../hash.js";
import { verifies } from "../key.js";
import { verifyConsistency } from "../merkle/consistency.js";

/** The answers, with the HTTP status of each. */
export const ANSWERS = {
  ok: 200,
  malformed: 400,
  unknown_origin: 404,
  untrusted: 403,
  old_ahead: 400,
  other_size: 409,
  root_of_empty: 422,
  fork: 422,
  proof_of_nothing: 422,
  inconsistent: 422,
} as const;

/** The name of an answer. */
export type WitnessAnswer = keyof typeof ANSWERS;

/** What was cosigned last of a log. */
export interface Latest {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The time in the cosignature, in seconds. */
  readonly time: bigint;
}

/** Whether a known log signs this: `undefined`, or the answer to somebody else. */
export async function submitter(
  request: AddCheckpoint,
  logs: readonly VerifierKey[],
): Promise<"unknown_origin" | "untrusted" | undefined> {
  const keys = logs.filter(({ name }) => name === request.checkpoint.origin);
  if (keys.length === 0) return "unknown_origin";
  let signed = false;
  for (const line of request.note.lines) {
    const key = keys.find((each) => isOf(line, each));
    if (key === undefined) continue;
    const good = line.signature.length === 64;
    if (!good || !(await verifies(key.key, utf8(request.note.text), line.signature))) return "untrusted";
    signed = true;
  }
  return signed ? undefined : "untrusted";
}

/** Whether the log signed another root at the size that was cosigned last: evidence, whatever the answer is. */
export function isEvidence({ checkpoint }: AddCheckpoint, latest: Latest | undefined): boolean {
  return latest !== undefined && latest.size === checkpoint.size && !equal(latest.root, checkpoint.root);
}

/** The answer to a request that a known log signed. */
export async function decide(request: AddCheckpoint, latest: Latest | undefined): Promise<WitnessAnswer> {
  const { old, hashes, checkpoint: fresh } = request;
  const known = latest ?? { size: 0n, root: await emptyRoot() };
  if (old > fresh.size) return "old_ahead";
  if (old !== known.size) return "other_size";
  if (!(await isOfItsSize(fresh))) return "root_of_empty";
  if (fresh.size === known.size && !equal(fresh.root, known.root)) return "fork";
  if (old === 0n || old === fresh.size) return hashes.length === 0 ? "ok" : "proof_of_nothing";
  return (await verifyConsistency(known, fresh, hashes)) ? "ok" : "inconsistent";
}
