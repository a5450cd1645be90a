//! Every outcome of the layer, asked as a holder asks: the decision vectors, bringing, serving once, starting again.

mod visit;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use remit_tower::remit::follow::{Newest, Record};
use remit_tower::{CONTENT_BYTES_MAX, NotDurable, RemitLayer, ServedRecord};
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{Unrecorded, written_content_digest};
use remit_verifier::object::Path;
use remit_verifier::sign::{Ask, Held, LocalSigner, Sent, Signer as _};
use remit_verifier::types::{Millis, Nonce};
use remit_verifier::verify::Policy;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tower::{Layer as _, ServiceExt as _};
use visit::{CONTENT, MINUTE_AGO, NOW, Visit, followed, policy_text, vectors};

#[tokio::test]
async fn every_decision_vector_comes_out_by_its_own_code() {
    let mut decided = 0;
    for vector in vectors().iter().filter(|vector| vector["input"]["kind"] == "decide") {
        let name = vector["name"].as_str().expect("a name");
        let visit = Visit::new(name);
        visit.bring_all().await;
        visit.at_the_vectors_time();
        let content = if name == "decide/content" { &b"{\"nights\":3}"[..] } else { CONTENT };
        let answer = visit.ask(visit.request(content)).await;
        let result = vector["result"].as_str().expect("a result");
        let (status, told) = match result {
            "ok" => (StatusCode::OK, "allowed".to_owned()),
            code => (StatusCode::FORBIDDEN, format!("denied; code={code}")),
        };
        assert_eq!((answer.status, answer.field("remit-verdict")), (status, &*told), "{name}");
        assert_eq!(visit.served().len(), usize::from(result == "ok"), "{name}");
        if result == "ok" {
            assert_eq!(answer.field("remit-id"), vector["values"]["id"], "{name}");
            let again = visit.ask(visit.request(content)).await;
            assert_eq!(again.field("remit-verdict"), "denied; code=served_before", "{name}");
            assert_eq!(visit.served().len(), 1, "{name}");
        }
        decided += 1;
    }
    assert!(decided >= 14, "{decided} vectors");
}

#[tokio::test]
async fn what_was_asked_is_told_and_nobody_else_tells_it() {
    let visit = Visit::new("decide/funded");
    visit.bring_all().await;
    let mut request = visit.request(CONTENT);
    request.headers_mut().insert("remit-holder", "me".parse().expect("a value"));
    request.headers_mut().insert("x-mine", "1".parse().expect("a value"));
    let answer = visit.ask(request).await;
    assert_eq!((answer.status, &*answer.content), (StatusCode::OK, &b"served"[..]));
    let served = visit.served();
    let (told, headers, content) = &served[0];
    let told = told.as_ref().expect("who asked for what");
    assert_eq!((told.action(), told.resource(), content.as_ref()), ("book", "rooms/12", CONTENT));
    assert_eq!(told.invocation().payment.as_ref().map(|payment| payment.amount.0), Some(100));
    assert_eq!((told.arguments().len(), told.content()), (1, sha256(&[CONTENT])));
    assert!(!headers.contains_key("remit-holder") && headers.contains_key("x-mine"));
    assert_eq!(answer.field("remit-id"), told.id().to_string(), "not what the service said");
    assert_eq!((answer.field("remit-amount"), answer.field("x-shop")), ("100", "open"));
    assert!(answer.field("remit-content").ends_with("; checked"));
}

#[tokio::test]
async fn nobody_asks_for_nothing() {
    let visit = Visit::new("decide/served");
    let bare = Request::post("/rooms/12/book").header("host", "hotel.example");
    let answer = visit.ask(bare.body(Full::from(CONTENT)).expect("a request")).await;
    assert_eq!(
        (answer.status, answer.field("remit-verdict")),
        (StatusCode::UNAUTHORIZED, "denied; code=no_invocation")
    );
    let challenge = format!("Remit party=\"{}\", max_staleness=60", visit.party());
    assert_eq!(answer.field("www-authenticate"), challenge);
    assert_eq!(
        (answer.json()["code"].as_str(), answer.json()["decision"].as_str()),
        (Some("no_invocation"), Some("denied"))
    );
    assert_eq!(answer.field("cache-control"), "no-store");
    assert!(visit.served().is_empty());
}

#[tokio::test]
async fn what_is_not_at_hand_is_brought_and_the_same_bytes_are_asked_again() {
    let visit = Visit::new("decide/served");
    let answer = visit.ask(visit.request(CONTENT)).await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("unknown_presentation"))
    );
    let brought = visit.bring("presentations", &visit.presentation).await;
    assert_eq!(
        (brought.status, brought.json()["verdict"]["decision"].as_str()),
        (StatusCode::CREATED, Some("permitted"))
    );
    assert_eq!(brought.json()["hash"], sha256(&[&visit.presentation]).to_string());
    for status in [StatusCode::OK, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN] {
        assert_eq!(visit.ask(visit.request(CONTENT)).await.status, status);
    }
    assert_eq!(visit.served().len(), 1);
}

#[tokio::test]
async fn what_is_no_good_is_not_kept() {
    let visit = Visit::new("decide/served");
    let mut broken = visit.presentation.clone();
    *broken.last_mut().expect("a byte") ^= 1;
    assert_eq!(visit.bring("presentations", &broken).await.status, StatusCode::FORBIDDEN);
    assert_eq!(visit.bring("evidence", b"no evidence").await.status, StatusCode::FORBIDDEN);
    assert_eq!(visit.bring("presentations", &vec![0; 1 << 20]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let place = "/.well-known/remit/presentations";
    let text = Request::post(place).header("content-type", "text/plain").body(Full::default());
    assert_eq!(visit.ask(text.expect("a request")).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let get = visit.ask(Request::get(place).body(Full::default()).expect("a request")).await;
    assert_eq!((get.status, get.field("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    assert_eq!(visit.ask(visit.request(CONTENT)).await.status, StatusCode::UNAUTHORIZED);
    assert!(visit.served().is_empty());
}

/// The code of a request that was changed.
async fn changed(change: impl FnOnce(&mut Request<Full<Bytes>>)) -> String {
    let visit = Visit::new("decide/served");
    visit.bring_all().await;
    let mut request = visit.request(CONTENT);
    change(&mut request);
    let answer = visit.ask(request).await;
    assert!(visit.served().is_empty(), "what was changed is not served");
    answer.field("remit-verdict").trim_start_matches("denied; code=").to_owned()
}

#[tokio::test]
async fn another_request_than_was_signed_is_refused() {
    let put = |request: &mut Request<Full<Bytes>>, name: &'static str, value: &str| {
        request.headers_mut().append(name, value.parse().expect("a value"));
    };
    let uri =
        |request: &mut Request<Full<Bytes>>, uri: &str| *request.uri_mut() = uri.parse().expect("a URI");
    assert_eq!(
        changed(|request| *request.body_mut() = Full::from(&b"{\"nights\":3}"[..])).await,
        "wrong_request"
    );
    assert_eq!(changed(|request| *request.body_mut() = Full::default()).await, "wrong_request");
    let other = written_content_digest(&sha256(&[b"other"]));
    assert_eq!(changed(|request| put(request, "content-digest", &other)).await, "wrong_request");
    let own = written_content_digest(&sha256(&[CONTENT]));
    let twice = changed(|request| {
        put(request, "content-digest", &own);
        put(request, "content-digest", &own);
    });
    assert_eq!(twice.await, "malformed");
    assert_eq!(changed(|request| put(request, "host", "other.example")).await, "malformed");
    assert_eq!(changed(|request| put(request, "upgrade", "websocket")).await, "malformed");
    assert_eq!(changed(|request| uri(request, "http://other.example/rooms/12/book")).await, "malformed");
    assert_eq!(changed(|request| uri(request, "/rooms/1%32/book")).await, "no_route");
    assert_eq!(changed(|request| uri(request, "/rooms/12/book?late=1")).await, "no_route");
    assert_eq!(changed(|request| uri(request, "/rooms/13/book")).await, "wrong_request");
    assert_eq!(changed(|request| *request.method_mut() = Method::PUT).await, "no_route");
    let without = changed(|request| {
        request.headers_mut().remove("host");
    });
    assert_eq!(without.await, "malformed");
    let invocation = |request: &mut Request<Full<Bytes>>| {
        let value = request.headers()["remit-invocation"].clone();
        request.headers_mut().append("remit-invocation", value);
    };
    assert_eq!(changed(invocation).await, "malformed");
}

#[tokio::test]
async fn content_is_bounded_in_bytes_and_time() {
    let visit = Visit::new("decide/served");
    visit.bring_all().await;
    for (bytes, status) in
        [(CONTENT_BYTES_MAX, StatusCode::FORBIDDEN), (CONTENT_BYTES_MAX + 1, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        assert_eq!(visit.ask(visit.request(&vec![0; bytes])).await.status, status, "{bytes}");
    }
    let layer = visit.layer(|layer| layer.content(16, Duration::from_millis(20)));
    let (parts, _) = visit.request(CONTENT).into_parts();
    let inner =
        tower::service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(Full::<Bytes>::default())) });
    let asked = layer.layer(inner).oneshot(Request::from_parts(parts, Never));
    let answer = tokio::time::timeout(Duration::from_secs(5), asked).await.expect("in time");
    assert_eq!(answer.expect("an answer").status(), StatusCode::REQUEST_TIMEOUT);
    assert!(visit.served().is_empty());
}

/// Content that never comes.
struct Never;

impl http_body::Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn public_paths_are_exactly_those() {
    let visit = Visit::new("decide/served").public("/health");
    let ask = |uri: &str| {
        Request::get(uri).header("host", "hotel.example").body(Full::default()).expect("a request")
    };
    let mut open = ask("/health");
    open.headers_mut().insert("remit-holder", "me".parse().expect("a value"));
    assert_eq!(visit.ask(open).await.status, StatusCode::OK);
    let served = visit.served();
    assert!(served[0].0.is_none() && !served[0].1.contains_key("remit-holder"));
    for uri in ["/health?x", "/health/", "/Health", "/healthy"] {
        assert_eq!(visit.ask(ask(uri)).await.status, StatusCode::UNAUTHORIZED, "{uri}");
    }
}

#[tokio::test]
async fn a_holder_signs_what_is_served() {
    let visit = Visit::new("decide/served");
    visit.bring_all().await;
    let held = Held::read(&visit.presentation).expect("a chain");
    let names = ["agent", "hotel agent", "night agent", "assistant", "assistant 2", "sub-agent"];
    let seeds = names.iter().map(|name| sha256(&[b"remit vectors", name.as_bytes()]).0);
    let mut keys = seeds.chain((0..64).map(|number| [number; 32])).map(|seed| LocalSigner::from_seed(&seed));
    let key = keys.find(|key| key.public_key() == held.holder()).expect("a key of the vectors");
    let ask = Ask {
        audience: visit.party(),
        action: "book".into(),
        resource: Path::parse("rooms/12").expect("a path"),
        arguments: visit.arguments().to_vec(),
        payment: None,
        request_nonce: None,
        valid_until: None,
    };
    let sent = Sent {
        method: "POST",
        authority: "hotel.example",
        target: "/rooms/12/book",
        content: Some(CONTENT),
        approvals: &[],
        evidence: None,
    };
    let headers = held.request(&key, &ask, &sent, Nonce([5; 16]), NOW).expect("signed");
    let request = || {
        let mut request = Request::post("https://hotel.example/rooms/12/book")
            .version(http::Version::HTTP_2)
            .body(Full::from(CONTENT))
            .expect("a request");
        for (name, value) in &headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        request
    };
    for expected in ["allowed", "denied; code=served_before"] {
        assert_eq!(visit.ask(request()).await.field("remit-verdict"), expected);
    }
}

#[tokio::test]
async fn what_was_revoked_is_refused() {
    let case = include_bytes!("../../../../verifier/examples/cases/revoked.case");
    let visit = Visit::of_case(case);
    let brought = visit.bring("presentations", &visit.presentation).await;
    assert_eq!((brought.status, brought.json()["code"].as_str()), (StatusCode::FORBIDDEN, Some("revoked")));
    assert_eq!(visit.ask(visit.request(CONTENT)).await.json()["code"], "unknown_presentation");
}

#[tokio::test]
async fn what_is_followed_is_asked_for_before_each_decision() {
    let (case, good) = followed("judge/good");
    let (_, revoked) = followed("judge/revoked");
    let states = Arc::new(Mutex::new(Vec::new()));
    let newest = states.clone();
    let visit = Visit::of_case(&case).following(move || newest.lock().expect("not poisoned").clone());
    // A presentation of ten minutes ago is too old by itself.
    for (known, code) in [(None, Some("stale")), (Some(good), None), (Some(revoked), Some("revoked"))] {
        *states.lock().expect("not poisoned") = known.into_iter().collect();
        let answer = visit.bring("presentations", &visit.presentation).await;
        assert_eq!(answer.json()["code"].as_str(), code);
        assert_eq!(answer.status, if code.is_none() { StatusCode::CREATED } else { StatusCode::FORBIDDEN });
    }
}

#[tokio::test]
async fn a_record_on_a_disk_remembers_and_one_in_memory_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    for expected in ["allowed", "denied; code=served_before"] {
        let record = Record::open(&folder.path().join("state"), MINUTE_AGO, Millis(2_000)).expect("opens");
        let visit = Visit::with_record("decide/served", record);
        visit.bring_all().await;
        assert_eq!(visit.ask(visit.request(CONTENT)).await.field("remit-verdict"), expected);
    }
    let policy = || Visit::new("decide/served").policy();
    let record = || Record::in_memory(NOW, Millis(2_000));
    assert_eq!(RemitLayer::new(policy(), record(), || NOW).err(), Some(NotDurable));
    let visit = Visit::with_policy("decide/served", in_memory(&policy_text("decide/served")), record());
    visit.bring_all().await;
    let answer = visit.ask(visit.request(CONTENT)).await;
    assert_eq!(answer.field("remit-verdict"), "denied; code=before_start");
    let earlier = Record::in_memory(MINUTE_AGO, Millis(2_000));
    let visit = Visit::with_policy("decide/served", in_memory(&policy_text("decide/served")), earlier);
    visit.bring_all().await;
    assert_eq!(visit.ask(visit.request(CONTENT)).await.field("remit-verdict"), "allowed");
}

fn in_memory(text: &str) -> Policy {
    let text = format!("record = \"memory\"\n{text}");
    Policy::from_toml(text.as_bytes()).expect("a policy")
}

/// A record that is lost.
struct Gone;

impl ServedRecord for Gone {
    fn take(&self, _: &Unrecorded, _: Millis) -> Result<(), Code> {
        Err(Code::NoRecord)
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// A record with a bug.
struct Panics;

impl ServedRecord for Panics {
    fn take(&self, _: &Unrecorded, _: Millis) -> Result<(), Code> {
        panic!("on purpose")
    }

    fn is_durable(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_served() {
    for visit in [Visit::with_record("decide/served", Gone), Visit::with_record("decide/served", Panics)] {
        visit.bring_all().await;
        let answer = visit.ask(visit.request(CONTENT)).await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, Some("no_record"))
        );
        assert_eq!(answer.json()["decision"], "denied");
        assert!(visit.served().is_empty());
    }
}

#[tokio::test]
async fn the_newest_evidence_is_kept_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let newest = || Newest::open(folder.path()).expect("opens");
    let visit = Visit::new("decide/served").newest(newest());
    visit.bring_all().await;
    assert!(newest().get() > Millis(0));
}
