//! A witness over HTTP (spec 21): takes checkpoints, shows what it cosigned, says who it is and what it counts.

use super::connections::Bounds;
use super::limits::BODY_TIME_MAX;
use super::log::TEXT;
use super::serve::serve_router;
use crate::ledger::Clock;
use crate::witness::{Reply, Witness};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use remit_verifier::limits::ADD_CHECKPOINT_BYTES_MAX;
use remit_verifier::types::Seconds;
use std::fmt::{self, Write as _};
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Connections at a time; whoever comes beyond them is turned away.
const CONNECTIONS_MAX: usize = 1_024;
/// Checkpoints that are worked on at a time; each takes a thread, which may wait for a disk and for a replay.
const REQUESTS_MAX: usize = 64;
/// What the body of a 409 is.
const SIZE: HeaderValue = HeaderValue::from_static("text/x.tlog.size");

#[derive(Clone)]
struct Shared {
    witness: Arc<Witness>,
    clock: Clock,
    requests: Arc<Semaphore>,
}

/// The routes of a witness.
pub fn witness_router(witness: Arc<Witness>, clock: Clock) -> Router {
    let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
    Router::new()
        .route("/", get(statement))
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .route("/evidence", get(evidence))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .with_state(Shared { witness, clock, requests })
}

/// Serves until `shutdown` is done; requests in progress are finished.
///
/// # Errors
///
/// What the socket fails with.
pub async fn serve_witness(
    listener: TcpListener,
    witness: Arc<Witness>,
    clock: Clock,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_router(listener, witness_router(witness, clock), Bounds::of(CONNECTIONS_MAX), shutdown).await
}

async fn add_checkpoint(State(shared): State<Shared>, body: Body) -> Response {
    // Whoever sends slowly has a connection, and no place among those that are worked on.
    let read = tokio::time::timeout(BODY_TIME_MAX, read(body)).await;
    let Ok(Some(body)) = read else {
        return text(StatusCode::REQUEST_TIMEOUT, "the body did not arrive whole in time\n".into());
    };
    let Ok(place) = shared.requests.clone().try_acquire_owned() else {
        return busy("too many checkpoints at a time");
    };
    let reply = tokio::task::spawn_blocking(move || {
        // Until it is answered, and not only until whoever asked is gone.
        let _place = place;
        let now = Seconds((shared.clock)().0 / 1_000);
        shared.witness.add_checkpoint(&body, now)
    });
    match reply.await {
        Ok(reply) => answered(reply),
        Err(error) => {
            tracing::error!(%error, "a request failed");
            text(StatusCode::INTERNAL_SERVER_ERROR, "internal\n".into())
        }
    }
}

/// The body, or as much of it as shows that it is too long.
async fn read(mut body: Body) -> Option<Bytes> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        let room = (ADD_CHECKPOINT_BYTES_MAX + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&data[..data.len().min(room)]);
        if bytes.len() > ADD_CHECKPOINT_BYTES_MAX {
            break;
        }
    }
    Some(bytes.into())
}

fn answered(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = text(status, reply.body);
    if reply.is_size {
        response.headers_mut().insert(CONTENT_TYPE, SIZE);
    }
    if let Some(seconds) = reply.retry_after_s {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn busy(why: &str) -> Response {
    answered(Reply { status: 503, body: format!("{why}\n"), is_size: false, retry_after_s: Some(1) })
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, TEXT)], body).into_response()
}

async fn checkpoint(State(shared): State<Shared>, Path(origin): Path<String>) -> Response {
    match shared.witness.checkpoint(&origin) {
        Some(note) => text(StatusCode::OK, note),
        None => text(StatusCode::NOT_FOUND, "nothing was cosigned of a log of this name\n".into()),
    }
}

/// Who this is, in lines that somebody can put into his trust.
async fn statement(State(shared): State<Shared>) -> Response {
    let witness = &shared.witness;
    let mut said = format!("witness {}\nkind {}\n", witness.key(), witness.kind().text());
    for log in witness.logs() {
        // A string takes whatever is written to it.
        let _ = writeln!(said, "log {log}");
    }
    for standing in witness.standings() {
        if let Some(latest) = standing.latest {
            let (size, time) = (latest.head.size, latest.time);
            let _ = writeln!(said, "cosigned {} {size} {time}", standing.origin);
        }
    }
    if let Some((size, why)) = witness.replayed() {
        let _ = writeln!(said, "replayed {size}");
        let _ = why.map(|why| writeln!(said, "never-again {why}"));
    }
    text(StatusCode::OK, said)
}

async fn evidence(State(shared): State<Shared>) -> Response {
    let read = tokio::task::spawn_blocking(move || shared.witness.evidence()).await;
    match read {
        Ok(Ok(all)) => axum::Json(all).into_response(),
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, "the evidence cannot be read\n".into()),
    }
}

async fn healthz(State(shared): State<Shared>) -> StatusCode {
    if shared.witness.is_broken() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
}

async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let kind: (HeaderName, _) = (CONTENT_TYPE, "text/plain; version=0.0.4");
    let mut text = String::new();
    let written = write_metrics(&mut text, &shared.witness);
    written.expect("a string takes whatever is written to it");
    ([kind], text)
}

fn write_metrics(w: &mut String, witness: &Witness) -> fmt::Result {
    let mut head = |name: &str, kind: &str, help: &str, rows: String| {
        write!(w, "# HELP {name} {help}\n# TYPE {name} {kind}\n{rows}")
    };
    let answers = witness.counts().all().fold(String::new(), |rows, (status, count)| {
        rows + &format!("remit_witness_answers_total{{status=\"{status}\"}} {count}\n")
    });
    head("remit_witness_answers_total", "counter", "Checkpoints answered, by status.", answers)?;
    let (mut sizes, mut times) = (String::new(), String::new());
    for standing in witness.standings() {
        let Some(latest) = standing.latest else { continue };
        let origin = standing.origin.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(sizes, "remit_witness_size{{origin=\"{origin}\"}} {}", latest.head.size)?;
        writeln!(times, "remit_witness_time_seconds{{origin=\"{origin}\"}} {}", latest.time)?;
    }
    head("remit_witness_size", "gauge", "Size last cosigned.", sizes)?;
    head("remit_witness_time_seconds", "gauge", "Time of the last cosignature, unix seconds.", times)?;
    let broken = format!("remit_witness_broken {}\n", u8::from(witness.is_broken()));
    head("remit_witness_broken", "gauge", "1 if nothing more is cosigned.", broken)?;
    match witness.replayed() {
        Some((size, why)) => {
            let rows = format!("remit_witness_replayed_entries {size}\n");
            head("remit_witness_replayed_entries", "gauge", "Entries computed again.", rows)?;
            let rows = format!("remit_witness_lie {}\n", u8::from(why.is_some()));
            head("remit_witness_lie", "gauge", "1 if the ledger was caught in a lie.", rows)
        }
        None => Ok(()),
    }
}
