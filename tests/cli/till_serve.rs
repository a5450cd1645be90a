//! A till behind HTTP: it keeps before it says yes, also when it is killed, and it is the one holder of its file.

use crate::counter::Counter;
use crate::run::remit;
use crate::server::Server;
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// Serves the till of the lease in `stay`.
fn serve(c: &Counter) -> Server {
    let mut command = remit();
    command.args(["--json", "till", "serve", "till.cbor", "--proof", "stay/lease-proof.cbor"]);
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
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "taken", "nothing was changed by all that");
}

#[test]
fn a_till_that_is_served_has_no_second_holder() {
    let c = counter();
    c.voucher("stay", "agent.pem", "800 CNY", "one").expect(0);
    let till = serve(&c);
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "taken");
    // Whoever comes now waits for the file, and finds what the server kept.
    let dir = c.folder.path("");
    let waiting = std::thread::spawn(move || {
        let mut command = remit();
        let words = ["--json", "till", "accept", "till.cbor", "--proof", "stay/lease-proof.cbor"];
        command.args(words).args(["--policy", "airline.toml", "--shown", "one"]).current_dir(dir);
        crate::run::run(&mut command)
    });
    assert_eq!(show(&till, &shown(&c, "one")).1["answer"], "repeated");
    till.terminate();
    assert_eq!(waiting.join().expect("it ends").expect(0).json()["answer"], "repeated");
}
