//! A running ledger, shared by everybody who submits to it and reads from it.

use super::feed::Feed;
use super::{LedgerError, Snapshot};
use crate::sequencer::limits::{CALL_BYTES_MAX, CALL_OPERATIONS_MAX};
use crate::sequencer::{
    self, Answers, Counts, Input, Lengths, Permit, Published, Queue, Sequencer, Settings, StartError, State,
    SubmitError, Submitted, Wait, WitnessStatus,
};
use crate::store::{Read, Store};
use remit_verifier::c2sp::{KeyKind, VerifierKey, VerifierKeyError};
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::Signer;
use remit_verifier::types::{LedgerId, TreeSize};
use std::fmt;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How far a ledger has come, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The log as it is synced and acknowledged.
    pub durable: TreeHead,
    /// The log as its checkpoint was last signed.
    pub signed: TreeHead,
    /// The log as readers see it. Without witnesses this is what was signed.
    pub published: TreeHead,
    /// What waits to be decided.
    pub queued: Lengths,
    /// What the ledger does at the moment.
    pub state: State,
}

/// A running ledger. Clones share it; it shuts down when told to, or with the last of them.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    ledger: LedgerId,
    genesis: Genesis,
    queue: Arc<Queue>,
    published: Arc<Published>,
    running: Arc<sequencer::Running>,
    witnessing: Option<sequencer::Witnessing>,
    read: Arc<dyn Read>,
    thread: Mutex<Option<JoinHandle<()>>>,
    feed: Feed,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
        self.join();
    }
}

impl Inner {
    /// Waits for the writer's thread, unless this is it.
    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // A panic was reported as the reason of the stop.
            drop(thread.join());
        }
    }
}

impl Service {
    /// Begins a ledger in an empty store, and starts it.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn begin<S: Store>(
        mut store: S,
        genesis: &Genesis,
        signer: Box<dyn Signer + Send>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        sequencer::begin(&mut store, genesis)?;
        Self::start(store, signer, settings)
    }

    /// Starts the ledger that a store holds. When this returns, every check is made and a checkpoint is published over
    /// a commitment no older than a heartbeat.
    ///
    /// # Errors
    ///
    /// [`StartError`]: nothing was signed.
    pub fn start<S: Store>(
        store: S,
        signer: Box<dyn Signer + Send>,
        settings: Settings,
    ) -> Result<Self, StartError> {
        let (writer, ledger, genesis) = sequencer::open(store, signer, &settings)?;
        let (read, published) = (writer.reader().clone(), writer.published().clone());
        let sequencer = Sequencer::new(writer, settings).map_err(StartError::Fatal)?;
        let (queue, running) = (sequencer.queue().clone(), sequencer.running().clone());
        let witnessing = sequencer.witnessing().cloned();
        let thread = std::thread::Builder::new().name("writer".into()).spawn(move || sequencer.run());
        let thread = Mutex::new(Some(thread.map_err(|error| StartError::Thread(error.kind()))?));
        let feed = Feed::default();
        let inner = Inner { ledger, genesis, queue, published, running, witnessing, read, thread, feed };
        Ok(Self(Arc::new(inner)))
    }

    /// The ledger's name.
    pub fn id(&self) -> LedgerId {
        self.0.ledger
    }

    /// Its first entry.
    pub fn genesis(&self) -> &Genesis {
        &self.0.genesis
    }

    /// What whoever follows the ledger is told, since its log had this size; 0 for somebody who knows nothing
    /// (spec 22 §1). Some of the versions that were told of are remembered; since others the whole table is told.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Prove`] if the published log has no such size; [`LedgerError::DamagedLeaf`],
    /// [`LedgerError::Store`].
    pub fn status_update(&self, since: TreeSize) -> Result<Vec<u8>, LedgerError> {
        self.0.feed.update(&self.snapshot(), since)
    }

    /// The key of its checkpoints, as verifiers name it.
    ///
    /// # Errors
    ///
    /// [`VerifierKeyError`] if the origin is no key name.
    pub fn verifier_key(&self) -> Result<VerifierKey, VerifierKeyError> {
        let Genesis { origin, log_key, .. } = self.genesis();
        VerifierKey::new(origin, KeyKind::Note, log_key.bytes())
    }

    /// A place in the queue for one call that brings so many bytes; to be taken before they are even decoded.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Busy`] says when to try again; the others that trying is no use for now.
    pub fn permit(&self, bytes: usize) -> Result<Permit, SubmitError> {
        self.0.queue.permit(bytes)
    }

    /// Submits; `then` is called exactly once, by this thread or the writer's, and must not wait for anything.
    /// Submissions are decoded and their signatures checked in this thread, which also looks up what the rules will
    /// read of their tokens. They are decided in one batch, in order, each for itself.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: nothing was taken, and `then` will not be called.
    pub fn submit(
        &self,
        permit: Permit,
        submissions: Vec<Vec<u8>>,
        wait: Wait,
        then: impl FnOnce(Result<Vec<Submitted>, SubmitError>) + Send + 'static,
    ) -> Result<(), SubmitError> {
        if submissions.len() > CALL_OPERATIONS_MAX {
            return Err(SubmitError::TooMany);
        }
        if submissions.iter().map(Vec::len).sum::<usize>() > CALL_BYTES_MAX {
            return Err(SubmitError::TooLarge);
        }
        let inputs: Vec<_> =
            submissions.into_iter().map(|bytes| Input::check(bytes, &self.0.ledger)).collect();
        if inputs.iter().all(|input| input.checked.is_err()) {
            drop(permit);
            let version = (wait == Wait::Published).then(|| self.0.published.version());
            Answers::new(&inputs, Box::new(then)).give(version.as_ref());
            return Ok(());
        }
        self.0.read.warm(&inputs.iter().flat_map(Input::tokens).collect::<Vec<_>>());
        self.0.queue.push(inputs, wait, Box::new(then), permit)
    }

    /// Submits, and waits for the answers.
    ///
    /// # Errors
    ///
    /// [`SubmitError`].
    pub fn submit_wait(&self, submissions: Vec<Vec<u8>>, wait: Wait) -> Result<Vec<Submitted>, SubmitError> {
        let permit = self.permit(submissions.iter().map(Vec::len).sum())?;
        let (sender, receiver) = mpsc::sync_channel(1);
        // Whoever asks here also listens.
        self.submit(permit, submissions, wait, move |answers| drop(sender.send(answers)))?;
        receiver.recv().unwrap_or(Err(SubmitError::Stopped(None)))
    }

    /// The published version, to read and prove from.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.0.ledger, self.0.published.version(), self.0.read.clone())
    }

    /// The published version as soon as it has this size, or whichever there is when the time has passed or no newer
    /// one will come.
    pub fn wait_for(&self, size: TreeSize, timeout: Duration) -> Snapshot {
        let version = self.0.published.wait_for(size, timeout);
        Snapshot::new(self.0.ledger, version, self.0.read.clone())
    }

    /// The version that was signed last, to replay from: witnesses need not have cosigned it.
    pub fn signed_snapshot(&self) -> Snapshot {
        Snapshot::new(self.0.ledger, self.0.published.signed(), self.0.read.clone())
    }

    /// Whether what is published meets the quorum of its witnesses; without any it does.
    pub fn is_witnessed(&self) -> bool {
        self.0.witnessing.as_ref().is_none_or(sequencer::Witnessing::is_met)
    }

    /// How it stands with each witness; nothing without.
    pub fn witnesses(&self) -> Vec<WitnessStatus> {
        self.0.witnessing.as_ref().map(sequencer::Witnessing::standing).unwrap_or_default()
    }

    /// How far the ledger has come, and what it does.
    pub fn sizes(&self) -> Sizes {
        let published = self.0.published.version().head;
        let durable = self.0.published.durable();
        let (queued, state) = (self.0.queue.lengths(), self.0.queue.state());
        let signed = self.0.published.signed().head;
        Sizes { durable, signed, published, queued, state }
    }

    /// What is held in memory, in bytes by part: of the store, and the trees of the published version.
    pub fn memory(&self) -> Vec<(&'static str, u64)> {
        let version = self.0.published.version();
        let trees =
            [("state_tree", version.trees.state.bytes()), ("status_tree", version.trees.status.bytes())];
        self.0.read.memory().into_iter().chain(trees).collect()
    }

    /// What was done since the start.
    pub fn counts(&self) -> Counts {
        self.0.running.counts()
    }

    /// Asks for a commitment now, without waiting for it: a read-only ledger tries whether there is room again.
    pub fn beat(&self) {
        self.0.queue.beat();
    }

    /// Looks at the clock again: for those who set it.
    pub fn wake(&self) {
        self.0.queue.wake();
    }

    /// Lets the next batch lie any time after the last entry: somebody says that the clock is right.
    pub fn allow_jump(&self) {
        self.0.running.allow_jump();
        self.0.queue.beat();
    }

    /// Takes nothing new, finishes what is queued, and stops. When this returns, the writer has let go of store and
    /// guard; what was published can still be read, for which clones and snapshots keep the store open.
    pub fn shutdown(&self) {
        self.0.queue.close();
        self.0.join();
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("ledger", &self.0.ledger).field("sizes", &self.sizes()).finish()
    }
}
