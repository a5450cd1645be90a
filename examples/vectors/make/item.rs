//! CBOR as loose items: read from good bytes, changed anywhere, and written again, also in ways that nobody should.

use std::fmt::Write as _;

/// One data item (RFC 8949 §3) of those that Remit uses, or raw bytes in the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An unsigned integer.
    Unsigned(u64),
    /// The negative integer `-1 - argument`.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text.
    Text(String),
    /// An array.
    Array(Vec<Item>),
    /// A map, in the order in which it stands.
    Map(Vec<(Item, Item)>),
    /// `false`, `true` or `null`, by its number.
    Simple(u8),
    /// Bytes as they are.
    Raw(Vec<u8>),
}

impl Item {
    /// Reads one item that is encoded as it should be and is all that there is.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let (item, rest) = take(bytes);
        assert!(rest.is_empty(), "one item");
        item
    }

    /// Writes the item.
    pub(crate) fn write(&self) -> Vec<u8> {
        match self {
            Self::Unsigned(value) => head(0, *value),
            Self::Negative(value) => head(1, *value),
            Self::Bytes(bytes) => [head(2, bytes.len() as u64), bytes.clone()].concat(),
            Self::Text(text) => [head(3, text.len() as u64), text.clone().into_bytes()].concat(),
            Self::Array(items) => {
                let body = items.iter().flat_map(Self::write);
                head(4, items.len() as u64).into_iter().chain(body).collect()
            }
            Self::Map(pairs) => {
                let body = pairs.iter().flat_map(|(key, value)| [key.write(), value.write()].concat());
                head(5, pairs.len() as u64).into_iter().chain(body).collect()
            }
            Self::Simple(number) => vec![0xe0 | number],
            Self::Raw(bytes) => bytes.clone(),
        }
    }

    /// The items of an array.
    pub(crate) fn items(&mut self) -> &mut Vec<Item> {
        match self {
            Self::Array(items) => items,
            other => panic!("no array: {other:?}"),
        }
    }

    /// The pairs of a map.
    pub(crate) fn pairs(&mut self) -> &mut Vec<(Item, Item)> {
        match self {
            Self::Map(pairs) => pairs,
            other => panic!("no map: {other:?}"),
        }
    }

    /// The value of an integer key of a map.
    pub(crate) fn field(&mut self, key: i64) -> &mut Item {
        let key = Self::integer(key);
        let found = self.pairs().iter_mut().find(|(name, _)| *name == key);
        &mut found.expect("the map has the key").1
    }

    /// Adds a field in its canonical place.
    pub(crate) fn add(&mut self, key: i64, value: Item) {
        let pairs = self.pairs();
        pairs.push((Self::integer(key), value));
        pairs.sort_by_key(|(key, _)| (matches!(key, Self::Negative(_)), key.write().len(), key.write()));
    }

    /// Takes a field away.
    pub(crate) fn remove(&mut self, key: i64) {
        let key = Self::integer(key);
        self.pairs().retain(|(name, _)| *name != key);
    }

    /// An integer.
    pub(crate) fn integer(value: i64) -> Self {
        if value < 0 { Self::Negative(!value as u64) } else { Self::Unsigned(value as u64) }
    }

    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The first item, in the order of the bytes, for which `wanted` holds; keys of maps are passed over.
    pub(crate) fn first(&mut self, wanted: fn(&Item) -> bool) -> Option<&mut Item> {
        if wanted(self) {
            return Some(self);
        }
        match self {
            Self::Array(items) => items.iter_mut().find_map(|item| item.first(wanted)),
            Self::Map(pairs) => pairs.iter_mut().find_map(|(_, value)| value.first(wanted)),
            _ => None,
        }
    }

    /// The item in the diagnostic notation of RFC 8949 §8.
    pub(crate) fn diagnostic(&self) -> String {
        let list = |items: Vec<String>| items.join(", ");
        match self {
            Self::Unsigned(value) => value.to_string(),
            Self::Negative(value) => (-1 - i128::from(*value)).to_string(),
            Self::Bytes(bytes) => format!("h'{}'", super::hex(bytes)),
            Self::Text(text) => format!("{text:?}"),
            Self::Array(items) => format!("[{}]", list(items.iter().map(Self::diagnostic).collect())),
            Self::Map(pairs) => {
                let pair = |(key, value): &(Item, Item)| {
                    let mut text = key.diagnostic();
                    write!(text, ": {}", value.diagnostic()).expect("a string takes all");
                    text
                };
                format!("{{{}}}", list(pairs.iter().map(pair).collect()))
            }
            Self::Simple(20) => "false".into(),
            Self::Simple(21) => "true".into(),
            Self::Simple(_) => "null".into(),
            Self::Raw(bytes) => format!("raw'{}'", super::hex(bytes)),
        }
    }
}

/// The shortest head.
pub(crate) fn head(major: u8, argument: u64) -> Vec<u8> {
    match argument {
        0..=23 => vec![major << 5 | argument as u8],
        24..=0xff => head_of(major, argument, 1),
        0x100..=0xffff => head_of(major, argument, 2),
        0x1_0000..=0xffff_ffff => head_of(major, argument, 4),
        _ => head_of(major, argument, 8),
    }
}

/// A head whose argument has this many bytes: 1, 2, 4 or 8.
pub(crate) fn head_of(major: u8, argument: u64, bytes: usize) -> Vec<u8> {
    let info = 24 + bytes.trailing_zeros() as u8;
    let mut head = vec![major << 5 | info];
    head.extend(&argument.to_be_bytes()[8 - bytes..]);
    head
}

fn take(bytes: &[u8]) -> (Item, &[u8]) {
    let (first, rest) = bytes.split_first().expect("a head");
    let (major, info) = (first >> 5, first & 31);
    let more = if info < 24 { 0 } else { 1 << (info - 24) };
    let (argument, mut rest) = rest.split_at(more);
    let argument =
        if info < 24 { u64::from(info) } else { argument.iter().fold(0, |n, b| n << 8 | u64::from(*b)) };
    let mut next = || {
        let (item, after) = take(rest);
        rest = after;
        item
    };
    let item = match major {
        0 => Item::Unsigned(argument),
        1 => Item::Negative(argument),
        4 => Item::Array((0..argument).map(|_| next()).collect()),
        5 => Item::Map((0..argument).map(|_| (next(), next())).collect()),
        7 => Item::Simple(info),
        _ => {
            let (content, after) = rest.split_at(argument as usize);
            rest = after;
            match major {
                2 => Item::Bytes(content.to_vec()),
                _ => Item::Text(String::from_utf8(content.to_vec()).expect("good text")),
            }
        }
    };
    (item, rest)
}
