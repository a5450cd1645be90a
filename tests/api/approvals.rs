//! What waits for approvers: shown with all that its id stands for, to readers alone, and listed for each approver.

use crate::desk::{Desk, did};
use crate::story::{lease_terms, requested_lease};
use crate::world::{DAY, key, public};
use remit::api::Served;
use remit::client::{Ask, TokenSpec, budget};
use remit_verifier::key::EncodedKey;
use remit_verifier::object::{
    Act, ApprovalRule, Argument, Asking, Budget, Lease, LeaseLimits, Period, Position, Purpose, Requested,
    Target, Value as Operand, Window,
};
use remit_verifier::types::{Amount, Nonce, ObjectId, RequestId, Seconds};
use serde_json::{Value, json};

fn rule(k: u64, approvers: &[&str], thresholds: Option<Vec<(ObjectId, Amount)>>) -> ApprovalRule {
    let mut approvers: Vec<EncodedKey> = approvers.iter().map(|name| (&public(name)).into()).collect();
    approvers.sort_by_key(|key| *key.bytes());
    ApprovalRule { k, approvers, thresholds }
}

/// A root of 1 000 CNY for alice that asks two of Ann, Ben and Cai above 100, and Dora once 300 a day are reserved.
async fn guarded(desk: &mut Desk) -> (ObjectId, ObjectId) {
    let (issuer, signer, cny) = (desk.world.issuer, key("issuer"), desk.world.cny);
    let approval = Some(rule(2, &["ann", "ben", "cai"], Some(vec![(cny, Amount(100))])));
    let budgets = Some(vec![budget(cny, Amount(1_000))]);
    let spec = TokenSpec { approval, budgets, ..desk.world.spec("alice") };
    let draft = desk.world.client.root(desk.world.now, issuer, &spec, &signer).expect("draft");
    let root = desk.apply(&[draft]).await.0.id;
    let period = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let cumulative = Some(Window { period, most: Amount(300) });
    let budgets = Some(vec![Budget { cumulative, total: None, ..budget(cny, Amount(0)) }]);
    let approval = Some(rule(1, &["dora"], Some(vec![(cny, Amount(900))])));
    let spec = TokenSpec { approval, ..desk.world.inherit("alice", budgets) };
    let (alice, epoch) = (key("alice"), desk.world.epoch(root));
    let draft = desk.world.client.child(desk.world.now, root, epoch, &spec, &alice).expect("draft");
    (root, desk.apply(&[draft]).await.0.id)
}

fn requested(desk: &Desk, token: ObjectId, amount: u64) -> Requested {
    let argument = Argument { name: "amount".into(), salt: [7; 16], value: Operand::Integer(5) };
    let ask = Ask { arguments: vec![argument], ..desk.world.ask(token, amount) };
    ask.requested(Seconds(desk.world.now.seconds().0 + DAY)).expect("a payment")
}

/// Asks, as one submission: the names of the requests.
async fn ask(desk: &mut Desk, all: &[Requested]) -> Vec<(Nonce, RequestId)> {
    let (alice, ledger, now) = (key("alice"), desk.service.id(), desk.world.now);
    let (mut drafts, mut names) = (Vec::new(), Vec::new());
    for one in all {
        let draft = desk.world.client.act(now, Act::Request(one.clone()), &[&alice]).expect("draft");
        let nonce = draft.body.stamp().expect("an act").nonce;
        names.push((nonce, one.request_id(&ledger, nonce)));
        drafts.push(draft);
    }
    desk.apply(&drafts).await;
    names
}

async fn act(desk: &mut Desk, act: Act, by: &str) {
    let signer = key(by);
    let draft = desk.world.client.act(desk.world.now, act, &[&signer]).expect("draft");
    desk.apply(&[draft]).await;
}

async fn listed(desk: &Desk, approver: &str) -> Vec<Value> {
    let page = desk.json(&format!("/v1/approvers/{}/requests", did(approver))).await;
    assert_eq!(page["approver"], did(approver));
    page["requests"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_request_shows_all_that_its_id_stands_for() {
    let mut desk = Desk::new();
    let (root, child) = guarded(&mut desk).await;
    let wanted = requested(&desk, child, 200);
    let (nonce, id) = ask(&mut desk, std::slice::from_ref(&wanted)).await[0];
    act(&mut desk, Act::Approve { request: id }, "ben").await;
    let path = format!("/v1/requests/{id}");
    let shown = desk.json(&path).await;
    let Purpose::Use { arguments, .. } = &wanted.purpose else { panic!("a use") };
    let digest = arguments[0].1.to_string();
    for (field, expected) in [
        ("id", json!(id.to_string())),
        ("state", json!("waiting")),
        ("token", json!(child.to_string())),
        ("payee", json!(desk.world.hotel.to_string())),
        ("holder", json!(did("alice"))),
        ("action", json!("book")),
        ("resource", json!("rooms/12")),
        ("arguments", json!([{"name": "amount", "digest": digest}])),
        ("lease", json!(null)),
        ("amount", json!("200")),
        ("unit", json!(desk.world.cny.to_string())),
        ("approved", json!([did("ben")])),
        ("decide_by_s", json!(wanted.decide_by.0)),
        ("cancelled", json!(false)),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    // Who knows this computes the same name.
    let asking = Asking {
        token: child,
        epoch: wanted.epoch,
        payee: wanted.payee,
        purpose: wanted.purpose,
        payment: Some((wanted.amount, wanted.unit)),
        nonce,
    };
    assert_eq!(asking.id(&desk.service.id()), id);
    assert_eq!(shown["nonce"], nonce.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let [above, below] = &shown["rules"].as_array().expect("rules")[..] else { panic!("two links: {shown}") };
    assert_eq!((&above["token"], &above["k"]), (&json!(root.to_string()), &json!(2)));
    assert_eq!(
        (&above["threshold"], &above["applies"], &above["met"]),
        (&json!("100"), &json!(true), &json!(false))
    );
    assert_eq!(above["approvers"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&below["threshold"], &below["applies"], &below["met"]),
        (&json!("900"), &json!(false), &json!(false))
    );
    act(&mut desk, Act::Approve { request: id }, "ann").await;
    assert_eq!(desk.json(&path).await["rules"][0]["met"], true);
    assert_eq!(desk.get_as_stranger(&path).await.error(), (401, "unauthorised".into()));

    act(&mut desk, Act::Withdraw { request: id, position: None }, "dora").await;
    assert_eq!(desk.json(&path).await, json!({"id": id.to_string(), "state": "closed"}));
    let unknown = format!("/v1/requests/{}", "ab".repeat(32));
    assert_eq!(desk.error(&unknown).await, (404, "not_found".into()));
    assert_eq!(desk.error("/v1/requests/x").await, (400, "bad_id".into()));
}

#[tokio::test]
async fn a_sum_in_a_span_asks_too_and_a_token_shows_its_rule() {
    let mut desk = Desk::new();
    let (root, child) = guarded(&mut desk).await;
    let wanted = requested(&desk, child, 301);
    let (_, id) = ask(&mut desk, &[wanted]).await[0];
    assert_eq!(desk.json(&format!("/v1/requests/{id}")).await["rules"][1]["applies"], true);
    let shown = desk.json(&format!("/v1/tokens/{root}")).await;
    let cny = desk.world.cny.to_string();
    let threshold = json!([{"unit": cny, "unit_name": "CNY", "decimals": 2, "amount": "100"}]);
    assert_eq!((&shown["approval"]["k"], &shown["approval"]["thresholds"]), (&json!(2), &threshold));
    assert_eq!(shown["budgets"][0]["pending"], "301");
    assert!(shown["budgets"][0].get("approval").is_none());
    let shown = desk.json(&format!("/v1/tokens/{child}")).await;
    let span = &shown["budgets"][0]["approval"];
    assert_eq!((&span["most"], &span["used"], &span["left"]), (&json!("300"), &json!("0"), &json!("300")));
    assert_eq!(shown["approval"]["approvers"], json!([did("dora")]));
}

#[tokio::test]
async fn a_request_for_a_lease_shows_its_till_and_how_long_it_lasts() {
    let mut desk = Desk::new();
    let (issuer, signer, cny) = (desk.world.issuer, key("issuer"), desk.world.cny);
    let leases = Some(LeaseLimits { most: Amount(500), longest: Seconds(3_600) });
    let approval = Some(rule(1, &["ann"], Some(vec![(cny, Amount(100))])));
    let budgets = Some(vec![Budget { leases, ..budget(cny, Amount(1_000)) }]);
    let spec = TokenSpec { approval, budgets, ..desk.world.spec("alice") };
    let draft = desk.world.client.root(desk.world.now, issuer, &spec, &signer).expect("draft");
    let root = desk.apply(&[draft]).await.0.id;
    let terms = lease_terms(&desk.world, root, 300);
    let wanted = requested_lease(&terms, terms.spend_until);
    let (nonce, id) = ask(&mut desk, std::slice::from_ref(&wanted)).await[0];
    let shown = listed(&desk, "ann").await.remove(0);
    for (field, expected) in [
        ("id", json!(id.to_string())),
        ("state", json!("waiting")),
        ("action", json!(null)),
        ("resource", json!(null)),
        ("arguments", json!([])),
        ("amount", json!("300")),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    let lease = json!({
        "till": terms.till.to_string(),
        "spend_until_s": terms.spend_until.0,
        "settle_by_s": terms.settle_by.0,
        "refund_until_s": terms.refund_until.map(|until| until.0),
    });
    assert_eq!(shown["lease"], lease);
    assert_eq!((&shown["rules"][0]["applies"], &shown["rules"][0]["met"]), (&json!(true), &json!(false)));
    act(&mut desk, Act::Approve { request: id }, "ann").await;
    let (alice, now) = (key("alice"), desk.world.now);
    let opened = Lease { request_nonce: Some(nonce), ..terms };
    let draft = desk.world.client.lease_approved(now, opened, Vec::new(), &alice).expect("drafted");
    desk.apply(&[draft]).await;
    assert_eq!(desk.json(&format!("/v1/requests/{id}")).await["state"], "closed");
}

#[tokio::test]
async fn every_approver_of_the_chain_finds_what_waits_for_him_page_by_page() {
    let mut desk = Desk::new();
    let (root, child) = guarded(&mut desk).await;
    // Two in one entry, then one of the child.
    let both = [requested(&desk, root, 101), requested(&desk, root, 102)];
    let mut names = ask(&mut desk, &both).await;
    let one = requested(&desk, child, 103);
    names.extend(ask(&mut desk, &[one]).await);
    let ids: Vec<_> = names.iter().map(|(_, id)| json!(id.to_string())).collect();
    let of = |all: &[Value]| all.iter().map(|request| request["id"].clone()).collect::<Vec<_>>();
    assert_eq!(of(&listed(&desk, "ann").await), ids);
    assert_eq!(of(&listed(&desk, "dora").await), ids[2..]);
    assert_eq!(listed(&desk, "alice").await, [Value::Null; 0]);
    let path = format!("/v1/approvers/{}/requests", did("cai"));
    let first = desk.json(&format!("{path}?limit=1")).await;
    assert_eq!(of(first["requests"].as_array().expect("a list")), ids[..2], "a page has whole entries");
    let next = desk.json(&format!("{path}?limit=1&after={}", first["next"])).await;
    assert_eq!(of(next["requests"].as_array().expect("a list")), ids[2..]);

    act(&mut desk, Act::Withdraw { request: names[0].1, position: Some(Position(2)) }, "alice").await;
    assert_eq!(of(&listed(&desk, "ann").await), ids[1..], "what is closed is not shown");
    let target = Target { token: child, epoch: desk.world.epoch(child), position: Position(1) };
    act(&mut desk, Act::Suspend(target), "issuer").await;
    let cancelled: Vec<_> = listed(&desk, "ann").await.iter().map(|one| one["cancelled"].clone()).collect();
    assert_eq!(cancelled, [json!(false), json!(true)]);

    assert_eq!(desk.get_as_stranger(&path).await.error(), (401, "unauthorised".into()));
    assert_eq!(desk.error("/v1/approvers/x/requests").await, (400, "bad_key".into()));
    assert_eq!(desk.error(&format!("{path}?offset=1")).await, (400, "bad_query".into()));
    let bare = remit::api::router(Served::from(desk.service.clone()), crate::desk::settings(&desk.now));
    let request = axum::http::Request::get(&path)
        .header("authorization", format!("Bearer {}", crate::desk::TOKEN))
        .body(axum::body::Body::empty())
        .expect("a request");
    assert_eq!(crate::desk::call(&bare, request).await.error(), (501, "no_index".into()));
}
