//! Entries, histories and proofs as JSON.

use super::base64_text;
use crate::ledger::{History, LedgerError, Validity};
use remit_verifier::code::Code;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::Entry;
use remit_verifier::object::Kind;
use remit_verifier::types::{EntryIndex, Hash, ObjectId};
use serde::Serialize;
use utoipa::ToSchema;

/// One entry of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = Entry)]
pub(in crate::api) struct EntryView {
    /// Its place in the log.
    index: u64,
    /// Its bytes, in base64: what is hashed, and what everything else here is a view of.
    bytes: String,
    /// Hash of the log leaf.
    leaf_hash: String,
    /// Its kind.
    #[schema(example = "reserve")]
    kind: &'static str,
    /// Ledger time.
    time_ms: u64,
    /// The id of the operation, or of what the entry ends; absent for genesis and commitments.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The stable code of the reason (spec 15), of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
    /// Digest of the details.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    /// What a commitment commits to.
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<CommitmentView>,
}

/// What was decided of an operation.
#[derive(Serialize, ToSchema)]
#[schema(as = Decision)]
pub(in crate::api) struct DecisionView {
    /// The operation.
    id: String,
    /// `applied` or `refused`.
    #[schema(example = "refused")]
    status: &'static str,
    /// The entry that did it.
    #[schema(example = 21)]
    entry: u64,
    /// The stable code of the reason (spec 15), if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What the code means.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
}

impl DecisionView {
    pub(in crate::api) fn new(id: &ObjectId, entry: EntryIndex, code: Option<Code>) -> Self {
        Self {
            id: id.to_string(),
            status: if code.is_some() { "refused" } else { "applied" },
            entry: entry.0,
            code: code.map(Code::text),
            meaning: code.map(Code::meaning),
        }
    }
}

/// The state after a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = Commitment)]
pub(in crate::api) struct CommitmentView {
    /// Leaves of the state tree.
    state_size: u64,
    /// Root of the state tree.
    state_root: String,
    /// Root of the status tree.
    status_root: String,
}

/// Every entry that created or rewrote a leaf. It is complete, because it folds to what the leaf says.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(in crate::api) struct HistoryView {
    /// The leaf.
    leaf: u64,
    /// What the entries fold to (spec 06): the leaf's own `history`.
    folded: String,
    /// The entries in order.
    entries: Vec<EntryView>,
}

/// Everything that the validity of a token ever rested on.
#[derive(Serialize, ToSchema)]
#[schema(as = Validity)]
pub(in crate::api) struct ValidityView {
    /// Size of the log that this is as of.
    size: u64,
    /// The histories of leaf 0, of the issuer, and of the chain, the root first.
    histories: Vec<HistoryView>,
}

/// That the log of one size begins with that of another.
#[derive(Serialize, ToSchema)]
#[schema(as = Consistency)]
pub(in crate::api) struct ConsistencyView {
    /// The smaller size.
    pub(in crate::api) from: u64,
    /// The larger size.
    pub(in crate::api) to: u64,
    /// The hashes of the proof (RFC 9162).
    pub(in crate::api) hashes: Vec<String>,
}

impl EntryView {
    pub(in crate::api) fn new(at: EntryIndex, bytes: &[u8]) -> Result<Self, LedgerError> {
        let entry = Entry::decode(bytes).map_err(|_| LedgerError::Damaged(at))?;
        let view = Self {
            index: at.0,
            bytes: base64_text(bytes),
            leaf_hash: leaf_hash(bytes).to_string(),
            kind: Kind::Genesis.text(),
            time_ms: entry.time().0,
            id: None,
            refused: None,
            details: None,
            commitment: None,
        };
        Ok(match entry {
            Entry::Genesis(_) => view,
            Entry::Commitment(commitment) => Self {
                kind: Kind::Commitment.text(),
                commitment: Some(CommitmentView {
                    state_size: commitment.state_size.0,
                    state_root: commitment.state_root.to_string(),
                    status_root: commitment.status_root.to_string(),
                }),
                ..view
            },
            Entry::Outcome(outcome) => Self {
                kind: outcome.kind.text(),
                id: Some(outcome.id.to_string()),
                refused: outcome.refused.map(Code::text),
                details: Some(outcome.details.to_string()),
                ..view
            },
        })
    }
}

impl HistoryView {
    pub(in crate::api) fn new(history: &History) -> Result<Self, LedgerError> {
        let entries = history.entries.iter().map(|(at, bytes)| EntryView::new(*at, bytes));
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { leaf: history.leaf.0, folded: history.folded.to_string(), entries })
    }
}

impl ValidityView {
    pub(in crate::api) fn new(size: u64, validity: &Validity) -> Result<Self, LedgerError> {
        let histories = validity.histories.iter().map(HistoryView::new).collect::<Result<_, _>>()?;
        Ok(Self { size, histories })
    }
}

/// Hashes in hexadecimal.
pub(in crate::api) fn hex_list(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
