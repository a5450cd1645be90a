//! The two strict encodings that the text formats share: decimal numbers and base64 (spec 08 §1).
//!
//! The base64 decoder refuses missing padding, unused bits and other characters; tests hold it to that.

use base64ct::{Base64, Encoding};

/// Base64 characters that are decoded at once, and the bytes that they hold.
const CHUNK_CHARS: usize = 256;
const CHUNK_BYTES: usize = 192;

/// A decimal number without sign or leading zero that fits 64 bits.
pub(super) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || (text.len() > 1 && text.starts_with('0')) {
        return None;
    }
    text.bytes().try_fold(0u64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Base64 of exactly `N` bytes: standard alphabet, padded, unused bits zero.
pub(super) fn base64_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let decoded = Base64::decode(text, &mut bytes).ok()?;
    (decoded.len() == N).then_some(bytes)
}

/// Checks base64 of any length without keeping it: the first four bytes and the number of bytes. `None` also
/// for fewer than four bytes.
pub(super) fn base64_scan(text: &str) -> Option<([u8; 4], usize)> {
    let mut buffer = [0; CHUNK_BYTES];
    let mut head = None;
    let mut length = 0usize;
    let mut chunks = text.as_bytes().chunks(CHUNK_CHARS).peekable();
    while let Some(chunk) = chunks.next() {
        let decoded = Base64::decode(chunk, &mut buffer).ok()?;
        // Padding may stand at the very end only.
        if chunks.peek().is_some() && decoded.len() != CHUNK_BYTES {
            return None;
        }
        head = head.or(decoded.first_chunk::<4>().copied());
        length = length.checked_add(decoded.len())?;
    }
    Some((head?, length))
}

/// Whether `name` may stand as the name of a key: not empty, no Unicode space, no `+`, no control character.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}
