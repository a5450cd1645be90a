//! Requests for approval: one of them, and those that wait for a key.

use super::app::App;
use super::error::{ApiError, ErrorView};
use super::extract::{At, Nothing, Params};
use super::limits::LISTS_WAIT;
use super::tokens::{PageQuery, next_page, published};
use super::views::{AskedView, RequestView};
use crate::index::List;
use crate::keys::did;
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::Request;
use axum::Json;
use axum::extract::State;
use remit_verifier::types::{EntryIndex, KeyBytes, RequestId};

/// A request for approval
///
/// What somebody asks approvers for, as long as it waits: everything that its id stands for (spec 17), who has said
/// yes, and whose yes each link of the token's chain wants.
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "Approvals",
    params(("id" = String, Path, description = "The request id.")),
    responses(
        (status = 200, description = "The request.", body = RequestView),
        (status = 400, description = "The id is none.", body = ErrorView),
    )
)]
pub(super) async fn request(
    State(app): State<App>,
    At(id): At<RequestId>,
    Params(Nothing {}): Params<Nothing>,
) -> Result<Json<RequestView>, ApiError> {
    let read = move |snapshot: Snapshot| {
        let found = snapshot.request(&id).map_err(|error| match error {
            LedgerError::Unknown(id) => ApiError::missing(format_args!("request {id}")),
            error => error.into(),
        })?;
        let Request::Waiting(waiting) = found else { return Ok(RequestView::closed(&id)) };
        let asked = snapshot.requests_in(waiting.entry)?;
        let asked = asked.iter().find(|(of, _)| *of == id).ok_or(LedgerError::Damaged(waiting.entry))?;
        Ok(RequestView::waiting(&snapshot, &id, &asked.1, &waiting)?)
    };
    app.read(read).await.map(Json)
}

/// Requests that wait for an approver
///
/// Those that name this key in a rule of their token or of one above it, in the order in which they were made, page by
/// page. What was carried out, taken back, refused or forgotten is not among them.
#[utoipa::path(get, path = "/v1/approvers/{key}/requests", tag = "Approvals",
    params(("key" = String, Path, description = "The approver's key."), PageQuery),
    responses(
        (status = 200, description = "One page.", body = AskedView),
        (status = 400, description = "The key is none.", body = ErrorView),
        (status = 501, description = "This server keeps no index.", body = ErrorView),
    )
)]
pub(super) async fn asked(
    State(app): State<App>,
    At(approver): At<KeyBytes>,
    Params(query): Params<PageQuery>,
) -> Result<Json<AskedView>, ApiError> {
    let (after, limit) = query.bounds();
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.list(&List::Asked(approver), after, limit)?;
        let found = published(found, snapshot.size().0);
        let mut requests = Vec::new();
        for entry in &found {
            requests.extend(waiting_in(&snapshot, EntryIndex(*entry), &approver)?);
        }
        let (approver, size) = (did::to_text(&approver), snapshot.size().0);
        Ok(AskedView { approver, size, indexed_to, requests, next: next_page(&found, limit) })
    };
    app.read(read).await.map(Json)
}

/// The requests of an entry that wait for this approver.
fn waiting_in(
    snapshot: &Snapshot,
    entry: EntryIndex,
    approver: &KeyBytes,
) -> Result<Vec<RequestView>, LedgerError> {
    // The index knows what is over and was pruned, too.
    let asked = match snapshot.requests_in(entry) {
        Err(LedgerError::NotKept(_)) => return Ok(Vec::new()),
        asked => asked?,
    };
    let mut waiting = Vec::new();
    for (id, ask) in &asked {
        let Request::Waiting(request) = snapshot.request(id)? else { continue };
        let chain = snapshot.chain_at(request.token)?;
        let mut rules = chain.iter().filter_map(|(_, link)| link.token.approval.as_ref());
        if rules.any(|rule| rule.names(approver)) {
            waiting.push(RequestView::waiting(snapshot, id, ask, &request)?);
        }
    }
    Ok(waiting)
}
