//! `trees.json`: roots, proofs good and bad, histories and status chunks (spec 06 §5–§6, 07).

use super::{Vector, hex};
use remit::tree::{PagedTree, prove};
use remit_verifier::code::Code;
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::STATUS_CHUNK_INDEXES;
use remit_verifier::state::{Status, history, status_chunk, status_leaf};
use remit_verifier::types::{EntryIndex, Hash, StateIndex, TreeSize};
use serde_json::{Value, json};

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = roots();
    all.extend(inclusions());
    all.extend(consistencies());
    all.extend(multiproofs());
    all.extend(histories());
    all.extend(statuses());
    all
}

/// Leaf `n` of every tree here is the big-endian number n in four bytes.
fn leaf(number: u64) -> Vec<u8> {
    (number as u32).to_be_bytes().to_vec()
}

pub(super) fn tree(size: u64) -> PagedTree {
    let mut tree = PagedTree::default();
    (0..size).for_each(|number| tree.push(leaf_hash(&leaf(number))));
    tree
}

fn hashes(path: &[Hash]) -> Vec<String> {
    path.iter().map(ToString::to_string).collect()
}

pub(super) fn flip(hash: &Hash) -> Hash {
    let mut hash = *hash;
    hash.0[0] ^= 1;
    hash
}

fn roots() -> Vec<Vector> {
    let sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 255, 257];
    let root = |size| {
        let leaves: Vec<_> = (0..size).map(|number| hex(leaf(number))).collect();
        let input = json!({ "kind": "root", "leaves": leaves });
        let values = json!({ "root": tree(size).root().to_string() });
        Vector::ok(&format!("root-{size}"), "The root of these leaves.", "07 §2", input, values)
    };
    sizes.into_iter().map(root).collect()
}

/// One proof of inclusion, to be changed.
#[derive(Clone)]
struct Inclusion {
    leaf: Hash,
    index: u64,
    size: u64,
    path: Vec<Hash>,
    root: Hash,
}

impl Inclusion {
    fn new(index: u64, size: u64) -> Self {
        let tree = tree(size);
        let path = prove::inclusion(&tree, EntryIndex(index), TreeSize(size)).expect("a leaf");
        Self { leaf: leaf_hash(&leaf(index)), index, size, path, root: tree.root() }
    }

    fn input(&self) -> Value {
        json!({
            "kind": "inclusion", "leaf_hash": self.leaf.to_string(), "index": self.index.to_string(),
            "size": self.size.to_string(), "path": hashes(&self.path), "root": self.root.to_string(),
        })
    }

    fn bad(&self, name: &str, about: &str, change: impl FnOnce(&mut Self)) -> Vector {
        let mut changed = self.clone();
        change(&mut changed);
        let name = format!("inclusion-{}-of-{}/{name}", self.index, self.size);
        Vector::no(&name, about, "07 §3", changed.input(), Code::BadProof)
    }
}

fn inclusions() -> Vec<Vector> {
    let mut all = Vec::new();
    for (index, size) in
        [(0, 1), (0, 2), (1, 2), (2, 3), (0, 7), (4, 7), (6, 7), (5, 8), (32, 33), (100, 257), (256, 257)]
    {
        let proof = Inclusion::new(index, size);
        let name = format!("inclusion-{index}-of-{size}");
        all.push(Vector::ok(&name, "A good proof.", "07 §3", proof.input(), Value::Null));
    }
    for (index, size) in [(2, 3), (4, 7), (6, 7), (5, 8)] {
        let proof = Inclusion::new(index, size);
        all.push(proof.bad("leaf", "Another leaf.", |p| p.leaf = flip(&p.leaf)));
        all.push(proof.bad("root", "Another root.", |p| p.root = flip(&p.root)));
        all.push(proof.bad("next-index", "The index above.", |p| p.index += 1));
        all.push(proof.bad("index-before", "The index below.", |p| p.index -= 1));
        all.push(proof.bad("index-is-size", "An index outside the tree.", |p| p.index = p.size));
        all.push(proof.bad("no-size", "A tree without leaves.", |p| p.size = 0));
        all.push(proof.bad("huge-size", "A size that no tree has.", |p| p.size = 1 << 63));
        all.push(proof.bad("short", "The last hash is missing.", |p| p.path.truncate(p.path.len() - 1)));
        all.push(proof.bad("long", "One hash more.", |p| p.path.push(Hash::default())));
        all.push(proof.bad("first-hash", "The first hash changed.", |p| p.path[0] = flip(&p.path[0])));
        all.push(proof.bad("last-hash", "The last hash changed.", |p| {
            let last = p.path.len() - 1;
            p.path[last] = flip(&p.path[last]);
        }));
        if proof.path.len() > 1 {
            all.push(proof.bad("order", "The hashes in the opposite order.", |p| p.path.reverse()));
        }
    }
    all
}

/// One proof of consistency, to be changed.
#[derive(Clone)]
struct Consistency {
    old: (u64, Hash),
    new: (u64, Hash),
    path: Vec<Hash>,
}

impl Consistency {
    fn new(old: u64, new: u64) -> Self {
        let path = prove::consistency(&tree(new), TreeSize(old), TreeSize(new)).expect("sizes");
        Self { old: (old, tree(old).root()), new: (new, tree(new).root()), path }
    }

    fn input(&self) -> Value {
        json!({
            "kind": "consistency", "old_size": self.old.0.to_string(), "old_root": self.old.1.to_string(),
            "new_size": self.new.0.to_string(), "new_root": self.new.1.to_string(), "path": hashes(&self.path),
        })
    }

    fn bad(&self, name: &str, about: &str, change: impl FnOnce(&mut Self)) -> Vector {
        let mut changed = self.clone();
        change(&mut changed);
        let name = format!("consistency-{}-to-{}/{name}", self.old.0, self.new.0);
        Vector::no(&name, about, "07 §4", changed.input(), Code::BadProof)
    }
}

fn consistencies() -> Vec<Vector> {
    let mut all = Vec::new();
    for (old, new) in
        [(1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 7), (7, 7), (6, 8), (8, 8), (8, 257), (100, 257)]
    {
        let proof = Consistency::new(old, new);
        let name = format!("consistency-{old}-to-{new}");
        all.push(Vector::ok(&name, "A good proof.", "07 §4", proof.input(), Value::Null));
    }
    for (old, new) in [(3, 7), (4, 7), (6, 8)] {
        let proof = Consistency::new(old, new);
        all.push(proof.bad("old-root", "Another older root.", |p| p.old.1 = flip(&p.old.1)));
        all.push(proof.bad("new-root", "Another newer root.", |p| p.new.1 = flip(&p.new.1)));
        all.push(proof.bad("swapped", "The trees swapped.", |p| std::mem::swap(&mut p.old, &mut p.new)));
        all.push(proof.bad("from-nothing", "From the tree without leaves.", |p| p.old.0 = 0));
        all.push(proof.bad("short", "The last hash is missing.", |p| p.path.truncate(p.path.len() - 1)));
        all.push(proof.bad("long", "One hash more.", |p| p.path.push(Hash::default())));
        all.push(proof.bad("hash", "The first hash changed.", |p| p.path[0] = flip(&p.path[0])));
    }
    let same = Consistency::new(7, 7);
    all.push(same.bad("roots", "One size and two roots.", |p| p.new.1 = flip(&p.new.1)));
    all.push(same.bad("long", "Equal trees and a hash.", |p| p.path.push(Hash::default())));
    all
}

/// One multiproof, to be changed.
#[derive(Clone)]
struct Multiproof {
    leaves: Vec<(u64, Hash)>,
    size: u64,
    siblings: Vec<Hash>,
    root: Hash,
}

impl Multiproof {
    fn new(indexes: &[u64], size: u64) -> Self {
        let tree = tree(size);
        let places: Vec<_> = indexes.iter().map(|index| StateIndex(*index)).collect();
        let siblings = prove::multiproof(&tree, &places).expect("leaves");
        let leaves = indexes.iter().map(|index| (*index, leaf_hash(&leaf(*index)))).collect();
        Self { leaves, size, siblings, root: tree.root() }
    }

    fn input(&self) -> Value {
        let leaf =
            |(index, hash): &(u64, Hash)| json!({ "index": index.to_string(), "hash": hash.to_string() });
        let leaves: Vec<_> = self.leaves.iter().map(leaf).collect();
        json!({
            "kind": "multiproof", "leaves": leaves, "size": self.size.to_string(),
            "siblings": hashes(&self.siblings), "root": self.root.to_string(),
        })
    }

    fn name(&self) -> String {
        let indexes: Vec<_> = self.leaves.iter().map(|(index, _)| index.to_string()).collect();
        format!("multiproof-{}-of-{}", indexes.join("-"), self.size)
    }

    fn bad(&self, name: &str, about: &str, change: impl FnOnce(&mut Self)) -> Vector {
        let mut changed = self.clone();
        change(&mut changed);
        Vector::no(&format!("{}/{name}", self.name()), about, "07 §6", changed.input(), Code::BadProof)
    }
}

fn multiproofs() -> Vec<Vector> {
    let mut all = Vec::new();
    let good: [(&[u64], u64); 8] = [
        (&[0], 1),
        (&[1, 4], 7),
        (&[0, 1, 2, 3], 7),
        (&[0, 1, 2, 3, 4, 5, 6], 7),
        (&[6], 7),
        (&[0, 2, 4, 6], 8),
        (&[0, 16, 17, 32], 33),
        (&[0, 1, 5, 100, 255, 256], 257),
    ];
    for (indexes, size) in good {
        let proof = Multiproof::new(indexes, size);
        all.push(Vector::ok(&proof.name(), "A good proof.", "07 §6", proof.input(), Value::Null));
    }
    for indexes in [&[1, 4][..], &[0, 2, 3]] {
        let proof = Multiproof::new(indexes, 7);
        all.push(proof.bad("none", "No leaves.", |p| p.leaves.clear()));
        all.push(proof.bad("twice", "A leaf twice.", |p| p.leaves.insert(1, p.leaves[0])));
        all.push(proof.bad("order", "The leaves in another order.", |p| p.leaves.swap(0, 1)));
        all.push(proof.bad("exchanged", "The hashes of two leaves exchanged.", |p| {
            let first = p.leaves[0].1;
            p.leaves[0].1 = p.leaves[1].1;
            p.leaves[1].1 = first;
        }));
        all.push(proof.bad("leaf", "Another leaf.", |p| p.leaves[1].1 = flip(&p.leaves[1].1)));
        all.push(proof.bad("fewer", "One leaf alone.", |p| p.leaves.truncate(1)));
        all.push(proof.bad("outside", "An index outside the tree.", |p| p.leaves[1].0 = 7));
        all.push(proof.bad("size", "Another size.", |p| p.size = 9));
        all.push(proof.bad("no-size", "A tree without leaves.", |p| p.size = 0));
        all.push(proof.bad("huge-size", "A size that no tree has.", |p| p.size = 1 << 63));
        all.push(
            proof.bad("short", "The last sibling is missing.", |p| p.siblings.truncate(p.siblings.len() - 1)),
        );
        all.push(proof.bad("long", "One sibling more.", |p| p.siblings.push(Hash::default())));
        all.push(proof.bad("reversed", "The siblings in the opposite order.", |p| p.siblings.reverse()));
        all.push(
            proof.bad("sibling", "The first sibling changed.", |p| p.siblings[0] = flip(&p.siblings[0])),
        );
        all.push(proof.bad("root", "Another root.", |p| p.root = flip(&p.root)));
    }
    all
}

fn histories() -> Vec<Vector> {
    let mut all = Vec::new();
    let mut before = Hash::default();
    for (index, name) in [(0, "begins"), (17, "goes-on"), (u64::MAX - 1, "far")] {
        let entry = leaf_hash(&leaf(index));
        let after = history(&before, EntryIndex(index), &entry);
        let input = json!({
            "kind": "history", "before": before.to_string(), "index": index.to_string(), "entry": entry.to_string(),
        });
        let about = "The history of a leaf after one entry more.";
        let values = json!({ "after": after.to_string() });
        all.push(Vector::ok(&format!("history-{name}"), about, "06 §5", input, values));
        before = after;
    }
    all
}

fn statuses() -> Vec<Vector> {
    let vector = |name: &str, number: u64, statuses: &[(u64, Status)]| {
        let mut chunk = status_chunk();
        statuses.iter().for_each(|(place, status)| {
            status.write(&mut chunk, StateIndex(number * STATUS_CHUNK_INDEXES + place));
        });
        let bytes = status_leaf(number, &chunk);
        let item = |(place, status): &(u64, Status)| {
            let index = number * STATUS_CHUNK_INDEXES + place;
            json!({ "index": index.to_string(), "status": *status as u64 })
        };
        let statuses: Vec<_> = statuses.iter().map(item).collect();
        let input = json!({ "kind": "status", "chunk": number.to_string(), "statuses": statuses });
        let values = json!({ "leaf": hex(&bytes), "leaf_hash": leaf_hash(&bytes).to_string() });
        let about = "A chunk with these statuses: 0 live, 1 over, 2 suspended, 3 changed. All others are 0.";
        Vector::ok(name, about, "06 §6", input, values)
    };
    let last = STATUS_CHUNK_INDEXES - 1;
    vec![
        vector("status-live", 0, &[]),
        vector("status-first", 0, &[(0, Status::Suspended), (3, Status::Changed), (last, Status::Over)]),
        vector(
            "status-second",
            1,
            &[(0, Status::Over), (1, Status::Suspended), (2, Status::Changed), (7, Status::Over)],
        ),
    ]
}
