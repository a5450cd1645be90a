//! What lies between signing and publishing where the ledger has witnesses (spec 21 §6): the newest signed version goes
//! to a thread for each of them, and is published when the stated quorum has cosigned it. The writer waits for none.

use super::published::Published;
use super::queue::SubmitError;
use super::run::Clock;
use super::version::Version;
use super::witness_thread;
use super::work::{Wait, Work};
use crate::store::Read;
use remit_verifier::c2sp::{SignedNote, Trust, VerifierKey};
use remit_verifier::types::{Millis, Seconds, TreeSize};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is looked whether somebody has waited for long enough.
const LOOK: Duration = Duration::from_millis(50);
/// How long a witness that failed is left alone.
const REST: Duration = Duration::from_millis(500);

/// A witness as it is reached. Calls may wait for a network, and end by themselves.
pub trait Reach: Send + Sync {
    /// `POST add-checkpoint` (spec 21 §1).
    ///
    /// # Errors
    ///
    /// Why there is no answer, for people.
    fn add_checkpoint(&self, body: &[u8]) -> Result<Told, String>;

    /// What the witness says it cosigned last of the log whose origin has this hash (spec 21 §3).
    ///
    /// # Errors
    ///
    /// Why there is no answer, for people.
    fn checkpoint(&self, origin_hash: &str) -> Result<Vec<u8>, String>;

    /// Keeps, and says aloud, that the witness has a note of the log's own key over another history than the ledger's.
    fn caught(&self, note: &str, says: &str);
}

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The witnesses of a ledger, and what they must come to.
#[derive(Clone)]
pub struct Witnesses {
    /// Witnesses and quorum; logs in it mean nothing here.
    pub trust: Trust,
    /// How each of them is reached, in the order of the trust.
    pub reach: Vec<Arc<dyn Reach>>,
    /// How long after signing whoever waits hears that there is no quorum yet.
    pub wait: Millis,
}

impl fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witnesses")
            .field("trust", &self.trust)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}

/// How it stands with one witness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitnessStatus {
    /// Its name in the trust lines.
    pub name: String,
    /// Its key.
    pub vkey: String,
    /// Size that it cosigned last.
    pub size: TreeSize,
    /// The time in that cosignature.
    pub time: Seconds,
    /// Attempts that came to no cosignature.
    pub failures: u64,
    /// Why the last attempt came to none, if it did.
    pub trouble: Option<String>,
    /// Whether it has a note of this log over another history.
    pub other_history: bool,
}

/// What an attempt came to.
pub(super) enum Outcome {
    /// A line that verifies, with its time.
    Cosigned(String, Seconds),
    /// Why there is none.
    Failed(String),
    /// There is another history, signed by the log's own key.
    OtherHistory(String),
}

/// Everything that waits for witnesses; clones are the same.
#[derive(Clone)]
pub(crate) struct Witnessing(Arc<Shared>);

struct Shared {
    settings: Arc<Witnesses>,
    published: Arc<Published>,
    clock: Clock,
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    /// Until the ledger stops: nobody who waits for a network keeps its store open.
    read: Option<Arc<dyn Read>>,
    signed: Arc<Version>,
    /// The version that all are asked for, until the quorum is met or nobody works at it.
    target: Arc<Version>,
    /// Whether the target is published.
    met: bool,
    /// Whether anything published since the start meets the quorum.
    ever: bool,
    each: Vec<One>,
    waiting: Vec<Waiting>,
}

/// One witness, as far as the target is concerned.
#[derive(Default)]
struct One {
    /// Its line under the target.
    line: Option<String>,
    /// The size that it is being asked for.
    in_flight: Option<TreeSize>,
    /// The size that it was asked for last, and should not be again.
    tried: Option<TreeSize>,
    resting: bool,
    status: WitnessStatus,
}

/// Who waits for a size to be published.
struct Waiting {
    size: TreeSize,
    until: Millis,
    work: Work,
}

impl Inner {
    /// Whether the next version may be asked for: nothing is lost by leaving this one.
    fn may_move(&self) -> bool {
        let size = self.target.head.size;
        let works = |one: &One| one.in_flight == Some(size);
        let comes = |one: &One| one.in_flight.is_none() && one.tried != Some(size) && !one.resting;
        let begun = self.each.iter().any(|one| one.line.is_some());
        self.met || !(self.each.iter().any(works) || begun && self.each.iter().any(comes))
    }

    /// Asks for the newest version, if that is another one and this one is done with.
    fn go_on(&mut self) {
        if self.signed.head.size > self.target.head.size && self.may_move() {
            self.target = self.signed.clone();
            self.met = false;
            self.each.iter_mut().for_each(|one| one.line = None);
        }
    }
}

impl Witnessing {
    /// Starts a thread for each witness, and one for those who wait too long.
    ///
    /// # Errors
    ///
    /// What a thread could not be started for.
    pub(crate) fn start(
        settings: Arc<Witnesses>,
        log: &VerifierKey,
        published: Arc<Published>,
        read: Arc<dyn Read>,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let of = |witness: &remit_verifier::c2sp::Witness| One {
            status: WitnessStatus {
                name: String::from_utf8_lossy(witness.name()).into_owned(),
                vkey: witness.key().to_string(),
                ..WitnessStatus::default()
            },
            ..One::default()
        };
        let each = settings.trust.witnesses().map(of).collect();
        let keys: Vec<VerifierKey> =
            settings.trust.witnesses().map(|witness| witness.key().clone()).collect();
        let signed = published.signed();
        let met = settings.trust.quorum_is_none();
        let target = signed.clone();
        let waiting = Vec::new();
        let inner = Inner { read: Some(read), signed, target, met, ever: met, each, waiting };
        let reach = settings.reach.clone();
        let (inner, changed) = (Mutex::new(inner), Condvar::new());
        let witnessing = Self(Arc::new(Shared { settings, published, clock, inner, changed }));
        for ((place, key), reach) in keys.into_iter().enumerate().zip(reach) {
            let (witnessing, log) = (witnessing.clone(), log.clone());
            let run = move || witness_thread::run(&witnessing, place, &key, &log, &*reach);
            std::thread::Builder::new().name("witness".into()).spawn(run)?;
        }
        let timer = witnessing.clone();
        std::thread::Builder::new().name("witnesses".into()).spawn(move || timer.expire())?;
        Ok(witnessing)
    }

    /// Takes a signed version, and those who wait for what it proves.
    pub(super) fn offer(&self, version: &Arc<Version>, work: Vec<Work>) {
        let (now, mut inner) = ((self.0.clock)(), self.inner());
        if version.head.size > inner.signed.head.size {
            inner.signed = version.clone();
        }
        if self.0.settings.trust.quorum_is_none() {
            // The version is published as it is; lines come later.
            if version.head.size > self.0.published.version().head.size {
                self.0.published.publish(version.clone());
            }
            inner.met = true;
        }
        inner.go_on();
        inner.met |= self.0.settings.trust.quorum_is_none();
        let published = self.0.published.version();
        let until = Millis(now.0.saturating_add(self.0.settings.wait.0));
        let size = version.head.size;
        let mut at_once = Vec::new();
        for work in work {
            if work.wait == Wait::Durable || published.head.size >= size {
                at_once.push(work);
            } else {
                inner.waiting.push(Waiting { size, until, work });
            }
        }
        drop(inner);
        self.0.changed.notify_all();
        at_once.into_iter().for_each(|work| work.give(Some(&published)));
    }

    /// Whether what is published meets the quorum: after a start it does not yet.
    pub(crate) fn is_met(&self) -> bool {
        self.inner().ever
    }

    /// How it stands with each.
    pub(crate) fn standing(&self) -> Vec<WitnessStatus> {
        self.inner().each.iter().map(|one| one.status.clone()).collect()
    }

    /// Nothing is signed any more: what is durable and not yet witnessed is answered as that.
    pub(super) fn close(&self) {
        let mut inner = self.inner();
        inner.read = None;
        let waiting = std::mem::take(&mut inner.waiting);
        drop(inner);
        self.0.changed.notify_all();
        waiting.into_iter().for_each(|waiting| waiting.work.fail(SubmitError::NotWitnessed));
    }

    /// The version that a witness is to be asked for next, and where proofs are made; nothing when it is time to end.
    pub(super) fn next(&self, place: usize) -> Option<(Arc<Version>, Arc<dyn Read>)> {
        let mut inner = self.inner();
        loop {
            let read = inner.read.clone()?;
            let (target, size) = (inner.target.clone(), inner.target.head.size);
            let one = &mut inner.each[place];
            if one.tried != Some(size) {
                (one.tried, one.in_flight) = (Some(size), Some(size));
                return Some((target, read));
            }
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What an attempt came to; one that failed is left alone for a while.
    pub(super) fn told(&self, place: usize, version: &Arc<Version>, outcome: Outcome) {
        let mut inner = self.inner();
        let (at_target, size) = (inner.target.head.size == version.head.size, version.head.size);
        let one = &mut inner.each[place];
        one.in_flight = None;
        let failed = match outcome {
            Outcome::Cosigned(line, time) => {
                (one.status.size, one.status.time, one.status.trouble) = (size, time, None);
                if at_target {
                    one.line = Some(line);
                }
                None
            }
            Outcome::Failed(why) => Some(why),
            Outcome::OtherHistory(why) => {
                one.status.other_history = true;
                Some(why)
            }
        };
        let has_failed = failed.is_some();
        if let Some(why) = failed {
            one.status.failures += 1;
            (one.status.trouble, one.resting) = (Some(why), true);
        }
        let (version, answered) = self.publish(&mut inner);
        inner.go_on();
        inner.met |= self.0.settings.trust.quorum_is_none();
        drop(inner);
        self.0.changed.notify_all();
        if let Some(version) = version {
            answered.into_iter().for_each(|work| work.give(Some(&version)));
        }
        if has_failed {
            self.rest(place);
        }
    }

    /// Publishes the target if the quorum has cosigned it: again, where lines were added.
    fn publish(&self, inner: &mut Inner) -> (Option<Arc<Version>>, Vec<Work>) {
        let trust = &self.0.settings.trust;
        let signed = trust.witnesses().zip(&inner.each).filter(|(_, one)| one.line.is_some());
        let signed: Vec<&VerifierKey> = signed.map(|(witness, _)| witness.key()).collect();
        if !trust.is_met_by(|witness| signed.contains(&witness.key())) {
            return (None, Vec::new());
        }
        let lines: String = inner.each.iter().filter_map(|one| one.line.as_deref()).collect();
        if lines.is_empty() || self.0.published.version().head.size > inner.target.head.size {
            return (None, Vec::new());
        }
        let note = SignedNote::parse(inner.target.note.as_bytes()).and_then(|note| note.with_lines(&lines));
        // Lines that do not fit are those of more witnesses than a note has room for: it is published without.
        let note = note.unwrap_or_else(|_| inner.target.note.to_string());
        let version = Arc::new(inner.target.cosigned(note));
        self.0.published.publish(version.clone());
        (inner.met, inner.ever) = (true, true);
        let covered = |waiting: &mut Waiting| waiting.size <= version.head.size;
        let answered = inner.waiting.extract_if(.., covered).map(|waiting| waiting.work).collect();
        (Some(version), answered)
    }

    fn rest(&self, place: usize) {
        let open = |inner: &mut Inner| inner.read.is_some();
        let rested = self.0.changed.wait_timeout_while(self.inner(), REST, open);
        let mut inner = rested.unwrap_or_else(PoisonError::into_inner).0;
        inner.each[place].resting = false;
        inner.each[place].tried = None;
        inner.go_on();
    }

    /// Answers those who have waited for long enough, until it is time to end.
    fn expire(&self) {
        loop {
            let now = (self.0.clock)();
            let mut inner = self.inner();
            if inner.read.is_none() {
                return;
            }
            let late: Vec<Waiting> = inner.waiting.extract_if(.., |waiting| waiting.until <= now).collect();
            if late.is_empty() {
                let waited = if inner.waiting.is_empty() {
                    self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner)
                } else {
                    let looked = self.0.changed.wait_timeout(inner, LOOK);
                    looked.unwrap_or_else(PoisonError::into_inner).0
                };
                drop(waited);
                continue;
            }
            drop(inner);
            late.into_iter().for_each(|waiting| waiting.work.fail(SubmitError::NotWitnessed));
        }
    }

    /// What the clock says.
    pub(super) fn now(&self) -> Millis {
        (self.0.clock)()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Witnessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witnessing").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}
