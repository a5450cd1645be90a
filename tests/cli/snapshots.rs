//! A replay that starts from a snapshot: what it says is covered, and whose snapshots it takes.

use crate::exported::{export, remote};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, TOKEN, text};
use crate::story::{cast, id};
use serde_json::Value;
use std::fs;
use std::path::Path;

fn replay(source: &str, more: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "audit", "replay", source]).args(more).env("REMIT_READER_TOKEN", TOKEN);
    run(&mut command)
}

fn code(ran: Ran) -> String {
    ran.expect(1).json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// The digest of a file without its end, as anybody computes it.
fn digest(path: &Path) -> String {
    let bytes = fs::read(path).expect("a file");
    remit_verifier::hash::sha256(&[&bytes[..bytes.len() - 34]]).to_string()
}

#[test]
fn a_replay_goes_on_from_a_snapshot_and_says_what_it_does_not_cover() {
    let folder = Folder::new();
    let server = folder.serve();
    cast(&folder, &server);
    server.terminate();
    let ledger = folder.ledger();
    let (early, late, again) = (folder.path("early"), folder.path("late"), folder.path("again"));
    let first = replay(text(&ledger), &["--snapshot-out", text(&early)]).expect(0).json();
    assert_eq!((&first["covered_from"], &first["conserved"]), (&0.into(), &true.into()));
    assert_eq!(first["snapshot_digest"], digest(&early));
    let size = first["entries"].as_u64().expect("a size");
    // Nothing is written over, and nothing but a file.
    assert_eq!(
        replay(text(&ledger), &["--snapshot-out", text(&early)]).expect(2).json()["error"]["code"],
        "usage"
    );

    let server = folder.serve();
    folder.ok(&server, &["party", "add", "One more", "--key", "airline.pem"]);
    let online = replay(&server.url, &["--from-snapshot", text(&early)]).expect(0).json();
    assert_eq!((&online["covered_from"], &online["started_from"]), (&size.into(), &first["snapshot_digest"]));
    server.terminate();
    let whole = replay(text(&ledger), &["--snapshot-out", text(&late)]).expect(0).json();
    let part = replay(text(&ledger), &["--from-snapshot", text(&early), "--snapshot-out", text(&again)]);
    let part: Value = part.expect(0).json();
    assert_eq!(part["covered_from"], size);
    assert_eq!(part["conserved"], Value::Null, "a recount needs all entries, and says so");
    for field in ["entries", "log_root", "state_root", "status_root", "snapshot_digest"] {
        assert_eq!(part[field], whole[field], "{field}");
    }
    assert!(fs::read(&late).expect("read") == fs::read(&again).expect("read"), "the same bytes");
    let mut words = remit();
    words.args(["audit", "replay", text(&ledger), "--from-snapshot", text(&early)]);
    let said = run(&mut words).expect(0).out;
    let not = format!(
        "not covered: entries 0 to {} (started from the snapshot of size {size}, digest {}",
        size - 1,
        digest(&early)
    );
    assert!(said.contains(&not), "{said}");
    // From the end there is nothing left to replay, and that is said too.
    let none = replay(text(&ledger), &["--from-snapshot", text(&late)]).expect(0).json();
    assert_eq!((&none["batches"], &none["covered_from"]), (&0.into(), &whole["entries"]));
}

#[test]
fn a_snapshot_that_is_not_of_this_log_is_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (server, elsewhere) = (folder.serve(), other.serve());
    cast(&folder, &server);
    cast(&other, &elsewhere);
    let note = folder.path("note");
    fs::write(&note, remote(&server.url).text("/checkpoint").expect("a note")).expect("written");
    folder.ok(&server, &["party", "add", "One more", "--key", "airline.pem"]);
    server.terminate();
    elsewhere.terminate();
    let (own, foreign, bad) = (folder.path("own"), folder.path("foreign"), folder.path("bad"));
    replay(text(&folder.ledger()), &["--snapshot-out", text(&own)]).expect(0);
    replay(text(&other.ledger()), &["--snapshot-out", text(&foreign)]).expect(0);
    let from = |path: &Path| code(replay(text(&folder.ledger()), &["--from-snapshot", text(path)]));
    assert_eq!(from(&foreign), "snapshot_of_another_log");
    let mut bytes = fs::read(&own).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bad, &bytes).expect("written");
    assert_eq!(from(&bad), "snapshot_damaged");
    // A checkpoint that is older than the snapshot is not met by what comes behind it.
    let older = ["--from-snapshot", text(&own), "--checkpoint", text(&note)];
    assert_eq!(code(replay(text(&folder.ledger()), &older)), "not_covered");
    assert_eq!(replay(text(&folder.ledger()), &["--from-snapshot", "nowhere"]).expect(2).json()["ok"], false);
    // An older copy of the log has not got so far.
    let tiles = folder.path("tiles");
    let server = folder.serve();
    export(&tiles, &server.url, &["--objects"]).expect(0);
    folder.ok(&server, &["party", "add", "Two more", "--key", "airline.pem"]);
    server.terminate();
    let newest = folder.path("newest");
    replay(text(&folder.ledger()), &["--snapshot-out", text(&newest)]).expect(0);
    assert_eq!(code(replay(text(&tiles), &["--from-snapshot", text(&newest)])), "snapshot_ahead");
}

#[test]
fn a_trace_a_history_and_an_entry_are_shown_from_a_snapshot_on() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let terms =
        ["--argument", "amount=480", "--amount", "480 CNY", "--settle-by", "2h", "--key", "assistant.pem"];
    let booking = id(&folder.ok(&server, &[&["reserve", &cast.token][..], &asked, &terms].concat()));
    server.terminate();
    let (ledger, early) = (folder.ledger(), folder.path("early"));
    let first = replay(text(&ledger), &["--snapshot-out", text(&early)]).expect(0).json();
    let server = folder.serve();
    let capture =
        id(&folder.ok(&server, &["capture", &booking, "--amount", "300 CNY", "--key", "airline.pem"]));
    server.terminate();
    let ask = |what: &str, of: &str, more: &[&str]| {
        let mut command = remit();
        command.args(["--json", "audit", what, text(&ledger), of]).args(more);
        run(&mut command)
    };
    let from = ["--from-snapshot", text(&early)];
    let both =
        |what: &str, of: &str| (ask(what, of, &[]).expect(0).json(), ask(what, of, &from).expect(0).json());
    let (whole, part) = both("trace", &cast.token);
    assert_eq!((&whole["tree"], &whole["issuer_name"]), (&part["tree"], &part["issuer_name"]));
    assert_eq!((&whole["covered_from"], &part["covered_from"]), (&0.into(), &first["entries"]));
    let (whole, part) = both("show", &capture);
    for field in ["entry", "says", "changed"] {
        assert_eq!(whole[field], part[field], "{field}");
    }
    let (mut rows, spent) = (whole["operations"][0].clone(), &part["operations"][0]);
    // Who signed the booking stands in no record of the state.
    rows["agent"] = Value::Null;
    assert_eq!(&rows, spent);
    let (whole, part) = both("history", &cast.token);
    assert_eq!((&whole["folded"], &whole["complete"]), (&part["folded"], &true.into()));
    assert_eq!((&part["complete"], part["entries"].as_array().map(Vec::len)), (&false.into(), Some(1)));
    assert_eq!(code(ask("show", "3", &from)), "not_covered", "it lies before");
    assert_eq!(code(ask("show", &booking, &from)), "not_found", "so does this");
}
