// A durable record in one file, for one process (Node): a row is written and synced before it counts as
// recorded.

import { existsSync } from "node:fs";
import { open, readFile, rename, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { need, refuse } from "../errors.js";
import { Book, rowsOf, type Row, type ServedRecord } from "./record.js";
import type { Unrecorded } from "./decide.js";

/** Rows that are written before the file is made anew without those that are over. */
const ROWS_BEFORE_REWRITE = 65_536;

/**
 * A record in a file. Two processes must not share one: two services without a common record are two
 * parties.
 */
export class FileRecord implements ServedRecord {
  readonly durable = true;
  #queue: Promise<unknown> = Promise.resolve();
  #written = 0;
  #failed = false;

  private constructor(
    private readonly path: string,
    private readonly skew: bigint,
    private readonly book: Book,
    private file: FileHandle,
    private readonly lock: FileHandle,
  ) {}

  /**
   * Opens the file, or makes it, at `now` in milliseconds. Throws if another process has it, or it is
   * damaged.
   */
  static async open(path: string, skew: bigint, now: bigint): Promise<FileRecord> {
    const lock = await takeLock(`${path}.lock`);
    try {
      const text = existsSync(path) ? await readFile(path, "utf8") : "";
      // A last line that was cut off was never answered.
      const lines = text
        .slice(0, text.lastIndexOf("\n") + 1)
        .split("\n")
        .slice(0, -1);
      const all = lines.map(readRow);
      const over = all.filter((row) => row.until <= now).map((row) => row.until);
      const book = new Book(over.reduce((most, until) => (until > most ? until : most), 0n));
      book.insert(all.filter((row) => row.until > now));
      return new FileRecord(path, skew, book, await written(path, book.rows()), lock);
    } catch (error) {
      await releaseLock(`${path}.lock`, lock);
      throw error;
    }
  }

  take(entry: Unrecorded, now: bigint): Promise<void> {
    const taken = this.#queue.then(() => this.#take(rowsOf(entry, now, this.skew), now));
    this.#queue = taken.catch(() => undefined);
    return taken;
  }

  async #take(rows: readonly Row[], now: bigint): Promise<void> {
    // What the disk holds after a failure nobody knows: nothing more is served until it is opened anew.
    need(!this.#failed, "no_record");
    this.book.check(rows, now);
    this.book.insert(rows);
    try {
      await this.file.appendFile(rows.map(writtenRow).join(""));
      await this.file.datasync();
      this.#written += rows.length;
      if (this.#written >= ROWS_BEFORE_REWRITE) await this.#rewrite();
    } catch (error) {
      this.#failed = true;
      refuse("no_record", String(error));
    }
  }

  async #rewrite(): Promise<void> {
    await this.file.close();
    this.file = await written(this.path, this.book.rows());
    this.#written = 0;
  }

  /** Gives the file up, once what is under way is done. */
  async close(): Promise<void> {
    await this.#queue;
    await this.file.close();
    await releaseLock(`${this.path}.lock`, this.lock);
  }
}

function writtenRow({ id, root, until }: Row): string {
  return `${id} ${root} ${until}\n`;
}

function readRow(line: string): Row {
  const [, id, root, until] = /^([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9]{1,20})$/.exec(line) ?? [];
  if (id === undefined || root === undefined || until === undefined) throw new Error("the record is damaged");
  return { id, root, until: BigInt(until) };
}

/** Writes the file anew, synced with its folder, and opens it for appending. */
async function written(path: string, rows: Iterable<Row>): Promise<FileHandle> {
  const fresh = await open(`${path}.new`, "w", 0o600);
  await fresh.writeFile([...rows].map(writtenRow).join(""));
  await fresh.sync();
  await fresh.close();
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  await folder.sync();
  await folder.close();
  return open(path, "a", 0o600);
}

/** Makes the lock file with this process's number; takes one over whose process is gone. */
async function takeLock(path: string): Promise<FileHandle> {
  try {
    const lock = await open(path, "wx", 0o600);
    await lock.writeFile(`${process.pid}\n`);
    return lock;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const owner = Number.parseInt(await readFile(path, "utf8"), 10);
    if (Number.isNaN(owner) || owner === process.pid || isAlive(owner))
      throw new Error(`${path}: another process has the record`);
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

async function releaseLock(path: string, lock: FileHandle): Promise<void> {
  await lock.close();
  await unlink(path);
}
