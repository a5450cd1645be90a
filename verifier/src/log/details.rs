//! Details: what an entry did, in parts that are shown apart (spec 03 §5).

use crate::cbor::{DecodeError, Fields, Reader, Writer};
use crate::hash::sha256;
use crate::label;
use crate::limits::*;
use crate::object::Kind;
use crate::state::{UnitValues, salt};
use crate::types::{
    Amount, EntryIndex, Epoch, Generation, Hash, Millis, Nonce, ObjectId, Seconds, StateIndex,
};
use alloc::vec::Vec;

/// The parts of an entry's details, encoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// What everybody concerned may see, salted from the object.
    pub common: Vec<u8>,
    /// One part for each link that decided, salted from that token's secret.
    pub links: Vec<Vec<u8>>,
}

/// What one operation did: only the fields that it has a use for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The leaf that was created or changed.
    pub index: Option<StateIndex>,
    /// The reservation, capture, suspension or freeze that was named.
    pub subject: Option<ObjectId>,
    /// The amount that moved.
    pub amount: Option<Amount>,
    /// The unit of the amount.
    pub unit: Option<StateIndex>,
    /// The token whose value it is.
    pub funding: Option<StateIndex>,
    /// Number of a capture.
    pub number: Option<u64>,
    /// Epoch after.
    pub epoch: Option<Epoch>,
    /// Generation after.
    pub generation: Option<Generation>,
    /// Suspension mask after.
    pub mask: Option<u64>,
    /// A deadline that now runs.
    pub deadline: Option<Seconds>,
    /// What is still reserved after.
    pub left: Option<Amount>,
    /// The parent of a created leaf.
    pub parent: Option<StateIndex>,
    /// Holder since, after a transfer.
    pub since: Option<Millis>,
    /// Of a lease: the least that a link lets one use be.
    pub per_use: Option<Amount>,
    /// Of a lease: the least that a link lets one use be without an approval.
    pub unapproved: Option<Amount>,
    /// Of a settlement: the root over the uses that it is for.
    pub root: Option<Hash>,
    /// Of a refusal: the leaf that decided.
    pub decided: Option<StateIndex>,
}

/// The numbers of one link after the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPart {
    /// The token.
    pub token: StateIndex,
    /// Its secret, which salts the part.
    pub secret: [u8; 32],
    /// Its counters in the units concerned.
    pub values: Vec<UnitValues>,
    /// Of a refusal: the number that decided, where one did.
    pub bound: Option<Bound>,
}

/// A number that a token states, and what stood against it when a spend was refused (spec 19 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// Which of its numbers.
    pub what: BoundKind,
    /// The place of a window among the budget's; else 0.
    pub place: u64,
    /// The number that it states.
    pub most: u64,
    /// What stood against it before, without the amount that was asked for.
    pub used: u64,
}

/// Which number of a token decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum BoundKind {
    /// The total of its budget; against it stands what is committed.
    Total = 1,
    /// What one use may be.
    PerUse = 2,
    /// A window of its budget; against it stands what was reserved in the present span.
    Window = 3,
    /// The sum up to which no approval is needed in a span; against it stands what was reserved in the present one.
    Cumulative = 4,
    /// The amount up to which no approval is needed.
    Unapproved = 5,
    /// What one lease may be.
    Lease = 6,
    /// For how many seconds a lease may be spent from.
    LeaseLength = 7,
    /// How many entries may be written in a span; against it stands how many were.
    Entries = 8,
}

impl BoundKind {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Total,
        Self::PerUse,
        Self::Window,
        Self::Cumulative,
        Self::Unapproved,
        Self::Lease,
        Self::LeaseLength,
        Self::Entries,
    ];

    /// The name of the kind, as every view has it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::PerUse => "per_use",
            Self::Window => "window",
            Self::Cumulative => "cumulative",
            Self::Unapproved => "unapproved",
            Self::Lease => "lease",
            Self::LeaseLength => "lease_length_s",
            Self::Entries => "entries",
        }
    }
}

impl Bound {
    /// A bound of which a token has one at most.
    pub const fn new(what: BoundKind, most: u64, used: u64) -> Self {
        Self { what, place: 0, most, used }
    }

    fn encode(&self, w: &mut Writer) {
        w.array(4).u64(self.what as u64).u64(self.place).u64(self.most).u64(self.used);
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(4)?;
        let number = r.u64()?;
        let what = BoundKind::ALL.into_iter().find(|what| *what as u64 == number);
        let what = what.ok_or(DecodeError::Malformed)?;
        // Only windows are several.
        let places = if what == BoundKind::Window { WINDOWS_MAX as u64 } else { 1 };
        let place = r.u64_max(places.saturating_sub(1))?;
        Ok(Self { what, place, most: r.u64()?, used: r.u64()? })
    }
}

/// One link's part of details as somebody reads it who was shown it. That the entry commits to it is for the caller to
/// check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What makes its digest unguessable.
    pub salt: Hash,
    /// The token.
    pub token: StateIndex,
    /// Its counters in the units concerned: after the entry, of a refusal as they stood.
    pub values: Vec<UnitValues>,
    /// Of a refusal: the number that decided, where one did.
    pub bound: Option<Bound>,
}

impl Link {
    /// Decodes a link part.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `NotCanonical` also for units out of order.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            let len = r.array(5)?;
            r.label(label::LINK)?;
            let (salt, token) = (Hash(r.array_bytes()?), StateIndex(r.u64()?));
            let values = r.list(BUDGETS_MAX, UnitValues::decode)?;
            if !values.is_sorted_by(|a, b| a.unit < b.unit) {
                return Err(DecodeError::NotCanonical);
            }
            let bound = match len {
                4 => None,
                5 => Some(Bound::decode(r)?),
                _ => return Err(DecodeError::Malformed),
            };
            Ok(Self { salt, token, values, bound })
        })
    }
}

impl Facts {
    fn fields(&self) -> Fields {
        let mut f = Fields::default();
        f.opt(1, self.index, |w, v| w.u64(v.0));
        f.opt(2, self.subject, |w, v| w.bytes(&v.0));
        f.opt(3, self.amount, |w, v| w.u64(v.0));
        f.opt(4, self.unit, |w, v| w.u64(v.0));
        f.opt(5, self.funding, |w, v| w.u64(v.0));
        f.opt(6, self.number, |w, v| w.u64(v));
        f.opt(7, self.epoch, |w, v| w.u64(v.0));
        f.opt(8, self.generation, |w, v| w.u64(v.0));
        f.opt(9, self.mask, |w, v| w.u64(v));
        f.opt(10, self.deadline, |w, v| w.u64(v.0));
        f.opt(11, self.left, |w, v| w.u64(v.0));
        f.opt(12, self.parent, |w, v| w.u64(v.0));
        f.opt(13, self.since, |w, v| w.u64(v.0));
        f.opt(14, self.per_use, |w, v| w.u64(v.0));
        f.opt(15, self.unapproved, |w, v| w.u64(v.0));
        f.opt(16, self.root, |w, v| w.bytes(&v.0));
        f.opt(17, self.decided, |w, v| w.u64(v.0));
        f
    }
}

impl Details {
    /// The details of an entry of `kind` with the id `id`, whose first object has `nonce`, standing at `entry`;
    /// `facts` has one item for each operation, `links` one for each link that decided.
    pub fn new(
        kind: Kind,
        id: &ObjectId,
        nonce: &Nonce,
        entry: EntryIndex,
        facts: &[Facts],
        links: &[LinkPart],
    ) -> Self {
        let mut common = Writer::labelled(label::COMMON, 4);
        common.bytes(&salt(&nonce.0, &id.0, entry.0).0).u64(kind as u64);
        common.list(facts, |w, facts| {
            w.fields(facts.fields());
        });
        let link = |part: &LinkPart| {
            let mut w = Writer::labelled(label::LINK, if part.bound.is_some() { 5 } else { 4 });
            w.bytes(&salt(&part.secret, label::LINK.as_bytes(), entry.0).0).u64(part.token.0);
            w.list(&part.values, |w, values| values.encode(w));
            if let Some(bound) = &part.bound {
                bound.encode(&mut w);
            }
            w.into_bytes()
        };
        Self { common: common.into_bytes(), links: links.iter().map(link).collect() }
    }

    /// What the entry commits to: a digest over the digests of the parts.
    pub fn digest(&self) -> Hash {
        let links: Vec<_> = self.links.iter().map(|part| sha256(&[part])).collect();
        Self::digest_of(&self.common, &links)
    }

    /// The same for somebody who was shown the common part, and of the others only their digests.
    pub fn digest_of(common: &[u8], links: &[Hash]) -> Hash {
        let mut w = Writer::labelled(label::DETAILS, 3);
        w.bytes(&sha256(&[common]).0);
        w.list(links, |w, digest| {
            w.bytes(&digest.0);
        });
        w.digest()
    }
}
