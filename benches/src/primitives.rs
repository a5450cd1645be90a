//! The units in which everything else is counted: one signature check, one key, one signature, one tree hash.

use crate::backend;
use crate::harness::{Bench, Limit};
use ed25519_dalek::{Signature, Signer, SigningKey};
use remit_verifier::hash::node_hash;
use remit_verifier::key::PublicKey;
use remit_verifier::types::{Hash, KeyBytes};
use std::hint::black_box;

/// Bytes of the message of every signature row; a signed object of Remit has about as many.
pub const MESSAGE_BYTES: usize = 300;

/// Adds V, C, C refused, P, S and H.
pub fn rows(bench: &mut Bench) {
    let signer = SigningKey::from_bytes(&[7; 32]);
    let bytes = KeyBytes(signer.verifying_key().to_bytes());
    let message = [0x5a; MESSAGE_BYTES];
    let signature = signer.sign(&message).to_bytes();
    let mut wrong = message;
    wrong[0] ^= 1;

    let strict = signer.verifying_key();
    let (note, same) = (format!("one `verify_strict`, key parsed; backend {}", backend::name()), signature);
    bench.time("V", &note, None, move || {
        let same = Signature::from_bytes(black_box(&same));
        black_box(&strict).verify_strict(black_box(&message), &same).expect("a good signature");
    });
    let key = PublicKey::parse(&bytes).expect("an honest key");
    let refusing = key.clone();
    bench.time("C", "our check, which decides the same", Limit::times(1.0, "V"), move || {
        black_box(&key).verify(black_box(&message), black_box(&signature)).expect("a good signature");
    });
    let limit = Limit::times(1.05, "C");
    bench.time("C refused", "an invalid signature is no dearer than a valid one", limit, move || {
        refusing.verify(black_box(&wrong), black_box(&signature)).expect_err("a bad signature");
    });
    bench.time("P", "32 bytes to a checked key", None, move || {
        black_box(PublicKey::parse(black_box(&bytes)).expect("an honest key"));
    });
    bench.time("S", "one signature", None, move || {
        black_box(black_box(&signer).sign(black_box(&message)));
    });
    let (left, right) = (Hash([1; 32]), Hash([2; 32]));
    bench.time("H", "one inner node of a tree", None, move || {
        black_box(node_hash(black_box(&left), black_box(&right)));
    });
}
