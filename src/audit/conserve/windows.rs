//! What was reserved in each span of each window, recounted.

use super::book::Book;
use super::requests::enough;
use super::tokens::No;
use remit_verifier::code::Code;
use remit_verifier::object::{ApprovalRule, Period, Window};
use remit_verifier::types::{KeyBytes, ObjectId, Seconds};
use std::collections::{BTreeMap, BTreeSet};

/// What was reserved, less what was released, by token, unit, period, whether it is a threshold, and first second of
/// the span.
pub(super) type Spans = BTreeMap<(ObjectId, ObjectId, (Period, bool), u64), i128>;

impl Book {
    /// Counts `amount`, reserved at `at`, in every window and cumulative threshold of the token and of all above it;
    /// above a threshold enough of its approvers must be among `keys`.
    pub(super) fn count(
        &mut self,
        token: ObjectId,
        unit: ObjectId,
        amount: i128,
        at: Seconds,
        keys: Option<&BTreeSet<KeyBytes>>,
    ) {
        for (owner, window, rule) in self.spans_above(token, unit) {
            let start = start(window.period, at);
            let used = self.spans.entry((owner, unit, (window.period, rule.is_some()), start)).or_default();
            *used += amount;
            let (counted, fits) = (*used >= 0, *used <= i128::from(window.most.0));
            let approved = rule.as_ref().is_some_and(|rule| keys.is_none_or(|keys| enough(rule, keys)));
            let code = if rule.is_some() { Code::ApprovalRequired } else { Code::AboveWindow };
            self.require(counted && (fits || approved), code, owner);
        }
    }

    /// The windows of the token and all above, and the cumulative thresholds with the approvers who must say yes.
    fn spans_above(&self, token: ObjectId, unit: ObjectId) -> Vec<(ObjectId, Window, Option<ApprovalRule>)> {
        let mut all = Vec::new();
        for id in self.standing.chain(token) {
            let Some(known) = self.standing.tokens.get(&id) else { continue };
            let Some(budget) = known.own(&unit) else { continue };
            all.extend(budget.windows.iter().map(|window| (id, *window, None)));
            all.extend(budget.cumulative.map(|window| (id, window, known.approval.clone())));
        }
        all
    }

    /// Requires the rules in force to know windows, approvals and limits on leases, if any is stated.
    pub(super) fn require_known(&self, id: ObjectId, stated: bool) -> Result<(), No> {
        if stated && self.standing.rules < 2 { Err((Code::NotEnabled, id)) } else { Ok(()) }
    }
}

/// The first second of the span: found by going through all years and months since 1970, or by steps of the length.
fn start(period: Period, at: Seconds) -> u64 {
    let (Seconds(at), day) = (at, 86_400);
    match period {
        Period::Fixed { length: Seconds(length), anchor: Seconds(anchor) } if at >= anchor => {
            anchor + (at - anchor) / length * length
        }
        Period::Fixed { .. } => 0,
        Period::Month => {
            // The calendar is the same every 400 years; what lies whole ones behind is left out at once.
            let mut month = at - at % (146_097 * day);
            for year in 1970_u64.. {
                let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
                for days in [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                    if at < month + days * day {
                        return month;
                    }
                    month += days * day;
                }
            }
            month
        }
    }
}
