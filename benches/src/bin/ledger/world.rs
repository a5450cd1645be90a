//! A ledger in a folder with an issuer, a service and a unit; tokens and signed operations made by several threads.

use remit::client::{Ask, Client, Randomness, TokenSpec, budget, public_key};
use remit::engine::Answer;
use remit::ledger::{GuardPlace, Service, Settings, Wait};
use remit::store::rocks::{RocksOptions, RocksReader};
use remit::store::{RocksStore, Store as _};
use remit_verifier::hash::sha256;
use remit_verifier::key::PublicKey;
use remit_verifier::log::Genesis;
use remit_verifier::object::{Act, Delegation, DelegationMode, Path, Payment, Permission};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Epoch, LedgerId, Millis, ObjectId, Rules, Seconds, StateIndex};
use std::path::Path as FilePath;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 3600;
/// Leaves of the ledger, the issuer, the hotel and the unit; the tokens come after them.
pub const LEAVES_BEFORE: u64 = 4;
/// Submissions of one call.
pub const CALL: usize = 64;
/// Operations for each second of the ledger's clock, which goes as far as the load has come.
const OPERATIONS_PER_SECOND: u64 = 16_384;

/// A key that is the same at every run.
pub fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&sha256(&[b"bench key", name.as_bytes()]).0)
}

/// The key of the `number`th token's holder.
fn holder(number: u64) -> LocalSigner {
    LocalSigner::from_seed(&sha256(&[b"bench holder", &number.to_be_bytes()]).0)
}

fn public(signer: &dyn Signer) -> PublicKey {
    public_key(signer).expect("an honest key")
}

/// The time of day.
pub fn today() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Millis(u64::try_from(since.as_millis()).expect("before the year 500 000 000"))
}

/// A number below `below` that `number` determines, and that looks like chance.
pub fn scatter(number: u64, below: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % below
}

/// The ledger's clock.
#[derive(Clone)]
pub struct Clock {
    least: Arc<AtomicU64>,
    goes: bool,
}

impl Clock {
    /// A clock that stands where the operations were signed, so that what was signed before is still good.
    pub fn at(time: Millis) -> Self {
        Self { least: Arc::new(AtomicU64::new(time.0)), goes: false }
    }

    /// The time of day.
    pub fn real() -> Self {
        Self { goes: true, ..Self::at(today()) }
    }

    pub fn now(&self) -> Millis {
        let least = Millis(self.least.load(Ordering::Relaxed));
        if self.goes { least.max(today()) } else { least }
    }

    /// It is this late now, if it was not later already.
    pub fn reach(&self, time: Millis) {
        self.least.fetch_max(time.0, Ordering::Relaxed);
    }

    /// As the ledger reads it.
    pub fn for_ledger(&self) -> remit::ledger::Clock {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }
}

/// A token that was issued, and who holds it.
#[derive(Clone, Copy)]
pub struct Held {
    pub token: ObjectId,
    holder: u64,
}

impl Held {
    /// A token that [`World::roots_of_one`] issued.
    pub fn of_one(token: ObjectId) -> Self {
        Self { token, holder: 0 }
    }
}

/// Signed submissions of one call, and the time at which they were signed.
pub struct Call {
    pub time: Millis,
    pub submissions: Vec<Vec<u8>>,
}

/// Ids of what every load needs.
#[derive(Clone, Copy)]
pub struct Names {
    ledger: LedgerId,
    issuer: ObjectId,
    hotel: ObjectId,
    pub unit: ObjectId,
}

/// A running ledger and who uses it.
pub struct World {
    pub service: Service,
    pub database: RocksReader,
    pub clock: Clock,
    pub names: Names,
    holders: AtomicU64,
    nonces: AtomicU64,
}

/// Begins a ledger in an empty folder.
pub fn begin(folder: &FilePath, clock: Clock, options: &RocksOptions) -> World {
    let operator = public(&key("operator"));
    let genesis = Genesis {
        time: clock.now(),
        origin: "remit.example/bench".into(),
        log_key: public(&key("log")),
        operators: vec![operator],
        threshold: 1,
        rules: Rules::NEWEST,
    };
    let store = RocksStore::create(&folder.join("data"), remit::engine::begin(&genesis), options);
    let store = store.expect("an empty folder");
    let guard = GuardPlace::New(folder.join("guard"));
    let (service, database) = start(store, guard, &clock);
    let mut client = Client::new(service.id(), Randomness::System);
    let now = clock.now();
    let party = |client: &mut Client, name: &str| {
        let signer = key(name);
        let draft = client.party(now, name, &[&signer as &dyn Signer]).expect("a draft");
        apply(&service, client, draft)
    };
    let (issuer, hotel) = (party(&mut client, "issuer"), party(&mut client, "hotel"));
    let operator = key("operator");
    let act = client.act(now, Act::Issuer { party: issuer }, &[&operator]).expect("a draft");
    apply(&service, &client, act);
    let unit = Act::Unit { name: "CNY".into(), decimals: 2 };
    let act = client.act(now, unit, &[&operator]).expect("a draft");
    let unit = apply(&service, &client, act);
    let names = Names { ledger: service.id(), issuer, hotel, unit };
    let (holders, nonces) = (AtomicU64::new(0), AtomicU64::new(0));
    World { service, database, clock, names, holders, nonces }
}

/// Opens the folder of a ledger that [`begin`] began; the clock goes on from its last entry at least.
pub fn reopen(folder: &FilePath, clock: Clock, options: &RocksOptions) -> World {
    let store = RocksStore::open(&folder.join("data"), options, &mut |_| {}).expect("opens");
    clock.reach(store.commitment().expect("a ledger").time);
    let (service, database) = start(store, GuardPlace::At(folder.join("guard")), &clock);
    let [issuer, hotel, unit] = [1, 2, 3].map(|leaf| id_at(&service, leaf));
    let names = Names { ledger: service.id(), issuer, hotel, unit };
    let tokens = service.snapshot().version().trees.state.size().0 - LEAVES_BEFORE;
    // Nonces of an earlier run must not come again.
    let (holders, nonces) = (AtomicU64::new(tokens), AtomicU64::new(tokens + 1));
    World { service, database, clock, names, holders, nonces }
}

/// Id of the party, unit or token at a leaf.
pub fn id_at(service: &Service, leaf: u64) -> ObjectId {
    service.snapshot().leaf(StateIndex(leaf)).expect("a leaf").leaf.id
}

/// Runs a store with a guard beside it.
pub fn start(store: RocksStore, guard: GuardPlace, clock: &Clock) -> (Service, RocksReader) {
    let database = store.handle();
    let settings = Settings { guard, ..Settings::new(clock.for_ledger()) };
    let service = Service::start(store, Box::new(key("log")), settings).expect("starts");
    (service, database)
}

fn apply(service: &Service, client: &Client, draft: Draft<'_>) -> ObjectId {
    let ready = client.ready(&[draft]).expect("signs");
    let submitted = service.submit_wait(vec![ready.bytes], Wait::Published).expect("answers");
    assert!(submitted.iter().all(|one| matches!(one.answer, Answer::Applied(_))), "{submitted:?}");
    ready.id
}

impl Names {
    /// A client whose nonces no other lane has.
    pub fn client(&self, lane: u64) -> Client {
        Client::new(self.ledger, Randomness::Seeded(lane << 40))
    }

    /// A signed reserve of one minor unit.
    pub fn reserve(&self, client: &mut Client, held: Held, now: Millis) -> Vec<u8> {
        let at = now.seconds().0;
        let payment = Payment {
            amount: Amount(1),
            unit: self.unit,
            settle_by: Seconds(at + DAY),
            refund_until: Some(Seconds(at + 5 * DAY)),
        };
        let ask = Ask {
            token: held.token,
            epoch: Epoch(0),
            audience: self.hotel,
            action: "book".into(),
            resource: Path::parse("flights/CA1501").expect("a path"),
            arguments: Vec::new(),
            payment: Some(payment),
            request: None,
        };
        let signer = holder(held.holder);
        let invocation = client.invocation(now, &ask).expect("a draft");
        let draft = client.reserve(invocation, Vec::new(), &signer);
        client.ready(&[draft]).expect("signs").bytes
    }
}

impl World {
    /// A client whose nonces nobody else has.
    fn client(&self) -> Client {
        self.names.client(self.nonces.fetch_add(1, Ordering::Relaxed))
    }

    /// Issues `count` root tokens, each to a holder of its own, with a budget that no run exhausts.
    pub fn roots(&self, count: usize) -> Vec<Held> {
        self.issue(count, |client, number, now| {
            let (signer, holder) = (key("issuer"), public(&holder(number)));
            let draft = client.root(now, self.names.issuer, &self.root_spec(holder, now), &signer);
            client.ready(&[draft.expect("a draft")]).expect("signs")
        })
    }

    /// Issues `count` root tokens to one holder; their ids can be read from the state.
    pub fn roots_of_one(&self, count: usize) {
        self.issue(count, |client, _, now| {
            let (signer, holder) = (key("issuer"), public(&holder(0)));
            let draft = client.root(now, self.names.issuer, &self.root_spec(holder, now), &signer);
            client.ready(&[draft.expect("a draft")]).expect("signs")
        });
    }

    /// Delegates a narrower token under the parent in each place, with the parent's budget shared.
    pub fn children(&self, count: usize, parent: impl Fn(usize) -> Held + Sync) -> Vec<Held> {
        let first = self.holders.load(Ordering::Relaxed);
        self.issue(count, |client, number, now| {
            let parent = parent((number - first) as usize);
            let (signer, holder) = (holder(parent.holder), public(&holder(number)));
            let spec = child_spec(holder, now);
            let draft = client.child(now, parent.token, Epoch(0), &spec, &signer);
            client.ready(&[draft.expect("a draft")]).expect("signs")
        })
    }

    /// Signs and submits in two threads; every token must be issued.
    fn issue(
        &self,
        count: usize,
        make: impl Fn(&mut Client, u64, Millis) -> remit::client::Ready + Sync,
    ) -> Vec<Held> {
        let first = self.holders.fetch_add(count as u64, Ordering::Relaxed);
        let half = count.div_ceil(2) as u64;
        let lane = |from: u64, to: u64| {
            let mut client = self.client();
            let mut issued = Vec::with_capacity((to - from) as usize);
            let mut flight = crate::load::Flight::new(Wait::Published);
            let numbers: Vec<u64> = (from..to).collect();
            for call in numbers.chunks(CALL) {
                let now = self.clock.now();
                let ready: Vec<_> = call.iter().map(|number| make(&mut client, *number, now)).collect();
                let held = call.iter().zip(&ready).map(|(number, one)| (*number, one.id));
                issued.extend(held.map(|(holder, token)| Held { token, holder }));
                flight.send(&self.service, ready.into_iter().map(|one| one.bytes).collect());
            }
            flight.land();
            issued
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| lane(first + half.min(count as u64), first + count as u64));
            let mut all = lane(first, first + half.min(count as u64));
            all.extend(other.join().expect("issues"));
            all
        })
    }

    fn root_spec(&self, holder: PublicKey, now: Millis) -> TokenSpec {
        let permission = Permission {
            services: Some(vec![self.names.hotel]),
            actions: Some(vec!["book".into(), "cancel".into()]),
            resources: Some(vec![Path::parse("flights").expect("a path")]),
            conditions: Vec::new(),
        };
        TokenSpec {
            permissions: Some(vec![permission]),
            delegation: Some(Delegation { mode: DelegationMode::Offline, depth: 7 }),
            transferable: Some(true),
            max_staleness: Some(Seconds(60)),
            budgets: Some(vec![budget(self.names.unit, Amount(1 << 50))]),
            ..TokenSpec::new(holder, Seconds(now.seconds().0 + 7 * DAY))
        }
    }

    /// Reserves on tokens in random places, signed ahead by two threads: one lane of calls for each. The clock of the
    /// ledger goes on from where it is, one second for every so many operations.
    pub fn sign(&self, tokens: &[Held], operations: usize) -> [Vec<Call>; 2] {
        let calls = operations.div_ceil(2 * CALL);
        let seed = self.nonces.load(Ordering::Relaxed) << 40;
        let start = self.clock.now();
        let lane = |lane: u64| {
            let mut client = self.client();
            let call = |number: u64| {
                let before = (2 * number + lane) * CALL as u64;
                let time = Millis(start.0 + before * 1_000 / OPERATIONS_PER_SECOND);
                let place = |one: u64| scatter(seed + before + one, tokens.len() as u64) as usize;
                let numbers = 0..CALL as u64;
                let submissions =
                    numbers.map(|one| self.names.reserve(&mut client, tokens[place(one)], time)).collect();
                Call { time, submissions }
            };
            (0..calls as u64).map(call).collect()
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| lane(1));
            [lane(0), other.join().expect("signs")]
        })
    }
}

fn child_spec(holder: PublicKey, now: Millis) -> TokenSpec {
    let permission = Permission { actions: Some(vec!["book".into()]), ..Permission::default() };
    TokenSpec {
        permissions: Some(vec![permission]),
        ..TokenSpec::new(holder, Seconds(now.seconds().0 + 6 * DAY))
    }
}
