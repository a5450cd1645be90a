//! A ledger behind its HTTP interface, called without a socket.

use crate::world::{START, World, key, public};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use remit::api::{Directory, DirectoryError, Reader, Role, Served, Settings, router};
use remit::client::{Client, Randomness, Ready};
use remit::index::{Found, Index, List};
use remit::ledger::{self, Service, Sizes};
use remit::store::SharedMemory;
use remit_verifier::hash::sha256;
use remit_verifier::sign::{Draft, Signer};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{EntryIndex, Millis, ObjectId, StateIndex, TreeSize};
use remit_verifier::verify::Policy;
use serde_json::Value;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tower::ServiceExt;

/// The token of the reader `auditor`.
pub const TOKEN: &str = "an auditor's token";
pub const SEQUENCE: &str = "application/cbor-seq";
pub const CBOR: &str = "application/cbor";

pub struct Desk {
    /// What was before the service began; its client drafts on.
    pub world: World,
    pub store: SharedMemory,
    pub service: Service,
    pub router: Router,
    pub now: Arc<AtomicU64>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// Status and code of an error, whose form is checked.
    pub fn error(&self) -> (u16, String) {
        let body = self.json();
        let error = &body["error"];
        assert_eq!(error["request_id"], self.header("x-request-id"), "{body}");
        assert!(error["message"].as_str().is_some_and(|message| message.ends_with('.')), "{body}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("cache-control"), "no-store");
        (self.status, error["code"].as_str().expect("a code").to_owned())
    }
}

/// The lists of an index, made by looking at every leaf; with one leaf too many, as an index may have. What is searched
/// for, a true index finds.
struct Everything(Service, tempfile::TempDir);

impl Everything {
    fn over(service: Service) -> Self {
        Self(service, tempfile::tempdir().expect("a folder"))
    }

    /// One that has come to what is published.
    fn index(&self) -> Index {
        let index = Index::open(self.1.path(), self.0.id()).expect("made");
        index.follow(&self.0.snapshot()).expect("follows");
        index
    }

    fn find(&self, after: Option<u64>, limit: usize, fits: impl Fn(&LeafBody) -> bool) -> Vec<u64> {
        let snapshot = self.0.snapshot();
        let leaves = (after.map_or(0, |after| after + 1)..).map(StateIndex);
        let leaves = leaves.map_while(|index| Some((index, snapshot.leaf(index).ok()?)));
        let found = leaves.filter(|(_, record)| fits(&record.leaf.body)).map(|(index, _)| index.0);
        found.chain([1 << 40]).take(limit).collect()
    }
}

impl Directory for Everything {
    fn wait_for(&self, _: TreeSize, _: std::time::Duration) -> TreeSize {
        self.0.snapshot().size()
    }

    fn list(&self, list: &List, after: Option<u64>, limit: usize) -> Result<Vec<u64>, DirectoryError> {
        let snapshot = self.0.snapshot();
        let entries = || (after.map_or(0, |after| after + 1)..snapshot.size().0).map(EntryIndex);
        // More than fits: what the key no longer holds, what other approvers were asked, what is not published yet.
        let entries: Vec<u64> = match list {
            List::Held(_) => return Ok(self.find(after, limit, |body| matches!(body, LeafBody::Token(_)))),
            List::Issuers => return Ok(self.find(after, limit, |body| matches!(body, LeafBody::Party(_)))),
            List::Asked(_) => {
                let asks = |at: &EntryIndex| snapshot.requests_in(*at).is_ok_and(|asked| !asked.is_empty());
                entries().filter(asks).map(|at| at.0).collect()
            }
            List::Offers => {
                let offers = |at: &EntryIndex| snapshot.offers_in(*at).is_ok_and(|offers| !offers.is_empty());
                entries().filter(offers).map(|at| at.0).collect()
            }
            _ => return self.index().list(list, after, limit).map_err(|_| DirectoryError),
        };
        Ok(entries.into_iter().chain([1 << 40]).take(limit).collect())
    }

    fn search(&self, lists: &[List], range: Range<u64>, limit: usize) -> Result<Found, DirectoryError> {
        self.index().search(lists, range, limit).map_err(|_| DirectoryError)
    }

    fn names(&self, begins: &str, limit: usize) -> Result<Vec<StateIndex>, DirectoryError> {
        self.index().names(begins, limit).map_err(|_| DirectoryError)
    }
}

impl Desk {
    /// A ledger with an issuer, services and units, and nothing else.
    pub fn new() -> Self {
        Self::over(World::new())
    }

    /// A ledger on which everything happened once.
    pub fn with_everything() -> Self {
        Self::over(crate::story::everything())
    }

    pub fn over(mut world: World) -> Self {
        let now = Arc::new(AtomicU64::new(world.now.0));
        let store = SharedMemory::new(world.ledger.store().clone());
        // No heartbeat comes between what a test looks at.
        let settings =
            ledger::Settings { heartbeat: Millis(3_600_000), ..ledger::Settings::new(clock(&now)) };
        let service = Service::start(store.clone(), Box::new(key("log")), settings).expect("starts");
        // The world drafts on with nonces that it did not draw before.
        world.client = Client::new(world.ledger.id(), Randomness::Seeded(1 << 32));
        let router = router(served(&service), self::settings(&now));
        Self { world, store, service, router, now }
    }

    /// The same ledger behind other settings.
    pub fn served(&self, change: impl FnOnce(&mut Settings)) -> Router {
        let mut settings = settings(&self.now);
        change(&mut settings);
        router(served(&self.service), settings)
    }

    pub fn advance(&mut self, seconds: u64) {
        self.world.advance(seconds);
        self.now.store(self.world.now.0, Ordering::Relaxed);
        self.service.wake();
    }

    /// Asks as the auditor.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        call(&self.router, request.body(Body::empty()).expect("a request")).await
    }

    /// Asks as somebody whom nobody knows.
    pub async fn get_as_stranger(&self, path: &str) -> Answer {
        call(&self.router, Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Asks for what must be there, as JSON.
    pub async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{path}");
        answer.json()
    }

    /// Asks for what must not be there.
    pub async fn error(&self, path: &str) -> (u16, String) {
        self.get(path).await.error()
    }

    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        call(&self.router, posted(path, content_type, body.into())).await
    }

    pub async fn submit(&self, ready: &Ready) -> Answer {
        self.post("/v1/operations", CBOR, ready.bytes.clone()).await
    }

    /// Submits what must be applied; its answer.
    pub async fn apply(&self, drafts: &[Draft<'_>]) -> (Ready, Value) {
        let ready = self.world.client.ready(drafts).expect("drafts");
        let answer = self.submit(&ready).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        (ready, answer.json())
    }

    /// Waits for what the writer does right after it has answered.
    pub async fn until(&self, reached: impl Fn(&Sizes) -> bool) {
        while !reached(&self.service.sizes()) {
            tokio::task::yield_now().await;
        }
    }

    /// A party that registers itself.
    pub fn party(&mut self, name: &str) -> Ready {
        let key = key(name);
        let signers: [&dyn Signer; 1] = [&key];
        let draft = self.world.client.party(self.world.now, name, &signers).expect("draft");
        self.world.client.ready(&[draft]).expect("ready")
    }

    /// A root of so many CNY for `alice`, through the interface.
    pub async fn root(&mut self, total: u64) -> ObjectId {
        use remit::client::{TokenSpec, budget};
        use remit_verifier::types::Amount;
        let budgets = Some(vec![budget(self.world.cny, Amount(total))]);
        let spec = TokenSpec { budgets, ..self.world.spec("alice") };
        let (issuer, signer) = (self.world.issuer, key("issuer"));
        let draft = self.world.client.root(self.world.now, issuer, &spec, &signer).expect("draft");
        self.apply(&[draft]).await.0.id
    }

    /// The hotel's policy file: this log, this issuer, evidence of at most ten minutes.
    pub fn policy_text(&self) -> String {
        let vkey = self.service.verifier_key().expect("a key");
        let origin = &self.service.genesis().origin;
        format!(
            "trust = \"\"\"\nlog {vkey}\nquorum none\n\"\"\"\nparty = \"{}\"\nissuers = [\"{}\"]\n\
             max_staleness_s = 600\nskew_ms = 2000\n[ledgers]\n\"{origin}\" = \"{}\"\n",
            self.world.hotel,
            self.world.issuer,
            self.service.id()
        )
    }

    pub fn policy(&self) -> Policy {
        Policy::from_toml(self.policy_text().as_bytes()).expect("a policy")
    }
}

fn clock(now: &Arc<AtomicU64>) -> ledger::Clock {
    let now = now.clone();
    Arc::new(move || Millis(now.load(Ordering::Relaxed)))
}

fn served(service: &Service) -> Served {
    let directory = Some(Arc::new(Everything::over(service.clone())) as Arc<dyn Directory>);
    Served { directory, ..Served::from(service.clone()) }
}

pub fn settings(now: &Arc<AtomicU64>) -> Settings {
    let mut settings = Settings::new(clock(now));
    settings.readers =
        vec![Reader { name: "auditor".into(), sha256: sha256(&[TOKEN.as_bytes()]).0, role: Role::Auditor }];
    settings
}

pub fn posted(path: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let request =
        Request::post(path).header("content-type", content_type).header("content-length", body.len());
    request.body(Body::from(body)).expect("a request")
}

pub async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a body").to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// The text of a test's key.
pub fn did(name: &str) -> String {
    remit::keys::did::to_text(public(name).bytes())
}

/// The time at which every story begins.
pub fn start() -> Millis {
    START
}
