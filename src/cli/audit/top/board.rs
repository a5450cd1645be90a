//! What is shown of a ledger at work: rows in, state out. Only the window of ledger time is kept, in slots; nothing is
//! read here, neither a log nor a clock.

use super::super::spent::moves;
use super::super::teller::{Row, Teller};
use clap::ValueEnum;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::Kind;
use remit_verifier::types::{LedgerId, Millis, ObjectId, TreeSize};
use std::collections::{BTreeMap, VecDeque};

/// Into so many slots the window is divided: it moves on by one of them.
pub(super) const SLOTS: u64 = 60;
/// Who did what to whom, told apart in one slot; of more, the rest is counted as others.
pub(super) const FLOWS_MAX: usize = 1024;
/// The newest rows that can be gone through.
pub(super) const NEWEST_MAX: usize = 200;
/// "Now" is so many seconds of ledger time.
pub(super) const NOW_SECONDS: u64 = 10;

/// By what the most active are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    Agent,
    Payee,
    Issuer,
    Unit,
    Kind,
    Token,
}

/// How much was done, and how much of it was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) operations: u64,
    pub(super) refused: u64,
}

/// What moved, in minor units of one unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) captured: u128,
    pub(super) reserved: u128,
    pub(super) refunded: u128,
}

/// Who did what to whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flow {
    kind: &'static str,
    unit: Option<ObjectId>,
    /// None of those who are counted as others.
    who: Option<Who>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Who {
    agent: Option<String>,
    payee: Option<ObjectId>,
    issuer: Option<ObjectId>,
    token: Option<ObjectId>,
}

/// A part of the window.
#[derive(Default)]
struct Slot {
    count: Count,
    refused: BTreeMap<&'static str, u64>,
    control: BTreeMap<&'static str, u64>,
    flows: BTreeMap<Flow, (Count, Moved)>,
    /// Amounts that are not at hand.
    unknown: u64,
}

/// One of the most active; without a key, whoever has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) key: Option<String>,
    pub(super) name: String,
    pub(super) count: Count,
    pub(super) moved: BTreeMap<ObjectId, Moved>,
}

/// The view: what was seen in the window, and how it is looked at.
pub(super) struct Board {
    pub(super) origin: String,
    pub(super) ledger: LedgerId,
    pub(super) by: By,
    pub(super) window: Millis,
    pub(super) stale: Millis,
    pub(super) head: TreeHead,
    /// How often a newer checkpoint was proved to go on from the one before.
    pub(super) steps: u64,
    pub(super) paused: bool,
    /// Why nobody answered, while that is so.
    pub(super) fault: Option<String>,
    /// The newest commitment: the checkpoint's time.
    pub(super) committed: Millis,
    first: Option<Millis>,
    newest: Millis,
    slots: BTreeMap<u64, Slot>,
    seconds: BTreeMap<u64, Count>,
    rows: VecDeque<Row>,
    /// So many of the newest rows are scrolled away.
    offset: usize,
}

impl Board {
    pub(super) fn new(origin: &str, ledger: LedgerId, by: By, window: Millis, stale: Millis) -> Self {
        let head = TreeHead { size: TreeSize(0), root: Default::default() };
        Self {
            origin: origin.into(),
            ledger,
            by,
            window,
            stale,
            head,
            steps: 0,
            paused: false,
            fault: None,
            committed: Millis(0),
            first: None,
            newest: Millis(0),
            slots: BTreeMap::new(),
            seconds: BTreeMap::new(),
            rows: VecDeque::new(),
            offset: 0,
        }
    }

    /// The next row of the log.
    pub(super) fn row(&mut self, row: Row) {
        self.first.get_or_insert(row.time);
        self.newest = self.newest.max(row.time);
        match row.kind {
            Kind::Genesis => return,
            Kind::Commitment => self.committed = row.time,
            _ => self.count(&row),
        }
        let (slot, second) = (self.slot(self.newest), self.newest.0 / 1000);
        forget(&mut self.slots, (slot + 1).saturating_sub(SLOTS));
        forget(&mut self.seconds, (second + 1).saturating_sub(NOW_SECONDS));
        if row.kind != Kind::Commitment {
            self.rows.push_front(row);
            self.rows.truncate(NEWEST_MAX);
            // Whoever reads further down keeps his place.
            self.offset = if self.offset == 0 { 0 } else { (self.offset + 1).min(self.rows.len() - 1) };
        }
    }

    fn count(&mut self, row: &Row) {
        let refused = u64::from(row.refused.is_some());
        let add = |count: &mut Count| {
            count.operations += 1;
            count.refused += refused;
        };
        add(self.seconds.entry(row.time.0 / 1000).or_default());
        let slot = self.slots.entry(row.time.0 / self.slot_span()).or_default();
        add(&mut slot.count);
        if let Some(code) = row.refused {
            *slot.refused.entry(code.text()).or_default() += 1;
        }
        let controls = matches!(
            row.kind,
            Kind::Suspend | Kind::Resume | Kind::Revoke | Kind::Cut | Kind::Freeze | Kind::Unfreeze
        );
        if controls && row.refused.is_none() {
            *slot.control.entry(row.kind.text()).or_default() += 1;
        }
        let who = Who { agent: row.agent.clone(), payee: row.payee, issuer: row.issuer, token: row.token };
        let mut flow = Flow { kind: row.kind.text(), unit: row.unit, who: Some(who) };
        if slot.flows.len() >= FLOWS_MAX && !slot.flows.contains_key(&flow) {
            flow.who = None;
        }
        // Units are few where operators register them, and many where somebody wants memory.
        let known = slot.flows.len() < 2 * FLOWS_MAX || slot.flows.contains_key(&flow);
        flow.unit = flow.unit.filter(|_| known);
        let (count, moved) = slot.flows.entry(flow).or_default();
        add(count);
        slot.unknown += u64::from(!known || !moved.add(row));
    }

    /// Another head, which is proved to go on from the one before.
    pub(super) fn proved(&mut self, head: TreeHead) {
        (self.head, self.steps) = (head, self.steps + 1);
    }

    /// The next grouping.
    pub(super) fn regroup(&mut self) {
        let all = By::value_variants();
        let at = all.iter().position(|by| *by == self.by).map_or(0, |at| (at + 1) % all.len());
        self.by = all[at];
    }

    /// Goes through the newest: `down` to older ones.
    pub(super) fn scroll(&mut self, lines: usize, down: bool) {
        let to = if down { self.offset + lines } else { self.offset.saturating_sub(lines) };
        self.offset = to.min(self.rows.len().saturating_sub(1));
    }

    /// Rows from the newest on, without those that are scrolled away.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().skip(self.offset)
    }

    /// How many of the newest are scrolled away.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    fn slot_span(&self) -> u64 {
        (self.window.0 / SLOTS).max(1)
    }

    fn slot(&self, at: Millis) -> u64 {
        at.0 / self.slot_span()
    }

    /// What was done in the window, and the milliseconds that it is of: less than the window of a younger log.
    pub(super) fn in_window(&self) -> (Count, u64) {
        let start = (self.slot(self.newest) + 1).saturating_sub(SLOTS) * self.slot_span();
        let from = start.max(self.first.unwrap_or_default().0);
        (self.slots.values().map(|slot| slot.count).sum(), self.newest.0.saturating_sub(from).max(1000))
    }

    /// What was done in the last seconds of ledger time.
    pub(super) fn now(&self) -> (Count, u64) {
        (self.seconds.values().copied().sum(), NOW_SECONDS * 1000)
    }

    /// The counts of all slots, the newest last.
    pub(super) fn history(&self) -> Vec<Count> {
        let newest = self.slot(self.newest);
        let first = (newest + 1).saturating_sub(SLOTS);
        (first..=newest).map(|at| self.slots.get(&at).map(|slot| slot.count).unwrap_or_default()).collect()
    }

    /// Refusals by their codes, the most frequent first.
    pub(super) fn refusals(&self) -> Vec<(&'static str, u64)> {
        ranked(self.slots.values().map(|slot| &slot.refused))
    }

    /// What was suspended, revoked, cut off or frozen, and what of it was lifted.
    pub(super) fn control(&self) -> Vec<(&'static str, u64)> {
        ranked(self.slots.values().map(|slot| &slot.control))
    }

    /// How many amounts of the window are not at hand.
    pub(super) fn unknown(&self) -> u64 {
        self.slots.values().map(|slot| slot.unknown).sum()
    }

    /// The most active first.
    pub(super) fn groups(&self, teller: &Teller) -> Vec<Group> {
        let mut groups = BTreeMap::<Option<String>, Group>::new();
        for (flow, (count, moved)) in self.slots.values().flat_map(|slot| &slot.flows) {
            let key = flow.key(self.by);
            let group = groups.entry(key.clone()).or_insert_with(|| Group {
                name: flow.name(self.by, teller),
                key,
                ..Group::default()
            });
            group.count = [group.count, *count].into_iter().sum();
            if let Some(unit) = flow.unit.filter(|_| *moved != Moved::default()) {
                group.moved.entry(unit).or_default().join(moved);
            }
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count.operations));
        groups
    }
}

/// Takes away what lies before `first`.
fn forget<T>(of: &mut BTreeMap<u64, T>, first: u64) {
    while of.first_key_value().is_some_and(|(at, _)| *at < first) {
        of.pop_first();
    }
}

/// The sums over all slots, the largest first.
fn ranked<'a>(slots: impl Iterator<Item = &'a BTreeMap<&'static str, u64>>) -> Vec<(&'static str, u64)> {
    let mut sums = BTreeMap::<&'static str, u64>::new();
    for (name, count) in slots.flatten() {
        *sums.entry(name).or_default() += count;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sums
}

impl Flow {
    fn key(&self, by: By) -> Option<String> {
        let id = |id: Option<ObjectId>| id.map(|id| id.to_string());
        match (by, &self.who) {
            (By::Unit, _) => id(self.unit),
            (By::Kind, _) => Some(self.kind.into()),
            (_, None) => Some("others".into()),
            (By::Agent, Some(who)) => who.agent.clone(),
            (By::Payee, Some(who)) => id(who.payee),
            (By::Issuer, Some(who)) => id(who.issuer),
            (By::Token, Some(who)) => id(who.token),
        }
    }

    fn name(&self, by: By, teller: &Teller) -> String {
        let party = |id: Option<ObjectId>| id.map(|id| teller.named(&id));
        let name = match (by, &self.who) {
            (By::Unit, _) => self.unit.map(|unit| teller.unit(&unit).name),
            (By::Payee, Some(who)) => party(who.payee),
            (By::Issuer, Some(who)) => party(who.issuer),
            _ => self.key(by),
        };
        name.unwrap_or_else(|| "(none)".into())
    }
}

impl Moved {
    /// Adds what a row moved; says whether that is known.
    fn add(&mut self, row: &Row) -> bool {
        let to = match (moves(row), row.kind) {
            (Some(false), _) => &mut self.captured,
            (Some(true), _) => &mut self.refunded,
            (None, Kind::Reserve | Kind::Lease) if row.refused.is_none() => &mut self.reserved,
            _ => return true,
        };
        *to += u128::from(row.amount.unwrap_or_default().0);
        row.amount.is_some()
    }

    fn join(&mut self, other: &Self) {
        self.captured += other.captured;
        self.reserved += other.reserved;
        self.refunded += other.refunded;
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            operations: sum.operations + one.operations,
            refused: sum.refused + one.refused,
        })
    }
}
