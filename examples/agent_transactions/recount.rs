//! Recounts and replays the log, by code that did not decide it.

use crate::place::Kept;
use crate::report::Report;
use remit::audit::{Recorded, conserve, replay};
use remit::engine;

/// Notes whether the log conserves every budget, and whether it can be replayed.
pub(crate) fn recount(kept: &Kept, report: &mut Report) {
    let recorded =
        kept.log.iter().map(|kept| Recorded { entry: &kept.entry, object: kept.object.as_deref() });
    report.conserved = match conserve(recorded) {
        // What the recount finds captured and refunded must also be what the services did.
        Ok(found) => {
            let sum = |of: fn(&remit::audit::Flows) -> u128| found.flows.values().map(of).sum::<u128>();
            found.ok
                && sum(|flows| flows.captured) == u128::from(report.charged_minor)
                && sum(|flows| flows.refunded) == u128::from(report.refunded_minor)
        }
        Err(_) => false,
    };
    let entries = kept.log.iter().map(|kept| engine::Kept {
        entry: &kept.entry,
        object: kept.object.as_deref(),
        details: kept.details.as_ref(),
    });
    report.replayed = replay(entries, Some(&kept.head))
        .is_ok_and(|rebuilt| rebuilt.report.state_root.to_string() == kept.state_root);
}
