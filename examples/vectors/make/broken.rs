//! The ways in which every object can be broken, whatever its kind (spec 01 §5).

use super::item::{Item, head, head_of};
use remit_verifier::code::Code;

/// A broken copy: a short name, what was done, and the code that it gets.
pub(crate) struct Broken {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) code: Code,
}

fn broken(name: &str, about: &str, bytes: Vec<u8>, code: Code) -> Broken {
    Broken { name: name.into(), about: about.into(), bytes, code }
}

/// A copy of `good` with one change inside.
pub(crate) fn change(
    good: &[u8],
    name: &str,
    about: &str,
    code: Code,
    change: impl FnOnce(&mut Item),
) -> Broken {
    let mut item = Item::read(good);
    change(&mut item);
    broken(name, about, item.write(), code)
}

/// Every general way to break `good`, which is an array or a map.
pub(crate) fn all(good: &[u8]) -> Vec<Broken> {
    let mut all = around(good);
    all.extend(inside(good));
    match Item::read(good) {
        Item::Map(_) => all.extend(map(good)),
        _ => all.extend(array(good)),
    }
    all
}

/// What is wrong with the object as a whole.
fn around(good: &[u8]) -> Vec<Broken> {
    let (major, count) = (good[0] >> 5, u64::from(good[0] & 31));
    let body = &good[1..];
    let with = |start: Vec<u8>, end: &[u8]| [&start, body, end].concat();
    vec![
        broken("empty", "No bytes at all.", Vec::new(), Code::Malformed),
        broken("truncated", "The last byte is missing.", good[..good.len() - 1].to_vec(), Code::Malformed),
        broken("trailing-byte", "A zero byte follows.", [good, &[0]].concat(), Code::TrailingBytes),
        broken(
            "long-head",
            "The outer head is not the shortest.",
            with(head_of(major, count, 1), &[]),
            Code::NotCanonical,
        ),
        broken(
            "indefinite",
            "The outer length is indefinite.",
            with(vec![major << 5 | 31], &[0xff]),
            Code::NotCanonical,
        ),
        broken("tagged", "A tag stands before it.", [&[0xd2], good].concat(), Code::Malformed),
        broken("another-type", "An integer stands in its place.", vec![0], Code::Malformed),
    ]
}

/// What is wrong with one item inside.
fn inside(good: &[u8]) -> Vec<Broken> {
    let mut all = Vec::new();
    let mut change = |name, about, wanted: fn(&Item) -> bool, change: fn(&Item) -> Vec<u8>, code| {
        let mut item = Item::read(good);
        if let Some(found) = item.first(wanted) {
            *found = Item::Raw(change(found));
            all.push(broken(name, about, item.write(), code));
        }
    };
    let number = |item: &Item| matches!(item, Item::Unsigned(_));
    let long = |item: &Item| match item {
        Item::Unsigned(value) => head_of(0, *value, 8),
        _ => Vec::new(),
    };
    let below_64_bits = |item: &Item| matches!(item, Item::Unsigned(value) if *value <= 0xffff_ffff);
    change(
        "long-integer",
        "The first integer has a head of nine bytes.",
        below_64_bits,
        long,
        Code::NotCanonical,
    );
    change(
        "float",
        "A float stands in place of the first integer.",
        number,
        |_| vec![0xf9, 0x3c, 0],
        Code::Malformed,
    );
    let string = |item: &Item| matches!(item, Item::Bytes(_));
    let long = |item: &Item| match item {
        Item::Bytes(bytes) => [head_of(2, bytes.len() as u64, 4), bytes.clone()].concat(),
        _ => Vec::new(),
    };
    change(
        "long-length",
        "The length of the first byte string has four bytes.",
        string,
        long,
        Code::NotCanonical,
    );
    let chunked = |item: &Item| match item {
        Item::Bytes(bytes) => [&[0x5f], head(2, bytes.len() as u64).as_slice(), bytes, &[0xff]].concat(),
        _ => Vec::new(),
    };
    change(
        "chunked",
        "The first byte string comes in one chunk of an indefinite length.",
        string,
        chunked,
        Code::Malformed,
    );
    all
}

fn map(good: &[u8]) -> Vec<Broken> {
    let changed = |change: &dyn Fn(&mut Item)| {
        let mut item = Item::read(good);
        change(&mut item);
        item.write()
    };
    let long_key = |item: &mut Item| {
        let key = &mut item.pairs()[0].0;
        if let Item::Unsigned(value) = *key {
            *key = Item::Raw(head_of(0, value, 1));
        }
    };
    let text_key = |item: &mut Item| item.pairs()[0].0 = Item::text("1");
    vec![
        broken(
            "key-order",
            "The first two fields are swapped.",
            changed(&|item| item.pairs().swap(0, 1)),
            Code::NotCanonical,
        ),
        broken(
            "key-twice",
            "The first field stands twice.",
            changed(&|item| {
                let first = item.pairs()[0].clone();
                item.pairs().insert(1, first);
            }),
            Code::NotCanonical,
        ),
        broken(
            "long-key",
            "The first key is not in its shortest form.",
            changed(&long_key),
            Code::NotCanonical,
        ),
        broken("text-key", "The first key is a text.", changed(&text_key), Code::Malformed),
        broken(
            "unknown-field",
            "A field 99 that nobody knows.",
            changed(&|item| item.add(99, Item::Unsigned(0))),
            Code::UnknownField,
        ),
    ]
}

fn array(good: &[u8]) -> Vec<Broken> {
    let changed = |change: &dyn Fn(&mut Vec<Item>)| {
        let mut item = Item::read(good);
        change(item.items());
        item.write()
    };
    let mut all = vec![broken(
        "one-item-less",
        "The last element is missing.",
        changed(&|items| drop(items.pop())),
        Code::Malformed,
    )];
    if let Item::Text(label) = &Item::read(good).items()[0]
        && label.starts_with("remit/")
    {
        let next = label.replace("/v1", "/v2");
        let set = |item: Item| changed(&move |items| items[0] = item.clone());
        all.push(broken(
            "next-version",
            "The label is that of version 2.",
            set(Item::Text(next)),
            Code::WrongLabel,
        ));
        all.push(broken(
            "no-label",
            "An integer in place of the label.",
            set(Item::Unsigned(1)),
            Code::WrongLabel,
        ));
        let entry = Item::text("remit/party/v1");
        all.push(broken("another-label", "The label of another kind.", set(entry), Code::WrongLabel));
    }
    all
}
