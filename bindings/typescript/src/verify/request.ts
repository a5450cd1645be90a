// The request and its payment (spec 10 §9, §10).

import { equal } from "../bytes.js";
import { checkSignature, decodeSign1, identify } from "../cose.js";
import { need, present } from "../errors.js";
import { INVOCATION } from "../labels.js";
import { INVOCATION_VALIDITY_MAX, SETTLE_MAX } from "../limits.js";
import { atMostAhead, millis, passed } from "../numbers.js";
import type { Money } from "../object/approval.js";
import { openArguments } from "../object/argument.js";
import { affords, allows } from "../object/authority.js";
import { carriedRequest, decodeInvocation, type Invocation } from "../object/invocation.js";
import { isLeafOf } from "../state/leaf.js";
import { checkApprovals } from "./approved.js";
import type { Chain } from "./chain.js";
import type { Input } from "./verify.js";
import type { Opened, Times } from "./open.js";
import type { Policy } from "./policy.js";
import { statusIn, SUSPENDED, type Newer } from "./standing.js";
import type { Trail } from "./verdict.js";

/** An invocation that the holder signed. */
export interface Request {
  readonly id: Uint8Array;
  readonly invocation: Invocation;
}

/** A presentation whose state is proved, and the newer state, if one is followed. */
export interface Compared extends Opened {
  readonly newer: Newer | undefined;
}

async function openInvocation(bytes: Uint8Array, ledger: Uint8Array, chain: Chain): Promise<Request> {
  const object = decodeSign1(bytes);
  const invocation = decodeInvocation(object.payload);
  need(invocation.voucher === undefined, "misplaced_voucher");
  need(equal(object.kid, chain.holder), "wrong_holder");
  const signed = await identify(object, INVOCATION, ledger);
  await checkSignature(signed);
  return { id: signed.id, invocation };
}

/** Makes the checks `invocation` to `budgets` of a request. */
export async function checkRequest(
  bytes: Uint8Array,
  input: Input,
  opened: Compared,
  chain: Chain,
  policy: Policy,
  times: Times,
  trail: Trail,
): Promise<Request> {
  const { ledger } = opened.shown;
  const request = await trail.check("invocation", () => openInvocation(bytes, ledger, chain));
  const { id, invocation } = request;
  const carried = await carriedRequest(invocation, ledger);
  trail.subject = {
    ...trail.subject,
    id,
    invocation,
    ...(carried === undefined ? {} : { requestId: carried }),
  };
  const { effective } = times;
  await trail.check("token", () => {
    need(equal(invocation.token, chain.last.object.id), "wrong_token");
    need(invocation.epoch === chain.anchor.epoch, "old_epoch");
  });
  await trail.check("window", () => checkWindow(invocation.validUntil, effective, policy.skew));
  await trail.check("audience", () => need(equal(invocation.audience, policy.party), "wrong_audience"));
  const values = await trail.check("arguments", () =>
    openArguments(invocation.arguments, input.arguments ?? []),
  );
  await trail.check("permissions", () => allows(chain.authority, { ...invocation, arguments: values }));
  const { approvals = [] } = input;
  const rules = chain.authority.approvals;
  if (input.evidence === undefined && (rules.length > 0 || approvals.length > 0)) {
    const context = { ledger, rules, request: carried, effective, skew: policy.skew };
    await trail.check("approvals", () => checkApprovals(approvals, invocation, context));
  } else {
    trail.skip("approvals");
  }
  if (invocation.payment !== undefined) await checkPayment(invocation, opened, chain, policy, times, trail);
  return request;
}

/** Requires that an invocation is of now: its window has not passed, and does not lie too far ahead. */
export function checkWindow(validUntil: bigint, effective: bigint, skew: bigint): void {
  need(!passed(validUntil, effective), "too_late");
  need(atMostAhead(validUntil, effective, INVOCATION_VALIDITY_MAX, skew), "too_early");
}

/** Requires that the evidence is fresh enough for an amount: within each bound that begins at it or below. */
function checkAtRisk({ amount, unit }: Money, { atRisk }: Policy, age: bigint): void {
  for (const bound of atRisk) {
    need(!equal(bound.unit, unit) || amount < bound.from || age <= millis(bound.maxStaleness), "stale");
  }
}

async function checkPayment(
  invocation: Invocation,
  { leaves, newer }: Compared,
  chain: Chain,
  policy: Policy,
  times: Times,
  trail: Trail,
): Promise<void> {
  const payment = present(invocation.payment, "bad_amount");
  const settleBy = present(invocation.settleBy, "bad_time");
  await trail.check("unit", () => {
    const found = leaves.find((leaf) => isLeafOf(leaf, "unit") && equal(leaf.id, payment.unit));
    const unit = present(found, "unknown_unit");
    need(unit.mask === 0, "unit_frozen");
    need(newer === undefined || statusIn(newer, unit) !== SUSPENDED, "unit_frozen");
  });
  await trail.check("deadline", () => {
    need(!passed(settleBy, times.effective), "settled");
    need(atMostAhead(settleBy, times.effective, SETTLE_MAX, policy.skew), "bad_time");
  });
  await trail.check("budgets", () => affords(chain.authority, payment));
  if (policy.atRisk.length > 0)
    await trail.check("at_risk", () => checkAtRisk(payment, policy, present(trail.ageMs, "stale")));
}
