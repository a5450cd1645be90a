//! For those who watch the server: whether it lives, whether it is ready, what it counts.

use super::app::App;
use super::error::{ApiError, ErrorCode, ErrorView};
use crate::ledger::State as LedgerState;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

/// The text format that Prometheus reads.
const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(super) struct HealthView {
    /// `alive`, or the state of the ledger.
    #[schema(example = "running")]
    state: &'static str,
}

/// Whether the process lives
///
/// 200 as long as it answers at all; a supervisor restarts it when it does not.
#[utoipa::path(get, path = "/healthz", tag = "Watching", responses(
    (status = 200, description = "It lives.", body = HealthView),
))]
pub(super) async fn healthz() -> Json<HealthView> {
    Json(HealthView { state: "alive" })
}

/// Whether it takes operations
///
/// 200 only while the ledger runs; a load balancer sends operations elsewhere when it does not.
#[utoipa::path(get, path = "/readyz", tag = "Watching", responses(
    (status = 200, description = "It takes operations.", body = HealthView),
    (status = 503, description = "Opening, not witnessed yet, read-only, draining or stopped; the code says which.",
        body = ErrorView),
))]
pub(super) async fn readyz(State(app): State<App>) -> Result<Json<HealthView>, ApiError> {
    if app.draining() {
        return Err(ErrorCode::Draining.into());
    }
    let state = app.service()?.sizes().state;
    match state {
        LedgerState::Running if !app.service()?.is_witnessed() => Err(ErrorCode::NotWitnessed.into()),
        LedgerState::Running => Ok(Json(HealthView { state: state.text() })),
        LedgerState::ReadOnly => Err(ErrorCode::ReadOnly.into()),
        LedgerState::ClockAhead => Err(ErrorCode::ClockAhead.into()),
        LedgerState::Draining => Err(ErrorCode::Draining.into()),
        LedgerState::Stopped(_) => Err(ErrorCode::Stopped.into()),
    }
}

/// What is counted
///
/// Requests, latencies, queue, operations, sizes and state, as Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "Watching", responses(
    (status = 200, description = "The counters.", body = String, content_type = "text/plain"),
))]
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let text = app.metrics().text(app.service().ok(), app.now());
    ([(header::CONTENT_TYPE, PROMETHEUS)], text)
}
