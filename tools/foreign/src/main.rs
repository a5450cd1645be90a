//! Reads an exported log with `tlog_tiles` and `signed_note`, which know nothing of Remit, and checks by their code the
//! signature, every tile, the inclusion of every entry, and that the log goes on from an older checkpoint.
//!
//! Usage: `foreign DIR VKEY OLDER_CHECKPOINT`. Anything that does not hold ends it with a panic.

use signed_note::{Note, StandardVerifier, VerifierList};
use std::fs;
use std::path::{Path, PathBuf};
use tlog_tiles::{
    Checkpoint, Error, Hash, HashReader as _, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, tree_hash,
};

/// The files of a folder, one of which may be another one.
struct Files {
    dir: PathBuf,
    changed: Option<u8>,
}

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let read = |tile: &Tile| {
            // The client's paths name the height, which C2SP fixes at 8 and leaves out.
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let mut bytes =
                fs::read(self.dir.join(path)).map_err(|error| Error::InvalidInput(error.to_string()))?;
            bytes[0] ^= self.changed.unwrap_or(0);
            Ok(bytes)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// A checkpoint, whose signature was verified by this key.
fn checkpoint(path: &Path, vkey: &str) -> Checkpoint {
    let note = Note::from_bytes(&fs::read(path).expect("a file")).expect("a note");
    let log = StandardVerifier::new(vkey).expect("a verifier key");
    let (verified, unknown) = note.verify(&VerifierList::new(vec![Box::new(log)])).expect("signed");
    assert_eq!((verified.len(), unknown.len()), (1, 0));
    let checkpoint = Checkpoint::from_bytes(note.text()).expect("a checkpoint");
    assert_eq!(checkpoint.extension(), "");
    checkpoint
}

/// Every entry, out of bundles of 256, each behind its length in two bytes.
fn entries(dir: &Path, size: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        let width = (size - bundle * 256).min(256);
        let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
        let bytes = fs::read(dir.join(format!("tile/entries/{bundle:03}{partial}"))).expect("a bundle");
        let mut rest = bytes.as_slice();
        while let Some((length, behind)) = rest.split_first_chunk::<2>() {
            let (entry, behind) = behind.split_at(usize::from(u16::from_be_bytes(*length)));
            all.push(entry.to_vec());
            rest = behind;
        }
    }
    all
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, vkey, older] = arguments.as_slice() else { panic!("usage: foreign DIR VKEY OLDER_CHECKPOINT") };
    let dir = PathBuf::from(dir);
    let (old, new) = (checkpoint(Path::new(older), vkey), checkpoint(&dir.join("checkpoint"), vkey));
    assert!(old.size() < new.size() && new.size() > 256, "the log grew over a full tile");
    let (size, root) = (new.size(), *new.hash());

    let files = Files { dir: dir.clone(), changed: None };
    let reader = TileHashReader::new(size, root, &files);
    assert!(tree_hash(size, &reader).is_ok_and(|computed| computed == root));
    let all = entries(&dir, size);
    assert_eq!(all.len() as u64, size);
    for (index, entry) in (0..).zip(&all) {
        let proof = prove_record(size, index, &reader).expect("a proof");
        check_record(&proof, size, root, index, record_hash(entry)).expect("included");
        assert!(check_record(&proof, size, root, index, record_hash(b"another")).is_err());
    }
    let proof = prove_tree(size, old.size(), &reader).expect("a proof");
    check_tree(&proof, size, root, old.size(), *old.hash()).expect("it goes on");
    assert!(check_tree(&proof, size, root, old.size(), Hash([7; 32])).is_err());

    // It is the client that checks: a tile that is changed is refused.
    let files = Files { dir, changed: Some(1) };
    assert!(TileHashReader::new(size, root, &files).read_hashes(&[0]).is_err());
    println!(
        "{} entries of {} read and proved by tlog_tiles; it goes on from {}",
        size,
        new.origin(),
        old.size()
    );
}
