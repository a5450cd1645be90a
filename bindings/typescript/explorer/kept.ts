// What was asked for once, and is not asked for again.

/** So many answers are remembered; when there is no room for another, all are forgotten. */
export class Kept {
  readonly #all = new Map<string, Promise<unknown>>();

  constructor(private readonly most: number) {}

  /** The answer to a question: the one that is remembered, or a new one. One that fails is not remembered. */
  once<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const kept = this.#all.get(question) as Promise<T> | undefined;
    if (kept !== undefined) return kept;
    if (this.#all.size >= this.most) this.#all.clear();
    const asked = ask();
    this.#all.set(question, asked);
    asked.catch(() => this.#all.delete(question));
    return asked;
  }

  /** Forgets one answer, or all. */
  forget(question?: string): void {
    if (question === undefined) this.#all.clear();
    else this.#all.delete(question);
  }
}
