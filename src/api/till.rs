//! The interface of a till: whoever stands before it shows vouchers, one after the other; no ledger is asked.

use super::connections::Bounds;
use super::extract::content_type;
use super::serve::serve_router;
use super::verify::ArgumentBody;
use super::views::base64_bytes;
use crate::ledger::Clock;
use axum::body::{Body, HttpBody as _};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::limits::{ARGUMENTS_MAX, VOUCHER_BYTES_MAX};
use remit_verifier::object::{Argument, Invocation};
use remit_verifier::till::{Accepted, OpenLease, Till};
use remit_verifier::types::ObjectId;
use remit_verifier::verify::Policy;
use serde::Deserialize;
use serde_json::{Value, json};
use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use utoipa::ToSchema;

/// Most bytes of a request: a voucher in base64 and as many arguments as there may be.
pub const SHOWN_BYTES_MAX: usize = 65_536;
/// How long a request may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(10);
/// Connections at a time; whoever comes beyond them is not accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long the head of a request may take to arrive: whoever says nothing stands in the way of those in the queue.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);

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
    /// The till could not be kept: why.
    Broken(String),
}

/// Tills of several leases, for whoever serves them beside something else.
#[derive(Clone)]
pub(super) struct Tills(Arc<[Shared]>);

#[derive(Clone)]
struct Shared(Arc<Inside>);

struct Inside {
    lease: ObjectId,
    open: Mutex<Open>,
    /// What is said of the till by who does not judge: nobody waits for a disk to hear it.
    stands: Mutex<Stands>,
    /// The terms of its lease.
    terms: Value,
    /// Somebody waits for the end of it.
    broke: Notify,
}

struct Open {
    counter: Counter,
}

/// Where the till stands, or why it judges nothing more.
#[derive(Clone)]
struct Stands {
    said: Value,
    broken: Option<String>,
}

/// Serves a till until `shutdown` is done; requests in progress are finished.
///
/// # Errors
///
/// What the socket fails with; or why the till could not be kept: then its server ends by itself, so that whoever
/// watches it starts it again, which reads what was kept.
pub async fn serve_till(
    listener: TcpListener,
    counter: Counter,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let shared = Shared::new(counter);
    let ended = async {
        tokio::select! {
            () = shared.0.broke.notified() => {}
            () = shutdown => {}
        }
    };
    let mut bounds = Bounds::of(CONNECTIONS_MAX);
    bounds.head = HEAD_TIME_MAX;
    serve_router(listener, routes(shared.clone()), bounds, ended).await?;
    match shared.stands().broken {
        Some(why) => Err(io::Error::other(why)),
        None => Ok(()),
    }
}

/// The routes of a till: `POST /v1/vouchers`, `GET /v1/till`, `GET /healthz`.
pub fn till_router(counter: Counter) -> Router {
    routes(Shared::new(counter))
}

fn routes(shared: Shared) -> Router {
    let none = || async { wrong(StatusCode::NOT_FOUND, "unknown_path", "there is nothing at this path") };
    let not = || async {
        wrong(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the path does not take this method")
    };
    let tills = Tills(Arc::new([shared.clone()]));
    Router::new()
        .route("/v1/vouchers", post(vouchers).with_state(tills))
        .route("/v1/till", get(till))
        .route("/healthz", get(healthz))
        .fallback(none)
        .method_not_allowed_fallback(not)
        .with_state(shared)
}

async fn healthz(State(shared): State<Shared>) -> StatusCode {
    match shared.stands().broken {
        None => StatusCode::NO_CONTENT,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A voucher with the arguments that are shown with it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownBody {
    /// The voucher, in base64.
    voucher: String,
    /// The arguments that are shown with it.
    #[serde(default)]
    arguments: Vec<ArgumentBody>,
}

/// A voucher
///
/// Out of a lease that has a till here: as `application/cbor`, or with arguments as JSON. `taken` is said once it is
/// stored, and once; the same bytes again are `repeated`.
#[utoipa::path(post, path = "/v1/vouchers", tag = "Services", request_body = ShownBody, responses(
    (status = 200, description = "`taken` or `repeated`, with lease, number and sum.", body = serde_json::Value),
    (status = 400, description = "The body is not what it should be."),
    (status = 403, description = "`refused`, with code and number.", body = serde_json::Value),
    (status = 413, description = "The body is too long."),
    (status = 415, description = "The body is neither CBOR nor JSON."),
    (status = 503, description = "The till could not be kept, and takes nothing more."),
))]
pub(super) async fn vouchers(State(tills): State<Tills>, headers: HeaderMap, body: Body) -> Response {
    let bytes = match tokio::time::timeout(BODY_TIME_MAX, arriving(body)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(answer)) => return answer,
        Err(_) => return wrong(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time"),
    };
    let shown = match content_type(&headers) {
        Some("application/cbor") => Some((bytes, Vec::new())),
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
    let Some(shared) = tills.of(&voucher) else {
        let code = Code::WrongLease;
        let answer = json!({ "answer": "refused", "code": code.text(), "meaning": code.meaning() });
        return (StatusCode::FORBIDDEN, Json(answer)).into_response();
    };
    // Keeping a till waits for the disk.
    let judged = tokio::task::spawn_blocking(move || shared.judge(&voucher, &arguments)).await;
    match judged {
        Ok((answer, status)) => (status, Json(answer)).into_response(),
        Err(_) => wrong(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the till failed"),
    }
}

/// The whole body, or the answer to one that is too long or breaks off.
async fn arriving(mut body: Body) -> Result<Vec<u8>, Response> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let broke = |_| wrong(StatusCode::BAD_REQUEST, "bad_body", "the body broke off");
        let Ok(data) = frame.map_err(broke)?.into_data() else { continue };
        if data.len() > SHOWN_BYTES_MAX - bytes.len() {
            return Err(wrong(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "at most 64 KiB are read"));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
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

async fn till(State(shared): State<Shared>) -> Response {
    let Stands { said: mut answer, broken } = shared.stands();
    if broken.is_some() {
        return wrong(StatusCode::SERVICE_UNAVAILABLE, "stopped", "the till could not be kept");
    }
    for (name, value) in shared.0.terms.as_object().into_iter().flatten() {
        answer[name] = value.clone();
    }
    Json(answer).into_response()
}

impl Tills {
    /// The tills of these counters, each of another lease.
    pub(super) fn new(counters: Vec<Counter>) -> Self {
        Self(counters.into_iter().map(Shared::new).collect())
    }

    /// The till of the lease that a voucher names; who has one till lets that one say what is wrong.
    fn of(&self, voucher: &[u8]) -> Option<Shared> {
        if let [only] = &*self.0 {
            return Some(only.clone());
        }
        let object = Sign1::decode(voucher).ok()?;
        let lease = Invocation::decode(object.payload).ok()?.claim?.lease;
        self.0.iter().find(|shared| shared.0.lease == lease).cloned()
    }

    /// Each lease, with the number of vouchers that its till has taken; `None` if it could not be kept.
    pub(super) fn numbers(&self) -> Vec<(ObjectId, Option<u64>)> {
        let number = |shared: &Shared| {
            let stands = shared.stands();
            let number = stands.said["number"].as_u64().filter(|_| stands.broken.is_none());
            (shared.0.lease, number)
        };
        self.0.iter().map(number).collect()
    }
}

impl Shared {
    fn new(counter: Counter) -> Self {
        let terms = counter.lease.lease();
        let terms = json!({
            "amount_minor": terms.amount.to_string(),
            "unit": terms.unit.to_string(),
            "spend_until_s": terms.spend_until.0,
            "settle_by_s": terms.settle_by.0,
        });
        let (lease, open) = (counter.till.lease(), Open { counter });
        let stands = Mutex::new(Stands { said: open.said(), broken: None });
        Self(Arc::new(Inside { lease, open: Mutex::new(open), stands, terms, broke: Notify::new() }))
    }

    fn stands(&self) -> Stands {
        self.0.stands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges, keeps, and only then says yes.
    fn judge(&self, voucher: &[u8], arguments: &[Argument]) -> (Value, StatusCode) {
        // Whoever panicked had not replaced the till: that is one step, after it is kept.
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.stands().broken.is_some() {
            return stopped();
        }
        let judged = open.judge(voucher, arguments);
        let mut said = open.said();
        if let Judged::Broken(why) = judged {
            tracing::error!(%why, "the till could not be kept: nothing more is judged");
            self.0.stands.lock().unwrap_or_else(PoisonError::into_inner).broken = Some(why);
            self.0.broke.notify_one();
            return stopped();
        }
        self.0.stands.lock().unwrap_or_else(PoisonError::into_inner).said = said.clone();
        let (answer, status) = match judged {
            Judged::Taken => ("taken", StatusCode::OK),
            Judged::Repeated => ("repeated", StatusCode::OK),
            Judged::Refused(code) => {
                // Anybody can have something refused: what was spent is not for him.
                said = json!({ "number": said["number"] });
                said["code"] = json!(code.text());
                said["meaning"] = json!(code.meaning());
                ("refused", StatusCode::FORBIDDEN)
            }
            Judged::Broken(_) => return stopped(),
        };
        said["answer"] = json!(answer);
        (said, status)
    }
}

/// What is in memory may not be what is on the disk: nothing is said of it.
fn stopped() -> (Value, StatusCode) {
    (json!({ "answer": "stopped" }), StatusCode::SERVICE_UNAVAILABLE)
}

impl Open {
    fn judge(&mut self, voucher: &[u8], arguments: &[Argument]) -> Judged {
        let Counter { till, lease, policy, clock, keep } = &mut self.counter;
        match till.accept(lease, voucher, arguments, policy, clock()) {
            Ok(Accepted::Taken(next)) => {
                if let Err(error) = keep(&next) {
                    return Judged::Broken(error.to_string());
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
