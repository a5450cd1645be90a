//! One entry in the making: reads through what it has changed, and collects changes, touched leaves and details.

use super::delta::{Delta, Overlay};
use super::quota;
use super::refusal::{Denial, Rule, Stop};
use super::view::{Due, Head, LeafRecord, Private, Record, StateKey, StateView, key};
use remit_verifier::code::Code;
use remit_verifier::log::{Facts, LinkPart};
use remit_verifier::state::{Leaf, LeafBody, MASK_OPERATOR, UnitValues};
use remit_verifier::types::{EntryIndex, Millis, ObjectId, Rules, Seconds, StateIndex};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state under one entry while the rules run.
pub(super) struct Transaction<'v, V> {
    overlay: Overlay<'v, V>,
    head: Head,
    /// Ledger time of the entry.
    pub(super) now: Millis,
    /// Index of the entry.
    pub(super) entry: EntryIndex,
    /// What each operation did.
    pub(super) facts: Vec<Facts>,
    touched: BTreeSet<StateIndex>,
    /// Units whose counters moved, by token.
    moved: BTreeMap<StateIndex, BTreeSet<StateIndex>>,
    /// A no that is said once every member of the bundle has had its own, so that nobody asks for it for nothing.
    pub(super) deferred: Option<(usize, Code)>,
    /// Ids of the operations of this entry that are done, for references inside a bundle.
    pub(super) done: Vec<ObjectId>,
}

/// What a transaction leaves behind.
pub(super) struct Finished {
    pub(super) delta: Delta,
    pub(super) touched: BTreeSet<StateIndex>,
    pub(super) facts: Vec<Facts>,
    pub(super) links: Vec<LinkPart>,
}

impl<'v, V: StateView> Transaction<'v, V> {
    pub(super) fn begin(view: &'v V, now: Millis, entry: EntryIndex) -> Rule<Self, V::Error> {
        let overlay = Overlay::new(view);
        let head = read(&overlay, &key::HeadAt(0))?.ok_or(Code::WrongLedger)?;
        Ok(Self {
            overlay,
            head,
            now,
            entry,
            facts: Vec::new(),
            touched: BTreeSet::new(),
            moved: BTreeMap::new(),
            done: Vec::new(),
            deferred: None,
        })
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn get<K: StateKey>(&self, key: &K) -> Rule<Option<K::Record>, V::Error> {
        read(&self.overlay, key)
    }

    pub(super) fn put<K: StateKey>(&mut self, key: &K, record: K::Record) {
        self.overlay.delta.set(key.key(), Some(K::wrap(record)));
    }

    pub(super) fn delete<K: StateKey>(&mut self, key: &K) {
        self.overlay.delta.set(key.key(), None);
    }

    /// The leaf at `index`, which is known to exist.
    pub(super) fn leaf(&self, index: StateIndex) -> Rule<Arc<LeafRecord>, V::Error> {
        Ok(self.get(&key::LeafAt(index))?.ok_or(Code::WrongLeaf)?)
    }

    /// The leaf that the object with this id has.
    pub(super) fn leaf_of(&self, id: &ObjectId, unknown: Code) -> Rule<Arc<LeafRecord>, V::Error> {
        let index = self.get(&key::IndexOf(*id))?.ok_or(unknown)?;
        self.leaf(index)
    }

    /// Rewrites the leaf at `index`; an error ends the transaction.
    pub(super) fn change<T>(
        &mut self,
        index: StateIndex,
        change: impl FnOnce(&mut LeafRecord) -> Result<T, Code>,
    ) -> Rule<T, V::Error> {
        self.change_within(index, |record| change(record).map_err(Denial::from))
    }

    /// The same, where a number of the leaf may decide that it must not be.
    pub(super) fn change_within<T>(
        &mut self,
        index: StateIndex,
        change: impl FnOnce(&mut LeafRecord) -> Result<T, Denial>,
    ) -> Rule<T, V::Error> {
        // What an entry changes again is changed where it stands.
        if self.touched.insert(index) {
            let record = self.leaf(index)?;
            self.put(&key::LeafAt(index), record);
        }
        Ok(change(changed(&mut self.overlay.delta, index)?)?)
    }

    /// Creates the next leaf and gives its index.
    pub(super) fn create(
        &mut self,
        leaf: impl FnOnce(StateIndex) -> Leaf,
        private: Option<Private>,
    ) -> Rule<StateIndex, V::Error> {
        let index = self.head.next_leaf;
        self.head.next_leaf = index.next().ok_or(Code::Overflow)?;
        let leaf = leaf(index);
        self.put(&key::IndexOf(leaf.id), index);
        self.put(&key::LeafAt(index), Arc::new(LeafRecord { leaf, private }));
        self.touched.insert(index);
        Ok(index)
    }

    /// Notes that the counters of `token` in `unit` moved, so that details show them.
    pub(super) fn note_moved(&mut self, token: StateIndex, unit: StateIndex) {
        self.moved.entry(token).or_default().insert(unit);
    }

    /// Requires that the operators have not frozen the ledger.
    pub(super) fn require_thawed(&self) -> Rule<(), V::Error> {
        match self.leaf(StateIndex(0))?.leaf.mask & MASK_OPERATOR {
            0 => Ok(()),
            _ => Err(Stop::at(Code::LedgerFrozen, StateIndex(0))),
        }
    }

    /// Requires rules at least as new as `rules` to be in force.
    pub(super) fn require_rules(&self, rules: Rules) -> Rule<(), V::Error> {
        if self.has_rules(rules)? { Ok(()) } else { Err(Code::NotEnabled.into()) }
    }

    /// Whether rules at least as new as `rules` are in force.
    pub(super) fn has_rules(&self, rules: Rules) -> Rule<bool, V::Error> {
        let record = self.leaf(StateIndex(0))?;
        Ok(matches!(&record.leaf.body, LeafBody::Ledger(ledger) if ledger.rules >= rules))
    }

    pub(super) fn set_due(&mut self, deadline: Seconds, id: ObjectId, due: Due) {
        self.put(&key::DueAt(deadline, id), due);
    }

    pub(super) fn clear_due(&mut self, deadline: Seconds, id: ObjectId) {
        self.delete(&key::DueAt(deadline, id));
    }

    /// Closes the entry: one event for each token touched, its values committed to, the head moved on.
    pub(super) fn finish(mut self) -> Rule<Finished, V::Error> {
        let mut links = Vec::new();
        let mut tokens = Vec::new();
        for index in self.touched.iter().copied() {
            let LeafRecord { leaf, private } = changed(&mut self.overlay.delta, index)?;
            if let (LeafBody::Token(token), Some(private)) = (&mut leaf.body, private) {
                tokens.push(index);
                private.values.event = private.values.event.checked_add(1).ok_or(Code::Overflow)?;
                token.values = private.values.digest(&private.secret);
                if let Some(units) = self.moved.get(&index) {
                    let values = |unit| {
                        let none = UnitValues { unit, ..UnitValues::default() };
                        private.values.in_unit(unit).cloned().unwrap_or(none)
                    };
                    let values = units.iter().copied().map(values).collect();
                    links.push(LinkPart { token: index, secret: private.secret, values, bound: None });
                }
            }
        }
        quota::count_entry(&mut self, &tokens)?;
        self.head.next_entry = self.entry.next().ok_or(Code::Overflow)?;
        self.head.time = self.now;
        let head = self.head.clone();
        self.put(&key::HeadAt(0), head);
        Ok(Finished { delta: self.overlay.delta, touched: self.touched, facts: self.facts, links })
    }
}

/// The leaf at `index`, which this entry changes.
fn changed(delta: &mut Delta, index: StateIndex) -> Result<&mut LeafRecord, Code> {
    match delta.get_mut(&key::LeafAt(index).key()) {
        Some(Record::LeafAt(record)) => Ok(Arc::make_mut(record)),
        _ => Err(Code::WrongLeaf),
    }
}

fn read<V: StateView, K: StateKey>(view: &V, key: &K) -> Rule<Option<K::Record>, V::Error> {
    Ok(view.read(&key.key()).map_err(Stop::View)?.and_then(K::take))
}
