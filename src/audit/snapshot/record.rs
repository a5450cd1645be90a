//! Side records as items of a snapshot (spec 24 §4): one array each, its kind first, then its key, then what it says.
//! What follows from other records is in none of them.

use crate::machine::{
    Capture, Key, Lease, LinkValues, Offer, PendingRekey, Record, Refused, Request, Reservation, Standing,
    Tally, Waiting,
};
use remit_verifier::cbor::{DecodeError, Reader, Writer};
use remit_verifier::code::Code;
use remit_verifier::limits::{APPROVERS_MAX, BUDGETS_MAX, DEPTH_MAX};
use remit_verifier::state::Counters;
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, KeyBytes, Nonce, ObjectId, RequestId, Seconds, StateIndex,
};

type Read<T> = Result<T, DecodeError>;

/// Kinds of items, in the order of their keys.
mod kind {
    pub(super) const RESERVATION: u64 = 1;
    pub(super) const LEASE: u64 = 2;
    pub(super) const CAPTURE: u64 = 3;
    pub(super) const SUSPENSION: u64 = 4;
    pub(super) const REQUEST: u64 = 5;
    pub(super) const STOP: u64 = 6;
    pub(super) const REKEY: u64 = 7;
    pub(super) const OFFER: u64 = 8;
    pub(super) const LINK: u64 = 9;
    pub(super) const SEEN: u64 = 10;
    pub(super) const REFUSED: u64 = 11;
    pub(super) const REFUSALS: u64 = 12;
    pub(super) const ENTRIES: u64 = 13;
}

/// The item of a record; nothing of one that stands with a leaf or follows from others.
pub(super) fn encode(key: &Key, record: &Record) -> Option<Vec<u8>> {
    let mut w = Writer::default();
    match (key, record) {
        (Key::ReservationOf(id), Record::ReservationOf(of)) => put_reservation(&mut w, id, of),
        (Key::LeaseOf(id), Record::LeaseOf(of)) => put_lease(&mut w, id, of),
        (Key::CaptureOf(id), Record::CaptureOf(of)) => {
            w.array(5).u64(kind::CAPTURE).bytes(&id.0).bytes(&of.reservation.0);
            w.u64(of.amount.0).u64(of.refunded.0);
        }
        (Key::SuspensionOf(leaf, bit), Record::SuspensionOf(by)) => {
            w.array(4).u64(kind::SUSPENSION).u64(leaf.0).u64(u64::from(*bit)).bytes(&by.0);
        }
        (Key::RequestOf(id), Record::RequestOf(of)) => put_request(&mut w, id, of),
        (Key::StoppedAt(leaf), Record::StoppedAt(entry)) => {
            w.array(3).u64(kind::STOP).u64(leaf.0).u64(entry.0);
        }
        (Key::RekeyOf(id), Record::RekeyOf(of)) => {
            w.array(7).u64(kind::REKEY).bytes(&id.0).u64(of.token.0).u64(of.epoch.0).bytes(&of.holder.0);
            w.u64(of.effective.0).bytes(&of.nonce.0);
        }
        (Key::OfferOf(id), Record::OfferOf(of)) => put_offer(&mut w, id, of),
        (Key::LinkOf(id), Record::LinkOf(of)) => put_link(&mut w, id, of),
        (Key::Seen(until, id), Record::Seen(entry)) => {
            w.array(4).u64(kind::SEEN).u64(until.0).bytes(&id.0).u64(entry.0);
        }
        (Key::RefusedOf(id), Record::RefusedOf(of)) => {
            w.array(4).u64(kind::REFUSED).bytes(&id.0).u64(of.entry.0).u64(u64::from(of.code.number()));
        }
        (Key::RefusalsOf(root), Record::RefusalsOf(of)) => put_tally(&mut w, kind::REFUSALS, *root, *of),
        (Key::EntriesOf(root), Record::EntriesOf(of)) => put_tally(&mut w, kind::ENTRIES, *root, *of),
        _ => return None,
    }
    Some(w.into_bytes())
}

/// Reads one item. Of a lease, the ids of unit and payee are those of their leaves, which `id_of` gives.
pub(super) fn decode(
    r: &mut Reader<'_>,
    id_of: impl Fn(StateIndex) -> Option<ObjectId>,
) -> Read<(Key, Record)> {
    let length = r.array(usize::MAX)?;
    let kind = r.u64()?;
    let is = |wanted: usize| if length == wanted { Ok(()) } else { Err(DecodeError::Malformed) };
    Ok(match kind {
        kind::RESERVATION => {
            is(15)?;
            (Key::ReservationOf(id(r)?), Record::ReservationOf(reservation(r)?))
        }
        kind::LEASE => {
            is(13)?;
            (Key::LeaseOf(id(r)?), Record::LeaseOf(lease(r, id_of)?))
        }
        kind::CAPTURE => {
            is(5)?;
            let key = Key::CaptureOf(id(r)?);
            let (reservation, amount, refunded) = (id(r)?, amount(r)?, amount(r)?);
            (key, Record::CaptureOf(Capture { reservation, amount, refunded }))
        }
        kind::SUSPENSION => {
            is(4)?;
            let (leaf, bit) = (index(r)?, r.u64_max(u64::from(u8::MAX))?);
            let bit = u8::try_from(bit).map_err(|_| DecodeError::Malformed)?;
            (Key::SuspensionOf(leaf, bit), Record::SuspensionOf(id(r)?))
        }
        kind::REQUEST => {
            is(3)?;
            (Key::RequestOf(RequestId(r.array_bytes()?)), Record::RequestOf(request(r)?))
        }
        kind::STOP => {
            is(3)?;
            (Key::StoppedAt(index(r)?), Record::StoppedAt(entry(r)?))
        }
        kind::REKEY => {
            is(7)?;
            (Key::RekeyOf(id(r)?), Record::RekeyOf(rekey(r)?))
        }
        kind::OFFER => {
            is(3)?;
            (Key::OfferOf(id(r)?), Record::OfferOf(offer(r)?))
        }
        kind::LINK => {
            is(3)?;
            (Key::LinkOf(id(r)?), Record::LinkOf(link(r)?))
        }
        kind::SEEN => {
            is(4)?;
            (Key::Seen(seconds(r)?, id(r)?), Record::Seen(entry(r)?))
        }
        kind::REFUSED => {
            is(4)?;
            let (key, entry) = (Key::RefusedOf(id(r)?), entry(r)?);
            let code = Code::from_number(r.u64()?).ok_or(DecodeError::Malformed)?;
            (key, Record::RefusedOf(Refused { entry, code }))
        }
        kind::REFUSALS => {
            is(4)?;
            (Key::RefusalsOf(index(r)?), Record::RefusalsOf(tally(r)?))
        }
        kind::ENTRIES => {
            is(4)?;
            (Key::EntriesOf(index(r)?), Record::EntriesOf(tally(r)?))
        }
        _ => return Err(DecodeError::Malformed),
    })
}

fn id(r: &mut Reader<'_>) -> Read<ObjectId> {
    r.array_bytes().map(ObjectId)
}

fn index(r: &mut Reader<'_>) -> Read<StateIndex> {
    r.u64().map(StateIndex)
}

fn entry(r: &mut Reader<'_>) -> Read<EntryIndex> {
    r.u64().map(EntryIndex)
}

fn amount(r: &mut Reader<'_>) -> Read<Amount> {
    r.u64().map(Amount)
}

fn seconds(r: &mut Reader<'_>) -> Read<Seconds> {
    r.u64().map(Seconds)
}

fn key_bytes(r: &mut Reader<'_>) -> Read<KeyBytes> {
    r.array_bytes().map(KeyBytes)
}

fn or_null(w: &mut Writer, value: Option<u64>) {
    match value {
        Some(value) => w.u64(value),
        None => w.null(),
    };
}

fn optional(r: &mut Reader<'_>) -> Read<Option<u64>> {
    if r.null()? { Ok(None) } else { r.u64().map(Some) }
}

fn put_reservation(w: &mut Writer, id: &ObjectId, of: &Reservation) {
    w.array(15).u64(kind::RESERVATION).bytes(&id.0);
    w.u64(of.entry.0).u64(of.token.0).u64(of.unit.0).u64(of.payee.0);
    w.u64(of.amount.0)
        .u64(of.captured.0)
        .u64(of.released.0)
        .u64(of.captures)
        .u64(of.at.0)
        .u64(of.settle_by.0);
    or_null(w, of.refund_until.map(|until| until.0));
    w.bytes(&of.nonce.0).list(&of.links, |w, (link, refundable)| {
        w.array(2).bytes(&link.0);
        or_null(w, refundable.map(|most| most.0));
    });
}

fn reservation(r: &mut Reader<'_>) -> Read<Reservation> {
    let (entry, token, unit, payee) = (entry(r)?, index(r)?, index(r)?, index(r)?);
    let (amount, captured, released, captures) = (amount(r)?, amount(r)?, amount(r)?, r.u64()?);
    let (at, settle_by, refund_until) = (seconds(r)?, seconds(r)?, optional(r)?.map(Seconds));
    let nonce = r.nonce()?;
    let links = r.list(DEPTH_MAX, |r| {
        r.array_of(2)?;
        Ok((id(r)?, optional(r)?.map(Amount)))
    })?;
    Ok(Reservation {
        entry,
        token,
        links,
        unit,
        payee,
        amount,
        captured,
        released,
        captures,
        at,
        settle_by,
        refund_until,
        nonce,
    })
}

fn put_lease(w: &mut Writer, id: &ObjectId, of: &Lease) {
    w.array(13).u64(kind::LEASE).bytes(&id.0);
    w.u64(of.entry.0).u64(of.token.0).u64(of.unit.0).u64(of.payee.0).bytes(&of.holder.0);
    w.u64(of.amount.0).u64(of.at.0).u64(of.settle_by.0);
    or_null(w, of.refund_until.map(|until| until.0));
    w.bytes(&of.nonce.0).bool(of.over);
}

fn lease(r: &mut Reader<'_>, id_of: impl Fn(StateIndex) -> Option<ObjectId>) -> Read<Lease> {
    let (entry, token, unit, payee) = (entry(r)?, index(r)?, index(r)?, index(r)?);
    let known = |at| id_of(at).ok_or(DecodeError::Malformed);
    Ok(Lease {
        entry,
        token,
        unit,
        unit_id: known(unit)?,
        payee,
        payee_id: known(payee)?,
        holder: key_bytes(r)?,
        amount: amount(r)?,
        at: seconds(r)?,
        settle_by: seconds(r)?,
        refund_until: optional(r)?.map(Seconds),
        nonce: r.nonce()?,
        over: r.bool()?,
    })
}

fn put_request(w: &mut Writer, id: &RequestId, of: &Request) {
    w.array(3).u64(kind::REQUEST).bytes(&id.0);
    let Request::Waiting(of) = of else {
        w.null();
        return;
    };
    w.array(8).u64(of.entry.0).u64(of.token.0).u64(of.unit.0).u64(of.payee.0).u64(of.amount.0);
    w.list(&of.approved, |w, key| {
        w.bytes(&key.0);
    });
    w.u64(of.decide_by.0).bytes(&of.nonce.0);
}

fn request(r: &mut Reader<'_>) -> Read<Request> {
    if r.null()? {
        return Ok(Request::Closed);
    }
    r.array_of(8)?;
    Ok(Request::Waiting(Waiting {
        entry: entry(r)?,
        token: index(r)?,
        unit: index(r)?,
        payee: index(r)?,
        amount: amount(r)?,
        approved: r.list(APPROVERS_MAX * DEPTH_MAX, key_bytes)?,
        decide_by: seconds(r)?,
        nonce: r.nonce()?,
    }))
}

fn rekey(r: &mut Reader<'_>) -> Read<PendingRekey> {
    let (token, epoch, holder) = (index(r)?, Epoch(r.u64()?), key_bytes(r)?);
    Ok(PendingRekey { token, epoch, holder, effective: seconds(r)?, nonce: Nonce(r.array_bytes()?) })
}

fn put_offer(w: &mut Writer, id: &ObjectId, of: &Offer) {
    w.array(3).u64(kind::OFFER).bytes(&id.0);
    let Offer::Standing(of) = of else {
        w.null();
        return;
    };
    w.array(8).u64(of.entry.0).u64(of.token.0).u64(of.epoch.0).bytes(&of.seller.0);
    w.u64(of.payee.0).u64(of.unit.0).u64(of.amount.0).u64(of.until.0);
}

fn offer(r: &mut Reader<'_>) -> Read<Offer> {
    if r.null()? {
        return Ok(Offer::Closed);
    }
    r.array_of(8)?;
    Ok(Offer::Standing(Standing {
        entry: entry(r)?,
        token: index(r)?,
        epoch: Epoch(r.u64()?),
        seller: key_bytes(r)?,
        payee: index(r)?,
        unit: index(r)?,
        amount: amount(r)?,
        until: seconds(r)?,
    }))
}

fn put_link(w: &mut Writer, id: &ObjectId, of: &LinkValues) {
    w.array(3).u64(kind::LINK).bytes(&id.0).list(&of.units, |w, (unit, of)| {
        w.array(4).u64(unit.0).u64(of.captured).u64(of.refunded).u64(of.reserved);
    });
}

fn link(r: &mut Reader<'_>) -> Read<LinkValues> {
    let units = r.list(BUDGETS_MAX, |r| {
        r.array_of(4)?;
        let unit = index(r)?;
        let (captured, refunded, reserved) = (r.u64()?, r.u64()?, r.u64()?);
        // A link neither carves nor opens leases, and nobody is asked for it.
        Ok((unit, Counters { captured, refunded, reserved, ..Counters::default() }))
    })?;
    Ok(LinkValues { units })
}

fn put_tally(w: &mut Writer, kind: u64, root: StateIndex, of: Tally) {
    w.array(4).u64(kind).u64(root.0).u64(of.start.0).u64(of.count);
}

fn tally(r: &mut Reader<'_>) -> Read<Tally> {
    Ok(Tally { start: seconds(r)?, count: r.u64()? })
}
