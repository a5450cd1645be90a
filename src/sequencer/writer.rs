//! One cycle of the writer: build, commit, guard, answer, read back, sign, publish; in this order, and nothing skipped.

use super::guard::{Guard, GuardError};
use super::published::Published;
use super::queue::SubmitError;
use super::read_back::{Made, Mismatch, read_back};
use super::traced::step;
use super::version::{SealError, Version};
use super::work::{Wait, Work};
use crate::engine::{self, Answer, BuildError};
use crate::store::{Read, Store, StoreError};
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::object::Verified;
use remit_verifier::sign::Signer;
use remit_verifier::types::{Millis, TreeSize};
use std::fmt;
use std::sync::{Arc, Weak};

/// What ends a writer for good. Nothing was signed over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fatal {
    /// The batch could not be built.
    Build(BuildError<StoreError>),
    /// It is not known whether the batch is kept.
    Commit(StoreError),
    /// The guard was not written.
    Guard(GuardError),
    /// What is kept is not what was made.
    ReadBack(Mismatch),
    /// The checkpoint was not signed.
    Seal(SealError),
    /// The writer's thread ended in a bug.
    Panic,
    /// The threads of the witnesses could not be started.
    Threads,
}

impl fmt::Display for Fatal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => write!(f, "no batch could be built: {error}"),
            Self::Commit(error) => write!(f, "it is not known whether the batch is kept: {error}"),
            Self::Guard(error) => error.fmt(f),
            Self::ReadBack(error) => write!(f, "read back after the commit: {error}"),
            Self::Seal(error) => error.fmt(f),
            Self::Panic => f.write_str("the writer ended in a bug"),
            Self::Threads => f.write_str("the threads of the witnesses could not be started"),
        }
    }
}

impl std::error::Error for Fatal {}

/// Why a cycle came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// There is no room: nothing was written, and the next cycle may come to more.
    Full,
    /// The writer must not be used again.
    Fatal(Arc<Fatal>),
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(Arc::new(fatal))
    }
}

impl Stop {
    /// What those who wait are told.
    pub fn submit_error(&self) -> SubmitError {
        match self {
            Self::Full => SubmitError::ReadOnly,
            Self::Fatal(fatal) => SubmitError::Stopped(Some(fatal.clone())),
        }
    }
}

/// What one cycle came to.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// The version under which everything that was decided can be proved.
    pub version: Arc<Version>,
    /// Operations that were applied.
    pub applied: usize,
    /// Operations that had been applied before.
    pub replayed: usize,
    /// Operations that were refused, but for those refused at sight.
    pub refused: usize,
    /// Entries that were written, the commitment included; none if there was nothing to write.
    pub entries: usize,
}

impl Cycle {
    fn of(answers: &[Answer], entries: usize, version: Arc<Version>) -> Self {
        let count = |wanted: fn(&Answer) -> bool| answers.iter().filter(|answer| wanted(answer)).count();
        Self {
            version,
            applied: count(|answer| matches!(answer, Answer::Applied(_))),
            replayed: count(|answer| matches!(answer, Answer::Replayed(_))),
            refused: count(|answer| matches!(answer, Answer::Refused(_))),
            entries,
        }
    }
}

/// The owner of a store, who alone writes to it and signs.
pub struct Writer<S> {
    store: S,
    read: Arc<dyn Read>,
    signer: Box<dyn Signer + Send>,
    origin: String,
    guard: Option<Guard>,
    published: Arc<Published>,
    /// Whether somebody else publishes what is signed.
    witnessed: bool,
    /// Versions that somebody may still prove under, by size.
    alive: Vec<(TreeSize, Weak<Version>)>,
}

impl<S: Store> Writer<S> {
    /// A writer that begins with this version of the store.
    pub(super) fn new(
        store: S,
        signer: Box<dyn Signer + Send>,
        origin: String,
        guard: Option<Guard>,
        version: Version,
        witnessed: bool,
    ) -> Self {
        let version = Arc::new(version);
        let alive = vec![(version.head.size, Arc::downgrade(&version))];
        let (read, published) = (store.reader(), Arc::new(Published::new(version)));
        Self { store, read, signer, origin, guard, published, witnessed, alive }
    }

    /// Where readers find the newest version.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// The key of its checkpoints, if the origin is a key name.
    pub(super) fn verifier_key(&self) -> Option<VerifierKey> {
        VerifierKey::new(&self.origin, KeyKind::Note, &self.signer.public_key()).ok()
    }

    /// What readers read.
    pub fn reader(&self) -> &Arc<dyn Read> {
        &self.read
    }

    /// Decides `work` at `now` in one batch, and commits to the state. Unless `beat`, nothing is written if there is
    /// nothing to say: nothing was applied and nothing fell due.
    ///
    /// Who waits for no more than a synced entry is answered as soon as it is; all others stay in `work`, for the
    /// caller to answer them with [`Work::give`] or, after an error, [`Work::fail`].
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub fn cycle(&mut self, work: &mut Vec<Work>, beat: bool, now: Millis) -> Result<Cycle, Stop> {
        let inputs: Vec<Verified> = work.iter_mut().flat_map(|work| work.verified.drain(..)).collect();
        let before = self.store.trees();
        let mut batch =
            step("build", || engine::build(self.store.view(), before, &inputs, now)).map_err(Fatal::Build)?;
        let (answers, entries) = (std::mem::take(&mut batch.answers), batch.entries.len());
        let mut decided = answers.iter().copied();
        if entries == 1 && !beat {
            work.iter_mut().for_each(|work| work.answers.decide(&mut decided));
            return Ok(Cycle::of(&answers, 0, self.published.signed()));
        }
        let made = Made::of(&batch, &before.log);
        let objects: Vec<&[u8]> =
            work.iter().flat_map(|work| work.objects.iter().map(Vec::as_slice)).collect();
        let durable = step("commit", || self.store.commit(batch, &objects)).map_err(|error| match error {
            StoreError::Full => Stop::Full,
            error => Fatal::Commit(error).into(),
        })?;
        if let Some(guard) = &mut self.guard {
            step("guard", || guard.set(durable.head())).map_err(Fatal::Guard)?;
        }
        self.published.set_durable(durable.head());
        work.iter_mut().for_each(|work| work.answers.decide(&mut decided));
        work.extract_if(.., |work| work.wait == Wait::Durable).for_each(|work| work.give(None));
        let read = step("read back", || read_back(&*self.read, self.store.trees(), made, durable));
        let read = read.map_err(Fatal::ReadBack)?;
        let version =
            step("sign", || Version::seal(&*self.signer, &self.origin, read)).map_err(Fatal::Seal)?;
        let version = Arc::new(version);
        step("publish", || self.publish(version.clone()));
        Ok(Cycle::of(&answers, entries, version))
    }

    /// Makes a version the newest that is signed, and without witnesses the one that is published; forgets what only
    /// versions needed that nobody holds any more.
    fn publish(&mut self, version: Arc<Version>) {
        self.alive.push((version.head.size, Arc::downgrade(&version)));
        self.published.set_signed(version.clone());
        if !self.witnessed {
            self.published.publish(version);
        }
        self.alive.retain(|(_, version)| version.strong_count() > 0);
        if let Some((oldest, _)) = self.alive.first() {
            self.read.forget_pre_images(oldest.0);
        }
    }
}

impl<S> fmt::Debug for Writer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("origin", &self.origin).finish_non_exhaustive()
    }
}
