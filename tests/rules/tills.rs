//! Tills and wallets: what a payee takes offline, what he refuses, and what a crash between two steps costs whom.

use crate::leases::{HOUR, TILL, wanted};
use crate::world::*;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use remit::client::TokenSpec;
use remit_verifier::cbor::DecodeError;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::limits::*;
use remit_verifier::object::{
    Act, Argument, Budget, Claim, Condition, Invocation, Operator, Path, Permission, Value, Voucher,
};
use remit_verifier::sign::{LocalSigner, sign_object};
use remit_verifier::till::{Accepted, LeaseProof, OpenLease, Till, Wallet, WalletError};
use remit_verifier::types::{Amount, Hash, Millis, ObjectId, Seconds, TillId, TreeSize};
use remit_verifier::verify::{Decision, Issuers, LoggedLinks, Policy, Request, Serving, Settings, verify};
use rs_merkle::{Hasher, MerkleTree};

/// A lease of 300 at the hotel, with what both sides keep of it.
struct Counter {
    w: World,
    root: ObjectId,
    lease: ObjectId,
    policy: Policy,
    proof: Vec<u8>,
    open: OpenLease,
    till: Till,
    wallet: Wallet,
    nonce: u8,
}

impl World {
    fn policy_of(&self, party: ObjectId) -> Policy {
        let settings = Settings {
            trust: self.ledger.trust().expect("a name"),
            ledgers: vec![("remit.example/test".into(), self.ledger.id())],
            party,
            issuers: Issuers::Listed(vec![self.issuer]),
            max_staleness: Seconds(600),
            skew: Millis(5_000),
            offline_links: true,
            logged_links: LoggedLinks::Verify,
            replaying: Vec::new(),
            at_risk: Vec::new(),
            serving: Serving::default(),
        };
        Policy::new(settings).expect("fits")
    }
}

impl Counter {
    fn new() -> Self {
        let mut w = World::new();
        let budget = Budget { per_use: Some(Amount(120)), ..w.leasing() };
        let nights = Condition {
            argument: "nights".into(),
            operator: Operator::Le,
            operands: vec![Value::Integer(3)],
        };
        let permissions = |conditions| {
            Some(vec![Permission {
                services: Some(vec![w.hotel]),
                actions: Some(vec!["book".into()]),
                resources: Some(vec![Path::parse("rooms").expect("path")]),
                conditions,
            }])
        };
        let spec =
            TokenSpec { budgets: Some(vec![budget]), permissions: permissions(vec![]), ..w.spec("alice") };
        let child = TokenSpec { permissions: permissions(vec![]), ..w.inherit("bob", None) };
        let limited = TokenSpec { permissions: permissions(vec![nights]), ..child.clone() };
        let root = w.issue(&spec).expect("issued");
        let child = w.delegate(root, "alice", &child).expect("delegated");
        w.delegate(child, "bob", &limited).expect("a sibling with conditions, which nobody asks for here");
        Self::of(w, child)
    }

    /// Under a token that limits the nights.
    fn limited() -> Self {
        let counter = Self::new();
        let mut w = counter.w;
        let nights = Condition {
            argument: "nights".into(),
            operator: Operator::Le,
            operands: vec![Value::Integer(3)],
        };
        let permission =
            Permission { services: None, actions: None, resources: None, conditions: vec![nights] };
        let spec = TokenSpec { permissions: Some(vec![permission]), ..w.inherit("bob", None) };
        let child = w.delegate(counter.root, "bob", &spec).expect("delegated");
        Self::of(w, child)
    }

    fn of(mut w: World, root: ObjectId) -> Self {
        let lease = w.lease(root, "bob", 300).expect("leased");
        let proof = w.ledger.lease_proof(&lease).expect("proved");
        let policy = w.policy_of(w.hotel);
        let open = OpenLease::verify(&proof, &policy, w.now).expect("opens");
        let till = Till::new(TILL, &open).expect("its till");
        let wallet = Wallet::new(w.ledger.id(), &proof).expect("a lease");
        Self { w, root, lease, policy, proof, open, till, wallet, nonce: 0 }
    }

    /// The wallet signs, and stores itself.
    fn sign(&mut self, amount: u64) -> Vec<u8> {
        self.nonce += 1;
        let wanted = wanted(self.w.now, amount, self.nonce);
        let (wallet, voucher) = self.wallet.sign(&key("bob"), &wanted, self.w.now).expect("signed");
        self.wallet = Wallet::decode(&wallet.encode()).expect("what was stored");
        voucher
    }

    fn judge(&self, voucher: &[u8]) -> Result<Accepted, Code> {
        self.till.accept(&self.open, voucher, &[], &self.policy, self.w.now)
    }

    /// The till takes it, and stores itself.
    fn take(&mut self, voucher: &[u8]) {
        match self.judge(voucher).expect("taken") {
            Accepted::Taken(till) => self.till = Till::decode(&till.encode()).expect("what was stored"),
            Accepted::Repeated => panic!("it is new"),
        }
    }

    fn spend(&mut self, amount: u64) -> Vec<u8> {
        let voucher = self.sign(amount);
        self.take(&voucher);
        voucher
    }

    /// A voucher by this key, with something changed.
    fn spoilt(&self, voucher: &[u8], by: &str, change: impl FnOnce(&mut Invocation)) -> Vec<u8> {
        let mut invocation = Voucher::decode(voucher).expect("a voucher").invocation;
        change(&mut invocation);
        self.signed(&key(by), &invocation)
    }

    fn signed(&self, signer: &LocalSigner, invocation: &Invocation) -> Vec<u8> {
        let ledger = self.w.ledger.id();
        sign_object(signer, remit_verifier::label::INVOCATION, &ledger, &invocation.encode())
            .expect("signed")
            .1
    }

    /// The next voucher with another claim is refused so, and the till stays as it is.
    #[track_caller]
    fn refuses_claim(&mut self, code: Code, change: impl FnOnce(&mut Claim)) {
        let (wallet, nonce) = (self.wallet.clone(), self.nonce);
        let voucher = self.sign(50);
        (self.wallet, self.nonce) = (wallet, nonce);
        let change = |invocation: &mut Invocation| change(invocation.claim.as_mut().expect("a claim"));
        let voucher = self.spoilt(&voucher, "bob", change);
        assert_eq!(self.judge(&voucher), Err(code));
    }
}

#[test]
fn vouchers_are_taken_one_by_one_and_settled_with_the_last() {
    let mut c = Counter::new();
    for (number, amount) in (1..).zip([120, 80, 100]) {
        c.spend(amount);
        assert_eq!(c.till.tally().number(), number);
    }
    assert_eq!(c.till.tally(), c.wallet.tally());
    assert_eq!(c.till.tally().cumulative(), Amount(300), "all of it");
    let last = c.till.last().expect("taken").to_vec();
    c.w.settle(c.lease, &last).expect("settled");
    assert_eq!((c.w.leased(c.root), c.w.counters(c.root).captured), (0, 300));
    c.w.replays();
}

#[test]
fn a_payee_that_restarts_between_accept_and_answer_loses_and_gains_nothing() {
    let mut c = Counter::new();
    c.spend(100);
    let voucher = c.sign(50);
    c.take(&voucher);
    // The till is stored, and nobody heard the yes: the holder shows the same bytes again.
    let shown_again = c.wallet.last().expect("kept").to_vec();
    assert_eq!(shown_again, voucher);
    assert_eq!(c.judge(&shown_again), Ok(Accepted::Repeated));
    assert_eq!(c.till.tally().cumulative(), Amount(150));
    // Its own minute is over, and the answer is still the same.
    c.w.advance(HOUR);
    assert_eq!(c.judge(&shown_again), Ok(Accepted::Repeated));
}

#[test]
fn power_lost_before_the_till_is_stored_and_the_repeat_is_accepted_once() {
    let mut c = Counter::new();
    c.spend(100);
    let voucher = c.sign(50);
    let before = c.till.encode();
    let Ok(Accepted::Taken(lost)) = c.judge(&voucher) else { panic!("taken") };
    // What was not stored was not answered, and not served.
    c.till = Till::decode(&before).expect("what was stored");
    c.take(&voucher);
    assert_eq!(c.till, *lost, "the same, once");
    assert_eq!(c.judge(&voucher), Ok(Accepted::Repeated));
    assert_eq!(c.till.tally().cumulative(), Amount(150));
}

#[test]
fn a_slow_clock_makes_no_lease_live_longer() {
    let mut c = Counter::new();
    let start = c.w.now;
    c.w.now = Millis(start.0 + HOUR * 1000 - 1);
    c.spend(10);
    // The clock went back: what was seen before counts.
    c.w.now = start;
    let early = c.sign(10);
    assert_eq!(c.judge(&early), Err(Code::TooLate), "its minute is measured so too");
    let end = c.w.terms(c.root, 1).spend_until;
    c.w.now = end.millis();
    let wanted = wanted(start, 10, 99);
    let late = c.wallet.take_back().expect("refused").sign(&key("bob"), &wanted, start).expect("signed").1;
    assert_eq!(c.judge(&late), Err(Code::SpendOver));
    // A till whose clock is behind took a voucher after the end: there is still time to settle it.
    let mut slow = Counter::new();
    let voucher = slow.spend(10);
    slow.w.now = Millis(end.millis().0 + 2 * SKEW_MAX.0);
    slow.w.settle(slow.lease, &voucher).expect("settled");
}

#[test]
fn two_tills_need_two_leases() {
    let mut c = Counter::new();
    let other = TillId([0x72; 32]);
    assert_eq!(Till::new(other, &c.open).expect_err("another till's"), Code::WrongLease);
    let mut terms = c.w.terms(c.root, 200);
    terms.till = other;
    let second = c.w.act(Act::Lease(terms), &["bob"]).expect("leased");
    let proof = c.w.ledger.lease_proof(&second).expect("proved");
    let open = OpenLease::verify(&proof, &c.policy, c.w.now).expect("opens");
    let till = Till::new(other, &open).expect("its till");
    let voucher = c.sign(50);
    assert_eq!(till.accept(&open, &voucher, &[], &c.policy, c.w.now), Err(Code::WrongLease));
    assert_eq!(till.accept(&c.open, &voucher, &[], &c.policy, c.w.now), Err(Code::WrongLease));
    c.take(&voucher);
}

#[test]
fn a_voucher_that_goes_back_or_skips_is_refused() {
    let mut c = Counter::new();
    let first = c.spend(50);
    let second = c.sign(50);
    let third = c.sign(50);
    assert_eq!(c.judge(&third), Err(Code::WrongNumber), "it skips");
    c.take(&second);
    assert_eq!(c.judge(&first), Err(Code::WrongNumber), "it goes back");
    c.take(&third);
    assert_eq!(c.judge(&second), Err(Code::WrongNumber));
}

#[test]
fn a_cumulative_that_lies_or_a_root_that_lies_is_refused() {
    let mut c = Counter::new();
    c.spend(100);
    c.refuses_claim(Code::WrongSum, |claim| claim.cumulative = Amount(149));
    c.refuses_claim(Code::WrongSum, |claim| claim.cumulative = Amount(151));
    c.refuses_claim(Code::WrongSum, |claim| claim.amount = Amount(49));
    c.refuses_claim(Code::WrongRoot, |claim| claim.root.0[0] ^= 1);
    c.refuses_claim(Code::WrongNumber, |claim| claim.number = 1);
    // A use that the root is over is the use that is asked for.
    let voucher = c.sign(50);
    for change in [
        (|i| i.action = "book2".into()) as fn(&mut Invocation),
        |i| i.request = Some(Hash([1; 32])),
        |i| i.resource = Path::parse("rooms/13").expect("path"),
        |i| i.nonce.0[0] ^= 1,
    ] {
        let code = c.judge(&c.spoilt(&voucher, "bob", change)).expect_err("refused");
        assert!(matches!(code, Code::WrongRoot | Code::ActionNotAllowed), "{code}");
    }
    c.take(&voucher);
}

#[test]
fn more_than_the_lease_or_one_use_may_be_is_refused_on_both_sides() {
    let mut c = Counter::new();
    assert_eq!(c.open.per_use(), Some(Amount(120)));
    let refused = |c: &Counter, amount, code| {
        let wanted = wanted(c.w.now, amount, 77);
        let signed = c.wallet.sign(&key("bob"), &wanted, c.w.now);
        assert_eq!(signed.expect_err("refused"), WalletError::Refused(code));
    };
    refused(&c, 121, Code::AbovePerUse);
    refused(&c, 0, Code::BadAmount);
    // A holder who makes his own wallet gets no further.
    c.refuses_claim(Code::AbovePerUse, |claim| (claim.amount, claim.cumulative) = (Amount(121), Amount(121)));
    c.spend(120);
    c.spend(120);
    refused(&c, 61, Code::AboveLeased);
    c.refuses_claim(Code::AboveLeased, |claim| (claim.amount, claim.cumulative) = (Amount(61), Amount(301)));
    c.spend(60);
    refused(&c, 1, Code::AboveLeased);
    c.w.now = c.w.terms(c.root, 1).spend_until.millis();
    refused(&c, 1, Code::SpendOver);
}

#[test]
fn a_voucher_is_of_the_holder_for_this_party_on_this_token() {
    let mut c = Counter::new();
    let voucher = c.sign(50);
    let changed = |change: fn(&mut Invocation)| c.spoilt(&voucher, "bob", change);
    for (code, bytes) in [
        (Code::WrongHolder, c.spoilt(&voucher, "alice", |_| {})),
        (Code::WrongToken, changed(|i| i.token = ObjectId([1; 32]))),
        (Code::OldEpoch, changed(|i| i.epoch.0 = 1)),
        (Code::WrongAudience, changed(|i| i.audience = ObjectId([1; 32]))),
        (Code::WrongLease, changed(|i| i.claim.as_mut().expect("a claim").lease = ObjectId([1; 32]))),
        (Code::WrongLease, changed(|i| i.claim.as_mut().expect("a claim").unit = ObjectId([1; 32]))),
        (Code::ActionNotAllowed, changed(|i| i.action = "cancel".into())),
        (Code::ResourceNotAllowed, changed(|i| i.resource = Path::parse("suites/1").expect("path"))),
        (Code::TooEarly, changed(|i| i.valid_until.0 += 6)),
        (Code::TooLate, changed(|i| i.valid_until.0 -= 60)),
        (Code::Malformed, changed(|i| i.bundle = Some(Hash([1; 32])))),
        (Code::Malformed, changed(|i| i.claim.as_mut().expect("a claim").number = 0)),
        (Code::MisplacedVoucher, changed(|i| i.claim = None)),
    ] {
        assert_eq!(c.judge(&bytes), Err(code));
    }
    let mut forged = voucher.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    assert_eq!(c.judge(&forged), Err(Code::BadSignature));
    let long = c.spoilt(&voucher, "bob", |i| {
        let name = |number: usize| format!("{number:0>64}");
        i.arguments = (0..ARGUMENTS_MAX).map(|number| (name(number), Hash([number as u8; 32]))).collect();
    });
    assert!(
        long.len() <= VOUCHER_BYTES_MAX,
        "the largest invocation there is can be settled: {}",
        long.len()
    );
    assert_eq!(c.judge(&[0; VOUCHER_BYTES_MAX]), Err(Code::Malformed));
    assert_eq!(c.judge(&[0; VOUCHER_BYTES_MAX + 1]), Err(Code::Oversize));
    let shown = [Argument { name: "nights".into(), salt: [1; 16], value: Value::Integer(1) }];
    let judged = c.till.accept(&c.open, &voucher, &shown, &c.policy, c.w.now);
    assert_eq!(judged, Err(Code::WrongArgument));
    c.take(&voucher);
}

#[test]
fn conditions_on_arguments_hold_for_every_use() {
    let c = Counter::limited();
    let nights = |value| Argument { name: "nights".into(), salt: [5; 16], value: Value::Integer(value) };
    let judge = |signed: &Argument, shown: &[Argument]| {
        let mut wanted = wanted(c.w.now, 50, 1);
        wanted.arguments = vec![("nights".into(), signed.digest())];
        let voucher = c.wallet.sign(&key("bob"), &wanted, c.w.now).expect("signed").1;
        c.till.accept(&c.open, &voucher, shown, &c.policy, c.w.now)
    };
    assert_eq!(judge(&nights(4), &[nights(4)]), Err(Code::ConditionNotMet));
    assert_eq!(judge(&nights(3), &[]), Err(Code::ConditionNotMet), "a hidden argument meets nothing");
    assert_eq!(judge(&nights(4), &[nights(3)]), Err(Code::WrongArgument));
    assert!(matches!(judge(&nights(3), &[nights(3)]), Ok(Accepted::Taken(_))));
}

/// The till refused, and the holder takes the voucher back: its number is used again, and one of the two counts.
#[test]
fn a_wallet_signs_with_the_key_of_its_lease() {
    let mut c = Counter::new();
    let signed = c.wallet.sign(&key("alice"), &wanted(c.w.now, 1, 9), c.w.now);
    assert_eq!(signed.err(), Some(WalletError::Refused(Code::WrongHolder)));
    let voucher = c.sign(100);
    let taken = c.till.accept(&c.open, &voucher, &[], &c.policy, c.w.now).expect("number 1 is not used up");
    assert!(matches!(taken, Accepted::Taken(_)));
}

#[test]
fn a_refused_voucher_does_not_block_a_wallet() {
    let mut c = Counter::new();
    c.spend(100);
    let signed = c.sign(50);
    let refused = c.spoilt(&signed, "bob", |i| i.action = "cancel".into());
    assert_eq!(c.judge(&refused), Err(Code::ActionNotAllowed));
    c.wallet = c.wallet.take_back().expect("the last one");
    assert_eq!(c.wallet.take_back(), Err(Code::WrongNumber), "once");
    assert_eq!(c.wallet.tally(), c.till.tally());
    c.spend(70);
    assert_eq!(c.till.tally().cumulative(), Amount(170));
}

/// What is taken after the settlement was sent is not paid for.
#[test]
fn a_closed_till_takes_nothing_and_answers_repeats() {
    let mut c = Counter::new();
    let last = c.spend(100);
    let next = c.sign(50);
    c.till = Till::decode(&c.till.close().encode()).expect("what was stored");
    assert!(c.till.is_closed());
    assert_eq!(c.judge(&next), Err(Code::Settled));
    assert_eq!(c.judge(&last), Ok(Accepted::Repeated));
    let kept = c.till.last().expect("taken").to_vec();
    c.w.settle(c.lease, &kept).expect("settled");
    assert_eq!(c.w.counters(c.root).captured, 100);
}

/// RFC 6962 nodes for `rs_merkle`; its leaves are given hashed.
#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        sha256(&[&[0], data]).0
    }

    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        right.map_or(*left, |right| sha256(&[&[1], left, right]).0)
    }
}

#[test]
fn roots_over_uses_are_those_of_other_libraries_and_every_use_can_be_proved() {
    let mut c = Counter::new();
    let mut ct = MemoryBackedTree::<sha2::Sha256, Vec<u8>>::new();
    let (mut leaves, mut uses) = (Vec::new(), Vec::new());
    for amount in 1..=20 {
        let voucher = Voucher::decode(&c.spend(amount)).expect("a voucher");
        let one = voucher.to_use();
        assert_eq!(remit_verifier::object::Use::decode(&one.encode()), Ok(one.clone()));
        ct.push(one.encode());
        leaves.push(Rfc6962::hash(&one.encode()));
        uses.push(one);
        let rs = MerkleTree::<Rfc6962>::from_leaves(&leaves);
        assert_eq!(Some(voucher.claim.root.0), rs.root(), "{amount} uses");
        assert_eq!(voucher.claim.root.0, <[u8; 32]>::from(*ct.root().as_bytes()));
        for (place, one) in uses.iter().enumerate() {
            let path = ct.prove_inclusion(place);
            let (path, rest) = path.as_bytes().as_chunks();
            assert!(rest.is_empty());
            let path: Vec<_> = path.iter().copied().map(Hash).collect();
            one.verify(TreeSize(amount), &path, &voucher.claim.root).expect("proved");
            let lie = remit_verifier::object::Use { amount: Amount(one.amount.0 + 1), ..one.clone() };
            assert!(lie.verify(TreeSize(amount), &path, &voucher.claim.root).is_err());
        }
    }
}

#[test]
fn a_proof_of_a_lease_is_refused_with_anything_changed() {
    let c = Counter::new();
    let w = &c.w;
    let open = |proof: &LeaseProof<'_>, policy: &Policy, now| {
        OpenLease::verify(&proof.encode(), policy, now).map(|_| ())
    };
    let good = LeaseProof::decode(&c.proof).expect("decodes");
    assert_eq!(open(&good, &c.policy, w.now), Ok(()));
    assert_eq!(open(&good, &w.policy_of(w.airline), w.now), Err(Code::WrongAudience));
    assert_eq!(open(&good, &c.policy, Millis(w.now.0 - 5_001)), Err(Code::Clock));
    assert_eq!(open(&good, &c.policy, Millis(w.now.0 + 365 * DAY * 1000)), Ok(()), "whatever its age");
    let mut settings = c.policy.settings().clone();
    settings.issuers = Issuers::Listed(vec![w.hotel]);
    let strange = Policy::new(settings).expect("fits");
    assert_eq!(open(&good, &strange, w.now), Err(Code::UntrustedIssuer));
    let changed = |change: &dyn Fn(&mut LeaseProof<'_>)| {
        let mut proof = good.clone();
        change(&mut proof);
        open(&proof, &c.policy, w.now)
    };
    let mut common = good.common.to_vec();
    *common.last_mut().expect("bytes") ^= 1;
    let mut lease = good.lease.to_vec();
    *lease.last_mut().expect("bytes") ^= 1;
    let mut entry = good.entry.to_vec();
    *entry.last_mut().expect("bytes") ^= 1;
    assert_eq!(
        open(&LeaseProof { common: &common, ..good.clone() }, &c.policy, w.now),
        Err(Code::NotFunding)
    );
    assert_eq!(
        open(&LeaseProof { lease: &lease, ..good.clone() }, &c.policy, w.now),
        Err(Code::BadSignature)
    );
    assert_eq!(open(&LeaseProof { entry: &entry, ..good.clone() }, &c.policy, w.now), Err(Code::BadProof));
    assert_eq!(changed(&|proof| proof.links.clear()), Err(Code::NotFunding));
    assert_eq!(changed(&|proof| proof.ids = vec![ObjectId([1; 32])]), Err(Code::NotFunding));
    assert_eq!(changed(&|proof| proof.tokens.truncate(1)), Err(Code::WrongToken));
    assert_eq!(changed(&|proof| proof.tokens.reverse()), Err(Code::BrokenChain));
    assert_eq!(changed(&|proof| proof.tokens.clear()), Err(Code::WrongToken));
    assert_eq!(OpenLease::verify(&c.proof[1..], &c.policy, w.now).expect_err("no proof"), Code::Malformed);
}

#[test]
fn proofs_and_stored_states_have_bounds() {
    let c = Counter::new();
    let good = LeaseProof::decode(&c.proof).expect("decodes");
    let links = |count| {
        let proof = LeaseProof { links: vec![Hash::default(); count], ..good.clone() };
        LeaseProof::decode(&proof.encode()).map(drop)
    };
    assert_eq!(links(DETAILS_LINKS_MAX), Ok(()));
    assert_eq!(links(DETAILS_LINKS_MAX + 1), Err(DecodeError::TooMany));
    let of = |bytes: usize| LeaseProof::decode(&vec![0; bytes]).map(drop);
    assert_eq!(of(LEASE_PROOF_BYTES_MAX), Err(DecodeError::Malformed));
    assert_eq!(of(LEASE_PROOF_BYTES_MAX + 1), Err(DecodeError::Oversize));
    let stored = |bytes: usize| {
        let (till, wallet) = (Till::decode(&vec![0; bytes]), Wallet::decode(&vec![0; bytes]));
        [till.map(drop), wallet.map(drop)]
    };
    assert_eq!(stored(TILL_BYTES_MAX), [Err(DecodeError::Malformed); 2]);
    assert_eq!(stored(TILL_BYTES_MAX + 1), [Err(DecodeError::Oversize); 2]);
}

#[test]
fn a_lease_of_a_bundle_is_proved_too() {
    let mut c = Counter::new();
    let (one, two) = (c.w.terms(c.root, 10), c.w.terms(c.root, 20));
    let drafts = [one, two].map(|terms| c.w.draft(Act::Lease(terms), &["bob"]));
    let ready = c.w.apply(&drafts).expect("both");
    for (id, amount) in ready.ids.iter().zip([10, 20]) {
        let proof = c.w.ledger.lease_proof(id).expect("proved");
        let open = OpenLease::verify(&proof, &c.policy, c.w.now).expect("opens");
        assert_eq!((open.id(), open.lease().amount), (*id, Amount(amount)));
        assert_eq!(Wallet::new(c.w.ledger.id(), &proof).expect("a lease").id(), *id);
    }
    c.w.replays();
}

/// Every service would say the same yes to a voucher that is shown to it as a request without an amount.
#[test]
fn a_voucher_is_no_request_to_a_verdict() {
    let mut c = Counter::new();
    let voucher = c.sign(50);
    let shown = c.w.ledger.presentation(&c.root, &[], Some(&c.w.cny)).expect("a presentation");
    let request = Request { invocation: &voucher, arguments: &[], approvals: &[] };
    let verdict = verify(&shown, Some(&request), None, &c.policy, c.w.now);
    assert_eq!(verdict.decision, Decision::Denied(Code::MisplacedVoucher));
}

#[test]
fn what_is_stored_is_read_again_and_nothing_else_is() {
    let mut c = Counter::new();
    for amount in [10, 20, 30] {
        assert_eq!(Till::decode(&c.till.encode()), Ok(c.till.clone()));
        assert_eq!(Wallet::decode(&c.wallet.encode()), Ok(c.wallet.clone()));
        c.spend(amount);
    }
    let (till, wallet) = (c.till.encode(), c.wallet.encode());
    assert!(Wallet::decode(&till).is_err());
    for end in 0..till.len() {
        assert!(Till::decode(&till[..end]).is_err());
    }
    for end in 0..wallet.len() {
        assert!(Wallet::decode(&wallet[..end]).is_err());
    }
}

/// Signing, showing, accepting, storing and answering in any order, with power lost between any two steps: what was
/// served is served once, is what the till counts, and never more than the holder signed.
#[test]
fn whatever_is_lost_between_two_steps_nothing_is_served_or_paid_twice() {
    let mut seed = 11_u64;
    let mut next = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (mut taken, mut repeated, mut refused) = (0, 0, 0);
    for _ in 0..30 {
        let mut c = Counter::new();
        let mut on_disk = (c.till.encode(), c.wallet.encode());
        let mut served: Vec<Vec<u8>> = Vec::new();
        let mut shown: Vec<Vec<u8>> = Vec::new();
        let mut most_signed = 0;
        for _ in 0..40 {
            match next(8) {
                0 | 1 => {
                    c.nonce += 1;
                    let wanted = wanted(c.w.now, 1 + next(30), c.nonce);
                    let Ok((wallet, voucher)) = c.wallet.sign(&key("bob"), &wanted, c.w.now) else {
                        continue;
                    };
                    // Power is lost before the wallet is stored: the voucher never left it.
                    if next(4) == 0 {
                        continue;
                    }
                    on_disk.1 = wallet.encode();
                    most_signed = most_signed.max(wallet.tally().cumulative().0);
                    (c.wallet, shown) = (wallet, [shown, vec![voucher]].concat());
                }
                2 => {
                    let Ok(wallet) = c.wallet.take_back() else { continue };
                    on_disk.1 = wallet.encode();
                    c.wallet = wallet;
                }
                3 => {
                    c.till = Till::decode(&on_disk.0).expect("what was stored");
                    c.wallet = Wallet::decode(&on_disk.1).expect("what was stored");
                }
                _ => {
                    let Some(place) = next(3).checked_rem(shown.len() as u64) else { continue };
                    let voucher = shown[shown.len() - 1 - place as usize].clone();
                    match c.judge(&voucher) {
                        Ok(Accepted::Taken(till)) if next(4) != 0 => {
                            on_disk.0 = till.encode();
                            c.till = *till;
                            assert!(!served.contains(&voucher), "served twice");
                            served.push(voucher);
                            taken += 1;
                        }
                        Ok(Accepted::Taken(_)) => {}
                        Ok(Accepted::Repeated) => {
                            assert!(served.contains(&voucher), "a repeat of what was never served");
                            repeated += 1;
                        }
                        Err(code) => {
                            assert!(
                                matches!(code, Code::WrongNumber | Code::WrongSum | Code::WrongRoot),
                                "{code}"
                            );
                            refused += 1;
                        }
                    }
                }
            }
        }
        let amount = |voucher: &Vec<u8>| Voucher::decode(voucher).expect("a voucher").claim.amount.0;
        let owed: u64 = served.iter().map(amount).sum();
        assert_eq!((owed, served.len() as u64), (c.till.tally().cumulative().0, c.till.tally().number()));
        assert!(owed <= most_signed, "{owed} of {most_signed}");
        if let Some(last) = c.till.last().map(<[u8]>::to_vec) {
            c.w.settle(c.lease, &last).expect("settled");
            assert_eq!(c.w.counters(c.root).captured, owed);
            c.w.replays();
        }
    }
    assert!(taken > 30 && repeated > 10 && refused > 10, "{taken} {repeated} {refused}");
}
