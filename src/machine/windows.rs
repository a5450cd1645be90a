//! Windows: what every link of a chain lets be reserved in a span of time (spec 11 §5.6).

use super::chain::{Chain, ChainLink};
use super::funds::budget_of;
use super::refusal::{Denial, Rule};
use super::transaction::Transaction;
use super::view::{LeafRecord, StateView};
use remit_verifier::code::Code;
use remit_verifier::log::{Bound, BoundKind};
use remit_verifier::object::{Budget, Window};
use remit_verifier::state::Span;
use remit_verifier::types::{Amount, Seconds, StateIndex};

/// Counts `amount` into the present span of each window and cumulative threshold of each link, above the funding token
/// too; above a threshold the link must be one whose approvers said yes. The root decides first.
pub(super) fn count<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    amount: Amount,
    approved: impl Fn(&ChainLink) -> bool,
) -> Rule<(), V::Error> {
    let now = tx.now.seconds();
    on_each(tx, chain, unit, |link, place, (window, kind), span| {
        let start = window.period.start(now);
        let used = if span.start == start { span.used.0 } else { 0 };
        let after = used.checked_add(amount.0).ok_or(Code::Overflow)?;
        if after > window.most.0 {
            let bound = |place| Bound { what: kind, place, most: window.most.0, used };
            match kind {
                BoundKind::Window => return Err(Denial::by(Code::AboveWindow, bound(place))),
                _ if approved(link) => {}
                _ => return Err(Denial::by(Code::ApprovalRequired, bound(0))),
            }
        }
        *span = Span { start, used: Amount(after) };
        Ok(())
    })
}

/// Gives back what was counted at `then`, in each window whose span of that time still lasts.
pub(super) fn give_back<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    amount: Amount,
    then: Seconds,
) -> Rule<(), V::Error> {
    on_each(tx, chain, unit, |_, _, (window, _), span| {
        // Whoever reserved later has moved the span on; nobody has, and it is over: then nothing asks for it again.
        if span.start == window.period.start(then) {
            span.used = Amount(span.used.0.checked_sub(amount.0).ok_or(Code::Overflow)?);
        }
        Ok(())
    })
}

/// All that a budget counts in spans, in order: its windows, then its cumulative threshold.
fn bounds(budget: &Budget) -> impl Iterator<Item = (&Window, BoundKind)> {
    let windows = budget.windows.iter().map(|window| (window, BoundKind::Window));
    windows.chain(budget.cumulative.iter().map(|window| (window, BoundKind::Cumulative)))
}

fn on_each<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    change: impl Fn(&ChainLink, u64, (&Window, BoundKind), &mut Span) -> Result<(), Denial>,
) -> Rule<(), V::Error> {
    for link in &chain.links {
        let Some(budget) = budget_of(link, unit) else { continue };
        let count = bounds(budget).count();
        if count == 0 {
            continue;
        }
        let changed = tx.change_within(link.index, |record| {
            let spans = spans(record, unit, count)?;
            let mut bounds = (0..).zip(bounds(budget)).zip(spans);
            bounds.try_for_each(|((place, bound), span)| change(link, place, bound, span))
        });
        changed.map_err(|stop| stop.located(link.index))?;
        tx.note_moved(link.index, unit);
    }
    Ok(())
}

/// What a token counts in spans of the unit, one for each bound.
fn spans(record: &mut LeafRecord, unit: StateIndex, count: usize) -> Result<&mut [Span], Code> {
    let private = record.private.as_mut().ok_or(Code::WrongLeaf)?;
    let values = private.values.in_unit_mut(unit).ok_or(Code::WrongLeaf)?;
    values.windows.resize(count, Span::default());
    Ok(&mut values.windows)
}
