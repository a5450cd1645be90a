//! What is for sale: shown with its price and with whoever can still take it away, to readers alone.

use crate::desk::{Desk, did};
use crate::world::{DAY, key};
use remit::api::Served;
use remit::client::TokenSpec;
use remit_verifier::object::{Act, Offer, Position, Price, Target};
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};
use serde_json::{Value, json};

/// A root of alice's, and a token below it that bob may sell.
async fn sellers(desk: &mut Desk) -> (ObjectId, ObjectId) {
    let (issuer, signer) = (desk.world.issuer, key("issuer"));
    let spec = desk.world.spec("alice");
    let budgets = Some(vec![remit::client::budget(desk.world.cny, Amount(1_000))]);
    let spec = TokenSpec { budgets, ..spec };
    let draft = desk.world.client.root(desk.world.now, issuer, &spec, &signer).expect("draft");
    let root = desk.apply(&[draft]).await.0.id;
    let spec = TokenSpec { transferable: Some(true), ..desk.world.inherit("bob", None) };
    let alice = key("alice");
    let draft = desk.world.client.child(desk.world.now, root, Epoch(0), &spec, &alice).expect("draft");
    (root, desk.apply(&[draft]).await.0.id)
}

fn price(desk: &Desk, amount: u64) -> Price {
    let until = Seconds(desk.world.now.seconds().0 + DAY);
    Price { amount: Amount(amount), payee: desk.world.hotel, unit: desk.world.cny, until }
}

async fn act(desk: &mut Desk, act: Act, by: &str) -> ObjectId {
    let signer = key(by);
    let draft = desk.world.client.act(desk.world.now, act, &[&signer]).expect("draft");
    desk.apply(&[draft]).await.0.id
}

async fn offer(desk: &mut Desk, token: ObjectId, by: &str, price: Option<Price>) -> ObjectId {
    act(desk, Act::Offer(Offer { token, epoch: Epoch(0), price }), by).await
}

async fn listed(desk: &Desk) -> Vec<Value> {
    let page = desk.json("/v1/offers").await;
    page["offers"].as_array().expect("a list").iter().map(|offer| offer["id"].clone()).collect()
}

#[tokio::test]
async fn an_offer_shows_its_price_and_who_can_still_take_the_token_away() {
    let mut desk = Desk::new();
    let (root, child) = sellers(&mut desk).await;
    let asked = price(&desk, 900);
    let id = offer(&mut desk, child, "bob", Some(asked)).await;
    let path = format!("/v1/offers/{id}");
    let shown = desk.json(&path).await;
    for (field, expected) in [
        ("id", json!(id.to_string())),
        ("state", json!("standing")),
        ("token", json!(child.to_string())),
        ("epoch", json!(0)),
        ("seller", json!(did("bob"))),
        ("payee", json!(desk.world.hotel.to_string())),
        ("payee_name", json!("hotel")),
        ("amount", json!("900")),
        ("unit", json!(desk.world.cny.to_string())),
        ("unit_name", json!("CNY")),
        ("decimals", json!(2)),
        ("until_s", json!(asked.until.0)),
        (
            "upstream",
            json!([
                {"position": 1, "party": desk.world.issuer.to_string(), "keys": [did("issuer")]},
                {"position": 2, "token": root.to_string(), "keys": [did("alice")]},
            ]),
        ),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    assert_eq!(desk.get_as_stranger(&path).await.error(), (401, "unauthorised".into()));
    assert_eq!(desk.error(&format!("/v1/offers/{}", "ab".repeat(32))).await, (404, "not_found".into()));
    assert_eq!(desk.error("/v1/offers/x").await, (400, "bad_id".into()));
}

#[tokio::test]
async fn what_is_closed_or_void_is_not_listed() {
    let mut desk = Desk::new();
    let (root, child) = sellers(&mut desk).await;
    let asked = price(&desk, 900);
    let first = offer(&mut desk, root, "alice", Some(asked)).await;
    let second = offer(&mut desk, child, "bob", Some(asked)).await;
    let ids = |all: &[ObjectId]| all.iter().map(|id| json!(id.to_string())).collect::<Vec<_>>();
    assert_eq!(listed(&desk).await, ids(&[first, second]));
    let page = desk.json("/v1/offers?limit=1").await;
    assert_eq!(page["offers"][0]["id"], json!(first.to_string()));
    let next = desk.json(&format!("/v1/offers?limit=1&after={}", page["next"])).await;
    assert_eq!(next["offers"][0]["id"], json!(second.to_string()));

    let dearer = price(&desk, 901);
    let third = offer(&mut desk, root, "alice", Some(dearer)).await;
    assert_eq!(listed(&desk).await, ids(&[second, third]), "the first was replaced");
    let closed = json!({"id": first.to_string(), "state": "closed"});
    assert_eq!(desk.json(&format!("/v1/offers/{first}")).await, closed);
    offer(&mut desk, root, "alice", None).await;
    assert_eq!(listed(&desk).await, ids(&[second]), "the third was withdrawn");

    let target = Target { token: child, epoch: Epoch(0), position: Position(3) };
    let (old, new) = (key("bob"), key("bob-2"));
    let holder = crate::world::public("bob-2");
    let draft = desk.world.client.act(desk.world.now, Act::Rekey { target, holder }, &[&old, &new]);
    desk.apply(&[draft.expect("draft")]).await;
    assert_eq!(listed(&desk).await, ids(&[]), "the key that offered it holds it no more");
    assert_eq!(desk.json(&format!("/v1/offers/{second}")).await["state"], "void");
    let short = Price { until: Seconds(desk.world.now.seconds().0 + 60), ..dearer };
    let fourth = offer(&mut desk, child, "bob-2", Some(short)).await;
    assert_eq!(listed(&desk).await, ids(&[fourth]));
    desk.advance(60);
    offer(&mut desk, root, "alice", Some(dearer)).await;
    assert_eq!(desk.json(&format!("/v1/offers/{fourth}")).await["state"], "void", "its time is over");

    assert_eq!(desk.get_as_stranger("/v1/offers").await.error(), (401, "unauthorised".into()));
    assert_eq!(desk.error("/v1/offers?offset=1").await, (400, "bad_query".into()));
    let bare = remit::api::router(Served::from(desk.service.clone()), crate::desk::settings(&desk.now));
    let request = axum::http::Request::get("/v1/offers")
        .header("authorization", format!("Bearer {}", crate::desk::TOKEN))
        .body(axum::body::Body::empty())
        .expect("a request");
    assert_eq!(crate::desk::call(&bare, request).await.error(), (501, "no_index".into()));
}
