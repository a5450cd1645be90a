//! The live feed: entries and checkpoints as they are published, as server-sent events. Whoever reads it appends the
//! entries to the edge of the tree that he has, and the root must be the signed one.

use super::app::{App, blocking};
use super::clients::Client;
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::Params;
use super::limits::{
    CLIENT_FEEDS_MAX, FEED_ALIVE, FEED_ENTRIES_MAX, FEED_EVENTS_WAITING_MAX, FEED_LOOK, FEEDS_MAX,
};
use super::views::base64_text;
use crate::ledger::Snapshot;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_core::Stream;
use remit_verifier::types::{EntryIndex, TreeSize};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// From where on the feed is read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedQuery {
    /// Size of the log that the reader has; the published size if absent. The header `Last-Event-ID` goes before it.
    from: Option<u64>,
}

/// One event of the feed, as JSON in `data`.
#[derive(Serialize, ToSchema)]
#[schema(as = FeedEvent)]
pub(super) struct NewsView {
    /// Index of the first entry.
    from: u64,
    /// Size of the log with them; the `id` of the event.
    size: u64,
    /// The checkpoint of this size; absent where more entries follow before the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<String>,
    /// The entries, in base64.
    entries: Vec<String>,
}

/// The live feed
///
/// Server-sent events: each `head` has the entries since the one before, and the signed checkpoint over them. It begins
/// with what the reader has not yet, and goes on with what is published. Whoever was cut off goes on where he was: the
/// `id` of an event is the size of the log after it.
#[utoipa::path(get, path = "/v1/feed", tag = "Log", params(FeedQuery), responses(
    (status = 200, description = "The events.", body = NewsView, content_type = "text/event-stream"),
    (status = 400, description = "The log has not had that size yet.", body = ErrorView),
    (status = 429, description = "This client reads it too often.", body = ErrorView),
    (status = 503, description = "Too many read it, or the ledger is being opened.", body = ErrorView),
))]
pub(super) async fn feed(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    Params(query): Params<FeedQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let size = app.snapshot()?.size();
    let from = last_event(&headers)?.or(query.from).map_or(size, TreeSize);
    if from > size {
        let says = format!("The log has {size} entries: it has not had that size yet.");
        return Err(ApiError::new(ErrorCode::BadQuery).says(says));
    }
    let place = app.feeds().place(&client)?;
    let (events, read) = mpsc::channel(FEED_EVENTS_WAITING_MAX);
    tokio::spawn(run(app, from, events));
    Ok(Sse::new(Events { read, _place: place }).keep_alive(KeepAlive::new().interval(FEED_ALIVE)))
}

/// What a browser sends when it comes back.
fn last_event(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let size = value.to_str().ok().and_then(|text| text.parse().ok());
    let says = || ApiError::new(ErrorCode::BadQuery).says("Last-Event-ID is no size of the log.".to_owned());
    size.ok_or_else(says).map(Some)
}

/// Tells one reader what is new, until he or the server goes.
async fn run(app: App, from: TreeSize, events: mpsc::Sender<Event>) {
    let (mut at, mut told) = (from, false);
    while !app.draining() && !events.is_closed() {
        let Ok(snapshot) = app.snapshot() else { return };
        if told && snapshot.size() <= at {
            tokio::time::sleep(FEED_LOOK).await;
            continue;
        }
        let read = move || news(&snapshot, at);
        let Ok(Ok(news)) = blocking(read).await else { return };
        let (size, last) = (TreeSize(news.size), news.checkpoint.is_some());
        let Ok(data) = serde_json::to_string(&news) else { return };
        let event = Event::default().event("head").id(size.to_string()).data(data);
        tokio::select! {
            sent = events.send(event) => if sent.is_err() { return },
            () = drained(&app) => return,
        }
        (at, told) = (size, told || last);
    }
}

/// Done when the server is told to stop.
async fn drained(app: &App) {
    while !app.draining() {
        tokio::time::sleep(FEED_LOOK).await;
    }
}

/// The next event for a reader who has a log of this size.
fn news(snapshot: &Snapshot, from: TreeSize) -> Result<NewsView, ApiError> {
    let entries = snapshot.entries_bytes(EntryIndex(from.0), FEED_ENTRIES_MAX)?;
    let size = from.0 + entries.len() as u64;
    let whole = size == snapshot.size().0;
    Ok(NewsView {
        from: from.0,
        size,
        checkpoint: whole.then(|| snapshot.version().note.to_string()),
        entries: entries.iter().map(|entry| base64_text(entry)).collect(),
    })
}

/// The events that a reader is sent. He keeps his place as long as his connection: whoever takes nothing is cut off.
struct Events {
    read: mpsc::Receiver<Event>,
    _place: Place,
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.read.poll_recv(context).map(|event| event.map(Ok))
    }
}

/// Who reads the feed, by client; programs on this machine count for all together.
#[derive(Clone, Default)]
pub(super) struct Feeds(Arc<Mutex<HashMap<Option<IpAddr>, usize>>>);

/// One reader's place, given back when it is dropped.
struct Place {
    feeds: Feeds,
    client: Option<IpAddr>,
}

impl Feeds {
    fn readers(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, client: &Client) -> Result<Place, ApiError> {
        let client = client.address();
        let mut readers = self.readers();
        if readers.values().sum::<usize>() >= FEEDS_MAX {
            return Err(ApiError::new(ErrorCode::Busy).says("Too many read the feed.".to_owned()));
        }
        let own = readers.entry(client).or_default();
        if client.is_some() && *own >= CLIENT_FEEDS_MAX {
            return Err(
                ApiError::new(ErrorCode::ClientBusy).says("This client reads the feed too often.".to_owned())
            );
        }
        *own += 1;
        Ok(Place { feeds: self.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut readers = self.feeds.readers();
        if let Some(own) = readers.get_mut(&self.client) {
            *own -= 1;
            // Nobody who reads nothing is remembered.
            if *own == 0 {
                readers.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> Client {
        Client::of(text.parse().expect("an address"))
    }

    #[test]
    fn places_are_full_at_their_bounds_and_come_back() {
        let feeds = Feeds::default();
        let one = client("192.0.2.1");
        let places: Vec<_> = (0..CLIENT_FEEDS_MAX).map(|_| feeds.place(&one).expect("a place")).collect();
        assert!(feeds.place(&one).is_err_and(|error| error.code == ErrorCode::ClientBusy));
        assert!(feeds.place(&client("192.0.2.2")).is_ok());
        drop(places);
        assert!(feeds.readers().is_empty(), "nobody is remembered");
        let here = client("127.0.0.1");
        let all: Vec<_> = (0..FEEDS_MAX).map(|_| feeds.place(&here).expect("a place")).collect();
        assert!(feeds.place(&one).is_err_and(|error| error.code == ErrorCode::Busy));
        drop(all);
        assert!(feeds.place(&one).is_ok());
    }
}
