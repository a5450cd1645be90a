//! Signed notes (spec 08 §2).

use crate::{ORIGIN, cosigned, log_key, witness_key};
use remit_verifier::c2sp::{
    Cosignature, CosignatureError, KeyId, NoteError, SignatureLine, SignedNote, VerifierKey, signature_line,
};
use remit_verifier::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};

/// The example of signed-note with its key.
const SPEC_VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPEC_NOTE: &str = "This is an example message.\n\n— example.com/foo \
    Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/// The documentation of golang.org/x/mod/sumdb/note.
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n— PeterNeumann \
    x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
/// The first example of signed-note, whose text has an empty line.
const POEM: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
    — quasimodo.example/salvatore \
    NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
/// A line of five bytes, the shortest there is.
const SHORT: &str = "— k AAAAAAE=\n";

#[test]
fn published_notes_verify() {
    for (vkey, whole) in [(SPEC_VKEY, SPEC_NOTE), (GO_VKEY, GO_NOTE)] {
        let key = VerifierKey::parse(vkey).unwrap();
        let note = SignedNote::parse(whole.as_bytes()).unwrap();
        let [line] = note.signatures() else { panic!("one line") };
        assert_eq!((line.name(), line.id()), (key.name(), key.id()));
        let signature = line.ed25519().unwrap();
        assert_eq!(key.key().verify(note.text().as_bytes(), &signature), Ok(()));
        assert!(key.key().verify(note.text().trim_end().as_bytes(), &signature).is_err());
        let lines = signature_line(line.name(), line.id(), &signature);
        assert_eq!(SignedNote::assemble(note.text(), &lines).unwrap(), whole);
    }
}

#[test]
fn the_last_empty_line_separates() {
    let note = SignedNote::parse(POEM.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].id(), KeyId([0x36, 0x7b, 0xa0, 0x4b]));

    let whole = format!("a\n\n\n{SHORT}");
    assert_eq!(SignedNote::parse(whole.as_bytes()).unwrap().text(), "a\n\n");
    let whole = format!("\n\n{SHORT}");
    assert_eq!(SignedNote::parse(whole.as_bytes()).unwrap().text(), "\n");
}

#[test]
fn malformed_notes_are_refused() {
    use NoteError::*;
    let line = |line: &str| format!("a\n\n{SHORT}{line}\n");
    for (text, error) in [
        (String::new(), NoEmptyLine),
        ("a".into(), NoEmptyLine),
        ("a\n".into(), NoEmptyLine),
        (format!("\n{SHORT}"), NoEmptyLine),
        (format!("a\n{SHORT}"), NoEmptyLine),
        ("a\n\n".into(), NoSignature),
        ("a\n\n— k AAAAAAE=".into(), NoFinalNewline),
        (format!("a\n\n{SHORT}\n"), NoSignature),
        (format!("a\r\n\r\n{SHORT}"), Control(b'\r')),
        (format!("a\0\n\n{SHORT}"), Control(0)),
        (format!("a\n\n{SHORT}").replace("k ", "k\t"), Control(b'\t')),
        (line("- k AAAAAAE="), SignatureLine(2)),
        (line("—k AAAAAAE="), SignatureLine(2)),
        (line("—  AAAAAAE="), SignatureLine(2)),
        (line("— k"), SignatureLine(2)),
        (line("— k "), SignatureLine(2)),
        (line("— k  AAAAAAE="), SignatureLine(2)),
        (line("— k AAAAAAE= "), SignatureLine(2)),
        (line("— k+ AAAAAAE="), SignatureLine(2)),
        (line("— k\u{a0}k AAAAAAE="), SignatureLine(2)),
        // Four bytes are no signature; padding, unused bits and the other alphabet.
        (line("— k AAAAAA=="), SignatureLine(2)),
        (line("— k AAAAAAE"), SignatureLine(2)),
        (line("— k AAAAAAF="), SignatureLine(2)),
        (line("— k AAAAAA_="), SignatureLine(2)),
        (line("— k AA==AAAAAAE="), SignatureLine(2)),
        (line(&format!("— k {}AA==AAAA", "AAAA".repeat(63))), SignatureLine(2)),
    ] {
        assert_eq!(SignedNote::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(SignedNote::parse(b"a\xff\n\n"), Err(NotUtf8));
    // Delete and the C1 controls are not among the refused characters of signed-note.
    let odd = format!("a\x7f\u{80}\n\n{SHORT}");
    assert!(SignedNote::parse(odd.as_bytes()).is_ok());
}

#[test]
fn notes_are_bounded() {
    let lines = |count| format!("a\n\n{}", SHORT.repeat(count));
    assert!(SignedNote::parse(lines(NOTE_SIGNATURES_MAX).as_bytes()).is_ok());
    let error = SignedNote::parse(lines(NOTE_SIGNATURES_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(error, NoteError::TooManySignatures);

    let tail = format!("\n\n{SHORT}");
    let bytes = |length: usize| format!("{}{tail}", "a".repeat(length - tail.len()));
    assert!(SignedNote::parse(bytes(NOTE_BYTES_MAX).as_bytes()).is_ok());
    let error = SignedNote::parse(bytes(NOTE_BYTES_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(error, NoteError::TooLong(NOTE_BYTES_MAX + 1));
}

#[test]
fn long_signatures_of_other_types_are_read() {
    // The sizes of ML-DSA-44, and around a piece of the base64 scan.
    for length in [1, 2, 3, 188, 189, 190, 380, 381, 2428] {
        let line = signature_line("k", KeyId([1, 2, 3, 4]), &vec![0xab; length]);
        let whole = format!("a\n\n{line}");
        let note = SignedNote::parse(whole.as_bytes()).unwrap();
        assert_eq!(note.signatures()[0].id(), KeyId([1, 2, 3, 4]), "{length}");
        assert_eq!(note.signatures()[0].ed25519(), None);
    }
}

#[test]
fn lines_are_added_at_the_end() {
    let whole = cosigned(&[(2, 5)]);
    let note = SignedNote::parse(whole.as_bytes()).unwrap();
    assert_eq!(note.with_lines(SHORT).unwrap(), format!("{whole}{SHORT}"));
    assert_eq!(note.with_lines(""), Err(NoteError::NoSignature));
    assert_eq!(note.with_lines(SHORT.trim_end()), Err(NoteError::NoFinalNewline));
    assert_eq!(note.with_lines(&format!("\n{SHORT}")), Err(NoteError::SignatureLine(1)));
    assert_eq!(note.with_lines(&SHORT.repeat(NOTE_SIGNATURES_MAX - 1)), Err(NoteError::TooManySignatures));
    assert!(note.with_lines(&SHORT.repeat(NOTE_SIGNATURES_MAX - 2)).is_ok());
    assert_eq!(SignedNote::assemble("a", SHORT), Err(NoteError::NoEmptyLine));
    assert_eq!(SignatureLine::parse_all(SHORT).unwrap()[0].name(), "k");
}

#[test]
fn a_cosignature_is_read_with_its_time() {
    let whole = cosigned(&[(2, 1_700_000_000)]);
    let note = SignedNote::parse(whole.as_bytes()).unwrap();
    let [log, witness] = note.signatures() else { panic!("two lines") };
    assert_eq!(log.name(), ORIGIN);
    assert_eq!(log_key().key().verify(note.text().as_bytes(), &log.ed25519().unwrap()), Ok(()));

    let cosignature = Cosignature::parse(witness, &witness_key(2)).unwrap();
    assert_eq!(cosignature.time().0, 1_700_000_000);
    assert_eq!(cosignature.verify(note.text(), &witness_key(2)), Ok(()));
    assert_eq!(cosignature.verify("other\n", &witness_key(2)), Err(CosignatureError::Signature));
    assert_eq!(cosignature.verify(note.text(), &witness_key(3)), Err(CosignatureError::Signature));
    assert_eq!(Cosignature::parse(witness, &witness_key(3)), Err(CosignatureError::OtherKey));
    assert_eq!(Cosignature::parse(log, &log_key()), Err(CosignatureError::OtherKey));
}
