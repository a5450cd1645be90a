// Logs, witnesses, groups and the quorum (spec 08 §6), and when a quorum had seen something (spec 08 §8).

import type { VerifierKey } from "./vkey.js";

/** The quorum that is always met. */
export const NONE = "none";

/** A group of witnesses or groups. */
export interface Group {
  /** How many members it takes. */
  readonly threshold: number;
  readonly members: readonly string[];
}

/** Whom a verifier trusts. Made by `parseTrust`. */
export interface Trust {
  readonly logs: readonly VerifierKey[];
  /** By the name in the lines. */
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  /** By name, in order of definition. */
  readonly groups: ReadonlyMap<string, Group>;
  /** Name of a witness or group, or `none`. */
  readonly quorum: string;
}

/**
 * The latest time at which the quorum had seen a checkpoint, by the times of witnesses; nothing if it is not
 * met.
 */
export function quorumTime(trust: Trust, times: ReadonlyMap<string, bigint>): bigint | undefined {
  const seen = new Map(times);
  for (const [name, group] of trust.groups) {
    const members = group.members.flatMap((member) => seen.get(member) ?? []);
    const time = members.sort((a, b) => (a < b ? 1 : a > b ? -1 : 0))[group.threshold - 1];
    if (time !== undefined) seen.set(name, time);
  }
  return seen.get(trust.quorum);
}
