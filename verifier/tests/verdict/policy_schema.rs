//! The published schema of the policy file (`spec/policy.schema.json`) and the reader of it agree: what the one refuses
//! for its keys and types, the other does.

use crate::scene::*;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::verify::{Policy, PolicyProblem};
use serde_json::{Map, Value, json};

const SCHEMA: &str = include_str!("../../../spec/policy.schema.json");

/// A policy that has every key.
fn whole() -> Value {
    let id = |byte: u8| format!("{byte:02x}").repeat(32);
    let log = VerifierKey::new(ORIGIN, KeyKind::Note, &key(LOG_KEY)).unwrap();
    let witness = VerifierKey::new("w/a", KeyKind::Cosignature, &key(W1)).unwrap();
    json!({
        "trust": format!("log {log}\nwitness a {witness}\nquorum a\n"),
        "ledgers": { ORIGIN: id(0xaa) },
        "party": id(0x22),
        "issuers": [id(0x11)],
        "max_staleness_s": 60,
        "skew_ms": 2_000,
        "offline_links": true,
        "logged_links": "log",
        "replaying": ["a"],
        "at_risk": [{ "unit": id(0x33), "from_minor": 100, "max_staleness_s": 10 }],
        "record": "memory",
        "routes": [
            { "method": "PUT", "path": "/rooms/{room}", "action": "book", "resource": "rooms/{room}",
              "amount_minor": 100, "unit": id(0x33), "query": true },
        ],
    })
}

/// The same as TOML: JSON's texts, numbers and lists are TOML's, tables are written inline.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| format!("{} = {}", json!(name), toml(value));
            format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn read(policy: &Value) -> Result<Policy, PolicyProblem> {
    let fields = policy.as_object().expect("a table");
    let lines = fields.iter().map(|(name, value)| format!("{} = {}\n", json!(name), toml(value)));
    Policy::from_toml(lines.collect::<String>().as_bytes()).map_err(|error| error.problem)
}

/// Whether a value is as a schema says: the words of JSON Schema that this one uses; any other is an error of the test.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let words = schema.as_object().expect("a schema");
    words.iter().all(|(word, says)| match word.as_str() {
        "$schema" | "title" | "description" | "default" | "$defs" => true,
        "$ref" => fits(root, &root["$defs"][says.as_str().unwrap().strip_prefix("#/$defs/").unwrap()], value),
        "type" => match says.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            other => panic!("type {other}"),
        },
        "enum" => says.as_array().unwrap().contains(value),
        "minimum" => value.as_i64().is_none_or(|value| value >= says.as_i64().unwrap()),
        "pattern" => {
            assert_eq!(says, "^[0-9a-f]{64}$");
            let digits = |text: &str| text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
            value.as_str().is_none_or(|text| text.len() == 64 && digits(text))
        }
        "oneOf" => says.as_array().unwrap().iter().filter(|one| fits(root, one, value)).count() == 1,
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, says, item))),
        "required" => value.as_object().is_none_or(|fields| has(fields, says)),
        "dependentRequired" => value.as_object().is_none_or(|fields| {
            says.as_object()
                .unwrap()
                .iter()
                .all(|(name, others)| !fields.contains_key(name) || has(fields, others))
        }),
        "properties" => value.as_object().is_none_or(|fields| {
            let known = says.as_object().unwrap();
            known.iter().all(|(name, own)| fields.get(name).is_none_or(|field| fits(root, own, field)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|fields| {
            let known = words.get("properties").and_then(Value::as_object);
            let others =
                fields.iter().filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
            let mut others = others.map(|(_, field)| field);
            if says == false { others.next().is_none() } else { others.all(|field| fits(root, says, field)) }
        }),
        other => panic!("the schema says `{other}`"),
    })
}

fn has(fields: &Map<String, Value>, names: &Value) -> bool {
    names.as_array().unwrap().iter().all(|name| fields.contains_key(name.as_str().unwrap()))
}

/// Every value that differs from this one in one place: something is missing, of another type, or too much.
fn changed(value: &Value) -> Vec<Value> {
    let wrong = [json!(-1), json!("x"), json!(true), json!(["x"]), json!([1]), json!({}), json!({ "x": 1 })];
    let mut all = wrong.to_vec();
    match value {
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert("round".into(), json!(2));
            all.push(Value::Object(more));
            for (name, field) in fields {
                let mut fewer = fields.clone();
                fewer.remove(name);
                all.push(Value::Object(fewer));
                for field in changed(field) {
                    let mut other = fields.clone();
                    other.insert(name.clone(), field);
                    all.push(Value::Object(other));
                }
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                for item in changed(item) {
                    let mut other = items.clone();
                    other[place] = item;
                    all.push(Value::Array(other));
                }
            }
        }
        _ => {}
    }
    all
}

#[test]
fn the_schema_and_the_reader_agree() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let good = whole();
    assert!(fits(&schema, &schema, &good) && read(&good).is_ok(), "{:?}", read(&good));
    let (mut refused, mut taken) = (0, 0);
    for policy in changed(&good).iter().filter(|policy| policy.is_object()) {
        let (fits, read) = (fits(&schema, &schema, policy), read(policy));
        match &read {
            Err(PolicyProblem::UnknownKey | PolicyProblem::MissingKey | PolicyProblem::WrongType) => {
                assert!(!fits, "the schema takes {policy}: {read:?}");
                refused += 1;
            }
            Ok(_) => {
                assert!(fits, "the schema refuses {policy}");
                taken += 1;
            }
            // What a schema cannot say: trust lines, routes, what fits together.
            Err(_) => {}
        }
        assert!(fits || read.is_err(), "{policy}");
    }
    assert!(refused > 150 && taken > 8, "{refused} refused, {taken} taken");
}
