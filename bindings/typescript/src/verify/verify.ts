// The verdict of spec 10: whether the holder of a token may do what he asks, without asking anybody.

import { RemitError } from "../errors.js";
import type { Argument } from "../object/argument.js";
import { decodeCase } from "./case.js";
import { checkChain, openTokens, type Chain } from "./chain.js";
import type { Followed } from "./followed.js";
import { checkFunding } from "./funding.js";
import { ageOf, open, Times } from "./open.js";
import type { Policy } from "./policy.js";
import { parsePolicy } from "./policy_file.js";
import { checkRequest } from "./request.js";
import { checkStanding, standing } from "./standing.js";
import { Trail, type Verdict } from "./verdict.js";
import { need } from "../errors.js";
import { millis } from "../numbers.js";

/** What was shown to a service, and when. */
export interface Input {
  readonly presentation: Uint8Array;
  /** The signed invocation; without it the answer is `permitted` at most. */
  readonly invocation?: Uint8Array | undefined;
  /** The arguments that are shown with it. */
  readonly arguments?: readonly Argument[] | undefined;
  /** Evidence that its amount is reserved. */
  readonly evidence?: Uint8Array | undefined;
  /** Signed approvals that came with it. */
  readonly approvals?: readonly Uint8Array[] | undefined;
  /** What the clock shows, in milliseconds. */
  readonly now: bigint;
  /** The newest evidence seen before: `newest` of the last verdict; 0 if there was none. */
  readonly newest?: bigint | undefined;
  /** The newest states of the ledgers that are followed (spec 22 §4). */
  readonly followed?: readonly Followed[] | undefined;
}

/**
 * Decides on what was shown, under a policy. It throws nothing but errors of the engine: every no is a
 * verdict with its
 * code. An id that is `allowed` is to be served once, by the caller's own durable record.
 */
export async function verify(input: Input, policy: Policy): Promise<Verdict> {
  const trail = new Trail(input.newest ?? 0n);
  try {
    return trail.verdict(await decide(input, policy, trail));
  } catch (error) {
    if (error instanceof RemitError) return trail.verdict(error);
    throw error;
  }
}

/**
 * The verdict on a case file; under its own policy, if no other one is given. Throws if file or policy
 * cannot be read. What was followed is not in a case: it is given here.
 */
export async function verifyCase(
  bytes: Uint8Array,
  policy?: Policy,
  followed?: readonly Followed[],
): Promise<Verdict> {
  const { policy: file, ...input } = decodeCase(bytes);
  return verify({ ...input, followed }, policy ?? (await parsePolicy(file)));
}

async function decide(input: Input, policy: Policy, trail: Trail): Promise<"allowed" | "permitted"> {
  const times = new Times(input.now, policy.skew, trail);
  const opened = await open(input.presentation, policy, times, trail);
  const links = await trail.check("chain", () => openTokens(opened, policy));
  const found = await standing(input.followed ?? [], opened, policy, times);
  const shownAge = ageOf(opened.checkpoint, opened.commitment, input.now);
  trail.ageMs = shownAge;
  const chain = await checkChain(opened, links, policy, times, trail);
  const { ledger } = opened.shown;
  trail.subject = {
    ledger,
    issuer: chain.issuer,
    root: chain.root,
    token: chain.last.object.id,
    holder: chain.holder,
  };
  const age = await checkStanding(found, opened, shownAge, trail);
  trail.ageMs = age;
  await trail.check("staleness", () => checkAge(age, chain, policy));
  await trail.check("holder_since", () => need(times.effective >= chain.ready, "holder_too_new"));
  const { invocation, evidence } = input;
  if (invocation === undefined) trail.skip("invocation");
  const newer = typeof found === "object" ? found : undefined;
  const request =
    invocation === undefined
      ? undefined
      : await checkRequest(invocation, input, { ...opened, newer }, chain, policy, times, trail);
  if (evidence === undefined) trail.skip("funding");
  else await trail.check("funding", () => checkFunding(evidence, request, ledger, policy, times));
  if (request === undefined) return "permitted";
  return evidence !== undefined || request.invocation.payment === undefined ? "allowed" : "permitted";
}

function checkAge(age: bigint, { authority }: Chain, policy: Policy): void {
  need(age <= millis(policy.maxStaleness), "stale");
  need(authority.maxStaleness === undefined || age <= millis(authority.maxStaleness), "stale");
}
