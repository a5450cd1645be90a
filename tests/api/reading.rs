//! What is read of tokens, parties, units, value and entries; what is not there.

use crate::desk::{Desk, did};
use crate::world::key;
use ciborium::Value as Cbor;
use remit::api::Served;
use remit::index::{Follower, Index};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Details, Entry};
use remit_verifier::merkle::{TreeHead, verify_consistency};
use remit_verifier::object::{Act, Kind, Reference, Submission};
use remit_verifier::sign::Signer;
use remit_verifier::state::history;
use remit_verifier::types::{Amount, EntryIndex, Hash, ObjectId, TreeSize};
use serde_json::{Value, json};
use std::sync::Arc;

fn hash(value: &Value) -> Hash {
    let text = value.as_str().expect("hexadecimal");
    let bytes = (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"));
    Hash(bytes.collect::<Vec<_>>().try_into().expect("32 bytes"))
}

fn base64(value: &Value) -> Vec<u8> {
    use base64ct::Encoding;
    base64ct::Base64::decode_vec(value.as_str().expect("text")).expect("base64")
}

/// A reservation of 70 on a root of 100, of which 30 are captured and 10 refunded.
async fn spent(desk: &mut Desk) -> (ObjectId, ObjectId, ObjectId) {
    let root = desk.root(100).await;
    let ask = desk.world.ask(root, 70);
    let invocation = desk.world.client.invocation(desk.world.now, &ask).expect("drafted");
    let (alice, hotel) = (key("alice"), key("hotel"));
    let reserve = desk.apply(&[desk.world.client.reserve(invocation, Vec::new(), &alice)]).await.0.id;
    let payee: [&dyn Signer; 1] = [&hotel];
    let act = Act::Capture { reserve: Reference::Id(reserve), number: 1, amount: Amount(30) };
    let draft = desk.world.client.act(desk.world.now, act, &payee).expect("drafted");
    let capture = desk.apply(&[draft]).await.0.id;
    let act = Act::Refund { capture: Reference::Id(capture), amount: Amount(10) };
    let draft = desk.world.client.act(desk.world.now, act, &payee).expect("drafted");
    desk.apply(&[draft]).await;
    (root, reserve, capture)
}

#[tokio::test]
async fn a_token_shows_what_it_allows_and_where_its_value_went() {
    let mut desk = Desk::new();
    let (root, ..) = spent(&mut desk).await;
    let token = desk.json(&format!("/v1/tokens/{root}")).await;
    for (field, expected) in [
        ("id", json!(root.to_string())),
        ("status", json!("live")),
        ("suspended_by", json!([])),
        ("holder", json!(did("alice"))),
        ("signer", json!(did("issuer"))),
        ("issuer", json!(desk.world.issuer.to_string())),
        ("ancestors", json!([])),
        ("epoch", json!(0)),
        ("delegation", json!({"mode": "offline", "depth": 7})),
        ("transferable", json!(true)),
    ] {
        assert_eq!(token[field], expected, "{field}");
    }
    assert!(token.get("parent").is_none());
    assert_eq!(token["permissions"][0]["actions"], json!(["book", "cancel"]));
    let budget = &token["budgets"][0];
    for (field, expected) in [
        ("unit", json!(desk.world.cny.to_string())),
        ("unit_name", json!("CNY")),
        ("decimals", json!(2)),
        ("share", json!("own")),
        ("total", json!("100")),
        ("captured", json!("30")),
        ("refunded", json!("10")),
        ("reserved", json!("40")),
        ("committed", json!("60")),
        ("left", json!("40")),
    ] {
        assert_eq!(budget[field], expected, "{field}");
    }
}

#[tokio::test]
async fn a_reservation_and_a_capture_show_what_is_left() {
    let mut desk = Desk::new();
    let (root, reserve, capture) = spent(&mut desk).await;
    let held = desk.json(&format!("/v1/reservations/{reserve}")).await;
    for (field, expected) in [
        ("token", json!(root.to_string())),
        ("payee", json!(desk.world.hotel.to_string())),
        ("unit", json!(desk.world.cny.to_string())),
        ("amount", json!("70")),
        ("captured", json!("30")),
        ("released", json!("0")),
        ("left", json!("40")),
        ("captures", json!(1)),
    ] {
        assert_eq!(held[field], expected, "{field}");
    }
    let taken = desk.json(&format!("/v1/captures/{capture}")).await;
    let expected = json!({"id": capture.to_string(), "reservation": reserve.to_string(), "amount": "30",
        "refunded": "10", "left": "20"});
    assert_eq!(taken, expected);
    let unknown = ObjectId([9; 32]);
    for path in ["reservations", "captures", "tokens", "parties", "units"] {
        assert_eq!(desk.error(&format!("/v1/{path}/{unknown}")).await, (404, "not_found".into()), "{path}");
        assert_eq!(desk.error(&format!("/v1/{path}/{root}x")).await, (400, "bad_id".into()), "{path}");
    }
    assert_eq!(desk.error(&format!("/v1/reservations/{unknown}/evidence")).await, (404, "not_found".into()));
}

#[tokio::test]
async fn parties_and_units_are_shown_by_id_and_name() {
    let desk = Desk::with_everything();
    let (issuer, airline, cny) = (desk.world.issuer, desk.world.airline, desk.world.cny);
    let party = desk.json(&format!("/v1/parties/{issuer}")).await;
    assert_eq!(
        (&party["name"], &party["issuer"], &party["keys"]),
        (&json!("issuer"), &json!(true), &json!([did("issuer")]))
    );
    let party = desk.json(&format!("/v1/parties/{airline}")).await;
    assert_eq!(party["keys"], json!([did("airline"), did("airline-2")]));
    let unit = desk.json(&format!("/v1/units/{cny}")).await;
    assert_eq!(
        (&unit["name"], &unit["decimals"], &unit["status"]),
        (&json!("CNY"), &json!(2), &json!("live"))
    );
    assert_eq!(desk.json("/v1/units/CNY").await, unit);
    assert_eq!(desk.error("/v1/units/EUR").await, (404, "not_found".into()));
    // An id of another kind is not what was asked for.
    assert_eq!(desk.error(&format!("/v1/parties/{cny}")).await, (404, "not_found".into()));
    assert_eq!(desk.error(&format!("/v1/units/{issuer}")).await, (404, "not_found".into()));
    assert_eq!(desk.error(&format!("/v1/tokens/{issuer}")).await, (404, "not_found".into()));
    let issuers = desk.json("/v1/issuers").await;
    let ids: Vec<_> =
        issuers["issuers"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(issuer.to_string())]);
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let mut desk = Desk::new();
    let roots = [desk.root(1).await, desk.root(2).await, desk.root(3).await];
    let holder = did("alice");
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let from = after.map(|after: u64| format!("&after={after}")).unwrap_or_default();
        let page = desk.json(&format!("/v1/holders/{holder}/tokens?limit=2{from}")).await;
        found.extend(page["tokens"].as_array().expect("a list").iter().map(|one| one["id"].clone()));
        after = page["next"].as_u64();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, roots.map(|id| json!(id.to_string())));
    let nobody = desk.json(&format!("/v1/holders/{}/tokens", did("nobody"))).await;
    assert_eq!(nobody["tokens"], json!([]));
    assert_eq!(desk.error("/v1/holders/did:key:z6Mk/tokens").await, (400, "bad_key".into()));
    assert_eq!(desk.error(&format!("/v1/holders/{holder}/tokens?page=2")).await, (400, "bad_query".into()));
    let without = remit::api::router(desk.service.clone(), crate::desk::settings(&desk.now));
    for path in ["/v1/issuers".to_owned(), format!("/v1/holders/{holder}/tokens")] {
        assert_eq!(ask(&without, &path).await.error(), (501, "no_index".into()));
    }
}

async fn ask(router: &axum::Router, path: &str) -> crate::desk::Answer {
    let request =
        axum::http::Request::get(path).header("authorization", format!("Bearer {}", crate::desk::TOKEN));
    crate::desk::call(router, request.body(axum::body::Body::empty()).expect("a request")).await
}

/// The index on disk gives the same lists as looking at every leaf.
#[tokio::test]
async fn the_index_gives_the_same_lists() {
    let desk = Desk::with_everything();
    let folder = tempfile::tempdir().expect("a folder");
    let index = Index::open(folder.path(), desk.service.id()).expect("opens");
    let follower = Follower::start(index, desk.service.clone()).expect("starts");
    let served = Served { service: desk.service.clone(), directory: Some(Arc::new(follower)), backups: None };
    let indexed = remit::api::router(served, crate::desk::settings(&desk.now));
    let holders = ["alice", "bob", "bob-2", "bob-3", "carol", "dave", "erin", "fay", "gus", "nobody"];
    let paths = holders.map(|holder| format!("/v1/holders/{}/tokens", did(holder)));
    let mut tokens = 0;
    for path in paths.iter().chain([&"/v1/issuers".to_owned()]) {
        let (found, expected) = (ask(&indexed, path).await.json(), desk.json(path).await);
        assert_eq!(found, expected, "{path}");
        tokens += found["tokens"].as_array().map_or(0, Vec::len);
    }
    assert!(tokens > 5);
}

/// Everything that a history claims can be computed from its bytes and the leaf.
#[tokio::test]
async fn histories_fold_to_what_the_leaf_says() {
    let desk = Desk::with_everything();
    let tokens = desk.service.snapshot();
    let mut seen = 0;
    for index in (0..).map(remit_verifier::types::StateIndex) {
        let Ok(record) = tokens.leaf(index) else { break };
        if record.leaf.token().is_none() {
            continue;
        }
        let id = record.leaf.id;
        let shown = desk.json(&format!("/v1/tokens/{id}/history")).await;
        let entries = shown["entries"].as_array().expect("entries");
        let fold = |folded, entry: &Value| {
            let at = EntryIndex(entry["index"].as_u64().expect("an index"));
            assert_eq!(hash(&entry["leaf_hash"]), leaf_hash(&base64(&entry["bytes"])));
            history(&folded, at, &leaf_hash(&base64(&entry["bytes"])))
        };
        assert_eq!(entries.iter().fold(Hash::default(), fold), record.leaf.history);
        assert_eq!(hash(&shown["folded"]), record.leaf.history);
        let validity = desk.json(&format!("/v1/tokens/{id}/validity")).await;
        let leaves = validity["histories"].as_array().expect("histories");
        let token = desk.json(&format!("/v1/tokens/{id}")).await;
        assert_eq!(leaves.len(), 3 + token["ancestors"].as_array().expect("ancestors").len());
        assert_eq!((&leaves[0]["leaf"], &leaves[leaves.len() - 1]), (&json!(0), &shown));
        seen += 1;
    }
    assert!(seen > 5);
    let unknown = ObjectId([9; 32]);
    for part in ["history", "validity", "presentation"] {
        assert_eq!(desk.error(&format!("/v1/tokens/{unknown}/{part}")).await, (404, "not_found".into()));
    }
}

#[tokio::test]
async fn entries_are_shown_with_what_stands_beside_them() {
    let desk = Desk::with_everything();
    let size = desk.service.snapshot().size().0;
    let mut kinds = std::collections::BTreeSet::new();
    for at in 0..size {
        let kept = desk.service.snapshot().entry(EntryIndex(at)).expect("kept");
        let entry = desk.json(&format!("/v1/entries/{at}")).await;
        assert_eq!((base64(&entry["bytes"]), entry["index"].as_u64()), (kept.entry.clone(), Some(at)));
        kinds.insert(entry["kind"].as_str().expect("a kind").to_owned());
        let object = desk.get(&format!("/v1/entries/{at}/object")).await;
        match &kept.object {
            Some(bytes) => {
                assert_eq!(
                    (object.status, &object.body, object.header("content-type")),
                    (200, bytes, "application/cbor")
                );
                assert_eq!(Submission::decode(bytes).expect("a submission").id.to_string(), entry["id"]);
            }
            None => assert_eq!(object.error(), (404, "not_found".into())),
        }
        let details = desk.get(&format!("/v1/entries/{at}/details")).await;
        match Entry::decode(&kept.entry).expect("an entry") {
            Entry::Outcome(outcome) => assert_eq!(read_details(&details.body).digest(), outcome.details),
            _ => assert_eq!(details.error(), (404, "not_found".into())),
        }
    }
    // A trade stands in a bundle, behind what pays for it.
    assert_eq!(kinds.len() + 1, Kind::ALL.len());
    for part in ["", "/object", "/details", "/proof"] {
        assert_eq!(
            desk.error(&format!("/v1/entries/{size}{part}")).await,
            (404, "not_found".into()),
            "{part}"
        );
        assert_eq!(desk.error(&format!("/v1/entries/01{part}")).await, (400, "bad_number".into()), "{part}");
    }
}

/// `[common, [link, …]]`.
fn read_details(bytes: &[u8]) -> Details {
    let value: Cbor = ciborium::from_reader(bytes).expect("CBOR");
    details_of(&value)
}

pub fn details_of(value: &Cbor) -> Details {
    let parts = value.as_array().expect("an array");
    let bytes = |value: &Cbor| value.as_bytes().expect("bytes").clone();
    let links = parts[1].as_array().expect("links").iter().map(bytes).collect();
    Details { common: bytes(&parts[0]), links }
}

#[tokio::test]
async fn consistency_is_proved_between_any_two_sizes() {
    let desk = Desk::with_everything();
    let snapshot = desk.service.snapshot();
    let size = snapshot.size().0;
    let root = |size| {
        let entries = (0..size).map(|at| leaf_hash(&snapshot.entry(EntryIndex(at)).expect("kept").entry));
        let mut log = remit::tree::Frontier::default();
        entries.for_each(|leaf| log.push(leaf));
        TreeHead { size: TreeSize(size), root: log.root() }
    };
    for (from, to) in [(1, size), (5, 40), (size - 1, size), (7, 7)] {
        let shown = desk.json(&format!("/v1/proof/consistency?from={from}&to={to}")).await;
        assert_eq!((shown["from"].as_u64(), shown["to"].as_u64()), (Some(from), Some(to)));
        let hashes: Vec<Hash> = shown["hashes"].as_array().expect("hashes").iter().map(hash).collect();
        verify_consistency(&root(from), &root(to), &hashes).expect("consistent");
    }
    let shown = desk.json("/v1/proof/consistency?from=3").await;
    assert_eq!(shown["to"].as_u64(), Some(size));
    for query in
        ["from=0", "from=9&to=8", &format!("from=1&to={}", size + 1), "to=3", "from=-1", "from=1&x=2"]
    {
        assert_eq!(
            desk.error(&format!("/v1/proof/consistency?{query}")).await,
            (400, "bad_query".into()),
            "{query}"
        );
    }
}
