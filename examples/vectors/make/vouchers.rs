//! `vouchers.json`: proofs of a lease as its payee opens them, and vouchers as a till judges them (spec 16 §5–§6).

use super::leases::{TILL, leasing, terms, wanted};
use super::script::Script;
use super::things::{OTHER, argument, genesis, key, path, signer};
use super::{Vector, hex};
use remit::client::TokenSpec;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::code::Code;
use remit_verifier::object::{
    Act, ApprovalRule, Argument, Claim, Condition, Invocation, Lease, Operator, Permission, Value as Operand,
    Voucher,
};
use remit_verifier::till::{Accepted, LeaseProof, OpenLease, Till, Wallet, Wanted};
use remit_verifier::types::*;
use remit_verifier::verify::Policy;
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example/vouchers";

/// Name, about, code, and what is changed.
type Row<'a, T> = (&'a str, &'a str, Code, T);
/// What is changed in a proof.
type InProof<'a> = &'a dyn Fn(&mut LeaseProof<'_>);
/// Who signs, and what is changed before.
type InVoucher<'a> = (&'a str, fn(&mut Invocation));

/// A lease of 300 of the agent's token below the assistant's, at the hotel.
struct Scene {
    s: Script,
    proof: Vec<u8>,
    policy: String,
    vectors: Vec<Vector>,
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut s = Script::new(ORIGIN);
    let spec = TokenSpec { budgets: Some(vec![leasing(&s)]), ..s.root_spec("assistant", 1_000) };
    let root = s.issue("A root with leases.", &spec, Ok(()));
    let nights =
        Condition { argument: "nights".into(), operator: Operator::Le, operands: vec![Operand::Integer(3)] };
    let permission = Permission { conditions: vec![nights], ..Permission::default() };
    let spec = TokenSpec { permissions: Some(vec![permission]), ..s.spec("agent") };
    let token = s.delegate("At most three nights.", (root, "assistant"), &spec, Ok(()));
    let lease = Act::Lease(terms(&s, token, 300));
    let lease = s.act("A lease.", lease, &["agent"], Ok(()));
    let proof = s.ledger.lease_proof(&lease).expect("proved");
    let policy = policy(s.hotel, &s.ledger.id(), s.company);
    let mut scene = Scene { s, proof, policy, vectors: Vec::new() };
    scene.proofs();
    scene.vouchers();
    scene.approved();
    scene.vectors
}

fn policy(party: ObjectId, ledger: &LedgerId, issuer: ObjectId) -> String {
    let log = VerifierKey::new(ORIGIN, KeyKind::Note, genesis().log_key.bytes()).expect("a key");
    format!(
        "party = \"{party}\"\nissuers = [\"{issuer}\"]\nmax_staleness_s = 600\nskew_ms = 2_000\n\
         offline_links = true\nlogged_links = \"verify\"\ntrust = [\"log {log}\", \"quorum none\"]\n\
         ledgers = {{ \"{ORIGIN}\" = \"{ledger}\" }}\n"
    )
}

fn nights(value: i64) -> Argument {
    Argument { name: "nights".into(), salt: [5; 16], value: Operand::Integer(value) }
}

impl Scene {
    fn now(&self) -> Millis {
        self.s.now
    }

    fn open(&self) -> OpenLease {
        let policy = Policy::from_toml(self.policy.as_bytes()).expect("a policy");
        OpenLease::verify(&self.proof, &policy, self.now()).expect("opens")
    }

    /// A proof, opened under a policy at a time.
    fn proof(
        &mut self,
        name: &str,
        about: &str,
        proof: &[u8],
        policy: &str,
        now: Millis,
        code: Option<Code>,
    ) {
        let settings = Policy::from_toml(policy.as_bytes()).expect("a policy");
        let opened = OpenLease::verify(proof, &settings, now);
        let input =
            json!({ "kind": "proof", "proof": hex(proof), "policy": policy, "now_ms": now.0.to_string() });
        let vector = match (opened, code) {
            (Ok(open), None) => Vector::ok(name, about, "16 §5", input, opened_view(&open)),
            (Err(came), Some(code)) if came == code => Vector::no(name, about, "16 §5", input, code),
            (came, code) => panic!("{name}: {:?}, not {code:?}", came.err()),
        };
        self.vectors.push(vector);
    }

    /// The good proof with something changed in it.
    fn changed(&mut self, name: &str, about: &str, code: Code, change: &dyn Fn(&mut LeaseProof<'_>)) {
        let (bytes, policy, now) = (self.proof.clone(), self.policy.clone(), self.now());
        let mut proof = LeaseProof::decode(&bytes).expect("a proof");
        change(&mut proof);
        self.proof(name, about, &proof.encode(), &policy, now, Some(code));
    }

    fn proofs(&mut self) {
        let (good, policy_text, now) = (self.proof.clone(), self.policy.clone(), self.now());
        self.proof("proof", "A good proof of a lease.", &good, &policy_text, now, None);
        let late = Millis(now.0 + 86_400_000);
        self.proof("proof-old", "A day later: it does not age.", &good, &policy_text, late, None);
        let early = Millis(now.0 - 2_251);
        let clock = Some(Code::Clock);
        self.proof("proof/clock", "The lease is later than the clock.", &good, &policy_text, early, clock);
        let short = &good[..good.len() - 1];
        self.proof("proof/short", "A byte is missing.", short, &policy_text, now, Some(Code::Malformed));
        let (hotel, airline, company, id) =
            (self.s.hotel, self.s.airline, self.s.company, self.s.ledger.id());
        for (name, about, policy, code) in [
            ("proof/payee", "Another party opens it.", policy(airline, &id, company), Code::WrongAudience),
            (
                "proof/issuer",
                "An issuer who is not listed.",
                policy(hotel, &id, hotel),
                Code::UntrustedIssuer,
            ),
            (
                "proof/ledger",
                "A log of another ledger.",
                policy(hotel, &LedgerId([0xbb; 32]), company),
                Code::BadSignature,
            ),
        ] {
            self.proof(name, about, &good, &policy, now, Some(code));
        }
        let shown = LeaseProof::decode(&good).expect("a proof");
        let flipped = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            *bytes.last_mut().expect("bytes") ^= 1;
            bytes
        };
        let (entry, common, lease) = (flipped(shown.entry), flipped(shown.common), flipped(shown.lease));
        let token = flipped(shown.tokens[0]);
        let parts: [Row<'_, InProof<'_>>; 10] = [
            ("proof/text", "No proof as text.", Code::Malformed, &|proof| proof.proof = b"no proof"),
            ("proof/no-tokens", "No chain.", Code::WrongToken, &|proof| proof.tokens.clear()),
            ("proof/upper", "The chain ends above the token.", Code::WrongToken, &|proof| {
                proof.tokens.truncate(1)
            }),
            ("proof/order", "The chain upside down.", Code::BrokenChain, &|proof| proof.tokens.reverse()),
            ("proof/links", "The digest of a link part is missing.", Code::NotFunding, &|proof| {
                proof.links.clear();
            }),
            ("proof/ids", "Ids as of a bundle.", Code::NotFunding, &|proof| proof.ids = vec![OTHER, OTHER]),
            ("proof/nine", "A chain of nine.", Code::TooDeep, &|proof| {
                let root = proof.tokens[0];
                proof.tokens = vec![root; 9];
            }),
            ("proof/root-twice", "Two roots.", Code::BrokenChain, &|proof| {
                let root = proof.tokens[0];
                proof.tokens = vec![root; 2];
            }),
            ("proof/seventeen", "More tokens than a list has.", Code::TooMany, &|proof| {
                let root = proof.tokens[0];
                proof.tokens = vec![root; 17];
            }),
            ("proof/no-lease", "An act of another kind for the lease.", Code::Malformed, &|proof| {
                proof.lease = proof.tokens[0];
            }),
        ];
        for (name, about, code, change) in parts {
            self.changed(name, about, code, change);
        }
        let with_entry = LeaseProof { entry: &entry, ..shown.clone() }.encode();
        let with_common = LeaseProof { common: &common, ..shown.clone() }.encode();
        let with_lease = LeaseProof { lease: &lease, ..shown.clone() }.encode();
        let mut tokens = shown.tokens.clone();
        tokens[0] = &token;
        let with_token = LeaseProof { tokens, ..shown.clone() }.encode();
        for (name, about, bytes, code) in [
            ("proof/entry", "Another entry.", with_entry, Code::BadProof),
            ("proof/common", "Other details.", with_common, Code::NotFunding),
            ("proof/signature", "A forged lease.", with_lease, Code::BadSignature),
            ("proof/token", "A forged token.", with_token, Code::BadSignature),
        ] {
            self.proof(name, about, &bytes, &policy_text, now, Some(code));
        }
    }

    /// What a till that kept this makes of a voucher.
    fn judge(&mut self, name: &str, about: &str, given: &Given<'_>, code: Option<Code>) -> Option<Vec<u8>> {
        let policy = Policy::from_toml(self.policy.as_bytes()).expect("a policy");
        let open = self.open();
        let till = match given.kept {
            Some(kept) => Till::decode(kept).expect("a till"),
            None => Till::new(TILL, &open).expect("its till"),
        };
        let came = till.accept(&open, given.voucher, given.shown, &policy, given.now);
        let arguments: Vec<_> = given.shown.iter().map(|one| hex(argument(one))).collect();
        let input = json!({
            "kind": "voucher",
            "proof": hex(&self.proof),
            "policy": self.policy,
            "opened_ms": self.now().0.to_string(),
            "till": TILL.to_string(),
            "kept": given.kept.map(hex),
            "voucher": hex(given.voucher),
            "arguments": arguments,
            "now_ms": given.now.0.to_string(),
        });
        let (vector, kept) = match (came, code) {
            (Ok(Accepted::Taken(till)), None) => {
                let values = json!({ "answer": "taken", "till": hex(till.encode()) });
                (Vector::ok(name, about, "16 §6", input, values), Some(till.encode()))
            }
            (Ok(Accepted::Repeated), None) => {
                (Vector::ok(name, about, "16 §6", input, json!({ "answer": "repeated" })), None)
            }
            (Err(came), Some(code)) if came == code => (Vector::no(name, about, "16 §6", input, code), None),
            (came, code) => panic!("{name}: {came:?}, not {code:?}"),
        };
        self.vectors.push(vector);
        kept
    }

    fn vouchers(&mut self) {
        let now = self.now();
        let wallet = Wallet::new(self.s.ledger.id(), &self.proof).expect("a lease");
        let wants = |amount, nonce| Wanted {
            arguments: vec![("nights".into(), nights(2).digest())],
            ..wanted(now, amount, nonce)
        };
        let (wallet, first) = wallet.sign(&signer("agent"), &wants(100, 1), now).expect("signed");
        let (_, second) = wallet.sign(&signer("agent"), &wants(120, 2), now).expect("signed");
        let shown = [nights(2)];
        let given = |voucher, kept| Given { voucher, kept, shown: &shown, now };
        let kept = self.judge("first", "The first voucher.", &given(&first, None), None).expect("taken");
        let after =
            self.judge("second", "The second voucher.", &given(&second, Some(&kept)), None).expect("taken");
        self.judge("repeated", "The last one again.", &given(&second, Some(&after)), None);
        let late = Millis(now.0 + 86_400_000);
        let again = Given { now: late, ..given(&second, Some(&after)) };
        self.judge("repeated-late", "The last one again, a day later.", &again, None);
        self.judge(
            "voucher/back",
            "The first one again, after the second.",
            &given(&first, Some(&after)),
            Some(Code::WrongNumber),
        );
        self.judge(
            "voucher/skip",
            "The second before the first.",
            &given(&second, None),
            Some(Code::WrongNumber),
        );
        self.broken(&second, &kept);
        self.times(&second, &kept);
    }

    /// The second voucher, signed again with something changed.
    fn broken(&mut self, second: &[u8], kept: &[u8]) {
        let shown = [nights(2)];
        let now = self.now();
        let fields: [Row<'_, InVoucher<'_>>; 12] = [
            ("voucher/holder", "Another signer.", Code::WrongHolder, ("assistant", |_| {})),
            ("voucher/token", "Another token.", Code::WrongToken, ("agent", |i| i.token = OTHER)),
            ("voucher/epoch", "Another epoch.", Code::OldEpoch, ("agent", |i| i.epoch = Epoch(1))),
            ("voucher/audience", "Another party.", Code::WrongAudience, ("agent", |i| i.audience = OTHER)),
            (
                "voucher/action",
                "An action that is not allowed.",
                Code::ActionNotAllowed,
                ("agent", |i| {
                    i.action = "view".into();
                }),
            ),
            (
                "voucher/resource",
                "A resource that is not allowed.",
                Code::ResourceNotAllowed,
                ("agent", |i| {
                    i.resource = path("suites/1");
                }),
            ),
            ("voucher/late", "Its own window is over.", Code::TooLate, ("agent", |i| i.valid_until.0 -= 60)),
            (
                "voucher/early",
                "Its own window is too long.",
                Code::TooEarly,
                ("agent", |i| {
                    i.valid_until.0 += 3;
                }),
            ),
            (
                "voucher/request",
                "A use that is not the one of the root.",
                Code::WrongRoot,
                ("agent", |i| {
                    i.request = Some(Hash([1; 32]));
                }),
            ),
            (
                "voucher/nonce",
                "A use that is not the one of the root.",
                Code::WrongRoot,
                ("agent", |i| {
                    i.nonce = Nonce([9; 16]);
                }),
            ),
            ("voucher/none", "No voucher.", Code::MisplacedVoucher, ("agent", |i| i.claim = None)),
            (
                "voucher/bundle",
                "A voucher in a bundle.",
                Code::Malformed,
                ("agent", |i| {
                    i.bundle = Some(Hash([1; 32]));
                }),
            ),
        ];
        for (name, about, code, (by, change)) in fields {
            let voucher = self.signed(second, by, change);
            let given = Given { voucher: &voucher, kept: Some(kept), shown: &shown, now };
            self.judge(name, about, &given, Some(code));
        }
        let claims: [Row<'_, fn(&mut Claim)>; 8] = [
            ("voucher/lease", "Another lease.", Code::WrongLease, |c| c.lease = OTHER),
            ("voucher/unit", "Another unit.", Code::WrongLease, |c| c.unit = OTHER),
            ("voucher/number", "Its number goes back.", Code::WrongNumber, |c| c.number = 1),
            ("voucher/sum", "A sum that lies.", Code::WrongSum, |c| c.cumulative.0 -= 1),
            ("voucher/amount", "An amount that lies.", Code::WrongSum, |c| c.amount.0 -= 1),
            ("voucher/root", "A root that lies.", Code::WrongRoot, |c| c.root.0[0] ^= 1),
            ("voucher/per-use", "More than one use may be.", Code::AbovePerUse, |c| {
                (c.amount, c.cumulative) = (Amount(121), Amount(221));
            }),
            ("voucher/sum-below", "A sum below its own amount.", Code::Malformed, |c| {
                c.cumulative = Amount(119);
            }),
        ];
        for (name, about, code, change) in claims {
            let change = |i: &mut Invocation| change(i.claim.as_mut().expect("a claim"));
            let voucher = self.signed(second, "agent", change);
            let given = Given { voucher: &voucher, kept: Some(kept), shown: &shown, now };
            self.judge(name, about, &given, Some(code));
        }
        let mut forged = second.to_vec();
        *forged.last_mut().expect("bytes") ^= 1;
        let given = Given { voucher: &forged, kept: Some(kept), shown: &shown, now };
        self.judge("voucher/signature", "A forged signature.", &given, Some(Code::BadSignature));
        let many = [nights(4)];
        let given = Given { shown: &many, voucher: second, ..given };
        self.judge("voucher/argument", "An argument that was not signed.", &given, Some(Code::WrongArgument));
        let given = Given { shown: &[], ..given };
        self.judge("voucher/hidden", "An argument that is not shown.", &given, Some(Code::ConditionNotMet));
        self.spent(second);
    }

    /// More than was leased, after all of it was spent.
    fn spent(&mut self, second: &[u8]) {
        let now = self.now();
        let mut wallet = Wallet::new(self.s.ledger.id(), &self.proof).expect("a lease");
        let shown = [nights(2)];
        let mut kept: Option<Vec<u8>> = None;
        for (nonce, amount) in [(11, 120), (12, 120), (13, 60)] {
            let arguments = vec![("nights".into(), nights(2).digest())];
            let wanted = Wanted { arguments, ..wanted(now, amount, nonce) };
            let (next, voucher) = wallet.sign(&signer("agent"), &wanted, now).expect("signed");
            wallet = next;
            let given = Given { voucher: &voucher, kept: kept.as_deref(), shown: &shown, now };
            kept = self.judge(&format!("spent-{nonce}"), "Until all of it is spent.", &given, None);
        }
        let voucher = self.signed(second, "agent", |i| {
            let claim = i.claim.as_mut().expect("a claim");
            (claim.number, claim.amount, claim.cumulative) = (4, Amount(1), Amount(301));
        });
        let given = Given { voucher: &voucher, kept: kept.as_deref(), shown: &shown, now };
        self.judge("voucher/above", "More than was leased.", &given, Some(Code::AboveLeased));
    }

    /// Of a lease that somebody said yes to no use is above what nobody is asked for.
    fn approved(&mut self) {
        let thresholds = Some(vec![(self.s.cny, Amount(80))]);
        let approval = Some(ApprovalRule { k: 1, approvers: vec![(&key("ann")).into()], thresholds });
        let budgets = Some(vec![leasing(&self.s)]);
        let spec = TokenSpec { approval, budgets, ..self.s.root_spec("agent", 1_000) };
        let token = self.s.issue("A root with leases that asks Ann above 80.", &spec, Ok(()));
        let terms = Lease { request_nonce: Some(Nonce([0x5f; 16])), ..terms(&self.s, token, 300) };
        let request = terms.request_id(&self.s.ledger.id()).expect("it names one");
        let until = Seconds(self.now().seconds().0 + 60);
        let yes = self.s.client.approval(request, until, &signer("ann")).expect("signed").1;
        let (agent, now) = (signer("agent"), self.now());
        let draft = self.s.client.lease_approved(now, terms, vec![yes], &agent).expect("draft");
        let lease = self.s.submit("A lease of 300 that Ann said yes to.", &[draft], Ok(()));
        self.proof = self.s.ledger.lease_proof(&lease).expect("proved");
        let (proof, policy, now) = (self.proof.clone(), self.policy.clone(), self.now());
        self.proof("proof-approved", "A lease that was asked for.", &proof, &policy, now, None);
        let wallet = Wallet::new(self.s.ledger.id(), &proof).expect("a lease");
        let (_, voucher) = wallet.sign(&agent, &wanted(now, 80, 1), now).expect("signed");
        let given = Given { voucher: &voucher, kept: None, shown: &[], now };
        self.judge("approved", "A use of 80, for which nobody is asked.", &given, None);
        let above = self.signed(&voucher, "agent", |i| {
            let claim = i.claim.as_mut().expect("a claim");
            (claim.amount, claim.cumulative) = (Amount(81), Amount(81));
        });
        let given = Given { voucher: &above, ..given };
        self.judge("approved/above", "Nobody says yes to one use.", &given, Some(Code::AbovePerUse));
    }

    fn times(&mut self, second: &[u8], kept: &[u8]) {
        let shown = [nights(2)];
        let end = self.open().lease().spend_until;
        let given = Given { voucher: second, kept: Some(kept), shown: &shown, now: end.millis() };
        let closed = Till::decode(kept).expect("a till").close().encode();
        let shut = Given { kept: Some(&closed), now: self.now(), ..given };
        self.judge("voucher/closed", "The till is closed.", &shut, Some(Code::Settled));
        self.judge("voucher/over", "The lease is no longer spent from.", &given, Some(Code::SpendOver));
    }

    fn signed(&self, voucher: &[u8], by: &str, change: impl FnOnce(&mut Invocation)) -> Vec<u8> {
        let mut invocation = Voucher::decode(voucher).expect("a voucher").invocation;
        change(&mut invocation);
        self.s.client.invoke(&invocation, &signer(by)).expect("signs").1
    }
}

/// What a till is given.
#[derive(Clone, Copy)]
struct Given<'g> {
    voucher: &'g [u8],
    kept: Option<&'g [u8]>,
    shown: &'g [Argument],
    now: Millis,
}

/// What an opened proof says.
pub(crate) fn opened_view(open: &OpenLease) -> Value {
    json!({
        "ledger": open.ledger().to_string(),
        "lease": open.id().to_string(),
        "till": open.lease().till.to_string(),
        "amount": open.lease().amount.to_string(),
        "holder": open.holder().bytes().to_string(),
        "per_use": open.per_use().map(|amount| amount.to_string()),
    })
}
