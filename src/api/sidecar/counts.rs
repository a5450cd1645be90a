//! What a sidecar counts, as Prometheus reads it.

use remit_verifier::code::Code;
use remit_verifier::types::{Millis, ObjectId};
use remit_verifier::verify::Followed;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Decisions by code; counters are atomics, and nothing here waits.
pub(super) struct Counts {
    allowed: AtomicU64,
    denied: Vec<AtomicU64>,
    policies: AtomicU64,
    /// Questions to ledgers that are followed, by what came of them.
    asked: Mutex<BTreeMap<String, u64>>,
}

/// What is looked up when somebody asks for it.
pub(super) struct Standing {
    pub(super) recorded: usize,
    pub(super) newest: Millis,
    pub(super) followed: Vec<Arc<Followed>>,
    pub(super) tills: Vec<(ObjectId, Option<u64>)>,
}

impl Default for Counts {
    fn default() -> Self {
        let denied = Code::ALL.iter().map(|_| AtomicU64::default()).collect();
        Self { allowed: AtomicU64::default(), denied, policies: AtomicU64::new(1), asked: Mutex::default() }
    }
}

impl Counts {
    /// A request was decided: served, or why not.
    pub(super) fn decided(&self, no: Option<Code>) {
        let counter = match no {
            None => Some(&self.allowed),
            Some(no) => Code::ALL.iter().position(|code| *code == no).and_then(|at| self.denied.get(at)),
        };
        if let Some(counter) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The policy was read anew.
    pub(super) fn policy_read(&self) {
        self.policies.fetch_add(1, Ordering::Relaxed);
    }

    /// A ledger that is followed was asked, and said what is new; or why not.
    pub(super) fn asked(&self, reason: Option<&str>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(reason.unwrap_or("taken").to_owned()).or_default() += 1;
    }

    pub(super) fn text(&self, standing: &Standing) -> String {
        let Standing { recorded, newest, followed, tills } = standing;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::new();
        let mut head = |name: &str, kind: &str, help: &str, rows: String| {
            // A string takes whatever is written to it.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{rows}");
        };
        let version = env!("CARGO_PKG_VERSION");
        let build = format!("remit_build_info{{version=\"{version}\"}} 1\n");
        head("remit_build_info", "gauge", "The version that runs.", build);
        let mut decisions = format!("remit_decisions_total{{code=\"allowed\"}} {}\n", read(&self.allowed));
        for (code, count) in Code::ALL.iter().zip(&self.denied).filter(|(_, count)| read(count) > 0) {
            let _ = writeln!(decisions, "remit_decisions_total{{code=\"{code}\"}} {}", read(count));
        }
        head("remit_decisions_total", "counter", "Requests decided, by the code of the answer.", decisions);
        let rows = format!("remit_record_rows {recorded}\n");
        head("remit_record_rows", "gauge", "Ids on record as served.", rows);
        let policies = format!("remit_policy_reads_total {}\n", read(&self.policies));
        head("remit_policy_reads_total", "counter", "How often a policy was put in force.", policies);
        let time = format!("remit_newest_evidence_ms {newest}\n");
        head(
            "remit_newest_evidence_ms",
            "gauge",
            "Time of the newest evidence seen, unix milliseconds.",
            time,
        );
        let each = |name: &str, value: &dyn Fn(&Followed) -> u64| {
            let row =
                |state: &Arc<Followed>| format!("{name}{{ledger=\"{}\"}} {}\n", state.ledger(), value(state));
            followed.iter().map(row).collect::<String>()
        };
        let name = "remit_followed_size";
        head(name, "gauge", "Entries of the log that is followed.", each(name, &|state| state.head().size.0));
        let name = "remit_followed_ms";
        head(
            name,
            "gauge",
            "Time of the newest state that is followed, unix milliseconds.",
            each(name, &|state| state.committed().0),
        );
        let name = "remit_till_vouchers";
        let row = |(lease, number): &(ObjectId, Option<u64>)| {
            number.map(|number| format!("{name}{{lease=\"{lease}\"}} {number}\n")).unwrap_or_default()
        };
        let rows = tills.iter().map(row).collect();
        head(name, "gauge", "Vouchers that a till has taken; none where it could not be kept.", rows);
        let name = "remit_follow_total";
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = asked.iter().map(|(result, count)| format!("{name}{{result=\"{result}\"}} {count}\n"));
        head(name, "counter", "Ledgers asked for what is new, by what came of it.", rows.collect());
        text
    }
}
