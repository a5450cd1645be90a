//! What was looked for, as JSON.

use super::{EntryView, HoldingView};
use crate::machine::LeafRecord;
use remit_verifier::state::LeafBody;
use serde::Serialize;
use utoipa::ToSchema;

/// Entries that were looked for.
#[derive(Serialize, ToSchema)]
#[schema(as = Found)]
pub(in crate::api) struct SearchView {
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The entries, the newest first.
    pub(in crate::api) entries: Vec<EntryView>,
    /// Ask for `before` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

/// Tokens right below a token.
#[derive(Serialize, ToSchema)]
#[schema(as = Children)]
pub(in crate::api) struct ChildrenView {
    /// The token.
    pub(in crate::api) token: String,
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The tokens, in order of their leaves.
    pub(in crate::api) children: Vec<HoldingView>,
    /// Ask for `after` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

/// Names that begin so.
#[derive(Serialize, ToSchema)]
#[schema(as = Names)]
pub(in crate::api) struct NamesView {
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The names, in order.
    pub(in crate::api) names: Vec<NameView>,
}

/// A name, and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Name)]
pub(in crate::api) struct NameView {
    /// The name.
    #[schema(example = "The airline")]
    name: String,
    /// Whose.
    id: String,
    /// `party` or `unit`.
    #[schema(example = "party")]
    what: &'static str,
    /// Its leaf.
    leaf: u64,
}

impl NameView {
    /// The name of a party or unit; `None` for another leaf.
    pub(in crate::api) fn new(record: &LeafRecord) -> Option<Self> {
        let (name, what) = match &record.leaf.body {
            LeafBody::Party(party) => (&party.name, "party"),
            LeafBody::Unit(unit) => (&unit.name, "unit"),
            LeafBody::Ledger(_) | LeafBody::Token(_) => return None,
        };
        let (id, leaf) = (record.leaf.id.to_string(), record.leaf.index.0);
        Some(Self { name: name.clone(), id, what, leaf })
    }
}
