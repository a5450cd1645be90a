// @remit/verifier/follow/node: what a follower knows, in files of one process (spec 22 §3).

import { existsSync } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { fromUtf8, hex } from "../bytes.js";
import { present } from "../errors.js";
import { releaseLock, replaceFile, takeLock } from "../http/files.js";
import type { Conflict, FollowerOptions } from "./follower.js";

/** Where a follower keeps what it knows: to be spread into its options. */
export interface FileState extends Required<
  Pick<FollowerOptions, "load" | "save" | "onFork" | "isForked">
> {
  /** Gives the file up, once no poll is under way. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the file, which need not be there yet. Beside it, as JSON, stand both notes of a fork, with the
 * ending `.fork`, until somebody who has decided takes them away; and with `.not_consistent` those that were
 * not consistent last. `tell` hears of both, after they are kept. Throws if another process has the file.
 */
export async function fileState(
  path: string,
  tell: (conflict: Conflict) => void | Promise<void>,
): Promise<FileState> {
  const lock = await takeLock(`${path}.lock`);
  const mark = `${path}.is-here`;
  return {
    load: async () => {
      if (existsSync(path)) return new Uint8Array(await readFile(path));
      if (existsSync(mark)) throw new Error(`${path}: what was followed is gone`);
      return undefined;
    },
    save: async (snapshot) => {
      await replaceFile(path, snapshot);
      if (!existsSync(mark)) await (await open(mark, "a", 0o600)).close();
    },
    onFork: async (conflict) => {
      const beside = `${path}.${conflict.code}`;
      if (conflict.code !== "fork" || !existsSync(beside)) await replaceFile(beside, written(conflict));
      await tell(conflict);
    },
    isForked: () => existsSync(`${path}.fork`),
    close: () => releaseLock(`${path}.lock`, lock),
  };
}

/** A conflict as JSON; notes are texts. */
function written({ ledger, ours, theirs }: Conflict): string {
  const text = (note: Uint8Array): string => present(fromUtf8(note), "malformed");
  return JSON.stringify({ ledger: hex(ledger), ours: text(ours), theirs: text(theirs) }, undefined, 2);
}
