//! Real leaves, entries and tokens of a small ledger, put into trees of full size beside made-up hashes, as if the
//! ledger had run that long. Everything is proved and signed as a ledger does it.

use super::world::{self, Held, NOW, ORIGIN, World};
use remit::tree::{PagedTree, prove};
use remit_verifier::c2sp::{Checkpoint, KeyKind, SignedNote, Trust, VerifierKey};
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Commitment, Entry};
use remit_verifier::merkle::LeafIndex;
use remit_verifier::object::Submission;
use remit_verifier::sign::{Signer, cosign, sign_checkpoint};
use remit_verifier::state::LeafBody;
use remit_verifier::types::{EntryIndex, Hash, Millis, ObjectId, Seconds, StateIndex, TreeSize};
use remit_verifier::verify::{Evidence, Issuers, LoggedLinks, Policy, Presentation, Serving, Settings};
use std::collections::BTreeMap;

const WITNESSES: [&str; 2] = ["witness.example/1", "witness.example/2"];

/// A ledger of full size, and two chains of eight logged tokens in it.
pub struct Scene {
    pub world: World,
    pub state: PagedTree,
    pub log: PagedTree,
    pub chain: Vec<Held>,
    pub other: Vec<Held>,
    /// Where each leaf of the small ledger stands in the large tree, and its bytes there.
    leaves: BTreeMap<StateIndex, (StateIndex, Vec<u8>)>,
    commitment: Vec<u8>,
    /// The note without cosignatures, and with two.
    notes: [String; 2],
    reserve: (EntryIndex, ObjectId, Vec<u8>),
}

/// Some number that looks random and is the same at every run.
pub fn scatter(number: u64, below: u64) -> u64 {
    let hash = leaf_hash(&number.to_be_bytes()).0;
    hash.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte)) % below
}

/// `count` hashes of nothing in particular.
fn made_up(count: u64) -> impl Iterator<Item = Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes()))
}

fn index_of(world: &World, id: &ObjectId) -> StateIndex {
    world.ledger.leaf(id).expect("a leaf").leaf.index
}

impl Scene {
    /// A state tree of `tokens` leaves and a log of `entries`.
    pub fn new(tokens: u64, entries: u64) -> Self {
        let mut world = World::new();
        let mut chains = [world.roots(1), world.roots(1)];
        for chain in &mut chains {
            while chain.len() < 8 {
                let last = chain.len() - 1;
                let child = world.children(&chain[last..]);
                chain.extend(child);
            }
        }
        let [chain, other] = chains;
        let leaves = place(&world, [&chain, &other], tokens);
        let mut state = PagedTree::new();
        state.extend(made_up(tokens));
        let mut changes: Vec<_> = leaves.values().map(|(at, bytes)| (*at, leaf_hash(bytes))).collect();
        changes.sort_unstable();
        state.apply(&changes).expect("inside the tree");

        let paid = world.reserve(chain[2]);
        world.submit(std::slice::from_ref(&paid));
        let entry = world.ledger.entry_of(&paid.id).expect("applied");
        let reserved = world.ledger.store().entry(entry).expect("an entry").entry.to_vec();
        let at = EntryIndex(entries / 3);
        let commitment = Commitment {
            time: NOW,
            state_size: TreeSize(tokens),
            state_root: state.root(),
            status_root: Hash::default(),
        };
        let commitment = Entry::Commitment(commitment).encode();
        let mut log = PagedTree::new();
        log.extend(made_up(entries - 1));
        log.push(leaf_hash(&commitment));
        log.apply(&[(at, leaf_hash(&reserved))]).expect("inside the log");
        let notes = notes(&log);
        let reserve = (at, paid.id, reserved);
        Self { world, state, log, chain, other, leaves, commitment, notes, reserve }
    }

    /// The leaves that a presentation at this depth shows, by their places in the small ledger: ledger, issuer, unit,
    /// tokens.
    fn shown(&self, chain: &[Held]) -> Vec<StateIndex> {
        let ids =
            [&self.world.issuer, &self.world.unit].into_iter().chain(chain.iter().map(|held| &held.token));
        let mut indexes: Vec<_> = ids.map(|id| index_of(&self.world, id)).collect();
        indexes.push(StateIndex(0));
        indexes.sort_unstable();
        indexes
    }

    /// Where the leaves of a presentation stand in the large tree.
    pub fn places(&self, chain: &[Held]) -> Vec<StateIndex> {
        self.shown(chain).iter().map(|index| self.leaves[index].0).collect()
    }

    /// A presentation of the last token of `chain`, cosigned by two witnesses or none.
    pub fn presentation(&self, chain: &[Held], tokens: &[Vec<u8>], cosigned: bool) -> Vec<u8> {
        let (size, last) = (self.log.size(), EntryIndex(self.log.size().0 - 1));
        let leaves: Vec<_> = self.shown(chain).iter().map(|index| self.leaves[index].1.as_slice()).collect();
        Presentation {
            ledger: self.world.ledger.id(),
            note: self.notes[usize::from(cosigned)].as_bytes(),
            commitment: &self.commitment,
            commitment_path: prove::inclusion(&self.log, last, size).expect("a proof"),
            leaves,
            state_proof: prove::multiproof(&self.state, &self.places(chain)).expect("a proof"),
            tokens: tokens.iter().map(Vec::as_slice).collect(),
        }
        .encode()
    }

    /// The token objects of a chain.
    pub fn tokens(&self, chain: &[Held]) -> Vec<Vec<u8>> {
        let object = |held: &Held| {
            let entry = self.world.ledger.entry_of(&held.token).expect("admitted");
            let kept = self.world.ledger.store().entry(entry).and_then(|kept| kept.object).expect("kept");
            let submission = Submission::decode(kept).expect("a submission");
            submission.operations[0].objects().swap_remove(0)
        };
        chain.iter().map(object).collect()
    }

    /// A signed invocation on a token.
    pub fn invocation(&mut self, held: Held, amount: Option<u64>) -> Vec<u8> {
        let ask = self.world.ask(held.token, amount);
        let invocation = self.world.client.invocation(NOW, &ask).expect("a draft");
        self.world.client.invoke(&invocation, &world::holder(held.holder)).expect("signs").1
    }

    /// The invocation that is funded, with evidence of that: on the third token of the chain.
    pub fn funded(&self) -> (Vec<u8>, Vec<u8>) {
        let (at, id, entry) = &self.reserve;
        let path = prove::inclusion(&self.log, *at, self.log.size()).expect("a proof");
        let proof = remit_verifier::c2sp::TlogProof::new(Vec::new(), *at, path, self.notes[0].as_bytes());
        let proof = proof.expect("a proof").to_text();
        let evidence = Evidence { entry, ids: Vec::new(), proof: proof.as_bytes() }.encode();
        let own = self.world.ledger.entry_of(id).expect("applied");
        let kept = self.world.ledger.store().entry(own).and_then(|kept| kept.object).expect("kept");
        let invocation = Submission::decode(kept).expect("decodes").operations[0].objects().swap_remove(0);
        (invocation, evidence)
    }

    /// Bytes of the entry of a reserve.
    pub fn entry(&self) -> &[u8] {
        &self.reserve.2
    }

    /// The service's policy: with two witnesses, both of whom must cosign, or with none.
    pub fn policy(&self, cosigned: bool, logged_links: LoggedLinks) -> Policy {
        let vkey = |name: &str, kind, key: &dyn Signer| {
            VerifierKey::new(name, kind, &key.public_key()).expect("a key").to_string()
        };
        let log = vkey(ORIGIN, KeyKind::Note, &world::key("log"));
        let [first, second] = WITNESSES.map(|name| vkey(name, KeyKind::Cosignature, &world::key(name)));
        let witnesses =
            format!("witness w1 {first}\nwitness w2 {second}\ngroup both all w1 w2\nquorum both\n");
        let quorum = if cosigned { witnesses } else { "quorum none\n".to_owned() };
        let trust = Trust::parse(format!("log {log}\n{quorum}").as_bytes()).expect("trust");
        let settings = Settings {
            trust,
            ledgers: vec![(ORIGIN.to_owned(), self.world.ledger.id())],
            party: self.world.hotel,
            issuers: Issuers::Listed(vec![self.world.issuer]),
            max_staleness: Seconds(60),
            skew: Millis(2_000),
            offline_links: true,
            logged_links,
            replaying: Vec::new(),
            at_risk: Vec::new(),
            serving: Serving::default(),
        };
        Policy::new(settings).expect("a policy")
    }
}

/// The small ledger's leaves with their places in a tree of `tokens` leaves: parties and units stay at its beginning,
/// where a ledger registers them; tokens are scattered, children after their parents.
fn place(world: &World, chains: [&[Held]; 2], tokens: u64) -> BTreeMap<StateIndex, (StateIndex, Vec<u8>)> {
    let mut moved = BTreeMap::new();
    for (number, chain) in (1..).zip(chains) {
        let part = (tokens - 32) / 8;
        let places = (0..8).map(|link| {
            let within = scatter(number * 100 + link, part / 2) * 2 + number - 1;
            32 + link * part + within
        });
        moved.extend(
            chain.iter().zip(places).map(|(held, at)| (index_of(world, &held.token), StateIndex(at))),
        );
    }
    let indexes = (0..world.ledger.store().trees().state.size().0).map(StateIndex);
    let to = |index: StateIndex| moved.get(&index).copied().unwrap_or(index);
    let rewritten = |index: StateIndex| {
        let place = remit::machine::key::LeafAt(index);
        let mut leaf = world.ledger.store().state().get(&place).expect("a leaf").leaf.clone();
        leaf.index = to(index);
        if let LeafBody::Token(token) = &mut leaf.body {
            token.parent = to(token.parent);
        }
        (index, (leaf.index, leaf.encode()))
    };
    indexes.map(rewritten).collect()
}

/// The signed checkpoint of `log`, alone and with both cosignatures.
fn notes(log: &PagedTree) -> [String; 2] {
    let checkpoint = Checkpoint::new(ORIGIN, log.size(), log.root()).expect("a checkpoint");
    let note = sign_checkpoint(&world::key("log"), &checkpoint).expect("signs");
    let signed = SignedNote::parse(note.as_bytes()).expect("a note");
    let lines: String = WITNESSES
        .iter()
        .map(|name| cosign(&world::key(name), name, &signed, NOW.seconds()).expect("cosigns"))
        .collect();
    let cosigned = signed.with_lines(&lines).expect("a note");
    [note, cosigned]
}

/// Inner nodes above at least one of `places` in a tree of `size` leaves: the hashes that changing them costs at least.
pub fn nodes_above(places: &[StateIndex], size: u64) -> usize {
    let mut row: Vec<u64> = places.iter().map(|place| place.position()).collect();
    let (mut last, mut nodes) = (size - 1, 0);
    while last > 0 {
        // The last node of a level rises as it is when its index is even.
        let lone = (last % 2 == 0).then_some(last);
        row.iter_mut().for_each(|at| *at >>= 1);
        row.dedup();
        nodes += row.len() - usize::from(lone.is_some_and(|lone| row.last() == Some(&(lone >> 1))));
        last >>= 1;
    }
    nodes
}
