//! What watches a ledger speaks of the metrics that `src/api/metrics.rs` exports, and of all of them: the dashboard and
//! the alerts in `packaging/`, and the table of `docs/http.md`.

use crate::source::{is_word, read};
use crate::{assert_complains, assert_none};
use serde_json::Value;
use std::collections::BTreeSet;

const SERIES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// The metrics that the code exports: string literals that are a metric's name and no more.
fn exported(code: &str) -> BTreeSet<&str> {
    let name = |text: &&str| text.starts_with("remit_") && text.chars().all(is_word);
    code.split('"').skip(1).step_by(2).filter(name).collect()
}

/// Every word of `text` that is the name of a metric or of a series of a histogram.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|c| !is_word(c)).filter(|word| word.starts_with("remit_")).collect()
}

/// The metric of a series; nothing for what `code` does not write.
fn metric<'a>(series: &'a str, code: &str) -> Option<&'a str> {
    let exported = exported(code);
    let is_histogram = |name: &str| code.contains(&format!("{name}_bucket{{"));
    if exported.contains(series) && !is_histogram(series) {
        return Some(series);
    }
    let base = SERIES.iter().find_map(|end| series.strip_suffix(end))?;
    (exported.contains(base) && is_histogram(base)).then_some(base)
}

fn unknown(file: &str, expressions: &str, code: &str) -> Vec<String> {
    let unknown = named(expressions).into_iter().filter(|name| metric(name, code).is_none());
    unknown.map(|name| format!("{file}: nothing exports `{name}`")).collect()
}

fn missing<'a>(file: &str, shown: &BTreeSet<&'a str>, code: &'a str) -> Vec<String> {
    exported(code).difference(shown).map(|name| format!("{file}: `{name}` is missing")).collect()
}

/// The panels of a dashboard that show something.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = dashboard["panels"].as_array().expect("panels").iter();
    all.filter(|panel| panel["type"] != "row").collect()
}

fn expressions(panels: &[&Value]) -> String {
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    targets.map(|target| target["expr"].as_str().expect("an expression")).collect::<Vec<_>>().join("\n")
}

/// One complaint for each alert without severity, summary, action or a metric.
fn alert_complaints(rules: &str, code: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for alert in rules.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap_or_default();
        let value = |key: &str| alert.lines().find_map(|line| line.trim_start().strip_prefix(key));
        for key in ["severity: ", "summary: ", "action: "] {
            if value(key).is_none_or(|value| value.trim_matches('"').len() < 5) {
                complaints.push(format!("{name} has no {}", key.trim_end_matches(": ")));
            }
        }
        let expression = value("expr: ").unwrap_or_default();
        if named(expression).is_empty() {
            complaints.push(format!("{name} looks at no metric"));
        }
        complaints.extend(unknown(name, expression, code));
    }
    complaints
}

fn code() -> String {
    read("src/api/metrics.rs").split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let (code, file) = (code(), "packaging/grafana/remit.json");
    let dashboard: Value = serde_json::from_str(&read(file)).expect("JSON");
    let panels = panels(&dashboard);
    let expressions = expressions(&panels);
    let shown = named(&expressions).into_iter().filter_map(|name| metric(name, &code)).collect();
    assert!(exported(&code).len() > 15, "{:?}", exported(&code));
    assert_none(&unknown(file, &expressions, &code));
    assert_none(&missing(file, &shown, &code));
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len());
    for panel in panels {
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "a unit: {}", panel["title"]);
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
    }
}

#[test]
fn the_document_lists_every_metric_and_no_other() {
    let (code, file) = (code(), "docs/http.md");
    let document = read(file);
    let rows = document.lines().filter(|line| line.starts_with("| `remit_"));
    let names = rows.map(|row| row.split('|').nth(1).unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let listed = named(&names);
    assert_none(&missing(file, &listed, &code));
    let exported = exported(&code);
    let others = listed.difference(&exported).map(|name| format!("{file}: nothing exports `{name}`"));
    assert_none(&others.collect::<Vec<_>>());
}

#[test]
fn every_alert_looks_at_metrics_and_says_what_to_do() {
    let rules = read("packaging/prometheus/remit.rules.yml");
    assert!(rules.matches("- alert: ").count() > 10);
    assert_none(&alert_complaints(&rules, &code()));
}

#[test]
fn bounds_in_the_alerts_are_those_of_the_program() {
    let (rules, limits) = (read("packaging/prometheus/remit.rules.yml"), read("src/sequencer/limits.rs"));
    for (rule, limit) in [
        ("remit_queue_operations / 8192 > 0.8", "QUEUE_OPERATIONS_MAX: usize = 8_192;"),
        ("remit_queue_bytes / (16 * 1024 * 1024) > 0.8", "QUEUE_BYTES_MAX: usize = 16 * 1024 * 1024;"),
        ("remit_checkpoint_age_seconds > 30\n", "HEARTBEAT_DEFAULT: Millis = Millis(10_000);"),
    ] {
        assert!(rules.contains(rule) && limits.contains(limit), "{rule}, {limit}");
    }
}

#[test]
fn a_metric_that_is_gone_is_seen() {
    let code = r#"f("remit_a", "help"); f("remit_b"); w("remit_b_bucket{{x}} {}")"#;
    assert_eq!(exported(code), BTreeSet::from(["remit_a", "remit_b"]));
    assert_none(&unknown("f", "rate(remit_a{x=\"y\"}[5m]) + remit_b_count", code));
    assert_complains(&unknown("f", "remit_b + remit_a_sum + remit_c", code), 3, "nothing exports");
    assert_complains(&missing("f", &BTreeSet::from(["remit_a"]), code), 1, "remit_b");
    let alert = "- alert: X\n  expr: remit_a > 1\n  severity: critical\n  summary: \"It is so\"\n";
    assert_complains(&alert_complaints(alert, code), 1, "X has no action");
    let whole = format!("{alert}  action: \"Mend it\"\n");
    assert_none(&alert_complaints(&whole, code));
    assert_complains(&alert_complaints(&whole.replace("remit_a", "remit_z"), code), 1, "remit_z");
    assert_complains(&alert_complaints(&whole.replace("remit_a", "up"), code), 1, "no metric");
}
