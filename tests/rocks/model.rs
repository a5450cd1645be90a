//! The random run of `tests/model` with a folder beside the store in memory: it decides the same, and after every crash
//! it is opened again and has kept the same.

use crate::disk::Mirror;
use crate::drive::Drive;
use crate::pair::{open, same, small};
use remit::engine::{Batch, begin, build};
use remit::store::rocks::RocksStore;
use remit::store::{MemoryStore, Store};
use remit_verifier::object::Verified;
use std::path::PathBuf;

struct Folder {
    dir: PathBuf,
    /// There is always one, but while it is opened again.
    store: Option<RocksStore>,
    opened: usize,
}

impl Mirror for Folder {
    fn keep(&mut self, input: &[Verified], objects: &[&[u8]], batch: &Batch) {
        let store = self.store.as_mut().expect("open");
        let ours = build(store.view(), store.trees(), input, batch.time).expect("builds");
        assert_eq!(
            (&ours.entries, &ours.answers, &ours.delta),
            (&batch.entries, &batch.answers, &batch.delta)
        );
        let head = ours.head;
        assert_eq!(store.commit(ours, objects).expect("committed").head(), head);
    }

    fn reopen(&mut self) {
        drop(self.store.take());
        self.store = Some(open(&self.dir).expect("opens"));
        self.opened += 1;
    }

    fn compare(&self, kept: &MemoryStore) {
        assert!(self.opened > 10, "opened {} times", self.opened);
        same(kept, self.store.as_ref().expect("open"));
    }
}

#[test]
fn a_folder_that_crashes_decides_and_keeps_what_the_model_says() {
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().to_path_buf();
    let mut drive = Drive::beside(|genesis| {
        let store = RocksStore::create(&path, begin(genesis), &small()).expect("created");
        Some(Box::new(Folder { dir: path.clone(), store: Some(store), opened: 0 }))
    });
    drive.run(11, 500);
    drive.compare();
    drive.audit();
}
