// Approvals that travel with an invocation (spec 17 §4).

import { equal, hex } from "../bytes.js";
import { checkSignature, decodeSign1, identify } from "../cose.js";
import { need } from "../errors.js";
import { checkKey } from "../key_check.js";
import { APPROVE } from "../labels.js";
import { APPROVAL_VALIDITY_MAX } from "../limits.js";
import { atMostAhead, passed } from "../numbers.js";
import { bytesOf, integerOf } from "../object/act.js";
import { ruleApplies, ruleIsMet, type ApprovalRule } from "../object/approval.js";
import type { Invocation } from "../object/invocation.js";
import { decodeApproval } from "../object/submission.js";

/** What approvals are judged by. */
export interface ApprovalContext {
  readonly ledger: Uint8Array;
  readonly rules: readonly ApprovalRule[];
  /** The request that the invocation carries out. */
  readonly request: Uint8Array | undefined;
  readonly effective: bigint;
  readonly skew: bigint;
}

/** Requires that every approval is good, and that the signers meet every rule that applies. */
export async function checkApprovals(
  all: readonly Uint8Array[],
  asked: Invocation,
  c: ApprovalContext,
): Promise<void> {
  const signers = new Set<string>();
  for (const bytes of all) {
    const object = decodeSign1(bytes);
    const approval = decodeApproval(object);
    checkKey(object.kid);
    need(c.request !== undefined && equal(bytesOf(approval, 21), c.request), "unknown_request");
    const until = integerOf(approval, 2);
    need(!passed(until, c.effective), "too_late");
    need(atMostAhead(until, c.effective, APPROVAL_VALIDITY_MAX, c.skew), "too_early");
    need(
      c.rules.some((rule) => rule.approvers.some((key) => equal(key, object.kid))),
      "not_an_approver",
    );
    await checkSignature(await identify(object, APPROVE, c.ledger));
    signers.add(hex(object.kid));
  }
  for (const rule of c.rules) {
    need(!ruleApplies(rule, asked.payment) || ruleIsMet(rule, signers), "approval_required");
  }
}
