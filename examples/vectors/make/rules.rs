//! `rules.json`: one ledger through every kind of operation, and refused for every reason that can be scripted.

use super::leases;
use super::refusals;
use super::script::Script;
use super::things::{DAY, OTHER, genesis, key, path, signer};
use super::trades;
use remit::client::{Ask, Client, Randomness, TokenSpec, budget, carved};
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code::{self, *};
use remit_verifier::label;
use remit_verifier::object::{Act, Budget, Delegation, Period, Permission, Reference, Window};
use remit_verifier::sign::Signer;
use remit_verifier::types::*;
use remit_verifier::verify::Case;
use serde_json::Value;

const YES: Result<(), Code> = Ok(());

const fn no(code: Code) -> Result<(), Code> {
    Err(code)
}

/// The one ledger of the file.
pub(crate) fn ledgers() -> Vec<Value> {
    let mut s = Script::of_rules("ledger.example/rules", Rules::FIRST);
    registry(&mut s);
    admission(&mut s);
    upgrade(&mut s);
    roots(&mut s);
    children(&mut s);
    spending(&mut s);
    refused_spending(&mut s);
    windows(&mut s);
    super::approvals::scenes(&mut s);
    links(&mut s);
    bundles(&mut s);
    suspensions(&mut s);
    freezes(&mut s);
    ends(&mut s);
    transfers(&mut s);
    rekeys(&mut s);
    deadlines(&mut s);
    largest(&mut s);
    leases::scenes(&mut s);
    third_rules(&mut s);
    super::approvals::leased(&mut s);
    refusals::scenes(&mut s);
    trades::scenes(&mut s);
    compromise(&mut s);
    vec![s.close(
        "every-kind",
        "Every kind of operation of these rules, and every refusal that a script can provoke.",
    )]
}

fn registry(s: &mut Script) {
    let (company, hotel) = (s.company, s.hotel);
    s.act("One operator alone.", Act::Issuer { party: hotel }, &["operator 1"], no(NotTheOperators));
    s.act(
        "One operator twice.",
        Act::Issuer { party: hotel },
        &["operator 1", "operator 1"],
        no(NotTheOperators),
    );
    s.operate("An issuer that is one already.", Act::Issuer { party: company }, no(AlreadySo));
    s.operate("An issuer that nobody knows.", Act::Issuer { party: OTHER }, no(UnknownParty));
    let unit = Act::Unit { name: "CNY".into(), decimals: 4 };
    s.operate("A name that is taken.", unit, no(AlreadyRegistered));
    let party = |keys: &[&str]| Act::Party {
        name: "Guest House".into(),
        keys: keys.iter().map(|name| key(name)).collect(),
    };
    s.act("A party with an operator's key.", party(&["operator 1"]), &["operator 1"], no(PartyKeys));
    s.act("A party with the log's key.", party(&["log"]), &["log"], no(PartyKeys));
    s.act("A party with a key twice.", party(&["guest", "guest"]), &["guest", "guest"], no(PartyKeys));
    s.act("A party without keys.", party(&[]), &["guest"], no(PartyKeys));
    s.act("One of two keys signs.", party(&["guest", "guest 2"]), &["guest"], no(WrongSigner));
    let guest = s.act("A party with two keys.", party(&["guest", "guest 2"]), &["guest", "guest 2"], YES);
    let keys = |generation, keys: &[&str], lost: &[&str]| Act::PartyKeys {
        party: guest,
        generation: Generation(generation),
        keys: keys.iter().map(|name| key(name)).collect(),
        compromised: lost.iter().map(|name| key(name)).collect(),
    };
    s.act(
        "A change by the key that is lost.",
        keys(0, &["guest 2"], &["guest"]),
        &["guest"],
        no(WrongSigner),
    );
    s.act(
        "A new key that does not sign.",
        keys(0, &["guest 2", "guest 3"], &[]),
        &["guest"],
        no(WrongSigner),
    );
    s.act("No key is left.", keys(0, &[], &["guest"]), &["guest 2"], no(PartyKeys));
    let changed = keys(0, &["guest 2", "guest 3"], &["guest"]);
    s.act("One key goes, one comes.", changed, &["guest 2", "guest 3"], YES);
    s.act("A change that was overtaken.", keys(0, &["guest 3"], &[]), &["guest 3"], no(OldGeneration));
    s.act(
        "A key that was retired.",
        keys(1, &["guest 3", "guest"], &[]),
        &["guest 3", "guest"],
        no(PartyKeys),
    );
    s.act("One more is rotated.", keys(1, &["guest 3"], &[]), &["guest 3"], YES);
}

fn admission(s: &mut Script) {
    let unit = |name: &str| Act::Unit { name: name.into(), decimals: 0 };
    let (operators, now) = (["operator 1", "operator 2"], s.now);
    s.act_at("`valid_until` is now.", Millis(now.0 - 3_600_000), unit("OLD"), &operators, no(TooLate));
    s.act_at(
        "`valid_until` lies 25 hours ahead.",
        Millis(now.0 + DAY * 1000),
        unit("NEW"),
        &operators,
        no(TooEarly),
    );
    let keys = s.keys(&operators);
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    let draft = s.client.act(s.now, unit("POINTS"), &signers).expect("draft");
    let ready = s.client.ready(std::slice::from_ref(&draft)).expect("ready");
    s.send("The unit POINTS.", &ready, YES);
    s.batch(&[("The same bytes again.", &ready.bytes, None)]);
    let mut turned = draft.clone();
    turned.signers.reverse();
    s.submit("The same signatures in another order.", &[turned], no(Replayed));
    let elsewhere = Client::new(LedgerId([0xbb; 32]), Randomness::Seeded(7)).ready(&[draft]).expect("ready");
    s.send("A submission for another ledger.", &elsewhere, no(WrongLedger));
    let mut forged = ready.bytes.clone();
    let at = forged.len() - 3;
    forged[at] ^= 1;
    s.batch(&[("A forged signature.", &forged, Some(no(BadSignature)))]);
    let mut snapshot = Writer::labelled(label::SUBMISSION, 3);
    snapshot.bytes(&s.ledger.id().0).array(1).array(4).u64(43).array(0).null().array(0);
    s.batch(&[("A snapshot, of later rules.", &snapshot.into_bytes(), Some(no(NotEnabled)))]);
}

/// A budget of 1 000 with a day of 100 and a month of 150.
fn windowed(s: &Script) -> Budget {
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let windows = [(day, 100), (Period::Month, 150)];
    let windows = windows.map(|(period, most)| Window { period, most: Amount(most) }).to_vec();
    Budget { windows, ..budget(s.cny, Amount(1_000)) }
}

fn upgrade(s: &mut Script) {
    leases::of_later_rules(s, OTHER);
    let spec = TokenSpec { budgets: Some(vec![windowed(s)]), ..s.root_spec("early", 0) };
    s.issue("Windows, of later rules.", &spec, no(NotEnabled));
    let plain = s.root("early", 1_000);
    let spec = s.with_budget("bird", windowed(s));
    s.delegate("A child with windows, of later rules.", (plain, "early"), &spec, no(NotEnabled));
    let to = |rules| Act::Upgrade { rules: Rules(rules) };
    s.act("One operator alone.", to(2), &["operator 1"], no(NotTheOperators));
    s.operate("The rules that are in force.", to(1), no(AlreadySo));
    s.operate("Version 2 is put in force.", to(2), YES);
    s.operate("And once more.", to(2), no(AlreadySo));
    s.delegate("The same child.", (plain, "early"), &spec, YES);
}

fn third_rules(s: &mut Script) {
    refusals::of_later_rules(s);
    trades::of_later_rules(s);
    s.operate("Version 3 is put in force.", Act::Upgrade { rules: Rules(3) }, YES);
}

fn windows(s: &mut Script) {
    let spec = TokenSpec { budgets: Some(vec![windowed(s)]), ..s.root_spec("wendy", 0) };
    let root = s.issue("A root that spends 100 a day and 150 a month.", &spec, YES);
    let spec = s.with_budget("will", carved(s.cny, Amount(500)));
    let child = s.delegate("A child carves 500: no window counts it.", (root, "wendy"), &spec, YES);
    let held = s.reserve("The child spends 60 of the root's day.", child, "will", 60, YES);
    s.reserve("The root has 40 left of it.", root, "wendy", 41, no(AboveWindow));
    s.reserve("And spends them.", root, "wendy", 40, YES);
    s.reserve("The child has nothing left of it.", child, "will", 1, no(AboveWindow));
    let taken = s.capture("The hotel takes 50.", held, (1, 50), YES);
    s.release("And gives 10 back: they count no more.", held, None, YES);
    s.reserve("They are spent again.", child, "will", 10, YES);
    s.refund("The 50 are refunded: they still count.", taken, 50, YES);
    s.reserve("The day is full.", root, "wendy", 1, no(AboveWindow));
    s.wait(DAY);
    s.reserve(
        "On the next day the month has 50, and 50 that nobody took in time.",
        root,
        "wendy",
        101,
        no(AboveWindow),
    );
    s.reserve("As much as the day allows.", root, "wendy", 100, YES);
    s.reserve("And no more.", root, "wendy", 1, no(AboveWindow));
}

fn roots(s: &mut Script) {
    let good = s.root_spec("alice", 1_000);
    let (company, hotel) = (s.company, s.hotel);
    s.issue_by("A root of a party that is no issuer.", hotel, "hotel", &good, no(NotAnIssuer));
    s.issue_by("A root of a party that nobody knows.", OTHER, "hotel", &good, no(UnknownParty));
    s.issue_by("A root signed by somebody else.", company, "hotel", &good, no(WrongSigner));
    let expires = |seconds| TokenSpec { expires: Seconds(seconds), ..good.clone() };
    let now = s.now.seconds().0;
    s.issue("A life that is over.", &expires(now), no(BadTime));
    s.issue("A life of more than 400 days.", &expires(now + 401 * DAY), no(BadTime));
    let empty = TokenSpec { not_before: Some(good.expires), ..good.clone() };
    s.issue("A life that is empty.", &empty, no(BadTime));
    let deep = Delegation { depth: 8, ..good.delegation.expect("delegable") };
    s.issue("A chain of nine.", &TokenSpec { delegation: Some(deep), ..good.clone() }, no(TooDeep));
    let with = |budget: Budget| TokenSpec { budgets: Some(vec![budget]), ..good.clone() };
    let cny = s.cny;
    s.issue(
        "A root without a total.",
        &with(Budget { total: None, ..budget(cny, Amount(1)) }),
        no(BadAmount),
    );
    s.issue("A root of nothing.", &with(budget(cny, Amount(0))), no(BadAmount));
    s.issue("A carved root.", &with(carved(cny, Amount(1))), no(BadAmount));
    s.issue("A unit that nobody knows.", &with(budget(OTHER, Amount(1))), no(UnknownUnit));
}

fn children(s: &mut Script) {
    let alice = s.root("alice", 1_000);
    let (cny, usd, hotel) = (s.cny, s.usd, s.hotel);
    let shared = s.with_budget("bob", budget(cny, Amount(500)));
    s.delegate("A parent that nobody knows.", (OTHER, "alice"), &shared, no(UnknownToken));
    s.delegate("Somebody else's token.", (alice, "bob"), &shared, no(WrongSigner));
    let spec = s.with_budget("bob", budget(cny, Amount(1_001)));
    s.delegate("A larger total than the parent's.", (alice, "alice"), &spec, no(WiderThanParent));
    let spec = s.with_budget("bob", budget(usd, Amount(1)));
    s.delegate("A unit that the parent does not budget.", (alice, "alice"), &spec, no(UnitNotBudgeted));
    let selling = Permission {
        actions: Some(vec!["sell".into()]),
        services: Some(vec![hotel]),
        ..Permission::default()
    };
    let spec = TokenSpec { permissions: Some(vec![selling]), ..s.spec("bob") };
    s.delegate("An action that the parent does not have.", (alice, "alice"), &spec, no(WiderThanParent));
    let spec = TokenSpec { expires: Seconds(s.now.seconds().0), ..s.spec("bob") };
    s.delegate("A life that is over.", (alice, "alice"), &spec, no(BadTime));
    let bob = s.delegate("A child that shares 500.", (alice, "alice"), &shared, YES);
    let spec = s.with_budget("carol", carved(cny, Amount(300)));
    let carol = s.delegate("A grandchild that carves 300.", (bob, "bob"), &spec, YES);
    let spec = s.with_budget("dave", carved(cny, Amount(201)));
    s.delegate("201 more of the 200 that are left.", (bob, "bob"), &spec, no(AboveTotal));
    let spec = s.with_budget("dave", Budget { total: None, ..carved(cny, Amount(1)) });
    s.delegate("A carved budget without a total.", (bob, "bob"), &spec, no(BadAmount));
    let closed = TokenSpec { delegation: Some(Delegation::NONE), ..s.spec("dave") };
    let dave = s.delegate("A child that may not delegate.", (bob, "bob"), &closed, YES);
    let spec = s.spec("erin");
    s.delegate("A child of that child.", (dave, "dave"), &spec, no(NotDelegable));
    s.reserve("The carved child spends its own.", carol, "carol", 300, YES);
    s.reserve("And no more.", carol, "carol", 1, no(AboveTotal));
    s.reserve("The root spends what is not carved.", alice, "alice", 700, YES);
    s.reserve("Nothing is left for the shared child.", bob, "bob", 1, no(AboveTotal));
}

fn spending(s: &mut Script) {
    let root = s.root("frank", 1_000);
    let held = s.reserve("600 are held.", root, "frank", 600, YES);
    s.reserve("600 more.", root, "frank", 600, no(AboveTotal));
    s.capture("A capture that nobody can name.", OTHER, (1, 1), no(UnknownReservation));
    s.capture("The second capture first.", held, (2, 1), no(WrongNumber));
    s.capture("More than is held.", held, (1, 601), no(AboveReserved));
    s.capture("Nothing.", held, (1, 0), no(BadAmount));
    let take = Act::Capture { reserve: Reference::Id(held), number: 1, amount: Amount(1) };
    s.act("The airline takes what is the hotel's.", take, &["airline"], no(NotThePayee));
    let first = s.capture("The hotel takes 250.", held, (1, 250), YES);
    s.capture("And 150.", held, (2, 150), YES);
    s.release("It gives 50 back.", held, Some(50), YES);
    s.release("More than is held.", held, Some(151), no(AboveReserved));
    s.release("It gives back all that is left.", held, None, YES);
    s.release("Nothing is left.", held, None, no(AboveReserved));
    s.refund("A capture that nobody knows.", OTHER, 1, no(UnknownCapture));
    s.refund("More than was captured.", first, 251, no(AboveCaptured));
    s.refund("Nothing.", first, 0, no(BadAmount));
    s.refund("A refund of 100.", first, 100, YES);
    s.refund("More than is left of the capture.", first, 151, no(AboveCaptured));
    let ask = s.ask(root, 10);
    let final_sale = remit_verifier::object::Payment { refund_until: None, ..s.payment(10) };
    let ask = Ask { payment: Some(final_sale), ..ask };
    let held = s.reserve_ask("A sale without refunds.", &ask, "frank", Vec::new(), YES);
    let capture = s.capture("It is captured.", held, (1, 10), YES);
    s.refund("And not refunded.", capture, 1, no(RefundClosed));
    let narrow = Budget { refundable: Some(Amount(5)), ..budget(s.cny, Amount(100)) };
    let spec = s.with_budget("grace", narrow);
    let child = s.delegate("A child whose refunds are bounded by 5.", (root, "frank"), &spec, YES);
    let held = s.reserve("10 are held.", child, "grace", 10, YES);
    let capture = s.capture("And taken.", held, (1, 10), YES);
    s.refund("6 are refunded.", capture, 6, no(AboveRefundable));
    s.refund("5 are refunded.", capture, 5, YES);
}

fn refused_spending(s: &mut Script) {
    let cny = s.cny;
    let per_use = Budget { per_use: Some(Amount(50)), ..budget(cny, Amount(1_000)) };
    let spec = TokenSpec { budgets: Some(vec![per_use]), ..s.root_spec("heidi", 0) };
    let root = s.issue("A root whose uses are 50 at most.", &spec, YES);
    let good = s.ask(root, 10);
    let mut ask = |about: &str, ask: Ask, code| {
        s.reserve_ask(about, &ask, "heidi", Vec::new(), no(code));
    };
    let payment = good.payment.expect("a payment");
    let with = |payment| Ask { payment: Some(payment), ..good.clone() };
    ask("A payee that nobody knows.", Ask { audience: OTHER, ..good.clone() }, UnknownParty);
    ask("A payee that is a unit.", Ask { audience: cny, ..good.clone() }, UnknownParty);
    ask("An action that is not permitted.", Ask { action: "sell".into(), ..good.clone() }, ActionNotAllowed);
    ask(
        "A resource that is not permitted.",
        Ask { resource: path("roomservice"), ..good.clone() },
        ResourceNotAllowed,
    );
    ask("No amount.", Ask { payment: None, ..good.clone() }, BadAmount);
    ask(
        "A unit that nobody knows.",
        with(remit_verifier::object::Payment { unit: OTHER, ..payment }),
        UnknownUnit,
    );
    ask(
        "More than one use may be.",
        with(remit_verifier::object::Payment { amount: Amount(51), ..payment }),
        AbovePerUse,
    );
    ask("An old epoch.", Ask { epoch: Epoch(1), ..good.clone() }, OldEpoch);
    ask("A token that nobody knows.", Ask { token: OTHER, ..good.clone() }, UnknownToken);
    let now = payment.settle_by.0 - DAY;
    let settle = |seconds| with(remit_verifier::object::Payment { settle_by: Seconds(seconds), ..payment });
    ask("A deadline that is past.", settle(now), BadTime);
    ask("A deadline in 31 days.", settle(now + 31 * DAY), BadTime);
    let refund = remit_verifier::object::Payment { refund_until: Some(Seconds(now)), ..payment };
    ask("Refunds that close before the deadline.", with(refund), BadTime);
    let usd = remit_verifier::object::Payment { unit: s.usd, ..payment };
    s.reserve_ask(
        "A unit without a budget.",
        &Ask { payment: Some(usd), ..good.clone() },
        "heidi",
        vec![],
        no(UnitNotBudgeted),
    );
    let company = Ask { audience: s.company, ..good.clone() };
    s.reserve_ask("A service that is not permitted.", &company, "heidi", vec![], no(ServiceNotAllowed));
    s.reserve_ask("Somebody else signs.", &good, "mallory", vec![], no(WrongHolder));
    let late = TokenSpec { not_before: Some(Seconds(s.now.seconds().0 + DAY)), ..s.spec("ivan") };
    let late = s.delegate("A child that begins tomorrow.", (root, "heidi"), &late, YES);
    s.reserve("It is used today.", late, "ivan", 1, no(NotYetValid));
    let short = TokenSpec { expires: Seconds(s.now.seconds().0 + 10), ..s.spec("ivan") };
    let short = s.delegate("A child that lives for ten seconds.", (root, "heidi"), &short, YES);
    s.wait(10);
    s.reserve("It is used after that.", short, "ivan", 1, no(Expired));
}

fn links(s: &mut Script) {
    let root = s.root("judy", 1_000);
    let hour = |s: &Script, holder: &str| TokenSpec {
        expires: Seconds(s.now.seconds().0 + 1_800),
        ..s.spec(holder)
    };
    let spec = TokenSpec { budgets: Some(vec![budget(s.cny, Amount(100))]), ..hour(s, "kim") };
    let (first, first_link) = s.link(root, "judy", &spec);
    let keys = s.keys(&["kim"]);
    let spec = hour(s, "leo");
    let at = (Epoch(0), Generation(0));
    let (second, second_link) = s.client.link(s.now, first, at, &spec, &keys[0]).expect("link");
    let both = vec![first_link.clone(), second_link.clone()];
    let ask = |s: &Script, token| Ask { token, ..s.ask(root, 60) };
    let good = ask(s, second);
    s.reserve_ask("Through two offline links.", &good, "leo", both.clone(), YES);
    s.reserve_ask("Above the budget of the first.", &good, "leo", both.clone(), no(AboveTotal));
    s.reserve_ask(
        "The links in another order.",
        &good,
        "leo",
        vec![second_link.clone(), first_link.clone()],
        no(UnknownToken),
    );
    s.reserve_ask(
        "The first link twice.",
        &good,
        "leo",
        vec![first_link.clone(), first_link.clone()],
        no(BrokenChain),
    );
    let other = ask(s, first);
    s.reserve_ask("An invocation on the first of two links.", &other, "leo", both.clone(), no(WrongToken));
    s.reserve_ask("The holder of the root signs.", &good, "judy", both.clone(), no(WrongHolder));
    let spec = hour(s, "mia");
    let (id, stolen) = s.link(root, "mallory", &spec);
    let ask_on = ask(s, id);
    s.reserve_ask("A link that somebody else signed.", &ask_on, "mia", vec![stolen], no(WrongSigner));
    let spec = TokenSpec { expires: Seconds(s.now.seconds().0 + 7_200), ..s.spec("mia") };
    let (id, long) = s.link(root, "judy", &spec);
    let ask_on = ask(s, id);
    s.reserve_ask("A link that lives for two hours.", &ask_on, "mia", vec![long], no(BadTime));
    let (_, eighth) = s.link(root, "judy", &hour(s, "mia"));
    s.reserve_ask("Nine links.", &good, "leo", vec![eighth; 8], no(TooDeep));
    let cut = Act::Cut(s.target(root, 2));
    s.act("The holder cuts all links.", cut, &["judy"], YES);
    s.reserve_ask("The links are used again.", &good, "leo", both, no(OldGeneration));
}

fn bundles(s: &mut Script) {
    let root = s.root("nina", 1_000);
    let take = |reserve, amount| Act::Capture { reserve, number: 1, amount: Amount(amount) };
    let alone = take(Reference::Member(0), 1);
    s.act("A member outside a bundle.", alone, &["hotel"], no(BadReference));
    let keys = s.keys(&["nina", "hotel"]);
    let two = |s: &mut Script, about: &str, place: u8, amount: u64, expected| {
        let ask = s.ask(root, 400);
        let invocation = s.client.invocation(s.now, &ask).expect("draft");
        let reserve = s.client.reserve(invocation, Vec::new(), &keys[0]);
        let act = take(Reference::Member(place), amount);
        let capture = s.client.act(s.now, act, &[&keys[1]]).expect("draft");
        s.submit(about, &[reserve, capture], expected)
    };
    two(s, "A member names itself.", 1, 400, no(BadReference));
    two(s, "The second member takes too much.", 0, 401, no(AboveReserved));
    two(s, "400 are held and taken at once.", 0, 400, YES);
    two(s, "And once more.", 0, 400, YES);
    two(s, "The first member is refused, and so is the second.", 0, 400, no(AboveTotal));
}

fn suspensions(s: &mut Script) {
    let root = s.root("olga", 1_000);
    let spec = s.spec("paul");
    let child = s.delegate("A child that inherits all.", (root, "olga"), &spec, YES);
    let (one, two, three) = (s.target(child, 1), s.target(child, 2), s.target(child, 3));
    s.act("The holder suspends his own token.", Act::Suspend(three), &["paul"], no(WrongPosition));
    s.act("A position past the holder's.", Act::Revoke(s.target(child, 4)), &["paul"], no(WrongPosition));
    s.act("Somebody signs as the issuer.", Act::Suspend(one), &["olga"], no(WrongSigner));
    let old = remit_verifier::object::Target { epoch: Epoch(1), ..one };
    s.act("An old epoch.", Act::Suspend(old), &["company"], no(OldEpoch));
    let by_issuer = s.act("The issuer suspends the child.", Act::Suspend(one), &["company"], YES);
    s.act("And once more.", Act::Suspend(one), &["company"], no(AlreadySo));
    let by_parent = s.act("The parent's holder suspends it too.", Act::Suspend(two), &["olga"], YES);
    s.reserve("It is used.", child, "paul", 1, no(Suspended));
    let resume = |target, suspend| Act::Resume { target, suspend: Reference::Id(suspend) };
    s.act("The parent's holder lifts the issuer's.", resume(two, by_issuer), &["olga"], no(WrongPosition));
    s.act("A suspension that is none.", resume(one, OTHER), &["company"], no(NotInForce));
    s.act("The issuer lifts its own.", resume(one, by_issuer), &["company"], YES);
    s.reserve("It is still suspended.", child, "paul", 1, no(Suspended));
    s.act("The issuer lifts the other one too.", resume(one, by_parent), &["company"], YES);
    s.reserve("It is used again.", child, "paul", 1, YES);
}

fn freezes(s: &mut Script) {
    let root = s.root("quinn", 1_000);
    let (leaf, token) = (s.leaf_index(root), root);
    s.operate("A leaf that has another id.", Act::Freeze { leaf, id: OTHER }, no(WrongLeaf));
    let ledger = ObjectId(s.ledger.id().0);
    let held = s.reserve("10 are held.", root, "quinn", 10, YES);
    let (hotel, cny, company) = (s.hotel, s.cny, s.company);
    for (about, id, code) in [
        ("The token is frozen.", token, Frozen),
        ("The payee is frozen.", hotel, PartyFrozen),
        ("The unit is frozen.", cny, UnitFrozen),
        ("The issuer is frozen.", company, PartyFrozen),
        ("The ledger is frozen.", ledger, LedgerFrozen),
    ] {
        let leaf = if id == ledger { StateIndex(0) } else { s.leaf_index(id) };
        let freeze = s.operate(about, Act::Freeze { leaf, id }, YES);
        s.reserve("The token is used.", root, "quinn", 1, no(code));
        let lift = |freeze| Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) };
        s.operate("Another freeze is lifted.", lift(OTHER), no(NotInForce));
        s.operate("The freeze is lifted.", lift(freeze), YES);
    }
    s.capture("What is held can be taken.", held, (1, 10), YES);
}

fn ends(s: &mut Script) {
    let root = s.root("rose", 1_000);
    let spec = s.with_budget("sam", carved(s.cny, Amount(600)));
    let child = s.delegate("A child that carves 600.", (root, "rose"), &spec, YES);
    let held = s.reserve("It holds 100.", child, "sam", 100, YES);
    let (end, revoke) = (Act::End(s.target(child, 2)), Act::Revoke(s.target(child, 2)));
    s.act("A token that can be used cannot be ended.", end.clone(), &["rose"], no(StillUsable));
    s.act("It is revoked.", revoke.clone(), &["rose"], YES);
    s.act("And once more.", revoke, &["rose"], no(Revoked));
    s.reserve("It is used.", child, "sam", 1, no(Revoked));
    s.act("It is ended: 500 come back.", end.clone(), &["rose"], YES);
    s.act("And once more.", end, &["rose"], no(AlreadySo));
    s.reserve("It is used.", child, "sam", 1, no(Ended));
    s.capture("The hotel takes 40 of what it holds.", held, (1, 40), YES);
    s.release("And gives 60 back, which pass on upward.", held, None, YES);
    s.reserve("The root has 960 left.", root, "rose", 961, no(AboveTotal));
    s.reserve("And spends them.", root, "rose", 960, YES);
}

fn transfers(s: &mut Script) {
    let root = s.root("tina", 1_000);
    let held = s.reserve("10 are held.", root, "tina", 10, YES);
    s.transfer("A token with value that is held.", root, "tina", "uma", no(ValueOpen));
    s.release("They are released.", held, None, YES);
    let spec = s.with_budget("vera", carved(s.cny, Amount(10)));
    let carved = s.delegate("A child carves 10.", (root, "tina"), &spec, YES);
    s.transfer("A token with a carved child.", root, "tina", "uma", no(CarvedChild));
    s.act("The child is revoked by its own holder.", Act::Revoke(s.target(carved, 3)), &["vera"], YES);
    s.act("And ended.", Act::End(s.target(carved, 3)), &["vera"], YES);
    let spec = s.spec("walt");
    let child = s.delegate("A child that inherits all.", (root, "tina"), &spec, YES);
    let kept = TokenSpec { transferable: Some(false), ..s.spec("walt") };
    let kept = s.delegate("A child that may not be transferred.", (root, "tina"), &kept, YES);
    s.transfer("It is transferred.", kept, "walt", "uma", no(NotTransferable));
    s.transfer("Somebody else hands the root over.", root, "mallory", "uma", no(WrongSigner));
    s.transfer("The root goes to Uma.", root, "tina", "uma", YES);
    s.reserve("Tina spends.", root, "tina", 1, no(WrongHolder));
    s.reserve("A child of the old epoch spends.", child, "walt", 1, no(OldEpoch));
    s.reserve("Uma spends.", root, "uma", 1, YES);
}

fn rekeys(s: &mut Script) {
    let root = s.root("xena", 1_000);
    let rekey =
        |s: &Script, position, to: &str| Act::Rekey { target: s.target(root, position), holder: key(to) };
    let own = rekey(s, 2, "xena 2");
    s.act("The new key does not sign.", own.clone(), &["xena"], no(WrongSigner));
    s.act("The holder takes a new key.", own, &["xena", "xena 2"], YES);
    s.reserve("The old key spends.", root, "xena", 1, no(WrongHolder));
    let upstream = rekey(s, 1, "xena 3");
    let pending = s.act("The issuer proposes a key.", upstream.clone(), &["company", "xena 3"], YES);
    s.act("And another one.", upstream.clone(), &["company", "xena 3"], no(AlreadySo));
    let veto = |rekey| Act::Veto { token: root, rekey: Reference::Id(rekey) };
    s.act("Somebody else refuses it.", veto(pending), &["mallory"], no(WrongSigner));
    s.act("The holder refuses it.", veto(pending), &["xena 2"], YES);
    s.act("And once more.", veto(pending), &["xena 2"], no(UnknownRekey));
    s.act("The issuer proposes a key again.", upstream, &["company", "xena 3"], YES);
    s.wait(DAY + 1);
    s.reserve("After a day it holds the token.", root, "xena 3", 1, YES);
}

fn deadlines(s: &mut Script) {
    let root = s.root("yara", 1_000);
    let held = s.reserve("10 are held for a day.", root, "yara", 10, YES);
    let spec = TokenSpec {
        expires: Seconds(s.now.seconds().0 + 3_600),
        ..s.with_budget("zoe", carved(s.cny, Amount(100)))
    };
    s.delegate("A child carves 100 for an hour.", (root, "yara"), &spec, YES);
    s.wait(3_600);
    s.wait(DAY);
    s.capture("The hotel is late.", held, (1, 1), no(Settled));
    s.release("And has nothing to release.", held, None, no(Settled));
    s.reserve("All came back.", root, "yara", 1_000, YES);
}

fn largest(s: &mut Script) {
    let root = s.root("abel", u64::MAX);
    let held = s.reserve("The largest amount is held.", root, "abel", u64::MAX, YES);
    let capture = s.capture("It is taken.", held, (1, u64::MAX), YES);
    s.refund("And refunded.", capture, u64::MAX, YES);
    s.reserve("One more: no counter could count its capture.", root, "abel", 1, no(Overflow));
}

fn compromise(s: &mut Script) {
    let root = s.root("bert", 1_000);
    let company = s.company;
    let keys = Act::PartyKeys {
        party: company,
        generation: Generation(0),
        keys: vec![key("company"), key("company 2")],
        compromised: vec![],
    };
    s.act("The issuer adds a key.", keys, &["company", "company 2"], YES);
    let keys = Act::PartyKeys {
        party: company,
        generation: Generation(1),
        keys: vec![key("company 2")],
        compromised: vec![key("company")],
    };
    s.act("Its first key fell into wrong hands.", keys, &["company 2"], YES);
    s.reserve("A root of that key is used.", root, "bert", 1, no(CompromisedKey));
    let spec = s.root_spec("bert", 1_000);
    let root = s.issue_by("A root of the new key.", company, "company 2", &spec, YES);
    s.reserve("It is used.", root, "bert", 1, YES);
}

/// The case of the running example: the hotel, offline, is asked to show room 12 by the hotel agent.
pub(crate) fn hotel_case() -> Vec<u8> {
    let mut s = Script::new("ledger.example/trips");
    let rooms = Permission {
        services: Some(vec![s.hotel]),
        actions: Some(vec!["view".into(), "book".into()]),
        resources: Some(vec![path("rooms")]),
        conditions: Vec::new(),
    };
    let spec = TokenSpec { permissions: Some(vec![rooms]), ..s.root_spec("assistant", 2_000_000) };
    let root = s.issue("The company gives its assistant 20 000.00.", &spec, YES);
    let spec = s.with_budget("hotel agent", carved(s.cny, Amount(600_000)));
    let token =
        s.delegate("The assistant carves 6 000.00 for a hotel agent.", (root, "assistant"), &spec, YES);
    let presentation = s.ledger.presentation(&token, &[], None).expect("a presentation");
    let now = Millis(s.now.0 + 120_000);
    let ask = Ask { action: "view".into(), payment: None, ..s.ask(token, 1) };
    let invocation = s.client.invocation(now, &ask).expect("draft");
    let (_, invocation) = s.client.invoke(&invocation, &signer("hotel agent")).expect("signs");
    let policy = policy(&s);
    Case {
        now,
        newest: Millis(0),
        presentation: &presentation,
        invocation: Some(&invocation),
        arguments: Vec::new(),
        evidence: None,
        policy: policy.as_bytes(),
        approvals: Vec::new(),
    }
    .encode()
}

/// The hotel's policy file.
fn policy(s: &Script) -> String {
    use remit_verifier::c2sp::{KeyKind, VerifierKey};
    let origin = "ledger.example/trips";
    let log = VerifierKey::new(origin, KeyKind::Note, genesis().log_key.bytes()).expect("a key");
    format!(
        "# The hotel's policy: this log, this issuer, evidence of at most ten minutes.\nparty = \"{}\"\n\
         issuers = [\"{}\"]\nmax_staleness_s = 600\nskew_ms = 2_000\noffline_links = true\nlogged_links = \"verify\"\n\
         trust = [\"log {log}\", \"quorum none\"]\nledgers = {{ \"{origin}\" = \"{}\" }}\n",
        s.hotel,
        s.company,
        s.ledger.id()
    )
}
