//! Searching the index, against a reading of the whole log from its beginning that remembers what each id was of.

use crate::index::running;
use crate::story::story;
use crate::world::World;
use remit::index::{Found, Index, List, time_bound};
use remit::ledger::Snapshot;
use remit_verifier::log::{Common, Entry, Facts};
use remit_verifier::object::{Act, Body, Kind, Operation, Origin, Submission};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, StateIndex};
use std::collections::{BTreeMap, BTreeSet};

type Lists = BTreeSet<List>;

/// What every id was of, so far.
struct Reading<'s> {
    snapshot: &'s Snapshot,
    of: BTreeMap<ObjectId, Lists>,
}

impl Reading<'_> {
    fn leaf(&self, id: &ObjectId) -> Option<StateIndex> {
        self.snapshot.index_of(id).expect("reads")
    }

    fn token(&self, id: &ObjectId) -> Lists {
        let Some(leaf) = self.leaf(id) else { return Lists::new() };
        let Ok(info) = self.snapshot.token_at(leaf) else { return Lists::new() };
        [List::Token(leaf), List::Issuer(info.issuer)].into()
    }

    fn party(&self, id: &ObjectId) -> Lists {
        let leaf = self.leaf(id).expect("a party");
        [List::Service(leaf), List::Issuer(leaf)].into()
    }

    fn spend(&self, token: &ObjectId, payee: &ObjectId, unit: Option<&ObjectId>) -> Lists {
        let mut lists = self.token(token);
        lists.extend(self.leaf(payee).map(List::Service));
        lists.extend(unit.and_then(|unit| self.leaf(unit)).map(List::Unit));
        lists
    }

    fn before(&self, id: &ObjectId) -> Lists {
        self.of.get(id).cloned().unwrap_or_default()
    }

    /// What an operation is of; by whom comes on top.
    fn operation(&self, operation: &Operation, facts: &Facts) -> Lists {
        let token = |id: &ObjectId| self.token(id);
        match &operation.body {
            Body::Token(spec, _) => {
                let mut lists = token(&operation.id);
                let info = self.snapshot.token(&operation.id).expect("admitted");
                lists.extend(info.ancestors.last().map(|parent| List::Token(*parent)));
                lists.extend(info.budgets.iter().flatten().map(|(unit, _)| List::Unit(*unit)));
                lists.insert(List::Agent(*spec.holder.bytes()));
                lists
            }
            Body::Reserve(invocation, links) => {
                let spent = match links.first().map(|link| &link.token.origin) {
                    Some(Origin::Offline { parent, .. }) => parent,
                    _ => &invocation.token,
                };
                let unit = invocation.payment.as_ref().map(|payment| &payment.unit);
                self.spend(spent, &invocation.audience, unit)
            }
            Body::Act(_, act, _) => match act {
                Act::Party { .. } => [List::Service(self.leaf(&operation.id).expect("a party"))].into(),
                Act::PartyKeys { party, .. } | Act::Issuer { party } => self.party(party),
                Act::Unit { .. } => [List::Unit(self.leaf(&operation.id).expect("a unit"))].into(),
                Act::Transfer { token: id, holder, .. } => {
                    [token(id), [List::Agent(*holder.bytes())].into()].concat_all()
                }
                Act::Rekey { target, holder } => {
                    [token(&target.token), [List::Agent(*holder.bytes())].into()].concat_all()
                }
                Act::Veto { token: id, .. } => token(id),
                Act::Suspend(target) | Act::Revoke(target) | Act::Cut(target) | Act::End(target) => {
                    token(&target.token)
                }
                Act::Resume { target, .. } => token(&target.token),
                Act::Freeze { id, .. } | Act::Unfreeze { id, .. } => self.frozen(id),
                Act::Lease(lease) => self.spend(&lease.token, &lease.payee, Some(&lease.unit)),
                Act::Request(ask) => self.spend(&ask.token, &ask.payee, Some(&ask.unit)),
                Act::Approve { request } | Act::Withdraw { request, .. } => self.before(&ObjectId(request.0)),
                Act::Offer(offer) => match &offer.price {
                    Some(price) => self.spend(&offer.token, &price.payee, Some(&price.unit)),
                    None => token(&offer.token),
                },
                Act::Trade(trade) => token(&trade.token),
                Act::Upgrade { .. } => Lists::new(),
                Act::Capture { .. }
                | Act::Release { .. }
                | Act::Refund { .. }
                | Act::LeaseClose { .. }
                | Act::Settle { .. } => self.before(&facts.subject.expect("what it is of")),
            },
        }
    }

    fn frozen(&self, id: &ObjectId) -> Lists {
        let Some(leaf) = self.leaf(id) else { return Lists::new() };
        match self.snapshot.leaf(leaf).expect("a leaf").leaf.body {
            LeafBody::Ledger(_) => Lists::new(),
            LeafBody::Unit(_) => [List::Unit(leaf)].into(),
            LeafBody::Party(_) => self.party(id),
            LeafBody::Token(_) => self.token(id),
        }
    }

    /// The lists of the next entry.
    fn next(&mut self, at: EntryIndex) -> Lists {
        let stored = self.snapshot.entry(at).expect("an entry");
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&stored.entry) else { return Lists::new() };
        let mut lists: Lists = [List::Operations, List::Kind(outcome.kind), List::Id(outcome.id)].into();
        if outcome.kind.is_written_by_the_ledger() {
            lists.extend(self.before(&outcome.id));
            return lists;
        }
        let submission = Submission::decode(&stored.object.expect("an object")).expect("decodes");
        let common = Common::decode(&stored.details.expect("details").common).expect("decodes");
        for (operation, facts) in submission.operations.iter().zip(&common.facts) {
            let mut own = self.operation(operation, facts);
            own.extend(operation.signers.iter().map(|signer| List::Agent(*signer.bytes())));
            self.of.insert(operation.id, own.clone());
            if let Body::Act(stamp, Act::Request(ask), _) = &operation.body {
                let id = ObjectId(ask.request_id(&self.snapshot.ledger(), stamp.nonce).0);
                self.of.insert(id, own.clone());
                if outcome.refused.is_none() {
                    lists.insert(List::Id(id));
                }
            }
            lists.extend(own);
            lists.extend([List::Kind(operation.kind), List::Id(operation.id)]);
        }
        self.of.entry(submission.id).or_insert_with(|| lists.clone());
        lists
    }
}

trait ConcatAll {
    fn concat_all(self) -> Lists;
}

impl ConcatAll for [Lists; 2] {
    fn concat_all(self) -> Lists {
        self.into_iter().flatten().collect()
    }
}

fn read(snapshot: &Snapshot) -> Vec<Lists> {
    let mut reading = Reading { snapshot, of: BTreeMap::new() };
    (0..snapshot.size().0).map(|at| reading.next(EntryIndex(at))).collect()
}

fn indexed(world: &World) -> (tempfile::TempDir, Index, Snapshot) {
    let service = running(world);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let snapshot = service.snapshot();
    index.follow(&snapshot).expect("follows");
    (dir, index, snapshot)
}

/// Entries on all of these lists, the newest first.
fn on_all(read: &[Lists], lists: &[List]) -> Vec<EntryIndex> {
    let fits = |at: &usize| lists.iter().all(|list| read[*at].contains(list));
    (0..read.len()).rev().filter(fits).map(|at| EntryIndex(at as u64)).collect()
}

fn assert_finds_all(world: &World) -> BTreeSet<Kind> {
    let (_dir, index, snapshot) = indexed(world);
    let (read, size) = (read(&snapshot), snapshot.size().0);
    let all: Lists = read.iter().flatten().copied().collect();
    let everything = index.search(&[], 0..size, usize::MAX).expect("searches");
    assert_eq!(everything.entries, on_all(&read, &[List::Operations]));
    for one in &all {
        let expected = on_all(&read, &[*one]);
        let found = index.search(&[*one], 0..size, usize::MAX).expect("searches");
        assert_eq!(found, Found { entries: expected, next: None }, "{one:?}");
        let ids = matches!(one, List::Id(_));
        for other in all.iter().filter(|other| !ids && !matches!(other, List::Id(_))) {
            let found = index.search(&[*one, *other], 0..size, usize::MAX).expect("searches").entries;
            assert_eq!(found, on_all(&read, &[*one, *other]), "{one:?} and {other:?}");
        }
    }
    let kind = |list: &List| if let List::Kind(kind) = list { Some(*kind) } else { None };
    all.iter().filter_map(kind).collect()
}

#[test]
fn every_entry_is_found_by_all_that_it_is_of_and_nothing_else_is() {
    let mut kinds = assert_finds_all(&story());
    kinds.extend(assert_finds_all(&crate::everything::everything()));
    let here = |kind: &&Kind| !matches!(kind, Kind::Genesis | Kind::Commitment | Kind::Upgrade);
    let missing: Vec<_> = Kind::ALL.iter().filter(here).filter(|kind| !kinds.contains(*kind)).collect();
    assert!(missing.len() < 4, "kinds that no story has: {missing:?}");
}

#[test]
fn pages_join_to_the_whole_and_keep_within_their_range() {
    let (_dir, index, snapshot) = indexed(&story());
    let size = snapshot.size().0;
    let lists = [List::Kind(Kind::Reserve)];
    let whole = index.search(&lists, 0..size, usize::MAX).expect("searches").entries;
    assert!(whole.len() > 5, "{whole:?}");
    for limit in 1..4 {
        let (mut pages, mut end) = (Vec::new(), size);
        loop {
            let page = index.search(&lists, 0..end, limit).expect("searches");
            assert!(page.entries.len() <= limit);
            pages.extend(page.entries);
            let Some(next) = page.next else { break };
            end = next.0;
        }
        assert_eq!(pages, whole, "{limit} at a time");
    }
    let (first, last) = (whole[whole.len() - 2], whole[1]);
    let within = index.search(&lists, first.0..last.0, usize::MAX).expect("searches").entries;
    assert_eq!(within, whole[2..whole.len() - 1]);
    assert_eq!(index.search(&lists, 5..5, 1), Ok(Found::default()));
    let nobody = [List::Agent(remit_verifier::types::KeyBytes([9; 32]))];
    assert_eq!(index.search(&nobody, 0..u64::MAX, 1), Ok(Found::default()));
}

#[test]
fn a_time_is_the_first_entry_that_is_not_before_it() {
    let (_dir, _index, snapshot) = indexed(&story());
    let size = snapshot.size().0;
    let time = |at: u64| {
        Entry::decode(&snapshot.entry_bytes(EntryIndex(at)).expect("an entry")).expect("decodes").time()
    };
    let times: BTreeSet<u64> = (0..size).map(|at| time(at).0).collect();
    assert!(times.len() > 3);
    for at in times.iter().flat_map(|time| [time - 1, *time, time + 1]) {
        let bound = time_bound(&snapshot, Millis(at)).expect("reads").0;
        assert!((0..bound).all(|entry| time(entry).0 < at) && (bound..size).all(|entry| time(entry).0 >= at));
    }
}

#[test]
fn names_are_found_by_how_they_begin() {
    let (_dir, index, snapshot) = indexed(&story());
    let named = |begins: &str, limit| {
        let leaves = index.names(begins, limit).expect("searches");
        let name = |leaf: &StateIndex| match &snapshot.leaf(*leaf).expect("a leaf").leaf.body {
            LeafBody::Party(party) => party.name.clone(),
            LeafBody::Unit(unit) => unit.name.clone(),
            _ => panic!("no name"),
        };
        leaves.iter().map(name).collect::<Vec<_>>()
    };
    let all = named("", 100);
    assert!(all.len() > 2 && all.is_sorted_by_key(|name| name.to_lowercase()), "{all:?}");
    for name in &all {
        for begins in [name.to_lowercase(), name.to_uppercase(), name.chars().take(1).collect()] {
            assert!(named(&begins, 100).contains(name), "{begins}");
        }
        assert_eq!(named(&format!("{name}x"), 100), Vec::<String>::new());
    }
    assert_eq!(named("", 1), all[..1]);
}

/// "hotel" found nothing where the party calls itself "the hotel".
#[test]
fn a_name_is_found_by_each_of_its_words_and_once() {
    let mut w = World::new();
    let signer = crate::world::key("grand");
    let draft = w.client.party(w.now, "The Grand-Hotel Ünal, the ΟΔΟΣ", &[&signer]).expect("draft");
    w.apply(&[draft]).expect("registered");
    let (_dir, index, _) = indexed(&w);
    let found = |begins: &str| index.names(begins, 10).expect("searches").len();
    for begins in ["the grand", "GRAND-HOTEL", "hotel ü", "ünal, the", "ΟΔΟΣ", "the"] {
        assert_eq!(found(begins), 1, "{begins}");
    }
    for other in ["rand", "hotelx", "-hotel", "the hotel"] {
        assert_eq!(found(other), 0, "{other}");
    }
}

/// An index that lacks is made anew from the log, and what its entries no longer have beside them is no obstacle.
#[test]
fn an_index_that_was_thrown_away_is_made_anew() {
    let world = story();
    let (dir, index, snapshot) = indexed(&world);
    let before = index.search(&[], 0..snapshot.size().0, usize::MAX);
    drop(index);
    std::fs::remove_dir_all(dir.path()).expect("removed");
    let anew = Index::open(dir.path(), snapshot.ledger()).expect("made");
    assert_eq!(anew.follow(&snapshot), Ok(snapshot.size()));
    assert_eq!(anew.search(&[], 0..snapshot.size().0, usize::MAX), before);
}
