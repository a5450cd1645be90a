//! The C2SP formats of the verifier (spec 08): published samples, every malformed case, bounds, round trips.

mod accept;
mod add_checkpoint;
mod checkpoint;
mod note;
mod properties;
mod receipt;
mod tlog_proof;
mod trust;
mod vkey;

use remit_verifier::c2sp::{Checkpoint, KeyKind, SignedNote, VerifierKey};
use remit_verifier::sign::{LocalSigner, Signer, cosign, sign_checkpoint};
use remit_verifier::types::{Hash, Seconds, TreeSize};

const ORIGIN: &str = "ledger.example/log";

/// The signer that everybody calls by this number.
fn signer(number: u8) -> LocalSigner {
    LocalSigner::from_seed(&[number; 32])
}

fn log_key() -> VerifierKey {
    VerifierKey::new(ORIGIN, KeyKind::Note, &signer(1).public_key()).unwrap()
}

fn witness_name(number: u8) -> String {
    format!("witness.example/w{number}")
}

fn witness_key(number: u8) -> VerifierKey {
    VerifierKey::new(&witness_name(number), KeyKind::Cosignature, &signer(number).public_key()).unwrap()
}

/// The note of a checkpoint of 7 entries, signed by the log and cosigned by the witnesses given with their
/// times.
fn cosigned(witnesses: &[(u8, u64)]) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(7), Hash([7; 32])).unwrap();
    let mut whole = sign_checkpoint(&signer(1), &checkpoint).unwrap();
    for (number, time) in witnesses {
        let note = SignedNote::parse(whole.as_bytes()).unwrap();
        let line = cosign(&signer(*number), &witness_name(*number), &note, Seconds(*time)).unwrap();
        whole = note.with_lines(&line).unwrap();
    }
    whole
}
