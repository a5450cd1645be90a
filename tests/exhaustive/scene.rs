//! A scene as stateright sees it: what may come next, and what the rules make of it.

use crate::cast::{START, Signed};
use crate::truth::{Does, Play, Truth};
use crate::weakened::{Blind, Weakness};
use remit::machine::{MemoryState, Outcome, Record, Request, StateView, admit, expire};
use remit_verifier::types::{EntryIndex, Millis, ObjectId};
use stateright::{Model, Property};
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// The one property: the reckoning never disagrees.
pub const NEVER_WRONG: &str = "the reckoning agrees";

/// One operation, and what it means to the reckoning.
pub struct Move {
    pub name: &'static str,
    pub does: Does,
    pub signed: Signed,
}

pub struct Scene {
    pub start: MemoryState,
    pub play: Play,
    pub moves: Vec<Move>,
    /// The points of time, in seconds from the start.
    pub times: Vec<u64>,
    /// What falls due, by the id under which the rules keep it.
    pub due: HashMap<ObjectId, Does>,
    pub weakness: Option<&'static Weakness>,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An operation is submitted, for the first time or again.
    Submit(usize),
    /// What is due is written.
    Write,
    /// Time goes on to the next point.
    Wait,
}

#[derive(Clone, Debug)]
pub struct State {
    machine: MemoryState,
    truth: Truth,
    time: usize,
    /// Index of the next entry; only its order counts, so it is no part of what makes a state.
    entry: u64,
    pub fault: Option<&'static str>,
}

impl Scene {
    pub fn name(&self, step: Step) -> String {
        match step {
            Step::Submit(place) => self.moves[place].name.to_owned(),
            Step::Write => "what is due is written".to_owned(),
            Step::Wait => "time goes on".to_owned(),
        }
    }

    fn now(&self, state: &State) -> u64 {
        START + self.times[state.time]
    }

    /// The state after a submission; none if it changes nothing, as it should.
    fn submit(&self, last: &State, place: usize) -> Option<State> {
        let now = self.now(last);
        let Move { does, signed, .. } = &self.moves[place];
        let view = Blind { state: &last.machine, weakness: self.weakness };
        let outcome = admit(&view, &signed.submission, Millis(now * 1000), EntryIndex(last.entry));
        match outcome.expect("memory is read") {
            Outcome::Applied(applied) => {
                let mut state = last.clone();
                state.machine.apply(&applied.delta);
                state.entry += 1;
                state.fault = state.truth.applied(&self.play, place, *does, now);
                Some(state)
            }
            // A repeat that is answered with the first entry is no event.
            Outcome::Duplicate(_) => None,
            Outcome::Refused(..) => {
                let fault = last.truth.refused(&self.play, place, *does, now)?;
                Some(State { fault: Some(fault), ..last.clone() })
            }
        }
    }

    /// Writes all that is due, as the first entries of a batch.
    fn write(&self, state: &mut State) -> Option<&'static str> {
        let now = self.now(state);
        let view = Blind { state: &state.machine, weakness: self.weakness };
        for (_, id, due) in view.due(Millis(now * 1000), usize::MAX).expect("memory is read") {
            let view = Blind { state: &state.machine, weakness: self.weakness };
            let entry = EntryIndex(state.entry);
            let outcome = expire(&view, id, due, Millis(now * 1000), entry).expect("memory is read");
            let Outcome::Applied(applied) = outcome else { return Some("what is due cannot be written") };
            state.machine.apply(&applied.delta);
            state.entry += 1;
            let Some(does) = self.due.get(&id) else { return Some("something fell due that nobody knows") };
            state.truth.written(&self.play, *does);
        }
        state.truth.nothing_is_overdue(&self.play, now)
    }
}

impl Model for Scene {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let truth = Truth::new(&self.play, self.moves.len());
        vec![State { machine: self.start.clone(), truth, time: 0, entry: 1_000, fault: None }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Step>) {
        if state.fault.is_some() {
            return;
        }
        actions.extend((0..self.moves.len()).map(Step::Submit));
        actions.push(Step::Write);
        if state.time + 1 < self.times.len() {
            actions.push(Step::Wait);
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = match step {
            Step::Submit(place) => self.submit(last, place)?,
            Step::Write => {
                let mut state = last.clone();
                state.fault = self.write(&mut state);
                state
            }
            Step::Wait => State { time: last.time + 1, ..last.clone() },
        };
        let now = self.now(&state);
        state.fault = state
            .fault
            .or_else(|| state.truth.spends_within_bounds(&self.play, now))
            .or_else(|| state.truth.counters_agree(&self.play, &state.machine));
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(NEVER_WRONG, |_, state: &State| state.fault.is_none())]
    }
}

/// Two states are one if no rule can tell them apart: histories, salts, ids that were seen (the reckoning knows what
/// was applied) and the indexes of entries are left out, but for the one order of entries that rules look at, whether
/// something was stopped since a request was made.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (&self.truth, self.time, self.fault).hash(hasher);
        let mut stops = Vec::new();
        let mut waits = Vec::new();
        for (place, record) in self.machine.iter() {
            match record {
                Record::LeafAt(record) => {
                    let leaf = &record.leaf;
                    (leaf.index, leaf.life as u8, leaf.mask, leaf.epoch, leaf.generation).hash(hasher);
                    let Some(private) = &record.private else { continue };
                    private.values.rekey.hash(hasher);
                    for unit in &private.values.units {
                        (unit.counters, &unit.windows).hash(hasher);
                    }
                }
                Record::ReservationOf(one) => {
                    (place, one.captured, one.released, one.captures).hash(hasher);
                }
                Record::CaptureOf(one) => (place, one.refunded).hash(hasher),
                Record::LeaseOf(one) => (place, one.over).hash(hasher),
                Record::RequestOf(Request::Closed) => place.hash(hasher),
                Record::RequestOf(Request::Waiting(one)) => {
                    (place, &one.approved).hash(hasher);
                    waits.push(one.entry);
                }
                Record::StoppedAt(entry) => stops.push((place, *entry)),
                Record::DueAt(_) | Record::SuspensionOf(_) | Record::RekeyOf(_) => place.hash(hasher),
                _ => {}
            }
        }
        for (stop, at) in stops {
            for wait in &waits {
                (&stop, at >= *wait).hash(hasher);
            }
        }
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let of = |state: &Self| {
            let mut hasher = std::hash::DefaultHasher::new();
            state.hash(&mut hasher);
            hasher.finish()
        };
        of(self) == of(other)
    }
}
