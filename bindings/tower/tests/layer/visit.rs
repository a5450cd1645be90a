//! A service behind the layer, with the policy of a vector, and what its holder brings and asks.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use remit_tower::remit::follow::{Newest, Record};
use remit_tower::{RemitLayer, RequestBody, Served, ServedRecord};
use remit_verifier::hash::sha256;
use remit_verifier::http::Fields;
use remit_verifier::object::Argument;
use remit_verifier::types::{Millis, ObjectId};
use remit_verifier::verify::{Case, Followed, Policy};
use serde_json::Value;
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tower::{Layer as _, ServiceExt as _};

/// The content that the vectors are signed for.
pub(crate) const CONTENT: &[u8] = b"{\"nights\":2}";
/// The time at which everything of the vectors is fresh.
pub(crate) const NOW: Millis = Millis(1_800_000_000_000);
/// A record that began then knows all that counts.
pub(crate) const MINUTE_AGO: Millis = Millis(NOW.0 - 70_000);

/// What reached the service: what it was told, the header fields, the content.
pub(crate) type Reached = (Option<Served>, HeaderMap, Bytes);

/// One service, its holder, and a clock.
pub(crate) struct Visit {
    pub(crate) presentation: Vec<u8>,
    evidence: Option<Vec<u8>>,
    fields: Fields,
    method: String,
    target: String,
    policy: Policy,
    time: Millis,
    clock: Arc<AtomicU64>,
    layer: RemitLayer,
    reached: Arc<Mutex<Vec<Reached>>>,
    _folder: Option<tempfile::TempDir>,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Bytes,
}

impl Answer {
    /// A field that stands once.
    pub(crate) fn field(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        match values.as_slice() {
            [] => "",
            [value] => value.to_str().expect("text"),
            _ => panic!("{name} stands twice"),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.content).expect("JSON")
    }
}

/// The vectors of requests over HTTP.
pub(crate) fn vectors() -> Vec<Value> {
    vectors_of("http.json")
}

fn vectors_of(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/vectors").join(file);
    let text = std::fs::read_to_string(path).expect("the vectors are there");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    all["vectors"].as_array().expect("a list").clone()
}

fn given(name: &str) -> (Vec<u8>, String, String) {
    let vectors = vectors();
    let vector = vectors.iter().find(|vector| vector["name"] == name).expect("the vector is there");
    let text = |key: &str| vector["input"][key].as_str().expect("text").to_owned();
    (unhex(&text("case")), text("method"), text("target"))
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The case of a vector of following, and the state that is followed.
pub(crate) fn followed(name: &str) -> (Vec<u8>, Arc<Followed>) {
    let vectors = vectors_of("following.json");
    let vector = vectors.iter().find(|vector| vector["name"] == name).expect("the vector is there");
    let bytes = |key: &str| unhex(vector["input"][key].as_str().expect("text"));
    (bytes("case"), Arc::new(Followed::restore(&bytes("followed")).expect("a state")))
}

/// The policy file of a vector.
pub(crate) fn policy_text(name: &str) -> String {
    let (case, _, _) = given(name);
    String::from_utf8(Case::decode(&case).expect("a case").policy.to_vec()).expect("text")
}

impl Visit {
    /// With a durable record that is old enough.
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let record = Record::open(&folder.path().join("state"), MINUTE_AGO, Millis(2_000)).expect("opens");
        Self { _folder: Some(folder), ..Self::with_record(name, record) }
    }

    /// With this record.
    pub(crate) fn with_record(name: &str, record: impl ServedRecord) -> Self {
        let policy = Policy::from_toml(policy_text(name).as_bytes()).expect("a policy");
        Self::with_policy(name, policy, record)
    }

    /// With this policy and record.
    pub(crate) fn with_policy(name: &str, policy: Policy, record: impl ServedRecord) -> Self {
        let (case, method, target) = given(name);
        Self::made(&case, method, target, policy, record, NOW)
    }

    /// Of a case file; the clock is its own.
    pub(crate) fn of_case(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let case = Case::decode(bytes).expect("a case");
        let record = Record::open(&folder.path().join("state"), Millis(0), Millis(2_000)).expect("opens");
        let policy = Policy::from_toml(case.policy).expect("a policy");
        let target = "/rooms/12/book".to_owned();
        Self { _folder: Some(folder), ..Self::made(bytes, "POST".into(), target, policy, record, case.now) }
    }

    fn made(
        bytes: &[u8],
        method: String,
        target: String,
        policy: Policy,
        record: impl ServedRecord,
        now: Millis,
    ) -> Self {
        let case = Case::decode(bytes).expect("a case");
        let clock = Arc::new(AtomicU64::new(now.0));
        let read = clock.clone();
        let layer = RemitLayer::new(policy.clone(), record, move || Millis(read.load(Ordering::Relaxed)));
        let fields = Fields {
            invocation: case.invocation.expect("an invocation").to_vec(),
            presentation: sha256(&[case.presentation]),
            arguments: case.arguments.clone(),
            approvals: case.approvals.iter().map(|approval| approval.to_vec()).collect(),
            evidence: case.evidence.map(|evidence| sha256(&[evidence])),
        };
        Self {
            presentation: case.presentation.to_vec(),
            evidence: case.evidence.map(<[u8]>::to_vec),
            fields,
            method,
            target,
            policy,
            time: case.now,
            clock,
            layer: layer.expect("durable enough"),
            reached: Arc::default(),
            _folder: None,
        }
    }

    /// With a path for everybody.
    pub(crate) fn public(self, path: &str) -> Self {
        Self { layer: self.layer.public(path), ..self }
    }

    /// With the newest evidence on a disk.
    pub(crate) fn newest(self, newest: Newest) -> Self {
        Self { layer: self.layer.newest(newest), ..self }
    }

    /// By what is followed.
    pub(crate) fn following(self, states: impl Fn() -> Vec<Arc<Followed>> + Send + Sync + 'static) -> Self {
        Self { layer: self.layer.followed(states), ..self }
    }

    /// Another layer with the same policy, changed.
    pub(crate) fn layer(&self, change: impl FnOnce(RemitLayer) -> RemitLayer) -> RemitLayer {
        let text = format!("record = \"memory\"\n{}", policy_text("decide/served"));
        let policy = Policy::from_toml(text.as_bytes()).expect("a policy");
        let record = Record::in_memory(MINUTE_AGO, Millis(2_000));
        change(RemitLayer::new(policy, record, || NOW).expect("durable enough"))
    }

    pub(crate) fn arguments(&self) -> &[Argument] {
        &self.fields.arguments
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy.clone()
    }

    pub(crate) fn party(&self) -> ObjectId {
        self.policy.settings().party
    }

    /// Sets the clock to the time of the vector: what is stale by then was brought before.
    pub(crate) fn at_the_vectors_time(&self) {
        self.clock.store(self.time.0, Ordering::Relaxed);
    }

    /// What reached the service.
    pub(crate) fn served(&self) -> Vec<Reached> {
        self.reached.lock().expect("not poisoned").clone()
    }

    pub(crate) async fn bring(&self, what: &str, bytes: &[u8]) -> Answer {
        let request = Request::post(format!("/.well-known/remit/{what}"))
            .header("content-type", "application/cbor")
            .body(Full::from(bytes.to_vec()));
        self.ask(request.expect("a request")).await
    }

    pub(crate) async fn bring_all(&self) {
        self.bring("presentations", &self.presentation).await;
        if let Some(evidence) = &self.evidence {
            self.bring("evidence", evidence).await;
        }
    }

    /// The request of the vector with this content.
    pub(crate) fn request(&self, content: &[u8]) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(&*self.method).uri(&*self.target);
        request = request.header("host", "Hotel.example");
        for (name, value) in self.fields.written() {
            request = request.header(name, value);
        }
        request.body(Full::from(content.to_vec())).expect("a request")
    }

    /// Asks the service once.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        let reached = self.reached.clone();
        let shop = tower::service_fn(move |request: Request<RequestBody<Full<Bytes>>>| {
            let reached = reached.clone();
            async move {
                let (parts, body) = request.into_parts();
                let content = body.collect().await.expect("content").to_bytes();
                let told = parts.extensions.get::<Served>().cloned();
                reached.lock().expect("not poisoned").push((told, parts.headers, content));
                let answer = Response::builder().header("remit-id", "a lie").header("x-shop", "open");
                Ok::<_, Infallible>(answer.body(Full::<Bytes>::from("served")).expect("an answer"))
            }
        });
        let answer = self.layer.layer(shop).oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        let content = body.collect().await.expect("content").to_bytes();
        Answer { status: parts.status, headers: parts.headers, content }
    }
}
