//! The state as the rules see it: typed keys to typed records, read at one point.

use remit_verifier::code::Code;
use remit_verifier::object::{Budget, Token};
use remit_verifier::state::{Counters, Leaf, Values};
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, KeyBytes, LedgerId, Millis, Nonce, ObjectId, RequestId, Seconds, StateIndex,
};
use std::sync::Arc;

/// Where the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Head {
    /// Its name.
    pub ledger: LedgerId,
    /// The key that signs its checkpoints; no party may use it.
    pub log_key: KeyBytes,
    /// Index of the next entry.
    pub next_entry: EntryIndex,
    /// Index of the next state leaf.
    pub next_leaf: StateIndex,
    /// Time of the last entry.
    pub time: Millis,
}

/// One state leaf with what only the ledger keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRecord {
    /// The leaf, as it is hashed into the state tree.
    pub leaf: Leaf,
    /// For a token: what its leaf only commits to.
    pub private: Option<Private>,
}

/// The part of a token's record that is not in its leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// Salts its values and parts of details; renewed by a transfer.
    pub secret: [u8; 32],
    /// Its counters, and a rekey that somebody upstream proposed and that runs.
    pub values: Values,
}

/// What a token is, from its admission on for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its id.
    pub id: ObjectId,
    /// The entry that admitted it.
    pub entry: EntryIndex,
    /// The key that signed it.
    pub signer: KeyBytes,
    /// Its claims.
    pub token: Token,
    /// Its sealed budgets with the leaves of their units, in order of the units' ids; `None` inherits.
    pub budgets: Option<Vec<(StateIndex, Budget)>>,
    /// The leaf of the root's issuer.
    pub issuer: StateIndex,
    /// The leaves of the tokens above it, the root first.
    pub ancestors: Vec<StateIndex>,
}

/// Value held for a payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The entry that made it.
    pub entry: EntryIndex,
    /// The logged token on which it posts.
    pub token: StateIndex,
    /// The offline links below it with a budget of their own, by id, with its bound on gross refunds.
    pub links: Vec<(ObjectId, Option<Amount>)>,
    /// The unit.
    pub unit: StateIndex,
    /// The payee.
    pub payee: StateIndex,
    /// What was reserved.
    pub amount: Amount,
    /// What the payee took of it.
    pub captured: Amount,
    /// What came back of it, released or expired.
    pub released: Amount,
    /// How many captures there were.
    pub captures: u64,
    /// The second of that entry.
    pub at: Seconds,
    /// Until when the payee may capture.
    pub settle_by: Seconds,
    /// Until when he may refund.
    pub refund_until: Option<Seconds>,
    /// Nonce of the invocation; salts the details of an expiry.
    pub nonce: Nonce,
}

/// Value locked for one till of a payee (spec 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The entry that opened it.
    pub entry: EntryIndex,
    /// The logged token on which it posts.
    pub token: StateIndex,
    /// The unit.
    pub unit: StateIndex,
    /// Its id, which the voucher names.
    pub unit_id: ObjectId,
    /// The payee.
    pub payee: StateIndex,
    /// Its id, which the voucher names.
    pub payee_id: ObjectId,
    /// Who opened it, and alone signs its vouchers.
    pub holder: KeyBytes,
    /// What was leased.
    pub amount: Amount,
    /// The second of that entry.
    pub at: Seconds,
    /// Until when the payee may settle.
    pub settle_by: Seconds,
    /// Until when he may refund.
    pub refund_until: Option<Seconds>,
    /// Nonce of the lease; salts the details of an expiry.
    pub nonce: Nonce,
    /// Whether it was settled, closed or expired.
    pub over: bool,
}

/// Value that a payee took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The reservation, or the lease that was settled.
    pub reservation: ObjectId,
    /// How much.
    pub amount: Amount,
    /// How much of it was refunded.
    pub refunded: Amount,
}

/// What became of a request for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// It waits.
    Waiting(Waiting),
    /// It was carried out, taken back or refused, or its time has run out.
    Closed,
}

/// A request that waits for approvers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The entry that made it.
    pub entry: EntryIndex,
    /// The token.
    pub token: StateIndex,
    /// The unit.
    pub unit: StateIndex,
    /// Who is to be paid.
    pub payee: StateIndex,
    /// How much waits.
    pub amount: Amount,
    /// Who has said yes, in order.
    pub approved: Vec<KeyBytes>,
    /// Until when it waits.
    pub decide_by: Seconds,
    /// Its nonce; salts the details of its expiry.
    pub nonce: Nonce,
}

impl Waiting {
    /// The leaves of which a stop ends it (spec 17 §5), `token` being its own: ledger, issuer, unit, payee, and the
    /// token's chain, the root first.
    pub fn rests_on(&self, token: &TokenInfo) -> impl Iterator<Item = StateIndex> {
        let fixed = [StateIndex(0), token.issuer, self.unit, self.payee];
        fixed.into_iter().chain(token.ancestors.iter().copied()).chain([self.token])
    }
}

/// A spend that was refused by an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The entry.
    pub entry: EntryIndex,
    /// Why.
    pub code: Code,
}

/// How many there were in the newest span in which there was one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The first second of the span.
    pub start: Seconds,
    /// How many.
    pub count: u64,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It was neither taken nor replaced nor withdrawn.
    Standing(Standing),
    /// It is no more to be had.
    Closed,
}

/// A token that is to be had for a price (spec 18 §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The entry that made it.
    pub entry: EntryIndex,
    /// The token.
    pub token: StateIndex,
    /// Its epoch; the offer is void in every other.
    pub epoch: Epoch,
    /// Who made it; it is void once he is not the holder.
    pub seller: KeyBytes,
    /// Who is paid.
    pub payee: StateIndex,
    /// The unit.
    pub unit: StateIndex,
    /// The price.
    pub amount: Amount,
    /// Until when it stands.
    pub until: Seconds,
}

/// A rekey that waits for its delay to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRekey {
    /// The token.
    pub token: StateIndex,
    /// The epoch in which it was proposed.
    pub epoch: Epoch,
    /// The new key.
    pub holder: KeyBytes,
    /// When it becomes effective.
    pub effective: Seconds,
    /// Nonce of the rekey; salts the details when it becomes effective.
    pub nonce: Nonce,
}

/// What falls due at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Due {
    /// A reservation's `settle_by`.
    Reservation,
    /// A carved token's expiry.
    Token(StateIndex),
    /// A proposed rekey's delay.
    Rekey,
    /// The time of a request for approval.
    Request,
    /// A lease's `settle_by`.
    Lease,
}

/// Counters of an offline link's own budgets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkValues {
    /// By unit.
    pub units: Vec<(StateIndex, Counters)>,
}

macro_rules! state {
    ($($(#[$doc:meta])* $name:ident($($part:ty),*) -> $record:ty;)*) => {
        /// The key of one record.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key { $($(#[$doc])* $name($($part),*),)* }

        /// One record.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Record { $($(#[$doc])* $name($record),)* }

        /// The typed keys.
        pub mod key {
            use super::*;
            $(
                $(#[$doc])*
                #[derive(Clone, Debug, PartialEq, Eq)]
                pub struct $name($(pub $part),*);

                impl StateKey for $name {
                    type Record = $record;

                    fn key(&self) -> Key {
                        state!(@key self $name $($part),*)
                    }

                    fn wrap(record: $record) -> Record {
                        Record::$name(record)
                    }

                    fn unwrap(record: &Record) -> Option<&$record> {
                        match record {
                            Record::$name(record) => Some(record),
                            _ => None,
                        }
                    }

                    fn take(record: Record) -> Option<$record> {
                        match record {
                            Record::$name(record) => Some(record),
                            _ => None,
                        }
                    }
                }
            )*
        }
    };
    (@key $self:ident $name:ident $a:ty, $b:ty) => { Key::$name($self.0.clone(), $self.1.clone()) };
    (@key $self:ident $name:ident $a:ty) => { Key::$name($self.0.clone()) };
}

state! {
    /// The head; there is one, at 0.
    HeadAt(u8) -> Head;
    /// A state leaf.
    LeafAt(StateIndex) -> Arc<LeafRecord>;
    /// The leaf that a party, unit or token has.
    IndexOf(ObjectId) -> StateIndex;
    /// The leaf of the unit with this name.
    UnitNamed(String) -> StateIndex;
    /// What a token is.
    TokenOf(StateIndex) -> Arc<TokenInfo>;
    /// A reservation, by the id of its invocation.
    ReservationOf(ObjectId) -> Reservation;
    /// A lease, by its id.
    LeaseOf(ObjectId) -> Lease;
    /// A capture, by its id.
    CaptureOf(ObjectId) -> Capture;
    /// The suspension or freeze that set a bit of a leaf's mask.
    SuspensionOf(StateIndex, u8) -> ObjectId;
    /// A request for approval.
    RequestOf(RequestId) -> Request;
    /// The last entry that suspended or froze a leaf.
    StoppedAt(StateIndex) -> EntryIndex;
    /// A rekey that waits.
    RekeyOf(ObjectId) -> PendingRekey;
    /// An offer, by its id.
    OfferOf(ObjectId) -> Offer;
    /// The last offer of a token that was neither taken nor withdrawn.
    OfferAt(StateIndex) -> ObjectId;
    /// Counters of an offline link.
    LinkOf(ObjectId) -> LinkValues;
    /// The entry that applied an id of a submission, operation, object or payload, by the end of its admission window.
    Seen(Seconds, ObjectId) -> EntryIndex;
    /// The entry that last refused the spend with this id.
    RefusedOf(ObjectId) -> Refused;
    /// Refusals that are entries, of the tokens of a root.
    RefusalsOf(StateIndex) -> Tally;
    /// Entries of the tokens of a root that counts them.
    EntriesOf(StateIndex) -> Tally;
    /// What falls due, by deadline and id.
    DueAt(Seconds, ObjectId) -> Due;
}

/// A typed key and the record that it names.
pub trait StateKey {
    /// The record.
    type Record: Clone;

    /// The key as stored.
    fn key(&self) -> Key;

    /// The record as stored.
    fn wrap(record: Self::Record) -> Record;

    /// The record, if it is of this key's type.
    fn unwrap(record: &Record) -> Option<&Self::Record>;

    /// The same of a record that nobody else needs.
    fn take(record: Record) -> Option<Self::Record>;
}

/// The state as of one point. Reads may fail in a store; in memory they cannot.
pub trait StateView {
    /// Why a read failed.
    type Error;

    /// The record of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// The store's own; a missing record is `Ok(None)`.
    fn read(&self, key: &Key) -> Result<Option<Record>, Self::Error>;

    /// Up to `limit` deadlines that have passed at `now`, by deadline and id.
    ///
    /// # Errors
    ///
    /// The store's own.
    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, Self::Error>;
}
