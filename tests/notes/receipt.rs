//! Receipts for those who read COSE (spec 23 §5): bounds, and what is signed; the vectors have the rest.

use crate::{ORIGIN, log_key, signer};
use proptest::prelude::*;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::cbor::DecodeError;
use remit_verifier::hash::{leaf_hash, node_hash};
use remit_verifier::limits::{RECEIPT_BYTES_MAX, TREE_HEIGHT_MAX};
use remit_verifier::merkle::TREE_SIZE_MAX;
use remit_verifier::receipt::{Receipt, ReceiptDraft, ReceiptError};
use remit_verifier::sign::{ReceiptSignError, Signer as _, sign_receipt};
use remit_verifier::types::{EntryIndex, Hash, Seconds, TreeSize};

fn draft<'d>(origin: &'d str, path: &'d [Hash]) -> ReceiptDraft<'d> {
    let (size, index) = (TREE_SIZE_MAX, EntryIndex(1 << 62));
    ReceiptDraft { origin, time: Seconds(u64::MAX), size, index, path }
}

#[test]
fn receipts_are_bounded() {
    let origin = "o".repeat(255);
    let path = [Hash([7; 32]); TREE_HEIGHT_MAX];
    let draft = draft(&origin, &path);
    let longest = sign_receipt(&signer(1), &draft, &leaf_hash(b"entry")).expect("signed");
    assert_eq!(longest.len(), RECEIPT_BYTES_MAX);
    let key = VerifierKey::new(&origin, KeyKind::Note, &signer(1).public_key()).expect("a key");
    let receipt = Receipt::decode(&longest).expect("at the bound");
    assert_eq!(receipt.verify(b"entry", &key), Ok(()));
    assert_eq!(receipt.verify(b"other", &key), Err(ReceiptError::Signature));
    let longer = [&longest[..], &[0]].concat();
    assert_eq!(Receipt::decode(&longer), Err(DecodeError::Oversize));
    assert!(Receipt::is_one(&longest) && !Receipt::is_one(b"c2sp.org/tlog-proof@v1\n"));
}

#[test]
fn the_root_is_signed_and_not_what_stands_beside_it() {
    let path = [leaf_hash(b"first")];
    let (size, index, time) = (TreeSize(2), EntryIndex(1), Seconds(7));
    let draft = ReceiptDraft { origin: ORIGIN, time, size, index, path: &path };
    let made = sign_receipt(&signer(1), &draft, &leaf_hash(b"second")).expect("signed");
    let receipt = Receipt::decode(&made).expect("a receipt");
    assert_eq!((receipt.origin, receipt.time, receipt.size), (ORIGIN, time, size));
    assert_eq!(receipt.verify(b"second", &log_key()), Ok(()));
    // What is signed, by hand.
    let root = node_hash(&path[0], &leaf_hash(b"second"));
    let (protected, to_sign) = draft.to_sign(&signer(1).public_key(), &root);
    let mut by_hand = b"\x84\x6aSignature1\x58".to_vec();
    by_hand.push(protected.len() as u8);
    by_hand.extend([&protected[..], &[0x40, 0x58, 0x20], &root.0].concat());
    assert_eq!(to_sign, by_hand);
    let empty = ReceiptDraft { path: &[], size: TreeSize(1), index: EntryIndex(0), ..draft };
    assert_eq!(sign_receipt(&signer(1), &empty, &leaf_hash(b"x")), Err(ReceiptSignError::OneEntry));
}

proptest! {
    #[test]
    fn any_bytes_are_no_receipt_or_one_that_is_written_alike(
        at in 0usize..200, byte: u8, cut in 0usize..200,
    ) {
        let path = [Hash([7; 32]); 3];
        let draft = ReceiptDraft { size: TreeSize(5), index: EntryIndex(3), ..draft(ORIGIN, &path) };
        let mut bytes = sign_receipt(&signer(1), &draft, &leaf_hash(b"entry")).expect("signed");
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut * usize::from(cut < 20));
        if let Ok(receipt) = Receipt::decode(&bytes) {
            let again = ReceiptDraft {
                origin: receipt.origin, time: receipt.time, size: receipt.proof_size,
                index: receipt.index, path: &receipt.path,
            };
            let signed = ReceiptDraft { size: receipt.size, ..again.clone() };
            let (protected, _) = signed.to_sign(&receipt.kid, &Hash([0; 32]));
            prop_assert_eq!(again.encode(&protected, &receipt.signature), bytes);
        }
    }
}
