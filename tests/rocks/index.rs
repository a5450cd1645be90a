//! The index: who holds what, of a ledger that runs; behind, damaged, of another ledger, it is never more than slow.

use crate::log_file::copy;
use crate::pair::open;
use crate::story::story;
use crate::world::{World, key, public};
use remit::client::{Ask, Purchase, TokenSpec, budget};
use remit::index::{Follower, Index, List};
use remit::ledger::{Service, Settings, Snapshot};
use remit::machine::Request;
use remit::store::SharedMemory;
use remit_verifier::object::{
    Act, ApprovalRule, Body, Offer, Permission, Price, Reference, Submission, goods,
};
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, KeyBytes, LedgerId, Millis, Seconds, StateIndex, TreeSize,
};
use std::sync::Arc;
use std::time::Duration;

/// The story as a ledger that runs, its clock standing still at the end.
pub fn running(world: &World) -> Service {
    let now = world.now;
    let settings = Settings { heartbeat: Millis(1_000_000), ..Settings::new(Arc::new(move || now)) };
    let store = SharedMemory::new(world.ledger.store().clone());
    Service::start(store, Box::new(key("log")), settings).expect("starts")
}

/// Tokens that a key holds, by looking at every leaf.
fn held(snapshot: &Snapshot, holder: &KeyBytes) -> Vec<StateIndex> {
    let all = (0..snapshot.version().commitment.state_size.0).map(StateIndex);
    let holds = |index: &StateIndex| {
        snapshot.leaf(*index).expect("a leaf").leaf.token().is_some_and(|token| token.holder == *holder)
    };
    all.filter(holds).collect()
}

fn leaves(list: Vec<u64>) -> Vec<StateIndex> {
    list.into_iter().map(StateIndex).collect()
}

fn held_by(name: &str) -> List {
    List::Held(*public(name).bytes())
}

fn asked_of(name: &str) -> List {
    List::Asked(*public(name).bytes())
}

fn numbers(entries: &[EntryIndex]) -> Vec<u64> {
    entries.iter().map(|at| at.0).collect()
}

fn assert_complete(index: &Index, snapshot: &Snapshot) {
    for name in ["traveller", "agent", "agent-2", "agent-3", "lender", "borrower", "late", "nobody"] {
        let holder = *public(name).bytes();
        let listed = leaves(index.list(&held_by(name), None, usize::MAX).expect("lists"));
        assert!(listed.is_sorted_by(|a, b| a < b), "{name}");
        let found = held(snapshot, &holder);
        assert!(found.iter().all(|index| listed.contains(index)), "{name}: {listed:?} of {found:?}");
    }
    let issuers = index.list(&List::Issuers, None, 10).expect("lists");
    assert_eq!(issuers.len(), 1);
    let issuer = snapshot.leaf(StateIndex(issuers[0])).expect("a leaf");
    assert!(issuer.leaf.party().expect("a party").issuer);
    assert_eq!(index.list(&List::Issuers, Some(issuers[0]), 10), Ok(Vec::new()));
}

#[test]
fn a_holder_finds_all_that_is_his_page_by_page() {
    let world = story();
    let service = running(&world);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let snapshot = service.snapshot();
    assert_eq!(index.indexed_to(), TreeSize(0));
    assert_eq!(index.follow(&snapshot), Ok(snapshot.size()));
    assert_complete(&index, &snapshot);
    let all = index.list(&held_by("traveller"), None, 10).expect("lists");
    let lent = index.list(&held_by("lender"), None, 10).expect("lists");
    assert_eq!(lent.len(), 1, "what was handed over is still listed, and dropped by its leaf");
    assert!(held(&snapshot, public("lender").bytes()).is_empty());
    let mut pages = Vec::new();
    while let [one] = index.list(&held_by("traveller"), pages.last().copied(), 1).expect("lists")[..] {
        pages.push(one);
    }
    assert_eq!(pages, all);
    assert_eq!(index.list(&held_by("traveller"), Some(u64::MAX), 1), Ok(Vec::new()));
    drop(index);
    let again = Index::open(dir.path(), service.id()).expect("opens");
    assert_eq!(again.indexed_to(), snapshot.size(), "it goes on where it was");
    assert_complete(&again, &snapshot);
}

/// Entries whose object makes a request, by looking at every one.
fn asked(snapshot: &Snapshot) -> Vec<EntryIndex> {
    let asks = |at: &EntryIndex| {
        let object = snapshot.entry(*at).expect("an entry").object;
        let submission = object.and_then(|object| Submission::decode(&object).ok());
        let operations = submission.map(|submission| submission.operations).unwrap_or_default();
        operations.iter().any(|operation| matches!(operation.body, Body::Act(_, Act::Request(_), _)))
    };
    (0..snapshot.size().0).map(EntryIndex).filter(asks).collect()
}

#[test]
fn an_approver_finds_every_request_that_names_him_page_by_page() {
    let world = story();
    let service = running(&world);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let snapshot = service.snapshot();
    index.follow(&snapshot).expect("follows");
    let all = asked(&snapshot);
    let listed = |after, limit| index.list(&asked_of("ann"), after, limit);
    assert_eq!(all.len(), 3);
    assert_eq!(listed(None, 10), Ok(numbers(&all)));
    assert_eq!(listed(Some(all[0].0), 1), Ok(vec![all[1].0]));
    assert_eq!(listed(Some(all[2].0), 1), Ok(Vec::new()));
    assert_eq!(listed(Some(u64::MAX), 1), Ok(Vec::new()));
    for other in ["alice", "traveller", "nobody"] {
        assert_eq!(index.list(&asked_of(other), None, 10), Ok(Vec::new()), "{other}");
    }
    // The list forgets nothing; that they are closed is for the ledger to say.
    for entry in all {
        for (id, _) in snapshot.requests_in(entry).expect("requests") {
            assert_eq!(snapshot.request(&id), Ok(Request::Closed));
        }
    }
}

#[test]
fn the_approvers_of_every_link_find_what_a_bundle_asks() {
    let mut w = World::new();
    let rule = |name: &str| {
        let approvers = vec![(&public(name)).into()];
        Some(ApprovalRule { k: 1, approvers, thresholds: None })
    };
    let budgets = Some(vec![budget(w.cny, Amount(1_000))]);
    let root = w.issue(&TokenSpec { approval: rule("ann"), budgets, ..w.spec("alice") }).expect("issued");
    let spec = TokenSpec { approval: rule("dora"), ..w.inherit("bob", None) };
    let child = w.delegate(root, "alice", &spec).expect("delegated");
    let (bob, now) = (key("bob"), w.now);
    let drafts: Vec<_> = [(child, 5), (child, 6)]
        .into_iter()
        .map(|(token, amount)| {
            let decide_by = Seconds(now.seconds().0 + 3_600);
            let requested = w.ask(token, amount).requested(decide_by).expect("a payment");
            w.client.act(now, Act::Request(requested), &[&bob]).expect("draft")
        })
        .collect();
    w.apply(&drafts).expect("asked");
    let service = running(&w);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let snapshot = service.snapshot();
    index.follow(&snapshot).expect("follows");
    let entry = w.last_entry();
    for approver in ["ann", "dora"] {
        assert_eq!(index.list(&asked_of(approver), None, 10), Ok(vec![entry.0]), "{approver}");
    }
    assert_eq!(index.list(&asked_of("bob"), None, 10), Ok(Vec::new()));
    let requests = snapshot.requests_in(entry).expect("requests");
    assert_eq!(requests.len(), 2);
    for (id, ask) in requests {
        let Ok(Request::Waiting(waiting)) = snapshot.request(&id) else { panic!("{id} waits") };
        assert_eq!((waiting.amount, waiting.entry), (ask.amount, entry));
        assert_eq!(snapshot.is_cancelled(&waiting), Ok(false));
    }
}

#[test]
fn an_index_of_another_ledger_or_a_damaged_one_is_made_anew() {
    let world = story();
    let service = running(&world);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let seen = index.follow(&service.snapshot()).expect("follows");
    let twice = Index::open(dir.path(), service.id());
    assert!(twice.is_err(), "not while it is open");
    assert_eq!(index.indexed_to(), seen);
    drop(index);
    let other = Index::open(dir.path(), LedgerId([7; 32])).expect("made anew");
    assert_eq!(other.indexed_to(), TreeSize(0));
    assert_eq!(other.list(&List::Issuers, None, 10), Ok(Vec::new()));
    drop(other);
    let damaged = copy(dir.path());
    for file in std::fs::read_dir(damaged.path()).expect("a folder") {
        let path = file.expect("a file").path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("MANIFEST")) {
            std::fs::write(path, b"no manifest").expect("written");
        }
    }
    let anew = Index::open(damaged.path(), service.id()).expect("made anew");
    assert_eq!(anew.indexed_to(), TreeSize(0));
    anew.follow(&service.snapshot()).expect("follows");
    assert_complete(&anew, &service.snapshot());
}

#[test]
fn a_follower_keeps_up_with_a_ledger_in_a_folder() {
    let world = story();
    let (data, dir) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    crate::folder::folder(data.path());
    let now = world.now;
    let settings = Settings { heartbeat: Millis(20), ..Settings::new(Arc::new(move || now)) };
    let store = open(data.path()).expect("opens");
    let service = Service::start(store, Box::new(key("log")), settings).expect("starts");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let follower = Follower::start(index, service.clone()).expect("starts");
    let target = service.wait_for(TreeSize(540), Duration::from_secs(60)).size();
    assert!(target.0 >= 540);
    for _ in 0..2_000 {
        if follower.index().indexed_to() >= target {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(follower.failed(), None);
    assert!(follower.index().indexed_to() >= target);
    assert_complete(follower.index(), &service.snapshot());
    drop(follower);
    service.shutdown();
}

/// A list right after an answer lacked what was just applied, since the index came along a moment later.
#[test]
fn who_waits_for_a_size_finds_what_is_in_it() {
    let world = story();
    let service = running(&world);
    let dir = tempfile::tempdir().expect("folder");
    let follower = Follower::start(Index::open(dir.path(), service.id()).expect("made"), service.clone());
    let follower = follower.expect("starts");
    let snapshot = service.snapshot();
    assert!(follower.index().wait_for(snapshot.size(), Duration::from_secs(60)) >= snapshot.size());
    assert_complete(follower.index(), &snapshot);
    let later = TreeSize(snapshot.size().0 + 1_000_000);
    assert!(follower.index().wait_for(later, Duration::from_millis(1)) < later, "it does not wait for ever");
}

#[test]
fn offers_are_listed_and_who_bought_a_token_finds_it() {
    let mut w = World::new();
    let token = w.root("alice", 100);
    let price =
        Price { amount: Amount(40), payee: w.hotel, unit: w.cny, until: Seconds(w.now.seconds().0 + 3_600) };
    let offer = |price| Act::Offer(Offer { token, epoch: Epoch(0), price });
    w.act(offer(Some(price)), &["alice"]).expect("offered");
    let first = w.last_entry();
    w.act(offer(None), &["alice"]).expect("withdrawn");
    let id = w.act(offer(Some(price)), &["alice"]).expect("offered");
    let second = w.last_entry();
    let permission = Permission {
        actions: Some(vec!["buy".into()]),
        ..w.spec("bob").permissions.expect("some")[0].clone()
    };
    let budgets = Some(vec![budget(w.cny, Amount(1_000))]);
    let spec = TokenSpec { permissions: Some(vec![permission]), budgets, ..w.spec("bob") };
    let purse = w.issue(&spec).expect("issued");
    let resource = goods(&token).expect("a path");
    let ask = Ask { action: "buy".into(), resource, ..w.ask(purse, 40) };
    let (bob, now) = (key("bob"), w.now);
    let invocation = w.client.invocation(now, &ask).expect("draft");
    let purchase =
        Purchase { token, epoch: Epoch(0), offer: Reference::Id(id), minimum: Vec::new(), payment: 0 };
    let pays = w.client.reserve(invocation, Vec::new(), &bob);
    let takes = w.client.trade(now, &purchase, &bob).expect("draft");
    w.apply(&[pays, takes]).expect("bought");
    let service = running(&w);
    let dir = tempfile::tempdir().expect("folder");
    let index = Index::open(dir.path(), service.id()).expect("made");
    let snapshot = service.snapshot();
    index.follow(&snapshot).expect("follows");
    assert_eq!(index.list(&List::Offers, None, 10), Ok(vec![first.0, second.0]), "a withdrawal is none");
    assert_eq!(index.list(&List::Offers, Some(first.0), 10), Ok(vec![second.0]));
    assert_eq!(index.list(&List::Offers, None, 1), Ok(vec![first.0]));
    assert_complete(&index, &snapshot);
    let bought = snapshot.known(&token).expect("a leaf");
    assert!(held(&snapshot, public("bob").bytes()).contains(&bought));
    assert!(index.list(&held_by("bob"), None, 10).expect("lists").contains(&bought.0));
}
