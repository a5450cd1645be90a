//! Details: what an entry did, in parts that are shown apart (spec 03 §5).

use crate::cbor::{Fields, Writer};
use crate::hash::sha256;
use crate::label;
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
            let mut w = Writer::labelled(label::LINK, 4);
            w.bytes(&salt(&part.secret, label::LINK.as_bytes(), entry.0).0).u64(part.token.0);
            w.list(&part.values, |w, values| values.encode(w));
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
