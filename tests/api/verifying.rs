//! What the interface hands out is judged offline, and its own verdicts are those of the library.

use crate::desk::{CBOR, Desk};
use crate::world::key;
use base64ct::Encoding;
use remit::api::limits::VERIFY_BYTES_MAX;
use remit_verifier::code::Code;
use remit_verifier::object::{Argument, Value as ArgumentValue};
use remit_verifier::types::{Millis, ObjectId};
use remit_verifier::verify::{Case, Decision, Request, Verdict, verify};
use serde_json::{Value, json};

const JSON: &str = "application/json";

fn base64(bytes: &[u8]) -> String {
    base64ct::Base64::encode_string(bytes)
}

/// What a holder shows the hotel, all of it read over HTTP.
struct Shown {
    presentation: Vec<u8>,
    invocation: Vec<u8>,
    arguments: Vec<Argument>,
    evidence: Vec<u8>,
}

async fn shown(desk: &mut Desk) -> Shown {
    let root = desk.root(100).await;
    let mut ask = desk.world.ask(root, 70);
    let client = &mut desk.world.client;
    let value = |name: &str, value| (name.to_owned(), value);
    let values = [
        value("seat", ArgumentValue::Text("12A".into())),
        value("nights", ArgumentValue::Integer(-3)),
        value("late", ArgumentValue::Bool(true)),
    ];
    ask.arguments = values.map(|(name, value)| client.argument(&name, value).expect("salted")).to_vec();
    let invocation = client.invocation(desk.world.now, &ask).expect("drafted");
    let signer = key("alice");
    let (id, bytes) = client.invoke(&invocation, &signer).expect("signed");
    let reserved = desk.apply(&[desk.world.client.reserve(invocation, Vec::new(), &signer)]).await.0.id;
    assert_eq!(reserved, id);
    let cny = desk.world.cny;
    let presentation = desk.get(&format!("/v1/tokens/{root}/presentation?unit={cny}")).await;
    assert_eq!(presentation.header("content-type"), CBOR);
    let evidence = desk.get(&format!("/v1/reservations/{id}/evidence")).await;
    assert_eq!(evidence.header("content-type"), CBOR);
    Shown {
        presentation: presentation.body,
        invocation: bytes,
        arguments: ask.arguments,
        evidence: evidence.body,
    }
}

impl Shown {
    fn offline(&self, desk: &Desk, evidence: bool) -> Verdict {
        let request = Request { invocation: &self.invocation, arguments: &self.arguments, approvals: &[] };
        let evidence = evidence.then_some(self.evidence.as_slice());
        verify(&self.presentation, Some(&request), evidence, &desk.policy(), desk.world.now)
    }

    fn json(&self, desk: &Desk) -> Value {
        let arguments = self.arguments.iter().map(|argument| {
            let value = match &argument.value {
                ArgumentValue::Integer(value) => json!(value),
                ArgumentValue::Text(value) => json!(value),
                ArgumentValue::Bool(value) => json!(value),
            };
            json!({"name": argument.name, "salt": base64(&argument.salt), "value": value})
        });
        json!({
            "presentation": base64(&self.presentation), "invocation": base64(&self.invocation),
            "arguments": arguments.collect::<Vec<_>>(), "evidence": base64(&self.evidence),
            "policy": desk.policy_text(), "now_ms": desk.world.now.0,
        })
    }
}

async fn judged(desk: &Desk, body: &Value) -> Value {
    let answer = desk.post("/v1/verify", JSON, body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn what_is_read_over_http_is_allowed_offline() {
    let mut desk = Desk::new();
    let shown = shown(&mut desk).await;
    assert_eq!(shown.offline(&desk, true).decision, Decision::Allowed);
    assert_eq!(shown.offline(&desk, false).decision, Decision::Permitted);
    let cny = ObjectId([9; 32]);
    let token = shown.offline(&desk, true).subject.token.expect("a token");
    let unknown = desk.error(&format!("/v1/tokens/{token}/presentation?unit={cny}")).await;
    assert_eq!(unknown, (404, "not_found".into()));
    assert_eq!(
        desk.error(&format!("/v1/tokens/{token}/presentation?unit=CNY")).await,
        (400, "bad_id".into())
    );
    assert_eq!(desk.error(&format!("/v1/tokens/{token}/presentation?of=x")).await, (400, "bad_query".into()));
}

#[tokio::test]
async fn verdicts_are_those_of_the_library() {
    let mut desk = Desk::new();
    let shown = shown(&mut desk).await;
    let whole = shown.json(&desk);
    let allowed = remit_verifier::json::verdict(&shown.offline(&desk, true));
    assert_eq!(judged(&desk, &whole).await, allowed);
    assert_eq!(allowed["decision"], "allowed");

    let mut unfunded = whole.clone();
    unfunded.as_object_mut().expect("an object").remove("evidence");
    assert_eq!(judged(&desk, &unfunded).await, remit_verifier::json::verdict(&shown.offline(&desk, false)));

    let mut other = whole.clone();
    other["arguments"][1]["value"] = json!(4);
    let denied = judged(&desk, &other).await;
    assert_eq!(
        (&denied["decision"], &denied["code"]),
        (&json!("denied"), &json!(Code::WrongArgument.text()))
    );

    let mut late = whole.clone();
    late["now_ms"] = json!(desk.world.now.0 + 601_000);
    assert_eq!(judged(&desk, &late).await["decision"], "denied");
    // Without a time, the server's clock decides; nothing is remembered of the later one.
    late.as_object_mut().expect("an object").remove("now_ms");
    assert_eq!(judged(&desk, &late).await, allowed);

    let request = ["presentation", "policy"].map(|name| (name.to_owned(), whole[name].clone()));
    let chain = judged(&desk, &Value::Object(request.into_iter().collect())).await;
    assert_eq!(chain["decision"], "permitted");
}

#[tokio::test]
async fn a_case_file_gives_its_own_verdict() {
    let mut desk = Desk::new();
    let shown = shown(&mut desk).await;
    let policy = desk.policy_text();
    let case = Case {
        now: desk.world.now,
        newest: Millis(0),
        presentation: &shown.presentation,
        invocation: Some(&shown.invocation),
        arguments: shown.arguments.clone(),
        evidence: Some(&shown.evidence),
        policy: policy.as_bytes(),
        approvals: Vec::new(),
    };
    let answer = desk.post("/v1/verify", CBOR, case.encode()).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, remit_verifier::json::verdict(&case.verdict(&desk.policy())))
    );
    let later = Case { now: Millis(case.now.0 + 601_000), ..case.clone() };
    assert_eq!(desk.post("/v1/verify", CBOR, later.encode()).await.json()["decision"], "denied");
    assert_eq!(desk.post("/v1/verify", CBOR, vec![0x80]).await.error(), (422, "bad_case".into()));
    let no_policy = Case { policy: b"party = 1", ..case };
    assert_eq!(desk.post("/v1/verify", CBOR, no_policy.encode()).await.error(), (422, "bad_policy".into()));
}

#[tokio::test]
async fn what_is_no_case_is_refused() {
    let mut desk = Desk::new();
    let whole = shown(&mut desk).await.json(&desk);
    let changed = |field: &str, value: Value| {
        let mut changed = whole.clone();
        changed[field] = value;
        changed.to_string()
    };
    for (body, expected) in [
        ("{".to_owned(), (400, "bad_json")),
        ("{}".into(), (400, "bad_json")),
        (changed("extra", json!(1)), (400, "bad_json")),
        (changed("now_ms", json!(-1)), (400, "bad_json")),
        (changed("presentation", json!("***")), (422, "bad_case")),
        (changed("invocation", json!("AA=A")), (422, "bad_case")),
        (changed("invocation", json!(null)), (422, "bad_case")),
        (changed("evidence", json!("é")), (422, "bad_case")),
        (changed("arguments", json!([{"name": "a", "salt": "AA==", "value": 1}])), (422, "bad_case")),
        (
            changed("arguments", json!([{"name": "", "salt": base64(&[0; 16]), "value": 1}])),
            (422, "bad_case"),
        ),
        (
            changed("arguments", json!([{"name": "a", "salt": base64(&[0; 16]), "value": 1.5}])),
            (400, "bad_json"),
        ),
        (changed("policy", json!("")), (422, "bad_policy")),
    ] {
        let answer = desk.post("/v1/verify", JSON, body.clone()).await;
        assert_eq!(answer.error(), (expected.0, expected.1.to_owned()), "{body:.200}");
    }
    let policy = desk.post("/v1/verify", JSON, changed("policy", json!("trust = 1\nx = 2\n"))).await.json();
    let message = policy["error"]["message"].as_str().expect("a message");
    assert!(message.contains("line 2") && message.contains("unknown_key"), "{message}");
    // A presentation that is none is a verdict.
    let denied = desk.post("/v1/verify", JSON, changed("presentation", json!("AA=="))).await.json();
    assert_eq!((&denied["decision"], denied["checks"].as_array().map(Vec::len)), (&json!("denied"), Some(1)));
    assert_eq!(desk.post("/v1/verify", "text/plain", "").await.error(), (415, "unsupported_type".into()));
}

#[tokio::test]
async fn requests_to_verify_are_bounded() {
    let desk = Desk::new();
    let at = desk.post("/v1/verify", JSON, vec![b' '; VERIFY_BYTES_MAX]).await;
    assert_eq!(at.error(), (400, "bad_json".into()));
    let past = desk.post("/v1/verify", JSON, vec![b' '; VERIFY_BYTES_MAX + 1]).await;
    assert_eq!(past.error(), (413, "too_large".into()));
}
