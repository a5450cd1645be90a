//! The log as files: what is exported is what the ledger serves, goes on where it ended, and audits alone.

use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server, TOKEN, text};
use crate::story::cast;
use remit::client::{Client, Randomness};
use remit::keys;
use remit::remote::{Address, Remote};
use remit_verifier::c2sp::{Checkpoint, SignedNote};
use remit_verifier::sign::{LocalSigner, Signer, sign_checkpoint};
use remit_verifier::types::{Hash, LedgerId, Millis, TreeSize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) fn remote(url: &str) -> Remote {
    let bearer = Some(TOKEN.into());
    let address = Address { url: url.into(), bearer, timeout: Duration::from_secs(30), ..Address::default() };
    Remote::new(address).expect("a connection")
}

/// Registers so many parties, in one request.
pub(crate) fn parties(server: &Server, count: usize) {
    let log = remote(&server.url).json("/v1/log").expect("a log");
    let ledger = hash(log["ledger"].as_str().expect("an id"));
    let mut client = Client::new(LedgerId(ledger.0), Randomness::System);
    let now = Millis(log["time_ms"].as_u64().expect("a time"));
    let mut body = Vec::new();
    for number in 0..count {
        let key = LocalSigner::from_seed(&[number as u8; 32]);
        let signers: [&dyn Signer; 1] = [&key];
        let draft = client.party(now, &format!("party {number}"), &signers).expect("a draft");
        body.extend(client.ready(&[draft]).expect("signed").bytes);
    }
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server");
    let head = format!(
        "POST /v1/operations?wait=published HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\n\
         content-type: application/cbor-seq\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

pub(crate) fn hash(hex: &str) -> Hash {
    Hash(std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")))
}

/// Every file below a folder with its mode, by its path; what an export keeps for itself is left out.
fn files(dir: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![PathBuf::new()]);
    while let Some(below) = waiting.pop() {
        for entry in fs::read_dir(dir.join(&below)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = below.join(entry.file_name());
            match entry.metadata().expect("metadata") {
                _ if path.starts_with(".part") => {}
                there if there.is_dir() => waiting.push(path),
                there => {
                    let bytes = fs::read(entry.path()).expect("a file");
                    found.insert(text(&path).to_owned(), (there.permissions().mode() & 0o777, bytes));
                }
            }
        }
    }
    found
}

fn size(note: &[u8]) -> u64 {
    let note = SignedNote::parse(note).expect("a note");
    Checkpoint::parse(note.text()).expect("a checkpoint").size().0
}

/// Exports without a profile, as a stranger or as a reader.
pub(crate) fn export(dir: &Path, from: &str, more: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "export", "tiles"]).arg(dir).args(["--from", from]).args(more);
    if more.contains(&"--objects") {
        command.env("REMIT_READER_TOKEN", TOKEN);
    }
    run(&mut command)
}

fn refusal(ran: &Ran) -> String {
    ran.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// Serves the files of a folder, as any web server would.
pub(crate) fn web(dir: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let dir = dir.to_path_buf();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            let (status, body) = match fs::read(dir.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", b"<html>nothing</html>".to_vec()),
            };
            let head =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body)));
        }
    });
    url
}

#[test]
fn exported_tiles_are_what_the_ledger_serves_and_grow_by_what_is_new() {
    let folder = Folder::new();
    let server = folder.serve();
    let (dir, ledger) = (folder.path("tiles"), remote(&server.url));
    let compared = |least: usize| {
        let files = files(&dir);
        let tiles: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("tile/")).collect();
        assert!(tiles.len() >= least, "{:?}", files.keys());
        for (path, (mode, bytes)) in tiles {
            assert!(ledger.bytes(&format!("/{path}")).expect(path) == *bytes, "{path}");
            assert_eq!(*mode, 0o644, "{path}: a web server reads it");
        }
        files
    };
    parties(&server, 20);
    let first = export(&dir, &server.url, &[]).expect(0).json();
    let before = compared(2);
    let old = before["checkpoint"].1.clone();
    assert_eq!(first["entries"], size(&old));
    // Whoever runs it again without need changes nothing but the checkpoint's age.
    parties(&server, 300);
    let second = export(&dir, &server.url, &[]).expect(0).json();
    let after = compared(5);
    let (had, has) = (size(&old), size(&after["checkpoint"].1));
    assert!(had < 256 && has > 256, "{had} {has}");
    assert_eq!(second["entries_new"], has - had);
    assert!(after.contains_key("tile/0/000") && after.contains_key(&format!("tile/0/001.p/{}", has - 256)));
    assert!(after.contains_key("tile/1/000.p/1"));
    assert!(!after.keys().any(|path| path.contains("000.p/") && !path.starts_with("tile/1/")), "it is full");
    // What an export that was ended left is used if it is right, and made anew if it is not.
    for (path, (_, bytes)) in &before {
        fs::create_dir_all(dir.join(path).parent().expect("a folder")).expect("made");
        fs::write(dir.join(path), bytes).expect("as it was");
    }
    fs::write(dir.join("tile/entries/000"), b"half of").expect("a torn file");
    export(&dir, &server.url, &[]).expect(0);
    assert_eq!(compared(5)["tile/entries/000"], after["tile/entries/000"]);
}

#[test]
fn an_export_with_objects_is_audited_alone() {
    let folder = Folder::new();
    let server = folder.serve();
    cast(&folder, &server);
    let dir = folder.path("audit");
    export(&dir, &server.url, &[]).expect(0);
    // Without what stands beside them, entries are not replayed: that is no pass.
    let audit = |what: &str, source: &str| run(remit().args(["--json", "audit", what, source]));
    assert_eq!(refusal(&audit("replay", text(&dir)).expect(1)), "not_covered");
    export(&dir, &server.url, &["--objects"]).expect(0);
    let ledger = remote(&server.url);
    let all = files(&dir);
    let (path, (mode, bytes)) = all.iter().find(|(path, _)| path.starts_with("objects/")).expect("objects");
    let width: u64 = path.rsplit('/').next().and_then(|width| width.parse().ok()).expect("a width");
    assert!(ledger.bytes(&format!("/v1/replay?from=0&limit={width}")).expect("items") == *bytes);
    assert_eq!(*mode, 0o600, "they are private");
    // Once with objects, always with objects: without a token nothing is exported.
    assert_eq!(export(&dir, &server.url, &[]).code, 1);
    server.terminate();
    for source in [text(&dir).to_owned(), web(&dir)] {
        let replayed = audit("replay", &source).expect(0).json();
        assert_eq!((&replayed["conserved"], &replayed["checkpoints_met"]), (&true.into(), &1.into()));
        assert_eq!(audit("conserve", &source).expect(0).json()["conserved"], true);
    }
    // Another entry beside the objects than the log has, and a bit that flips, are found.
    let objects = dir.join(path);
    let mut damaged = fs::read(&objects).expect("a file");
    damaged[40] ^= 1;
    fs::write(&objects, &damaged).expect("written");
    assert_eq!(refusal(&audit("replay", text(&dir)).expect(1)), "damaged");
    damaged[40] ^= 1;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(&objects, damaged).expect("written");
    assert_eq!(audit("replay", text(&dir)).code, 1);
}

/// A checkpoint of the folder's ledger, signed by its own key: what contradicts it is a second history.
pub(crate) fn signed(folder: &Folder, size: u64, root: Hash) -> PathBuf {
    let checkpoint = Checkpoint::new("remit.example/test", TreeSize(size), root).expect("a checkpoint");
    let passphrase = || unreachable!("the key is not encrypted");
    let key = keys::file::read(&folder.ledger().join("log.pem"), passphrase).expect("a key").into_signer();
    let path = folder.path(&format!("signed-{size}.txt"));
    fs::write(&path, sign_checkpoint(&key, &checkpoint).expect("signed")).expect("written");
    path
}

#[test]
fn another_log_a_shorter_one_and_a_fork_are_refused() {
    let folder = Folder::new();
    let server = folder.serve();
    parties(&server, 5);
    let dir = folder.path("tiles");
    let had = export(&dir, &server.url, &[]).expect(0).json()["entries"].as_u64().expect("a size");
    let kept = files(&dir);
    let unchanged = |but: &[&str]| {
        let mut now = files(&dir);
        now.retain(|path, _| !but.contains(&path.as_str()));
        assert_eq!(now.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
        assert!(now == kept, "what is exported was changed");
    };
    let other = Folder::new();
    let elsewhere = other.serve();
    assert_eq!(refusal(&export(&dir, &elsewhere.url, &[]).expect(1)), "other_ledger");
    unchanged(&[]);
    // The ledger signs less than it had: a backup that was put back, or worse.
    let less = signed(&folder, 2, Hash([7; 32]));
    assert_eq!(refusal(&export(&dir, &server.url, &["--checkpoint", text(&less)]).expect(1)), "short");
    let refused = || {
        let files = fs::read_dir(&dir).expect("a folder").map(|file| file.expect("a file").path());
        let kept = files.filter(|file| text(file).contains("checkpoint.refused-"));
        kept.map(|file| fs::read(file).expect("evidence")).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(refused(), [fs::read(&less).expect("a note")].into());
    parties(&server, 5);
    server.terminate();
    let fork = signed(&folder, had + 1, Hash([7; 32]));
    let from = folder.ledger();
    let ran = export(&dir, text(&from), &["--checkpoint", text(&fork)]).expect(1);
    assert_eq!(refusal(&ran), "fork");
    // What was kept first is not written over.
    assert_eq!(refused(), [&less, &fork].map(|note| fs::read(note).expect("a note")).into());
    let names: Vec<String> =
        files(&dir).into_keys().filter(|path| path.starts_with("checkpoint.refused-")).collect();
    unchanged(&names.iter().map(String::as_str).collect::<Vec<_>>());
    // A folder has no signed checkpoint of its own: who has the log's key signs one.
    assert_eq!(export(&dir, text(&from), &[]).expect(2).json()["error"]["code"], "usage");
    let operator = from.join("operator-1.pem");
    assert_eq!(refusal(&export(&dir, text(&from), &["--sign", text(&operator)]).expect(1)), "other_key");
    let grown = export(&dir, text(&from), &["--sign", text(&from.join("log.pem"))]).expect(0).json();
    assert!(grown["entries"].as_u64().expect("a size") > had);
    run(remit().args(["audit", "conserve"]).arg(&from).arg("--checkpoint").arg(dir.join("checkpoint")))
        .expect(0);
    // A tile that the checkpoint covers is evidence, and not written over.
    fs::write(dir.join("tile/0/000.p").join(had.to_string()), [7; 32]).expect("written");
    assert_eq!(fs::read_dir(dir.join("tile/0/000.p")).expect("a folder").count(), 2);
    let precious = folder.path("precious");
    fs::create_dir(&precious).expect("a folder");
    fs::write(precious.join("letter"), b"dear").expect("written");
    assert_eq!(export(&precious, text(&from), &[]).expect(2).json()["error"]["code"], "not_empty");
}

/// The key of a ledger's log, as its profile has it.
pub(crate) fn log_key(folder: &Folder) -> String {
    let profile = fs::read_to_string(folder.ledger().join("client.toml")).expect("a profile");
    let log_key = profile.lines().find_map(|line| line.strip_prefix("log_key = ")).expect("a key");
    log_key.trim_matches('"').to_owned()
}

/// The same for those who read COSE: only the log's own key signs one, and it is of one entry.
fn receipts(folder: &Folder, log_key: &str, (note, at): (&Path, u64)) {
    let (receipt, entry) = (folder.path("token.cose"), folder.path("token.entry"));
    let make = |key: &str| {
        let mut command = remit();
        command.args(["--json", "audit", "prove"]).arg(folder.ledger()).arg(at.to_string());
        command.arg("--checkpoint").arg(note).arg("--receipt").arg(&receipt).arg("--entry-out").arg(&entry);
        run(command.arg("--sign").arg(folder.ledger().join(key)))
    };
    assert_eq!(refusal(&make("operator-1.pem").expect(1)), "other_key");
    make("log.pem").expect(0);
    let check = |more: &[&str]| {
        let mut command = remit();
        run(command.args(["--json", "audit", "check"]).arg(&receipt).args(["--log-key", log_key]).args(more))
    };
    let held = check(&["--entry", text(&entry)]).expect(0).json();
    assert_eq!((&held["entry"], &held["kind"]), (&at.into(), &"issue".into()));
    assert!(held["receipt_time_s"].as_u64().is_some());
    assert_eq!(check(&[]).expect(2).json()["error"]["code"], "usage");
    fs::write(&entry, b"another").expect("written");
    assert_eq!(refusal(&check(&["--entry", text(&entry)]).expect(1)), "bad_signature");
}

#[test]
fn a_proof_of_an_entry_holds_offline_and_for_no_other_entry_or_log() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    parties(&server, 300);
    let tiles = folder.path("tiles");
    export(&tiles, &server.url, &["--objects"]).expect(0);
    let log_key = &log_key(&folder);
    let proof = folder.path("token.proof");
    let check = |more: &[&str]| {
        let mut command = remit();
        command.args(["--json", "audit", "check"]).arg(&proof).args(more);
        run(&mut command)
    };
    let note = folder.path("checkpoint");
    fs::copy(tiles.join("checkpoint"), &note).expect("copied");
    let web = web(&tiles);
    let mut proved = Vec::new();
    for source in [server.url.as_str(), text(&tiles), &web] {
        let mut command = remit();
        command.args(["--json", "audit", "prove", source, &cast.token, "--out"]).arg(&proof);
        let made = run(command.env("REMIT_READER_TOKEN", TOKEN)).expect(0).json();
        let held = check(&["--log-key", log_key]).expect(0).json();
        assert_eq!((&held["kind"], &held["id"]), (&"issue".into(), &cast.token.as_str().into()));
        assert_eq!((&held["entry"], &held["checkpoint_size"]), (&made["entry"], &made["checkpoint_size"]));
        proved.push(made);
    }
    assert_eq!(proved[1]["proof"], proved[2]["proof"], "the same files");
    let ledger = folder.ledger();
    server.terminate();
    let at = proved[0]["entry"].as_u64().expect("an entry");
    let mut command = remit();
    command.args(["--json", "audit", "prove"]).arg(&ledger).arg(at.to_string());
    assert_eq!(run(&mut command).expect(2).json()["error"]["code"], "usage", "no checkpoint");
    let of_folder = run(command.arg("--checkpoint").arg(&note)).expect(0).json();
    assert_eq!(of_folder["proof"], proved[1]["proof"]);
    receipts(&folder, log_key, (&note, at));
    // Another entry, another log, and nobody's word.
    assert_eq!(check(&[]).expect(2).json()["error"]["code"], "usage");
    let stranger = self::log_key(&Folder::new());
    assert_eq!(refusal(&check(&["--log-key", &stranger]).expect(1)), "bad_proof");
    let whole = fs::read_to_string(&proof).expect("a proof");
    fs::write(&proof, whole.replace(&format!("index {at}\n"), &format!("index {}\n", at ^ 1)))
        .expect("written");
    assert_eq!(refusal(&check(&["--log-key", log_key]).expect(1)), "bad_proof");
    fs::write(&proof, &whole).expect("written");
    fs::write(folder.path("entry"), b"another").expect("written");
    let entry = folder.path("entry");
    assert_eq!(refusal(&check(&["--log-key", log_key, "--entry", text(&entry)]).expect(1)), "bad_proof");
    // A tile that is damaged proves nothing.
    fs::write(tiles.join("tile/0/000"), vec![7; 8_192]).expect("written");
    let mut command = remit();
    command.args(["--json", "audit", "prove", text(&tiles), &at.to_string()]);
    assert_eq!(refusal(&run(&mut command).expect(1)), "bad_proof");
}
