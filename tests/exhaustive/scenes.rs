//! The scenes: who has which token, and what each of them has signed.

use crate::cast::{Cast, START, Signed, key};
use crate::scene::{Move, Scene};
use crate::truth::{Does, Lease, Play, Request, Token, Use};
use crate::weakened::Weakness;
use remit::client::{Ask, TokenSpec, budget, carved, public_key};
use remit::machine::key as keys;
use remit_verifier::object::{
    Act, ApprovalRule, Budget, Claim, Invocation, Lease as Terms, LeaseLimits, Path, Payment, Period,
    Position, Purpose, Reference, Requested, Target, Voucher, Window,
};
use remit_verifier::types::{Amount, Epoch, Hash, Nonce, ObjectId, RequestId, Seconds, StateIndex, TillId};
use std::collections::HashMap;

const DAY: u64 = 86_400;

/// A scene in the making.
struct Stage {
    cast: Cast,
    play: Play,
    moves: Vec<Move>,
    due: HashMap<ObjectId, Does>,
    ids: Vec<ObjectId>,
}

/// What a token of a scene is, before it is signed.
fn token(holder: &'static str, parent: Option<usize>, life: u64) -> Token {
    Token {
        id: ObjectId::default(),
        parent,
        parent_epoch: 0,
        holder,
        total: None,
        carved: false,
        per_use: None,
        window: None,
        threshold: None,
        expires: START + life,
        there: true,
    }
}

impl Stage {
    fn new() -> Self {
        let mut cast = Cast::new();
        let state = cast.state();
        let unit = state.get(&keys::IndexOf(cast.unit)).copied().unwrap_or(StateIndex(0));
        let play = Play { unit, ..Play::default() };
        let _ = &mut cast;
        Self { cast, play, moves: Vec::new(), due: HashMap::new(), ids: Vec::new() }
    }

    fn spec(&self, token: &Token) -> TokenSpec {
        let total = Amount(token.total.unwrap_or(u64::MAX));
        let whole = if token.carved { carved(self.cast.unit, total) } else { budget(self.cast.unit, total) };
        let window = token.window.map(|(border, most)| Window {
            period: Period::Fixed { length: Seconds(3600), anchor: Seconds(border % 3600) },
            most: Amount(most),
        });
        let leases = LeaseLimits { most: Amount(60), longest: Seconds(3600) };
        let budget = Budget {
            total: token.total.map(Amount),
            per_use: token.per_use.map(Amount),
            windows: window.into_iter().collect(),
            leases: Some(leases),
            ..whole
        };
        let budgets = vec![budget];
        let approval = token.threshold.map(|most| ApprovalRule {
            k: 1,
            approvers: vec![(&public_key(&key("ann")).expect("a key")).into()],
            thresholds: Some(vec![(self.cast.unit, Amount(most))]),
        });
        let life = token.expires - START;
        TokenSpec { approval, ..self.cast.spec(token.holder, life, budgets) }
    }

    /// A token that is there from the start.
    fn root(&mut self, token: Token) -> usize {
        let id = self.cast.root(self.spec(&token));
        self.keep(Token { id, ..token })
    }

    fn child(&mut self, token: Token) -> (usize, Signed) {
        let above = token.parent.expect("a child has a parent");
        let (parent, signer) = (self.ids[above], key(self.play.tokens[above].holder));
        let spec = self.spec(&token);
        let draft = self.cast.client.child(Cast::now(), parent, Epoch(0), &spec, &signer).expect("a draft");
        let signed = self.cast.sign(draft);
        (self.keep(Token { id: signed.id, ..token }), signed)
    }

    /// A child that is there from the start.
    fn shared(&mut self, token: Token) -> usize {
        let (place, signed) = self.child(token);
        self.cast.apply(&signed);
        place
    }

    /// A carved child that comes to be in the play.
    fn carve(&mut self, name: &'static str, token: Token) -> usize {
        let (place, signed) = self.child(Token { carved: true, there: false, ..token });
        self.due.insert(signed.id, Does::Carve(place));
        self.moves.push(Move { name, does: Does::Carve(place), signed });
        place
    }

    fn keep(&mut self, token: Token) -> usize {
        self.ids.push(token.id);
        self.play.tokens.push(token);
        self.ids.len() - 1
    }

    fn move_(&mut self, name: &'static str, does: Does, signed: Signed) -> ObjectId {
        let id = signed.id;
        self.moves.push(Move { name, does, signed });
        id
    }

    fn act(&mut self, name: &'static str, does: Does, act: Act, by: &[&str]) -> ObjectId {
        let signed = self.cast.act(act, by);
        self.move_(name, does, signed)
    }

    fn target(&self, token: usize, position: u8) -> Target {
        Target { token: self.ids[token], epoch: Epoch(0), position: Position(position) }
    }

    fn ask(&self, of: &Use) -> Ask {
        Ask {
            token: self.ids[of.token],
            epoch: Epoch(of.epoch),
            audience: self.cast.shop,
            action: "buy".into(),
            resource: Path::parse("x").expect("a path"),
            arguments: Vec::new(),
            payment: Some(Payment {
                amount: Amount(of.amount),
                unit: self.cast.unit,
                settle_by: Seconds(of.settle_by),
                refund_until: Some(Seconds(of.settle_by + DAY)),
            }),
            request: None,
        }
    }

    fn reserve(&mut self, name: &'static str, of: Use, nonce: Option<Nonce>) -> (usize, ObjectId) {
        let invocation = self.cast.client.invocation(Cast::now(), &self.ask(&of)).expect("a draft");
        let invocation = Invocation { request_nonce: nonce, ..invocation };
        let (signer, until) = (key(of.by), Seconds(START + DAY));
        let request = invocation.request_id(&self.cast.ledger()).filter(|_| of.brings);
        let yes =
            request.map(|request| self.cast.client.approval(request, until, &key("ann")).expect("signed").1);
        let approvals = yes.into_iter().collect();
        let signed = self.cast.sign(self.cast.client.reserve_approved(invocation, approvals, &signer));
        let place = self.play.uses.len();
        self.play.uses.push(of);
        self.due.insert(signed.id, Does::Reserve(place));
        (place, self.move_(name, Does::Reserve(place), signed))
    }

    fn spend(
        &mut self,
        name: &'static str,
        of: (usize, &'static str, u64),
        settle: u64,
    ) -> (usize, ObjectId) {
        let (token, by, amount) = of;
        let settle_by = START + settle;
        self.reserve(name, Use { token, by, epoch: 0, amount, settle_by, request: None, brings: false }, None)
    }

    fn capture(
        &mut self,
        name: &'static str,
        (place, id): (usize, ObjectId),
        number: u64,
        amount: u64,
    ) -> ObjectId {
        let act = Act::Capture { reserve: Reference::Id(id), number, amount: Amount(amount) };
        self.act(name, Does::Capture(place, number, amount), act, &["shop"])
    }

    fn release(&mut self, name: &'static str, (place, id): (usize, ObjectId), amount: u64) {
        let act = Act::Release { reserve: Reference::Id(id), amount: Some(Amount(amount)) };
        self.act(name, Does::Release(place, amount), act, &["shop"]);
    }

    fn refund(&mut self, name: &'static str, (place, number): (usize, u64), capture: ObjectId, amount: u64) {
        let act = Act::Refund { capture: Reference::Id(capture), amount: Amount(amount) };
        self.act(name, Does::Refund(place, number, amount), act, &["shop"]);
    }

    fn finish(self, times: &[u64], weakness: Option<&'static Weakness>) -> Scene {
        let Self { cast, play, moves, due, .. } = self;
        Scene { start: cast.state(), play, moves, times: times.to_vec(), due, weakness }
    }
}

/// A root of 150 with at most 60 a use; a shared child with 80; a carved child of 40 that expires.
pub fn budgets(weakness: Option<&'static Weakness>) -> Scene {
    let mut s = Stage::new();
    let root = s.root(Token { total: Some(150), per_use: Some(60), ..token("a", None, DAY) });
    let shared = s.shared(Token { total: Some(80), ..token("b", Some(root), DAY) });
    let one = s.spend("a reserves 60", (root, "a", 60), 10);
    let other = s.spend("b reserves 50", (shared, "b", 50), 20);
    s.spend("b reserves 61, above the root's bound of one use", (shared, "b", 61), 20);
    s.spend("b reserves 35", (shared, "b", 35), 20);
    let carved = s.carve("a carves 40 for c", Token { total: Some(40), ..token("c", Some(root), 25) });
    let third = s.spend("c reserves 40", (carved, "c", 40), 20);
    let first = s.capture("30 of the 60 are captured", one, 1, 30);
    s.capture("the other 30 of the 60 are captured", one, 2, 30);
    s.release("20 of the 50 are released", other, 20);
    s.refund("20 of the first 30 are refunded", (one.0, 1), first, 20);
    s.refund("20 of the first 30 are refunded again", (one.0, 1), first, 20);
    let all = s.capture("c's 40 are captured", third, 1, 40);
    s.refund("10 of c's 40 are refunded", (third.0, 1), all, 10);
    let target = s.target(carved, 3);
    s.act("c ends its token", Does::End(carved), Act::End(target), &["c"]);
    s.finish(&[0, 15, 30], weakness)
}

/// A chain of three, whose links are suspended, resumed, revoked, transferred and run out.
pub fn stops(weakness: Option<&'static Weakness>) -> Scene {
    let mut s = Stage::new();
    let root = s.root(Token { total: Some(100), ..token("a", None, DAY) });
    let middle = s.shared(token("b", Some(root), 25));
    let last = s.shared(token("c", Some(middle), 25));
    let low = s.spend("c reserves 30", (last, "c", 30), 20);
    s.spend("b reserves 30", (middle, "b", 30), 10);
    s.spend("d reserves 30 with c's token", (last, "d", 30), 20);
    s.spend("a reserves 50", (root, "a", 50), 40);
    let late = Use {
        token: middle,
        by: "d",
        epoch: 1,
        amount: 20,
        settle_by: START + 40,
        request: None,
        brings: false,
    };
    s.reserve("d reserves 20 with the token that it got", late, None);
    s.capture("c's 30 are captured", low, 1, 30);
    let target = s.target(middle, 2);
    let suspend = s.act("a suspends b's token", Does::Suspend(middle), Act::Suspend(target), &["a"]);
    let resume = Act::Resume { target, suspend: Reference::Id(suspend) };
    s.act("a resumes b's token", Does::Resume(middle), resume, &["a"]);
    let target = s.target(last, 3);
    s.act("b revokes c's token", Does::Revoke(last), Act::Revoke(target), &["b"]);
    let target = s.target(root, 1);
    s.act("the issuer revokes the root", Does::Revoke(root), Act::Revoke(target), &["issuer"]);
    let (from, to) = (key("b"), key("d"));
    let id = s.ids[middle];
    let draft = s.cast.client.transfer(Cast::now(), id, Epoch(0), (&from, &to)).expect("a draft");
    let signed = s.cast.sign(draft);
    s.move_("b hands its token to d", Does::Transfer(middle, "d"), signed);
    let (leaf, unit) = (s.play.unit, s.cast.unit);
    let act = Act::Freeze { leaf, id: unit };
    let freeze = s.act("the unit is frozen", Does::FreezeUnit, act, &["operator"]);
    let act = Act::Unfreeze { leaf, id: unit, freeze: Reference::Id(freeze) };
    s.act("the unit is thawed", Does::ThawUnit, act, &["operator"]);
    let target = s.target(last, 4);
    s.act("c ends its token", Does::End(last), Act::End(target), &["c"]);
    s.finish(&[0, 15, 30], weakness)
}

/// A root with a window of 100, approval above 50 and leases; requests that wait, and a lease that is settled.
pub fn guards(weakness: Option<&'static Weakness>) -> Scene {
    let mut s = Stage::new();
    let window = Some((START + 15, 100));
    let spec = Token { total: Some(150), window, threshold: Some(50), ..token("a", None, DAY) };
    let root = s.root(spec);
    let child = s.shared(token("b", Some(root), DAY));
    s.spend("a reserves 45", (root, "a", 45), 20);
    let small = s.spend("b reserves 30", (child, "b", 30), 40);
    s.release("b's 30 are released", small, 30);
    s.spend("a reserves 80 without asking", (root, "a", 80), 40);
    request(&mut s, child);
    lease(&mut s, child);
    let target = s.target(child, 2);
    let suspend = s.act("a suspends b's token", Does::Suspend(child), Act::Suspend(target), &["a"]);
    let resume = Act::Resume { target, suspend: Reference::Id(suspend) };
    s.act("a resumes b's token", Does::Resume(child), resume, &["a"]);
    s.finish(&[0, 15, 30, 700], weakness)
}

/// A root with approval above 30; a lease of 50 that is asked for, and what tries to pass for it.
pub fn asked(weakness: Option<&'static Weakness>) -> Scene {
    let mut s = Stage::new();
    let root = s.root(Token { total: Some(100), threshold: Some(30), ..token("a", None, DAY) });
    let child = s.shared(token("b", Some(root), DAY));
    s.spend("a reserves 30", (root, "a", 30), 40);
    s.spend("b reserves 30", (child, "b", 30), 10);
    let (request, nonce, terms) = ask_lease(&mut s, child);
    s.act("ann approves", Does::Approve(0), Act::Approve { request }, &["ann"]);
    s.act("mallory approves", Does::Forbidden, Act::Approve { request }, &["mallory"]);
    let of =
        Lease { token: child, by: "b", amount: 50, settle_by: START + 620, request: Some(0), brings: false };
    let lease = open_asked(&mut s, "b opens the lease", terms, of.clone());
    open_asked(&mut s, "b opens the lease with ann's yes", terms, Lease { brings: true, ..of.clone() });
    open_asked(&mut s, "b opens the lease with ann's yes again", terms, Lease { brings: true, ..of });
    pretend(&mut s, child, request, nonce, terms);
    let act = Act::Withdraw { request, position: Some(Position(3)) };
    s.act("b takes its request back", Does::Withdraw(0), act, &["b"]);
    let taken = voucher(&mut s, child, lease, "b", (1, 30));
    s.act("30 are settled", Does::Settle(0, 30), taken, &["shop"]);
    let act = Act::LeaseClose { lease: Reference::Id(lease) };
    s.act("the lease is closed", Does::Close(0), act, &["shop"]);
    let target = s.target(child, 2);
    let suspend = s.act("a suspends b's token", Does::Suspend(child), Act::Suspend(target), &["a"]);
    let resume = Act::Resume { target, suspend: Reference::Id(suspend) };
    s.act("a resumes b's token", Does::Resume(child), resume, &["a"]);
    s.finish(&[0, 15, 25, 700], weakness)
}

/// A request for a lease of 50: its name and nonce, and the lease that carries it out.
fn ask_lease(s: &mut Stage, token: usize) -> (RequestId, Nonce, Terms) {
    let decide_by = START + 18;
    let of = Lease { token, by: "b", amount: 50, settle_by: START + 620, request: None, brings: false };
    let terms = terms(s, &of, 20);
    let Terms { token: id, epoch, payee, amount, unit, .. } = terms;
    let purpose = Purpose::Lease(terms.terms());
    let requested =
        Requested { token: id, epoch, payee, purpose, amount, unit, decide_by: Seconds(decide_by) };
    let signer = key("b");
    let act = Act::Request(requested.clone());
    let draft = s.cast.client.act(Cast::now(), act, &[&signer]).expect("a draft");
    let nonce = draft.body.stamp().expect("an act").nonce;
    let request = requested.request_id(&s.cast.ledger(), nonce);
    let signed = s.cast.sign(draft);
    s.play.requests.push(Request { token, amount: 50, decide_by });
    s.due.insert(ObjectId(request.0), Does::Request(0));
    s.move_("b asks for a lease of 50", Does::Request(0), signed);
    (request, nonce, Terms { request_nonce: Some(nonce), ..terms })
}

fn open_asked(s: &mut Stage, name: &'static str, terms: Terms, of: Lease) -> ObjectId {
    let (signer, until) = (key(of.by), Seconds(START + DAY));
    let request = terms.request_id(&s.cast.ledger()).filter(|_| of.brings);
    let yes = request.map(|request| s.cast.client.approval(request, until, &key("ann")).expect("signed").1);
    let approvals = yes.into_iter().collect();
    let draft = s.cast.client.lease_approved(Cast::now(), terms, approvals, &signer).expect("a draft");
    let signed = s.cast.sign(draft);
    let place = s.play.leases.len();
    s.play.leases.push(of);
    s.due.insert(signed.id, Does::Lease(place));
    s.move_(name, Does::Lease(place), signed)
}

/// What has ann's yes to the lease, or to a use, and is not what she said yes to.
fn pretend(s: &mut Stage, token: usize, request: RequestId, nonce: Nonce, terms: Terms) {
    let (signer, until) = (key("b"), Seconds(START + DAY));
    let of =
        Use { token, by: "b", epoch: 0, amount: 50, settle_by: START + 40, request: None, brings: false };
    let invocation = s.cast.client.invocation(Cast::now(), &s.ask(&of)).expect("a draft");
    let invocation = Invocation { request_nonce: Some(nonce), ..invocation };
    let of_use = invocation.request_id(&s.cast.ledger()).expect("it names one");
    let [to_lease, to_use] =
        [request, of_use].map(|id| s.cast.client.approval(id, until, &key("ann")).expect("signed").1);
    let signed = s.cast.sign(s.cast.client.reserve_approved(invocation, vec![to_lease.clone()], &signer));
    s.move_("b spends 50 with ann's yes to the lease", Does::Forbidden, signed);
    let longer = Terms { spend_until: Seconds(terms.spend_until.0 - 1), ..terms };
    for (name, terms, yes) in [
        ("b opens the lease with ann's yes to a use", terms, to_use),
        ("b opens another lease with ann's yes to this one", longer, to_lease),
    ] {
        let draft = s.cast.client.lease_approved(Cast::now(), terms, vec![yes], &signer).expect("a draft");
        let signed = s.cast.sign(draft);
        s.move_(name, Does::Forbidden, signed);
    }
}

/// A request for 55: approved by who may and by who may not, carried out twice, withdrawn.
fn request(s: &mut Stage, token: usize) {
    let (request, settle_by) = (Some(0), START + 40);
    let of = Use { token, by: "b", epoch: 0, amount: 55, settle_by, request, brings: false };
    let ask = s.ask(&of);
    let decide_by = START + 25;
    let requested = ask.requested(Seconds(decide_by)).expect("a payment");
    let signer = key("b");
    let act = Act::Request(requested.clone());
    let draft = s.cast.client.act(Cast::now(), act, &[&signer]).expect("a draft");
    let nonce = draft.body.stamp().expect("an act").nonce;
    let request = requested.request_id(&s.cast.ledger(), nonce);
    let signed = s.cast.sign(draft);
    s.play.requests.push(Request { token, amount: of.amount, decide_by });
    s.due.insert(ObjectId(request.0), Does::Request(0));
    s.move_("b asks for 55", Does::Request(0), signed);
    s.act("ann approves", Does::Approve(0), Act::Approve { request }, &["ann"]);
    s.act("mallory approves", Does::Forbidden, Act::Approve { request }, &["mallory"]);
    s.reserve("b spends the 55", of.clone(), Some(nonce));
    let brings = Use { brings: true, ..of };
    s.reserve("b spends the 55 with ann's yes", brings.clone(), Some(nonce));
    s.reserve("b spends the 55 with ann's yes again", brings, Some(nonce));
    let act = Act::Withdraw { request, position: Some(Position(3)) };
    s.act("b takes its request back", Does::Withdraw(0), act, &["b"]);
}

/// Two leases of 50, one of them settled with 30, settled with 40, closed, refunded.
fn lease(s: &mut Stage, token: usize) {
    let lease = open(s, "b leases 50", token, "b");
    open(s, "b leases 50 again", token, "b");
    let first = voucher(s, token, lease, "b", (1, 30));
    let settled = s.act("30 are settled", Does::Settle(0, 30), first, &["shop"]);
    let second = voucher(s, token, lease, "b", (2, 40));
    s.act("40 are settled", Does::Settle(0, 40), second, &["shop"]);
    let more = voucher(s, token, lease, "b", (3, 51));
    s.act("51 are settled", Does::Forbidden, more, &["shop"]);
    let forged = voucher(s, token, lease, "mallory", (1, 50));
    s.act("mallory's voucher is settled", Does::Forbidden, forged, &["shop"]);
    let act = Act::LeaseClose { lease: Reference::Id(lease) };
    s.act("the lease is closed", Does::Close(0), act, &["shop"]);
    let act = Act::Refund { capture: Reference::Id(settled), amount: Amount(20) };
    s.act("20 of the 30 are refunded", Does::RefundLease(0, 30, 20), act, &["shop"]);
}

fn terms(s: &Stage, of: &Lease, spend: u64) -> Terms {
    Terms {
        token: s.ids[of.token],
        epoch: Epoch(0),
        payee: s.cast.shop,
        till: TillId([7; 32]),
        amount: Amount(of.amount),
        unit: s.cast.unit,
        spend_until: Seconds(START + spend),
        settle_by: Seconds(of.settle_by),
        refund_until: Some(Seconds(of.settle_by + DAY)),
        request_nonce: None,
    }
}

fn open(s: &mut Stage, name: &'static str, token: usize, by: &'static str) -> ObjectId {
    let of = Lease { token, by, amount: 50, settle_by: START + 610, request: None, brings: false };
    let terms = terms(s, &of, 5);
    let place = s.play.leases.len();
    s.play.leases.push(of);
    let lease = s.act(name, Does::Lease(place), Act::Lease(terms), &[by]);
    s.due.insert(lease, Does::Lease(place));
    lease
}

/// The settlement with a voucher of this number and sum.
fn voucher(s: &mut Stage, token: usize, lease: ObjectId, by: &str, (number, sum): (u64, u64)) -> Act {
    let of = Use { token, by: "b", epoch: 0, amount: sum, settle_by: 0, request: None, brings: false };
    let claim = Claim {
        amount: Amount(sum),
        unit: s.cast.unit,
        lease,
        number,
        cumulative: Amount(sum),
        root: Hash([1; 32]),
    };
    let ask = Ask { payment: None, ..s.ask(&of) };
    let invocation = s.cast.client.invocation(Cast::now(), &ask).expect("a draft");
    let invocation = Invocation { claim: Some(claim), ..invocation };
    let bytes = s.cast.client.invoke(&invocation, &key(by)).expect("signed").1;
    let voucher = Box::new(Voucher::decode(&bytes).expect("a voucher"));
    Act::Settle { lease: Reference::Id(lease), voucher }
}
