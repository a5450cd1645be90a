//! `objects.json`: bytes of every kind of object.

use super::broken::{self, Broken};
use super::item::Item;
use super::things::*;
use super::{Vector, hex, special};
use crate::scene::{Funding, Scene};
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::label;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Invocation, Kind, Offer, Reference, Sealed, Trade, Use};
use remit_verifier::state::TokenLeaf;
use remit_verifier::types::{LedgerId, RequestId};
use serde_json::{Value, json};

/// A good object, and what it says.
struct Good {
    name: String,
    kind: String,
    spec: &'static str,
    bytes: Vec<u8>,
    values: Value,
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let goods = goods();
    let mut vectors = Vec::new();
    for good in &goods {
        let about = format!("A good {}.", good.kind.replace('_', " "));
        vectors.push(Vector::ok(
            &good.name,
            &about,
            good.spec,
            input(good, &good.bytes),
            good.values.clone(),
        ));
        let mut all = broken::all(&good.bytes);
        // Without the number that decided it is the part of a link that none decided.
        all.retain(|broken| good.name != "link-part-refusal" || broken.name != "one-item-less");
        all.extend(missing(good));
        all.extend(special::of(&good.name, &good.bytes));
        for Broken { name, about, bytes, code } in all {
            let name = format!("{}/{name}", good.name);
            vectors.push(Vector::no(&name, &about, good.spec, input(good, &bytes), code));
        }
    }
    vectors.extend(keys());
    vectors.extend(paths());
    vectors
}

fn input(good: &Good, bytes: &[u8]) -> Value {
    let mut input = json!({ "kind": good.kind, "bytes": hex(bytes) });
    if good.kind == "sign1" {
        input["ledger"] = json!(ledger().to_string());
        input["label"] = json!(label::TOKEN);
    }
    if good.values.get("request").is_some() {
        input["ledger"] = json!(ledger().to_string());
    }
    input
}

fn good(name: &str, kind: &str, spec: &'static str, bytes: Vec<u8>) -> Good {
    let values = json!({ "diagnostic": Item::read(&bytes).diagnostic() });
    Good { name: name.into(), kind: kind.into(), spec, bytes, values }
}

fn goods() -> Vec<Good> {
    let with = |good: Good, key: &str, value: Value| {
        let mut values = good.values.clone();
        values[key] = value;
        Good { values, ..good }
    };
    let (id, object) = root_object();
    let structure = Sign1::decode(&object).expect("an object").sig_structure(label::TOKEN, &ledger());
    let sign1 = with(good("sign1", "sign1", "02 §2", object), "id", json!(id.to_string()));
    let mut goods = vec![with(sign1, "sig_structure", json!(hex(structure.bytes())))];
    for (name, token) in [
        ("token-root", root()),
        ("token-root-counting", counting()),
        ("token-logged", logged()),
        ("token-offline", offline()),
    ] {
        let bytes = token.encode();
        let digest = TokenLeaf::authority_of(&bytes).to_string();
        goods.push(with(good(name, "token", "04 §1", bytes), "authority", json!(digest)));
    }
    let empty = Sealed { secret: [1; 32], budgets: None, name: None, note: None };
    for (name, sealed) in [("sealed", sealed()), ("sealed-empty", empty)] {
        let bytes = sealed.encode();
        let digest = Sealed::digest(&bytes).to_string();
        goods.push(with(good(name, "sealed", "04 §6", bytes), "digest", json!(digest)));
    }
    let bare = Invocation { arguments: Vec::new(), payment: None, request: None, ..invocation() };
    goods.push(good("invocation", "invocation", "05 §1", invocation().encode()));
    goods.push(good("invocation-bare", "invocation", "05 §1", bare.encode()));
    goods.push(good("voucher", "invocation", "16 §4", voucher().encode()));
    let claim = voucher().claim.expect("a claim");
    let one = Use::of(&voucher(), &claim).encode();
    let hash = remit_verifier::hash::leaf_hash(&one).to_string();
    goods.push(with(good("use", "use", "16 §4", one), "leaf_hash", json!(hash)));
    for a in arguments() {
        let name = format!("argument-{}", a.name);
        goods.push(with(
            good(&name, "argument", "05 §2", argument(&a)),
            "digest",
            json!(a.digest().to_string()),
        ));
    }
    for act in acts() {
        let kind = act.kind().text();
        let bytes = act.encode(&stamp(act.kind() as u8));
        goods.push(named(good(kind, &format!("act:{kind}"), "02 §5", bytes)));
    }
    let (asked, asks) = (Act::Lease(asked_lease()), Act::Request(requested_lease()));
    goods.push(named(good("lease-asked", "act:lease", "16 §3", asked.encode(&stamp(35)))));
    // Its nonce is the one that the lease names.
    goods.push(named(good("request-lease", "act:request", "17 §3", asks.encode(&stamp(0x9b)))));
    let withdrawal = Act::Offer(Offer { price: None, ..offer() });
    goods.push(good("offer-withdrawn", "act:offer", "18 §1", withdrawal.encode(&stamp(38))));
    let plain = Act::Trade(Trade { minimum: Vec::new(), offer: Reference::Member(0), payment: 7, ..trade() });
    goods.push(good("trade-plain", "act:trade", "18 §2", plain.encode(&stamp(39))));
    for (name, entry) in entries() {
        let bytes = entry.encode();
        let hash = remit_verifier::hash::leaf_hash(&bytes).to_string();
        goods.push(with(good(name, "entry", "03 §1", bytes), "leaf_hash", json!(hash)));
    }
    for (name, leaf) in leaves() {
        let bytes = leaf.encode();
        let hash = remit_verifier::hash::leaf_hash(&bytes).to_string();
        goods.push(with(good(name, "leaf", "06 §1", bytes), "leaf_hash", json!(hash)));
    }
    for (name, part) in link_parts() {
        let digest = remit_verifier::hash::sha256(&[&part]).to_string();
        goods.push(with(good(name, "link", "03 §5", part), "digest", json!(digest)));
    }
    let secret = sealed().secret;
    let opened = good("values", "values", "06 §4", values().encode(&secret));
    goods.push(with(opened, "digest", json!(values().digest(&secret).to_string())));
    goods.extend(shown());
    goods
}

/// With the id of the request that it makes or carries out, if it does.
fn named(good: Good) -> Good {
    let Good { mut values, .. } = good;
    if let Some(id) = request_of(&good.kind, &good.bytes, &ledger()) {
        values["request"] = json!(id.to_string());
    }
    Good { values, ..good }
}

/// The id of the request that an act makes or carries out (spec 17 §2).
fn request_of(kind: &str, bytes: &[u8], ledger: &LedgerId) -> Option<RequestId> {
    let kind = match kind {
        "act:request" => Kind::Request,
        "act:lease" => Kind::Lease,
        _ => return None,
    };
    match Act::decode(kind, bytes).ok()? {
        (stamp, Act::Request(requested)) => Some(requested.request_id(ledger, stamp.nonce)),
        (_, Act::Lease(lease)) => lease.request_id(ledger),
        _ => None,
    }
}

fn shown() -> Vec<Good> {
    let built = Scene { funding: Some(Funding::bundle()), ..Scene::paying(7) }.build();
    let case = built.case(crate::scene::NOW_MS, b"a policy file").encode();
    vec![
        good("presentation", "presentation", "09 §1", built.presentation.clone()),
        good("evidence", "evidence", "09 §2", built.evidence.clone().expect("evidence")),
        good("case", "case", "09 §3", case),
    ]
}

/// Each mandatory field of a map left out.
fn missing(good: &Good) -> Vec<Broken> {
    let optional: &[i64] = match good.kind.as_str() {
        "token" => &[5],
        "invocation" => &[3, 9, 11, 12, 14, 15],
        "act:lease" => &[34, 36],
        "act:release" => &[11],
        "act:request" => &[25, 34],
        "act:withdraw" => &[6],
        "act:trade" => &[28],
        _ => &[],
    };
    let Item::Map(pairs) = Item::read(&good.bytes) else { return Vec::new() };
    let mut all = Vec::new();
    for (key, _) in pairs {
        let key = match key {
            Item::Unsigned(key) => key as i64,
            Item::Negative(key) => -1 - key as i64,
            other => panic!("no key of ours: {other:?}"),
        };
        if !optional.contains(&key) {
            let (name, about) = (format!("without-{key}"), format!("Field {key} is missing."));
            all.push(broken::change(&good.bytes, &name, &about, Code::Malformed, |item| item.remove(key)));
        }
    }
    all
}

/// Public keys: canonical encodings of points of large order, and no others.
fn keys() -> Vec<Vector> {
    let field = |low: u8, sign: u8| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f | sign);
        bytes
    };
    let small = |first: u8, sign: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, sign);
        bytes
    };
    let bad = [
        ("order-4", "x = 0 and y = 0 in the encoding: a point of order 4.", small(0, 0)),
        ("order-4-negative", "The other point of order 4.", small(0, 0x80)),
        ("identity", "y = 1: the neutral element.", small(1, 0)),
        ("identity-negative", "y = 1 with a sign bit: not canonical.", small(1, 0x80)),
        ("order-2", "y = p - 1: the point of order 2.", field(0xec, 0)),
        ("y-is-p", "y = p: not canonical.", field(0xed, 0)),
        ("y-above-p", "y = p + 1: not canonical.", field(0xee, 0)),
        ("y-is-largest", "y = 2^255 - 1: not canonical.", field(0xff, 0)),
        ("no-point", "y = 2: on no point of the curve.", small(2, 0)),
    ];
    let input = |bytes: &[u8]| json!({ "kind": "public_key", "bytes": hex(bytes) });
    let good = input(&key_bytes("hotel").0);
    let mut all = vec![Vector::ok("key", "A good key.", "01 §2", good, Value::Null)];
    all.extend(bad.iter().map(|(name, about, bytes)| {
        Vector::no(&format!("key/{name}"), about, "01 §2", input(bytes), Code::BadKey)
    }));
    all
}

/// Paths, and texts that are none.
fn paths() -> Vec<Vector> {
    let longest = "x".repeat(TEXT_BYTES_MAX);
    let longer = format!("{longest}x");
    let good = ["", "rooms", "rooms/12", "rooms/12/minibar", "...", "a b", "r\u{e9}sum\u{e9}", &longest];
    let bad = [
        "/",
        "/rooms",
        "rooms/",
        "rooms//12",
        ".",
        "..",
        "rooms/.",
        "rooms/../12",
        "rooms%2f12",
        "rooms?12",
        "rooms#12",
        "rooms\\12",
        "rooms\n",
        "\u{85}",
        &longer,
    ];
    let vector = |(place, text): (usize, &&str), result: Result<(), Code>| {
        let word = if result.is_ok() { "good" } else { "bad" };
        let about = if result.is_ok() { "A path." } else { "No path." };
        let input = json!({ "kind": "path", "text": text });
        Vector::of(&format!("path-{word}-{place}"), about, "04 §3", input, result)
    };
    let mut all: Vec<_> = good.iter().enumerate().map(|item| vector(item, Ok(()))).collect();
    all.extend(bad.iter().enumerate().map(|item| vector(item, Err(Code::Malformed))));
    all
}
