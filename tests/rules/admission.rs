//! What every submission must pass before the rule of its kind: bytes, signatures, ids, windows (spec 11 §1).

use crate::draft::*;
use crate::world::*;
use remit::engine::Answer;
use remit::ledger::LedgerError;
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::label;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Envelope, Kind, Origin, Reference, Stamp};
use remit_verifier::sign::{DraftBody, sign_object};
use remit_verifier::types::{Amount, KeyBytes, Nonce, ObjectId, Seconds};

/// Where the kind of the first member stands in a submission.
const KIND_AT: usize = 57;
/// A point of order 4: y = 0.
const SMALL_ORDER: [u8; 32] = [0; 32];

/// A party that registers itself: the smallest good submission.
fn party(w: &mut World) -> Vec<u8> {
    let draft = w.client.party(w.now, "clinic", &signers(&["clinic"])).expect("draft");
    w.ready(&[draft]).bytes
}

#[test]
fn what_is_no_submission_is_refused_by_its_bytes() {
    let mut w = World::new();
    let good = party(&mut w);
    let broken = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    let cases: Vec<(Code, Vec<u8>)> = vec![
        (Code::Malformed, good[..good.len() - 1].to_vec()),
        (Code::Malformed, broken(&|b| b[0] = 0x82)),
        (Code::TrailingBytes, broken(&|b| b.push(0))),
        (Code::Oversize, vec![0; OBJECT_BYTES_MAX + 1]),
        (Code::WrongLabel, broken(&|b| b[20] = b'2')),
        (Code::NotCanonical, broken(&|b| drop(b.splice(KIND_AT..=KIND_AT, [0x18, 3])))),
        (Code::UnknownKind, broken(&|b| b[KIND_AT] = 0)),
        (Code::UnknownKind, broken(&|b| drop(b.splice(KIND_AT..=KIND_AT, [0x18, 25])))),
        (Code::UnknownKind, broken(&|b| drop(b.splice(KIND_AT..=KIND_AT, [0x18, 44])))),
        (Code::NotEnabled, broken(&|b| drop(b.splice(KIND_AT..=KIND_AT, [0x18, 43])))),
        (Code::WrongLedger, broken(&|b| b[30] ^= 1)),
        (Code::BadSignature, broken(&|b| b[good.len() - 10] ^= 1)),
        (Code::BadSignature, broken(&|b| b[KIND_AT + 60] ^= 1)),
    ];
    for (code, bytes) in cases {
        w.refuses(code, |w| w.raw(&bytes));
    }
    w.raw(&good).expect("the good one");
}

#[test]
fn nine_members_are_too_many_and_eight_are_not() {
    let mut w = World::new();
    let drafts = |w: &mut World, count: usize| {
        let name = |n: usize| format!("party {n}");
        (0..count)
            .map(|n| w.client.party(w.now, &name(n), &signers(&["a"])).expect("draft"))
            .collect::<Vec<_>>()
    };
    let nine = drafts(&mut w, BUNDLE_MEMBERS_MAX + 1);
    let nine = remit_verifier::sign::submission(&w.ledger.id(), &nine).expect("signed");
    w.refuses(Code::TooMany, |w| w.raw(&nine));
    let eight = drafts(&mut w, BUNDLE_MEMBERS_MAX);
    w.send(&eight).expect("eight");
}

#[test]
fn a_field_of_another_kind_is_unknown() {
    let mut w = World::new();
    let stamp = Stamp { nonce: Nonce([1; 16]), valid_until: w.seconds(60), bundle: None };
    let capture = Act::Capture { reserve: Reference::Id(ObjectId([1; 32])), number: 1, amount: Amount(1) };
    let ledger = w.ledger.id();
    let (_, object) =
        sign_object(&key("hotel"), label::RELEASE, &ledger, &capture.encode(&stamp)).expect("signed");
    let member = Envelope {
        kind: Kind::Release,
        objects: vec![object],
        sealed: None,
        links: Vec::new(),
        approvals: Vec::new(),
    };
    let bytes = w.pack(&[member]);
    w.refuses(Code::UnknownField, |w| w.raw(&bytes));
}

#[test]
fn small_order_keys_are_refused_wherever_a_key_stands() {
    let mut w = World::new();
    let ledger = w.ledger.id();
    let replace = |payload: &mut Vec<u8>, key: &[u8; 32]| {
        let at = payload.windows(32).position(|window| window == key).expect("the key");
        payload[at..at + 32].copy_from_slice(&SMALL_ORDER);
    };
    let one = |kind: Kind, object: Vec<u8>, sealed: Option<Vec<u8>>| {
        Envelope::submission(
            &ledger,
            &[Envelope { kind, objects: vec![object], sealed, links: Vec::new(), approvals: Vec::new() }],
        )
    };
    let small = KeyBytes(SMALL_ORDER);
    // As a party's key.
    let stamp = Stamp { nonce: Nonce([2; 16]), valid_until: w.seconds(60), bundle: None };
    let mut payload = Act::Party { name: "x".into(), keys: vec![public("x")] }.encode(&stamp);
    replace(&mut payload, &public("x").bytes().0);
    let object = sign_object(&key("x"), label::PARTY, &ledger, &payload).expect("signed").1;
    let bytes = one(Kind::Party, object, None);
    w.refuses(Code::BadKey, |w| w.raw(&bytes));
    // As a signer: nobody's signature needs checking.
    let payload = Act::Party { name: "x".into(), keys: vec![public("x")] }.encode(&stamp);
    let object = Sign1 { kid: small, payload: &payload, signature: [0; 64] }.encode();
    let bytes = one(Kind::Party, object, None);
    w.refuses(Code::BadKey, |w| w.raw(&bytes));
    // As the holder of a token.
    let draft = w.draft_root(&w.spec("alice"), "issuer");
    let DraftBody::Token(token, sealed) = draft.body.clone() else { panic!("a token") };
    let digest = remit_verifier::object::Sealed::digest(&sealed.encode());
    let mut payload = remit_verifier::object::Token { sealed: Some(digest), ..token }.encode();
    replace(&mut payload, &public("alice").bytes().0);
    let object = sign_object(&key("issuer"), label::TOKEN, &ledger, &payload).expect("signed").1;
    let bytes = one(Kind::Issue, object, Some(sealed.encode()));
    w.refuses(Code::BadKey, |w| w.raw(&bytes));
    // As the signer of an offline link.
    let root = w.root("alice", 100);
    let (id, _) = w.link(root, root, "alice", &w.half_hour("bob"));
    let link = Sign1 { kid: small, payload: &payload, signature: [0; 64] }.encode();
    let draft = w.draft_reserve(&w.ask(id, 1), "bob", Vec::new());
    let mut members = w.envelopes(&[draft]);
    members[0].links = vec![link];
    let bytes = w.pack(&members);
    w.refuses(Code::BadKey, |w| w.raw(&bytes));
}

#[test]
fn sealed_claims_are_those_that_the_token_commits_to() {
    let mut w = World::new();
    let draft = w.draft_root(&w.spec("alice"), "issuer");
    let good = w.envelopes(&[draft]);
    for sealed in [
        None,
        Some(vec![0x80]),
        good[0].sealed.clone().map(|mut s| {
            s[30] ^= 1;
            s
        }),
    ] {
        let bytes = w.pack(&[Envelope { sealed, ..good[0].clone() }]);
        w.refuses(Code::SealedMismatch, |w| w.raw(&bytes));
    }
    let cut = w.root("alice", 1);
    let cut = w.draft(Act::Cut(w.target(cut, 2)), &["alice"]);
    let mut members = w.envelopes(&[cut]);
    members[0].sealed = Some(vec![0x80]);
    let bytes = w.pack(&members);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
    let bytes = w.pack(&good);
    w.raw(&bytes).expect("the good one");
}

#[test]
fn a_token_fits_the_kind_that_admits_it() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft_child(root, "alice", &w.inherit("bob", None));
    let child = w.envelopes(&[draft]);
    let bytes = w.pack(&[Envelope { kind: Kind::Issue, ..child[0].clone() }]);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
    let draft = w.draft_root(&w.spec("alice"), "issuer");
    let issued = w.envelopes(&[draft]);
    let bytes = w.pack(&[Envelope { kind: Kind::Delegate, ..issued[0].clone() }]);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
    // An offline link is never admitted.
    let (_, link) = w.link(root, root, "alice", &w.half_hour("bob"));
    let member = Envelope { kind: Kind::Delegate, objects: vec![link], ..child[0].clone() };
    let bytes = w.pack(&[member]);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
}

#[test]
fn the_same_token_is_not_good_at_two_ledgers() {
    let mut here = World::new();
    let mut there = World::named("remit.example/other");
    let party = here.client.party(here.now, "hotel", &signers(&["hotel"])).expect("draft");
    let root = here.draft_root(&here.spec("alice"), "issuer");
    for draft in [party, root] {
        let bytes = here.ready(std::slice::from_ref(&draft)).bytes;
        there.refuses(Code::WrongLedger, |there| there.raw(&bytes));
        let members = here.envelopes(&[draft]);
        let bytes = there.pack(&members);
        there.refuses(Code::BadSignature, |there| there.raw(&bytes));
    }
}

#[test]
fn windows_are_open_to_their_bounds() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let day = OBJECT_VALIDITY_MAX.0;
    let minute = INVOCATION_VALIDITY_MAX.0;
    let act = |w: &mut World, end: Seconds| {
        let draft = w.draft(Act::Cut(w.target(root, 2)), &["alice"]);
        w.send(&[until(draft, end)])
    };
    let token = |w: &mut World, end: Seconds| {
        let draft = w.draft_root(&w.spec("alice"), "issuer");
        w.send(&[until(draft, end)])
    };
    let spend = |w: &mut World, end: Seconds| {
        let draft = w.draft_reserve(&w.ask(root, 1), "alice", Vec::new());
        w.send(&[until(draft, end)])
    };
    let (past, next) = (w.seconds(0), w.seconds(1));
    let (last, last_spend) = (w.seconds(day), w.seconds(minute));
    let (beyond, beyond_spend) = (w.seconds(day + 1), w.seconds(minute + 1));
    w.refuses(Code::TooLate, |w| act(w, past));
    w.refuses(Code::TooEarly, |w| act(w, beyond));
    w.refuses(Code::TooLate, |w| token(w, past));
    w.refuses(Code::TooEarly, |w| token(w, beyond));
    w.refuses(Code::TooLate, |w| spend(w, past));
    w.refuses(Code::TooEarly, |w| spend(w, beyond_spend));
    w.refuses(Code::TooEarly, |w| act(w, Seconds(u64::MAX)));
    for end in [next, last] {
        act(&mut w, end).expect("open");
        token(&mut w, end).expect("open");
    }
    for end in [next, last_spend] {
        spend(&mut w, end).expect("open");
    }
}

#[test]
fn a_repeat_answers_with_the_first_entry_even_after_its_window() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft_reserve(&w.ask(root, 60), "alice", Vec::new());
    let ready = w.ready(&[draft]);
    let Answer::Applied(entry) = w.submit(&ready) else { panic!("applied") };
    assert_eq!(entry, w.last_entry());
    let before = w.snapshot();
    for days in [0, 0, 1] {
        w.advance(days * DAY - if days == 1 { 1 } else { 0 });
        assert_eq!(w.submit(&ready), Answer::Replayed(entry));
        assert!(before == w.snapshot());
    }
    w.advance(DAY);
    assert_eq!(w.submit(&ready), Answer::Replayed(entry), "the reservation expired meanwhile");
    assert_eq!(w.committed(root), 0);
}

#[test]
fn a_refusal_is_not_remembered() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let held = w.reserve(root, "alice", 60).expect("held");
    let draft = w.draft_reserve(&w.ask(root, 60), "alice", Vec::new());
    let ready = w.ready(&[draft]);
    w.refuses(Code::AboveTotal, |w| w.raw(&ready.bytes));
    w.release(held, None).expect("released");
    w.raw(&ready.bytes).expect("within its minute");
}

#[test]
fn a_repeat_inside_one_batch_is_one() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft_reserve(&w.ask(root, 60), "alice", Vec::new());
    let ready = w.ready(&[draft]);
    let now = w.now;
    let answers = w.ledger.submit(&[&ready.bytes, &ready.bytes], now).expect("submits");
    let Answer::Applied(entry) = answers[0] else { panic!("applied") };
    assert_eq!(answers[1], Answer::Replayed(entry));
    assert_eq!(w.committed(root), 60);
}

#[test]
fn a_batch_takes_as_many_operations_as_fit() {
    let mut w = World::new();
    let ready: Vec<_> = (0..=BATCH_OPERATIONS_MAX)
        .map(|n| {
            let draft = w.client.party(w.now, &format!("party {n}"), &signers(&["a"])).expect("draft");
            w.ready(&[draft])
        })
        .collect();
    let bytes: Vec<&[u8]> = ready.iter().map(|ready| ready.bytes.as_slice()).collect();
    let (size, now) = (w.ledger.store().len(), w.now);
    assert!(matches!(w.ledger.submit(&bytes, now), Err(LedgerError::TooMany)));
    assert_eq!(w.ledger.store().len(), size, "nothing was appended");
    let answers = w.ledger.submit(&bytes[1..], now).expect("one fewer");
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Applied(_))));
    assert_eq!(w.ledger.store().len(), size + BATCH_OPERATIONS_MAX as u64 + 1);
}

#[test]
fn operator_signatures_count_once_in_whatever_combination() {
    let mut w = World::new();
    let hotel = w.hotel;
    let freeze = Act::Freeze { leaf: w.index(hotel), id: hotel };
    let draft = w.draft(freeze, &["op-1", "op-2", "op-3"]);
    let all = w.envelopes(&[draft]);
    let with = |w: &World, places: &[usize]| {
        let objects = places.iter().map(|place| all[0].objects[*place].clone()).collect();
        w.pack(&[Envelope { objects, ..all[0].clone() }])
    };
    let first = with(&w, &[0, 1]);
    w.raw(&first).expect("frozen");
    let freeze = remit_verifier::object::Submission::decode(&first).expect("decodes").id;
    w.unfreeze(hotel, freeze).expect("lifted");
    // The payload counts once, even where no signature comes back.
    for places in [&[1, 0][..], &[0, 2], &[2, 1], &[0, 1, 2], &[2]] {
        let bytes = with(&w, places);
        w.refuses(Code::Replayed, |w| w.raw(&bytes));
    }
    let anew = Act::Freeze { leaf: w.index(hotel), id: hotel };
    w.refuses(Code::NotTheOperators, |w| w.act(anew, &["op-3"]));
}

#[test]
fn links_belong_to_invocations_alone() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let (_, link) = w.link(root, root, "alice", &w.half_hour("bob"));
    let draft = w.draft(Act::Cut(w.target(root, 2)), &["alice"]);
    let mut members = w.envelopes(&[draft]);
    members[0].links = vec![link];
    let bytes = w.pack(&members);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
}

#[test]
fn signatures_over_different_payloads_are_no_operation() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let one = w.draft_transfer(root, "alice", "bob");
    let other = w.draft_transfer(root, "alice", "bob");
    let (one, other) = (w.envelopes(&[one]), w.envelopes(&[other]));
    let objects = vec![one[0].objects[0].clone(), other[0].objects[1].clone()];
    let bytes = w.pack(&[Envelope { objects, ..one[0].clone() }]);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
    let bytes = w.pack(&[Envelope { objects: Vec::new(), ..one[0].clone() }]);
    w.refuses(Code::Malformed, |w| w.raw(&bytes));
}

#[test]
fn a_signature_for_another_kind_is_none() {
    let mut w = World::new();
    let root = w.root("alice", 100);
    let draft = w.draft(Act::Suspend(w.target(root, 1)), &["issuer"]);
    let members = w.envelopes(&[draft]);
    for kind in [Kind::Revoke, Kind::Cut, Kind::End] {
        let bytes = w.pack(&[Envelope { kind, ..members[0].clone() }]);
        w.refuses(Code::BadSignature, |w| w.raw(&bytes));
    }
    assert!(matches!(w.ledger.token(&root).expect("a token").token.origin, Origin::Root { .. }));
}
