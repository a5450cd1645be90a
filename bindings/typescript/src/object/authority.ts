// The effective claims of a chain, made link by link from the root down (spec 04 §7).

import { need, present } from "../errors.js";
import { DEPTH_MAX } from "../limits.js";
import type { ApprovalRule, Money } from "./approval.js";
import { budgetIn, budgetIsWithin, type Budget } from "./budget.js";
import { checkPermissions, isWithin, type Asked, type Permission } from "./permission.js";
import type { Delegation, Token } from "./token.js";

/** Mode and depth of a root that states none. */
const NO_DELEGATION: Delegation = { mode: 0, depth: 0 };

/** The number of a child's mode, which the mode of the delegation above must reach. */
const MODES = { root: 0, logged: 1, offline: 2 } as const;

/** What a chain allows: the effective claims, and every list that a link states. */
export interface Authority {
  readonly links: number;
  readonly expires: bigint;
  readonly notBefore: bigint | undefined;
  readonly delegation: Delegation;
  readonly transferable: boolean;
  readonly maxStaleness: bigint | undefined;
  /** The lists of permissions, the root's first, which is empty where it states none. */
  readonly permissions: readonly (readonly Permission[])[];
  /** The lists of open budgets, from the first offline link that states one down. */
  readonly budgets: readonly (readonly Budget[])[];
  readonly approvals: readonly ApprovalRule[];
}

function listed<T>(list: T | undefined): readonly T[] {
  return list === undefined ? [] : [list];
}

/** The authority of a root. */
export function rootAuthority(token: Token): Authority {
  return {
    links: 1,
    expires: token.expires,
    notBefore: token.notBefore,
    delegation: token.delegation ?? NO_DELEGATION,
    transferable: token.transferable ?? false,
    maxStaleness: token.maxStaleness,
    permissions: [token.permissions ?? []],
    budgets: [],
    approvals: listed(token.approval),
  };
}

/** The authority with one link more. Throws `not_delegable`, `too_deep` or `wider_than_parent`. */
export function appended(above: Authority, token: Token): Authority {
  const { mode, depth } = above.delegation;
  need(depth >= 1 && mode >= MODES[token.origin.mode], "not_delegable");
  need(above.links < DEPTH_MAX, "too_deep");
  need(!isWider(above, token), "wider_than_parent");
  return {
    links: above.links + 1,
    expires: token.expires,
    notBefore: token.notBefore ?? above.notBefore,
    delegation: token.delegation ?? { mode, depth: depth - 1 },
    transferable: token.transferable ?? above.transferable,
    maxStaleness: token.maxStaleness ?? above.maxStaleness,
    permissions: [...above.permissions, ...listed(token.permissions)],
    budgets: [...above.budgets, ...listed(token.budgets)],
    approvals: [...above.approvals, ...listed(token.approval)],
  };
}

function isWider(above: Authority, token: Token): boolean {
  const { notBefore, delegation, maxStaleness } = token;
  const permissions = above.permissions.at(-1) ?? [];
  const budgets = above.budgets.at(-1);
  const within = <T>(
    own: readonly T[] | undefined,
    list: readonly T[],
    fits: (a: T, b: T) => boolean,
  ): boolean => (own ?? []).every((a) => list.some((b) => fits(a, b)));
  return (
    token.expires > above.expires ||
    (notBefore !== undefined && above.notBefore !== undefined && notBefore < above.notBefore) ||
    (delegation !== undefined &&
      (delegation.mode > above.delegation.mode || delegation.depth > above.delegation.depth - 1)) ||
    (token.transferable === true && !above.transferable) ||
    (maxStaleness !== undefined && above.maxStaleness !== undefined && maxStaleness > above.maxStaleness) ||
    !within(token.permissions, permissions, isWithin) ||
    (budgets !== undefined && !within(token.budgets, budgets, budgetIsWithin))
  );
}

/**
 * The authority of a chain of tokens, the root first. Throws `broken_chain` for none, and what `appended`
 * throws.
 */
export function authorityOf(tokens: readonly Token[]): Authority {
  const [root, ...children] = tokens;
  return children.reduce(appended, rootAuthority(present(root, "broken_chain")));
}

/** Requires that every link allows what is asked (spec 04 §3). */
export function allows(authority: Authority, asked: Asked): void {
  for (const [link, permissions] of authority.permissions.entries())
    checkPermissions(permissions, asked, link === 0);
}

/** Requires that every list of open budgets lets an amount through (spec 10 §10). */
export function affords(authority: Authority, { amount, unit }: Money): void {
  for (const budgets of authority.budgets) {
    const budget = budgetIn(budgets, unit);
    need(budget !== undefined, "unit_not_budgeted");
    need(budget.perUse === undefined || amount <= budget.perUse, "above_per_use");
    need(budget.total === undefined || amount <= budget.total, "above_total");
  }
}
