//! A ledger in a folder with a guard beside it, and what is needed to submit to it.

use remit::client::{Ask, Client, Randomness, Ready, TokenSpec, budget, public_key};
use remit::engine::Answer;
use remit::ledger::{GuardPlace, Service, Settings, StartError, Wait};
use remit::store::RocksStore;
use remit::store::rocks::{OpenError, RocksOptions};
use remit_verifier::hash::sha256;
use remit_verifier::log::Genesis;
use remit_verifier::object::{Act, Path, Payment, Permission};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Epoch, Millis, ObjectId, Rules, Seconds};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Root tokens, each with a holder of its own.
pub(crate) const TOKENS: u64 = 16;

/// A key that is the same at every run.
pub(crate) fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&sha256(&[b"crash key", name.as_bytes()]).0)
}

pub(crate) fn holder(number: u64) -> LocalSigner {
    key(&format!("holder {number}"))
}

pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Millis(u64::try_from(since.as_millis()).expect("before the year 500 000 000"))
}

/// Where things lie in a test's folder.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) root: PathBuf,
}

impl Place {
    pub(crate) fn new(root: &FilePath) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(crate) fn guard(&self) -> PathBuf {
        self.root.join("guard")
    }

    fn names(&self) -> PathBuf {
        self.root.join("world.json")
    }

    /// Settings with the real clock and the guard where it is.
    pub(crate) fn settings(&self) -> Settings {
        Settings { guard: GuardPlace::At(self.guard()), ..Settings::new(Arc::new(now)) }
    }

    pub(crate) fn open(&self, options: &RocksOptions) -> Result<RocksStore, OpenError> {
        RocksStore::open(&self.data(), options, &mut |_| {})
    }

    pub(crate) fn start(&self) -> Result<Service, StartError> {
        let store = self.open(&RocksOptions::default()).expect("opens");
        Service::start(store, Box::new(key("log")), self.settings())
    }

    /// Makes a ledger with an issuer, a payee, a unit and tokens, and stops it again.
    pub(crate) fn build(&self) -> World {
        let operator = public_key(&key("operator")).expect("a key");
        let log_key = public_key(&key("log")).expect("a key");
        let genesis = Genesis {
            time: now(),
            origin: "remit.example/crash".into(),
            log_key,
            operators: vec![operator],
            threshold: 1,
            rules: Rules::NEWEST,
        };
        let first = remit::engine::begin(&genesis);
        let store = RocksStore::create(&self.data(), first, &RocksOptions::default()).expect("creates");
        let settings = Settings { guard: GuardPlace::New(self.guard()), ..self.settings() };
        let service = Service::start(store, Box::new(key("log")), settings).expect("starts");
        let client = Client::new(service.id(), Randomness::System);
        let mut world =
            World { client, unit: ObjectId::default(), payee: ObjectId::default(), tokens: vec![] };
        world.found(&service);
        service.shutdown();
        let ids: Vec<String> = world.tokens.iter().map(ToString::to_string).collect();
        let kept = serde_json::json!({
            "ledger": service.id().to_string(), "unit": world.unit.to_string(),
            "payee": world.payee.to_string(), "tokens": ids,
        });
        std::fs::write(self.names(), kept.to_string()).expect("writes");
        world
    }

    /// What [`Place::build`] made, in another process.
    pub(crate) fn world(&self) -> World {
        let kept = std::fs::read(self.names()).expect("reads");
        let kept: serde_json::Value = serde_json::from_slice(&kept).expect("JSON");
        let text = |name: &str| kept[name].as_str().expect("text").to_owned();
        let tokens = kept["tokens"].as_array().expect("a list").iter();
        let tokens = tokens.map(|id| ObjectId(bytes(id.as_str().expect("text")))).collect();
        let ledger = remit_verifier::types::LedgerId(bytes(&text("ledger")));
        World {
            client: Client::new(ledger, Randomness::System),
            unit: ObjectId(bytes(&text("unit"))),
            payee: ObjectId(bytes(&text("payee"))),
            tokens,
        }
    }
}

fn bytes(hex: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal");
    }
    bytes
}

/// Who submits what.
pub(crate) struct World {
    client: Client,
    unit: ObjectId,
    payee: ObjectId,
    tokens: Vec<ObjectId>,
}

impl World {
    fn found(&mut self, service: &Service) {
        let issuer = self.register(service, "issuer");
        self.payee = self.register(service, "payee");
        let operator = key("operator");
        let act = self.client.act(now(), Act::Issuer { party: issuer }, &[&operator]).expect("a draft");
        self.apply(service, act);
        let unit = Act::Unit { name: "CNY".into(), decimals: 2 };
        let act = self.client.act(now(), unit, &[&operator]).expect("a draft");
        self.unit = self.apply(service, act);
        let signer = key("issuer");
        for number in 0..TOKENS {
            let permission = Permission {
                services: Some(vec![self.payee]),
                actions: Some(vec!["book".into()]),
                resources: Some(vec![Path::parse("flights").expect("a path")]),
                conditions: Vec::new(),
            };
            let holder = public_key(&holder(number)).expect("a key");
            let spec = TokenSpec {
                permissions: Some(vec![permission]),
                budgets: Some(vec![budget(self.unit, Amount(1 << 40))]),
                ..TokenSpec::new(holder, Seconds(now().seconds().0 + 7 * 24 * 3600))
            };
            let draft = self.client.root(now(), issuer, &spec, &signer).expect("a draft");
            let token = self.apply(service, draft);
            self.tokens.push(token);
        }
    }

    fn register(&mut self, service: &Service, name: &str) -> ObjectId {
        let signer = key(name);
        let draft = self.client.party(now(), name, &[&signer as &dyn Signer]).expect("a draft");
        self.apply(service, draft)
    }

    fn apply(&mut self, service: &Service, draft: Draft<'_>) -> ObjectId {
        let ready = self.client.ready(&[draft]).expect("signs");
        let answer = service.submit_wait(vec![ready.bytes], Wait::Durable).expect("answers").remove(0).answer;
        assert!(matches!(answer, Answer::Applied(_)), "{answer:?}");
        ready.id
    }

    /// A signed reserve of one minor unit on the token with this number.
    pub(crate) fn reserve(&mut self, number: u64) -> Ready {
        let time = now();
        let payment = Payment {
            amount: Amount(1),
            unit: self.unit,
            settle_by: Seconds(time.seconds().0 + 24 * 3600),
            refund_until: None,
        };
        let ask = Ask {
            token: self.tokens[usize::try_from(number % TOKENS).expect("small")],
            epoch: Epoch(0),
            audience: self.payee,
            action: "book".into(),
            resource: Path::parse("flights/CA1501").expect("a path"),
            arguments: Vec::new(),
            payment: Some(payment),
            request: None,
        };
        let signer = holder(number % TOKENS);
        let invocation = self.client.invocation(time, &ask).expect("a draft");
        let draft = self.client.reserve(invocation, Vec::new(), &signer);
        self.client.ready(&[draft]).expect("signs")
    }
}
