//! The side that asks: signs invocations, HTTP requests and offline links (spec 04 §8, 05, 20 §1).

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::argument::{read_all, sixteen};
use crate::link::{LinkRow, Maybe, path};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Object, keep, with};
use crate::verdict::all;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use verifier::object::Payment;
use verifier::sign::{Ask, Held, LocalSigner, Sent, Signer};
use verifier::types::{Amount, Hash, Millis, Nonce, ObjectId, Seconds};

/// What is asked of a party.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AskRow {
    audience: Bytes,
    action: Bytes,
    resource: Bytes,
    arguments: List<Bytes>,
    amount: Maybe,
    unit: Bytes,
    settle_by_s: u64,
    refund_until_s: Maybe,
    request_nonce: Bytes,
    valid_until_s: Maybe,
    nonce: Bytes,
}

/// An HTTP request that is to be signed, and what travels along.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct SentRow {
    method: Bytes,
    authority: Bytes,
    target: Bytes,
    content: Bytes,
    approvals: List<Bytes>,
    evidence: Bytes,
}

impl AskRow {
    fn read(&self) -> Result<Ask, Status> {
        let payment = match (self.amount.get(), self.unit.maybe_id()?) {
            (Some(amount), Some(unit)) => Some(Payment {
                amount: Amount(amount),
                unit: ObjectId(unit.0),
                settle_by: Seconds(self.settle_by_s),
                refund_until: self.refund_until_s.get().map(Seconds),
            }),
            (None, None) if self.settle_by_s == 0 && self.refund_until_s.get().is_none() => None,
            _ => return Err(Status::BAD_VALUE),
        };
        let nonce = self.request_nonce.maybe()?.map(|_| sixteen(&self.request_nonce));
        Ok(Ask {
            audience: ObjectId(self.audience.id()?.0),
            action: self.action.text()?.into(),
            resource: path(&self.resource)?,
            arguments: read_all(&self.arguments)?,
            payment,
            request_nonce: nonce.transpose()?.map(Nonce),
            valid_until: self.valid_until_s.get().map(Seconds),
        })
    }
}

/// A key by its seed, or in PEM.
pub(crate) fn signer(key: &Bytes) -> Result<LocalSigner, Status> {
    let key = key.read()?;
    if let Ok(seed) = <&[u8; 32]>::try_from(key) {
        return Ok(LocalSigner::from_seed(seed));
    }
    let pem = std::str::from_utf8(key).map_err(|_| Status::BAD_VALUE)?;
    let key = SigningKey::from_pkcs8_pem(pem).map_err(|_| Status::BAD_VALUE)?;
    Ok(LocalSigner::from_seed(key.as_bytes()))
}

export! {
    /// Takes a key.
    fn remit_holder_new(key: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let signer = signer(&key)?;
        let parts = Parts::default().text(part::PUBLIC_KEY, Hash(signer.public_key().0).to_string());
        keep(out, Object::Holder(signer), parts)
    }

    /// Signs an invocation on the last token of a presentation.
    fn remit_invoke(
        holder: u64, presentation: Bytes, ask: Option<&AskRow>, request: Bytes, now_ms: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(holder => holder, Holder);
        let row = ask.ok_or(Status::BAD_POINTER)?;
        let (ask, nonce, request) = (row.read()?, Nonce(sixteen(&row.nonce)?), request.maybe_id()?);
        let held = Held::read(presentation.read()?)?;
        let (id, bytes) = held.invoke(holder, &ask, request, nonce, Millis(now_ms))?;
        keep(out, Object::Plain, Parts::default().id(part::ID, Some(id)).text(part::BYTES, bytes))
    }

    /// Signs an HTTP request.
    fn remit_request(
        holder: u64, presentation: Bytes, ask: Option<&AskRow>, sent: Option<&SentRow>, now_ms: u64,
        out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(holder => holder, Holder);
        let (row, sent) = ask.zip(sent).ok_or(Status::BAD_POINTER)?;
        let (ask, nonce) = (row.read()?, Nonce(sixteen(&row.nonce)?));
        let approvals = all(&sent.approvals)?;
        let sent = Sent {
            method: sent.method.text()?,
            authority: sent.authority.text()?,
            target: sent.target.text()?,
            content: sent.content.content()?,
            approvals: &approvals,
            evidence: sent.evidence.maybe()?,
        };
        let held = Held::read(presentation.read()?)?;
        let headers = held.request(holder, &ask, &sent, nonce, Millis(now_ms))?;
        keep(out, Object::Plain, Parts::default().headers(&headers))
    }

    /// Appends an offline link to a presentation.
    fn remit_attenuate(
        holder: u64, presentation: Bytes, link: Option<&LinkRow>, nonce: Bytes, now_ms: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(holder => holder, Holder);
        let link = link.ok_or(Status::BAD_POINTER)?.read()?;
        let held = Held::read(presentation.read()?)?;
        let (longer, id) = held.append(holder, &link, Nonce(sixteen(&nonce)?), Millis(now_ms))?;
        keep(out, Object::Plain, Parts::default().id(part::ID, Some(id)).text(part::BYTES, longer))
    }
}
