//! A token's chain out of a presentation: who holds what, in which epoch, from which place somebody may act.

use super::clock;
use super::out::Failure;
use super::text::amount::Unit;
use super::text::time;
use crate::keys::did;
use remit_verifier::c2sp::Trust;
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::label;
use remit_verifier::object::{Origin, Position, Target, Token};
use remit_verifier::state::{Leaf, LeafBody, PartyLeaf};
use remit_verifier::types::{Epoch, Generation, KeyBytes, LedgerId, Millis, ObjectId, Seconds};
use remit_verifier::verify::{
    Check, CheckName, Issuers, LoggedLinks, Outcome, Policy, Presentation, Serving, Settings,
};

/// A chain, from the root down.
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
    leaves: Vec<Leaf>,
    /// When its leaves stood so, if that is proved.
    pub(super) as_of: Option<Millis>,
}

/// One token of a chain.
pub(super) struct Link {
    pub(super) id: ObjectId,
    pub(super) token: Token,
    /// Its leaf, if it is no offline link.
    pub(super) leaf: Option<Leaf>,
}

/// How old evidence may be that somebody signs for: some heartbeats of the ledger.
const RECENT: Seconds = Seconds(60);

/// Checks that concern the evidence and not what the token may do; if one of them failed, nothing is believed.
const AUTHENTIC: [CheckName; 6] = [
    CheckName::Presentation,
    CheckName::Checkpoint,
    CheckName::Ledger,
    CheckName::Commitment,
    CheckName::Clock,
    CheckName::State,
];

impl Chain {
    /// Reads a presentation. With `trust`, its leaves must be proved under a checkpoint that is accepted.
    pub(super) fn read(
        bytes: &[u8],
        ledger: &LedgerId,
        trust: Option<&Trust>,
        now: Millis,
    ) -> Result<Self, Failure> {
        let wrong = |what: &str| {
            Failure::refused("bad_presentation", format!("the presentation is not good: {what}"))
        };
        let as_of = trust.map(|trust| authentic(bytes, ledger, trust, now)).transpose()?;
        let shown = Presentation::decode(bytes).map_err(|error| wrong(&format!("{error:?}")))?;
        let leaves = shown.leaves.iter().map(|leaf| Leaf::decode(leaf)).collect::<Result<Vec<_>, _>>();
        let leaves = leaves.map_err(|error| wrong(&format!("{error:?}")))?;
        let mut links: Vec<Link> = Vec::new();
        for object in &shown.tokens {
            let signed = Sign1::decode(object).map_err(|error| wrong(&format!("{error:?}")))?;
            let token = Token::decode(signed.payload).map_err(|error| wrong(&format!("{error:?}")))?;
            let id = signed.sig_structure(label::TOKEN, ledger).id;
            let above = links.last().map(|link| link.id);
            if token.parent() != above {
                return Err(wrong("its tokens are no chain"));
            }
            let leaf = leaves.iter().find(|leaf| leaf.id == id && leaf.token().is_some()).cloned();
            if leaf.is_none() && !token.is_offline() {
                return Err(wrong("a logged token has no leaf"));
            }
            links.push(Link { id, token, leaf });
        }
        Ok(Self { links, leaves, as_of })
    }

    /// The last link.
    pub(super) fn last(&self) -> Result<&Link, Failure> {
        self.links.last().ok_or_else(|| Failure::internal("a chain has no link"))
    }

    /// Requires that what is proved is proved of now, before somebody signs for it: evidence does not grow stale by
    /// itself, and an old one hides whoever came since.
    pub(super) fn require_recent(&self) -> Result<(), Failure> {
        let Some(as_of) = self.as_of else { return Ok(()) };
        if clock::now()?.0.saturating_sub(as_of.0) <= RECENT.0 * 1000 {
            return Ok(());
        }
        let shown = time::show(as_of.seconds());
        Err(Failure::refused(
            "stale",
            format!("what the ledger shows is as of {shown}, more than a minute ago"),
        )
        .hint("nothing was signed; compare this clock with the ledger's, or ask over another connection"))
    }

    /// Requires that a key is the holder's, before it signs what everybody else would refuse.
    pub(super) fn require_holder(&self, key: &KeyBytes) -> Result<(), Failure> {
        let holder = self.last()?.holder();
        if holder == *key {
            return Ok(());
        }
        let (given, holder) = (did::to_text(key), did::to_text(&holder));
        Err(Failure::refused("wrong_holder", format!("the key is {given}, the token is held by {holder}"))
            .hint("--key names the holder's file; nothing was signed"))
    }

    /// Epoch and generation of the nearest logged token.
    pub(super) fn epoch(&self) -> (Epoch, Generation) {
        let leaf = self.links.iter().rev().find_map(|link| link.leaf.as_ref());
        leaf.map(|leaf| (leaf.epoch, leaf.generation)).unwrap_or_default()
    }

    /// The token as somebody with this key names it for an act: with the highest place that he has in its chain.
    pub(super) fn target(&self, key: &KeyBytes) -> Result<Target, Failure> {
        let last = self.last()?;
        let positions = self.positions(key);
        let position = positions.first().copied().ok_or_else(|| {
            Failure::refused("wrong_signer", "the key has no place in the token's chain").hint(
                "the issuer signs, or the holder of a token of the chain: `remit show TOKEN` names them",
            )
        })?;
        Ok(Target { token: last.id, epoch: self.epoch().0, position })
    }

    /// The places of a key in the chain, the highest first: 1 the issuer, k + 1 the holder of the k-th token.
    pub(super) fn positions(&self, key: &KeyBytes) -> Vec<Position> {
        let issuer = self.issuer().is_some_and(|(_, party)| party.keys.contains(key));
        let holders = (2u8..).zip(&self.links).filter(|(_, link)| link.holder() == *key);
        issuer.then_some(Position(1)).into_iter().chain(holders.map(|(place, _)| Position(place))).collect()
    }

    /// The issuer of the root: the party's id, and its leaf.
    pub(super) fn issuer(&self) -> Option<(ObjectId, &PartyLeaf)> {
        let root = self.links.first().map(|link| link.token.origin);
        // Whatever other parties are shown beside it.
        let of_root = |leaf: &&Leaf| matches!(root, Some(Origin::Root { issuer }) if issuer == leaf.id);
        let leaf = self.leaves.iter().find(of_root)?;
        Some((leaf.id, leaf.party()?))
    }

    /// The unit that the presentation shows, if it is this one.
    pub(super) fn unit(&self, wanted: &str) -> Option<Unit> {
        self.leaves.iter().find_map(|leaf| match &leaf.body {
            LeafBody::Unit(unit) if unit.name == wanted || leaf.id.to_string() == wanted => {
                Unit::new(leaf.id, unit.name.clone(), unit.decimals)
            }
            _ => None,
        })
    }
}

impl Link {
    /// The key that holds it now.
    pub(super) fn holder(&self) -> KeyBytes {
        match self.leaf.as_ref().and_then(Leaf::token) {
            Some(leaf) => leaf.holder,
            None => *self.token.holder.bytes(),
        }
    }
}

/// Requires that the leaves are those of the ledger's state under an acceptable checkpoint, and says as of when. How
/// old it may be is for whoever uses it: what is out of date is refused by the ledger, or [`Chain::require_recent`].
fn authentic(bytes: &[u8], ledger: &LedgerId, trust: &Trust, now: Millis) -> Result<Millis, Failure> {
    let ledgers = trust.logs().map(|(log, _)| (log.name().to_owned(), *ledger)).collect();
    let policy = Policy::new(Settings {
        trust: trust.clone(),
        ledgers,
        party: ObjectId::default(),
        issuers: Issuers::Any,
        max_staleness: Seconds(u64::MAX / 1000),
        skew: Millis(10_000),
        offline_links: true,
        logged_links: LoggedLinks::Verify,
        replaying: Vec::new(),
        at_risk: Vec::new(),
        serving: Serving::default(),
    });
    let policy = policy.map_err(|error| Failure::usage(format!("the trust is not acceptable: {error:?}")))?;
    let verdict = remit_verifier::verify::verify(bytes, None, None, &policy, now);
    // A frozen ledger is one whose leaves were proved: what it still takes, such as a revocation, must get there.
    let failed = |check: &&Check| match check.outcome {
        Outcome::Failed(code) => AUTHENTIC.contains(&check.name) && code != Code::LedgerFrozen,
        Outcome::Passed | Outcome::Skipped => false,
    };
    match verdict.checks.iter().find(failed) {
        Some(check) => Err(Failure::refused(
            "bad_presentation",
            format!(
                "what the ledger shows is not proved: {} failed: {}",
                check.name.text(),
                verdict.decision
            ),
        )),
        None => Ok(Millis(now.0.saturating_sub(verdict.age.unwrap_or_default().0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_that_somebody_signs_for_is_a_minute_old_at_most() {
        let now = clock::now().expect("a clock").0;
        let aged = |age: u64| Chain { links: Vec::new(), leaves: Vec::new(), as_of: Some(Millis(now - age)) };
        assert!(aged(59_000).require_recent().is_ok());
        assert_eq!(aged(61_000).require_recent().expect_err("too old").code(), "stale");
        let unproved = Chain { as_of: None, ..aged(0) };
        assert!(unproved.require_recent().is_ok(), "it says itself that nothing proves it");
    }
}
