//! A running ledger over the shared memory store, with a clock that tests set, and who submits to it.

use remit::audit;
use remit::client::{Ask, Client, Randomness, Ready, TokenSpec, budget, public_key};
use remit::engine::Answer;
use remit::ledger::{Service, Settings, StartError, SubmitError, Submitted, Wait};
use remit::store::{MemoryStore, SharedMemory};
use remit_verifier::c2sp::{Checkpoint, Trust};
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::{Act, Path, Payment, Permission};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::{Amount, EntryIndex, Epoch, Millis, ObjectId, Rules, Seconds};
use remit_verifier::verify::{
    Decision, Issuers, LoggedLinks, Policy, Serving, Settings as PolicySettings, verify,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub const START: Millis = Millis(1_800_000_000_000);

/// How slowly the heart beats here.
pub const HEARTBEAT: Millis = Millis(600_000);

/// Longer than any test waits for what comes; what does not come must not be waited for without end.
pub const LONG: Duration = Duration::from_secs(30);

/// Waits for what another thread is about to do.
pub fn until(done: impl Fn() -> bool) {
    let waited = (0..LONG.as_millis()).find(|_| {
        let done = done();
        if !done {
            std::thread::sleep(Duration::from_millis(1));
        }
        done
    });
    assert!(waited.is_some(), "it does not come");
}

/// A key that is the same at every run.
pub fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&remit_verifier::hash::sha256(&[b"test key", name.as_bytes()]).0)
}

/// A clock that stands still until it is set.
#[derive(Clone)]
pub struct Time(Arc<AtomicU64>);

impl Time {
    pub fn at(now: Millis) -> Self {
        Self(Arc::new(AtomicU64::new(now.0)))
    }

    pub fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }

    pub fn set(&self, now: Millis) {
        self.0.store(now.0, Ordering::SeqCst);
    }

    pub fn advance(&self, by: u64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// The defaults, with this clock, and with a heart so slow that none beats unless the clock is set.
    pub fn settings(&self) -> Settings {
        let clock = self.clone();
        let defaults = Settings::new(Arc::new(move || clock.now()));
        assert_eq!((defaults.heartbeat, defaults.jump_max), (Millis(10_000), Millis(3_600_000)));
        Settings { heartbeat: HEARTBEAT, ..defaults }
    }
}

pub fn genesis() -> Genesis {
    let operator = public_key(&key("operator")).expect("a key");
    let log_key = public_key(&key("log")).expect("a key");
    Genesis {
        time: START,
        origin: "remit.example/sequencer".into(),
        log_key,
        operators: vec![operator],
        threshold: 1,
        rules: Rules::NEWEST,
    }
}

/// A store with a genesis and nothing more.
pub fn new_store() -> SharedMemory {
    let mut store = MemoryStore::default();
    store.commit(remit::engine::begin(&genesis()), &[]);
    SharedMemory::new(store)
}

pub fn start(store: &SharedMemory, settings: Settings) -> Result<Service, StartError> {
    Service::start(store.clone(), Box::new(key("log")), settings)
}

/// A running ledger with an issuer, a payee, a unit and a token of plenty.
pub struct House {
    pub time: Time,
    pub store: SharedMemory,
    pub service: Service,
    pub client: Client,
    pub issuer: ObjectId,
    pub payee: ObjectId,
    pub unit: ObjectId,
    pub token: ObjectId,
}

impl House {
    pub fn new() -> Self {
        let time = Time::at(START);
        Self::with(time.settings(), time)
    }

    pub fn with(settings: Settings, time: Time) -> Self {
        let store = new_store();
        let service = start(&store, settings).expect("starts");
        let client = Client::new(service.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        Self { time, store, service, client, issuer: none, payee: none, unit: none, token: none }.furnish()
    }

    /// Registers whoever lives here.
    pub fn furnish(mut self) -> Self {
        self.issuer = self.party("issuer");
        self.payee = self.party("payee");
        let party = self.issuer;
        self.operate(Act::Issuer { party });
        self.unit = self.operate(Act::Unit { name: "CNY".into(), decimals: 2 });
        self.token = self.issue("holder", 1_000_000);
        self
    }

    /// The same people at another service over what is kept.
    pub fn move_to(self, store: SharedMemory, service: Service) -> Self {
        Self { store, service, ..self }
    }

    pub fn submit(&self, ready: &Ready) -> Result<Submitted, SubmitError> {
        let answers = self.service.submit_wait(vec![ready.bytes.clone()], Wait::Published)?;
        Ok(answers.into_iter().next().expect("an answer for each"))
    }

    pub fn apply(&self, ready: &Ready) -> EntryIndex {
        match self.submit(ready).expect("decided").answer {
            Answer::Applied(entry) => entry,
            other => panic!("{other:?}"),
        }
    }

    fn party(&mut self, name: &str) -> ObjectId {
        let key = key(name);
        let draft = self.client.party(self.time.now(), name, &[&key]).expect("draft");
        let ready = self.client.ready(&[draft]).expect("signed");
        self.apply(&ready);
        ready.id
    }

    /// An act of the operator, ready.
    pub fn act(&mut self, act: Act, signer: &str) -> Ready {
        let key = key(signer);
        let draft = self.client.act(self.time.now(), act, &[&key]).expect("draft");
        self.client.ready(&[draft]).expect("signed")
    }

    fn operate(&mut self, act: Act) -> ObjectId {
        let ready = self.act(act, "operator");
        self.apply(&ready);
        ready.id
    }

    /// A root token for everything at the payee's.
    pub fn issue(&mut self, holder: &str, total: u64) -> ObjectId {
        let ready = self.token(holder, total, vec![Path::parse("").expect("path")]);
        self.apply(&ready);
        ready.id
    }

    /// A root token for these resources, ready to be submitted.
    pub fn token(&mut self, holder: &str, total: u64, resources: Vec<Path>) -> Ready {
        let expires = Seconds(self.time.now().seconds().0 + 30 * 24 * 3600);
        let spec = TokenSpec {
            permissions: Some(vec![Permission {
                services: Some(vec![self.payee]),
                actions: Some(vec!["book".into()]),
                resources: Some(resources),
                conditions: Vec::new(),
            }]),
            budgets: Some(vec![budget(self.unit, Amount(total))]),
            ..TokenSpec::new(public_key(&key(holder)).expect("a key"), expires)
        };
        let signer = key("issuer");
        let draft = self.client.root(self.time.now(), self.issuer, &spec, &signer).expect("draft");
        self.client.ready(&[draft]).expect("signed")
    }

    /// A reservation that is ready to be submitted.
    pub fn reserve(&mut self, amount: u64) -> Ready {
        reserve(&mut self.client, self.time.now(), self.token, (self.payee, self.unit), amount)
    }

    /// Size and root under the newest checkpoint, whose signature is checked.
    pub fn head(&self) -> TreeHead {
        checked_head(&self.service)
    }

    /// Replays everything that is kept against the newest checkpoint.
    pub fn replays(&self) {
        let kept = self.store.kept();
        let rebuilt = audit::replay(kept.iter(), Some(&self.head())).expect("replays");
        assert_eq!(rebuilt.report.log, self.head(), "nothing is kept beyond the checkpoint");
    }
}

/// A reservation by anybody's client.
pub fn reserve(
    client: &mut Client,
    now: Millis,
    token: ObjectId,
    (payee, unit): (ObjectId, ObjectId),
    amount: u64,
) -> Ready {
    let ask = Ask {
        token,
        epoch: Epoch(0),
        audience: payee,
        action: "book".into(),
        resource: Path::parse("rooms/12").expect("path"),
        arguments: Vec::new(),
        payment: Some(Payment {
            amount: Amount(amount),
            unit,
            settle_by: Seconds(now.seconds().0 + 24 * 3600),
            refund_until: None,
        }),
        request: None,
    };
    let signer = key("holder");
    let invocation = client.invocation(now, &ask).expect("draft");
    let draft = client.reserve(invocation, Vec::new(), &signer as &dyn Signer);
    client.ready(&[draft]).expect("signed")
}

/// The trust of somebody who takes the log's word.
pub fn trust(service: &Service) -> Trust {
    let key = service.verifier_key().expect("a key name");
    Trust::parse(format!("log {key}\nquorum none\n").as_bytes()).expect("trust")
}

/// What a note is signed over, after its signature was checked.
pub fn head_of(service: &Service, note: &str) -> TreeHead {
    let accepted = trust(service).accept(note.as_bytes(), START, Millis(0)).expect("signed by the log");
    TreeHead { size: accepted.size(), root: accepted.root() }
}

/// What the text of a note says.
pub fn head_of_note(text: &[u8]) -> TreeHead {
    let checkpoint = Checkpoint::parse(std::str::from_utf8(text).expect("text")).expect("a checkpoint");
    TreeHead { size: checkpoint.size(), root: checkpoint.root() }
}

pub fn checked_head(service: &Service) -> TreeHead {
    let snapshot = service.snapshot();
    let head = head_of(service, &snapshot.version().note);
    assert_eq!(head, snapshot.version().head);
    head
}

/// Decides a presentation as the payee does, offline.
pub fn decide(house: &House, presentation: &[u8]) -> Decision {
    let policy = Policy::new(PolicySettings {
        trust: trust(&house.service),
        ledgers: vec![(house.service.genesis().origin.clone(), house.service.id())],
        party: house.payee,
        issuers: Issuers::Listed(vec![house.issuer]),
        max_staleness: Seconds(600),
        skew: Millis(2000),
        offline_links: true,
        logged_links: LoggedLinks::Verify,
        replaying: Vec::new(),
        at_risk: Vec::new(),
        serving: Serving::default(),
    });
    verify(presentation, None, None, &policy.expect("a policy"), house.time.now()).decision
}
