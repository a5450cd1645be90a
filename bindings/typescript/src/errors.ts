// Errors: every no of the formats and rules has a stable code (spec 15).

import { CODES, type Code } from "./codes.js";

/** A no, with its stable code. Compare `code`, never `message`. */
export class RemitError extends Error {
  override readonly name = "RemitError";

  constructor(
    /** The stable text of the code (spec 15). */
    readonly code: Code,
    detail?: string,
  ) {
    super(detail === undefined ? `${code}: ${CODES[code].meaning}` : `${code}: ${detail}`);
  }

  /** The stable number of the code. */
  get number(): number {
    return CODES[this.code].number;
  }
}

/** Throws the no with this code. */
export function refuse(code: Code, detail?: string): never {
  throw new RemitError(code, detail);
}

/** Throws the no with this code unless the condition holds. */
export function need(condition: boolean, code: Code, detail?: string): asserts condition {
  if (!condition) refuse(code, detail);
}

/** What is there; throws the no with this code if nothing is. */
export function present<T>(value: T | undefined | null, code: Code, detail?: string): T {
  if (value === undefined || value === null) refuse(code, detail);
  return value;
}

/** Runs a step, and answers any no of it with another code. */
export function recoded<T>(code: Code, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof RemitError) refuse(code, error.message);
    throw error;
  }
}
