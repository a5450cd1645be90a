//! Public keys as text: `did:key` of the multicodec `ed25519-pub`, in base58 (spec 01 §2 has the bytes).

use remit_verifier::key::PublicKey;
use remit_verifier::types::KeyBytes;

const PREFIX: &str = "did:key:z";
/// `ed25519-pub` (0xed) as an unsigned varint.
const MULTICODEC: [u8; 2] = [0xed, 0x01];
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Characters of 34 bytes in base58 at most.
const DIGITS_MAX: usize = 48;

/// Why a text is not the `did:key` of an Ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DidError {
    /// It does not begin with `did:key:z`.
    Prefix,
    /// A character is not one of base58, or there are too many.
    Digits,
    /// The bytes are not those of an Ed25519 public key.
    NotEd25519,
    /// The key is not canonical or of small order.
    BadKey,
}

impl std::fmt::Display for DidError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Prefix => "a key begins with did:key:z",
            Self::Digits => "the part after did:key:z is not base58",
            Self::NotEd25519 => "it is not the did:key of an Ed25519 key",
            Self::BadKey => "the key is not canonical or of small order",
        })
    }
}

impl std::error::Error for DidError {}

/// The key as `did:key:z6Mk…`.
pub fn to_text(key: &KeyBytes) -> String {
    let bytes = [&MULTICODEC, &key.0[..]].concat();
    // Base 58, least significant digit first: multiply what there is by 256 and add the next byte.
    let mut digits: Vec<u8> = Vec::with_capacity(DIGITS_MAX);
    for byte in &bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let text: String = digits.iter().rev().map(|digit| char::from(ALPHABET[usize::from(*digit)])).collect();
    format!("{PREFIX}{text}")
}

/// Reads a `did:key`.
///
/// # Errors
///
/// [`DidError`].
pub fn parse(text: &str) -> Result<PublicKey, DidError> {
    let digits = text.strip_prefix(PREFIX).ok_or(DidError::Prefix)?;
    if digits.len() > DIGITS_MAX {
        return Err(DidError::Digits);
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(DIGITS_MAX);
    for digit in digits.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == digit).ok_or(DidError::Digits)?;
        let mut carry = value as u32;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.reverse();
    let key = bytes.strip_prefix(&MULTICODEC).and_then(|key| <[u8; 32]>::try_from(key).ok());
    let key = PublicKey::parse(&KeyBytes(key.ok_or(DidError::NotEd25519)?)).map_err(|_| DidError::BadKey)?;
    // A leading digit of value 0 would be a second way to write the same key.
    if to_text(key.bytes()) == text { Ok(key) } else { Err(DidError::NotEd25519) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the examples of the did:key specification (W3C Credentials Community Group).
    const KNOWN: &str = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";

    #[test]
    fn a_known_key_is_read_and_written_again() {
        let key = parse(KNOWN).expect("a key");
        assert_eq!(to_text(key.bytes()), KNOWN);
        assert_eq!(
            key.bytes().to_string(),
            "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
        );
    }

    #[test]
    fn other_texts_are_no_keys() {
        assert_eq!(parse("did:web:example.com"), Err(DidError::Prefix));
        assert_eq!(parse("did:key:z0OIl"), Err(DidError::Digits));
        assert_eq!(parse(&format!("did:key:z{}", "1".repeat(49))), Err(DidError::Digits));
        assert_eq!(parse(&KNOWN[..KNOWN.len() - 1]), Err(DidError::NotEd25519));
        assert_eq!(parse("did:key:z"), Err(DidError::NotEd25519));
        assert_eq!(parse(&to_text(&KeyBytes([0; 32]))), Err(DidError::BadKey));
    }
}
