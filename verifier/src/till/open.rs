//! Opens a proof of a lease: after it, the payee need ask nobody until he settles (spec 16 §5).

use super::proof::LeaseProof;
use crate::c2sp::TlogProof;
use crate::code::Code;
use crate::cose::Sign1;
use crate::hash::leaf_hash;
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::log::{Common, Details, Entry, Facts, Outcome};
use crate::merkle::verify_inclusion;
use crate::object::{Act, Authority, Kind, Lease, Link, Origin, Token, combined_id};
use crate::types::{Amount, LedgerId, Millis, ObjectId};
use crate::verify::{LoggedLinks, Policy};
use alloc::vec::Vec;

/// A lease that stands in the log, for this party; made only by [`OpenLease::verify`].
#[derive(Clone, Debug)]
pub struct OpenLease {
    pub(super) ledger: LedgerId,
    pub(super) id: ObjectId,
    pub(super) lease: Lease,
    /// Who opened it: the only key that signs vouchers for it.
    pub(super) holder: PublicKey,
    pub(super) limits: UseLimits,
    /// The chain of the lease's token, the root first.
    pub(super) tokens: Vec<Token>,
    /// The latest time that the proof shows.
    pub(super) newest: Millis,
}

/// What one use may be at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UseLimits {
    pub(super) per_use: Option<Amount>,
    pub(super) unapproved: Option<Amount>,
}

impl UseLimits {
    pub(super) const fn of(facts: &Facts) -> Self {
        Self { per_use: facts.per_use, unapproved: facts.unapproved }
    }

    pub(super) fn allow(&self, amount: Amount) -> Result<(), Code> {
        let most = [self.per_use, self.unapproved];
        if most.into_iter().flatten().any(|most| amount > most) { Err(Code::AbovePerUse) } else { Ok(()) }
    }
}

impl OpenLease {
    /// Checks everything that the proof claims, in the order of spec 16 §5. It stays good until the lease is settled,
    /// whatever its age: opening fixed the authority, and only the payee closes early.
    ///
    /// # Errors
    ///
    /// The code of the first check that fails.
    pub fn verify(bytes: &[u8], policy: &Policy, now: Millis) -> Result<Self, Code> {
        let shown = LeaseProof::decode(bytes)?;
        let settings = policy.settings();
        let proof = TlogProof::parse(shown.proof).map_err(|_| Code::Malformed)?;
        let note = proof.note().as_str().as_bytes();
        let checkpoint = settings.trust.accept(note, now, settings.skew)?;
        let named = settings.ledgers.iter().find(|(origin, _)| origin == checkpoint.origin());
        let ledger = named.ok_or(Code::WrongLedger)?.1;
        let (leaf, root) = (leaf_hash(shown.entry), checkpoint.root());
        verify_inclusion(&leaf, proof.index(), checkpoint.size(), proof.hashes(), &root)
            .map_err(|_| Code::BadProof)?;
        let (id, lease, holder) = signed_lease(&shown, &ledger)?;
        let (outcome, place) = shown.outcome_of(&id).ok_or(Code::NotFunding)?;
        let facts = shown.facts(&outcome, place, &lease).ok_or(Code::NotFunding)?;
        if outcome.time.0 > now.0.saturating_add(settings.skew.0) {
            return Err(Code::Clock);
        }
        if lease.payee != settings.party {
            return Err(Code::WrongAudience);
        }
        let tokens = chain(&shown, &ledger, &lease, policy)?;
        let newest = outcome.time.max(checkpoint.newest_time().unwrap_or_default());
        Ok(Self { ledger, id, lease, holder, limits: UseLimits::of(&facts), tokens, newest })
    }

    /// The lease's id.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The ledger that it stands in.
    pub const fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// What it says.
    pub const fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Who opened it.
    pub const fn holder(&self) -> &PublicKey {
        &self.holder
    }

    /// Most that one use may be: the least that a link of the chain states, if one does.
    pub fn per_use(&self) -> Option<Amount> {
        self.limits.per_use.into_iter().chain(self.limits.unapproved).min()
    }

    /// What the chain allows.
    pub(super) fn authority(&self) -> Result<Authority<'_>, Code> {
        let (root, children) = self.tokens.split_first().ok_or(Code::BrokenChain)?;
        children.iter().try_fold(Authority::root(root), |above, token| above.child(token))
    }
}

/// The lease, signed by whoever opened it.
pub(super) fn signed_lease(
    shown: &LeaseProof<'_>,
    ledger: &LedgerId,
) -> Result<(ObjectId, Lease, PublicKey), Code> {
    let object = Sign1::decode(shown.lease)?;
    let (_, act) = Act::decode(Kind::Lease, object.payload)?;
    let Act::Lease(lease) = act else { return Err(Code::Malformed) };
    let signer = PublicKey::parse(&object.kid).map_err(|_| Code::BadKey)?;
    let structure = object.sig_structure(label::LEASE, ledger);
    structure.verify(&signer, &object.signature).map_err(|_| Code::BadSignature)?;
    Ok((structure.id, lease, signer))
}

impl LeaseProof<'_> {
    /// The applied entry and the lease's place in it, if it is of the lease with this id, or of a bundle with it.
    fn outcome_of(&self, lease: &ObjectId) -> Option<(Outcome, usize)> {
        let Ok(Entry::Outcome(outcome)) = Entry::decode(self.entry) else { return None };
        let place = match (outcome.kind, self.ids.as_slice()) {
            (Kind::Lease, []) => (outcome.id == *lease).then_some(0),
            (Kind::Bundle, [_, _, ..]) => {
                let place = self.ids.iter().position(|id| id == lease);
                place.filter(|_| outcome.id == combined_id(&self.ids))
            }
            _ => None,
        };
        place.map(|place| (outcome, place))
    }

    /// What the entry did for the lease, if these are its details and they are of this lease.
    fn facts(&self, outcome: &Outcome, place: usize, lease: &Lease) -> Option<Facts> {
        if Details::digest_of(self.common, &self.links) != outcome.details {
            return None;
        }
        let facts = self.facts_at(place)?;
        let agree = facts.amount == Some(lease.amount) && facts.deadline == Some(lease.settle_by);
        agree.then_some(facts)
    }

    /// The facts of the operation at this place, unproved.
    pub(super) fn facts_at(&self, place: usize) -> Option<Facts> {
        Common::decode(self.common).ok()?.facts.get(place).copied()
    }
}

/// The tokens from the root down to the lease's, each with its signature, the root of an issuer who is accepted.
fn chain(
    shown: &LeaseProof<'_>,
    ledger: &LedgerId,
    lease: &Lease,
    policy: &Policy,
) -> Result<Vec<Token>, Code> {
    if shown.tokens.len() > DEPTH_MAX {
        return Err(Code::TooDeep);
    }
    let mut above: Option<ObjectId> = None;
    let mut tokens = Vec::with_capacity(shown.tokens.len());
    for bytes in &shown.tokens {
        let link = Link::decode(bytes, ledger)?;
        match (above, &link.token.origin) {
            (None, Origin::Root { issuer }) if !policy.trusts_issuer(issuer) => {
                return Err(Code::UntrustedIssuer);
            }
            (None, Origin::Root { .. }) => {}
            (Some(above), Origin::Logged { parent, .. }) if *parent == above => {}
            _ => return Err(Code::BrokenChain),
        }
        if policy.settings().logged_links == LoggedLinks::Verify {
            link.verify()?;
        }
        above = Some(link.id);
        tokens.push(link.token);
    }
    if above == Some(lease.token) { Ok(tokens) } else { Err(Code::WrongToken) }
}
