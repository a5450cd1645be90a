//! The chain of tokens: decoded, then checked link by link from the root down (spec 10 §6–§7).

use super::memory::{Memory, Remembered};
use super::open::{Opened, Times};
use super::policy::{LoggedLinks, Policy};
use super::presentation::Presentation;
use super::verdict::{CheckName, Trail};
use crate::cbor::DecodeError;
use crate::code::Code;
use crate::cose::{SigStructure, Sign1};
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::object::{Authority, Origin, Token};
use crate::state::{Leaf, Life, MASK_OPERATOR, PartyLeaf, Retired, TokenLeaf};
use crate::types::{Hash, KeyBytes, LedgerId, Millis, ObjectId, StateIndex};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// One token of a chain.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) claims: Arc<Claims>,
    /// The signature, until it has verified.
    unchecked: Option<(SigStructure, [u8; 64])>,
}

/// What a token's bytes say.
#[derive(Debug)]
pub(super) struct Claims {
    ledger: LedgerId,
    pub(super) id: ObjectId,
    kid: KeyBytes,
    pub(super) token: Token,
    /// The holder's key; `None` where nothing is checked under it.
    pub(super) holder: Option<PublicKey>,
    /// What the leaf of a logged token must commit to.
    authority: Hash,
}

/// A chain of which every check passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain<'o> {
    /// The party that issued the root.
    pub(super) issuer: ObjectId,
    pub(super) authority: Authority<'o>,
    /// The last link.
    pub(super) last: &'o Claims,
    /// The leaf of the nearest logged token.
    pub(super) anchor: &'o Leaf,
    /// Who holds the last link.
    pub(super) holder: KeyBytes,
    /// From when on every transferred link is good offline with its new holder.
    pub(super) ready: Millis,
}

/// What one link is checked with.
struct Walk<'o, 't> {
    policy: &'t Policy,
    times: &'t Times,
    opened: &'o Opened,
    /// Whether all signatures are known to verify.
    verified: bool,
    issuer: &'o Leaf,
    keys: &'t mut Remembered<PublicKey>,
}

impl Link {
    /// Decodes one token object, and the holder's key if the token is `keyed`: if a signature may be checked under it.
    fn decode(bytes: &[u8], ledger: &LedgerId, keyed: impl FnOnce(&Token) -> bool) -> Result<Self, Code> {
        let object = Sign1::decode(bytes)?;
        let token = Token::decode_unkeyed(object.payload)?;
        let holder =
            if keyed(&token) { Some(token.holder.decode().map_err(DecodeError::Key)?) } else { None };
        let structure = object.sig_structure(label::TOKEN, ledger);
        let authority =
            if token.is_offline() { Hash::default() } else { TokenLeaf::authority_of(object.payload) };
        let claims = Claims { ledger: *ledger, id: structure.id, kid: object.kid, token, holder, authority };
        Ok(Self { claims: Arc::new(claims), unchecked: Some((structure, object.signature)) })
    }

    fn verify(&self, parent: Option<&Claims>, keys: &mut Remembered<PublicKey>) -> Result<(), Code> {
        let Some((structure, signature)) = &self.unchecked else { return Ok(()) };
        let verify = |key: &PublicKey| structure.verify(key, signature).map_err(|_| Code::BadSignature);
        // Mostly the signer is the holder whom the parent names, and his key is decoded already.
        let kid = &self.claims.kid;
        if let Some(holder) =
            parent.and_then(|parent| parent.holder.as_ref()).filter(|key| key.bytes() == kid)
        {
            return verify(holder);
        }
        if let Some(key) = keys.find(&kid.0) {
            return verify(&key);
        }
        let key = PublicKey::parse(kid).map_err(|_| Code::BadKey)?;
        verify(&key)?;
        keys.keep(&kid.0, key);
        Ok(())
    }
}

/// Decodes the tokens, and requires that the leaves are theirs: the issuer's, one for each logged token, and at most
/// one of a unit.
pub(super) fn decode(
    policy: &Policy,
    memory: &mut Memory,
    shown: &Presentation<'_>,
    leaves: &[Leaf],
) -> Result<Vec<Link>, Code> {
    if shown.tokens.len() > DEPTH_MAX {
        return Err(Code::TooDeep);
    }
    let mut links = Vec::with_capacity(shown.tokens.len());
    for (bytes, left) in shown.tokens.iter().zip((0..shown.tokens.len()).rev()) {
        // Under the key of the last token the invocation is checked, whatever the policy.
        let keyed = |token: &Token| left == 0 || demanded(policy, token);
        links.push(match memory.links.find(bytes) {
            Some(claims) if claims.ledger == shown.ledger => Link { claims, unchecked: None },
            _ => Link::decode(bytes, &shown.ledger, keyed)?,
        });
    }
    let logged = links.iter().filter(|link| !link.claims.token.is_offline()).count();
    let count = |kind: fn(&Leaf) -> bool| leaves.iter().filter(|leaf| kind(leaf)).count();
    let units = count(|leaf| leaf.unit().is_some());
    let others = count(|leaf| leaf.token().is_some()) == logged && count(|leaf| leaf.party().is_some()) == 1;
    // The first leaf is the ledger's; a second one has no index of its own.
    let all = units.saturating_add(logged).saturating_add(2);
    if others && units <= 1 && leaves.len() == all { Ok(links) } else { Err(Code::WrongLeaf) }
}

/// The holder's key, where the last link has a leaf that names another than the link does; `None` also if it is no key.
pub(super) fn moved_to(links: &[Link], leaves: &[Leaf]) -> Option<PublicKey> {
    let last = &links.last()?.claims;
    let leaf = leaves.iter().find(|leaf| leaf.id == last.id)?.token()?;
    let moved = leaf.holder != *last.token.holder.bytes();
    if moved { PublicKey::parse(&leaf.holder).ok() } else { None }
}

/// Remembers every link whose signature was checked.
pub(super) fn remember(policy: &Policy, memory: &mut Memory, tokens: &[&[u8]], links: &[Link]) {
    for (bytes, link) in tokens.iter().zip(links) {
        if demanded(policy, &link.claims.token) && link.unchecked.is_some() {
            memory.links.keep(bytes, link.claims.clone());
        }
    }
}

/// Whether the policy wants the signature of this link checked here.
fn demanded(policy: &Policy, token: &Token) -> bool {
    token.is_offline() || policy.settings().logged_links == LoggedLinks::Verify
}

/// Checks issuer and links; the first failing check of the first failing link ends the work.
pub(super) fn check<'o>(
    policy: &Policy,
    memory: &mut Memory,
    opened: &'o Opened,
    verified: bool,
    times: &Times,
    trail: &mut Trail,
) -> Result<Chain<'o>, Code> {
    // Decoding left none without a root and an issuer's leaf.
    let (root, children) = opened.links.split_first().ok_or(Code::BrokenChain)?;
    let issuer = opened.leaves.iter().find(|leaf| leaf.party().is_some()).ok_or(Code::WrongLeaf)?;
    trail.pass(CheckName::Issuer, check_issuer(policy, issuer, &root.claims))?;

    let mut walk = Walk { policy, times, opened, verified, issuer, keys: &mut memory.keys };
    let mut chain = walk.root(root, trail)?;
    for (link, number) in children.iter().zip(2..) {
        chain = walk.child(&chain, link, number, trail)?;
    }
    Ok(chain)
}

/// The issuer's leaf is the one that the root names, and vouches for the key that signed it.
fn check_issuer(policy: &Policy, leaf: &Leaf, root: &Claims) -> Result<(), Code> {
    let Origin::Root { issuer } = root.token.origin else { return Err(Code::BrokenChain) };
    let Some(party) = leaf.party().filter(|_| leaf.id == issuer) else { return Err(Code::WrongLeaf) };
    if !party.issuer {
        return Err(Code::NotAnIssuer);
    }
    if !policy.trusts_issuer(&issuer) {
        return Err(Code::UntrustedIssuer);
    }
    if leaf.mask != 0 {
        return Err(Code::PartyFrozen);
    }
    check_issuer_key(party, &root.kid)
}

/// A current key, or one that was retired in good order: what it signed and the ledger admitted stays good.
fn check_issuer_key(party: &PartyLeaf, key: &KeyBytes) -> Result<(), Code> {
    let retired = |why| party.retired.iter().any(|(old, reason)| old == key && *reason == why);
    if retired(Retired::Compromised) {
        return Err(Code::CompromisedKey);
    }
    if party.keys.contains(key) || retired(Retired::Rotated) { Ok(()) } else { Err(Code::WrongSigner) }
}

impl<'o> Walk<'o, '_> {
    fn root(&mut self, link: &'o Link, trail: &mut Trail) -> Result<Chain<'o>, Code> {
        let claims = &*link.claims;
        let leaf = trail.link(CheckName::Leaf, 1, self.leaf(claims, self.issuer.index))?;
        self.signature(link, None, 1, trail)?;
        // That the issuer signed was a check of its own.
        trail.link(CheckName::Signer, 1, Ok(()))?;
        trail.link(CheckName::Status, 1, check_status(leaf))?;
        trail.link(CheckName::Life, 1, self.life(&claims.token))?;
        let authority = trail.link(CheckName::Authority, 1, Ok(Authority::root(&claims.token)))?;
        Ok(self.logged(claims, leaf, authority, Millis(0)))
    }

    fn child(
        &mut self,
        parent: &Chain<'o>,
        link: &'o Link,
        number: u8,
        trail: &mut Trail,
    ) -> Result<Chain<'o>, Code> {
        let claims = &*link.claims;
        let leaf = trail.link(CheckName::Leaf, number, self.place(parent, claims))?;
        self.signature(link, Some(parent.last), number, trail)?;
        trail.link(CheckName::Signer, number, self.signer(parent, claims))?;
        let status = leaf.map_or(Ok(()), check_status);
        trail.link(CheckName::Status, number, status)?;
        trail.link(CheckName::Life, number, self.life(&claims.token))?;
        let authority = trail.link(CheckName::Authority, number, parent.authority.child(&claims.token))?;
        Ok(match leaf {
            Some(leaf) => self.logged(claims, leaf, authority, parent.ready),
            None => Chain { authority, last: claims, holder: *claims.token.holder.bytes(), ..*parent },
        })
    }

    /// The chain down to a logged token.
    fn logged(
        &self,
        claims: &'o Claims,
        leaf: &'o Leaf,
        authority: Authority<'o>,
        ready: Millis,
    ) -> Chain<'o> {
        // `leaf` found this body; a token's leaf has a holder.
        let (holder, since) =
            leaf.token().map(|token| (token.holder, token.holder_since)).unwrap_or_default();
        let settings = self.policy.settings();
        let staleness = authority.max_staleness().unwrap_or(settings.max_staleness).millis();
        let wait = staleness.0.saturating_add(settings.skew.0.saturating_mul(2));
        let good = if since.0 == 0 { Millis(0) } else { Millis(since.0.saturating_add(wait)) };
        Chain {
            issuer: self.issuer.id,
            authority,
            last: claims,
            anchor: leaf,
            holder,
            ready: ready.max(good),
        }
    }

    /// A child's place: logged tokens are a prefix, each with its leaf; then come offline links.
    fn place(&self, parent: &Chain<'o>, claims: &Claims) -> Result<Option<&'o Leaf>, Code> {
        let leaf = match claims.token.origin {
            Origin::Logged { .. } if !parent.last.token.is_offline() => {
                Some(self.leaf(claims, parent.anchor.index)?)
            }
            Origin::Offline { .. } => None,
            _ => return Err(Code::BrokenChain),
        };
        if claims.token.parent() == Some(parent.last.id) { Ok(leaf) } else { Err(Code::BrokenChain) }
    }

    /// The leaf of a logged token, which must be that of these very claims below this parent.
    fn leaf(&self, claims: &Claims, parent: StateIndex) -> Result<&'o Leaf, Code> {
        let mut tokens = self.opened.leaves.iter().filter_map(|leaf| Some((leaf, leaf.token()?)));
        let (leaf, token) = tokens.find(|(leaf, _)| leaf.id == claims.id).ok_or(Code::WrongLeaf)?;
        let fits = token.parent == parent
            && token.expires == claims.token.expires
            && token.authority == claims.authority
            && (!leaf.is_unchanged() || token.holder == *claims.token.holder.bytes());
        if fits { Ok(leaf) } else { Err(Code::WrongLeaf) }
    }

    fn signature(
        &mut self,
        link: &Link,
        parent: Option<&Claims>,
        number: u8,
        trail: &mut Trail,
    ) -> Result<(), Code> {
        if demanded(self.policy, &link.claims.token) {
            let result = if self.verified { Ok(()) } else { link.verify(parent, self.keys) };
            trail.link(CheckName::Signature, number, result)
        } else {
            trail.skip(CheckName::Signature, Some(number));
            Ok(())
        }
    }

    /// The signer held the parent, and the parent has not changed since in a way that ends the link.
    fn signer(&self, parent: &Chain<'o>, claims: &Claims) -> Result<(), Code> {
        match claims.token.origin {
            Origin::Logged { epoch, .. } => {
                // Whoever held a parent that has changed since was known to the ledger when it admitted the child.
                if parent.anchor.is_unchanged() && claims.kid != parent.holder {
                    return Err(Code::WrongSigner);
                }
                if epoch == parent.anchor.epoch { Ok(()) } else { Err(Code::OldEpoch) }
            }
            Origin::Offline { epoch, generation, .. } => {
                if claims.kid != parent.holder {
                    return Err(Code::WrongSigner);
                }
                if epoch != parent.anchor.epoch {
                    return Err(Code::OldEpoch);
                }
                if generation != parent.anchor.generation {
                    return Err(Code::OldGeneration);
                }
                if self.policy.settings().offline_links { Ok(()) } else { Err(Code::NotDelegable) }
            }
            Origin::Root { .. } => Err(Code::BrokenChain),
        }
    }

    fn life(&self, token: &Token) -> Result<(), Code> {
        let time = self.times.effective;
        let most = time.0.saturating_add(OFFLINE_LINK_LIFE_MAX.millis().0);
        // Nobody saw when a link was signed: one that ends later than a link of now may was given a longer life.
        if token.is_offline() && token.expires.millis().0 > most {
            return Err(Code::BadTime);
        }
        if token.expires.passed(time) {
            return Err(Code::Expired);
        }
        if token.begun(time) { Ok(()) } else { Err(Code::NotYetValid) }
    }
}

fn check_status(leaf: &Leaf) -> Result<(), Code> {
    match leaf.life {
        Life::Revoked => Err(Code::Revoked),
        Life::Ended => Err(Code::Ended),
        Life::Live if leaf.mask & MASK_OPERATOR != 0 => Err(Code::Frozen),
        Life::Live if leaf.mask != 0 => Err(Code::Suspended),
        Life::Live => Ok(()),
    }
}
