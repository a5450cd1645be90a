//! Does each command on the ledger and on the model, and holds them together.

use crate::asks::Named;
use crate::naive::{Capture, Lease, Model, Reservation, Token, Wish};
use remit::audit::{Recorded, conserve, replay};
use remit::client::{Ask, Client, Randomness, TokenSpec, public_key};
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit::machine::Key;
use remit_verifier::log::Genesis;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Claim, Delegation, DelegationMode, Invocation, Lease as Terms, LeaseLimits,
    Path, Payment, Period, Permission, Position, Reference, Share, Target, Voucher, Window,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::state::{Life, Status};
use remit_verifier::types::{Amount, Epoch, Hash, Millis, ObjectId, Rules, Seconds, StateIndex, TillId};
use std::collections::BTreeMap;

const START: u64 = 1_800_000_000;
const ACTIONS: [&str; 4] = ["a", "b", "c", "buy"];
pub const HOLDERS: usize = 4;
const SETTLE: u64 = 500;

pub struct Drive {
    pub ledger: Ledger,
    pub client: Client,
    pub model: Model,
    pub tokens: Vec<ObjectId>,
    pub reservations: Vec<ObjectId>,
    pub captures: Vec<Vec<ObjectId>>,
    pub offers: Vec<ObjectId>,
    pub requests: Vec<Named>,
    leases: Vec<ObjectId>,
    /// What each lease was settled with, if it was.
    settled: Vec<Option<ObjectId>>,
    suspensions: Vec<ObjectId>,
    /// Whether the last refusal is an entry.
    recorded: bool,
    freezes: BTreeMap<StateIndex, ObjectId>,
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
        let ledger = Ledger::begin(&genesis, Box::new(key("log"))).unwrap();
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
    /// refusals.
    fn submit_once(&mut self, drafts: &[Draft<'_>]) -> Option<ObjectId> {
        let ready = self.client.ready(drafts).unwrap();
        // What is due is written before, so that the comparison sees the submission alone.
        self.ledger.submit(&[], self.now()).unwrap();
        let records = |ledger: &Ledger| -> Vec<_> {
            let counts = |key: &Key| matches!(key, Key::RefusedOf(_) | Key::RefusalsOf(_));
            let all = ledger.store().state().iter().skip(1);
            all.filter(|(key, _)| !counts(key)).map(|(key, record)| (key.clone(), record.clone())).collect()
        };
        let before = records(&self.ledger);
        match self.ledger.submit(&[&ready.bytes], self.now()).unwrap()[0] {
            Answer::Applied(_) => Some(ready.id),
            Answer::Refused(refusal) => {
                self.recorded = refusal.entry.is_some();
                assert!(before == records(&self.ledger), "a refusal changed something");
                None
            }
            Answer::Replayed(_) => panic!("fresh bytes were seen before"),
        }
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
            _ => {
                self.model.advance(amount % 90);
                self.ledger.submit(&[], self.now()).unwrap();
            }
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
            revoked: false,
            ended: false,
            suspended: Vec::new(),
            frozen: false,
        });
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
            asks_above: (amount % 8 == 3).then_some(20 + amount % 200),
            carved: bits & 192 == 192,
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
        self.recorded_as("reserve", token, holds, id.is_none());
        if self.agree("reserve", expected, id.is_some()) {
            self.reservations.push(id.unwrap());
            self.captures.push(Vec::new());
            let (captures, released, at) = (Vec::new(), 0, self.model.now);
            self.model.reservations.push(Reservation { token, amount, at, captures, released, settle_by });
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
        }
    }

    fn lease(&mut self, token: usize, bits: usize, amount: u64) {
        // Mostly one that may be leased from.
        let (amount, lasts) = (amount % 300, 200 + amount % 150);
        let able = (0..self.tokens.len()).rev().find(|token| self.model.may_lease(*token, amount, lasts));
        let token = if bits.is_multiple_of(2) { able.unwrap_or(token) } else { token };
        let by = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let now = self.model.now;
        let terms = Terms {
            token: self.tokens[token],
            epoch: Epoch(self.model.tokens[token].epoch),
            payee: self.shop,
            till: TillId([7; 32]),
            amount: Amount(amount),
            unit: self.unit,
            spend_until: Seconds(now + lasts),
            settle_by: Seconds(now + lasts + 600),
            refund_until: Some(Seconds(now + 100_000)),
        };
        let id = self.act(Act::Lease(terms), &[holder(by)]);
        let holds = by % HOLDERS == self.model.tokens[token].holder;
        let expected = holds && self.model.may_lease(token, amount, lasts);
        self.recorded_as("lease", token, holds, id.is_none());
        if self.agree("lease", expected, id.is_some()) {
            self.leases.push(id.unwrap());
            self.settled.push(None);
            let settle_by = now + lasts + 600;
            self.model.leases.push(Lease { token, amount, at: now, settle_by, taken: None, refunded: 0 });
        }
    }

    /// One of the last leases.
    fn pick_lease(&self, which: usize) -> Option<usize> {
        let count = self.leases.len();
        (count > 0).then(|| count - 1 - which % count.min(4))
    }

    fn settle(&mut self, which: usize, bits: usize, amount: u64) {
        let Some(place) = self.pick_lease(which) else { return };
        let (taken, lease) = (Amount(1 + amount % 250), self.leases[place]);
        let of = self.model.leases[place].clone();
        let claim = Claim {
            amount: taken,
            unit: self.unit,
            lease,
            number: 1,
            cumulative: taken,
            root: Hash([1; 32]),
        };
        let ask = Ask {
            token: self.tokens[of.token],
            epoch: Epoch(0),
            audience: self.shop,
            action: "a".into(),
            resource: Path::parse("x").unwrap(),
            arguments: Vec::new(),
            payment: None,
            request: None,
        };
        let invocation = self.client.invocation(self.now(), &ask).unwrap();
        let invocation = Invocation { claim: Some(claim), ..invocation };
        // Whoever held the token when the lease was opened; nobody can transfer it meanwhile.
        let forged = bits % 16 == 15;
        let by = self.model.tokens[of.token].holder + usize::from(forged);
        let voucher = self.client.invoke(&invocation, &holder(by)).unwrap().1;
        let voucher = Box::new(Voucher::decode(&voucher).unwrap());
        let id = self.act(Act::Settle { lease: Reference::Id(lease), voucher }, &[key("shop")]);
        let expected = self.model.lease_open(place) && !forged && taken.0 <= of.amount;
        if self.agree("settle", expected, id.is_some()) {
            self.settled[place] = id;
            self.model.leases[place].taken = Some(taken.0);
        }
    }

    fn close(&mut self, which: usize, bits: usize) {
        let Some(place) = self.pick_lease(which) else { return };
        let by = if bits % 8 == 7 { key("issuer") } else { key("shop") };
        let id = self.act(Act::LeaseClose { lease: Reference::Id(self.leases[place]) }, &[by]);
        let expected = self.model.lease_open(place) && bits % 8 != 7;
        if self.agree("close", expected, id.is_some()) {
            self.model.leases[place].taken = Some(0);
        }
    }

    fn refund_lease(&mut self, which: usize, amount: u64) {
        let all: Vec<_> = (0..self.leases.len()).filter(|place| self.settled[*place].is_some()).collect();
        let Some(place) = which.checked_rem(all.len()).map(|at| all[at]) else { return };
        let amount = amount % 120;
        let capture = Reference::Id(self.settled[place].unwrap());
        let done = self.act(Act::Refund { capture, amount: Amount(amount) }, &[key("shop")]);
        let expected = self.model.may_refund_lease(place, amount);
        if self.agree("refund of a lease", expected, done.is_some()) {
            self.model.leases[place].refunded += amount;
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

    fn target(&self, token: usize, position: usize) -> Target {
        let epoch = Epoch(self.model.tokens[token].epoch);
        Target { token: self.tokens[token], epoch, position: Position(position as u8) }
    }

    /// A position from 1 to one below the token's own holder.
    fn position(&self, token: usize, bits: usize) -> (usize, usize) {
        let depth = self.model.upward(token).len();
        (1 + bits % (depth + 2).min(9), depth)
    }

    fn alive(&self, token: usize) -> bool {
        !self.model.tokens[token].revoked && !self.model.tokens[token].ended
    }

    fn suspend(&mut self, token: usize, bits: usize) {
        if !bits.is_multiple_of(3) {
            return;
        }
        let (position, depth) = self.position(token, bits);
        let already = self.model.tokens[token].suspended.iter().any(|(by, _)| *by == position);
        let expected = position <= depth && self.alive(token) && !already;
        let id = self.act(Act::Suspend(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("suspend", expected, id.is_some()) {
            self.model.tokens[token].suspended.push((position, self.suspensions.len()));
            self.model.stop(Some(token));
            self.suspensions.push(id.unwrap());
        }
    }

    fn resume(&mut self, token: usize, bits: usize, number: usize) {
        let Some(number) = number.checked_rem(self.suspensions.len()) else { return };
        // Mostly of a token that this suspension holds.
        let held = self.model.tokens.iter().position(|t| t.suspended.iter().any(|(_, by)| *by == number));
        let token = if bits % 8 == 7 { token } else { held.unwrap_or(token) };
        let (position, depth) = self.position(token, bits);
        let in_force = self.model.tokens[token].suspended.iter().find(|(_, by)| *by == number).copied();
        let frozen = self.model.upward(token).iter().any(|t| self.model.tokens[*t].frozen);
        let expected = position <= depth
            && self.alive(token)
            && !self.model.ledger_frozen
            && !frozen
            && in_force.is_some_and(|(by, _)| position <= by);
        let suspend = Reference::Id(self.suspensions[number]);
        let act = Act::Resume { target: self.target(token, position), suspend };
        let id = self.act(act, &[self.at(token, position)]);
        if self.agree("resume", expected, id.is_some()) {
            self.model.tokens[token].suspended.retain(|(_, by)| *by != number);
        }
    }

    fn revoke(&mut self, token: usize, bits: usize) {
        // Not too often, or nothing is left to spend.
        if !bits.is_multiple_of(5) {
            return;
        }
        let (position, depth) = self.position(token, bits / 5);
        let expected = position <= depth + 1 && self.alive(token);
        let id = self.act(Act::Revoke(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("revoke", expected, id.is_some()) {
            self.model.tokens[token].revoked = true;
        }
    }

    fn end(&mut self, token: usize, bits: usize) {
        let (position, depth) = self.position(token, bits);
        let expected = position <= depth + 1 && !self.model.tokens[token].ended && self.model.spent(token);
        let id = self.act(Act::End(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("end", expected, id.is_some()) {
            self.model.tokens[token].ended = true;
        }
    }

    fn transfer(&mut self, token: usize, bits: usize) {
        // Few tokens can be transferred, so that mostly one of them is looked for.
        let able = (0..self.tokens.len()).rev().find(|token| self.model.may_transfer(*token));
        let token = if bits & 2 == 0 { able.unwrap_or(token) } else { token };
        let from = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let (old, new) = (holder(from), holder(bits));
        let epoch = Epoch(self.model.tokens[token].epoch);
        let draft = self.client.transfer(self.now(), self.tokens[token], epoch, (&old, &new)).unwrap();
        let done = self.submit(&[draft]);
        let holds = from % HOLDERS == self.model.tokens[token].holder;
        let expected = holds && self.model.may_transfer(token);
        if self.agree("transfer", expected, done.is_some()) {
            self.model.tokens[token].holder = bits % HOLDERS;
            self.model.tokens[token].epoch += 1;
        }
    }

    /// Freezes a token or the ledger, or lifts the freeze that is in force.
    fn freeze(&mut self, token: usize, bits: usize) {
        let frozen = self.model.ledger_frozen || self.model.tokens.iter().any(|token| token.frozen);
        if !frozen && bits % 4 > 1 {
            return;
        }
        let (leaf, id) = if self.model.ledger_frozen || (!frozen && bits.is_multiple_of(4)) {
            (StateIndex(0), ObjectId(self.ledger.id().0))
        } else {
            let frozen = self.model.tokens.iter().position(|token| token.frozen);
            let id = self.tokens[frozen.unwrap_or(token)];
            (self.ledger.leaf(&id).unwrap().leaf.index, id)
        };
        let wrong = bits % 4 == 1;
        let by = if wrong { key("issuer") } else { key("operator") };
        let frozen = if leaf.0 == 0 {
            &mut self.model.ledger_frozen
        } else {
            let place = self.tokens.iter().position(|token| *token == id).unwrap();
            &mut self.model.tokens[place].frozen
        };
        let lifting = *frozen;
        if !wrong {
            *frozen = !lifting;
        }
        let act = match self.freezes.get(&leaf) {
            Some(freeze) if lifting => Act::Unfreeze { leaf, id, freeze: Reference::Id(*freeze) },
            _ => Act::Freeze { leaf, id },
        };
        let done = self.act(act, &[by]);
        if self.agree(if lifting { "unfreeze" } else { "freeze" }, !wrong, done.is_some()) {
            if !lifting {
                self.model.stop(self.tokens.iter().position(|token| *token == id));
            }
            self.freezes.extend(done.map(|id| (leaf, id)));
        }
    }

    /// Every balance and every status is what the model computes from its lists.
    pub fn compare(&mut self) {
        self.ledger.submit(&[], self.now()).unwrap();
        let unit = self.ledger.leaf(&self.unit).unwrap().leaf.index;
        for (place, id) in self.tokens.iter().enumerate() {
            let token = &self.model.tokens[place];
            let record = self.ledger.leaf(id).unwrap();
            let counters = record.private.as_ref().unwrap().values.counters(unit);
            let committed = counters.committed().unwrap().0;
            assert_eq!(committed - counters.ceded, self.model.net(place), "value bound on token {place}");
            assert!(token.total.is_none_or(|total| committed <= total), "token {place} is above its total");
            assert_eq!(counters.refunded, self.model.refunded(place), "refunds on token {place}");
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
        let rebuilt = replay(self.ledger.store().iter(), self.ledger.head().as_ref()).expect("replays");
        assert_eq!(rebuilt.trees.state.root(), self.ledger.store().trees().state.root());
        let log = self.ledger.store().iter();
        let found =
            conserve(log.map(|kept| Recorded { entry: kept.entry, object: kept.object })).expect("reads");
        assert!(found.ok, "{:?}", found.violations);
    }
}
