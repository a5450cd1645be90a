//! Parties and units as JSON.

use super::LeafView;
use crate::keys::did;
use crate::machine::LeafRecord;
use remit_verifier::state::{LeafBody, Retired};
use remit_verifier::types::{EntryIndex, KeyBytes};
use serde::Serialize;
use utoipa::ToSchema;

/// A party: an issuer, a service, or both.
#[derive(Serialize, ToSchema)]
#[schema(as = Party)]
pub(in crate::api) struct PartyView {
    #[serde(flatten)]
    leaf: LeafView,
    /// Its name for people; nobody vouches for it.
    #[schema(example = "Hotel")]
    name: String,
    /// Its keys.
    keys: Vec<String>,
    /// Keys that it had, oldest first.
    retired: Vec<RetiredView>,
    /// Whether the operators appointed it as an issuer.
    issuer: bool,
    /// The entries that made it what it is, if one party was asked for: its id is that of the operation which
    /// registered it, and each change of its keys is signed by one of those before. Absent if they are more than a
    /// page.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<Vec<u64>>,
}

/// A key that a party had.
#[derive(Serialize, ToSchema)]
#[schema(as = RetiredKey)]
pub(in crate::api) struct RetiredView {
    /// The key.
    key: String,
    /// `rotated`: what it signed and was admitted stays good; `compromised`: good for nothing.
    #[schema(example = "rotated")]
    why: &'static str,
}

/// Parties that are issuers.
#[derive(Serialize, ToSchema)]
#[schema(as = Issuers)]
pub(in crate::api) struct IssuersView {
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The issuers, in order of their leaves.
    pub(in crate::api) issuers: Vec<PartyView>,
    /// Ask for `after` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

/// A unit of value.
#[derive(Serialize, ToSchema)]
#[schema(as = Unit)]
pub(in crate::api) struct UnitView {
    #[serde(flatten)]
    leaf: LeafView,
    /// Its name.
    #[schema(example = "CNY")]
    name: String,
    /// Its decimals: amounts count minor units, of which ten to this power make one.
    #[schema(example = 2)]
    decimals: u64,
    /// The entry that registered it: its id is that of the operation which was submitted for it. Absent if it was
    /// frozen and released too often since to tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
}

impl PartyView {
    /// A party's leaf; `None` for another.
    pub(in crate::api) fn new(record: &LeafRecord, size: u64) -> Option<Self> {
        let LeafBody::Party(party) = &record.leaf.body else { return None };
        let retired = |(key, why): &(KeyBytes, Retired)| RetiredView {
            key: did::to_text(key),
            why: match why {
                Retired::Rotated => "rotated",
                Retired::Compromised => "compromised",
            },
        };
        Some(Self {
            leaf: LeafView::new(&record.leaf, size),
            name: party.name.clone(),
            keys: party.keys.iter().map(did::to_text).collect(),
            retired: party.retired.iter().map(retired).collect(),
            issuer: party.issuer,
            entries: None,
        })
    }

    /// The same with the entries that made it what it is.
    pub(in crate::api) fn written_at(self, entries: Option<Vec<EntryIndex>>) -> Self {
        let entries = entries.map(|entries| entries.iter().map(|entry| entry.0).collect());
        Self { entries, ..self }
    }

    pub(in crate::api) fn is_issuer(&self) -> bool {
        self.issuer
    }
}

impl UnitView {
    /// A unit's leaf; `None` for another.
    pub(in crate::api) fn new(record: &LeafRecord, size: u64, entry: Option<EntryIndex>) -> Option<Self> {
        let unit = record.leaf.unit()?;
        let leaf = LeafView::new(&record.leaf, size);
        let entry = entry.map(|entry| entry.0);
        Some(Self { leaf, name: unit.name.clone(), decimals: unit.decimals, entry })
    }
}
