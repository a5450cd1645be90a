//! Whatever is written is read again; whatever is read is written unchanged; nothing panics.

use crate::{cosigned, log_key, witness_key};
use proptest::prelude::*;
use remit_verifier::c2sp::{
    Checkpoint, KeyId, KeyKind, SignedNote, TlogProof, Trust, VerifierKey, signature_line,
};
use remit_verifier::hash::EMPTY_ROOT;
use remit_verifier::limits::TREE_SIZE_MAX;
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::{EntryIndex, Hash, Millis, TreeSize};

/// Bytes that matter to the formats, more often than others.
const BYTES: &[u8] = b"\n\n\n  +=/#AAaz09\t\r\0\x7f\x80\xe2\x80\x94\xff";

/// One change to a text: where, as a fraction of its length, what, and how many bytes go.
type Change = (prop::sample::Index, Vec<u8>, usize);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let inserted = prop::collection::vec(prop::sample::select(BYTES), 0..4);
    prop::collection::vec((any::<prop::sample::Index>(), inserted, 0..6usize), 0..5)
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, inserted, removed) in changes {
        let at = at.index(bytes.len() + 1);
        let end = (at + removed).min(bytes.len());
        bytes.splice(at..end, inserted.iter().copied());
    }
    bytes
}

fn trust_lines() -> String {
    let witnesses = [2, 3].map(|number| format!("witness w{number} {}\n", witness_key(number)));
    format!("log {}\n{}group g 2 w2 w3\nquorum g\n", log_key(), witnesses.concat())
}

fn proof_text() -> String {
    let note = cosigned(&[(2, 5), (3, 6)]);
    TlogProof::new(vec![1, 2], EntryIndex(3), vec![Hash([9; 32]); 3], note.as_bytes()).unwrap().to_text()
}

proptest! {
    #[test]
    fn checkpoints_are_read_as_written(
        origin in "[^\\s+\\x00-\\x1f]{1,60}",
        size in 0..=TREE_SIZE_MAX.0,
        root: [u8; 32],
    ) {
        let root = if size == 0 { EMPTY_ROOT } else { Hash(root) };
        let checkpoint = Checkpoint::new(&origin, TreeSize(size), root).unwrap();
        let text = checkpoint.to_text();
        prop_assert_eq!(Checkpoint::parse(&text), Ok(checkpoint));
    }

    #[test]
    fn keys_are_read_as_written(name in "[^\\s+\\x00-\\x1f]{1,60}", seed: [u8; 32], cosignature: bool) {
        let kind = if cosignature { KeyKind::Cosignature } else { KeyKind::Note };
        let key = VerifierKey::new(&name, kind, &LocalSigner::from_seed(&seed).public_key()).unwrap();
        prop_assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
    }

    #[test]
    fn notes_are_read_as_written(
        text in "([^\\x00-\\x1f]{0,20}\n){1,6}",
        lines in prop::collection::vec(
            ("[^\\s+\\x00-\\x1f]{1,20}", any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 1..300)), 1..8),
    ) {
        let written: String =
            lines.iter().map(|(name, id, signature)| signature_line(name, KeyId(*id), signature)).collect();
        let whole = SignedNote::assemble(&text, &written).unwrap();
        let note = SignedNote::parse(whole.as_bytes()).unwrap();
        prop_assert_eq!(note.text(), text);
        prop_assert_eq!(note.signatures().len(), lines.len());
        for (read, (name, id, signature)) in note.signatures().iter().zip(&lines) {
            prop_assert_eq!((read.name(), read.id()), (name.as_str(), KeyId(*id)));
            prop_assert_eq!(read.ed25519().map(Vec::from), (signature.len() == 64).then(|| signature.clone()));
        }
    }

    #[test]
    fn proofs_are_read_as_written(
        extra in prop::collection::vec(any::<u8>(), 0..100),
        index in 0..7u64,
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..10),
    ) {
        let note = cosigned(&[]);
        let hashes = hashes.into_iter().map(Hash).collect();
        let proof = TlogProof::new(extra, EntryIndex(index), hashes, note.as_bytes()).unwrap();
        let text = proof.to_text();
        prop_assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof));
    }

    #[test]
    fn what_is_read_of_changed_texts_is_written_unchanged(changes in changes()) {
        let bytes = changed(&cosigned(&[(2, 5)]), &changes);
        if let Ok(note) = SignedNote::parse(&bytes) {
            prop_assert_eq!(note.as_str().as_bytes(), &bytes);
            let lines = &note.as_str()[note.text().len() + 1..];
            prop_assert_eq!(SignedNote::assemble(note.text(), lines).unwrap().into_bytes(), bytes.clone());
            if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
                prop_assert_eq!(checkpoint.to_text(), note.text());
            }
        }
        let bytes = changed(&proof_text(), &changes);
        if let Ok(proof) = TlogProof::parse(&bytes) {
            prop_assert_eq!(proof.to_text().into_bytes(), bytes);
        }
        let bytes = changed(&log_key().to_string(), &changes);
        if let Some(key) = std::str::from_utf8(&bytes).ok().and_then(|text| VerifierKey::parse(text).ok()) {
            prop_assert_eq!(key.to_string().into_bytes(), bytes);
        }
    }

    #[test]
    fn changed_trust_never_panics(changes in changes()) {
        let lines = trust_lines();
        let bytes = changed(&lines, &changes);
        if let Ok(trust) = Trust::parse(&bytes) {
            let note = cosigned(&[(2, 5), (3, 6)]);
            let _ = trust.accept(note.as_bytes(), Millis(10_000), Millis(0));
        }
    }

    /// No change to the signed text passes, and none to the lines makes the evidence younger.
    #[test]
    fn changed_notes_are_refused_or_say_the_same(changes in changes()) {
        let trust = Trust::parse(trust_lines().as_bytes()).unwrap();
        let note = cosigned(&[(2, 5), (3, 6)]);
        let original = trust.accept(note.as_bytes(), Millis(10_000), Millis(0)).unwrap();
        let bytes = changed(&note, &changes);
        if let Ok(accepted) = trust.accept(&bytes, Millis(10_000), Millis(0)) {
            prop_assert_eq!((accepted.size(), accepted.root()), (original.size(), original.root()));
            prop_assert_eq!(accepted.evidence_time(), original.evidence_time());
        }
    }
}
