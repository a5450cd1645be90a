//! What a holder makes of a presentation, asking nobody: an invocation on its last token, an HTTP request, a link below
//! it (spec 04 §8, 05, 20 §1). Nothing is proved to himself.

use super::{SignError, Signer, sign_object};
use crate::code::Code;
use crate::cose::Sign1;
use crate::hash::sha256;
use crate::http::{self, HttpRequest};
use crate::key::EncodedKey;
use crate::label;
use crate::limits::*;
use crate::object::{
    Argument, Authority, Budget, Delegation, Invocation, Origin, Path, Payment, Permission, Token,
};
use crate::state::Leaf;
use crate::types::{Epoch, Generation, Hash, KeyBytes, Millis, Nonce, ObjectId, Seconds};
use crate::verify::Presentation;
use alloc::string::String;
use alloc::vec::Vec;

/// The last token of a presentation, as its holder sees it.
#[derive(Debug)]
pub struct Held<'p> {
    shown: Presentation<'p>,
    named: Hash,
    id: ObjectId,
    epoch: Epoch,
    generation: Generation,
    holder: KeyBytes,
    tokens: Vec<Token>,
}

/// What is asked of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The party.
    pub audience: ObjectId,
    /// What is to be done.
    pub action: String,
    /// With what.
    pub resource: Path,
    /// The arguments that are shown to the party; their digests are signed, in canonical order.
    pub arguments: Vec<Argument>,
    /// What it may cost, if it costs.
    pub payment: Option<Payment>,
    /// The nonce of the request that approvals are for.
    pub request_nonce: Option<Nonce>,
    /// Until when it is good; as long as a service takes if absent.
    pub valid_until: Option<Seconds>,
}

/// An HTTP request that is to be signed, and what travels along.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The authority of the URL, in lower case.
    pub authority: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The content, if there is any.
    pub content: Option<&'a [u8]>,
    /// Signed approvals.
    pub approvals: &'a [&'a [u8]],
    /// The evidence of funding; its hash is sent.
    pub evidence: Option<&'a [u8]>,
}

/// What an offline link says; what is absent is inherited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who holds it.
    pub holder: EncodedKey,
    /// Until when, an hour from now at most.
    pub expires: Seconds,
    /// From when on.
    pub not_before: Option<Seconds>,
    /// What is allowed.
    pub permissions: Option<Vec<Permission>>,
    /// Whether links may follow.
    pub delegation: Option<Delegation>,
    /// Greatest age of evidence.
    pub max_staleness: Option<Seconds>,
    /// How much may be spent, in open claims.
    pub budgets: Option<Vec<Budget>>,
}

/// Why nothing is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldError {
    /// No service would take it.
    Refused(Code),
    /// The key's holder gives no signature.
    Sign(SignError),
}

impl<C: Into<Code>> From<C> for HoldError {
    fn from(code: C) -> Self {
        Self::Refused(code.into())
    }
}

impl<'p> Held<'p> {
    /// Reads the chain of a presentation.
    ///
    /// # Errors
    ///
    /// The codes of spec 15 §1 for presentation, tokens and leaves; [`Code::WrongLeaf`] if the root has no leaf.
    pub fn read(presentation: &'p [u8]) -> Result<Self, Code> {
        let shown = Presentation::decode(presentation)?;
        let leaves: Vec<Leaf> =
            shown.leaves.iter().map(|leaf| Leaf::decode(leaf)).collect::<Result<_, _>>()?;
        let mut tokens = Vec::new();
        let mut last: Option<(ObjectId, Epoch, Generation, KeyBytes)> = None;
        for bytes in &shown.tokens {
            let object = Sign1::decode(bytes)?;
            let token = Token::decode(object.payload)?;
            let id = object.sig_structure(label::TOKEN, &shown.ledger).id;
            let signed = *token.holder.bytes();
            tokens.push(token);
            last = match (leaves.iter().find(|leaf| leaf.id == id), last) {
                (Some(leaf), _) => {
                    let holder = leaf.token().map_or(signed, |token| token.holder);
                    Some((id, leaf.epoch, leaf.generation, holder))
                }
                (None, Some((_, epoch, generation, _))) => Some((id, epoch, generation, signed)),
                (None, None) => return Err(Code::WrongLeaf),
            };
        }
        let (id, epoch, generation, holder) = last.ok_or(Code::BrokenChain)?;
        Ok(Self { named: sha256(&[presentation]), shown, id, epoch, generation, holder, tokens })
    }

    /// The token's id.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// Who holds it, transfers included.
    pub const fn holder(&self) -> KeyBytes {
        self.holder
    }

    /// Signs an invocation: its id, and the signed bytes. `request` is the digest of the service's own request, if one
    /// is bound.
    ///
    /// # Errors
    ///
    /// [`HoldError`]: [`Code::WrongHolder`] for another key than the holder's; the codes of spec 15 §1 for what no
    /// decoder takes.
    pub fn invoke(
        &self,
        signer: &dyn Signer,
        ask: &Ask,
        request: Option<Hash>,
        nonce: Nonce,
        now: Millis,
    ) -> Result<(ObjectId, Vec<u8>), HoldError> {
        if self.holder != signer.public_key() {
            return Err(Code::WrongHolder.into());
        }
        let invocation = Invocation {
            nonce,
            valid_until: ask.valid_until.unwrap_or_else(|| as_long_as_taken(now)),
            bundle: None,
            token: self.id,
            epoch: self.epoch,
            audience: ask.audience,
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            arguments: argument_digests(&ask.arguments),
            payment: ask.payment,
            request,
            request_nonce: ask.request_nonce,
            claim: None,
        };
        let payload = invocation.encode();
        Invocation::decode(&payload)?;
        sign_object(signer, label::INVOCATION, &self.shown.ledger, &payload).map_err(HoldError::Sign)
    }

    /// Signs an HTTP request: the fields to send with it, names in lower case, `content-digest` among them where there
    /// is content.
    ///
    /// # Errors
    ///
    /// Those of [`HttpRequest::new`] and of [`Held::invoke`].
    pub fn request(
        &self,
        signer: &dyn Signer,
        ask: &Ask,
        sent: &Sent<'_>,
        nonce: Nonce,
        now: Millis,
    ) -> Result<Vec<(&'static str, String)>, HoldError> {
        let content = sha256(&[sent.content.unwrap_or_default()]);
        let request = HttpRequest::new(sent.method, sent.authority, sent.target, content, self.named)?;
        let (_, invocation) = self.invoke(signer, ask, Some(request.digest()), nonce, now)?;
        let fields = http::Fields {
            invocation,
            presentation: self.named,
            arguments: ask.arguments.clone(),
            approvals: sent.approvals.iter().map(|approval| approval.to_vec()).collect(),
            evidence: sent.evidence.map(|evidence| sha256(&[evidence])),
        };
        let mut all = fields.written();
        if sent.content.is_some() {
            all.push(("content-digest", http::written_content_digest(&content)));
        }
        Ok(all)
    }

    /// Appends an offline link, no wider than what stands above it: the longer presentation, and the link's id.
    ///
    /// # Errors
    ///
    /// [`HoldError`]: [`Code::WrongSigner`] for another key than the holder's; [`Code::BadTime`] for a life that is
    /// over or longer than an hour; [`Code::NotDelegable`], [`Code::TooDeep`], [`Code::WiderThanParent`];
    /// [`Code::TooMany`] tokens; the codes of spec 15 §1 for what no decoder takes.
    pub fn append(
        &self,
        signer: &dyn Signer,
        link: &Link,
        nonce: Nonce,
        now: Millis,
    ) -> Result<(Vec<u8>, ObjectId), HoldError> {
        if self.holder != signer.public_key() {
            return Err(Code::WrongSigner.into());
        }
        let most = now.seconds().0.saturating_add(OFFLINE_LINK_LIFE_MAX.0);
        if link.expires.passed(now) || link.expires.0 > most {
            return Err(Code::BadTime.into());
        }
        if self.shown.tokens.len() >= PRESENTATION_TOKENS_MAX {
            return Err(Code::TooMany.into());
        }
        let token = self.below(link, nonce);
        self.authority()?.child(&token)?;
        let payload = token.encode();
        Token::decode(&payload)?;
        let (id, bytes) =
            sign_object(signer, label::TOKEN, &self.shown.ledger, &payload).map_err(HoldError::Sign)?;
        let mut shown = self.shown.clone();
        shown.tokens.push(&bytes);
        Ok((shown.encode(), id))
    }

    fn below(&self, link: &Link, nonce: Nonce) -> Token {
        Token {
            expires: link.expires,
            not_before: link.not_before,
            nonce,
            holder: link.holder,
            valid_until: link.expires,
            bundle: None,
            origin: Origin::Offline { parent: self.id, epoch: self.epoch, generation: self.generation },
            permissions: link.permissions.clone(),
            delegation: link.delegation,
            transferable: None,
            max_staleness: link.max_staleness,
            sealed: None,
            budgets: link.budgets.clone(),
            approval: None,
            entries: None,
        }
    }

    /// What all tokens together allow.
    fn authority(&self) -> Result<Authority<'_>, Code> {
        let (root, children) = self.tokens.split_first().ok_or(Code::BrokenChain)?;
        children.iter().try_fold(Authority::root(root), |above, token| above.child(token))
    }
}

/// The latest deadline of an invocation or voucher that a service takes whose clock is not behind.
pub fn as_long_as_taken(now: Millis) -> Seconds {
    Seconds(now.seconds().0.saturating_add(INVOCATION_VALIDITY_MAX.0))
}

/// What is signed of arguments, in canonical order (spec 05 §2).
pub fn argument_digests(arguments: &[Argument]) -> Vec<(String, Hash)> {
    let mut all: Vec<_> = arguments.iter().map(|shown| (shown.name.clone(), shown.digest())).collect();
    all.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    all
}
