//! A witness (spec 21): what it keeps before it answers, what it never forgets, and what it computes again.
#![cfg(feature = "server")]
#![allow(unreachable_pub, dead_code)]

mod keeping;
#[path = "../audit/log.rs"]
mod log;
mod over_http;
mod replaying;
#[path = "../rules/world.rs"]
mod world;

use remit::tree::{Frontier, Nodes, prove};
use remit::witness::{Folder, Reply, Witness, WitnessKind};
use remit_verifier::c2sp::{AddCheckpoint, Checkpoint, Cosignature, KeyKind, SignatureLine, VerifierKey};
use remit_verifier::hash::{leaf_hash, node_hash};
use remit_verifier::sign::{LocalSigner, Signer as _, sign_checkpoint};
use remit_verifier::types::{Hash, Seconds, TreeSize};
use std::path::Path;

pub(crate) const ORIGIN: &str = "log.example/one";
pub(crate) const NAME: &str = "witness.example/w";
pub(crate) const NOW: Seconds = Seconds(1_800_000_000);

pub(crate) fn signer(number: u8) -> LocalSigner {
    LocalSigner::from_seed(&[number; 32])
}

/// The key of a log, by its number.
pub(crate) fn log_key(number: u8) -> VerifierKey {
    VerifierKey::new(ORIGIN, KeyKind::Note, &signer(number).public_key()).expect("a key")
}

pub(crate) fn own_key() -> VerifierKey {
    VerifierKey::new(NAME, KeyKind::Cosignature, &signer(3).public_key()).expect("a key")
}

/// A log of numbered leaves; another `history` differs from leaf 3 on.
pub(crate) struct Tree {
    leaves: Vec<Hash>,
}

impl Tree {
    pub(crate) fn of(history: u8, size: u64) -> Self {
        let leaf = |at: u64| leaf_hash(&[if at < 3 { 0 } else { history }, at as u8]);
        Self { leaves: (0..size).map(leaf).collect() }
    }

    fn range(&self, from: usize, to: usize) -> Hash {
        match to - from {
            1 => self.leaves[from],
            count => {
                let middle = from + count.next_power_of_two() / 2;
                node_hash(&self.range(from, middle), &self.range(middle, to))
            }
        }
    }

    pub(crate) fn root(&self) -> Hash {
        let mut tree = Frontier::new();
        self.leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    }

    pub(crate) fn note(&self) -> String {
        note(ORIGIN, self.leaves.len() as u64, self.root(), 1)
    }

    /// A request with the proof from an older size.
    pub(crate) fn from(&self, old: u64) -> Vec<u8> {
        let size = self.size();
        let path = match old {
            old if old == 0 || old >= size.0 => Vec::new(),
            old => prove::consistency(self, TreeSize(old), size).expect("a proof"),
        };
        request(old, path, &self.note())
    }
}

impl Nodes for Tree {
    fn size(&self) -> TreeSize {
        TreeSize(self.leaves.len() as u64)
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let from = (index << level) as usize;
        let to = (from + (1 << level)).min(self.leaves.len());
        (from < to).then(|| self.range(from, to))
    }
}

pub(crate) fn note(origin: &str, size: u64, root: Hash, by: u8) -> String {
    let checkpoint = Checkpoint::new(origin, TreeSize(size), root).expect("a checkpoint");
    sign_checkpoint(&signer(by), &checkpoint).expect("a note")
}

pub(crate) fn request(old: u64, path: Vec<Hash>, note: &str) -> Vec<u8> {
    AddCheckpoint::new(TreeSize(old), path, note.as_bytes()).expect("a request").to_text().into_bytes()
}

pub(crate) fn made(folder: &Path) {
    Folder::create(folder, &own_key(), WitnessKind::Ordinary).expect("made");
}

/// Opens the witness of a folder.
pub(crate) fn open(folder: &Path) -> Witness {
    try_open(folder).expect("opens")
}

pub(crate) fn try_open(folder: &Path) -> Result<Witness, remit::witness::WitnessError> {
    let kept = Folder::open(folder, &own_key(), WitnessKind::Ordinary)?;
    Witness::new(kept, own_key(), Box::new(signer(3)), vec![log_key(1)], None)
}

/// The time of a cosignature of this text, which verifies.
#[track_caller]
pub(crate) fn cosigned(reply: &Reply, note: &str) -> Seconds {
    assert_eq!((reply.status, reply.is_size), (200, false), "{}", reply.body);
    let lines = SignatureLine::parse_all(&reply.body).expect("lines");
    assert_eq!(lines.len(), 1, "the line of the witness and nothing else");
    let cosignature = Cosignature::parse(&lines[0], &own_key()).expect("a cosignature");
    let text = remit_verifier::c2sp::SignedNote::parse(note.as_bytes()).expect("a note").text().to_owned();
    cosignature.verify(&text, &own_key()).expect("verifies");
    cosignature.time()
}
