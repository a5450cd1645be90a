//! Verifier keys (spec 08 §3).

use crate::signer;
use remit_verifier::c2sp::{KeyId, KeyKind, VerifierKey, VerifierKeyError};
use remit_verifier::key::KeyError;
use remit_verifier::limits::KEY_NAME_BYTES_MAX;
use remit_verifier::sign::Signer;
use remit_verifier::types::KeyBytes;

/// The example of signed-note, "Verifier keys".
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// The documentation of golang.org/x/mod/sumdb/note.
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// A witness in operation.
const WITNESS_VKEY: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

#[test]
fn published_keys_are_read_and_written_unchanged() {
    for (text, name, kind) in [
        (SPEC_VKEY, "example.com/foo", KeyKind::Note),
        (GO_VKEY, "PeterNeumann", KeyKind::Note),
        (WITNESS_VKEY, "remora.n621.de", KeyKind::Cosignature),
    ] {
        let key = VerifierKey::parse(text).unwrap();
        assert_eq!((key.name(), key.kind()), (name, kind));
        assert_eq!(key.to_string(), text);
    }
    assert_eq!(VerifierKey::parse(SPEC_VKEY).unwrap().id(), KeyId([0x53, 0x0d, 0x90, 0x3a]));
}

#[test]
fn one_key_has_an_id_for_each_kind_and_name() {
    let key = signer(1).public_key();
    let ids = [("a", KeyKind::Note), ("a", KeyKind::Cosignature), ("b", KeyKind::Note)]
        .map(|(name, kind)| KeyId::compute(name, kind, &key));
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
}

#[test]
fn malformed_keys_are_refused() {
    let material = SPEC_VKEY.rsplit_once('+').unwrap().1;
    let with = |from: &str, to: &str| SPEC_VKEY.replacen(from, to, 1);
    use VerifierKeyError::*;
    for (text, error) in [
        (String::new(), Malformed),
        ("example.com/foo".into(), Malformed),
        ("example.com/foo+530d903a".into(), Malformed),
        (with("530d903a", "530D903A"), Malformed),
        (with("530d903a", "530d903"), Malformed),
        (with("530d903a", "0530d903a"), Malformed),
        (with("530d903a", "+30d903a"), Malformed),
        (with("530d903a", "530d903b"), WrongId),
        (with("foo", "fop"), WrongId),
        (with("example.com/foo", ""), Name),
        (with("foo", "f o"), Name),
        (with("foo", "f\u{2003}o"), Name),
        (with("foo", "f\to"), Name),
        (format!("{SPEC_VKEY}\n"), Malformed),
        (format!(" {SPEC_VKEY}"), Name),
        (with(material, &material[..43]), Malformed),
        (with(material, &material[..40]), Malformed),
        (with(material, &format!("{}=", &material[..43])), Malformed),
        (with(material, ""), Malformed),
        // The types 0x02, 0x06 and 0xff, of this length and of another.
        (with("AekyeR", "AukyeR"), Kind(0x02)),
        (with("AekyeR", "BukyeR"), Kind(0x06)),
        (with("AekyeR", "/+kyeR"), Kind(0xff)),
        (format!("{}AAAA", with("AekyeR", "BukyeR")), Kind(0x06)),
        (format!("{SPEC_VKEY}AAAA"), Malformed),
    ] {
        assert_eq!(VerifierKey::parse(&text), Err(error), "{text}");
    }
}

#[test]
fn bad_points_are_refused() {
    let mut small = [0; 32];
    small[0] = 1;
    let new = |key| VerifierKey::new("a", KeyKind::Note, &KeyBytes(key));
    assert_eq!(new(small), Err(VerifierKeyError::Key(KeyError::SmallOrder)));
    assert_eq!(new([0xff; 32]), Err(VerifierKeyError::Key(KeyError::NotCanonical)));
}

#[test]
fn names_are_bounded() {
    let new = |bytes| VerifierKey::new(&"n".repeat(bytes), KeyKind::Note, &signer(1).public_key());
    assert!(new(KEY_NAME_BYTES_MAX).is_ok());
    assert_eq!(new(KEY_NAME_BYTES_MAX + 1), Err(VerifierKeyError::Name));
}
