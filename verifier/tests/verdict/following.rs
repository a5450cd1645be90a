//! A verifier that follows the ledger: what it accepts of updates, and how it judges older presentations (spec 22).

use crate::newer::*;
use crate::scene::*;
use remit_verifier::cbor::DecodeError;
use remit_verifier::code::Code;
use remit_verifier::feed::StatusUpdate;
use remit_verifier::limits::*;
use remit_verifier::state::{Leaf, Life, Status};
use remit_verifier::types::*;
use remit_verifier::verify::*;
use std::sync::Arc;

/// Ten minutes after everything was shown; no policy of a scene bears evidence of that age.
const LATER: u64 = 600_000;

/// A state of `LATER`, one second old.
fn newer() -> Newer {
    Newer { committed: Millis(NOW_MS.0 + LATER - 1_000), ..Newer::new() }
}

/// The scene as it asks in ten minutes, with what it showed before.
fn later(mut scene: Scene) -> Scene {
    scene.now = Millis(NOW_MS.0 + LATER);
    if let Some(ask) = &mut scene.request {
        ask.invocation.valid_until = Seconds(NOW.0 + LATER / 1_000 + 30);
        if let Some(payment) = &mut ask.invocation.payment {
            payment.settle_by = Seconds(NOW.0 + LATER / 1_000 + 60);
        }
    }
    scene
}

/// What a verifier says that follows the state which `newer` makes of the scene's.
fn judged(scene: &Scene, newer: &Newer) -> Verdict {
    let built = scene.build();
    let update = newer.whole(&built.state, &built.log).update;
    let followed = Followed::begin(&scene.policy(), &update, scene.now).expect("accepted");
    verdict(scene, &built, followed)
}

fn verdict(scene: &Scene, built: &Built, followed: Followed) -> Verdict {
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    verifier.follow(Arc::new(followed));
    let mut judge = || {
        built.with_request(|request| {
            verifier.verify(&built.presentation, request, built.evidence.as_deref(), scene.now)
        })
    };
    let verdict = judge();
    assert_eq!(judge(), verdict, "the same when it is remembered");
    verdict
}

fn outcome(verdict: &Verdict) -> Option<Outcome> {
    verdict.checks.iter().find(|check| check.name == CheckName::Followed).map(|check| check.outcome)
}

#[test]
fn an_old_presentation_is_judged_by_the_newest_state() {
    for scene in [Scene::root(), Scene::logged(3), Scene::paying(100)] {
        let scene = later(scene);
        assert_eq!(scene.verdict().decision, Decision::Denied(Code::Stale), "without");
        let said = judged(&scene, &newer());
        assert!(!matches!(said.decision, Decision::Denied(_)), "{said}");
        assert_eq!((said.age, outcome(&said)), (Some(Millis(1_000)), Some(Outcome::Passed)));
    }
}

#[test]
fn without_a_followed_state_the_check_is_left_out() {
    let scene = Scene::root();
    assert_eq!(outcome(&scene.verdict()), None);
}

/// A change of one leaf.
fn changing(index: usize, change: fn(&mut Leaf)) -> Newer {
    Newer { state: Box::new(move |state| change(&mut state[index])), ..newer() }
}

#[test]
fn what_was_stopped_since_is_denied_however_fresh_the_presentation() {
    let revoked: fn(&mut Leaf) = |leaf| leaf.life = Life::Revoked;
    let ended: fn(&mut Leaf) = |leaf| leaf.life = Life::Ended;
    let suspended: fn(&mut Leaf) = |leaf| leaf.mask = 2;
    let frozen: fn(&mut Leaf) = |leaf| leaf.mask = 1;
    let cases = [
        (LEAF_ROOT, revoked, Code::Revoked),
        (LEAF_ROOT + 1, revoked, Code::Revoked),
        (LEAF_ROOT + 2, ended, Code::Revoked),
        (LEAF_ROOT, suspended, Code::Suspended),
        (LEAF_ROOT + 2, frozen, Code::Suspended),
        (LEAF_ISSUER, frozen, Code::PartyFrozen),
        (0, frozen, Code::LedgerFrozen),
    ];
    for (index, change, code) in cases {
        for scene in [Scene::logged(3), later(Scene::logged(3))] {
            let committed = Millis(scene.now.0 - 1_000);
            let said = judged(&scene, &Newer { committed, ..changing(index, change) });
            assert_eq!(said.decision, Decision::Denied(code), "leaf {index}");
            assert_eq!(outcome(&said), Some(Outcome::Failed(code)));
            assert_eq!(said.checks.last().unwrap().name, CheckName::Followed);
        }
    }
    // The first link that was stopped decides.
    let both = Newer {
        state: Box::new(|state| {
            state[LEAF_ROOT].mask = 2;
            state[LEAF_ROOT + 1].life = Life::Revoked;
        }),
        ..newer()
    };
    assert_eq!(judged(&later(Scene::logged(2)), &both).decision, Decision::Denied(Code::Suspended));
    // What happens to a stranger's token is nothing to this one.
    let said = judged(&later(Scene::logged(3)), &changing(LEAF_ROOT + 3, revoked));
    assert_eq!(said.decision, Decision::Allowed);
}

#[test]
fn of_a_changed_holder_or_key_the_presentation_itself_must_be_new() {
    let epoch: fn(&mut Leaf) = |leaf| leaf.epoch = Epoch(1);
    let generation: fn(&mut Leaf) = |leaf| leaf.generation = Generation(1);
    for (index, change) in [(LEAF_ROOT, epoch), (LEAF_ROOT + 2, generation), (LEAF_ISSUER, generation)] {
        let old = later(Scene::logged(3));
        let said = judged(&old, &changing(index, change));
        assert_eq!((said.decision, said.age), (Decision::Denied(Code::Stale), Some(Millis(LATER + 3_000))));
        assert_eq!(outcome(&said), Some(Outcome::Passed));
        // One that is as old as the policy bears is judged by its own leaves.
        let committed = Millis(NOW_MS.0 - 1_000);
        let said = judged(&Scene::logged(3), &Newer { committed, ..changing(index, change) });
        assert_eq!((said.decision, said.age), (Decision::Allowed, Some(Millis(3_000))));
    }
}

#[test]
fn a_unit_that_was_frozen_since_moves_no_money() {
    let frozen = || changing(LEAF_UNIT, |leaf| leaf.mask = 1);
    let said = judged(&later(Scene::paying(100)), &frozen());
    assert_eq!(said.decision, Decision::Denied(Code::UnitFrozen));
    assert_eq!(said.checks.last().unwrap().name, CheckName::Unit);
    let free = Scene { shows_unit: true, ..Scene::root() };
    assert_eq!(judged(&later(free), &frozen()).decision, Decision::Allowed, "nothing is paid");
}

#[test]
fn a_presentation_that_is_newer_than_what_is_followed_is_judged_alone() {
    let scene = Scene::root();
    let mut built = scene.build();
    let update = Newer::new().whole(&built.state, &built.log[..1]).update;
    let followed = Followed::begin(&scene.policy(), &update, scene.now).expect("accepted");
    assert_eq!(followed.head().size, TreeSize(3), "the same size as the presentation's");
    assert_eq!(
        verdict(&scene, &built, followed.clone()).decision,
        Decision::Denied(Code::TwoHistories),
        "and another root"
    );
    built = Scene { log: Box::new(|log| log.insert(1, b"more".to_vec())), ..Scene::root() }.build();
    let said = verdict(&scene, &built, followed);
    assert_eq!((said.decision, outcome(&said)), (Decision::Allowed, Some(Outcome::Skipped)));
    assert_eq!(said.age, Some(Millis(3_000)));
}

#[test]
fn a_followed_state_of_the_same_checkpoint_says_nothing_new() {
    let built = Scene::root().build();
    let newer = Newer::new().whole(&built.state, &built.log);
    let followed = Followed::begin(&Scene::root().policy(), &newer.update, NOW_MS).expect("accepted");
    // The presentation of the newer checkpoint itself: built anew over the same log.
    let mut again = Scene::root();
    let log = newer.log.clone();
    again.log = Box::new(move |own| *own = log.clone());
    let shown = again.build();
    let said = verdict(&again, &shown, followed);
    assert_eq!((said.decision, outcome(&said)), (Decision::Allowed, Some(Outcome::Passed)), "{said}");
    assert_eq!(said.age, Some(Millis(1_000)));
}

#[test]
fn what_is_followed_ages_too() {
    let scene = later(Scene::root());
    let old = Newer { committed: Millis(scene.now.0 - 60_001), ..newer() };
    let said = judged(&scene, &old);
    assert_eq!((said.decision, said.age), (Decision::Denied(Code::Stale), Some(Millis(60_001))));
    let at_bound = Newer { committed: Millis(scene.now.0 - 60_000), ..newer() };
    assert_eq!(judged(&scene, &at_bound).decision, Decision::Allowed);
}

#[test]
fn witnesses_date_what_is_followed() {
    let mut scene = later(Scene::witnessed());
    let built = scene.build();
    let (one, two) = (Seconds(scene.now.seconds().0 - 20), Seconds(scene.now.seconds().0 - 10));
    let cosigned = vec![(W1, one), (W2, two)];
    let update = Newer { cosigned, ..newer() }.whole(&built.state, &built.log).update;
    let followed = Followed::begin(&scene.policy(), &update, scene.now).expect("accepted");
    let said = verdict(&scene, &built, followed.clone());
    assert_eq!((said.decision, said.age), (Decision::Allowed, Some(Millis(20_000))));
    // Under a policy that does not accept its note, the state is as good as none.
    scene.settings.trust = two_logs(LOG_KEY, 40);
    scene.settings.ledgers.push((OTHER.into(), LedgerId([1; 32])));
    let unknown = Followed::begin(&Scene::root().policy(), &update, scene.now).expect("accepted by the log");
    assert_eq!(unknown, followed);
    scene.settings = Scene::root().settings;
    scene.settings.trust = trust(true);
    let bare = newer().whole(&built.state, &built.log).update;
    let bare = Followed::begin(&later(Scene::root()).policy(), &bare, scene.now).expect("accepted");
    let said = verdict(&scene, &built, bare);
    assert_eq!((said.decision, outcome(&said)), (Decision::Denied(Code::Stale), Some(Outcome::Skipped)));
}

#[test]
fn what_is_followed_makes_a_slow_clock_faster() {
    // The clock shows a second before the expiry; the followed commitment is at the expiry.
    let mut scene = Scene::root();
    scene.chain[0].token.expires = Seconds(NOW.0 + 1);
    let committed = Millis(NOW_MS.0 + 1_000);
    assert_eq!(scene.verdict().decision, Decision::Allowed);
    let said = judged(&scene, &Newer { committed, ..Newer::new() });
    assert_eq!(said.decision, Decision::Denied(Code::Expired));
    // What lies further ahead than the clocks may differ is not believed.
    let built = scene.build();
    let ahead = Newer { committed: Millis(NOW_MS.0 + SKEW.0 + 1), ..Newer::new() };
    let update = ahead.whole(&built.state, &built.log).update;
    let refused = Followed::begin(&scene.policy(), &update, scene.now);
    assert_eq!(refused, Err(FollowError::Refused(Code::Clock)));
    let before = Followed::begin(&scene.policy(), &update, Millis(scene.now.0 + 1)).expect("a moment later");
    let said = verdict(&scene, &built, before);
    assert_eq!((said.decision, outcome(&said)), (Decision::Allowed, Some(Outcome::Skipped)));
}

/// Two states: the second revokes a link and adds leaves over the border of a chunk.
fn two() -> (Scene, Later, Later) {
    let scene = Scene::logged(3);
    let built = scene.build();
    let first = Newer::new().whole(&built.state, &built.log);
    let state: Change<Vec<Leaf>> = Box::new(|state| {
        grow(state, STATUS_CHUNK_INDEXES + 10);
        state[LEAF_ROOT + 1].life = Life::Revoked;
        state[2_047].mask = 2;
        state[2_048].mask = 2;
    });
    let second = Newer { state, committed: NOW_MS, ..Newer::new() }.since(&first);
    (scene, first, second)
}

#[test]
fn a_state_goes_on_by_changes() {
    let (scene, first, second) = two();
    let policy = scene.policy();
    let begun = Followed::begin(&policy, &first.update, scene.now).expect("accepted");
    assert_eq!(begun.listed().next(), None);
    let next = begun.advance(&policy, &second.update, scene.now).expect("accepted");
    let listed: Vec<_> = next.listed().map(|(index, status)| (index.0, status)).collect();
    let expected = [(5, Status::Over), (2_047, Status::Suspended), (2_048, Status::Suspended)];
    assert_eq!(listed, expected);
    assert_eq!(next.leaves(), TreeSize(2_058));
    assert_eq!(next.status(StateIndex(2_057)), Some(Status::Live));
    assert_eq!(next.status(StateIndex(2_058)), None);
    // Kept and read again it is the same, and whoever reads it first comes to the same state.
    let kept = next.snapshot();
    assert_eq!(Followed::restore(&kept), Ok(next.clone()));
    assert_eq!(Followed::begin(&policy, &kept, scene.now), Ok(next.clone()));
    assert_eq!(verdict(&scene, &scene.build(), next).decision, Decision::Denied(Code::Revoked));
}

#[test]
fn the_same_state_again_is_good_and_changes_nothing() {
    let (scene, first, _) = two();
    let policy = scene.policy();
    let begun = Followed::begin(&policy, &first.update, scene.now).expect("accepted");
    let told = |change: fn(&mut Told)| {
        let built = scene.build();
        let since = first.log.len() as u64;
        let parts: Change<Told> = Box::new(move |told| {
            (told.since, told.whole) = (since, false);
            change(told);
        });
        Newer { parts, ..Newer::new() }.whole(&built.state, &built.log).update
    };
    assert_eq!(begun.advance(&policy, &told(|_| {}), scene.now), Ok(begun.clone()));
    let path = told(|told| told.consistency = vec![Hash([0; 32])]);
    assert_eq!(begun.advance(&policy, &path, scene.now), Err(FollowError::Refused(Code::Malformed)));
}

#[test]
fn nothing_goes_back_and_a_fork_is_found() {
    let (scene, first, second) = two();
    let policy = scene.policy();
    let begun = Followed::begin(&policy, &first.update, scene.now).expect("accepted");
    let next = begun.advance(&policy, &second.update, scene.now).expect("accepted");
    let ours = next.head().size;
    assert_eq!(
        next.advance(&policy, &second.update, scene.now),
        Err(FollowError::NotSince { ours, theirs: begun.head().size })
    );
    assert_eq!(
        next.advance(&policy, &first.update, scene.now),
        Err(FollowError::NotSince { ours, theirs: TreeSize(0) })
    );
    // An older log that claims to go on from the newer one.
    let since = ours.0;
    let claims = |log: Vec<Vec<u8>>, told: fn(&mut Told)| {
        let parts: Change<Told> = Box::new(move |parts| {
            (parts.since, parts.whole) = (since, false);
            told(parts);
        });
        let change: Change<Vec<Vec<u8>>> = Box::new(move |own| *own = log.clone());
        Newer { parts, log: change, ..Newer::new() }.whole(&second.state, &second.log).update
    };
    let older = claims(first.log.clone(), |_| {});
    let behind = FollowError::Behind { ours, theirs: begun.head().size };
    assert_eq!(next.advance(&policy, &older, scene.now), Err(behind));
    let mut other = second.log.clone();
    other[1] = b"another outcome".to_vec();
    assert_eq!(next.advance(&policy, &claims(other.clone(), |_| {}), scene.now), Err(FollowError::Fork));
    other.push(b"more".to_vec());
    let refused = next.advance(&policy, &claims(other, |_| {}), scene.now);
    assert_eq!(refused, Err(FollowError::NotConsistent));
}

#[test]
fn an_update_is_refused_for_what_is_wrong_with_it() {
    type Broken = (fn(&mut Newer), FollowError);
    let refused = FollowError::Refused;
    let cases: &[Broken] = &[
        (|newer| newer.bytes = |bytes| bytes.push(0), refused(Code::TrailingBytes)),
        (|newer| newer.log_key = 40, refused(Code::BadCheckpoint)),
        (|newer| newer.origin = OTHER, refused(Code::UnknownLog)),
        (|newer| newer.parts = Box::new(|told| told.ledger = LedgerId([1; 32])), refused(Code::WrongLedger)),
        (
            |newer| newer.parts = Box::new(|told| told.since = 3),
            FollowError::NotSince { ours: TreeSize(0), theirs: TreeSize(3) },
        ),
        (|newer| newer.parts = Box::new(|told| told.whole = false), refused(Code::Malformed)),
        (
            |newer| newer.parts = Box::new(|told| told.consistency = vec![Hash([0; 32])]),
            refused(Code::Malformed),
        ),
        (|newer| newer.parts = Box::new(|told| told.path.truncate(0)), refused(Code::NoCommitment)),
        (|newer| newer.log = Box::new(|log| log.push(b"later".to_vec())), refused(Code::NoCommitment)),
        (|newer| newer.committed = Millis(NOW_MS.0 + SKEW.0 + 1), refused(Code::Clock)),
        (|newer| newer.parts = Box::new(|told| told.leaf.truncate(9)), refused(Code::WrongLeaf)),
        (|newer| newer.parts = Box::new(|told| told.leaf_path.truncate(1)), refused(Code::BadProof)),
        (|newer| newer.state = Box::new(|state| state[0].id = ObjectId([1; 32])), refused(Code::WrongLeaf)),
        (
            |newer| {
                newer.state = Box::new(|state| state[0] = Leaf { index: StateIndex(0), ..state[1].clone() })
            },
            refused(Code::WrongLeaf),
        ),
        (|newer| newer.parts = Box::new(|told| told.changes = vec![0x3a]), refused(Code::BadProof)),
        (|newer| newer.parts = Box::new(|told| told.changes = vec![0x80]), refused(Code::Malformed)),
    ];
    for (number, (spoil, error)) in cases.iter().enumerate() {
        let scene = Scene::logged(3);
        let built = scene.build();
        let mut newer = Newer::new();
        spoil(&mut newer);
        let update = newer.whole(&built.state, &built.log).update;
        let came = Followed::begin(&scene.policy(), &update, scene.now);
        assert_eq!(came.as_ref().err(), Some(error), "case {number}");
    }
}

#[test]
fn of_another_ledger_nothing_goes_on() {
    let (scene, first, second) = two();
    let begun = Followed::begin(&scene.policy(), &first.update, scene.now).expect("accepted");
    let mut other = Scene::root();
    other.settings.trust = two_logs(LOG_KEY, 40);
    other.settings.ledgers = vec![(ORIGIN.into(), LedgerId([1; 32])), (OTHER.into(), LEDGER)];
    let refused = begun.advance(&other.policy(), &second.update, scene.now);
    assert_eq!(refused, Err(FollowError::Refused(Code::WrongLedger)));
}

#[test]
fn a_verifier_follows_one_state_of_each_ledger() {
    let (scene, first, second) = two();
    let policy = scene.policy();
    let begun = Followed::begin(&policy, &first.update, scene.now).expect("accepted");
    let next = begun.advance(&policy, &second.update, scene.now).expect("accepted");
    let mut verifier = Verifier::new(policy, Millis(0));
    assert!(verifier.followed(&LEDGER).is_none());
    verifier.follow(Arc::new(begun));
    verifier.follow(Arc::new(next.clone()));
    assert_eq!(verifier.followed(&LEDGER).map(|followed| followed.head()), Some(next.head()));
}

#[test]
fn an_update_is_taken_at_its_bounds() {
    let (_, _, second) = two();
    let told = StatusUpdate::decode(&second.update).expect("an update");
    let of = |hashes: usize, changes: &[u8]| {
        StatusUpdate { consistency: vec![Hash([1; 32]); hashes], changes, ..told.clone() }.encode()
    };
    let most = of(CONSISTENCY_HASHES_MAX, &[]);
    assert_eq!(StatusUpdate::decode(&most).map(|update| update.encode()), Ok(most.clone()));
    let more = of(CONSISTENCY_HASHES_MAX + 1, &[]);
    assert_eq!(StatusUpdate::decode(&more), Err(DecodeError::Oversize));
    // Heads of lengths above 65 535 have four bytes more.
    let room = STATUS_UPDATE_BYTES_MAX - of(1, &[]).len() - 4;
    let changes = vec![2; room + 1];
    let most = of(1, &changes[1..]);
    assert_eq!(most.len(), STATUS_UPDATE_BYTES_MAX);
    assert_eq!(StatusUpdate::decode(&most).map(|update| update.changes.len()), Ok(room));
    assert_eq!(StatusUpdate::decode(&of(1, &changes)), Err(DecodeError::Oversize));
}
