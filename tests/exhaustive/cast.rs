//! Who plays, and what each of them has signed before the play begins.

use remit::client::{Client, Randomness, TokenSpec, public_key};
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit::machine::MemoryState;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, Budget, Delegation, DelegationMode, Path, Permission, Submission, Verified,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{LedgerId, Millis, ObjectId, Rules, Seconds};
use std::sync::Arc;

/// The first second of every play.
pub const START: u64 = 1_800_000_000;

pub fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&remit_verifier::hash::sha256(&[b"exhaustive", name.as_bytes()]).0)
}

/// A ledger with an operator, an issuer, a shop and a unit, and a pen for all of them.
pub struct Cast {
    ledger: Ledger,
    pub client: Client,
    pub issuer: ObjectId,
    pub shop: ObjectId,
    pub unit: ObjectId,
}

/// One operation, signed and its signatures checked.
#[derive(Clone)]
pub struct Signed {
    pub id: ObjectId,
    pub submission: Arc<Verified>,
    bytes: Vec<u8>,
}

impl Cast {
    pub fn new() -> Self {
        let operators = vec![public_key(&key("operator")).expect("a key")];
        let log_key = public_key(&key("log")).expect("a key");
        let (time, origin, rules) = (Self::now(), "exhaustive.example".into(), Rules::NEWEST);
        let genesis = Genesis { time, origin, log_key, operators, threshold: 1, rules };
        let ledger = Ledger::begin(&genesis, Box::new(key("log"))).expect("begins");
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        let mut cast = Self { ledger, client, issuer: none, shop: none, unit: none };
        cast.issuer = cast.party("issuer");
        cast.shop = cast.party("shop");
        let appoint = cast.act(Act::Issuer { party: cast.issuer }, &["operator"]);
        cast.apply(&appoint);
        let unit = cast.act(Act::Unit { name: "CNY".into(), decimals: 2 }, &["operator"]);
        cast.unit = cast.apply(&unit);
        cast
    }

    pub fn now() -> Millis {
        Millis(START * 1000)
    }

    pub fn ledger(&self) -> LedgerId {
        self.ledger.id()
    }

    /// The state at which the play begins.
    pub fn state(&self) -> MemoryState {
        self.ledger.store().state().clone()
    }

    fn party(&mut self, name: &str) -> ObjectId {
        let key = key(name);
        let draft = self.client.party(Self::now(), name, &[&key]).expect("a draft");
        let signed = self.sign(draft);
        self.apply(&signed)
    }

    /// Has the ledger apply it before the play begins.
    pub fn apply(&mut self, signed: &Signed) -> ObjectId {
        let answer = self.ledger.submit(&[&signed.bytes], Self::now()).expect("submits")[0];
        assert!(matches!(answer, Answer::Applied(_)), "{answer:?}");
        signed.id
    }

    pub fn sign(&self, draft: Draft<'_>) -> Signed {
        let ready = self.client.ready(&[draft]).expect("ready");
        let submission = Submission::decode(&ready.bytes).expect("decodes");
        let submission = Arc::new(submission.verify(&self.ledger.id()).expect("verifies"));
        Signed { id: ready.id, submission, bytes: ready.bytes }
    }

    pub fn act(&mut self, act: Act, signers: &[&str]) -> Signed {
        let keys: Vec<_> = signers.iter().map(|name| key(name)).collect();
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(Self::now(), act, &signers).expect("a draft");
        self.sign(draft)
    }

    /// Everything at the shop, for `life` seconds.
    pub fn spec(&self, holder: &str, life: u64, budgets: Vec<Budget>) -> TokenSpec {
        let holder = public_key(&key(holder)).expect("a key");
        TokenSpec { budgets: Some(budgets), ..TokenSpec::new(holder, Seconds(START + life)) }
    }

    pub fn root(&mut self, spec: TokenSpec) -> ObjectId {
        let spec = TokenSpec {
            permissions: Some(vec![Permission {
                services: Some(vec![self.shop]),
                actions: Some(vec!["buy".into()]),
                resources: Some(vec![Path::parse("").expect("a path")]),
                conditions: Vec::new(),
            }]),
            delegation: Some(Delegation { mode: DelegationMode::Logged, depth: 3 }),
            transferable: Some(true),
            ..spec
        };
        let issuer = key("issuer");
        let draft = self.client.root(Self::now(), self.issuer, &spec, &issuer).expect("a draft");
        let signed = self.sign(draft);
        self.apply(&signed)
    }
}
