//! A verifier beside a service (spec 20): it keeps a policy, what was brought and what was served, and asks no ledger.
//!
//! A proxy asks it about each request that it received ([`proxies`]); holders bring presentations and evidence
//! ([`bring`]); whoever wants a verdict and no more asks for one ([`judge`]).

mod answer;
mod bring;
mod counts;
mod judge;
mod openapi;
mod proxies;

pub use openapi::sidecar_document;

use super::connections::Bounds;
use super::docs;
use super::serve::serve_router;
use super::till::{self, Counter, Tills};
use crate::follow::{Kept, Newest, Record};
use crate::ledger::Clock;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use counts::{Counts, Standing};
use remit_verifier::types::{Hash, Millis};
use remit_verifier::verify::{Followed, Policy, Verifier};
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Presentations that holders brought, and evidence, in bytes each.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Requests whose content is read at a time.
const CONTENTS_MAX: usize = 32;
/// Connections at a time; whoever comes beyond them is turned away.
const CONNECTIONS_MAX: usize = 1_024;

/// Everything that decides; clones are the same.
#[derive(Clone)]
pub struct Sidecar(Arc<Inner>);

struct Inner {
    judges: RwLock<Arc<Judges>>,
    record: Record,
    newest: Newest,
    presentations: Kept,
    evidence: Kept,
    clock: Clock,
    counts: Counts,
    followed: Mutex<Vec<Arc<Followed>>>,
    tills: Tills,
    /// Presentations and evidence are looked at one after the other.
    bringing: Semaphore,
    /// Content that is held in memory at a time.
    content: Semaphore,
}

/// A policy, and verifiers under it: one for each processor, so that they do not wait for each other.
struct Judges {
    policy: Policy,
    verifiers: Vec<Mutex<Verifier>>,
    /// For what is brought: whoever brings much keeps nobody waiting who asks.
    bringing: Mutex<Verifier>,
}

impl Sidecar {
    /// One with this policy, record, newest evidence seen, and tills, each of another lease.
    pub fn new(policy: Policy, record: Record, newest: Newest, clock: Clock, tills: Vec<Counter>) -> Self {
        let judges = RwLock::new(Arc::new(Judges::new(policy, newest.get())));
        let (presentations, evidence) = (Kept::new(KEPT_BYTES_MAX), Kept::new(KEPT_BYTES_MAX));
        let (counts, followed, tills) = (Counts::default(), Mutex::default(), Tills::new(tills));
        let (bringing, content) = (Semaphore::new(1), Semaphore::new(CONTENTS_MAX));
        Self(Arc::new(Inner {
            judges,
            record,
            newest,
            presentations,
            evidence,
            clock,
            counts,
            followed,
            tills,
            bringing,
            content,
        }))
    }

    /// Decides by another policy from now on. What was brought and what was served stays; whether the record is durable
    /// was decided at the start.
    pub fn replace_policy(&self, policy: Policy) {
        let judges = Arc::new(Judges::new(policy, self.0.newest.get()));
        // A state that comes meanwhile waits, and goes to the new ones.
        let followed = self.followed();
        followed.iter().for_each(|state| judges.follow(state));
        *self.0.judges.write().unwrap_or_else(PoisonError::into_inner) = judges;
        self.0.counts.policy_read();
    }

    /// Judges by this state of its ledger from now on (spec 22 §4).
    pub fn follow(&self, state: Arc<Followed>) {
        let mut followed = self.followed();
        followed.retain(|known| known.ledger() != state.ledger());
        self.judges().follow(&state);
        followed.push(state);
        self.0.counts.asked(None);
    }

    /// Nothing newer was learnt of a ledger that is followed, for the reason with this name.
    pub fn not_followed(&self, reason: &str) {
        self.0.counts.asked(Some(reason));
    }

    fn followed(&self) -> MutexGuard<'_, Vec<Arc<Followed>>> {
        self.0.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.judges().policy.clone()
    }

    /// Whether what is served is recorded on a disk.
    pub fn is_durable(&self) -> bool {
        self.0.record.is_durable()
    }

    fn judges(&self) -> Arc<Judges> {
        self.0.judges.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> Millis {
        (self.0.clock)()
    }

    /// Does something with the verifier of this presentation.
    fn with_verifier<T>(&self, judges: &Judges, by: &Hash, judge: impl FnOnce(&mut Verifier) -> T) -> T {
        self.with(judges.verifier(by), judge)
    }

    /// Does something with a verifier, which knows the newest evidence before and tells it afterwards.
    fn with<T>(&self, mut verifier: MutexGuard<'_, Verifier>, judge: impl FnOnce(&mut Verifier) -> T) -> T {
        let (answer, newest) = {
            verifier.see(self.0.newest.get());
            let answer = judge(&mut verifier);
            let newest = verifier.newest();
            drop(verifier);
            (answer, newest)
        };
        if let Err(error) = self.0.newest.see(newest) {
            tracing::warn!(%error, "the newest evidence cannot be written down");
        }
        answer
    }
}

impl Judges {
    fn new(policy: Policy, newest: Millis) -> Self {
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let verifier = || Mutex::new(Verifier::new(policy.clone(), newest));
        let verifiers = std::iter::repeat_with(verifier).take(count).collect();
        let bringing = verifier();
        Self { policy, verifiers, bringing }
    }

    /// The verifier of what is brought.
    fn bringing(&self) -> MutexGuard<'_, Verifier> {
        self.bringing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, state: &Arc<Followed>) {
        for verifier in self.verifiers.iter().chain([&self.bringing]) {
            verifier.lock().unwrap_or_else(PoisonError::into_inner).follow(state.clone());
        }
    }

    /// What was seen before is remembered by one of them.
    fn verifier(&self, by: &Hash) -> MutexGuard<'_, Verifier> {
        let place = usize::from(by.0[0]) % self.verifiers.len();
        // Whoever panicked had remembered what was good, or nothing.
        self.verifiers[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of a sidecar.
pub fn sidecar_router(sidecar: Sidecar) -> Router {
    let router = Router::new()
        .route("/v1/auth/nginx", any(proxies::nginx))
        .route("/v1/auth/traefik", any(proxies::traefik))
        .route("/v1/auth/envoy", any(proxies::envoy))
        .route("/v1/auth/envoy/", any(proxies::envoy))
        .route("/v1/auth/envoy/{*target}", any(proxies::envoy))
        .route("/.well-known/remit/presentations", post(bring::presentation))
        .route("/.well-known/remit/evidence", post(bring::evidence))
        .route("/v1/verify", post(judge::verify))
        .route("/v1/vouchers", post(till::vouchers).with_state(sidecar.0.tills.clone()))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .route("/", get(docs::root));
    docs::with_document(router, &sidecar_document()).with_state(sidecar)
}

/// Serves until `shutdown` is done; requests in progress are finished.
///
/// # Errors
///
/// What the socket fails with.
pub async fn serve_sidecar(
    listener: TcpListener,
    sidecar: Sidecar,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve_router(listener, sidecar_router(sidecar), Bounds::together(CONNECTIONS_MAX), shutdown).await
}

/// Whether it lives
///
/// And whether record and tills can be kept.
#[utoipa::path(get, path = "/healthz", tag = "Watching", responses(
    (status = 204, description = "It does."),
    (status = 503, description = "What is served, or taken, cannot be kept: start it anew once the disk is mended."),
))]
async fn healthz(State(sidecar): State<Sidecar>) -> StatusCode {
    let broken = sidecar.0.tills.numbers().iter().any(|(_, number)| number.is_none());
    let good = !broken && !sidecar.0.record.is_broken();
    if good { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// What it counts
///
/// For Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "Watching", responses(
    (status = 200, description = "The counters.", body = String, content_type = "text/plain"),
))]
async fn metrics(State(sidecar): State<Sidecar>) -> impl IntoResponse {
    let standing = Standing {
        recorded: sidecar.0.record.len(),
        newest: sidecar.0.newest.get(),
        followed: sidecar.followed().clone(),
        tills: sidecar.0.tills.numbers(),
    };
    let text = sidecar.0.counts.text(&standing);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
