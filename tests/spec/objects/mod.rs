//! One object of every kind, built from the code's types, from fixed inputs: the same bytes on every machine.
//! `cddl` validates them against `spec/remit.cddl`; `pages` shows them in the specification.

mod acts;
mod leases;
mod shown;
mod snapshots;
mod tokens;

pub(crate) use tokens::arguments;

use ed25519_dalek::{Signer, SigningKey};
use remit_verifier::code::Code;
use remit_verifier::cose::{SigStructure, Sign1};
use remit_verifier::key::PublicKey;
use remit_verifier::label;
use remit_verifier::log::{Bound, BoundKind, Commitment, Details, Entry, Facts, Genesis, LinkPart, Outcome};
use remit_verifier::object::{Envelope, Kind, Submission};
use remit_verifier::state::{
    Counters, Leaf, LeafBody, LedgerLeaf, Life, PartyLeaf, Retired, Span, Status, TokenLeaf, UnitLeaf,
    UnitValues, Values, history, status_chunk, status_leaf,
};
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, Generation, Hash, KeyBytes, LedgerId, Millis, Nonce, ObjectId, Rules, Seconds,
    StateIndex, TreeSize,
};

/// Seconds at which the examples begin: 2027-01-15 08:00:00 UTC.
pub(crate) const START: u64 = 1_800_000_000;

/// An example.
pub(crate) struct Sample {
    /// Its name in the specification.
    pub(crate) name: &'static str,
    /// The CDDL rule that it obeys.
    pub(crate) rule: &'static str,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether bytes are accepted by the decoder of this object; `None` where the code only writes it.
    pub(crate) accepts: Option<fn(&[u8]) -> bool>,
}

/// The private key of one of the people in the examples: its seed is 32 times `number`.
pub(crate) fn signer(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The public key of [`signer`].
pub(crate) fn key(number: u8) -> PublicKey {
    PublicKey::parse(&raw_key(number)).unwrap()
}

fn raw_key(number: u8) -> KeyBytes {
    KeyBytes(signer(number).verifying_key().to_bytes())
}

pub(crate) const LOG_KEY: u8 = 1;
pub(crate) const OPERATOR: u8 = 2;
pub(crate) const COMPANY: u8 = 3;
pub(crate) const HOTEL: u8 = 4;
pub(crate) const ASSISTANT: u8 = 5;
pub(crate) const HOTEL_AGENT: u8 = 6;
pub(crate) const SUB_AGENT: u8 = 7;

/// Signs `payload` under `label` and gives the encoded object.
pub(crate) fn sign(by: u8, label: &str, payload: &[u8]) -> Vec<u8> {
    let kid = raw_key(by);
    let structure = SigStructure::new(label, &ledger(), &kid, payload);
    let signature = signer(by).sign(structure.bytes()).to_bytes();
    Sign1 { kid, payload, signature }.encode()
}

/// The id of `payload` signed by `by` under `label`.
pub(crate) fn id(by: u8, label: &str, payload: &[u8]) -> ObjectId {
    SigStructure::new(label, &ledger(), &raw_key(by), payload).id
}

pub(crate) fn genesis() -> Vec<u8> {
    let mut operators = vec![key(OPERATOR), key(8), key(9)];
    operators.sort_by_key(|key| *key.bytes());
    let genesis = Genesis {
        time: Millis(START * 1000),
        origin: "ledger.example/trips".into(),
        log_key: key(LOG_KEY),
        operators,
        threshold: 2,
        rules: Rules::NEWEST,
    };
    Entry::Genesis(Box::new(genesis)).encode()
}

pub(crate) fn ledger() -> LedgerId {
    Genesis::ledger_id(&genesis())
}

pub(crate) fn nonce(number: u8) -> Nonce {
    Nonce([number; 16])
}

/// All examples.
pub(crate) fn all() -> Vec<Sample> {
    let mut samples = log();
    samples.extend(state());
    samples.extend(tokens::samples());
    samples.extend(acts::samples());
    samples.extend(envelopes());
    samples.extend(shown::samples());
    samples.extend(leases::samples());
    samples.extend(snapshots::samples());
    samples
}

fn entry_sample(name: &'static str, rule: &'static str, entry: Vec<u8>) -> Sample {
    Sample { name, rule, bytes: entry, accepts: Some(|bytes| Entry::decode(bytes).is_ok()) }
}

/// The entry that records the reserve of the examples.
pub(crate) fn outcome() -> Vec<u8> {
    let outcome = Outcome {
        time: Millis(START * 1000 + 20_250),
        kind: Kind::Reserve,
        id: tokens::invocation_id(),
        refused: None,
        details: details().digest(),
    };
    Entry::Outcome(outcome).encode()
}

/// Index of [`outcome`] in the examples' log.
pub(crate) const OUTCOME_INDEX: EntryIndex = EntryIndex(8);

pub(crate) fn counters() -> UnitValues {
    let counters = Counters { captured: 150_000, reserved: 48_000, ..Counters::default() };
    // The day and the month in which 198 000 and 398 000 were reserved.
    let spans = [(START - START % 86_400, 198_000), (START - 14 * 86_400 - START % 86_400, 398_000)];
    let windows = spans.map(|(start, used)| Span { start: Seconds(start), used: Amount(used) }).to_vec();
    UnitValues { unit: StateIndex(1), counters, windows }
}

pub(crate) fn details() -> Details {
    let facts = Facts {
        amount: Some(Amount(48_000)),
        unit: Some(StateIndex(1)),
        funding: Some(StateIndex(4)),
        deadline: Some(Seconds(START + 86_400)),
        ..Facts::default()
    };
    let link =
        LinkPart { token: StateIndex(4), secret: tokens::SECRET, values: vec![counters()], bound: None };
    Details::new(Kind::Reserve, &tokens::invocation_id(), &nonce(33), OUTCOME_INDEX, &[facts], &[link])
}

/// The details of the same reserve, refused by a window.
fn refused() -> Details {
    let token = Some(StateIndex(4));
    let (amount, unit) = (Some(Amount(48_000)), Some(StateIndex(1)));
    let facts = Facts { index: token, amount, unit, decided: token, ..Facts::default() };
    let bound = Some(Bound::new(BoundKind::Window, 200_000, 198_000));
    let link = LinkPart { token: StateIndex(4), secret: tokens::SECRET, values: vec![counters()], bound };
    Details::new(Kind::Refusal, &tokens::invocation_id(), &nonce(33), OUTCOME_INDEX, &[facts], &[link])
}

/// The entry of that refusal.
fn refusal() -> Vec<u8> {
    let outcome = Outcome {
        time: Millis(START * 1000 + 20_250),
        kind: Kind::Refusal,
        id: tokens::invocation_id(),
        refused: Some(Code::AboveWindow),
        details: refused().digest(),
    };
    Entry::Outcome(outcome).encode()
}

fn log() -> Vec<Sample> {
    let commitment = Commitment {
        time: Millis(START * 1000 + 20_250),
        state_size: TreeSize(6),
        state_root: Hash([0xaa; 32]),
        status_root: Hash([0xbb; 32]),
    };
    let details = details();
    let every = Facts {
        index: Some(StateIndex(5)),
        subject: Some(ObjectId([1; 32])),
        number: Some(1),
        epoch: Some(Epoch(1)),
        generation: Some(Generation(2)),
        mask: Some(4),
        left: Some(Amount(0)),
        parent: Some(StateIndex(4)),
        since: Some(Millis(START * 1000)),
        ..Facts::default()
    };
    let bundle = Details::new(
        Kind::Bundle,
        &ObjectId([1; 32]),
        &nonce(1),
        EntryIndex(9),
        &[Facts::default(), every],
        &[LinkPart { token: StateIndex(4), secret: tokens::SECRET, values: Vec::new(), bound: None }],
    );
    let written = |name, rule, bytes: &Vec<u8>| Sample { name, rule, bytes: bytes.clone(), accepts: None };
    vec![
        entry_sample("entry-genesis", "genesis", genesis()),
        entry_sample("entry-commitment", "commitment", Entry::Commitment(commitment).encode()),
        entry_sample("entry-outcome", "outcome", outcome()),
        written("details-common", "details-common", &details.common),
        written("details-link", "details-link", &details.links[0]),
        written("details-common-bundle", "details-common", &bundle.common),
        written("details-link-empty", "details-link", &bundle.links[0]),
        entry_sample("entry-refusal", "outcome", refusal()),
        written("details-common-refusal", "details-common", &refused().common),
        written("details-link-refusal", "details-link", &refused().links[0]),
    ]
}

fn leaf(index: u64, id: ObjectId, epoch: u64, body: LeafBody) -> Leaf {
    Leaf {
        index: StateIndex(index),
        id,
        life: Life::Live,
        mask: 0,
        epoch: Epoch(epoch),
        generation: Generation(0),
        history: history(&Hash::default(), EntryIndex(0), &remit_verifier::hash::leaf_hash(&genesis())),
        body,
    }
}

pub(crate) fn values() -> Values {
    Values { event: 5, units: vec![counters()], rekey: None }
}

pub(crate) fn state() -> Vec<Sample> {
    let sample = |name, rule, leaf: Leaf| Sample {
        name,
        rule,
        bytes: leaf.encode(),
        accepts: Some(|bytes| Leaf::decode(bytes).is_ok()),
    };
    let mut operators = vec![raw_key(OPERATOR), raw_key(8), raw_key(9)];
    operators.sort();
    let ledger_leaf = LeafBody::Ledger(LedgerLeaf { operators, threshold: 2, rules: Rules::NEWEST });
    let party = LeafBody::Party(PartyLeaf {
        name: "Hotel Lotus".into(),
        keys: vec![raw_key(HOTEL)],
        retired: vec![(raw_key(10), Retired::Rotated), (raw_key(11), Retired::Compromised)],
        issuer: false,
    });
    let token = LeafBody::Token(TokenLeaf {
        parent: StateIndex(2),
        holder: raw_key(ASSISTANT),
        holder_since: Millis(0),
        expires: Seconds(START + 30 * 86_400),
        carved_children: 1,
        authority: TokenLeaf::authority_of(&tokens::root()),
        values: values().digest(&tokens::SECRET),
    });
    let mut chunk = status_chunk();
    Status::Over.write(&mut chunk, StateIndex(2048 + 5));
    Status::Changed.write(&mut chunk, StateIndex(2048 + 7));
    vec![
        sample("leaf-ledger", "state-leaf", leaf(0, ObjectId(ledger().0), 0, ledger_leaf)),
        sample(
            "leaf-unit",
            "state-leaf",
            leaf(1, tokens::unit_id(), 0, LeafBody::Unit(UnitLeaf { name: "CNY".into(), decimals: 2 })),
        ),
        sample("leaf-party", "state-leaf", leaf(3, acts::hotel_id(), 0, party)),
        sample("leaf-token", "state-leaf", leaf(4, tokens::root_id(), 0, token)),
        values_sample("values", values()),
        values_sample("values-rekey", Values { rekey: Some(ObjectId([0xcc; 32])), ..values() }),
        Sample { name: "status-chunk", rule: "status-chunk", bytes: status_leaf(1, &chunk), accepts: None },
    ]
}

fn values_sample(name: &'static str, values: Values) -> Sample {
    let bytes = values.encode(&tokens::SECRET);
    Sample { name, rule: "values", bytes, accepts: Some(|bytes| Values::decode(bytes).is_ok()) }
}

fn envelopes() -> Vec<Sample> {
    let submission = |name, members: &[Envelope]| Sample {
        name,
        rule: "submission",
        bytes: Envelope::submission(&ledger(), members),
        accepts: Some(|bytes| Submission::decode(bytes).is_ok_and(|s| s.verify(&ledger()).is_ok())),
    };
    let root = tokens::root();
    let issue = Envelope {
        kind: Kind::Issue,
        objects: vec![sign(COMPANY, label::TOKEN, &root)],
        sealed: Some(tokens::sealed()),
        links: Vec::new(),
        approvals: Vec::new(),
    };
    let reserve = Envelope {
        kind: Kind::Reserve,
        objects: vec![sign(SUB_AGENT, label::INVOCATION, &tokens::invocation())],
        sealed: None,
        links: vec![sign(HOTEL_AGENT, label::TOKEN, &tokens::offline())],
        approvals: vec![sign(COMPANY, label::APPROVE, &acts::approval())],
    };
    let mut samples = vec![
        Sample {
            name: "sign1",
            rule: "sign1",
            bytes: sign(COMPANY, label::TOKEN, &root),
            accepts: Some(|bytes| Sign1::decode(bytes).is_ok()),
        },
        Sample {
            name: "sig-structure",
            rule: "sig-structure",
            bytes: SigStructure::new(label::TOKEN, &ledger(), &raw_key(COMPANY), &root).bytes().to_vec(),
            accepts: None,
        },
        submission("submission-issue", &[issue]),
        submission("submission-reserve", &[reserve]),
        submission("submission-bundle", &acts::bundle()),
    ];
    samples.extend(acts::each().into_iter().map(|(name, envelope)| submission(name, &[envelope])));
    samples
}
