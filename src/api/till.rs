//! The interface of a till: whoever stands before it shows vouchers, one after the other; no ledger is asked.

use super::extract::content_type;
use super::serve::serve_router;
use super::verify::ArgumentBody;
use super::views::base64_bytes;
use crate::ledger::Clock;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use remit_verifier::code::Code;
use remit_verifier::limits::{ARGUMENTS_MAX, VOUCHER_BYTES_MAX};
use remit_verifier::object::Argument;
use remit_verifier::till::{Accepted, OpenLease, Till};
use remit_verifier::verify::Policy;
use serde::Deserialize;
use serde_json::{Value, json};
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Most bytes of a request: a voucher in base64 and as many arguments as there may be.
pub const SHOWN_BYTES_MAX: usize = 65_536;
/// How long a request may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// Connections at a time; whoever comes beyond them is not accepted.
const CONNECTIONS_MAX: usize = 256;

/// What a till decides with, and how it keeps what it decided.
pub struct Counter {
    /// The till, as it is kept.
    pub till: Till,
    /// Its lease, opened.
    pub lease: OpenLease,
    /// Whom the payee trusts.
    pub policy: Policy,
    /// The time to judge at.
    pub clock: Clock,
    /// Keeps a till durably before its voucher is answered. After an error nothing more is judged: what is kept then
    /// is not known, and the next start reads it.
    #[allow(clippy::type_complexity)]
    pub keep: Box<dyn FnMut(&Till) -> io::Result<()> + Send>,
}

/// What a request comes to.
enum Judged {
    Taken,
    Repeated,
    Refused(Code),
    /// The till could not be kept.
    Broken,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Open>>);

struct Open {
    counter: Counter,
    broken: bool,
}

/// Serves a till until `shutdown` is done; requests in progress are finished.
///
/// # Errors
///
/// What the socket fails with.
pub async fn serve_till(
    listener: TcpListener,
    counter: Counter,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_router(listener, till_router(counter), CONNECTIONS_MAX, shutdown).await
}

/// The routes of a till: `POST /v1/vouchers`, `GET /v1/till`, `GET /healthz`.
pub fn till_router(counter: Counter) -> Router {
    let shared = Shared(Arc::new(Mutex::new(Open { counter, broken: false })));
    Router::new()
        .route("/v1/vouchers", post(vouchers))
        .route("/v1/till", get(till))
        .route("/healthz", get(|| async { StatusCode::NO_CONTENT }))
        .with_state(shared)
}

/// A voucher with the arguments that are shown with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShownBody {
    voucher: String,
    #[serde(default)]
    arguments: Vec<ArgumentBody>,
}

async fn vouchers(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let read = tokio::time::timeout(BODY_TIME_MAX, to_bytes(body, SHOWN_BYTES_MAX)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return wrong(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "at most 64 KiB are read"),
        Err(_) => return wrong(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time"),
    };
    let shown = match content_type(&headers) {
        Some("application/cbor") => Some((bytes.to_vec(), Vec::new())),
        Some("application/json") => opened(&bytes),
        _ => {
            let says = "send a voucher as `application/cbor`, or with arguments as `application/json`";
            return wrong(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_type", says);
        }
    };
    let Some((voucher, arguments)) = shown else {
        let says = "the body is `{\"voucher\": BASE64, \"arguments\": [{\"name\", \"salt\", \"value\"}]}`";
        return wrong(StatusCode::BAD_REQUEST, "bad_json", says);
    };
    // Keeping a till waits for the disk.
    let judged = tokio::task::spawn_blocking(move || shared.judge(&voucher, &arguments)).await;
    match judged {
        Ok((answer, status)) => (status, Json(answer)).into_response(),
        Err(_) => wrong(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the till failed"),
    }
}

fn opened(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Argument>)> {
    let body: ShownBody = serde_json::from_slice(bytes).ok()?;
    let voucher = base64_bytes(&body.voucher, VOUCHER_BYTES_MAX)?;
    if body.arguments.len() > ARGUMENTS_MAX {
        return None;
    }
    let arguments = body.arguments.into_iter().map(ArgumentBody::read).collect::<Option<_>>()?;
    Some((voucher, arguments))
}

async fn till(State(shared): State<Shared>) -> Json<Value> {
    let open = shared.lock();
    let terms = open.counter.lease.lease();
    let mut said = open.said();
    said["amount_minor"] = json!(terms.amount.to_string());
    said["unit"] = json!(terms.unit.to_string());
    said["spend_until_s"] = json!(terms.spend_until.0);
    said["settle_by_s"] = json!(terms.settle_by.0);
    Json(said)
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        // Whoever panicked had not replaced the till: that is one step, after it is kept.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges, keeps, and only then says yes.
    fn judge(&self, voucher: &[u8], arguments: &[Argument]) -> (Value, StatusCode) {
        let mut open = self.lock();
        let judged = open.judge(voucher, arguments);
        let mut said = open.said();
        let (answer, status) = match judged {
            Judged::Taken => ("taken", StatusCode::OK),
            Judged::Repeated => ("repeated", StatusCode::OK),
            Judged::Refused(code) => {
                said["code"] = json!(code.text());
                said["meaning"] = json!(code.meaning());
                ("refused", StatusCode::FORBIDDEN)
            }
            Judged::Broken => ("stopped", StatusCode::SERVICE_UNAVAILABLE),
        };
        said["answer"] = json!(answer);
        (said, status)
    }
}

impl Open {
    fn judge(&mut self, voucher: &[u8], arguments: &[Argument]) -> Judged {
        if self.broken {
            return Judged::Broken;
        }
        let Counter { till, lease, policy, clock, keep } = &mut self.counter;
        match till.accept(lease, voucher, arguments, policy, clock()) {
            Ok(Accepted::Taken(next)) => {
                if let Err(error) = keep(&next) {
                    tracing::error!(%error, "the till could not be kept: nothing more is judged");
                    self.broken = true;
                    return Judged::Broken;
                }
                *till = *next;
                Judged::Taken
            }
            Ok(Accepted::Repeated) => Judged::Repeated,
            Err(code) => Judged::Refused(code),
        }
    }

    /// Where the till stands.
    fn said(&self) -> Value {
        let tally = self.counter.till.tally();
        json!({
            "lease": self.counter.till.lease().to_string(),
            "number": tally.number(),
            "cumulative_minor": tally.cumulative().to_string(),
        })
    }
}

fn wrong(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": code, "message": message } }))).into_response()
}
