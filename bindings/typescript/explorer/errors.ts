// Why something is not shown: it is not proved, or there is no answer that could be.

import * as remit from "../src/index.js";

/** What the server says does not follow from the bytes that it shows. */
export class NotProved extends Error {
  override readonly name = "NotProved";
}

/** Why there is no answer. */
export type NoAnswerCode = "token" | "missing" | "gone" | "refused" | "unreachable";

/** There is no answer: nothing is proved, and nothing is disproved. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  constructor(
    readonly code: NoAnswerCode,
    message: string,
  ) {
    super(message);
  }
}

/** Requires what a proof needs. */
export function prove(holds: boolean, why: string): asserts holds {
  if (!holds) throw new NotProved(why);
}

/** An error as people read it. */
export function why(error: unknown): string {
  if (error instanceof remit.RemitError) return `cannot be what it should be (${error.message})`;
  if (error instanceof remit.C2spError) return `cannot be read as a note or proof (${error.message})`;
  return error instanceof Error ? error.message : String(error);
}
