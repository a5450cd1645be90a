//! `receipts.json`: receipts of RFC 9942, good and bad (spec 23 §5).

use super::proofs::tree;
use super::{Vector, hex, unhex};
use remit::tree::prove::inclusion;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::hash::leaf_hash;
use remit_verifier::receipt::{Receipt, ReceiptDraft, ReceiptError};
use remit_verifier::sign::{LocalSigner, Signer as _, sign_receipt};
use remit_verifier::types::{EntryIndex, Hash, Seconds, TreeSize};
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example/trips";
const TIME: u64 = 1_800_000_000;

fn signer(number: u8) -> LocalSigner {
    LocalSigner::from_seed(&[number; 32])
}

/// The leaves of `tree`.
fn entry(index: u64) -> Vec<u8> {
    (index as u32).to_be_bytes().to_vec()
}

fn path(index: u64, size: u64) -> Vec<Hash> {
    inclusion(&tree(size), EntryIndex(index), TreeSize(size)).expect("a proof")
}

fn draft<'d>(index: u64, size: u64, path: &'d [Hash]) -> ReceiptDraft<'d> {
    let (size, index) = (TreeSize(size), EntryIndex(index));
    ReceiptDraft { origin: ORIGIN, time: Seconds(TIME), size, index, path }
}

fn good(index: u64, size: u64) -> Vec<u8> {
    let path = path(index, size);
    sign_receipt(&signer(1), &draft(index, size, &path), &leaf_hash(&entry(index))).expect("signed")
}

/// What a receipt comes to: its name, and what it says.
pub(crate) fn answer_of(input: &Value) -> (String, Value) {
    let text = |name: &str| input[name].as_str().expect("text").to_owned();
    let (bytes, entry) = (unhex(&text("receipt")), unhex(&text("entry")));
    let log = VerifierKey::parse(&text("key")).expect("a key");
    let verified = Receipt::decode(&bytes).map_err(ReceiptError::Decode).and_then(|receipt| {
        receipt.verify(&entry, &log)?;
        Ok(receipt)
    });
    match verified {
        Ok(receipt) => {
            let values = json!({
                "origin": receipt.origin,
                "time_s": receipt.time.0.to_string(),
                "size": receipt.size.0.to_string(),
                "index": receipt.index.0.to_string(),
            });
            ("ok".into(), values)
        }
        Err(error) => (error.text().into(), Value::Null),
    }
}

fn vector(name: &str, about: &str, receipt: &[u8], entry: &[u8], key: &VerifierKey) -> Vector {
    let input = json!({ "key": key.to_string(), "entry": hex(entry), "receipt": hex(receipt) });
    let (result, values) = answer_of(&input);
    Vector { name: name.into(), about: about.into(), spec: "23 §5", input, result, values }
}

/// The bytes with one part in the place of another, which stands there once, of the same length or not.
fn with(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from).expect("it is there");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// One signed as it is, whatever its header says.
fn signed(header: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    let path = path(3, 5);
    let draft = draft(3, 5, &path);
    let (protected, to_sign) = draft.to_sign(&signer(1).public_key(), &tree(5).root());
    let other = header(protected.clone());
    let head = |bytes: &[u8]| [&[0x58, bytes.len() as u8], bytes].concat();
    let to_sign = with(&to_sign, &head(&protected), &head(&other));
    draft.encode(&other, &signer(1).sign(&to_sign).expect("signed"))
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let key = |origin: &str, number: u8| {
        VerifierKey::new(origin, KeyKind::Note, &signer(number).public_key()).expect("a key")
    };
    let own = key(ORIGIN, 1);
    let plain = good(3, 5);
    let mut all = Vec::new();
    let mut of =
        |name: &str, about: &str, bytes: &[u8]| all.push(vector(name, about, bytes, &entry(3), &own));
    of("good", "The fourth of five entries.", &plain);
    let alias = |index: u64, size: u64| {
        // The same path, for another size and index.
        let path = path(8, 13);
        let (protected, to_sign) = draft(8, 13, &path).to_sign(&signer(1).public_key(), &tree(13).root());
        draft(index, size, &path).encode(&protected, &signer(1).sign(&to_sign).expect("signed"))
    };
    for (name, about, from, to) in [
        ("no-tag", "Without the tag.", &[0xd2_u8, 0x84][..], &[0x84_u8][..]),
        ("other-tag", "With the tag of COSE_Sign.", &[0xd2, 0x84], &[0xd8, 0x62, 0x84]),
        ("payload", "The payload is there, though empty.", &[0xf6, 0x58, 0x40], &[0x40, 0x58, 0x40]),
        ("indefinite", "An array without a length.", &[0xd2, 0x84], &[0xd2, 0x9f]),
        (
            "long-head",
            "A length in more bytes than it needs.",
            &[0xf6, 0x58, 0x40],
            &[0xf6, 0x59, 0x00, 0x40],
        ),
        ("consistency", "A consistency proof.", &[0xa1, 0x20, 0x81], &[0xa1, 0x21, 0x81]),
        ("no-list", "A proof that is in no list.", &[0xa1, 0x20, 0x81], &[0xa1, 0x20]),
        ("other-header", "Another unprotected header.", &[0x19, 0x01, 0x8c], &[0x19, 0x01, 0x8a]),
        ("size-of-the-proof", "Another size in the proof.", &[0x83, 0x05, 0x03], &[0x83, 0x06, 0x03]),
        ("index-of-the-proof", "Another index in the proof.", &[0x83, 0x05, 0x03], &[0x83, 0x05, 0x02]),
        ("index-beyond", "An index that the log has not.", &[0x83, 0x05, 0x03], &[0x83, 0x05, 0x05]),
    ] {
        of(name, about, &with(&plain, from, to));
    }
    let path = path(3, 5);
    let shown = |path: &[Hash]| {
        let (protected, to_sign) = draft(3, 5, path).to_sign(&signer(1).public_key(), &tree(5).root());
        draft(3, 5, path).encode(&protected, &signer(1).sign(&to_sign).expect("signed"))
    };
    of("short-path", "A hash too few.", &shown(&path[..2]));
    of("long-path", "A hash too many.", &shown(&[&path[..], &[Hash([7; 32])]].concat()));
    of("no-path", "No hash at all.", &shown(&[]));
    of("other-path", "Another hash.", &shown(&[path[0], Hash([7; 32]), path[2]]));
    let mut last = plain.clone();
    *last.last_mut().expect("a byte") ^= 1;
    of("signature", "A bit of the signature.", &last);
    of("trailing", "A byte behind it.", &[&plain[..], &[0]].concat());
    of("cut", "A byte too few.", &plain[..plain.len() - 1]);
    of("empty", "Nothing.", &[]);
    for (name, about, from, to) in [
        ("edsa", "The old number of the algorithm.", &[0x01_u8, 0x32, 0x04][..], &[0x01_u8, 0x27, 0x04][..]),
        ("no-claims", "Without claims.", &[0x0f, 0xa3], &[0x18, 0x10, 0xa3]),
        ("crit", "A header that nobody knows.", &[0xa4, 0x01, 0x32], &[0xa5, 0x01, 0x32, 0x02, 0x00]),
        (
            "other-structure",
            "Another verifiable data structure.",
            &[0x19, 0x01, 0x8b, 0x01],
            &[0x19, 0x01, 0x8b, 0x02],
        ),
        (
            "no-structure",
            "No verifiable data structure.",
            &[0x19, 0x01, 0x8b, 0x01],
            &[0x19, 0x01, 0x8d, 0x01],
        ),
        ("no-time", "Without a time.", &[0x06, 0x1a], &[0x05, 0x1a]),
        (
            "no-size",
            "Another private claim than the size.",
            &[0x3a, 0x00, 0x01, 0x00, 0x00],
            &[0x3a, 0x00, 0x01, 0x00, 0x01],
        ),
        ("twice", "A claim twice.", &[0x06, 0x1a], &[0x01, 0x1a]),
        ("size-as-text", "The size as text.", &[0x00, 0x00, 0x05], &[0x00, 0x00, 0x61]),
        ("other-size", "A larger size is signed.", &[0x00, 0x00, 0x05], &[0x00, 0x00, 0x06]),
        ("origin-of-another", "Another origin is signed.", b"trips", b"tripz"),
    ] {
        of(name, about, &signed(|header| with(&header, from, to)));
    }
    let header_of_another = with(&plain, b"trips", b"tripz");
    of("origin-unsigned", "Another origin, which was not signed.", &header_of_another);
    let (now, other) = ([0x06, 0x1a, 0x6b, 0x49, 0xd2, 0x00], [0x06, 0x1a, 0x6b, 0x49, 0xd2, 0x01]);
    of("time-unsigned", "Another time, which was not signed.", &with(&plain, &now, &other));
    all.push(vector("other-entry", "Another entry.", &plain, &entry(2), &own));
    all.push(vector("other-key", "Another key of the origin.", &plain, &entry(3), &key(ORIGIN, 2)));
    all.push(vector("other-log", "Another log.", &plain, &entry(3), &key("ledger.example/other", 1)));
    for (name, index, size) in
        [("first-of-two", 0, 2), ("last-of-two", 1, 2), ("last", 12, 13), ("full", 255, 256)]
    {
        all.push(vector(name, "At an edge of the tree.", &good(index, size), &entry(index), &own));
    }
    for (index, size) in [(8, 13), (8, 14), (8, 15), (16, 21), (16, 24), (32, 37), (32, 40)] {
        let name = format!("alias-{index}-of-{size}");
        let about = "A path that leads to the same root for other sizes and indexes.";
        all.push(vector(&name, about, &alias(index, size), &entry(8), &own));
    }
    all
}
