//! Does each command on the ledger and on the model, and holds them together.

use crate::asks::Named;
use crate::disk::{Crash, Disk, Mirror};
use crate::naive::{Capture, Model, Reservation, Token, Wish};
use remit::audit::{Recorded, conserve, replay, snapshot};
use remit::client::{Ask, Client, Randomness, TokenSpec, public_key};
use remit::engine::Answer;
use remit::machine::{Key, Record, key as records};
use remit::store::MemoryStore;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Delegation, DelegationMode, EntryQuota, LeaseLimits, Path, Payment, Period,
    Permission, Reference, Share, Window,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::state::{Life, Status};
use remit_verifier::types::{Amount, EntryIndex, Epoch, Millis, ObjectId, Rules, Seconds, StateIndex};
use std::collections::BTreeMap;

const START: u64 = 1_800_000_000;
/// How many kinds of commands there are, the frequent ones several times.
pub const COMMANDS: u8 = 47;
const ACTIONS: [&str; 4] = ["a", "b", "c", "buy"];
pub const HOLDERS: usize = 4;
const SETTLE: u64 = 500;

pub struct Drive {
    pub ledger: Disk,
    pub client: Client,
    pub model: Model,
    pub tokens: Vec<ObjectId>,
    pub reservations: Vec<ObjectId>,
    pub captures: Vec<Vec<ObjectId>>,
    pub offers: Vec<ObjectId>,
    pub requests: Vec<Named>,
    pub leases: Vec<ObjectId>,
    /// What each lease was settled with, if it was.
    pub settled: Vec<Option<ObjectId>>,
    pub suspensions: Vec<ObjectId>,
    /// Whether the last refusal is an entry.
    recorded: bool,
    /// What was applied, by its bytes, and the entry that did.
    applied: Vec<(Vec<u8>, EntryIndex)>,
    /// What happens to the next submission.
    armed: Option<Crash>,
    pub freezes: BTreeMap<StateIndex, ObjectId>,
    issuer: ObjectId,
    pub shop: ObjectId,
    pub unit: ObjectId,
    /// Accepted and refused, by kind of command.
    pub tally: BTreeMap<&'static str, (u64, u64)>,
}

fn key(name: &str) -> LocalSigner {
    LocalSigner::from_seed(&remit_verifier::hash::sha256(&[b"model", name.as_bytes()]).0)
}

/// The other key of the issuer or the shop; the first one signs.
fn second_key(name: &str) -> LocalSigner {
    key(&format!("{name}, second"))
}

pub fn holder(number: usize) -> LocalSigner {
    key(["h0", "h1", "h2", "h3"][number % HOLDERS])
}

/// Spans of so many seconds, one of which begins with 1970.
fn each(length: u64, most: u64) -> Window {
    let period = Period::Fixed { length: Seconds(length), anchor: Seconds(0) };
    Window { period, most: Amount(most) }
}

/// Bits of a number as options: small numbers shrink to the simplest.
pub fn option<T>(bits: usize, value: T) -> Option<T> {
    (bits & 1 == 1).then_some(value)
}

impl Drive {
    pub fn new() -> Self {
        Self::beside(|_| None)
    }

    /// The same with another store beside it.
    pub fn beside(mirror: impl FnOnce(&Genesis) -> Option<Box<dyn Mirror>>) -> Self {
        let operators = vec![public_key(&key("operator")).unwrap()];
        let log_key = public_key(&key("log")).unwrap();
        let time = Millis(START * 1000);
        let genesis = Genesis {
            time,
            origin: "model.example".into(),
            log_key,
            operators,
            threshold: 1,
            rules: Rules::NEWEST,
        };
        let ledger = Disk::begin(&genesis, mirror(&genesis));
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let none = ObjectId::default();
        let mut drive = Self {
            ledger,
            client,
            model: Model { now: START, ..Model::default() },
            tokens: Vec::new(),
            reservations: Vec::new(),
            captures: Vec::new(),
            offers: Vec::new(),
            requests: Vec::new(),
            leases: Vec::new(),
            settled: Vec::new(),
            suspensions: Vec::new(),
            recorded: false,
            applied: Vec::new(),
            armed: None,
            freezes: BTreeMap::new(),
            issuer: none,
            shop: none,
            unit: none,
            tally: BTreeMap::new(),
        };
        for name in ["issuer", "shop"] {
            let keys = [key(name), second_key(name)];
            let draft = drive.client.party(time, name, &[&keys[0], &keys[1]]).unwrap();
            let id = drive.submit(&[draft]).expect("registered");
            *(if name == "shop" { &mut drive.shop } else { &mut drive.issuer }) = id;
        }
        drive.act(Act::Issuer { party: drive.issuer }, &[key("operator")]).expect("appointed");
        let unit = Act::Unit { name: "CNY".into(), decimals: 2 };
        drive.unit = drive.act(unit, &[key("operator")]).expect("registered");
        drive.issue(1, 1000, 0x7f);
        drive
    }

    pub fn now(&self) -> Millis {
        Millis(self.model.now * 1000)
    }

    /// The id if it was applied; then a party that signs the same with its other key gets nothing for it.
    pub fn submit(&mut self, drafts: &[Draft<'_>]) -> Option<ObjectId> {
        let id = self.submit_once(drafts)?;
        for name in ["issuer", "shop"] {
            let (first, second) = (key(name), second_key(name));
            if let [draft] = drafts
                && let [signer] = draft.signers.as_slice()
                && signer.public_key() == first.public_key()
            {
                let again = Draft { signers: vec![&second as &dyn Signer], ..draft.clone() };
                assert_eq!(self.submit_once(&[again]), None, "what the other key signed was applied too");
            }
        }
        Some(id)
    }

    /// The id if it was applied. What is refused must leave every record as it was, but for the head and what counts
    /// refusals and entries. If the power goes meanwhile, the same bytes are sent again.
    fn submit_once(&mut self, drafts: &[Draft<'_>]) -> Option<ObjectId> {
        let ready = self.client.ready(drafts).unwrap();
        // What is due is written before, so that the comparison sees the submission alone.
        self.tick();
        let before = self.records();
        let (now, crash) = (self.now(), self.armed.take());
        crash.into_iter().for_each(|crash| self.ledger.crash_next(crash));
        let answer = match self.ledger.submit(Some(&ready.bytes), now) {
            Some(answer) => answer.unwrap(),
            None => {
                let crash = crash.expect("nothing crashes by itself");
                let kept = self.records() != before;
                let answer = self.ledger.submit(Some(&ready.bytes), now).flatten().unwrap();
                let replayed = matches!(answer, Answer::Replayed(_));
                let applied = replayed || matches!(answer, Answer::Applied(_));
                assert_eq!(replayed, applied && crash.keeps(), "{crash:?}: {answer:?}");
                assert_eq!(kept, replayed, "{crash:?} keeps a batch as a whole or not at all");
                let tally = self.tally.entry(crash.name()).or_default();
                *(if applied { &mut tally.0 } else { &mut tally.1 }) += 1;
                // It was fresh before the power went.
                match answer {
                    Answer::Replayed(entry) => Answer::Applied(entry),
                    other => other,
                }
            }
        };
        match answer {
            Answer::Applied(entry) => {
                self.applied.push((ready.bytes, entry));
                Some(ready.id)
            }
            Answer::Refused(refusal) => {
                self.recorded = refusal.entry.is_some();
                assert!(before == self.records(), "a refusal changed something");
                None
            }
            Answer::Replayed(_) => panic!("fresh bytes were seen before"),
        }
    }

    /// Every record but the head and what counts refusals and entries.
    fn records(&self) -> Vec<(Key, Record)> {
        let counts = |key: &Key| matches!(key, Key::RefusedOf(_) | Key::RefusalsOf(_) | Key::EntriesOf(_));
        self.ledger.look(|kept| {
            let all = kept.state().iter().skip(1).filter(|(key, _)| !counts(key));
            all.map(|(key, record)| (key.clone(), record.clone())).collect()
        })
    }

    /// Writes what is due; the power may go here too, and then it is written at the next start.
    pub fn tick(&mut self) {
        let now = self.now();
        if self.ledger.submit(None, now).is_none() {
            self.ledger.submit(None, now).expect("opened again");
        }
    }

    /// Somebody who heard no answer sends what was applied long ago: he gets the first answer, and nothing changes.
    fn repeat(&mut self, which: usize, bits: usize) {
        let Some(place) = which.checked_rem(self.applied.len()) else { return };
        let (bytes, entry) = self.applied[self.applied.len() - 1 - place].clone();
        self.tick();
        let (before, now) = (self.records(), self.now());
        if bits & 1 == 1 {
            self.ledger.crash_next(Crash::ALL[bits / 2 % 4]);
            assert_eq!(self.ledger.submit(Some(&bytes), now), None);
        }
        assert_eq!(self.ledger.submit(Some(&bytes), now), Some(Some(Answer::Replayed(entry))));
        assert!(before == self.records(), "a repeat changed something");
    }

    pub fn act(&mut self, act: Act, by: &[LocalSigner]) -> Option<ObjectId> {
        let signers: Vec<&dyn Signer> = by.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(self.now(), act, &signers).unwrap();
        self.submit(&[draft])
    }

    /// Notes that both said the same.
    pub fn agree(&mut self, what: &'static str, expected: bool, happened: bool) -> bool {
        assert_eq!(expected, happened, "{what}: the model says {expected}, the ledger {happened}");
        let tally = self.tally.entry(what).or_default();
        *(if happened { &mut tally.0 } else { &mut tally.1 }) += 1;
        happened
    }

    pub fn step(&mut self, kind: u8, which: usize, other: usize, amount: u64) {
        let token = which % self.tokens.len();
        // Half of the time a token that can still be used.
        let live: Vec<usize> = (0..self.tokens.len()).filter(|token| self.model.live(*token)).collect();
        let token =
            if other.is_multiple_of(2) && !live.is_empty() { live[which % live.len()] } else { token };
        match kind {
            0 => self.issue(which, amount, other),
            1..=5 => self.delegate(token, other, amount),
            6..=9 => self.reserve(token, other, amount),
            10..=12 => self.capture(which, other, amount),
            13 => self.release(which, amount),
            14 | 15 => self.refund(which, other, amount),
            16 => self.suspend(token, other),
            17 => self.resume(token, other, amount as usize),
            18 => self.revoke(token, other),
            19 => self.end(token, other),
            20 => self.transfer(token, other),
            21 => self.freeze(token, other),
            22 | 23 => self.lease(token, other, amount),
            24 => self.settle(which, other, amount),
            25 => self.close(which, other),
            26 => self.refund_lease(which, amount),
            27 => self.offer(token, other, amount),
            28..=30 => self.buy(which, other, amount),
            31..=33 => self.ask(token, other, amount),
            34 | 35 => self.approve(which, other),
            36 | 37 => self.carry_out(which, other),
            38 => self.take_back_request(which, other),
            39 | 40 => self.ask_lease(token, other, amount),
            41 | 42 => self.armed = Some(Crash::ALL[which % 4]),
            43 => self.repeat(which, other),
            _ => {
                self.model.advance(amount % 90);
                if other % 4 == 3 {
                    self.ledger.crash_next(Crash::ALL[other / 4 % 4]);
                }
                self.tick();
            }
        }
    }

    /// So many random commands, always the same ones.
    pub fn run(&mut self, seed: u64, steps: usize) {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        };
        for _ in 0..steps {
            let (kind, which, other) = (next() % u64::from(COMMANDS), next() % 256, next() % 256);
            self.step(kind as u8, which as usize, other as usize, next() % 65_536);
        }
    }

    fn permissions(&self, actions: u8) -> Vec<Permission> {
        let named = (0..4).filter(|bit| actions & (1 << bit) != 0).map(|bit| ACTIONS[bit].to_string());
        vec![Permission {
            services: Some(vec![self.shop]),
            actions: Some(named.collect()),
            resources: Some(vec![Path::parse("").unwrap()]),
            conditions: Vec::new(),
        }]
    }

    fn spec(&self, wish: &Wish, holder: &LocalSigner, root: bool) -> TokenSpec {
        let budget = Budget {
            unit: self.unit,
            share: if wish.carved { Share::Carved } else { Share::Shared },
            total: wish.total.map(Amount),
            per_use: wish.per_use.map(Amount),
            refundable: None,
            leases: wish
                .leases
                .map(|(most, longest)| LeaseLimits { most: Amount(most), longest: Seconds(longest) }),
            windows: wish.window.iter().map(|(length, most)| each(*length, *most)).collect(),
            cumulative: None,
        };
        let stated = root || wish.total.is_some() || wish.per_use.is_some() || wish.window.is_some();
        let stated = stated || wish.leases.is_some();
        let approval = wish.asks_above.map(|most| ApprovalRule {
            k: 1,
            approvers: vec![(&public_key(&key("ann")).unwrap()).into()],
            thresholds: Some(vec![(self.unit, Amount(most))]),
        });
        TokenSpec {
            approval,
            permissions: wish.actions.map(|actions| self.permissions(actions)),
            delegation: wish.depth.map(|depth| Delegation { mode: DelegationMode::Logged, depth }),
            transferable: wish.transferable,
            entries: wish.quota.map(|(most, length)| EntryQuota { most, length: Seconds(length) }),
            budgets: stated.then(|| vec![budget]),
            ..TokenSpec::new(public_key(holder).unwrap(), Seconds(wish.expires))
        }
    }

    fn admit(&mut self, id: ObjectId, parent: Option<usize>, wish: &Wish, holder: usize) {
        self.tokens.push(id);
        self.model.tokens.push(Token {
            parent,
            parent_epoch: parent.map_or(0, |parent| self.model.tokens[parent].epoch),
            holder,
            epoch: 0,
            expires: wish.expires,
            actions: wish.actions,
            depth_left: wish.depth,
            transferable: wish.transferable,
            total: wish.total,
            per_use: wish.per_use,
            window: wish.window,
            leases: wish.leases,
            asks_above: wish.asks_above,
            carved: wish.carved,
            quota: wish.quota,
            revoked: false,
            ended: false,
            suspended: Vec::new(),
            frozen: false,
        });
        self.model.entry(&[self.model.tokens.len() - 1]);
    }

    fn issue(&mut self, which: usize, amount: u64, bits: usize) {
        let wish = Wish {
            actions: (bits & 12 != 0).then_some(15),
            depth: (bits & 48 != 0).then_some(7),
            transferable: option(bits, true),
            total: Some(amount % 2000),
            per_use: option(bits >> 1, 600),
            window: option((amount >> 3) as usize, (300, 100 + amount % 900)),
            leases: option(bits >> 4 | bits >> 5, (amount % 700, 400)),
            asks_above: (amount % 8 == 3).then_some((20 + amount % 200) * u64::from(amount % 64 != 3)),
            carved: bits & 192 == 192,
            quota: (amount % 4 == 1).then_some((2 + amount % 4, 60 + amount % 400)),
            expires: self.model.now + 2500,
        };
        let signer = key("issuer");
        let spec = self.spec(&wish, &holder(which), true);
        let draft = self.client.root(self.now(), self.issuer, &spec, &signer).unwrap();
        let id = self.submit(&[draft]);
        let expected = !self.model.ledger_frozen && !wish.carved && wish.total != Some(0);
        if self.agree("issue", expected, id.is_some()) {
            self.admit(id.unwrap(), None, &wish, which % HOLDERS);
        }
    }

    fn delegate(&mut self, parent: usize, bits: usize, amount: u64) {
        let carved = bits & 3 == 0;
        // Mostly within the parent, now and then wider.
        let own = &self.model.tokens[parent];
        let mask = if amount.is_multiple_of(4) { 15 } else { own.actions.unwrap_or(15) };
        let latest = if amount.is_multiple_of(5) { u64::MAX } else { own.expires };
        let wish = Wish {
            actions: option(bits >> 2, (amount % 16) as u8 & mask),
            depth: option(bits >> 3, amount % 4),
            transferable: option(bits >> 4, true),
            total: if carved { Some(1 + amount % 700) } else { option(bits >> 5, amount % 900) },
            per_use: option(bits >> 6, 50 + amount % 700),
            window: option(bits >> 7, (60 + amount % 240, 50 + amount % 600)),
            leases: option(
                1 - usize::from(amount.is_multiple_of(6)),
                (100 + amount % 500, 250 + amount % 300),
            ),
            asks_above: (amount % 8 == 5).then_some(20 + amount % 200),
            carved,
            quota: None,
            expires: (self.model.now + 100 + amount % 2300).min(latest),
        };
        // Now and then somebody else signs.
        let by = self.model.tokens[parent].holder + usize::from(amount % 16 == 7);
        let spec = self.spec(&wish, &holder(bits), false);
        let epoch = Epoch(self.model.tokens[parent].epoch);
        let signer = holder(by);
        let draft = self.client.child(self.now(), self.tokens[parent], epoch, &spec, &signer).unwrap();
        let id = self.submit(&[draft]);
        let holds = by % HOLDERS == self.model.tokens[parent].holder;
        let expected = holds && self.model.may_delegate(parent, &wish);
        self.note_quota(parent, |model| holds && model.may_delegate(parent, &wish));
        if self.agree("delegate", expected, id.is_some()) {
            self.admit(id.unwrap(), Some(parent), &wish, bits % HOLDERS);
        }
    }

    fn reserve(&mut self, token: usize, bits: usize, amount: u64) {
        let (amount, action) = (1 + amount % 400, bits % 3);
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let settle_by = self.model.now + SETTLE;
        let refund_until = Some(Seconds(self.model.now + 100_000));
        let (unit, settle) = (self.unit, Seconds(settle_by));
        let ask = Ask {
            token: self.tokens[token],
            epoch: Epoch(self.model.tokens[token].epoch),
            audience: self.shop,
            action: ACTIONS[action].into(),
            resource: Path::parse("x").unwrap(),
            arguments: Vec::new(),
            payment: Some(Payment { amount: Amount(amount), unit, settle_by: settle, refund_until }),
            request: None,
        };
        let invocation = self.client.invocation(self.now(), &ask).unwrap();
        let signer = holder(by);
        let draft = self.client.reserve(invocation, Vec::new(), &signer);
        let id = self.submit(&[draft]);
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        let expected = holds && self.model.may_reserve(token, amount, action as u8);
        self.note_quota(token, |model| holds && model.may_reserve(token, amount, action as u8));
        self.recorded_as("reserve", token, holds, id.is_none());
        if self.agree("reserve", expected, id.is_some()) {
            self.reservations.push(id.unwrap());
            self.captures.push(Vec::new());
            let (captures, released, at) = (Vec::new(), 0, self.model.now);
            self.model.reservations.push(Reservation { token, amount, at, captures, released, settle_by });
            self.model.entry(&[token]);
        }
    }

    /// Notes what was begun, or not, for no other reason than how many entries the root has in this span.
    pub fn note_quota(&mut self, token: usize, could: impl Fn(&Model) -> bool) {
        let mut free = self.model.clone();
        let root = free.root(token);
        if free.tokens[root].quota.take().is_some() && could(&free) {
            let room = self.model.has_room(token);
            let tally = self.tally.entry("begun within the quota").or_default();
            *(if room { &mut tally.0 } else { &mut tally.1 }) += 1;
        }
    }

    /// A refused spend is an entry if and only if the model says so.
    pub fn recorded_as(&mut self, what: &str, token: usize, holds: bool, refused: bool) {
        if refused {
            let expected = holds && self.model.records_refusal(token);
            assert_eq!(expected, self.recorded, "a refused {what}: an entry by the model, and by the ledger");
            let tally = self.tally.entry("record a refusal").or_default();
            *(if expected { &mut tally.0 } else { &mut tally.1 }) += 1;
        }
    }

    /// One of the last reservations.
    fn pick(&self, which: usize) -> Option<usize> {
        let count = self.reservations.len();
        (count > 0).then(|| count - 1 - which % count.min(6))
    }

    fn capture(&mut self, which: usize, bits: usize, amount: u64) {
        let Some(place) = self.pick(which) else { return };
        let of = &self.model.reservations[place];
        let (number, amount) = (of.captures.len() as u64 + 1 + u64::from(bits % 16 == 15), amount % 200);
        let open = of.settle_by > self.model.now && of.left() > 0;
        let expected = open && bits % 16 != 15 && amount > 0 && amount <= of.left();
        let reserve = Reference::Id(self.reservations[place]);
        let id = self.act(Act::Capture { reserve, number, amount: Amount(amount) }, &[key("shop")]);
        if self.agree("capture", expected, id.is_some()) {
            self.captures[place].push(id.unwrap());
            self.model.reservations[place].captures.push(Capture { amount, refunded: 0 });
            self.model.entry(&[self.model.reservations[place].token]);
        }
    }

    fn release(&mut self, which: usize, amount: u64) {
        let Some(place) = self.pick(which) else { return };
        let of = &self.model.reservations[place];
        let amount = option(amount as usize, amount % 200);
        let part = amount.unwrap_or(of.left());
        let expected = of.settle_by > self.model.now && part > 0 && part <= of.left();
        let reserve = Reference::Id(self.reservations[place]);
        let id = self.act(Act::Release { reserve, amount: amount.map(Amount) }, &[key("shop")]);
        if self.agree("release", expected, id.is_some()) {
            self.model.reservations[place].released += part;
            self.model.entry(&[self.model.reservations[place].token]);
        }
    }

    fn refund(&mut self, which: usize, other: usize, amount: u64) {
        let of = |(place, all): (usize, &Vec<ObjectId>)| (0..all.len()).map(move |capture| (place, capture));
        let all: Vec<(usize, usize)> = self.captures.iter().enumerate().flat_map(of).collect();
        let Some((place, capture)) = which.checked_rem(all.len()).map(|at| all[at]) else { return };
        let amount = amount % 250;
        let by = if other % 16 == 15 { key("issuer") } else { key("shop") };
        let expected = other % 16 != 15 && self.model.may_refund(place, capture, amount);
        let id = Reference::Id(self.captures[place][capture]);
        let done = self.act(Act::Refund { capture: id, amount: Amount(amount) }, &[by]);
        if self.agree("refund", expected, done.is_some()) {
            self.model.reservations[place].captures[capture].refunded += amount;
            self.model.entry(&[self.model.reservations[place].token]);
        }
    }

    pub fn key(&self, name: &str) -> LocalSigner {
        key(name)
    }

    /// Who signs at a position of a token's chain: 1 the issuer, then the holders from the root down.
    pub fn at(&self, token: usize, position: usize) -> LocalSigner {
        let mut chain = self.model.upward(token);
        chain.reverse();
        match position {
            0 | 1 => key("issuer"),
            place => chain.get(place - 2).map_or(key("nobody"), |t| holder(self.model.tokens[*t].holder)),
        }
    }

    /// Every balance and every status is what the model computes from its lists.
    pub fn compare(&mut self) {
        self.tick();
        let unit = self.ledger.leaf(&self.unit).unwrap().leaf.index;
        for (place, id) in self.tokens.iter().enumerate() {
            let token = &self.model.tokens[place];
            let record = self.ledger.leaf(id).unwrap();
            let counters = record.private.as_ref().unwrap().values.counters(unit);
            let committed = counters.committed().unwrap().0;
            assert_eq!(committed - counters.ceded, self.model.net(place), "value bound on token {place}");
            assert!(token.total.is_none_or(|total| committed <= total), "token {place} is above its total");
            assert_eq!(counters.refunded, self.model.refunded(place), "refunds on token {place}");
            if let Some((_, length)) = token.quota {
                let tally = self
                    .ledger
                    .look(|kept| kept.state().get(&records::EntriesOf(record.leaf.index)).copied());
                let tally = tally.filter(|tally| tally.start.0 / length == self.model.now / length);
                let counted = tally.map_or(0, |tally| tally.count);
                assert_eq!(counted, self.model.entries_now(place), "entries of root {place}");
            }
            let life = match (token.ended, token.revoked) {
                (true, _) => Life::Ended,
                (_, true) => Life::Revoked,
                _ => Life::Live,
            };
            assert_eq!(record.leaf.life, life, "life of token {place}");
            let status = match life {
                Life::Live if token.frozen || !token.suspended.is_empty() => Status::Suspended,
                Life::Live if token.epoch > 0 => Status::Changed,
                Life::Live => Status::Live,
                _ => Status::Over,
            };
            assert_eq!(Status::of(&record.leaf), status, "status of token {place}");
        }
    }

    /// The whole log replays to the same records, and conserves.
    pub fn audit(&self) {
        self.ledger.compare_mirror();
        let (log, head) = (self.ledger.look(MemoryStore::clone), self.ledger.head());
        let rebuilt = replay(log.iter(), head.as_ref()).expect("replays");
        assert_eq!(rebuilt.trees.state.root(), log.trees().state.root());
        let mut bytes = Vec::new();
        let digest = snapshot::write(&mut bytes, rebuilt.place.as_ref().expect("a place"), &rebuilt.state);
        let start = snapshot::read(bytes.as_slice()).expect("a snapshot");
        assert_eq!(start.digest, digest.expect("written"));
        assert!(start.state == *log.state(), "every record is in the snapshot, or follows from it");
        let found = conserve(log.iter().map(|kept| Recorded { entry: kept.entry, object: kept.object }));
        let found = found.expect("reads");
        assert!(found.ok, "{:?}", found.violations);
    }
}
