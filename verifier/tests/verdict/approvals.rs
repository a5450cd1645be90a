//! Approvals that travel with a request: one scene for everything that can be wrong with them.

use crate::refusals::refused;
use crate::scene::*;
use crate::shapes::judged;
use remit_verifier::code::Code;
use remit_verifier::limits::{APPROVAL_VALIDITY_MAX, APPROVALS_MAX};
use remit_verifier::types::*;
use remit_verifier::verify::{CheckName, Decision, Outcome};

fn set(scene: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = scene;
    change(&mut scene);
    scene
}

fn no(scene: Scene, change: impl FnOnce(&mut Scene), code: Code) {
    refused(&set(scene, change), CheckName::Approvals, None, code);
}

#[test]
fn enough_of_the_approvers_must_say_yes() {
    assert_eq!(judged(&Scene::approved()).decision, Decision::Allowed);
    no(Scene::guarded(), |_| {}, Code::ApprovalRequired);
    no(Scene::approved(), |scene| scene.approvals.truncate(1), Code::ApprovalRequired);
    no(Scene::approved(), |scene| scene.approvals[1].signed_by = 80, Code::ApprovalRequired);
    no(Scene::approved(), |scene| scene.approvals[1].signed_by = 90, Code::NotAnApprover);
    let three = set(Scene::approved(), |scene| scene.approvals.push(Yes::of(81)));
    assert_eq!(judged(&three).decision, Decision::Allowed);
}

#[test]
fn an_approval_is_for_one_request_of_one_time() {
    no(Scene::approved(), |s| s.approvals[0].to = Some(RequestId([1; 32])), Code::UnknownRequest);
    no(Scene::approved(), |s| s.ask().invocation.request_nonce = None, Code::UnknownRequest);
    no(Scene::approved(), |s| s.approvals[0].valid_until = NOW, Code::TooLate);
    let last = NOW.0 + APPROVAL_VALIDITY_MAX.0 + SKEW.seconds().0;
    let until = |seconds| set(Scene::approved(), |s| s.approvals[0].valid_until = Seconds(seconds));
    assert_eq!(judged(&until(last)).decision, Decision::Allowed);
    refused(&until(last + 1), CheckName::Approvals, None, Code::TooEarly);
}

#[test]
fn an_approval_is_a_good_object() {
    no(Scene::approved(), |s| s.approvals[1].spoil = forge, Code::BadSignature);
    no(Scene::approved(), |s| s.approvals[1].spoil = |bytes| bytes.push(0), Code::TrailingBytes);
    no(Scene::approved(), |s| s.approvals[1].bundle = Some(Hash([1; 32])), Code::BundleMismatch);
    let many = |count| move |s: &mut Scene| s.approvals = vec![Yes::of(80); count];
    no(Scene::approved(), many(APPROVALS_MAX + 1), Code::TooMany);
    no(Scene::approved(), many(APPROVALS_MAX), Code::ApprovalRequired);
}

/// What one approver said yes to, another amount, action, payee or token is not.
#[test]
fn everything_that_is_asked_is_in_the_request() {
    let approved = Scene::approved().build();
    let request = approved.with_request(|request| {
        let object = remit_verifier::cose::Sign1::decode(request.unwrap().invocation).unwrap();
        remit_verifier::object::Invocation::decode(object.payload).unwrap().request_id(&LEDGER)
    });
    let kept = |scene: &mut Scene| scene.approvals.iter_mut().for_each(|yes| yes.to = request);
    assert_eq!(judged(&set(Scene::approved(), kept)).decision, Decision::Allowed);
    let changes: [fn(&mut Ask); 5] = [
        |ask| ask.invocation.resource = remit_verifier::object::Path::parse("rooms/13").unwrap(),
        |ask| ask.invocation.request_nonce = Some(Nonce([1; 16])),
        |ask| {
            ask.invocation.arguments.clear();
            ask.shown.clear();
        },
        |ask| ask.invocation.arguments[0].1 = Hash([1; 32]),
        |ask| ask.invocation.payment = Ask::paying(0, 1).invocation.payment,
    ];
    for (place, change) in changes.into_iter().enumerate() {
        let mut scene = set(Scene::approved(), kept);
        change(scene.ask());
        scene.shows_unit = true;
        let verdict = judged(&scene);
        let code = if place == 3 { Code::WrongArgument } else { Code::UnknownRequest };
        assert_eq!(verdict.decision, Decision::Denied(code), "{place}");
    }
}

#[test]
fn where_the_ledger_funds_it_asked() {
    let mut scene = Scene::guarded();
    scene.request = Some(Ask::paying(0, 100));
    scene.shows_unit = true;
    scene.ask().invocation.request_nonce = Some(Nonce([8; 16]));
    refused(&scene, CheckName::Approvals, None, Code::ApprovalRequired);
    scene.funding = Some(Funding::reserve());
    let verdict = judged(&scene);
    assert_eq!(verdict.decision, Decision::Allowed);
    let check = verdict.checks.iter().find(|check| check.name == CheckName::Approvals).unwrap();
    assert_eq!(check.outcome, Outcome::Skipped);
    assert!(verdict.subject.request.is_some(), "a service serves each request once");
}
