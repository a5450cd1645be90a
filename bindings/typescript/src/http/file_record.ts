// A durable record in one file, for one process (Node): a row is written and synced before it counts as
// recorded. Its first line says what was forgotten; a file that is new knows nothing of what another may
// have served, and one that is gone serves nothing.

import { existsSync } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { need, refuse } from "../errors.js";
import { Book, inDoubt, rowsOf, type Forgotten, type Row, type ServedRecord } from "./record.js";
import type { Unrecorded } from "./decide.js";
import { releaseLock, replaceFile, takeLock } from "./files.js";

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
      const book = existsSync(path) ? readBook(await readFile(path, "utf8"), now) : fresh(path, skew, now);
      const file = await written(path, book);
      await (await open(mark(path), "a", 0o600)).close();
      return new FileRecord(path, skew, book, file, lock);
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
    this.file = await written(this.path, this.book);
    this.#written = 0;
  }

  /** Gives the file up, once what is under way is done. */
  async close(): Promise<void> {
    await this.#queue;
    await this.file.close();
    await releaseLock(`${this.path}.lock`, this.lock);
  }
}

/** Says that there is a record. */
function mark(path: string): string {
  return `${path}.is-here`;
}

function fresh(path: string, skew: bigint, now: bigint): Book {
  if (existsSync(mark(path))) throw new Error(`${path}: the record is gone`);
  return new Book({ invocations: inDoubt(now, skew), requests: 0n });
}

function writtenHead({ invocations, requests }: Forgotten): string {
  return `remit/served/v1 ${invocations} ${requests}\n`;
}

function writtenRow({ id, root, until, request }: Row): string {
  return `${id} ${root} ${until} ${request ? "request" : "invocation"}\n`;
}

function readBook(text: string, now: bigint): Book {
  // A last line that was cut off was never answered.
  const [head, ...lines] = text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .slice(0, -1);
  const [, invocations, requests] = /^remit\/served\/v1 ([0-9]{1,20}) ([0-9]{1,20})$/.exec(head ?? "") ?? [];
  if (invocations === undefined || requests === undefined) throw new Error("the record is damaged");
  const rows = lines.map(readRow);
  const book = new Book({ invocations: BigInt(invocations), requests: BigInt(requests) });
  book.forget(rows.filter((row) => row.until <= now));
  book.insert(rows.filter((row) => row.until > now));
  return book;
}

function readRow(line: string): Row {
  const form = /^([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9]{1,20}) (request|invocation)$/;
  const [, id, root, until, kind] = form.exec(line) ?? [];
  if (id === undefined || root === undefined || until === undefined) throw new Error("the record is damaged");
  return { id, root, until: BigInt(until), request: kind === "request" };
}

/** Writes the file anew, and opens it for appending. */
async function written(path: string, book: Book): Promise<FileHandle> {
  await replaceFile(path, writtenHead(book.forgotten) + [...book.rows()].map(writtenRow).join(""));
  return open(path, "a", 0o600);
}
