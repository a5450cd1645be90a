//! SIGKILL at random moments under load: nothing acknowledged is lost, nothing signed is contradicted.

use super::child::{said, start};
use super::house::Place;
use remit::audit;
use remit::engine::Kept;
use remit::store::rocks::RocksOptions;
use remit::store::{RocksStore, Store, StoredEntry};
use remit::tree::prove;
use remit_verifier::hash::sha256;
use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, TreeSize};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Child;
use std::time::Duration;

const KILLS: u64 = 200;
/// The child is killed so long after it opened at most, in microseconds.
const LIFE_MAX_US: u64 = 200_000;

/// Numbers that a seed determines.
struct Dice {
    seed: u64,
    drawn: u64,
}

impl Dice {
    fn draw(&mut self, below: u64) -> u64 {
        self.drawn += 1;
        let hash = sha256(&[b"crash", &self.seed.to_be_bytes(), &self.drawn.to_be_bytes()]).0;
        u64::from_be_bytes(*hash.first_chunk().expect("32 bytes")) % below
    }
}

/// What the client keeps for itself, through all kills.
#[derive(Default)]
struct Told {
    acknowledged: BTreeMap<u64, String>,
    signed: BTreeMap<u64, String>,
    opened: u64,
}

impl Told {
    fn take(&mut self, lines: &[String]) {
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["ACK", id, entry] => {
                    let before = self.acknowledged.insert(entry.parse().expect("a number"), id.into());
                    assert_eq!(before, None, "entry {entry} was acknowledged twice");
                }
                ["SIGNED" | "OPEN", size, root] => {
                    self.opened += u64::from(words[0] == "OPEN");
                    let before = self.signed.insert(size.parse().expect("a number"), root.into());
                    assert!(before.is_none_or(|before| before == root), "two histories of size {size}");
                }
                _ => panic!("the child said `{line}`"),
            }
        }
    }
}

/// Lets the child live for a while, kills it, and gives what it said.
fn live_and_die(mut child: Child, life: Duration, from_start: bool) -> Vec<String> {
    let mut output = child.stdout.take().expect("a pipe");
    let mut heard = Vec::new();
    if !from_start {
        // The clock of its life begins when it has opened.
        let mut buffer = [0; 4096];
        while !said(&heard).iter().any(|line| line.starts_with("OPEN") || line.starts_with("REFUSED")) {
            let read = output.read(&mut buffer).expect("reads");
            assert_ne!(read, 0, "the child died by itself: {}", errors(&mut child));
            heard.extend_from_slice(&buffer[..read]);
        }
    }
    std::thread::sleep(life);
    // SIGKILL, to this process alone, by its id.
    child.kill().expect("kills");
    output.read_to_end(&mut heard).expect("reads");
    let status = child.wait().expect("ends");
    assert!(!status.success(), "the child ended by itself: {}", errors(&mut child));
    said(&heard)
}

fn errors(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(mut errors) = child.stderr.take() {
        errors.read_to_string(&mut text).expect("reads");
    }
    text
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn two_hundred_kills_lose_nothing_that_was_acknowledged() {
    let seed = number("REMIT_CRASH_SEED", u64::from(std::process::id()));
    let kills = number("REMIT_CRASH_KILLS", KILLS);
    println!("REMIT_CRASH_SEED={seed} REMIT_CRASH_KILLS={kills}");
    let mut dice = Dice { seed, drawn: 0 };
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    place.build();
    let mut told = Told::default();
    for _ in 0..kills {
        let from_start = dice.draw(8) == 0;
        let life = Duration::from_micros(dice.draw(LIFE_MAX_US));
        told.take(&live_and_die(start(&place, &[], None), life, from_start));
    }
    let store = place.open(&RocksOptions::default()).expect("opens");
    println!(
        "{} acknowledged, {} signed, {} opened",
        told.acknowledged.len(),
        told.signed.len(),
        told.opened
    );
    assert!(told.opened >= kills * 3 / 4 && told.acknowledged.len() as u64 > kills, "it was under load");
    compare(&store, &told);
}

/// Everything acknowledged is there; everything signed is a prefix; the whole log replays to the very roots.
fn compare(store: &RocksStore, told: &Told) {
    let read = store.reader();
    for (at, id) in &told.acknowledged {
        let kept =
            read.entry(EntryIndex(*at)).expect("reads").unwrap_or_else(|| panic!("entry {at} is lost"));
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&kept.entry) else { panic!("entry {at} is another") };
        assert_eq!(outcome.id.to_string(), *id, "entry {at}");
    }
    for (size, root) in &told.signed {
        let kept = prove::root_at(read.log(), TreeSize(*size)).expect("a root");
        assert_eq!(kept.to_string(), *root, "the checkpoint of size {size} is contradicted");
    }
    let all: Vec<StoredEntry> =
        (0..read.len()).map(|at| read.entry(EntryIndex(at)).expect("reads").expect("an entry")).collect();
    let kept = all.iter().map(|kept| Kept {
        entry: &kept.entry,
        object: kept.object.as_deref(),
        details: kept.details.as_ref(),
    });
    let rebuilt = audit::replay(kept, Some(&store.head())).expect("replays");
    assert_eq!(rebuilt.report.log, store.head());
    assert_eq!(rebuilt.report.state_root, store.trees().state.root());
    assert_eq!(rebuilt.report.status_root, store.trees().status.root());
}
