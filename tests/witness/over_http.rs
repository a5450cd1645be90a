//! What a client sees of a witness.

use crate::*;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Request, StatusCode};
use remit::api::{serve_witness, witness_router};
use remit_verifier::hash::sha256;
use remit_verifier::limits::ADD_CHECKPOINT_BYTES_MAX;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

struct Seen {
    status: StatusCode,
    kind: String,
    body: String,
}

fn ask(router: &Router, method: Method, path: &str, body: Vec<u8>) -> Seen {
    let request = Request::builder().method(method).uri(path).body(Body::from(body)).expect("a request");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let response = router.clone().oneshot(request).await.expect("answered");
        let (status, headers) = (response.status(), response.headers().clone());
        let kind = headers.get("content-type").map(|kind| kind.to_str().expect("text").to_owned());
        let bytes: Bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        let body = String::from_utf8(bytes.to_vec()).expect("text");
        Seen { status, kind: kind.unwrap_or_default(), body }
    })
}

#[test]
fn a_client_sees_what_the_standard_says() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let router = witness_router(Arc::new(open(folder.path())), Arc::new(|| NOW.millis()));
    let post = |body| ask(&router, Method::POST, "/add-checkpoint", body);
    let get = |path: &str| ask(&router, Method::GET, path, Vec::new());
    let at = format!("/{}/checkpoint", sha256(&[ORIGIN.as_bytes()]));
    assert_eq!(get(&at).status, 404);
    let seven = Tree::of(0, 7);
    let reply = post(seven.from(0));
    assert_eq!(reply.status, 200);
    assert!(reply.body.starts_with(&format!("\u{2014} {NAME} ")) && reply.body.lines().count() == 1);
    assert_eq!(get(&at).body, format!("{}{}", seven.note(), reply.body));
    let conflict = post(seven.from(0));
    assert_eq!((conflict.status.as_u16(), conflict.kind.as_str()), (409, "text/x.tlog.size"));
    assert_eq!(conflict.body, "7\n");
    let fork = post(Tree::of(1, 7).from(7));
    assert_eq!((fork.status.as_u16(), fork.body.split(':').next()), (422, Some("fork")));
    assert_eq!(post(b"old".to_vec()).status, 400);
    assert_eq!(post(vec![b'x'; ADD_CHECKPOINT_BYTES_MAX + 1]).status, 400);
    assert_eq!(post(vec![b'x'; 10 * ADD_CHECKPOINT_BYTES_MAX]).status, 400, "and not read to its end");
    assert_eq!(post(request(0, vec![], &note("another", 7, seven.root(), 1))).status, 404);
    assert_eq!(post(request(7, vec![], &note(ORIGIN, 7, seven.root(), 9))).status, 403);
    let said = get("/").body;
    let (key, log) = (own_key(), log_key(1));
    assert_eq!(said, format!("witness {key}\nkind ordinary\nlog {log}\ncosigned {ORIGIN} 7 {NOW}\n"));
    assert!(get("/evidence").body.contains("\"kind\":\"fork\""));
    assert_eq!(get("/healthz").status, 204);
    let metrics = get("/metrics").body;
    for line in [
        "remit_witness_answers_total{status=\"200\"} 1",
        "remit_witness_answers_total{status=\"400\"} 3",
        "remit_witness_answers_total{status=\"422\"} 1",
        "remit_witness_size{origin=\"log.example/one\"} 7",
        "remit_witness_broken 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
}

/// 64 bodies of which no end came kept everybody else out.
#[test]
fn slow_bodies_take_nobodys_place() {
    let folder = tempfile::tempdir().expect("a folder");
    made(folder.path());
    let witness = Arc::new(open(folder.path()));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (told, stop) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stopped = async move { drop(stop.await) };
        runtime.block_on(serve_witness(listener, witness, Arc::new(|| NOW.millis()), stopped))
    });
    let begun = |head: &str, length: usize, body: &[u8]| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        let start = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n";
        write!(stream, "{start}{head}Content-Length: {length}\r\n\r\n").expect("sent");
        stream.write_all(body).expect("sent");
        stream
    };
    let slow: Vec<TcpStream> = (0..80).map(|_| begun("", 1_000, b"old 3")).collect();
    std::thread::sleep(Duration::from_millis(300));
    let body = Tree::of(0, 7).from(0);
    let mut answer = String::new();
    let mut good = begun("Connection: close\r\n", body.len(), &body);
    good.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(slow);
    told.send(()).expect("it runs");
    server.join().expect("no panic").expect("served");
}
