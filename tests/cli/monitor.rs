//! `remit monitor` over real sockets: a good ledger, ledgers that lie with their own key, and a webhook that fails.

use crate::false_ledger::{Liar, recommit};
use crate::log::{Log, Row};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, TOKEN};
use crate::story::cast;
use crate::world::{World, key};
use remit::tree::{PagedTree, prove};
use remit_verifier::c2sp::{Checkpoint, KeyKind, VerifierKey};
use remit_verifier::cbor::Writer;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::Genesis;
use remit_verifier::sign::{Signer as _, sign_checkpoint};
use remit_verifier::types::TreeSize;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const ORIGIN: &str = "remit.example/test";

fn leaves(log: &Log) -> PagedTree {
    let mut tree = PagedTree::new();
    tree.extend(log.0.iter().map(|row| leaf_hash(&row.entry)));
    tree
}

fn note(log: &Log) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(log.0.len() as u64), leaves(log).root()).expect("one");
    sign_checkpoint(&key("log"), &checkpoint).expect("a note")
}

/// The entries of a log as `/v1/replay` hands them out.
fn sequence(rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows {
        let mut w = Writer::default();
        w.array(3).bytes(&row.entry);
        match &row.object {
            Some(object) => w.bytes(object),
            None => w.null(),
        };
        match &row.details {
            None => drop(w.null()),
            Some(details) => drop(w.array(2).bytes(&details.common).list(&details.links, |w, link| {
                w.bytes(link);
            })),
        }
        bytes.extend(w.into_bytes());
    }
    bytes
}

/// A number of a query.
fn number(path: &str, name: &str) -> u64 {
    let query = path.split_once('?').expect("a query").1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.expect("it is there").parse().expect("a number")
}

/// What a ledger with this log answers to a path.
fn shows(log: &Log, path: &str) -> Vec<u8> {
    if path.starts_with("/checkpoint") {
        return note(log).into_bytes();
    }
    if path.starts_with("/v1/replay") {
        let (from, limit) = (number(path, "from") as usize, number(path, "limit") as usize);
        return sequence(&log.0[from.min(log.0.len())..(from + limit).min(log.0.len())]);
    }
    let (from, to) = (TreeSize(number(path, "from")), TreeSize(number(path, "to")));
    let hashes = prove::consistency(&leaves(log), from, to).expect("sizes of the log");
    let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
    serde_json::to_vec(&serde_json::json!({ "hashes": hashes })).expect("JSON")
}

/// Serves on loopback whatever `answer` gives to a request; a status of 0 is no answer at all.
fn serve(answer: impl Fn(&str, Vec<u8>) -> (u16, Vec<u8>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (path, body) = request(&stream);
            let (status, body) = answer(&path, body);
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            if status != 0 {
                (&stream).write_all(&[head.into_bytes(), body].concat()).unwrap_or_default();
            }
        }
    });
    url
}

fn request(stream: &TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a line");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    (first.split(' ').nth(1).unwrap_or_default().to_owned(), body)
}

fn ledger(log: Log) -> String {
    serve(move |path, _| (200, shows(&log, path)))
}

/// A desk with a policy that trusts the log of a world.
struct Desk(tempfile::TempDir);

impl Desk {
    fn of(log: &Log) -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        let vkey = VerifierKey::new(ORIGIN, KeyKind::Note, &key("log").public_key()).expect("a key");
        let text = format!(
            "party = \"{0}\"\nissuers = \"any\"\nmax_staleness_s = 60\nskew_ms = 2000\n\
             trust = \"log {vkey}\\nquorum none\\n\"\n[ledgers]\n\"{ORIGIN}\" = \"{1}\"\n",
            "11".repeat(32),
            Genesis::ledger_id(&log.0[0].entry),
        );
        fs::write(desk.path("policy.toml"), text).expect("a file");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn monitor(&self, more: &[&str]) -> Ran {
        self.monitor_in_words(&[&["--json"][..], more].concat())
    }

    fn monitor_in_words(&self, more: &[&str]) -> Ran {
        let words = ["monitor", "--policy", "policy.toml", "--state", "watch", "--once"];
        run(remit().args(words).args(more).current_dir(self.0.path()))
    }
}

/// The lies among the lines that were printed.
fn lies(ran: &Ran) -> Vec<Value> {
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter(|line| line["severity"] == "lie").collect()
}

/// A ledger with one false state root, and the entry.
fn lying() -> (Liar, u64) {
    let mut world = World::new();
    world.root("alice", 100);
    let mut liar = Liar::after(&world);
    let falsely = |rows: &mut Vec<Row>| recommit(&mut rows[0], |it| it.state_root.0[0] ^= 1);
    let first = liar.lie(&[], world.now, |_| {}, falsely);
    (liar, first.0)
}

fn evidence(alert: &Value) -> Value {
    let path = alert["evidence"].as_str().expect("a file");
    serde_json::from_slice(&fs::read(Path::new(path)).expect("kept")).expect("JSON")
}

#[test]
fn a_false_state_root_is_told_once_with_its_entry_and_stays_a_reason() {
    let (liar, at) = lying();
    let (desk, url) = (Desk::of(&liar.log), ledger(liar.log.clone()));
    let ran = desk.monitor(&[&url]).expect(1);
    let [alert] = &lies(&ran)[..] else { panic!("{}", ran.out) };
    assert_eq!((&alert["code"], &alert["entry"]), (&"state_root".into(), &at.into()));
    assert_ne!(alert["stated"], alert["computed"]);
    assert!(alert["says"].as_str().expect("a sentence").starts_with(&format!("entry {at}: ")));
    let kept = evidence(&desk_path(&desk, alert));
    assert_eq!(kept["notes"][0], note(&liar.log));
    let again = desk.monitor(&[&url]).expect(1);
    assert_eq!(lies(&again), Vec::<Value>::new(), "said once; and still a reason");
    let last: Value = serde_json::from_str(again.out.lines().last().expect("a line")).expect("JSON");
    assert_eq!((&last["ok"], &last["logs"][0]["lies"]), (&false.into(), &1.into()));
}

/// The alert with the path of its evidence from here.
fn desk_path(desk: &Desk, alert: &Value) -> Value {
    let mut alert = alert.clone();
    let path = desk.path(alert["evidence"].as_str().expect("a file"));
    alert["evidence"] = path.to_str().expect("text").into();
    alert
}

#[test]
fn what_was_computed_and_what_was_followed_after_a_lie_are_told_apart() {
    let world = World::new();
    let mut liar = Liar::after(&world);
    let first = liar.lie(&[], world.now, |_| {}, |rows| rows[0].entry[0] ^= 1);
    for _ in 0..3 {
        liar.write(&[], world.now);
    }
    let (desk, url) = (Desk::of(&liar.log), ledger(liar.log.clone()));
    let ran = desk.monitor_in_words(&[&url]).expect(1);
    let size = liar.size();
    assert!(ran.out.contains("bad_entry"), "{}", ran.out);
    assert!(ran.out.contains(&format!(": computed up to {first}, {size} followed; 1 caught")), "{}", ran.out);
    let ran = desk.monitor(&[&url]).expect(1);
    let last: Value = serde_json::from_str(ran.out.lines().last().expect("a line")).expect("JSON");
    let log = &last["logs"][0];
    assert_eq!((&log["entries"], &log["followed"]), (&first.0.into(), &size.into()));
}

#[test]
fn what_was_seen_once_and_is_not_shown_any_more_is_not_good() {
    let mut world = World::new();
    let before = Log::of(&world.ledger);
    let desk = Desk::of(&before);
    world.root("alice", 100);
    let after = Log::of(&world.ledger);
    let newest = serve(move |path, _| match path.starts_with("/checkpoint") {
        true => (200, shows(&after, path)),
        false => (503, Vec::new()),
    });
    desk.monitor(&[&newest]).expect(70);
    // The older checkpoint alone, which leads nowhere and contradicts nothing.
    let older = serve(move |path, _| match path.starts_with("/checkpoint") {
        true => (200, shows(&before, path)),
        false => (404, Vec::new()),
    });
    let ran = desk.monitor(&[&older]).expect(1);
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [last] = &lines[..] else { panic!("{}", ran.out) };
    assert_eq!((&last["ok"], &last["logs"][0]["entries"]), (&false.into(), &0.into()));
}

#[test]
fn two_mirrors_with_two_histories_are_told_with_both_notes() {
    let [mut one, mut other] = [World::new(), World::new()];
    let place = one.ledger.store().len();
    one.root("alice", 100);
    other.root("alice", 101);
    let [one, other] = [Log::of(&one.ledger), Log::of(&other.ledger)];
    let desk = Desk::of(&one);
    let first = ledger(one.clone());
    let ran = desk.monitor(&[&first, &ledger(other.clone())]).expect(1);
    let [alert] = &lies(&ran)[..] else { panic!("{}", ran.out) };
    assert_eq!((&alert["code"], &alert["entry"]), (&"two_histories".into(), &place.into()));
    let kept = evidence(&desk_path(&desk, alert));
    assert_eq!(kept["notes"], serde_json::json!([note(&one), note(&other)]));
    assert_eq!(kept["branches"].as_array().map(Vec::len), Some(2));
    // Where only the first one is shown, it stays known that there is another.
    let last =
        |ran: &Ran| -> Value { serde_json::from_str(ran.out.lines().last().expect("a line")).expect("JSON") };
    let again = desk.monitor(&[&first]).expect(1);
    assert_eq!((lies(&again), &last(&again)["logs"][0]["lies"]), (Vec::new(), &1.into()));
}

#[test]
fn a_server_that_lets_nobody_ask_has_not_contradicted_itself() {
    let mut world = World::new();
    let before = Log::of(&world.ledger);
    let desk = Desk::of(&before);
    desk.monitor(&[&ledger(before.clone())]).expect(1);
    world.root("alice", 100);
    let after = Log::of(&world.ledger);
    for status in [401, 403, 429, 503] {
        let shown = after.clone();
        let url = serve(move |path, _| match path.contains("consistency") {
            true => (status, Vec::new()),
            false => (200, shows(&shown, path)),
        });
        let ran = desk.monitor(&[&url]).expect(70);
        assert!(ran.out.contains("\"unreachable\"") && !ran.out.contains("not_consistent"), "{}", ran.out);
    }
    let url = serve(move |path, _| match path.contains("consistency") {
        true => (400, Vec::new()),
        false => (200, shows(&after, path)),
    });
    let ran = desk.monitor(&[&url]).expect(1);
    assert!(ran.out.contains("\"not_consistent\""), "{}", ran.out);
}

#[test]
fn a_webhook_that_fails_twice_is_told_all_the_same_and_nothing_is_told_twice() {
    let (liar, at) = lying();
    let (desk, url) = (Desk::of(&liar.log), ledger(liar.log.clone()));
    let posted: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let (taken, tries) = (posted.clone(), Mutex::new(0));
    let hook = serve(move |path, body| {
        let mut tries = tries.lock().expect("not poisoned");
        *tries += 1;
        match *tries {
            1 => (500, Vec::new()),
            2 => (0, Vec::new()),
            _ => {
                let alert = serde_json::from_slice(&body).expect("JSON");
                taken.lock().expect("not poisoned").push((path.into(), alert));
                (204, Vec::new())
            }
        }
    });
    let hook = format!("{hook}/alerts?of=me");
    let ran = desk.monitor(&[&url, "--webhook", &hook]).expect(1);
    assert!(ran.err.contains("webhook: it answers 500"), "{}", ran.err);
    let all = std::mem::take(&mut *posted.lock().expect("not poisoned"));
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let said: Vec<&Value> = lines.iter().filter(|line| line["severity"].is_string()).collect();
    let keys = |all: &[&Value]| all.iter().map(|alert| alert["key"].clone()).collect::<Vec<_>>();
    assert_eq!(keys(&all.iter().map(|(_, alert)| alert).collect::<Vec<_>>()), keys(&said), "all, in order");
    assert!(all.iter().all(|(path, _)| path == "/alerts?of=me"));
    assert!(all.iter().any(|(_, alert)| alert["code"] == "state_root" && alert["entry"] == at));
    desk.monitor(&[&url, "--webhook", &hook]).expect(1);
    assert!(posted.lock().expect("not poisoned").is_empty(), "what was taken is not posted again");
}

#[test]
fn a_webhook_whose_answer_is_long_has_taken_it_all_the_same() {
    let (liar, _) = lying();
    let (desk, url) = (Desk::of(&liar.log), ledger(liar.log.clone()));
    let posted: Arc<Mutex<Vec<Value>>> = Arc::default();
    let taken = posted.clone();
    let hook = serve(move |_, body| {
        taken.lock().expect("not poisoned").push(serde_json::from_slice(&body).expect("JSON"));
        (200, vec![b' '; 64 * 1024 + 1])
    });
    let ran = desk.monitor(&[&url, "--webhook", &hook, "--webhook-wait", "20s"]).expect(1);
    assert!(!ran.err.contains("webhook"), "{}", ran.err);
    let numbers: Vec<Value> =
        posted.lock().expect("not poisoned").iter().map(|it| it["number"].clone()).collect();
    let once: Vec<Value> = (0..numbers.len()).map(Value::from).collect();
    assert!(!numbers.is_empty() && numbers == once, "each once, in order: {numbers:?}");
}

#[test]
fn what_a_webhook_did_not_take_is_posted_at_the_next_start() {
    let (liar, _) = lying();
    let (desk, url) = (Desk::of(&liar.log), ledger(liar.log.clone()));
    let closed = serve(|_, _| (503, Vec::new()));
    let ran = desk.monitor(&[&url, "--webhook", &closed, "--webhook-wait", "1s"]).expect(1);
    assert!(ran.err.contains("not all is posted yet"), "{}", ran.err);
    let posted: Arc<Mutex<Vec<Value>>> = Arc::default();
    let taken = posted.clone();
    let hook = serve(move |_, body| {
        taken.lock().expect("not poisoned").push(serde_json::from_slice(&body).expect("JSON"));
        (200, Vec::new())
    });
    let again = desk.monitor(&[&url, "--webhook", &hook]).expect(1);
    assert_eq!(lies(&again), Vec::<Value>::new(), "it was printed");
    let codes: Vec<Value> =
        posted.lock().expect("not poisoned").iter().map(|it| it["code"].clone()).collect();
    assert!(codes.contains(&"state_root".into()), "{codes:?}");
}

/// Watches a real ledger once; what was said, and the exit code.
fn watch(folder: &Folder, url: &str, more: &[&str], code: i32) -> Vec<(String, u64)> {
    let mut command = remit();
    command
        .args(["--json", "monitor", "--policy", "airline.toml", "--state", "watch", "--once", url])
        .args(more);
    command.current_dir(folder.path("")).env("REMIT_READER_TOKEN", TOKEN);
    let ran = run(&mut command).expect(code);
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let said = lines.filter(|line| line["severity"].is_string());
    said.map(|it| (it["code"].as_str().expect("a code").into(), it["entry"].as_u64().unwrap_or_default()))
        .collect()
}

#[test]
fn a_good_ledger_is_watched_and_so_is_what_its_issuer_orders() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let policy = folder.ok(&server, &["policy", "--party", &cast.airline, "--max-staleness", "10m"]);
    fs::write(folder.path("airline.toml"), policy["policy"].as_str().expect("a policy")).expect("a file");
    assert_eq!(watch(&folder, &server.url, &[], 0), []);
    let issuer = format!("issuer={}", cast.issuer);
    let codes = |said: &[(String, u64)]| said.iter().map(|(code, _)| code.clone()).collect::<Vec<_>>();
    let told = watch(&folder, &server.url, &["--watch", &issuer], 0);
    assert_eq!(codes(&told), ["issuer_changed", "issuer_changed", "issued"]);
    // Of an issuer that orders, what is not on the list is unexpected, now and until it is.
    fs::write(folder.path("ordered.txt"), "# nothing yet\n").expect("a file");
    let orders = ["--watch", &issuer, "--expect", "ordered.txt"];
    let told = watch(&folder, &server.url, &orders, 1);
    assert_eq!(codes(&told), ["not_ordered"]);
    assert_eq!(watch(&folder, &server.url, &orders, 1), [], "it is said once; and still a reason");
    fs::write(folder.path("ordered.txt"), format!("{}  # the travel budget\n", cast.token)).expect("a file");
    assert_eq!(watch(&folder, &server.url, &orders, 0), []);
    // Whose orders a list has must be said; and somebody must answer.
    let usage = ["--expect", "ordered.txt"];
    assert_eq!(watch(&folder, &server.url, &usage, 2), []);
    let url = server.url.clone();
    drop(server);
    let gone = watch(&folder, &url, &[], 70);
    assert_eq!(codes(&gone), ["unreachable"]);
    // A lie stays a reason, whatever came after it.
    let log = fs::read_dir(folder.path("watch")).expect("a folder").next().expect("one").expect("read");
    let alerts = log.path().join("alerts");
    let said = fs::read_to_string(&alerts).expect("a file");
    let last: Value = serde_json::from_str(said.lines().last().expect("a line")).expect("JSON");
    let mut lie = last.clone();
    (lie["severity"], lie["key"]) = ("lie".into(), "another".into());
    lie["number"] = (last["number"].as_u64().expect("a number") + 1).into();
    fs::write(&alerts, format!("{said}{lie}\n")).expect("written");
    assert_eq!(codes(&watch(&folder, &url, &[], 1)), ["unreachable"], "not printed yet, and so printed");
    assert_eq!(watch(&folder, &url, &[], 1), []);
}

#[test]
fn what_is_watched_must_be_readable() {
    let (liar, _) = lying();
    let desk = Desk::of(&liar.log);
    let ran = desk.monitor(&[]).expect(2);
    assert!(ran.err.contains("no log of the policy has an address"), "{}", ran.err);
    let ran = desk.monitor(&["http://127.0.0.1:1", "--watch", "payee=1"]).expect(2);
    assert!(ran.err.contains("holder=KEY"), "{}", ran.err);
    let ran = desk.monitor(&["http://127.0.0.1:1", "--token-file", "a", "--token-file", "b"]).expect(2);
    assert!(ran.err.contains("2 token files for 1 URLs"), "{}", ran.err);
    fs::write(desk.path("policy.toml"), "").expect("a file");
    desk.monitor(&["http://127.0.0.1:1"]).expect(2);
}
