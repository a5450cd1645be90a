//! A small ledger built by hand. A [`Scene`] is plain data; a test changes one thing in it and builds it.

use crate::trees;
use remit_verifier::c2sp::{
    Checkpoint, KeyKind, SignedNote, Threshold, TlogProof, Trust, TrustBuilder, VerifierKey,
};
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::key::PublicKey;
use remit_verifier::label;
use remit_verifier::log::{Commitment, Entry, Outcome};
use remit_verifier::object::{
    Act, ApprovalRule, Argument, Delegation, DelegationMode, Invocation, Kind, Origin, Path, Payment,
    Permission, Stamp, Token, Value, combined_id,
};
use remit_verifier::sign::{LocalSigner, Signer, cosign, sign_checkpoint, sign_object};
use remit_verifier::state::{Leaf, LeafBody, LedgerLeaf, Life, PartyLeaf, TokenLeaf, UnitLeaf};
use remit_verifier::types::*;
use remit_verifier::verify::{
    Case, Evidence, Issuers, LoggedLinks, Policy, Presentation, Request, Serving, Settings, Verdict, verify,
};

pub(crate) const ORIGIN: &str = "ledger.example/remit";
pub(crate) const OTHER: &str = "other.example/remit";
pub(crate) const LEDGER: LedgerId = LedgerId([0xaa; 32]);
pub(crate) const ISSUER: ObjectId = ObjectId([0x11; 32]);
pub(crate) const HOTEL: ObjectId = ObjectId([0x22; 32]);
pub(crate) const CNY: ObjectId = ObjectId([0x33; 32]);
/// What the verifier's clock shows, in seconds and milliseconds.
pub(crate) const NOW: Seconds = Seconds(1_800_000_000);
pub(crate) const NOW_MS: Millis = Millis(NOW.0 * 1000);
pub(crate) const SKEW: Millis = Millis(2_000);

/// Seeds of the keys of this small world.
pub(crate) const LOG_KEY: u8 = 1;
pub(crate) const ISSUER_KEY: u8 = 2;
pub(crate) const W1: u8 = 3;
pub(crate) const W2: u8 = 4;
/// Holder of the n-th link is `HOLDER + n`, from 0.
pub(crate) const HOLDER: u8 = 10;

/// Places of the fixed leaves; the chain's follow.
pub(crate) const LEAF_UNIT: usize = 1;
pub(crate) const LEAF_ISSUER: usize = 2;
pub(crate) const LEAF_ROOT: usize = 4;

pub(crate) fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&[seed; 32])
}

pub(crate) fn key(seed: u8) -> KeyBytes {
    signer(seed).public_key()
}

pub(crate) fn public(seed: u8) -> PublicKey {
    PublicKey::parse(&key(seed)).unwrap()
}

/// One link before it is signed.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) token: Token,
    pub(crate) signed_by: u8,
    /// The object's bytes after signing, changed.
    pub(crate) spoil: fn(&mut Vec<u8>),
    /// Whether the parent's id is filled in when the chain is built.
    pub(crate) follows: bool,
}

/// Changes one thing while a scene is built.
pub(crate) type Change<T> = Box<dyn Fn(&mut T)>;

/// What is to be shown, before it is built.
pub(crate) struct Scene {
    pub(crate) now: Millis,
    pub(crate) settings: Settings,
    pub(crate) chain: Vec<Draft>,
    /// Changes the state before it is committed; the leaves of the chain begin at [`LEAF_ROOT`].
    pub(crate) state: Change<Vec<Leaf>>,
    pub(crate) shows_unit: bool,
    /// Leaves to show in place of those that belong to the chain, by their indexes.
    pub(crate) shows: Option<Vec<usize>>,
    pub(crate) committed: Millis,
    /// Changes the log before the commitment's checkpoint is signed.
    pub(crate) log: Change<Vec<Vec<u8>>>,
    pub(crate) origin: &'static str,
    /// The key that signs the presentation's checkpoint.
    pub(crate) log_key: u8,
    /// The ledger that tokens and invocation are signed for.
    pub(crate) signed_for: LedgerId,
    /// Witnesses and when they cosign.
    pub(crate) cosigned: Vec<(u8, Seconds)>,
    /// Changes the note after it is signed.
    pub(crate) note: Change<String>,
    /// Changes the parts of the presentation before it is encoded.
    pub(crate) parts: Change<Parts>,
    pub(crate) bytes: fn(&mut Vec<u8>),
    pub(crate) request: Option<Ask>,
    pub(crate) approvals: Vec<Yes>,
    pub(crate) funding: Option<Funding>,
}

/// An approval that travels with the request, before it is signed.
#[derive(Clone)]
pub(crate) struct Yes {
    pub(crate) signed_by: u8,
    pub(crate) valid_until: Seconds,
    pub(crate) bundle: Option<Hash>,
    /// To another request than that of the invocation.
    pub(crate) to: Option<RequestId>,
    pub(crate) spoil: fn(&mut Vec<u8>),
}

impl Yes {
    pub(crate) fn of(signed_by: u8) -> Self {
        Self { signed_by, valid_until: Seconds(NOW.0 + 3_600), bundle: None, to: None, spoil: |_| {} }
    }

    fn sign(&self, ledger: &LedgerId, invocation: &[u8]) -> Vec<u8> {
        let asked = Sign1::decode(invocation).ok().and_then(|object| Invocation::decode(object.payload).ok());
        let own = asked.and_then(|invocation| invocation.request_id(ledger));
        let request = self.to.or(own).unwrap_or_default();
        let stamp =
            Stamp { nonce: Nonce([self.signed_by; 16]), valid_until: self.valid_until, bundle: self.bundle };
        let payload = Act::Approve { request }.encode(&stamp);
        let mut bytes = sign_object(&signer(self.signed_by), label::APPROVE, ledger, &payload).unwrap().1;
        (self.spoil)(&mut bytes);
        bytes
    }
}

/// The parts of a presentation, owned.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) ledger: LedgerId,
    pub(crate) commitment: Vec<u8>,
    pub(crate) path: Vec<Hash>,
    pub(crate) leaves: Vec<Vec<u8>>,
    pub(crate) proof: Vec<Hash>,
    pub(crate) tokens: Vec<Vec<u8>>,
}

/// The request before it is signed.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) invocation: Invocation,
    pub(crate) signed_by: u8,
    pub(crate) spoil: fn(&mut Vec<u8>),
    pub(crate) shown: Vec<Argument>,
    /// Whether the token's id is filled in.
    pub(crate) on_last: bool,
}

/// The evidence of funding before it is built.
#[derive(Clone)]
pub(crate) struct Funding {
    pub(crate) kind: Kind,
    pub(crate) time: Millis,
    /// Ids of the bundle; the invocation's takes the place of the zero id.
    pub(crate) ids: Vec<ObjectId>,
    /// Changes the entry before it is logged, after its id is set.
    pub(crate) entry: fn(&mut Vec<u8>),
    pub(crate) origin: &'static str,
    pub(crate) cosigned: Vec<(u8, Seconds)>,
    pub(crate) note: fn(&mut String),
    /// Changes the text of the proof.
    pub(crate) proof: fn(&mut String),
    pub(crate) bytes: fn(&mut Vec<u8>),
}

/// Everything as bytes.
pub(crate) struct Built {
    pub(crate) presentation: Vec<u8>,
    pub(crate) invocation: Option<Vec<u8>>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) evidence: Option<Vec<u8>>,
    pub(crate) approvals: Vec<Vec<u8>>,
    pub(crate) ids: Vec<ObjectId>,
    /// All leaves of the state, and all entries of the log.
    pub(crate) state: Vec<Leaf>,
    pub(crate) log: Vec<Vec<u8>>,
}

impl Built {
    /// Does something with the request.
    pub(crate) fn with_request<T>(&self, judge: impl FnOnce(Option<&Request<'_>>) -> T) -> T {
        let approvals: Vec<&[u8]> = self.approvals.iter().map(Vec::as_slice).collect();
        let request = self.invocation.as_deref().map(|invocation| Request {
            invocation,
            arguments: &self.arguments,
            approvals: &approvals,
        });
        judge(request.as_ref())
    }

    pub(crate) fn verdict(&self, policy: &Policy, now: Millis) -> Verdict {
        let evidence = self.evidence.as_deref();
        self.with_request(|request| verify(&self.presentation, request, evidence, policy, now))
    }

    pub(crate) fn case<'b>(&'b self, now: Millis, policy: &'b [u8]) -> Case<'b> {
        Case {
            now,
            newest: Millis(0),
            presentation: &self.presentation,
            invocation: self.invocation.as_deref(),
            arguments: self.arguments.clone(),
            evidence: self.evidence.as_deref(),
            policy,
            approvals: self.approvals.iter().map(Vec::as_slice).collect(),
        }
    }
}

/// A token of this world: the hotel may be asked to book rooms.
fn token(origin: Origin, nonce: u8) -> Token {
    Token {
        expires: Seconds(NOW.0 + 86_400),
        not_before: None,
        nonce: Nonce([nonce; 16]),
        holder: (&public(HOLDER + nonce)).into(),
        valid_until: Seconds(NOW.0 - 1_000),
        bundle: None,
        origin,
        permissions: None,
        delegation: None,
        transferable: None,
        max_staleness: None,
        sealed: Some(Hash([nonce; 32])),
        budgets: None,
        approval: None,
        entries: None,
    }
}

pub(crate) fn permission() -> Permission {
    Permission {
        services: Some(vec![HOTEL]),
        actions: Some(vec!["book".into()]),
        resources: Some(vec![Path::parse("rooms").unwrap()]),
        conditions: Vec::new(),
    }
}

impl Draft {
    pub(crate) fn root() -> Self {
        let permissions = Some(vec![permission()]);
        let delegation = Some(Delegation { mode: DelegationMode::Offline, depth: 7 });
        let token = Token { permissions, delegation, ..token(Origin::Root { issuer: ISSUER }, 0) };
        Self { token, signed_by: ISSUER_KEY, spoil: |_| {}, follows: true }
    }

    pub(crate) fn logged(nonce: u8) -> Self {
        let origin = Origin::Logged { parent: ObjectId::default(), epoch: Epoch(0) };
        let signed_by = HOLDER + nonce - 1;
        Self { token: token(origin, nonce), signed_by, spoil: |_| {}, follows: true }
    }

    pub(crate) fn offline(nonce: u8) -> Self {
        let (epoch, generation) = (Epoch(0), Generation(0));
        let origin = Origin::Offline { parent: ObjectId::default(), epoch, generation };
        let expires = Seconds(NOW.0 + 3_600);
        let token = Token { expires, sealed: None, ..token(origin, nonce) };
        Self { token, ..Self::logged(nonce) }
    }

    /// The object, and its id, below this parent.
    fn sign(&self, ledger: &LedgerId, parent: ObjectId) -> (ObjectId, Vec<u8>, Token) {
        let mut token = self.token.clone();
        if self.follows {
            match &mut token.origin {
                Origin::Root { .. } => {}
                Origin::Logged { parent: named, .. } | Origin::Offline { parent: named, .. } => {
                    *named = parent
                }
            }
        }
        let (id, mut bytes) =
            sign_object(&signer(self.signed_by), label::TOKEN, ledger, &token.encode()).unwrap();
        (self.spoil)(&mut bytes);
        (id, bytes, token)
    }
}

impl Ask {
    /// What the holder of the n-th link (from 0) asks.
    pub(crate) fn new(holder: u8) -> Self {
        let nights = Argument { name: "nights".into(), salt: [5; 16], value: Value::Integer(2) };
        let invocation = Invocation {
            nonce: Nonce([9; 16]),
            valid_until: Seconds(NOW.0 + 30),
            bundle: None,
            token: ObjectId::default(),
            epoch: Epoch(0),
            audience: HOTEL,
            action: "book".into(),
            resource: Path::parse("rooms/12").unwrap(),
            arguments: vec![("nights".into(), nights.digest())],
            payment: None,
            request: None,
            request_nonce: None,
            claim: None,
        };
        Self { invocation, signed_by: HOLDER + holder, spoil: |_| {}, shown: vec![nights], on_last: true }
    }

    pub(crate) fn paying(holder: u8, amount: u64) -> Self {
        let mut ask = Self::new(holder);
        let settle_by = Seconds(NOW.0 + 600);
        ask.invocation.payment =
            Some(Payment { amount: Amount(amount), unit: CNY, settle_by, refund_until: None });
        ask
    }

    fn sign(&self, ledger: &LedgerId, last: ObjectId) -> (ObjectId, Vec<u8>) {
        let token = if self.on_last { last } else { self.invocation.token };
        let payload = Invocation { token, ..self.invocation.clone() }.encode();
        let (id, mut bytes) =
            sign_object(&signer(self.signed_by), label::INVOCATION, ledger, &payload).unwrap();
        (self.spoil)(&mut bytes);
        (id, bytes)
    }
}

impl Funding {
    pub(crate) fn reserve() -> Self {
        Self {
            kind: Kind::Reserve,
            time: Millis(NOW_MS.0 - 500),
            ids: Vec::new(),
            entry: |_| {},
            origin: ORIGIN,
            cosigned: Vec::new(),
            note: |_| {},
            proof: |_| {},
            bytes: |_| {},
        }
    }

    pub(crate) fn bundle() -> Self {
        let ids = vec![ObjectId([0x61; 32]), ObjectId::default(), ObjectId([0x62; 32])];
        Self { kind: Kind::Bundle, ids, ..Self::reserve() }
    }

    fn build(&self, before: &[Vec<u8>], id: ObjectId) -> Vec<u8> {
        let zero = ObjectId::default();
        let ids: Vec<_> = self.ids.iter().map(|member| if *member == zero { id } else { *member }).collect();
        let id = if ids.is_empty() { id } else { combined_id(&ids) };
        let refused = (self.kind == Kind::Refusal).then_some(Code::AboveTotal);
        let outcome = Outcome { time: self.time, kind: self.kind, id, refused, details: Hash([6; 32]) };
        let mut entry = Entry::Outcome(outcome).encode();
        (self.entry)(&mut entry);
        let mut log = before.to_vec();
        log.extend([entry.clone(), b"a commitment".to_vec()]);
        let mut note = checkpoint(LOG_KEY, self.origin, &log, &self.cosigned);
        (self.note)(&mut note);
        let index = before.len();
        let hashes = trees::path(&log, index);
        let proof = TlogProof::new(Vec::new(), EntryIndex(index as u64), hashes, note.as_bytes());
        let mut proof = proof.unwrap().to_text();
        (self.proof)(&mut proof);
        let mut bytes = Evidence { entry: &entry, ids, proof: proof.as_bytes() }.encode();
        (self.bytes)(&mut bytes);
        bytes
    }
}

/// A checkpoint of the log, signed and cosigned.
pub(crate) fn checkpoint(seed: u8, origin: &str, log: &[Vec<u8>], cosigned: &[(u8, Seconds)]) -> String {
    let checkpoint = Checkpoint::new(origin, TreeSize(log.len() as u64), trees::root(log)).unwrap();
    let mut note = sign_checkpoint(&signer(seed), &checkpoint).unwrap();
    for (witness, time) in cosigned {
        let signed = SignedNote::parse(note.as_bytes()).unwrap();
        let line = cosign(&signer(*witness), witness_name(*witness), &signed, *time).unwrap();
        note = signed.with_lines(&line).unwrap();
    }
    note
}

fn witness_name(seed: u8) -> &'static str {
    if seed == W1 { "witness.example/one" } else { "witness.example/two" }
}

/// Trust in the log, and in both witnesses together if `quorum`.
pub(crate) fn trust(quorum: bool) -> Trust {
    let mut trust = TrustBuilder::new();
    trust.log(VerifierKey::new(ORIGIN, KeyKind::Note, &key(LOG_KEY)).unwrap(), None).unwrap();
    if !quorum {
        trust.quorum(b"none").unwrap();
        return trust.build().unwrap();
    }
    for (name, seed) in [(b"w1".as_slice(), W1), (b"w2", W2)] {
        let vkey = VerifierKey::new(witness_name(seed), KeyKind::Cosignature, &key(seed)).unwrap();
        trust.witness(name, vkey, None).unwrap();
    }
    trust.group(b"both", Threshold::All, &[b"w1", b"w2"]).unwrap().quorum(b"both").unwrap();
    trust.build().unwrap()
}

/// Trust in this log and in another, without witnesses.
pub(crate) fn two_logs(this: u8, other: u8) -> Trust {
    let mut trust = TrustBuilder::new();
    for (name, seed) in [(ORIGIN, this), (OTHER, other)] {
        trust.log(VerifierKey::new(name, KeyKind::Note, &key(seed)).unwrap(), None).unwrap();
    }
    trust.quorum(b"none").unwrap();
    trust.build().unwrap()
}

impl Scene {
    /// A chain shown to the hotel, with a request by its last holder that carries no amount.
    pub(crate) fn new(chain: Vec<Draft>) -> Self {
        let last = (chain.len() - 1) as u8;
        Self {
            now: NOW_MS,
            settings: Settings {
                trust: trust(false),
                ledgers: vec![(ORIGIN.into(), LEDGER)],
                party: HOTEL,
                issuers: Issuers::Listed(vec![ISSUER]),
                max_staleness: Seconds(60),
                skew: SKEW,
                offline_links: true,
                logged_links: LoggedLinks::Verify,
                replaying: Vec::new(),
                at_risk: Vec::new(),
                serving: Serving::default(),
            },
            chain,
            state: Box::new(|_| {}),
            shows_unit: false,
            shows: None,
            committed: Millis(NOW_MS.0 - 3_000),
            log: Box::new(|_| {}),
            origin: ORIGIN,
            log_key: LOG_KEY,
            signed_for: LEDGER,
            cosigned: Vec::new(),
            note: Box::new(|_| {}),
            parts: Box::new(|_| {}),
            bytes: |_| {},
            request: Some(Ask::new(last)),
            approvals: Vec::new(),
            funding: None,
        }
    }

    pub(crate) fn root() -> Self {
        Self::new(vec![Draft::root()])
    }

    pub(crate) fn logged(links: u8) -> Self {
        Self::new(core::iter::once(Draft::root()).chain((1..links).map(Draft::logged)).collect())
    }

    /// A root, a logged child and two offline links.
    pub(crate) fn offline() -> Self {
        Self::new(vec![Draft::root(), Draft::logged(1), Draft::offline(2), Draft::offline(3)])
    }

    /// A root whose holder pays.
    pub(crate) fn paying(amount: u64) -> Self {
        Self { shows_unit: true, request: Some(Ask::paying(0, amount)), ..Self::root() }
    }

    pub(crate) fn funded() -> Self {
        Self { funding: Some(Funding::reserve()), ..Self::paying(100) }
    }

    /// The holder of a root asks for what two of three approvers must say yes to; none of them has.
    pub(crate) fn guarded() -> Self {
        let mut scene = Self::root();
        let mut approvers: Vec<_> = [80, 81, 82].map(|seed| (&public(seed)).into()).to_vec();
        approvers.sort_by_key(|key: &remit_verifier::key::EncodedKey| *key.bytes());
        scene.chain[0].token.approval = Some(ApprovalRule { k: 2, approvers, thresholds: None });
        scene.ask().invocation.request_nonce = Some(Nonce([8; 16]));
        scene
    }

    /// And two of them have.
    pub(crate) fn approved() -> Self {
        Self { approvals: vec![Yes::of(80), Yes::of(82)], ..Self::guarded() }
    }

    /// A root, with two witnesses that must both have cosigned.
    pub(crate) fn witnessed() -> Self {
        let mut scene = Self::root();
        scene.settings.trust = trust(true);
        scene.cosigned = vec![(W1, Seconds(NOW.0 - 2)), (W2, Seconds(NOW.0 - 1))];
        scene
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy::new(self.settings.clone()).unwrap()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.build().verdict(&self.policy(), self.now)
    }

    pub(crate) fn ask(&mut self) -> &mut Ask {
        self.request.as_mut().unwrap()
    }

    pub(crate) fn build(&self) -> Built {
        let mut parent = ObjectId::default();
        let (mut ids, mut tokens, mut claims) = (Vec::new(), Vec::new(), Vec::new());
        for draft in &self.chain {
            let (id, bytes, token) = draft.sign(&self.signed_for, parent);
            parent = id;
            ids.push(id);
            tokens.push(bytes);
            claims.push(token);
        }
        let mut state = state(&ids, &claims);
        (self.state)(&mut state);
        let leaves: Vec<Vec<u8>> = state.iter().map(Leaf::encode).collect();
        let commitment = Entry::Commitment(Commitment {
            time: self.committed,
            state_size: TreeSize(leaves.len() as u64),
            state_root: trees::root(&leaves),
            status_root: Hash([7; 32]),
        });
        let mut log = vec![b"genesis".to_vec(), b"an outcome".to_vec(), commitment.encode()];
        (self.log)(&mut log);

        let logged = claims.iter().filter(|token| !token.is_offline()).count();
        let mut shown = vec![0, LEAF_ISSUER];
        shown.extend(LEAF_ROOT..LEAF_ROOT + logged);
        if self.shows_unit {
            shown.insert(1, LEAF_UNIT);
        }
        let shown = self.shows.clone().unwrap_or(shown);
        let indexes: Vec<_> = shown.iter().map(|index| StateIndex(*index as u64)).collect();
        let mut parts = Parts {
            ledger: LEDGER,
            commitment: log.last().unwrap().clone(),
            path: trees::path(&log, log.len() - 1),
            leaves: shown.iter().map(|index| leaves[*index].clone()).collect(),
            proof: trees::multiproof(&leaves, &indexes),
            tokens,
        };
        let mut note = checkpoint(self.log_key, self.origin, &log, &self.cosigned);
        (self.note)(&mut note);
        (self.parts)(&mut parts);
        let mut presentation = parts.presentation(note.as_bytes()).encode();
        (self.bytes)(&mut presentation);

        let asked = self.request.as_ref().map(|ask| ask.sign(&self.signed_for, parent));
        let id = asked.as_ref().map(|(id, _)| *id).unwrap_or_default();
        let approve = |yes: &Yes| {
            let invocation = asked.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
            yes.sign(&self.signed_for, invocation)
        };
        let approvals = self.approvals.iter().map(approve).collect();
        Built {
            presentation,
            invocation: asked.map(|(_, bytes)| bytes),
            arguments: self.request.as_ref().map(|ask| ask.shown.clone()).unwrap_or_default(),
            evidence: self.funding.as_ref().map(|funding| funding.build(&log, id)),
            approvals,
            ids,
            state,
            log,
        }
    }
}

impl Parts {
    pub(crate) fn presentation<'p>(&'p self, note: &'p [u8]) -> Presentation<'p> {
        Presentation {
            ledger: self.ledger,
            note,
            commitment: &self.commitment,
            commitment_path: self.path.clone(),
            leaves: self.leaves.iter().map(Vec::as_slice).collect(),
            state_proof: self.proof.clone(),
            tokens: self.tokens.iter().map(Vec::as_slice).collect(),
        }
    }
}

/// The leaves of ledger, unit, issuer, hotel, the chain's logged tokens and a stranger's token.
fn state(ids: &[ObjectId], tokens: &[Token]) -> Vec<Leaf> {
    let ledger = LedgerLeaf { operators: vec![key(5)], threshold: 1, rules: Rules::NEWEST };
    let unit = UnitLeaf { name: "CNY".into(), decimals: 2 };
    let party = |name: &str, seed, issuer| {
        LeafBody::Party(PartyLeaf { name: name.into(), keys: vec![key(seed)], retired: Vec::new(), issuer })
    };
    let mut state = vec![
        leaf(0, ObjectId(LEDGER.0), LeafBody::Ledger(ledger)),
        leaf(1, CNY, LeafBody::Unit(unit)),
        leaf(2, ISSUER, party("Company", ISSUER_KEY, true)),
        leaf(3, HOTEL, party("Hotel", 6, false)),
    ];
    for (id, token) in ids.iter().zip(tokens).filter(|(_, token)| !token.is_offline()) {
        let index = state.len() as u64;
        let parent = if index as usize == LEAF_ROOT { LEAF_ISSUER as u64 } else { index - 1 };
        let body = TokenLeaf {
            parent: StateIndex(parent),
            holder: *token.holder.bytes(),
            holder_since: Millis(0),
            expires: token.expires,
            carved_children: 0,
            authority: TokenLeaf::authority_of(&token.encode()),
            values: Hash([8; 32]),
        };
        state.push(leaf(index, *id, LeafBody::Token(body)));
    }
    let stranger = TokenLeaf {
        parent: StateIndex(LEAF_ISSUER as u64),
        holder: key(7),
        holder_since: Millis(0),
        expires: Seconds(NOW.0 + 1),
        carved_children: 0,
        authority: Hash([1; 32]),
        values: Hash([1; 32]),
    };
    state.push(leaf(state.len() as u64, ObjectId([0x44; 32]), LeafBody::Token(stranger)));
    state
}

pub(crate) fn leaf(index: u64, id: ObjectId, body: LeafBody) -> Leaf {
    Leaf {
        index: StateIndex(index),
        id,
        life: Life::Live,
        mask: 0,
        epoch: Epoch(0),
        generation: Generation(0),
        history: Hash([3; 32]),
        body,
    }
}

/// The token's part of a leaf, to be changed.
pub(crate) fn token_of(leaf: &mut Leaf) -> &mut TokenLeaf {
    match &mut leaf.body {
        LeafBody::Token(token) => token,
        other => panic!("no token's leaf: {other:?}"),
    }
}

/// The party's part of a leaf, to be changed.
pub(crate) fn party_of(leaf: &mut Leaf) -> &mut PartyLeaf {
    match &mut leaf.body {
        LeafBody::Party(party) => party,
        other => panic!("no party's leaf: {other:?}"),
    }
}

/// Flips the last bit of a signed object, which is in the signature.
#[allow(clippy::ptr_arg)] // One of the changes that a draft may carry.
pub(crate) fn forge(bytes: &mut Vec<u8>) {
    let signature = Sign1::decode(bytes).unwrap().signature;
    let at = bytes.len() - signature.len();
    bytes[at] ^= 1;
}
