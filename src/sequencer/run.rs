//! The writer's thread: takes what is queued, without a timer; an idle ledger commits to its state now and then.

use super::guard::GuardPlace;
use super::limits::{HEARTBEAT_DEFAULT, JUMP_DEFAULT};
use super::published::Published;
use super::queue::{Queue, State, Step, SubmitError};
use super::traced;
use super::witnessed::{Witnesses, Witnessing};
use super::work::Work;
use super::writer::{Cycle, Fatal, Stop, Writer};
use crate::store::Store;
use remit_verifier::types::Millis;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where the time comes from: unix time in milliseconds.
pub type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

/// How a ledger is run.
#[derive(Clone)]
pub struct Settings {
    /// Where its guard is.
    pub guard: GuardPlace,
    /// Where the time comes from.
    pub clock: Clock,
    /// How long an idle ledger waits before it commits to its state again.
    pub heartbeat: Millis,
    /// How far the clock may be ahead of the last entry.
    pub jump_max: Millis,
    /// Whether the first batch may lie any time after the last entry before it.
    pub allow_jump: bool,
    /// Who cosigns before anything is published; without, it is published as it is signed.
    pub witnesses: Option<Arc<Witnesses>>,
}

impl Settings {
    /// The defaults, without a guard.
    pub fn new(clock: Clock) -> Self {
        Self {
            guard: GuardPlace::Nowhere,
            clock,
            heartbeat: HEARTBEAT_DEFAULT,
            jump_max: JUMP_DEFAULT,
            allow_jump: false,
            witnesses: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guard, clock: _, heartbeat, jump_max, allow_jump, witnesses } = self;
        let mut debug = f.debug_struct("Settings");
        debug.field("guard", guard).field("heartbeat", heartbeat).field("jump_max", jump_max);
        debug.field("allow_jump", allow_jump).field("witnesses", witnesses).finish_non_exhaustive()
    }
}

/// What was done since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Batches that were committed and signed.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// Operations that were applied.
    pub applied: u64,
    /// Operations that had been applied before.
    pub replayed: u64,
    /// Operations that were refused by the rules.
    pub refused: u64,
}

/// What others may ask the running thread for, and ask of it.
#[derive(Debug, Default)]
pub(crate) struct Running {
    counts: [AtomicU64; 5],
    allow_jump: AtomicBool,
}

impl Running {
    pub(crate) fn counts(&self) -> Counts {
        let [batches, entries, applied, replayed, refused] =
            self.counts.each_ref().map(|count| count.load(Ordering::Relaxed));
        Counts { batches, entries, applied, replayed, refused }
    }

    /// The next batch may lie any time after the last entry.
    pub(crate) fn allow_jump(&self) {
        self.allow_jump.store(true, Ordering::Relaxed);
    }

    fn count(&self, cycle: &Cycle) {
        if cycle.entries > 0 {
            self.allow_jump.store(false, Ordering::Relaxed);
        }
        let batch = usize::from(cycle.entries > 0);
        let more = [batch, cycle.entries, cycle.applied, cycle.replayed, cycle.refused];
        for (count, more) in self.counts.iter().zip(more) {
            count.fetch_add(more as u64, Ordering::Relaxed);
        }
    }
}

/// A writer with its queue.
pub struct Sequencer<S> {
    writer: Writer<S>,
    queue: Arc<Queue>,
    published: Arc<Published>,
    running: Arc<Running>,
    settings: Settings,
    witnessing: Option<Witnessing>,
    beat_at: Millis,
}

impl<S: Store> Sequencer<S> {
    /// A sequencer over a writer; before it can be asked for anything, its last commitment is as young as a heartbeat.
    ///
    /// # Errors
    ///
    /// [`Fatal`] if the first heartbeat fails.
    pub fn new(writer: Writer<S>, settings: Settings) -> Result<Self, Arc<Fatal>> {
        let (queue, running, published) = (Queue::new(), Arc::default(), writer.published().clone());
        let beat_at = published.signed().time();
        let witnessing = match &settings.witnesses {
            None => None,
            Some(witnesses) => {
                let log = writer.verifier_key().ok_or(Arc::new(Fatal::Threads))?;
                let (read, clock) = (writer.reader().clone(), settings.clock.clone());
                let started = Witnessing::start(witnesses.clone(), &log, published.clone(), read, clock);
                Some(started.map_err(|_| Arc::new(Fatal::Threads))?)
            }
        };
        let mut sequencer = Self { writer, queue, published, running, settings, witnessing, beat_at };
        if sequencer.settings.allow_jump {
            sequencer.running.allow_jump();
        }
        let now = (sequencer.settings.clock)();
        let age = now.0.saturating_sub(beat_at.0);
        sequencer.beat_at = Millis(beat_at.0.saturating_add(sequencer.settings.heartbeat.0));
        if age >= sequencer.settings.heartbeat.0 {
            sequencer.turn(Vec::new(), true);
        }
        match sequencer.queue.state() {
            State::Stopped(Some(fatal)) => {
                sequencer.witnessing.iter().for_each(Witnessing::close);
                Err(fatal)
            }
            _ => Ok(sequencer),
        }
    }

    /// The queue, for those who submit.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    pub(crate) fn witnessing(&self) -> Option<&Witnessing> {
        self.witnessing.as_ref()
    }

    pub(crate) fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Works until the queue is closed and empty, or something fatal happens.
    pub fn run(mut self) {
        let (queue, published) = (self.queue.clone(), self.published.clone());
        let ends = Ends { queue, published, witnessing: self.witnessing.clone() };
        loop {
            match self.queue.next(&*self.settings.clock, self.beat_at, self.settings.heartbeat) {
                Step::Batch(work) => self.turn(work, false),
                Step::Beat => self.turn(Vec::new(), true),
                Step::Stop => break,
            }
        }
        ends.close_witnessing();
        // The store is closed before anybody hears that the ledger has stopped.
        drop(self);
        ends.queue.stop(None);
    }

    /// One cycle, and what its outcome means for the ledger.
    fn turn(&mut self, mut work: Vec<Work>, beat: bool) {
        let now = (self.settings.clock)();
        // Work that comes to nothing must not put the heartbeat off; a ledger that cannot write tries with every cycle.
        let stuck = matches!(self.queue.state(), State::ReadOnly | State::ClockAhead);
        let beat = beat || now >= self.beat_at || stuck;
        let next_beat = Millis(now.0.saturating_add(self.settings.heartbeat.0));
        let last = self.published.signed().time();
        let ahead = now.0.saturating_sub(last.0) > self.settings.jump_max.0;
        if ahead && !self.running.allow_jump.load(Ordering::Relaxed) {
            self.beat_at = next_beat;
            self.queue.set_state(State::ClockAhead);
            work.into_iter().for_each(|work| work.fail(SubmitError::ClockAhead));
            return;
        }
        let operations = work.iter().map(Work::len).sum();
        let cycle = traced::cycle(operations, || self.writer.cycle(&mut work, beat, now));
        if !matches!(cycle, Ok(Cycle { entries: 0, .. })) {
            self.beat_at = next_beat;
        }
        self.queue.drained(operations, (self.settings.clock)());
        // Whoever is answered finds the ledger in the state that the answer tells of.
        match &cycle {
            Ok(cycle) => {
                self.running.count(cycle);
                self.queue.set_state(State::Running);
            }
            Err(Stop::Full) => self.queue.set_state(State::ReadOnly),
            Err(Stop::Fatal(fatal)) => self.queue.stop(Some(fatal.clone())),
        }
        if let (Ok(cycle), Some(witnessing)) = (&cycle, &self.witnessing) {
            witnessing.offer(&cycle.version, work);
            return;
        }
        for work in work {
            match &cycle {
                Ok(cycle) => work.give(Some(&cycle.version)),
                Err(stop) => work.fail(stop.submit_error()),
            }
        }
    }
}

/// However the thread ends, nobody waits for it any more.
struct Ends {
    queue: Arc<Queue>,
    published: Arc<Published>,
    witnessing: Option<Witnessing>,
}

impl Ends {
    fn close_witnessing(&self) {
        self.witnessing.iter().for_each(Witnessing::close);
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.queue.stop(Some(Arc::new(Fatal::Panic)));
        }
        self.close_witnessing();
        self.published.close();
    }
}

impl<S> fmt::Debug for Sequencer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sequencer").field("queue", &self.queue).finish_non_exhaustive()
    }
}
