//! The log as everybody may read it: where it stands, its checkpoint, its tiles (C2SP tlog-tiles).

use super::app::App;
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{Nothing, Params};
use super::tokens::CBOR;
use super::views::{Binary, HeadView, LogView};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use remit_verifier::state::LeafBody;
use remit_verifier::types::{StateIndex, TreeSize};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::keys::did;
use crate::tree::tile::{TILE_WIDTH, Tile};

/// What an intermediary may keep for ever.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What is right as long as it is asked for, and is replaced by a full tile before long.
const BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// What changes all the time.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// CBOR and hashes are bytes.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// Notes and proofs are text.
pub(super) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The ledger at a glance
///
/// Its names and keys, who operates it, which rules are in force, and how far it has come.
#[utoipa::path(get, path = "/v1/log", tag = "Log", responses(
    (status = 200, description = "Where the ledger stands.", body = LogView),
    (status = 503, description = "The ledger is being opened.", body = ErrorView),
))]
pub(super) async fn log(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<LogView>, ApiError> {
    let service = app.service()?;
    let (snapshot, sizes, genesis) = (service.snapshot(), service.sizes(), service.genesis());
    let record = snapshot.leaf(StateIndex(0))?;
    let LeafBody::Ledger(ledger) = &record.leaf.body else { return Err(ErrorCode::Damaged.into()) };
    let vkey = service.verifier_key().map_err(|_| ErrorCode::Internal)?;
    Ok(Json(LogView {
        ledger: service.id().to_string(),
        origin: genesis.origin.clone(),
        log_key: did::to_text(genesis.log_key.bytes()),
        log_vkey: vkey.to_string(),
        operators: ledger.operators.iter().map(did::to_text).collect(),
        threshold: ledger.threshold,
        rules: ledger.rules.0,
        time_ms: snapshot.version().time().0,
        durable: HeadView::new(&sizes.durable),
        signed: HeadView::new(&sizes.signed),
        published: HeadView::new(&sizes.published),
        witnesses: service.witnesses().into_iter().map(Into::into).collect(),
        state: sizes.state.text(),
    }))
}

/// The newest checkpoint
///
/// The signed root of the log (C2SP tlog-checkpoint): what every proof of this ledger ends in.
#[utoipa::path(get, path = "/checkpoint", tag = "Log", responses(
    (status = 200, description = "A signed note.", body = String, content_type = "text/plain"),
    (status = 503, description = "The ledger is being opened.", body = ErrorView),
))]
pub(super) async fn checkpoint(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let note = app.snapshot()?.version().note.to_string();
    Ok(([(header::CONTENT_TYPE, TEXT), (header::CACHE_CONTROL, NO_CACHE)], note))
}

/// Where a follower has come to.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StatusQuery {
    /// Size of the log at the state that he has; 0 if he has none, or if absent.
    #[serde(default)]
    since: u64,
}

/// What has been revoked, suspended or changed since
///
/// An update of the status of all leaves, proved under the newest checkpoint (spec 22): who follows judges
/// presentations of any age by it.
#[utoipa::path(get, path = "/v1/status", tag = "Log", params(StatusQuery), responses(
    (status = 200, description = "The update.", body = Binary, content_type = "application/cbor"),
    (status = 400, description = "The log has not had that size yet.", body = ErrorView),
    (status = 503, description = "The ledger is being opened.", body = ErrorView),
))]
pub(super) async fn status(
    State(app): State<App>,
    Params(query): Params<StatusQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let update = app.service()?.status_update(TreeSize(query.since))?;
    Ok(([(header::CONTENT_TYPE, CBOR), (header::CACHE_CONTROL, NO_CACHE)], update))
}

/// A tile
///
/// Hashes of the log tree, or a bundle of entries, as in C2SP tlog-tiles: `tile/LEVEL/INDEX`, `tile/entries/INDEX`,
/// with `.p/WIDTH` behind for a partial one. Full ones never change.
#[utoipa::path(get, path = "/tile/{*path}", tag = "Log",
    params(("path" = String, Path, description = "Level or `entries`, and index, as in `0/x001/234`.")),
    responses(
        (status = 200, description = "The tile.", body = Binary, content_type = "application/octet-stream"),
        (status = 404, description = "The log has no such tile at its published size.", body = ErrorView),
    )
)]
pub(super) async fn tile(
    State(app): State<App>,
    Path(path): Path<String>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<impl IntoResponse, ApiError> {
    let tile = Tile::parse(&format!("tile/{path}")).ok_or_else(|| ApiError::missing("such tile"))?;
    let bytes = app.snapshot()?.tile(tile)?.ok_or_else(|| ApiError::missing("such tile"))?;
    let kept: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, BYTES),
        (header::CACHE_CONTROL, if tile.width == TILE_WIDTH { IMMUTABLE } else { BRIEFLY }),
    ];
    Ok((kept, bytes))
}
