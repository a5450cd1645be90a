//! Any sequence of operations on a small ledger (spec 11): never a panic, value is conserved after every batch, and a
//! replay of the log gives the same state and the same roots.
#![no_main]
use libfuzzer_sys::fuzz_target;
use remit::client::{Ask, Client, Purchase, Randomness, Ready, TokenSpec, public_key};
use remit::engine::{Answer, Kept, replay, replay_genesis};
use remit::ledger::Ledger;
use remit::machine::key;
use remit::store::MemoryStore;
use remit_fuzz::Choices;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::object::{
    Act, BUY, Budget, Delegation, DelegationMode, Offer, Path, Payment, Period, Permission, Position, Price,
    Reference, Share, Target, Window, goods,
};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::*;

/// Most that is spent in an hour.
const HOURLY: Window =
    Window { period: Period::Fixed { length: Seconds(3_600), anchor: Seconds(0) }, most: Amount(150) };
const START: Millis = Millis(1_800_000_000_000);
/// Keys: 0 and 1 operators, 2 the log's, 3 the issuer's, 4 and 5 payees', 6 to 9 holders'.
const KEYS: u8 = 10;
const STEPS_MAX: usize = 24;

fn signer(number: u8) -> LocalSigner {
    LocalSigner::from_seed(&[number; 32])
}

struct World<'b> {
    choices: Choices<'b>,
    ledger: Ledger,
    client: Client,
    now: Millis,
    parties: Vec<ObjectId>,
    units: Vec<ObjectId>,
    /// Tokens with the key that last held them.
    tokens: Vec<(ObjectId, u8)>,
    /// Ids of everything else that was applied.
    others: Vec<ObjectId>,
    /// Links with their parents, bytes and holders.
    links: Vec<(ObjectId, ObjectId, Vec<u8>, u8)>,
    /// Offers with their tokens and prices.
    offers: Vec<(ObjectId, ObjectId, Price)>,
    sent: Vec<Ready>,
}

impl<'b> World<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        let public = |number| public_key(&signer(number)).expect("a good key");
        let mut operators = vec![public(0), public(1)];
        operators.sort_by_key(|key| *key.bytes());
        let origin = "ledger.example/fuzz".into();
        let (log_key, rules) = (public(2), Rules::NEWEST);
        let genesis = Genesis { time: START, origin, log_key, operators, threshold: 2, rules };
        let ledger = Ledger::begin(&genesis, Box::new(signer(2))).expect("begins");
        let client = Client::new(ledger.id(), Randomness::Seeded(0));
        let (parties, units) = (Vec::new(), Vec::new());
        let (tokens, others, links) = (Vec::new(), Vec::new(), Vec::new());
        let (offers, sent) = (Vec::new(), Vec::new());
        let choices = Choices(bytes);
        let mut world =
            Self { choices, ledger, client, now: START, parties, units, tokens, others, links, offers, sent };
        for number in 3..6 {
            let key = signer(number);
            let draft = world.client.party(world.now, "party", &[&key]).expect("draft");
            let party = world.submit(&[draft]);
            world.parties.extend(party);
        }
        for name in ["A", "B"] {
            let unit = world.act(Act::Unit { name: name.into(), decimals: 2 }, &[0, 1]);
            world.units.extend(unit);
        }
        let party = world.parties[0];
        world.act(Act::Issuer { party }, &[0, 1]).expect("appointed");
        world
    }

    /// Submits; gives the id of what was applied. Everything must hold after it.
    fn submit(&mut self, drafts: &[Draft<'_>]) -> Option<ObjectId> {
        let ready = self.client.ready(drafts).ok()?;
        let answer = self.send(&ready);
        self.sent.push(ready.clone());
        matches!(answer, Answer::Applied(_)).then_some(ready.id)
    }

    fn send(&mut self, ready: &Ready) -> Answer {
        self.now.0 += 250;
        let answer = self.ledger.submit(&[&ready.bytes], self.now).expect("a batch")[0];
        self.conserves();
        answer
    }

    fn act(&mut self, act: Act, by: &[u8]) -> Option<ObjectId> {
        let keys: Vec<_> = by.iter().map(|number| signer(*number)).collect();
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(self.now, act, &signers).expect("draft");
        let id = self.submit(&[draft]);
        self.others.extend(id);
        id
    }

    /// No total is passed, and what children carved is what their parents gave.
    fn conserves(&self) {
        let store = self.ledger.store();
        for (id, _) in &self.tokens {
            let info = self.ledger.token(id).expect("a token");
            let record = self.ledger.leaf(id).expect("a leaf");
            let private = record.private.as_ref().expect("values");
            for (unit, budget) in info.budgets.iter().flatten() {
                let counters = private.values.counters(*unit);
                let committed = counters.committed().expect("an amount");
                assert!(budget.total.is_none_or(|total| committed <= total), "above its total: {counters:?}");
                assert!(counters.refunded <= counters.captured && counters.returned <= counters.carved);
                assert_eq!((counters.leased, counters.pending), (0, 0));
            }
            assert_eq!(private.values.digest(&private.secret), record.leaf.token().expect("a token").values);
        }
        let reserved = |unit| {
            let record = |id: &ObjectId| store.state().get(&key::ReservationOf(*id)).cloned();
            let held = self.others.iter().filter_map(record).filter(|r| r.unit == unit);
            held.map(|r| u128::from(r.amount.0 - r.captured.0 - r.released.0)).sum::<u128>()
        };
        // Every amount held is reserved on exactly one token that funds it: a root, or one that carved its budget.
        for unit in &self.units {
            let unit = self.ledger.leaf(unit).expect("a unit").leaf.index;
            let funds = |(id, _): &&(ObjectId, u8)| {
                let info = self.ledger.token(id).expect("a token");
                let own = info.budgets.iter().flatten().find(|(of, _)| *of == unit);
                info.ancestors.is_empty() || own.is_some_and(|(_, budget)| budget.share == Share::Carved)
            };
            let open = |(id, _): &(ObjectId, u8)| {
                let private = self.ledger.leaf(id).and_then(|record| record.private.clone()).expect("values");
                u128::from(private.values.counters(unit).reserved)
            };
            let counted: u128 = self.tokens.iter().filter(funds).map(open).sum();
            assert_eq!(counted, reserved(unit), "what is held is what is reserved");
        }
    }

    fn amount(&mut self) -> u64 {
        match self.choices.byte() {
            0 => 0,
            255 => u64::MAX,
            254 => u64::MAX / 2,
            byte => u64::from(byte),
        }
    }

    fn key(&mut self) -> u8 {
        self.choices.byte() % KEYS
    }

    fn spec(&mut self, root: bool) -> (TokenSpec, u8) {
        let holder = 6 + self.choices.byte() % 4;
        let flags = self.choices.byte();
        let life = [60, 3_600, 1_800, 8 * 86_400][usize::from(flags % 4)] + if root { 86_400 } else { 0 };
        let expires = Seconds(self.now.seconds().0 / 60 * 60 + life);
        let mut spec = TokenSpec::new(public_key(&signer(holder)).expect("a good key"), expires);
        if root {
            spec.permissions = Some(vec![Permission {
                services: Some(self.parties.clone()),
                actions: Some(vec!["pay".into(), BUY.into()]),
                resources: Some(vec![Path::parse("").expect("a path")]),
                conditions: Vec::new(),
            }]);
            spec.delegation = Some(Delegation { mode: DelegationMode::Offline, depth: 7 });
            spec.transferable = Some(true);
        }
        if root || flags & 4 != 0 {
            let share = if flags & 8 != 0 && !root { Share::Carved } else { Share::Shared };
            let total = (root || flags & 16 == 0).then(|| Amount(self.amount()));
            let per_use = (flags & 32 != 0).then_some(Amount(100));
            let refundable = (flags & 64 != 0).then(|| Amount(self.amount()));
            let unit = *self.choices.of(&self.units);
            spec.budgets = Some(vec![Budget {
                per_use,
                refundable,
                windows: (self.choices.byte() % 4 == 0).then_some(HOURLY).into_iter().collect(),
                ..Budget::new(unit, share, total)
            }]);
            if flags & 128 != 0 {
                let mut both = spec.budgets.clone().expect("set above");
                let other = self.units.iter().find(|id| **id != unit).expect("two units");
                both.push(Budget { unit: *other, ..both[0].clone() });
                spec.budgets = Some(both);
            }
        }
        (spec, holder)
    }

    fn epoch(&self, id: &ObjectId) -> (Epoch, Generation) {
        self.ledger.leaf(id).map(|r| (r.leaf.epoch, r.leaf.generation)).unwrap_or_default()
    }

    fn step(&mut self) {
        match self.choices.byte() % 22 {
            0 => self.issue(),
            1 | 2 => self.delegate(),
            3..=5 => self.reserve(),
            6 | 7 => self.capture(),
            8 => self.refund(),
            9 => self.release(),
            10..=13 => self.control(),
            14 => self.transfer(),
            15 => self.rekey(),
            16 => self.freeze(),
            17 => self.link(),
            18 => self.again(),
            19 => self.offer(),
            20 => self.buy(),
            _ => self.wait(),
        }
    }

    fn issue(&mut self) {
        let (spec, holder) = self.spec(true);
        let draft = self.client.root(self.now, self.parties[0], &spec, &signer(3)).map(|d| d.body);
        let key = signer(3);
        let draft = Draft { body: draft.expect("draft"), signers: vec![&key] };
        let id = self.submit(&[draft]);
        self.tokens.extend(id.map(|id| (id, holder)));
    }

    fn token(&mut self) -> (ObjectId, u8) {
        if self.tokens.is_empty() {
            self.issue();
        }
        if self.tokens.is_empty() { (ObjectId::default(), 6) } else { *self.choices.of(&self.tokens) }
    }

    fn delegate(&mut self) {
        let (parent, holder) = self.token();
        let (spec, new) = self.spec(false);
        let key = signer(holder);
        let draft = self.client.child(self.now, parent, self.epoch(&parent).0, &spec, &key).expect("draft");
        let id = self.submit(&[draft]);
        self.tokens.extend(id.map(|id| (id, new)));
    }

    fn link(&mut self) {
        let (mut parent, mut holder) = self.token();
        let at = self.epoch(&parent);
        if let Some((id, _, _, last)) = self.links.last().filter(|_| self.choices.0.len() % 2 == 0) {
            (parent, holder) = (*id, *last);
        }
        let (mut spec, new) = self.spec(false);
        spec.budgets.iter_mut().flatten().for_each(|budget| budget.share = Share::Shared);
        if let Some(budgets) = &mut spec.budgets {
            budgets.sort_by_key(|budget| budget.unit);
        }
        let (id, bytes) = self.client.link(self.now, parent, at, &spec, &signer(holder)).expect("link");
        self.links.push((id, parent, bytes, new));
    }

    fn reserve(&mut self) {
        let (mut token, mut holder) = self.token();
        let epoch = self.epoch(&token).0;
        let mut links = Vec::new();
        if self.choices.byte() % 4 == 0 {
            for (id, parent, bytes, new) in &self.links {
                if *parent == token {
                    links.push(bytes.clone());
                    (token, holder) = (*id, *new);
                }
            }
        }
        let now = self.now.seconds().0;
        let settle_by = Seconds(now + [10, 60, 3_600, 86_400][self.choices.below(4)]);
        let refund_until = (self.choices.byte() % 4 != 0).then_some(Seconds(settle_by.0 + 3_600));
        let (amount, unit) = (Amount(self.amount()), *self.choices.of(&self.units));
        let ask = Ask {
            token,
            epoch,
            audience: *self.choices.of(&self.parties),
            action: "pay".into(),
            resource: Path::parse("x").expect("a path"),
            arguments: Vec::new(),
            payment: Some(Payment { amount, unit, settle_by, refund_until }),
            request: None,
        };
        let invocation = self.client.invocation(self.now, &ask).expect("draft");
        let key = signer(holder);
        let mut drafts = vec![self.client.reserve(invocation, links, &key)];
        let payees = [signer(3), signer(4), signer(5)];
        if self.choices.byte() % 4 == 0 {
            let part = Amount(self.amount());
            let act = Act::Capture { reserve: Reference::Member(0), number: 1, amount: part };
            let payee = &payees[self.parties.iter().position(|id| *id == ask.audience).unwrap_or(0)];
            drafts.push(self.client.act(self.now, act, &[payee]).expect("draft"));
        }
        let Ok(ready) = self.client.ready(&drafts) else { return };
        self.now.0 += 250;
        let answer = self.ledger.submit(&[&ready.bytes], self.now).expect("a batch")[0];
        if matches!(answer, Answer::Applied(_)) {
            self.others.extend(&ready.ids);
        }
        self.sent.push(ready);
        self.conserves();
    }

    fn other(&mut self) -> ObjectId {
        if self.others.is_empty() { ObjectId::default() } else { *self.choices.of(&self.others) }
    }

    /// The payee of a reservation, or of that of a capture.
    fn payee(&self, id: &ObjectId) -> u8 {
        let state = self.ledger.store().state();
        let reserve = state.get(&key::CaptureOf(*id)).map_or(*id, |capture| capture.reservation);
        let payee = state.get(&key::ReservationOf(reserve)).map(|reservation| reservation.payee);
        let place = self.parties.iter().position(|id| self.ledger.leaf(id).map(|r| r.leaf.index) == payee);
        3 + place.unwrap_or(0) as u8
    }

    fn capture(&mut self) {
        let id = self.other();
        let number = self.ledger.reservation(&id).map_or(1, |reservation| reservation.captures + 1);
        let act = Act::Capture { reserve: Reference::Id(id), number, amount: Amount(self.amount()) };
        self.act(act, &[self.payee(&id)]);
    }

    fn refund(&mut self) {
        let id = self.other();
        let act = Act::Refund { capture: Reference::Id(id), amount: Amount(self.amount()) };
        self.act(act, &[self.payee(&id)]);
    }

    fn release(&mut self) {
        let id = self.other();
        let amount = (self.choices.byte() % 2 == 0).then(|| Amount(self.amount()));
        self.act(Act::Release { reserve: Reference::Id(id), amount }, &[self.payee(&id)]);
    }

    fn target(&mut self) -> (Target, u8) {
        let (token, holder) = self.token();
        let info = self.ledger.token(&token);
        let depth = info.map_or(1, |info| info.ancestors.len() + 1);
        let place = 1 + self.choices.below(depth + 1);
        let by = match place.checked_sub(2) {
            None => 3,
            Some(link) if link + 1 == depth => holder,
            Some(link) => {
                let index = info.and_then(|info| info.ancestors.get(link)).copied();
                let above =
                    self.tokens.iter().find(|(id, _)| self.ledger.leaf(id).map(|r| r.leaf.index) == index);
                above.map_or(3, |(_, key)| *key)
            }
        };
        (Target { token, epoch: self.epoch(&token).0, position: Position(place as u8) }, by)
    }

    fn control(&mut self) {
        let (target, by) = self.target();
        let suspend = Reference::Id(self.other());
        let act = match self.choices.byte() % 6 {
            0 => Act::Suspend(target),
            1 => Act::Resume { target, suspend },
            2 => Act::Revoke(target),
            3 => Act::Cut(target),
            4 => Act::Veto { token: target.token, rekey: suspend },
            _ => Act::End(target),
        };
        self.act(act, &[by]);
    }

    fn transfer(&mut self) {
        let (token, holder) = self.token();
        let new = 6 + self.choices.byte() % 4;
        let (from, to) = (signer(holder), signer(new));
        let epoch = self.epoch(&token).0;
        let draft = self.client.transfer(self.now, token, epoch, (&from, &to)).expect("draft");
        if self.submit(&[draft]).is_some() {
            self.held_by(token, new);
        }
    }

    fn offer(&mut self) {
        let (token, holder) = self.token();
        let until = Seconds(self.now.seconds().0 + [0, 60, 3_600, 604_800][self.choices.below(4)]);
        let (amount, unit) = (Amount(self.amount().max(1)), *self.choices.of(&self.units));
        let price = Price { amount, payee: *self.choices.of(&self.parties), unit, until };
        let asked = (self.choices.byte() % 8 != 0).then_some(price);
        let act = Act::Offer(Offer { token, epoch: self.epoch(&token).0, price: asked });
        if let Some(id) = self.act(act, &[holder]) {
            self.offers.push((id, token, price));
        }
    }

    fn buy(&mut self) {
        let Some((offer, token, price)) = self.offers.last().copied() else { return };
        let (purse, holder) = self.token();
        let settle_by = Seconds(self.now.seconds().0 + 60);
        let Price { amount, unit, payee, .. } = price;
        let ask = Ask {
            token: purse,
            epoch: self.epoch(&purse).0,
            audience: payee,
            action: BUY.into(),
            resource: goods(&token).expect("a path"),
            arguments: Vec::new(),
            payment: Some(Payment { amount, unit, settle_by, refund_until: None }),
            request: None,
        };
        let invocation = self.client.invocation(self.now, &ask).expect("draft");
        let new = 6 + self.choices.byte() % 4;
        let (payer, buyer) = (signer(holder), signer(new));
        let least = self.amount();
        let minimum = (least > 0).then_some((unit, Amount(least))).into_iter().collect();
        let (epoch, offer) = (self.epoch(&token).0, Reference::Id(offer));
        let purchase = Purchase { token, epoch, offer, minimum, payment: 0 };
        let pays = self.client.reserve(invocation, Vec::new(), &payer);
        let takes = self.client.trade(self.now, &purchase, &buyer).expect("draft");
        if self.submit(&[pays, takes]).is_some() {
            self.held_by(token, new);
        }
    }

    fn held_by(&mut self, token: ObjectId, holder: u8) {
        self.tokens.iter_mut().filter(|(id, _)| *id == token).for_each(|(_, key)| *key = holder);
    }

    fn rekey(&mut self) {
        let (target, by) = self.target();
        let new = self.key();
        let holder = public_key(&signer(new)).expect("a good key");
        self.act(Act::Rekey { target, holder }, &[by, new]);
        self.look();
    }

    /// A rekey may have changed who holds what.
    fn look(&mut self) {
        for place in 0..self.tokens.len() {
            let id = self.tokens[place].0;
            let holder =
                self.ledger.leaf(&id).and_then(|record| record.leaf.token().map(|token| token.holder));
            let number = (0..KEYS).find(|number| Some(signer(*number).public_key()) == holder);
            self.tokens[place].1 = number.expect("one of ours");
        }
    }

    fn freeze(&mut self) {
        let mut all: Vec<ObjectId> = self.parties.iter().chain(&self.units).copied().collect();
        all.push(ObjectId(self.ledger.id().0));
        all.extend(self.tokens.iter().map(|(id, _)| *id));
        let id = *self.choices.of(&all);
        let leaf = self.ledger.leaf(&id).map(|record| record.leaf.index).unwrap_or_default();
        let freeze = Reference::Id(self.other());
        let act = if self.choices.byte() % 2 == 0 {
            Act::Freeze { leaf, id }
        } else {
            Act::Unfreeze { leaf, id, freeze }
        };
        self.act(act, &[0, 1]);
    }

    fn again(&mut self) {
        if let Some(ready) = self.sent.get(self.choices.0.len() % self.sent.len().max(1)).cloned() {
            let answer = self.send(&ready);
            if matches!(answer, Answer::Applied(_)) {
                self.others.extend(&ready.ids);
                if self.ledger.token(&ready.id).is_some() {
                    self.tokens.push((ready.id, 6));
                }
                self.look();
            }
        }
    }

    fn wait(&mut self) {
        self.now.0 += [1_000, 60_000, 3_600_000, 90_000_000][self.choices.below(4)];
        self.ledger.submit(&[], self.now).expect("a batch");
        self.look();
        self.conserves();
    }
}

/// Replays every batch from its entries and objects, and compares state and roots.
fn replays(ledger: &Ledger) {
    let mut again = MemoryStore::default();
    let kept: Vec<Kept<'_>> = ledger.store().iter().collect();
    let ends = kept.iter().map(|kept| matches!(Entry::decode(kept.entry), Ok(Entry::Commitment(_))));
    let ends: Vec<usize> = ends.enumerate().filter(|(_, end)| *end).map(|(place, _)| place + 1).collect();
    let mut start = 0;
    for end in ends {
        let batch = &kept[start..end];
        let built = if start == 0 {
            replay_genesis(batch).expect("genesis replays")
        } else {
            replay(again.state(), again.trees(), &ledger.id(), batch).expect("a batch replays")
        };
        let objects: Vec<&[u8]> = batch.iter().filter_map(|kept| kept.object).collect();
        again.commit(built, &objects);
        start = end;
    }
    assert_eq!(again.trees().state.root(), ledger.store().trees().state.root());
    assert_eq!(again.trees().status.root(), ledger.store().trees().status.root());
    assert_eq!(again.log().root(), ledger.store().log().root());
    assert!(again.state() == ledger.store().state(), "the same records");
}

fuzz_target!(|bytes: &[u8]| {
    let mut world = World::new(bytes);
    let mut steps = 0;
    while world.choices.any() && steps < STEPS_MAX {
        world.step();
        steps += 1;
    }
    replays(&world.ledger);
});
