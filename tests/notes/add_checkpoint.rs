//! What is sent to a witness (spec 21 §1), and who sends it.

use crate::{ORIGIN, cosigned, log_key, signer, witness_key};
use remit_verifier::c2sp::{
    AddCheckpoint, AddCheckpointError, Checkpoint, CheckpointError, KeyKind, NoteError, SignedNote,
    SubmitterError, VerifierKey, parse_known_size, signature_line,
};
use remit_verifier::limits::{ADD_CHECKPOINT_BYTES_MAX, NOTE_BYTES_MAX, TREE_HEIGHT_MAX};
use remit_verifier::sign::{Signer as _, sign_checkpoint};
use remit_verifier::types::{Hash, TreeSize};

const HASH: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn a_request_is_read_and_written_unchanged() {
    let note = cosigned(&[(2, 5)]);
    for (old, hashes) in [(0, 0), (3, 4), (u64::MAX, 63)] {
        let text = format!("old {old}\n{}\n{note}", format!("{HASH}\n").repeat(hashes));
        let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
        assert_eq!((request.old().0, request.hashes().len()), (old, hashes));
        assert_eq!((request.origin(), request.size().0, request.root()), (ORIGIN, 7, Hash([7; 32])));
        assert_eq!((request.to_text().as_str(), request.note().as_str()), (text.as_str(), note.as_str()));
    }
}

#[test]
fn malformed_requests_are_refused() {
    use AddCheckpointError::*;
    let note = cosigned(&[]);
    for (text, error) in [
        (String::new(), Old),
        ("old 1".into(), Old),
        (format!("old\n\n{note}"), Old),
        (format!("old  1\n\n{note}"), Old),
        (format!("Old 1\n\n{note}"), Old),
        (format!("old 01\n\n{note}"), Old),
        (format!("old -1\n\n{note}"), Old),
        (format!("old 1 \n\n{note}"), Old),
        (format!("old 1\r\n\n{note}"), Old),
        (format!("old 18446744073709551616\n\n{note}"), Old),
        ("old 1\n".into(), Truncated),
        (format!("old 1\n{HASH}"), Truncated),
        (format!("old 1\n{note}"), Hash(1)),
        (format!("old 1\n{HASH}\n{HASH} \n\n{note}"), Hash(2)),
        (format!("old 1\nAAEC\n\n{note}"), Hash(1)),
        ("old 1\n\n".into(), Note(NoteError::NoEmptyLine)),
        (format!("old 1\n\n\n{note}"), Checkpoint(CheckpointError::Extension)),
        ("old 1\n\na\n\n— k AAAAAAE=\n".into(), Checkpoint(CheckpointError::Truncated)),
        (format!("old 1\n\na\n7\n{HASH}\nmore\n\n— k AAAAAAE=\n"), Checkpoint(CheckpointError::Extension)),
    ] {
        assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(AddCheckpoint::parse(b"\xff"), Err(NotUtf8));
}

#[test]
fn a_wrong_root_of_no_entries_is_for_the_witness_to_refuse() {
    let text = format!("old 0\n\na\n0\n{HASH}\n\n— k AAAAAAE=\n");
    let request = AddCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!((request.size(), request.to_text().as_str()), (TreeSize(0), text.as_str()));
}

#[test]
fn requests_are_bounded() {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(7), Hash([7; 32])).unwrap();
    let note = sign_checkpoint(&signer(1), &checkpoint).unwrap();
    // One more line fills the note to its bound: key ID, one byte and then any number.
    let room = NOTE_BYTES_MAX - note.len();
    let line = (1..=room).rev().map(|bytes| signature_line("x", log_key().id(), &vec![1; bytes]));
    let filled = line.filter(|line| line.len() <= room).find_map(|line| {
        let name = "x".repeat(1 + room - line.len());
        let note = format!("{note}{}", line.replacen('x', &name, 1));
        (note.len() == NOTE_BYTES_MAX).then_some(note)
    });
    let note = filled.unwrap();
    let longest = format!("old {}\n{}\n{note}", u64::MAX, format!("{HASH}\n").repeat(TREE_HEIGHT_MAX));
    assert_eq!(longest.len(), ADD_CHECKPOINT_BYTES_MAX);
    assert_eq!(AddCheckpoint::parse(longest.as_bytes()).unwrap().to_text(), longest);
    let longer = format!("{longest}\n");
    let error = AddCheckpointError::TooLong(ADD_CHECKPOINT_BYTES_MAX + 1);
    assert_eq!(AddCheckpoint::parse(longer.as_bytes()), Err(error));

    let note = cosigned(&[]);
    let more = format!("old 1\n{}\n{note}", format!("{HASH}\n").repeat(TREE_HEIGHT_MAX + 1));
    assert_eq!(AddCheckpoint::parse(more.as_bytes()), Err(AddCheckpointError::TooManyHashes));
    let made = AddCheckpoint::new(TreeSize(1), vec![Hash([1; 32]); TREE_HEIGHT_MAX + 1], note.as_bytes());
    assert_eq!(made, Err(AddCheckpointError::TooManyHashes));
}

#[test]
fn a_log_is_known_by_its_signatures_and_one_bad_line_is_enough() {
    let note = cosigned(&[(2, 5)]);
    let submitter = |note: &str, keys: &[VerifierKey]| {
        let text = format!("old 0\n\n{note}");
        AddCheckpoint::parse(text.as_bytes()).unwrap().verify_submitter(keys)
    };
    let other = |name: &str| VerifierKey::new(name, KeyKind::Note, &signer(9).public_key()).unwrap();
    assert_eq!(submitter(&note, &[log_key()]), Ok(()));
    assert_eq!(submitter(&note, &[other(ORIGIN), log_key()]), Ok(()), "a log may have several keys");
    assert_eq!(submitter(&note, &[]), Err(SubmitterError::UnknownOrigin));
    assert_eq!(submitter(&note, &[other("another")]), Err(SubmitterError::UnknownOrigin));
    assert_eq!(submitter(&note, &[other(ORIGIN)]), Err(SubmitterError::NoLogSignature));
    // A line that bears the name and ID of a key, and is not its own.
    let forged = |key: &VerifierKey, bytes: usize| signature_line(key.name(), key.id(), &vec![1; bytes]);
    for bytes in [64, 63, 72] {
        let forged = format!("{note}{}", forged(&log_key(), bytes));
        assert_eq!(submitter(&forged, &[log_key()]), Err(SubmitterError::LogSignature(3)));
    }
    // What other keys sign, witnesses too, is not looked at.
    let ignored = format!("{note}{}", forged(&witness_key(2), 3));
    assert_eq!(submitter(&ignored, &[log_key()]), Ok(()));
    let twice = SignedNote::parse(note.as_bytes()).unwrap();
    assert_eq!(submitter(&twice.with_lines(&note[twice.text().len() + 1..]).unwrap(), &[log_key()]), Ok(()));
}

#[test]
fn the_size_of_a_conflict_is_a_decimal_line() {
    assert_eq!(parse_known_size(b"0\n"), Some(TreeSize(0)));
    assert_eq!(parse_known_size(b"18446744073709551615\n"), Some(TreeSize(u64::MAX)));
    for wrong in [&b""[..], b"\n", b"7", b"07\n", b"7\n\n", b"7\r\n", b" 7\n", b"\xff\n"] {
        assert_eq!(parse_known_size(wrong), None, "{wrong:?}");
    }
}
