//! The interface of a verifier beside a service, called without a socket: its description, and what it does before it
//! looks at content.

use crate::desk::{Answer, Desk, call};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use remit::api::{Sidecar, sidecar_document, sidecar_router};
use remit::follow::{Newest, Record};
use remit_verifier::types::Millis;
use serde_json::Value;
use std::sync::Arc;

fn sidecar(desk: &Desk) -> Router {
    let policy = desk.policy();
    let (now, skew) = (desk.world.now, policy.settings().skew);
    let record = Record::in_memory(Millis(0), skew);
    sidecar_router(Sidecar::new(policy, record, Newest::in_memory(), Arc::new(move || now), Vec::new()))
}

async fn ask(router: &Router, method: &str, path: &str, fields: &[(&str, &str)], body: Body) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    call(router, request.body(body).expect("a request")).await
}

#[tokio::test]
async fn the_description_is_served_and_every_path_in_it_is_routed() {
    let desk = Desk::new();
    let router = sidecar(&desk);
    let served = ask(&router, "GET", "/openapi.json", &[], Body::empty()).await;
    let document: Value = serde_json::to_value(sidecar_document()).expect("JSON");
    assert_eq!((served.status, served.json()), (200, document.clone()));
    let mut named = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let uri = path.replace("{target}", "x");
            let answer = ask(&router, &method.to_uppercase(), &uri, &[], Body::empty()).await;
            assert!(![404, 405].contains(&answer.status), "{method} {path}: {}", answer.status);
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.contains_key(&answer.status.to_string()), "{method} {path}: {}", answer.status);
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{path}");
            named.push(format!("{method} {path}"));
        }
    }
    named.sort();
    let all = [
        "get /",
        "get /docs",
        "get /healthz",
        "get /metrics",
        "get /openapi.json",
        "get /v1/auth/envoy/{target}",
        "get /v1/auth/nginx",
        "get /v1/auth/traefik",
        "post /.well-known/remit/evidence",
        "post /.well-known/remit/presentations",
        "post /v1/verify",
        "post /v1/vouchers",
    ];
    assert_eq!(named, all);
    let page = ask(&router, "GET", "/docs", &[], Body::empty()).await;
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
}

/// A proxy that tells too little was answered without a verdict, and counted nowhere.
#[tokio::test]
async fn whoever_tells_too_little_is_denied_and_counted() {
    let desk = Desk::new();
    let router = sidecar(&desk);
    let answer = ask(&router, "GET", "/v1/auth/nginx", &[("host", "hotel.example")], Body::empty()).await;
    assert_eq!((answer.status, answer.header("remit-verdict")), (403, "denied; code=malformed"));
    let metrics = ask(&router, "GET", "/metrics", &[], Body::empty()).await.text();
    assert!(metrics.contains("remit_decisions_total{code=\"malformed\"} 1\n"), "{metrics}");
}

/// Content was held in memory for whoever sent some, a gigabyte for 900 of them.
#[tokio::test]
async fn content_is_not_read_for_whoever_has_no_invocation() {
    let desk = Desk::new();
    let router = sidecar(&desk);
    // More than is ever read: whoever reads it answers 413.
    let body = || Body::from(vec![0; 2 << 20]);
    let fields = [("host", "hotel.example")];
    let answer = ask(&router, "POST", "/v1/auth/envoy/rooms/12/book", &fields, body()).await;
    assert_eq!((answer.status, answer.header("remit-verdict")), (401, "denied; code=no_invocation"));
    let wrong = [("host", "hotel.example"), ("remit-invocation", "x")];
    let answer = ask(&router, "POST", "/v1/auth/envoy/rooms/12/book", &wrong, body()).await;
    assert_eq!(answer.header("remit-verdict"), "denied; code=malformed");
}
