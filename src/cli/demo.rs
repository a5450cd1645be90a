//! `remit demo`: the running example.

use super::clock;
use super::out::{Done, Failure, Outcome};
use clap::Args;

const EXAMPLE: &str = "Example:\n  remit demo\n  remit demo --json | jq .ok";

/// Tells the running example on a ledger in memory, step by step.
///
/// A company gives a travel assistant 20 000.00 CNY; parts are passed on, spent, refunded, cut off and handed over;
/// a hotel decides offline all the while. Exits with 0 only if every step came out as told.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Demo {}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        let report = crate::demo::run(clock::now()?, crate::client::Randomness::System);
        let report = report.map_err(Failure::internal)?;
        let fields = serde_json::to_value(&report).map_err(Failure::internal)?;
        Ok(Done::say(report.text()).with_all(fields).refused_unless(report.ok))
    }
}
