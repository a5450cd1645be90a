//! Search: what is stated is found, page by page, and every answer says how far the index had come.

use crate::desk::{Desk, TOKEN, call, did};
use axum::body::Body;
use axum::http::Request;
use remit::api::Served;
use remit_verifier::hash::sha256;
use remit_verifier::state::LeafBody;
use remit_verifier::types::StateIndex;
use serde_json::Value;

async fn found(desk: &Desk, query: &str) -> Vec<u64> {
    let page = desk.json(&format!("/v1/search?{query}")).await;
    let size = desk.service.snapshot().size().0;
    assert_eq!((&page["size"], &page["indexed_to"]), (&size.into(), &size.into()));
    let entries = page["entries"].as_array().expect("a list").iter();
    entries.map(|entry| entry["index"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn entries_are_found_by_agent_service_issuer_unit_token_kind_and_id() {
    let mut desk = Desk::new();
    let before = desk.service.snapshot().size().0;
    let root = desk.root(1_000).await;
    let world = &desk.world;
    for (query, there) in [
        (format!("agent={}", did("alice")), true),
        (format!("agent={}", did("issuer")), true),
        (format!("agent={}", did("nobody")), false),
        (format!("issuer={}", world.issuer), true),
        (format!("service={}", world.hotel), false),
        (format!("unit={}", world.cny), true),
        ("unit=CNY".into(), true),
        (format!("token={root}"), true),
        (format!("id={root}"), true),
        (format!("id={}", "ab".repeat(32)), false),
        ("kind=issue".into(), true),
        ("kind=reserve".into(), false),
        (format!("kind=issue&unit=CNY&agent={}", did("alice")), true),
        (format!("kind=issue&unit=CNY&agent={}", did("hotel")), false),
    ] {
        let found = found(&desk, &query).await;
        assert_eq!(found.contains(&before), there, "{query}: {found:?}");
    }
    // What is shown is the entry itself.
    let page = desk.json(&format!("/v1/search?id={root}")).await;
    assert_eq!(page["entries"][0], desk.json(&format!("/v1/entries/{before}")).await);
}

#[tokio::test]
async fn time_bounds_a_search_and_pages_join() {
    let mut desk = Desk::new();
    let first = desk.root(10).await;
    desk.advance(60);
    let second = desk.root(10).await;
    let at = |id| format!("/v1/search?id={id}");
    let time = desk.json(&at(second)).await["entries"][0]["time_ms"].as_u64().expect("a time");
    let place = |page: &Value| page["entries"][0]["index"].as_u64().expect("a number");
    let (first, second) = (place(&desk.json(&at(first)).await), place(&desk.json(&at(second)).await));
    assert_eq!(found(&desk, &format!("kind=issue&from_ms={time}")).await, [second]);
    assert_eq!(found(&desk, &format!("kind=issue&to_ms={time}")).await, [first]);
    assert_eq!(found(&desk, &format!("kind=issue&from_ms={}", time + 1)).await, [0; 0]);
    let page = desk.json("/v1/search?kind=issue&limit=1").await;
    assert_eq!(place(&page), second, "the newest first");
    let rest = desk.json(&format!("/v1/search?kind=issue&limit=1&before={}", page["next"])).await;
    assert_eq!(place(&rest), first);
    assert_eq!(found(&desk, "limit=0").await.len(), 1, "a page has one at least");
    assert!(found(&desk, "limit=1000000").await.len() <= remit::api::limits::SEARCH_ITEMS_MAX);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_named() {
    let desk = Desk::new();
    for (query, code) in [
        ("agent=did:key:zx", "bad_key"),
        ("service=x", "bad_id"),
        ("token=x", "bad_id"),
        ("id=AB", "bad_id"),
        ("kind=nothing", "bad_query"),
        ("kind=commitment", "bad_query"),
        ("colour=red", "bad_query"),
        ("from_ms=-1", "bad_query"),
    ] {
        assert_eq!(desk.error(&format!("/v1/search?{query}")).await, (400, code.into()), "{query}");
    }
    let (hotel, cny) = (desk.world.hotel, desk.world.cny);
    for query in [
        "unit=XYZ".to_owned(),
        format!("token={}", "ab".repeat(32)),
        format!("token={hotel}"),
        format!("service={cny}"),
        format!("unit={hotel}"),
        format!("issuer={}", "ab".repeat(32)),
    ] {
        assert_eq!(desk.error(&format!("/v1/search?{query}")).await, (404, "not_found".into()), "{query}");
    }
    let long = "x".repeat(remit::api::limits::NAME_BYTES_MAX + 1);
    assert_eq!(desk.error(&format!("/v1/names?begins={long}")).await, (400, "bad_query".into()));
    assert_eq!(
        desk.json(&format!("/v1/names?begins={}", &long[1..])).await["names"],
        Value::Array(Vec::new())
    );
    assert_eq!(desk.error("/v1/names").await, (400, "bad_query".into()));
    assert_eq!(desk.error(&format!("/v1/tokens/{}/children", "ab".repeat(32))).await.0, 404);
    assert_eq!(desk.get_as_stranger("/v1/search").await.status, 401);
    let bare = remit::api::router(Served::from(desk.service.clone()), crate::desk::settings(&desk.now));
    for path in ["/v1/search", "/v1/names?begins=h", "/v1/issuers"] {
        let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        let answer = call(&bare, request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.error(), (501, "no_index".into()), "{path}");
    }
}

#[tokio::test]
async fn names_of_parties_and_units_are_found() {
    let desk = Desk::new();
    let page = desk.json("/v1/names?begins=HOT").await;
    assert_eq!(page["names"][0]["name"], "hotel");
    assert_eq!(page["names"][0]["id"], desk.world.hotel.to_string());
    assert_eq!(page["names"][0]["what"], "party");
    let page = desk.json("/v1/names?begins=cny").await;
    assert_eq!(
        (&page["names"][0]["id"], &page["names"][0]["what"]),
        (&desk.world.cny.to_string().into(), &"unit".into())
    );
    let all = desk.json("/v1/names?begins=").await["names"].as_array().expect("a list").len();
    assert!(all > 2);
    assert_eq!(desk.json("/v1/names?begins=&limit=1").await["names"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn children_are_those_whose_leaf_names_the_parent() {
    let desk = Desk::with_everything();
    let snapshot = desk.service.snapshot();
    let mut with_children = 0;
    for index in (0..snapshot.version().commitment.state_size.0).map(StateIndex) {
        let record = snapshot.leaf(index).expect("a leaf");
        if !matches!(record.leaf.body, LeafBody::Token(_)) {
            continue;
        }
        let page = desk.json(&format!("/v1/tokens/{}/children", record.leaf.id)).await;
        let listed: Vec<u64> = page["children"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|child| child["index"].as_u64().expect("a number"))
            .collect();
        let below = |leaf: &StateIndex| {
            let parent = |leaf| snapshot.token_at(leaf).ok().and_then(|info| info.ancestors.last().copied());
            parent(*leaf) == Some(index)
        };
        let all = (0..snapshot.version().commitment.state_size.0).map(StateIndex);
        let expected: Vec<u64> = all.filter(below).map(|leaf| leaf.0).collect();
        with_children += usize::from(!expected.is_empty());
        assert_eq!(listed, expected);
        assert_eq!(page["indexed_to"], snapshot.size().0);
    }
    assert!(with_children > 1);
}

#[tokio::test]
async fn values_are_those_that_the_leaf_commits_to() {
    let desk = Desk::with_everything();
    let snapshot = desk.service.snapshot();
    let mut tokens = 0;
    for index in (0..snapshot.version().commitment.state_size.0).map(StateIndex) {
        let record = snapshot.leaf(index).expect("a leaf");
        let Some(token) = record.leaf.token() else { continue };
        let path = format!("/v1/tokens/{}/values", record.leaf.id);
        let answer = desk.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/cbor"));
        assert_eq!(sha256(&[&answer.body]), token.values);
        assert_eq!(desk.get_as_stranger(&path).await.status, 401);
        tokens += 1;
    }
    assert!(tokens > 3);
}
