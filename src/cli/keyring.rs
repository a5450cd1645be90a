//! The keys of a party, by what it signed itself: its id is that of the operation that registered it with its first
//! keys, and each change of them is signed by a key of before and by each that is new. A server that shows another key
//! among them would have the party sign it in.

use super::out::Failure;
use super::proved::other;
use super::session::Session;
use remit_verifier::key::PublicKey;
use remit_verifier::object::{Act, Body, Operation};
use remit_verifier::types::{Generation, ObjectId};

/// The keys of a party, and how often they changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keyring {
    /// As it called itself when it was registered.
    pub(super) name: String,
    pub(super) present: Vec<PublicKey>,
    /// Those that left.
    pub(super) retired: Vec<PublicKey>,
    pub(super) generation: Generation,
}

impl Session {
    /// The keys of a party. A server can hide the newest change, and a change that is built on older ones is refused.
    pub(super) fn keyring(&self, party: &ObjectId) -> Result<Keyring, Failure> {
        let bad = || other(&format!("party {party}"));
        let view = self.json(&format!("/v1/parties/{party}"))?;
        let mut keyring = None;
        for entry in view["entries"].as_array().ok_or_else(bad)? {
            for operation in self.operations(entry)? {
                keyring = next(keyring, party, &operation).map_err(|Unfounded| bad())?;
            }
        }
        keyring.ok_or_else(bad)
    }
}

/// An operation changes keys and does not stand on those of before.
struct Unfounded;

/// The keys after an operation; those of before if it is about something else.
fn next(
    before: Option<Keyring>,
    party: &ObjectId,
    operation: &Operation,
) -> Result<Option<Keyring>, Unfounded> {
    match (&operation.body, before) {
        (Body::Act(_, Act::Party { name, keys }, _), None) if operation.id == *party => {
            if operation.signers != *keys {
                return Err(Unfounded);
            }
            let (name, present) = (name.clone(), keys.clone());
            Ok(Some(Keyring { name, present, retired: Vec::new(), generation: Generation(0) }))
        }
        (Body::Act(_, Act::PartyKeys { party: of, generation, keys, compromised }, _), Some(before))
            if of == party =>
        {
            let (first, others) = operation.signers.split_first().ok_or(Unfounded)?;
            let added = keys.iter().filter(|key| !before.present.contains(key));
            let signed = before.present.contains(first) && !compromised.contains(first);
            if !signed || *generation != before.generation || !added.eq(others) {
                return Err(Unfounded);
            }
            let generation = generation.next().ok_or(Unfounded)?;
            let left = before.present.into_iter().filter(|key| !keys.contains(key));
            let retired = before.retired.into_iter().chain(left).collect();
            Ok(Some(Keyring { name: before.name, present: keys.clone(), retired, generation }))
        }
        (_, before) => Ok(before),
    }
}
