//! A ledger on which everything happens once that can happen.

use crate::world::*;
use remit::client::{Ask, Purchase, TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::limits::REKEY_DELAY;
use remit_verifier::object::{
    Act, ApprovalRule, BUY, Budget, Invocation, Lease, LeaseLimits, Offer, Period, Permission, Price,
    Purpose, Reference, Requested, Voucher, Window, goods,
};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::till::{Wallet, Wanted};
use remit_verifier::types::{
    Amount, Epoch, Generation, Nonce, ObjectId, RequestId, Rules, Seconds, StateIndex, TillId,
};

/// Every kind of entry there is.
pub fn everything() -> World {
    let mut w = World::of_rules("remit.example/test", Rules::FIRST);
    rotate_keys(&mut w);
    w.operate(Act::Upgrade { rules: Rules::NEWEST }).expect("later rules");
    let root = w.root("alice", 1_000);
    let shared = w.inherit("bob", Some(vec![budget(w.cny, Amount(500))]));
    let shared = w.delegate(root, "alice", &shared).expect("shared");
    let own = TokenSpec {
        expires: Seconds(w.now.seconds().0 + 3_600),
        ..w.inherit("carol", Some(vec![carved(w.cny, Amount(300))]))
    };
    let own = w.delegate(shared, "bob", &own).expect("carved");
    spend(&mut w, root, own);
    stop(&mut w, root, shared);
    w.advance(3_600);
    w.tick();
    rekey(&mut w, shared);
    w.reserve(root, "alice", 70).expect("reserved, and never captured");
    w.advance(DAY);
    w.tick();
    hand_over(&mut w);
    ask(&mut w);
    lease(&mut w);
    ask_for_lease(&mut w);
    sell(&mut w);
    w
}

/// Three requests: carried out, taken back, and forgotten until its time has run out.
pub fn ask(w: &mut World) {
    let approval = Some(ApprovalRule { k: 1, approvers: vec![(&public("ann")).into()], thresholds: None });
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let most = Window { period: day, most: Amount(300) };
    let budgets = vec![Budget { windows: vec![most], cumulative: Some(most), ..budget(w.cny, Amount(400)) }];
    let spec = TokenSpec { approval, budgets: Some(budgets), ..w.spec("alice") };
    let token = w.issue(&spec).expect("issued");
    let requests: Vec<_> = (0..3).map(|_| request(w, token)).collect();
    let [(nonce, approved), (_, dropped), _] = requests[..] else { panic!("three requests") };
    w.act(Act::Approve { request: approved }, &["ann"]).expect("approved");
    let invocation = w.client.invocation(w.now, &w.ask(token, 100)).expect("drafted");
    let invocation = Invocation { request_nonce: Some(nonce), ..invocation };
    let alice = key("alice");
    let reserve = w.client.reserve_approved(invocation, Vec::new(), &alice);
    w.apply(&[reserve]).expect("carried out");
    w.act(Act::Withdraw { request: dropped, position: None }, &["ann"]).expect("refused");
    w.advance(3_600);
    w.tick();
}

fn request(w: &mut World, token: ObjectId) -> (Nonce, RequestId) {
    let decide_by = Seconds(w.now.seconds().0 + 3_600);
    let requested = w.ask(token, 100).requested(decide_by).expect("a payment");
    let alice = key("alice");
    let draft = w.client.act(w.now, Act::Request(requested.clone()), &[&alice]).expect("drafted");
    let nonce = draft.body.stamp().expect("an act").nonce;
    w.apply(&[draft]).expect("asked");
    (nonce, requested.request_id(&w.ledger.id(), nonce))
}

fn rotate_keys(w: &mut World) {
    let keys = vec![public("airline"), public("airline-2")];
    let (party, generation) = (w.airline, Generation(0));
    let act = Act::PartyKeys { party, generation, keys, compromised: Vec::new() };
    w.act(act, &["airline", "airline-2"]).expect("rotated");
}

/// Reserves, captures, releases and refunds: alone, in a bundle, over an offline link.
fn spend(w: &mut World, root: ObjectId, own: ObjectId) {
    let reserve = w.reserve(root, "alice", 200).expect("reserved");
    let capture = w.capture(reserve, 1, 120).expect("captured");
    w.capture(reserve, 2, 30).expect("captured again");
    w.release(reserve, Some(20)).expect("released in part");
    w.release(reserve, None).expect("released");
    w.refund(capture, 50).expect("refunded");
    purchase(w, root, 40);
    assert!(w.reserve(root, "alice", 1_001).is_err(), "a refusal is an entry");

    // What is refunded and released after the carved token's end passes to where it came from.
    let late = w.reserve(own, "carol", 100).expect("reserved");
    let capture = w.capture(late, 1, 60).expect("captured");
    w.refund(capture, 10).expect("refunded");

    let now = w.now.seconds().0;
    let generation = w.ledger.leaf(&own).expect("a leaf").leaf.generation;
    let spec = TokenSpec {
        expires: Seconds(now + 600),
        budgets: Some(vec![Budget { per_use: Some(Amount(25)), ..budget(w.cny, Amount(50)) }]),
        ..TokenSpec::new(public("link"), Seconds(0))
    };
    let epoch = w.epoch(own);
    let (link, bytes) = w.client.link(w.now, own, (epoch, generation), &spec, &key("carol")).expect("link");
    let ask = w.ask(link, 25);
    let ask = remit::client::Ask { epoch, ..ask };
    let reserve = w.reserve_ask(&ask, "link", vec![bytes]).expect("reserved over a link");
    let capture = w.capture(reserve, 1, 20).expect("captured");
    w.refund(capture, 5).expect("refunded");
}

/// One bundle that reserves and captures.
fn purchase(w: &mut World, token: ObjectId, amount: u64) {
    let (holder, payee): (LocalSigner, LocalSigner) = (key("alice"), key("hotel"));
    let ask = w.ask(token, amount);
    let invocation = w.client.invocation(w.now, &ask).expect("drafted");
    let reserve = w.client.reserve(invocation, Vec::new(), &holder);
    let act = Act::Capture { reserve: Reference::Member(0), number: 1, amount: Amount(amount) };
    let payee: [&dyn Signer; 1] = [&payee];
    let capture = w.client.act(w.now, act, &payee).expect("drafted");
    w.apply(&[reserve, capture]).expect("a bundle");
}

fn stop(w: &mut World, root: ObjectId, shared: ObjectId) {
    let by_alice = w.target(shared, 2);
    let suspend = w.act(Act::Suspend(by_alice), &["alice"]).expect("suspended");
    let suspend = Reference::Id(suspend);
    w.act(Act::Resume { target: by_alice, suspend }, &["alice"]).expect("resumed");
    w.act(Act::Cut(w.target(root, 2)), &["alice"]).expect("cut");
    for (leaf, id) in [(StateIndex(0), ObjectId(w.ledger.id().0)), leaf_of(w, w.cny), leaf_of(w, shared)] {
        let freeze = Reference::Id(w.operate(Act::Freeze { leaf, id }).expect("frozen"));
        w.operate(Act::Unfreeze { leaf, id, freeze }).expect("thawed");
    }
}

fn leaf_of(w: &World, id: ObjectId) -> (StateIndex, ObjectId) {
    (w.ledger.leaf(&id).expect("a leaf").leaf.index, id)
}

fn rekey(w: &mut World, shared: ObjectId) {
    let by_issuer = w.target(shared, 1);
    let holder = public("bob-2");
    let act = Act::Rekey { target: by_issuer, holder: holder.clone() };
    let rekey = Reference::Id(w.act(act.clone(), &["issuer", "bob-2"]).expect("proposed"));
    w.act(Act::Veto { token: shared, rekey }, &["bob"]).expect("vetoed");
    w.act(act, &["issuer", "bob-2"]).expect("proposed again");
    w.advance(REKEY_DELAY.0 + 1);
    w.tick();
    let act = Act::Rekey { target: w.target(shared, 3), holder: public("bob-3") };
    w.act(act, &["bob-2", "bob-3"]).expect("by the holder");
}

/// Three leases: one settled with its second voucher and refunded in part, one given back, one that runs out.
fn lease(w: &mut World) {
    let leases = Some(LeaseLimits { most: Amount(500), longest: Seconds(3_600) });
    let budgets = Some(vec![Budget { leases, ..budget(w.cny, Amount(2_000)) }]);
    let root = w.issue(&TokenSpec { budgets, ..w.spec("hana") }).expect("issued");
    let own = Budget { leases, ..carved(w.cny, Amount(1_000)) };
    let spec = w.inherit("ivo", Some(vec![own]));
    let token = w.delegate(root, "hana", &spec).expect("carved");
    let terms = lease_terms(w, token, 300);
    let [first, second, _] = [0; 3].map(|_| w.act(Act::Lease(terms), &["ivo"]).expect("leased"));
    w.act(Act::Revoke(w.target(token, 2)), &["hana"]).expect("revoked");
    w.act(Act::End(w.target(token, 2)), &["hana"]).expect("ended");
    let lease = Reference::Id(first);
    let voucher = Box::new(second_voucher(w, first, "ivo", 90));
    let settled = w.act(Act::Settle { lease, voucher }, &["hotel"]).expect("settled");
    w.refund(settled, 50).expect("refunded");
    w.act(Act::LeaseClose { lease: Reference::Id(second) }, &["hotel"]).expect("given back");
    w.advance(2 * 3_600);
    w.tick();
    assert_eq!(w.committed(root), 130, "what came back passed the ended token");
}

/// A root of which 30 were spent is offered, withdrawn, offered again and bought for 200, of which 50 are refunded.
fn sell(w: &mut World) {
    let token = w.root("jan", 500);
    let spent = w.reserve(token, "jan", 30).expect("reserved");
    w.capture(spent, 1, 30).expect("spent");
    let until = Seconds(w.now.seconds().0 + 3_600);
    let price = Price { amount: Amount(200), payee: w.hotel, unit: w.cny, until };
    let offer = |price| Act::Offer(Offer { token, epoch: Epoch(0), price });
    w.act(offer(Some(price)), &["jan"]).expect("offered");
    w.act(offer(None), &["jan"]).expect("withdrawn");
    let id = w.act(offer(Some(price)), &["jan"]).expect("offered again");
    let purse = purse(w, "kim", 1_000);
    let captured = buy(w, token, id, (purse, "kim"), 200).expect("bought");
    w.refund(captured, 50).expect("refunded");
    w.reserve(token, "kim", 470).expect("all that was left");
}

/// A root whose holder may buy tokens.
pub fn purse(w: &mut World, holder: &str, total: u64) -> ObjectId {
    let spec = w.spec(holder);
    let buys = |of: Permission| Permission { actions: Some(vec![BUY.into()]), ..of };
    let permissions = spec.permissions.map(|all| all.into_iter().map(buys).collect());
    let budgets = Some(vec![budget(w.cny, Amount(total))]);
    w.issue(&TokenSpec { permissions, budgets, ..spec }).expect("issued")
}

/// Takes an offer of this price, if 470 are left: the id of the trade, which is that of the capture.
pub fn buy(
    w: &mut World,
    token: ObjectId,
    offer: ObjectId,
    (purse, by): (ObjectId, &str),
    price: u64,
) -> Result<ObjectId, Code> {
    let ask = Ask { action: BUY.into(), resource: goods(&token).expect("a path"), ..w.ask(purse, price) };
    let buyer = key(by);
    let invocation = w.client.invocation(w.now, &ask).expect("drafted");
    let pays = w.client.reserve(invocation, Vec::new(), &buyer);
    let (epoch, offer) = (w.epoch(token), Reference::Id(offer));
    let minimum = vec![(w.cny, Amount(470))];
    let purchase = Purchase { token, epoch, offer, minimum, payment: 0 };
    let takes = w.client.trade(w.now, &purchase, &buyer).expect("drafted");
    w.apply(&[pays, takes]).map(|ready| ready.ids[1])
}

/// Spent from for an hour, settled within two.
pub fn lease_terms(w: &World, token: ObjectId, amount: u64) -> Lease {
    let now = w.now.seconds().0;
    Lease {
        token,
        epoch: w.epoch(token),
        payee: w.hotel,
        till: TillId([1; 32]),
        amount: Amount(amount),
        unit: w.cny,
        spend_until: Seconds(now + 3_600),
        settle_by: Seconds(now + 2 * 3_600),
        refund_until: Some(Seconds(now + 5 * DAY)),
        request_nonce: None,
    }
}

/// A root of 100 for alice, with leases of 60, that asks Ann above 30; and a lease of 60 that waits for her.
pub fn waiting_lease(w: &mut World) -> (Lease, RequestId) {
    let leases = Some(LeaseLimits { most: Amount(60), longest: Seconds(3_600) });
    let budgets = Some(vec![Budget { leases, ..budget(w.cny, Amount(100)) }]);
    let thresholds = Some(vec![(w.cny, Amount(30))]);
    let approval = Some(ApprovalRule { k: 1, approvers: vec![(&public("ann")).into()], thresholds });
    let root = w.issue(&TokenSpec { approval, budgets, ..w.spec("alice") }).expect("issued");
    let terms = lease_terms(w, root, 60);
    let requested = requested_lease(&terms, terms.spend_until);
    let alice = key("alice");
    let draft = w.client.act(w.now, Act::Request(requested.clone()), &[&alice]).expect("drafted");
    let nonce = draft.body.stamp().expect("an act").nonce;
    w.apply(&[draft]).expect("asked");
    let request = requested.request_id(&w.ledger.id(), nonce);
    (Lease { request_nonce: Some(nonce), ..terms }, request)
}

/// What approvers of a lease are asked for.
pub fn requested_lease(terms: &Lease, decide_by: Seconds) -> Requested {
    let Lease { token, epoch, payee, amount, unit, .. } = *terms;
    Requested { token, epoch, payee, purpose: Purpose::Lease(terms.terms()), amount, unit, decide_by }
}

/// One lease that Ann says yes to and that is opened, and one that is forgotten.
fn ask_for_lease(w: &mut World) {
    let (lease, request) = waiting_lease(w);
    w.act(Act::Approve { request }, &["ann"]).expect("approved");
    let alice = key("alice");
    let draft = w.client.lease_approved(w.now, lease, Vec::new(), &alice).expect("drafted");
    w.apply(&[draft]).expect("opened");
    waiting_lease(w);
    w.advance(3_600);
    w.tick();
}

/// The second of two vouchers for the same amount.
pub fn second_voucher(w: &World, lease: ObjectId, holder: &str, amount: u64) -> Voucher {
    let proof = w.ledger.lease_proof(&lease).expect("proved");
    let mut wallet = Wallet::new(w.ledger.id(), &proof).expect("a lease");
    for nonce in [1, 2] {
        let wanted = Wanted {
            amount: Amount(amount),
            action: "book".into(),
            resource: remit_verifier::object::Path::parse("rooms/12").expect("path"),
            arguments: Vec::new(),
            request: None,
            nonce: Nonce([nonce; 16]),
            valid_until: Seconds(w.now.seconds().0 + 60),
        };
        wallet = wallet.sign(&key(holder), &wanted, w.now).expect("signed").0;
    }
    Voucher::decode(wallet.last().expect("two")).expect("a voucher")
}

/// A root changes hands, passes part on, and is revoked; what it carved comes back, also past an ended token.
fn hand_over(w: &mut World) {
    let root = w.root("dave", 5_000);
    let (dave, erin) = (key("dave"), key("erin"));
    let epoch = w.epoch(root);
    let transfer = w.client.transfer(w.now, root, epoch, (&dave, &erin)).expect("drafted");
    w.apply(&[transfer]).expect("transferred");
    let upper = w.inherit("fay", Some(vec![carved(w.cny, Amount(2_000))]));
    let upper = w.delegate(root, "erin", &upper).expect("carved");
    let lower = w.inherit("gus", Some(vec![carved(w.cny, Amount(1_500))]));
    let lower = w.delegate(upper, "fay", &lower).expect("carved again");
    let reserve = w.reserve(lower, "gus", 400).expect("reserved");
    w.act(Act::Revoke(w.target(upper, 2)), &["erin"]).expect("revoked");
    w.act(Act::End(w.target(upper, 2)), &["erin"]).expect("ended");
    w.act(Act::End(w.target(lower, 4)), &["gus"]).expect("ended");
    assert_eq!(w.committed(root), 400);
    let capture = w.capture(reserve, 1, 300).expect("still his");
    w.release(reserve, None).expect("released");
    w.refund(capture, 100).expect("refunded");
    assert_eq!(w.committed(root), 200, "what came back passed two ended tokens");
}
