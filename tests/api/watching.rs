//! What those who watch the server see: health, readiness, counters.

use crate::desk::{CBOR, Desk};
use std::collections::BTreeMap;

/// The samples of a text that Prometheus reads; every one has its type before it.
fn samples(text: &str) -> BTreeMap<String, String> {
    let mut kinds = BTreeMap::new();
    let mut found = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a kind");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(kinds.insert(name.to_owned(), kind).is_none(), "{name} twice");
        } else if !line.starts_with("# HELP ") {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let name = sample.split('{').next().expect("a name");
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(kinds.contains_key(name) || base.is_some_and(|base| kinds.contains_key(base)), "{line}");
            assert!(value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{line}");
            assert!(found.insert(sample.to_owned(), value.to_owned()).is_none(), "{sample} twice");
        }
    }
    found
}

#[tokio::test]
async fn a_running_ledger_is_alive_and_ready() {
    let desk = Desk::new();
    assert_eq!(desk.get_as_stranger("/healthz").await.json()["state"], "alive");
    assert_eq!(desk.get_as_stranger("/readyz").await.json()["state"], "running");
}

#[tokio::test]
async fn what_happens_is_counted() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    desk.submit(&ready).await;
    desk.submit(&ready).await;
    desk.post("/v1/operations", CBOR, vec![0xff]).await;
    desk.get("/nowhere").await;
    let root = desk.root(10).await;
    desk.get(&format!("/v1/tokens/{root}")).await;
    desk.advance(3);
    desk.until(|sizes| sizes.queued.operations == 0 && desk.service.counts().applied == 2).await;
    let answer = desk.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text();
    let found = samples(&text);
    let size = desk.service.snapshot().size().to_string();
    for (sample, value) in [
        ("remit_http_requests_total{method=\"POST\",route=\"/v1/operations\",status=\"200\"}", "3"),
        ("remit_http_requests_total{method=\"POST\",route=\"/v1/operations\",status=\"422\"}", "1"),
        ("remit_http_requests_total{method=\"-\",route=\"none\",status=\"404\"}", "1"),
        ("remit_http_requests_total{method=\"GET\",route=\"/v1/tokens/{id}\",status=\"200\"}", "1"),
        ("remit_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/operations\"}", "4"),
        ("remit_refusals_total{code=\"malformed\"}", "1"),
        ("remit_operations_total{outcome=\"applied\"}", "2"),
        ("remit_operations_total{outcome=\"replayed\"}", "1"),
        ("remit_queue_operations", "0"),
        ("remit_queue_bytes", "0"),
        ("remit_log_entries{stage=\"durable\"}", &size),
        ("remit_log_entries{stage=\"signed\"}", &size),
        ("remit_log_entries{stage=\"published\"}", &size),
        ("remit_checkpoint_age_seconds", "3"),
        ("remit_state{state=\"running\"}", "1"),
        ("remit_state{state=\"stopped\"}", "0"),
    ] {
        assert_eq!(found.get(sample).map(String::as_str), Some(value), "{sample} in\n{text}");
    }
    // Few leaves are one page: 16 hashes, a pointer, two counts.
    assert_eq!(
        found.get("remit_memory_bytes{part=\"state_tree\"}").map(String::as_str),
        Some("536"),
        "{text}"
    );
    assert!(!text.contains(&root.to_string()), "no id is a label");
}
