//! One scene for every check of the presentation: all is as it should be, but for one thing.

use crate::scene::*;
use crate::shapes::judged;
use crate::trees;
use remit_verifier::code::Code;
use remit_verifier::limits::{DEPTH_MAX, OBJECT_BYTES_MAX};
use remit_verifier::log::{Entry, Outcome as Logged};
use remit_verifier::object::{Delegation, DelegationMode, Kind, Origin, Permission};
use remit_verifier::state::{Leaf, LeafBody, Life, Retired};
use remit_verifier::types::*;
use remit_verifier::verify::{CheckName, Decision, Outcome};

/// Requires that the scene is refused by this check (of this link) with this code, and nothing is done after it.
pub(crate) fn refused(scene: &Scene, name: CheckName, link: Option<u8>, code: Code) {
    let verdict = judged(scene);
    assert_eq!(verdict.decision, Decision::Denied(code), "{:?}", verdict.checks.last());
    let (last, before) = verdict.checks.split_last().unwrap();
    assert_eq!((last.name, last.link, last.outcome), (name, link, Outcome::Failed(code)));
    assert!(before.iter().all(|check| !matches!(check.outcome, Outcome::Failed(_))));
}

/// The same scene with a state that was changed.
fn state(scene: Scene, change: impl Fn(&mut Vec<Leaf>) + 'static) -> Scene {
    Scene { state: Box::new(change), ..scene }
}

fn parts(scene: Scene, change: impl Fn(&mut Parts) + 'static) -> Scene {
    Scene { parts: Box::new(change), ..scene }
}

fn note(scene: Scene, change: impl Fn(&mut String) + 'static) -> Scene {
    Scene { note: Box::new(change), ..scene }
}

#[test]
fn presentation() {
    let refused = |bytes: fn(&mut Vec<u8>), code| {
        super::refusals::refused(&Scene { bytes, ..Scene::root() }, CheckName::Presentation, None, code);
    };
    refused(|bytes| bytes.truncate(200), Code::Malformed);
    refused(|bytes| bytes.clear(), Code::Malformed);
    refused(|bytes| bytes.push(0), Code::TrailingBytes);
    refused(|bytes| bytes.resize(OBJECT_BYTES_MAX + 1, 0), Code::Oversize);
    // The label is a text of 21 bytes, after the heads of the array and of itself.
    refused(|bytes| bytes[22] ^= 3, Code::WrongLabel);
    // An array of seven.
    refused(|bytes| bytes[0] = 0x87, Code::Malformed);
    // The same array with a longer head.
    refused(|bytes| drop(bytes.splice(0..1, [0x98, 8])), Code::NotCanonical);
}

#[test]
fn presentation_lists() {
    let refused = |change: fn(&mut Parts), code| {
        super::refusals::refused(&parts(Scene::root(), change), CheckName::Presentation, None, code);
    };
    refused(|parts| parts.tokens.clear(), Code::Malformed);
    refused(|parts| parts.tokens = vec![Vec::new(); 17], Code::TooMany);
    refused(|parts| parts.leaves = vec![Vec::new(); 20], Code::TooMany);
    refused(|parts| parts.path = vec![Hash::default(); 64], Code::Oversize);
}

#[test]
fn checkpoint() {
    let refused = |change: fn(&mut String), code| {
        super::refusals::refused(&note(Scene::root(), change), CheckName::Checkpoint, None, code);
    };
    refused(|note| note.truncate(40), Code::BadCheckpoint);
    refused(|note| note.insert_str(0, "an extension\n"), Code::BadCheckpoint);
    // Another size under the same signature.
    refused(|note| *note = note.replacen("\n3\n", "\n4\n", 1), Code::BadCheckpoint);
    // The log's line is gone, or stands twice.
    refused(|note| *note = note.replace("— ledger", "— other"), Code::BadCheckpoint);
    refused(|note| *note = format!("{note}{}", note.lines().last().unwrap()), Code::BadCheckpoint);
    refused(
        |note| {
            let line = format!("{}\n", note.lines().last().unwrap());
            note.push_str(&line);
        },
        Code::BadCheckpoint,
    );
    let other = Scene { origin: OTHER, ..Scene::root() };
    super::refusals::refused(&other, CheckName::Checkpoint, None, Code::UnknownLog);
}

#[test]
fn cosignatures_and_quorum() {
    let refused = |scene, code| super::refusals::refused(&scene, CheckName::Checkpoint, None, code);
    // One letter of the base64 of the last cosignature, near its end.
    let changed = |note: &mut String| {
        let at = note.len() - 7;
        let letter = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
        note.replace_range(at..=at, letter);
    };
    refused(note(Scene::witnessed(), changed), Code::BadCosignature);
    let one = vec![(W1, Seconds(NOW.0 - 2))];
    refused(Scene { cosigned: one, ..Scene::witnessed() }, Code::Quorum);
    refused(Scene { cosigned: Vec::new(), ..Scene::witnessed() }, Code::Quorum);
    let late = vec![(W1, Seconds(NOW.0 - 2)), (W2, Seconds(NOW.0 + 3))];
    refused(Scene { cosigned: late, ..Scene::witnessed() }, Code::Clock);
}

#[test]
fn ledger() {
    let other = parts(Scene::root(), |parts| parts.ledger = LedgerId([0xbb; 32]));
    refused(&other, CheckName::Ledger, None, Code::WrongLedger);
}

#[test]
fn commitment() {
    let refused = |scene| super::refusals::refused(&scene, CheckName::Commitment, None, Code::NoCommitment);
    refused(parts(Scene::root(), |parts| parts.path[0].0[0] ^= 1));
    refused(parts(Scene::root(), |parts| parts.path.push(Hash::default())));
    refused(parts(Scene::root(), |parts| parts.commitment.push(0)));
    refused(parts(Scene::root(), |parts| parts.commitment.clear()));
    // The last entry is of another kind.
    let outcome = Entry::Outcome(Logged {
        time: NOW_MS,
        kind: Kind::Reserve,
        id: ObjectId::default(),
        refused: None,
        details: Hash::default(),
    });
    refused(Scene { log: Box::new(move |log| *log.last_mut().unwrap() = outcome.encode()), ..Scene::root() });
    // A commitment that is in the log, but not the last entry: a newer state exists.
    let twice = |commitment: &[u8]| {
        let other = |text: &str| text.as_bytes().to_vec();
        vec![other("genesis"), commitment.to_vec(), other("an outcome"), commitment.to_vec()]
    };
    let log = move |log: &mut Vec<Vec<u8>>| *log = twice(log.last().unwrap());
    let earlier = Scene { log: Box::new(log), ..Scene::root() };
    assert_eq!(judged(&earlier).decision, Decision::Allowed);
    refused(parts(earlier, move |parts| parts.path = trees::path(&twice(&parts.commitment), 1)));
}

#[test]
fn clock() {
    let at = |committed| Scene { committed, ..Scene::root() };
    assert_eq!(judged(&at(Millis(NOW_MS.0 + SKEW.0))).decision, Decision::Allowed);
    refused(&at(Millis(NOW_MS.0 + SKEW.0 + 1)), CheckName::Clock, None, Code::Clock);
    let witnessed = Scene { committed: Millis(NOW_MS.0 + SKEW.0 + 1), ..Scene::witnessed() };
    refused(&witnessed, CheckName::Clock, None, Code::Clock);
}

#[test]
fn leaves_must_be_proved() {
    let refused = |change: fn(&mut Parts)| {
        let scene = parts(Scene::logged(3), change);
        super::refusals::refused(&scene, CheckName::State, None, Code::BadProof);
    };
    refused(|parts| parts.proof[0].0[0] ^= 1);
    refused(|parts| parts.proof.truncate(1));
    refused(|parts| parts.proof.push(Hash::default()));
    refused(|parts| drop(parts.leaves.pop()));
    refused(|parts| parts.leaves.clear());
    // Twice the same leaf, or in another order.
    refused(|parts| parts.leaves.insert(1, parts.leaves[1].clone()));
    refused(|parts| parts.leaves.swap(1, 2));
    // A revoked leaf shown as live.
    refused(|parts| {
        let mut leaf = Leaf::decode(&parts.leaves[2]).unwrap();
        leaf.history = Hash::default();
        parts.leaves[2] = leaf.encode();
    });
}

#[test]
fn leaf_0_is_the_ledger() {
    let refused = |scene, code| super::refusals::refused(&scene, CheckName::State, None, code);
    refused(parts(Scene::root(), |parts| parts.leaves[0].push(0)), Code::WrongLeaf);
    refused(parts(Scene::root(), |parts| parts.leaves[0].clear()), Code::WrongLeaf);
    refused(state(Scene::root(), |leaves| leaves[0].id = HOTEL), Code::WrongLeaf);
    refused(state(Scene::root(), |leaves| leaves[0].body = leaves[1].body.clone()), Code::WrongLeaf);
    // The proof is good, but leaf 0 is not among them.
    let without = Scene { shows: Some(vec![2, 4]), ..Scene::root() };
    refused(without, Code::WrongLeaf);
    let elsewhere = state(Scene::root(), |leaves| {
        (leaves[1].body, leaves[1].id) = (leaves[0].body.clone(), leaves[0].id);
    });
    refused(Scene { shows: Some(vec![1, 2, 4]), ..elsewhere }, Code::WrongLeaf);
    refused(state(Scene::root(), |leaves| leaves[0].mask = 1), Code::LedgerFrozen);
}

#[test]
fn tokens_must_be_tokens() {
    let refused = |change: fn(&mut Parts), code| {
        super::refusals::refused(&parts(Scene::root(), change), CheckName::Chain, None, code);
    };
    refused(|parts| parts.tokens[0].push(0), Code::TrailingBytes);
    refused(|parts| parts.tokens[0].clear(), Code::Malformed);
    refused(|parts| drop(parts.tokens[0].splice(0..1, [0x98, 4])), Code::NotCanonical);
}

#[test]
fn a_chain_has_at_most_eight_links() {
    let deep = |links: u8| {
        Scene::new(core::iter::once(Draft::root()).chain((1..links).map(Draft::offline)).collect())
    };
    assert_eq!(judged(&deep(DEPTH_MAX as u8)).decision, Decision::Allowed);
    refused(&deep(DEPTH_MAX as u8 + 1), CheckName::Chain, None, Code::TooDeep);
}

#[test]
fn leaves_and_tokens_belong_together() {
    let refused = |scene| super::refusals::refused(&scene, CheckName::Chain, None, Code::WrongLeaf);
    // An ancestor is left out, a stranger's leaf or a second party's is shown, the issuer's is not.
    refused(Scene { shows: Some(vec![0, 2, 4]), ..Scene::logged(2) });
    refused(Scene { shows: Some(vec![0, 2, 4, 5]), ..Scene::root() });
    refused(Scene { shows: Some(vec![0, 2, 3, 4]), ..Scene::root() });
    refused(Scene { shows: Some(vec![0, 4]), ..Scene::root() });
    // Two units.
    let units = state(Scene::root(), |leaves| leaves[3].body = leaves[1].body.clone());
    refused(Scene { shows: Some(vec![0, 1, 2, 3, 4]), ..units });
    // A second leaf of the ledger's kind, beside the others, or in the place of one.
    let ledgers = |scene| state(scene, |leaves| leaves[3].body = leaves[0].body.clone());
    refused(Scene { shows: Some(vec![0, 2, 3, 4]), ..ledgers(Scene::root()) });
    refused(Scene { shows: Some(vec![0, 3, 4]), ..ledgers(Scene::root()) });
    refused(Scene { shows: Some(vec![0, 2, 3, 4]), ..ledgers(Scene::logged(2)) });
}

#[test]
fn issuer() {
    let refused = |scene, code| super::refusals::refused(&scene, CheckName::Issuer, None, code);
    let hotel = Scene { shows: Some(vec![0, 3, 4]), ..Scene::root() };
    refused(hotel, Code::WrongLeaf);
    let not_a_root = Scene::new(vec![Draft::logged(1)]);
    refused(not_a_root, Code::BrokenChain);
    let party = |change: fn(&mut remit_verifier::state::PartyLeaf)| {
        state(Scene::root(), move |leaves| change(party_of(&mut leaves[LEAF_ISSUER])))
    };
    refused(party(|party| party.issuer = false), Code::NotAnIssuer);
    let mut untrusted = Scene::root();
    untrusted.settings.issuers = remit_verifier::verify::Issuers::Listed(vec![HOTEL]);
    refused(untrusted, Code::UntrustedIssuer);
    refused(state(Scene::root(), |leaves| leaves[LEAF_ISSUER].mask = 1), Code::PartyFrozen);
    refused(party(|party| party.keys = vec![key(60)]), Code::WrongSigner);
    refused(
        party(|party| party.retired = vec![(key(ISSUER_KEY), Retired::Compromised)]),
        Code::CompromisedKey,
    );
}

#[test]
fn place_of_a_link() {
    let refused = |scene, link, code| super::refusals::refused(&scene, CheckName::Leaf, Some(link), code);
    // A second root; a logged child below an offline link; a parent that is another token.
    refused(Scene::new(vec![Draft::root(), Draft::root()]), 2, Code::BrokenChain);
    let mixed = Scene::new(vec![Draft::root(), Draft::offline(1), Draft::logged(2)]);
    refused(mixed, 3, Code::BrokenChain);
    for chain in [vec![Draft::root(), Draft::logged(1)], vec![Draft::root(), Draft::offline(1)]] {
        let mut scene = Scene::new(chain);
        scene.chain[1].follows = false;
        refused(scene, 2, Code::BrokenChain);
    }
}

#[test]
fn leaf_of_a_link() {
    let refused =
        |scene, link| super::refusals::refused(&scene, CheckName::Leaf, Some(link), Code::WrongLeaf);
    let token = |change: fn(&mut remit_verifier::state::TokenLeaf)| {
        state(Scene::logged(2), move |leaves| change(token_of(&mut leaves[LEAF_ROOT + 1])))
    };
    refused(state(Scene::root(), |leaves| leaves[LEAF_ROOT].id = HOTEL), 1);
    refused(state(Scene::root(), |leaves| token_of(&mut leaves[LEAF_ROOT]).parent = StateIndex(3)), 1);
    refused(token(|token| token.parent = StateIndex(2)), 2);
    refused(token(|token| token.expires = Seconds(token.expires.0 + 1)), 2);
    refused(token(|token| token.authority = Hash::default()), 2);
    refused(token(|token| token.holder = key(60)), 2);
}

#[test]
fn signature_of_a_link() {
    let refused =
        |scene, link, code| super::refusals::refused(&scene, CheckName::Signature, Some(link), code);
    for link in 0..4 {
        let mut scene = Scene::offline();
        scene.chain[link].spoil = forge;
        refused(scene, link as u8 + 1, Code::BadSignature);
    }
    // A key of small order, for which anybody could sign: the issuer's leaf names it, and so does the object.
    let weak = KeyBytes([0; 32]);
    let kid = move |parts: &mut Parts| {
        let old = key(ISSUER_KEY).0;
        let at = parts.tokens[0].windows(32).position(|window| window == old).unwrap();
        parts.tokens[0][at..at + 32].copy_from_slice(&weak.0);
    };
    let scene = state(parts(Scene::root(), kid), move |leaves| {
        party_of(&mut leaves[LEAF_ISSUER]).keys.push(weak);
        // The object has another id now.
        leaves[LEAF_ROOT].id = id_with_kid(weak);
    });
    refused(scene, 1, Code::BadKey);
}

/// The id of the root of every scene, if `kid` had signed it.
fn id_with_kid(kid: KeyBytes) -> ObjectId {
    let payload = Draft::root().token.encode();
    remit_verifier::cose::SigStructure::new(remit_verifier::label::TOKEN, &LEDGER, &kid, &payload).id
}

#[test]
fn signer_of_a_link() {
    let refused = |scene, link, code| super::refusals::refused(&scene, CheckName::Signer, Some(link), code);
    for (mut scene, link) in [(Scene::logged(2), 1), (Scene::offline(), 2), (Scene::offline(), 3)] {
        scene.chain[link].signed_by = 60;
        refused(scene, link as u8 + 1, Code::WrongSigner);
    }
    // The parent of the first link was rekeyed: the old key signs no more.
    let rekeyed = state(Scene::offline(), |leaves| {
        leaves[LEAF_ROOT + 1].generation = Generation(1);
        token_of(&mut leaves[LEAF_ROOT + 1]).holder = key(50);
    });
    refused(rekeyed, 3, Code::WrongSigner);
    let epoch = |place: usize| move |leaves: &mut Vec<Leaf>| leaves[place].epoch = Epoch(1);
    refused(state(Scene::logged(2), epoch(LEAF_ROOT)), 2, Code::OldEpoch);
    refused(state(Scene::offline(), epoch(LEAF_ROOT + 1)), 3, Code::OldEpoch);
    let cut = |leaves: &mut Vec<Leaf>| leaves[LEAF_ROOT + 1].generation = Generation(1);
    refused(state(Scene::offline(), cut), 3, Code::OldGeneration);
    let mut none = Scene::offline();
    none.settings.offline_links = false;
    refused(none, 3, Code::NotDelegable);
    // A later link with the epoch or generation of another time.
    for (epoch, generation, code) in [(1, 0, Code::OldEpoch), (0, 1, Code::OldGeneration)] {
        let mut scene = Scene::offline();
        let (epoch, generation) = (Epoch(epoch), Generation(generation));
        scene.chain[3].token.origin = Origin::Offline { parent: ObjectId::default(), epoch, generation };
        refused(scene, 4, code);
    }
}

#[test]
fn status_of_a_link() {
    let refused = |place: usize, life, mask, code| {
        let scene = state(Scene::logged(3), move |leaves| {
            leaves[LEAF_ROOT + place].life = life;
            leaves[LEAF_ROOT + place].mask = mask;
        });
        super::refusals::refused(&scene, CheckName::Status, Some(place as u8 + 1), code);
    };
    for place in 0..3 {
        refused(place, Life::Revoked, 3, Code::Revoked);
        refused(place, Life::Ended, 3, Code::Ended);
        refused(place, Life::Live, 3, Code::Frozen);
        refused(place, Life::Live, 2, Code::Suspended);
    }
}

#[test]
fn life_of_a_link() {
    let refused = |scene, link, code| super::refusals::refused(&scene, CheckName::Life, Some(link), code);
    let at = |links: Scene, place: usize, expires: u64| {
        let mut scene = links;
        scene.chain[place].token.expires = Seconds(expires);
        scene
    };
    refused(at(Scene::root(), 0, NOW.0), 1, Code::Expired);
    refused(at(Scene::logged(2), 1, NOW.0), 2, Code::Expired);
    assert_eq!(judged(&at(Scene::logged(2), 1, NOW.0 + 1)).decision, Decision::Allowed);
    refused(at(Scene::offline(), 3, NOW.0), 4, Code::Expired);
    // A link that ends an hour from now may be of now; one second more, and it was given a longer life.
    refused(at(Scene::offline(), 2, NOW.0 + 3_601), 3, Code::BadTime);
    for (place, link) in [(0, 1), (1, 2), (3, 4)] {
        let mut scene = Scene::offline();
        scene.chain[place].token.not_before = Some(Seconds(NOW.0 + 1));
        refused(scene, link, Code::NotYetValid);
        let mut scene = Scene::offline();
        scene.chain[place].token.not_before = Some(NOW);
        assert_eq!(judged(&scene).decision, Decision::Allowed);
    }
}

#[test]
fn deadlines_are_measured_by_evidence_if_the_clock_is_slow() {
    // The commitment is two seconds later than the clock, which the skew allows.
    let mut scene = Scene { committed: Millis(NOW_MS.0 + 2_000), ..Scene::root() };
    scene.chain[0].token.expires = Seconds(NOW.0 + 2);
    refused(&scene, CheckName::Life, Some(1), Code::Expired);
    // So is one cosignature, though the quorum is older.
    let mut scene = Scene::witnessed();
    scene.cosigned[1].1 = Seconds(NOW.0 + 2);
    scene.chain[0].token.expires = Seconds(NOW.0 + 2);
    refused(&scene, CheckName::Life, Some(1), Code::Expired);
}

#[test]
fn authority_of_a_link() {
    let refused =
        |scene, link, code| super::refusals::refused(&scene, CheckName::Authority, Some(link), code);
    let delegation = |chain: Vec<Draft>, mode, depth| {
        let mut scene = Scene::new(chain);
        scene.chain[0].token.delegation = Some(Delegation { mode, depth });
        scene
    };
    let logged = || vec![Draft::root(), Draft::logged(1)];
    let offline = || vec![Draft::root(), Draft::offline(1)];
    refused(delegation(logged(), DelegationMode::None, 7), 2, Code::NotDelegable);
    refused(delegation(logged(), DelegationMode::Logged, 0), 2, Code::NotDelegable);
    refused(delegation(offline(), DelegationMode::Logged, 1), 2, Code::NotDelegable);
    let wide = |chain, change: fn(&mut remit_verifier::object::Token)| {
        let mut scene = Scene::new(chain);
        scene.chain[0].token.max_staleness = Some(Seconds(60));
        change(&mut scene.chain[1].token);
        scene
    };
    let wider = |scene| refused(scene, 2, Code::WiderThanParent);
    wider(wide(logged(), |token| token.expires = Seconds(NOW.0 + 86_401)));
    wider(wide(logged(), |token| token.transferable = Some(true)));
    wider(wide(offline(), |token| token.max_staleness = Some(Seconds(61))));
    wider(wide(offline(), |token| {
        let actions = Some(vec!["sell".into()]);
        token.permissions = Some(vec![Permission { actions, ..permission() }]);
    }));
}

#[test]
fn staleness() {
    let refused = |scene| super::refusals::refused(&scene, CheckName::Staleness, None, Code::Stale);
    let aged = |age: u64| Scene { committed: Millis(NOW_MS.0 - age), ..Scene::logged(2) };
    assert_eq!(judged(&aged(60_000)).decision, Decision::Allowed);
    refused(aged(60_001));
    let bound = |age, place: usize, seconds| {
        let mut scene = aged(age);
        scene.chain[place].token.max_staleness = Some(Seconds(seconds));
        scene
    };
    assert_eq!(judged(&bound(10_000, 1, 10)).decision, Decision::Allowed);
    refused(bound(10_001, 1, 10));
    refused(bound(10_001, 0, 10));
    // A token that allows more than the policy changes nothing.
    refused(bound(60_001, 0, 600));
}

#[test]
fn holder_since() {
    let moved = |since: u64, staleness: Option<u64>| {
        let mut scene = Scene::logged(2);
        scene.chain[0].token.max_staleness = staleness.map(Seconds);
        scene.chain[1].token.max_staleness = staleness.map(|_| Seconds(1));
        scene.committed = NOW_MS;
        state(scene, move |leaves| token_of(&mut leaves[LEAF_ROOT]).holder_since = Millis(since))
    };
    let refused = |scene| super::refusals::refused(&scene, CheckName::HolderSince, None, Code::HolderTooNew);
    // The policy's bound where the token has none, and twice the skew.
    refused(moved(NOW_MS.0 - 64_000 + 1, None));
    assert_eq!(judged(&moved(NOW_MS.0 - 64_000, None)).decision, Decision::Allowed);
    // The bound of the token that was transferred, not the smaller one of its child.
    refused(moved(NOW_MS.0 - 14_000 + 1, Some(10)));
    assert_eq!(judged(&moved(NOW_MS.0 - 14_000, Some(10))).decision, Decision::Allowed);
}

#[test]
fn every_kind_of_leaf_is_told_apart() {
    // The body of a unit in the place of the root's leaf: no token's leaf is left.
    let unit = state(Scene::root(), |leaves| leaves[LEAF_ROOT].body = leaves[LEAF_UNIT].body.clone());
    refused(&unit, CheckName::Chain, None, Code::WrongLeaf);
    let issuer = state(Scene::root(), |leaves| {
        let LeafBody::Token(_) = leaves[LEAF_ROOT].body else { panic!("the root's leaf") };
        leaves[LEAF_ISSUER].body = leaves[LEAF_UNIT].body.clone();
    });
    refused(&issuer, CheckName::Chain, None, Code::WrongLeaf);
}
