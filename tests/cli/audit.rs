//! What an audit holds a log against: checkpoints that its log signed, at every size, and the ledger that is pinned.

use crate::liar::{proxy, relay};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server, text};
use crate::story::cast;
use remit::keys;
use remit_verifier::c2sp::Checkpoint;
use remit_verifier::sign::{LocalSigner, sign_checkpoint};
use remit_verifier::types::{Hash, TreeSize};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

const COMMANDS: [&str; 2] = ["replay", "conserve"];

/// A checkpoint of the ledger in the folder, signed by this key.
fn signed(folder: &Folder, signer: &LocalSigner, size: u64, root: Hash) -> PathBuf {
    let checkpoint = Checkpoint::new("remit.example/test", TreeSize(size), root).expect("a checkpoint");
    let path = folder.path(&format!("checkpoint-{size}.txt"));
    fs::write(&path, sign_checkpoint(signer, &checkpoint).expect("signed")).expect("written");
    path
}

/// The key of the log itself: what it signs is a second history.
fn log(folder: &Folder) -> LocalSigner {
    let passphrase = || unreachable!("the key is not encrypted");
    keys::file::read(&folder.ledger().join("log.pem"), passphrase).expect("a key").into_signer()
}

fn audit(what: &str, source: &Path, more: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "audit", what]).arg(source).args(more);
    run(&mut command)
}

fn refusal(ran: &Ran) -> String {
    ran.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_checkpoint_inside_a_batch_is_not_said_to_be_met() {
    let folder = Folder::new();
    // Genesis and its commitment are one batch: none ends at size 1.
    for size in [1, 2] {
        let other = signed(&folder, &log(&folder), size, Hash([7; 32]));
        for what in COMMANDS {
            let ran = audit(what, &folder.ledger(), &["--checkpoint", text(&other)]).expect(1);
            assert_eq!(refusal(&ran), "root", "{what} {size}");
        }
    }
    let beyond = signed(&folder, &log(&folder), 1_000, Hash([7; 32]));
    let ran = audit("conserve", &folder.ledger(), &["--checkpoint", text(&beyond)]).expect(1);
    assert_eq!(refusal(&ran), "short");
}

#[test]
fn a_checkpoint_that_nobody_signed_is_not_met() {
    let folder = Folder::new();
    let whole = audit("conserve", &folder.ledger(), &[]).expect(0).json();
    let root = whole["log_root"].as_str().expect("a root");
    let root =
        Hash(std::array::from_fn(|at| u8::from_str_radix(&root[2 * at..2 * at + 2], 16).expect("hex")));
    let stranger = LocalSigner::from_seed(&[9; 32]);
    for (signer, code) in [(&stranger, 1), (&log(&folder), 0)] {
        let path = signed(&folder, signer, 2, root);
        for what in COMMANDS {
            let ran = audit(what, &folder.ledger(), &["--checkpoint", text(&path)]).expect(code);
            if code == 1 {
                assert_eq!(refusal(&ran), "bad_checkpoint", "{what}");
            } else {
                assert_eq!(ran.json()["checkpoints_met"], 1);
            }
        }
    }
}

#[test]
fn another_ledger_than_the_pinned_one_does_not_pass() {
    let (folder, other) = (Folder::new(), Folder::new());
    let pinned = fs::read_to_string(other.ledger().join("client.toml")).expect("a profile");
    let log_key = pinned.lines().find_map(|line| line.strip_prefix("log_key = ")).expect("a key");
    let server = other.serve();
    let ledger = other.ok(&server, &["show"])["ledger"].as_str().expect("an id").to_owned();
    for what in COMMANDS {
        for pin in [["--ledger", &ledger], ["--log-key", log_key.trim_matches('"')]] {
            assert_eq!(refusal(&audit(what, &folder.ledger(), &pin).expect(1)), "other_ledger", "{what}");
        }
    }
    // A front that says to be the pinned ledger, and serves another log.
    let served = folder.serve();
    let own = folder.ok(&served, &["show"])["ledger"].as_str().expect("an id").to_owned();
    let (from, to) = (own.clone(), ledger.clone());
    let url = proxy(&served.url, "/v1/log", move |body| body.replace(&from, &to));
    for what in COMMANDS {
        let ran = reading(what, &url, &["--ledger", &ledger]).expect(1);
        assert_eq!(refusal(&ran), "other_ledger", "{what}");
        assert_eq!(reading(what, &served.url, &["--ledger", &own]).expect(0).json()["ledger"], own.as_str());
    }
}

#[test]
fn entries_that_no_checkpoint_covers_are_not_counted() {
    let folder = Folder::new();
    let server = folder.serve();
    let old = fetch(&server, "/checkpoint");
    let size: u64 = old.lines().nth(1).and_then(|line| line.parse().ok()).expect("a size");
    cast(&folder, &server);
    // Asked for as many entries as there are, whatever the client asks for.
    let more = |head: String| match head.split_once("limit=") {
        Some((before, after)) => {
            format!("{before}limit=2048{}", after.trim_start_matches(|digit: char| digit.is_ascii_digit()))
        }
        None => head,
    };
    let url = relay(&server.url, "/checkpoint", move |_| old.clone(), more);
    for what in COMMANDS {
        assert_eq!(reading(what, &url, &[]).expect(0).json()["entries"], size, "{what}");
    }
}

#[test]
fn an_audit_writes_nothing_into_the_folder() {
    let folder = Folder::new();
    let server = folder.serve();
    cast(&folder, &server);
    for what in COMMANDS {
        let ran = audit(what, &folder.ledger(), &[]).expect(1);
        assert_eq!(refusal(&ran), "locked", "{what}: it runs");
    }
    server.terminate();
    let files = || {
        let listed = fs::read_dir(folder.ledger().join("data")).expect("a folder");
        let mut all: Vec<_> = listed.map(|file| file.expect("a file").path()).collect();
        // The database's own journal tells of each opening.
        all.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("LOG")));
        all.sort();
        all.into_iter().map(|path| (fs::read(&path).expect("a file"), path)).collect::<Vec<_>>()
    };
    let before = files();
    for what in COMMANDS {
        audit(what, &folder.ledger(), &[]).expect(0);
        assert!(before == files(), "{what} changed the folder");
    }
    drop(folder.serve());
}

/// An audit of a URL by the reader.
fn reading(what: &str, url: &str, more: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "audit", what, url]).args(more);
    command.env("REMIT_READER_TOKEN", crate::server::TOKEN);
    run(&mut command)
}

fn fetch(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server");
    let ask = format!("GET {path} HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer.split_once("\r\n\r\n").expect("a head").1.to_owned()
}
