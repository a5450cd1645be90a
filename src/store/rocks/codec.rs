//! Typed keys and records to bytes and back. Decoding bytes that were not written here is an error, never a panic.

use super::rows::{self, CaptureRow, DueRow, HeadRow, LinkRow, RekeyRow, ReservationRow, TipRow, TokenRow};
use super::schema::{FORMAT, Family};
use crate::machine::{Key, LeafRecord, Private, Record, TokenInfo};
use crate::store::StoreError;
use remit_verifier::cbor::{DecodeError, Reader};
use remit_verifier::label;
use remit_verifier::limits::OBJECT_BYTES_MAX;
use remit_verifier::object::Token;
use remit_verifier::state::{Leaf, Values, salt};
use remit_verifier::types::{EntryIndex, Hash, ObjectId, Seconds, StateIndex};
use std::sync::Arc;

/// Kinds of keys in the families that hold several.
mod kind {
    pub(super) const HEAD: &[u8] = b"head";
    pub(super) const INDEX: u8 = b'i';
    pub(super) const UNIT: u8 = b'u';
    pub(super) const RESERVATION: u8 = b'r';
    pub(super) const CAPTURE: u8 = b'c';
    pub(super) const SUSPENSION: u8 = b's';
    pub(super) const REKEY: u8 = b'k';
    pub(super) const LINK: u8 = b'l';
    pub(super) const SEEN: u8 = b's';
    pub(super) const DUE: u8 = b'd';
}

/// Bytes that are no key, no record or no record of this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

/// Where the record of a key lies.
pub fn place(key: &Key) -> (Family, Vec<u8>) {
    let id = |kind: u8, id: &ObjectId| [&[kind], &id.0[..]].concat();
    let at = |kind: u8, time: &Seconds, id: &ObjectId| [&[kind], &time.0.to_be_bytes()[..], &id.0].concat();
    match key {
        Key::HeadAt(number) => (Family::Meta, [kind::HEAD, &[*number]].concat()),
        Key::LeafAt(index) => (Family::State, index.0.to_be_bytes().to_vec()),
        Key::TokenOf(index) => (Family::Tokens, index.0.to_be_bytes().to_vec()),
        Key::IndexOf(of) => (Family::Named, id(kind::INDEX, of)),
        Key::UnitNamed(name) => (Family::Named, [&[kind::UNIT], name.as_bytes()].concat()),
        Key::ReservationOf(of) => (Family::Named, id(kind::RESERVATION, of)),
        Key::CaptureOf(of) => (Family::Named, id(kind::CAPTURE, of)),
        Key::SuspensionOf(leaf, bit) => {
            (Family::Named, [&[kind::SUSPENSION], &leaf.0.to_be_bytes()[..], &[*bit]].concat())
        }
        Key::RekeyOf(of) => (Family::Named, id(kind::REKEY, of)),
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
        (Family::Named, kind::CAPTURE) => Key::CaptureOf(id(rest)?),
        (Family::Named, kind::SUSPENSION) => {
            let (bit, leaf) = rest.split_last()?;
            Key::SuspensionOf(index(leaf)?, *bit)
        }
        (Family::Named, kind::REKEY) => Key::RekeyOf(id(rest)?),
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
        Record::CaptureOf(of) => row(&CaptureRow::from(of)),
        Record::SuspensionOf(id) => Ok([&[FORMAT], &id.0[..]].concat()),
        Record::RekeyOf(of) => row(&RekeyRow::from(of)),
        Record::LinkOf(values) => row(&LinkRow::from(values)),
        Record::Seen(entry) => Ok(number(entry.0)),
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
        Key::CaptureOf(_) => Record::CaptureOf(get::<CaptureRow>(body)?.into()),
        Key::SuspensionOf(..) => Record::SuspensionOf(ObjectId(body.try_into().map_err(|_| Garbled)?)),
        Key::RekeyOf(_) => Record::RekeyOf(get::<RekeyRow>(body)?.into()),
        Key::LinkOf(_) => Record::LinkOf(get::<LinkRow>(body)?.into()),
        Key::Seen(..) => Record::Seen(EntryIndex(get_number(body)?)),
        Key::DueAt(..) => Record::DueAt(get::<DueRow>(body)?.into()),
    })
}

/// A leaf record with the newest entry that rewrote it.
///
/// # Errors
///
/// [`Garbled`].
pub fn decode_leaf(bytes: &[u8]) -> Result<(LeafRecord, EntryIndex), Garbled> {
    let raw = RawLeaf::new(bytes)?;
    let leaf = Leaf::decode(raw.leaf).map_err(|_| Garbled)?;
    let private = match raw.private {
        Some((secret, values)) => {
            let (values, _) = Values::decode(values).map_err(|_| Garbled)?;
            Some(Private { secret: *secret, values })
        }
        None => None,
    };
    if private.is_some() != leaf.token().is_some() {
        return Err(Garbled);
    }
    Ok((LeafRecord { leaf, private }, raw.newest))
}

/// The parts of a stored leaf record: newest event (8 bytes), length of the leaf (2), leaf; for a token then secret
/// (32) and values.
pub(super) struct RawLeaf<'r> {
    pub(super) newest: EntryIndex,
    pub(super) leaf: &'r [u8],
    pub(super) private: Option<(&'r [u8; 32], &'r [u8])>,
}

impl<'r> RawLeaf<'r> {
    pub(super) fn new(bytes: &'r [u8]) -> Result<Self, Garbled> {
        let (newest, rest) = body(bytes)?.split_first_chunk().ok_or(Garbled)?;
        let (leaf, rest) = counted(rest)?;
        let private = if rest.is_empty() { None } else { Some(rest.split_first_chunk().ok_or(Garbled)?) };
        Ok(Self { newest: EntryIndex(u64::from_be_bytes(*newest)), leaf, private })
    }

    /// Whether the values kept beside the leaf are what it commits to, salted from the secret beside them.
    ///
    /// Of values with the right digest, only what salts them is decoded: this is done for every token at every open.
    pub(super) fn is_committed_to(&self, leaf: &Leaf) -> bool {
        match (leaf.token(), self.private) {
            (Some(token), Some((secret, bytes))) => {
                let digest = remit_verifier::hash::sha256(&[bytes]);
                digest == token.values && is_salted(secret, bytes).unwrap_or(false)
            }
            (None, None) => true,
            _ => false,
        }
    }
}

/// Whether encoded values (spec 06 §4) are salted from this secret.
fn is_salted(secret: &[u8; 32], values: &[u8]) -> Result<bool, DecodeError> {
    let mut reader = Reader::new(values, OBJECT_BYTES_MAX)?;
    reader.array_of(5)?;
    reader.label(label::VALUES)?;
    let found = Hash(reader.array_bytes()?);
    Ok(found == salt(secret, label::VALUES.as_bytes(), reader.u64()?))
}

fn encode_leaf(record: &LeafRecord, newest: EntryIndex) -> Result<Vec<u8>, Garbled> {
    let leaf = record.leaf.encode();
    let mut bytes = number(newest.0);
    put_counted(&mut bytes, &leaf)?;
    if let Some(private) = &record.private {
        bytes.extend_from_slice(&private.secret);
        bytes.extend_from_slice(&private.values.encode(&private.secret));
    }
    Ok(bytes)
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
        Key::CaptureOf(id) => format!("capture {id}"),
        Key::SuspensionOf(leaf, bit) => format!("suspension bit {bit} of state leaf {leaf}"),
        Key::RekeyOf(id) => format!("rekey {id}"),
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

fn number(number: u64) -> Vec<u8> {
    [&[FORMAT], &number.to_be_bytes()[..]].concat()
}

fn get_number(body: &[u8]) -> Result<u64, Garbled> {
    body.try_into().map(u64::from_be_bytes).map_err(|_| Garbled)
}

fn body(bytes: &[u8]) -> Result<&[u8], Garbled> {
    bytes.strip_prefix(&[FORMAT]).ok_or(Garbled)
}

fn put_counted(bytes: &mut Vec<u8>, part: &[u8]) -> Result<(), Garbled> {
    let length = u16::try_from(part.len()).map_err(|_| Garbled)?;
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

fn counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), Garbled> {
    let (length, rest) = bytes.split_first_chunk().ok_or(Garbled)?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(Garbled)
}
