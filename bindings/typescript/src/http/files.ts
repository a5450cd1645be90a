// Files of one process (Node): replaced as a whole and synced, and locked while they are in use.

import { open, readFile, rename, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";

/** Puts content in the place of a file: synced, with its folder, and never half of it. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const anew = await open(`${path}.new`, "w", 0o600);
  try {
    await anew.writeFile(content);
    await anew.sync();
  } finally {
    await anew.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes the lock file with this process's number; takes one over whose process is gone. */
export async function takeLock(path: string): Promise<FileHandle> {
  try {
    const lock = await open(path, "wx", 0o600);
    await lock.writeFile(`${process.pid}\n`);
    return lock;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = Number.parseInt(await readFile(path, "utf8"), 10);
    if (Number.isNaN(owner) || owner === process.pid || isAlive(owner))
      throw new Error(`${path}: another process has it`);
    const aside = `${path}.${process.pid}`;
    await rename(path, aside);
    await unlink(aside);
    return takeLock(path);
  }
}

function isAlive(process_: number): boolean {
  try {
    process.kill(process_, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Gives a lock up. */
export async function releaseLock(path: string, lock: FileHandle): Promise<void> {
  await lock.close();
  await unlink(path);
}
