//! A ledger that is told what to do step by step, and writes down everything that came in and went out.

use super::hex;
use super::things::{self, DAY, key, signer};
use remit::client::{Ask, Client, Randomness, Ready, TokenSpec, budget};
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit::machine::key as record;
use remit_verifier::code::Code;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, Budget, Delegation, DelegationMode, Payment, Permission, Position, Reference, Target,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::*;
use serde_json::{Map, Value, json};

/// The ledger, its clock and the record of all batches.
pub(crate) struct Script {
    pub(crate) ledger: Ledger,
    pub(crate) client: Client,
    pub(crate) now: Millis,
    pub(crate) company: ObjectId,
    pub(crate) hotel: ObjectId,
    pub(crate) airline: ObjectId,
    pub(crate) cny: ObjectId,
    pub(crate) usd: ObjectId,
    batches: Vec<Value>,
    leaves: Vec<Vec<u8>>,
    people: Map<String, Value>,
}

/// What an answer must be.
pub(crate) type Expected = Result<(), Code>;

impl Script {
    /// Genesis, three parties, two units, an issuer.
    pub(crate) fn new(origin: &str) -> Self {
        Self::of_rules(origin, Rules::NEWEST)
    }

    /// The same, under other rules.
    pub(crate) fn of_rules(origin: &str, rules: Rules) -> Self {
        let genesis = Genesis { origin: origin.into(), rules, ..things::genesis() };
        let ledger = Ledger::begin(&genesis, Box::new(signer("log"))).expect("begins");
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        let mut script = Self {
            ledger,
            client,
            now: genesis.time,
            company: none,
            hotel: none,
            airline: none,
            cny: none,
            usd: none,
            batches: Vec::new(),
            leaves: Vec::new(),
            people: Map::new(),
        };
        script.known(&["log", "operator 1", "operator 2", "operator 3"]);
        script.record(0, Vec::new());
        script.company = script.party("company");
        script.hotel = script.party("hotel");
        script.airline = script.party("airline");
        let company = script.company;
        script.operate("The company is appointed as an issuer.", Act::Issuer { party: company }, Ok(()));
        let unit = |name: &str| Act::Unit { name: name.into(), decimals: 2 };
        script.cny = script.operate("The unit CNY.", unit("CNY"), Ok(()));
        script.usd = script.operate("The unit USD.", unit("USD"), Ok(()));
        script
    }

    /// Everything that happened.
    pub(crate) fn close(self, name: &str, about: &str) -> Value {
        json!({ "name": name, "about": about, "spec": "11", "seeds": self.people, "batches": self.batches })
    }

    fn known(&mut self, names: &[&str]) {
        for name in names {
            self.people.insert((*name).into(), json!(hex(things::seed(name))));
        }
    }

    /// Submits bytes, one batch of them, and requires these answers; `None` for a repeat.
    pub(crate) fn batch(&mut self, inputs: &[(&str, &[u8], Option<Expected>)]) {
        self.now.0 += 250;
        let first = self.ledger.store().len();
        let bytes: Vec<&[u8]> = inputs.iter().map(|(_, bytes, _)| *bytes).collect();
        let answers = self.ledger.submit(&bytes, self.now).expect("submits");
        let mut submissions = Vec::new();
        for ((about, bytes, expected), answer) in inputs.iter().zip(answers) {
            let (came, answer) = match answer {
                Answer::Applied(entry) => (Some(Ok(())), json!({ "applied": entry.to_string() })),
                Answer::Replayed(entry) => (None, json!({ "replayed": entry.to_string() })),
                Answer::Refused(refusal) => {
                    let leaf = refusal.leaf.map(|leaf| leaf.to_string());
                    let entry = refusal.entry.map(|entry| entry.to_string());
                    let (code, member) = (refusal.code.text(), refusal.member);
                    let answer = json!({ "refused": code, "member": member, "leaf": leaf, "entry": entry });
                    (Some(Err(refusal.code)), answer)
                }
            };
            assert_eq!(came, *expected, "{about}");
            submissions.push(json!({ "about": about, "bytes": hex(bytes), "answer": answer }));
        }
        self.record(first, submissions);
    }

    /// Lets time pass and the ledger write what is due.
    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now.0 += seconds * 1000;
        self.batch(&[]);
    }

    /// Writes the newest batch down.
    fn record(&mut self, first: u64, submissions: Vec<Value>) {
        let store = self.ledger.store();
        let entry = |index: u64| {
            let kept = store.entry(EntryIndex(index)).expect("an entry");
            let details = kept.details.map(|details| {
                let links: Vec<_> = details.links.iter().map(hex).collect();
                json!({ "common": hex(&details.common), "links": links })
            });
            json!({ "index": index.to_string(), "bytes": hex(kept.entry), "details": details })
        };
        let entries: Vec<_> = (first..store.len()).map(entry).collect();
        let commitment = store.commitment().expect("a commitment");
        let mut leaves = Vec::new();
        for index in 0..commitment.state_size.0 {
            let leaf = store.state().get(&record::LeafAt(StateIndex(index))).expect("a leaf").leaf.encode();
            if self.leaves.get(index as usize) != Some(&leaf) {
                leaves.push(json!({ "index": index.to_string(), "bytes": hex(&leaf) }));
            }
            self.leaves.resize(self.leaves.len().max(index as usize + 1), Vec::new());
            self.leaves[index as usize] = leaf;
        }
        self.batches.push(json!({
            "time": commitment.time.to_string(),
            "submissions": submissions,
            "entries": entries,
            "leaves": leaves,
            "state_size": commitment.state_size.to_string(),
            "state_root": commitment.state_root.to_string(),
            "status_root": commitment.status_root.to_string(),
            "log_size": store.len().to_string(),
            "log_root": store.log().root().to_string(),
            "checkpoint": self.ledger.checkpoint(),
        }));
    }

    /// Signs the drafts, submits them alone and requires the answer; gives the id.
    pub(crate) fn submit(&mut self, about: &str, drafts: &[Draft<'_>], expected: Expected) -> ObjectId {
        let ready = self.client.ready(drafts).expect("drafts");
        self.send(about, &ready, expected)
    }

    pub(crate) fn send(&mut self, about: &str, ready: &Ready, expected: Expected) -> ObjectId {
        self.batch(&[(about, &ready.bytes, Some(expected))]);
        ready.id
    }

    pub(crate) fn keys(&mut self, names: &[&str]) -> Vec<LocalSigner> {
        self.known(names);
        names.iter().map(|name| signer(name)).collect()
    }

    fn party(&mut self, name: &str) -> ObjectId {
        let keys = self.keys(&[name]);
        let draft = self.client.party(self.now, name, &[&keys[0]]).expect("draft");
        self.submit(&format!("The {name} registers itself."), &[draft], Ok(()))
    }

    /// An act signed by the named people.
    pub(crate) fn act(&mut self, about: &str, act: Act, by: &[&str], expected: Expected) -> ObjectId {
        self.act_at(about, self.now, act, by, expected)
    }

    /// The same, drafted at another time.
    pub(crate) fn act_at(
        &mut self,
        about: &str,
        at: Millis,
        act: Act,
        by: &[&str],
        expected: Expected,
    ) -> ObjectId {
        let keys = self.keys(by);
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(at, act, &signers).expect("draft");
        self.submit(about, &[draft], expected)
    }

    pub(crate) fn operate(&mut self, about: &str, act: Act, expected: Expected) -> ObjectId {
        self.act(about, act, &["operator 1", "operator 2"], expected)
    }

    /// Midnight some days ahead, so that whoever is later on the same day ends no later.
    fn midnight(&self, days: u64) -> Seconds {
        Seconds((self.now.seconds().0 / DAY + days) * DAY)
    }

    /// A token that inherits all, about a week long.
    pub(crate) fn spec(&self, holder: &str) -> TokenSpec {
        TokenSpec::new(key(holder), self.midnight(7))
    }

    /// A root for everything at hotel and airline, `total` CNY.
    pub(crate) fn root_spec(&self, holder: &str, total: u64) -> TokenSpec {
        TokenSpec {
            permissions: Some(vec![Permission {
                services: Some(vec![self.hotel, self.airline]),
                actions: Some(vec!["book".into(), "cancel".into()]),
                resources: Some(vec![things::path("rooms")]),
                conditions: Vec::new(),
            }]),
            delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 7 }),
            transferable: Some(true),
            budgets: Some(vec![budget(self.cny, Amount(total))]),
            expires: self.midnight(8),
            ..self.spec(holder)
        }
    }

    pub(crate) fn root(&mut self, holder: &str, total: u64) -> ObjectId {
        let spec = self.root_spec(holder, total);
        self.issue(&format!("A root of {total} for {holder}."), &spec, Ok(()))
    }

    pub(crate) fn issue(&mut self, about: &str, spec: &TokenSpec, expected: Expected) -> ObjectId {
        let company = self.company;
        self.issue_by(about, company, "company", spec, expected)
    }

    pub(crate) fn issue_by(
        &mut self,
        about: &str,
        issuer: ObjectId,
        by: &str,
        spec: &TokenSpec,
        expected: Expected,
    ) -> ObjectId {
        let keys = self.keys(&[by]);
        let draft = self.client.root(self.now, issuer, spec, &keys[0]).expect("draft");
        self.submit(about, &[draft], expected)
    }

    pub(crate) fn delegate(
        &mut self,
        about: &str,
        (parent, by): (ObjectId, &str),
        spec: &TokenSpec,
        expected: Expected,
    ) -> ObjectId {
        let keys = self.keys(&[by]);
        let epoch = self.epoch(parent);
        let draft = self.client.child(self.now, parent, epoch, spec, &keys[0]).expect("draft");
        self.submit(about, &[draft], expected)
    }

    /// A child that inherits all but its budgets.
    pub(crate) fn with_budget(&self, holder: &str, budget: Budget) -> TokenSpec {
        TokenSpec { budgets: Some(vec![budget]), ..self.spec(holder) }
    }

    pub(crate) fn epoch(&self, token: ObjectId) -> Epoch {
        self.ledger.leaf(&token).map(|record| record.leaf.epoch).unwrap_or_default()
    }

    pub(crate) fn generation(&self, id: ObjectId) -> Generation {
        self.ledger.leaf(&id).map(|record| record.leaf.generation).unwrap_or_default()
    }

    pub(crate) fn leaf_index(&self, id: ObjectId) -> StateIndex {
        self.ledger.leaf(&id).expect("a leaf").leaf.index
    }

    pub(crate) fn target(&self, token: ObjectId, position: u8) -> Target {
        Target { token, epoch: self.epoch(token), position: Position(position) }
    }

    pub(crate) fn payment(&self, amount: u64) -> Payment {
        let now = self.now.seconds().0;
        let (settle_by, refund_until) = (Seconds(now + DAY), Some(Seconds(now + 5 * DAY)));
        Payment { amount: Amount(amount), unit: self.cny, settle_by, refund_until }
    }

    /// A booking of room 12.
    pub(crate) fn ask(&self, token: ObjectId, amount: u64) -> Ask {
        Ask {
            token,
            epoch: self.epoch(token),
            audience: self.hotel,
            action: "book".into(),
            resource: things::path("rooms/12"),
            arguments: Vec::new(),
            payment: Some(self.payment(amount)),
            request: None,
        }
    }

    pub(crate) fn reserve(
        &mut self,
        about: &str,
        token: ObjectId,
        by: &str,
        amount: u64,
        expected: Expected,
    ) -> ObjectId {
        let ask = self.ask(token, amount);
        self.reserve_ask(about, &ask, by, Vec::new(), expected)
    }

    pub(crate) fn reserve_ask(
        &mut self,
        about: &str,
        ask: &Ask,
        by: &str,
        links: Vec<Vec<u8>>,
        expected: Expected,
    ) -> ObjectId {
        let keys = self.keys(&[by]);
        let invocation = self.client.invocation(self.now, ask).expect("draft");
        let draft = self.client.reserve(invocation, links, &keys[0]);
        self.submit(about, &[draft], expected)
    }

    /// An offline link below a logged token: its id and its bytes.
    pub(crate) fn link(&mut self, parent: ObjectId, by: &str, spec: &TokenSpec) -> (ObjectId, Vec<u8>) {
        let keys = self.keys(&[by]);
        let at = (self.epoch(parent), self.generation(parent));
        self.client.link(self.now, parent, at, spec, &keys[0]).expect("link")
    }

    pub(crate) fn capture(
        &mut self,
        about: &str,
        reserve: ObjectId,
        (number, amount): (u64, u64),
        expected: Expected,
    ) -> ObjectId {
        let reserve = Reference::Id(reserve);
        self.act(about, Act::Capture { reserve, number, amount: Amount(amount) }, &["hotel"], expected)
    }

    pub(crate) fn refund(
        &mut self,
        about: &str,
        capture: ObjectId,
        amount: u64,
        expected: Expected,
    ) -> ObjectId {
        let act = Act::Refund { capture: Reference::Id(capture), amount: Amount(amount) };
        self.act(about, act, &["hotel"], expected)
    }

    pub(crate) fn release(
        &mut self,
        about: &str,
        reserve: ObjectId,
        amount: Option<u64>,
        expected: Expected,
    ) -> ObjectId {
        let act = Act::Release { reserve: Reference::Id(reserve), amount: amount.map(Amount) };
        self.act(about, act, &["hotel"], expected)
    }

    pub(crate) fn transfer(
        &mut self,
        about: &str,
        token: ObjectId,
        from: &str,
        to: &str,
        expected: Expected,
    ) {
        let keys = self.keys(&[from, to]);
        let epoch = self.epoch(token);
        let draft = self.client.transfer(self.now, token, epoch, (&keys[0], &keys[1])).expect("draft");
        self.submit(about, &[draft], expected);
    }
}
