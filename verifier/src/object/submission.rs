//! Operations as they are submitted and kept (spec 02 §4, §6, §7): parsed first, then with signatures checked.

use super::act::{Act, Stamp};
use super::approval::Approval;
use super::budget::Sealed;
use super::invocation::Invocation;
use super::kind::{Kind, RESERVED};
use super::token::{Origin, Token};
use super::trade::Trade;
use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::cose::{SigStructure, Sign1};
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::types::{Hash, LedgerId, Nonce, ObjectId, Seconds};
use alloc::vec::Vec;
use core::ops::Deref;

/// One operation, or the members of a bundle, decoded; **no signature is checked yet**.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The ledger that it is for.
    pub ledger: LedgerId,
    /// The operations in order; more than one make a bundle.
    pub operations: Vec<Operation>,
    /// The id of the entry that it would become.
    pub id: ObjectId,
}

/// A submission whose signatures all verify under the keys that it names; made only by [`Submission::verify`].
#[derive(Clone, Debug)]
pub struct Verified(Submission);

/// One operation: its signed objects, all over the same payload, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The kind.
    pub kind: Kind,
    /// The signers, in order.
    pub signers: Vec<PublicKey>,
    /// The ids of the signed objects, in the same order.
    pub ids: Vec<ObjectId>,
    /// The id of the operation: that of its one object, or of all of them together.
    pub id: ObjectId,
    /// The id of its kind and payload, whoever signed them; `None` for a reserve, which is applied by its own id alone.
    pub payload: Option<ObjectId>,
    /// What the operation says.
    pub body: Body,
    /// The approvals that travel with a reserve or lease.
    pub approvals: Vec<Approval>,
    signatures: Vec<([u8; 64], SigStructure)>,
}

/// What an operation says. It lives as long as one admission, so the size of its variants does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A token to admit, with its opened sealed claims.
    Token(Token, Sealed),
    /// An invocation to fund, with the offline links that it goes through, the topmost first.
    Reserve(Invocation, Vec<Link>),
    /// Everything else; a transfer or trade with the opened sealed claims of the new holder.
    Act(Stamp, Act, Option<Sealed>),
}

/// A token inside a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its id.
    pub id: ObjectId,
    /// Who signed it.
    pub signer: PublicKey,
    /// Its claims.
    pub token: Token,
    signature: [u8; 64],
    structure: SigStructure,
}

/// The id of several signed objects: the id itself if there is one (spec 02 §4).
pub fn combined_id(ids: &[ObjectId]) -> ObjectId {
    if let [id] = ids {
        return *id;
    }
    let mut writer = Writer::labelled(label::IDS, 2);
    writer.list(ids, |w, id| {
        w.bytes(&id.0);
    });
    ObjectId(writer.digest().0)
}

/// The id of a payload of this kind, whoever signed it (spec 02 §4).
pub fn payload_id(ledger: &LedgerId, kind: Kind, payload: &[u8]) -> ObjectId {
    let mut writer = Writer::labelled(label::PAYLOAD, 4);
    writer.bytes(&ledger.0).u64(kind as u64).bytes(payload);
    ObjectId(writer.digest().0)
}

/// What every member of a bundle signs: the digest of all kinds and payloads, these without that field (spec 02 §7).
pub fn bundle_digest(members: &[(Kind, Vec<u8>)]) -> Hash {
    let mut writer = Writer::labelled(label::BUNDLE, 2);
    writer.list(members, |w, (kind, payload)| {
        w.array(2).u64(*kind as u64).bytes(payload);
    });
    writer.digest()
}

impl Link {
    /// Decodes one token object.
    ///
    /// # Errors
    ///
    /// The code of what is wrong with its bytes.
    pub fn decode(bytes: &[u8], ledger: &LedgerId) -> Result<Self, Code> {
        let object = Sign1::decode(bytes)?;
        let token = Token::decode(object.payload)?;
        let structure = object.sig_structure(label::TOKEN, ledger);
        let signer = PublicKey::parse(&object.kid).map_err(|_| Code::BadKey)?;
        Ok(Self { id: structure.id, signer, token, signature: object.signature, structure })
    }

    /// Checks the link's signature under the key that it names.
    ///
    /// # Errors
    ///
    /// [`Code::BadSignature`].
    pub fn verify(&self) -> Result<(), Code> {
        self.structure.verify(&self.signer, &self.signature).map_err(|_| Code::BadSignature)
    }
}

/// The parts of a member as they stand on the wire.
struct Member<'a> {
    kind: Kind,
    objects: Vec<&'a [u8]>,
    sealed: Option<&'a [u8]>,
    links: Vec<&'a [u8]>,
    approvals: Vec<&'a [u8]>,
}

impl Submission {
    /// Decodes a submission.
    ///
    /// # Errors
    ///
    /// The code of the first thing that is wrong with its bytes, in the order of spec 02 §6.
    pub fn decode(bytes: &[u8]) -> Result<Self, Code> {
        let (ledger, members) = decode_members(bytes)?;
        let mut operations = Vec::with_capacity(members.len());
        for member in &members {
            operations.push(Operation::decode(member, &ledger)?);
        }
        let ids: Vec<_> = operations.iter().map(|operation| operation.id).collect();
        let submission = Self { ledger, id: combined_id(&ids), operations };
        submission.check_bundle()?;
        Ok(submission)
    }

    /// The kind of the entry that it would become.
    pub fn kind(&self) -> Kind {
        match self.operations.as_slice() {
            [operation] => operation.kind,
            _ => Kind::Bundle,
        }
    }

    fn check_bundle(&self) -> Result<(), Code> {
        let expected = match self.operations.as_slice() {
            [_] => None,
            operations => {
                let member = |operation: &Operation| (operation.kind, operation.payload_without_bundle());
                let members: Vec<_> = operations.iter().map(member).collect();
                let mut others = members.iter();
                while let Some(member) = others.next() {
                    if others.as_slice().contains(member) {
                        return Err(Code::Replayed);
                    }
                }
                Some(bundle_digest(&members))
            }
        };
        let fits = |operation: &Operation| operation.bundle() == expected;
        if self.operations.iter().all(fits) { Ok(()) } else { Err(Code::BundleMismatch) }
    }

    /// Checks every signature under the key that it names. Whether that key may sign is for the rules to say.
    ///
    /// # Errors
    ///
    /// [`Code::WrongLedger`] if the submission is for another ledger than `ledger`; [`Code::BadSignature`].
    pub fn verify(self, ledger: &LedgerId) -> Result<Verified, Code> {
        if self.ledger != *ledger {
            return Err(Code::WrongLedger);
        }
        for operation in &self.operations {
            for (signer, (signature, structure)) in operation.signers.iter().zip(&operation.signatures) {
                structure.verify(signer, signature).map_err(|_| Code::BadSignature)?;
            }
            if let Body::Reserve(_, links) = &operation.body {
                links.iter().try_for_each(Link::verify)?;
            }
            operation.approvals.iter().try_for_each(Approval::verify)?;
            if let Body::Act(_, Act::Settle { voucher, .. }, _) = &operation.body {
                voucher.verify(ledger)?;
            }
        }
        Ok(Verified(self))
    }
}

impl Deref for Verified {
    type Target = Submission;

    fn deref(&self) -> &Submission {
        &self.0
    }
}

/// `["remit/submission/v1", ledger, [member, …]]`, a member being `[kind, objects, sealed or null, links]`, with
/// approvals at the end if there are any.
fn decode_members(bytes: &[u8]) -> Result<(LedgerId, Vec<Member<'_>>), Code> {
    let mut unknown = None;
    let result = Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
        r.array_of(3)?;
        r.label(label::SUBMISSION)?;
        let ledger = LedgerId(r.array_bytes()?);
        let members = r.list(BUNDLE_MEMBERS_MAX, |r| {
            let parts = r.array(5)?;
            let number = r.u64()?;
            let kind = Kind::from_number(number).filter(|kind| kind.label().is_some());
            let kind = kind.ok_or_else(|| {
                unknown = Some(number);
                DecodeError::Malformed
            })?;
            let objects = r.list(SIGNATURES_MAX, |r| r.bytes(OBJECT_BYTES_MAX))?;
            let sealed = if r.null()? { None } else { Some(r.bytes(SEALED_BYTES_MAX)?) };
            let links = r.list(DEPTH_MAX, |r| r.bytes(OBJECT_BYTES_MAX))?;
            let approvals = match parts {
                4 => Vec::new(),
                5 => r.list(APPROVALS_MAX, |r| r.bytes(APPROVAL_BYTES_MAX))?,
                _ => return Err(DecodeError::Malformed),
            };
            if parts == 5 && approvals.is_empty() {
                return Err(DecodeError::NotCanonical);
            }
            Ok(Member { kind, objects, sealed, links, approvals })
        })?;
        Ok((ledger, members))
    });
    match (result, unknown) {
        (_, Some(number)) if RESERVED.iter().any(|(reserved, _)| *reserved == number) => {
            Err(Code::NotEnabled)
        }
        (_, Some(_)) => Err(Code::UnknownKind),
        (Ok((_, members)), None) if members.is_empty() => Err(Code::Malformed),
        (result, None) => Ok(result?),
    }
}

impl Operation {
    fn decode(member: &Member<'_>, ledger: &LedgerId) -> Result<Self, Code> {
        let label = member.kind.label().ok_or(Code::UnknownKind)?;
        let objects =
            member.objects.iter().map(|bytes| Sign1::decode(bytes)).collect::<Result<Vec<_>, _>>()?;
        let payload = objects.first().ok_or(Code::Malformed)?.payload;
        if objects.iter().any(|object| object.payload != payload) {
            return Err(Code::Malformed);
        }
        let body = Body::decode(member, payload, ledger)?;
        let approvals = if body.takes_approvals() { member.approvals.as_slice() } else { &[] };
        let approvals = approvals.iter().map(|bytes| Approval::decode(bytes, ledger));
        let approvals = approvals.collect::<Result<_, _>>()?;
        body.require_fitting(member)?;
        let (mut signers, mut ids, mut signatures) = (Vec::new(), Vec::new(), Vec::new());
        for object in &objects {
            let structure = object.sig_structure(label, ledger);
            signers.push(PublicKey::parse(&object.kid).map_err(|_| Code::BadKey)?);
            ids.push(structure.id);
            signatures.push((object.signature, structure));
        }
        let kind = member.kind;
        let payload = (kind != Kind::Reserve).then(|| payload_id(ledger, kind, payload));
        Ok(Self { kind, signers, id: combined_id(&ids), ids, payload, body, approvals, signatures })
    }

    /// The signed objects, encoded as they were received.
    pub fn objects(&self) -> Vec<Vec<u8>> {
        let payload = match &self.body {
            Body::Token(token, _) => token.encode(),
            Body::Reserve(invocation, ..) => invocation.encode(),
            Body::Act(stamp, act, _) => act.encode(stamp),
        };
        let signed = self.signers.iter().zip(&self.signatures);
        let object = |(signer, (signature, _)): (&PublicKey, &([u8; 64], SigStructure))| {
            Sign1 { kid: *signer.bytes(), payload: &payload, signature: *signature }.encode()
        };
        signed.map(object).collect()
    }

    /// The nonce inside the payload.
    pub fn nonce(&self) -> Nonce {
        match &self.body {
            Body::Token(token, _) => token.nonce,
            Body::Reserve(invocation, ..) => invocation.nonce,
            Body::Act(stamp, ..) => stamp.nonce,
        }
    }

    /// The end of the admission window.
    pub fn valid_until(&self) -> Seconds {
        match &self.body {
            Body::Token(token, _) => token.valid_until,
            Body::Reserve(invocation, ..) => invocation.valid_until,
            Body::Act(stamp, ..) => stamp.valid_until,
        }
    }

    fn bundle(&self) -> Option<Hash> {
        match &self.body {
            Body::Token(token, _) => token.bundle,
            Body::Reserve(invocation, ..) => invocation.bundle,
            Body::Act(stamp, ..) => stamp.bundle,
        }
    }

    fn payload_without_bundle(&self) -> Vec<u8> {
        match self.body.clone() {
            Body::Token(mut token, _) => {
                token.bundle = None;
                token.encode()
            }
            Body::Reserve(mut invocation, ..) => {
                invocation.bundle = None;
                invocation.encode()
            }
            Body::Act(mut stamp, act, _) => {
                stamp.bundle = None;
                act.encode(&stamp)
            }
        }
    }
}

impl Body {
    fn decode(member: &Member<'_>, payload: &[u8], ledger: &LedgerId) -> Result<Self, Code> {
        Ok(match member.kind {
            Kind::Issue | Kind::Delegate => {
                let token = Token::decode(payload)?;
                let fits = match token.origin {
                    Origin::Root { .. } => member.kind == Kind::Issue,
                    Origin::Logged { .. } => member.kind == Kind::Delegate,
                    Origin::Offline { .. } => false,
                };
                if !fits {
                    return Err(Code::Malformed);
                }
                let sealed = open(member.sealed, token.sealed)?;
                Self::Token(token, sealed)
            }
            Kind::Reserve => {
                let links = member.links.iter().map(|bytes| Link::decode(bytes, ledger));
                Self::Reserve(Invocation::decode(payload)?, links.collect::<Result<_, _>>()?)
            }
            kind => {
                let (stamp, act) = Act::decode(kind, payload)?;
                let sealed = match &act {
                    Act::Transfer { sealed, .. } | Act::Trade(Trade { sealed, .. }) => {
                        Some(open(member.sealed, Some(*sealed))?)
                    }
                    _ => None,
                };
                Self::Act(stamp, act, sealed)
            }
        })
    }

    /// Whether approvals may travel with it.
    const fn takes_approvals(&self) -> bool {
        matches!(self, Self::Reserve(..) | Self::Act(_, Act::Lease(_), _))
    }

    /// Requires that the member brings nothing that its kind has not.
    fn require_fitting(&self, member: &Member<'_>) -> Result<(), Code> {
        let sealed = matches!(self, Self::Token(..) | Self::Act(_, _, Some(_)));
        let links = matches!(self, Self::Reserve(..));
        let fits = (sealed || member.sealed.is_none())
            && (links || member.links.is_empty())
            && (self.takes_approvals() || member.approvals.is_empty());
        if fits { Ok(()) } else { Err(Code::Malformed) }
    }
}

/// Opens the sealed claims that an object commits to.
fn open(sealed: Option<&[u8]>, digest: Option<Hash>) -> Result<Sealed, Code> {
    let sealed = sealed.ok_or(Code::SealedMismatch)?;
    if digest != Some(Sealed::digest(sealed)) {
        return Err(Code::SealedMismatch);
    }
    Ok(Sealed::decode(sealed)?)
}

/// Encodes one member: `[kind, objects, sealed or null, links]`, and approvals if there are any.
fn encode_member(w: &mut Writer, member: &Envelope) {
    let list = |w: &mut Writer, parts: &[Vec<u8>]| {
        w.list(parts, |w, part| {
            w.bytes(part);
        });
    };
    w.array(if member.approvals.is_empty() { 4 } else { 5 }).u64(member.kind as u64);
    list(w, &member.objects);
    match &member.sealed {
        Some(sealed) => w.bytes(sealed),
        None => w.null(),
    };
    list(w, &member.links);
    if !member.approvals.is_empty() {
        list(w, &member.approvals);
    }
}

/// A member of a submission while it is being built; see `sign`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The kind.
    pub kind: Kind,
    /// The signed objects, encoded.
    pub objects: Vec<Vec<u8>>,
    /// The opened sealed claims, encoded.
    pub sealed: Option<Vec<u8>>,
    /// Offline links, encoded.
    pub links: Vec<Vec<u8>>,
    /// Approvals that travel with a reserve or lease, encoded.
    pub approvals: Vec<Vec<u8>>,
}

impl Envelope {
    /// The ledger and the members of a submission as they stand on the wire. What they mean, and whether it is sound,
    /// is for [`Submission::decode`] to say.
    ///
    /// # Errors
    ///
    /// The code of what is wrong with the bytes.
    pub fn members(bytes: &[u8]) -> Result<(LedgerId, Vec<Envelope>), Code> {
        let (ledger, members) = decode_members(bytes)?;
        let owned = |parts: &[&[u8]]| parts.iter().map(|part| part.to_vec()).collect();
        let member = |m: &Member<'_>| Envelope {
            kind: m.kind,
            objects: owned(&m.objects),
            sealed: m.sealed.map(<[u8]>::to_vec),
            links: owned(&m.links),
            approvals: owned(&m.approvals),
        };
        Ok((ledger, members.iter().map(member).collect()))
    }

    /// Encodes a submission of these members; [`Submission::decode`] reads it.
    pub fn submission(ledger: &LedgerId, members: &[Envelope]) -> Vec<u8> {
        let mut writer = Writer::labelled(label::SUBMISSION, 3);
        writer.bytes(&ledger.0).list(members, encode_member);
        writer.into_bytes()
    }
}
