//! The log as files and as a stream: whoever reads it over HTTP alone computes every root again.

use crate::desk::Desk;
use crate::reading::details_of;
use ciborium::Value as Cbor;
use remit::audit::replay;
use remit::engine::Kept;
use remit::tree::Frontier;
use remit::tree::tile::{Tile, TileKind, bundle_entries, tile_bytes, tiles_between};
use remit_verifier::c2sp::{Checkpoint, SignedNote, Trust};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Details, Entry};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{Millis, Rules, TreeSize};
use serde_json::json;

/// A ledger of more than one full tile.
async fn long() -> Desk {
    let mut desk = Desk::with_everything();
    let bytes: Vec<u8> = (0..300).flat_map(|number| desk.party(&format!("party {number}")).bytes).collect();
    let answer = desk.post("/v1/operations?wait=published", crate::desk::SEQUENCE, bytes).await;
    assert_eq!(answer.status, 200);
    desk
}

async fn head(desk: &Desk) -> TreeHead {
    let note = desk.get_as_stranger("/checkpoint").await;
    assert_eq!(
        (note.header("content-type"), note.header("cache-control")),
        ("text/plain; charset=utf-8", "no-cache")
    );
    let text = note.text();
    let vkey = desk.service.verifier_key().expect("a key");
    let trust = Trust::parse(format!("log {vkey}\nquorum none\n").as_bytes()).expect("trust");
    trust.accept(text.as_bytes(), desk.world.now, Millis(0)).expect("accepted");
    let note = SignedNote::parse(text.as_bytes()).expect("a note");
    let checkpoint = Checkpoint::parse(note.text()).expect("a checkpoint");
    TreeHead { size: checkpoint.size(), root: checkpoint.root() }
}

#[tokio::test]
async fn tiles_are_those_of_the_tree_and_lead_to_the_checkpoint() {
    let desk = long().await;
    let head = head(&desk).await;
    assert!(head.size.0 > 256);
    let mut leaves = Frontier::new();
    for tile in tiles_between(TreeSize(0), head.size) {
        let answer = desk.get_as_stranger(&format!("/{tile}")).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "application/octet-stream"),
            "{tile}"
        );
        let full = tile.width == 256;
        assert_eq!(answer.header("cache-control").contains("immutable"), full, "{tile}");
        let store = desk.store.kept();
        assert_eq!(tile_bytes(store.log(), tile).expect("a tile"), answer.body, "{tile}");
        if tile.kind != TileKind::Level(0) {
            continue;
        }
        let bundle = Tile { kind: TileKind::Entries, ..tile };
        let bundle = desk.get_as_stranger(&format!("/{bundle}")).await;
        assert_eq!(bundle.header("cache-control").contains("immutable"), full);
        let entries = bundle_entries(&bundle.body, tile.width).expect("entries");
        let hashes: Vec<u8> = entries.iter().flat_map(|entry| leaf_hash(entry).0).collect();
        assert_eq!(hashes, answer.body);
        entries.iter().for_each(|entry| leaves.push(leaf_hash(entry)));
    }
    assert_eq!((leaves.size(), leaves.root()), (head.size, head.root));
    // A partial tile stays readable when it is full.
    let partial = desk.get_as_stranger("/tile/entries/000.p/5").await;
    assert_eq!(bundle_entries(&partial.body, 5).expect("entries").len(), 5);
    for path in
        ["/tile/0/009", "/tile/0/0", "/tile/9/000", "/tile/entries/000.p/256", "/tile/0/001.p/255", "/tile/x"]
    {
        assert_eq!(desk.get_as_stranger(path).await.error(), (404, "not_found".into()), "{path}");
    }
}

/// Entry, object, details.
type Row = (Vec<u8>, Option<Vec<u8>>, Option<Details>);

#[tokio::test]
async fn the_stream_replays_to_the_published_root() {
    let desk = long().await;
    let head = head(&desk).await;
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let answer = desk.get(&format!("/v1/replay?from={}&limit=100", rows.len())).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/cbor-seq"));
        let mut rest = answer.body.as_slice();
        let before = rows.len();
        while !rest.is_empty() {
            let row: Cbor = ciborium::from_reader(&mut rest).expect("an item");
            let row = row.into_array().expect("an array");
            assert_eq!(row.len(), 3);
            let details = (!row[2].is_null()).then(|| details_of(&row[2]));
            rows.push((row[0].as_bytes().expect("an entry").clone(), row[1].as_bytes().cloned(), details));
        }
        assert_eq!(answer.header("remit-next"), rows.len().to_string());
        assert!(rows.len() - before <= 100);
        if rows.len() == before {
            break;
        }
    }
    let kept = rows.iter().map(|(entry, object, details)| Kept {
        entry,
        object: object.as_deref(),
        details: details.as_ref(),
    });
    let rebuilt = replay(kept, Some(&head)).expect("every root and every detail equal");
    assert_eq!((rebuilt.report.ledger, rebuilt.report.log), (desk.service.id(), head));
    assert!(rebuilt.report.details > 300);
    let past = desk.get("/v1/replay?from=18446744073709551615").await;
    assert_eq!((past.status, past.body.len(), past.header("remit-next")), (200, 0, "18446744073709551615"));
    for query in ["from=-1", "limit=x", "form=1"] {
        assert_eq!(desk.error(&format!("/v1/replay?{query}")).await, (400, "bad_query".into()));
    }
}

#[tokio::test]
async fn the_ledger_at_a_glance() {
    let mut desk = Desk::new();
    let glance = desk.get_as_stranger("/v1/log").await.json();
    let head = head(&desk).await;
    for (field, expected) in [
        ("ledger", json!(desk.service.id().to_string())),
        ("origin", json!("remit.example/test")),
        ("log_key", json!(crate::desk::did("log"))),
        ("log_vkey", json!(desk.service.verifier_key().expect("a key").to_string())),
        ("threshold", json!(2)),
        ("rules", json!(Rules::NEWEST.0)),
        ("time_ms", json!(desk.world.now.0)),
        ("state", json!("running")),
        ("published", json!({"size": head.size.0, "root": head.root.to_string()})),
        ("signed", json!({"size": head.size.0, "root": head.root.to_string()})),
        ("durable", json!({"size": head.size.0, "root": head.root.to_string()})),
    ] {
        assert_eq!(glance[field], expected, "{field}");
    }
    assert_eq!(glance["operators"].as_array().map(Vec::len), Some(3));
    let ready = desk.party("cafe");
    let answer = desk.submit(&ready).await.json();
    let after = desk.get_as_stranger("/v1/log").await.json();
    assert_eq!(after["published"]["size"], answer["size"]);
    let entry = desk.service.snapshot().entry(remit_verifier::types::EntryIndex(0)).expect("kept").entry;
    assert!(matches!(Entry::decode(&entry), Ok(Entry::Genesis(_))));
}
