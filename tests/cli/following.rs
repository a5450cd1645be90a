//! A ledger that is followed from the command line and by a verifier beside a service, over real sockets.

use crate::run::{remit, run};
use crate::server::{Folder, Server};
use crate::story::{Cast, cast};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// A ledger with the cast of the story, and a policy of the airline that bears evidence of ten minutes.
struct Desk {
    folder: Folder,
    server: Option<Server>,
    cast: Cast,
}

impl Desk {
    fn new() -> Self {
        let folder = Folder::new();
        let server = folder.serve();
        let cast = cast(&folder, &server);
        let words = ["policy", "--party", &cast.airline, "--max-staleness", "10m"];
        let policy = folder.ok(&server, &words);
        fs::write(folder.path("airline.toml"), policy["policy"].as_str().expect("a policy")).expect("a file");
        Self { folder, server: Some(server), cast }
    }

    fn ok(&self, words: &[&str]) -> Value {
        self.folder.ok(self.server.as_ref().expect("it runs"), words)
    }

    fn follow(&self) -> crate::run::Ran {
        let words = ["--json", "follow", "--policy", "airline.toml", "--state", "followed", "--once"];
        run(remit().args(words).current_dir(self.folder.path("")))
    }

    /// What is said of the newest state.
    fn newest(&self) -> Value {
        let said = self.follow().expect(0).out;
        serde_json::from_str(said.lines().next().expect("a line")).expect("JSON")
    }

    /// Keeps the presentation of the cast's token.
    fn present(&self) {
        let what = ["--service", &self.cast.airline, "--action", "book", "--resource", "flights/CA1501"];
        let more = ["--argument", "amount=3000", "--out", "visit"];
        let words = [&["present", &self.cast.token, "--key", "assistant.pem"], &what[..], &more].concat();
        self.ok(&words);
    }

    fn revoke(&self) {
        self.ok(&["revoke", &self.cast.token, "--key", "company.pem"]);
    }

    fn kept(&self) -> String {
        let ledger = fs::read_dir(self.folder.path("followed")).expect("a folder").flatten().next();
        format!("followed/{}/newest", ledger.expect("a ledger").file_name().to_string_lossy())
    }

    /// Judges the presentation alone.
    fn verify(&self, more: &[&str]) -> Value {
        let shown = "visit/presentation.cbor";
        let words = ["--json", "verify", "--presentation", shown, "--policy", "airline.toml"];
        let ran = run(remit().args(words).args(more).current_dir(self.folder.path(""))).expect(1);
        serde_json::from_str(&ran.out).expect("JSON")
    }
}

#[test]
fn an_old_presentation_is_judged_by_what_is_followed() {
    let mut desk = Desk::new();
    desk.present();
    let first = desk.newest();
    // The ledger goes on; what was presented is two seconds older than that.
    std::thread::sleep(Duration::from_secs(2));
    desk.ok(&["key", "new", "other.pem", "--plain"]);
    desk.ok(&["party", "add", "other", "--key", "other.pem"]);
    let next = desk.newest();
    let number = |view: &Value, name: &str| view[name].as_u64().expect("a number");
    assert!(number(&next, "size") > number(&first, "size"), "{first} {next}");
    assert_eq!(number(&next, "leaves"), number(&first, "leaves") + 1);
    let at = rfc3339(number(&next, "committed_ms") / 1_000 + 599);
    let alone = desk.verify(&["--at", &at]);
    assert_eq!((&alone["decision"], &alone["code"]), (&"denied".into(), &"stale".into()), "{alone}");
    let kept = desk.kept();
    let by_it = desk.verify(&["--at", &at, "--followed", &kept]);
    assert_eq!(by_it["decision"], "permitted", "{by_it}");
    assert!(by_it["age_ms"].as_u64() < Some(600_000));
    desk.revoke();
    assert_eq!(desk.verify(&["--followed", &kept])["decision"], "permitted", "nobody told");
    assert_eq!(number(&desk.newest(), "listed"), number(&next, "listed") + 1);
    let revoked = desk.verify(&["--followed", &kept]);
    assert_eq!((&revoked["decision"], &revoked["code"]), (&"denied".into(), &"revoked".into()));
    // The ledger is gone: what is known stays known.
    drop(desk.server.take());
    let ran = desk.follow().expect(70);
    assert_eq!(ran.json()["error"]["code"], "unreachable", "{}", ran.err);
    assert_eq!(desk.verify(&["--followed", &kept])["code"], "revoked");
}

#[test]
fn a_verifier_that_follows_refuses_what_was_revoked_after_it_was_brought() {
    let mut desk = Desk::new();
    desk.present();
    let mut command = remit();
    command.args(["--json", "verifier", "serve", "--policy", "airline.toml", "--state", "state", "--follow"]);
    command.args(["--every", "1s", "--listen", "127.0.0.1:0"]).current_dir(desk.folder.path(""));
    let sidecar = Server::spawn(&mut command);
    let shown = fs::read(desk.folder.path("visit/presentation.cbor")).expect("a presentation");
    let ask = || ask(&sidecar, &shown);
    assert_eq!(ask()["decision"], "permitted");
    desk.revoke();
    // Until it has asked again; whoever waits for ever sees the test end.
    while ask()["decision"] == "permitted" {
        std::thread::sleep(Duration::from_millis(50));
    }
    let verdict = ask();
    assert_eq!((&verdict["code"], &verdict["decision"]), (&"revoked".into(), &"denied".into()));
    drop(desk.server.take());
    let metrics = || get(&sidecar, "/metrics");
    while !metrics().contains("remit_follow_total{result=\"unreachable\"}") {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask()["code"], "revoked");
    assert!(metrics().contains("remit_followed_size{ledger="), "{}", metrics());
    // Killed and started again without a ledger it still knows.
    drop(sidecar);
    let sidecar = Server::spawn(&mut command);
    assert_eq!(self::ask(&sidecar, &shown)["code"], "revoked");
}

#[test]
fn following_wants_an_address() {
    let desk = Desk::new();
    let file = desk.folder.path("airline.toml");
    let text = fs::read_to_string(&file).expect("a policy");
    let url = &desk.server.as_ref().expect("it runs").url;
    fs::write(&file, text.replace(&format!(" {url}"), "")).expect("a file");
    let ran = desk.follow().expect(2);
    assert!(ran.err.contains("no log of the policy has an address"), "{}", ran.err);
    let wrong = run(remit()
        .args(["verify", "--presentation", "airline.toml", "--policy", "airline.toml"])
        .args(["--followed", "airline.toml"])
        .current_dir(desk.folder.path("")))
    .expect(2);
    assert!(wrong.err.contains("remit follow"), "{}", wrong.err);
}

fn rfc3339(seconds: u64) -> String {
    let words = ["-u", "-d", &format!("@{seconds}"), "+%Y-%m-%dT%H:%M:%SZ"];
    let said = std::process::Command::new("date").args(words).output().expect("runs").stdout;
    String::from_utf8(said).expect("text").trim().to_owned()
}

fn get(sidecar: &Server, path: &str) -> String {
    ureq::get(format!("{}{path}", sidecar.url))
        .call()
        .expect("an answer")
        .body_mut()
        .read_to_string()
        .expect("text")
}

/// The verdict on a presentation.
fn ask(sidecar: &Server, presentation: &[u8]) -> Value {
    use base64ct::{Base64, Encoding as _};
    let body = serde_json::json!({ "presentation": Base64::encode_string(presentation) }).to_string();
    let request = ureq::post(format!("{}/v1/verify", sidecar.url)).content_type("application/json");
    let mut answer = request.send(body).expect("an answer");
    serde_json::from_reader(answer.body_mut().as_reader()).expect("JSON")
}
