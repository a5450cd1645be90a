//! Typed keys and records to bytes and back. Decoding bytes that were not written here is an error, never a panic.

use super::leaf::{decode_leaf, encode_leaf};
pub use super::parts::Garbled;
use super::parts::{body, counted, number, put_counted};
use super::rows::{
    self, CaptureRow, DueRow, HeadRow, LeaseRow, LinkRow, OfferRow, PrunedRow, RefusedRow, RekeyRow,
    RequestRow, ReservationRow, TallyRow, TipRow, TokenRow,
};
use super::schema::{FORMAT, Family};
use crate::machine::{Key, Record, TokenInfo};
use crate::store::StoreError;
use remit_verifier::object::Token;
use remit_verifier::types::{EntryIndex, ObjectId, RequestId, Seconds, StateIndex};
use std::sync::Arc;

/// Kinds of keys in the families that hold several.
mod kind {
    pub(super) const HEAD: &[u8] = b"head";
    pub(super) const INDEX: u8 = b'i';
    pub(super) const UNIT: u8 = b'u';
    pub(super) const RESERVATION: u8 = b'r';
    pub(super) const CAPTURE: u8 = b'c';
    pub(super) const LEASE: u8 = b'e';
    pub(super) const SUSPENSION: u8 = b's';
    pub(super) const REKEY: u8 = b'k';
    pub(super) const REQUEST: u8 = b'q';
    pub(super) const STOPPED: u8 = b'x';
    pub(super) const OFFER: u8 = b'o';
    pub(super) const OFFERED: u8 = b't';
    pub(super) const LINK: u8 = b'l';
    pub(super) const REFUSED: u8 = b'f';
    pub(super) const REFUSALS: u8 = b'm';
    pub(super) const ENTRIES: u8 = b'n';
    pub(super) const SEEN: u8 = b's';
    pub(super) const DUE: u8 = b'd';
}

/// Where the record of a key lies.
pub fn place(key: &Key) -> (Family, Vec<u8>) {
    let id = |kind: u8, id: &ObjectId| [&[kind], &id.0[..]].concat();
    let of_leaf = |kind: u8, leaf: &StateIndex| [&[kind], &leaf.0.to_be_bytes()[..]].concat();
    let at = |kind: u8, time: &Seconds, id: &ObjectId| [&[kind], &time.0.to_be_bytes()[..], &id.0].concat();
    match key {
        Key::HeadAt(number) => (Family::Meta, [kind::HEAD, &[*number]].concat()),
        Key::LeafAt(index) => (Family::State, index.0.to_be_bytes().to_vec()),
        Key::TokenOf(index) => (Family::Tokens, index.0.to_be_bytes().to_vec()),
        Key::IndexOf(of) => (Family::Named, id(kind::INDEX, of)),
        Key::UnitNamed(name) => (Family::Named, [&[kind::UNIT], name.as_bytes()].concat()),
        Key::ReservationOf(of) => (Family::Named, id(kind::RESERVATION, of)),
        Key::LeaseOf(of) => (Family::Named, id(kind::LEASE, of)),
        Key::CaptureOf(of) => (Family::Named, id(kind::CAPTURE, of)),
        Key::SuspensionOf(leaf, bit) => {
            (Family::Named, [&[kind::SUSPENSION], &leaf.0.to_be_bytes()[..], &[*bit]].concat())
        }
        Key::RekeyOf(of) => (Family::Named, id(kind::REKEY, of)),
        Key::RequestOf(of) => (Family::Named, id(kind::REQUEST, &ObjectId(of.0))),
        Key::StoppedAt(leaf) => (Family::Named, of_leaf(kind::STOPPED, leaf)),
        Key::RefusedOf(of) => (Family::Named, id(kind::REFUSED, of)),
        Key::RefusalsOf(leaf) => (Family::Named, of_leaf(kind::REFUSALS, leaf)),
        Key::EntriesOf(leaf) => (Family::Named, of_leaf(kind::ENTRIES, leaf)),
        Key::OfferOf(of) => (Family::Named, id(kind::OFFER, of)),
        Key::OfferAt(leaf) => (Family::Named, of_leaf(kind::OFFERED, leaf)),
        Key::LinkOf(of) => (Family::Named, id(kind::LINK, of)),
        Key::Seen(time, of) => (Family::Times, at(kind::SEEN, time, of)),
        Key::DueAt(time, of) => (Family::Times, at(kind::DUE, time, of)),
    }
}

/// The first key of deadlines at or after a time.
pub(super) fn due_from(time: Seconds) -> Vec<u8> {
    [&[kind::DUE], &time.0.to_be_bytes()[..]].concat()
}

/// The key that lies there; `None` of the schema and the tip, and of what is no key.
pub fn key_at(family: Family, bytes: &[u8]) -> Option<Key> {
    let index = |bytes: &[u8]| Some(StateIndex(u64::from_be_bytes(bytes.try_into().ok()?)));
    let id = |bytes: &[u8]| Some(ObjectId(bytes.try_into().ok()?));
    let timed = |bytes: &[u8]| {
        let (time, rest) = bytes.split_first_chunk()?;
        Some((Seconds(u64::from_be_bytes(*time)), id(rest)?))
    };
    let (first, rest) = bytes.split_first()?;
    Some(match (family, *first) {
        (Family::Meta, _) => Key::HeadAt(<[u8; 1]>::try_from(bytes.strip_prefix(kind::HEAD)?).ok()?[0]),
        (Family::State, _) => Key::LeafAt(index(bytes)?),
        (Family::Tokens, _) => Key::TokenOf(index(bytes)?),
        (Family::Named, kind::INDEX) => Key::IndexOf(id(rest)?),
        (Family::Named, kind::UNIT) => Key::UnitNamed(std::str::from_utf8(rest).ok()?.to_owned()),
        (Family::Named, kind::RESERVATION) => Key::ReservationOf(id(rest)?),
        (Family::Named, kind::LEASE) => Key::LeaseOf(id(rest)?),
        (Family::Named, kind::CAPTURE) => Key::CaptureOf(id(rest)?),
        (Family::Named, kind::SUSPENSION) => {
            let (bit, leaf) = rest.split_last()?;
            Key::SuspensionOf(index(leaf)?, *bit)
        }
        (Family::Named, kind::REKEY) => Key::RekeyOf(id(rest)?),
        (Family::Named, kind::REQUEST) => Key::RequestOf(RequestId(id(rest)?.0)),
        (Family::Named, kind::STOPPED) => Key::StoppedAt(index(rest)?),
        (Family::Named, kind::REFUSED) => Key::RefusedOf(id(rest)?),
        (Family::Named, kind::REFUSALS) => Key::RefusalsOf(index(rest)?),
        (Family::Named, kind::ENTRIES) => Key::EntriesOf(index(rest)?),
        (Family::Named, kind::OFFER) => Key::OfferOf(id(rest)?),
        (Family::Named, kind::OFFERED) => Key::OfferAt(index(rest)?),
        (Family::Named, kind::LINK) => Key::LinkOf(id(rest)?),
        (Family::Times, kind::SEEN) => timed(rest).map(|(time, id)| Key::Seen(time, id))?,
        (Family::Times, kind::DUE) => timed(rest).map(|(time, id)| Key::DueAt(time, id))?,
        _ => return None,
    })
}

/// The bytes of a record; of a leaf with the newest entry that rewrote it, which no other record has.
///
/// # Errors
///
/// [`Garbled`] if it is longer than the rules let it become.
pub fn encode(record: &Record, newest: EntryIndex) -> Result<Vec<u8>, Garbled> {
    match record {
        Record::HeadAt(head) => row(&HeadRow::from(head)),
        Record::LeafAt(leaf) => encode_leaf(leaf, newest),
        Record::TokenOf(info) => encode_token(info),
        Record::IndexOf(index) | Record::UnitNamed(index) => Ok(number(index.0)),
        Record::ReservationOf(of) => row(&ReservationRow::from(of)),
        Record::LeaseOf(of) => row(&LeaseRow::from(of)),
        Record::CaptureOf(of) => row(&CaptureRow::from(of)),
        Record::OfferOf(of) => row(&OfferRow::from(of)),
        Record::SuspensionOf(id) | Record::OfferAt(id) => Ok([&[FORMAT], &id.0[..]].concat()),
        Record::RekeyOf(of) => row(&RekeyRow::from(of)),
        Record::RequestOf(of) => row(&RequestRow::from(of)),
        Record::RefusedOf(of) => row(&RefusedRow::from(of)),
        Record::RefusalsOf(of) | Record::EntriesOf(of) => row(&TallyRow::from(of)),
        Record::LinkOf(values) => row(&LinkRow::from(values)),
        Record::Seen(entry) | Record::StoppedAt(entry) => Ok(number(entry.0)),
        Record::DueAt(due) => row(&DueRow::from(due)),
    }
}

/// The record of this key out of its bytes.
///
/// # Errors
///
/// [`Garbled`].
pub fn decode(key: &Key, bytes: &[u8]) -> Result<Record, Garbled> {
    let body = body(bytes)?;
    Ok(match key {
        Key::HeadAt(_) => Record::HeadAt(get::<HeadRow>(body)?.into()),
        Key::LeafAt(_) => Record::LeafAt(Arc::new(decode_leaf(bytes)?.0)),
        Key::TokenOf(_) => Record::TokenOf(Arc::new(decode_token(body)?)),
        Key::IndexOf(_) => Record::IndexOf(StateIndex(get_number(body)?)),
        Key::UnitNamed(_) => Record::UnitNamed(StateIndex(get_number(body)?)),
        Key::ReservationOf(_) => Record::ReservationOf(get::<ReservationRow>(body)?.into()),
        Key::LeaseOf(_) => Record::LeaseOf(get::<LeaseRow>(body)?.into()),
        Key::CaptureOf(_) => Record::CaptureOf(get::<CaptureRow>(body)?.into()),
        Key::SuspensionOf(..) => Record::SuspensionOf(get_id(body)?),
        Key::OfferOf(_) => Record::OfferOf(get::<OfferRow>(body)?.into()),
        Key::OfferAt(_) => Record::OfferAt(get_id(body)?),
        Key::RekeyOf(_) => Record::RekeyOf(get::<RekeyRow>(body)?.into()),
        Key::RequestOf(_) => Record::RequestOf(get::<RequestRow>(body)?.into()),
        Key::StoppedAt(_) => Record::StoppedAt(EntryIndex(get_number(body)?)),
        Key::RefusedOf(_) => Record::RefusedOf(get::<RefusedRow>(body)?.refused().ok_or(Garbled)?),
        Key::RefusalsOf(_) => Record::RefusalsOf(get::<TallyRow>(body)?.into()),
        Key::EntriesOf(_) => Record::EntriesOf(get::<TallyRow>(body)?.into()),
        Key::LinkOf(_) => Record::LinkOf(get::<LinkRow>(body)?.into()),
        Key::Seen(..) => Record::Seen(EntryIndex(get_number(body)?)),
        Key::DueAt(..) => Record::DueAt(get::<DueRow>(body)?.into()),
    })
}

fn encode_token(info: &TokenInfo) -> Result<Vec<u8>, Garbled> {
    let mut bytes = vec![FORMAT];
    put_counted(&mut bytes, &info.token.encode())?;
    rows::put(&mut bytes, &TokenRow::from(info)).ok_or(Garbled)?;
    Ok(bytes)
}

fn decode_token(body: &[u8]) -> Result<TokenInfo, Garbled> {
    let (token, rest) = counted(body)?;
    // Its key was decoded when it was admitted.
    let token = Token::decode_unkeyed(token).map_err(|_| Garbled)?;
    Ok(get::<TokenRow>(rest)?.with(token))
}

/// The bytes of the tip.
pub(super) fn encode_tip(tip: &TipRow) -> Result<Vec<u8>, Garbled> {
    row(tip)
}

/// The tip.
pub(super) fn decode_tip(bytes: &[u8]) -> Result<TipRow, Garbled> {
    get(body(bytes)?)
}

/// The bytes of what was pruned.
pub(super) fn encode_pruned(pruned: &PrunedRow) -> Result<Vec<u8>, Garbled> {
    row(pruned)
}

/// What was pruned.
pub(super) fn decode_pruned(bytes: &[u8]) -> Result<PrunedRow, Garbled> {
    get(body(bytes)?)
}

/// The bytes of the schema number. They are the same in every schema.
pub fn encode_schema(schema: u32) -> Vec<u8> {
    [&[FORMAT], &schema.to_be_bytes()[..]].concat()
}

/// The schema number.
///
/// # Errors
///
/// [`Garbled`].
pub fn decode_schema(bytes: &[u8]) -> Result<u32, Garbled> {
    body(bytes)?.try_into().map(u32::from_be_bytes).map_err(|_| Garbled)
}

/// Which record it is, for people.
pub(super) fn damaged(key: &Key) -> StoreError {
    let text = match key {
        Key::HeadAt(_) => "the head".to_owned(),
        Key::LeafAt(index) => format!("the record of state leaf {index}"),
        Key::TokenOf(index) => format!("the token at state leaf {index}"),
        Key::IndexOf(id) => format!("the index of {id}"),
        Key::UnitNamed(name) => format!("the unit named {name}"),
        Key::ReservationOf(id) => format!("reservation {id}"),
        Key::LeaseOf(id) => format!("lease {id}"),
        Key::CaptureOf(id) => format!("capture {id}"),
        Key::SuspensionOf(leaf, bit) => format!("suspension bit {bit} of state leaf {leaf}"),
        Key::RekeyOf(id) => format!("rekey {id}"),
        Key::RequestOf(id) => format!("request {id}"),
        Key::StoppedAt(leaf) => format!("the last stop of state leaf {leaf}"),
        Key::RefusedOf(id) => format!("the refusal of {id}"),
        Key::RefusalsOf(leaf) => format!("the refusals counted for state leaf {leaf}"),
        Key::EntriesOf(leaf) => format!("the entries counted for state leaf {leaf}"),
        Key::OfferOf(id) => format!("offer {id}"),
        Key::OfferAt(leaf) => format!("the offer of state leaf {leaf}"),
        Key::LinkOf(id) => format!("offline link {id}"),
        Key::Seen(_, id) => format!("the entry that applied {id}"),
        Key::DueAt(_, id) => format!("the deadline of {id}"),
    };
    StoreError::Damaged(text.into())
}

fn row<R: serde::Serialize>(row: &R) -> Result<Vec<u8>, Garbled> {
    let mut bytes = vec![FORMAT];
    rows::put(&mut bytes, row).ok_or(Garbled)?;
    Ok(bytes)
}

fn get<R: serde::de::DeserializeOwned>(body: &[u8]) -> Result<R, Garbled> {
    rows::get(body).ok_or(Garbled)
}

fn get_id(body: &[u8]) -> Result<ObjectId, Garbled> {
    body.try_into().map(ObjectId).map_err(|_| Garbled)
}

fn get_number(body: &[u8]) -> Result<u64, Garbled> {
    body.try_into().map(u64::from_be_bytes).map_err(|_| Garbled)
}
