//! The two forms of a run: a table for people, a file in target/bench/ for everything else.

use crate::harness::{Outcome, Value};
use serde_json::{Map, json};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// One line for each row.
pub fn table(outcomes: &[Outcome]) -> String {
    let width = outcomes.iter().map(|outcome| outcome.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    let head = ("row", "median", "limit", "ratio", "target", "met");
    let _ = writeln!(
        text,
        "{:width$}  {:>10}  {:>10}  {:>6}  {:>6}  {:4}  note",
        head.0, head.1, head.2, head.3, head.4, head.5
    );
    for outcome in outcomes {
        let (figure, limit) = match &outcome.value {
            Value::Time { median_ns, limit_ns } => (duration(*median_ns), limit_ns.map(duration)),
            Value::Size { bytes, limit_bytes } => {
                (format!("{bytes} B"), limit_bytes.map(|limit| format!("{limit} B")))
            }
        };
        let number = |value: Option<f64>| value.map(|value| format!("{value:.2}")).unwrap_or_default();
        let met = match outcome.met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let _ = writeln!(
            text,
            "{:width$}  {:>10}  {:>10}  {:>6}  {:>6}  {met:4}  {}",
            outcome.name,
            figure,
            limit.unwrap_or_default(),
            number(outcome.ratio),
            number(outcome.target),
            outcome.note
        );
    }
    text
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e4 => format!("{ns:.0} ns"),
        ns if ns < 1e7 => format!("{:.1} µs", ns / 1e3),
        ns => format!("{:.1} ms", ns / 1e6),
    }
}

/// Writes the report as `file` in the repository's target/bench/ and says where that is.
pub fn write(outcomes: &[Outcome], file: &str) -> io::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&folder)?;
    let path = folder.canonicalize()?.join(file);
    let rows: Map<_, _> = outcomes.iter().map(|outcome| (outcome.name.to_owned(), row(outcome))).collect();
    fs::write(&path, format!("{:#}\n", serde_json::Value::Object(rows)))?;
    Ok(path)
}

fn row(outcome: &Outcome) -> serde_json::Value {
    let (ratio, target, met, note) = (outcome.ratio, outcome.target, outcome.met(), &outcome.note);
    match outcome.value {
        Value::Time { median_ns, limit_ns } => json!({
            "median_ns": median_ns, "limit_ns": limit_ns, "ratio": ratio, "target": target, "met": met, "note": note,
        }),
        Value::Size { bytes, limit_bytes } => json!({
            "bytes": bytes, "limit_bytes": limit_bytes, "ratio": ratio, "target": target, "met": met, "note": note,
        }),
    }
}
