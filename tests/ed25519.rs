//! The criterion of spec 01 §2 for Ed25519, against the edge cases of C2SP/CCTV and all of Wycheproof.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use remit_verifier::key::PublicKey;
use remit_verifier::types::KeyBytes;
use serde::Deserialize;
use std::path::Path;
use wycheproof::{TestResult, eddsa};

#[derive(Deserialize)]
struct EdgeCase {
    number: usize,
    key: String,
    sig: String,
    msg: String,
    flags: Option<Vec<String>>,
}

#[test]
fn edge_cases_are_rejected_exactly_when_flagged() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ed25519-edge-cases/ed25519vectors.json");
    let cases: Vec<EdgeCase> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut rejected, mut accepted) = (0, 0);
    for case in &cases {
        let flagged = case.flags.iter().flatten().any(|flag| must_reject(flag));
        let verified = verifies(&hex(&case.key), case.msg.as_bytes(), &hex(&case.sig));
        assert_eq!(verified, !flagged, "case {}: {:?}", case.number, case.flags);
        *(if verified { &mut accepted } else { &mut rejected }) += 1;
    }
    assert_eq!((rejected, accepted), (871, 43));
}

#[test]
fn flagged_keys_are_refused_before_any_signature() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ed25519-edge-cases/ed25519vectors.json");
    let cases: Vec<EdgeCase> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut refused = 0;
    for case in &cases {
        let bad_key =
            case.flags.iter().flatten().any(|flag| flag == "low_order_A" || flag == "non_canonical_A");
        let key = PublicKey::parse(&KeyBytes(hex(&case.key).try_into().unwrap()));
        assert_eq!(key.is_err(), bad_key, "case {}: {:?}", case.number, case.flags);
        refused += usize::from(bad_key);
    }
    assert!(refused > 0 && refused < cases.len());
}

#[test]
fn wycheproof_verdicts_are_ours() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut cases = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let verified = verifies(&group.key.pk, &test.msg, &test.sig);
            // There is no case that Wycheproof leaves open ("acceptable").
            assert_ne!(test.result, TestResult::Acceptable, "case {}", test.tc_id);
            let valid = test.result == TestResult::Valid;
            assert_eq!(verified, valid, "case {}: {}", test.tc_id, test.comment);
            cases += 1;
        }
    }
    assert_eq!((cases, set.number_of_tests), (WYCHEPROOF_CASES, WYCHEPROOF_CASES));
}

const WYCHEPROOF_CASES: usize = 151;

fn must_reject(flag: &str) -> bool {
    matches!(flag, "low_order_A" | "low_order_R" | "low_order_residue") || flag.starts_with("non_canonical_")
}

/// A key or signature of another length is rejected by the types. Every case is also one for the library's own strict
/// check, which must say the same of an accepted key.
fn verifies(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (key.try_into(), signature.try_into()) else { return false };
    let Ok(parsed) = PublicKey::parse(&KeyBytes(key)) else { return false };
    let strict = VerifyingKey::from_bytes(&key).unwrap();
    let verified = parsed.verify(message, signature).is_ok();
    assert_eq!(verified, strict.verify_strict(message, &Signature::from_bytes(signature)).is_ok());
    verified
}

#[test]
fn every_bit_of_a_signature_counts_as_in_the_strict_check() {
    let signer = SigningKey::from_bytes(&[9; 32]);
    let key = signer.verifying_key().to_bytes();
    let good = signer.sign(b"message").to_bytes();
    assert!(verifies(&key, b"message", &good));
    for bit in 0..512 {
        let mut bad = good;
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!verifies(&key, b"message", &bad), "bit {bit}");
    }
    // Every encoding of a point of small order, canonical or not, as R, with S = 0 and with the S of the signature.
    let mut bad = good;
    for y in SMALL_ORDER_Y {
        for sign in [0, 0x80] {
            bad[..32].copy_from_slice(&hex(y));
            bad[31] |= sign;
            assert!(!verifies(&key, b"message", &bad));
            let zero = [&bad[..32], &[0; 32]].concat();
            assert!(!verifies(&key, b"message", &zero));
        }
    }
}

/// 0, 1, -1, those of order 8, and what exceeds p by 0 and 1.
const SMALL_ORDER_Y: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
