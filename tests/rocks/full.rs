//! A device without room: the batch is refused whole, reading goes on, and writing does when there is room again.

use crate::pair::{Pair, open, same, small};
use crate::story::{batches, story};
use remit::engine::{build, replay};
use remit::store::{Store, StoreError};
use std::path::Path;

pub fn probe(dir: &Path) {
    let world = story();
    let batches = batches(world.ledger.store());
    let inside = dir.join("ledger");
    let mut pair = Pair::create(&inside, &batches[0]);
    let mut next = 1;
    for batch in &batches[1..5] {
        pair.replay(batch);
        next += 1;
    }
    // ballast
    let ballast = dir.join("ballast");
    {
        let mut file = std::fs::File::create(&ballast).unwrap();
        let zeros = [0u8; 1024];
        use std::io::Write;
        while file.write_all(&zeros).is_ok() {}
    }
    let mut full = 0;
    for round in 0..200 {
        let kept = &batches[next];
        let batch = replay(pair.rocks.view(), pair.rocks.trees(), &pair.ledger, kept).expect("replays");
        let objects: Vec<&[u8]> = kept.iter().filter_map(|kept| kept.object).collect();
        match pair.rocks.commit(batch, &objects) {
            Ok(_) => {
                let theirs = replay(pair.memory.state(), pair.memory.trees(), &pair.ledger, kept).expect("replays");
                pair.memory.commit(theirs, &objects);
                next += 1;
                if full > 0 { eprintln!("round {round}: ok again"); if next > 30 {break;} }
            }
            Err(error) => {
                eprintln!("round {round} next {next}: {error:?}");
                full += 1;
                pair.compare();
                if full == 3 { std::fs::remove_file(&ballast).unwrap(); eprintln!("room"); }
                if full > 3 { std::thread::sleep(std::time::Duration::from_millis(500)); }
                if full > 30 { break; }
            }
        }
    }
    pair.compare();
    let pair = pair.reopen(&inside);
    pair.compare();
    let _ = (open, same, small, build::<remit::store::rocks::RocksView>, StoreError::Full);
}

#[test]
fn probe_tmpfs() {
    probe(Path::new("/tmp/rocks_full"));
}
