//! What a chain of tokens allows: its claims folded link by link (spec 04 §7). Pure; verifier and ledger call it.
//!
//! It looks at claims alone. Signatures, ids, epochs, states and times are the caller's business, and so are the
//! sealed budgets of logged tokens.

use super::budget::Budget;
use super::invocation::Payment;
use super::permission::{Asked, Permission};
use super::token::{Delegation, DelegationMode, Token};
use crate::code::Code;
use crate::limits::DEPTH_MAX;
use crate::types::Seconds;

/// The effective claims of the last link of a chain, and what every link allows. It borrows from the tokens.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'t> {
    links: usize,
    expires: Seconds,
    not_before: Option<Seconds>,
    delegation: Delegation,
    transferable: bool,
    max_staleness: Option<Seconds>,
    permissions: Stated<'t, Permission>,
    budgets: Stated<'t, Budget>,
}

/// The lists that the links of a chain state, the topmost first; a link that inherits adds none.
#[derive(Debug)]
struct Stated<'t, T> {
    lists: [&'t [T]; DEPTH_MAX],
    count: usize,
}

impl<'t> Authority<'t> {
    /// The authority of a root: an absent claim gives nothing, but for the two that only narrow.
    pub fn root(token: &'t Token) -> Self {
        let mut permissions = Stated::none();
        permissions.push(token.permissions.as_deref().unwrap_or_default());
        Self {
            links: 1,
            expires: token.expires,
            not_before: token.not_before,
            delegation: token.delegation.unwrap_or(Delegation::NONE),
            transferable: token.transferable.unwrap_or(false),
            max_staleness: token.max_staleness,
            permissions,
            budgets: Stated::none(),
        }
    }

    /// The authority of a child below this chain; success means that the parent allows this delegation and that the
    /// child is no wider in any comparable claim. An absent claim is inherited, the depth less one.
    ///
    /// # Errors
    ///
    /// In this order: [`Code::NotDelegable`] if the effective delegation has another mode or no depth left;
    /// [`Code::TooDeep`] past [`DEPTH_MAX`] links; [`Code::WiderThanParent`].
    pub fn child(&self, token: &'t Token) -> Result<Self, Code> {
        let mode = if token.is_offline() { DelegationMode::Offline } else { DelegationMode::Logged };
        let depth = self.delegation.depth.checked_sub(1).ok_or(Code::NotDelegable)?;
        if self.delegation.mode < mode {
            return Err(Code::NotDelegable);
        }
        if self.links >= DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        let inherited = Delegation { mode: self.delegation.mode, depth };
        if !self.holds(token, inherited) {
            return Err(Code::WiderThanParent);
        }
        let mut child = Self {
            links: self.links.saturating_add(1),
            expires: token.expires,
            not_before: token.not_before.or(self.not_before),
            delegation: token.delegation.unwrap_or(inherited),
            transferable: token.transferable.unwrap_or(self.transferable),
            max_staleness: token.max_staleness.or(self.max_staleness),
            ..*self
        };
        if let Some(permissions) = token.permissions.as_deref() {
            child.permissions.push(permissions);
        }
        if let Some(budgets) = token.budgets.as_deref() {
            child.budgets.push(budgets);
        }
        Ok(child)
    }

    /// Whether no claim of the child is wider than what it would inherit.
    fn holds(&self, child: &Token, inherited: Delegation) -> bool {
        let delegation =
            child.delegation.is_none_or(|d| d.mode <= inherited.mode && d.depth <= inherited.depth);
        let begins = match (child.not_before, self.not_before) {
            (Some(child), Some(own)) => child >= own,
            _ => true,
        };
        child.expires <= self.expires
            && begins
            && delegation
            && (self.transferable || child.transferable != Some(true))
            && not_above(child.max_staleness, self.max_staleness)
            && self.permissions.hold(child.permissions.as_deref(), Permission::is_within)
            && self.budgets.hold(child.budgets.as_deref(), Budget::is_within)
    }

    /// Whether every link that states permissions has one that covers what is asked.
    ///
    /// # Errors
    ///
    /// For the first link without: the code of the alternative that came furthest, of [`Code::ServiceNotAllowed`],
    /// [`Code::ActionNotAllowed`], [`Code::ResourceNotAllowed`], [`Code::ConditionNotMet`] in this order.
    pub fn allows(&self, asked: &Asked<'_>) -> Result<(), Code> {
        for (position, list) in self.permissions.iter().enumerate() {
            // The root's list is always there and the first.
            let in_root = position == 0;
            let mut furthest = Code::ServiceNotAllowed;
            let covered = list.iter().any(|permission| match permission.covers(asked, in_root) {
                Ok(()) => true,
                Err(code) => {
                    furthest = furthest.max(code);
                    false
                }
            });
            if !covered {
                return Err(furthest);
            }
        }
        Ok(())
    }

    /// Whether the open budgets of every offline link that states some let this payment through, what was spent
    /// before not counted.
    ///
    /// # Errors
    ///
    /// For the first link that does not: [`Code::UnitNotBudgeted`], [`Code::AbovePerUse`], [`Code::AboveTotal`].
    pub fn allows_payment(&self, payment: &Payment) -> Result<(), Code> {
        self.budgets.iter().try_for_each(|budgets| {
            let budget = budgets.iter().find(|budget| budget.unit == payment.unit);
            let budget = budget.ok_or(Code::UnitNotBudgeted)?;
            if budget.per_use.is_some_and(|most| payment.amount > most) {
                return Err(Code::AbovePerUse);
            }
            if budget.total.is_some_and(|most| payment.amount > most) {
                return Err(Code::AboveTotal);
            }
            Ok(())
        })
    }

    /// Number of links of the chain, at least 1.
    pub const fn links(&self) -> usize {
        self.links
    }

    /// End of the chain's life: no link lives longer than its parent.
    pub const fn expires(&self) -> Seconds {
        self.expires
    }

    /// Start of the chain's life, if any link states one.
    pub const fn not_before(&self) -> Option<Seconds> {
        self.not_before
    }

    /// What may be appended.
    pub const fn delegation(&self) -> Delegation {
        self.delegation
    }

    /// Whether the last link may be transferred.
    pub const fn transferable(&self) -> bool {
        self.transferable
    }

    /// The smallest age of evidence that a link demands, if any does.
    pub const fn max_staleness(&self) -> Option<Seconds> {
        self.max_staleness
    }
}

impl Budget {
    /// Whether no limit of the budget is wider than the parent's for the same unit. A limit that it does not state
    /// is inherited.
    pub fn is_within(&self, parent: &Budget) -> bool {
        self.unit == parent.unit
            && not_above(self.total, parent.total)
            && not_above(self.per_use, parent.per_use)
            && not_above(self.refundable, parent.refundable())
    }
}

impl<'t, T> Stated<'t, T> {
    const fn none() -> Self {
        Self { lists: [&[]; DEPTH_MAX], count: 0 }
    }

    /// A chain has at most as many links as there is room.
    fn push(&mut self, list: &'t [T]) {
        if let Some(place) = self.lists.get_mut(self.count) {
            *place = list;
            self.count = self.count.saturating_add(1);
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &'t [T]> {
        self.lists.get(..self.count).unwrap_or_default().iter().copied()
    }

    /// Whether every item of the child is within one of the nearest list; both may be absent.
    fn hold(&self, child: Option<&[T]>, within: impl Fn(&T, &T) -> bool) -> bool {
        match (child, self.iter().next_back()) {
            (Some(child), Some(own)) => child.iter().all(|c| own.iter().any(|p| within(c, p))),
            _ => true,
        }
    }
}

impl<T> Clone for Stated<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Stated<'_, T> {}

/// Whether a limit does not exceed the parent's; an absent one is inherited, and no limit holds everything.
fn not_above<T: PartialOrd>(child: Option<T>, parent: Option<T>) -> bool {
    match (child, parent) {
        (Some(child), Some(parent)) => child <= parent,
        _ => true,
    }
}
