//! A verifier beside a service, over real sockets: an agent asks as a proxy tells it, and is served once.

use crate::run::{remit, run};
use crate::server::{Folder, Server};
use crate::story::{Cast, cast};
use remit::follow::Record;
use remit_verifier::types::Millis;
use serde_json::Value;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

const ROUTES: &str = r#"
[[routes]]
method = "POST"
path = "/{flight*}"
action = "book"
resource = "flights/{flight}"
"#;
const URL: &str = "POST https://Air.example/CA1501";

/// A ledger with the cast of the story, an agent, and a policy of the airline.
struct Desk {
    folder: Folder,
    server: Server,
    cast: Cast,
}

impl Desk {
    fn new(record: &str) -> Self {
        let folder = Folder::new();
        let server = folder.serve();
        let cast = cast(&folder, &server);
        let policy = folder.ok(&server, &["policy", "--party", &cast.airline, "--max-staleness", "10m"]);
        let text = format!("record = \"{record}\"\n{}{ROUTES}", policy["policy"].as_str().expect("a policy"));
        fs::write(folder.path("airline.toml"), text).expect("a file");
        // A record that is new refuses for a minute what another may have served; this one was begun a while ago.
        drop(Record::open(&folder.path("state"), Millis(0), Millis(2_000)).expect("a record"));
        Self { folder, server, cast }
    }

    fn sidecar(&self) -> Server {
        let mut command = remit();
        command.args(["--json", "verifier", "serve", "--policy", "airline.toml", "--state", "state"]);
        command.args(["--listen", "127.0.0.1:0"]).current_dir(self.folder.path(""));
        Server::spawn(&mut command)
    }

    /// Signs a request of 3 000, and has it held if `hold`.
    fn ask(&self, out: &str, hold: bool) -> Value {
        let what = ["--service", &self.cast.airline, "--action", "book", "--resource", "flights/CA1501"];
        let http = ["--argument", "amount=3000", "--http", URL, "--content", "order.json", "--out", out];
        fs::write(self.folder.path("order.json"), "{\"seat\":\"12A\"}").expect("a file");
        let verb: &[&str] = if hold { &["reserve", "--amount", "3000 CNY"] } else { &["present"] };
        let words = [verb, &[&self.cast.token, "--key", "assistant.pem"], &what, &http].concat();
        self.folder.ok(&self.server, &words)
    }

    fn file(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder.path(path)).expect(path)
    }

    fn headers(&self, folder: &str) -> String {
        String::from_utf8(self.file(&format!("{folder}/headers.txt"))).expect("text")
    }
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let name = format!("{name}: ");
        self.head.lines().find_map(|line| line.strip_prefix(&name))
    }
}

/// Sends a request; `fields` are whole lines.
fn send(server: &Server, line: &str, fields: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the sidecar");
    let fields: String = fields.lines().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head: head.to_lowercase(), body: serde_json::from_str(body).unwrap_or_default() }
}

fn bring(sidecar: &Server, what: &str, bytes: &[u8]) -> Answer {
    let line = format!("POST /.well-known/remit/{what}");
    send(sidecar, &line, "Host: a\nContent-Type: application/cbor", bytes)
}

/// As nginx tells it.
fn nginx(sidecar: &Server, method: &str, uri: &str, headers: &str) -> Answer {
    let told = format!("Host: air.example\nX-Original-Method: {method}\nX-Original-URI: {uri}\n{headers}");
    send(sidecar, "GET /v1/auth/nginx", &told, b"")
}

fn no(answer: &Answer) -> (u16, &str) {
    assert_eq!(answer.body["decision"], "denied", "{}", answer.body);
    let code = answer.body["code"].as_str().expect("a code");
    assert_eq!(answer.field("remit-verdict"), Some(&*format!("denied; code={code}")));
    (answer.status, code)
}

#[test]
fn a_request_is_served_once_and_never_another_one() {
    let desk = Desk::new("durable");
    desk.ask("visit", false);
    let sidecar = desk.sidecar();
    let headers = desk.headers("visit");
    let bytes: usize = headers.lines().map(|line| line.len() + 2).sum();
    assert!(bytes < 1_024, "{bytes} bytes of fields:\n{headers}");
    let asked = |uri: &str| nginx(&sidecar, "POST", uri, &headers);
    let unknown = asked("/CA1501");
    assert_eq!(no(&unknown), (401, "unknown_presentation"));
    assert_eq!(
        unknown.field("www-authenticate"),
        Some(&*format!("remit party=\"{}\", max_staleness=600", desk.cast.airline))
    );
    let brought = bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
    assert_eq!((brought.status, &brought.body["verdict"]["decision"]), (201, &"permitted".into()));
    assert_eq!(no(&asked("/CA1502")), (403, "wrong_request"), "another flight");
    assert_eq!(no(&nginx(&sidecar, "GET", "/CA1501", &headers)), (403, "no_route"));
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", "")), (401, "no_invocation"));
    let other = headers.replace("content-digest", "content-digest-of-something-else");
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", &other)), (403, "wrong_request"), "no content");
    let served = asked("/CA1501");
    assert_eq!((served.status, served.field("remit-verdict")), (200, Some("allowed")));
    assert_eq!(served.field("remit-action"), Some("book"));
    assert_eq!(served.field("remit-resource"), Some("flights/ca1501"));
    assert_eq!(served.field("remit-token"), Some(&*desk.cast.token));
    assert!(served.field("remit-content").is_some_and(|content| !content.contains("checked")));
    assert_eq!(no(&asked("/CA1501")), (403, "served_before"));
    // Killed and started again, it knows.
    drop(sidecar);
    let sidecar = desk.sidecar();
    bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", &headers)), (403, "served_before"));
    let metrics = send(&sidecar, "GET /metrics", "Host: a", b"");
    assert_eq!(metrics.status, 200);
}

#[test]
fn an_amount_is_served_once_it_is_held() {
    let desk = Desk::new("durable");
    desk.ask("paid", true);
    let sidecar = desk.sidecar();
    bring(&sidecar, "presentations", &desk.file("paid/presentation.cbor"));
    let headers = desk.headers("paid");
    let without: String = headers
        .lines()
        .filter(|line| !line.starts_with("remit-evidence"))
        .map(|line| format!("{line}\n"))
        .collect();
    let asked = |headers: &str| nginx(&sidecar, "POST", "/CA1501", headers);
    assert_eq!(no(&asked(&without)), (403, "not_funded"), "permitted is a no");
    assert_eq!(no(&asked(&headers)), (401, "unknown_presentation"), "the evidence is not there yet");
    let mut forged = desk.file("paid/evidence.cbor");
    let at = forged.len() / 2;
    forged[at] ^= 1;
    assert_eq!(bring(&sidecar, "evidence", &forged).status, 403);
    assert_eq!(bring(&sidecar, "evidence", &desk.file("paid/evidence.cbor")).status, 201);
    let served = asked(&headers);
    assert_eq!((served.status, served.field("remit-amount")), (200, Some("300000")), "{}", served.body);
    assert_eq!(no(&asked(&headers)), (403, "served_before"));
}

#[test]
fn a_revoked_token_is_refused_with_newer_evidence() {
    let desk = Desk::new("durable");
    desk.folder.ok(&desk.server, &["revoke", &desk.cast.token, "--key", "company.pem"]);
    desk.ask("visit", false);
    let sidecar = desk.sidecar();
    let brought = bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
    assert_eq!((brought.status, &brought.body["code"]), (403, &"revoked".into()));
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", &desk.headers("visit"))).1, "unknown_presentation");
}

#[test]
fn every_proxy_has_its_contract_and_no_other() {
    let desk = Desk::new("durable");
    let sidecar = desk.sidecar();
    let content = b"{\"seat\":\"12A\"}";
    let again = || {
        desk.ask("visit", false);
        bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
        desk.headers("visit")
    };
    let traefik =
        "X-Forwarded-Method: POST\nX-Forwarded-Host: AIR.example\nX-Forwarded-Uri: /CA1501\nHost: sidecar\n";
    let headers = again();
    let told = send(&sidecar, "GET /v1/auth/nginx", &format!("{traefik}{headers}"), b"");
    assert_eq!(no(&told), (403, "malformed"), "another contract");
    let told = send(&sidecar, "GET /v1/auth/traefik", &format!("{traefik}{headers}"), b"");
    assert_eq!(told.status, 200, "{}", told.body);
    let doubled = format!("{traefik}X-Forwarded-Uri: /CA1501\n{}", again());
    assert_eq!(send(&sidecar, "GET /v1/auth/traefik", &doubled, b"").status, 403, "told twice");
    // Envoy sends the request itself, with its content here.
    let told =
        send(&sidecar, "POST /v1/auth/envoy/CA1501", &format!("Host: air.example\n{}", again()), content);
    assert_eq!(told.status, 200, "{}", told.body);
    assert!(told.field("remit-content").is_some_and(|content| content.ends_with("; checked")));
    let other =
        send(&sidecar, "POST /v1/auth/envoy/CA1501", &format!("Host: air.example\n{}", again()), b"{}");
    assert_eq!(no(&other), (403, "wrong_request"), "what was read is not what was stated");
    let root = send(&sidecar, "POST /v1/auth/envoy", &format!("Host: air.example\n{}", again()), content);
    assert_eq!(root.status, 403, "no target");
}

#[test]
fn a_record_in_memory_refuses_what_may_have_been_served_before_its_start() {
    let desk = Desk::new("memory");
    desk.ask("visit", false);
    let sidecar = desk.sidecar();
    bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
    let answer = nginx(&sidecar, "POST", "/CA1501", &desk.headers("visit"));
    assert_eq!(no(&answer), (403, "before_start"));
}

#[test]
fn a_policy_is_read_anew_and_a_bad_one_changes_nothing() {
    let desk = Desk::new("durable");
    let sidecar = desk.sidecar();
    let reads = || {
        let text = send_text(&sidecar, "GET /metrics");
        let line =
            text.lines().find(|line| line.starts_with("remit_policy_reads_total ")).expect("a counter");
        line.rsplit(' ').next().expect("a number").to_owned()
    };
    assert_eq!(reads(), "1");
    let good = fs::read_to_string(desk.folder.path("airline.toml")).expect("a policy");
    fs::write(desk.folder.path("airline.toml"), good.replace("\"/{flight*}\"", "\"/other/{flight*}\""))
        .expect("written");
    sidecar.signal("HUP");
    for _ in 0..2_000 {
        if reads() == "2" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(reads(), "2");
    desk.ask("visit", false);
    bring(&sidecar, "presentations", &desk.file("visit/presentation.cbor"));
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", &desk.headers("visit"))), (403, "no_route"));
    fs::write(desk.folder.path("airline.toml"), "party = 1").expect("written");
    sidecar.signal("HUP");
    assert_eq!(no(&nginx(&sidecar, "POST", "/CA1501", &desk.headers("visit"))), (403, "no_route"));
    assert_eq!(reads(), "2");
}

fn send_text(server: &Server, line: &str) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the sidecar");
    stream
        .write_all(format!("{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

#[test]
fn a_durable_record_wants_a_folder_of_its_own() {
    let desk = Desk::new("durable");
    let mut command = remit();
    let words = ["--json", "verifier", "serve", "--policy", "airline.toml", "--listen", "127.0.0.1:0"];
    let none = run(command.args(words).current_dir(desk.folder.path(""))).expect(2);
    assert!(none.err.contains("--state DIR"), "{}", none.err);
    let _held = desk.sidecar();
    let second =
        run(remit().args(words).args(["--state", "state"]).current_dir(desk.folder.path(""))).expect(70);
    assert!(second.err.contains("another process keeps this record"), "{}", second.err);
}

#[test]
fn a_verdict_is_given_for_the_asking_and_records_nothing() {
    let desk = Desk::new("durable");
    desk.ask("visit", false);
    let sidecar = desk.sidecar();
    use base64ct::{Base64, Encoding as _};
    let base64 = |path: &str| Base64::encode_string(&desk.file(path));
    let mut body = serde_json::json!({ "presentation": base64("visit/presentation.cbor") });
    let verify = |body: &Value| {
        let json = "Host: a\nContent-Type: application/json";
        send(&sidecar, "POST /v1/verify", json, body.to_string().as_bytes())
    };
    assert_eq!(verify(&body).body["decision"], "permitted");
    body["invocation"] = base64("visit/invocation.cbor").into();
    assert_eq!(verify(&body).body["code"], "condition_not_met", "the argument is not shown");
    body["policy"] = "party = 1".into();
    assert_eq!(verify(&body).status, 400, "the policy is the service's");
}

#[test]
fn a_policy_is_explained_in_words() {
    let desk = Desk::new("memory");
    let check = |file: &str| {
        let words = ["policy", "check", file];
        run(remit().args(words).current_dir(desk.folder.path("")))
    };
    let said = check("airline.toml").expect(0).out;
    for part in [
        &format!("answers for   party {} alone", desk.cast.airline),
        "without any witness: the log's word alone counts",
        "POST /{flight*} is book flights/{flight}",
        "by a record in memory",
        "think about: no witness",
        "think about: issuers = \"any\"",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    let file = desk.folder.path("airline.toml");
    let policy = fs::read_to_string(&file).expect("a policy");
    let unit = "ab".repeat(32);
    let more = format!(
        "at_risk = [{{ unit = \"{unit}\", from_minor = 1, max_staleness_s = 600 }}]\n{policy}\n[[routes]]\n\
         method = \"POST\"\npath = \"/rooms/{{room}}\"\naction = \"book\"\nresource = \"\"\n"
    );
    fs::write(desk.folder.path("more.toml"), more).expect("a file");
    let said = check("more.toml").expect(0).out;
    for part in [
        "think about: the route POST /rooms/{room} is book  never decides: POST /{flight*} is book",
        "600 s is no less than evidence may be old anyway",
    ] {
        assert!(said.contains(part), "{part} in\n{said}");
    }
    fs::write(desk.folder.path("bad.toml"), "party = 1\nround = 2\n").expect("a file");
    let bad = check("bad.toml").expect(2);
    assert!(bad.err.contains("policy line 2: unknown_key"), "{}", bad.err);
}
