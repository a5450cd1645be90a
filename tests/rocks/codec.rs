//! Stored bytes: golden ones for every row, both ways for every record of a story, and garbage that is refused.

use crate::story::story;
use proptest::prelude::*;
use remit::machine::{
    Capture, Due, Head, Key, Lease, LinkValues, Offer, PendingRekey, Record, Refused, Request, Reservation,
    Standing, StateKey, Tally, TokenInfo, Waiting, key,
};
use remit::store::rocks::chunk::{
    KeptDraft, KeptItem, LogChunk, LogChunkDraft, Touch, kept_item, kept_items,
};
use remit::store::rocks::codec::{decode, decode_schema, encode, encode_schema, key_at, place};
use remit::store::rocks::leaf::decode_leaf;
use remit::store::rocks::schema::Family;
use remit_verifier::code::Code;
use remit_verifier::log::Details;
use remit_verifier::state::Counters;
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, KeyBytes, LedgerId, Millis, Nonce, ObjectId, RequestId, Seconds, StateIndex,
};
use std::sync::Arc;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const ID: ObjectId = ObjectId([0xaa; 32]);
const KEY: KeyBytes = KeyBytes([0xbb; 32]);
const NONCE: Nonce = Nonce([0xcc; 16]);

/// One record of every kind that is stored as numbers, with all that is optional, and none.
fn rows() -> Vec<(Key, Record)> {
    let reservation = Reservation {
        entry: EntryIndex(1),
        token: StateIndex(2),
        links: vec![(ID, Some(Amount(3))), (ID, None)],
        unit: StateIndex(4),
        payee: StateIndex(5),
        amount: Amount(6),
        captured: Amount(7),
        released: Amount(8),
        captures: 9,
        at: Seconds(12),
        settle_by: Seconds(10),
        refund_until: Some(Seconds(11)),
        nonce: NONCE,
    };
    let lease = Lease {
        entry: EntryIndex(1),
        token: StateIndex(2),
        unit: StateIndex(3),
        unit_id: ID,
        payee: StateIndex(4),
        payee_id: ID,
        holder: KEY,
        amount: Amount(5),
        at: Seconds(6),
        settle_by: Seconds(7),
        refund_until: Some(Seconds(8)),
        nonce: NONCE,
        over: true,
    };
    let bare = Reservation { links: Vec::new(), refund_until: None, ..reservation.clone() };
    let counters = Counters {
        captured: 1,
        refunded: 2,
        carved: 3,
        returned: 4,
        reserved: 5,
        leased: 6,
        pending: 7,
        ceded: 8,
    };
    let head = Head {
        ledger: LedgerId([0xdd; 32]),
        log_key: KEY,
        next_entry: EntryIndex(1),
        next_leaf: StateIndex(2),
        time: Millis(3),
    };
    let rekey = PendingRekey {
        token: StateIndex(1),
        epoch: Epoch(2),
        holder: KEY,
        effective: Seconds(3),
        nonce: NONCE,
    };
    let waiting = Waiting {
        entry: EntryIndex(1),
        token: StateIndex(2),
        unit: StateIndex(3),
        payee: StateIndex(4),
        amount: Amount(5),
        approved: vec![KEY],
        decide_by: Seconds(6),
        nonce: NONCE,
    };
    let standing = Standing {
        entry: EntryIndex(1),
        token: StateIndex(2),
        epoch: Epoch(3),
        seller: KEY,
        payee: StateIndex(4),
        unit: StateIndex(5),
        amount: Amount(6),
        until: Seconds(7),
    };
    let links = LinkValues { units: vec![(StateIndex(9), counters)] };
    let capture = Capture { reservation: ID, amount: Amount(1), refunded: Amount(2) };
    let refused = Refused { entry: EntryIndex(772), code: Code::AboveTotal };
    let tally = Tally { start: Seconds(258), count: 3 };
    vec![
        (key::HeadAt(0).key(), Record::HeadAt(head)),
        (key::IndexOf(ID).key(), Record::IndexOf(StateIndex(258))),
        (key::UnitNamed("CNY".into()).key(), Record::UnitNamed(StateIndex(1))),
        (key::ReservationOf(ID).key(), Record::ReservationOf(reservation)),
        (key::ReservationOf(ID).key(), Record::ReservationOf(bare)),
        (key::LeaseOf(ID).key(), Record::LeaseOf(lease)),
        (key::LeaseOf(ID).key(), Record::LeaseOf(Lease { refund_until: None, over: false, ..lease })),
        (key::CaptureOf(ID).key(), Record::CaptureOf(capture)),
        (key::SuspensionOf(StateIndex(258), 3).key(), Record::SuspensionOf(ID)),
        (key::RekeyOf(ID).key(), Record::RekeyOf(rekey)),
        (key::RequestOf(RequestId(ID.0)).key(), Record::RequestOf(Request::Waiting(waiting))),
        (key::RequestOf(RequestId(ID.0)).key(), Record::RequestOf(Request::Closed)),
        (key::StoppedAt(StateIndex(258)).key(), Record::StoppedAt(EntryIndex(772))),
        (key::OfferOf(ID).key(), Record::OfferOf(Offer::Standing(standing))),
        (key::OfferOf(ID).key(), Record::OfferOf(Offer::Closed)),
        (key::OfferAt(StateIndex(258)).key(), Record::OfferAt(ID)),
        (key::LinkOf(ID).key(), Record::LinkOf(links)),
        (key::RefusedOf(ID).key(), Record::RefusedOf(refused)),
        (key::RefusalsOf(StateIndex(258)).key(), Record::RefusalsOf(tally)),
        (key::EntriesOf(StateIndex(258)).key(), Record::EntriesOf(tally)),
        (key::Seen(Seconds(258), ID).key(), Record::Seen(EntryIndex(772))),
        (key::DueAt(Seconds(258), ID).key(), Record::DueAt(Due::Reservation)),
        (key::DueAt(Seconds(258), ID).key(), Record::DueAt(Due::Token(StateIndex(5)))),
        (key::DueAt(Seconds(258), ID).key(), Record::DueAt(Due::Rekey)),
        (key::DueAt(Seconds(258), ID).key(), Record::DueAt(Due::Request)),
        (key::DueAt(Seconds(258), ID).key(), Record::DueAt(Due::Lease)),
    ]
}

#[test]
fn rows_are_the_bytes_that_they_were() {
    let mut written = Vec::new();
    for (key, record) in rows() {
        let (family, place) = place(&key);
        let value = encode(&record, EntryIndex(0)).expect("short");
        written.push(format!("{} {} {}", family.name(), hex(&place), hex(&value)));
        assert_eq!(key_at(family, &place), Some(key.clone()));
        assert_eq!(decode(&key, &value), Ok(record));
    }
    written.push(format!("schema {}", hex(&encode_schema(258))));
    assert_eq!(decode_schema(&encode_schema(258)), Ok(258));
    let mut log = LogChunkDraft::new(EntryIndex(255));
    log.push(b"ab", &[(StateIndex(1), None), (StateIndex(2), Some(EntryIndex(258)))]).expect("short");
    assert!(log.is_full(), "256 begins another");
    written.push(format!("entries {}", hex(&log.into_bytes().expect("one"))));
    let mut kept = KeptDraft::new(EntryIndex(7));
    let details = Details { common: b"c".to_vec(), links: vec![b"l".to_vec(), Vec::new()] };
    kept.push(EntryIndex(8), Some(b"object"), Some(&details)).expect("short");
    written.push(format!("kept {}", hex(&kept.into_bytes().expect("one"))));
    let golden: Vec<&str> = include_str!("golden.txt").lines().collect();
    assert_eq!(
        written,
        golden,
        "other bytes are another schema; what is now written is:\n{}",
        written.join("\n")
    );
}

/// What is signed or hashed stands in the stored bytes as it is.
#[test]
fn signed_bytes_are_kept_as_they_are() {
    let world = story();
    let mut tokens = 0;
    for (key, record) in world.ledger.store().state().iter() {
        let newest = EntryIndex(772);
        let value = encode(record, newest).expect("short");
        let (family, place) = place(&key);
        assert_eq!(key_at(family, &place).as_ref(), Some(&key));
        assert_eq!(decode(&key, &value).as_ref(), Ok(record));
        let canonical = match record {
            Record::LeafAt(record) => {
                assert_eq!(decode_leaf(&value), Ok((record.as_ref().clone(), newest)));
                let private = record.private.as_ref();
                let values = private.map(|private| private.values.encode(&private.secret));
                vec![record.leaf.encode(), values.unwrap_or_default()]
            }
            Record::TokenOf(info) => {
                tokens += 1;
                vec![info.token.encode()]
            }
            _ => Vec::new(),
        };
        for part in canonical.iter().filter(|part| !part.is_empty()) {
            assert!(value.windows(part.len()).any(|window| window == part), "{key:?}");
        }
    }
    assert!(tokens > 4);
}

#[test]
fn a_token_that_inherits_its_budgets_is_kept_apart_from_one_without() {
    let world = story();
    let all = world.ledger.store().state().iter();
    let info = all.filter_map(|(_, record)| key::TokenOf::unwrap(record)).next().expect("a token");
    for budgets in [None, Some(Vec::new()), info.budgets.clone()] {
        let info = TokenInfo { budgets, ..TokenInfo::clone(info) };
        let record = Record::TokenOf(Arc::new(info));
        let value = encode(&record, EntryIndex(0)).expect("short");
        assert_eq!(decode(&Key::TokenOf(StateIndex(0)), &value), Ok(record));
    }
}

#[test]
fn a_row_longer_than_the_rules_allow_is_neither_written_nor_read() {
    let counters = Counters::default();
    let units = (0..1000).map(|unit| (StateIndex(unit), counters)).collect();
    assert!(encode(&Record::LinkOf(LinkValues { units }), EntryIndex(0)).is_err());
    let mut claimed = vec![1];
    claimed.extend_from_slice(&u64::MAX.to_le_bytes());
    assert!(decode(&Key::LinkOf(ID), &claimed).is_err());
}

/// Whatever is cut off, added or written by another format is refused.
#[test]
fn damaged_rows_are_refused() {
    let world = story();
    let story = world.ledger.store().state().iter().map(|(key, record)| (key.clone(), record.clone()));
    for (key, record) in rows().into_iter().chain(story) {
        let value = encode(&record, EntryIndex(1)).expect("short");
        for cut in 0..value.len() {
            assert!(decode(&key, &value[..cut]).is_err(), "{key:?} cut at {cut}");
        }
        let mut longer = value.clone();
        longer.push(0);
        assert!(decode(&key, &longer).is_err(), "{key:?} with a byte more");
        let mut other = value.clone();
        other[0] = 2;
        assert!(decode(&key, &other).is_err(), "{key:?} of format 2");
        let (family, mut place) = place(&key);
        place.push(0);
        assert!(matches!(key, Key::UnitNamed(_)) || key_at(family, &place).is_none(), "{key:?}");
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    let all: Vec<Key> = rows().into_iter().map(|(key, _)| key).collect();
    let leaves = vec![Key::LeafAt(StateIndex(1)), Key::TokenOf(StateIndex(1))];
    proptest::sample::select([all, leaves].concat())
}

/// An entry with the leaves that it touches, and their events before.
fn any_entry() -> impl Strategy<Value = (Vec<u8>, Vec<(u64, Option<u32>)>)> {
    let touches = proptest::collection::vec(any::<(u64, Option<u32>)>(), 0..4);
    (proptest::collection::vec(any::<u8>(), 0..40), touches)
}

proptest! {
    #[test]
    fn garbage_is_refused_or_read_and_never_more(key in any_key(), mut bytes: Vec<u8>, format: bool) {
        if format {
            bytes.insert(0, 1);
        }
        if let Ok(record) = decode(&key, &bytes) {
            // What is accepted is written again as it came, but for a leaf's newest event.
            let newest = decode_leaf(&bytes).map(|(_, newest)| newest).unwrap_or_default();
            prop_assert_eq!(encode(&record, newest), Ok(bytes.clone()));
        }
        for family in Family::ALL {
            if let Some(key) = key_at(family, &bytes) {
                prop_assert_eq!(place(&key), (family, bytes.clone()));
            }
        }
        let _ = (LogChunk::decode(&bytes), kept_items(EntryIndex(3), &bytes), decode_schema(&bytes));
    }

    #[test]
    fn chunks_of_entries_come_back(first in 0u64..1 << 40, entries in proptest::collection::vec(any_entry(), 1..40)) {
        let first = first / 256 * 256;
        let mut draft = LogChunkDraft::new(EntryIndex(first));
        let mut touches = Vec::new();
        for (place, (entry, touched)) in entries.iter().enumerate() {
            let touched: Vec<_> = touched
                .iter()
                .map(|(leaf, before)| (StateIndex(*leaf), before.map(|before| EntryIndex(before.into()))))
                .collect();
            draft.push(entry, &touched).expect("short");
            let place = place as u8;
            touches.extend(touched.iter().map(|(leaf, previous)| Touch { place, leaf: *leaf, previous: *previous }));
        }
        let bytes = draft.into_bytes().expect("entries");
        let chunk = LogChunk::decode(&bytes).expect("a chunk");
        prop_assert_eq!(&chunk.entries, &entries.iter().map(|(entry, _)| entry.as_slice()).collect::<Vec<_>>());
        prop_assert_eq!(chunk.touches().collect::<Vec<_>>(), touches.clone());
        for cut in 0..bytes.len() {
            let shorter = LogChunk::decode(&bytes[..cut]);
            prop_assert!(shorter.is_none_or(|shorter| shorter.touches().count() < touches.len()), "{}", cut);
        }
    }

    #[test]
    fn chunks_of_kept_things_come_back(
        first: u32,
        items in proptest::collection::vec(
            (1u64..100, any::<Option<Vec<u8>>>(), any::<Option<(Vec<u8>, Vec<Vec<u8>>)>>()),
            1..20,
        ),
    ) {
        let first = EntryIndex(first.into());
        let mut draft = KeptDraft::new(first);
        let (mut at, mut expected) = (first, Vec::new());
        for (step, object, details) in items {
            let details = details.map(|(common, links)| Details { common, links });
            draft.push(at, object.as_deref(), details.as_ref()).expect("short");
            if object.is_some() || details.is_some() {
                expected.push((at, KeptItem { object, details }));
            }
            at = EntryIndex(at.0 + step);
        }
        let Some(bytes) = draft.into_bytes() else { return Ok(()) };
        prop_assert_eq!(kept_items(first, &bytes), Some(expected.clone()));
        for (at, item) in expected {
            prop_assert_eq!(kept_item(first, &bytes, at), Some(item));
        }
        prop_assert_eq!(kept_item(first, &bytes, at), Some(KeptItem::default()));
    }
}

/// One bit of what is stored, anywhere: it is refused, or it is another record that is written as it was read.
#[test]
fn a_flipped_bit_is_refused_or_another_record() {
    let world = story();
    let story = world.ledger.store().state().iter().map(|(key, record)| (key.clone(), record.clone()));
    let (mut refused, mut read) = (0, 0);
    for (key, record) in rows().into_iter().chain(story) {
        let value = encode(&record, EntryIndex(1)).expect("short");
        for bit in 0..8 * value.len() {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Ok(other) = decode(&key, &flipped) else {
                refused += 1;
                continue;
            };
            read += 1;
            let newest =
                if let Key::LeafAt(_) = key { decode_leaf(&flipped).expect("read").1 } else { EntryIndex(1) };
            let again = encode(&other, newest).expect("short");
            // Values are salted anew from the secret beside them: that they are is checked when a folder is opened.
            assert!(again == flipped || matches!(key, Key::LeafAt(_)), "{key:?}, bit {bit}");
        }
    }
    assert!(refused > 1_000 && read > 1_000, "{refused} {read}");
}
