//! What a server does when the machine is not as it should be: a clock that is wrong, a disk that is full.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use crate::story::{id, key};
use remit::sequencer::Guard;
use remit::store::RocksStore;
use remit::store::rocks::RocksOptions;
use remit_verifier::key::PublicKey;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::types::Millis;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR_MS: u64 = 3_600_000;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_millis()).expect("a time")
}

fn public(file: &Path) -> PublicKey {
    let shown = run(remit().args(["--json", "key", "show"]).arg(file)).expect(0).json();
    remit::keys::did::parse(shown["key"].as_str().expect("a key")).expect("a key")
}

/// A ledger whose last entry is of another time than now.
fn begun_at(time: u64) -> Folder {
    let folder = Folder::new();
    let ledger = folder.ledger();
    let genesis = Genesis {
        time: Millis(time),
        origin: "remit.example/test".into(),
        log_key: public(&ledger.join("log.pem")),
        operators: vec![public(&ledger.join("operator-1.pem"))],
        threshold: 1,
        rules: 1,
    };
    fs::remove_dir_all(ledger.join("data")).expect("removed");
    fs::remove_file(ledger.join("guard")).expect("removed");
    let options = RocksOptions::default();
    let store = RocksStore::create(&ledger.join("data"), remit::engine::begin(&genesis), &options);
    let head = store.expect("a database").head();
    let name = Genesis::ledger_id(&Entry::Genesis(Box::new(genesis)).encode());
    drop(Guard::create(&ledger.join("guard"), name, head).expect("a guard"));
    folder
}

#[test]
fn a_clock_behind_the_last_entry_is_refused() {
    let folder = begun_at(now() + HOUR_MS);
    for more in [&[][..], &["--allow-clock-jump"]] {
        let (code, said) = folder.start(more).wait();
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("\"code\":\"clock_behind\"") && said.contains("hint: set the clock"), "{said}");
    }
    let doctor = run(remit().arg("doctor").arg(folder.ledger())).expect(1);
    assert!(doctor.out.contains("problem clock: "), "{}", doctor.out);
}

#[test]
fn a_clock_far_ahead_is_refused_until_somebody_says_that_it_is_right() {
    let folder = begun_at(now() - 2 * HOUR_MS);
    let (code, said) = folder.start(&[]).wait();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("\"code\":\"clock_ahead\"") && said.contains("--allow-clock-jump"), "{said}");
    assert_eq!(folder.start(&["--allow-clock-jump"]).ready().terminate().0, Some(0));
    assert_eq!(folder.start(&[]).ready().terminate().0, Some(0), "it has caught up");
}

/// A server whose files may not grow beyond so many blocks of 512 bytes: a limit that needs no rights.
fn with_files_of(folder: &Folder, blocks: u32) -> Server {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_remit"), "serve"]).arg(folder.ledger());
    Server::spawn(command.args(["--listen", "127.0.0.1:0", "--json"])).ready()
}

fn wait_for_state(folder: &Folder, server: &Server, state: &str) {
    for _ in 0..600 {
        if folder.ok(server, &["show"])["state"] == state {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the ledger is not {state}");
}

#[test]
fn a_ledger_without_room_reads_on_and_is_whole_when_there_is_room() {
    let folder = Folder::new();
    let config = folder.ledger().join("remit.toml");
    let whole = fs::read_to_string(&config).expect("a file");
    // Its own heartbeats fill the disk.
    fs::write(&config, whole.replace("[ledger]", "[ledger]\nheartbeat_ms = 5")).expect("a file");
    let server = with_files_of(&folder, 256);
    key(&folder, "a.pem");
    key(&folder, "b.pem");
    let before = id(&folder.ok(&server, &["party", "add", "before", "--key", "a.pem"]));
    wait_for_state(&folder, &server, "read_only");
    let refused = folder.client(&server, &["party", "add", "full", "--key", "b.pem"]).expect(70);
    assert_eq!(refused.json()["error"]["code"], "read_only", "{}", refused.err);
    assert_eq!(folder.ok(&server, &["show", &before])["name"], "before");
    assert_eq!(server.terminate().0, Some(0), "it stops in good order all the same");
    let server = folder.serve();
    let after = id(&folder.ok(&server, &["party", "add", "after", "--key", "b.pem"]));
    for (party, name) in [(before, "before"), (after, "after")] {
        assert_eq!(folder.ok(&server, &["show", &party])["name"], name);
    }
    assert_eq!(server.terminate().0, Some(0));
    run(remit().args(["audit", "replay", text(&folder.ledger())])).expect(0);
}
