//! What people write and read: ids, amounts, times, values, permissions, budgets. Pure functions from and to text.

pub(super) mod amount;
pub(super) mod approval;
pub(super) mod budget;
pub(super) mod operation;
pub(super) mod permission;
pub(super) mod time;
pub(super) mod value;
pub(super) mod window;
mod words;

pub(super) use words::word;

use crate::keys::did;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::UNIT_NAME_BYTES_MAX;
use remit_verifier::types::{KeyBytes, ObjectId, Rules};

/// 32 bytes in lower-case hexadecimal.
pub(super) fn id(text: &str) -> Result<ObjectId, String> {
    hex(text).map(ObjectId).ok_or_else(|| format!("`{text}` is no id: an id has 64 hexadecimal digits"))
}

/// The name of a unit (spec 02 §5).
pub(super) fn unit_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "._-".contains(c);
    if text.is_empty() || text.len() > UNIT_NAME_BYTES_MAX || !text.chars().all(good) {
        return Err(format!(
            "`{text}` is no name of a unit: it has 1 to {UNIT_NAME_BYTES_MAX} of A-Z 0-9 . _ -"
        ));
    }
    Ok(text.to_owned())
}

/// A rules version that this command knows.
pub(super) fn rules(text: &str) -> Result<Rules, String> {
    text.parse().map(Rules).ok().filter(|rules| rules.is_known()).ok_or_else(|| {
        format!("`{text}` is no rules version: this command knows {} to {}", Rules::FIRST, Rules::NEWEST)
    })
}

/// A public key as `did:key` or in hexadecimal.
pub(super) fn key(text: &str) -> Result<PublicKey, String> {
    if text.starts_with("did:") {
        return did::parse(text).map_err(|error| format!("`{text}` is no key: {error}"));
    }
    let bytes = hex(text).ok_or_else(|| format!("`{text}` is no key: a key begins with did:key:z"))?;
    PublicKey::parse(&KeyBytes(bytes)).map_err(|_| format!("`{text}` is not canonical or of small order"))
}

/// Bytes in lower-case hexadecimal, exactly `N`.
pub(super) fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What somebody else wrote, with nothing in it that a terminal would act on or not show.
pub(super) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}

/// Bytes as lower-case hexadecimal.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_others_wrote_moves_no_cursor() {
        assert_eq!(super::plain("rooms/12 \"größe\""), "rooms/12 \"größe\"");
        assert_eq!(super::plain("a\u{1b}[2Kb\u{202e}c\n"), "a\\u{1b}[2Kb\\u{202e}c\\n");
    }
}
