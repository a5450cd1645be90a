//! What the entries of a log say, one after the other: who, what, of whose value, to whom. It knows what objects and
//! details beside the entries say, each held to its entry, and decides nothing.

use crate::cli::out::Failure;
use crate::cli::text::amount::Unit;
use crate::cli::text::plain;
use crate::keys::did;
use crate::store::StoredEntry;
use remit_verifier::code::Code;
use remit_verifier::log::{Common, Entry, Facts, Outcome};
use remit_verifier::object::{Act, Body, Kind, Operation, Origin, Submission, Target};
use remit_verifier::types::{Amount, EntryIndex, Millis, ObjectId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One operation of an entry; of an entry without any, the entry itself.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) entry: EntryIndex,
    pub(super) time: Millis,
    pub(super) kind: Kind,
    /// Why it was refused, if it was.
    pub(super) refused: Option<Code>,
    /// The operation; of what the ledger wrote itself, what it ends; nothing of genesis and commitments.
    pub(super) id: Option<ObjectId>,
    /// The token that it is of, its issuer, and who spends by it.
    pub(super) token: Option<ObjectId>,
    pub(super) issuer: Option<ObjectId>,
    pub(super) agent: Option<String>,
    pub(super) payee: Option<ObjectId>,
    pub(super) unit: Option<ObjectId>,
    pub(super) amount: Option<Amount>,
    /// The reservation, lease, capture, request or offer that is named.
    pub(super) subject: Option<ObjectId>,
}

/// What becomes of a spend, whichever entries do it.
#[derive(Clone, Debug)]
pub(super) struct Spend {
    pub(super) token: ObjectId,
    /// Who signed it; of what lies before a snapshot that is not known.
    pub(super) agent: Option<String>,
    pub(super) payee: ObjectId,
    pub(super) unit: ObjectId,
}

/// An admitted token.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) issuer: Option<ObjectId>,
    pub(super) holder: String,
}

/// What was told so far: names, tokens, spends.
#[derive(Default)]
pub(super) struct Teller {
    pub(super) units: BTreeMap<ObjectId, Unit>,
    pub(super) parties: BTreeMap<ObjectId, String>,
    pub(super) tokens: BTreeMap<ObjectId, Known>,
    /// Reservations, leases and requests by their ids; captures by the spend that they are of.
    pub(super) spends: BTreeMap<ObjectId, Spend>,
    pub(super) captures: BTreeMap<ObjectId, ObjectId>,
    pub(super) next: u64,
}

impl Teller {
    /// What the next entry says; its object and details must be those that it names.
    pub(super) fn tell(&mut self, item: &StoredEntry) -> Result<Vec<Row>, Failure> {
        let at = EntryIndex(self.next);
        self.next += 1;
        self.tell_at(at, item)
    }

    /// How many entries were told.
    pub(super) fn told(&self) -> u64 {
        self.next
    }

    fn tell_at(&mut self, at: EntryIndex, item: &StoredEntry) -> Result<Vec<Row>, Failure> {
        let damaged = |what: &str| {
            let message = format!("what stands beside entry {at} as its {what} is not what it names");
            Failure::refused("bad_proof", message)
        };
        let entry = Entry::decode(&item.entry);
        let entry = entry.map_err(|error| Failure::refused("damaged", format!("entry {at}: {error:?}")))?;
        let outcome = match entry {
            Entry::Outcome(outcome) => outcome,
            Entry::Genesis(_) => return Ok(vec![bare(at, entry.time(), Kind::Genesis)]),
            Entry::Commitment(_) => return Ok(vec![bare(at, entry.time(), Kind::Commitment)]),
        };
        let submission = item.object.as_deref().map(Submission::decode).transpose();
        let submission = submission.map_err(|_| damaged("object"))?;
        if submission.as_ref().is_some_and(|submission| submission.id != outcome.id) {
            return Err(damaged("object"));
        }
        if item.details.as_ref().is_some_and(|details| details.digest() != outcome.details) {
            return Err(damaged("details"));
        }
        let common = item.details.as_ref().map(|details| Common::decode(&details.common)).transpose();
        let facts = common.map_err(|_| damaged("details"))?.map(|common| common.facts).unwrap_or_default();
        let fact = |place: usize| facts.get(place).copied().unwrap_or_default();
        let operations = submission.map(|submission| submission.operations).unwrap_or_default();
        if operations.is_empty() {
            return Ok(vec![self.ended(at, &outcome, fact(0))]);
        }
        let rows = operations.iter().enumerate().map(|(place, operation)| {
            let mut row = self.row(at, &outcome, operation, fact(place));
            if let (Body::Act(_, Act::Trade(trade), _), Kind::Trade) = (&operation.body, operation.kind) {
                self.pay(&mut row, operations.get(usize::from(trade.payment)));
            }
            row
        });
        Ok(rows.collect())
    }

    /// What the ledger wrote itself, or of which the object is not at hand.
    fn ended(&self, at: EntryIndex, outcome: &Outcome, facts: Facts) -> Row {
        let of = self.spends.get(&outcome.id).cloned();
        let row = Row {
            refused: outcome.refused,
            id: Some(outcome.id),
            amount: facts.amount,
            subject: facts.subject,
            ..bare(at, outcome.time, outcome.kind)
        };
        let token = Some(outcome.id).filter(|id| self.tokens.contains_key(id));
        self.of(Row { token, ..row }, of)
    }

    fn row(&mut self, at: EntryIndex, outcome: &Outcome, operation: &Operation, facts: Facts) -> Row {
        let row = Row {
            refused: outcome.refused,
            id: Some(operation.id),
            amount: facts.amount,
            subject: facts.subject,
            ..bare(at, outcome.time, operation.kind)
        };
        let agent = operation.signers.first().map(|key| did::to_text(key.bytes()));
        let spend = spend_of(operation, agent);
        let subject = facts.subject;
        if outcome.refused.is_none() {
            self.learn(operation, spend.clone(), subject);
        }
        let named = subject.and_then(|id| self.spends.get(self.captures.get(&id).unwrap_or(&id))).cloned();
        let row = self.of(Row { token: token_of(operation), ..row }, spend.or(named));
        match &operation.body {
            // The price that is asked; nothing moves.
            Body::Act(_, Act::Offer(offer), _) => Row {
                payee: offer.price.map(|price| price.payee),
                unit: offer.price.map(|price| price.unit),
                ..row
            },
            _ => row,
        }
    }

    /// A purchase takes its price out of a reservation of the same bundle.
    fn pay(&mut self, row: &mut Row, payment: Option<&Operation>) {
        let Some(payment) = payment else { return };
        let of = self.spends.get(&payment.id).cloned();
        if let Some(id) = row.id {
            self.captures.insert(id, payment.id);
        }
        *row = self.of(Row { token: None, ..row.clone() }, of);
    }

    /// The row with what is known of its spend and token.
    fn of(&self, row: Row, spend: Option<Spend>) -> Row {
        let token = spend.as_ref().map(|spend| spend.token).or(row.token);
        let (agent, payee, unit) = match spend {
            Some(spend) => (spend.agent, Some(spend.payee), Some(spend.unit)),
            None => (None, None, None),
        };
        let issuer = token.and_then(|token| self.tokens.get(&token)).and_then(|known| known.issuer);
        Row { token, issuer, agent: agent.or(row.agent), payee, unit, ..row }
    }

    fn learn(&mut self, operation: &Operation, spend: Option<Spend>, subject: Option<ObjectId>) {
        if let Some(spend) = spend {
            self.spends.insert(operation.id, spend);
        }
        match &operation.body {
            Body::Token(token, _) => {
                let issuer = match token.origin {
                    Origin::Root { issuer } => Some(issuer),
                    Origin::Logged { parent, .. } | Origin::Offline { parent, .. } => {
                        self.tokens.get(&parent).and_then(|known| known.issuer)
                    }
                };
                let holder = did::to_text(token.holder.bytes());
                self.tokens.insert(operation.id, Known { issuer, holder });
            }
            Body::Act(_, Act::Unit { name, decimals }, _) => {
                let unit = Unit { id: operation.id, name: name.clone(), decimals: *decimals };
                self.units.insert(operation.id, unit);
            }
            Body::Act(_, Act::Party { name, .. }, _) => {
                self.parties.insert(operation.id, name.clone());
            }
            Body::Act(_, Act::Transfer { token, holder, .. }, _) => self.hold(token, holder.bytes()),
            Body::Act(_, Act::Capture { .. } | Act::Settle { .. }, _) => {
                if let Some(subject) = subject {
                    self.captures.insert(operation.id, subject);
                }
            }
            _ => {}
        }
    }

    fn hold(&mut self, token: &ObjectId, holder: &remit_verifier::types::KeyBytes) {
        if let Some(known) = self.tokens.get_mut(token) {
            known.holder = did::to_text(holder);
        }
    }

    /// One that knows units and parties, for what is shown of them.
    #[cfg(test)]
    pub(super) fn knowing(units: &[(ObjectId, &str, u64)], parties: &[(ObjectId, &str)]) -> Self {
        let unit = |(id, name, decimals): &(ObjectId, &str, u64)| {
            (*id, Unit { id: *id, name: (*name).into(), decimals: *decimals })
        };
        let units = units.iter().map(unit).collect();
        let parties = parties.iter().map(|(id, name)| (*id, (*name).into())).collect();
        Self { units, parties, ..Self::default() }
    }

    /// The unit; one that the log does not register is counted in its minor units.
    pub(super) fn unit(&self, id: &ObjectId) -> Unit {
        let unknown = || Unit { id: *id, name: id.to_string(), decimals: 0 };
        self.units.get(id).cloned().unwrap_or_else(unknown)
    }

    /// What a party calls itself.
    pub(super) fn party(&self, id: &ObjectId) -> Option<&str> {
        self.parties.get(id).map(String::as_str)
    }
}

fn bare(entry: EntryIndex, time: Millis, kind: Kind) -> Row {
    let (refused, id, token, issuer) = (None, None, None, None);
    let (agent, payee, unit, amount, subject) = (None, None, None, None, None);
    Row { entry, time, kind, refused, id, token, issuer, agent, payee, unit, amount, subject }
}

/// What a reserve, lease or request spends.
fn spend_of(operation: &Operation, agent: Option<String>) -> Option<Spend> {
    match &operation.body {
        Body::Reserve(invocation, links) => {
            let unit = invocation.payment?.unit;
            // An offline link has no value of its own: it stands for the logged token above it.
            let token = match links.first().map(|link| &link.token.origin) {
                Some(Origin::Offline { parent, .. }) => *parent,
                _ => invocation.token,
            };
            Some(Spend { token, agent, payee: invocation.audience, unit })
        }
        Body::Act(_, Act::Lease(lease), _) => {
            Some(Spend { token: lease.token, agent, payee: lease.payee, unit: lease.unit })
        }
        Body::Act(_, Act::Request(ask), _) => {
            Some(Spend { token: ask.token, agent, payee: ask.payee, unit: ask.unit })
        }
        _ => None,
    }
}

/// The token that an operation makes or acts on.
fn token_of(operation: &Operation) -> Option<ObjectId> {
    let of = |target: &Target| Some(target.token);
    match &operation.body {
        Body::Token(..) => Some(operation.id),
        Body::Reserve(invocation, ..) => Some(invocation.token),
        Body::Act(_, act, _) => match act {
            Act::Transfer { token, .. } | Act::Veto { token, .. } => Some(*token),
            Act::Rekey { target, .. } | Act::Resume { target, .. } => of(target),
            Act::Suspend(target) | Act::Revoke(target) | Act::Cut(target) | Act::End(target) => of(target),
            Act::Offer(offer) => Some(offer.token),
            Act::Trade(trade) => Some(trade.token),
            _ => None,
        },
    }
}

impl Teller {
    /// A row in words, without its place and time.
    pub(super) fn words(&self, row: &Row) -> String {
        let mut text = row.kind.text().replace('_', " ");
        if let Some(amount) = row.amount {
            match row.unit {
                Some(unit) => text.push_str(&format!(" of {}", self.unit(&unit).show(amount))),
                None => text.push_str(&format!(" of {amount} minor units")),
            }
        }
        if let Some(payee) = &row.payee {
            text.push_str(&format!(", payee {}", self.named(payee)));
        }
        if let Some(token) = &row.token {
            text.push_str(&format!(", token {}", short(token)));
        }
        if let Some(agent) = &row.agent {
            // What a payee signs is of what an agent spent.
            let of = match row.kind {
                Kind::Capture | Kind::Settle | Kind::Release | Kind::Refund | Kind::LeaseClose => "spent by",
                _ => "by",
            };
            text.push_str(&format!(", {of} {agent}"));
        }
        if let Some(code) = row.refused {
            text = format!("REFUSED {}: {text}", code.text());
        }
        text
    }

    /// A party by the name that it gives itself, and its id.
    pub(super) fn named(&self, party: &ObjectId) -> String {
        match self.party(party) {
            Some(name) => format!("{} ({})", plain(name), short(party)),
            None => short(party),
        }
    }

    /// The row for programs.
    pub(super) fn view(&self, row: &Row) -> Value {
        let unit = row.unit.map(|unit| self.unit(&unit));
        json!({
            "entry": row.entry.0,
            "time_ms": row.time.0,
            "kind": row.kind.text(),
            "status": if row.refused.is_some() { "refused" } else { "applied" },
            "code": row.refused.map(Code::text),
            "id": row.id.map(|id| id.to_string()),
            "token": row.token.map(|id| id.to_string()),
            "issuer": row.issuer.map(|id| id.to_string()),
            "agent": row.agent,
            "payee": row.payee.map(|id| id.to_string()),
            "unit": row.unit.map(|id| id.to_string()),
            "unit_name": unit.map(|unit| unit.name),
            "amount": row.amount.map(|amount| amount.0.to_string()),
            "subject": row.subject.map(|id| id.to_string()),
        })
    }
}

/// The beginning of an id, for people.
pub(super) fn short(id: &ObjectId) -> String {
    let mut text: String = id.to_string().chars().take(12).collect();
    text.push('…');
    text
}
