//! Search: entries by what they are of, tokens below a token, names. The index beside the ledger finds; what is shown
//! is read from the published version.

use super::app::App;
use super::error::{ApiError, ErrorCode, ErrorView};
use super::extract::{At, Params, Segment, parse_id};
use super::limits::{LISTS_WAIT, NAME_BYTES_MAX, SEARCH_ITEMS_MAX};
use super::tokens::{PageQuery, next_page, published, token_info};
use super::views::{ChildrenView, EntryView, HoldingView, NameView, NamesView, SearchView};
use crate::index::{List, time_bound};
use crate::ledger::{LedgerError, Snapshot};
use axum::Json;
use axum::extract::State;
use remit_verifier::object::Kind;
use remit_verifier::state::LeafBody;
use remit_verifier::types::{KeyBytes, Millis, ObjectId, StateIndex};
use serde::Deserialize;
use std::ops::Range;
use utoipa::IntoParams;

/// What entries are looked for: all that is stated must hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// A key, as `did:key`: what it signed, by what it came to hold a token, and what became of what it spent.
    agent: Option<String>,
    /// A party: spends for it, and what was done with it.
    service: Option<String>,
    /// A party: everything of the tokens that it issued and of those below them.
    issuer: Option<String>,
    /// A unit, by id or by name: spends in it, tokens with a budget in it.
    unit: Option<String>,
    /// A token: its admission, what it spent, what was done with it, its children.
    token: Option<String>,
    /// The id of a submission, an operation or a request for approval.
    id: Option<String>,
    /// A kind of entry, as in `reserve` (spec 03); a bundle has the kinds of its members too.
    kind: Option<String>,
    /// Not before this time of the ledger.
    from_ms: Option<u64>,
    /// Before this time of the ledger.
    to_ms: Option<u64>,
    /// Entries before this one only: the `next` of the page before.
    before: Option<u64>,
    /// So many entries at most; 100 if absent or more.
    limit: Option<usize>,
}

/// Looks for entries
///
/// Those that fit all that is stated, the newest first, page by page. Commitments are not looked for. A page may have
/// fewer than `limit`, or none, and still not be the last. That nothing is left out is the server's word: a replay of
/// the log proves it.
#[utoipa::path(get, path = "/v1/search", tag = "Search", params(SearchQuery), responses(
    (status = 200, description = "One page.", body = SearchView),
    (status = 400, description = "An id, key or kind is none.", body = ErrorView),
    (status = 404, description = "The ledger has no such party, unit or token.", body = ErrorView),
    (status = 501, description = "This server keeps no index.", body = ErrorView),
    (status = 503, description = "Too many search at one time.", body = ErrorView),
))]
pub(super) async fn search(
    State(app): State<App>,
    Params(query): Params<SearchQuery>,
) -> Result<Json<SearchView>, ApiError> {
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.search(&query.lists(&snapshot)?, query.range(&snapshot)?, query.limit())?;
        let entries = found.entries.iter().map(|at| EntryView::new(*at, &snapshot.entry_bytes(*at)?));
        let entries = entries.collect::<Result<_, LedgerError>>()?;
        let next = found.next.map(|at| at.0);
        Ok(SearchView { size: snapshot.size().0, indexed_to, entries, next })
    };
    app.search(read).await.map(Json)
}

impl SearchQuery {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(SEARCH_ITEMS_MAX).clamp(1, SEARCH_ITEMS_MAX)
    }

    /// The lists that an entry must stand on.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] if the ledger has no party, unit or token that is named.
    fn lists(&self, snapshot: &Snapshot) -> Result<Vec<List>, ApiError> {
        let mut lists = Vec::new();
        for (id, what, list) in [
            (&self.service, "party", List::Service as fn(StateIndex) -> List),
            (&self.issuer, "party", List::Issuer),
            (&self.token, "token", List::Token),
        ] {
            let Some(id) = id else { continue };
            lists.push(list(named(snapshot, what, &ObjectId::parse(id)?)?));
        }
        if let Some(unit) = &self.unit {
            let missing = || ApiError::missing(format_args!("unit {unit}"));
            let leaf = match parse_id(unit) {
                Some(id) => named(snapshot, "unit", &id)?,
                None => snapshot.unit_named(unit)?.ok_or_else(missing)?,
            };
            lists.push(List::Unit(leaf));
        }
        if let Some(key) = &self.agent {
            lists.push(List::Agent(KeyBytes::parse(key)?));
        }
        if let Some(id) = &self.id {
            lists.push(List::Id(ObjectId::parse(id)?));
        }
        if let Some(kind) = &self.kind {
            // What the ledger says of itself is not looked for.
            let here =
                |known: &&Kind| known.text() == kind && !matches!(known, Kind::Genesis | Kind::Commitment);
            let known = Kind::ALL.iter().find(here);
            let says = || {
                ApiError::new(ErrorCode::BadQuery).says("No entries of this kind are looked for.".to_owned())
            };
            lists.push(List::Kind(*known.ok_or_else(says)?));
        }
        Ok(lists)
    }

    fn range(&self, snapshot: &Snapshot) -> Result<Range<u64>, ApiError> {
        let bound = |time: Option<u64>| time.map(|time| time_bound(snapshot, Millis(time))).transpose();
        let from = bound(self.from_ms)?.map_or(0, |at| at.0);
        let to = bound(self.to_ms)?.map_or(snapshot.size().0, |at| at.0);
        Ok(from..to.min(self.before.unwrap_or(u64::MAX)))
    }
}

/// The leaf of a party, unit or token that is looked for.
fn named(snapshot: &Snapshot, what: &str, id: &ObjectId) -> Result<StateIndex, ApiError> {
    let missing = || ApiError::missing(format_args!("{what} {id}"));
    let leaf = snapshot.index_of(id)?.ok_or_else(missing)?;
    let is = match &snapshot.leaf(leaf)?.leaf.body {
        LeafBody::Ledger(_) => "ledger",
        LeafBody::Unit(_) => "unit",
        LeafBody::Party(_) => "party",
        LeafBody::Token(_) => "token",
    };
    if is == what { Ok(leaf) } else { Err(missing()) }
}

/// Tokens right below a token
///
/// Those that were made of it, in order of their leaves, page by page, whatever became of them.
#[utoipa::path(get, path = "/v1/tokens/{id}/children", tag = "Tokens",
    params(("id" = String, Path, description = "The token's id."), PageQuery),
    responses(
        (status = 200, description = "One page.", body = ChildrenView),
        (status = 400, description = "The id is none.", body = ErrorView),
        (status = 501, description = "This server keeps no index.", body = ErrorView),
    )
)]
pub(super) async fn children(
    State(app): State<App>,
    At(id): At<ObjectId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<ChildrenView>, ApiError> {
    let (after, limit) = query.bounds();
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        token_info(&snapshot, &id)?;
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let found = directory.list(&List::Children(snapshot.known(&id)?), after, limit)?;
        let found = published(found, snapshot.leaves());
        let mut children = Vec::new();
        for index in found.iter().map(|index| StateIndex(*index)) {
            children.extend(HoldingView::new(&*snapshot.leaf(index)?));
        }
        let (token, size) = (id.to_string(), snapshot.size().0);
        Ok(ChildrenView { token, size, indexed_to, children, next: next_page(&found, limit) })
    };
    app.read(read).await.map(Json)
}

/// How a name begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NamesQuery {
    /// The beginning of one of its words, in letters of either case.
    begins: String,
    /// So many names at most; 100 if absent or more.
    limit: Option<usize>,
}

/// Looks for names
///
/// Parties and units whose names, from one of their words on, begin so, in order of that. Names of parties are what
/// they call themselves, and several may have the same.
#[utoipa::path(get, path = "/v1/names", tag = "Search", params(NamesQuery), responses(
    (status = 200, description = "The names.", body = NamesView),
    (status = 400, description = "The beginning is longer than a name.", body = ErrorView),
    (status = 501, description = "This server keeps no index.", body = ErrorView),
))]
pub(super) async fn names(
    State(app): State<App>,
    Params(query): Params<NamesQuery>,
) -> Result<Json<NamesView>, ApiError> {
    if query.begins.len() > NAME_BYTES_MAX {
        return Err(ApiError::new(ErrorCode::BadQuery).says("No name begins so: it is too long.".to_owned()));
    }
    let limit = query.limit.unwrap_or(SEARCH_ITEMS_MAX).clamp(1, SEARCH_ITEMS_MAX);
    let directory = app.directory()?.clone();
    let read = move |snapshot: Snapshot| {
        let indexed_to = directory.wait_for(snapshot.size(), LISTS_WAIT).0;
        let mut names = Vec::new();
        for index in directory.names(&query.begins, limit)? {
            match snapshot.leaf(index) {
                Err(LedgerError::NoLeaf(_)) => {}
                record => names.extend(NameView::new(&*record?)),
            }
        }
        Ok(NamesView { size: snapshot.size().0, indexed_to, names })
    };
    app.search(read).await.map(Json)
}
