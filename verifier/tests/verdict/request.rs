//! One scene for every check of the request, its payment and its funding.

use crate::refusals::refused;
use crate::scene::*;
use crate::shapes::judged;
use remit_verifier::cbor::DecodeError;
use remit_verifier::code::Code;
use remit_verifier::key::{EncodedKey, KeyError};
use remit_verifier::limits::{INVOCATION_VALIDITY_MAX, SETTLE_MAX};
use remit_verifier::object::{
    Argument, Budget, Condition, Kind, Operator, Path, Permission, Share, Token, Value,
};
use remit_verifier::types::*;
use remit_verifier::verify::{CheckName, Decision, Evidence, Issuers, LoggedLinks, Settings};

fn ask(scene: Scene, change: impl Fn(&mut Ask)) -> Scene {
    let mut scene = scene;
    change(scene.ask());
    scene
}

fn allowed(scene: &Scene) {
    assert_eq!(judged(scene).decision, Decision::Allowed);
}

#[test]
fn invocation_must_be_one() {
    let refused = |spoil: fn(&mut Vec<u8>), code| {
        refused(&ask(Scene::root(), |ask| ask.spoil = spoil), CheckName::Invocation, None, code);
    };
    refused(|bytes| bytes.push(0), Code::TrailingBytes);
    refused(|bytes| bytes.truncate(100), Code::Malformed);
    refused(|bytes| bytes.resize(70_000, 0), Code::Oversize);
    refused(|bytes| drop(bytes.splice(0..1, [0x98, 4])), Code::NotCanonical);
    refused(forge, Code::BadSignature);
}

#[test]
fn invocation_by_the_holder() {
    for mut scene in [Scene::root(), Scene::logged(3), Scene::offline()] {
        scene.ask().signed_by = 60;
        refused(&scene, CheckName::Invocation, None, Code::WrongHolder);
    }
    // The token was transferred: the key inside it holds it no longer.
    let moved = |leaves: &mut Vec<remit_verifier::state::Leaf>| {
        leaves[LEAF_ROOT].epoch = Epoch(1);
        token_of(&mut leaves[LEAF_ROOT]).holder = key(50);
    };
    let scene = Scene { state: Box::new(moved), ..Scene::root() };
    refused(&scene, CheckName::Invocation, None, Code::WrongHolder);
    // The new holder's key is none: nobody can have signed for it.
    let weak = |leaves: &mut Vec<remit_verifier::state::Leaf>| {
        leaves[LEAF_ROOT].epoch = Epoch(1);
        token_of(&mut leaves[LEAF_ROOT]).holder = KeyBytes([0; 32]);
    };
    let mut scene = Scene { state: Box::new(weak), ..Scene::root() };
    scene.ask().spoil = |bytes| {
        let at = bytes.windows(32).position(|window| window == key(HOLDER).0).unwrap();
        bytes[at..at + 32].fill(0);
    };
    refused(&scene, CheckName::Invocation, None, Code::BadKey);
}

#[test]
fn invocation_on_this_token() {
    let other = ask(Scene::logged(2), |ask| ask.on_last = false);
    refused(&other, CheckName::Token, None, Code::WrongToken);
    for scene in [Scene::logged(2), Scene::offline()] {
        let old = ask(scene, |ask| ask.invocation.epoch = Epoch(1));
        refused(&old, CheckName::Token, None, Code::OldEpoch);
    }
}

#[test]
fn window() {
    let until = |seconds| ask(Scene::root(), |ask| ask.invocation.valid_until = Seconds(seconds));
    let refused = |seconds, code| refused(&until(seconds), CheckName::Window, None, code);
    let last = NOW.0 + INVOCATION_VALIDITY_MAX.0 + SKEW.seconds().0;
    refused(NOW.0, Code::TooLate);
    allowed(&until(NOW.0 + 1));
    allowed(&until(last));
    refused(last + 1, Code::TooEarly);
}

#[test]
fn audience() {
    let other = ask(Scene::root(), |ask| ask.invocation.audience = ISSUER);
    refused(&other, CheckName::Audience, None, Code::WrongAudience);
}

#[test]
fn arguments() {
    let refused = |change: fn(&mut Ask)| {
        refused(&ask(Scene::root(), change), CheckName::Arguments, None, Code::WrongArgument);
    };
    refused(|ask| ask.shown[0].value = Value::Integer(3));
    refused(|ask| ask.shown[0].salt = [0; 16]);
    refused(|ask| ask.shown[0].name = "rooms".into());
    refused(|ask| ask.shown.push(ask.shown[0].clone()));
    refused(|ask| {
        ask.shown.push(Argument { name: "more".into(), salt: [0; 16], value: Value::Bool(true) });
    });
    // What was signed and is not shown is missing, and no more than that.
    allowed(&ask(Scene::root(), |ask| ask.shown.clear()));
}

#[test]
fn permissions() {
    let asked = |change: fn(&mut Ask)| ask(Scene::logged(3), change);
    let refused = |scene, code| refused(&scene, CheckName::Permissions, None, code);
    refused(asked(|ask| ask.invocation.action = "sell".into()), Code::ActionNotAllowed);
    refused(asked(|ask| ask.invocation.resource = Path::parse("room").unwrap()), Code::ResourceNotAllowed);
    let elsewhere = asked(|ask| ask.invocation.audience = ISSUER);
    let settings = Settings { party: ISSUER, ..elsewhere.settings.clone() };
    refused(Scene { settings, ..elsewhere }, Code::ServiceNotAllowed);
    let nights = |most| {
        let mut scene = Scene::logged(3);
        let operands = vec![Value::Integer(most)];
        let few = Condition { argument: "nights".into(), operator: Operator::Le, operands };
        scene.chain[1].token.permissions =
            Some(vec![Permission { conditions: vec![few], ..Permission::default() }]);
        scene
    };
    allowed(&nights(2));
    refused(nights(1), Code::ConditionNotMet);
    refused(ask(nights(2), |ask| ask.shown.clear()), Code::ConditionNotMet);
}

#[test]
fn unit() {
    let refused = |scene, code| refused(&scene, CheckName::Unit, None, code);
    refused(Scene { shows_unit: false, ..Scene::paying(100) }, Code::UnknownUnit);
    // A party's leaf with this id is no unit.
    refused(
        ask(Scene::paying(100), |ask| ask.invocation.payment.as_mut().unwrap().unit = ISSUER),
        Code::UnknownUnit,
    );
    let frozen = |leaves: &mut Vec<remit_verifier::state::Leaf>| leaves[LEAF_UNIT].mask = 1;
    refused(Scene { state: Box::new(frozen), ..Scene::paying(100) }, Code::UnitFrozen);
}

#[test]
fn deadline() {
    let by = |seconds| {
        let change = |ask: &mut Ask| ask.invocation.payment.as_mut().unwrap().settle_by = Seconds(seconds);
        ask(Scene::paying(100), change)
    };
    let refused = |seconds, code| refused(&by(seconds), CheckName::Deadline, None, code);
    let last = NOW.0 + SETTLE_MAX.0 + SKEW.seconds().0;
    refused(NOW.0, Code::Settled);
    assert_eq!(judged(&by(NOW.0 + 1)).decision, Decision::Permitted);
    assert_eq!(judged(&by(last)).decision, Decision::Permitted);
    refused(last + 1, Code::BadTime);
}

#[test]
fn budgets() {
    let budget =
        |unit| Budget { per_use: Some(Amount(60)), ..Budget::new(unit, Share::Shared, Some(Amount(100))) };
    let paying = |amount, budgets: Vec<Budget>| {
        let mut scene = Scene { shows_unit: true, request: Some(Ask::paying(3, amount)), ..Scene::offline() };
        scene.chain[2].token.budgets = Some(budgets);
        scene
    };
    let refused = |scene, code| refused(&scene, CheckName::Budgets, None, code);
    assert_eq!(judged(&paying(60, vec![budget(CNY)])).decision, Decision::Permitted);
    refused(paying(61, vec![budget(CNY)]), Code::AbovePerUse);
    refused(paying(101, vec![Budget { per_use: None, ..budget(CNY) }]), Code::AboveTotal);
    refused(paying(1, vec![budget(ISSUER)]), Code::UnitNotBudgeted);
    refused(paying(1, Vec::new()), Code::UnitNotBudgeted);
}

/// A funded payment with evidence that was changed.
fn evidence(funding: Funding) -> Scene {
    Scene { funding: Some(funding), ..Scene::paying(100) }
}

#[test]
fn evidence_must_be_evidence() {
    let refused = |funding, code| refused(&evidence(funding), CheckName::Funding, None, code);
    let bytes = |bytes| Funding { bytes, ..Funding::reserve() };
    refused(bytes(|bytes| bytes.push(0)), Code::TrailingBytes);
    refused(bytes(|bytes| bytes.truncate(50)), Code::Malformed);
    refused(bytes(|bytes| bytes[10] ^= 1), Code::WrongLabel);
    refused(Funding { ids: vec![HOTEL; 9], ..Funding::reserve() }, Code::TooMany);
    refused(Funding { proof: |text| text.truncate(30), ..Funding::reserve() }, Code::Malformed);
    let index = |text: &mut String| *text = text.replacen("index 3", "index 4", 1);
    refused(Funding { proof: index, ..Funding::reserve() }, Code::BadProof);
}

#[test]
fn evidence_needs_a_trusted_checkpoint() {
    let refused = |scene, code| refused(&scene, CheckName::Funding, None, code);
    refused(evidence(Funding { origin: OTHER, ..Funding::reserve() }), Code::UnknownLog);
    let note = |note: &mut String| *note = note.replacen("\n5\n", "\n6\n", 1);
    refused(evidence(Funding { note, ..Funding::reserve() }), Code::BadCheckpoint);
    let with = |cosigned| {
        let mut scene = evidence(Funding { cosigned, ..Funding::reserve() });
        scene.settings.trust = trust(true);
        scene.cosigned = Scene::witnessed().cosigned;
        scene
    };
    let at = |first, second| vec![(W1, Seconds(first)), (W2, Seconds(second))];
    allowed(&with(at(NOW.0 - 1, NOW.0 - 1)));
    refused(with(Vec::new()), Code::Quorum);
    refused(with(at(NOW.0 - 1, NOW.0 + 3)), Code::Clock);
    // The entry is later than the clock and the skew allow.
    refused(evidence(Funding { time: Millis(NOW_MS.0 + SKEW.0 + 1), ..Funding::reserve() }), Code::Clock);
}

#[test]
fn evidence_of_the_log_of_another_ledger() {
    let mut scene = evidence(Funding { origin: OTHER, ..Funding::reserve() });
    scene.settings.trust = two_logs(80, LOG_KEY);
    scene.settings.ledgers = vec![(ORIGIN.into(), LEDGER), (OTHER.into(), LedgerId([0xbb; 32]))];
    // The presentation's checkpoint is of the log with the other key.
    scene.log_key = 80;
    refused(&scene, CheckName::Funding, None, Code::WrongLedger);
}

#[test]
fn evidence_must_fund_this_invocation() {
    let refused = |funding| refused(&evidence(funding), CheckName::Funding, None, Code::NotFunding);
    refused(Funding { kind: Kind::Capture, ..Funding::reserve() });
    // The refusal of this very reserve, alone and as if it were a bundle's.
    refused(Funding { kind: Kind::Refusal, ..Funding::reserve() });
    refused(Funding { kind: Kind::Refusal, ..Funding::bundle() });
    refused(Funding { kind: Kind::Bundle, ..Funding::reserve() });
    refused(Funding { kind: Kind::Reserve, ..Funding::bundle() });
    // Another reserve, a bundle of others, a bundle whose ids are not those of the entry, a list of one.
    refused(Funding { entry: |entry| entry[40] ^= 1, ..Funding::reserve() });
    refused(Funding { ids: vec![HOTEL, ISSUER], ..Funding::bundle() });
    refused(Funding { entry: |entry| entry[40] ^= 1, ..Funding::bundle() });
    refused(Funding { ids: vec![ObjectId::default()], ..Funding::bundle() });
    // The entry of this very reserve, with ids that it does not have.
    let bytes = |bytes: &mut Vec<u8>| {
        let ids = vec![HOTEL, ISSUER];
        *bytes = Evidence { ids, ..Evidence::decode(&bytes.clone()).unwrap() }.encode();
    };
    refused(Funding { bytes, ..Funding::reserve() });
    // No entry at all.
    refused(Funding { entry: Vec::clear, ..Funding::reserve() });
    refused(Funding { entry: |entry| entry.push(0), ..Funding::reserve() });
}

#[test]
fn evidence_without_a_payment_funds_nothing() {
    let scene = Scene { funding: Some(Funding::reserve()), ..Scene::root() };
    refused(&scene, CheckName::Funding, None, Code::NotFunding);
    let scene = Scene { request: None, funding: Some(Funding::reserve()), ..Scene::root() };
    refused(&scene, CheckName::Funding, None, Code::NotFunding);
}

#[test]
fn evidence_that_is_later_than_the_deadline_shows_a_slow_clock() {
    let mut scene = evidence(Funding { time: Millis(NOW_MS.0 + 1_000), ..Funding::reserve() });
    scene.ask().invocation.payment.as_mut().unwrap().settle_by = Seconds(NOW.0 + 1);
    let verdict = scene.verdict();
    assert_eq!(verdict.decision, Decision::Denied(Code::Settled));
    assert_eq!(verdict.checks.last().unwrap().name, CheckName::Funding);
}

#[test]
fn a_policy_that_rests_on_the_log_still_checks_the_holder() {
    let mut scene = Scene::logged(3);
    scene.settings.logged_links = LoggedLinks::Log;
    scene.settings.issuers = Issuers::Any;
    scene.ask().spoil = forge;
    refused(&scene, CheckName::Invocation, None, Code::BadSignature);
    let mut scene = Scene::offline();
    scene.settings.logged_links = LoggedLinks::Log;
    scene.chain[2].spoil = forge;
    refused(&scene, CheckName::Signature, Some(3), Code::BadSignature);
}

#[test]
fn a_key_that_is_no_point_is_refused_wherever_a_signature_may_be_checked_under_it() {
    // y = 2. The parent was changed after it delegated, so that its holder is not the one who signed.
    let mut bytes = [0; 32];
    bytes[0] = 2;
    let no_point = EncodedKey::parse(&KeyBytes(bytes)).unwrap();
    assert!(no_point.decode().is_err());
    let with = |place: usize, logged_links| {
        let state = |leaves: &mut Vec<remit_verifier::state::Leaf>| {
            leaves[LEAF_ROOT + 1].generation = Generation(1);
        };
        let mut scene = Scene { state: Box::new(state), ..Scene::logged(3) };
        scene.settings.logged_links = logged_links;
        scene.chain[place].token.holder = no_point;
        scene
    };
    assert_eq!(with(1, LoggedLinks::Log).verdict().decision, Decision::Allowed);
    refused(&with(1, LoggedLinks::Verify), CheckName::Chain, None, Code::BadKey);
    refused(&with(2, LoggedLinks::Log), CheckName::Chain, None, Code::BadKey);
    let mut scene = Scene::offline();
    scene.settings.logged_links = LoggedLinks::Log;
    scene.chain[2].token.holder = no_point;
    refused(&scene, CheckName::Chain, None, Code::BadKey);
    // Nor does it pass where tokens are decoded for the ledger.
    let mut token = Scene::root().chain[0].token.clone();
    assert!(Token::decode(&token.encode()).is_ok());
    token.holder = no_point;
    assert_eq!(Token::decode(&token.encode()), Err(DecodeError::Key(KeyError::NotCanonical)));
}

#[test]
fn what_is_signed_for_another_ledger_is_nothing_here() {
    // The id covers the ledger, so that no leaf has it.
    let elsewhere = LedgerId([0xbb; 32]);
    let scene = Scene { signed_for: elsewhere, ..Scene::root() };
    let id = scene.build().ids[0];
    assert_ne!(id, Scene::root().build().ids[0]);
    let state = move |leaves: &mut Vec<remit_verifier::state::Leaf>| {
        leaves[LEAF_ROOT].id = Scene::root().build().ids[0];
    };
    let scene = Scene { state: Box::new(state), ..scene };
    // With the leaf of the same payload here, it is a forgery.
    refused(&scene, CheckName::Signature, Some(1), Code::BadSignature);
}
