//! A witness as people run it: made once, served, killed, asked for its evidence; a replaying one beside a ledger.

use crate::run::{remit, run};
use crate::server::{Folder, Server, TOKEN, text};
use remit::remote::{Address, Remote};
use remit_verifier::c2sp::{
    AddCheckpoint, Checkpoint, Cosignature, KeyKind, SignatureLine, SignedNote, VerifierKey,
};
use remit_verifier::sign::{LocalSigner, Signer as _, sign_checkpoint};
use remit_verifier::types::{Hash, TreeSize};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ORIGIN: &str = "log.example/one";
const NAME: &str = "witness.example/w";

fn signer() -> LocalSigner {
    LocalSigner::from_seed(&[1; 32])
}

fn log() -> String {
    VerifierKey::new(ORIGIN, KeyKind::Note, &signer().public_key()).expect("a key").to_string()
}

fn note(size: u64, root: u8) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(size), Hash([root; 32])).expect("a checkpoint");
    sign_checkpoint(&signer(), &checkpoint).expect("a note")
}

fn request(old: u64, note: &str) -> String {
    AddCheckpoint::new(TreeSize(old), Vec::new(), note.as_bytes()).expect("a request").to_text()
}

/// Status and body.
fn post(url: &str, body: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("listens");
    let length = body.len();
    let head = "Host: w\r\nConnection: close\r\n";
    write!(stream, "POST /add-checkpoint HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, body.to_owned())
}

fn witness(folder: &Path, words: &[&str]) -> Command {
    let mut command = remit();
    command.arg("--json").arg("witness").args(words).current_dir(folder);
    command
}

/// Makes key and folder of a witness; gives its key.
fn init(folder: &Path, state: &str, more: &[&str]) -> VerifierKey {
    let key = format!("{state}.pem");
    run(remit().args(["key", "new", "--plain", &key]).current_dir(folder)).expect(0);
    let who = ["init", "--state", state, "--key", &key, "--name", NAME];
    let made = run(&mut witness(folder, &[&who, more].concat())).expect(0).json();
    VerifierKey::parse(made["vkey"].as_str().expect("a key")).expect("a key")
}

fn serve(folder: &Path, state: &str, log: &str, more: &[&str]) -> Command {
    let key = format!("{state}.pem");
    let who = ["serve", "--state", state, "--key", &key, "--name", NAME];
    witness(folder, &[&who[..], &["--log", log, "--listen", "127.0.0.1:0"], more].concat())
}

#[test]
fn a_witness_is_made_served_killed_and_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let refused = run(&mut serve(folder, "w", &log(), &[]));
    assert_eq!(refused.code, 2, "there is no key yet: {}", refused.err);
    let key = init(folder, "w", &[]);
    let again =
        run(&mut witness(folder, &["init", "--state", "w", "--key", "w.pem", "--name", NAME])).expect(2);
    assert_eq!(again.json()["error"]["code"], "exists");
    let server = Server::spawn(&mut serve(folder, "w", &log(), &[]));
    let seven = note(7, 1);
    let (status, line) = post(&server.url, &request(0, &seven));
    assert_eq!(status, 200, "{line}");
    let lines = SignatureLine::parse_all(&line).expect("a line");
    let cosignature = Cosignature::parse(&lines[0], &key).expect("of this witness");
    let text_of = SignedNote::parse(seven.as_bytes()).expect("a note").text().to_owned();
    cosignature.verify(&text_of, &key).expect("verifies");
    let held = run(&mut serve(folder, "w", &log(), &[])).expect(1);
    assert_eq!(held.json()["error"]["code"], "held");
    let nothing = run(&mut witness(folder, &["evidence", "--state", "w"])).expect(0).json();
    assert_eq!(nothing["evidence"], serde_json::json!([]));
    server.signal("KILL");
    drop(server);
    let server = Server::spawn(&mut serve(folder, "w", &log(), &[]));
    assert_eq!(post(&server.url, &request(0, &note(7, 2))), (409, "7\n".to_owned()), "it knows");
    assert_eq!(post(&server.url, &request(7, &note(7, 2))).0, 422);
    assert_eq!(post(&server.url, &request(7, &seven)).0, 200);
    let found = run(&mut witness(folder, &["evidence", "--state", "w"])).expect(1).json();
    assert_eq!(found["evidence"][0]["kind"], "fork");
    assert_eq!(found["evidence"].as_array().map(Vec::len), Some(1));
    let (code, said) = server.terminate();
    assert_eq!(code, Some(0), "{said}");
    // What was kept is taken away.
    for entry in fs::read_dir(folder.join("w")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "checkpoint") {
            fs::remove_file(path).expect("removed");
        }
    }
    let lost = run(&mut serve(folder, "w", &log(), &[])).expect(1);
    assert_eq!(lost.json()["error"]["code"], "lost");
    let other = run(&mut serve(folder, "w", &log(), &["--replaying"])).expect(1);
    assert_eq!(other.json()["error"]["code"], "other_witness");
}

#[test]
fn a_replaying_witness_computes_a_real_ledger_again() {
    let folder = Folder::new();
    let server = folder.serve();
    let dir = folder.path("");
    init(&dir, "r", &["--replaying"]);
    let address = Address { url: server.url.clone(), timeout: Duration::from_secs(20), ..Address::default() };
    let remote = Remote::new(address).expect("an address");
    let told = remote.json("/v1/log").expect("a ledger");
    let log = told["log_vkey"].as_str().expect("a key");
    fs::write(folder.path("token"), TOKEN).expect("written");
    let ledger =
        ["--replaying", "--url", &server.url, "--token-file", text(&folder.path("token"))].map(str::to_owned);
    let ledger: Vec<&str> = ledger.iter().map(String::as_str).collect();
    let witness = Server::spawn(&mut serve(&dir, "r", log, &ledger));
    let note = remote.text("/checkpoint").expect("a checkpoint");
    let (status, body) = post(&witness.url, &request(0, &note));
    assert_eq!(status, 200, "{body}");
    // Without a reader's token it is shown nothing, and cosigns nothing.
    drop(witness);
    let blind = Server::spawn(&mut serve(&dir, "r", log, &["--replaying", "--url", &server.url]));
    let size = note.lines().nth(1).expect("a size").parse().expect("a number");
    let (status, body) = post(&blind.url, &request(size, &note));
    assert_eq!(status, 503, "{body}");
}

#[test]
fn a_policy_says_whether_its_quorum_computes_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let (log, party) = (log(), "5".repeat(64));
    let key = |number: u8| {
        let key = LocalSigner::from_seed(&[number; 32]).public_key();
        VerifierKey::new(&format!("w{number}"), KeyKind::Cosignature, &key).expect("a key").to_string()
    };
    let witnesses = format!("witness a {}\\nwitness b {}\\nwitness c {}", key(2), key(3), key(4));
    let check = |quorum: &str, replaying: &str| {
        let policy = format!(
            "party = \"{party}\"\nissuers = \"any\"\nmax_staleness_s = 60\nskew_ms = 0\nlogged_links = \"log\"\n\
             replaying = {replaying}\ntrust = \"log {log}\\n{witnesses}\\ngroup g {quorum} a b c\\nquorum g\"\n\
             [ledgers]\n\"{ORIGIN}\" = \"{party}\"\n"
        );
        fs::write(dir.join("policy.toml"), policy).expect("written");
        run(remit().args(["--json", "policy", "check", "policy.toml"]).current_dir(dir))
    };
    let warned = |quorum: &str, replaying: &str| {
        let said = check(quorum, replaying).expect(0).json().to_string();
        let warned = said.contains("the quorum can be met without a replaying witness");
        assert_eq!(warned, !said.contains("no quorum without one that computes the log again"), "{said}");
        warned
    };
    assert!(warned("3", "[]") && warned("2", "[\"a\"]"), "two others can meet it");
    assert!(
        !warned("3", "[\"c\"]") && !warned("2", "[\"a\", \"b\"]") && !warned("1", "[\"a\", \"b\", \"c\"]")
    );
    let unknown = check("3", "[\"d\"]").expect(2);
    assert_eq!(unknown.json()["error"]["code"], "bad_settings");
}
