//! What a server does when the machine is not as it should be: a clock that is wrong, a disk that is full.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use crate::story::{id, key};
use remit::sequencer::Guard;
use remit::store::rocks::RocksOptions;
use remit::store::{RocksStore, Store as _};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::types::{EntryIndex, Millis};
use std::fs;
use std::process::Command;
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;

/// A new ledger that was begun at another time than now.
fn begun(change: impl FnOnce(u64) -> u64) -> Folder {
    let folder = Folder::new();
    let (data, guard) = (folder.ledger().join("data"), folder.ledger().join("guard"));
    let options = RocksOptions::default();
    let store = RocksStore::open(&data, &options, &mut |_| {}).expect("a ledger");
    let first = store.reader().entry(EntryIndex(0)).expect("read").expect("an entry");
    drop(store);
    let Ok(Entry::Genesis(mut genesis)) = Entry::decode(&first.entry) else { panic!("no genesis") };
    genesis.time = Millis(change(genesis.time.0));
    fs::remove_dir_all(&data).expect("removed");
    fs::remove_file(&guard).expect("removed");
    let store = RocksStore::create(&data, remit::engine::begin(&genesis), &options).expect("a database");
    let name = Genesis::ledger_id(&Entry::Genesis(genesis).encode());
    drop(Guard::create(&guard, name, store.head()).expect("a guard"));
    folder
}

#[test]
fn a_clock_behind_the_last_entry_is_refused() {
    let folder = begun(|now| now + HOUR_MS);
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
    let folder = begun(|now| now - 2 * HOUR_MS);
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

/// A stranger's connections took every file that the server could open, and the ledger stopped when it needed one.
#[test]
fn connections_leave_the_ledger_its_files() {
    let folder = Folder::new();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 800; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_remit"), "serve"]);
    command.arg(folder.ledger()).args(["--listen", "127.0.0.1:0", "--json"]);
    let server = Server::spawn(&mut command).ready();
    let before = server.open_files();
    let address = server.url.strip_prefix("http://").expect("plain").to_owned();
    let connect = |_| std::net::TcpStream::connect(&address).expect("accepted, if only to be closed");
    let held: Vec<_> = (0..200).map(connect).collect();
    // First they come, then those that are too many are closed.
    let few = |_: &u32| {
        std::thread::sleep(Duration::from_millis(500));
        server.open_files() <= before + 64
    };
    assert!((0..20).find(few).is_some(), "{} files are open, before it were {before}", server.open_files());
    drop(held);
    assert_eq!(server.terminate().0, Some(0));
}
