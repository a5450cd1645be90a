// Case files: what a service saw, and when (spec 09 §3).

import { Reader } from "../cbor.js";
import { Writer } from "../cbor_write.js";
import { need } from "../errors.js";
import { CASE } from "../labels.js";
import {
  APPROVAL_BYTES_MAX,
  APPROVALS_MAX,
  ARGUMENTS_MAX,
  CASE_BYTES_MAX,
  EVIDENCE_BYTES_MAX,
  OBJECT_BYTES_MAX,
  POLICY_BYTES_MAX,
  PRESENTATION_BYTES_MAX,
} from "../limits.js";
import { readArgument, writeArgument, type Argument } from "../object/argument.js";

/** A case. */
export interface Case {
  /** What the service's clock showed, in milliseconds. */
  readonly now: bigint;
  /** The newest evidence that it had seen before; 0 if none. */
  readonly newest: bigint;
  readonly presentation: Uint8Array;
  readonly invocation: Uint8Array | undefined;
  readonly arguments: readonly Argument[];
  readonly evidence: Uint8Array | undefined;
  /** The service's policy file. */
  readonly policy: Uint8Array;
  readonly approvals: readonly Uint8Array[];
}

/** Decodes a case. */
export function decodeCase(bytes: Uint8Array): Case {
  return Reader.whole(bytes, CASE_BYTES_MAX, (r) => {
    const count = r.array(9);
    need(count >= 8, "malformed", "a case of another length");
    r.label(CASE);
    const [now, newest, presentation] = [r.u64(), r.u64(), r.bytes(PRESENTATION_BYTES_MAX)];
    const invocation = r.nullable(() => r.bytes(OBJECT_BYTES_MAX));
    const shown = r.list(ARGUMENTS_MAX, () => readArgument(r));
    need(invocation !== undefined || shown.length === 0, "malformed", "arguments of nothing");
    const evidence = r.nullable(() => r.bytes(EVIDENCE_BYTES_MAX));
    const policy = r.bytes(POLICY_BYTES_MAX);
    const approvals = count === 9 ? r.list(APPROVALS_MAX, () => r.bytes(APPROVAL_BYTES_MAX)) : [];
    need(count === 8 || approvals.length > 0, "not_canonical", "an empty list of approvals");
    need(count === 8 || invocation !== undefined, "malformed", "approvals of nothing");
    return { now, newest, presentation, invocation, arguments: shown, evidence, policy, approvals };
  });
}

/** The bytes of a case. */
export function encodeCase(c: Case): Uint8Array {
  const bytes = (w: Writer, part: Uint8Array): void => void w.string(part);
  const w = new Writer()
    .array(c.approvals.length > 0 ? 9 : 8)
    .text(CASE)
    .int(c.now)
    .int(c.newest)
    .string(c.presentation);
  w.optional(c.invocation, bytes)
    .list(c.arguments, writeArgument)
    .optional(c.evidence, bytes)
    .string(c.policy);
  if (c.approvals.length > 0) w.list(c.approvals, bytes);
  return w.bytes();
}
