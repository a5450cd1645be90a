//! What records say of each other (spec 24 §5): each is recounted from the others where it can be, and what follows
//! from others is made of them. Shares no code with the rules that wrote them.

use crate::machine::{Due, Key, LeafRecord, MemoryState, Offer, Record, Request, StateKey, TokenInfo, key};
use remit_verifier::object::Share;
use remit_verifier::state::{Counters, LeafBody, Life};
use remit_verifier::types::{Amount, EntryIndex, ObjectId, Seconds, StateIndex};
use std::collections::HashMap;

/// A record contradicts another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradicts;

type Checked<T = ()> = Result<T, Contradicts>;

/// The state as it is read, with what is still to be met by later records.
#[derive(Default)]
pub(super) struct Check {
    pub(super) state: MemoryState,
    /// Entries that the snapshot covers.
    size: u64,
    /// What moved, by token and unit.
    moved: HashMap<(StateIndex, StateIndex), Counters>,
    links: HashMap<(ObjectId, StateIndex), Counters>,
    children: HashMap<StateIndex, u64>,
    /// Suspensions whose records are to come.
    masks: HashMap<StateIndex, u16>,
    /// Pending rekeys, by their tokens.
    rekeys: HashMap<ObjectId, StateIndex>,
    /// Captures of a reservation that are to come, and what they took.
    captures: HashMap<ObjectId, (u64, u64)>,
    last: Option<Key>,
}

impl Check {
    pub(super) fn new(size: u64) -> Self {
        Self { size, ..Self::default() }
    }

    fn put<K: StateKey>(&mut self, key: &K, record: K::Record) {
        self.state.set(&key.key(), Some(&K::wrap(record)));
    }

    /// Takes the next leaf.
    pub(super) fn leaf(&mut self, record: LeafRecord, info: Option<TokenInfo>) -> Checked {
        let (index, id) = (record.leaf.index, record.leaf.id);
        match (index.0, &record.leaf.body) {
            (0, LeafBody::Ledger(_)) => {}
            (0, _) | (_, LeafBody::Ledger(_)) => return Err(Contradicts),
            _ => {
                absent(self.state.get(&key::IndexOf(id)))?;
                self.put(&key::IndexOf(id), index);
            }
        }
        if let LeafBody::Unit(unit) = &record.leaf.body {
            let named = key::UnitNamed(unit.name.clone());
            absent(self.state.get(&named))?;
            self.put(&named, index);
        }
        if record.leaf.mask != 0 {
            self.masks.insert(index, record.leaf.mask);
        }
        let life = record.leaf.life;
        if let (Some(info), Some(private)) = (info, &record.private) {
            self.entry(info.entry)?;
            if let Some(rekey) = private.values.rekey {
                absent(self.rekeys.insert(rekey, index).as_ref())?;
            }
            let ceded: Vec<_> = carved(&info).map(|(unit, _)| private.values.counters(unit).ceded).collect();
            self.carved(index, &info, life, &ceded)?;
            self.put(&key::TokenOf(index), info.into());
        }
        self.put(&key::LeafAt(index), record.into());
        Ok(())
    }

    /// What a carved token took out of those above, and gave back to them.
    fn carved(&mut self, index: StateIndex, info: &TokenInfo, life: Life, ceded: &[u64]) -> Checked {
        let totals: Vec<_> = carved(info).collect();
        let Some(parent) = info.ancestors.last().copied().filter(|_| !totals.is_empty()) else {
            return if totals.is_empty() { Ok(()) } else { Err(Contradicts) };
        };
        let mut longest = Vec::new();
        for ((unit, total), ceded) in totals.into_iter().zip(ceded) {
            let path = self.path(parent, unit)?;
            self.post(&path, unit, |c| {
                add(&mut c.carved, total.0)?;
                add(&mut c.returned, *ceded)
            })?;
            longest = if path.len() > longest.len() { path } else { longest };
        }
        if life != Life::Ended {
            for token in longest {
                add(self.children.entry(token).or_default(), 1)?;
            }
            self.put(&key::DueAt(info.token.expires, info.id), Due::Token(index));
        }
        Ok(())
    }

    /// Takes the next side record.
    pub(super) fn record(&mut self, key: Key, record: &Record) -> Checked {
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(Contradicts);
        }
        match (&key, record) {
            (Key::ReservationOf(id), Record::ReservationOf(of)) => self.reservation(*id, of)?,
            (Key::LeaseOf(id), Record::LeaseOf(of)) => {
                self.spend(of.entry, of.payee, of.unit)?;
                if !of.over {
                    self.move_on((of.token, of.unit), |c| add(&mut c.leased, of.amount.0))?;
                    self.due(of.settle_by, *id, Due::Lease)?;
                } else {
                    self.path(of.token, of.unit)?;
                }
            }
            (Key::CaptureOf(_), Record::CaptureOf(of)) => self.capture(of)?,
            (Key::SuspensionOf(leaf, bit), Record::SuspensionOf(_)) => {
                let mask = self.masks.get_mut(leaf).ok_or(Contradicts)?;
                let bit = 1_u16.checked_shl(u32::from(*bit)).ok_or(Contradicts)?;
                if *mask & bit == 0 {
                    return Err(Contradicts);
                }
                *mask &= !bit;
            }
            (Key::RequestOf(id), Record::RequestOf(Request::Waiting(of))) => {
                self.spend(of.entry, of.payee, of.unit)?;
                self.move_on((of.token, of.unit), |c| add(&mut c.pending, of.amount.0))?;
                self.due(of.decide_by, ObjectId(id.0), Due::Request)?;
            }
            (Key::StoppedAt(leaf), Record::StoppedAt(entry)) => {
                present(self.state.get(&key::LeafAt(*leaf)))?;
                self.entry(*entry)?;
            }
            (Key::RekeyOf(id), Record::RekeyOf(of)) => {
                if self.rekeys.remove(id) != Some(of.token) {
                    return Err(Contradicts);
                }
                self.due(of.effective, *id, Due::Rekey)?;
            }
            (Key::OfferOf(id), Record::OfferOf(Offer::Standing(of))) => {
                self.spend(of.entry, of.payee, of.unit)?;
                present(self.state.get(&key::TokenOf(of.token)))?;
                absent(self.state.get(&key::OfferAt(of.token)))?;
                self.put(&key::OfferAt(of.token), *id);
            }
            (Key::LinkOf(id), Record::LinkOf(of)) => {
                for (unit, counters) in &of.units {
                    if self.links.remove(&(*id, *unit)) != Some(*counters) {
                        return Err(Contradicts);
                    }
                }
            }
            (Key::Seen(..), Record::Seen(entry)) => self.entry(*entry)?,
            (Key::RefusedOf(_), Record::RefusedOf(of)) => self.entry(of.entry)?,
            (Key::RefusalsOf(root) | Key::EntriesOf(root), _) => {
                let info = self.state.get(&key::TokenOf(*root)).ok_or(Contradicts)?;
                let counts = matches!(key, Key::RefusalsOf(_)) || info.token.entries.is_some();
                if !info.ancestors.is_empty() || !counts {
                    return Err(Contradicts);
                }
            }
            _ => {}
        }
        self.state.set(&key, Some(record));
        self.last = Some(key);
        Ok(())
    }

    fn reservation(&mut self, id: ObjectId, of: &crate::machine::Reservation) -> Checked {
        self.spend(of.entry, of.payee, of.unit)?;
        let gone = of.captured.0.checked_add(of.released.0).ok_or(Contradicts)?;
        let left = of.amount.0.checked_sub(gone).ok_or(Contradicts)?;
        let held = |c: &mut Counters| {
            add(&mut c.reserved, left)?;
            add(&mut c.captured, of.captured.0)
        };
        self.move_on((of.token, of.unit), held)?;
        for (link, _) in &of.links {
            held(self.links.entry((*link, of.unit)).or_default())?;
        }
        if of.captures > 0 || of.captured.0 > 0 {
            self.captures.insert(id, (of.captures, of.captured.0));
        }
        if left > 0 { self.due(of.settle_by, id, Due::Reservation) } else { Ok(()) }
    }

    fn capture(&mut self, of: &crate::machine::Capture) -> Checked {
        if of.refunded > of.amount {
            return Err(Contradicts);
        }
        let refunded = |c: &mut Counters| add(&mut c.refunded, of.refunded.0);
        if let Some(made) = self.state.get(&key::ReservationOf(of.reservation)).cloned() {
            let (count, amount) = self.captures.get_mut(&of.reservation).ok_or(Contradicts)?;
            *count = count.checked_sub(1).ok_or(Contradicts)?;
            *amount = amount.checked_sub(of.amount.0).ok_or(Contradicts)?;
            self.move_on((made.token, made.unit), refunded)?;
            for (link, _) in &made.links {
                refunded(self.links.entry((*link, made.unit)).or_default())?;
            }
            return Ok(());
        }
        let lease = *self.state.get(&key::LeaseOf(of.reservation)).ok_or(Contradicts)?;
        // A lease is settled once.
        let twice = self.captures.insert(of.reservation, (0, 0)).is_some();
        if !lease.over || of.amount > lease.amount || twice {
            return Err(Contradicts);
        }
        self.move_on((lease.token, lease.unit), |c| add(&mut c.captured, of.amount.0))?;
        self.move_on((lease.token, lease.unit), refunded)
    }

    /// Requires that nothing is still to come, and that every counter is what was counted. Gives the state.
    pub(super) fn finish(mut self) -> Result<MemoryState, StateIndex> {
        let leaves = (0..).map(StateIndex);
        let records = leaves.map_while(|index| self.state.get(&key::LeafAt(index)));
        for LeafRecord { leaf, private } in records.map(AsRef::as_ref) {
            let (LeafBody::Token(token), Some(private)) = (&leaf.body, private) else { continue };
            for values in &private.values.units {
                let moved = self.moved.remove(&(leaf.index, values.unit)).unwrap_or_default();
                // What was passed on follows from these, and the leaf commits to it.
                if (Counters { ceded: values.counters.ceded, ..moved }) != values.counters {
                    return Err(leaf.index);
                }
            }
            if self.children.remove(&leaf.index).unwrap_or_default() != token.carved_children {
                return Err(leaf.index);
            }
        }
        let none = Counters::default();
        let moved = self.moved.iter().find(|(_, counters)| **counters != none).map(|((token, _), _)| *token);
        let mask = self.masks.iter().find(|(_, mask)| **mask != 0).map(|(leaf, _)| *leaf);
        let rekey = self.rekeys.values().next().copied();
        let captured = self.captures.iter().find(|(_, left)| **left != (0, 0));
        let captured = captured.and_then(|(id, _)| self.state.get(&key::ReservationOf(*id)));
        let captured = captured.map(|of| of.token);
        let link = self.links.values().any(|counters| *counters != none).then_some(StateIndex(0));
        match moved.or(mask).or(rekey).or(captured).or(link) {
            Some(leaf) => Err(leaf),
            None => Ok(self.state),
        }
    }

    fn entry(&self, at: EntryIndex) -> Checked {
        if at.0 < self.size { Ok(()) } else { Err(Contradicts) }
    }

    /// An entry that holds value for a payee.
    fn spend(&self, at: EntryIndex, payee: StateIndex, unit: StateIndex) -> Checked {
        present(self.state.get(&key::LeafAt(payee)).and_then(|record| record.leaf.party()))?;
        present(self.state.get(&key::LeafAt(unit)).and_then(|record| record.leaf.unit()))?;
        self.entry(at)
    }

    fn due(&mut self, at: Seconds, id: ObjectId, due: Due) -> Checked {
        absent(self.state.get(&key::DueAt(at, id)))?;
        self.put(&key::DueAt(at, id), due);
        Ok(())
    }

    /// The tokens on which a move of `token` posts: up to the first that is carved in the unit, or the root.
    fn path(&self, token: StateIndex, unit: StateIndex) -> Checked<Vec<StateIndex>> {
        let info = self.state.get(&key::TokenOf(token)).ok_or(Contradicts)?;
        let mut path = Vec::new();
        for index in [token].into_iter().chain(info.ancestors.iter().rev().copied()) {
            path.push(index);
            let info = self.state.get(&key::TokenOf(index)).ok_or(Contradicts)?;
            if carved(info).any(|(of, _)| of == unit) {
                break;
            }
        }
        Ok(path)
    }

    fn move_on(
        &mut self,
        (token, unit): (StateIndex, StateIndex),
        change: impl Fn(&mut Counters) -> Checked,
    ) -> Checked {
        let path = self.path(token, unit)?;
        self.post(&path, unit, change)
    }

    fn post(
        &mut self,
        path: &[StateIndex],
        unit: StateIndex,
        change: impl Fn(&mut Counters) -> Checked,
    ) -> Checked {
        path.iter().try_for_each(|token| change(self.moved.entry((*token, unit)).or_default()))
    }
}

/// The carved budgets of a token: unit and total.
fn carved(info: &TokenInfo) -> impl Iterator<Item = (StateIndex, Amount)> {
    let all = info.budgets.iter().flatten().filter(|(_, budget)| budget.share == Share::Carved);
    all.map(|(unit, budget)| (*unit, budget.total.unwrap_or_default()))
}

fn add(counter: &mut u64, amount: u64) -> Checked {
    *counter = counter.checked_add(amount).ok_or(Contradicts)?;
    Ok(())
}

fn absent<T: ?Sized>(found: Option<&T>) -> Checked {
    if found.is_none() { Ok(()) } else { Err(Contradicts) }
}

fn present<T: ?Sized>(found: Option<&T>) -> Checked {
    if found.is_some() { Ok(()) } else { Err(Contradicts) }
}
