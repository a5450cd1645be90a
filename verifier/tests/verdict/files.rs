//! The formats of presentations, evidence and cases: there and back, at their bounds, and as JSON.

use crate::policy::file;
use crate::scene::*;
use remit_verifier::cbor::DecodeError;
use remit_verifier::json;
use remit_verifier::limits::*;
use remit_verifier::object::Argument;
use remit_verifier::types::*;
use remit_verifier::verify::{Case, Decision, Evidence, Policy, Presentation};

#[test]
fn presentations_come_back_byte_for_byte() {
    for scene in [Scene::root(), Scene::offline(), Scene::funded(), Scene::witnessed()] {
        let bytes = scene.build().presentation;
        assert_eq!(Presentation::decode(&bytes).unwrap().encode(), bytes);
    }
}

#[test]
fn lists_of_a_presentation_are_taken_at_their_bounds() {
    let empty: &[u8] = &[];
    let with = |leaves: usize, tokens: usize, path: usize| {
        Presentation {
            ledger: LEDGER,
            note: empty,
            commitment: empty,
            commitment_path: vec![Hash::default(); path],
            leaves: vec![empty; leaves],
            state_proof: Vec::new(),
            tokens: vec![empty; tokens],
        }
        .encode()
    };
    let decode = |bytes: Vec<u8>| Presentation::decode(&bytes).map(drop);
    let (leaves, tokens) = (PRESENTATION_LEAVES_MAX, PRESENTATION_TOKENS_MAX);
    assert_eq!(decode(with(leaves, tokens, TREE_HEIGHT_MAX)), Ok(()));
    assert_eq!(decode(with(leaves + 1, tokens, 0)), Err(DecodeError::TooMany));
    assert_eq!(decode(with(leaves, tokens + 1, 0)), Err(DecodeError::TooMany));
    assert_eq!(decode(with(0, 0, 0)), Err(DecodeError::Malformed));
    assert_eq!(decode(with(0, 1, TREE_HEIGHT_MAX + 1)), Err(DecodeError::Oversize));
    let bytes = with(0, 1, 1);
    // The path has 31 bytes, then 33.
    let at = bytes.windows(2).position(|pair| pair == [0x58, 32]).unwrap();
    let second = bytes[at + 2..].windows(2).position(|pair| pair == [0x58, 32]).unwrap() + at + 2;
    let mut short = bytes.clone();
    short[second + 1] = 31;
    short.remove(second + 2);
    assert_eq!(decode(short), Err(DecodeError::Malformed));
    let mut long = bytes;
    long[second + 1] = 33;
    long.insert(second + 2, 0);
    assert_eq!(decode(long), Err(DecodeError::Malformed));
}

#[test]
fn evidence_comes_back_byte_for_byte() {
    for funding in [Funding::reserve(), Funding::bundle()] {
        let scene = Scene { funding: Some(funding), ..Scene::paying(1) };
        let bytes = scene.build().evidence.unwrap();
        assert_eq!(Evidence::decode(&bytes).unwrap().encode(), bytes);
    }
    let most = Evidence {
        entry: &vec![0; OBJECT_BYTES_MAX],
        ids: vec![ISSUER; BUNDLE_MEMBERS_MAX],
        proof: &vec![0; PROOF_BYTES_MAX],
    };
    let bytes = most.encode();
    assert!(bytes.len() <= EVIDENCE_BYTES_MAX);
    assert_eq!(Evidence::decode(&bytes).as_ref(), Ok(&most));
    let more = Evidence { ids: vec![ISSUER; BUNDLE_MEMBERS_MAX + 1], ..most.clone() };
    assert_eq!(Evidence::decode(&more.encode()), Err(DecodeError::TooMany));
    let more = Evidence { proof: &vec![0; PROOF_BYTES_MAX + 1], ..most };
    assert_eq!(Evidence::decode(&more.encode()), Err(DecodeError::Oversize));
    assert_eq!(Evidence::decode(&vec![0; EVIDENCE_BYTES_MAX]), Err(DecodeError::Malformed));
    assert_eq!(Evidence::decode(&vec![0; EVIDENCE_BYTES_MAX + 1]), Err(DecodeError::Oversize));
}

#[test]
fn a_case_reproduces_the_verdict_and_comes_back_byte_for_byte() {
    let text = file();
    let policy = Policy::from_toml(text.as_bytes()).unwrap();
    let scenes = [
        (Scene::root(), Decision::Allowed),
        (Scene { request: None, ..Scene::offline() }, Decision::Permitted),
        (Scene::paying(7), Decision::Permitted),
        (Scene::funded(), Decision::Allowed),
    ];
    for (scene, decision) in scenes {
        let built = scene.build();
        let bytes = built.case(NOW_MS, text.as_bytes()).encode();
        let case = Case::decode(&bytes).unwrap();
        assert_eq!(case.encode(), bytes);
        let verdict = case.verdict(&Policy::from_toml(case.policy).unwrap());
        assert_eq!(verdict.decision, decision);
        assert_eq!(verdict, built.verdict(&policy, NOW_MS));
    }
}

#[test]
fn a_case_has_room_for_the_largest_parts() {
    let argument = |number: usize| {
        let name = format!("{number:0>64}");
        let value = remit_verifier::object::Value::Text("x".repeat(TEXT_BYTES_MAX));
        Argument { name, salt: [0; 16], value }
    };
    let (approval, longer) = (vec![0; APPROVAL_BYTES_MAX], vec![0; APPROVAL_BYTES_MAX + 1]);
    let (object, evidence) = (vec![0; OBJECT_BYTES_MAX], vec![0; EVIDENCE_BYTES_MAX]);
    let case = Case {
        now: Millis(u64::MAX),
        newest: Millis(u64::MAX),
        presentation: &vec![0; PRESENTATION_BYTES_MAX],
        invocation: Some(&object),
        arguments: (0..ARGUMENTS_MAX).map(argument).collect(),
        evidence: Some(&evidence),
        policy: &vec![b'#'; POLICY_BYTES_MAX],
        approvals: vec![&approval; APPROVALS_MAX],
    };
    let bytes = case.encode();
    assert!(bytes.len() <= CASE_BYTES_MAX);
    assert_eq!(Case::decode(&bytes).as_ref(), Ok(&case));
    let more = Case { arguments: (0..=ARGUMENTS_MAX).map(argument).collect(), ..case.clone() };
    assert_eq!(Case::decode(&more.encode()), Err(DecodeError::TooMany));
    let more = Case { policy: &vec![b'#'; POLICY_BYTES_MAX + 1], ..case.clone() };
    assert_eq!(Case::decode(&more.encode()), Err(DecodeError::Oversize));
    let more = Case { approvals: vec![&approval; APPROVALS_MAX + 1], ..case.clone() };
    assert_eq!(Case::decode(&more.encode()), Err(DecodeError::TooMany));
    let more = Case { approvals: vec![&longer], ..case.clone() };
    assert_eq!(Case::decode(&more.encode()), Err(DecodeError::Oversize));
    let silent = Case { invocation: None, arguments: Vec::new(), ..case.clone() };
    assert_eq!(Case::decode(&silent.encode()), Err(DecodeError::Malformed));
    let silent = Case { invocation: None, ..case };
    assert_eq!(Case::decode(&silent.encode()), Err(DecodeError::Malformed));
    assert_eq!(Case::decode(&vec![0; CASE_BYTES_MAX + 1]), Err(DecodeError::Oversize));
}

#[test]
fn a_verdict_as_json() {
    let scene = Scene::funded();
    let (built, verdict) = (scene.build(), scene.verdict());
    let view = json::verdict(&verdict);
    assert_eq!(view["decision"], "allowed");
    assert_eq!(view["age_ms"], 3_000);
    assert_eq!(view["code"], serde_json::Value::Null);
    assert_eq!(view["subject"]["token"], built.ids[0].to_string());
    assert_eq!(view["subject"]["invocation"]["payment"]["amount"], "100");
    assert_eq!(view["subject"]["invocation"]["payment"]["unit"], CNY.to_string());
    assert_eq!(view["checks"][0], serde_json::json!({ "check": "presentation", "outcome": "passed" }));
    let leaf = serde_json::json!({ "check": "leaf", "link": 1, "outcome": "passed" });
    assert_eq!(view["checks"][8], leaf);

    let mut late = Scene::root();
    late.ask().invocation.valid_until = Seconds(1);
    let view = json::verdict(&late.verdict());
    assert_eq!((&view["decision"], &view["code"]), (&"denied".into(), &"too_late".into()));
    let last = view["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(*last, serde_json::json!({ "check": "window", "outcome": "failed", "code": "too_late" }));
    let view = json::verdict(&Scene { request: None, ..Scene::root() }.verdict());
    assert_eq!(view["decision"], "permitted");
    assert!(view["subject"].get("invocation").is_none());
    assert_eq!(view["checks"].as_array().unwrap().last().unwrap()["outcome"], "skipped");
}

#[test]
fn a_verdict_as_text() {
    let text = Scene { request: None, ..Scene::root() }.verdict().to_string();
    let (first, last) = (text.lines().take(3).collect::<Vec<_>>(), text.lines().last());
    assert_eq!(first, ["permitted", "evidence is 3000 ms old", "passed  presentation"]);
    assert_eq!(last, Some("skipped funding"));
    let mut late = Scene::logged(2);
    late.chain[1].token.expires = NOW;
    let text = late.verdict().to_string();
    assert!(text.starts_with("denied: expired: A link of the chain has expired.\n"), "{text}");
    assert!(text.ends_with("\nfailed  life 2"), "{text}");
    assert!(Scene::root().verdict().to_string().starts_with("allowed\n"));
}

/// The case files beside the example; `UPDATE=1 cargo test -p remit-verifier` writes them anew.
#[test]
fn the_example_cases_are_what_the_code_writes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/cases");
    let revoked = |leaves: &mut Vec<remit_verifier::state::Leaf>| {
        leaves[LEAF_ROOT].life = remit_verifier::state::Life::Revoked;
    };
    let cases = [
        ("allowed", Scene::funded(), Decision::Allowed),
        ("permitted", Scene::paying(100), Decision::Permitted),
        (
            "revoked",
            Scene { state: Box::new(revoked), ..Scene::logged(3) },
            Decision::Denied(remit_verifier::code::Code::Revoked),
        ),
    ];
    for (name, scene, decision) in cases {
        let text = file();
        let bytes = scene.build().case(NOW_MS, text.as_bytes()).encode();
        let path = folder.join(name).with_extension("case");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        assert!(kept == bytes, "{name}: run the tests with UPDATE=1");
        let case = Case::decode(&kept).unwrap();
        assert_eq!(case.verdict(&Policy::from_toml(case.policy).unwrap()).decision, decision);
    }
}
