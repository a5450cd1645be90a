//! Checks that an operation stands where the ledger says: the log's signature, the path, and the entry itself, which is
//! read from the log's own tiles (spec 08 §9).

use super::{Accepted, Refused, Remote, RemoteError};
use remit_verifier::c2sp::{AcceptedCheckpoint, TlogProof, TlogProofError, Trust, TrustError};
use remit_verifier::code::Code;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Entry, Outcome};
use remit_verifier::merkle::{ProofError, verify_inclusion};
use remit_verifier::types::{EntryIndex, Millis, ObjectId, TreeSize};
use std::fmt;

/// Entries of a full tile.
const TILE_ENTRIES: u64 = 256;

/// Why an answer does not hold.
#[derive(Debug)]
pub enum CheckError {
    /// The answer has no proof.
    NoProof,
    /// The proof is none.
    Proof(TlogProofError),
    /// The checkpoint is not acceptable.
    Trust(TrustError),
    /// The proof is of another entry than the one stated.
    OtherEntry(EntryIndex),
    /// The entry could not be had.
    Remote(RemoteError),
    /// The entry does not lead to the root.
    Inclusion(ProofError),
    /// The entry is not of this operation.
    OtherOperation,
    /// The entry refuses the operation, for another reason than was said, or although it was said to be applied.
    Refused(Code),
    /// The entry applied the operation that was said to be refused.
    Applied,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProof => f.write_str("the answer has no proof"),
            Self::Proof(error) => write!(f, "the proof is none: {error:?}"),
            Self::Trust(error) => write!(f, "the checkpoint is not acceptable: {error}"),
            Self::OtherEntry(at) => write!(f, "the proof is of entry {at}"),
            Self::Remote(error) => error.fmt(f),
            Self::Inclusion(error) => write!(f, "the entry is not under the checkpoint: {error}"),
            Self::OtherOperation => f.write_str("the entry is of another operation"),
            Self::Refused(code) => write!(f, "the entry refuses it: {code}"),
            Self::Applied => f.write_str("the entry applied it"),
        }
    }
}

impl std::error::Error for CheckError {}

/// Checks an answer to the submission with this id: success means that the entry that applied it stands under a
/// checkpoint that `trust` accepts. A refusal, or what the ledger wrote itself of the same id, applied nothing.
///
/// # Errors
///
/// [`CheckError`].
pub fn check_answer(
    remote: &Remote,
    trust: &Trust,
    (id, accepted): (&ObjectId, &Accepted),
    now: Millis,
    skew: Millis,
) -> Result<AcceptedCheckpoint, CheckError> {
    let answer = (accepted.entry, accepted.proof.as_deref());
    let (checkpoint, outcome) = check_outcome(remote, trust, (id, answer), now, skew)?;
    match outcome.refused {
        None => Ok(checkpoint),
        Some(code) => Err(CheckError::Refused(code)),
    }
}

/// Checks a refusal of the submission with this id: success means that the entry that records it, with the code that
/// was answered, stands under a checkpoint that `trust` accepts (spec 19 §2). That nothing came after is not proved.
///
/// # Errors
///
/// [`CheckError`]; [`CheckError::NoProof`] of one that is no entry, or not shown.
pub fn check_refusal(
    remote: &Remote,
    trust: &Trust,
    (id, refused): (&ObjectId, &Refused),
    now: Millis,
    skew: Millis,
) -> Result<AcceptedCheckpoint, CheckError> {
    let entry = refused.entry.ok_or(CheckError::NoProof)?;
    let answer = (entry, refused.proof.as_deref());
    let (checkpoint, outcome) = check_outcome(remote, trust, (id, answer), now, skew)?;
    match outcome.refused {
        Some(code) if code.text() == refused.code => Ok(checkpoint),
        Some(code) => Err(CheckError::Refused(code)),
        None => Err(CheckError::Applied),
    }
}

/// The entry that decided the submission with this id.
fn check_outcome(
    remote: &Remote,
    trust: &Trust,
    (id, (at, proof)): (&ObjectId, (EntryIndex, Option<&str>)),
    now: Millis,
    skew: Millis,
) -> Result<(AcceptedCheckpoint, Outcome), CheckError> {
    let text = proof.ok_or(CheckError::NoProof)?;
    let (checkpoint, entry) = check_with(text, at, trust, now, skew, |size| remote.entry(at, size))?;
    match Entry::decode(&entry) {
        Ok(Entry::Outcome(outcome)) if outcome.id == *id && !outcome.kind.is_written_by_the_ledger() => {
            Ok((checkpoint, outcome))
        }
        _ => Err(CheckError::OtherOperation),
    }
}

/// Checks the proof of an entry that is at hand: success means that it stands under a checkpoint that `trust` accepts.
///
/// # Errors
///
/// [`CheckError`].
pub fn check_entry(
    proof: &str,
    (at, entry): (EntryIndex, &[u8]),
    trust: &Trust,
    now: Millis,
    skew: Millis,
) -> Result<AcceptedCheckpoint, CheckError> {
    check_with(proof, at, trust, now, skew, |_| Ok(entry.to_vec())).map(|(checkpoint, _)| checkpoint)
}

fn check_with(
    proof: &str,
    at: EntryIndex,
    trust: &Trust,
    now: Millis,
    skew: Millis,
    entry: impl FnOnce(TreeSize) -> Result<Vec<u8>, RemoteError>,
) -> Result<(AcceptedCheckpoint, Vec<u8>), CheckError> {
    let proof = TlogProof::parse(proof.as_bytes()).map_err(CheckError::Proof)?;
    if proof.index() != at {
        return Err(CheckError::OtherEntry(proof.index()));
    }
    let note = proof.note().as_str();
    let checkpoint = trust.accept(note.as_bytes(), now, skew).map_err(CheckError::Trust)?;
    let entry = entry(checkpoint.size()).map_err(CheckError::Remote)?;
    let (size, root) = (checkpoint.size(), checkpoint.root());
    verify_inclusion(&leaf_hash(&entry), at, size, proof.hashes(), &root).map_err(CheckError::Inclusion)?;
    Ok((checkpoint, entry))
}

impl Remote {
    /// The entry at `at` out of the tile that holds it in a log of `size`. Nothing vouches for it yet.
    ///
    /// # Errors
    ///
    /// [`RemoteError`].
    pub fn entry(&self, at: EntryIndex, size: TreeSize) -> Result<Vec<u8>, RemoteError> {
        let path = tile_path(at, size);
        let tile = self.bytes(&path)?;
        let mut rest = tile.as_slice();
        for _ in 0..at.0 % TILE_ENTRIES {
            rest = take(rest).ok_or_else(|| RemoteError::Form(path.clone()))?.1;
        }
        Ok(take(rest).ok_or(RemoteError::Form(path))?.0.to_vec())
    }
}

/// One entry with its 16-bit length in front, and what follows.
fn take(bundle: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// The path of the entry bundle with the entry at `at`, as wide as a log of `size` makes it (C2SP tlog-tiles).
fn tile_path(at: EntryIndex, size: TreeSize) -> String {
    let tile = at.0 / TILE_ENTRIES;
    let mut groups = vec![format!("{:03}", tile % 1000)];
    let mut rest = tile / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    groups.reverse();
    let width = size.0.saturating_sub(tile * TILE_ENTRIES);
    let partial = if width < TILE_ENTRIES { format!(".p/{width}") } else { String::new() };
    format!("/tile/entries/{}{partial}", groups.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_have_the_paths_of_the_standard() {
        let path = |at, size| tile_path(EntryIndex(at), TreeSize(size));
        assert_eq!(path(5, 20), "/tile/entries/000.p/20");
        assert_eq!(path(255, 256), "/tile/entries/000");
        assert_eq!(path(256, 300), "/tile/entries/001.p/44");
        assert_eq!(path(1_234_067 * 256, 400_000_000), "/tile/entries/x001/x234/067");
    }

    #[test]
    fn a_bundle_is_read_one_entry_after_the_other() {
        let bundle = [0, 2, 7, 8, 0, 1, 9];
        let (first, rest) = take(&bundle).expect("an entry");
        assert_eq!((first, take(rest).expect("another").0), (&[7, 8][..], &[9][..]));
        assert!(take(&[0, 2, 7]).is_none() && take(&[0]).is_none());
    }
}
