//! What was reserved in each span of each window, recounted.

use super::book::Book;
use super::tokens::No;
use remit_verifier::code::Code;
use remit_verifier::object::{Period, Window};
use remit_verifier::types::{ObjectId, Seconds};
use std::collections::BTreeMap;

/// What was reserved, less what was released, by token, unit, period and first second of the span.
pub(super) type Spans = BTreeMap<(ObjectId, ObjectId, Period, u64), i128>;

impl Book {
    /// Counts `amount`, reserved at `at`, in every window of the token and of all above it.
    pub(super) fn count(&mut self, token: ObjectId, unit: ObjectId, amount: i128, at: Seconds) {
        for (owner, window) in self.windows_above(token, unit) {
            let start = start(window.period, at);
            let used = self.spans.entry((owner, unit, window.period, start)).or_default();
            *used += amount;
            let fits = (0..=i128::from(window.most.0)).contains(used);
            self.require(fits, Code::AboveWindow, owner);
        }
    }

    fn windows_above(&self, token: ObjectId, unit: ObjectId) -> Vec<(ObjectId, Window)> {
        let own = |id: &ObjectId| self.standing.tokens.get(id).and_then(|known| known.own(&unit));
        let chain = self.standing.chain(token).into_iter();
        let listed = chain.filter_map(|id| own(&id).map(|budget| (id, budget.windows.clone())));
        listed.flat_map(|(id, windows)| windows.into_iter().map(move |window| (id, window))).collect()
    }

    /// Requires the rules in force to know windows and limits on leases, if any is stated.
    pub(super) fn require_windows_known(&self, id: ObjectId, stated: bool) -> Result<(), No> {
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
            let mut month = 0;
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
