//! Finds the entry of an operation, with what stands beside it: asks a ledger, or reads a log from its beginning.

use super::Wanted;
use crate::cli::audit::source::Of;
use crate::cli::out::Failure;
use crate::cli::session::{Connection, Session};
use crate::cli::text::amount::Unit;
use crate::remote::RemoteError;
use crate::store::StoredEntry;
use remit_verifier::c2sp::TlogProof;
use remit_verifier::log::{Details, Entry, Outcome};
use remit_verifier::object::{Act, Body, Kind, Operation, Submission};
use remit_verifier::types::{EntryIndex, Hash, LedgerId, ObjectId, StateIndex};
use std::collections::BTreeMap;

/// An entry that decided something, checked against what stands beside it.
pub(super) struct Found {
    pub(super) at: EntryIndex,
    pub(super) outcome: Outcome,
    /// What was submitted; `None` where the ledger wrote the entry itself, or it is not shown.
    pub(super) submission: Option<Submission>,
    /// What it did; `None` where it is not shown.
    pub(super) details: Option<Details>,
    /// The units that it names, by id and leaf, as far as they are known.
    pub(super) units: Units,
    pub(super) proof: Option<String>,
    /// Size of the checkpoint under which it was checked.
    pub(super) checkpoint: Option<u64>,
    /// Root of a whole log that was read.
    pub(super) root: Option<Hash>,
    /// Whether that log was a folder's.
    pub(super) in_folder: bool,
}

/// Names and decimals of units.
#[derive(Default)]
pub(super) struct Units(BTreeMap<ObjectId, Unit>);

impl Units {
    pub(super) fn get(&self, id: &ObjectId) -> Option<&Unit> {
        self.0.get(id)
    }

    fn learn(&mut self, operation: &Operation) {
        if let Body::Act(_, Act::Unit { name, decimals }, _) = &operation.body {
            let unit = Unit { id: operation.id, name: name.clone(), decimals: *decimals };
            self.0.insert(operation.id, unit);
        }
    }
}

/// Asks a running ledger; what it does not know by its id is looked for in its log.
pub(super) fn over_http(connection: &Connection, wanted: Wanted) -> Result<Option<Found>, Failure> {
    let session = connection.open()?;
    let at = match wanted {
        Wanted::Entry(at) => Some(at),
        Wanted::Operation(id) => match session.remote.json(&format!("/v1/decisions/{id}")) {
            Ok(view) => view["entry"].as_u64().map(EntryIndex),
            Err(RemoteError::Status { status: 404, .. }) => None,
            Err(error) => return Err(crate::cli::session::failure(error)),
        },
    };
    let Some(at) = at else {
        let of = Of::at(session.remote.url(), connection);
        return search(&of, wanted)?.map(|found| prove(&session, found)).transpose();
    };
    let items = session.remote.replay(at.0, 1).map_err(crate::cli::session::failure)?;
    let Some(item) = items.into_iter().next() else { return Ok(None) };
    let found = read(at, &item, &session.ledger)?;
    if let (Wanted::Operation(id), true) = (wanted, !names(&found, &wanted)) {
        let message = format!("entry {at} is not of {id}, as the ledger says");
        return Err(Failure::refused("bad_proof", message));
    }
    prove(&session, found).map(Some)
}

/// Reads the log of a folder.
pub(super) fn in_folder(
    folder: &str,
    connection: &Connection,
    wanted: Wanted,
) -> Result<Option<Found>, Failure> {
    let found = search(&Of::at(folder, connection), wanted)?;
    Ok(found.map(|found| Found { in_folder: true, ..found }))
}

/// The entry's proof, checked if the log's key is known, and the names of its units.
fn prove(session: &Session, mut found: Found) -> Result<Found, Failure> {
    let entry = Entry::Outcome(found.outcome).encode();
    let (proof, checkpoint) = session.prove(found.at, &entry)?;
    // With the entry beside it, the proof is checked by itself.
    let whole = TlogProof::parse(proof.as_bytes()).and_then(|proof| proof.with_extra(entry));
    let whole = whole.map_err(|error| Failure::refused("bad_proof", format!("no proof: {error:?}")))?;
    (found.proof, found.checkpoint) = (Some(whole.to_text()), checkpoint);
    for id in found.submission.iter().flat_map(|all| all.operations.iter().filter_map(unit_of)) {
        if let Ok(unit) = session.unit(&id.to_string()) {
            found.units.0.insert(id, unit);
        }
    }
    Ok(found)
}

/// Reads a whole log: the last entry that decided what is wanted. What applied it comes after what refused it.
fn search(of: &Of, wanted: Wanted) -> Result<Option<Found>, Failure> {
    let log = of.open()?;
    let (mut found, mut units, mut next) = (None, Units::default(), 0);
    let root = log.each(|item| {
        let at = EntryIndex(next);
        next += 1;
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&item.entry) else { return Ok(()) };
        if matches!(outcome.kind, Kind::Unit | Kind::Bundle) {
            let submission = item.object.as_deref().map(Submission::decode);
            submission
                .into_iter()
                .flatten()
                .for_each(|all| all.operations.iter().for_each(|one| units.learn(one)));
        }
        let candidate = match wanted {
            Wanted::Entry(wanted) => wanted == at,
            Wanted::Operation(id) => outcome.id == id || outcome.kind == Kind::Bundle,
        };
        if candidate {
            let read = read(at, &item, &log.ledger)?;
            // An expiry has the id of what it ends; asked for is what that was.
            let ends = outcome.kind.is_written_by_the_ledger() && !matches!(wanted, Wanted::Entry(_));
            if names(&read, &wanted) && !ends {
                found = Some(read);
            }
        }
        Ok(())
    })?;
    Ok(found.map(|found: Found| Found { units, root: Some(root), ..found }))
}

/// Whether the entry is of what is wanted, alone or in a bundle.
fn names(found: &Found, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Entry(at) => found.at == *at,
        Wanted::Operation(id) => {
            let members = found.submission.iter().flat_map(|all| &all.operations);
            found.outcome.id == *id || members.map(|member| member.id).any(|member| member == *id)
        }
    }
}

/// An entry that decided something, with its object and details held against it.
fn read(at: EntryIndex, item: &StoredEntry, ledger: &LedgerId) -> Result<Found, Failure> {
    let none = || {
        Failure::refused("not_found", format!("entry {at} decides nothing: it is the ledger's own"))
            .hint("the beginning of the log, or a commitment to the state: `remit show` says how it stands")
    };
    let Ok(Entry::Outcome(outcome)) = Entry::decode(&item.entry) else { return Err(none()) };
    let damaged = |what: &str| {
        Failure::refused(
            "bad_proof",
            format!("what stands beside entry {at} as its {what} is not what it names"),
        )
    };
    let submission = match &item.object {
        Some(object) => {
            let submission = Submission::decode(object).map_err(|_| damaged("object"))?;
            let fits = submission.id == outcome.id && submission.ledger == *ledger;
            Some(fits.then_some(submission).ok_or_else(|| damaged("object"))?)
        }
        None => None,
    };
    let details = item.details.clone();
    if details.as_ref().is_some_and(|details| details.digest() != outcome.details) {
        return Err(damaged("details"));
    }
    let (units, proof) = (Units::default(), None);
    let (checkpoint, root, in_folder) = (None, None, false);
    Ok(Found { at, outcome, submission, details, units, proof, checkpoint, root, in_folder })
}

/// The unit that an operation names.
pub(super) fn unit_of(operation: &Operation) -> Option<ObjectId> {
    match &operation.body {
        Body::Reserve(invocation, ..) => invocation.payment.map(|payment| payment.unit),
        Body::Act(_, Act::Request(of), _) => Some(of.unit),
        Body::Act(_, Act::Lease(of), _) => Some(of.unit),
        Body::Act(_, Act::Offer(of), _) => of.price.map(|price| price.unit),
        _ => None,
    }
}

/// The token that a spend names.
pub(super) fn token_of(operation: &Operation) -> Option<ObjectId> {
    match &operation.body {
        Body::Reserve(invocation, ..) => Some(invocation.token),
        Body::Act(_, Act::Request(of), _) => Some(of.token),
        Body::Act(_, Act::Lease(of), _) => Some(of.token),
        _ => None,
    }
}

/// Leaf 0 is the ledger.
pub(super) const LEDGER: StateIndex = StateIndex(0);
