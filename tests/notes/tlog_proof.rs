//! Proofs as text (spec 08 §9).

use crate::cosigned;
use remit_verifier::c2sp::{CheckpointError, NoteError, TlogProof, TlogProofError};
use remit_verifier::limits::{PROOF_BYTES_MAX, PROOF_EXTRA_BYTES_MAX, TREE_HEIGHT_MAX};
use remit_verifier::types::{EntryIndex, Hash};

const HASH: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn a_proof_is_read_and_written_unchanged() {
    let note = cosigned(&[(2, 5)]);
    for extra in ["", "extra AAEC\n"] {
        for hashes in [0, 1, 3] {
            let lines = format!("{HASH}\n").repeat(hashes);
            let text = format!("c2sp.org/tlog-proof@v1\n{extra}index 6\n{lines}\n{note}");
            let proof = TlogProof::parse(text.as_bytes()).unwrap();
            assert_eq!(proof.unauthenticated_extra().len(), extra.len() / 3);
            assert_eq!((proof.index().0, proof.hashes().len()), (6, hashes));
            assert_eq!((proof.note().as_str(), proof.checkpoint().size().0), (note.as_str(), 7));
            assert_eq!(proof.to_text(), text);
        }
    }
}

#[test]
fn malformed_proofs_are_refused() {
    use TlogProofError::*;
    let note = cosigned(&[]);
    let first = "c2sp.org/tlog-proof@v1";
    for (text, error) in [
        (String::new(), FirstLine),
        (first.into(), FirstLine),
        (format!("c2sp.org/tlog-proof@v2\nindex 1\n\n{note}"), FirstLine),
        (format!("{first}\r\nindex 1\n\n{note}"), FirstLine),
        (format!("{first}\n"), Index),
        (format!("{first}\nindex 1"), Index),
        (format!("{first}\nindex\n\n{note}"), Index),
        (format!("{first}\nindex  1\n\n{note}"), Index),
        (format!("{first}\nindex 01\n\n{note}"), Index),
        (format!("{first}\nindex -1\n\n{note}"), Index),
        (format!("{first}\nindex 18446744073709551616\n\n{note}"), Index),
        (format!("{first}\nextra\nindex 1\n\n{note}"), Index),
        (format!("{first}\nextra \nindex 1\n\n{note}"), Extra),
        (format!("{first}\nextra AAE\nindex 1\n\n{note}"), Extra),
        (format!("{first}\nextra AAF=\nindex 1\n\n{note}"), Extra),
        (format!("{first}\nextra AAEC"), Extra),
        (format!("{first}\nextra AAEC\nextra AAEC\nindex 1\n\n{note}"), Index),
        (format!("{first}\nindex 1\n{HASH}"), Truncated),
        (format!("{first}\nindex 1\n{HASH}\n"), Truncated),
        (format!("{first}\nindex 1\n{HASH}\n{HASH}x\n\n{note}"), Hash(2)),
        (format!("{first}\nindex 1\n {HASH}\n\n{note}"), Hash(1)),
        (format!("{first}\nindex 1\n\n"), Note(NoteError::NoEmptyLine)),
        (format!("{first}\nindex 1\n\na\n\n— k AAAAAAE=\n"), Checkpoint(CheckpointError::Truncated)),
        (format!("{first}\nindex 7\n\n{note}"), NotInTree),
    ] {
        assert_eq!(TlogProof::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(TlogProof::parse(b"\xff"), Err(NotUtf8));
}

#[test]
fn proofs_are_bounded() {
    let note = cosigned(&[]);
    let proof = |extra, hashes| {
        TlogProof::new(vec![1; extra], EntryIndex(6), vec![Hash([1; 32]); hashes], note.as_bytes())
    };
    let largest = proof(PROOF_EXTRA_BYTES_MAX, TREE_HEIGHT_MAX).unwrap();
    let text = largest.to_text();
    assert_eq!(TlogProof::parse(text.as_bytes()).unwrap(), largest);
    assert_eq!(proof(PROOF_EXTRA_BYTES_MAX + 1, 0), Err(TlogProofError::Extra));
    assert_eq!(proof(0, TREE_HEIGHT_MAX + 1), Err(TlogProofError::TooManyHashes));

    let longer = format!("c2sp.org/tlog-proof@v1\nindex 6\n{}\n{note}", format!("{HASH}\n").repeat(64));
    assert_eq!(TlogProof::parse(longer.as_bytes()), Err(TlogProofError::TooManyHashes));
    let bytes = vec![b'a'; PROOF_BYTES_MAX + 1];
    assert_eq!(TlogProof::parse(&bytes), Err(TlogProofError::TooLong(PROOF_BYTES_MAX + 1)));
    assert_eq!(TlogProof::parse(&bytes[1..]), Err(TlogProofError::FirstLine));
}
