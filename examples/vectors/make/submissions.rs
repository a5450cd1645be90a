//! `submissions.json`: whole submissions, decoded and with their signatures checked (spec 02 §6).

use super::item::Item;
use super::things::*;
use super::{Vector, hex};
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::object::{
    Act, Envelope, Kind, Origin, RESERVED, Reference, Sealed, Stamp, Submission, Token, bundle_digest,
};
use remit_verifier::types::{Amount, Generation, Hash, LedgerId};
use serde_json::{Value, json};

fn input(bytes: &[u8]) -> Value {
    json!({ "ledger": ledger().to_string(), "bytes": hex(bytes) })
}

fn no(name: &str, about: &str, bytes: &[u8], code: Code) -> Vector {
    Vector::no(name, about, "02 §6", input(bytes), code)
}

fn ok(name: &str, about: &str, bytes: &[u8]) -> Vector {
    let decoded = Submission::decode(bytes).expect("a good submission");
    let operation = |operation: &remit_verifier::object::Operation| {
        let ids: Vec<_> = operation.ids.iter().map(ToString::to_string).collect();
        let payload = operation.payload.as_ref().map(ToString::to_string);
        json!({ "kind": operation.kind.text(), "id": operation.id.to_string(), "objects": ids, "payload": payload })
    };
    let operations: Vec<_> = decoded.operations.iter().map(operation).collect();
    let values =
        json!({ "id": decoded.id.to_string(), "kind": decoded.kind().text(), "operations": operations });
    Vector::ok(name, about, "02 §6", input(bytes), values)
}

/// Who signs each kind in these vectors, where nobody looks at who may.
fn signers(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Unit | Kind::Issuer | Kind::Freeze | Kind::Unfreeze | Kind::Upgrade => {
            &["operator 1", "operator 2"]
        }
        Kind::Party => &["hotel", "hotel 2"],
        Kind::PartyKeys => &["hotel 2", "hotel 3"],
        Kind::Transfer => &["hotel agent", "night agent"],
        Kind::Rekey => &["assistant", "assistant 2"],
        Kind::Capture | Kind::Release | Kind::Refund | Kind::LeaseClose | Kind::Settle => &["hotel"],
        Kind::Approve => &["ann"],
        Kind::Trade => &["night agent"],
        _ => &["assistant"],
    }
}

fn envelope(kind: Kind, payload: &[u8], by: &[&str]) -> Envelope {
    let label = kind.label().expect("a signed kind");
    let objects = by.iter().map(|name| sign(name, label, payload).1).collect();
    let sealed = matches!(kind, Kind::Transfer | Kind::Trade).then(|| sealed().encode());
    Envelope { kind, objects, sealed, links: Vec::new(), approvals: Vec::new() }
}

fn token(kind: Kind, token: &Token) -> Envelope {
    let objects = vec![sign("company", label::TOKEN, &token.encode()).1];
    Envelope { kind, objects, sealed: Some(sealed().encode()), links: Vec::new(), approvals: Vec::new() }
}

fn reserve() -> Envelope {
    let link = sign("hotel agent", label::TOKEN, &offline().encode()).1;
    let mut reserve = envelope(Kind::Reserve, &invocation().encode(), &["sub-agent"]);
    reserve.links.push(link);
    reserve
}

/// A lease that was asked for, with a yes to it.
fn approved_lease() -> Envelope {
    let request = asked_lease().request_id(&ledger()).expect("it names one");
    let approval = sign("ann", label::APPROVE, &Act::Approve { request }.encode(&stamp(33))).1;
    let lease = envelope(Kind::Lease, &Act::Lease(asked_lease()).encode(&stamp(35)), &["assistant"]);
    Envelope { approvals: vec![approval], ..lease }
}

fn one(envelope: &Envelope) -> Vec<u8> {
    Envelope::submission(&ledger(), std::slice::from_ref(envelope))
}

/// The submission `issue` with one change in its loose form.
fn changed(change: impl FnOnce(&mut Item)) -> Vec<u8> {
    let mut item = Item::read(&one(&token(Kind::Issue, &root())));
    change(&mut item);
    item.write()
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = good();
    all.extend(outer());
    all.extend(members());
    all.extend(bundles());
    all.extend(signatures());
    all
}

fn good() -> Vec<Vector> {
    let mut all = vec![
        ok("issue", "A root token with its sealed claims.", &one(&token(Kind::Issue, &root()))),
        ok("delegate", "A logged child.", &one(&token(Kind::Delegate, &logged()))),
        ok("reserve", "An invocation through one offline link.", &one(&reserve())),
    ];
    for act in acts() {
        let kind = act.kind();
        // A member of a bundle is named by its place only inside one, which the rules see to.
        let payload = act.encode(&stamp(kind as u8));
        all.push(ok(kind.text(), "An act, signed.", &one(&envelope(kind, &payload, signers(kind)))));
    }
    all.push(ok("lease-approved", "A lease with an approval that travels.", &one(&approved_lease())));
    let payload = Act::Request(requested_lease()).encode(&stamp(0x9b));
    let request = envelope(Kind::Request, &payload, &["assistant"]);
    all.push(ok("request-lease", "A request for a lease.", &one(&request)));
    all.push(ok("bundle", "Two operations, all or nothing.", &bundle(&pair(), None)));
    all
}

fn outer() -> Vec<Vector> {
    let member = |with: &dyn Fn(&mut Vec<Item>)| changed(|item| with(item.items()[2].items()[0].items()));
    let kind = |number| member(&|member| member[0] = Item::Unsigned(number));
    let count = |count| {
        changed(|item| {
            let first = item.items()[2].items()[0].clone();
            *item.items()[2].items() = vec![first; count];
        })
    };
    let mut all = vec![
        no("oversize", "One byte more than 65 535.", &vec![0; 65_536], Code::Oversize),
        no("empty", "No bytes.", &[], Code::Malformed),
        no(
            "trailing",
            "A byte follows.",
            &[one(&token(Kind::Issue, &root())), vec![0]].concat(),
            Code::TrailingBytes,
        ),
        no(
            "label",
            "Another label.",
            &changed(|item| item.items()[0] = Item::text("remit/token/v1")),
            Code::WrongLabel,
        ),
        no("no-members", "No members.", &count(0), Code::Malformed),
        no("nine-members", "Nine members.", &count(9), Code::TooMany),
        no(
            "nine-objects",
            "Nine signatures.",
            &member(&|m| m[1] = Item::Array(vec![Item::Bytes(vec![]); 9])),
            Code::TooMany,
        ),
        no(
            "nine-links",
            "Nine links.",
            &member(&|m| m[3] = Item::Array(vec![Item::Bytes(vec![]); 9])),
            Code::TooMany,
        ),
        no(
            "large-sealed",
            "Sealed claims of 4 097 bytes.",
            &member(&|m| m[2] = Item::Bytes(vec![0; 4_097])),
            Code::Oversize,
        ),
        no("short-member", "A member of three elements.", &member(&|m| drop(m.pop())), Code::Malformed),
        no("kind-genesis", "A kind that only the ledger writes.", &kind(0), Code::UnknownKind),
        no("kind-expiry", "A kind that only the ledger writes.", &kind(2), Code::UnknownKind),
        no("kind-bundle", "Bundles are not named.", &kind(25), Code::UnknownKind),
        no("kind-unknown", "A kind that nobody knows.", &kind(99), Code::UnknownKind),
    ];
    for (number, name) in RESERVED {
        let mut writer = Writer::labelled(label::SUBMISSION, 3);
        writer.bytes(&ledger().0).array(1).array(4).u64(*number).array(0).null().array(0);
        let about = format!("The reserved kind {name}, whatever follows it.");
        all.push(no(&format!("reserved-{number}"), &about, &writer.into_bytes(), Code::NotEnabled));
    }
    all
}

fn members() -> Vec<Vector> {
    let issue = || token(Kind::Issue, &root());
    let refuse = |name, about, envelope: Envelope, code| no(name, about, &one(&envelope), code);
    let suspend = |number| acts()[7].encode(&stamp(number));
    let two = |first: Vec<u8>, second: Vec<u8>| {
        let objects =
            vec![sign("assistant", label::SUSPEND, &first).1, sign("hotel", label::SUSPEND, &second).1];
        Envelope { objects, ..envelope(Kind::Suspend, &first, &[]) }
    };
    let other = Sealed { secret: [9; 32], ..sealed() }.encode();
    let unsealed = Token { sealed: None, budgets: None, ..root() };
    let link_origin = Origin::Offline { parent: TOKEN, epoch: Default::default(), generation: Generation(0) };
    let transfer = acts()[4].encode(&stamp(9));
    let trade = Act::Trade(trade()).encode(&stamp(9));
    vec![
        refuse(
            "no-objects",
            "A member without objects.",
            Envelope { objects: vec![], ..issue() },
            Code::Malformed,
        ),
        refuse(
            "two-payloads",
            "Two signatures over two payloads.",
            two(suspend(1), suspend(2)),
            Code::Malformed,
        ),
        refuse(
            "issue-logged",
            "A logged child under the kind issue.",
            token(Kind::Issue, &logged()),
            Code::Malformed,
        ),
        refuse(
            "delegate-root",
            "A root under the kind delegate.",
            token(Kind::Delegate, &root()),
            Code::Malformed,
        ),
        refuse(
            "delegate-offline",
            "An offline link under the kind delegate.",
            token(Kind::Delegate, &offline()),
            Code::Malformed,
        ),
        refuse(
            "not-sealed",
            "Sealed claims that are not there.",
            Envelope { sealed: None, ..issue() },
            Code::SealedMismatch,
        ),
        refuse(
            "other-sealed",
            "Other sealed claims than the token's.",
            Envelope { sealed: Some(other.clone()), ..issue() },
            Code::SealedMismatch,
        ),
        refuse(
            "token-without-seal",
            "A root that commits to no sealed claims.",
            token(Kind::Issue, &unsealed),
            Code::Malformed,
        ),
        refuse(
            "transfer-not-sealed",
            "A transfer without the new holder's claims.",
            Envelope { sealed: None, ..envelope(Kind::Transfer, &transfer, signers(Kind::Transfer)) },
            Code::SealedMismatch,
        ),
        refuse(
            "transfer-other-sealed",
            "A transfer with other claims than those signed.",
            Envelope { sealed: Some(other), ..envelope(Kind::Transfer, &transfer, signers(Kind::Transfer)) },
            Code::SealedMismatch,
        ),
        refuse(
            "trade-not-sealed",
            "A trade without the new holder's claims.",
            Envelope { sealed: None, ..envelope(Kind::Trade, &trade, signers(Kind::Trade)) },
            Code::SealedMismatch,
        ),
        refuse(
            "act-sealed",
            "Sealed claims with an act that has none.",
            Envelope {
                sealed: Some(sealed().encode()),
                ..envelope(Kind::Suspend, &suspend(1), &["assistant"])
            },
            Code::Malformed,
        ),
        refuse(
            "issue-links",
            "Links under a root.",
            Envelope { links: reserve().links, ..issue() },
            Code::Malformed,
        ),
        refuse(
            "bad-link",
            "A link that is no object.",
            Envelope { links: vec![vec![0]], ..reserve() },
            Code::Malformed,
        ),
        refuse(
            "act-approvals",
            "Approvals with an act that takes none.",
            Envelope {
                approvals: approved_lease().approvals,
                ..envelope(Kind::Suspend, &suspend(1), &["assistant"])
            },
            Code::Malformed,
        ),
        refuse(
            "lease-links",
            "Links with a lease.",
            Envelope { links: reserve().links, ..approved_lease() },
            Code::Malformed,
        ),
        refuse(
            "bad-approval",
            "An approval that is no object.",
            Envelope { approvals: vec![vec![0]], ..approved_lease() },
            Code::Malformed,
        ),
        refuse(
            "bundled-approval",
            "An approval that is good in a bundle alone.",
            Envelope { approvals: vec![bundled_approval()], ..approved_lease() },
            Code::BundleMismatch,
        ),
        refuse(
            "weak-kid",
            "A signer's key of small order.",
            Envelope { objects: vec![with_kid(&suspend(1), [0; 32])], ..envelope(Kind::Suspend, &[], &[]) },
            Code::BadKey,
        ),
        refuse(
            "payload-of-another-kind",
            "The payload of a token under the kind suspend.",
            envelope(Kind::Suspend, &Token { origin: link_origin, ..offline() }.encode(), &["assistant"]),
            Code::Malformed,
        ),
    ]
}

fn bundled_approval() -> Vec<u8> {
    let inside = Stamp { bundle: Some(Hash([1; 32])), ..stamp(33) };
    let request = asked_lease().request_id(&ledger()).expect("it names one");
    sign("ann", label::APPROVE, &Act::Approve { request }.encode(&inside)).1
}

/// An object that names a signer who is none.
fn with_kid(payload: &[u8], kid: [u8; 32]) -> Vec<u8> {
    let kid = remit_verifier::types::KeyBytes(kid);
    remit_verifier::cose::Sign1 { kid, payload, signature: [0; 64] }.encode()
}

/// A capture and a refund of it by its place.
fn pair() -> Vec<(Stamp, Act)> {
    let capture = Act::Capture { reserve: Reference::Id(OTHER), number: 1, amount: Amount(48_000) };
    let refund = Act::Refund { capture: Reference::Member(0), amount: Amount(1_000) };
    vec![(stamp(150), capture), (stamp(151), refund)]
}

/// A bundle under its own digest, or another one.
fn bundle(members: &[(Stamp, Act)], digest: Option<Hash>) -> Vec<u8> {
    let by: Vec<_> = members.iter().map(|(_, act)| signers(act.kind())).collect();
    bundle_by(members, digest, &by)
}

fn bundle_by(members: &[(Stamp, Act)], digest: Option<Hash>, by: &[&[&str]]) -> Vec<u8> {
    let payloads: Vec<_> = members.iter().map(|(stamp, act)| (act.kind(), act.encode(stamp))).collect();
    let digest = digest.unwrap_or_else(|| bundle_digest(&payloads));
    let inside = |((stamp, act), by): (&(Stamp, Act), &&[&str])| {
        let payload = act.encode(&Stamp { bundle: Some(digest), ..*stamp });
        envelope(act.kind(), &payload, by)
    };
    Envelope::submission(&ledger(), &members.iter().zip(by).map(inside).collect::<Vec<_>>())
}

fn bundles() -> Vec<Vector> {
    let both: Vec<_> = pair();
    let plain: Vec<_> = both
        .iter()
        .map(|(stamp, act)| envelope(act.kind(), &act.encode(stamp), signers(act.kind())))
        .collect();
    let (stamp, act) = both[0].clone();
    let alone = act.encode(&Stamp { bundle: Some(Hash([1; 32])), ..stamp });
    let mut swapped = Item::read(&bundle(&both, None));
    swapped.items()[2].items().reverse();
    let twins = [both[0].clone(), both[0].clone()];
    vec![
        no(
            "bundle-alone",
            "A digest outside a bundle.",
            &one(&envelope(Kind::Capture, &alone, &["hotel"])),
            Code::BundleMismatch,
        ),
        no(
            "bundle-without",
            "Two members without a digest.",
            &Envelope::submission(&ledger(), &plain),
            Code::BundleMismatch,
        ),
        no(
            "bundle-other",
            "Two members under another digest.",
            &bundle(&both, Some(Hash([1; 32]))),
            Code::BundleMismatch,
        ),
        no(
            "bundle-order",
            "The members of a good bundle in another order.",
            &swapped.write(),
            Code::BundleMismatch,
        ),
        no("bundle-twins", "The same member twice.", &bundle(&twins, None), Code::Replayed),
        no(
            "bundle-twins-by-two-keys",
            "The same payload twice, signed by two keys.",
            &bundle_by(&twins, None, &[&["hotel"], &["hotel 2"]]),
            Code::Replayed,
        ),
    ]
}

fn signatures() -> Vec<Vector> {
    let forged = |place: usize| {
        let mut envelope = reserve();
        let bytes = match place {
            0 => &mut envelope.objects[0],
            1 => &mut envelope.links[0],
            _ => {
                envelope = approved_lease();
                &mut envelope.approvals[0]
            }
        };
        *bytes.last_mut().expect("a signature") ^= 1;
        one(&envelope)
    };
    let elsewhere = LedgerId([0xbb; 32]);
    let mut relabelled = token(Kind::Issue, &root());
    relabelled.objects = vec![sign("company", label::INVOCATION, &root().encode()).1];
    let for_other =
        remit_verifier::sign::sign_object(&signer("company"), label::TOKEN, &elsewhere, &root().encode());
    let for_other = Envelope { objects: vec![for_other.expect("signs").1], ..token(Kind::Issue, &root()) };
    vec![
        no(
            "wrong-ledger",
            "A submission for another ledger.",
            &Envelope::submission(&elsewhere, &[token(Kind::Issue, &root())]),
            Code::WrongLedger,
        ),
        no("forged", "A signature with one bit changed.", &forged(0), Code::BadSignature),
        no("forged-link", "A link's signature with one bit changed.", &forged(1), Code::BadSignature),
        no("forged-approval", "An approval with one bit changed.", &forged(2), Code::BadSignature),
        no("another-label", "A signature under another label.", &one(&relabelled), Code::BadSignature),
        no("another-ledger", "A signature for another ledger.", &one(&for_other), Code::BadSignature),
    ]
}
