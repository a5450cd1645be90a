//! What stands beside old entries is deleted from a ledger: whatever lives is served as before, what is gone is said to
//! be gone, and nothing goes without a snapshot that stands for it.

use crate::exported::{export, hash, remote};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server, TOKEN, text};
use crate::story::{Cast, cast, id, key};
use remit::remote::{Remote, RemoteError};
use remit_verifier::c2sp::Checkpoint;
use remit_verifier::sign::sign_checkpoint;
use remit_verifier::types::TreeSize;
use remit_verifier::verify::{Evidence, Presentation};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn audit(what: &str, source: &str, more: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "audit", what, source]).args(more).env("REMIT_READER_TOKEN", TOKEN);
    run(&mut command)
}

fn prune(folder: &Folder, more: &[&str]) -> Ran {
    run(remit().args(["--json", "prune"]).arg(folder.ledger()).args(more))
}

fn code(ran: Ran) -> String {
    ran.expect(1).json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// A ledger with a live chain and an open booking on it, and a token that was used and revoked.
struct Scene {
    folder: Folder,
    cast: Cast,
    child: String,
    open: String,
    dead: String,
    /// A booking that is over, on the dead token.
    over: String,
}

fn scene() -> (Scene, Server) {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    let child = id(&folder.ok(&server, &[&delegate[..], &["--budget", "12000 CNY"]].concat()));
    let book = |token: &str| {
        let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
        let times = ["--settle-by", "2h", "--refund-until", "30d", "--key", "agent.pem"];
        let amount = ["--argument", "amount=480", "--amount", "480 CNY"];
        id(&folder.ok(&server, &[&["reserve", token][..], &asked, &times, &amount].concat()))
    };
    let issue =
        ["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "30d", "--key", "company.pem"];
    let allow = format!("service={} action=book resource=flights/**", cast.airline);
    let more = ["--budget", "1000 CNY", "--allow", &allow];
    let dead = id(&folder.ok(&server, &[&issue[..], &more].concat()));
    let over = book(&dead);
    folder.ok(&server, &["capture", &over, "--amount", "480 CNY", "--key", "airline.pem"]);
    folder.ok(&server, &["revoke", &dead, "--key", "company.pem"]);
    let open = book(&child);
    (Scene { folder, cast, child, open, dead, over }, server)
}

/// Everything that is served of what lives, but for what depends on the checkpoint.
fn served(scene: &Scene, remote: &Remote) -> Vec<String> {
    let mut all = Vec::new();
    let unit = remote.json("/v1/units/CNY").expect("a unit")["id"].clone();
    let unit = unit.as_str().expect("an id");
    for token in [&scene.cast.token, &scene.child] {
        let bytes = remote.bytes(&format!("/v1/tokens/{token}/presentation?unit={unit}")).expect("shown");
        let shown = Presentation::decode(&bytes).expect("a presentation");
        all.push(format!("{:?} {:?} {:?}", shown.leaves, shown.state_proof, shown.tokens));
        for list in ["history", "validity"] {
            let mut told = remote.json(&format!("/v1/tokens/{token}/{list}")).expect("a list");
            told["size"] = Value::Null;
            all.push(told.to_string());
        }
    }
    let evidence = remote.bytes(&format!("/v1/reservations/{}/evidence", scene.open)).expect("shown");
    let shown = Evidence::decode(&evidence).expect("evidence");
    all.push(format!("{:?} {:?}", shown.entry, shown.ids));
    for path in ["/v1/offers", &format!("/v1/reservations/{}", scene.over)] {
        let mut told = remote.json(path).expect("shown");
        told["size"] = Value::Null;
        all.push(told.to_string());
    }
    all
}

fn status(error: Result<Vec<u8>, RemoteError>) -> u16 {
    match error {
        Err(RemoteError::Status { status, .. }) => status,
        other => panic!("{other:?}"),
    }
}

/// The entry that admitted a token.
fn admitted(remote: &Remote, token: &str) -> u64 {
    remote.json(&format!("/v1/decisions/{token}")).expect("known")["entry"].as_u64().expect("an entry")
}

/// What the airline says to the booking that is open.
fn verdict(scene: &Scene, server: &Server) -> Value {
    let (folder, shown) = (&scene.folder, scene.folder.path("shown"));
    drop(fs::remove_dir_all(&shown));
    let policy = ["policy", "--party", &scene.cast.airline, "--issuer", &scene.cast.issuer];
    let policy = folder.ok(server, &policy)["policy"].as_str().expect("a policy").to_owned();
    fs::write(folder.path("airline.toml"), policy).expect("written");
    let present = ["present", &scene.child, "--service", &scene.cast.airline, "--action", "book"];
    let more =
        ["--resource", "flights/CA1501", "--argument", "amount=480", "--key", "agent.pem", "--out", "shown"];
    folder.ok(server, &[&present[..], &more].concat());
    let mut command = remit();
    command.current_dir(folder.path("")).args([
        "--json",
        "verify",
        "--shown",
        "shown",
        "--policy",
        "airline.toml",
    ]);
    let told = run(&mut command).json();
    Value::String(format!("{} {}", told["decision"], told["code"]))
}

#[test]
fn whatever_lives_is_served_as_before_and_what_is_gone_is_said_to_be_gone() {
    let (scene, server) = scene();
    let ledger = scene.folder.ledger();
    let before = (served(&scene, &remote(&server.url)), verdict(&scene, &server));
    let dead = admitted(&remote(&server.url), &scene.dead);
    let live = admitted(&remote(&server.url), &scene.child);
    server.terminate();
    let snapshot = scene.folder.path("snapshot");
    let made = audit("replay", text(&ledger), &["--snapshot-out", text(&snapshot)]).expect(0).json();
    let size = made["entries"].as_u64().expect("a size").to_string();
    let arguments = ["--before", &size, "--snapshot", text(&snapshot)];
    let dry = prune(&scene.folder, &[&arguments[..], &["--dry-run"]].concat()).expect(0).json();
    assert_eq!(audit("conserve", text(&ledger), &[]).expect(0).json()["conserved"], true, "nothing is gone");
    let done = prune(&scene.folder, &arguments).expect(0).json();
    for field in ["deleted", "bytes", "kept", "snapshot_digest"] {
        assert_eq!(dry[field], done[field], "{field}");
    }
    assert_eq!(done["snapshot_digest"], made["snapshot_digest"]);
    assert!(done["deleted"].as_u64() >= Some(3) && done["kept"].as_u64() >= Some(6), "{done}");

    run(remit().args(["fsck"]).arg(&ledger)).expect(0);
    let doctor = run(remit().args(["doctor"]).arg(&ledger)).expect(1).out;
    let digest = made["snapshot_digest"].as_str().expect("a digest");
    assert!(doctor.contains(&format!("pruned: before entry {size}")) && doctor.contains(digest), "{doctor}");

    let server = scene.folder.serve();
    let remote = remote(&server.url);
    assert_eq!((served(&scene, &remote), verdict(&scene, &server)), before);
    for path in ["object", "details"] {
        assert_eq!(status(remote.bytes(&format!("/v1/entries/{dead}/{path}"))), 410, "{path}");
        remote.bytes(&format!("/v1/entries/{live}/{path}")).expect("kept");
    }
    assert_eq!(status(remote.bytes(&format!("/v1/tokens/{}/presentation", scene.dead))), 410);
    // Its entry, its leaf and its history are what they were.
    assert_eq!(remote.json(&format!("/v1/tokens/{}", scene.dead)).expect("shown")["status"], "revoked");
    remote.json(&format!("/v1/tokens/{}/history", scene.dead)).expect("complete");
    let items = remote.replay(dead, 1).expect("items");
    assert_eq!((&items[0].object, &items[0].details), (&None, &None));
    // It goes on: what is booked now is booked, and settled.
    scene.folder.ok(&server, &["capture", &scene.open, "--amount", "480 CNY", "--key", "airline.pem"]);

    // Who computes from the first entry on is told where it ends; from the snapshot on all is good.
    for what in ["replay", "conserve", "trace"] {
        let more: &[&str] = if what == "trace" { &[&scene.child] } else { &[] };
        let ran = audit(what, &server.url, more).expect(1);
        assert_eq!(ran.json()["error"]["code"], "not_covered", "{what}");
        assert!(ran.err.contains("--from-snapshot"), "{}", ran.err);
    }
    let on = audit("replay", &server.url, &["--from-snapshot", text(&snapshot)]).expect(0).json();
    assert_eq!(on["covered_from"].as_u64().map(|from| from.to_string()), Some(size));

    let tiles = scene.folder.path("tiles");
    let exported = export(&tiles, &server.url, &["--objects"]).expect(0).json();
    assert_eq!(exported["not_kept"], done["deleted"], "{exported}");
    audit("replay", text(&tiles), &["--from-snapshot", text(&snapshot)]).expect(0);
    assert_eq!(code(audit("replay", text(&tiles), &[])), "not_covered");
    server.terminate();
}

#[test]
fn copies_and_rebuilt_folders_know_what_was_pruned() {
    let (scene, server) = scene();
    server.terminate();
    let (ledger, snapshot) = (scene.folder.ledger(), scene.folder.path("snapshot"));
    let size =
        audit("replay", text(&ledger), &["--snapshot-out", text(&snapshot)]).expect(0).json()["entries"]
            .to_string();
    prune(&scene.folder, &["--before", &size, "--snapshot", text(&snapshot)]).expect(0);
    let rebuild = |more: &[&str]| run(remit().args(["--json", "rebuild"]).arg(&ledger).args(more));
    assert_eq!(code(rebuild(&[])), "not_covered");
    rebuild(&["--from-snapshot", text(&snapshot)]).expect(0);
    let copy = scene.folder.path("copy");
    run(remit().arg("backup").arg(&ledger).arg(&copy)).expect(0);
    fs::rename(ledger.join("data"), scene.folder.path("lost")).expect("moved");
    run(remit().arg("restore").arg(&copy).arg(&ledger)).expect(0);
    run(remit().arg("fsck").arg(&ledger)).expect(0);
    let doctor = run(remit().args(["doctor"]).arg(&ledger)).expect(1).out;
    assert!(doctor.contains(&format!("pruned: before entry {size}")), "{doctor}");
    let server = scene.folder.serve();
    served(&scene, &remote(&server.url));
    scene.folder.ok(&server, &["party", "add", "One more", "--key", "airline.pem"]);
    server.terminate();
    // The next time it is computed from that snapshot on, and from no other.
    let next = scene.folder.path("next");
    audit("replay", text(&ledger), &["--from-snapshot", text(&snapshot), "--snapshot-out", text(&next)])
        .expect(0);
    let again = ["--before", &size, "--snapshot", text(&next)];
    let refused = prune(&scene.folder, &again).expect(1);
    assert!(refused.err.contains(&format!("of size {size}")), "it names the snapshot: {}", refused.err);
    assert_eq!(code(refused), "not_covered");
    let from = |path: &Path| prune(&scene.folder, &[&again[..], &["--from-snapshot", text(path)]].concat());
    assert_eq!(code(from(&next)), "snapshot_of_another_log");
    from(&snapshot).expect(0);
}

#[test]
fn nothing_is_deleted_without_a_snapshot_of_this_ledger_that_is_published() {
    let (scene, server) = scene();
    let folder = &scene.folder;
    let note = folder.path("note");
    fs::write(&note, remote(&server.url).text("/checkpoint").expect("a note")).expect("written");
    folder.ok(&server, &["party", "add", "One more", "--key", "airline.pem"]);
    server.terminate();
    let ledger = folder.ledger();
    let [own, foreign, bad, other] = ["own", "foreign", "bad", "other"].map(|name| folder.path(name));
    let made = audit("replay", text(&ledger), &["--snapshot-out", text(&own)]).expect(0).json();
    let size = made["entries"].as_u64().expect("a size");
    let elsewhere = Folder::new();
    audit("replay", text(&elsewhere.ledger()), &["--snapshot-out", text(&foreign)]).expect(0);
    let by = |before: u64, path: &Path, more: &[&str]| {
        let before = before.to_string();
        prune(folder, &[&["--before", &before, "--snapshot", text(path)], more].concat())
    };
    assert_eq!(code(by(4, &foreign, &[])), "snapshot_of_another_log");
    let good = fs::read(&own).expect("read");
    let mut bytes = good.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bad, &bytes).expect("written");
    assert_eq!(code(by(4, &bad, &[])), "snapshot_damaged");
    // Whole in itself, and not what the log leads to: the entry that an id was seen at is below no root.
    fs::write(&other, with_another_entry(&good)).expect("written");
    assert_eq!(code(by(4, &other, &[])), "snapshot_of_another_log");
    // At the snapshot's size, and one past it.
    assert_eq!(code(by(size + 1, &own, &[])), "not_covered");
    assert_eq!(code(by(4, &own, &["--checkpoint", text(&note)])), "snapshot_ahead", "published is less");
    let forged = folder.path("forged");
    let root = hash(made["log_root"].as_str().expect("a root"));
    let checkpoint = Checkpoint::new("remit.example/test", TreeSize(size), root).expect("one");
    let stranger = remit_verifier::sign::LocalSigner::from_seed(&[9; 32]);
    fs::write(&forged, sign_checkpoint(&stranger, &checkpoint).expect("signed")).expect("written");
    assert_eq!(code(by(4, &own, &["--checkpoint", text(&forged)])), "bad_checkpoint");
    let dated = |time: &str| prune(folder, &["--before", time, "--snapshot", text(&own), "--dry-run"]);
    assert_eq!(dated("1970-01-02").expect(0).json()["deleted"], 0, "no entry is so old");
    assert_eq!(dated("30d").expect(2).json()["error"]["code"], "usage", "a time to come");
    assert_eq!(dated("soon").expect(2).json()["error"]["code"], "usage");
    assert_eq!(by(4, &own, &["--from-snapshot", text(&own)]).expect(2).json()["ok"], false);
    let server = folder.serve();
    assert_eq!(code(by(4, &own, &[])), "locked", "a ledger that runs is left alone");
    server.terminate();
    audit("replay", text(&ledger), &[]).expect(0);
    // What is good is taken at the bound and one before it.
    by(size - 1, &own, &[]).expect(0);
    by(size, &own, &["--from-snapshot", text(&own)]).expect(0);
}

/// A snapshot whose last id was seen at another entry, with the digest that it has then.
fn with_another_entry(good: &[u8]) -> Vec<u8> {
    let body = &good[..good.len() - 34];
    let (mut at, mut rest) = (0, body);
    let mut found = None;
    while !rest.is_empty() {
        let before = rest.len();
        let item: ciborium::Value = ciborium::from_reader(&mut rest).expect("CBOR");
        let kind = item.as_array().and_then(|parts| parts[0].as_integer()).map(i128::from);
        at += before - rest.len();
        if kind == Some(10) {
            found = Some(at - 1);
        }
    }
    let mut body = body.to_vec();
    body[found.expect("an id that was seen")] ^= 1;
    let end = remit_verifier::hash::sha256(&[&body]);
    [&body[..], &[0x58, 32], &end.0].concat()
}
