//! Traces: a collector on loopback receives the spans of a request and of the cycle that it caused, and nothing else.

use crate::exported::parties;
use crate::run::{remit, run};
use crate::server::{Folder, Server, TOKEN};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A field of a message of Protocol Buffers: what is not of variable length is left away.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = number(&mut bytes);
        let size = match tag & 7 {
            0 => {
                number(&mut bytes);
                continue;
            }
            1 => 8,
            5 => 4,
            _ => number(&mut bytes) as usize,
        };
        let (content, rest) = bytes.split_at(size);
        if tag & 7 == 2 {
            found.push((tag >> 3, content));
        }
        bytes = rest;
    }
    found
}

/// All that stand at this path of field numbers.
fn at<'a>(bytes: &'a [u8], path: &[u64]) -> Vec<&'a [u8]> {
    path.iter().fold(vec![bytes], |messages, number| {
        let below = messages.into_iter().flat_map(fields);
        below.filter(|(found, _)| found == number).map(|(_, content)| content).collect()
    })
}

fn text(bytes: &[&[u8]]) -> String {
    bytes.first().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn hex(bytes: &[&[u8]]) -> String {
    bytes.concat().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
    attributes: BTreeMap<String, String>,
}

/// The spans of one request to a collector.
fn spans(body: &[u8]) -> Vec<Span> {
    let span = |span: &[u8]| Span {
        trace: hex(&at(span, &[1])),
        id: hex(&at(span, &[2])),
        parent: hex(&at(span, &[4])),
        name: text(&at(span, &[5])),
        attributes: at(span, &[9])
            .iter()
            .map(|pair| (text(&at(pair, &[1])), text(&at(pair, &[2, 1]))))
            .collect(),
    };
    at(body, &[1, 2, 2]).into_iter().map(span).collect()
}

/// A collector: what is sent to it, with the head of the request.
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (send, received) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_lowercase();
            let length =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).expect("a body");
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).expect("answered");
            if send.send((head, body)).is_err() {
                break;
            }
        }
    });
    (url, received)
}

/// Asks for a path as somebody whose trace this is; the status of the answer.
fn asked(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("the server");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: ledger\r\nConnection: close\r\nx-request-id: mine\r\n\
         authorization: Bearer {TOKEN}\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer.chars().skip(9).take(3).collect()
}

#[test]
fn a_collector_receives_requests_and_cycles_and_nothing_private() {
    let (collector, received) = collector();
    let folder = Folder::new();
    let mut command = remit();
    command.arg("serve").arg(folder.ledger()).args(["--listen", "127.0.0.1:0", "--json"]);
    command.env("REMIT_LOG_OTLP", &collector).env("OTEL_SERVICE_NAME", "the-ledger");
    let server = Server::spawn(&mut command).ready();
    parties(&server, 3);
    let private = "ab".repeat(32);
    assert_eq!(asked(&server, "/v1/log"), "200");
    assert!(asked(&server, &format!("/v1/tokens/{private}?at=private")).starts_with('4'));
    let (code, said) = server.terminate();
    assert_eq!(code, Some(0), "{said}");
    let sent: Vec<(String, Vec<u8>)> = received.try_iter().collect();
    assert!(sent.iter().all(|(head, _)| head.starts_with("post /v1/traces ")), "at its end all are sent");
    let spans: Vec<Span> = sent.iter().flat_map(|(_, body)| spans(body)).collect();
    let log = spans
        .iter()
        .find(|span| span.trace == TRACE && span.name == "GET /v1/log")
        .expect("the trace of whoever asked goes on");
    assert_eq!(log.parent, PARENT);
    assert_eq!(log.attributes["remit.request_id"], "mine");
    assert_eq!((log.attributes["http.route"].as_str(), log.id.len()), ("/v1/log", 16));
    assert!(spans.iter().any(|span| span.name == "POST /v1/operations" && span.parent.is_empty()));
    assert!(spans.iter().any(|span| span.name == "GET /v1/tokens/{id}"));
    let cycles: Vec<&Span> = spans.iter().filter(|span| span.name == "cycle").collect();
    let whole = cycles.iter().any(|cycle| {
        let steps: Vec<&str> =
            spans.iter().filter(|span| span.parent == cycle.id).map(|span| span.name.as_str()).collect();
        steps == ["build", "commit", "guard", "read back", "sign", "publish"]
    });
    assert!(whole && cycles.iter().all(|cycle| cycle.parent.is_empty()));
    let all: Vec<u8> = sent.into_iter().flat_map(|(_, body)| body).collect();
    let has = |words: &str| all.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(has("the-ledger") && has("remit.operations"));
    for private in ["private", private.as_str(), TOKEN, "party 1", "did:key", "remit.example"] {
        assert!(!has(private), "{private} was sent");
    }
}

#[test]
fn a_collector_that_is_not_there_hinders_nobody() {
    let folder = Folder::new();
    let mut command = remit();
    command.arg("serve").arg(folder.ledger()).args(["--listen", "127.0.0.1:0", "--json"]);
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    command.env("REMIT_LOG_OTLP", format!("http://{closed}"));
    let server = Server::spawn(&mut command).ready();
    parties(&server, 3);
    assert_eq!(server.terminate().0, Some(0));
    let wrong =
        run(remit().arg("serve").arg(folder.ledger()).env("REMIT_LOG_OTLP", "ftp://collector")).expect(2);
    assert!(wrong.err.contains("log.otlp"), "{}", wrong.err);
}
