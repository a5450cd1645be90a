//! The till: takes the vouchers of one lease, one after the other (spec 16 §6).

use super::open::OpenLease;
use super::tally::Tally;
use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::label;
use crate::limits::*;
use crate::object::{Argument, Asked, Voucher};
use crate::types::{Millis, ObjectId, TillId};
use crate::verify::Policy;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a till keeps of one lease. It is stored as [`Till::encode`] gives it, and there is one of it: two copies that
/// both accept are two tills, and the second one's vouchers are worth nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    till: TillId,
    lease: ObjectId,
    tally: Tally,
    /// The latest time that was seen; no clock that shows less makes a lease live longer.
    newest: Millis,
    /// Whether it takes nothing more, because its lease is being settled or given back.
    closed: bool,
    /// The last voucher that was accepted, as it came.
    last: Option<Vec<u8>>,
}

/// A voucher that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is the next one. The till is to be stored, synced, before anybody is told; then the use is served, once.
    Taken(Box<Till>),
    /// It is the last one that was accepted: it gets the same answer, and is not served again.
    Repeated,
}

impl Till {
    /// A till for a lease of which nothing was spent yet. One that did spend is read with [`Till::decode`]; to begin
    /// anew with a lease that was spent from gives its uses away for nothing.
    ///
    /// # Errors
    ///
    /// [`Code::WrongLease`] if the lease is another till's.
    pub fn new(till: TillId, lease: &OpenLease) -> Result<Self, Code> {
        if lease.lease.till != till {
            return Err(Code::WrongLease);
        }
        Ok(Self {
            till,
            lease: lease.id,
            tally: Tally::default(),
            newest: lease.newest,
            closed: false,
            last: None,
        })
    }

    /// Judges a voucher with the arguments that are shown with it. A no leaves the till as it is.
    ///
    /// # Errors
    ///
    /// The code of the first check of spec 16 §6 that fails.
    pub fn accept(
        &self,
        lease: &OpenLease,
        voucher: &[u8],
        shown: &[Argument],
        policy: &Policy,
        now: Millis,
    ) -> Result<Accepted, Code> {
        let voucher = decode(voucher)?;
        if self.lease != lease.id || self.till != lease.lease.till || voucher.claim.lease != lease.id {
            return Err(Code::WrongLease);
        }
        if voucher.signer != lease.holder {
            return Err(Code::WrongHolder);
        }
        voucher.verify(&lease.ledger)?;
        if self.is_last(&voucher, lease) {
            return Ok(Accepted::Repeated);
        }
        if self.closed {
            return Err(Code::Settled);
        }
        check_terms(lease, &voucher, policy)?;
        let time = now.max(self.newest).max(lease.newest);
        check_times(lease, &voucher, policy, time)?;
        check_authority(lease, &voucher, shown)?;
        let tally = self.extend(lease, &voucher)?;
        let last = Some(voucher.bytes().to_vec());
        Ok(Accepted::Taken(Box::new(Self { tally, newest: time, last, ..self.clone() })))
    }

    /// The till when it takes nothing more. It is to be stored before the lease is settled or given back: what is taken
    /// after that is not paid for. The last voucher gets its answer still.
    #[must_use]
    pub fn close(&self) -> Self {
        Self { closed: true, ..self.clone() }
    }

    /// Whether it takes nothing more.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether it says what the last accepted one said. Another signature over the same is the same voucher.
    fn is_last(&self, voucher: &Voucher, lease: &OpenLease) -> bool {
        let last = self.last.as_deref().and_then(|last| Voucher::decode(last).ok());
        last.is_some_and(|last| last.id(&lease.ledger) == voucher.id(&lease.ledger))
    }

    /// The next use in the till's own tree, which must be the voucher's.
    fn extend(&self, lease: &OpenLease, voucher: &Voucher) -> Result<Tally, Code> {
        let claim = &voucher.claim;
        let tally = self.tally.and(claim.amount, voucher.to_use().leaf())?;
        if claim.number != tally.number() {
            return Err(Code::WrongNumber);
        }
        if claim.cumulative != tally.cumulative() {
            return Err(Code::WrongSum);
        }
        if claim.cumulative > lease.lease.amount {
            return Err(Code::AboveLeased);
        }
        if claim.root == tally.root() { Ok(tally) } else { Err(Code::WrongRoot) }
    }

    /// How far the lease is spent.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The lease.
    pub const fn lease(&self) -> ObjectId {
        self.lease
    }

    /// Which till it is.
    pub const fn id(&self) -> TillId {
        self.till
    }

    /// The last voucher that was accepted: what the lease is settled with.
    pub fn last(&self) -> Option<&[u8]> {
        self.last.as_deref()
    }

    /// Decodes what was stored.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, TILL_BYTES_MAX, |r| {
            r.array_of(7)?;
            r.label(label::TILL)?;
            let (till, lease) = (TillId(r.array_bytes()?), ObjectId(r.array_bytes()?));
            let (tally, newest, closed) = (Tally::decode(r)?, Millis(r.u64()?), r.bool()?);
            let last = if r.null()? { None } else { Some(r.bytes(VOUCHER_BYTES_MAX)?.to_vec()) };
            let whole = match &last {
                Some(voucher) => tally.is_of(&Voucher::decode(voucher)?.claim),
                None => tally.number() == 0,
            };
            whole.then_some(Self { till, lease, tally, newest, closed, last }).ok_or(DecodeError::Malformed)
        })
    }

    /// What is to be stored; [`Till::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::labelled(label::TILL, 7);
        w.bytes(&self.till.0).bytes(&self.lease.0);
        self.tally.encode(&mut w);
        w.u64(self.newest.0).bool(self.closed);
        match &self.last {
            Some(voucher) => w.bytes(voucher),
            None => w.null(),
        };
        w.into_bytes()
    }
}

/// An invocation that is no voucher is told apart from bytes that are none.
fn decode(bytes: &[u8]) -> Result<Voucher, Code> {
    Voucher::decode(bytes).map_err(|error| match error {
        DecodeError::MissingField(15) => Code::MisplacedVoucher,
        other => other.into(),
    })
}

/// The voucher names what the lease names.
fn check_terms(lease: &OpenLease, voucher: &Voucher, policy: &Policy) -> Result<(), Code> {
    let invocation = &voucher.invocation;
    if invocation.token != lease.lease.token {
        return Err(Code::WrongToken);
    }
    if invocation.epoch != lease.lease.epoch {
        return Err(Code::OldEpoch);
    }
    if invocation.audience != lease.lease.payee || invocation.audience != policy.settings().party {
        return Err(Code::WrongAudience);
    }
    if voucher.claim.unit == lease.lease.unit { Ok(()) } else { Err(Code::WrongLease) }
}

fn check_times(lease: &OpenLease, voucher: &Voucher, policy: &Policy, time: Millis) -> Result<(), Code> {
    if lease.lease.spend_until.passed(time) {
        return Err(Code::SpendOver);
    }
    let valid_until = voucher.invocation.valid_until;
    if valid_until.passed(time) {
        return Err(Code::TooLate);
    }
    let skew = policy.settings().skew;
    let latest = time.0.saturating_add(skew.0).saturating_add(INVOCATION_VALIDITY_MAX.millis().0);
    if valid_until.millis().0 <= latest { Ok(()) } else { Err(Code::TooEarly) }
}

/// What the chain allows, and one use of it.
fn check_authority(lease: &OpenLease, voucher: &Voucher, shown: &[Argument]) -> Result<(), Code> {
    let invocation = &voucher.invocation;
    if shown.len() > invocation.arguments.len() || !invocation.commits_to(shown) {
        return Err(Code::WrongArgument);
    }
    lease.authority()?.allows(&Asked {
        audience: &invocation.audience,
        action: &invocation.action,
        resource: &invocation.resource,
        arguments: Some(shown),
    })?;
    lease.limits.allow(voucher.claim.amount)
}
