// Accepting a checkpoint (spec 08 §7), and its evidence time (spec 08 §8).

import { hex, utf8 } from "../bytes.js";
import type { Code } from "../codes.js";
import { RemitError } from "../errors.js";
import { verifies } from "../key.js";
import { millis, saturating } from "../numbers.js";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.js";
import { cosigned, readCosignature, type Cosignature } from "./cosignature.js";
import { C2spError } from "./error.js";
import { parseNote, type Note, type NoteLine } from "./note.js";
import { NONE, quorumTime, type Trust } from "./trust.js";
import { keyTag, type VerifierKey } from "./vkey.js";

/** A checkpoint that the trust accepts. */
export interface Accepted extends Checkpoint {
  /** In milliseconds; nothing with the quorum `none`. */
  readonly evidenceTime: bigint | undefined;
  /** The times of the witnesses that were counted, in milliseconds. */
  readonly times: readonly bigint[];
}

/** A no of spec 08 §7 with its variant, and the code of spec 10 §3 for it. */
export class AcceptError extends RemitError {
  constructor(
    code: Code,
    /** The variant of spec 08 §7. */
    readonly variant: string,
    /** Number of the signature line, from 1. */
    readonly line?: number,
  ) {
    super(code, line === undefined ? variant : `${variant}, line ${line}`);
  }
}

function refuseNote(code: Code, variant: string, line?: number): never {
  throw new AcceptError(code, variant, line);
}

/**
 * Requires that the trust accepts a note at a time, with so much skew, both in milliseconds. Throws
 * `AcceptError`.
 */
export async function accept(trust: Trust, bytes: Uint8Array, now: bigint, skew: bigint): Promise<Accepted> {
  const [note, checkpoint] = await parse(bytes);
  const logs = trust.logs.filter((log) => log.name === checkpoint.origin);
  if (logs.length === 0) refuseNote("unknown_log", "UnknownOrigin");
  const { signed, witnessed } = sort(trust, logs, note);
  for (const { line, number, key } of signed) {
    const good = await verifies(key.key, utf8(note.text), line.signature);
    if (!good) refuseNote("bad_checkpoint", "LogSignature", number);
  }
  if (signed.length === 0) refuseNote("bad_checkpoint", "NoLogSignature");
  const times = new Map<string, bigint>();
  for (const { name, key, cosignature, number } of witnessed) {
    if (!(await cosigned(key, cosignature, note.text))) refuseNote("bad_cosignature", "Cosignature", number);
    times.set(name, cosignature.time);
  }
  return { ...checkpoint, ...weigh(trust, times, saturating(now + skew)) };
}

/** Parses a note and the checkpoint in it; what is wrong with them is `bad_checkpoint`. Nothing is verified. */
export async function parseNoted(bytes: Uint8Array): Promise<Checkpoint> {
  return (await parse(bytes))[1];
}

async function parse(bytes: Uint8Array): Promise<[Note, Checkpoint]> {
  try {
    const note = parseNote(bytes);
    return [note, await parseCheckpoint(note.text)];
  } catch (error) {
    if (error instanceof C2spError) refuseNote("bad_checkpoint", error.variant, error.line);
    throw error;
  }
}

interface Sorted {
  readonly signed: { line: NoteLine; number: number; key: VerifierKey }[];
  readonly witnessed: { name: string; key: VerifierKey; cosignature: Cosignature; number: number }[];
}

/** The lines of known keys; each key has one at most, and a witness's is well formed. */
function sort(trust: Trust, logs: readonly VerifierKey[], note: Note): Sorted {
  const sorted: Sorted = { signed: [], witnessed: [] };
  const known = new Map(logs.map((key) => [keyTag(key), { key, witness: undefined as string | undefined }]));
  for (const [witness, key] of trust.witnesses) known.set(keyTag(key), { key, witness });
  const seen = new Set<string>();
  for (const [at, line] of note.lines.entries()) {
    const found = known.get(keyTag(line));
    if (found === undefined) continue;
    const number = at + 1;
    if (seen.has(hex(found.key.key))) refuseNote("bad_checkpoint", "SecondSignature", number);
    seen.add(hex(found.key.key));
    if (found.witness === undefined) sorted.signed.push({ line, number, key: found.key });
    else
      sorted.witnessed.push({
        name: found.witness,
        key: found.key,
        cosignature: cosignature(line, found.key, number),
        number,
      });
  }
  return sorted;
}

function cosignature(line: NoteLine, key: VerifierKey, number: number): Cosignature {
  try {
    return readCosignature(line, key);
  } catch (error) {
    if (error instanceof C2spError) refuseNote("bad_cosignature", "Cosignature", number);
    throw error;
  }
}

function weigh(
  trust: Trust,
  times: ReadonlyMap<string, bigint>,
  latest: bigint,
): Pick<Accepted, "evidenceTime" | "times"> {
  const counted = new Map([...times].filter(([, time]) => millis(time) <= latest));
  const evidence = quorumTime(trust, counted);
  if (trust.quorum !== NONE && evidence === undefined) {
    if (quorumTime(trust, times) === undefined) refuseNote("quorum", "Quorum");
    refuseNote("clock", "Clock");
  }
  const evidenceTime = evidence === undefined ? undefined : millis(evidence);
  return { evidenceTime, times: [...counted.values()].map(millis) };
}
