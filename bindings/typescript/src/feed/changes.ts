// Changes of a status table as runs of numbers (spec 22 §2).

import { need, refuse } from "../errors.js";
import { Buffered } from "./buffer.js";

/** Digits of a number at most. */
const DIGITS_MAX = 9;

/** So many indexes from `first` on have this status. */
export interface Run {
  readonly first: number;
  readonly length: number;
  readonly status: number;
}

/**
 * The runs of changes to a state of so many leaves, in order. A number above 2^53 is not exact; it reaches
 * beyond every state, and is refused for that.
 */
export function* readRuns(changes: Uint8Array, leaves: number): Generator<Run> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let digit = 0; digit < DIGITS_MAX; digit++) {
      const byte = changes[at++];
      need(byte !== undefined, "malformed", "the changes end within a number");
      value += (byte & 127) * 2 ** (7 * digit);
      if (byte < 128) {
        need(byte !== 0 || digit === 0, "not_canonical", "a digit too many");
        return value;
      }
    }
    return refuse("malformed", "a number of too many digits");
  };
  let [end, last] = [0, -1];
  while (at < changes.length) {
    // Its three lowest bits, whatever else there is.
    const low = changes[at] ?? 0;
    const skipped = Math.floor(number() / 8);
    const length = (low & 1) === 1 ? number() + 2 : 1;
    const [first, status] = [end + skipped, (low >> 1) & 3];
    need(first + length <= leaves, "malformed", "a run beyond the state");
    need(skipped > 0 || status !== last, "not_canonical", "two runs that are one");
    yield { first, length, status };
    [end, last] = [first + length, status];
  }
}

/** Writes changes: indexes, which increase, each with its status. */
export function writeChanges(listed: Iterable<readonly [number, number]>): Uint8Array {
  const buffered = new Buffered();
  const put = (value: number): void => {
    const digits: number[] = [];
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) + 128);
    buffered.append([...digits, rest]);
  };
  let end = 0;
  let run: Run | undefined;
  const close = (): void => {
    if (run === undefined) return;
    put((run.first - end) * 8 + run.status * 2 + (run.length > 1 ? 1 : 0));
    if (run.length > 1) put(run.length - 2);
    end = run.first + run.length;
  };
  for (const [index, status] of listed) {
    if (run !== undefined && run.status === status && run.first + run.length === index) {
      run = { ...run, length: run.length + 1 };
    } else {
      close();
      run = { first: index, length: 1, status };
    }
  }
  close();
  return buffered.bytes();
}
