//! What is counted, and how Prometheus reads it. Counters are atomics; nothing here waits.

use crate::engine::Answer;
use crate::ledger::{Service, State, Submitted, WitnessStatus};
use axum::http::{Method, StatusCode};
use remit_verifier::code::Code;
use remit_verifier::types::Millis;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the latency histogram, in microseconds.
const BUCKETS_US: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    30_000_000,
];
/// Statuses that are counted each for itself.
const STATUSES: [u16; 17] =
    [200, 400, 401, 404, 405, 408, 410, 411, 413, 415, 422, 500, 501, 503, 504, 304, 308];

/// Everything that is counted here; what the ledger counts itself is asked for when it is shown.
pub(super) struct Metrics {
    routes: HashMap<String, RouteCounts>,
    refused: Vec<AtomicU64>,
}

#[derive(Default)]
struct RouteCounts {
    statuses: [AtomicU64; STATUSES.len()],
    other: AtomicU64,
    buckets: [AtomicU64; BUCKETS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    /// Counters for these routes, each `METHOD path`, and for what is none of them.
    pub(super) fn new(routes: Vec<String>) -> Self {
        let named = routes.into_iter().chain([NO_ROUTE.to_owned()]);
        Self {
            routes: named.map(|route| (route, RouteCounts::default())).collect(),
            refused: Code::ALL.iter().map(|_| AtomicU64::default()).collect(),
        }
    }

    /// Counts one request.
    pub(super) fn request(&self, method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let counts = self.routes.get(&format!("{method} {route}")).or_else(|| self.routes.get(NO_ROUTE));
        let Some(counts) = counts else { return };
        let place = STATUSES.iter().position(|known| *known == status.as_u16());
        add(place.map_or(&counts.other, |place| &counts.statuses[place]), 1);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        if let Some(place) = BUCKETS_US.iter().position(|bound| micros <= *bound) {
            add(&counts.buckets[place], 1);
        }
        add(&counts.count, 1);
        add(&counts.sum_us, micros);
    }

    /// Counts what was refused and why; the ledger counts the rest.
    pub(super) fn answered(&self, answers: &[Submitted]) {
        for submitted in answers {
            let Answer::Refused(refusal) = submitted.answer else { continue };
            if let Some(place) = Code::ALL.iter().position(|code| *code == refusal.code) {
                add(&self.refused[place], 1);
            }
        }
    }

    /// All of it as Prometheus text.
    pub(super) fn text(&self, service: Option<&Service>, now: Millis) -> String {
        let mut text = String::new();
        let written = self.write(&mut text, service, now);
        written.expect("a string takes whatever is written to it");
        text
    }

    fn write(&self, w: &mut String, service: Option<&Service>, now: Millis) -> fmt::Result {
        head(w, "remit_build_info", "gauge", "The version that runs.")?;
        writeln!(w, "remit_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))?;
        self.write_requests(w)?;
        head(w, "remit_refusals_total", "counter", "Operations refused over HTTP, by code.")?;
        for (code, count) in Code::ALL.iter().zip(&self.refused).filter(|(_, count)| read(count) > 0) {
            writeln!(w, "remit_refusals_total{{code=\"{code}\"}} {}", read(count))?;
        }
        match service {
            Some(service) => write_ledger(w, service, now),
            None => write_state(w, "opening"),
        }
    }

    fn write_requests(&self, w: &mut String) -> fmt::Result {
        let mut routes: Vec<_> = self.routes.iter().collect();
        routes.sort_by_key(|(route, _)| *route);
        let labels = |route: &str| {
            let (method, path) = route.split_once(' ').unwrap_or(("", route));
            format!("method=\"{method}\",route=\"{path}\"")
        };
        head(w, "remit_http_requests_total", "counter", "Requests answered, by route and status.")?;
        for (route, counts) in &routes {
            let known = STATUSES.iter().map(ToString::to_string).zip(&counts.statuses);
            for (status, count) in known.chain([("other".to_owned(), &counts.other)]) {
                if read(count) > 0 {
                    let (labels, count) = (labels(route), read(count));
                    writeln!(w, "remit_http_requests_total{{{labels},status=\"{status}\"}} {count}")?;
                }
            }
        }
        head(
            w,
            "remit_http_request_duration_seconds",
            "histogram",
            "From a request's head to its answer's.",
        )?;
        for (route, counts) in routes.iter().filter(|(_, counts)| read(&counts.count) > 0) {
            let (labels, mut sum) = (labels(route), 0);
            for (bound, count) in BUCKETS_US.iter().zip(&counts.buckets) {
                sum += read(count);
                let bound = seconds(*bound);
                writeln!(w, "remit_http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}")?;
            }
            let (count, total) = (read(&counts.count), seconds(read(&counts.sum_us)));
            writeln!(w, "remit_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} {count}")?;
            writeln!(w, "remit_http_request_duration_seconds_sum{{{labels}}} {total}")?;
            writeln!(w, "remit_http_request_duration_seconds_count{{{labels}}} {count}")?;
        }
        Ok(())
    }
}

/// Requests to paths that there are not.
const NO_ROUTE: &str = "- none";

fn head(w: &mut String, name: &str, kind: &str, help: &str) -> fmt::Result {
    writeln!(w, "# HELP {name} {help}\n# TYPE {name} {kind}")
}

/// Microseconds as decimal seconds.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn single(w: &mut String, name: &str, kind: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
    head(w, name, kind, help)?;
    writeln!(w, "{name} {value}")
}

fn write_ledger(w: &mut String, service: &Service, now: Millis) -> fmt::Result {
    let (sizes, counts, version) = (service.sizes(), service.counts(), service.snapshot());
    let version = version.version();
    single(w, "remit_queue_operations", "gauge", "Submissions that wait.", sizes.queued.operations)?;
    single(w, "remit_queue_bytes", "gauge", "Bytes of the submissions that wait.", sizes.queued.bytes)?;
    single(w, "remit_batches_total", "counter", "Batches since the start.", counts.batches)?;
    single(w, "remit_entries_total", "counter", "Entries since the start.", counts.entries)?;
    head(w, "remit_operations_total", "counter", "Operations since the start, by outcome.")?;
    let outcomes = [("applied", counts.applied), ("replayed", counts.replayed), ("refused", counts.refused)];
    for (outcome, count) in outcomes {
        writeln!(w, "remit_operations_total{{outcome=\"{outcome}\"}} {count}")?;
    }
    head(w, "remit_log_entries", "gauge", "Size of the log, by how far it has come.")?;
    let stages = [("durable", sizes.durable), ("signed", sizes.signed), ("published", sizes.published)];
    for (stage, head) in stages {
        writeln!(w, "remit_log_entries{{stage=\"{stage}\"}} {}", head.size)?;
    }
    single(w, "remit_state_leaves", "gauge", "Leaves of the state tree.", version.commitment.state_size)?;
    let age = seconds(now.0.saturating_sub(version.time().0).saturating_mul(1_000));
    single(w, "remit_checkpoint_age_seconds", "gauge", "Age of the published checkpoint.", age)?;
    head(w, "remit_memory_bytes", "gauge", "Memory by what it is held for.")?;
    for (part, bytes) in service.memory() {
        writeln!(w, "remit_memory_bytes{{part=\"{part}\"}} {bytes}")?;
    }
    write_witnesses(w, service)?;
    write_state(w, sizes.state.text())
}

fn write_witnesses(w: &mut String, service: &Service) -> fmt::Result {
    let all = service.witnesses();
    if all.is_empty() {
        return Ok(());
    }
    let escaped = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"");
    let mut rows = |name: &str, kind: &str, help: &str, value: fn(&WitnessStatus) -> u64| {
        head(w, name, kind, help)?;
        all.iter().try_for_each(|it| writeln!(w, "{name}{{witness=\"{}\"}} {}", escaped(&it.name), value(it)))
    };
    rows("remit_witness_size", "gauge", "Size that the witness cosigned last.", |it| it.size.0)?;
    rows("remit_witness_time_seconds", "gauge", "Time of its last cosignature, unix.", |it| it.time.0)?;
    rows("remit_witness_failures_total", "counter", "Attempts without one.", |it| it.failures)?;
    rows("remit_witness_other_history", "gauge", "1 if it shows another history.", |it| {
        it.other_history.into()
    })
}

/// The states by name; each is a line, and one of them is 1.
fn write_state(w: &mut String, now: &str) -> fmt::Result {
    let known = [State::Running, State::ReadOnly, State::ClockAhead, State::Draining, State::Stopped(None)];
    head(w, "remit_state", "gauge", "1 for the state that the ledger is in.")?;
    for state in known.iter().map(State::text).chain(["opening"]) {
        writeln!(w, "remit_state{{state=\"{state}\"}} {}", u8::from(state == now))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_seconds_are_decimal() {
        let metrics = Metrics::new(vec!["GET /x".into()]);
        let request = |path: &str, micros| {
            metrics.request(&Method::GET, path, StatusCode::OK, Duration::from_micros(micros));
        };
        [250, 251, 40_000_000].into_iter().for_each(|micros| request("/x", micros));
        request("/y", 1);
        let text = metrics.text(None, Millis(0));
        let labels = "method=\"GET\",route=\"/x\"";
        for line in [
            format!("remit_http_requests_total{{{labels},status=\"200\"}} 3"),
            format!("remit_http_request_duration_seconds_bucket{{{labels},le=\"0.00025\"}} 1"),
            format!("remit_http_request_duration_seconds_bucket{{{labels},le=\"0.0005\"}} 2"),
            format!("remit_http_request_duration_seconds_bucket{{{labels},le=\"30\"}} 2"),
            format!("remit_http_request_duration_seconds_bucket{{{labels},le=\"+Inf\"}} 3"),
            format!("remit_http_request_duration_seconds_sum{{{labels}}} 40.000501"),
            "remit_http_requests_total{method=\"-\",route=\"none\",status=\"200\"} 1".into(),
            "remit_state{state=\"opening\"} 1".into(),
            "remit_state{state=\"running\"} 0".into(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert_eq!([0, 1, 1_000_000, 1_500_000].map(seconds), ["0", "0.000001", "1", "1.5"]);
    }
}
