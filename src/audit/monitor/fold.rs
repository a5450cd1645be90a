//! The monitor itself: one step after the other, from a note to what it is worth.

use super::age::Ages;
use super::blame::{Blame, Shown, blame};
use super::event::{Branch, Event, EventCode, Fact, Severity};
use super::history::{History, Remembered, Signed};
use super::interest::{Interests, Notice};
use crate::audit::replay::BATCH_ENTRIES_MAX;
use crate::audit::snapshot::{Place, Start};
use crate::audit::{Held, Source};
use crate::engine::StoredEntry;
use crate::machine::MemoryState;
use crate::tree::Frontier;
use remit_verifier::c2sp::{Trust, TrustBuilder, TrustError, VerifierKey};
use remit_verifier::hash::{EMPTY_ROOT, leaf_hash};
use remit_verifier::log::Entry;
use remit_verifier::merkle::{TreeHead, verify_consistency};
use remit_verifier::types::{EntryIndex, Hash, LedgerId, Millis, TreeSize};
use std::collections::{BTreeSet, HashSet};

/// Entries that are asked for at a time.
pub const PAGE: u64 = 2_048;

/// A ledger, or a mirror of one, as a monitor asks it.
pub trait Ledger: Source {
    /// Where it is.
    fn address(&self) -> String;

    /// The newest checkpoint: a signed note.
    ///
    /// # Errors
    ///
    /// Why there is none, for people.
    fn checkpoint(&mut self) -> Result<String, String>;

    /// The proof that the log of `to` entries begins with that of `from`; nothing if the ledger says that it has none.
    ///
    /// # Errors
    ///
    /// Why there is no answer, for people.
    fn consistency(&mut self, from: TreeSize, to: TreeSize) -> Result<Option<Vec<Hash>>, String>;
}

/// Which log, and what is believed of it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Logs, witnesses and quorum: the trust of the policy.
    pub trust: Trust,
    /// The log's origin.
    pub origin: String,
    /// The ledger whose log it is.
    pub ledger: LedgerId,
    /// How far two good clocks differ at most.
    pub skew: Millis,
    /// How old the newest state may be.
    pub stale_after: Millis,
}

/// What a monitor wants to know next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Entries from an index on, so many at most.
    Entries(EntryIndex, u64),
    /// A consistency proof from the first size to the second.
    Consistency(TreeSize, TreeSize),
}

/// What is being found out.
enum Step {
    /// Nothing.
    Idle,
    /// Whether the newest checkpoint and this one are of one history.
    Comparing(Signed),
    /// What the entries up to the newest checkpoint are.
    Fetching,
    /// Whether a page, which leads to this tree, is under the newest checkpoint.
    Vouching(Vec<StoredEntry>, Frontier),
    /// Up to where a checkpoint that does not fit has the entries that were shown: so many it has, so many it has not.
    Searching(Signed, u64, u64),
    /// What the first entry is that it has not.
    Diverging(Signed, u64),
    /// Whether this is it.
    Proving(Signed, u64, Vec<u8>),
}

/// Whether a key is that of two histories whose first entry that differs was found.
fn proves_two_histories(key: &str) -> bool {
    let found = |rest: &str| rest.rsplit(' ').next().is_some_and(|entry| entry.parse::<u64>().is_ok());
    key.strip_prefix(EventCode::TwoHistories.text()).is_some_and(|rest| rest.starts_with(' ') && found(rest))
}

/// Follows one ledger.
pub struct Monitor {
    settings: Settings,
    /// The same logs without a quorum: whatever the log signed binds it.
    bare: Trust,
    interests: Interests,
    history: History,
    held: Held,
    /// Entries that were vouched for: those of `held`, and `batch`.
    tree: Frontier,
    batch: Vec<StoredEntry>,
    /// Entries before a snapshot, of which nothing was computed since the start.
    from: TreeSize,
    /// Where the rules lead nowhere any more.
    halted: Option<EntryIndex>,
    forked: bool,
    /// Time of the last batch that was computed, and whether it was ahead of the clock.
    time: Millis,
    ahead: bool,
    ages: Ages,
    step: Step,
    /// What the source that is asked shows, of one history with the newest checkpoint: it has no more.
    target: TreeHead,
    /// The size that it shows, if that may be of one history.
    shown: Option<TreeSize>,
    source: String,
    now: Millis,
    said: HashSet<String>,
    /// Sources that did not answer in their last turn to its end, and whether this is one.
    away: BTreeSet<String>,
    missed: bool,
    raised: BTreeSet<EventCode>,
    events: Vec<Event>,
}

impl Monitor {
    /// A monitor that goes on from what is remembered; the rules begin with the first entry all the same, or
    /// [where a snapshot stands](Monitor::go_on_from). Nothing if what is remembered contradicts itself.
    pub fn new(settings: Settings, interests: Interests, remembered: &Remembered) -> Option<Self> {
        let own = |(key, _): &(&VerifierKey, _)| key.name() == settings.origin;
        let logs: Vec<VerifierKey> = settings.trust.logs().filter(own).map(|(key, _)| key.clone()).collect();
        let mut bare = TrustBuilder::default();
        for log in &logs {
            bare.log(log.clone(), None).ok()?;
        }
        bare.quorum(b"none").ok()?;
        let said: HashSet<String> = remembered.said.iter().cloned().collect();
        Some(Self {
            bare: bare.build().ok()?,
            history: History::of(remembered)?,
            forked: said.iter().any(|key| proves_two_histories(key)),
            settings,
            interests,
            held: Held::new(logs),
            tree: Frontier::new(),
            batch: Vec::new(),
            from: TreeSize(0),
            halted: None,
            time: Millis(0),
            ahead: false,
            ages: Ages::default(),
            step: Step::Idle,
            target: TreeHead { size: TreeSize(0), root: EMPTY_ROOT },
            shown: None,
            source: String::new(),
            now: Millis(0),
            said,
            away: remembered.away.clone(),
            missed: false,
            raised: BTreeSet::new(),
            events: Vec::new(),
        })
    }

    /// Goes on from a snapshot instead of the first entry; `false`, and nothing is changed, if it is not of the history
    /// that is remembered, or something was computed already. Whoever made it says that nothing was wrong up to there.
    pub fn go_on_from(&mut self, start: Start) -> bool {
        let (head, commitment) = (start.head(), start.place.commitment());
        let own =
            start.place.ledger() == self.settings.ledger && self.history.prefix(head.size) == Some(head);
        let Some(commitment) = commitment.filter(|_| own && self.tree.size() == TreeSize(0)) else {
            return false;
        };
        let logs = self.bare.logs().map(|(key, _)| key.clone()).collect();
        let Ok(held) = Held::from_snapshot(logs, start) else { return false };
        self.ages.entry(EntryIndex(head.size.0.saturating_sub(1)), &Entry::Commitment(commitment).encode());
        (self.tree, self.time) = (held.trees().log.clone(), commitment.time);
        (self.from, self.held) = (head.size, held);
        true
    }

    /// What to keep so that another start need not compute all again: the place of a snapshot and its state. Nothing as
    /// long as something is wrong with the log: then it is found again at each start.
    pub fn snapshot(&self) -> Option<(&Place, &MemoryState)> {
        let passing = |code: &EventCode| matches!(code, EventCode::Unreachable | EventCode::Stale);
        let good = |code: &EventCode| code.severity() <= Severity::Notice || passing(code);
        let place = self.held.place().filter(|_| self.halted.is_none() && self.raised.iter().all(good))?;
        Some((place, self.held.state()))
    }

    /// The first entry that was computed since the start.
    pub const fn from(&self) -> EntryIndex {
        EntryIndex(self.from.0)
    }

    /// Whose doings are told, as a digest.
    pub fn interests(&self) -> Hash {
        self.interests.digest()
    }

    /// Takes other interests from now on; what they would have told of before is told at the next start.
    pub fn interest(&mut self, interests: Interests) {
        self.interests = interests;
    }

    /// Asks a ledger for what is new until there is no more of it, and hands on what there is to say after each step.
    ///
    /// # Errors
    ///
    /// What `each` fails with.
    pub fn round<E>(
        &mut self,
        ledger: &mut dyn Ledger,
        now: Millis,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        match ledger.checkpoint() {
            Ok(note) => self.checkpoint(&ledger.address(), &note, now),
            Err(why) => {
                self.begin(&ledger.address(), now);
                self.unreachable(why);
            }
        }
        each(self)?;
        while let Some(want) = self.wants() {
            let answer = match want {
                Want::Entries(from, limit) => ledger.entries(from.0, limit).map(|items| self.entries(items)),
                Want::Consistency(from, to) => {
                    let none = Some(Vec::new());
                    let path = if from == to { Ok(none) } else { ledger.consistency(from, to) };
                    path.map(|path| self.consistency(path.as_deref()))
                }
            };
            if let Err(why) = answer {
                self.unanswered(why);
            }
            each(self)?;
        }
        self.judge_age();
        if !self.missed {
            self.away.remove(&self.source);
        }
        each(self)
    }

    /// What is to be said since the last time this was asked.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Everything that was found since the start, said now or before.
    pub const fn raised(&self) -> &BTreeSet<EventCode> {
        &self.raised
    }

    /// How many entries were vouched for since the start, and how many the newest checkpoint covers. All of them were
    /// computed again up to [`Monitor::head`].
    pub fn progress(&self) -> (TreeSize, TreeSize) {
        let newest = self.history.newest.as_ref().map(|newest| newest.head.size);
        (self.tree.size(), newest.unwrap_or_default())
    }

    /// The newest note, how many entries were shown under it, and the hash of one.
    pub fn remembers(&self) -> (Option<&str>, TreeSize) {
        (self.history.newest.as_ref().map(|newest| newest.note.as_str()), self.history.size())
    }

    /// Whose last turn was not answered to its end.
    pub const fn away(&self) -> &BTreeSet<String> {
        &self.away
    }

    /// Whether the rules lead nowhere any more: the log is followed, and no more of it computed.
    pub const fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// The hash of an entry that was shown.
    pub fn leaf(&self, at: EntryIndex) -> Option<Hash> {
        self.history.leaf(at)
    }

    /// The ledger as far as it was computed again.
    pub fn head(&self) -> TreeHead {
        self.held.head()
    }

    fn begin(&mut self, source: &str, now: Millis) {
        (self.step, self.source, self.now) = (Step::Idle, source.into(), now);
        (self.shown, self.missed) = (None, false);
        self.ages.begin(now);
    }

    /// Takes the checkpoint that a source shows.
    pub fn checkpoint(&mut self, source: &str, note: &str, now: Millis) {
        self.begin(source, now);
        let accepted = match self.bare.accept(note.as_bytes(), now, self.settings.skew) {
            Ok(accepted) => accepted,
            Err(error) => return self.bad_checkpoint(error),
        };
        if let Err(error) = self.settings.trust.accept(note.as_bytes(), now, self.settings.skew) {
            // The log signed it all the same, and is held to it.
            self.bad_checkpoint(error);
        }
        let head = TreeHead { size: accepted.size(), root: accepted.root() };
        let signed = Signed { head, note: note.into() };
        // A log without entries is the beginning of every log.
        let newest = self.history.newest.as_ref().map(|newest| newest.head).filter(|head| head.size.0 > 0);
        let Some(newest) = newest else {
            self.history.newest = Some(signed);
            self.ages.grown(now);
            self.fetch(head);
            return;
        };
        let shown = head.size <= self.history.size();
        if head == newest || shown && self.history.prefix(head.size) == Some(head) {
            self.fetch(head);
        } else if shown {
            self.contradicted(signed);
        } else {
            self.step = Step::Comparing(signed);
        }
    }

    /// What is shown is of one history: all that it covers is fetched.
    fn fetch(&mut self, target: TreeHead) {
        (self.step, self.target, self.shown) = (Step::Fetching, target, Some(target.size));
    }

    /// What is wanted next; nothing when all is known that can be.
    pub fn wants(&mut self) -> Option<Want> {
        let newest = self.history.newest.as_ref()?.head;
        let (shown, target) = (self.tree.size(), self.target.size);
        match &self.step {
            Step::Idle => None,
            Step::Fetching if shown >= target => {
                self.step = Step::Idle;
                None
            }
            Step::Fetching => Some(Want::Entries(EntryIndex(shown.0), PAGE.min(target.0 - shown.0))),
            Step::Comparing(other) => {
                let (old, new) = (newest.size.min(other.head.size), newest.size.max(other.head.size));
                Some(Want::Consistency(old, new))
            }
            Step::Vouching(_, tree) => Some(Want::Consistency(tree.size(), target)),
            Step::Searching(other, low, high) => {
                Some(Want::Consistency(TreeSize(low + (high - low) / 2), other.head.size))
            }
            Step::Diverging(_, at) => Some(Want::Entries(EntryIndex(*at), 1)),
            Step::Proving(other, at, _) => Some(Want::Consistency(TreeSize(at + 1), other.head.size)),
        }
    }

    /// Takes a consistency proof that was wanted; without one, what it should prove is not proved.
    pub fn consistency(&mut self, path: Option<&[Hash]>) {
        let Some(newest) = self.history.newest.clone() else { return };
        let leads = |from: &TreeHead, to: &TreeHead| {
            path.is_some_and(|path| verify_consistency(from, to, path).is_ok())
        };
        match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Comparing(other) => {
                let ahead = other.head.size > newest.head.size;
                let (old, new) = if ahead { (&newest, &other) } else { (&other, &newest) };
                if !ahead && path.is_none() {
                    // Who lags behind has no such proof. It is compared once the entries up to it were shown.
                    self.shown = Some(other.head.size);
                    return;
                }
                if !leads(&old.head, &new.head) {
                    return self.contradicted(other);
                }
                self.fetch(other.head);
                if ahead {
                    self.history.newest = Some(other);
                    self.ages.grown(self.now);
                }
            }
            Step::Vouching(page, tree) => {
                let head = TreeHead { size: tree.size(), root: tree.root() };
                if leads(&head, &self.target) {
                    self.vouched(page, tree);
                } else {
                    self.other_entries();
                }
            }
            Step::Searching(other, low, high) => {
                let middle = low + (high - low) / 2;
                let prefix = self.history.prefix(TreeSize(middle));
                let shared = prefix.is_some_and(|own| leads(&own, &other.head));
                let (low, high) = if shared { (middle, high) } else { (low, middle) };
                self.search(other, low, high);
            }
            Step::Proving(other, at, entry) => self.proved(&other, at, entry, path.unwrap_or_default()),
            step => self.step = step,
        }
    }

    /// Takes entries that were wanted; more than were are passed over.
    pub fn entries(&mut self, mut items: Vec<StoredEntry>) {
        let Some(Want::Entries(from, limit)) = self.wants() else { return };
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        if let Step::Diverging(..) = self.step {
            let Step::Diverging(other, at) = std::mem::replace(&mut self.step, Step::Idle) else { return };
            match items.pop() {
                Some(item) => self.step = Step::Proving(other, at, item.entry),
                None => self.two_histories(&other, None),
            }
            return;
        }
        if items.is_empty() {
            let mut event = self.event(EventCode::Short, Some(from));
            event.stated = Some(Fact::Size(self.target.size));
            event.computed = Some(Fact::Size(TreeSize(from.0)));
            self.step = Step::Idle;
            return self.say(event);
        }
        let mut tree = self.tree.clone();
        let mut known = true;
        for item in &items {
            let leaf = leaf_hash(&item.entry);
            known = known && self.history.leaf(EntryIndex(tree.size().0)) == Some(leaf);
            tree.push(leaf);
        }
        let head = TreeHead { size: tree.size(), root: tree.root() };
        if known || head == self.target {
            self.vouched(items, tree);
        } else if head.size >= self.target.size {
            self.other_entries();
        } else {
            self.step = Step::Vouching(items, tree);
        }
    }

    /// Takes it that what was wanted was not answered.
    pub fn unanswered(&mut self, why: String) {
        match std::mem::replace(&mut self.step, Step::Idle) {
            Step::Searching(other, ..) | Step::Diverging(other, _) | Step::Proving(other, ..) => {
                self.two_histories(&other, None);
            }
            // What the log signed is kept if nobody shows, time and again, that it goes on from what it was.
            Step::Comparing(other) if self.away.contains(&self.source) => self.two_histories(&other, None),
            _ => {}
        }
        self.unreachable(why);
    }

    fn unreachable(&mut self, why: String) {
        let mut event = self.event(EventCode::Unreachable, None);
        event.computed = Some(Fact::Words(why));
        event.stated = self.history.newest.as_ref().map(|newest| Fact::Size(newest.head.size));
        self.say(event);
    }

    fn bad_checkpoint(&mut self, error: TrustError) {
        let mut event = self.event(EventCode::BadCheckpoint, None);
        event.stated = Some(Fact::Words(error.to_string()));
        self.say(event);
    }

    fn other_entries(&mut self) {
        self.step = Step::Idle;
        let event = self.event(EventCode::OtherEntries, Some(EntryIndex(self.tree.size().0)));
        self.say(event);
    }

    /// A checkpoint does not fit the newest one. Finds the first entry of the history that it does not have.
    fn contradicted(&mut self, other: Signed) {
        if self.forked {
            // It is known, and proved, that the log has two histories.
            self.raised.insert(EventCode::TwoHistories);
            return;
        }
        let end = self.history.size().0.min(other.head.size.0);
        self.search(other, 0, end.saturating_add(1));
    }

    /// Between `low`, so many entries both have, and `high`, so many they have not.
    fn search(&mut self, other: Signed, low: u64, high: u64) {
        let end = self.history.size().0.min(other.head.size.0);
        if high > low + 1 {
            self.step = Step::Searching(other, low, high);
        } else if low < end {
            self.step = Step::Diverging(other, low);
        } else {
            // What was shown is not what they differ in.
            self.two_histories(&other, None);
        }
    }

    /// Whether the other checkpoint has this entry at `at`, where the newest one has another.
    fn proved(&mut self, other: &Signed, at: u64, entry: Vec<u8>, path: &[Hash]) {
        let leaf = leaf_hash(&entry);
        let tree = self.history.frontier(TreeSize(at)).map(|mut tree| {
            tree.push(leaf);
            TreeHead { size: tree.size(), root: tree.root() }
        });
        let its = tree.is_some_and(|head| verify_consistency(&head, &other.head, path).is_ok());
        let differs = self.history.leaf(EntryIndex(at)).is_some_and(|own| own != leaf);
        self.two_histories(other, (its && differs).then_some((EntryIndex(at), entry, path.to_vec())));
    }

    /// Says that a checkpoint is of another history, if that is proved; else that it may be.
    fn two_histories(&mut self, other: &Signed, found: Option<(EntryIndex, Vec<u8>, Vec<Hash>)>) {
        let Some(newest) = self.history.newest.clone() else { return };
        // Both are signed: of one size with two roots, or over what the newest one is known to cover.
        let covered = other.head.size <= self.history.size();
        let contradicts = covered && self.history.prefix(other.head.size) != Some(other.head);
        let certain = found.is_some() || contradicts || other.head.size == newest.head.size;
        let code = if certain { EventCode::TwoHistories } else { EventCode::NotConsistent };
        let mut event = self.event(code, found.as_ref().map(|(at, ..)| *at));
        event.notes = vec![newest.note.clone(), other.note.clone()];
        (event.computed, event.stated) =
            (Some(Fact::Size(newest.head.size)), Some(Fact::Size(other.head.size)));
        if let Some((at, entry, path)) = found {
            event.computed = self.history.leaf(at).map(Fact::Leaf);
            let branch = Branch { note: other.note.clone(), leaf: leaf_hash(&entry), path };
            event.divergence = self.history.divergence(at, branch).map(Box::new);
            event.stated = Some(Fact::Entry(entry));
        }
        // Until the entry is found it is looked for, in every round.
        self.forked = self.forked || event.entry.is_some();
        self.say(event);
    }

    /// Entries that are under a checkpoint of the one history.
    fn vouched(&mut self, page: Vec<StoredEntry>, tree: Frontier) {
        self.step = Step::Fetching;
        for (item, at) in page.into_iter().zip(self.tree.size().0..) {
            if EntryIndex(at).0 >= self.history.size().0 {
                self.history.push(leaf_hash(&item.entry));
            }
            let last = self.ages.entry(EntryIndex(at), &item.entry);
            self.tell_issued(&item, EntryIndex(at));
            if self.halted.is_some() {
                continue;
            }
            self.batch.push(item);
            if (last || self.batch.len() > BATCH_ENTRIES_MAX) && !self.batch_is_good() {
                return;
            }
        }
        self.tree = tree;
        if self.target.size == self.tree.size() && !self.batch.is_empty() {
            // A checkpoint is signed over a log that ends in a commitment, and over no other.
            let first = self.held.next();
            let next = EntryIndex(self.tree.size().0);
            let mut event = self.event(EventCode::CommitmentMissing, Some(next));
            (event.stated, event.computed) = (Some(Fact::Nothing), Some(Fact::At(first)));
            self.halt(first, event);
        }
    }

    /// Computes a batch again. What is not at hand is asked for again in the next round.
    fn batch_is_good(&mut self) -> bool {
        let items = std::mem::take(&mut self.batch);
        let first = self.held.next();
        let fault = match self.held.compute(&items) {
            Ok(batch) => {
                self.goes_on(batch, &items);
                return true;
            }
            Err(fault) => fault,
        };
        let shown = Shown { first, items: &items, before: self.time };
        let (mut goes_on_from, mut lied) = (None, false);
        for Blame { code, entry, stated, computed, goes_on } in blame(fault, &shown) {
            let mut event = self.event(code, Some(entry));
            (event.stated, event.computed) = (stated, computed);
            if event.severity() == Severity::Lie {
                lied = true;
                event.batch.clone_from(&items);
                event.notes.extend(self.history.newest.as_ref().map(|newest| newest.note.clone()));
            }
            goes_on_from = goes_on_from.or(goes_on);
            self.say(event);
        }
        if let Some(batch) = goes_on_from {
            self.goes_on(*batch, &items);
        } else if lied {
            self.stop(first, &items);
        } else {
            (self.tree, self.step) = (self.held.trees().log.clone(), Step::Idle);
            return false;
        }
        true
    }

    /// The rules go no further: what is wrong cannot be made good.
    fn halt(&mut self, first: EntryIndex, mut event: Event) {
        let items = std::mem::take(&mut self.batch);
        event.batch.clone_from(&items);
        event.notes.extend(self.history.newest.as_ref().map(|newest| newest.note.clone()));
        self.say(event);
        self.stop(first, &items);
    }

    /// No rule is run from here on, and nobody else looks at the objects of these entries.
    fn stop(&mut self, first: EntryIndex, items: &[StoredEntry]) {
        self.halted = Some(first);
        for (item, at) in items.iter().zip(first.0..) {
            self.tell_issued(item, EntryIndex(at));
        }
    }

    /// Goes on from a batch; says what of it is of interest, and whether its time can be.
    fn goes_on(&mut self, batch: crate::engine::Batch, items: &[StoredEntry]) {
        let told = self.interests.touched(self.held.state(), &batch);
        let (time, last) = (batch.time, EntryIndex(batch.head.size.0.saturating_sub(1)));
        self.held.take(batch, items);
        self.tell(told);
        let ahead = time.0 > self.now.0.saturating_add(self.settings.skew.0);
        if ahead && !self.ahead {
            let mut event = self.event(EventCode::TimeAhead, Some(last));
            (event.stated, event.computed) = (Some(Fact::Time(time)), Some(Fact::Time(self.now)));
            self.say(event);
        }
        (self.time, self.ahead) = (time, ahead);
        if self.held.ledger().is_some_and(|ledger| ledger != self.settings.ledger) {
            let event = self.event(EventCode::OtherLedger, Some(EntryIndex(0)));
            self.say(event);
        }
    }

    /// Whether the state that the source shows is too old.
    fn judge_age(&mut self) {
        let Some(shown) = self.shown else { return };
        let Some(time) = self.ages.of(shown, self.progress().1) else { return };
        if self.now.0 <= time.0.saturating_add(self.settings.stale_after.0) {
            return;
        }
        let mut event = self.event(EventCode::Stale, shown.0.checked_sub(1).map(EntryIndex));
        (event.stated, event.computed) = (Some(Fact::Time(time)), Some(Fact::Time(self.now)));
        self.say(event);
    }

    /// Tells what an entry issues. As long as the rules are run, they say that an object is not what it should be.
    fn tell_issued(&mut self, item: &StoredEntry, at: EntryIndex) {
        match self.interests.issued(item, at, &self.settings.ledger) {
            Ok(notices) => self.tell(notices),
            Err(code) if self.halted.is_some() => {
                let event = self.event(code, Some(at));
                self.say(event);
            }
            Err(_) => {}
        }
    }

    fn tell(&mut self, notices: Vec<Notice>) {
        for (code, at, subject) in notices {
            let mut event = self.event(code, Some(at));
            event.subject = Some(subject);
            self.say(event);
        }
    }

    fn event(&self, code: EventCode, entry: Option<EntryIndex>) -> Event {
        let (origin, source) = (self.settings.origin.clone(), self.source.clone());
        let (subject, stated, computed, divergence) = (None, None, None, None);
        let (notes, batch, seen) = (Vec::new(), Vec::new(), self.now);
        Event { code, origin, source, entry, subject, stated, computed, seen, notes, divergence, batch }
    }

    /// Says it, unless it was said before.
    fn say(&mut self, event: Event) {
        self.raised.insert(event.code);
        if event.code == EventCode::Unreachable {
            self.missed = true;
            // Until it answers.
            if self.away.insert(event.source.clone()) {
                self.events.push(event);
            }
        } else if self.said.insert(event.key()) {
            self.events.push(event);
        }
    }
}
