//! Invocations, and the arguments that they commit to (spec 05).

use super::claim::Claim;
use super::permission::{Path, Value, decode_path};
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::label;
use crate::limits::*;
use crate::types::{Amount, Epoch, Hash, Nonce, ObjectId, Seconds};
use alloc::string::String;
use alloc::vec::Vec;

/// The payload of an invocation: what the holder asks one party to do once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Makes the invocation unique.
    pub nonce: Nonce,
    /// End of the admission window, at most [`INVOCATION_VALIDITY_MAX`] ahead.
    pub valid_until: Seconds,
    /// Digest of the bundle that it belongs to, if any.
    pub bundle: Option<Hash>,
    /// The last link of the chain.
    pub token: ObjectId,
    /// Epoch of the nearest logged token.
    pub epoch: Epoch,
    /// The party that is asked, and the payee of an amount.
    pub audience: ObjectId,
    /// What is to be done.
    pub action: String,
    /// To what.
    pub resource: Path,
    /// Names of the arguments and their salted digests, in canonical order of the names.
    pub arguments: Vec<(String, Hash)>,
    /// Value to reserve, if any.
    pub payment: Option<Payment>,
    /// Digest of the service's own request, if it binds one.
    pub request: Option<Hash>,
    /// The nonce of the request that approvers said yes to, if they had to.
    pub request_nonce: Option<Nonce>,
    /// What makes it a voucher: it then spends out of a lease, and there is no payment (spec 16 §4).
    pub claim: Option<Claim>,
}

/// The part of an invocation that asks for value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// How much, in minor units; never zero.
    pub amount: Amount,
    /// Of which unit.
    pub unit: ObjectId,
    /// Until when the payee may capture.
    pub settle_by: Seconds,
    /// Until when he may refund; without it, not at all.
    pub refund_until: Option<Seconds>,
}

/// One argument as it is shown to the service (never to the ledger).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// 16 random bytes.
    pub salt: [u8; 16],
    /// Its value.
    pub value: Value,
}

impl Argument {
    /// What the holder signs instead of the argument (spec 05 §2).
    pub fn digest(&self) -> Hash {
        let mut writer = Writer::labelled(label::ARGUMENT, 4);
        writer.bytes(&self.salt).text(&self.name);
        self.value.encode(&mut writer);
        writer.digest()
    }

    /// Decodes `[name, salt, value]`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(3)?;
        Ok(Self { name: r.name()?.into(), salt: r.array_bytes()?, value: Value::decode(r)? })
    }

    /// Encodes `[name, salt, value]`.
    pub fn encode(&self, w: &mut Writer) {
        w.array(3).text(&self.name).bytes(&self.salt);
        self.value.encode(w);
    }
}

impl Invocation {
    /// Decodes a payload.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; a zero amount, or deadlines without an amount, are `Malformed`.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut raw = Raw::default();
        Reader::whole(payload, PAYLOAD_BYTES_MAX, |r| r.map(|key, r| raw.field(key, r)))?;
        if let Some(claim) = raw.claim {
            return Self::voucher(raw, claim);
        }
        let payment = match (raw.value, raw.settle_by, raw.refund_until) {
            (Some((Amount(0), _)), ..) => return Err(DecodeError::Malformed),
            (Some((amount, unit)), Some(settle_by), refund_until) => {
                Some(Payment { amount, unit, settle_by, refund_until })
            }
            (Some(_), None, _) => return Err(DecodeError::MissingField(13)),
            (None, None, None) => None,
            (None, ..) => return Err(DecodeError::Malformed),
        };
        Self::of(raw, payment, None)
    }

    /// A voucher has an amount, no deadlines of its own, carries out no request, and stands in no bundle.
    fn voucher(raw: Raw, claim: RawClaim) -> Result<Self, DecodeError> {
        let (amount, unit) = required(raw.value, 10)?;
        let alone = raw.request_nonce.is_none() && raw.bundle.is_none();
        let bare = raw.settle_by.is_none() && raw.refund_until.is_none() && alone;
        let (lease, number, cumulative, root) = claim;
        if !bare || amount.0 == 0 || number == 0 || cumulative < amount {
            return Err(DecodeError::Malformed);
        }
        Self::of(raw, None, Some(Claim { amount, unit, lease, number, cumulative, root }))
    }

    fn of(raw: Raw, payment: Option<Payment>, claim: Option<Claim>) -> Result<Self, DecodeError> {
        Ok(Self {
            nonce: required(raw.nonce, 1)?,
            valid_until: required(raw.valid_until, 2)?,
            bundle: raw.bundle,
            token: required(raw.token, 4)?,
            epoch: required(raw.epoch, 5)?,
            audience: required(raw.audience, 6)?,
            action: required(raw.action, 7)?,
            resource: required(raw.resource, 8)?,
            arguments: raw.arguments.unwrap_or_default(),
            payment,
            request: raw.request,
            request_nonce: raw.request_nonce,
            claim,
        })
    }

    /// Encodes the payload; [`Invocation::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields::default();
        fields.add(1, |w| w.bytes(&self.nonce.0));
        fields.add(2, |w| w.u64(self.valid_until.0));
        fields.opt(3, self.bundle, |w, digest| w.bytes(&digest.0));
        fields.add(4, |w| w.bytes(&self.token.0));
        fields.add(5, |w| w.u64(self.epoch.0));
        fields.add(6, |w| w.bytes(&self.audience.0));
        fields.add(7, |w| w.text(&self.action));
        fields.add(8, |w| w.text(self.resource.as_str()));
        let arguments = Some(&self.arguments).filter(|arguments| !arguments.is_empty());
        fields.opt(9, arguments, |w, arguments| put_arguments(w, arguments));
        let value = self.payment.map(|p| (p.amount, p.unit)).or(self.claim.map(|c| (c.amount, c.unit)));
        fields.opt(10, value, |w, (amount, unit)| w.array(2).u64(amount.0).bytes(&unit.0));
        fields.opt(11, self.request, |w, digest| w.bytes(&digest.0));
        fields.opt(12, self.request_nonce, |w, nonce| w.bytes(&nonce.0));
        fields.opt(13, self.payment, |w, p| w.u64(p.settle_by.0));
        fields.opt(14, self.payment.and_then(|p| p.refund_until), |w, until| w.u64(until.0));
        fields.opt(15, self.claim, |w, c| {
            w.array(4).bytes(&c.lease.0).u64(c.number).u64(c.cumulative.0).bytes(&c.root.0)
        });
        fields.into_bytes()
    }

    /// Requires that every argument shown is one that was signed, and none is shown twice.
    pub fn commits_to(&self, shown: &[Argument]) -> bool {
        let signed =
            |a: &Argument| self.arguments.iter().any(|(name, d)| *name == a.name && *d == a.digest());
        let once = |a: &Argument| shown.iter().filter(|b| b.name == a.name).count() == 1;
        shown.iter().all(|argument| once(argument) && signed(argument))
    }
}

/// The digests of arguments, at least one.
pub(super) fn decode_arguments(r: &mut Reader<'_>) -> Result<Vec<(String, Hash)>, DecodeError> {
    let mut arguments = Vec::new();
    r.text_map(ARGUMENTS_MAX, |name, r| {
        arguments.push((name.into(), Hash(r.array_bytes()?)));
        Ok(())
    })?;
    if arguments.is_empty() { Err(DecodeError::NotCanonical) } else { Ok(arguments) }
}

pub(super) fn put_arguments<'w>(w: &'w mut Writer, arguments: &[(String, Hash)]) -> &'w mut Writer {
    w.map(arguments.len() as u64);
    for (name, digest) in arguments {
        w.text(name).bytes(&digest.0);
    }
    w
}

/// Field 15: lease, number, cumulative amount, root.
type RawClaim = (ObjectId, u64, Amount, Hash);

/// An invocation's fields while they are being read.
#[derive(Default)]
struct Raw {
    nonce: Option<Nonce>,
    valid_until: Option<Seconds>,
    bundle: Option<Hash>,
    token: Option<ObjectId>,
    epoch: Option<Epoch>,
    audience: Option<ObjectId>,
    action: Option<String>,
    resource: Option<Path>,
    arguments: Option<Vec<(String, Hash)>>,
    value: Option<(Amount, ObjectId)>,
    request: Option<Hash>,
    request_nonce: Option<Nonce>,
    settle_by: Option<Seconds>,
    refund_until: Option<Seconds>,
    claim: Option<RawClaim>,
}

impl Raw {
    fn field(&mut self, key: i64, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        match key {
            1 => self.nonce = Some(r.nonce()?),
            2 => self.valid_until = Some(Seconds(r.u64()?)),
            3 => self.bundle = Some(Hash(r.array_bytes()?)),
            4 => self.token = Some(ObjectId(r.array_bytes()?)),
            5 => self.epoch = Some(Epoch(r.u64()?)),
            6 => self.audience = Some(ObjectId(r.array_bytes()?)),
            7 => self.action = Some(r.name()?.into()),
            8 => self.resource = Some(decode_path(r)?),
            9 => self.arguments = Some(decode_arguments(r)?),
            10 => {
                r.array_of(2)?;
                self.value = Some((Amount(r.u64()?), ObjectId(r.array_bytes()?)));
            }
            11 => self.request = Some(Hash(r.array_bytes()?)),
            13 => self.settle_by = Some(Seconds(r.u64()?)),
            14 => self.refund_until = Some(Seconds(r.u64()?)),
            12 => self.request_nonce = Some(r.nonce()?),
            15 => {
                r.array_of(4)?;
                let (lease, number) = (ObjectId(r.array_bytes()?), r.u64()?);
                self.claim = Some((lease, number, Amount(r.u64()?), Hash(r.array_bytes()?)));
            }
            other => return Err(DecodeError::UnknownField(other)),
        }
        Ok(())
    }
}
