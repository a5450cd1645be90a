//! Approvals: verdicts with what travels along, and the ledger's side of asking, saying yes and taking back.

use super::broken::{Broken, change};
use super::item::Item;
use super::leases;
use super::script::Script;
use super::things::{DAY, key, signer};
use super::verdicts::Cases;
use crate::scene::{Ask, Funding, NOW, SKEW, Scene, forge};
use remit::client::{TokenSpec, budget};
use remit_verifier::code::Code::{self, *};
use remit_verifier::label;
use remit_verifier::limits::{APPROVAL_VALIDITY_MAX, APPROVERS_MAX, BUDGETS_MAX};
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Invocation, Lease, Period, Position, Purpose, Reference, Requested, Stamp,
    Window,
};
use remit_verifier::sign::{DraftBody, Signer, sign_object};
use remit_verifier::types::*;
use remit_verifier::verify::{CheckName, Decision};

fn set(scene: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = scene;
    change(&mut scene);
    scene
}

/// The cases of `verdicts.json`.
pub(super) fn cases(cases: &mut Cases) {
    cases.good("approved", "Two of three approvers said yes.", &Scene::approved(), Decision::Allowed);
    let mut funded =
        Scene { funding: Some(Funding::reserve()), request: Some(Ask::paying(0, 100)), ..Scene::guarded() };
    funded.shows_unit = true;
    let about = "Where the ledger funds the invocation, it asked the approvers.";
    cases.good("approved-by-the-ledger", about, &funded, Decision::Allowed);
    let mut no = |what: &str, about: &str, code, change: &dyn Fn(&mut Scene)| {
        cases.no(CheckName::Approvals, None, what, about, code, set(Scene::approved(), change));
    };
    no("none", "Nobody said yes.", ApprovalRequired, &|s| s.approvals.clear());
    no("too-few", "One of two.", ApprovalRequired, &|s| s.approvals.truncate(1));
    no("twice", "One of two, twice.", ApprovalRequired, &|s| s.approvals[1].signed_by = 80);
    no("stranger", "Somebody whom no link names.", NotAnApprover, &|s| s.approvals[1].signed_by = 90);
    no("other", "A yes to another request.", UnknownRequest, &|s| {
        s.approvals[0].to = Some(RequestId([1; 32]));
    });
    no("no-nonce", "An invocation that names no request.", UnknownRequest, &|s| {
        s.ask().invocation.request_nonce = None;
    });
    no("late", "An approval that ends now.", TooLate, &|s| s.approvals[0].valid_until = NOW);
    no("early", "An approval for more than a week.", TooEarly, &|s| {
        s.approvals[0].valid_until = Seconds(NOW.0 + APPROVAL_VALIDITY_MAX.0 + SKEW.seconds().0 + 1);
    });
    no("forged", "A forged signature.", BadSignature, &|s| s.approvals[1].spoil = forge);
    no("trailing", "A byte follows.", TrailingBytes, &|s| s.approvals[1].spoil = |bytes| bytes.push(0));
    no("bundle", "An approval of a bundle.", BundleMismatch, &|s| {
        s.approvals[1].bundle = Some(Hash([1; 32]));
    });
}

/// A root token whose approval rule is broken, each in one way.
pub(super) fn of_token(good: &[u8]) -> Vec<Broken> {
    let rule = |name: &str, about: &str, code, with: &dyn Fn(&mut Vec<Item>)| {
        change(good, name, about, code, |item| with(item.field(-65537).field(10).items()))
    };
    let key = |rule: &mut Vec<Item>, place: usize| rule[1].items()[place].clone();
    vec![
        rule("approval-none", "None of them.", Malformed, &|rule| rule[0] = Item::Unsigned(0)),
        rule("approval-more", "More than there are.", Malformed, &|rule| rule[0] = Item::Unsigned(4)),
        rule("approvers-order", "Keys that fall.", NotCanonical, &|rule| rule[1].items().swap(0, 1)),
        rule("approvers-twice", "A key twice.", NotCanonical, &|rule| {
            let first = key(rule, 0);
            rule[1].items()[1] = first;
        }),
        rule("approvers-nine", "Nine keys.", TooMany, &|rule| {
            let first = key(rule, 0);
            rule[1] = Item::Array(vec![first; APPROVERS_MAX + 1]);
        }),
        rule("approver-weak", "A key of small order.", BadKey, &|rule| {
            rule[1].items()[0] = Item::Bytes(vec![0; 32]);
        }),
        rule("thresholds-order", "Units that fall.", NotCanonical, &|rule| rule[2].items().swap(0, 1)),
        rule("thresholds-nine", "Nine units.", TooMany, &|rule| {
            let first = rule[2].items()[0].clone();
            rule[2] = Item::Array(vec![first; BUDGETS_MAX + 1]);
        }),
        rule("approval-short", "A rule without thresholds or null.", Malformed, &|rule| drop(rule.pop())),
    ]
}

/// Requests of one use, or of one lease, with something of the other.
pub(super) fn of_requests(name: &str, good: &[u8]) -> Vec<Broken> {
    let with = |name: &str, about: &str, key, value: Item| {
        change(good, name, about, UnknownField, |item| item.add(key, value.clone()))
    };
    if name == "request" {
        return vec![
            with("till", "A use with a till.", 31, Item::Bytes(vec![1; 32])),
            with("spend-until", "A use with the end of a lease.", 32, Item::Unsigned(1)),
            with("refund-until", "A use with the refunds of a lease.", 34, Item::Unsigned(1)),
            with("request-nonce", "A request with the nonce of another one.", 36, Item::Bytes(vec![1; 16])),
        ];
    }
    vec![
        with("action", "A lease with an action.", 23, Item::text("book")),
        with("resource", "A lease with a resource.", 24, Item::text("rooms")),
        with("lease-unit", "A lease with the unit where a lease has it.", 30, Item::Bytes(vec![1; 32])),
        change(good, "of-nothing", "A lease of 0.", Malformed, |item| *item.field(11) = Item::Unsigned(0)),
    ]
}

const YES: Result<(), Code> = Ok(());

const fn no(code: Code) -> Result<(), Code> {
    Err(code)
}

/// Two of Ann, Ben and Cai above 100.
fn rule(s: &Script) -> ApprovalRule {
    let mut approvers: Vec<_> = ["ann", "ben", "cai"].iter().map(|name| (&key(name)).into()).collect();
    approvers.sort_by_key(|key: &remit_verifier::key::EncodedKey| *key.bytes());
    ApprovalRule { k: 2, approvers, thresholds: Some(vec![(s.cny, Amount(100))]) }
}

/// The invocation of an amount that carries out the request with this nonce.
fn invocation(s: &mut Script, token: ObjectId, amount: u64, nonce: Nonce) -> Invocation {
    let ask = s.ask(token, amount);
    let invocation = s.client.invocation(s.now, &ask).expect("draft");
    Invocation { request_nonce: Some(nonce), ..invocation }
}

fn carry_out(
    s: &mut Script,
    about: &str,
    invocation: Invocation,
    approvals: Vec<Vec<u8>>,
    expected: Result<(), Code>,
) {
    let holder = signer("olga");
    let draft = s.client.reserve_approved(invocation, approvals, &holder);
    s.submit(about, &[draft], expected);
}

/// The scenes of `rules.json`.
pub(super) fn scenes(s: &mut Script) {
    let plain = Some(vec![budget(s.cny, Amount(1_000))]);
    let spec = TokenSpec { approval: Some(rule(s)), budgets: plain, ..s.root_spec("olga", 0) };
    let root = s.issue("A root that needs two of three above 100.", &spec, YES);
    s.reserve("At the threshold nobody is asked.", root, "olga", 100, YES);
    s.reserve("Above it somebody is.", root, "olga", 101, no(ApprovalRequired));
    let decide_by = Seconds(s.now.seconds().0 + DAY);
    let requested = s.ask(root, 300).requested(decide_by).expect("a payment");
    let late = Requested { decide_by: s.now.seconds(), ..requested.clone() };
    s.act("A request whose time is over.", Act::Request(late), &["olga"], no(BadTime));
    s.act("A request by somebody else.", Act::Request(requested.clone()), &["mallory"], no(WrongHolder));
    let olga = signer("olga");
    let draft = s.client.act(s.now, Act::Request(requested.clone()), &[&olga as &dyn Signer]).expect("draft");
    let nonce = draft.body.stamp().expect("an act").nonce;
    s.submit("300 wait for approval.", &[draft], YES);
    let request = requested.request_id(&s.ledger.id(), nonce);
    let approve = Act::Approve { request };
    let of_now = invocation(s, root, 300, nonce);
    carry_out(s, "Nobody said yes.", of_now, Vec::new(), no(ApprovalRequired));
    s.act("Somebody says yes whom nobody asked.", approve.clone(), &["mallory"], no(NotAnApprover));
    s.act("Ann says yes.", approve.clone(), &["ann"], YES);
    s.act("And once more.", approve.clone(), &["ann"], no(AlreadySo));
    let other = Act::Approve { request: RequestId([1; 32]) };
    s.act("A request that nobody made.", other, &["ann"], no(UnknownRequest));
    let stamp =
        Stamp { nonce: Nonce([0x5b; 16]), valid_until: Seconds(s.now.seconds().0 + 60), bundle: None };
    let (of_now, payload) = (invocation(s, root, 300, nonce), approve.encode(&stamp));
    let ben = sign_object(&signer("ben"), label::APPROVE, &s.ledger.id(), &payload).expect("signs").1;
    carry_out(s, "Ben's yes travels with the invocation.", of_now, vec![ben], YES);
    let again = invocation(s, root, 300, nonce);
    carry_out(s, "It was carried out.", again, Vec::new(), no(RequestClosed));
    s.act("And is approved no more.", approve, &["cai"], no(RequestClosed));
    withdrawals(s, root, &requested);
    cumulative(s);
    let wanted = terms(s, root, Nonce([1; 16]));
    let asked = Act::Request(asking(&wanted, wanted.spend_until));
    s.act("A request for a lease, of later rules.", asked, &["olga"], no(NotEnabled));
    open(s, "A lease that was asked for, of later rules.", wanted, Vec::new(), no(NotEnabled));
}

/// A lease of 300, asked for with this nonce.
fn terms(s: &Script, token: ObjectId, nonce: Nonce) -> Lease {
    let terms = leases::terms(s, token, 300);
    let settle_by = Seconds(terms.spend_until.0 + 3_600);
    Lease { settle_by, request_nonce: Some(nonce), ..terms }
}

fn asking(terms: &Lease, decide_by: Seconds) -> Requested {
    let Lease { token, epoch, payee, amount, unit, .. } = *terms;
    Requested { token, epoch, payee, purpose: Purpose::Lease(terms.terms()), amount, unit, decide_by }
}

fn open(s: &mut Script, about: &str, terms: Lease, approvals: Vec<Vec<u8>>, expected: Result<(), Code>) {
    let holder = signer("olga");
    let draft = s.client.lease_approved(s.now, terms, approvals, &holder).expect("draft");
    s.submit(about, &[draft], expected);
}

/// A lease whose whole amount is approved; what was said yes to is that lease, and no use.
pub(super) fn leased(s: &mut Script) {
    let budgets = Some(vec![leases::leasing(s)]);
    let always = ApprovalRule { thresholds: None, ..rule(s) };
    let asks_always =
        TokenSpec { approval: Some(always), budgets: budgets.clone(), ..s.root_spec("olga", 0) };
    let asks_always = s.issue("A root that needs two of three for everything.", &asks_always, YES);
    let none = asking(&terms(s, asks_always, Nonce([1; 16])), s.now.seconds());
    let decide_by = Seconds(s.now.seconds().0 + 600);
    let none = Requested { decide_by, ..none };
    s.act("Every use would need a yes.", Act::Request(none), &["olga"], no(EveryUseAsks));
    let spec = TokenSpec { approval: Some(rule(s)), budgets, ..s.root_spec("olga", 0) };
    let root = s.issue("A root with leases, that needs two of three above 100.", &spec, YES);
    let plain = leases::terms(s, root, 101);
    s.act("A lease of 101 that nobody was asked for.", Act::Lease(plain), &["olga"], no(ApprovalRequired));
    let wanted = terms(s, root, Nonce([0x5c; 16]));
    let late = asking(&wanted, Seconds(wanted.spend_until.0 + 1));
    s.act("Decided after it is over.", Act::Request(late), &["olga"], no(BadTime));
    let requested = asking(&wanted, decide_by);
    let olga = signer("olga");
    let mut draft =
        s.client.act(s.now, Act::Request(requested.clone()), &[&olga as &dyn Signer]).expect("draft");
    if let DraftBody::Act(stamp, ..) = &mut draft.body {
        stamp.nonce = Nonce([0x5c; 16]);
    }
    s.submit("A lease of 300 waits for approval.", &[draft], YES);
    let request = requested.request_id(&s.ledger.id(), Nonce([0x5c; 16]));
    s.act("Ann says yes.", Act::Approve { request }, &["ann"], YES);
    open(s, "One of two.", wanted, Vec::new(), no(ApprovalRequired));
    let yes = |s: &Script, request| {
        let valid_until = Seconds(s.now.seconds().0 + 60);
        let stamp = Stamp { nonce: Nonce([0x5d; 16]), valid_until, bundle: None };
        let payload = Act::Approve { request }.encode(&stamp);
        sign_object(&signer("ben"), label::APPROVE, &s.ledger.id(), &payload).expect("signs").1
    };
    let ben = yes(s, request);
    let mut changed = |about: &str, other: Lease, code| open(s, about, other, vec![ben.clone()], no(code));
    changed("Another till.", Lease { till: TillId([0x72; 32]), ..wanted }, UnknownRequest);
    let settle_by = Seconds(wanted.settle_by.0 + 1);
    changed("A second longer.", Lease { settle_by, ..wanted }, UnknownRequest);
    changed("No refunds.", Lease { refund_until: None, ..wanted }, UnknownRequest);
    changed("More than was asked for.", Lease { amount: Amount(301), ..wanted }, UnknownRequest);
    changed("A lease that names no request.", Lease { request_nonce: None, ..wanted }, UnknownRequest);
    let of_use = invocation(s, root, 101, Nonce([0x5c; 16]));
    carry_out(s, "A yes to a lease pays for no use.", of_use, vec![ben.clone()], no(UnknownRequest));
    open(s, "Ben's yes travels with the lease.", wanted, vec![ben.clone()], YES);
    open(s, "It was carried out.", wanted, vec![ben], no(RequestClosed));
    let of_use = invocation(s, root, 101, Nonce([0x5e; 16]));
    let request = of_use.request_id(&s.ledger.id()).expect("it names one");
    let ben = yes(s, request);
    let other = terms(s, root, Nonce([0x5e; 16]));
    open(s, "A yes to a use opens no lease.", other, vec![ben], no(UnknownRequest));
}

fn withdrawals(s: &mut Script, root: ObjectId, requested: &Requested) {
    let olga = signer("olga");
    let ask = |s: &mut Script, about: &str| {
        let act = Act::Request(requested.clone());
        let draft = s.client.act(s.now, act, &[&olga as &dyn Signer]).expect("draft");
        let nonce = draft.body.stamp().expect("an act").nonce;
        s.submit(about, &[draft], YES);
        requested.request_id(&s.ledger.id(), nonce)
    };
    let taken_back = ask(s, "300 wait.");
    let withdraw =
        |request, position: Option<u8>| Act::Withdraw { request, position: position.map(Position) };
    s.act("Somebody else takes it back.", withdraw(taken_back, Some(2)), &["mallory"], no(WrongSigner));
    s.act("The holder takes it back.", withdraw(taken_back, Some(2)), &["olga"], YES);
    s.act("And once more.", withdraw(taken_back, Some(2)), &["olga"], no(RequestClosed));
    let refused = ask(s, "300 wait.");
    s.act("Cai says no.", withdraw(refused, None), &["cai"], YES);
    let cancelled = ask(s, "300 wait.");
    let suspend = s.act("The token is suspended.", Act::Suspend(s.target(root, 1)), &["company"], YES);
    let resume = Act::Resume { target: s.target(root, 1), suspend: Reference::Id(suspend) };
    s.act("And resumed.", resume, &["company"], YES);
    let approve = Act::Approve { request: cancelled };
    s.act("What waited is cancelled.", approve, &["ann"], no(RequestClosed));
    s.wait(DAY);
    s.reserve("Its time has run out, and all 700 are free.", root, "olga", 100, YES);
}

fn cumulative(s: &mut Script) {
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let cumulative = Some(Window { period: day, most: Amount(150) });
    let budgets = Some(vec![Budget { cumulative, ..budget(s.cny, Amount(1_000)) }]);
    let nobody = TokenSpec { budgets: budgets.clone(), ..s.root_spec("olga", 0) };
    s.issue("A sum that needs approval, and nobody to ask.", &nobody, no(NoApprovers));
    let spec = TokenSpec { approval: Some(rule(s)), budgets, ..s.root_spec("olga", 0) };
    let root = s.issue("A root that needs approval above 150 a day.", &spec, YES);
    s.reserve("90.", root, "olga", 90, YES);
    s.reserve("150.", root, "olga", 60, YES);
    s.reserve("151.", root, "olga", 1, no(ApprovalRequired));
}
