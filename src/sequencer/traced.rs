//! Spans of the writer's cycle, for traces (feature `otel`): how long each step takes and how many operations it is of,
//! never what they are. Without the feature a step is what it runs, and nothing else.

use super::writer::{Cycle, Stop};

#[cfg(feature = "otel")]
pub(super) use spans::{cycle, step};

#[cfg(not(feature = "otel"))]
pub(super) fn cycle(_: usize, run: impl FnOnce() -> Result<Cycle, Stop>) -> Result<Cycle, Stop> {
    run()
}

#[cfg(not(feature = "otel"))]
pub(super) fn step<T>(_: &'static str, run: impl FnOnce() -> T) -> T {
    run()
}

#[cfg(feature = "otel")]
mod spans {
    use super::{Cycle, Stop};
    use tracing::field::Empty;

    /// Runs a cycle over so many operations.
    pub(in super::super) fn cycle(
        operations: usize,
        run: impl FnOnce() -> Result<Cycle, Stop>,
    ) -> Result<Cycle, Stop> {
        let span = tracing::info_span!(
            target: "remit::traces", "cycle", remit.operations = operations, remit.entries = Empty,
            remit.applied = Empty, remit.replayed = Empty, remit.refused = Empty, otel.status_code = Empty,
        );
        let outcome = span.in_scope(run);
        match &outcome {
            Ok(cycle) => {
                span.record("remit.entries", cycle.entries).record("remit.applied", cycle.applied);
                span.record("remit.replayed", cycle.replayed).record("remit.refused", cycle.refused);
            }
            Err(_) => {
                span.record("otel.status_code", "ERROR");
            }
        }
        outcome
    }

    /// Runs a step of the cycle.
    pub(in super::super) fn step<T>(name: &'static str, run: impl FnOnce() -> T) -> T {
        tracing::info_span!(target: "remit::traces", "step", otel.name = name).in_scope(run)
    }
}
