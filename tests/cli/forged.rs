//! Answers to submissions that somebody forged: a refusal that is shown as applied, and what was applied as refused.

use crate::counter::{Counter, TILL};
use crate::liar::answers;
use crate::run::Ran;
use serde_json::json;

/// A refusal, as anybody can write it.
fn forged(_: String) -> String {
    let says = "x\u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}evil";
    json!({ "status": "refused", "code": "above_total", "meaning": says, "member": 0, "leaf": null })
        .to_string()
}

fn applied(body: String) -> String {
    body.replace("\"status\":\"refused\"", "\"status\":\"applied\"")
}

fn reserve(c: &Counter, url: &str, amount: &str, more: &[&str]) -> Ran {
    let flight = ["--action", "book", "--resource", "flights/CA1501", "--argument", "amount=1"];
    let of = ["reserve", &c.token, "--service", &c.cast.airline, "--key", "agent.pem", "--amount", amount];
    c.folder.client(&c.server, &[&of[..], &flight, &["--url", url], more].concat())
}

fn reserved(c: &Counter) -> serde_json::Value {
    c.folder.ok(&c.server, &["show", &c.token])["budgets"][0]["reserved"].clone()
}

/// It was shown as applied and proved, with the entry that refuses it as its proof.
#[test]
fn a_refusal_is_not_shown_as_applied_by_its_own_proof() {
    let c = Counter::new();
    let url = answers(&c.server.url, "200 OK", applied);
    let ran = reserve(&c, &url, "1200.01 CNY", &["--out", "lied", "--save", "lied.cbor"]);
    assert_eq!(ran.json()["error"]["code"], "bad_proof", "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("the entry refuses it: above_per_use"), "{}", ran.err);
    let lied = std::fs::read_dir(c.folder.path("lied")).expect("a folder").count();
    assert_eq!(lied, 0, "what is put there is not taken by anybody");
    let again = c.folder.client(&c.server, &["submit", "lied.cbor", "--url", &url]);
    assert_eq!(again.json()["error"]["code"], "bad_proof", "{}{}", again.out, again.err);
    assert!(c.folder.path("lied.cbor").exists(), "what is refused is kept");
    let lease = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", "3000.01 CNY"];
    let lease = [&lease[..], &["--key", "agent.pem", "--out", "stay", "--url", &url]].concat();
    let ran = c.folder.client(&c.server, &lease);
    assert_eq!(ran.json()["error"]["code"], "bad_proof", "{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("is open all the same"), "{}", ran.err);
}

/// What was signed was thrown away and its id with it, so that it was signed once more.
#[test]
fn a_refusal_that_is_not_proved_leaves_what_was_signed() {
    let c = Counter::new();
    let url = answers(&c.server.url, "422 Unprocessable Entity", forged);
    let ran = reserve(&c, &url, "100 CNY", &["--save", "kept.cbor"]);
    let error = &ran.json()["error"];
    assert_eq!((&error["code"], &error["proved"]), (&"above_total".into(), &false.into()));
    assert_eq!(reserved(&c), "10000", "it was applied");
    let id = error["id"].as_str().expect("an id");
    assert!(ran.err.contains(&format!("id {id}\n")), "{}", ran.err);
    assert!(ran.err.contains(&format!("`remit explain {id}`")), "{}", ran.err);
    assert_eq!(c.folder.ok(&c.server, &["explain", id])["status"], "applied");
    let again = c.folder.ok(&c.server, &["submit", "kept.cbor"]);
    assert_eq!((&again["status"], &again["id"]), (&"replayed".into(), &id.into()));
    assert_eq!(reserved(&c), "10000", "and nothing was signed twice");
    // The server's words are not the terminal's orders.
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{:?}", ran.err);
}

/// A refusal by the entry of another code is no refusal.
#[test]
fn a_refusal_is_held_to_the_code_of_its_entry() {
    let c = Counter::new();
    let url = answers(&c.server.url, "422 Unprocessable Entity", |body| {
        assert!(body.contains("above_per_use"), "{body}");
        body.replace("above_per_use", "above_total")
    });
    let ran = reserve(&c, &url, "1200.01 CNY", &["--save", "kept.cbor"]);
    assert_eq!(ran.json()["error"]["code"], "bad_proof", "{}{}", ran.out, ran.err);
    assert!(c.folder.path("kept.cbor").exists(), "it is not known what was decided");
    // An entry that applied it is no refusal either.
    let url = answers(&c.server.url, "422 Unprocessable Entity", |body| {
        body.replace(
            "\"status\":\"applied\"",
            "\"status\":\"refused\",\"code\":\"above_total\",\"meaning\":\"\"",
        )
    });
    let ran = reserve(&c, &url, "100 CNY", &["--save", "applied.cbor"]);
    assert_eq!(ran.json()["error"]["code"], "bad_proof", "{}{}", ran.out, ran.err);
    assert_eq!(c.folder.ok(&c.server, &["submit", "applied.cbor"])["status"], "replayed");
    let honest = reserve(&c, &c.server.url, "1200.01 CNY", &["--save", "honest.cbor"]);
    assert_eq!(honest.json()["error"]["proved"], true, "{}", honest.out);
    assert!(!c.folder.path("honest.cbor").exists(), "an answer was had");
}

/// The only copy of the salts was gone, while the value waited for approvers.
#[test]
fn a_request_that_is_said_to_be_refused_keeps_its_file() {
    let c = Counter::new();
    let url = answers(&c.server.url, "422 Unprocessable Entity", forged);
    let of = ["request", &c.token, "--service", &c.cast.airline, "--action", "book", "--key", "agent.pem"];
    let asked = ["--resource", "flights/CA1501", "--argument", "class=first", "--amount", "100 CNY"];
    let ran = c.folder.client(&c.server, &[&of[..], &asked, &["--out", "q.json", "--url", &url]].concat());
    assert_eq!(ran.json()["error"]["code"], "above_total", "{}{}", ran.out, ran.err);
    let pending = c.folder.ok(&c.server, &["show", &c.token])["budgets"][0]["pending"].clone();
    assert_eq!(pending, "10000", "it was applied");
    assert!(c.folder.path("q.json").exists(), "the only copy of the salts is gone, and the value waits");
    // By the id that is said it can be taken back.
    let at = ran.err.find("\nrequest ").expect("its id") + "\nrequest ".len();
    let withdraw = ["approvals", "withdraw", &ran.err[at..at + 64], "--key", "agent.pem"];
    c.folder.ok(&c.server, &withdraw);
}
