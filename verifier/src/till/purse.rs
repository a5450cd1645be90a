//! The wallet: signs the vouchers of one lease, one after the other (spec 16 §8).

use super::open::{UseLimits, signed_lease};
use super::proof::LeaseProof;
use super::tally::Tally;
use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::label;
use crate::limits::*;
use crate::object::{Claim, Invocation, Lease, Path, Use, Voucher};
use crate::sign::{SignError, Signer, sign_object};
use crate::types::{Amount, Epoch, Hash, KeyBytes, LedgerId, Millis, Nonce, ObjectId, Seconds, TillId};
use alloc::string::String;
use alloc::vec::Vec;

/// What a wallet keeps of one lease. It is stored, synced, before a voucher leaves it: a wallet that forgets a voucher
/// signs its number again, and the till takes only one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    ledger: LedgerId,
    id: ObjectId,
    lease: Lease,
    /// Who opened it: the only key whose vouchers are taken.
    holder: KeyBytes,
    limits: UseLimits,
    /// Before the last voucher.
    before: Tally,
    /// After it, and the voucher.
    last: Option<(Tally, Vec<u8>)>,
}

/// What a voucher is to be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it costs.
    pub amount: Amount,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: Path,
    /// Names and salted digests of the arguments, the shorter name first, of one length by bytes.
    pub arguments: Vec<(String, Hash)>,
    /// Digest of the service's own request.
    pub request: Option<Hash>,
    /// Random.
    pub nonce: Nonce,
    /// At most [`INVOCATION_VALIDITY_MAX`] ahead.
    pub valid_until: Seconds,
}

/// Why there is no voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletError {
    /// The payee would refuse it, or the lease could not be settled with it.
    Refused(Code),
    /// The key's holder gives no signature.
    Sign(SignError),
}

impl From<Code> for WalletError {
    fn from(code: Code) -> Self {
        Self::Refused(code)
    }
}

impl From<SignError> for WalletError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

impl Wallet {
    /// A wallet for a lease that its holder opened, by the proof that its payee gets too. The holder believes his own
    /// ledger: the proof's inclusion is not checked.
    ///
    /// # Errors
    ///
    /// The code of what is wrong with the bytes; [`Code::NotFunding`] if the details do not say what one use may be.
    pub fn new(ledger: LedgerId, proof: &[u8]) -> Result<Self, Code> {
        let shown = LeaseProof::decode(proof)?;
        let (id, lease, holder) = signed_lease(&shown, &ledger)?;
        let holder = *holder.bytes();
        let place = shown.ids.iter().position(|of| *of == id).unwrap_or(0);
        let facts = shown.facts_at(place).ok_or(Code::NotFunding)?;
        let limits = UseLimits::of(&facts);
        // What it was asked for with is no part of its terms.
        let lease = Lease { request_nonce: None, ..lease };
        Ok(Self { ledger, id, lease, holder, limits, before: Tally::default(), last: None })
    }

    /// Signs the next voucher, and gives with it the wallet that is to be stored first.
    ///
    /// # Errors
    ///
    /// [`WalletError`]: [`Code::WrongHolder`] for another key than the one that opened the lease: its voucher would use
    /// up a number, and no till takes it; [`Code::BadAmount`] for 0, [`Code::SpendOver`] after `spend_until`,
    /// [`Code::TooLate`] and [`Code::TooEarly`] for another window, [`Code::AbovePerUse`], [`Code::AboveLeased`],
    /// [`Code::Oversize`]; [`SignError`].
    pub fn sign(
        &self,
        signer: &dyn Signer,
        wanted: &Wanted,
        now: Millis,
    ) -> Result<(Self, Vec<u8>), WalletError> {
        if signer.public_key() != self.holder {
            return Err(Code::WrongHolder.into());
        }
        self.check(wanted, now)?;
        let before = self.tally().clone();
        let mut invocation = Invocation {
            nonce: wanted.nonce,
            valid_until: wanted.valid_until,
            bundle: None,
            token: self.lease.token,
            epoch: self.lease.epoch,
            audience: self.lease.payee,
            action: wanted.action.clone(),
            resource: wanted.resource.clone(),
            arguments: wanted.arguments.clone(),
            payment: None,
            request: wanted.request,
            request_nonce: None,
            claim: None,
        };
        let mut claim = Claim {
            amount: wanted.amount,
            unit: self.lease.unit,
            lease: self.id,
            number: before.number().checked_add(1).ok_or(Code::Overflow)?,
            cumulative: Amount(0),
            root: Hash::default(),
        };
        let after = before.and(wanted.amount, Use::of(&invocation, &claim).leaf())?;
        if after.cumulative() > self.lease.amount {
            return Err(Code::AboveLeased.into());
        }
        (claim.cumulative, claim.root) = (after.cumulative(), after.root());
        invocation.claim = Some(claim);
        let (_, voucher) = sign_object(signer, label::INVOCATION, &self.ledger, &invocation.encode())?;
        Voucher::decode(&voucher).map_err(Code::from)?;
        let wallet = Self { before, last: Some((after, voucher.clone())), ..self.clone() };
        Ok((wallet, voucher))
    }

    fn check(&self, wanted: &Wanted, now: Millis) -> Result<(), Code> {
        if wanted.amount == Amount(0) {
            return Err(Code::BadAmount);
        }
        if self.lease.spend_until.passed(now) {
            return Err(Code::SpendOver);
        }
        if wanted.valid_until.passed(now) {
            return Err(Code::TooLate);
        }
        if wanted.valid_until.0 > now.seconds().0.saturating_add(INVOCATION_VALIDITY_MAX.0) {
            return Err(Code::TooEarly);
        }
        self.limits.allow(wanted.amount)
    }

    /// Takes back the last voucher, which the payee refused, so that its number is used for another. It is the
    /// payee's word against the holder's: one who did take it may settle with either of the two, never with both.
    ///
    /// # Errors
    ///
    /// [`Code::WrongNumber`] if there is none to take back: only the last one can be, and only once.
    pub fn take_back(&self) -> Result<Self, Code> {
        if self.last.is_none() {
            return Err(Code::WrongNumber);
        }
        Ok(Self { last: None, ..self.clone() })
    }

    /// The last voucher, to be shown again when no answer came.
    pub fn last(&self) -> Option<&[u8]> {
        self.last.as_ref().map(|(_, voucher)| voucher.as_slice())
    }

    /// How far the lease is spent, by what was signed.
    pub fn tally(&self) -> &Tally {
        self.last.as_ref().map_or(&self.before, |(after, _)| after)
    }

    /// The lease's id.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The lease.
    pub const fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Decodes what was stored.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, TILL_BYTES_MAX, |r| {
            r.array_of(8)?;
            r.label(label::WALLET)?;
            let (ledger, id) = (LedgerId(r.array_bytes()?), ObjectId(r.array_bytes()?));
            let lease = decode_terms(r)?;
            let holder = KeyBytes(r.array_bytes()?);
            let amount =
                |r: &mut Reader<'_>| if r.null()? { Ok(None) } else { r.u64().map(Amount).map(Some) };
            r.array_of(2)?;
            let limits = UseLimits { per_use: amount(r)?, unapproved: amount(r)? };
            let before = Tally::decode(r)?;
            let last = if r.null()? {
                None
            } else {
                r.array_of(2)?;
                Some((Tally::decode(r)?, r.bytes(VOUCHER_BYTES_MAX)?.to_vec()))
            };
            if let Some((after, voucher)) = &last {
                let claim = Voucher::decode(voucher)?.claim;
                let next = before.number().checked_add(1) == Some(claim.number);
                if !next || !after.is_of(&claim) {
                    return Err(DecodeError::Malformed);
                }
            }
            Ok(Self { ledger, id, lease, holder, limits, before, last })
        })
    }

    /// What is to be stored; [`Wallet::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::WALLET, 8);
        w.bytes(&self.ledger.0).bytes(&self.id.0);
        encode_terms(&mut w, &self.lease);
        w.bytes(&self.holder.0).array(2);
        for amount in [self.limits.per_use, self.limits.unapproved] {
            match amount {
                Some(amount) => w.u64(amount.0),
                None => w.null(),
            };
        }
        self.before.encode(&mut w);
        match &self.last {
            Some((after, voucher)) => {
                w.array(2);
                after.encode(&mut w);
                w.bytes(voucher);
            }
            None => {
                w.null();
            }
        }
        w.into_bytes()
    }
}

/// `[token, epoch, payee, till, amount, unit, spend until, settle by, refund until or null]`
fn encode_terms(w: &mut Writer, lease: &Lease) {
    w.array(9).bytes(&lease.token.0).u64(lease.epoch.0).bytes(&lease.payee.0).bytes(&lease.till.0);
    w.u64(lease.amount.0).bytes(&lease.unit.0).u64(lease.spend_until.0).u64(lease.settle_by.0);
    match lease.refund_until {
        Some(until) => w.u64(until.0),
        None => w.null(),
    };
}

fn decode_terms(r: &mut Reader<'_>) -> Result<Lease, DecodeError> {
    r.array_of(9)?;
    Ok(Lease {
        token: ObjectId(r.array_bytes()?),
        epoch: Epoch(r.u64()?),
        payee: ObjectId(r.array_bytes()?),
        till: TillId(r.array_bytes()?),
        amount: Amount(r.u64()?),
        unit: ObjectId(r.array_bytes()?),
        spend_until: Seconds(r.u64()?),
        settle_by: Seconds(r.u64()?),
        refund_until: if r.null()? { None } else { Some(Seconds(r.u64()?)) },
        request_nonce: None,
    })
}
