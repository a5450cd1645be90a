//! A ledger in memory with an issuer, a service and a unit, and chains of tokens with a budget in it.

use remit::client::{Ask, Client, Randomness, Ready, TokenSpec, budget, public_key};
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit_verifier::hash::sha256;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, Budget, Delegation, DelegationMode, LeaseLimits, Path, Payment, Permission,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Epoch, Millis, ObjectId, Rules, Seconds};

pub const ORIGIN: &str = "remit.example/bench";
pub const NOW: Millis = Millis(1_800_000_000_000);
const DAY: u64 = 24 * 3600;
/// Every root may lease; without a lease that costs nothing.
const LEASES: LeaseLimits = LeaseLimits { most: Amount(1 << 40), longest: Seconds(DAY) };

/// A key that is the same at every run.
pub fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&sha256(&[b"bench key", name.as_bytes()]).0)
}

/// The key of the `number`th token's holder.
pub fn holder(number: u64) -> LocalSigner {
    LocalSigner::from_seed(&sha256(&[b"bench holder", &number.to_be_bytes()]).0)
}

fn public(signer: &dyn Signer) -> PublicKey {
    public_key(signer).expect("an honest key")
}

pub struct World {
    pub ledger: Ledger,
    pub client: Client,
    pub issuer: ObjectId,
    pub hotel: ObjectId,
    pub unit: ObjectId,
    holders: u64,
}

/// A token that was issued, and who holds it.
#[derive(Clone, Copy)]
pub struct Held {
    pub token: ObjectId,
    pub holder: u64,
}

impl World {
    pub fn new() -> Self {
        let mut operators = ["op-1", "op-2", "op-3"].map(|name| public(&key(name))).to_vec();
        operators.sort_by_key(|key| *key.bytes());
        let log_key = public(&key("log"));
        let genesis = Genesis {
            time: NOW,
            origin: ORIGIN.into(),
            log_key,
            operators,
            threshold: 2,
            rules: Rules::NEWEST,
        };
        let ledger = Ledger::begin(&genesis, Box::new(key("log"))).expect("begins");
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        let mut world = Self { ledger, client, issuer: none, hotel: none, unit: none, holders: 0 };
        world.issuer = world.party("issuer");
        world.hotel = world.party("hotel");
        let party = world.issuer;
        world.operate(Act::Issuer { party });
        world.unit = world.operate(Act::Unit { name: "CNY".into(), decimals: 2 });
        world
    }

    fn party(&mut self, name: &str) -> ObjectId {
        let key = key(name);
        let draft = self.client.party(NOW, name, &[&key]).expect("a draft");
        self.apply(draft)
    }

    fn operate(&mut self, act: Act) -> ObjectId {
        let (first, second) = (key("op-1"), key("op-2"));
        let draft = self.client.act(NOW, act, &[&first, &second]).expect("a draft");
        self.apply(draft)
    }

    fn apply(&mut self, draft: Draft<'_>) -> ObjectId {
        let ready = self.client.ready(&[draft]).expect("signs");
        self.submit(std::slice::from_ref(&ready));
        ready.id
    }

    /// Submits in batches of 512; every one must be applied.
    pub fn submit(&mut self, all: &[Ready]) {
        for batch in all.chunks(BATCH_OPERATIONS_MAX) {
            let bytes: Vec<&[u8]> = batch.iter().map(|ready| ready.bytes.as_slice()).collect();
            let answers = self.ledger.submit(&bytes, NOW).expect("submits");
            assert!(answers.iter().all(|answer| matches!(answer, Answer::Applied(_))), "{answers:?}");
        }
    }

    /// Issues `count` root tokens, each to a holder of its own, with a budget that no run exhausts.
    pub fn roots(&mut self, count: usize) -> Vec<Held> {
        let issuer = key("issuer");
        let specs: Vec<_> = (0..count).map(|_| (self.root_spec(), None)).collect();
        self.issue(specs, &issuer)
    }

    /// Delegates a narrower token under each of `parents`, with the parent's budget shared.
    pub fn children(&mut self, parents: &[Held]) -> Vec<Held> {
        let specs: Vec<_> = parents.iter().map(|parent| (self.child_spec(), Some(*parent))).collect();
        let unused = key("issuer");
        self.issue(specs, &unused)
    }

    fn issue(&mut self, specs: Vec<(TokenSpec, Option<Held>)>, issuer: &LocalSigner) -> Vec<Held> {
        let mut ready = Vec::with_capacity(specs.len());
        let mut held = Vec::with_capacity(specs.len());
        let first = self.holders - specs.len() as u64;
        for ((spec, parent), number) in specs.into_iter().zip(first..) {
            let delegator = parent.map(|parent| holder(parent.holder));
            let draft = match (&parent, &delegator) {
                (Some(parent), Some(signer)) => self.client.child(NOW, parent.token, Epoch(0), &spec, signer),
                _ => self.client.root(NOW, self.issuer, &spec, issuer),
            };
            let one = self.client.ready(&[draft.expect("a draft")]).expect("signs");
            held.push(Held { token: one.id, holder: number });
            ready.push(one);
        }
        self.submit(&ready);
        held
    }

    fn next_holder(&mut self) -> PublicKey {
        self.holders += 1;
        public(&holder(self.holders - 1))
    }

    fn root_spec(&mut self) -> TokenSpec {
        let resources = Some(vec![Path::parse("flights").expect("a path")]);
        let permission = Permission {
            services: Some(vec![self.hotel]),
            actions: Some(vec!["book".into(), "cancel".into()]),
            resources,
            conditions: Vec::new(),
        };
        TokenSpec {
            permissions: Some(vec![permission]),
            delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 7 }),
            transferable: Some(true),
            max_staleness: Some(Seconds(60)),
            budgets: Some(vec![Budget { leases: Some(LEASES), ..budget(self.unit, Amount(1 << 50)) }]),
            ..TokenSpec::new(self.next_holder(), Seconds(NOW.seconds().0 + 7 * DAY))
        }
    }

    fn child_spec(&mut self) -> TokenSpec {
        let permission = Permission { actions: Some(vec!["book".into()]), ..Permission::default() };
        TokenSpec {
            permissions: Some(vec![permission]),
            ..TokenSpec::new(self.next_holder(), Seconds(NOW.seconds().0 + 6 * DAY))
        }
    }

    /// A booking on a token.
    pub fn ask(&self, token: ObjectId, amount: Option<u64>) -> Ask {
        let now = NOW.seconds().0;
        let payment = amount.map(|amount| Payment {
            amount: Amount(amount),
            unit: self.unit,
            settle_by: Seconds(now + DAY),
            refund_until: Some(Seconds(now + 5 * DAY)),
        });
        Ask {
            token,
            epoch: Epoch(0),
            audience: self.hotel,
            action: "book".into(),
            resource: Path::parse("flights/CA1501").expect("a path"),
            arguments: Vec::new(),
            payment,
            request: None,
        }
    }

    /// A signed reserve of one minor unit on a token, ready to be submitted.
    pub fn reserve(&mut self, held: Held) -> Ready {
        let signer = holder(held.holder);
        let ask = self.ask(held.token, Some(1));
        let invocation = self.client.invocation(NOW, &ask).expect("a draft");
        let draft = self.client.reserve(invocation, Vec::new(), &signer);
        self.client.ready(&[draft]).expect("signs")
    }
}
