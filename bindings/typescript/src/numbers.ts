// Integers of 64 bits and times (spec 01 §1).

/** The largest unsigned integer of 64 bits. */
export const U64_MAX = (1n << 64n) - 1n;
/** The largest signed integer of 64 bits. */
export const I64_MAX = (1n << 63n) - 1n;
/** The smallest signed integer of 64 bits. */
export const I64_MIN = -(1n << 63n);

/** The smaller of two, or the largest integer of 64 bits: sums and products that only bound saturate. */
export function saturating(value: bigint): bigint {
  return value > U64_MAX ? U64_MAX : value;
}

/** The instant in milliseconds of a deadline or start in seconds. */
export function millis(seconds: bigint): bigint {
  return saturating(1000n * seconds);
}

/** Whether a deadline has passed, or a start has come, at a time in milliseconds: at its instant it has. */
export function passed(deadline: bigint, now: bigint): boolean {
  return now >= millis(deadline);
}

/** Whether a deadline lies at most so many seconds, and so many milliseconds of skew, after a time. */
export function atMostAhead(deadline: bigint, now: bigint, seconds: number, skew = 0n): boolean {
  return millis(deadline) <= saturating(now + 1000n * BigInt(seconds) + skew);
}

/** The largest of some integers. */
export function greatest(first: bigint, ...others: readonly bigint[]): bigint {
  return others.reduce((most, other) => (other > most ? other : most), first);
}

/** The smallest of those that are there. */
export function least(...values: readonly (bigint | undefined)[]): bigint | undefined {
  return values.reduce(
    (low, value) => (value !== undefined && (low === undefined || value < low) ? value : low),
    undefined,
  );
}
