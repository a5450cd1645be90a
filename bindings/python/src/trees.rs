//! Proofs about trees, and what is hashed on the way to them (spec 03 §5, 06 §5–§6, 07); checkpoints (spec 08).

use crate::convert::{Id, hex};
use crate::describe::dictionary;
use crate::error::{no_receipt, refused};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use remit_verifier::c2sp::{KeyKind, Trust, VerifierKey};
use remit_verifier::code::Code;
use remit_verifier::log::Details;
use remit_verifier::merkle::{self, ProofError, TreeHead};
use remit_verifier::receipt::Receipt;
use remit_verifier::state::{self, Status, chunk_of, status_chunk};
use remit_verifier::types::{EntryIndex, Hash, KeyBytes, Millis, StateIndex, TreeSize};
use remit_verifier::{hash, json};
use std::collections::BTreeMap;

fn hashes(ids: Vec<Id>) -> Vec<Hash> {
    ids.into_iter().map(Hash::from).collect()
}

fn proved(result: Result<(), ProofError>) -> PyResult<()> {
    result.map_err(|_| refused(Code::BadProof))
}

/// The hash of a leaf of a tree, such as the bytes of an entry or of a state leaf.
#[pyfunction]
pub(crate) fn leaf_hash(data: &[u8]) -> String {
    hex(&hash::leaf_hash(data).0)
}

/// The root of the tree over these leaf hashes.
#[pyfunction]
pub(crate) fn tree_root(py: Python<'_>, leaf_hashes: Vec<Id>) -> String {
    let leaves = hashes(leaf_hashes);
    hex(&py.detach(|| merkle::root_of(&leaves)).0)
}

/// Whether a leaf stands at `index` of the tree with this size and root; raises `bad_proof`.
#[pyfunction]
pub(crate) fn verify_inclusion(
    leaf_hash: Id,
    index: u64,
    size: u64,
    path: Vec<Id>,
    root: Id,
) -> PyResult<()> {
    let (leaf, index, root) = (leaf_hash.into(), EntryIndex(index), root.into());
    proved(merkle::verify_inclusion(&leaf, index, TreeSize(size), &hashes(path), &root))
}

/// Whether the newer tree begins with all of the older one; raises `bad_proof`.
#[pyfunction]
pub(crate) fn verify_consistency(
    old_size: u64,
    old_root: Id,
    new_size: u64,
    new_root: Id,
    path: Vec<Id>,
) -> PyResult<()> {
    let head = |size, root: Id| TreeHead { size: TreeSize(size), root: root.into() };
    proved(merkle::verify_consistency(&head(old_size, old_root), &head(new_size, new_root), &hashes(path)))
}

/// Whether all these leaves, pairs of index and hash, stand in the tree with this size and root; raises `bad_proof`.
#[pyfunction]
pub(crate) fn verify_multiproof(
    leaves: Vec<(u64, Id)>,
    size: u64,
    siblings: Vec<Id>,
    root: Id,
) -> PyResult<()> {
    let leaves: Vec<_> = leaves.into_iter().map(|(index, hash)| (StateIndex(index), hash.into())).collect();
    proved(merkle::verify_multiproof(&leaves, TreeSize(size), &hashes(siblings), &root.into()))
}

/// The history of a leaf after the entry at `index`, whose leaf hash is `entry`, rewrote it; it begins with zeros.
#[pyfunction]
pub(crate) fn next_history(before: Id, index: u64, entry: Id) -> String {
    hex(&state::history(&before.into(), EntryIndex(index), &entry.into()).0)
}

/// The leaf of the status tree for a chunk: statuses by state index, all others being 0.
#[pyfunction]
pub(crate) fn status_leaf<'py>(
    py: Python<'py>,
    chunk: u64,
    statuses: BTreeMap<u64, u8>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut bytes = status_chunk();
    for (index, status) in statuses {
        let index = StateIndex(index);
        if chunk_of(index) != chunk || status > 3 {
            return Err(PyValueError::new_err("an index outside the chunk, or a status above 3"));
        }
        Status::from_bits(status).write(&mut bytes, index);
    }
    Ok(PyBytes::new(py, &state::status_leaf(chunk, &bytes)))
}

/// The digest of details that an entry commits to: of the common part, and of the digests of the link parts.
#[pyfunction]
pub(crate) fn details_digest(common: &[u8], links: Vec<Id>) -> String {
    hex(&Details::digest_of(common, &hashes(links)).0)
}

/// A verifier key as text, for trust lines: of a `log` under its origin, or of a `witness` under its name.
#[pyfunction]
#[pyo3(signature = (name, key, kind="log"))]
pub(crate) fn verifier_key(name: &str, key: Id, kind: &str) -> PyResult<String> {
    let kind = match kind {
        "log" => KeyKind::Note,
        "witness" => KeyKind::Cosignature,
        _ => return Err(PyValueError::new_err("a key is of a log or of a witness")),
    };
    let key = VerifierKey::new(name, kind, &KeyBytes(key.0));
    key.map(|key| key.to_string()).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// A checkpoint that trust lines accept at `now_ms` (spec 08 §7): signed by a log, and cosigned as the quorum says.
/// Raises the code of the first check that fails.
#[pyfunction]
#[pyo3(signature = (trust, note, *, now_ms, skew_ms=0))]
pub(crate) fn accept_checkpoint<'py>(
    py: Python<'py>,
    trust: &str,
    note: &[u8],
    now_ms: u64,
    skew_ms: u64,
) -> PyResult<Bound<'py, PyAny>> {
    let trust = Trust::parse(trust.as_bytes()).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let accepted = trust.accept(note, Millis(now_ms), Millis(skew_ms));
    dictionary(py, &json::checkpoint(&accepted.map_err(|error| refused(Code::from(error)))?))
}

/// What a receipt of RFC 9942 says (spec 23 §5): that an entry stood in the log with this verifier key. Raises the code
/// of what is wrong with it, or a `ReceiptError` if it is of another log or its proof for another size.
#[pyfunction]
pub(crate) fn verify_receipt<'py>(
    py: Python<'py>,
    receipt: &[u8],
    entry: &[u8],
    log: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let log = VerifierKey::parse(log).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let receipt = Receipt::decode(receipt).map_err(refused)?;
    receipt.verify(entry, &log).map_err(no_receipt)?;
    dictionary(py, &json::receipt(&receipt))
}
