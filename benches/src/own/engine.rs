//! A ledger in memory at work: admission, building, the whole submission, and replay, in batches of 512.

use super::scene::scatter;
use super::world::{Held, NOW, World};
use crate::harness::{Bench, Limit};
use remit::client::Ready;
use remit::engine::{Answer, Batch, Kept, Trees, build, replay};
use remit::machine::{MemoryState, Outcome, admit};
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::object::{Submission, Verified};
use remit_verifier::types::{EntryIndex, LedgerId};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

/// Batches that a row cycles through, all on the same state.
const BATCHES: u64 = 16;
const COUNT: u32 = BATCH_OPERATIONS_MAX as u32;

/// One load: its rows and the targets of the whole submission, in V for each operation.
struct Load {
    /// Admission, building, building with signatures, submission, replay.
    rows: [&'static str; 5],
    note: &'static str,
    submit: f64,
}

/// A state that does not change, and operations on it.
struct Still {
    ledger: LedgerId,
    state: MemoryState,
    trees: Trees,
    batches: Vec<Prepared>,
}

/// One batch of operations in the forms that they go through.
struct Prepared {
    bytes: Vec<Vec<u8>>,
    inputs: Vec<Verified>,
}

/// Adds the rows of four loads.
pub fn rows(bench: &mut Bench) {
    let rows = ["W1 admit", "W1 build", "W1 build signed", "W1 submit", "W1 replay"];
    if bench.wants(&rows) {
        let mut world = World::new();
        let roots = world.roots(bench.scale(100_000, 600));
        load(bench, world, roots, &Load { rows, note: "depth 1, uniform over roots", submit: 2.5 });
    }
    let rows = ["W3 admit", "W3 build", "W3 build signed", "W3 submit", "W3 replay"];
    if bench.wants(&rows) {
        let mut world = World::new();
        let mut chains = world.roots(bench.scale(10_000, 600));
        for _ in 0..2 {
            chains = world.children(&chains);
        }
        load(bench, world, chains, &Load { rows, note: "depth 3, shared, uniform", submit: 1.0 / 0.3 });
    }
    let rows = ["W8 admit", "W8 build", "W8 build signed", "W8 submit", "W8 replay"];
    if bench.wants(&rows) {
        let mut world = World::new();
        let mut chains = world.roots(1);
        for _ in 0..6 {
            chains = world.children(&chains);
        }
        let children = world.children(&vec![chains[0]; bench.scale(1_000, 600)]);
        load(bench, world, children, &Load { rows, note: "depth 8, seven shared by all", submit: 1.0 / 0.3 });
    }
    let rows = ["WH admit", "WH build", "WH build signed", "WH submit", "WH replay"];
    if bench.wants(&rows) {
        let mut world = World::new();
        let root = world.roots(1)[0];
        let children = world.children(&vec![root; bench.scale(1_000, 600)]);
        load(bench, world, children, &Load { rows, note: "one hot root, depth 2", submit: 1.0 / 0.3 });
    }
}

fn load(bench: &mut Bench, mut world: World, tokens: Vec<Held>, load: &Load) {
    let count = bench.scale(BATCHES, 1);
    let still = Rc::new(Still::new(&mut world, &tokens, count));
    let [admitted, built, signed, submitted, replayed] = load.rows;
    let size = tokens.len();
    let note = |what: &str| format!("{}, {size} tokens: {what}", load.note);

    let (here, mut turn) = (still.clone(), 0);
    let limit = Limit::beside(1.0, "V");
    bench.time_many(admitted, &note("the rules alone"), limit, COUNT, move || here.admit(&mut turn));
    let (here, mut turn) = (still.clone(), 0);
    let limit = Limit::beside(1.0, "V");
    bench.time_many(built, &note("rules and trees, no signature"), limit, COUNT, move || {
        here.build(&mut turn);
    });
    let (here, mut turn) = (still.clone(), 0);
    let limit = Limit::beside(1.0, "V");
    bench.time_many(signed, &note("decoded, signatures checked, built"), limit, COUNT, move || {
        here.build_signed(&mut turn);
    });
    let kept = still.log();
    let limit = Limit::times(1.0 / 0.55, "V");
    let mut turn = 0;
    bench.time_many(replayed, &note("strict replay"), limit, COUNT, move || still.replay(&mut turn, &kept));
    submit_row(bench, world, tokens, submitted, &note("submission to signed checkpoint"), load.submit);
}

/// The whole of a submission on a ledger that grows with every batch; clients' signatures are made before.
fn submit_row(
    bench: &mut Bench,
    world: World,
    tokens: Vec<Held>,
    name: &'static str,
    note: &str,
    target: f64,
) {
    let world = Rc::new(RefCell::new(world));
    let (ready, mut number) = (world.clone(), 1 << 20);
    let prepare = move || {
        number += 1;
        reserves(&mut ready.borrow_mut(), &tokens, number)
    };
    let call = move |batch: Vec<Ready>| world.borrow_mut().submit(&batch);
    bench.time_prepared(name, note, Limit::times(target, "V"), COUNT, prepare, call);
}

impl Still {
    fn new(world: &mut World, tokens: &[Held], batches: u64) -> Self {
        let batches = (0..batches).map(|number| Prepared::new(world, tokens, number)).collect();
        let store = world.ledger.store();
        let (state, trees) = (store.state().clone(), store.trees().clone());
        Self { ledger: world.ledger.id(), state, trees, batches }
    }

    fn next(&self, turn: &mut usize) -> &Prepared {
        *turn += 1;
        &self.batches[*turn % self.batches.len()]
    }

    fn admit(&self, turn: &mut usize) {
        let entry = EntryIndex(self.trees.log.size().0);
        for input in &self.next(turn).inputs {
            let outcome = admit(&self.state, black_box(input), NOW, entry).expect("reads");
            assert!(matches!(black_box(outcome), Outcome::Applied(_)));
        }
    }

    fn build(&self, turn: &mut usize) {
        self.built(&self.next(turn).inputs);
    }

    fn built(&self, inputs: &[Verified]) -> Batch {
        let batch = build(&self.state, &self.trees, black_box(inputs), NOW).expect("builds");
        assert!(batch.answers.iter().all(|answer| matches!(answer, Answer::Applied(_))));
        batch
    }

    fn build_signed(&self, turn: &mut usize) {
        let inputs: Vec<Verified> =
            self.next(turn).bytes.iter().map(|bytes| verified(black_box(bytes), &self.ledger)).collect();
        self.built(&inputs);
    }

    /// What a log would keep of each batch.
    fn log(&self) -> Vec<Batch> {
        self.batches.iter().map(|prepared| self.built(&prepared.inputs)).collect()
    }

    fn replay(&self, turn: &mut usize, log: &[Batch]) {
        let prepared = self.next(turn);
        let batch = &log[*turn % log.len()];
        let kept: Vec<Kept<'_>> = batch
            .entries
            .iter()
            .map(|entry| {
                let object = entry.input.map(|input| prepared.bytes[input].as_slice());
                Kept { entry: &entry.bytes, object, details: entry.details.as_ref() }
            })
            .collect();
        black_box(replay(&self.state, &self.trees, &self.ledger, black_box(&kept)).expect("replays"));
    }
}

impl Prepared {
    fn new(world: &mut World, tokens: &[Held], number: u64) -> Self {
        let bytes: Vec<_> = reserves(world, tokens, number).into_iter().map(|ready| ready.bytes).collect();
        let ledger = world.ledger.id();
        let inputs = bytes.iter().map(|bytes| verified(bytes, &ledger)).collect();
        Self { bytes, inputs }
    }
}

/// A batch of reserves on tokens in random places.
fn reserves(world: &mut World, tokens: &[Held], number: u64) -> Vec<Ready> {
    let place = |operation: u64| scatter(number << 16 | operation, tokens.len() as u64) as usize;
    (0..BATCH_OPERATIONS_MAX as u64).map(|operation| world.reserve(tokens[place(operation)])).collect()
}

fn verified(bytes: &[u8], ledger: &LedgerId) -> Verified {
    Submission::decode(bytes).and_then(|submission| submission.verify(ledger)).expect("a good submission")
}
