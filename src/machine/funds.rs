//! Where value posts: on the total counters from a token up to its funding token (spec 11 §5).

use super::chain::{Chain, ChainLink};
use super::refusal::{Denial, Rule, Stop};
use super::transaction::Transaction;
use super::view::{Private, StateView, key};
use remit_verifier::code::Code;
use remit_verifier::log::{Bound, BoundKind};
use remit_verifier::object::{Budget, Share};
use remit_verifier::state::{Counters, LeafBody, Life};
use remit_verifier::types::{Amount, ObjectId, StateIndex};

/// How one amount moves between counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Reserve,
    Capture,
    Release,
    Refund,
    Carve,
    Return,
    /// Held while approvers are asked.
    Pend,
    /// What waited is reserved.
    Activate,
    /// What waited comes back.
    Unpend,
    Lease,
    /// What waited is leased.
    ActivateLease,
    Settle,
    Unlease,
}

impl Move {
    /// Applies the move; checked, so that no counter ever wraps.
    fn apply(self, counters: &mut Counters, amount: Amount) -> Result<(), Code> {
        let add = |counter: &mut u64| {
            *counter = counter.checked_add(amount.0).ok_or(Code::Overflow)?;
            Ok(())
        };
        let subtract = |counter: &mut u64| {
            *counter = counter.checked_sub(amount.0).ok_or(Code::Overflow)?;
            Ok(())
        };
        match self {
            Self::Reserve => add(&mut counters.reserved),
            Self::Capture => subtract(&mut counters.reserved).and_then(|()| add(&mut counters.captured)),
            Self::Release => subtract(&mut counters.reserved),
            Self::Refund => add(&mut counters.refunded),
            Self::Carve => add(&mut counters.carved),
            Self::Return => add(&mut counters.returned),
            Self::Pend => add(&mut counters.pending),
            Self::Activate => subtract(&mut counters.pending).and_then(|()| add(&mut counters.reserved)),
            Self::Unpend => subtract(&mut counters.pending),
            Self::Lease => add(&mut counters.leased),
            Self::ActivateLease => subtract(&mut counters.pending).and_then(|()| add(&mut counters.leased)),
            Self::Settle => subtract(&mut counters.leased).and_then(|()| add(&mut counters.captured)),
            Self::Unlease => subtract(&mut counters.leased),
        }
    }

    /// Whether the move takes from what is left of a total.
    const fn is_debit(self) -> bool {
        matches!(self, Self::Reserve | Self::Carve | Self::Pend | Self::Lease)
    }
}

/// A link's own budget in a unit.
pub(super) fn budget_of(link: &ChainLink, unit: StateIndex) -> Option<&Budget> {
    let budgets = link.info.budgets.as_ref()?;
    budgets.iter().find(|(of, _)| *of == unit).map(|(_, budget)| budget)
}

/// The place in the chain of the funding token of the link at `from`.
fn funding(chain: &Chain, unit: StateIndex, from: usize) -> usize {
    let carved = |place: &usize| {
        let budget = chain.links.get(*place).and_then(|link| budget_of(link, unit));
        budget.is_some_and(|budget| budget.share == Share::Carved)
    };
    (0..=from).rev().find(carved).unwrap_or(0)
}

/// Requires that every link, from the root down, budgets the unit and allows one use of `amount`.
pub(super) fn require_use<E>(chain: &Chain, unit: StateIndex, amount: Amount) -> Rule<(), E> {
    for (place, link) in chain.links.iter().enumerate() {
        match budget_of(link, unit) {
            Some(budget) if budget.per_use.is_some_and(|most| amount > most) => {
                let bound = budget.per_use.map(|most| Bound::new(BoundKind::PerUse, most.0, 0));
                return Err(Stop::at_bound(Code::AbovePerUse, link.index, bound));
            }
            _ if lacks(link, place, unit) => return Err(Stop::at(Code::UnitNotBudgeted, link.index)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the link at this place of its chain gives nothing in the unit: absent in a child inherits, absent in a root
/// is nothing, and so is a list that lacks the unit.
fn lacks(link: &ChainLink, place: usize, unit: StateIndex) -> bool {
    budget_of(link, unit).is_none() && (place == 0 || link.info.budgets.is_some())
}

/// What is left of the token's totals in a unit: the least of the totals on which its uses post, less what is committed
/// there. Where a link lacks the unit, nothing.
pub(super) fn left(chain: &Chain, unit: StateIndex) -> Result<Amount, Code> {
    if chain.links.iter().enumerate().any(|(place, link)| lacks(link, place, unit)) {
        return Ok(Amount(0));
    }
    let top = funding(chain, unit, chain.links.len() - 1);
    let mut least = None;
    for link in chain.links.get(top..).unwrap_or_default() {
        let Some(total) = budget_of(link, unit).and_then(|budget| budget.total) else { continue };
        let private = link.record.private.as_ref().ok_or(Code::WrongLeaf)?;
        let committed = private.values.counters(unit).committed().ok_or(Code::Overflow)?;
        let left = Amount(total.0.saturating_sub(committed.0));
        least = least.into_iter().chain([left]).min();
    }
    // A root and whatever is carved state a total.
    Ok(least.unwrap_or_default())
}

/// Posts a move of `amount` from the link at place `from` up to its funding token, and no higher. A debit must fit
/// every total on the way, a refund every bound on refunds. Gives the leaf of the funding token.
pub(super) fn post<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    from: usize,
    amount: Amount,
    what: Move,
) -> Rule<StateIndex, V::Error> {
    let top = funding(chain, unit, from);
    let path = chain.links.get(top..=from).unwrap_or_default();
    for link in path {
        let limits = budget_of(link, unit).map(Limits::of).unwrap_or_default();
        let moved = tx.change_within(link.index, |record| {
            let private = record.private.as_mut().ok_or(Code::WrongLeaf)?;
            move_in(private, unit, limits, amount, what)
        });
        moved.map_err(|stop| stop.located(link.index))?;
        tx.note_moved(link.index, unit);
    }
    Ok(path.first().ok_or(Code::UnknownToken)?.index)
}

fn move_in(
    private: &mut Private,
    unit: StateIndex,
    limits: Limits,
    amount: Amount,
    what: Move,
) -> Result<(), Denial> {
    let mut counters = private.values.counters(unit);
    fit(&mut counters, limits, amount, what)?;
    private.values.set(unit, counters);
    Ok(())
}

/// What bounds the counters of one link in one unit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) total: Option<Amount>,
    pub(super) refundable: Option<Amount>,
}

impl Limits {
    pub(super) fn of(budget: &Budget) -> Self {
        Self { total: budget.total, refundable: budget.refundable() }
    }
}

/// Applies a move to one link's counters within its limits.
fn fit(counters: &mut Counters, limits: Limits, amount: Amount, what: Move) -> Result<(), Denial> {
    what.apply(counters, amount)?;
    let committed = counters.committed().ok_or(Code::Overflow)?;
    if let Some(total) = limits.total.filter(|total| what.is_debit() && committed > *total) {
        let used = committed.0.saturating_sub(amount.0);
        return Err(Denial::by(Code::AboveTotal, Bound::new(BoundKind::Total, total.0, used)));
    }
    // Whatever is reserved or leased can be captured: the gross counter has room for it.
    let open = counters.reserved.checked_add(counters.leased).ok_or(Code::Overflow)?;
    counters.captured.checked_add(open).ok_or(Code::Overflow)?;
    if what == Move::Refund && limits.refundable.is_some_and(|most| counters.refunded > most.0) {
        return Err(Code::AboveRefundable.into());
    }
    Ok(())
}

/// Counts a carved child in or out on every token on which its totals were posted.
pub(super) fn count_child<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    carved: &[(StateIndex, Amount)],
    from: usize,
    count: impl Fn(u64) -> Option<u64>,
) -> Rule<(), V::Error> {
    let top = carved.iter().map(|(unit, _)| funding(chain, *unit, from)).min().unwrap_or(from);
    for link in chain.links.get(top..=from).unwrap_or_default() {
        tx.change(link.index, |record| match &mut record.leaf.body {
            LeafBody::Token(token) => {
                token.carved_children = count(token.carved_children).ok_or(Code::Overflow)?;
                Ok(())
            }
            _ => Err(Code::WrongLeaf),
        })?;
    }
    Ok(())
}

/// Passes value that came back to the link at `from` on upward, past every ended carved token on the way
/// (spec 11 §5.4).
pub(super) fn pass_upward<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    from: usize,
    amount: Amount,
) -> Rule<(), V::Error> {
    let mut from = from;
    loop {
        let top = funding(chain, unit, from);
        let link = chain.links.get(top).ok_or(Code::UnknownToken)?;
        let Some(parent) = top.checked_sub(1) else { return Ok(()) };
        if tx.leaf(link.index)?.leaf.life != Life::Ended {
            return Ok(());
        }
        cede(tx, link.index, unit, amount)?;
        post(tx, chain, unit, parent, amount, Move::Return)?;
        from = parent;
    }
}

/// Counts value as passed on by the carved token at `index`.
pub(super) fn cede<V: StateView>(
    tx: &mut Transaction<'_, V>,
    index: StateIndex,
    unit: StateIndex,
    amount: Amount,
) -> Rule<(), V::Error> {
    tx.note_moved(index, unit);
    tx.change(index, |record| {
        let private = record.private.as_mut().ok_or(Code::WrongLeaf)?;
        let mut counters = private.values.counters(unit);
        counters.ceded = counters.ceded.checked_add(amount.0).ok_or(Code::Overflow)?;
        private.values.set(unit, counters);
        Ok(())
    })
}

/// Posts a move on the own budgets of offline links, whose counters live as long as they do.
pub(super) fn post_on_links<V: StateView>(
    tx: &mut Transaction<'_, V>,
    links: &[(ObjectId, Limits)],
    unit: StateIndex,
    amount: Amount,
    what: Move,
) -> Rule<(), V::Error> {
    for (id, limits) in links {
        let mut values = tx.get(&key::LinkOf(*id))?.unwrap_or_default();
        let place = values.units.iter().position(|(of, _)| *of == unit);
        let mut counters = place.and_then(|place| values.units.get(place)).map(|v| v.1).unwrap_or_default();
        fit(&mut counters, *limits, amount, what)?;
        match place.and_then(|place| values.units.get_mut(place)) {
            Some(value) => value.1 = counters,
            None => values.units.push((unit, counters)),
        }
        tx.put(&key::LinkOf(*id), values);
    }
    Ok(())
}
