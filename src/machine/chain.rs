//! A token with everything above it, and what that lets somebody do (spec 11 §3).

use super::refusal::{Rule, Stop};
use super::transaction::Transaction;
use super::view::{LeafRecord, StateView, TokenInfo, key};
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::object::{Authority, Origin, Position, Target};
use remit_verifier::state::{Life, MASK_OPERATOR, Retired, TokenLeaf};
use remit_verifier::types::{Epoch, KeyBytes, Millis, ObjectId, StateIndex};
use std::sync::Arc;

/// A logged token with all above it, as of the operation's start.
pub(super) struct Chain {
    pub(super) issuer: Arc<LeafRecord>,
    /// The tokens, the root first; never empty.
    pub(super) links: Vec<ChainLink>,
}

/// One logged token of a chain.
pub(super) struct ChainLink {
    pub(super) index: StateIndex,
    pub(super) info: Arc<TokenInfo>,
    pub(super) record: Arc<LeafRecord>,
}

impl ChainLink {
    pub(super) fn state(&self) -> Result<&TokenLeaf, Code> {
        self.record.leaf.token().ok_or(Code::WrongLeaf)
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.record.leaf.epoch
    }

    /// Why this link by itself cannot be used at `now`, if it cannot (spec 10 §7 has the same order).
    fn unusable(&self, now: Millis) -> Result<(), Code> {
        let leaf = &self.record.leaf;
        match leaf.life {
            Life::Revoked => return Err(Code::Revoked),
            Life::Ended => return Err(Code::Ended),
            Life::Live => {}
        }
        if leaf.mask & MASK_OPERATOR != 0 {
            return Err(Code::Frozen);
        }
        if leaf.mask != 0 {
            return Err(Code::Suspended);
        }
        if self.info.token.expires.passed(now) {
            return Err(Code::Expired);
        }
        if self.info.token.begun(now) { Ok(()) } else { Err(Code::NotYetValid) }
    }
}

impl Chain {
    /// Loads the chain of the token with this id.
    pub(super) fn load<V: StateView>(tx: &Transaction<'_, V>, id: &ObjectId) -> Rule<Self, V::Error> {
        let index = tx.get(&key::IndexOf(*id))?.ok_or(Code::UnknownToken)?;
        Self::load_at(tx, index)
    }

    /// Loads the chain of the token at this leaf.
    pub(super) fn load_at<V: StateView>(tx: &Transaction<'_, V>, index: StateIndex) -> Rule<Self, V::Error> {
        let info = tx.get(&key::TokenOf(index))?.ok_or(Code::UnknownToken)?;
        let issuer = tx.leaf(info.issuer)?;
        let mut links = Vec::with_capacity(info.ancestors.len() + 1);
        for ancestor in &info.ancestors {
            let info = tx.get(&key::TokenOf(*ancestor))?.ok_or(Code::UnknownToken)?;
            links.push(ChainLink { index: *ancestor, info, record: tx.leaf(*ancestor)? });
        }
        links.push(ChainLink { index, info, record: tx.leaf(index)? });
        Ok(Self { issuer, links })
    }

    /// The root.
    pub(super) fn root(&self) -> Result<&ChainLink, Code> {
        self.links.first().ok_or(Code::UnknownToken)
    }

    /// The token itself.
    pub(super) fn last(&self) -> Result<&ChainLink, Code> {
        self.links.last().ok_or(Code::UnknownToken)
    }

    /// Requires that new claims may be made on the token: nothing in or above it is frozen, suspended, over, expired
    /// or of an old epoch.
    pub(super) fn require_live<V: StateView>(&self, tx: &Transaction<'_, V>) -> Rule<(), V::Error> {
        tx.require_thawed()?;
        self.require_issuer()?;
        let mut parent: Option<&ChainLink> = None;
        for link in &self.links {
            if let (Some(parent), Origin::Logged { epoch, .. }) = (parent, &link.info.token.origin)
                && *epoch != parent.epoch()
            {
                return Err(Stop::at(Code::OldEpoch, link.index));
            }
            link.unusable(tx.now).map_err(|code| Stop::at(code, link.index))?;
            parent = Some(link);
        }
        Ok(())
    }

    /// Requires that the operators froze nothing of the chain: not the ledger, not the issuer, no token.
    pub(super) fn require_unfrozen<V: StateView>(&self, tx: &Transaction<'_, V>) -> Rule<(), V::Error> {
        tx.require_thawed()?;
        if self.issuer.leaf.mask & MASK_OPERATOR != 0 {
            return Err(Stop::at(Code::PartyFrozen, self.issuer.leaf.index));
        }
        match self.links.iter().find(|link| link.record.leaf.mask & MASK_OPERATOR != 0) {
            Some(frozen) => Err(Stop::at(Code::Frozen, frozen.index)),
            None => Ok(()),
        }
    }

    /// The issuer is appointed and not frozen, and the key that signed the root is its own or was retired in good order
    /// (spec 10 §6 has the same order).
    fn require_issuer<E>(&self) -> Rule<(), E> {
        let leaf = &self.issuer.leaf;
        let (Some(party), Some(root)) = (leaf.party(), self.links.first()) else {
            return Err(Stop::at(Code::WrongLeaf, leaf.index));
        };
        let signer = &root.info.signer;
        let retired = party.retired.iter().find(|(old, _)| old == signer).map(|(_, why)| *why);
        let code = if !party.issuer {
            Code::NotAnIssuer
        } else if leaf.mask & MASK_OPERATOR != 0 {
            Code::PartyFrozen
        } else if retired == Some(Retired::Compromised) {
            Code::CompromisedKey
        } else if retired.is_none() && !party.keys.contains(signer) {
            Code::WrongSigner
        } else {
            return Ok(());
        };
        Err(Stop::at(code, leaf.index))
    }

    /// Whether nothing new can ever be done with the token: it or something above is over or expired, or it belongs
    /// to an epoch that is past.
    pub(super) fn is_spent(&self, now: Millis) -> bool {
        let over =
            |link: &ChainLink| link.record.leaf.life != Life::Live || link.info.token.expires.passed(now);
        let stale =
            self.links.windows(2).any(|pair| match (pair, pair.last().map(|l| &l.info.token.origin)) {
                ([parent, _], Some(Origin::Logged { epoch, .. })) => *epoch != parent.epoch(),
                _ => false,
            });
        stale || self.links.iter().any(over)
    }

    /// The effective claims of the token.
    pub(super) fn authority(&self) -> Result<Authority<'_>, Code> {
        let mut links = self.links.iter();
        let root = links.next().ok_or(Code::UnknownToken)?;
        links.try_fold(Authority::root(&root.info.token), |above, link| above.child(&link.info.token))
    }

    /// Requires the epoch that an operation names to be the token's.
    pub(super) fn require_epoch<E>(&self, epoch: Epoch) -> Rule<(), E> {
        let last = self.last()?;
        if last.epoch() == epoch { Ok(()) } else { Err(Stop::at(Code::OldEpoch, last.index)) }
    }

    /// Requires `signer` to hold `position` of the chain, which must not be below `lowest`.
    pub(super) fn require_position<E>(
        &self,
        position: Position,
        lowest: usize,
        signer: &KeyBytes,
    ) -> Rule<(), E> {
        let place = usize::from(position.0);
        if place == 0 || place > lowest {
            return Err(Code::WrongPosition.into());
        }
        let held = match place.checked_sub(2) {
            None => self.issuer.leaf.party().is_some_and(|party| party.keys.contains(signer)),
            Some(link) => match self.links.get(link) {
                Some(link) => link.state()?.holder == *signer,
                None => return Err(Code::WrongPosition.into()),
            },
        };
        if held { Ok(()) } else { Err(Code::WrongSigner.into()) }
    }

    /// The position of the token's own holder.
    pub(super) fn holder_position(&self) -> usize {
        self.links.len() + 1
    }
}

/// Loads the chain that an operation targets and checks epoch, position and signer.
pub(super) fn target<V: StateView>(
    tx: &Transaction<'_, V>,
    target: &Target,
    above_only: bool,
    signers: &[PublicKey],
) -> Rule<Chain, V::Error> {
    let chain = Chain::load(tx, &target.token)?;
    chain.require_epoch(target.epoch)?;
    let lowest = chain.holder_position() - usize::from(above_only);
    let signer = signers.first().ok_or(Code::WrongSigner)?;
    chain.require_position(target.position, lowest, signer.bytes())?;
    Ok(chain)
}

/// Requires exactly these signers, in order.
pub(super) fn require_signers<E>(signers: &[PublicKey], expected: &[&KeyBytes]) -> Rule<(), E> {
    if signers.iter().map(PublicKey::bytes).eq(expected.iter().copied()) {
        Ok(())
    } else {
        Err(Code::WrongSigner.into())
    }
}
