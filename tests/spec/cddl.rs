//! Holds `spec/remit.cddl` against real bytes: every object that the code writes is valid, and no object with
//! an unknown field, an item too many, a missing part or a value of another type is.

use super::objects::{self, Sample};
use cddl_cat::cbor::validate_cbor;
use cddl_cat::context::BasicContext;
use cddl_cat::flatten::flatten_from_str;
use cddl_cat::util::ValidateError;
use ciborium::Value;

use remit_verifier::hash::{leaf_hash, sha256};
use remit_verifier::label;
use remit_verifier::object::{Kind, bundle_digest, combined_id, payload_id};
use remit_verifier::state::{TokenLeaf, history, salt};
use remit_verifier::types::{EntryIndex, Hash, LedgerId, ObjectId};

const CDDL: &str = include_str!("../../spec/remit.cddl");

fn context() -> BasicContext {
    BasicContext::new(flatten_from_str(CDDL).expect("spec/remit.cddl is CDDL"))
}

fn parse(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).expect("the code writes CBOR")
}

fn bytes_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes all bytes");
    bytes
}

fn obeys(context: &BasicContext, rule: &str, value: &Value) -> Result<(), String> {
    let definition = context.rules.get(rule).ok_or_else(|| format!("no rule {rule}"))?;
    match validate_cbor(definition, value, context) {
        Ok(()) => Ok(()),
        Err(error @ ValidateError::Mismatch(_)) => Err(error.to_string()),
        Err(error) => panic!("{rule}: {error}"),
    }
}

#[test]
fn every_object_that_the_code_writes_is_valid() {
    let context = context();
    for Sample { name, rule, bytes, accepts } in objects::all() {
        if let Err(error) = obeys(&context, rule, &parse(&bytes)) {
            panic!("{name} is no {rule}: {error}");
        }
        assert!(accepts.is_none_or(|accepts| accepts(&bytes)), "{name} does not decode");
    }
}

/// Every object that differs from `value` in one place inside it, each with a word on what was done.
fn broken(value: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Map(fields) => {
            for key in [Value::from(99), Value::from(-99), Value::from("x")] {
                let mut more = fields.clone();
                more.push((key.clone(), Value::Null));
                all.push((format!("unknown field {key:?}"), Value::Map(more)));
            }
            for (place, (key, field)) in fields.iter().enumerate() {
                for (what, field) in broken(field) {
                    let mut other = fields.clone();
                    other[place].1 = field;
                    all.push((format!("{key:?} > {what}"), Value::Map(other)));
                }
            }
        }
        Value::Array(items) => {
            let mut more = items.clone();
            more.push(Value::Null);
            all.push(("an item too many".into(), Value::Array(more)));
            for (place, item) in items.iter().enumerate() {
                for (what, item) in broken(item) {
                    let mut other = items.clone();
                    other[place] = item;
                    all.push((format!("{place} > {what}"), Value::Array(other)));
                }
            }
        }
        Value::Bytes(bytes) => {
            all.push(("bytes as text".into(), Value::Text("x".repeat(bytes.len()))));
            let inside = ciborium::from_reader::<Value, _>(bytes.as_slice());
            let inside = inside.ok().filter(|value| bytes_of(value) == *bytes);
            match inside {
                Some(inside @ (Value::Map(_) | Value::Array(_))) => {
                    let wrap = |(what, inside)| (format!("inside > {what}"), Value::Bytes(bytes_of(&inside)));
                    all.extend(broken(&inside).into_iter().map(wrap));
                }
                _ => all.push(("a byte less".into(), Value::Bytes(bytes[1..].to_vec()))),
            }
        }
        Value::Null => all.push(("true for null".into(), Value::Bool(true))),
        _ => all.push(("null for a value".into(), Value::Null)),
    }
    all
}

/// Bytes whose length or inside the CDDL leaves open: texts in byte strings, the parts of a `Sig_structure`,
/// the payload of an object of unknown kind.
fn is_open(rule: &str, what: &str) -> bool {
    let open: &[&str] = match rule {
        "sig-structure" => &["2 > a byte less", "3 > inside"],
        "sign1" => &["2 > inside"],
        "presentation" => &["2 > a byte less", "4 > a byte less", "6 > a byte less"],
        "evidence" => &["3 > a byte less"],
        "status-update" => {
            &["3 > a byte less", "4 > a byte less", "6 > a byte less", "8 > a byte less", "10 > a byte less"]
        }
        "lease-proof" => &["3 > a byte less"],
        "snapshot-record" => &["10 > null for a value", "14 > 0 > 1 > null for a value"],
        "wallet-state" => &["3 > 8 > null for a value"],
        "case" => &[
            "3 > inside > 2 > a byte less",
            "3 > inside > 4 > a byte less",
            "3 > inside > 6 > a byte less",
            "6 > inside > 3 > a byte less",
            "7 > a byte less",
            "8 > 0 > inside",
        ],
        _ => &[],
    };
    open.iter().any(|start| what.starts_with(start))
}

#[test]
fn no_object_with_a_part_too_many_or_of_another_type_is_valid() {
    let context = context();
    let mut count = 0;
    for Sample { name, rule, bytes, accepts } in objects::all() {
        for (what, value) in broken(&parse(&bytes)) {
            count += 1;
            let valid = obeys(&context, rule, &value).is_ok();
            assert!(!valid || is_open(rule, &what), "{name} is valid CDDL with {what}");
            // The decoders must agree with the CDDL.
            let accepted = accepts.is_some_and(|accepts| accepts(&bytes_of(&value)));
            assert!(!accepted || is_open(rule, &what), "{name} decodes with {what}");
        }
    }
    assert!(count > 1000, "only {count} broken objects were tried");
}

#[test]
fn no_object_without_a_required_field_is_valid() {
    let context = context();
    for Sample { name, rule, bytes, accepts } in objects::all() {
        let Value::Map(fields) = parse(&bytes) else { continue };
        for place in 0..fields.len() {
            let mut fewer = fields.clone();
            let (key, _) = fewer.remove(place);
            let value = Value::Map(fewer);
            let valid = obeys(&context, rule, &value).is_ok();
            let accepted = accepts.is_some_and(|accepts| accepts(&bytes_of(&value)));
            assert_eq!(valid, accepted, "{name} without {key:?}: CDDL and decoder differ");
        }
    }
}

#[test]
fn every_kind_of_operation_has_a_valid_submission() {
    let samples = objects::all();
    let kinds: Vec<u64> = samples
        .iter()
        .filter(|sample| sample.rule == "submission")
        .flat_map(|sample| match parse(&sample.bytes) {
            Value::Array(parts) => parts[2].as_array().expect("members").clone(),
            _ => Vec::new(),
        })
        .filter_map(|member| u64::try_from(member.as_array()?.first()?.as_integer()?).ok())
        .collect();
    for kind in Kind::ALL.iter().filter(|kind| kind.label().is_some() && **kind != Kind::Delegate) {
        assert!(kinds.contains(&(*kind as u64)), "no submission of kind {}", kind.text());
    }
}

#[test]
fn hashed_arrays_are_what_the_cddl_says() {
    let context = context();
    let check = |rule: &str, parts: Vec<Value>, digest: Hash| {
        let value = Value::Array(parts);
        assert_eq!(obeys(&context, rule, &value), Ok(()), "{rule}");
        assert_eq!(sha256(&[&bytes_of(&value)]), digest, "{rule}");
    };
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    let (a, b) = (ObjectId([1; 32]), ObjectId([2; 32]));
    let ids = vec![bytes(&a.0), bytes(&b.0)];
    check("ids-digest", vec![label::IDS.into(), ids.into()], Hash(combined_id(&[a, b]).0));
    let ledger = LedgerId([7; 32]);
    let parts = vec![label::PAYLOAD.into(), bytes(&ledger.0), 20.into(), bytes(&[0xa0])];
    check("payload-digest", parts, Hash(payload_id(&ledger, Kind::Capture, &[0xa0]).0));
    let members = [(Kind::Capture, vec![0xa0]), (Kind::Refund, vec![0xa1, 1, 2])];
    let pair = |(kind, payload): &(Kind, Vec<u8>)| vec![(*kind as u8).into(), bytes(payload)].into();
    let pairs: Vec<Value> = members.iter().map(pair).collect();
    check("bundle-digest", vec![label::BUNDLE.into(), pairs.into()], bundle_digest(&members));
    let authority = vec![label::AUTHORITY.into(), bytes(b"payload")];
    check("authority-digest", authority, TokenLeaf::authority_of(b"payload"));
    let (before, entry) = (Hash([3; 32]), leaf_hash(&objects::outcome()));
    let parts = vec![label::HISTORY.into(), bytes(&before.0), 8.into(), bytes(&entry.0)];
    check("history-digest", parts, history(&before, EntryIndex(8), &entry));
    for (secret, purpose) in [
        (&[4; 16][..], &[5; 32][..]),
        (&[4; 32], label::LINK.as_bytes()),
        (&[4; 32], label::VALUES.as_bytes()),
    ] {
        let parts = vec![label::SALT.into(), bytes(secret), bytes(purpose), 7.into()];
        check("salt-digest", parts, salt(secret, purpose, 7));
    }
    let details = objects::details();
    let link = bytes(&sha256(&[&details.links[0]]).0);
    let parts = vec![label::DETAILS.into(), bytes(&sha256(&[&details.common]).0), vec![link].into()];
    check("details-digest", parts, details.digest());
    for argument in objects::arguments() {
        let mut w = remit_verifier::cbor::Writer::default();
        argument.encode(&mut w);
        let shown = parse(&w.into_bytes()).into_array().expect("an array");
        let parts = vec![label::ARGUMENT.into(), shown[1].clone(), shown[0].clone(), shown[2].clone()];
        check("argument-digest", parts, argument.digest());
    }
}
