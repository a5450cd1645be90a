// What is wrong with a note, a key, trust lines or a proof: the variants of spec 08.

/** A text of C2SP's formats is refused; `variant` is the name that spec 08 gives to what is wrong. */
export class C2spError extends Error {
  override readonly name = "C2spError";

  constructor(
    /** The variant, such as `TooLong` or `Rule`. */
    readonly variant: string,
    /** Number of the line from 1, where the variant has one. */
    readonly line?: number,
    /** What is wrong inside: another variant. */
    readonly inner?: string,
  ) {
    super(
      [variant, inner, line === undefined ? undefined : `line ${line}`]
        .filter((part) => part !== undefined)
        .join(", "),
    );
  }
}

/** Throws the error of this variant unless the condition holds. */
export function must(condition: boolean, variant: string, line?: number, inner?: string): asserts condition {
  if (!condition) throw new C2spError(variant, line, inner);
}

/** Runs a step; what it refuses is `variant`, with its own variant inside. */
export function within<T>(variant: string, line: number | undefined, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof C2spError) throw new C2spError(variant, line, error.variant);
    throw error;
  }
}
