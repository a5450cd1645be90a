//! The bounded queue before the writer: places are taken before a body is even decoded, and given back when it is
//! answered.

use super::limits::*;
use super::work::{Input, Then, Wait, Work};
use super::writer::Fatal;
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::types::Millis;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the ledger does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It takes operations.
    Running,
    /// There is no room to write: it proves what it has, and tries again with each heartbeat.
    ReadOnly,
    /// The clock is further ahead of the last entry than it may be: nothing is written until that is over or allowed.
    ClockAhead,
    /// It takes nothing new and finishes what is queued.
    Draining,
    /// It takes nothing any more: shut down in good order, or for this reason.
    Stopped(Option<Arc<Fatal>>),
}

impl State {
    /// The state's name, for machines.
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::ReadOnly => "read_only",
            Self::ClockAhead => "clock_ahead",
            Self::Draining => "draining",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Why submissions were not decided. Those that were applied nevertheless are told so when they are repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitError {
    /// The queue is full; nothing was taken. It should have room after this time.
    Busy {
        /// When to try again.
        retry_after: Millis,
    },
    /// More than [`CALL_OPERATIONS_MAX`] submissions in one call.
    TooMany,
    /// More than [`CALL_BYTES_MAX`] bytes in one call.
    TooLarge,
    /// There is no room to write.
    ReadOnly,
    /// The clock is further ahead than it may be.
    ClockAhead,
    /// What was decided is durable, and no quorum of witnesses has cosigned it in time: it cannot be proved yet.
    NotWitnessed,
    /// The ledger shuts down.
    Draining,
    /// The ledger has stopped: shut down in good order, or for this reason. It is not known whether it was applied.
    Stopped(Option<Arc<Fatal>>),
}

impl fmt::Display for SubmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { retry_after } => write!(f, "the queue is full for the next {retry_after} ms"),
            Self::TooMany => write!(f, "more than {CALL_OPERATIONS_MAX} submissions in one call"),
            Self::TooLarge => write!(f, "more than {CALL_BYTES_MAX} bytes in one call"),
            Self::ReadOnly => f.write_str("no room to write: the ledger is read-only"),
            Self::ClockAhead => f.write_str("the clock is too far ahead of the last entry"),
            Self::NotWitnessed => f.write_str("it is durable, and not witnessed yet"),
            Self::Draining => f.write_str("the ledger is shutting down"),
            Self::Stopped(None) => f.write_str("the ledger has stopped"),
            Self::Stopped(Some(fatal)) => write!(f, "the ledger has stopped: {fatal}"),
        }
    }
}

impl std::error::Error for SubmitError {}

/// How much is waiting or being decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Submissions.
    pub operations: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// The queue; everybody shares one.
#[derive(Debug)]
pub struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    work: VecDeque<Work>,
    taken: Lengths,
    state: State,
    /// Somebody wants a commitment now.
    beat: bool,
    /// Somebody changed the clock.
    woken: bool,
    drain: Drain,
}

/// How fast the writer gets on.
#[derive(Debug, Default)]
struct Drain {
    since: Millis,
    operations: u64,
    per_second: u64,
}

impl Drain {
    /// Span over which the rate is taken.
    const SPAN: Millis = Millis(250);

    fn note(&mut self, operations: usize, now: Millis) {
        self.operations = self.operations.saturating_add(operations as u64);
        let span = now.0.saturating_sub(self.since.0);
        if span >= Self::SPAN.0 {
            self.per_second = self.operations.saturating_mul(1_000) / span;
            (self.since, self.operations) = (now, 0);
        }
    }

    /// When so many operations should be done.
    fn retry_after(&self, operations: usize) -> Millis {
        let (least, most) = RETRY_AFTER;
        let time = (operations as u64).saturating_mul(1_000).checked_div(self.per_second);
        Millis(time.unwrap_or(least.0).clamp(least.0, most.0))
    }
}

/// What the writer does next.
#[derive(Debug)]
pub(super) enum Step {
    /// It decides these.
    Batch(Vec<Work>),
    /// It commits to the state as it is.
    Beat,
    /// It ends.
    Stop,
}

/// A place in the queue for one submission of so many bytes; dropping it gives it back.
#[derive(Debug)]
pub struct Permit {
    queue: Arc<Queue>,
    taken: Lengths,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut inner = self.queue.inner();
        inner.taken.operations -= self.taken.operations;
        inner.taken.bytes -= self.taken.bytes;
    }
}

impl Permit {
    /// Makes it a place for so many submissions of so many bytes.
    fn grow(&mut self, inner: &mut Inner, to: Lengths) -> Result<(), SubmitError> {
        let operations = to.operations.saturating_sub(self.taken.operations);
        let bytes = to.bytes.saturating_sub(self.taken.bytes);
        inner.take(operations, bytes)?;
        self.taken.operations += operations;
        self.taken.bytes += bytes;
        Ok(())
    }
}

impl Inner {
    fn take(&mut self, operations: usize, bytes: usize) -> Result<(), SubmitError> {
        let taken =
            Lengths { operations: self.taken.operations + operations, bytes: self.taken.bytes + bytes };
        if taken.operations > QUEUE_OPERATIONS_MAX || taken.bytes > QUEUE_BYTES_MAX {
            return Err(SubmitError::Busy { retry_after: self.drain.retry_after(self.taken.operations) });
        }
        self.taken = taken;
        Ok(())
    }

    fn takes_work(&self) -> Result<(), SubmitError> {
        match &self.state {
            State::Running => Ok(()),
            State::ReadOnly => Err(SubmitError::ReadOnly),
            State::ClockAhead => Err(SubmitError::ClockAhead),
            State::Draining => Err(SubmitError::Draining),
            State::Stopped(why) => Err(SubmitError::Stopped(why.clone())),
        }
    }

    /// Whether nothing will be queued any more.
    fn ends(&self) -> bool {
        matches!(self.state, State::Draining | State::Stopped(_))
    }

    /// What one batch takes, in order.
    fn batch(&mut self) -> Vec<Work> {
        let (mut operations, mut bytes) = (0, 0);
        let fits = |work: &Work| {
            let first = operations == 0;
            operations += work.len();
            bytes += work.bytes();
            first || operations <= BATCH_OPERATIONS_MAX && bytes <= BATCH_BYTES_MAX
        };
        let count = self.work.iter().map(fits).take_while(|fits| *fits).count();
        self.work.drain(..count).collect()
    }
}

impl Queue {
    /// An empty queue that takes work.
    pub fn new() -> Arc<Self> {
        let inner = Inner {
            work: VecDeque::new(),
            taken: Lengths::default(),
            state: State::Running,
            beat: false,
            woken: false,
            drain: Drain::default(),
        };
        Arc::new(Self { inner: Mutex::new(inner), changed: Condvar::new() })
    }

    /// A place for one submission of so many bytes.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Busy`] if there is none; the others if the ledger takes no work at all.
    pub fn permit(self: &Arc<Self>, bytes: usize) -> Result<Permit, SubmitError> {
        if bytes > CALL_BYTES_MAX {
            return Err(SubmitError::TooLarge);
        }
        let mut inner = self.inner();
        inner.takes_work()?;
        inner.take(1, bytes)?;
        Ok(Permit { queue: self.clone(), taken: Lengths { operations: 1, bytes } })
    }

    /// Queues the submissions of one call, who is answered by `then`. More submissions than the permit is for need
    /// more places. What is refused at sight takes none of the writer's time.
    ///
    /// # Errors
    ///
    /// [`SubmitError`]: nothing was taken, and `then` is not called.
    pub fn push(
        &self,
        inputs: Vec<Input>,
        wait: Wait,
        then: Then,
        mut permit: Permit,
    ) -> Result<(), SubmitError> {
        let mut inner = self.inner();
        let bytes = inputs.iter().map(|input| input.bytes.len()).sum();
        let room = inner.takes_work();
        let room = room.and_then(|()| permit.grow(&mut inner, Lengths { operations: inputs.len(), bytes }));
        if let Err(error) = room {
            // The permit gives its places back, for which it needs the queue.
            drop(inner);
            return Err(error);
        }
        inner.work.push_back(Work::new(inputs, wait, then, permit));
        drop(inner);
        self.changed.notify_all();
        Ok(())
    }

    /// How much is waiting or being decided.
    pub fn lengths(&self) -> Lengths {
        self.inner().taken
    }

    /// What the ledger does at the moment.
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// Asks for a commitment now.
    pub fn beat(&self) {
        self.inner().beat = true;
        self.changed.notify_all();
    }

    /// Looks at the clock again.
    pub fn wake(&self) {
        self.inner().woken = true;
        self.changed.notify_all();
    }

    /// Takes nothing new; the writer ends when it has finished what is queued.
    pub fn close(&self) {
        let mut inner = self.inner();
        if !matches!(inner.state, State::Stopped(_)) {
            inner.state = State::Draining;
        }
        drop(inner);
        self.changed.notify_all();
    }

    /// Says what the ledger does; what drains or has stopped does not run again.
    pub(super) fn set_state(&self, state: State) {
        let mut inner = self.inner();
        if !inner.ends() {
            inner.state = state;
        }
    }

    /// Stops for good; whoever waits is told so.
    pub(super) fn stop(&self, why: Option<Arc<Fatal>>) {
        let mut inner = self.inner();
        if !matches!(inner.state, State::Stopped(Some(_))) {
            inner.state = State::Stopped(why.clone());
        }
        let waiting = std::mem::take(&mut inner.work);
        drop(inner);
        waiting.into_iter().for_each(|work| work.fail(SubmitError::Stopped(why.clone())));
    }

    /// Notes that so many operations were decided.
    pub(super) fn drained(&self, operations: usize, now: Millis) {
        self.inner().drain.note(operations, now);
    }

    /// Waits for what to do next. A heartbeat is due at `beat_at`, and after idling for `heartbeat` in any case: a
    /// clock that was set back does not stop the heart.
    pub(super) fn next(&self, clock: &dyn Fn() -> Millis, beat_at: Millis, heartbeat: Millis) -> Step {
        let mut idled = Millis(0);
        loop {
            // Whoever submits does not wait for the clock.
            let now = clock();
            let mut inner = self.inner();
            if !inner.work.is_empty() {
                return Step::Batch(inner.batch());
            }
            if inner.ends() {
                return Step::Stop;
            }
            let left = beat_at.0.saturating_sub(now.0).min(heartbeat.0.saturating_sub(idled.0));
            if std::mem::take(&mut inner.beat) || left == 0 {
                return Step::Beat;
            }
            let left = left.max(Self::PAUSE_MIN.0);
            let idle =
                |inner: &mut Inner| inner.work.is_empty() && !inner.beat && !inner.woken && !inner.ends();
            let waited = self.changed.wait_timeout_while(inner, Duration::from_millis(left), idle);
            let (mut woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            woken.woken = false;
            if timeout.timed_out() {
                idled.0 = idled.0.saturating_add(left);
            }
        }
    }

    /// How long the writer sleeps at least: a clock that stands still does not keep it busy.
    const PAUSE_MIN: Millis = Millis(10);

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_follows_the_rate() {
        let mut drain = Drain::default();
        assert_eq!(drain.retry_after(8_192), Millis(1_000));
        drain.note(0, Millis(10_000));
        drain.note(500, Millis(10_500));
        assert_eq!(drain.per_second, 1_000);
        assert_eq!(drain.retry_after(8_192), Millis(8_192));
        assert_eq!((drain.retry_after(1), drain.retry_after(1_000_000)), RETRY_AFTER);
    }
}
