//! What a replaying witness computes again (spec 21 §5): every entry of one ledger from the first on, in a thread.
//!
//! What it is shown of entries nobody signed. So nobody is accused by them alone: only if they are those under a
//! signed checkpoint, and an object has the id that its entry names, is the ledger what they say it is.

use crate::audit::{BATCH_ENTRIES_MAX, Fault, Held, Source, closes};
use crate::engine::{ReplayError, StoredEntry};
use remit_verifier::c2sp::VerifierKey;
use remit_verifier::hash::leaf_hash;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Entries that are asked for at a time.
pub const PAGE: u64 = 2_048;
/// How long a request waits for its checkpoint to be computed again.
const REACH_TIME_MAX: Duration = Duration::from_secs(2);
/// How long the thread rests when the ledger does not give what it needs.
const REST: Duration = Duration::from_millis(250);
/// Ends of batches that are remembered, the newest.
const HEADS_MAX: usize = 65_536;

/// Whether a head is what the rules make of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// It is.
    Good,
    /// That is not known yet: why.
    NotYet(String),
    /// The ledger was caught in a lie, now or earlier.
    False {
        /// Which.
        says: String,
        /// The note that it signed over it.
        note: String,
    },
}

/// A replay on its way, in a thread of its own.
pub struct Replaying {
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// The head that somebody wanted last of those that are ahead, with its note.
    wanted: Option<(TreeHead, String)>,
    /// Ends of batches that were computed again, under a signed checkpoint: size and root.
    heads: BTreeMap<u64, Hash>,
    /// Why the thread gets no further at the moment.
    trouble: Option<String>,
    /// What the ledger was caught in, and the note.
    lie: Option<(String, String)>,
    stop: bool,
}

impl Progress {
    fn size(&self) -> u64 {
        self.heads.last_key_value().map_or(0, |(size, _)| *size)
    }

    /// What is known of a head; nothing if it is ahead.
    fn knows(&self, head: &TreeHead, note: &str) -> Option<Vouched> {
        if let Some((says, note)) = &self.lie {
            return Some(Vouched::False { says: says.clone(), note: note.clone() });
        }
        let size = head.size.0;
        if size > self.size() {
            return None;
        }
        Some(match self.heads.get(&size) {
            Some(root) if *root == head.root => Vouched::Good,
            // Who signs this has signed what it contradicts: a larger checkpoint over these entries.
            None if self.heads.first_key_value().is_some_and(|(first, _)| size > *first) => {
                Vouched::False { says: format!("{size} entries end no batch"), note: note.into() }
            }
            Some(_) => Vouched::False { says: format!("another root at size {size}"), note: note.into() },
            None => Vouched::NotYet("it is older than what is remembered".into()),
        })
    }
}

impl Replaying {
    /// Starts the replay of the ledger of these log keys, from its first entry on.
    ///
    /// # Errors
    ///
    /// What the thread could not be started for.
    pub fn start(source: Box<dyn Source>, logs: Vec<VerifierKey>) -> std::io::Result<Self> {
        let shared: Arc<Shared> = Arc::default();
        let (held, heads) = (Held::new(logs.clone()), Vec::new());
        let worker = Worker { shared: shared.clone(), source, logs, held, heads };
        let thread = std::thread::Builder::new().name("replay".into()).spawn(move || worker.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Waits a moment for it to be known whether a head, signed in `note`, is what the rules make of the log.
    pub fn reach(&self, head: &TreeHead, note: &str) {
        let mut progress = self.shared.progress();
        if head.size.0 > progress.size() {
            progress.wanted = Some((*head, note.into()));
            self.shared.changed.notify_all();
        }
        let unknown = |progress: &mut Progress| progress.knows(head, note).is_none() && !progress.stop;
        drop(self.shared.changed.wait_timeout_while(progress, REACH_TIME_MAX, unknown));
    }

    /// Whether a head, signed in `note`, is what the rules make of the log, as far as that is known.
    pub fn vouch(&self, head: &TreeHead, note: &str) -> Vouched {
        let mut progress = self.shared.progress();
        let known = progress.knows(head, note);
        if let Some(Vouched::False { says, note }) = &known {
            progress.lie.get_or_insert_with(|| (says.clone(), note.clone()));
        }
        known.unwrap_or_else(|| {
            let size = progress.size();
            Vouched::NotYet(progress.trouble.clone().unwrap_or_else(|| format!("{size} entries so far")))
        })
    }

    /// Entries that were computed again, and why it goes on no more.
    pub fn standing(&self) -> (u64, Option<String>) {
        let progress = self.shared.progress();
        (progress.size(), progress.lie.as_ref().map(|(says, _)| says.clone()))
    }
}

impl Drop for Replaying {
    fn drop(&mut self) {
        self.shared.progress().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the thread does not reach a head.
enum Halt {
    /// What it was shown proves nothing against anybody, or nothing was shown.
    Trouble(String),
    /// What it was shown is under no checkpoint that was seen.
    Unsigned,
    /// The ledger signed what its own entries contradict.
    Lie(String),
}

/// An entry whose object is not shown cannot be vouched for, and nothing behind it.
fn not_covered(at: EntryIndex) -> String {
    format!(
        "not_covered: the object of entry {at} is not shown; of a pruned ledger only who began before can vouch"
    )
}

struct Worker {
    shared: Arc<Shared>,
    source: Box<dyn Source>,
    logs: Vec<VerifierKey>,
    /// The entries that were computed again.
    held: Held,
    /// Ends of batches since the last signed one that was reached.
    heads: Vec<TreeHead>,
}

impl Worker {
    fn run(mut self) {
        while let Some((head, note)) = self.next() {
            let halt = self.advance(&head);
            let mut progress = self.shared.progress();
            let why = match halt {
                Ok(()) => {
                    progress.trouble = None;
                    let reached = self.heads.iter().take_while(|reached| reached.size <= head.size).count();
                    progress.heads.extend(self.heads.drain(..reached).map(|it| (it.size.0, it.root)));
                    while progress.heads.len() > HEADS_MAX {
                        progress.heads.pop_first();
                    }
                    self.shared.changed.notify_all();
                    continue;
                }
                Err(Halt::Lie(says)) => {
                    progress.lie = Some((says, note));
                    self.shared.changed.notify_all();
                    continue;
                }
                Err(Halt::Trouble(why)) => why,
                Err(Halt::Unsigned) => {
                    self.held = Held::new(self.logs.clone());
                    self.heads.clear();
                    progress.heads.clear();
                    "what it shows are not the entries under its checkpoint".into()
                }
            };
            tracing::warn!(why, "the ledger does not give what is to be computed again");
            progress.trouble = Some(why);
            let rest = |progress: &mut Progress| !progress.stop;
            drop(self.shared.changed.wait_timeout_while(progress, REST, rest));
        }
    }

    /// The head to reach next; nothing when it is time to stop.
    fn next(&self) -> Option<(TreeHead, String)> {
        let mut progress = self.shared.progress();
        loop {
            if progress.stop {
                return None;
            }
            let ahead = |(head, _): &&(TreeHead, String)| head.size.0 > progress.size();
            if let Some(wanted) = progress.wanted.as_ref().filter(ahead).filter(|_| progress.lie.is_none()) {
                return Some(wanted.clone());
            }
            progress = self.shared.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Replays up to a head that somebody signed.
    fn advance(&mut self, target: &TreeHead) -> Result<(), Halt> {
        if self.held.head().size >= target.size {
            return if self.heads.contains(target) { Ok(()) } else { Err(Halt::Unsigned) };
        }
        // All entries up to the head, also those behind one that is wrong: it counts only under its signature.
        let mut all = self.held.trees().log.clone();
        let (mut batch, mut wrong): (Vec<StoredEntry>, Option<String>) = (Vec::new(), None);
        while all.size() < target.size {
            let limit = PAGE.min(target.size.0 - all.size().0);
            let mut items = self.source.entries(all.size().0, limit).map_err(Halt::Trouble)?;
            items.truncate(limit as usize);
            if items.is_empty() {
                return Err(Halt::Trouble(format!("it shows {} entries and no more", all.size())));
            }
            for item in items {
                all.push(leaf_hash(&item.entry));
                if wrong.is_some() {
                    continue;
                }
                let last = closes(&item.entry);
                batch.push(item);
                // Nobody may have signed this: without an end it is no longer kept than a batch may be.
                if last || batch.len() > BATCH_ENTRIES_MAX {
                    match self.batch(&std::mem::take(&mut batch)) {
                        Ok(()) => {}
                        Err(Halt::Lie(says)) => wrong = Some(says),
                        Err(halt) => return Err(halt),
                    }
                }
            }
        }
        if all.root() != target.root {
            return Err(Halt::Unsigned);
        }
        match wrong {
            Some(says) => Err(Halt::Lie(says)),
            None if batch.is_empty() => Ok(()),
            None => Err(Halt::Lie(format!("no commitment follows from entry {} on", self.held.next()))),
        }
    }

    fn batch(&mut self, items: &[StoredEntry]) -> Result<(), Halt> {
        let batch = self.held.compute(items).map_err(|fault| match fault.is_lie() {
            true => Halt::Lie(fault.to_string()),
            false => Halt::Trouble(match &fault {
                Fault::Rules(ReplayError::Missing(at), _) => not_covered(*at),
                fault => fault.to_string(),
            }),
        })?;
        self.held.take(batch, items);
        self.heads.push(self.held.head());
        Ok(())
    }
}

impl fmt::Debug for Replaying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, lie) = self.standing();
        f.debug_struct("Replaying").field("size", &size).field("lie", &lie).finish()
    }
}
