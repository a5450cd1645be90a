//! Signs objects and makes submissions of them (spec 02 §2, §4, §6, §7).

use super::{SignError, Signer};
use crate::cose::{SigStructure, Sign1};
use crate::object::{Act, Envelope, Invocation, Kind, Lease, Origin, Sealed, Stamp, Token, bundle_digest};
use crate::types::{Hash, LedgerId, ObjectId};
use alloc::vec::Vec;

/// An operation that is to be signed.
#[derive(Clone)]
pub struct Draft<'s> {
    /// What it says.
    pub body: DraftBody,
    /// Who signs it, in order.
    pub signers: Vec<&'s dyn Signer>,
}

/// What an operation that is to be signed says.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftBody {
    /// A root or logged child.
    Token(Token, Sealed),
    /// An invocation to fund, with the encoded offline links that it goes through, and the encoded approvals.
    Reserve(Invocation, Vec<Vec<u8>>, Vec<Vec<u8>>),
    /// A lease, with the encoded approvals that travel with it.
    Lease(Stamp, Lease, Vec<Vec<u8>>),
    /// Everything else; a transfer with the sealed claims that it commits to.
    Act(Stamp, Act, Option<Sealed>),
}

/// Signs one payload under `label` for `ledger`: the id of the object, and the object encoded.
///
/// # Errors
///
/// [`SignError`] of the signer.
pub fn sign_object(
    signer: &dyn Signer,
    label: &str,
    ledger: &LedgerId,
    payload: &[u8],
) -> Result<(ObjectId, Vec<u8>), SignError> {
    let kid = signer.public_key();
    let structure = SigStructure::new(label, ledger, &kid, payload);
    let signature = signer.sign(structure.bytes())?;
    Ok((structure.id, Sign1 { kid, payload, signature }.encode()))
}

/// Signs the drafts and makes one submission of them; two or more make a bundle.
///
/// # Errors
///
/// [`SignError`] of a signer.
pub fn submission(ledger: &LedgerId, drafts: &[Draft<'_>]) -> Result<Vec<u8>, SignError> {
    let bundle = match drafts {
        [_] => None,
        drafts => {
            let member = |draft: &Draft<'_>| (draft.body.kind(), draft.body.payload(None));
            let members: Vec<_> = drafts.iter().map(member).collect();
            Some(bundle_digest(&members))
        }
    };
    let members = drafts.iter().map(|draft| draft.envelope(ledger, bundle));
    Ok(Envelope::submission(ledger, &members.collect::<Result<Vec<_>, _>>()?))
}

impl Draft<'_> {
    fn envelope(&self, ledger: &LedgerId, bundle: Option<Hash>) -> Result<Envelope, SignError> {
        let kind = self.body.kind();
        let payload = self.body.payload(bundle);
        let label = kind.label().ok_or(SignError::Refused)?;
        let mut objects = Vec::with_capacity(self.signers.len());
        for signer in &self.signers {
            objects.push(sign_object(*signer, label, ledger, &payload)?.1);
        }
        let bare = Envelope { kind, objects, sealed: None, links: Vec::new(), approvals: Vec::new() };
        Ok(match &self.body {
            DraftBody::Token(_, sealed) => Envelope { sealed: Some(sealed.encode()), ..bare },
            DraftBody::Reserve(_, links, approvals) => {
                Envelope { links: links.clone(), approvals: approvals.clone(), ..bare }
            }
            DraftBody::Lease(_, _, approvals) => Envelope { approvals: approvals.clone(), ..bare },
            DraftBody::Act(_, _, sealed) => Envelope { sealed: sealed.as_ref().map(Sealed::encode), ..bare },
        })
    }
}

impl DraftBody {
    /// The kind of the operation.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Token(token, _) => match token.origin {
                Origin::Root { .. } => Kind::Issue,
                _ => Kind::Delegate,
            },
            Self::Reserve(..) => Kind::Reserve,
            Self::Lease(..) => Kind::Lease,
            Self::Act(_, act, _) => act.kind(),
        }
    }

    /// The nonce and window of an act; tokens and invocations state theirs among their claims.
    pub const fn stamp(&self) -> Option<&Stamp> {
        match self {
            Self::Act(stamp, ..) | Self::Lease(stamp, ..) => Some(stamp),
            _ => None,
        }
    }

    /// The payload with this bundle digest.
    fn payload(&self, bundle: Option<Hash>) -> Vec<u8> {
        match self {
            Self::Token(token, sealed) => {
                let sealed = Some(Sealed::digest(&sealed.encode()));
                Token { bundle, sealed, ..token.clone() }.encode()
            }
            Self::Reserve(invocation, ..) => Invocation { bundle, ..invocation.clone() }.encode(),
            Self::Lease(stamp, lease, _) => Act::Lease(*lease).encode(&Stamp { bundle, ..*stamp }),
            Self::Act(stamp, act, _) => act.encode(&Stamp { bundle, ..*stamp }),
        }
    }
}
