//! What is shown of an object as JSON: all of it, by what the vectors say of its bytes.

use crate::make::item::Item;
use crate::{read, run};
use remit_verifier::code::Code;
use remit_verifier::json::{Form, Subject, describe, submission};
use remit_verifier::object::Submission;
use remit_verifier::types::LedgerId;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn ledger(text: &Value) -> LedgerId {
    LedgerId(run::bytes(text).try_into().expect("32 bytes"))
}

/// All texts, numbers and truths in a JSON value, and the names in its objects.
fn shown(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => drop(into.insert(truth.to_string())),
        Value::Number(number) => drop(into.insert(number.to_string())),
        Value::String(text) => drop(into.insert(text.clone())),
        Value::Array(items) => {
            items.iter().for_each(|item| shown(item, into));
            // Hashes may stand in one byte string.
            into.insert(items.iter().filter_map(Value::as_str).collect());
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            into.insert(name.clone());
            shown(value, into);
        }),
    }
}

/// What stands in an object; numbers below 64 may be shown by a name, such as those of kinds and operators.
fn stands(item: &Item, into: &mut BTreeSet<String>) {
    match item {
        Item::Unsigned(0..64) | Item::Negative(_) | Item::Simple(22) | Item::Raw(_) => {}
        Item::Unsigned(number) => drop(into.insert(number.to_string())),
        Item::Bytes(bytes) => drop(into.insert(crate::make::hex(bytes))),
        Item::Text(text) if text.starts_with("remit/") => {}
        Item::Text(text) => drop(into.insert(text.clone())),
        Item::Simple(number) => drop(into.insert((*number == 21).to_string())),
        Item::Array(items) => items.iter().for_each(|item| stands(item, into)),
        Item::Map(pairs) => pairs.iter().for_each(|(name, value)| {
            // Names of arguments are texts.
            if matches!(name, Item::Text(_)) {
                stands(name, into);
            }
            stands(value, into);
        }),
    }
}

/// Nothing that stands in the bytes is missing.
fn require_all(name: &Value, bytes: &[u8], says: &Value) {
    let (mut all, mut found) = (BTreeSet::new(), BTreeSet::new());
    let mut item = Item::read(bytes);
    if let Item::Array(items) = &mut item {
        // The protected header of a signed object is shown as its signer.
        items.retain(|item| !matches!(item, Item::Bytes(bytes) if bytes.starts_with(&[0xa2, 1, 0x32, 4])));
    }
    stands(&item, &mut all);
    shown(says, &mut found);
    let codes = Code::ALL.iter().map(|code| (code.number().to_string(), code.text()));
    let named: Vec<_> = codes.filter(|(_, text)| found.contains(*text)).collect();
    found.extend(named.into_iter().map(|(number, _)| number));
    let missing: Vec<_> = all.difference(&found).collect();
    assert!(missing.is_empty(), "{name}: not shown: {missing:?}");
}

#[test]
fn every_object_is_described_whole_or_refused_by_its_code() {
    let vectors = read("objects.json");
    let mut good = 0;
    for vector in &vectors {
        let (input, name) = (&vector["input"], &vector["name"]);
        let form = input["kind"].as_str().and_then(Form::from_text).expect("a form");
        let bytes = match input["text"].as_str() {
            Some(path) => path.as_bytes().to_vec(),
            None => run::bytes(&input["bytes"]),
        };
        let subject = Subject { ledger: input.get("ledger").map(ledger), label: input["label"].as_str() };
        let described = match describe(form, &bytes, &subject) {
            Err(code) => {
                assert_eq!(vector["result"], code.text(), "{name}");
                continue;
            }
            Ok(described) => described,
        };
        assert_eq!(vector["result"], "ok", "{name}");
        for (key, value) in vector["values"].as_object().into_iter().flatten() {
            assert_eq!(&described[key], value, "{name}: {key}");
        }
        match form {
            Form::PublicKey => assert_eq!(described, json!({ "says": crate::make::hex(&bytes) })),
            Form::Path => assert_eq!(described, json!({ "says": input["text"] })),
            _ => require_all(name, &bytes, &described["says"]),
        }
        good += 1;
    }
    assert!(good >= 68, "only {good} good objects");
}

#[test]
fn every_submission_is_described() {
    let mut good = 0;
    for vector in read("submissions.json") {
        let ledger = ledger(&vector["input"]["ledger"]);
        let bytes = run::bytes(&vector["input"]["bytes"]);
        let Ok(verified) = Submission::decode(&bytes).and_then(|read| read.verify(&ledger)) else { continue };
        let said = submission(&verified);
        assert_eq!((&said["id"], &said["kind"]), (&vector["values"]["id"], &vector["values"]["kind"]));
        let stated = vector["values"]["operations"].as_array().expect("a list");
        assert_eq!(said["operations"].as_array().map(Vec::len), Some(stated.len()));
        for (place, stated) in stated.iter().enumerate() {
            for key in ["kind", "id", "objects"] {
                assert_eq!(said["operations"][place][key], stated[key], "{}: {key}", vector["name"]);
            }
            assert_eq!(said["operations"][place].get("payload").unwrap_or(&Value::Null), &stated["payload"]);
            // The payload is shown as the objects of this kind are.
            let operation = &verified.operations[place];
            let object = operation.objects().remove(0);
            let payload = remit_verifier::cose::Sign1::decode(&object).expect("it was decoded").payload;
            require_all(&vector["name"], payload, &said["operations"][place]["says"]);
        }
        good += 1;
    }
    assert!(good >= 20, "only {good} good submissions");
}

#[test]
fn a_signed_object_needs_its_label_ledger_and_signature() {
    let vector = read("objects.json").into_iter().find(|vector| vector["name"] == "sign1").expect("a vector");
    let bytes = run::bytes(&vector["input"]["bytes"]);
    let ledger = ledger(&vector["input"]["ledger"]);
    let of = |bytes: &[u8], label, ledger| describe(Form::Sign1, bytes, &Subject { ledger, label });
    let token = Some("remit/token/v1");
    assert!(of(&bytes, token, Some(ledger)).is_ok_and(|shown| shown["id"] == vector["values"]["id"]));
    assert!(of(&bytes, None, Some(ledger)).is_ok_and(|shown| shown.get("id").is_none()));
    assert_eq!(of(&bytes, Some("remit/token/v2"), Some(ledger)), Err(Code::WrongLabel));
    assert_eq!(of(&bytes, Some("remit/party/v1"), Some(ledger)), Err(Code::BadSignature));
    assert_eq!(of(&bytes, token, Some(LedgerId([7; 32]))), Err(Code::BadSignature));
    let mut forged = bytes.clone();
    let last = forged.last_mut().expect("bytes");
    *last ^= 1;
    assert_eq!(of(&forged, token, Some(ledger)), Err(Code::BadSignature));
}

#[test]
fn no_form_has_two_names() {
    for text in
        ["act:issue", "act:delegate", "act:reserve", "act:genesis", "act:time_jump", "act:", "", "tokens"]
    {
        assert_eq!(Form::from_text(text), None, "{text}");
    }
    assert_eq!(Form::from_text("act:revoke"), Some(Form::Act(remit_verifier::object::Kind::Revoke)));
}
