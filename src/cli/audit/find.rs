//! Finds an entry of a log by its index, or by the id of what it decided, alone or in a bundle.

use super::source::Log;
use crate::cli::explain::Wanted;
use crate::cli::out::Failure;
use crate::store::StoredEntry;
use remit_verifier::log::{Entry, Outcome};
use remit_verifier::object::{Kind, Submission};
use remit_verifier::types::{EntryIndex, ObjectId};

/// The entry; by an id the last one that decided it. To look for an id the whole log is read and held against its
/// checkpoints; one entry by its index is for the caller to prove.
pub(super) fn find(log: &Log, wanted: Wanted) -> Result<(EntryIndex, StoredEntry), Failure> {
    let id = match wanted {
        Wanted::Entry(at) => {
            let item = if at.0 < log.size.0 { log.items(at, 1)?.into_iter().next() } else { None };
            return item.map(|item| (at, item)).ok_or_else(|| {
                Failure::refused("not_found", format!("the log has no entry {at}: it has {}", log.size))
            });
        }
        Wanted::Operation(id) => id,
    };
    let (mut found, mut next) = (None, 0);
    log.each(|item| {
        if decides(&item, &id) {
            found = Some((EntryIndex(next), item));
        }
        next += 1;
        Ok(())
    })?;
    found.ok_or_else(|| Failure::refused("not_found", format!("no entry of the log is of {id}")))
}

/// Whether an entry decided what has this id. What the ledger wrote itself has the id of what it ends.
fn decides(item: &StoredEntry, id: &ObjectId) -> bool {
    let Ok(Entry::Outcome(outcome)) = Entry::decode(&item.entry) else { return false };
    if outcome.kind.is_written_by_the_ledger() && outcome.refused.is_none() {
        return false;
    }
    outcome.id == *id || outcome.kind == Kind::Bundle && members(item, &outcome).any(|member| member == *id)
}

/// The ids of the operations of an entry, of which the object is at hand.
fn members(item: &StoredEntry, outcome: &Outcome) -> impl Iterator<Item = ObjectId> {
    let submission = item.object.as_deref().and_then(|object| Submission::decode(object).ok());
    let submission = submission.filter(|submission| submission.id == outcome.id);
    submission.into_iter().flat_map(|submission| submission.operations).map(|operation| operation.id)
}
