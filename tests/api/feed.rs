//! The live feed: what is published, in order and once, over which the root is the signed one; and its bounds.

use crate::desk::Desk;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use base64ct::{Base64, Encoding};
use remit::api::limits::FEED_ENTRIES_MAX;
use remit::tree::Frontier;
use remit_verifier::hash::leaf_hash;
use remit_verifier::types::Hash;
use serde_json::Value;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt;

/// Somebody who reads the feed.
struct Reader {
    body: Body,
    text: String,
}

impl Reader {
    async fn begin(router: &Router, path: &str, last: Option<&str>) -> Self {
        // Open to all: nothing in it says who pays whom.
        let request = Request::get(path);
        let request = match last {
            Some(last) => request.header("last-event-id", last),
            None => request,
        };
        let request = request.body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event: its id and data; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                let told = field("data: ").map(|data| {
                    assert_eq!(field("event: "), Some("head"));
                    (field("id: ").expect("an id").to_owned(), serde_json::from_str(data).expect("JSON"))
                });
                self.text = rest.to_owned();
                match told {
                    Some(told) => return Some(told),
                    // Only that it is still there.
                    None => continue,
                }
            }
            let frame = poll_fn(|context| Pin::new(&mut self.body).poll_frame(context));
            let frame = tokio::time::timeout(Duration::from_secs(60), frame).await.expect("in time")?;
            let data = frame.expect("a frame").into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&data).expect("text"));
        }
    }
}

/// The log as a reader of the feed has it.
#[derive(Default)]
struct Held {
    frontier: Frontier,
    size: u64,
}

impl Held {
    /// Appends what an event has; whether it ends in a checkpoint, which must be of this size and root.
    fn take(&mut self, (id, event): &(String, Value)) -> bool {
        assert_eq!(event["from"], self.size, "nothing is missing and nothing comes twice");
        let entries = event["entries"].as_array().expect("a list");
        assert!(entries.len() <= FEED_ENTRIES_MAX);
        for entry in entries {
            let entry = Base64::decode_vec(entry.as_str().expect("text")).expect("base64");
            self.frontier.push(leaf_hash(&entry));
            self.size += 1;
        }
        assert_eq!((&event["size"], id), (&self.size.into(), &self.size.to_string()));
        let Some(note) = event["checkpoint"].as_str() else { return false };
        let mut lines = note.lines().skip(1);
        assert_eq!(lines.next(), Some(self.size.to_string().as_str()));
        let root = Base64::decode_vec(lines.next().expect("a root")).expect("base64");
        assert_eq!(Hash(root.try_into().expect("32 bytes")), self.frontier.root());
        true
    }
}

#[tokio::test]
async fn who_reads_from_the_beginning_has_the_signed_log() {
    let mut desk = Desk::with_everything();
    let (mut held, mut reader) =
        (Held::default(), Reader::begin(&desk.router, "/v1/feed?from=0", None).await);
    while !held.take(&reader.next().await.expect("an event")) {}
    assert_eq!(held.size, desk.service.snapshot().size().0);
    for _ in 0..3 {
        desk.root(5).await;
        while !held.take(&reader.next().await.expect("an event")) {}
        assert_eq!(held.size, desk.service.snapshot().size().0);
    }
}

#[tokio::test]
async fn a_long_gap_comes_in_several_events_and_is_signed_at_its_end() {
    let mut desk = Desk::new();
    while desk.service.snapshot().size().0 <= FEED_ENTRIES_MAX as u64 {
        let root = desk.root(1).await;
        assert_ne!(root.0, [0; 32]);
    }
    let (mut held, mut reader) =
        (Held::default(), Reader::begin(&desk.router, "/v1/feed?from=0", None).await);
    let first = reader.next().await.expect("an event");
    assert!(!held.take(&first) && held.size == FEED_ENTRIES_MAX as u64);
    while !held.take(&reader.next().await.expect("an event")) {}
    assert_eq!(held.size, desk.service.snapshot().size().0);
}

#[tokio::test]
async fn who_was_cut_off_goes_on_where_he_was() {
    let mut desk = Desk::new();
    // Without a size it begins with the newest checkpoint and nothing before it.
    let mut reader = Reader::begin(&desk.router, "/v1/feed", None).await;
    let (id, event) = reader.next().await.expect("an event");
    let size = desk.service.snapshot().size().0;
    assert_eq!((id, &event["from"], &event["size"]), (size.to_string(), &size.into(), &size.into()));
    assert!(event["checkpoint"].is_string() && event["entries"].as_array().is_some_and(Vec::is_empty));
    drop(reader);
    desk.root(5).await;
    // What a browser sends goes before what its first request said.
    let mut again = Reader::begin(&desk.router, "/v1/feed?from=0", Some(&size.to_string())).await;
    let (_, event) = again.next().await.expect("an event");
    assert_eq!(event["from"], size);
    assert_eq!(event["size"], desk.service.snapshot().size().0);
}

#[tokio::test]
async fn what_the_log_has_not_reached_is_refused() {
    let desk = Desk::new();
    let size = desk.service.snapshot().size().0;
    for path in [format!("/v1/feed?from={}", size + 1), "/v1/feed?from=x".into(), "/v1/feed?to=1".into()] {
        assert_eq!(desk.error(&path).await, (400, "bad_query".into()), "{path}");
    }
    let mut at_the_end = Reader::begin(&desk.router, &format!("/v1/feed?from={size}"), None).await;
    assert_eq!(at_the_end.next().await.expect("an event").1["size"], size);
    for wrong in ["-1", "x", &format!("{}", size + 1)] {
        let request = Request::get("/v1/feed").header("last-event-id", wrong).body(Body::empty());
        let answer = crate::desk::call(&desk.router, request.expect("a request")).await;
        assert_eq!(answer.error(), (400, "bad_query".into()), "{wrong}");
    }
}
