//! Runs what the tests of attacks recorded, from its JSON alone.

use remit::audit::replay;
use remit::engine::{Answer, Kept, build};
use remit_verifier::c2sp::{Checkpoint, SignedNote};
use remit_verifier::log::Genesis;
use remit_verifier::merkle::TreeHead;
use remit_verifier::object::Submission;
use remit_verifier::types::Millis;
use serde_json::Value;
use std::collections::BTreeSet;

fn vectors(kind: &str) -> Vec<Value> {
    let path = format!("{}/spec/vectors/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the file is there; `make vectors` makes it");
    serde_json::from_str(&text).expect("JSON")
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hex");
    let pair = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(pair).collect()
}

fn number(value: &Value) -> u64 {
    value.as_str().expect("a number as text").parse().expect("a number")
}

/// Every log replays to its roots, and everything that was refused is refused again with the same code.
#[test]
fn attacks() {
    let mut codes = BTreeSet::new();
    let ledgers = vectors("attacks");
    assert!(ledgers.len() >= 105, "only {} ledgers", ledgers.len());
    for vector in ledgers {
        let name = vector["test"].as_str().expect("a name");
        let item = |item: &Value| (bytes(&item["entry"]), item.get("object").map(bytes));
        let log: Vec<_> = vector["log"].as_array().expect("entries").iter().map(item).collect();
        let run = |items: &[(Vec<u8>, Option<Vec<u8>>)], head: Option<&TreeHead>| {
            let kept =
                items.iter().map(|(entry, object)| Kept { entry, object: object.as_deref(), details: None });
            replay(kept, head).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        let note = vector["checkpoint"].as_str().expect("a note");
        let note = SignedNote::parse(note.as_bytes()).expect("a note");
        let checkpoint = Checkpoint::parse(note.text()).expect("a checkpoint");
        let head = TreeHead { size: checkpoint.size(), root: checkpoint.root() };
        let rebuilt = run(&log, Some(&head));
        assert_eq!(rebuilt.trees.state.root().to_string(), vector["state_root"], "{name}");
        assert_eq!(rebuilt.trees.status.root().to_string(), vector["status_root"], "{name}");
        let ledger = Genesis::ledger_id(&log[0].0);
        for refused in vector["refused"].as_array().expect("a list") {
            let before = run(&log[..number(&refused["size"]) as usize], None);
            let submission = bytes(&refused["submission"]);
            let checked = Submission::decode(&submission).and_then(|submission| submission.verify(&ledger));
            let code = match checked {
                Err(code) => code,
                Ok(verified) => {
                    let time = Millis(number(&refused["time_ms"]));
                    let batch = build(&before.state, &before.trees, &[verified], time).expect("builds");
                    match batch.answers[0] {
                        Answer::Refused(refusal) => refusal.code,
                        other => panic!("{name}: {other:?}"),
                    }
                }
            };
            assert_eq!(code.text(), refused["code"], "{name}");
            codes.insert(code);
        }
    }
    assert!(codes.len() >= 40, "only {} codes of refusals are covered: {codes:?}", codes.len());
}
