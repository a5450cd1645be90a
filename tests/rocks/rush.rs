//! Many who submit and read at one time over caches with room for next to nothing: nothing is spent twice, no reader
//! sees a leaf that is not the tree's, and the log replays to what was signed.

use crate::world::{key, public};
use remit::audit;
use remit::client::{Ask, Client, Randomness, TokenSpec, budget, carved};
use remit::engine::{Answer, Kept, begin};
use remit::ledger::{Service, Settings, Wait};
use remit::store::rocks::{RocksOptions, RocksStore};
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, Delegation, DelegationMode, Path, Payment, Permission, Position, Reference, Target,
};
use remit_verifier::sign::Draft;
use remit_verifier::types::{Amount, EntryIndex, Epoch, Millis, ObjectId, Seconds, StateIndex};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

const START: Millis = Millis(1_800_000_000_000);
const TOTAL: u64 = 400;
const ROUNDS: u64 = 60;

/// One who submits.
struct Hand {
    service: Service,
    client: Client,
    payee: ObjectId,
    unit: ObjectId,
    time: Arc<AtomicU64>,
}

impl Hand {
    fn now(&self) -> Millis {
        Millis(self.time.load(Ordering::SeqCst))
    }

    fn send(&self, drafts: &[Draft<'_>]) -> (Vec<ObjectId>, bool) {
        let ready = self.client.ready(drafts).expect("signed");
        let answers = self.service.submit_wait(vec![ready.bytes], Wait::Durable).expect("decided");
        (ready.ids, matches!(answers[0].answer, Answer::Applied(_)))
    }

    fn act(&mut self, act: Act, by: &str) -> (ObjectId, bool) {
        let signer = key(by);
        let draft = self.client.act(self.now(), act, &[&signer]).expect("draft");
        let (ids, applied) = self.send(&[draft]);
        (ids[0], applied)
    }

    fn party(&mut self, name: &str) -> ObjectId {
        let signer = key(name);
        let draft = self.client.party(self.now(), name, &[&signer]).expect("draft");
        let (ids, applied) = self.send(&[draft]);
        assert!(applied);
        ids[0]
    }

    fn reserve(&mut self, token: ObjectId, amount: u64, life: u64) -> Option<ObjectId> {
        let now = self.now().seconds().0;
        let (settle_by, refund_until) = (Seconds(now + life), Some(Seconds(now + life + 100)));
        let ask = Ask {
            token,
            epoch: Epoch(0),
            audience: self.payee,
            action: "book".into(),
            resource: Path::parse("rooms/12").expect("path"),
            arguments: Vec::new(),
            payment: Some(Payment { amount: Amount(amount), unit: self.unit, settle_by, refund_until }),
            request: None,
        };
        let signer = key("holder");
        let invocation = self.client.invocation(self.now(), &ask).expect("draft");
        let draft = self.client.reserve(invocation, Vec::new(), &signer);
        let (ids, applied) = self.send(&[draft]);
        applied.then_some(ids[0])
    }

    fn child(&mut self, parent: ObjectId, carve: u64) -> Option<ObjectId> {
        let expires = Seconds(self.now().seconds().0 + 500);
        let budgets = Some(vec![carved(self.unit, Amount(carve))]);
        let spec = TokenSpec { budgets, ..TokenSpec::new(public("holder"), expires) };
        let signer = key("holder");
        let draft = self.client.child(self.now(), parent, Epoch(0), &spec, &signer).expect("draft");
        let (ids, applied) = self.send(&[draft]);
        applied.then_some(ids[0])
    }

    /// Everything that moves value, in an order that the number decides.
    fn rush(&mut self, root: ObjectId, shared: ObjectId, number: u64) {
        for round in 0..ROUNDS {
            let mix = round * 7 + number * 13;
            let token = if mix.is_multiple_of(3) { root } else { shared };
            if let Some(held) = self.reserve(token, 5 + mix % 4, 1 + mix % 3 * 200) {
                let capture =
                    |number| Act::Capture { reserve: Reference::Id(held), number, amount: Amount(3) };
                let (first, captured) = self.act(capture(1), "payee");
                self.act(capture(1), "payee");
                if captured && mix.is_multiple_of(2) {
                    let refund = Act::Refund { capture: Reference::Id(first), amount: Amount(2) };
                    self.act(refund, "payee");
                }
                if mix % 5 < 3 {
                    self.act(Act::Release { reserve: Reference::Id(held), amount: None }, "payee");
                }
            }
            if mix.is_multiple_of(4)
                && let Some(child) = self.child(if mix.is_multiple_of(8) { root } else { shared }, 20)
            {
                self.reserve(child, 15, 300);
                let target = Target { token: child, epoch: Epoch(0), position: Position(1) };
                if mix.is_multiple_of(8) {
                    self.act(Act::Revoke(target), "issuer");
                    self.act(Act::End(target), "issuer");
                }
                self.reserve(child, 15, 300);
            }
            self.time.fetch_add(1_000, Ordering::SeqCst);
        }
    }
}

fn genesis() -> Genesis {
    Genesis {
        time: START,
        origin: "remit.example/rush".into(),
        log_key: public("log"),
        operators: vec![public("operator")],
        threshold: 1,
        rules: remit_verifier::types::Rules::NEWEST,
    }
}

/// Reads every leaf of the published version, and proves the token, until told to stop.
fn read(service: &Service, token: ObjectId, stop: &AtomicBool) -> u64 {
    let mut read = 0;
    while !stop.load(Ordering::Relaxed) {
        let snapshot = service.snapshot();
        for index in (0..snapshot.version().trees.state.size().0).map(StateIndex) {
            snapshot.leaf(index).unwrap_or_else(|error| panic!("leaf {index}: {error:?}"));
            read += 1;
        }
        snapshot.presentation(&token, &[], None).expect("proved");
    }
    read
}

fn rush(options: &RocksOptions) {
    let dir = tempfile::tempdir().expect("folder");
    let store = RocksStore::create(&dir.path().join("data"), begin(&genesis()), options).expect("created");
    let reader = remit::store::Store::reader(&store);
    let time = Arc::new(AtomicU64::new(START.0));
    let clock = time.clone();
    let settings = Settings::new(Arc::new(move || Millis(clock.load(Ordering::SeqCst))));
    let service = Service::start(store, Box::new(key("log")), settings).expect("starts");
    let hand = |payee, unit| Hand {
        service: service.clone(),
        client: Client::new(service.id(), Randomness::System),
        payee,
        unit,
        time: time.clone(),
    };
    let mut first = hand(ObjectId::default(), ObjectId::default());
    let (issuer, payee) = (first.party("issuer"), first.party("payee"));
    assert!(first.act(Act::Issuer { party: issuer }, "operator").1);
    let (unit, _) = first.act(Act::Unit { name: "CNY".into(), decimals: 2 }, "operator");
    let everything = Permission {
        services: Some(vec![payee]),
        actions: Some(vec!["book".into()]),
        resources: Some(vec![Path::parse("").expect("path")]),
        conditions: Vec::new(),
    };
    let spec = TokenSpec {
        permissions: Some(vec![everything]),
        delegation: Some(Delegation { mode: DelegationMode::Logged, depth: 4 }),
        budgets: Some(vec![budget(unit, Amount(TOTAL))]),
        ..TokenSpec::new(public("holder"), Seconds(START.seconds().0 + 86_400))
    };
    let signer = key("issuer");
    let root = first.client.root(first.now(), issuer, &spec, &signer).expect("draft");
    let root = first.send(&[root]).0[0];
    let whole = TokenSpec::new(public("holder"), spec.expires);
    let holder = key("holder");
    let shared = first.client.child(first.now(), root, Epoch(0), &whole, &holder).expect("draft");
    let (shared, applied) = first.send(&[shared]);
    assert!(applied);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (service, stop) = (service.clone(), stop.clone());
            thread::spawn(move || read(&service, root, &stop))
        })
        .collect();
    let hands: Vec<_> = (0..4)
        .map(|number| {
            let (mut hand, shared) = (hand(payee, unit), shared[0]);
            thread::spawn(move || hand.rush(root, shared, number))
        })
        .collect();
    hands.into_iter().for_each(|hand| hand.join().expect("submits"));
    stop.store(true, Ordering::Relaxed);
    let read: u64 = readers.into_iter().map(|reader| reader.join().expect("reads")).sum();
    assert!(read > 0);
    service.shutdown();
    check(&*reader, &service);
}

/// Recounts and replays all that is kept, against what was signed.
fn check(reader: &dyn remit::store::Read, service: &Service) {
    let entries: Vec<_> =
        (0..reader.len()).map(|at| reader.entry(EntryIndex(at)).expect("reads").expect("kept")).collect();
    let recorded =
        entries.iter().map(|kept| audit::Recorded { entry: &kept.entry, object: kept.object.as_deref() });
    let money = audit::conserve(recorded).expect("counts");
    assert!(money.ok, "{:?}", money.violations);
    assert!(money.flows.values().any(|flows| flows.refunded > 0 && flows.returned > 0 && flows.expired > 0));
    let tightest = money.tightest.expect("something was reserved").left;
    assert!((0..20).contains(&tightest), "the total was fought for: {tightest}");
    let kept = entries.iter().map(|kept| Kept {
        entry: &kept.entry,
        object: kept.object.as_deref(),
        details: kept.details.as_ref(),
    });
    let head = service.snapshot().version().head;
    let rebuilt = audit::replay(kept, Some(&head)).expect("replays");
    assert_eq!(rebuilt.report.log, head);
}

#[test]
fn nothing_is_spent_twice_in_a_rush() {
    let tiny = RocksOptions { leaves_cached: 1, tokens_cached: 1, ..crate::pair::small() };
    rush(&tiny);
    rush(&RocksOptions { leaves_cached: 4_096, tokens_cached: 4_096, ..crate::pair::small() });
}
