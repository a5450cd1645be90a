// Whether a request over HTTP may be served (spec 20 §5), but for the record that it was.

import { equal } from "../bytes.js";
import { need, present, RemitError } from "../errors.js";
import type { Followed } from "../verify/followed.js";
import type { Policy } from "../verify/policy.js";
import type { Verdict } from "../verify/verdict.js";
import { verify } from "../verify/verify.js";
import { findRoute, type RouteAsks } from "./route.js";
import { requestDigest, type Covered, type Fields } from "./transport.js";

/** A request with what it names. */
export interface Brought {
  readonly request: Covered;
  readonly fields: Fields;
  readonly presentation: Uint8Array;
  readonly evidence: Uint8Array | undefined;
}

/** What is to be recorded before the request is served. */
export interface Unrecorded {
  /** The id of the invocation. */
  readonly id: Uint8Array;
  /** The request of approval that it carries out, if approvals travelled with it and no evidence. */
  readonly request: Uint8Array | undefined;
  /** The first token of the chain. */
  readonly root: Uint8Array;
  /** Until when the invocation might be shown again, in seconds. */
  readonly validUntil: bigint;
}

/** The verdict, once there is one, and what follows: something to record, or the code of a no. */
export interface Decided {
  readonly verdict: Verdict | undefined;
  readonly outcome: Unrecorded | RemitError;
}

/**
 * Decides at `now`, in milliseconds, under a policy and its routes; `newest` and `followed` as in `verify`.
 */
export async function decide(
  brought: Brought,
  policy: Policy,
  now: bigint,
  newest = 0n,
  followed: readonly Followed[] = [],
): Promise<Decided> {
  let verdict: Verdict | undefined;
  try {
    const asked = findRoute(policy.routes, brought.request.method, brought.request.target);
    const { presentation, evidence, fields } = brought;
    const { invocation, approvals } = fields;
    verdict = await verify(
      { presentation, invocation, arguments: fields.arguments, evidence, approvals, now, newest, followed },
      policy,
    );
    return { verdict, outcome: await servable(verdict, brought, asked) };
  } catch (error) {
    if (error instanceof RemitError) return { verdict, outcome: error };
    throw error;
  }
}

async function servable(verdict: Verdict, brought: Brought, asked: RouteAsks): Promise<Unrecorded> {
  if (verdict.code !== undefined) throw new RemitError(verdict.code);
  const { subject } = verdict;
  const invocation = present(subject.invocation, "malformed");
  const signed = await requestDigest(brought.request);
  need(
    invocation.request !== undefined && equal(invocation.request, signed),
    "wrong_request",
    "signed for another request",
  );
  need(
    invocation.action === asked.action && invocation.resource === asked.resource,
    "wrong_request",
    "another action or resource",
  );
  const { payment } = invocation;
  const { cost } = asked;
  const pays =
    cost === undefined ||
    (payment !== undefined && payment.amount === cost.amount && equal(payment.unit, cost.unit));
  need(pays, "wrong_request", "another cost");
  need(verdict.decision === "allowed", "not_funded");
  const travelled = brought.evidence === undefined && brought.fields.approvals.length > 0;
  return {
    id: present(subject.id, "malformed"),
    request: travelled ? subject.requestId : undefined,
    root: present(subject.root, "malformed"),
    validUntil: invocation.validUntil,
  };
}
