//! Every shape of presentation that is good, and what its verdict says.

use crate::scene::*;
use remit_verifier::object::{Budget, Share};
use remit_verifier::state::Retired;
use remit_verifier::types::*;
use remit_verifier::verify::{Check, CheckName, Decision, Issuers, LoggedLinks, Outcome, Verdict, Verifier};

/// The verdict, which must be the same without a memory, with an empty one and with everything seen before.
pub(crate) fn judged(scene: &Scene) -> Verdict {
    let built = scene.build();
    let verdict = built.verdict(&scene.policy(), scene.now);
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    for round in ["new", "seen before"] {
        let evidence = built.evidence.as_deref();
        let again = built.with_request(|r| verifier.verify(&built.presentation, r, evidence, scene.now));
        assert_eq!(again, verdict, "{round}");
    }
    verdict
}

pub(crate) fn decides(scene: &Scene, decision: Decision) -> Verdict {
    let verdict = judged(scene);
    assert_eq!(verdict.decision, decision, "{:?}", verdict.checks);
    verdict
}

#[test]
fn a_root_is_allowed_and_every_check_is_named_in_order() {
    let scene = Scene::root();
    let verdict = decides(&scene, Decision::Allowed);
    use CheckName::*;
    let expected = [
        (Presentation, None),
        (Checkpoint, None),
        (Ledger, None),
        (Commitment, None),
        (Clock, None),
        (State, None),
        (Chain, None),
        (Issuer, None),
        (Leaf, Some(1)),
        (Signature, Some(1)),
        (Signer, Some(1)),
        (Status, Some(1)),
        (Life, Some(1)),
        (Authority, Some(1)),
        (Staleness, None),
        (HolderSince, None),
        (Invocation, None),
        (Token, None),
        (Window, None),
        (Audience, None),
        (Arguments, None),
        (Permissions, None),
    ];
    let (skipped, passed): (Vec<&Check>, Vec<&Check>) =
        verdict.checks.iter().partition(|check| check.outcome == Outcome::Skipped);
    assert_eq!(skipped.iter().map(|check| check.name).collect::<Vec<_>>(), [Approvals, Funding]);
    assert!(passed.iter().all(|check| check.outcome == Outcome::Passed));
    let named: Vec<_> = passed.iter().map(|check| (check.name, check.link)).collect();
    assert_eq!(named, expected);
    assert_eq!(verdict.age, Some(Millis(3_000)));
}

#[test]
fn the_verdict_names_its_subject() {
    let scene = Scene::root();
    let (built, subject) = (scene.build(), judged(&scene).subject);
    assert_eq!(subject.ledger, Some(LEDGER));
    assert_eq!(subject.issuer, Some(ISSUER));
    assert_eq!(subject.token, built.ids.last().copied());
    assert_eq!(subject.holder, Some(key(HOLDER)));
    let invocation = subject.invocation.unwrap();
    assert_eq!((invocation.audience, invocation.action.as_str()), (HOTEL, "book"));
    assert!(subject.id.is_some());
}

#[test]
fn without_a_request_a_good_chain_is_permitted() {
    let scene = Scene { request: None, ..Scene::logged(3) };
    let verdict = decides(&scene, Decision::Permitted);
    let skipped: Vec<_> = verdict.checks.iter().filter(|check| check.outcome == Outcome::Skipped).collect();
    let names: Vec<_> = skipped.iter().map(|check| check.name).collect();
    assert_eq!(names, [CheckName::Invocation, CheckName::Funding]);
    assert_eq!(verdict.subject.invocation, None);
}

#[test]
fn chains_of_every_depth_are_allowed() {
    for links in 1..=8 {
        decides(&Scene::logged(links), Decision::Allowed);
    }
}

#[test]
fn offline_links_are_allowed_where_the_policy_takes_them() {
    decides(&Scene::offline(), Decision::Allowed);
    decides(&Scene::new(vec![Draft::root(), Draft::offline(1)]), Decision::Allowed);
}

#[test]
fn an_amount_is_permitted_without_evidence_and_allowed_with_it() {
    decides(&Scene::paying(100), Decision::Permitted);
    let verdict = decides(&Scene::funded(), Decision::Allowed);
    let last: Vec<_> = verdict.checks.iter().rev().take(4).map(|check| check.name).collect();
    assert_eq!(last, [CheckName::Funding, CheckName::Budgets, CheckName::Deadline, CheckName::Unit]);
    decides(&Scene { funding: Some(Funding::bundle()), ..Scene::paying(100) }, Decision::Allowed);
}

#[test]
fn an_offline_link_pays_within_its_open_budgets() {
    let mut scene = Scene { shows_unit: true, request: Some(Ask::paying(3, 40)), ..Scene::offline() };
    let budget = |total, per_use| Budget {
        per_use: Some(Amount(per_use)),
        ..Budget::new(CNY, Share::Shared, Some(Amount(total)))
    };
    scene.chain[2].token.budgets = Some(vec![budget(100, 40)]);
    scene.chain[3].token.budgets = Some(vec![budget(50, 40)]);
    decides(&scene, Decision::Permitted);
    scene.funding = Some(Funding::reserve());
    decides(&scene, Decision::Allowed);
}

#[test]
fn a_quorum_dates_the_evidence_by_its_older_witness() {
    let scene = Scene::witnessed();
    assert_eq!(decides(&scene, Decision::Allowed).age, Some(Millis(2_000)));
    // Evidence within the skew of a clock that is slow has no age.
    let ahead = Seconds(NOW.0 + 2);
    let scene = Scene { cosigned: vec![(W1, ahead), (W2, ahead)], ..Scene::witnessed() };
    assert_eq!(decides(&scene, Decision::Allowed).age, Some(Millis(0)));
}

#[test]
fn a_unit_may_be_shown_that_nobody_pays_in_even_a_frozen_one() {
    let state = |leaves: &mut Vec<_>| frozen(leaves, LEAF_UNIT);
    decides(&Scene { shows_unit: true, state: Box::new(state), ..Scene::root() }, Decision::Allowed);
}

fn frozen(leaves: &mut [remit_verifier::state::Leaf], place: usize) {
    leaves[place].mask = 1;
}

#[test]
fn a_root_signed_by_a_key_that_was_rotated_stays_good() {
    let state = |leaves: &mut Vec<_>| {
        let party = party_of(&mut leaves[LEAF_ISSUER]);
        party.keys = vec![key(70)];
        party.retired = vec![(key(71), Retired::Compromised), (key(ISSUER_KEY), Retired::Rotated)];
    };
    decides(&Scene { state: Box::new(state), ..Scene::root() }, Decision::Allowed);
}

#[test]
fn a_transferred_token_is_good_with_its_new_holder_once_old_evidence_is_stale() {
    // The policy's 60 s and twice its skew of 2 s have passed.
    let since = Millis(NOW_MS.0 - 64_000);
    let mut scene = Scene::root();
    scene.state = Box::new(move |leaves| {
        leaves[LEAF_ROOT].epoch = Epoch(1);
        let token = token_of(&mut leaves[LEAF_ROOT]);
        (token.holder, token.holder_since) = (key(50), since);
    });
    scene.ask().signed_by = 50;
    scene.ask().invocation.epoch = Epoch(1);
    assert_eq!(decides(&scene, Decision::Allowed).subject.holder, Some(key(50)));
}

#[test]
fn who_held_a_changed_parent_when_it_admitted_a_child_rests_on_the_log() {
    // The root was rekeyed since; its child was signed by the old key and lives on.
    let mut scene = Scene::logged(2);
    scene.state = Box::new(|leaves| {
        leaves[LEAF_ROOT].generation = Generation(1);
        token_of(&mut leaves[LEAF_ROOT]).holder = key(50);
    });
    decides(&scene, Decision::Allowed);
    // An offline link below it is signed by the new key and names the new generation.
    let mut scene = Scene { state: scene.state, ..Scene::new(vec![Draft::root(), Draft::offline(1)]) };
    let origin = &mut scene.chain[1].token.origin;
    *origin = remit_verifier::object::Origin::Offline {
        parent: ObjectId::default(),
        epoch: Epoch(0),
        generation: Generation(1),
    };
    scene.chain[1].signed_by = 50;
    decides(&scene, Decision::Allowed);
}

#[test]
fn logged_links_may_rest_on_the_log() {
    let mut scene = Scene::offline();
    scene.settings.logged_links = LoggedLinks::Log;
    // Nobody looks at the signatures of the first two.
    scene.chain[0].spoil = forge;
    scene.chain[1].spoil = forge;
    let verdict = decides(&scene, Decision::Allowed);
    let signatures = verdict.checks.iter().filter(|check| check.name == CheckName::Signature);
    let outcomes: Vec<_> = signatures.map(|check| check.outcome).collect();
    use Outcome::{Passed, Skipped};
    assert_eq!(outcomes, [Skipped, Skipped, Passed, Passed]);
}

#[test]
fn any_issuer_is_good_if_the_policy_says_so() {
    let mut scene = Scene::root();
    scene.settings.issuers = Issuers::Any;
    decides(&scene, Decision::Allowed);
}

#[test]
fn an_invocation_of_a_bundle_is_judged_like_any_other() {
    let mut scene = Scene::root();
    scene.ask().invocation.bundle = Some(Hash([4; 32]));
    decides(&scene, Decision::Allowed);
}
