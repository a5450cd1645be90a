//! A small ledger with an issuer, two services, two units and a traveller: what most tests begin with.

use remit::client::{Ask, Client, Randomness, Ready, TokenSpec, budget, public_key};
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, Budget, Delegation, DelegationMode, Path, Payment, Permission, Position, Reference, Target,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::state::Counters;
use remit_verifier::types::{Amount, EntryIndex, Epoch, Millis, ObjectId, Rules, Seconds};

pub const START: Millis = Millis(1_800_000_000_000);
pub const DAY: u64 = 24 * 3600;

/// A key that is the same at every run.
pub fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&remit_verifier::hash::sha256(&[b"test key", name.as_bytes()]).0)
}

pub fn public(name: &str) -> PublicKey {
    public_key(&key(name)).expect("a good key")
}

pub struct World {
    pub ledger: Ledger,
    pub client: Client,
    pub now: Millis,
    pub issuer: ObjectId,
    pub hotel: ObjectId,
    pub airline: ObjectId,
    pub cny: ObjectId,
    pub usd: ObjectId,
    /// What was refused: the log's size then, the time, the submission, the code.
    refused: Vec<(u64, Millis, Vec<u8>, Code)>,
}

/// Writes the log of every world, and what was refused in it, to the folder `REMIT_VECTORS`, for `make vectors`.
impl Drop for World {
    fn drop(&mut self) {
        let Ok(folder) = std::env::var("REMIT_VECTORS") else { return };
        if std::thread::panicking() {
            return;
        }
        let name = std::thread::current().name().unwrap_or("main").replace("::", "-");
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let kept = |kept: remit::engine::Kept<'_>| match kept.object {
            Some(object) => serde_json::json!({ "entry": hex(kept.entry), "object": hex(object) }),
            None => serde_json::json!({ "entry": hex(kept.entry) }),
        };
        let log: Vec<_> = self.ledger.store().iter().map(kept).collect();
        let line = serde_json::json!({
            "test": name,
            "log": log,
            "refused": self.refused.iter().map(|(size, time, bytes, code)| serde_json::json!({
                "size": size.to_string(), "time_ms": time.0.to_string(),
                "submission": hex(bytes), "code": code.text(),
            })).collect::<Vec<_>>(),
            "state_root": self.ledger.store().trees().state.root().to_string(),
            "status_root": self.ledger.store().trees().status.root().to_string(),
            "checkpoint": self.ledger.checkpoint(),
        });
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = format!("{folder}/attacks-{name}.jsonl");
        let file = std::fs::File::options().create(true).append(true).open(path);
        std::io::Write::write_all(&mut file.expect("a file"), format!("{line}\n").as_bytes())
            .expect("written");
    }
}

impl World {
    pub fn new() -> Self {
        Self::named("remit.example/test")
    }

    /// Operators `op-1` to `op-3`, two of whom must sign.
    pub fn named(origin: &str) -> Self {
        Self::of_rules(origin, Rules::NEWEST)
    }

    /// The same under other rules.
    pub fn of_rules(origin: &str, rules: Rules) -> Self {
        let mut operators: Vec<_> = ["op-1", "op-2", "op-3"].map(public).to_vec();
        operators.sort_by_key(|key| *key.bytes());
        let log_key = public("log");
        let genesis = Genesis { time: START, origin: origin.into(), log_key, operators, threshold: 2, rules };
        let ledger = Ledger::begin(&genesis, Box::new(key("log"))).expect("begins");
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        let mut world = Self {
            ledger,
            client,
            now: START,
            issuer: none,
            hotel: none,
            airline: none,
            cny: none,
            usd: none,
            refused: Vec::new(),
        };
        world.issuer = world.party("issuer");
        world.hotel = world.party("hotel");
        world.airline = world.party("airline");
        let issuer = world.issuer;
        world.operate(Act::Issuer { party: issuer }).expect("appointed");
        world.cny = world.operate(Act::Unit { name: "CNY".into(), decimals: 2 }).expect("unit");
        world.usd = world.operate(Act::Unit { name: "USD".into(), decimals: 2 }).expect("unit");
        world
    }

    pub fn submit(&mut self, ready: &Ready) -> Answer {
        let size = self.ledger.store().len();
        let answer = self.ledger.submit(&[&ready.bytes], self.now).expect("submits")[0];
        if let Answer::Refused(refusal) = answer {
            self.refused.push((size, self.now, ready.bytes.clone(), refusal.code));
        }
        answer
    }

    /// Submits bytes as they are, and requires a refusal.
    pub fn refuse(&mut self, bytes: &[u8]) -> Code {
        let ready = Ready { id: ObjectId::default(), ids: Vec::new(), bytes: bytes.to_vec() };
        match self.submit(&ready) {
            Answer::Refused(refusal) => refusal.code,
            other => panic!("{other:?}"),
        }
    }

    /// Submits and requires an entry.
    pub fn apply(&mut self, drafts: &[Draft<'_>]) -> Result<Ready, Code> {
        let ready = self.client.ready(drafts).expect("drafts");
        match self.submit(&ready) {
            Answer::Applied(_) => Ok(ready),
            Answer::Replayed(_) => panic!("replayed"),
            Answer::Refused(refusal) => Err(refusal.code),
        }
    }

    pub fn party(&mut self, name: &str) -> ObjectId {
        let key = key(name);
        let draft = self.client.party(self.now, name, &[&key]).expect("draft");
        self.apply(&[draft]).expect("registered").id
    }

    /// An act signed by the named keys.
    pub fn act(&mut self, act: Act, signers: &[&str]) -> Result<ObjectId, Code> {
        let keys: Vec<_> = signers.iter().map(|name| key(name)).collect();
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(self.now, act, &signers).expect("draft");
        self.apply(&[draft]).map(|ready| ready.id)
    }

    pub fn operate(&mut self, act: Act) -> Result<ObjectId, Code> {
        self.act(act, &["op-1", "op-2"])
    }

    /// A token for `holder`: everything at both services, delegable to any depth, a week long.
    pub fn spec(&self, holder: &str) -> TokenSpec {
        let expires = Seconds(self.now.seconds().0 + 7 * DAY);
        TokenSpec {
            permissions: Some(vec![Permission {
                services: Some(vec![self.hotel, self.airline]),
                actions: Some(vec!["book".into(), "cancel".into()]),
                resources: Some(vec![Path::parse("").expect("path")]),
                conditions: Vec::new(),
            }]),
            delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 7 }),
            transferable: Some(true),
            ..TokenSpec::new(public(holder), expires)
        }
    }

    /// A spec that inherits all, for children.
    pub fn inherit(&self, holder: &str, budgets: Option<Vec<Budget>>) -> TokenSpec {
        let expires = Seconds(self.now.seconds().0 + 6 * DAY);
        TokenSpec { budgets, ..TokenSpec::new(public(holder), expires) }
    }

    pub fn issue(&mut self, spec: &TokenSpec) -> Result<ObjectId, Code> {
        let signer = key("issuer");
        let draft = self.client.root(self.now, self.issuer, spec, &signer).expect("draft");
        self.apply(&[draft]).map(|ready| ready.id)
    }

    /// A root of `total` CNY for `holder`.
    pub fn root(&mut self, holder: &str, total: u64) -> ObjectId {
        let budgets = Some(vec![budget(self.cny, Amount(total))]);
        let spec = TokenSpec { budgets, ..self.spec(holder) };
        self.issue(&spec).expect("issued")
    }

    pub fn delegate(&mut self, parent: ObjectId, by: &str, spec: &TokenSpec) -> Result<ObjectId, Code> {
        let epoch = self.epoch(parent);
        self.delegate_at(parent, epoch, by, spec)
    }

    pub fn delegate_at(
        &mut self,
        parent: ObjectId,
        epoch: Epoch,
        by: &str,
        spec: &TokenSpec,
    ) -> Result<ObjectId, Code> {
        let signer = key(by);
        let draft = self.client.child(self.now, parent, epoch, spec, &signer).expect("draft");
        self.apply(&[draft]).map(|ready| ready.id)
    }

    pub fn epoch(&self, token: ObjectId) -> Epoch {
        self.ledger.leaf(&token).map(|record| record.leaf.epoch).unwrap_or_default()
    }

    pub fn target(&self, token: ObjectId, position: u8) -> Target {
        Target { token, epoch: self.epoch(token), position: Position(position) }
    }

    pub fn payment(&self, amount: u64) -> Payment {
        let now = self.now.seconds().0;
        Payment {
            amount: Amount(amount),
            unit: self.cny,
            settle_by: Seconds(now + DAY),
            refund_until: Some(Seconds(now + 5 * DAY)),
        }
    }

    /// A booking at the hotel.
    pub fn ask(&self, token: ObjectId, amount: u64) -> Ask {
        Ask {
            token,
            epoch: self.epoch(token),
            audience: self.hotel,
            action: "book".into(),
            resource: Path::parse("rooms/12").expect("path"),
            arguments: Vec::new(),
            payment: Some(self.payment(amount)),
            request: None,
        }
    }

    pub fn reserve(&mut self, token: ObjectId, holder: &str, amount: u64) -> Result<ObjectId, Code> {
        let ask = self.ask(token, amount);
        self.reserve_ask(&ask, holder, Vec::new())
    }

    pub fn reserve_ask(&mut self, ask: &Ask, holder: &str, links: Vec<Vec<u8>>) -> Result<ObjectId, Code> {
        let signer = key(holder);
        let invocation = self.client.invocation(self.now, ask).expect("draft");
        let draft = self.client.reserve(invocation, links, &signer);
        self.apply(&[draft]).map(|ready| ready.id)
    }

    pub fn capture(&mut self, reserve: ObjectId, number: u64, amount: u64) -> Result<ObjectId, Code> {
        let reserve = Reference::Id(reserve);
        self.act(Act::Capture { reserve, number, amount: Amount(amount) }, &["hotel"])
    }

    pub fn release(&mut self, reserve: ObjectId, amount: Option<u64>) -> Result<ObjectId, Code> {
        let reserve = Reference::Id(reserve);
        self.act(Act::Release { reserve, amount: amount.map(Amount) }, &["hotel"])
    }

    pub fn refund(&mut self, capture: ObjectId, amount: u64) -> Result<ObjectId, Code> {
        self.act(Act::Refund { capture: Reference::Id(capture), amount: Amount(amount) }, &["hotel"])
    }

    pub fn advance(&mut self, seconds: u64) {
        self.now = Millis(self.now.0 + seconds * 1000);
    }

    /// Lets the ledger write what is due.
    pub fn tick(&mut self) {
        self.ledger.submit(&[], self.now).expect("ticks");
    }

    /// CNY counters of a token.
    pub fn counters(&self, token: ObjectId) -> Counters {
        let unit = self.ledger.leaf(&self.cny).expect("unit").leaf.index;
        let record = self.ledger.leaf(&token).expect("token");
        record.private.as_ref().expect("a token").values.counters(unit)
    }

    pub fn committed(&self, token: ObjectId) -> u64 {
        self.counters(token).committed().expect("an amount").0
    }

    pub fn last_entry(&self) -> EntryIndex {
        EntryIndex(self.ledger.store().len() - 2)
    }
}
