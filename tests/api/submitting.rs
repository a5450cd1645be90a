//! Submissions: applied, replayed, refused, several at once; what is too much, too long or unreadable; a full queue.

use crate::desk::{CBOR, Desk, SEQUENCE, call, posted};
use crate::world::key;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use remit::api::limits::{CLIENT_BYTES_MAX, SUBMISSION_BYTES_MAX, SUBMISSIONS_BYTES_MAX, SUBMISSIONS_MAX};
use remit::api::router;
use remit::ledger::queue_limits::{CALL_BYTES_MAX, QUEUE_BYTES_MAX};
use remit::ledger::{self, Service};
use remit::store::Fault;
use remit_verifier::c2sp::{TlogProof, Trust};
use remit_verifier::hash::leaf_hash;
use remit_verifier::merkle::verify_inclusion;
use remit_verifier::types::{EntryIndex, Millis};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

#[tokio::test]
async fn an_applied_submission_is_proved_by_its_answer() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    let answer = desk.submit(&ready).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["status"], &body["id"]),
        (200, &json!("applied"), &json!(ready.id.to_string()))
    );

    let text = body["proof"].as_str().expect("a proof");
    let proof = TlogProof::parse(text.as_bytes()).expect("a tlog-proof");
    let vkey = desk.service.verifier_key().expect("a key");
    let trust = Trust::parse(format!("log {vkey}\nquorum none\n").as_bytes()).expect("trust");
    let note = proof.note().as_str();
    assert_eq!(body["checkpoint"], note);
    let accepted = trust.accept(note.as_bytes(), desk.world.now, Millis(0)).expect("accepted");
    let at = EntryIndex(body["entry"].as_u64().expect("an index"));
    assert_eq!((proof.index(), body["size"].as_u64()), (at, Some(accepted.size().0)));
    let entry = desk.service.snapshot().entry(at).expect("kept").entry;
    let (size, root) = (accepted.size(), accepted.root());
    verify_inclusion(&leaf_hash(&entry), at, size, proof.hashes(), &root).expect("included");

    let again = desk.submit(&ready).await.json();
    assert_eq!((&again["status"], &again["entry"]), (&json!("replayed"), &body["entry"]));
    assert!(TlogProof::parse(again["proof"].as_str().expect("a proof").as_bytes()).is_ok());
}

#[tokio::test]
async fn a_durable_answer_has_no_proof() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    let body = desk.post("/v1/operations?wait=durable", CBOR, ready.bytes).await.json();
    assert_eq!(body["status"], "applied");
    for absent in ["size", "checkpoint", "proof"] {
        assert!(body.get(absent).is_none(), "{body}");
    }
    let ready = desk.party("bar");
    let body = desk.post("/v1/operations?wait=published", CBOR, ready.bytes).await.json();
    assert!(body["proof"].is_string());
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_moves_nothing() {
    let mut desk = Desk::new();
    let root = desk.root(100).await;
    let before = desk.service.sizes().published;
    let ask = desk.world.ask(root, 101);
    let invocation = desk.world.client.invocation(desk.world.now, &ask).expect("drafted");
    let signer = key("alice");
    let draft = desk.world.client.reserve(invocation, Vec::new(), &signer);
    let ready = desk.world.client.ready(&[draft]).expect("ready");
    let answer = desk.submit(&ready).await;
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["status"], &body["code"]),
        (422, &json!("refused"), &json!("above_total"))
    );
    assert_eq!((&body["member"], &body["id"]), (&json!(0), &json!(ready.id.to_string())));
    assert!(body["leaf"].is_u64() && body["meaning"].as_str().is_some_and(|text| !text.is_empty()));
    assert!(body.get("error").is_none());
    // The holder's own refused spend is an entry, proved like any other; and asked for again, the same one.
    let proof = TlogProof::parse(body["proof"].as_str().expect("a proof").as_bytes()).expect("a tlog-proof");
    assert_eq!(Some(proof.index().0), body["entry"].as_u64());
    assert_eq!(desk.submit(&ready).await.json()["entry"], body["entry"]);
    let decision = desk.json(&format!("/v1/decisions/{}", ready.id)).await;
    assert_eq!((&decision["status"], &decision["code"]), (&json!("refused"), &json!("above_total")));
    assert_eq!(decision["entry"], body["entry"]);
    let entry = desk.json(&format!("/v1/entries/{}", body["entry"])).await;
    assert_eq!((&entry["kind"], &entry["refused"]), (&json!("refusal"), &json!("above_total")));
    assert!(!desk.get(&format!("/v1/entries/{}/details", body["entry"])).await.body.is_empty());
    let recorded = desk.service.sizes().published;
    assert!(recorded.size > before.size);

    let no_cbor = desk.post("/v1/operations", CBOR, [0xff]).await;
    assert_eq!((no_cbor.status, &no_cbor.json()["code"]), (422, &json!("malformed")));
    assert_eq!((&no_cbor.json()["id"], &no_cbor.json()["leaf"]), (&json!(null), &json!(null)));
    let mut forged = desk.party("cafe").bytes;
    *forged.last_mut().expect("bytes") ^= 1;
    let forged = desk.post("/v1/operations", CBOR, forged).await;
    assert_eq!(forged.status, 422);
    assert_eq!(desk.service.sizes().published, recorded, "those leave nothing");
    assert_eq!(desk.json(&format!("/v1/tokens/{root}")).await["budgets"][0]["committed"], "0");
}

#[tokio::test]
async fn several_are_decided_in_order_each_for_itself() {
    let mut desk = Desk::new();
    let parties: Vec<_> = (0..20).map(|number| desk.party(&format!("party {number}"))).collect();
    let mut bytes: Vec<u8> = parties.iter().flat_map(|ready| ready.bytes.clone()).collect();
    bytes.extend(&parties[3].bytes);
    bytes.push(0x01);
    let answer = desk.post("/v1/operations", SEQUENCE, bytes).await;
    let body = answer.json();
    let answers = body["answers"].as_array().expect("answers");
    assert_eq!((answer.status, answers.len()), (200, 22));
    for (answer, ready) in answers.iter().zip(&parties) {
        assert_eq!((&answer["status"], &answer["id"]), (&json!("applied"), &json!(ready.id.to_string())));
        let proof = TlogProof::parse(answer["proof"].as_str().expect("a proof").as_bytes()).expect("a proof");
        assert_eq!(Some(proof.index().0), answer["entry"].as_u64());
    }
    let entries: Vec<_> = answers[..20].iter().map(|answer| answer["entry"].as_u64()).collect();
    assert!(entries.is_sorted());
    assert_eq!((&answers[20]["status"], &answers[20]["entry"]), (&json!("replayed"), &answers[3]["entry"]));
    assert_eq!((&answers[21]["status"], &answers[21]["code"]), (&json!("refused"), &json!("malformed")));

    let one = desk.party("alone");
    let one = desk.post("/v1/operations?wait=durable", SEQUENCE, one.bytes).await.json();
    assert_eq!(one["answers"][0]["status"], "applied");
}

#[tokio::test]
async fn bounds_hold_at_the_bound_and_one_past_it() {
    let desk = Desk::new();
    let post = |kind: &'static str, bytes: Vec<u8>| desk.post("/v1/operations", kind, bytes);
    // Not a submission, but short enough to be looked at: a refusal, not an error.
    assert_eq!(post(CBOR, vec![0; SUBMISSION_BYTES_MAX]).await.status, 422);
    assert_eq!(post(CBOR, vec![0; SUBMISSION_BYTES_MAX + 1]).await.error(), (413, "too_large".into()));

    let most = post(SEQUENCE, vec![0x01; SUBMISSIONS_MAX]).await;
    let answers = most.json()["answers"].as_array().expect("answers").len();
    assert_eq!((most.status, answers), (200, SUBMISSIONS_MAX));
    assert_eq!(post(SEQUENCE, vec![0x01; SUBMISSIONS_MAX + 1]).await.error(), (413, "too_many".into()));

    let mut long = vec![0x5a];
    long.extend(u32::try_from(SUBMISSIONS_BYTES_MAX - 5).expect("fits").to_be_bytes());
    long.resize(SUBMISSIONS_BYTES_MAX, 0);
    assert_eq!(post(SEQUENCE, long.clone()).await.json()["answers"][0]["code"], "oversize");
    long.push(0);
    assert_eq!(post(SEQUENCE, long).await.error(), (413, "too_large".into()));
}

#[tokio::test]
async fn what_is_no_submission_request_is_refused_before_it_is_read() {
    let mut desk = Desk::new();
    let bytes = desk.party("cafe").bytes;
    let post = |path: &'static str, kind: &'static str, bytes: Vec<u8>| desk.post(path, kind, bytes);
    let json = post("/v1/operations", "application/json", bytes.clone()).await;
    assert_eq!(json.error(), (415, "unsupported_type".into()));
    assert_eq!(
        post("/v1/operations?wait=never", CBOR, bytes.clone()).await.error(),
        (400, "bad_query".into())
    );
    assert_eq!(post("/v1/operations?w=1", CBOR, bytes.clone()).await.error(), (400, "bad_query".into()));
    assert_eq!(post("/v1/operations", SEQUENCE, Vec::new()).await.error(), (400, "bad_sequence".into()));
    assert_eq!(post("/v1/operations", SEQUENCE, vec![0x82, 1]).await.error(), (400, "bad_sequence".into()));
    let parameters = post("/v1/operations", "application/cbor; x=y", bytes.clone()).await;
    assert_eq!(parameters.status, 200);

    let request = Request::post("/v1/operations").header("content-type", CBOR);
    let chunked = call(&desk.router, request.body(Body::from(bytes.clone())).expect("a request")).await;
    assert_eq!(chunked.error(), (411, "length_required".into()));
    let request =
        Request::post("/v1/operations").header("content-type", CBOR).header("content-length", "many");
    let lied = call(&desk.router, request.body(Body::from(bytes.clone())).expect("a request")).await;
    assert_eq!(lied.error(), (400, "bad_request".into()));
    for length in [bytes.len() - 1, bytes.len() + 1] {
        let request = Request::post("/v1/operations").header("content-type", CBOR);
        let request = request.header("content-length", length).body(Body::from(bytes.clone()));
        let lied = call(&desk.router, request.expect("a request")).await;
        assert_eq!(lied.error(), (400, "bad_body".into()), "{length}");
    }
    // Every place is given back.
    desk.until(|sizes| sizes.queued.bytes == 0 && sizes.queued.operations == 0).await;
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_again() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    let permits: Vec<_> = (0..QUEUE_BYTES_MAX / CALL_BYTES_MAX)
        .map(|_| desk.service.permit(CALL_BYTES_MAX).expect("room"))
        .collect();
    let before = desk.service.sizes();
    let answer = desk.submit(&ready).await;
    assert_eq!(answer.error(), (503, "busy".into()));
    assert!(answer.header("retry-after").parse::<u64>().expect("seconds") >= 1);
    assert_eq!(desk.service.sizes(), before, "nothing was half done");
    assert_eq!(desk.get("/v1/log").await.status, 200, "reads go on");
    drop(permits);
    assert_eq!(desk.submit(&ready).await.json()["status"], "applied");
}

#[tokio::test]
async fn a_ledger_without_room_is_read_only() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    desk.store.fail_next(Fault::Full);
    assert_eq!(desk.submit(&ready).await.error(), (503, "read_only".into()));
    desk.until(|sizes| sizes.state.text() == "read_only").await;
    assert_eq!(desk.error("/readyz").await, (503, "read_only".into()));
    assert_eq!(desk.json("/v1/log").await["state"], "read_only");
}

#[tokio::test]
async fn a_stopped_ledger_says_that_it_is_not_known() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    desk.store.fail_next(Fault::Write);
    let answer = desk.submit(&ready).await;
    assert_eq!(answer.error(), (503, "stopped".into()));
    assert!(answer.json()["error"]["hint"].as_str().is_some_and(|hint| hint.contains("applied once")));
    desk.until(|sizes| sizes.state.text() == "stopped").await;
    assert_eq!(desk.submit(&ready).await.error(), (503, "stopped".into()));
    assert_eq!(desk.error("/readyz").await, (503, "stopped".into()));
    assert_eq!(desk.get_as_stranger("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_ledger_that_shuts_down_takes_nothing() {
    let mut desk = Desk::new();
    let ready = desk.party("cafe");
    desk.service.shutdown();
    let answer = call(&desk.router, posted("/v1/operations", CBOR, ready.bytes)).await;
    assert_eq!(answer.error().0, 503);
    assert_eq!(desk.error("/readyz").await.0, 503);
    assert_eq!(desk.get("/checkpoint").await.status, 200, "what was published can still be read");
}

/// One address fills its part with what is in progress, and others get on.
#[tokio::test]
async fn one_client_has_a_part_of_the_queue() {
    let mut desk = Desk::new();
    let (gate, router) = gated(&desk);
    let from = |address: &str, bytes: Vec<u8>| {
        let mut request = posted("/v1/operations", SEQUENCE, bytes);
        let peer: SocketAddr = address.parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(peer));
        call(&router, request)
    };
    let mut full = |address: &'static str| {
        // What the writer decides, and with it as many bytes as one request may bring.
        let requests = (0..CLIENT_BYTES_MAX / SUBMISSIONS_BYTES_MAX).map(|number| {
            let ready = desk.party(&format!("{address} {number}"));
            let rest = u32::try_from(SUBMISSIONS_BYTES_MAX - ready.bytes.len() - 5).expect("small");
            let body = [&ready.bytes[..], &[0x5a], &rest.to_be_bytes(), &vec![0; rest as usize]].concat();
            let mut request = Box::pin(from(address, body));
            assert!(request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            request
        });
        requests.collect::<Vec<_>>()
    };
    let closed = Closed::new(&gate);
    let in_progress = [full("192.0.2.7:1"), full("[2001:db8::1]:1")];
    for same in ["192.0.2.7:2", "[::ffff:192.0.2.7]:2", "[2001:db8::2]:2"] {
        // It is answered at once, and waits for nobody.
        let mut request = Box::pin(from(same, vec![0x80]));
        let polled = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(answer) = polled else { panic!("{same} is let in") };
        assert_eq!(
            (answer.error(), answer.header("retry-after")),
            ((429, "client_busy".into()), "1"),
            "{same}"
        );
    }
    for other in ["192.0.2.8:1", "[2001:db8:0:1::1]:1", "127.0.0.1:1"] {
        assert_eq!(from(other, vec![0x80]).await.status, 200, "{other}");
    }
    drop(closed);
    for request in in_progress.into_iter().flatten() {
        assert_eq!(request.await.json()["answers"][0]["status"], "applied");
    }
    assert_eq!(from("192.0.2.7:2", vec![0x80]).await.status, 200, "it has its part again");
}

/// Who hangs up has his part of the queue all the same, until what he brought is decided.
#[tokio::test]
async fn a_client_that_hangs_up_keeps_its_part_of_the_queue() {
    let mut desk = Desk::new();
    let (gate, router) = gated(&desk);
    let from = |bytes: Vec<u8>| {
        let mut request = posted("/v1/operations", SEQUENCE, bytes);
        let peer: SocketAddr = "192.0.2.7:1".parse().expect("an address");
        request.extensions_mut().insert(ConnectInfo(peer));
        call(&router, request)
    };
    let closed = Closed::new(&gate);
    let mut taken = 0;
    for number in 0..2 * CLIENT_BYTES_MAX / SUBMISSIONS_BYTES_MAX {
        let ready = desk.party(&number.to_string());
        let rest = u32::try_from(SUBMISSIONS_BYTES_MAX - ready.bytes.len() - 5).expect("small");
        let body = [&ready.bytes[..], &[0x5a], &rest.to_be_bytes(), &vec![0; rest as usize]].concat();
        let mut request = Box::pin(from(body));
        // Dropped as soon as it is queued: the connection is gone.
        if request.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            taken += SUBMISSIONS_BYTES_MAX;
        }
    }
    assert_eq!(taken, CLIENT_BYTES_MAX, "no more than its part is in the queue");
    drop(closed);
    while from(vec![0x80]).await.status != 200 {
        tokio::task::yield_now().await;
    }
}

/// The desk's ledger, started anew with a gate: while that is closed, the writer waits for the time.
fn gated(desk: &Desk) -> (Arc<AtomicBool>, Router) {
    desk.service.shutdown();
    let (gate, now) = (Arc::new(AtomicBool::new(false)), desk.world.now);
    let closed = gate.clone();
    let clock = Arc::new(move || {
        while closed.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        now
    });
    let settings = ledger::Settings { heartbeat: Millis(3_600_000), ..ledger::Settings::new(clock) };
    let service = Service::start(desk.store.clone(), Box::new(key("log")), settings).expect("starts");
    let router = router(service, crate::desk::settings(&desk.now));
    (gate, router)
}

/// A gate that is closed until this is dropped, by a test that fails too.
struct Closed(Arc<AtomicBool>);

impl Closed {
    fn new(gate: &Arc<AtomicBool>) -> Self {
        gate.store(true, Ordering::SeqCst);
        Self(gate.clone())
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}
