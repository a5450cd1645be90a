//! A store whose commits wait at a gate, so that tests decide what queues meanwhile.

use crate::house::{House, LONG, Time, key, new_store};
use remit::client::{Client, Randomness};
use remit::engine::{Batch, Trees};
use remit::ledger::{Service, Settings, SubmitError, Submitted, Wait};
use remit::store::{Durable, Read, SharedMemory, Store, StoreError};
use remit_verifier::log::Commitment;
use remit_verifier::types::ObjectId;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Inner {
    closed: bool,
    waiting: bool,
}

/// Open at first, and when the test has ended however it did: else the writer would wait for ever, and the test for it.
#[derive(Default)]
pub struct Gate(Arc<(Mutex<Inner>, Condvar)>);

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

impl Gate {
    pub fn close(&self) {
        self.0.0.lock().expect("no panic").closed = true;
    }

    pub fn open(&self) {
        self.0.0.lock().expect("no panic").closed = false;
        self.0.1.notify_all();
    }

    /// Waits until a commit stands before the gate.
    pub fn wait_for_commit(&self) {
        let inner = self.0.0.lock().expect("no panic");
        let waited = self.0.1.wait_timeout_while(inner, LONG, |inner| !inner.waiting).expect("no panic");
        assert!(!waited.1.timed_out(), "no commit comes");
    }
}

/// A commit waits until the gate is open.
fn pass((inner, changed): &(Mutex<Inner>, Condvar)) {
    let mut inner = inner.lock().expect("no panic");
    inner.waiting = true;
    changed.notify_all();
    inner = changed.wait_while(inner, |inner| inner.closed).expect("no panic");
    inner.waiting = false;
}

pub struct Gated {
    store: SharedMemory,
    gate: Arc<(Mutex<Inner>, Condvar)>,
}

impl Store for Gated {
    type View = SharedMemory;

    fn view(&self) -> &SharedMemory {
        self.store.view()
    }

    fn trees(&self) -> &Trees {
        self.store.trees()
    }

    fn commitment(&self) -> Option<Commitment> {
        self.store.commitment()
    }

    fn commit(&mut self, batch: Batch, objects: &[&[u8]]) -> Result<Durable, StoreError> {
        pass(&self.gate);
        self.store.commit(batch, objects)
    }

    fn reader(&self) -> Arc<dyn Read> {
        self.store.reader()
    }
}

/// A house behind a gate.
pub fn gated(settings: impl FnOnce(&Time) -> Settings) -> (House, Gate) {
    let (time, store, gate) = (Time::at(crate::house::START), new_store(), Gate::default());
    let gated = Gated { store: store.clone(), gate: gate.0.clone() };
    let service = Service::start(gated, Box::new(key("log")), settings(&time)).expect("starts");
    let client = Client::new(service.id(), Randomness::Seeded(0));
    let none = ObjectId::default();
    let house = House { time, store, service, client, issuer: none, payee: none, unit: none, token: none };
    (house.furnish(), gate)
}

pub type Answered = Receiver<Result<Vec<Submitted>, SubmitError>>;

/// Submits without waiting.
pub fn send(service: &Service, submissions: Vec<Vec<u8>>, wait: Wait) -> Result<Answered, SubmitError> {
    let permit = service.permit(submissions.iter().map(Vec::len).sum())?;
    let (sender, receiver) = channel();
    service.submit(permit, submissions, wait, move |answers| drop(sender.send(answers)))?;
    Ok(receiver)
}

/// Makes a reservation and submits it without waiting.
pub fn send_reserve(house: &mut House, amount: u64, wait: Wait) -> Answered {
    let ready = house.reserve(amount);
    send(&house.service, vec![ready.bytes], wait).expect("queued")
}
