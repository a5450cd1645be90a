//! Folders: who may open them, copies, checks, and what is made anew out of a log.

use crate::pair::{Pair, open, same, small};
use crate::story::{batches, story};
use remit::engine::begin;
use remit::store::rocks::codec::encode_schema;
use remit::store::rocks::schema::{Family, SCHEMA, SCHEMA_KEY};
use remit::store::rocks::{
    Damage, Finding, OpenError, RebuildError, RocksStore, first_difference, fsck, rebuild,
};
use remit::store::{MemoryStore, Store as _};
use remit_verifier::types::{EntryIndex, StateIndex};
use std::fs;
use std::path::Path;

/// The story in a folder that is closed again.
pub fn folder(dir: &Path) -> MemoryStore {
    let world = story();
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir, &batches[0]);
    batches[1..].iter().for_each(|batch| pair.replay(batch));
    // Enough heartbeats for full tiles and more than one chunk to a tile.
    while pair.memory.len() < 530 {
        pair.submit(&[], world.now);
    }
    pair.memory
}

/// The database as it lies there, under nobody's rules.
pub fn raw(dir: &Path) -> rocksdb::DB {
    let options = rocksdb::Options::default();
    rocksdb::DB::open_cf(&options, dir, Family::ALL.map(Family::name)).expect("opens")
}

fn checked(dir: &Path) -> Vec<Finding> {
    let mut last = None;
    let found = fsck(dir, &small(), &mut |progress| last = Some(progress)).expect("is read");
    assert!(last.is_some_and(|last| last.done == last.of), "{last:?}");
    found
}

#[test]
fn a_ledger_is_made_in_an_empty_folder_only_and_opened_once() {
    let world = story();
    let genesis = batches(world.ledger.store())[0][0].entry;
    let remit_verifier::log::Entry::Genesis(genesis) =
        remit_verifier::log::Entry::decode(genesis).expect("decodes")
    else {
        panic!("genesis")
    };
    let dir = tempfile::tempdir().expect("folder");
    assert_eq!(open(dir.path()).err(), Some(OpenError::NoLedger));
    assert_eq!(open(&dir.path().join("none")).err(), Some(OpenError::NoLedger));
    let inside = dir.path().join("deep/ledger");
    let first = RocksStore::create(&inside, begin(&genesis), &small()).expect("made");
    assert_eq!(open(&inside).err(), Some(OpenError::Locked), "in the same process");
    assert_eq!(RocksStore::create(&inside, begin(&genesis), &small()).err(), Some(OpenError::NotEmpty));
    assert_eq!(
        RocksStore::create(dir.path(), begin(&genesis), &small()).err(),
        Some(OpenError::NotEmpty),
        "a folder that holds anything"
    );
    drop(first);
    assert_eq!(open(&inside).expect("opens").head().size.0, 2);
}

#[test]
fn a_backup_is_the_ledger_as_it_was() {
    let world = story();
    let (dir, to) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let batches = batches(world.ledger.store());
    let mut pair = Pair::create(dir.path(), &batches[0]);
    batches[1..20].iter().for_each(|batch| pair.replay(batch));
    let then = pair.memory.clone();
    let copy = to.path().join("copy");
    pair.rocks.handle().backup(&copy).expect("copied");
    assert_eq!(pair.rocks.handle().backup(&copy), Err(OpenError::NotEmpty));
    batches[20..].iter().for_each(|batch| pair.replay(batch));
    pair.compare();
    same(&then, &open(&copy).expect("opens"));
    assert_eq!(checked(&copy), []);
}

#[test]
fn another_schema_is_named_and_rebuilt_from_the_log() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let digest = open(dir.path()).expect("opens").digest();
    let earlier = SCHEMA - 1;
    {
        // A folder of an earlier schema: its records cannot be read, its log can.
        let db = raw(dir.path());
        db.put(SCHEMA_KEY, encode_schema(earlier)).expect("written");
        for family in [Family::State, Family::Tokens, Family::Named, Family::Times] {
            let cf = db.cf_handle(family.name()).expect("there");
            db.delete_range_cf(cf, &b""[..], &[0xff; 42][..]).expect("deleted");
        }
        db.delete(b"tip").expect("deleted");
    }
    let schema = OpenError::Schema { found: earlier, wanted: SCHEMA };
    assert_eq!(open(dir.path()).err(), Some(schema.clone()));
    assert_eq!(fsck(dir.path(), &small(), &mut |_| {}), Err(schema));
    let to = tempfile::tempdir().expect("folder");
    let mut done = 0;
    let rebuilt = rebuild(dir.path(), to.path(), &small(), &mut |progress| {
        assert!(progress.done > done && progress.of == memory.len());
        done = progress.done;
    });
    let rebuilt = rebuilt.expect("rebuilt");
    assert_eq!(done, memory.len());
    assert_eq!(rebuilt.digest(), digest, "every side record was written the same");
    same(&memory, &rebuilt);
    drop(rebuilt);
    same(&memory, &open(to.path()).expect("opens"));
    assert_eq!(checked(to.path()), []);
    let again = rebuild(dir.path(), to.path(), &small(), &mut |_| {});
    assert_eq!(again.err(), Some(RebuildError::Open(OpenError::NotEmpty)));
}

#[test]
fn a_folder_of_the_previous_schema_is_rebuilt_with_every_root_it_had() {
    let (old, to) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schema-1/data");
    for file in fs::read_dir(data).expect("the folder is there") {
        let file = file.expect("a file");
        fs::copy(file.path(), old.path().join(file.file_name())).expect("copied");
    }
    let schema = OpenError::Schema { found: 1, wanted: SCHEMA };
    assert_eq!(open(old.path()).err(), Some(schema.clone()));
    assert_eq!(fsck(old.path(), &small(), &mut |_| {}), Err(schema));
    let rebuilt = rebuild(old.path(), to.path(), &small(), &mut |_| {}).expect("rebuilt");
    assert_eq!(rebuilt.head().size.0, 53);
    let root = rebuilt.commitment().expect("closed").state_root.to_string();
    assert_eq!(root, "6131220c180e5d1f630491028219fce8f978526e125888a89a4a52e55b786d57");
    drop(rebuilt);
    assert_eq!(checked(to.path()), []);
}

#[test]
fn a_later_schema_is_not_rebuilt() {
    let (dir, to) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    folder(dir.path());
    raw(dir.path()).put(SCHEMA_KEY, encode_schema(SCHEMA + 1)).expect("written");
    let schema = OpenError::Schema { found: SCHEMA + 1, wanted: SCHEMA };
    assert_eq!(rebuild(dir.path(), to.path(), &small(), &mut |_| {}).err(), Some(RebuildError::Open(schema)));
}

/// A rebuild that stopped on its way is no ledger, not a shorter one.
#[test]
fn half_a_rebuild_is_no_ledger() {
    let (dir, to) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    folder(dir.path());
    {
        let db = raw(dir.path());
        let kept = db.cf_handle(Family::Kept.name()).expect("there");
        let mut items = db.iterator_cf(kept, rocksdb::IteratorMode::Start);
        let (key, _) = items.nth(9).expect("kept").expect("reads");
        db.delete_cf(kept, key).expect("deleted");
    }
    let stopped = rebuild(dir.path(), to.path(), &small(), &mut |_| {});
    assert!(matches!(stopped, Err(RebuildError::Batch(_))), "{stopped:?}");
    assert_eq!(open(to.path()).err(), Some(OpenError::NoLedger));
}

/// What a damaged record does at open, and what a check of the folder says; each on a copy of its own.
#[test]
fn every_record_that_is_changed_is_found() {
    let dir = tempfile::tempdir().expect("folder");
    folder(dir.path());
    assert_eq!(checked(dir.path()), []);
    let store = open(dir.path()).expect("opens");
    let last = |family: Family, from: &[u8], flip: usize| {
        let to = tempfile::tempdir().expect("folder");
        let copy = to.path().join("copy");
        store.handle().backup(&copy).expect("copied");
        let db = raw(&copy);
        let cf = db.cf_handle(family.name()).expect("there");
        let mode = rocksdb::IteratorMode::From(from, rocksdb::Direction::Forward);
        let (key, mut value) = db.iterator_cf(cf, mode).next().expect("a record").expect("reads");
        let at = value.len() - 1 - flip;
        value[at] ^= 1;
        db.put_cf(cf, key, value).expect("written");
        drop(db);
        (open(&copy).err(), checked(&copy), to)
    };
    let leaf = |index: u64| index.to_be_bytes();
    // The last byte of a unit's leaf: its decimals.
    let (opened, found, _dir) = last(Family::State, &leaf(4), 0);
    assert!(matches!(opened, Some(OpenError::Damaged(Damage::StateRoot { .. }))), "{opened:?}");
    assert!(matches!(found[..], [Finding::Damage(Damage::StateRoot { .. })]), "{found:?}");
    // The last byte of a token's values.
    let (opened, found, _dir) = last(Family::State, &leaf(6), 0);
    assert!(matches!(opened, Some(OpenError::Damaged(_))), "{opened:?}");
    assert!(!found.is_empty(), "{found:?}");
    // A digit of an entry in a full tile is found by a check; at open its root is in the tiles.
    let (opened, found, _dir) = last(Family::Log, b"e", 20);
    assert_eq!(opened, None);
    assert!(!found.is_empty(), "{found:?}");
    let (opened, found, _dir) = last(Family::Log, b"t", 20);
    assert!(matches!(opened, Some(OpenError::Damaged(Damage::LogRoot { .. }))), "{opened:?}");
    assert_eq!(found, [Finding::Damage(Damage::Tile { level: 0, number: 0 })]);
    let (opened, found, _dir) = last(Family::Kept, b"", 1);
    assert_eq!(opened, None);
    assert!(matches!(found[..], [Finding::Details(_) | Finding::Object(_)]), "{found:?}");
    let (opened, found, _dir) = last(Family::Tokens, b"", 8);
    assert_eq!(opened, None);
    assert!(!found.is_empty(), "{found:?}");
    let (opened, found, _dir) = last(Family::Named, b"i", 0);
    assert_eq!(opened, None);
    assert!(matches!(found[..], [Finding::Names(_)]), "{found:?}");
    let (opened, _, _dir) = last(Family::Meta, b"tip", 8);
    assert_eq!(opened, None, "the digest is compared by a rebuild only");
    let (opened, found, _dir) = last(Family::Meta, b"tip", 40);
    assert!(matches!(opened, Some(OpenError::Damaged(Damage::LogRoot { .. }))), "{opened:?}");
    assert!(matches!(found[..], [Finding::Damage(Damage::LogRoot { .. })]), "{found:?}");
}

/// Records that are under no root are compared with those that the log leads to.
#[test]
fn a_record_that_only_a_replay_knows_is_found_by_one() {
    let (dir, to) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    folder(dir.path());
    drop(rebuild(dir.path(), to.path(), &small(), &mut |_| {}).expect("rebuilt"));
    let differs = || first_difference(dir.path(), to.path(), &small());
    assert_eq!(differs(), Ok(None));
    let db = raw(dir.path());
    let named = db.cf_handle(Family::Named.name()).expect("there");
    let mode = rocksdb::IteratorMode::From(b"r", rocksdb::Direction::Forward);
    let (key, value) = db.iterator_cf(named, mode).next().expect("a reservation").expect("reads");
    let mut more = value.to_vec();
    more[0x40] ^= 1;
    db.put_cf(named, &key, more).expect("written");
    let id: String = key[1..].iter().map(|byte| format!("{byte:02x}")).collect();
    drop(db);
    assert_eq!(checked(dir.path()), [], "nothing else in the folder says how much it was");
    assert_eq!(differs(), Ok(Some(format!("reservation {id}").into())));
    let db = raw(dir.path());
    db.put_cf(db.cf_handle(Family::Named.name()).expect("there"), &key, value).expect("written");
    db.put_cf(db.cf_handle(Family::Times.name()).expect("there"), b"z", b"z").expect("written");
    drop(db);
    assert_eq!(differs(), Ok(Some("a record of the column family times".into())));
}

/// Records that are gone, or too many.
#[test]
fn every_record_that_is_gone_is_found() {
    let dir = tempfile::tempdir().expect("folder");
    let memory = folder(dir.path());
    let store = open(dir.path()).expect("opens");
    let without = |family: Family, key: &[u8], instead: Option<&[u8]>| {
        let to = tempfile::tempdir().expect("folder");
        let copy = to.path().join("copy");
        store.handle().backup(&copy).expect("copied");
        let db = raw(&copy);
        let cf = db.cf_handle(family.name()).expect("there");
        match instead {
            Some(value) => db.put_cf(cf, key, value).expect("written"),
            None => db.delete_cf(cf, key).expect("deleted"),
        }
        drop(db);
        (open(&copy).err(), checked(&copy))
    };
    let (opened, found) = without(Family::State, &5u64.to_be_bytes(), None);
    let missing = Damage::LeafMissing(StateIndex(5));
    assert_eq!(opened, Some(OpenError::Damaged(missing.clone())));
    assert_eq!(found, [Finding::Damage(missing)]);
    let beyond = memory.trees().state.size().0;
    let (opened, found) = without(Family::State, &beyond.to_be_bytes(), Some(b"x"));
    let too_many = Damage::LeafBeyond(StateIndex(beyond));
    assert_eq!(opened, Some(OpenError::Damaged(too_many.clone())));
    assert_eq!(found, [Finding::Damage(too_many)]);
    let chunk = |at: u64| [&b"e"[..], &at.to_be_bytes()].concat();
    let last = memory.len() - 1;
    let (opened, found) = without(Family::Log, &chunk(last), None);
    assert_eq!(opened, Some(OpenError::Damaged(Damage::Record(format!("the chunk of entry {last}").into()))));
    assert!(found.contains(&Finding::Damage(Damage::Entry(EntryIndex(last)))), "{found:?}");
    let (opened, found) = without(Family::Log, &chunk(2), None);
    assert_eq!(opened, None);
    assert_eq!(found[0], Finding::Damage(Damage::Entry(EntryIndex(2))));
}

/// A copy that lacked a table of records under no root opened in good order, and stopped when it was first read.
#[test]
fn a_folder_without_one_of_its_tables_is_refused() {
    let world = story();
    let log = batches(world.ledger.store());
    let dir = tempfile::tempdir().expect("folder");
    let mut pair = Pair::create(dir.path(), &log[0]);
    log[1..].iter().for_each(|batch| pair.replay(batch));
    pair.rocks.handle().flush().expect("written");
    drop(pair);
    let files = std::fs::read_dir(dir.path()).expect("a folder").map(|file| file.expect("a file").path());
    let tables: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "sst")).collect();
    assert!(tables.len() >= 5, "one for each family");
    for table in tables {
        let whole = std::fs::read(&table).expect("reads");
        std::fs::write(&table, &whole[..whole.len() - 1]).expect("written");
        assert!(open(dir.path()).is_err(), "{} is cut short", table.display());
        std::fs::remove_file(&table).expect("removed");
        assert!(open(dir.path()).is_err(), "{} is gone", table.display());
        std::fs::write(&table, whole).expect("written");
    }
    open(dir.path()).expect("whole again");
}
