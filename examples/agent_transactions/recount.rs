//! Recounts and replays the log, by code that did not decide it.

use crate::report::Report;
use remit::audit::{Recorded, conserve, replay};
use remit::ledger::Ledger;

/// Notes whether the log conserves every budget, and whether it can be replayed.
pub(crate) fn recount(ledger: &Ledger, report: &mut Report) {
    let recorded = ledger.store().iter().map(|kept| Recorded { entry: kept.entry, object: kept.object });
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
    report.replayed = ledger.head().is_some_and(|head| replay(ledger.store().iter(), Some(&head)).is_ok());
}
