//! Checkpoints (spec 08 §4), and signing them.

use crate::{ORIGIN, signer};
use remit_verifier::c2sp::{Checkpoint, CheckpointError, SignedNote};
use remit_verifier::hash::EMPTY_ROOT;
use remit_verifier::limits::{KEY_NAME_BYTES_MAX, TREE_SIZE_MAX};
use remit_verifier::sign::{NoteSignError, SignError, Signer, cosign, sign_checkpoint};
use remit_verifier::types::{Hash, KeyBytes, Seconds, TreeSize};

/// The example of tlog-cosignature.
const SPEC_TEXT: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

#[test]
fn the_published_checkpoint_is_read_and_written_unchanged() {
    let checkpoint = Checkpoint::parse(SPEC_TEXT).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size().0), ("example.com/behind-the-sofa", 20_852_163));
    assert_eq!(checkpoint.root().0[..4], [0x0a, 0xc5, 0x18, 0x6a]);
    assert_eq!(checkpoint.to_text(), SPEC_TEXT);
}

#[test]
fn malformed_checkpoints_are_refused() {
    use CheckpointError::*;
    for (text, error) in [
        (String::new(), Truncated),
        ("o\n1\n".into(), Truncated),
        (format!("o\n1\n{ROOT}"), Truncated),
        (format!("o\n1\n{ROOT}\n\n"), Extension),
        (format!("o\n1\n{ROOT}\nextension\n"), Extension),
        (format!("o\n1\n{ROOT}\nextension"), Extension),
        (format!("\n1\n{ROOT}\n"), Origin),
        (format!("o o\n1\n{ROOT}\n"), Origin),
        (format!("o+o\n1\n{ROOT}\n"), Origin),
        (format!("o\t\n1\n{ROOT}\n"), Origin),
        (format!("o\n\n{ROOT}\n"), Size),
        (format!("o\n01\n{ROOT}\n"), Size),
        (format!("o\n+1\n{ROOT}\n"), Size),
        (format!("o\n-1\n{ROOT}\n"), Size),
        (format!("o\n1 \n{ROOT}\n"), Size),
        (format!("o\n0x1\n{ROOT}\n"), Size),
        (format!("o\n١\n{ROOT}\n"), Size),
        (format!("o\n18446744073709551616\n{ROOT}\n"), Size),
        (format!("o\n18446744073709551615\n{ROOT}\n"), SizeTooLarge(u64::MAX)),
        ("o\n1\n\n".into(), Root),
        (format!("o\n1\n{}\n", &ROOT[..43]), Root),
        (format!("o\n1\n{ROOT}=\n"), Root),
        (format!("o\n1\n{ROOT} \n"), Root),
        (format!("o\n1\n{}\n", ROOT.replace('/', "_")), Root),
        // The two unused bits set; 31 and 33 bytes.
        (format!("o\n1\n{}\n", ROOT.replace("2I=", "2J=")), Root),
        (format!("o\n1\n{}==\n", &ROOT[..42]), Root),
        (format!("o\n1\n{}A\n", &ROOT[..43]), Root),
        (format!("o\n0\n{ROOT}\n"), RootOfEmpty),
    ] {
        assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
    }
}

#[test]
fn sizes_and_origins_are_bounded() {
    let of_size = |size| Checkpoint::new("o", TreeSize(size), Hash([1; 32]));
    assert!(of_size(TREE_SIZE_MAX.0).is_ok());
    assert_eq!(of_size(TREE_SIZE_MAX.0 + 1), Err(CheckpointError::SizeTooLarge(1 << 63)));
    let origin = |bytes| Checkpoint::new(&*"o".repeat(bytes).leak(), TreeSize(1), Hash([1; 32]));
    assert!(origin(KEY_NAME_BYTES_MAX).is_ok());
    assert_eq!(origin(KEY_NAME_BYTES_MAX + 1), Err(CheckpointError::Origin));
    let empty = Checkpoint::new("o", TreeSize(0), EMPTY_ROOT).unwrap().to_text();
    assert_eq!(empty, "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert!(Checkpoint::parse(&empty).is_ok());
}

#[test]
fn what_is_not_a_checkpoint_is_not_cosigned() {
    let whole = "a\n\n— k AAAAAAE=\n";
    let note = SignedNote::parse(whole.as_bytes()).unwrap();
    let error = cosign(&signer(2), "w", &note, Seconds(1)).unwrap_err();
    assert_eq!(error, NoteSignError::Checkpoint(CheckpointError::Truncated));

    let whole = crate::cosigned(&[]);
    let note = SignedNote::parse(whole.as_bytes()).unwrap();
    for time in [0, 1 << 63, u64::MAX] {
        let error = cosign(&signer(2), "w", &note, Seconds(time)).unwrap_err();
        assert_eq!(error, NoteSignError::Time(Seconds(time)));
    }
    assert!(cosign(&signer(2), "w", &note, Seconds((1 << 63) - 1)).is_ok());
    assert!(matches!(cosign(&signer(2), "w w", &note, Seconds(1)), Err(NoteSignError::Key(_))));
}

#[test]
fn a_signer_that_fails_gives_no_note() {
    struct Failing(SignError);
    impl Signer for Failing {
        fn public_key(&self) -> KeyBytes {
            signer(1).public_key()
        }
        fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
            Err(self.0)
        }
    }
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(7), Hash([7; 32])).unwrap();
    for error in [SignError::Refused, SignError::Unavailable] {
        assert_eq!(sign_checkpoint(&Failing(error), &checkpoint), Err(NoteSignError::Signer(error)));
    }
}

#[test]
fn a_local_signer_shows_its_public_key_only() {
    let shown = format!("{:?}", signer(0xab));
    assert!(shown.contains(&signer(0xab).public_key().to_string()) && !shown.contains("abab"));
}
