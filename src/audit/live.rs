//! What something live refers to: of which entries objects and details are still needed (docs/retention.md).

use crate::machine::{Key, MemoryState, Offer, Record, Request, key};
use remit_verifier::log::Entry;
use remit_verifier::object::{Act, Body, Kind, Operation, Submission};
use remit_verifier::state::Life;
use remit_verifier::types::{Amount, EntryIndex, Millis, ObjectId, RequestId, StateIndex};
use std::collections::HashSet;

/// What is live in one state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Entries that admitted live tokens and those above them, or made what is open.
    entries: HashSet<EntryIndex>,
    /// Rekeys that are pending, suspensions and freezes in force.
    ids: HashSet<ObjectId>,
    /// Live tokens: what made somebody their holder is how they are found by him.
    tokens: HashSet<ObjectId>,
    /// Requests that wait.
    requests: HashSet<RequestId>,
}

impl Live {
    /// What is live in a state at a time: a token that can still be used, whatever suspends it; a reservation of which
    /// something is left; a lease that is not over; a request that waits; an offer that stands.
    pub fn of(state: &MemoryState, now: Millis) -> Self {
        let mut live = Self::default();
        for (key, record) in state.iter() {
            match (key, record) {
                (Key::LeafAt(index), Record::LeafAt(record)) => {
                    let token = record.leaf.token().filter(|token| !token.expires.passed(now));
                    if token.is_some() && record.leaf.life == Life::Live {
                        live.tokens.insert(record.leaf.id);
                        live.token(state, index);
                    }
                }
                (_, Record::ReservationOf(of))
                    if of.captured.0.saturating_add(of.released.0) < of.amount.0 =>
                {
                    live.holds(state, of.entry, of.token);
                }
                (_, Record::LeaseOf(of)) if !of.over && of.amount > Amount(0) => {
                    live.holds(state, of.entry, of.token);
                }
                (Key::RequestOf(id), Record::RequestOf(Request::Waiting(of))) => {
                    live.requests.insert(id);
                    live.holds(state, of.entry, of.token);
                }
                (_, Record::OfferOf(Offer::Standing(of))) => live.holds(state, of.entry, of.token),
                (Key::RekeyOf(id), _) => drop(live.ids.insert(id)),
                (_, Record::SuspensionOf(by)) => drop(live.ids.insert(*by)),
                _ => {}
            }
        }
        live
    }

    fn holds(&mut self, state: &MemoryState, entry: EntryIndex, token: StateIndex) {
        self.entries.insert(entry);
        self.token(state, token);
    }

    /// A token with all above it: it is presented with them.
    fn token(&mut self, state: &MemoryState, index: StateIndex) {
        let Some(info) = state.get(&key::TokenOf(index)) else { return };
        self.entries.insert(info.entry);
        let above = info.ancestors.iter().filter_map(|above| state.get(&key::TokenOf(*above)));
        self.entries.extend(above.map(|info| info.entry));
    }

    /// Whether what stands beside this entry is to be kept. Who is who is never forgotten: parties, their keys, units,
    /// issuers, and the rules in force. What does not decode is kept, for whoever finds out why.
    pub fn needs(&self, at: EntryIndex, entry: &[u8], object: Option<&[u8]>) -> bool {
        if self.entries.contains(&at) {
            return true;
        }
        match object.map(Submission::decode) {
            Some(Ok(submission)) => submission.operations.iter().any(|operation| self.names(operation)),
            Some(Err(_)) => true,
            None => match Entry::decode(entry) {
                Ok(Entry::Outcome(outcome)) => self.ids.contains(&outcome.id),
                _ => true,
            },
        }
    }

    fn names(&self, operation: &Operation) -> bool {
        let kept = [Kind::Party, Kind::PartyKeys, Kind::Unit, Kind::Issuer, Kind::Upgrade];
        let named = match &operation.body {
            Body::Act(_, Act::Approve { request }, _) => self.requests.contains(request),
            Body::Act(_, Act::Transfer { token, .. }, _) => self.tokens.contains(token),
            Body::Act(_, Act::Rekey { target, .. }, _) => self.tokens.contains(&target.token),
            Body::Act(_, Act::Trade(trade), _) => self.tokens.contains(&trade.token),
            _ => false,
        };
        kept.contains(&operation.kind) || named || self.ids.contains(&operation.id)
    }
}
