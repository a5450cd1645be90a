//! No room to write: the batch is refused as a whole, reading goes on, and after a restart with room everything that
//! was acknowledged is there.
//!
//! A real limit, that of a process's file size, which needs no rights: the writing process is this very binary, run
//! again as [`child`].

use crate::pair::{Pair, open, same};
use crate::story::{batches, story};
use remit::engine::build;
use remit::store::{Store, StoreError};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "REMIT_FULL_FOLDER";
/// The limit, in blocks of 512 bytes: the story fits, some hundred heartbeats do not.
const BLOCKS: u32 = 256;

/// The story again, and as many heartbeats as a folder has entries.
fn until(dir: &Path, size: u64) -> Pair {
    let world = story();
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir, &batches[0]);
    batches[1..].iter().for_each(|batch| pair.replay(batch));
    while pair.memory.len() < size {
        pair.submit(&[], world.now);
    }
    pair
}

/// Writes until there is no room, and says how many entries were acknowledged.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(FOLDER) else {
        assert_eq!(std::env::args().filter(|argument| argument == "--exact").count(), 0, "no folder");
        return;
    };
    let world = story();
    let mut pair = until(&Path::new(&dir).join("ledger"), 0);
    let full = loop {
        let batch = build(pair.rocks.view(), pair.rocks.trees(), &[], world.now).expect("builds");
        match pair.rocks.commit(batch.clone(), &[]) {
            Ok(_) => drop(pair.memory.commit(batch, &[])),
            Err(error) => break error,
        }
        assert!(pair.memory.len() < 5_000, "there is a limit");
    };
    assert_eq!(full, StoreError::Full);
    same(&pair.memory, &pair.rocks);
    let batch = build(pair.rocks.view(), pair.rocks.trees(), &[], world.now).expect("builds");
    assert_eq!(pair.rocks.commit(batch, &[]), Err(StoreError::Full), "and there is still none");
    same(&pair.memory, &pair.rocks);
    std::fs::write(Path::new(&dir).join("acknowledged"), pair.memory.len().to_string()).expect("written");
}

#[test]
fn a_batch_without_room_is_refused_whole_and_nothing_is_lost() {
    let dir = tempfile::tempdir().expect("folder");
    let this = std::env::current_exe().expect("this binary");
    // Writing beyond the limit then is an error, as on a full device, and no signal.
    let script = format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$0\" --exact full::child --nocapture");
    let output = Command::new("sh").args(["-c", &script]).arg(this).env(FOLDER, dir.path()).output();
    let output = output.expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let size = std::fs::read_to_string(dir.path().join("acknowledged")).expect("written");
    let size = size.parse().expect("a number");
    let again = tempfile::tempdir().expect("folder");
    let expected = until(again.path(), size);
    same(&expected.memory, &open(&dir.path().join("ledger")).expect("opens"));
}
