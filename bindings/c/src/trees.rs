//! Proofs about trees, and what is hashed on the way to them (spec 03 §5, 06 §5–§6, 07); checkpoints (spec 08).

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Object, keep};
use verifier::c2sp::{KeyKind, Trust, VerifierKey};
use verifier::code::Code;
use verifier::log::Details;
use verifier::merkle::{self, ProofError, TreeHead};
use verifier::receipt::Receipt;
use verifier::state::{self, Status as Two, chunk_of, status_chunk};
use verifier::types::{EntryIndex, Hash, KeyBytes, Millis, StateIndex, TreeSize};
use verifier::{hash, json};

/// Size and root of a tree.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct HeadRow {
    size: u64,
    root: Bytes,
}

/// A leaf by its place.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct LeafRow {
    index: u64,
    hash: Bytes,
}

/// The status of a leaf by its place.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct StatusRow {
    index: u64,
    status: u64,
}

impl HeadRow {
    fn read(&self) -> Result<TreeHead, Status> {
        Ok(TreeHead { size: TreeSize(self.size), root: self.root.id()? })
    }
}

fn hashes(list: &List<Bytes>) -> Result<Vec<Hash>, Status> {
    list.read()?.iter().map(Bytes::id).collect()
}

fn proved(result: Result<(), ProofError>) -> Result<(), Status> {
    result.map_err(|_| Code::BadProof.into())
}

export! {
    /// The hash of a leaf of a tree.
    fn remit_leaf_hash(bytes: Bytes, out: Slot<'_, [u8; 32]>) {
        *slot(out, [0; 32])? = hash::leaf_hash(bytes.read()?).0;
        Ok(())
    }

    /// The root of the tree over leaf hashes.
    fn remit_tree_root(leaf_hashes: List<Bytes>, out: Slot<'_, [u8; 32]>) {
        *slot(out, [0; 32])? = merkle::root_of(&hashes(&leaf_hashes)?).0;
        Ok(())
    }

    /// Whether a leaf stands in a tree.
    fn remit_verify_inclusion(leaf_hash: Bytes, index: u64, head: Option<&HeadRow>, path: List<Bytes>) {
        let head = head.ok_or(Status::BAD_POINTER)?.read()?;
        let (leaf, index) = (leaf_hash.id()?, EntryIndex(index));
        proved(merkle::verify_inclusion(&leaf, index, head.size, &hashes(&path)?, &head.root))
    }

    /// Whether the newer tree begins with all of the older one.
    fn remit_verify_consistency(older: Option<&HeadRow>, newer: Option<&HeadRow>, path: List<Bytes>) {
        let (older, newer) = older.zip(newer).ok_or(Status::BAD_POINTER)?;
        proved(merkle::verify_consistency(&older.read()?, &newer.read()?, &hashes(&path)?))
    }

    /// Whether all these leaves stand in a tree.
    fn remit_verify_multiproof(leaves: List<LeafRow>, head: Option<&HeadRow>, siblings: List<Bytes>) {
        let head = head.ok_or(Status::BAD_POINTER)?.read()?;
        let leaf = |row: &LeafRow| Ok((StateIndex(row.index), row.hash.id()?));
        let leaves = leaves.read()?.iter().map(leaf).collect::<Result<Vec<_>, Status>>()?;
        proved(merkle::verify_multiproof(&leaves, head.size, &hashes(&siblings)?, &head.root))
    }

    /// The history of a leaf after an entry.
    fn remit_next_history(before: Bytes, index: u64, entry: Bytes, out: Slot<'_, [u8; 32]>) {
        *slot(out, [0; 32])? = state::history(&before.id()?, EntryIndex(index), &entry.id()?).0;
        Ok(())
    }

    /// The leaf of the status tree for a chunk.
    fn remit_status_leaf(chunk: u64, statuses: List<StatusRow>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let mut bytes = status_chunk();
        for row in statuses.read()? {
            let index = StateIndex(row.index);
            let status = u8::try_from(row.status).ok().filter(|status| *status <= 3);
            let status = status.filter(|_| chunk_of(index) == chunk).ok_or(Status::BAD_VALUE)?;
            Two::from_bits(status).write(&mut bytes, index);
        }
        let leaf = state::status_leaf(chunk, &bytes);
        keep(out, Object::Plain, Parts::default().text(part::BYTES, leaf))
    }

    /// The digest of details that an entry commits to.
    fn remit_details_digest(common: Bytes, links: List<Bytes>, out: Slot<'_, [u8; 32]>) {
        *slot(out, [0; 32])? = Details::digest_of(common.read()?, &hashes(&links)?).0;
        Ok(())
    }

    /// A verifier key as text.
    fn remit_verifier_key(name: Bytes, key: Bytes, kind: i32, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let kind = match kind {
            1 => KeyKind::Note,
            4 => KeyKind::Cosignature,
            _ => return Err(Status::BAD_VALUE),
        };
        let key = VerifierKey::new(name.text()?, kind, &KeyBytes(key.id()?.0));
        let key = key.map_err(|_| Status::BAD_VALUE)?;
        keep(out, Object::Plain, Parts::default().text(part::TEXT, key.to_string()))
    }

    /// A checkpoint that trust lines accept.
    fn remit_checkpoint_accept(trust: Bytes, note: Bytes, now_ms: u64, skew_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let trust = Trust::parse(trust.read()?).map_err(|_| Status::BAD_VALUE)?;
        let accepted = trust.accept(note.read()?, Millis(now_ms), Millis(skew_ms)).map_err(Code::from)?;
        let parts = Parts::default()
            .text(part::JSON, json::checkpoint(&accepted).to_string())
            .text(part::ORIGIN, accepted.origin())
            .text(part::ROOT, accepted.root().to_string())
            .number(part::SIZE, accepted.size().0)
            .number(part::EVIDENCE_MS, accepted.evidence_time().map(|time| time.0));
        keep(out, Object::Plain, parts)
    }

    /// What a receipt says: that an entry stood in a log.
    fn remit_receipt_verify(receipt: Bytes, entry: Bytes, log: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let log = VerifierKey::parse(log.text()?).map_err(|_| Status::BAD_VALUE)?;
        let receipt = Receipt::decode(receipt.read()?)?;
        receipt.verify(entry.read()?, &log)?;
        let parts = Parts::default()
            .text(part::JSON, json::receipt(&receipt).to_string())
            .text(part::ORIGIN, receipt.origin)
            .number(part::SIZE, receipt.size.0)
            .number(part::INDEX, receipt.index.0)
            .number(part::TIME, receipt.time.0);
        keep(out, Object::Plain, parts)
    }
}
