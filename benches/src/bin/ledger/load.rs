//! Load in process: two threads that check signatures in their calls and have several calls in flight.

use crate::figures::Times;
use crate::world::{CALL, Call, Clock};
use remit::engine::Answer;
use remit::ledger::{Service, SubmitError, Submitted, Wait, give_way};
use remit_verifier::types::Millis;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Calls that one thread has in flight.
const IN_FLIGHT: usize = 24;

/// What one call came to: when it was sent, when it was answered, and for how many operations.
struct Landed {
    sent: Instant,
    answered: Instant,
    operations: usize,
}

/// Calls of one thread that are not answered yet. Every operation must be applied.
pub struct Flight {
    wait: Wait,
    out: usize,
    sender: Sender<Landed>,
    receiver: Receiver<Landed>,
    done: usize,
    times: Times,
}

impl Flight {
    pub fn new(wait: Wait) -> Self {
        let (sender, receiver) = channel();
        Self { wait, out: 0, sender, receiver, done: 0, times: Times::default() }
    }

    /// Sends a call, after waiting for an answer if there are too many without one.
    pub fn send(&mut self, service: &Service, submissions: Vec<Vec<u8>>) {
        while self.out >= IN_FLIGHT {
            self.take();
        }
        let (sender, sent, operations) = (self.sender.clone(), Instant::now(), submissions.len());
        submit(service, submissions, self.wait, move |answered| {
            // Whoever sends here also listens, until the end.
            drop(sender.send(Landed { sent, answered, operations }));
        });
        self.out += 1;
    }

    fn take(&mut self) {
        let landed = self.receiver.recv().expect("the ledger runs");
        self.out -= 1;
        self.done += landed.operations;
        self.times.push(landed.answered - landed.sent);
    }

    /// Waits for all answers: how many operations there were, and how long the calls took.
    pub fn land(mut self) -> (usize, Times) {
        while self.out > 0 {
            self.take();
        }
        (self.done, self.times)
    }
}

/// Submits; a full queue is tried again. `then` hears when all were applied.
fn submit(
    service: &Service,
    submissions: Vec<Vec<u8>>,
    wait: Wait,
    then: impl FnOnce(Instant) + Send + 'static,
) {
    let permit = loop {
        match service.permit(submissions.iter().map(Vec::len).sum()) {
            Ok(permit) => break permit,
            Err(SubmitError::Busy { .. }) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("the ledger takes nothing: {error}"),
        }
    };
    let then = move |answers: Result<Vec<Submitted>, SubmitError>| {
        let answered = Instant::now();
        let answers = answers.expect("the ledger runs");
        for one in &answers {
            assert!(matches!(one.answer, Answer::Applied(_)), "{:?}", one.answer);
        }
        then(answered);
    };
    service.submit(permit, submissions, wait, then).expect("the ledger takes it");
}

/// What a load came to.
pub struct Ran {
    pub operations: usize,
    pub elapsed: Duration,
    /// Of each call of a closed loop, of each operation of an open one.
    pub times: Times,
}

impl Ran {
    /// Operations for each second.
    pub fn rate(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }
}

/// As fast as the ledger can, for at most `span`.
pub fn closed(service: &Service, clock: &Clock, lanes: [Vec<Call>; 2], span: Duration) -> Ran {
    let started = Instant::now();
    let lane = |calls: Vec<Call>| {
        give_way();
        let mut flight = Flight::new(Wait::Published);
        for call in calls {
            if started.elapsed() >= span {
                break;
            }
            clock.reach(call.time);
            flight.send(service, call.submissions);
        }
        flight.land()
    };
    let lanes = std::thread::scope(|scope| {
        let running = lanes.map(|calls| scope.spawn(|| lane(calls)));
        running.map(|lane| lane.join().expect("ends"))
    });
    let elapsed = started.elapsed();
    let mut ran = Ran { operations: 0, elapsed, times: Times::default() };
    for (operations, times) in lanes {
        ran.operations += operations;
        ran.times.extend(times);
    }
    ran
}

/// So many operations a second, whatever the ledger does; times count from when an operation should have been sent.
pub fn open(service: &Service, clock: &Clock, lanes: [Vec<Call>; 2], rate: f64) -> Ran {
    let started = Instant::now();
    let lane = |calls: Vec<Call>| {
        let mut ready =
            calls.into_iter().flat_map(|call| call.submissions.into_iter().map(move |one| (call.time, one)));
        let due_at = move |number: usize| started + Duration::from_secs_f64(number as f64 * 2.0 / rate);
        let (sender, receiver) = channel::<(usize, usize, Instant)>();
        let mut sent = 0;
        loop {
            let due = (started.elapsed().as_secs_f64() * rate / 2.0) as usize + 1;
            if due <= sent {
                std::thread::sleep(due_at(sent).saturating_duration_since(Instant::now()));
                continue;
            }
            let (times, submissions): (Vec<Millis>, Vec<Vec<u8>>) =
                ready.by_ref().take(CALL.min(due - sent)).unzip();
            let Some(time) = times.last() else { break };
            clock.reach(*time);
            let (first, count, sender) = (sent, submissions.len(), sender.clone());
            sent += count;
            submit(service, submissions, Wait::Published, move |answered| {
                // The thread that sends here listens when it has sent everything.
                let _ = sender.send((first, count, answered));
            });
        }
        drop(sender);
        let mut times = Times::default();
        for (first, count, answered) in receiver {
            (first..first + count)
                .for_each(|number| times.push(answered.saturating_duration_since(due_at(number))));
        }
        times
    };
    let mut times = Times::default();
    std::thread::scope(|scope| {
        let running = lanes.map(|calls| scope.spawn(|| lane(calls)));
        running.into_iter().for_each(|lane| times.extend(lane.join().expect("ends")));
    });
    Ran { operations: times.len(), elapsed: started.elapsed(), times }
}
