//! What a teller knows of the entries before a snapshot: names, tokens and spends, out of the state that it holds.

use super::teller::{Known, Spend, Teller};
use crate::audit::snapshot::Start;
use crate::cli::text::amount::Unit;
use crate::keys::did;
use crate::machine::{Key, MemoryState, Record, key};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{KeyBytes, ObjectId, StateIndex};

impl Teller {
    /// One that begins with the first entry, or behind a snapshot.
    pub(super) fn behind(start: Option<&Start>) -> Self {
        let mut teller = Self::default();
        if let Some(start) = start {
            teller.next = start.head().size.0;
            start.state.iter().for_each(|(key, record)| teller.know(&start.state, &key, record));
        }
        teller
    }

    fn know(&mut self, state: &MemoryState, key: &Key, record: &Record) {
        match (key, record) {
            (Key::LeafAt(index), Record::LeafAt(record)) => {
                let id = record.leaf.id;
                match &record.leaf.body {
                    LeafBody::Unit(unit) => {
                        let unit = Unit { id, name: unit.name.clone(), decimals: unit.decimals };
                        self.units.insert(id, unit);
                    }
                    LeafBody::Party(party) => drop(self.parties.insert(id, party.name.clone())),
                    LeafBody::Token(token) => {
                        let issuer = state.get(&key::TokenOf(*index)).map(|info| info.issuer);
                        let issuer = issuer.and_then(|issuer| id_of(state, issuer));
                        self.tokens.insert(id, Known { issuer, holder: did::to_text(&token.holder) });
                    }
                    LeafBody::Ledger(_) => {}
                }
            }
            (Key::ReservationOf(id), Record::ReservationOf(of)) => {
                self.spent(state, *id, (of.token, of.payee, of.unit), None);
            }
            (Key::LeaseOf(id), Record::LeaseOf(of)) => {
                self.spent(state, *id, (of.token, of.payee, of.unit), Some(&of.holder));
            }
            (Key::CaptureOf(id), Record::CaptureOf(of)) => drop(self.captures.insert(*id, of.reservation)),
            _ => {}
        }
    }

    fn spent(
        &mut self,
        state: &MemoryState,
        id: ObjectId,
        (token, payee, unit): (StateIndex, StateIndex, StateIndex),
        agent: Option<&KeyBytes>,
    ) {
        let ids = (id_of(state, token), id_of(state, payee), id_of(state, unit));
        if let (Some(token), Some(payee), Some(unit)) = ids {
            self.spends.insert(id, Spend { token, agent: agent.map(did::to_text), payee, unit });
        }
    }
}

fn id_of(state: &MemoryState, index: StateIndex) -> Option<ObjectId> {
    state.get(&key::LeafAt(index)).map(|record| record.leaf.id)
}
