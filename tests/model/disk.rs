//! The ledger under a drive: the engine over a store whose device fails when it is told to, and which is opened again
//! from what it kept. Whoever heard no answer sends the same bytes again.

use remit::engine::{self, Answer, Batch};
use remit::machine::{LeafRecord, Refusal, key};
use remit::store::{Fault, MemoryStore, SharedMemory, Store};
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Submission, Verified};
use remit_verifier::types::{LedgerId, Millis, ObjectId};
use std::sync::Arc;

/// Where the power goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// There is no room: nothing is kept, and the process lives.
    Full,
    /// Before anything of the batch is kept.
    Write,
    /// When all of it is kept, which the process does not know.
    Sync,
    /// When all of it is kept, and before anybody is answered.
    Answer,
}

impl Crash {
    pub const ALL: [Self; 4] = [Self::Full, Self::Write, Self::Sync, Self::Answer];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "retry, no room",
            Self::Write => "retry, nothing kept",
            Self::Sync => "retry, kept unknown",
            Self::Answer => "retry, kept unheard",
        }
    }

    /// Whether the batch is there when the store is opened again.
    pub const fn keeps(self) -> bool {
        matches!(self, Self::Sync | Self::Answer)
    }
}

/// Another store, which must keep the same and decide the same, and is opened again after the same crashes.
pub trait Mirror {
    /// What the first store made of these, kept here too.
    fn keep(&mut self, input: &[Verified], objects: &[&[u8]], batch: &Batch);
    /// The power goes, and the store is opened again.
    fn reopen(&mut self);
    /// All that it keeps is what the first store keeps.
    fn compare(&self, kept: &MemoryStore);
}

pub struct Disk {
    store: SharedMemory,
    mirror: Option<Box<dyn Mirror>>,
    id: LedgerId,
    head: Option<TreeHead>,
    /// What happens to the next commit.
    crash: Option<Crash>,
}

impl Disk {
    pub fn begin(genesis: &Genesis, mirror: Option<Box<dyn Mirror>>) -> Self {
        let batch = engine::begin(genesis);
        let id = Genesis::ledger_id(&batch.entries[0].bytes);
        let (mut store, head) = (SharedMemory::default(), Some(batch.head));
        store.commit(batch, &[]).expect("kept");
        Self { store, mirror, id, head, crash: None }
    }

    /// Whatever else keeps this says the same.
    pub fn compare_mirror(&self) {
        self.mirror.iter().for_each(|mirror| self.look(|kept| mirror.compare(kept)));
    }

    pub fn id(&self) -> LedgerId {
        self.id
    }

    /// Size and root of what is kept.
    pub fn head(&self) -> Option<TreeHead> {
        self.head
    }

    pub fn look<T>(&self, with: impl FnOnce(&MemoryStore) -> T) -> T {
        self.store.look(with)
    }

    /// The leaf of the party, unit or token with this id.
    pub fn leaf(&self, id: &ObjectId) -> Option<Arc<LeafRecord>> {
        self.look(|kept| {
            let index = kept.state().get(&key::IndexOf(*id))?;
            kept.state().get(&key::LeafAt(*index)).cloned()
        })
    }

    /// Makes the power go during the next commit.
    pub fn crash_next(&mut self, crash: Crash) {
        self.crash = Some(crash);
    }

    /// Decides one submission, or writes what is due. After a crash nobody knows what became of it: `None`.
    pub fn submit(&mut self, bytes: Option<&[u8]>, now: Millis) -> Option<Option<Answer>> {
        let checked =
            bytes.map(|bytes| Submission::decode(bytes).and_then(|submission| submission.verify(&self.id)));
        let input = match checked {
            Some(Err(code)) => return Some(Some(Answer::Refused(Refusal::of(code)))),
            Some(Ok(verified)) => vec![verified],
            None => Vec::new(),
        };
        let batch = engine::build(&self.store, self.store.trees(), &input, now).expect("builds");
        let (answer, head) = (batch.answers.first().copied(), batch.head);
        let crash = self.crash.take();
        match crash {
            Some(Crash::Full) => self.store.fail_next(Fault::Full),
            Some(Crash::Write) => self.store.fail_next(Fault::Write),
            Some(Crash::Sync) => self.store.fail_next(Fault::SyncButKept),
            Some(Crash::Answer) | None => {}
        }
        let objects: Vec<&[u8]> = bytes.into_iter().collect();
        if let Some(mirror) = self.mirror.as_mut().filter(|_| crash.is_none_or(Crash::keeps)) {
            mirror.keep(&input, &objects, &batch);
        }
        let heard = self.store.commit(batch, &objects);
        assert_eq!(heard.is_ok(), matches!(crash, None | Some(Crash::Answer)), "{crash:?}");
        if crash.is_none_or(Crash::keeps) {
            self.head = Some(head);
        }
        let Some(crash) = crash else { return Some(answer) };
        if crash != Crash::Full {
            self.store = SharedMemory::open(self.store.kept()).expect("opens as it was kept");
            self.mirror.iter_mut().for_each(|mirror| mirror.reopen());
        }
        None
    }
}
