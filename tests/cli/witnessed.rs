//! A ledger with three witnesses over real sockets: an ordinary one, a replaying one, and one that is dead. What is
//! presented meets the quorum of two, which the replaying one is needed for.

use crate::run::{remit, run};
use crate::server::{Folder, Server, TOKEN, text};
use crate::story::cast;
use base64ct::{Base64, Encoding as _};
use remit::remote::{Address, Remote};
use remit_verifier::c2sp::{KeyKind, Trust, VerifierKey};
use remit_verifier::sign::{LocalSigner, Signer as _};
use remit_verifier::types::Millis;
use serde_json::Value;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

struct Scene {
    folder: Folder,
    /// Where the ledger will listen.
    address: SocketAddr,
    log_key: String,
    /// A listener that takes connections and says nothing.
    _dead: TcpListener,
    lines: String,
    witnesses: Vec<Server>,
}

impl Scene {
    fn new() -> Self {
        let folder = Folder::new();
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let profile: toml::Table = fs::read_to_string(folder.ledger().join("client.toml"))
            .expect("a profile")
            .parse()
            .expect("TOML");
        let log_key = profile["log_key"].as_str().expect("a key").to_owned();
        fs::write(folder.path("token"), TOKEN).expect("written");
        let dead = TcpListener::bind("127.0.0.1:0").expect("a port");
        let key = LocalSigner::from_seed(&[8; 32]).public_key();
        let key = VerifierKey::new("witness.example/dead", KeyKind::Cosignature, &key).expect("a key");
        let mut lines = format!("witness dead {key} http://{}\n", dead.local_addr().expect("an address"));
        let mut scene =
            Self { folder, address, log_key, _dead: dead, lines: String::new(), witnesses: Vec::new() };
        for (name, kind) in [("w", None), ("r", Some("--replaying"))] {
            let (vkey, server) = scene.witness(name, kind);
            lines.push_str(&format!("witness {name} {vkey} {}\n", server.url));
            scene.witnesses.push(server);
        }
        scene.lines = format!("{lines}group two 2 dead w r\nquorum two\n");
        scene
    }

    fn witness(&self, name: &str, kind: Option<&str>) -> (String, Server) {
        let dir = self.folder.path("");
        let key = format!("{name}.pem");
        run(remit().args(["key", "new", "--plain", &key]).current_dir(&dir)).expect(0);
        let full = format!("witness.example/{name}");
        let who = |word: &'static str| {
            let mut command = remit();
            command.args(["--json", "witness", word, "--state", name, "--key", &key, "--name", &full]);
            command.args(kind).current_dir(&dir);
            command
        };
        let made = run(&mut who("init")).expect(0).json();
        let mut serve = who("serve");
        serve.args(["--log", &self.log_key, "--listen", "127.0.0.1:0"]);
        if kind.is_some() {
            serve.args(["--url", &format!("http://{}", self.address), "--token-file", "token"]);
        }
        (made["vkey"].as_str().expect("a key").to_owned(), Server::spawn(&mut serve))
    }

    fn configure(&self, wait_ms: u64) {
        let file = self.folder.ledger().join("remit.toml");
        let mut text = fs::read_to_string(&file).expect("a configuration");
        text.push_str(&format!("\n[witnesses]\nfile = \"witnesses\"\nwait_ms = {wait_ms}\n"));
        fs::write(file, text).expect("written");
        fs::write(self.folder.ledger().join("witnesses"), &self.lines).expect("written");
    }

    fn serve(&self) -> Server {
        let mut command = remit();
        command.arg("serve").arg(self.folder.ledger()).args([
            "--listen",
            &self.address.to_string(),
            "--json",
        ]);
        Server::spawn(&mut command).ready()
    }

    fn remote(&self, server: &Server) -> Remote {
        let url = server.url.clone();
        let timeout = Duration::from_secs(20);
        Remote::new(Address { url, timeout, bearer: Some(TOKEN.into()), ..Address::default() })
            .expect("an address")
    }

    fn accepted(&self, note: &str) -> bool {
        let trust = Trust::parse(format!("log {}\n{}", self.log_key, self.lines).as_bytes()).expect("trust");
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis() as u64;
        trust.accept(note.as_bytes(), Millis(now), Millis(2_000)).is_ok()
    }
}

#[test]
fn what_is_presented_meets_the_quorum_of_real_witnesses() {
    let scene = Scene::new();
    scene.configure(20_000);
    let server = scene.serve();
    let folder = &scene.folder;
    let cast = cast(folder, &server);
    let remote = scene.remote(&server);
    assert!(scene.accepted(&remote.text("/checkpoint").expect("a checkpoint")));
    let policy = folder.ok(&server, &["policy", "--party", &cast.airline, "--max-staleness", "10m"]);
    let policy = policy["policy"].as_str().expect("a policy").replacen("quorum none\n", &scene.lines, 1);
    let party = policy.find("trust =").expect("trust");
    let policy = format!("{}replaying = [\"r\"]\n{}", &policy[..party], &policy[party..]);
    fs::write(folder.path("airline.toml"), policy).expect("written");
    let what = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let more =
        ["--amount", "3000 CNY", "--argument", "amount=3000", "--key", "assistant.pem", "--out", "visit"];
    folder.ok(&server, &[&["reserve", &cast.token], &what[..], &more].concat());
    let verdict = |code: i32| {
        let words = ["--json", "verify", "--shown", "visit", "--policy", "airline.toml"];
        run(remit().args(words).current_dir(folder.path(""))).expect(code).json()
    };
    let said = verdict(0);
    assert_eq!(said["decision"], "allowed", "{said}");
    let standing = remote.json("/v1/log").expect("a ledger")["witnesses"].clone();
    let of = |name: &str| {
        let all = standing.as_array().expect("a list").iter();
        all.clone().find(|it| it["name"] == name).cloned().unwrap_or(Value::Null)
    };
    assert!(of("w")["size"].as_u64() > Some(0) && of("r")["size"].as_u64() > Some(0), "{standing}");
    assert_eq!(of("dead")["size"], 0);
    let metrics = remote.text("/metrics").expect("metrics");
    assert!(metrics.contains("remit_witness_size{witness=\"r\"}"), "{metrics}");
    // A restart goes on where they are.
    drop(server);
    let server = scene.serve();
    crate::story::key(folder, "other.pem");
    folder.ok(&server, &["party", "add", "Another", "--key", "other.pem"]);
    let again = scene.remote(&server);
    let met = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        scene.accepted(&again.text("/checkpoint").expect("a checkpoint"))
    });
    assert!(met, "the quorum is met again");
}

#[test]
fn without_the_quorum_it_is_said_that_the_proof_is_to_come() {
    let mut scene = Scene::new();
    scene.configure(600);
    // The replaying one is gone: two of three cannot be reached.
    drop(scene.witnesses.pop());
    let server = scene.serve();
    crate::story::key(&scene.folder, "company.pem");
    let ran = scene.folder.client(&server, &["party", "add", "The company", "--key", "company.pem"]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert!(
        ran.out.contains("not_witnessed") || ran.err.contains("not_witnessed"),
        "{} {}",
        ran.out,
        ran.err
    );
    let log = scene.remote(&server).json("/v1/log").expect("a ledger");
    assert_eq!(log["signed"], log["durable"]);
    assert!(log["published"]["size"].as_u64() < log["signed"]["size"].as_u64(), "{log}");
}

/// Three witnesses over sockets: one cosigns something else, one is dead, one is honest.
#[test]
fn a_lying_witness_counts_for_nothing_and_delays_nobody() {
    let mut scene = Scene::new();
    let liar = scene.witnesses.pop().expect("the replaying one");
    // What it signs is its own, and of another text: a later time stands in the line.
    let lie = crate::liar::proxy(&liar.url, "/add-checkpoint", |body| {
        let Some((head, line)) = body.rsplit_once(' ') else { return body };
        let mut bytes = Base64::decode_vec(line.trim()).expect("a signature");
        bytes[11] ^= 1;
        format!("{head} {}\n", Base64::encode_string(&bytes))
    });
    let lines = scene.lines.replace(&liar.url, &lie);
    let with = |quorum: &str| lines.replace("group two 2 dead w r", &format!("group two {quorum} dead w r"));
    scene.lines = with("1");
    scene.configure(600);
    let server = scene.serve();
    crate::story::key(&scene.folder, "company.pem");
    scene.folder.ok(&server, &["party", "add", "The company", "--key", "company.pem"]);
    let remote = scene.remote(&server);
    let note = remote.text("/checkpoint").expect("a checkpoint");
    assert!(scene.accepted(&note) && note.contains("witness.example/w"), "the honest one is enough");
    assert!(!note.contains("witness.example/r"), "what it said of another text is in no note: {note}");
    let of_liar = || {
        let told = remote.json("/v1/log").expect("a ledger");
        let of = told["witnesses"].as_array().expect("a list").iter().find(|it| it["name"] == "r");
        of.expect("the liar").clone()
    };
    // Nobody waited for it, so it may not have answered yet; whoever waits for ever sees the test end.
    while of_liar()["failures"] == 0 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let of = of_liar();
    assert_eq!(of["size"], 0, "{of}");
    assert!(of.to_string().contains("does not verify"), "{of}");
    drop(server);
    // Where two are needed, its word does not make a second.
    fs::write(scene.folder.ledger().join("witnesses"), with("2")).expect("written");
    let server = scene.serve();
    crate::story::key(&scene.folder, "other.pem");
    let ran = scene.folder.client(&server, &["party", "add", "Another", "--key", "other.pem"]);
    assert_ne!(ran.code, 0, "{}", ran.out);
    assert!((ran.out + &ran.err).contains("not_witnessed"));
    drop(liar);
}

#[test]
fn witnesses_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let file = folder.ledger().join("remit.toml");
    let config =
        fs::read_to_string(&file).expect("a configuration") + "\n[witnesses]\nfile = \"witnesses\"\n";
    fs::write(&file, config).expect("written");
    let said = |lines: &str| {
        fs::write(folder.ledger().join("witnesses"), lines).expect("written");
        let ran = run(remit().args(["--json", "serve", text(&folder.ledger()), "--listen", "127.0.0.1:0"]));
        let last = ran.out.lines().last().unwrap_or_default().to_owned();
        (ran.code, last)
    };
    let key = LocalSigner::from_seed(&[8; 32]).public_key();
    let key = VerifierKey::new("witness.example/w", KeyKind::Cosignature, &key).expect("a key");
    for (lines, part) in [
        ("quorum w\n".to_owned(), "bad_witnesses"),
        (format!("witness w {key}\nquorum w\n"), "witness w has no URL"),
        (format!("witness w {key} ftp://here\nquorum w\n"), "bad_witnesses"),
    ] {
        let (code, said) = said(&lines);
        assert!(code == 2 && said.contains(part), "{code} {said}");
    }
}
