//! The vectors, file by file, and what all of them are written with.

mod approvals;
mod broken;
mod conditions;
pub(crate) mod following;
pub(crate) mod http;
pub(crate) mod item;
mod leases;
mod objects;
mod permissions;
mod proofs;
pub(crate) mod receipts;
mod refusals;
mod rules;
mod script;
mod special;
mod submissions;
pub(crate) mod things;
mod trades;
mod verdicts;
pub(crate) mod vouchers;
mod windows;
pub(crate) mod witness;

use remit_verifier::code::Code;
use remit_verifier::object::Value as Operand;
use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use rules::hotel_case;

/// One test: what goes in, and what must come out.
#[derive(Serialize)]
pub(crate) struct Vector {
    name: String,
    about: String,
    spec: &'static str,
    input: Value,
    /// `ok`, or a code of spec 15.
    result: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    values: Value,
}

#[derive(Serialize)]
struct File<'v, T> {
    file: &'static str,
    format: u64,
    about: &'static str,
    vectors: &'v [T],
}

impl Vector {
    /// Something that is accepted, with what it says.
    pub(crate) fn ok(name: &str, about: &str, spec: &'static str, input: Value, values: Value) -> Self {
        Self { name: name.into(), about: about.into(), spec, input, result: "ok".into(), values }
    }

    /// Something that is refused.
    pub(crate) fn no(name: &str, about: &str, spec: &'static str, input: Value, code: Code) -> Self {
        let result = code.text().into();
        Self { name: name.into(), about: about.into(), spec, input, result, values: Value::Null }
    }

    /// Accepted or refused.
    pub(crate) fn of(
        name: &str,
        about: &str,
        spec: &'static str,
        input: Value,
        result: Result<(), Code>,
    ) -> Self {
        match result {
            Ok(()) => Self::ok(name, about, spec, input, Value::Null),
            Err(code) => Self::no(name, about, spec, input, code),
        }
    }
}

/// Every file: its name and its text.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    vec![
        file("objects.json", "Bytes of every kind of object, good and bad.", &objects::vectors()),
        file("submissions.json", "Whole submissions, as a ledger receives them.", &submissions::vectors()),
        file("conditions.json", "Conditions on one argument.", &conditions::vectors()),
        file("permissions.json", "Chains of tokens, and what they allow.", &permissions::vectors()),
        file("trees.json", "Roots, proofs, histories and status chunks.", &proofs::vectors()),
        file("rules.json", "A ledger from genesis on, batch by batch.", &rules::ledgers()),
        file("vouchers.json", "Proofs of leases, and vouchers at a till.", &vouchers::vectors()),
        file("http.json", "Requests over HTTP.", &http::vectors()),
        file("receipts.json", "Receipts of entries, for those who read COSE.", &receipts::vectors()),
        file("witness.json", "Checkpoints before a witness.", &witness::vectors()),
        file(
            "following.json",
            "Updates of the status of all leaves, and verdicts by them.",
            &following::vectors(),
        ),
        file("verdicts.json", "Case files and their verdicts.", &verdicts::vectors()),
    ]
}

fn file<T: Serialize>(name: &'static str, about: &'static str, vectors: &[T]) -> (&'static str, String) {
    let file = File { file: name, format: 1, about, vectors };
    let mut text = serde_json::to_string_pretty(&file).expect("plain data");
    text.push('\n');
    (name, text)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from hexadecimal.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "half a byte");
    let digit = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// The value of an argument or operand, with its type.
pub(crate) fn operand(value: &Operand) -> Value {
    match value {
        Operand::Integer(value) => json!({ "integer": value.to_string() }),
        Operand::Text(value) => json!({ "text": value }),
        Operand::Bool(value) => json!({ "bool": value }),
    }
}
