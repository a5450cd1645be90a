// Presentations and evidence that were brought, by their hash (spec 20 §3). Bounded; the oldest is forgotten
// first.

import { hex } from "../bytes.js";
import { present } from "../errors.js";
import { sha256 } from "../hash.js";
import { REMEMBERED_PRESENTATIONS_MAX } from "../limits.js";

/** What was brought, by its hash in hexadecimal. */
export class Kept {
  readonly #all = new Map<string, Uint8Array>();

  constructor(private readonly room = REMEMBERED_PRESENTATIONS_MAX) {}

  /** Keeps bytes; answers with their hash in hexadecimal. */
  async keep(bytes: Uint8Array): Promise<string> {
    const hash = hex(await sha256(bytes));
    this.#all.delete(hash);
    this.#all.set(hash, bytes);
    const [oldest] = this.#all.keys();
    if (this.#all.size > this.room && oldest !== undefined) this.#all.delete(oldest);
    return hash;
  }

  /** What has a hash. Throws `unknown_presentation`. */
  find(hash: Uint8Array): Uint8Array {
    return present(this.#all.get(hex(hash)), "unknown_presentation");
  }
}
