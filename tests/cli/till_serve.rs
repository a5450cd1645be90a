//! A till behind HTTP: it keeps before it says yes, also when it is killed, and it is the one holder of its file.

use crate::counter::Counter;
use crate::run::{Ran, remit};
use crate::server::Server;
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Serves the till of the lease in `stay`.
fn serve(c: &Counter) -> Server {
    serve_at(c, "till.cbor")
}

fn serve_at(c: &Counter, state: &str) -> Server {
    let mut command = remit();
    command.args(["--json", "till", "serve", state, "--proof", "stay/lease-proof.cbor"]);
    command.args(["--policy", "airline.toml", "--listen", "127.0.0.1:0"]).current_dir(c.folder.path(""));
    Server::spawn(&mut command)
}

fn ask(server: &Server, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the till");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: till\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// What the holder shows of one use: the voucher and the one argument, as JSON.
fn shown(c: &Counter, folder: &str) -> Vec<u8> {
    let voucher = fs::read(c.folder.path(folder).join("voucher.cbor")).expect("a voucher");
    let arguments = fs::read_to_string(c.folder.path(folder).join("arguments.txt")).expect("arguments");
    let (value, salt) =
        arguments.trim().strip_prefix("amount=").and_then(|line| line.split_once(':')).expect("one argument");
    let salt: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&salt[2 * at..2 * at + 2], 16).expect("hex")).collect();
    let value: i64 = value.parse().expect("a number");
    let argument = json!({ "name": "amount", "salt": Base64::encode_string(&salt), "value": value });
    json!({ "voucher": Base64::encode_string(&voucher), "arguments": [argument] }).to_string().into_bytes()
}

fn show(server: &Server, body: &[u8]) -> (u16, Value) {
    ask(server, "POST", "/v1/vouchers", "application/json", body)
}

fn counter() -> Counter {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    c
}

#[test]
fn a_till_is_kept_before_its_yes_and_goes_on_after_a_kill() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    c.voucher("stay", "agent.pem", "700 CNY", "two").expect(0);
    let (one, two) = (shown(&c, "one"), shown(&c, "two"));
    let till = serve(&c);
    let (status, early) = show(&till, &two);
    assert_eq!((status, &early["answer"], &early["number"]), (403, &"refused".into(), &0.into()));
    assert_eq!(early["code"], "wrong_number", "the second one first");
    assert_eq!(early["cumulative_minor"], Value::Null, "what was spent is not for everybody");
    let (status, taken) = show(&till, &one);
    assert_eq!((status, &taken["answer"], &taken["number"]), (200, &"taken".into(), &1.into()));
    assert_eq!(taken["cumulative_minor"], "80000");
    // Killed right after its yes.
    drop(till);
    let till = serve(&c);
    let (status, again) = show(&till, &one);
    assert_eq!((status, &again["answer"], &again["number"]), (200, &"repeated".into(), &1.into()));
    assert_eq!(show(&till, &two).1["answer"], "taken");
    let (_, stands) = ask(&till, "GET", "/v1/till", "text/plain", b"");
    assert_eq!((&stands["cumulative_minor"], &stands["amount_minor"]), (&"150000".into(), &"300000".into()));
    let (code, said) = till.terminate();
    assert_eq!(code, Some(0), "{said}");
    let settled = c.folder.ok(&c.server, &["till", "settle", "till.cbor", "--key", "airline.pem"]);
    assert_eq!((&settled["uses"], &settled["amount_minor"]), (&2.into(), &"150000".into()));
    let till = serve(&c);
    assert_eq!(show(&till, &two).1["answer"], "repeated", "the last one has its answer still");
    assert_eq!(show(&till, &one).1["answer"], "refused");
}

#[test]
fn bad_requests_to_a_till_get_an_error_and_change_nothing() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    let till = serve(&c);
    let post = |kind: &str, body: &[u8]| ask(&till, "POST", "/v1/vouchers", kind, body);
    for (kind, body, status, code) in [
        ("application/json", &b"{"[..], 400, "bad_json"),
        ("application/json", br#"{"voucher":"!"}"#, 400, "bad_json"),
        ("application/json", br#"{"voucher":"","more":1}"#, 400, "bad_json"),
        ("text/plain", b"voucher", 415, "unsupported_type"),
        ("application/cbor", &vec![0; remit::api::SHOWN_BYTES_MAX + 1], 413, "too_large"),
    ] {
        let (found, said) = post(kind, body);
        assert_eq!((found, said["error"]["code"].as_str()), (status, Some(code)), "{kind}");
    }
    let alone = fs::read(c.folder.path("one").join("voucher.cbor")).expect("a voucher");
    let (status, said) = post("application/cbor", &alone);
    assert_eq!(
        (status, &said["answer"]),
        (403, &"refused".into()),
        "the condition needs its argument: {said}"
    );
    let (status, said) = post("application/cbor", &[0; 10]);
    assert_eq!((status, &said["answer"]), (403, &"refused".into()), "{said}");
    assert_eq!(ask(&till, "GET", "/healthz", "text/plain", b"").0, 204);
    for (method, path, status, code) in
        [("GET", "/nothing", 404, "unknown_path"), ("GET", "/v1/vouchers", 405, "method_not_allowed")]
    {
        let (found, said) = ask(&till, method, path, "text/plain", b"");
        assert_eq!((found, said["error"]["code"].as_str()), (status, Some(code)), "{path}");
    }
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "taken", "nothing was changed by all that");
}

/// Whoever came now waited for ever without a word, and a settlement that waited closed the till under the next server.
#[test]
fn a_till_that_is_served_has_no_second_holder() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    let till = serve(&c);
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "taken");
    let held = |ran: Ran| {
        let ran = ran.expect(1);
        assert_eq!(ran.json()["error"]["code"], "held", "{}", ran.err);
        assert!(ran.err.contains("till.cbor is used by another process"), "{}", ran.err);
        assert!(ran.err.contains("hint: `remit till serve` holds its till"), "{}", ran.err);
    };
    held(c.accept("till.cbor", "one"));
    held(c.folder.client(&c.server, &["till", "settle", "till.cbor", "--key", "airline.pem"]));
    let (code, said) = serve(&c).wait();
    assert!(code == Some(1) && said.contains("is used by another process"), "{said}");
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "repeated");
    till.terminate();
    assert_eq!(c.accept("till.cbor", "one").expect(0).json()["answer"], "repeated");
}

/// The lock looked stale and was removed: one voucher was taken by both.
#[test]
fn two_tills_on_one_file_do_not_both_say_yes() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    let mut first = serve(&c);
    fs::remove_file(c.folder.path("till.cbor.lock")).expect("removed");
    let second = serve(&c);
    let one = shown(&c, "one");
    let (status, said) = show(&first, &one);
    assert_eq!((status, &said["answer"]), (503, &"stopped".into()), "{said}");
    assert_eq!(said, json!({ "answer": "stopped" }), "what is in memory is not what is on the disk");
    assert_eq!(show(&second, &one).1["answer"], "taken");
    let (code, said) = first.wait_a_while();
    assert!(code == Some(70) && said.contains("was moved, removed or replaced"), "{code:?} {said}");
    // The same for a till that got another name: it was made anew under the old one.
    fs::rename(c.folder.path("till.cbor"), c.folder.path("moved.cbor")).expect("moved");
    c.voucher("stay", "agent.pem", "700 CNY", "two").expect(0);
    assert_eq!(show(&second, &shown(&c, "two")).1["answer"], "stopped");
    assert!(!c.folder.path("till.cbor").exists());
    assert_eq!(c.accept("moved.cbor", "two").expect(0).json()["answer"], "taken");
}

/// It answered 503, said nowhere why, was healthy, and ended in good order.
#[test]
fn a_till_that_stopped_says_why_and_ends() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    fs::create_dir(c.folder.path("shop")).expect("a folder");
    fs::rename(c.folder.path("till.cbor"), c.folder.path("shop/till.cbor")).expect("moved");
    let mut till = serve_at(&c, "shop/till.cbor");
    fs::rename(c.folder.path("shop"), c.folder.path("gone")).expect("moved");
    assert_eq!(show(&till, &shown(&c, "one")).0, 503);
    let (code, said) = till.wait_a_while();
    assert_eq!(code, Some(70), "{said}");
    for part in
        ["ERROR", "the till could not be kept", "error: the till is served no more: ", "shop/till.cbor"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("in good order"), "{said}");
    assert_eq!(c.accept("gone/till.cbor", "one").expect(0).json()["answer"], "taken", "nothing was stored");
}

#[test]
fn a_file_that_is_no_till_leaves_no_lock() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    c.accept("nosuch.cbor", "one").expect(2);
    c.opening("refused.cbor", "one").expect(2);
    for name in ["nosuch.cbor.lock", "refused.cbor.lock"] {
        assert!(!c.folder.path(name).exists(), "{name} stays");
    }
}

#[test]
fn a_verifier_beside_a_service_takes_the_vouchers_of_each_of_its_tills() {
    let c = counter();
    c.lease("2000 CNY", "other");
    c.open("other.cbor", "other");
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    c.voucher("other", "agent.pem", "500 CNY", "two").expect(0);
    let verifier = |tills: &[(&str, &str)]| {
        let mut command = remit();
        command.args(["--json", "verifier", "serve", "--policy", "airline.toml", "--state", "verifier"]);
        for (till, lease) in tills {
            command.args(["--till", till, "--proof", &format!("{lease}/lease-proof.cbor")]);
        }
        command.args(["--listen", "127.0.0.1:0"]).current_dir(c.folder.path(""));
        Server::spawn(&mut command)
    };
    let (one, two) = (shown(&c, "one"), shown(&c, "two"));
    let none = verifier(&[]);
    assert_eq!(show(&none, &one).1["code"], "wrong_lease");
    drop(none);
    let both = verifier(&[("till.cbor", "stay"), ("other.cbor", "other")]);
    let taken = |server: &Server, body: &[u8]| {
        let (status, said) = show(server, body);
        (status, said["answer"].as_str().unwrap_or_default().to_owned(), said["number"].clone())
    };
    assert_eq!(taken(&both, &two), (200, "taken".into(), json!(1)));
    assert_eq!(taken(&both, &one), (200, "taken".into(), json!(1)));
    assert_eq!(taken(&both, &one), (200, "repeated".into(), json!(1)));
    assert_eq!(ask(&both, "GET", "/healthz", "text/plain", b"").0, 204);
    let (code, said) = serve(&c).wait_a_while();
    assert!(code != Some(0) && said.contains("is used by another process"), "it is held: {said}");
    drop(both);
    // Killed and started with one of them, it knows what that one took, and the other is another's.
    let one_of_them = verifier(&[("other.cbor", "other")]);
    assert_eq!(taken(&one_of_them, &two).1, "repeated");
    assert_eq!(show(&one_of_them, &one).1["code"], "wrong_lease");
}
