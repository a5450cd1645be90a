//! Every case of `tests/data/rfc6962-proofs`.

use base64ct::{Base64, Encoding};
use remit_verifier::hash::sha256;
use remit_verifier::merkle::{
    ProofError, Subtree, TreeHead, verify_consistency, verify_inclusion, verify_subtree_consistency,
    verify_subtree_inclusion,
};
use remit_verifier::types::{EntryIndex, Hash, TreeSize};
use serde_json::Value;
use std::error::Error;

/// One line of a file.
struct Case(Value);

impl Case {
    fn number(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_else(|| panic!("{key} of {}", self.0))
    }

    fn hash(&self, key: &str) -> Hash {
        hash(&self.0[key])
    }

    /// Another length than 32 bytes is refused here, as by every decoder.
    fn leaf(&self) -> Result<Hash, String> {
        let leaf = bytes(&self.0["leafHash"]).try_into();
        leaf.map(Hash).map_err(|bytes| format!("leaf hash of {} bytes", bytes.len()))
    }

    fn proof(&self) -> Vec<Hash> {
        self.0["proof"].as_array().into_iter().flatten().map(hash).collect()
    }

    fn tree(&self, size: &str, root: &str) -> TreeHead {
        TreeHead { size: TreeSize(self.number(size)), root: self.hash(root) }
    }

    fn subtree(&self) -> Result<Subtree, ProofError> {
        Subtree::new(EntryIndex(self.number("start")), EntryIndex(self.number("end")))
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    Base64::decode_vec(value.as_str().expect("a string")).expect("base64")
}

/// A root or sibling; a string of another length stands for a hash of its own.
fn hash(value: &Value) -> Hash {
    bytes(value).try_into().map_or_else(|bytes: Vec<u8>| sha256(&[b"not 32 bytes", &bytes]), Hash)
}

/// Runs the lines of `file` through `verify`; `accepted` and `refused` are how many there are of each.
fn check(
    file: &str,
    accepted: usize,
    refused: usize,
    verify: impl Fn(&Case, &[Hash]) -> Result<(), Box<dyn Error>>,
) {
    let path = format!("{}/tests/data/rfc6962-proofs/{file}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the vectors are tracked");
    let mut seen = (0, 0);
    for line in text.lines() {
        let case = Case(serde_json::from_str(line).expect("JSON"));
        let want_refused = case.0["wantErr"].as_bool().expect("wantErr");
        let result = verify(&case, &case.proof());
        assert_eq!(result.is_err(), want_refused, "{}: {result:?}", case.0["name"]);
        if want_refused { seen.1 += 1 } else { seen.0 += 1 }
    }
    assert_eq!(seen, (accepted, refused), "{file}");
}

#[test]
fn inclusion() {
    check("inclusion", 6, 92, |case, proof| {
        let (index, size) = (EntryIndex(case.number("leafIdx")), TreeSize(case.number("treeSize")));
        Ok(verify_inclusion(&case.leaf()?, index, size, proof, &case.hash("root"))?)
    });
}

#[test]
fn consistency() {
    check("consistency", 6, 92, |case, proof| {
        Ok(verify_consistency(&case.tree("size1", "root1"), &case.tree("size2", "root2"), proof)?)
    });
}

#[test]
fn subtree_inclusion() {
    check("subtreeinclusion", 12, 192, |case, proof| {
        let index = EntryIndex(case.number("leafIdx"));
        Ok(verify_subtree_inclusion(&case.leaf()?, index, &case.subtree()?, proof, &case.hash("root"))?)
    });
}

#[test]
fn subtree_consistency() {
    check("subtreeconsistency", 12, 106, |case, proof| {
        let tree = case.tree("size", "root2");
        Ok(verify_subtree_consistency(&case.subtree()?, &case.hash("root1"), &tree, proof)?)
    });
}
