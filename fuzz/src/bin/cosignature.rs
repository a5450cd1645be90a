//! Any bytes as the lines of a witness (spec 08 §5): never a panic, and a line that is accepted is of that witness and
//! of a time that a cosignature may have. The key is that of the first witness in the seeds.
#![no_main]
use remit_verifier::c2sp::{Cosignature, KeyKind, SignatureLine, VerifierKey, is_cosignature_time};
use remit_verifier::sign::{LocalSigner, Signer};

const TEXT: &str = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let Ok(lines) = SignatureLine::parse_all(text) else { return };
    assert_eq!(lines.len(), text.split_terminator('\n').count());
    let key = LocalSigner::from_seed(&[3; 32]).public_key();
    let key = VerifierKey::new("witness.example/one", KeyKind::Cosignature, &key).expect("a good key");
    for line in &lines {
        if let Ok(cosignature) = Cosignature::parse(line, &key) {
            assert!(line.name() == key.name() && is_cosignature_time(cosignature.time()));
            assert!(cosignature.verify(TEXT, &key).is_err(), "nobody signed this text");
        }
    }
});
