//! Views as JSON: of verdicts (spec 10 §13), and of every object there is, for people and for programs in other
//! languages. Ids, keys, hashes and bytes are in hexadecimal, amounts decimal strings, codes and names text; what is
//! absent is left out. Nothing is decided here.

mod act;
mod claims;
mod describe;
mod diagnostic;
mod kept;
mod noted;
mod submission;
mod verdict;

pub use describe::{Form, Subject, describe};
#[cfg(feature = "sign")]
pub use noted::reply;
pub use noted::{checkpoint, receipt};
/// What the views are made of.
pub use serde_json::Value;
pub use submission::submission;
pub use verdict::{answer, verdict};

use crate::types::Amount;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{Display, Write};
use serde_json::{Map, json};

/// The fields that are there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let present = fields.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

/// The fields of two objects.
fn joined(mut one: Value, mut other: Value) -> Value {
    if let (Some(one), Some(other)) = (one.as_object_mut(), other.as_object_mut()) {
        one.append(other);
    }
    one
}

/// What is always there.
fn some(value: impl Into<Value>) -> Option<Value> {
    Some(value.into())
}

/// An id, key or hash in hexadecimal; an amount in decimal.
fn text(value: impl Display) -> Option<Value> {
    Some(Value::String(value.to_string()))
}

/// The same of something that may be absent.
fn maybe(value: Option<impl Display>) -> Option<Value> {
    value.and_then(text)
}

fn amount(value: Option<Amount>) -> Option<Value> {
    maybe(value)
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        // A string takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn bytes(value: &[u8]) -> Option<Value> {
    Some(Value::String(hex(value)))
}

/// A list, each item shown by `show`.
fn list<T>(items: &[T], show: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(show).collect())
}

/// Ids, keys or hashes in hexadecimal.
fn texts<T: Display>(items: impl IntoIterator<Item = T>) -> Value {
    json!(items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>())
}
