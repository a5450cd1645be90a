//! What the ledger keeps, as JSON: ids in hexadecimal, amounts as decimal strings in minor units, keys as `did:key`.
//!
//! A view shows; it decides nothing, and nothing is computed from it.

mod approval;
mod budget;
mod entry;
mod lease;
mod offer;
mod party;
mod search;
mod token;
mod value;
mod verdict;

pub(super) use approval::{AskedView, RequestView};
pub(super) use entry::{ConsistencyView, DecisionView, EntryView, HistoryView, ValidityView, hex_list};
pub(super) use lease::LeaseView;
pub(super) use offer::{OfferView, OffersView};
pub(super) use party::{IssuersView, PartyView, UnitView};
pub(super) use search::{ChildrenView, NameView, NamesView, SearchView};
pub(super) use token::{HeldView, HoldingView, TokenView};
pub(super) use value::{CaptureView, ReservationView};
pub(super) use verdict::VerdictView;

use remit_verifier::merkle::TreeHead;
use remit_verifier::state::{Leaf, Life, MASK_OPERATOR};
use serde::Serialize;
use utoipa::ToSchema;

/// Bytes as they are, mostly CBOR of the specification; not base64.
#[derive(ToSchema)]
#[schema(as = Bytes, value_type = String, format = Binary)]
#[allow(dead_code)] // Only described.
pub(super) struct Binary(Vec<u8>);

/// Size and root of the log.
#[derive(Serialize, ToSchema)]
#[schema(as = Head)]
pub(super) struct HeadView {
    /// Number of entries.
    #[schema(example = 24)]
    size: u64,
    /// RFC 6962 root over them.
    root: String,
}

impl HeadView {
    pub(super) fn new(head: &TreeHead) -> Self {
        Self { size: head.size.0, root: head.root.to_string() }
    }
}

/// The ledger at a glance.
#[derive(Serialize, ToSchema)]
#[schema(as = Log)]
pub(super) struct LogView {
    /// Name of the ledger: the hash of its first entry.
    pub(super) ledger: String,
    /// Origin of its checkpoints.
    #[schema(example = "ledger.example/main")]
    pub(super) origin: String,
    /// The key that signs its checkpoints.
    #[schema(example = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")]
    pub(super) log_key: String,
    /// The same as a line of a verifier's policy names it.
    pub(super) log_vkey: String,
    /// The operators' keys.
    pub(super) operators: Vec<String>,
    /// How many of them must sign.
    pub(super) threshold: u64,
    /// The version of the rules in force.
    pub(super) rules: u64,
    /// Ledger time of the published version.
    pub(super) time_ms: u64,
    /// The log as it is synced and acknowledged.
    pub(super) durable: HeadView,
    /// The log as its checkpoint was last signed.
    pub(super) signed: HeadView,
    /// The log as readers see it.
    pub(super) published: HeadView,
    /// Who cosigns, and how far they have come; none if the log's word alone counts.
    pub(super) witnesses: Vec<WitnessView>,
    /// `running`, `read_only`, `clock_ahead`, `draining` or `stopped`.
    #[schema(example = "running")]
    pub(super) state: &'static str,
}

/// How it stands with a witness.
#[derive(Serialize, ToSchema)]
#[schema(as = Witness)]
pub(super) struct WitnessView {
    /// Its name in the configuration.
    #[schema(example = "w1")]
    pub(super) name: String,
    /// Its key, as a line of a verifier's policy names it.
    pub(super) vkey: String,
    /// Size that it cosigned last since the start.
    pub(super) size: u64,
    /// The time in that cosignature, unix seconds; 0 if there is none.
    pub(super) time_s: u64,
    /// Attempts since the start that came to no cosignature.
    pub(super) failures: u64,
    /// Why the last attempt came to none, if it did.
    pub(super) trouble: Option<String>,
    /// Whether it showed a note of this log's own key over a history that this ledger does not have.
    pub(super) other_history: bool,
}

impl From<crate::ledger::WitnessStatus> for WitnessView {
    fn from(status: crate::ledger::WitnessStatus) -> Self {
        let crate::ledger::WitnessStatus { name, vkey, size, time, failures, trouble, other_history } =
            status;
        Self { name, vkey, size: size.0, time_s: time.0, failures, trouble, other_history }
    }
}

/// What every kind of leaf has.
#[derive(Serialize, ToSchema)]
#[schema(as = Leaf)]
pub(super) struct LeafView {
    /// The id of the object that created it.
    pub(super) id: String,
    /// Its place in the state tree.
    pub(super) index: u64,
    /// Size of the log that this is as of.
    pub(super) size: u64,
    /// `live`, `revoked` or `ended`.
    #[schema(example = "live")]
    pub(super) status: &'static str,
    /// Who suspends it: `operator`, `issuer`, or the `holder` of a link of the chain by number, the root being 1.
    pub(super) suspended_by: Vec<String>,
    /// Raised by transfers.
    pub(super) epoch: u64,
    /// Raised by cuts and changes of keys.
    pub(super) generation: u64,
    /// Running hash over the entries that rewrote it; its history folds to this.
    pub(super) history: String,
}

impl LeafView {
    pub(super) fn new(leaf: &Leaf, size: u64) -> Self {
        Self {
            id: leaf.id.to_string(),
            index: leaf.index.0,
            size,
            status: life(leaf.life),
            suspended_by: suspended_by(leaf.mask),
            epoch: leaf.epoch.0,
            generation: leaf.generation.0,
            history: leaf.history.to_string(),
        }
    }
}

fn life(life: Life) -> &'static str {
    match life {
        Life::Live => "live",
        Life::Revoked => "revoked",
        Life::Ended => "ended",
    }
}

/// The bits of a mask by name.
fn suspended_by(mask: u16) -> Vec<String> {
    let set = (0..u16::BITS).filter(|bit| mask >> bit & 1 == 1);
    let name = |bit: u32| match bit {
        0 => "operator".to_owned(),
        1 => "issuer".to_owned(),
        bit => format!("holder {}", bit - 1),
    };
    const { assert!(MASK_OPERATOR == 1) };
    set.map(name).collect()
}

/// Bytes in base64, as JSON carries them.
pub(super) fn base64_text(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64::encode_string(bytes)
}

/// Reads padded base64 of at most `most` bytes.
pub(super) fn base64_bytes(text: &str, most: usize) -> Option<Vec<u8>> {
    use base64ct::Encoding;
    base64ct::Base64::decode_vec(text).ok().filter(|bytes| bytes.len() <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_a_mask_have_names() {
        assert_eq!(suspended_by(0), [""; 0]);
        assert_eq!(suspended_by(0b1111), ["operator", "issuer", "holder 1", "holder 2"]);
        assert_eq!(suspended_by(1 << 9), ["holder 8"]);
    }
}
