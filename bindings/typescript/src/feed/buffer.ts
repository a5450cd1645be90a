// Bytes that are put together from many small parts.

/** A byte string that grows; its memory is at most twice what is in it. */
export class Buffered {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** How many bytes there are. */
  get length(): number {
    return this.#length;
  }

  /** Puts bytes behind those that are there. */
  append(part: ArrayLike<number>): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = needed;
  }

  /** What is there now. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
