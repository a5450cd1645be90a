//! What a verifier remembers, and that it changes no verdict but by the newest evidence.

use crate::scene::*;
use remit_verifier::code::Code;
use remit_verifier::limits::REMEMBERED_PRESENTATIONS_MAX;
use remit_verifier::types::*;
use remit_verifier::verify::{CheckName, Decision, Settings, Verdict, Verifier};

fn judge(verifier: &mut Verifier, built: &Built, now: Millis) -> Verdict {
    built.with_request(|r| verifier.verify(&built.presentation, r, built.evidence.as_deref(), now))
}

#[test]
fn what_was_seen_before_is_judged_anew_by_the_clock() {
    for scene in [Scene::offline(), Scene::witnessed(), Scene::funded()] {
        let (built, policy) = (scene.build(), scene.policy());
        let mut verifier = Verifier::new(scene.policy(), Millis(0));
        let mut codes = Vec::new();
        // In order of time: once the evidence has been seen no clock can show less.
        for later in [0, 500, 29_000, 30_000, 56_000, 61_000, 3_600_000, 86_400_000] {
            let now = Millis(NOW_MS.0 + later);
            let verdict = judge(&mut verifier, &built, now);
            assert_eq!(verdict, built.verdict(&policy, now), "{later} ms later");
            codes.push(verdict.decision);
        }
        assert_eq!(codes.first(), Some(&Decision::Allowed));
        assert!(codes.contains(&Decision::Denied(Code::TooLate)));
        assert!(codes.contains(&Decision::Denied(Code::Stale)));
        assert_eq!(codes.last(), Some(&Decision::Denied(Code::Expired)));
    }
}

#[test]
fn a_clock_that_goes_back_is_noticed_though_the_checkpoint_was_accepted() {
    for scene in [Scene::root(), Scene::witnessed()] {
        let (built, policy) = (scene.build(), scene.policy());
        let mut verifier = Verifier::new(scene.policy(), Millis(0));
        assert_eq!(judge(&mut verifier, &built, NOW_MS).decision, Decision::Allowed);
        let before = Millis(NOW_MS.0 - 10_000);
        let verdict = judge(&mut verifier, &built, before);
        assert_eq!(verdict.decision, Decision::Denied(Code::Clock));
        assert_eq!(verdict, built.verdict(&policy, before));
    }
}

#[test]
fn the_newest_evidence_outlives_a_restart() {
    let scene = Scene::root();
    let mut first = Verifier::new(scene.policy(), Millis(0));
    assert_eq!(first.newest(), Millis(0));
    judge(&mut first, &scene.build(), scene.now);
    assert_eq!(first.newest(), scene.committed);

    // A token that expired a second before that evidence, shown with older evidence to a clock that is slow.
    let mut old = Scene { committed: Millis(scene.committed.0 - 5_000), ..Scene::root() };
    old.now = Millis(scene.committed.0 - 4_000);
    old.ask().invocation.valid_until = Seconds(scene.committed.seconds().0 + 5);
    old.chain[0].token.expires = Seconds(scene.committed.seconds().0 - 1);
    assert_eq!(old.verdict().decision, Decision::Allowed);
    let mut second = Verifier::new(old.policy(), first.newest());
    let verdict = judge(&mut second, &old.build(), old.now);
    assert_eq!(verdict.decision, Decision::Denied(Code::Expired));
    let mut case = old.build();
    case.evidence = None;
    let policy = old.policy();
    let mut case = case.case(old.now, b"");
    assert_eq!(case.verdict(&policy).decision, Decision::Allowed);
    case.newest = first.newest();
    assert_eq!(case.verdict(&policy), verdict);
}

#[test]
fn funding_evidence_counts_as_newest_too() {
    let mut scene = Scene::funded();
    scene.funding.as_mut().unwrap().time = Millis(NOW_MS.0 + 1_500);
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    judge(&mut verifier, &scene.build(), scene.now);
    assert_eq!(verifier.newest(), Millis(NOW_MS.0 + 1_500));
}

#[test]
fn one_changed_byte_is_another_presentation() {
    let scene = Scene::offline();
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    let good = scene.build();
    assert_eq!(judge(&mut verifier, &good, scene.now).decision, Decision::Allowed);
    // Every link is remembered by now; the forged ones are not.
    for link in 0..4 {
        let mut forged = Scene::offline();
        forged.chain[link].spoil = forge;
        let verdict = judge(&mut verifier, &forged.build(), scene.now);
        assert_eq!(verdict.decision, Decision::Denied(Code::BadSignature));
        assert_eq!(verdict.checks.last().unwrap().link, Some(link as u8 + 1));
    }
    let mut changed = scene.build();
    let at = changed.presentation.len() / 2;
    changed.presentation[at] ^= 1;
    let verdict = judge(&mut verifier, &changed, scene.now);
    assert_eq!(verdict, changed.verdict(&scene.policy(), scene.now));
    assert!(matches!(verdict.decision, Decision::Denied(_)));
}

#[test]
fn a_token_is_remembered_for_its_ledger_alone() {
    // Two ledgers of one policy. The other one shows the first one's token, with a leaf of the id that it has there.
    let ledgers = || vec![(String::from(ORIGIN), LEDGER), (String::from(OTHER), LedgerId([0xbb; 32]))];
    let both = |scene: Scene| {
        let settings =
            Settings { trust: two_logs(LOG_KEY, 80), ledgers: ledgers(), ..scene.settings.clone() };
        Scene { settings, ..scene }
    };
    let (here, mut there) = (both(Scene::root()), both(Scene::root()));
    (there.origin, there.log_key) = (OTHER, 80);
    there.state = Box::new(|leaves| leaves[0].id = ObjectId([0xbb; 32]));
    there.parts = Box::new(|parts| parts.ledger = LedgerId([0xbb; 32]));
    let mut verifier = Verifier::new(here.policy(), Millis(0));
    assert_eq!(judge(&mut verifier, &here.build(), here.now).decision, Decision::Allowed);
    let verdict = judge(&mut verifier, &there.build(), there.now);
    assert_eq!(verdict, there.verdict());
    assert_eq!(verdict.decision, Decision::Denied(Code::WrongLeaf));
    assert_eq!(verdict.checks.last().map(|check| check.name), Some(CheckName::Leaf));
}

#[test]
fn a_revocation_reaches_links_that_are_remembered() {
    let scene = Scene::logged(3);
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    assert_eq!(judge(&mut verifier, &scene.build(), scene.now).decision, Decision::Allowed);
    let mut revoked = Scene::logged(3);
    revoked.state = Box::new(|leaves| leaves[LEAF_ROOT + 1].life = remit_verifier::state::Life::Revoked);
    let verdict = judge(&mut verifier, &revoked.build(), scene.now);
    assert_eq!(verdict.decision, Decision::Denied(Code::Revoked));
    assert_eq!(
        verdict.checks.last().map(|check| (check.name, check.link)),
        Some((CheckName::Status, Some(2)))
    );
}

#[test]
fn the_memory_is_bounded_and_forgetting_changes_nothing() {
    let scene = Scene::root();
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    let good = scene.build();
    for number in 0..=REMEMBERED_PRESENTATIONS_MAX as u64 {
        let other = Scene { committed: Millis(scene.committed.0 - number), ..Scene::root() };
        assert_eq!(judge(&mut verifier, &other.build(), scene.now).decision, Decision::Allowed);
        assert_eq!(judge(&mut verifier, &good, scene.now), good.verdict(&scene.policy(), scene.now));
    }
}
