//! Bytes that are no submission, or not this one: each wrong in one thing.

use crate::world::*;
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::limits::{BUNDLE_MEMBERS_MAX, OBJECT_BYTES_MAX};
use remit_verifier::object::{Act, Kind, Operation, Submission};
use remit_verifier::sign::{Signer, sign_object};
use remit_verifier::types::ObjectId;

/// A submission with one operation of this kind over these objects.
fn wrap(w: &World, kind: u64, objects: &[Vec<u8>], sealed: Option<&[u8]>) -> Vec<u8> {
    let mut writer = Writer::labelled(label::SUBMISSION, 3);
    writer.bytes(&w.ledger.id().0).array(1).array(4).u64(kind).list(objects, |w, object| {
        w.bytes(object);
    });
    match sealed {
        Some(sealed) => writer.bytes(sealed),
        None => writer.null(),
    };
    writer.array(0);
    writer.into_bytes()
}

/// A party's registration over a payload of one's own making.
fn party(w: &World, payload: &[u8]) -> Vec<u8> {
    let (_, object) = sign_object(&key("new"), label::PARTY, &w.ledger.id(), payload).expect("signed");
    wrap(w, Kind::Party as u64, &[object], None)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}

/// The good payload that the others are altered from: `{1: nonce, 2: valid until, 13: "new", 14: [key]}`.
fn good(w: &World) -> Vec<u8> {
    let mut payload = hex("a40150000102030405060708090a0b0c0d0e0f02");
    payload.push(0x1a);
    payload.extend(u32::try_from(w.now.seconds().0 + 60).expect("before 2106").to_be_bytes());
    payload.extend(hex("0d636e65770e815820"));
    payload.extend(key("new").public_key().0);
    payload
}

#[test]
fn the_encoding_is_the_one_and_only() {
    let mut w = World::new();
    let payload = good(&w);
    let alter = |from: &str, to: &str| {
        let (from, to) = (hex(from), hex(to));
        let at = payload.windows(from.len()).position(|window| window == from).expect("it is there");
        [&payload[..at], &to, &payload[at + from.len()..]].concat()
    };
    for (what, payload, code) in [
        ("a longer head of an integer key", alter("0d636e6577", "180d636e6577"), Code::NotCanonical),
        ("a longer head of a text", alter("636e6577", "78036e6577"), Code::NotCanonical),
        ("a text of indefinite length", alter("636e6577", "7f636e6577ff"), Code::Malformed),
        ("an array of indefinite length", [&alter("0e81", "0e9f")[..], &[0xff]].concat(), Code::NotCanonical),
        ("keys out of order", alter("0d636e65770e81", "0e810d636e6577"), Code::Malformed),
        ("a key twice", with_fields(0xa5, &alter("0d636e6577", "0d636e65770d636e6577")), Code::NotCanonical),
        ("a tag", alter("0d636e6577", "0dc0636e6577"), Code::Malformed),
        ("a float for a name", alter("0d636e6577", "0dfa3f800000"), Code::Malformed),
        ("a byte after it", [&payload[..], &[0]].concat(), Code::TrailingBytes),
        ("a byte too few", payload[..payload.len() - 1].to_vec(), Code::Malformed),
        ("a field of nobody's", alter("0d636e6577", "1863636e6577"), Code::UnknownField),
        ("a field of another kind", alter("0d636e6577", "0c636e6577"), Code::UnknownField),
        ("no name", with_fields(0xa3, &alter("0d636e6577", "")), Code::Malformed),
        ("an empty name", alter("636e6577", "60"), Code::Malformed),
        ("a name too long", alter("636e6577", &format!("7841{}", "61".repeat(65))), Code::Oversize),
        ("too many keys", alter("0e81", "0e85"), Code::TooMany),
        (
            "a key of small order",
            alter(&hex_of(&key("new").public_key().0), &format!("01{}", "00".repeat(31))),
            Code::BadKey,
        ),
        (
            "a key that is no canonical point",
            alter(&hex_of(&key("new").public_key().0), &"ff".repeat(32)),
            Code::BadKey,
        ),
    ] {
        let bytes = party(&w, &payload);
        assert_eq!(w.refuse(&bytes), code, "{what}");
    }
    let bytes = party(&w, &payload);
    assert!(Submission::decode(&bytes).is_ok(), "and the good one is good");
    assert!(matches!(
        w.ledger.submit(&[&bytes], w.now).expect("submits")[0],
        remit::engine::Answer::Applied(_)
    ));
}

/// The payload with another head of its map.
fn with_fields(head: u8, payload: &[u8]) -> Vec<u8> {
    [&[head], &payload[1..]].concat()
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_envelope_is_whole_and_for_this_ledger() {
    let mut w = World::new();
    let (_, object) = sign_object(&key("new"), label::PARTY, &w.ledger.id(), &good(&w)).expect("signed");
    let party = Kind::Party as u64;
    let whole = wrap(&w, party, std::slice::from_ref(&object), None);
    let mut relabelled = whole.clone();
    relabelled[19] = b'2';
    assert_eq!(w.refuse(&relabelled), Code::WrongLabel, "another version");
    for (what, bytes, code) in [
        ("nothing", Vec::new(), Code::Malformed),
        ("a file cut short", whole[..whole.len() / 2].to_vec(), Code::Malformed),
        ("bytes after it", [&whole[..], &[0]].concat(), Code::TrailingBytes),
        ("more than an entry may refer to", vec![0; OBJECT_BYTES_MAX + 1], Code::Oversize),
        ("a kind of nobody's", wrap(&w, 99, std::slice::from_ref(&object), None), Code::UnknownKind),
        (
            "a kind that the ledger writes",
            wrap(&w, Kind::Expiry as u64, std::slice::from_ref(&object), None),
            Code::UnknownKind,
        ),
        ("a kind of later rules", wrap(&w, 43, std::slice::from_ref(&object), None), Code::NotEnabled),
        ("no object", wrap(&w, party, &[], None), Code::Malformed),
        (
            "sealed claims that do not belong",
            wrap(&w, party, std::slice::from_ref(&object), Some(&[0x80])),
            Code::Malformed,
        ),
        (
            "signed as something else",
            wrap(&w, Kind::Freeze as u64, std::slice::from_ref(&object), None),
            Code::UnknownField,
        ),
    ] {
        assert_eq!(w.refuse(&bytes), code, "{what}");
    }
    let mut members = Writer::labelled(label::SUBMISSION, 3);
    members.bytes(&w.ledger.id().0).array(BUNDLE_MEMBERS_MAX as u64 + 1);
    assert_eq!(w.refuse(&members.into_bytes()), Code::TooMany);
    let (_, elsewhere) = sign_object(&key("new"), label::UNIT, &w.ledger.id(), &good(&w)).expect("signed");
    let bytes = wrap(&w, party, &[elsewhere], None);
    assert_eq!(w.refuse(&bytes), Code::BadSignature, "under another label");
    let mut forged = whole;
    let last = forged.len() - 3;
    forged[last] ^= 1;
    assert_eq!(w.refuse(&forged), Code::BadSignature);
}

/// The members of a submission, so that it can be put together otherwise.
fn members(bytes: &[u8]) -> Vec<Operation> {
    Submission::decode(bytes).expect("decodes").operations
}

#[test]
fn sealed_claims_and_kinds_fit_their_token() {
    let mut w = World::new();
    let spec = w.spec("alice");
    let signer = key("issuer");
    let draft = w.client.root(w.now, w.issuer, &spec, &signer).expect("draft");
    let ready = w.client.ready(&[draft]).expect("ready");
    let object = members(&ready.bytes)[0].objects();
    for (what, kind, sealed, code) in [
        ("without its sealed claims", Kind::Issue, None, Code::SealedMismatch),
        ("with others", Kind::Issue, Some(&[0x80][..]), Code::SealedMismatch),
        ("a root as a child", Kind::Delegate, None, Code::Malformed),
    ] {
        let bytes = wrap(&w, kind as u64, &object, sealed);
        assert_eq!(w.refuse(&bytes), code, "{what}");
    }
}

#[test]
fn twins_and_strangers_in_a_bundle() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let alice = key("alice");
    let invocation = w.client.invocation(w.now, &w.ask(root, 10)).expect("draft");
    let twin = w.client.reserve(invocation, Vec::new(), &alice);
    let bytes =
        remit_verifier::sign::submission(&w.ledger.id(), &[twin.clone(), twin.clone()]).expect("signed");
    assert_eq!(w.refuse(&bytes), Code::Replayed);
    // Two members of different bundles, put together.
    let other = w.client.invocation(w.now, &w.ask(root, 10)).expect("draft");
    let other = w.client.reserve(other, Vec::new(), &alice);
    let act = Act::Freeze { leaf: Default::default(), id: ObjectId::default() };
    let third = w.client.act(w.now, act, &[&alice]).expect("draft");
    let first = w.client.ready(&[twin, third.clone()]).expect("ready");
    let second = w.client.ready(&[other, third]).expect("ready");
    let mut mixed = Writer::labelled(label::SUBMISSION, 3);
    mixed.bytes(&w.ledger.id().0).array(2);
    for operation in [&members(&first.bytes)[0], &members(&second.bytes)[0]] {
        mixed.array(4).u64(operation.kind as u64).list(&operation.objects(), |w, object| {
            w.bytes(object);
        });
        mixed.null().array(0);
    }
    assert_eq!(w.refuse(&mixed.into_bytes()), Code::BundleMismatch);
}
