//! What the server writes about requests: one line each, and nothing that is secret.

use crate::desk::{CBOR, Desk, TOKEN, call};
use axum::body::Body;
use axum::http::Request;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_request_is_one_line_without_secrets() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(lines.clone()).finish());
    // While there is one alone, the first thread that comes by a line says for all whether it is wanted.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let mut desk = Desk::new();
    let ready = desk.party("a secret name");
    desk.submit(&ready).await;
    let request = Request::get("/v1/replay?from=12345").header("x-request-id", "mine");
    let request = request.header("authorization", format!("Bearer {TOKEN}")).body(Body::empty());
    call(&desk.router, request.expect("a request")).await;
    let request = Request::get("/v1/units/CNY").header("authorization", "Bearer another token");
    call(&desk.router, request.body(Body::empty()).expect("a request")).await;
    desk.service.shutdown();
    desk.post("/v1/operations", CBOR, ready.bytes).await;

    let text = String::from_utf8(lines.0.lock().expect("no panic").clone()).expect("text");
    let written: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let fields = |at: usize, name: &str| written[at]["fields"][name].clone();
    assert_eq!(written.len(), 4, "{text}");
    assert_eq!((fields(0, "route"), fields(0, "status")), ("/v1/operations".into(), 200.into()));
    assert_eq!((fields(1, "request_id"), fields(1, "caller")), ("mine".into(), "auditor".into()));
    assert_eq!((fields(2, "code"), fields(2, "status")), ("unauthorised".into(), 401.into()));
    let levels: Vec<_> = written.iter().map(|line| line["level"].as_str().expect("a level")).collect();
    assert_eq!(levels, ["DEBUG", "DEBUG", "DEBUG", "WARN"]);
    for secret in [TOKEN, "another token", "a secret name", "12345", "CNY", &ready.id.to_string()] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}
