//! What a ledger shows to a monitor: a log that can be exchanged, signed by the log's key, page by page, or nothing.

use crate::liar::Liar;
use crate::log::{Log, Row};
use crate::world::{World, key};
use remit::audit::Source;
use remit::audit::monitor::{Event, EventCode, Interests, Ledger, Monitor, Remembered, Settings};
use remit::engine::StoredEntry;
use remit::tree::{PagedTree, prove};
use remit_verifier::c2sp::{Checkpoint, Trust};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::Genesis;
use remit_verifier::sign::{Signer as _, sign_checkpoint};
use remit_verifier::types::{EntryIndex, Hash, Millis, TreeSize};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

pub const ORIGIN: &str = "remit.example/test";
pub const SKEW: Millis = Millis(2_000);
pub const STALE: Millis = Millis(60_000);

pub fn leaves(log: &Log) -> PagedTree {
    let mut tree = PagedTree::new();
    tree.extend(log.0.iter().map(|row| leaf_hash(&row.entry)));
    tree
}

/// The checkpoint of a log, signed by its key.
pub fn note(log: &Log) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(log.0.len() as u64), leaves(log).root()).expect("one");
    sign_checkpoint(&key("log"), &checkpoint).expect("a note")
}

pub struct Place {
    pub log: Log,
    pub note: String,
    /// Entries of a page at most.
    pub page: usize,
    /// Questions that are answered before nobody answers any more.
    pub answers: usize,
    /// Entries that are shown; all, if not stated.
    pub shown: Option<Log>,
    /// Proofs that are refused before the first one is given.
    pub refuses: usize,
    pub asked: usize,
    /// The first entry that was asked for since this was `None`.
    pub first: Option<u64>,
}

/// A ledger at an address; clones are the same one.
#[derive(Clone)]
pub struct Server(pub &'static str, pub Arc<Mutex<Place>>);

impl Server {
    pub fn of(log: &Log) -> Self {
        Self::at("https://ledger.example", log)
    }

    pub fn at(address: &'static str, log: &Log) -> Self {
        let (log, note) = (log.clone(), note(log));
        let place = Place {
            log,
            note,
            page: 4_096,
            answers: usize::MAX,
            shown: None,
            refuses: 0,
            asked: 0,
            first: None,
        };
        Self(address, Arc::new(Mutex::new(place)))
    }

    pub fn show(&self, log: &Log) {
        self.change(|place| (place.log, place.note) = (log.clone(), note(log)));
    }

    pub fn change(&self, change: impl FnOnce(&mut Place)) {
        change(&mut self.1.lock().expect("not poisoned"));
    }

    fn asked<T>(&self, answer: impl FnOnce(&mut Place) -> T) -> Result<T, String> {
        let mut place = self.1.lock().expect("not poisoned");
        place.asked += 1;
        place.answers = place.answers.checked_sub(1).ok_or_else(|| {
            place.answers = 0;
            String::from("nobody answers")
        })?;
        Ok(answer(&mut place))
    }
}

fn stored(row: &Row) -> StoredEntry {
    StoredEntry { entry: row.entry.clone(), object: row.object.clone(), details: row.details.clone() }
}

impl Source for Server {
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String> {
        self.asked(|place| {
            place.first.get_or_insert(from);
            let rows = place.shown.as_ref().unwrap_or(&place.log).0.iter().skip(from as usize);
            rows.take(place.page.min(limit as usize)).map(stored).collect()
        })
    }
}

impl Ledger for Server {
    fn address(&self) -> String {
        self.0.into()
    }

    fn checkpoint(&mut self) -> Result<String, String> {
        self.asked(|place| place.note.clone())
    }

    fn consistency(&mut self, from: TreeSize, to: TreeSize) -> Result<Option<Vec<Hash>>, String> {
        self.asked(|place| match place.refuses.checked_sub(1) {
            Some(left) => {
                place.refuses = left;
                None
            }
            None => prove::consistency(&leaves(&place.log), from, to).ok(),
        })
    }
}

/// The trust of somebody who takes the log's word alone.
pub fn trust() -> Trust {
    let vkey = remit_verifier::c2sp::VerifierKey::new(
        ORIGIN,
        remit_verifier::c2sp::KeyKind::Note,
        &key("log").public_key(),
    );
    Trust::parse(format!("log {}\nquorum none\n", vkey.expect("a key")).as_bytes()).expect("trust")
}

pub fn settings(log: &Log) -> Settings {
    Settings {
        trust: trust(),
        origin: ORIGIN.into(),
        ledger: Genesis::ledger_id(&log.0[0].entry),
        skew: SKEW,
        stale_after: STALE,
    }
}

pub fn monitor(log: &Log) -> Monitor {
    watching(log, Interests::default())
}

pub fn watching(log: &Log, interests: Interests) -> Monitor {
    Monitor::new(settings(log), interests, &Remembered::default()).expect("begins")
}

/// One round; what was said.
pub fn round(monitor: &mut Monitor, server: &Server, now: Millis) -> Vec<Event> {
    let done: Result<(), Infallible> = monitor.round(&mut server.clone(), now, |_| Ok(()));
    done.expect("nothing fails");
    monitor.take_events()
}

/// What was said, by code and entry.
pub fn said(events: &[Event]) -> Vec<(EventCode, Option<u64>)> {
    events.iter().map(|event| (event.code, event.entry.map(|at| at.0))).collect()
}

/// What a new monitor says of a log, at a time.
pub fn caught(log: &Log, now: Millis) -> Vec<Event> {
    round(&mut monitor(log), &Server::of(log), now)
}

/// The one thing that a new monitor says of a ledger that lies, which must be this, of this entry, and name it.
pub fn caught_once(liar: &Liar, now: Millis, code: EventCode, at: impl Into<u64>) -> Event {
    let (mut events, at) = (caught(&liar.log, now), at.into());
    assert_eq!(said(&events), [(code, Some(at))], "{events:?}");
    let event = events.remove(0);
    assert!(event.to_string().starts_with(&format!("entry {at}: ")), "{event}");
    event
}

/// A ledger with a token of 100 for Alice.
pub fn with_a_token() -> (World, remit_verifier::types::ObjectId) {
    let mut world = World::new();
    let token = world.root("alice", 100);
    (world, token)
}

pub fn index(at: EntryIndex, more: u64) -> u64 {
    at.0 + more
}
