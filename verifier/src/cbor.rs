//! Deterministic CBOR (RFC 8949 §4.2.1, spec 01 §5): a strict reader over `minicbor`, and a writer.
//!
//! The reader accepts exactly one byte string for each value: shortest heads, definite lengths, map keys strictly
//! increasing, no tags, no floats, nothing left over. What it accepts, the writer writes back byte for byte.

use crate::key::{EncodedKey, KeyError, PublicKey};
use crate::types::{KeyBytes, Nonce, Rules};
use alloc::vec::Vec;
use minicbor::Decoder;
use minicbor::data::Type;

/// Why bytes are not the object they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end before the object does, or are no CBOR at all.
    Truncated,
    /// A value of another type stands where this one is due, or a number is outside its range.
    Malformed,
    /// The same value has another, canonical encoding.
    NotCanonical,
    /// Bytes follow the object.
    TrailingBytes,
    /// A string or the whole object is longer than its bound.
    Oversize,
    /// An array or map has more items than its bound.
    TooMany,
    /// A map has a key that this version does not know.
    UnknownField(i64),
    /// A map lacks a key that must be there.
    MissingField(i64),
    /// The key is reserved for a later rules version.
    NotEnabled(i64),
    /// The first element is not the label of this kind.
    WrongLabel,
    /// A key is not acceptable.
    Key(KeyError),
}

type Result<T> = core::result::Result<T, DecodeError>;

/// A cursor over CBOR that refuses everything but the deterministic encoding.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    inner: Decoder<'a>,
}

/// Items that a list has room for before it is read: what bytes claim is not believed beyond that.
const LIST_ROOM: usize = 32;

/// Bytes of the shortest head for `argument`.
const fn head_len(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

impl<'a> Reader<'a> {
    /// A reader over `bytes`, which must be at most `bytes_max` long.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Oversize`] if they are longer.
    pub fn new(bytes: &'a [u8], bytes_max: usize) -> Result<Self> {
        if bytes.len() > bytes_max {
            return Err(DecodeError::Oversize);
        }
        Ok(Self { inner: Decoder::new(bytes) })
    }

    /// Runs `read` over the whole of `bytes`: nothing may be left over.
    ///
    /// # Errors
    ///
    /// Whatever `read` returns, and [`DecodeError::TrailingBytes`].
    pub fn whole<T>(
        bytes: &'a [u8],
        bytes_max: usize,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut reader = Self::new(bytes, bytes_max)?;
        let value = read(&mut reader)?;
        if reader.inner.position() == bytes.len() { Ok(value) } else { Err(DecodeError::TrailingBytes) }
    }

    /// Whether nothing is left: how a sequence of items ends (RFC 8742).
    pub fn is_at_end(&self) -> bool {
        self.inner.position() >= self.inner.input().len()
    }

    /// How many bytes are read.
    pub fn position(&self) -> usize {
        self.inner.position()
    }

    fn kind(&self) -> Result<Type> {
        self.inner.datatype().map_err(|_| DecodeError::Truncated)
    }

    /// Requires that the head just read, with `content` bytes after it, was the shortest one.
    fn shortest(&self, start: usize, content: usize, argument: u64) -> Result<()> {
        let used = self.inner.position().saturating_sub(start).saturating_sub(content);
        if used == head_len(argument) { Ok(()) } else { Err(DecodeError::NotCanonical) }
    }

    /// An unsigned integer.
    pub fn u64(&mut self) -> Result<u64> {
        match self.kind()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {}
            _ => return Err(DecodeError::Malformed),
        }
        let start = self.inner.position();
        let value = self.inner.u64().map_err(|_| DecodeError::Truncated)?;
        self.shortest(start, 0, value)?;
        Ok(value)
    }

    /// An unsigned integer of at most `max`.
    pub fn u64_max(&mut self, max: u64) -> Result<u64> {
        let value = self.u64()?;
        if value <= max { Ok(value) } else { Err(DecodeError::Malformed) }
    }

    /// A signed integer of 64 bits.
    pub fn i64(&mut self) -> Result<i64> {
        match self.kind()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => {}
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => {}
            _ => return Err(DecodeError::Malformed),
        }
        let start = self.inner.position();
        let value = self.inner.i64().map_err(|_| DecodeError::Malformed)?;
        let argument = if value < 0 { !value } else { value };
        self.shortest(start, 0, argument.unsigned_abs())?;
        Ok(value)
    }

    /// A boolean.
    pub fn bool(&mut self) -> Result<bool> {
        if self.kind()? != Type::Bool {
            return Err(DecodeError::Malformed);
        }
        self.inner.bool().map_err(|_| DecodeError::Malformed)
    }

    /// A byte string of at most `max` bytes.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8]> {
        if self.kind()? != Type::Bytes {
            return Err(DecodeError::Malformed);
        }
        let start = self.inner.position();
        let value = self.inner.bytes().map_err(|_| DecodeError::Truncated)?;
        self.shortest(start, value.len(), value.len() as u64)?;
        if value.len() <= max { Ok(value) } else { Err(DecodeError::Oversize) }
    }

    /// A byte string of exactly `N` bytes.
    pub fn array_bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.bytes(usize::MAX)?.try_into().map_err(|_| DecodeError::Malformed)
    }

    /// A rules version; one that this crate does not know yet is not enabled.
    pub fn rules(&mut self) -> Result<Rules> {
        match Rules(self.u64()?) {
            rules if rules.is_known() => Ok(rules),
            rules if rules > Rules::NEWEST => Err(DecodeError::NotEnabled(0)),
            _ => Err(DecodeError::Malformed),
        }
    }

    /// A nonce.
    pub fn nonce(&mut self) -> Result<Nonce> {
        self.array_bytes().map(Nonce)
    }

    /// A checked public key.
    pub fn key(&mut self) -> Result<PublicKey> {
        self.encoded_key()?.decode().map_err(DecodeError::Key)
    }

    /// A key that may be no point; whoever reads it has it decoded where it matters.
    pub fn encoded_key(&mut self) -> Result<EncodedKey> {
        EncodedKey::parse(&KeyBytes(self.array_bytes()?)).map_err(DecodeError::Key)
    }

    /// A UTF-8 string of at most `max` bytes, without control characters.
    pub fn text(&mut self, max: usize) -> Result<&'a str> {
        if self.kind()? != Type::String {
            return Err(DecodeError::Malformed);
        }
        let start = self.inner.position();
        let value = self.inner.str().map_err(|_| DecodeError::Malformed)?;
        self.shortest(start, value.len(), value.len() as u64)?;
        if value.len() > max {
            return Err(DecodeError::Oversize);
        }
        if value.chars().any(char::is_control) { Err(DecodeError::Malformed) } else { Ok(value) }
    }

    /// A name: a text of 1 to [`NAME_BYTES_MAX`](crate::limits::NAME_BYTES_MAX) bytes, without control characters.
    pub fn name(&mut self) -> Result<&'a str> {
        let name = self.text(crate::limits::NAME_BYTES_MAX)?;
        if name.is_empty() { Err(DecodeError::Malformed) } else { Ok(name) }
    }

    /// The text `label`, as the first element of a labelled array.
    pub fn label(&mut self, label: &str) -> Result<()> {
        match self.kind()? {
            Type::String if self.text(64)? == label => Ok(()),
            _ => Err(DecodeError::WrongLabel),
        }
    }

    /// Whether `null` is next; it is consumed if so.
    pub fn null(&mut self) -> Result<bool> {
        if self.kind()? != Type::Null {
            return Ok(false);
        }
        self.inner.null().map_err(|_| DecodeError::Malformed)?;
        Ok(true)
    }

    /// The head of an array of at most `max` items.
    pub fn array(&mut self, max: usize) -> Result<usize> {
        if self.kind()? != Type::Array {
            return Err(self.not_a(Type::ArrayIndef));
        }
        let start = self.inner.position();
        let len = self.inner.array().map_err(|_| DecodeError::Truncated)?.ok_or(DecodeError::NotCanonical)?;
        self.shortest(start, 0, len)?;
        usize::try_from(len).ok().filter(|len| *len <= max).ok_or(DecodeError::TooMany)
    }

    /// The head of an array of exactly `len` items.
    pub fn array_of(&mut self, len: usize) -> Result<()> {
        if self.array(usize::MAX)? == len { Ok(()) } else { Err(DecodeError::Malformed) }
    }

    /// An array of at most `max` items, each read by `item`.
    pub fn list<T>(&mut self, max: usize, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let len = self.array(max)?;
        let mut items = Vec::with_capacity(len.min(LIST_ROOM));
        for _ in 0..len {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// A map with integer keys in canonical order; `field` reads the value of the key that it is given.
    pub fn map(&mut self, mut field: impl FnMut(i64, &mut Self) -> Result<()>) -> Result<()> {
        let mut last = None;
        for _ in 0..self.map_head()? {
            let key = self.i64()?;
            let order = (key < 0, key.unsigned_abs());
            if last.is_some_and(|last| last >= order) {
                return Err(DecodeError::NotCanonical);
            }
            last = Some(order);
            field(key, self)?;
        }
        Ok(())
    }

    /// A map with text keys in canonical order (shorter first, then bytewise), of at most `max` items.
    pub fn text_map(
        &mut self,
        max: usize,
        mut field: impl FnMut(&'a str, &mut Self) -> Result<()>,
    ) -> Result<()> {
        let len = self.map_head()?;
        if len > max as u64 {
            return Err(DecodeError::TooMany);
        }
        let mut last = None;
        for _ in 0..len {
            let key = self.name()?;
            let order = (key.len(), key);
            if last.is_some_and(|last| last >= order) {
                return Err(DecodeError::NotCanonical);
            }
            last = Some(order);
            field(key, self)?;
        }
        Ok(())
    }

    fn map_head(&mut self) -> Result<u64> {
        if self.kind()? != Type::Map {
            return Err(self.not_a(Type::MapIndef));
        }
        let start = self.inner.position();
        let len = self.inner.map().map_err(|_| DecodeError::Truncated)?.ok_or(DecodeError::NotCanonical)?;
        self.shortest(start, 0, len)?;
        Ok(len)
    }

    /// An indefinite length is the right type in a wrong encoding; all else is the wrong type.
    fn not_a(&self, indefinite: Type) -> DecodeError {
        match self.kind() {
            Ok(kind) if kind == indefinite => DecodeError::NotCanonical,
            _ => DecodeError::Malformed,
        }
    }

    /// What is next, for values that may have several types.
    pub fn next_is_text(&self) -> bool {
        self.kind().is_ok_and(|kind| kind == Type::String)
    }

    /// Whether a boolean is next.
    pub fn next_is_bool(&self) -> bool {
        self.kind().is_ok_and(|kind| kind == Type::Bool)
    }

    /// Whether a byte string is next.
    pub fn next_is_bytes(&self) -> bool {
        self.kind().is_ok_and(|kind| kind == Type::Bytes)
    }
}

/// Takes a field that must have been there.
pub fn required<T>(value: Option<T>, key: i64) -> Result<T> {
    value.ok_or(DecodeError::MissingField(key))
}

/// Major types (RFC 8949 §3.1) in the upper three bits of a head, and the simple values that there are.
const MAJOR_UNSIGNED: u8 = 0x00;
const MAJOR_NEGATIVE: u8 = 0x20;
const MAJOR_BYTES: u8 = 0x40;
const MAJOR_TEXT: u8 = 0x60;
const MAJOR_ARRAY: u8 = 0x80;
const MAJOR_MAP: u8 = 0xa0;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Writes deterministic CBOR; map fields must be given in canonical order.
#[derive(Debug)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// Room that a writer begins with: entries and most details need no more.
const ROOM: usize = 128;

impl Default for Writer {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Writer {
    /// A writer of about so many bytes.
    pub fn with_room(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// An array of `len` items that starts with `label`; the caller writes the other `len - 1`.
    pub fn labelled(label: &str, len: u64) -> Self {
        let mut writer = Self::default();
        writer.array(len).text(label);
        writer
    }

    /// The shortest head of a major type, which is given in its place in the first byte.
    fn head(&mut self, major: u8, argument: u64) -> &mut Self {
        let [.., b4, b5, b6, b7] = argument.to_be_bytes();
        match head_len(argument) {
            1 => self.bytes.push(major | b7),
            2 => self.bytes.extend_from_slice(&[major | 24, b7]),
            3 => self.bytes.extend_from_slice(&[major | 25, b6, b7]),
            5 => self.bytes.extend_from_slice(&[major | 26, b4, b5, b6, b7]),
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&argument.to_be_bytes());
            }
        }
        self
    }

    fn string(&mut self, major: u8, content: &[u8]) -> &mut Self {
        self.head(major, content.len() as u64).bytes.extend_from_slice(content);
        self
    }

    /// An unsigned integer.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.head(MAJOR_UNSIGNED, value)
    }

    /// A signed integer.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        let major = if value < 0 { MAJOR_NEGATIVE } else { MAJOR_UNSIGNED };
        let argument = if value < 0 { !value } else { value };
        self.head(major, argument.unsigned_abs())
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.string(MAJOR_BYTES, value)
    }

    /// A byte string of these parts, one after the other.
    pub fn joined(&mut self, parts: &[&[u8]]) -> &mut Self {
        let len = parts.iter().fold(0, |sum: usize, part| sum.saturating_add(part.len()));
        self.head(MAJOR_BYTES, len as u64);
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.string(MAJOR_TEXT, value.as_bytes())
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.bytes.push(if value { TRUE } else { FALSE });
        self
    }

    /// `null`.
    pub fn null(&mut self) -> &mut Self {
        self.bytes.push(NULL);
        self
    }

    /// The head of an array.
    pub fn array(&mut self, len: u64) -> &mut Self {
        self.head(MAJOR_ARRAY, len)
    }

    /// The head of a map.
    pub fn map(&mut self, len: u64) -> &mut Self {
        self.head(MAJOR_MAP, len)
    }

    /// An array, each item written by `item`.
    pub fn list<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) -> &mut Self {
        self.array(items.len() as u64);
        for value in items {
            item(self, value);
        }
        self
    }

    /// A map with integer keys, collected field by field.
    pub fn fields(&mut self, fields: Fields) -> &mut Self {
        self.map(fields.count);
        self.bytes.extend_from_slice(&fields.body.bytes);
        self
    }

    /// The bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// SHA-256 of the bytes written (spec 01 §4).
    pub fn digest(self) -> crate::types::Hash {
        crate::hash::sha256(&[&self.bytes])
    }
}

/// The fields of a map with integer keys, some of them optional.
#[derive(Debug, Default)]
pub struct Fields {
    count: u64,
    body: Writer,
}

impl Fields {
    /// Adds `key` with the value that `write` writes.
    pub fn add(&mut self, key: i64, write: impl FnOnce(&mut Writer) -> &mut Writer) -> &mut Self {
        self.count = self.count.saturating_add(1);
        write(self.body.i64(key));
        self
    }

    /// Adds `key` if there is a value.
    pub fn opt<T>(
        &mut self,
        key: i64,
        value: Option<T>,
        write: impl FnOnce(&mut Writer, T) -> &mut Writer,
    ) -> &mut Self {
        match value {
            Some(value) => self.add(key, |writer| write(writer, value)),
            None => self,
        }
    }

    /// The map as bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.fields(self);
        writer.into_bytes()
    }
}
