//! Windows: what every link of a chain lets be reserved in a span of time (spec 11 §5.6).

use super::chain::Chain;
use super::funds::{budget_of, locate};
use super::refusal::Rule;
use super::transaction::Transaction;
use super::view::{LeafRecord, StateView};
use remit_verifier::code::Code;
use remit_verifier::object::Window;
use remit_verifier::state::Span;
use remit_verifier::types::{Amount, Seconds, StateIndex};

/// Counts `amount` into the present span of each window of each link, above the funding token too. The root decides
/// first.
pub(super) fn count<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    amount: Amount,
) -> Rule<(), V::Error> {
    let now = tx.now.seconds();
    on_each(tx, chain, unit, |window, span| {
        let start = window.period.start(now);
        let used = if span.start == start { span.used.0 } else { 0 };
        let used = used.checked_add(amount.0).ok_or(Code::Overflow)?;
        if used > window.most.0 {
            return Err(Code::AboveWindow);
        }
        *span = Span { start, used: Amount(used) };
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
    on_each(tx, chain, unit, |window, span| {
        // Whoever reserved later has moved the span on; nobody has, and it is over: then nothing asks for it again.
        if span.start == window.period.start(then) {
            span.used = Amount(span.used.0.checked_sub(amount.0).ok_or(Code::Overflow)?);
        }
        Ok(())
    })
}

fn on_each<V: StateView>(
    tx: &mut Transaction<'_, V>,
    chain: &Chain,
    unit: StateIndex,
    change: impl Fn(&Window, &mut Span) -> Result<(), Code>,
) -> Rule<(), V::Error> {
    for link in &chain.links {
        let Some(budget) = budget_of(link, unit).filter(|budget| !budget.windows.is_empty()) else {
            continue;
        };
        let changed = tx.change(link.index, |record| {
            let spans = spans(record, unit, budget.windows.len())?;
            budget.windows.iter().zip(spans).try_for_each(|(window, span)| change(window, span))
        });
        changed.map_err(|stop| locate(stop, link.index))?;
        tx.note_moved(link.index, unit);
    }
    Ok(())
}

/// What a token counts in its windows of the unit, one for each.
fn spans(record: &mut LeafRecord, unit: StateIndex, windows: usize) -> Result<&mut [Span], Code> {
    let private = record.private.as_mut().ok_or(Code::WrongLeaf)?;
    let values = private.values.in_unit_mut(unit).ok_or(Code::WrongLeaf)?;
    values.windows.resize(windows, Span::default());
    Ok(&mut values.windows)
}
