//! The vectors of `spec/vectors`: made again they are the same bytes, and each one, run from its JSON alone, gives what
//! it says.

mod bounds;
mod described;
#[path = "../../examples/vectors/make/mod.rs"]
mod make;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/newer.rs"]
mod newer;
mod run;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/scene.rs"]
mod scene;
#[allow(dead_code)]
#[path = "../../verifier/tests/verdict/trees.rs"]
mod trees;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec")
}

fn read(file: &str) -> Vec<Value> {
    let path = folder().join("vectors").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["file"], file);
    value["vectors"].as_array().expect("a list").clone()
}

/// Runs every vector of a file; none may be told apart from another by nothing but its place.
fn each(file: &str, least: usize, run: fn(&Value)) {
    let vectors = read(file);
    assert!(vectors.len() >= least, "{file}: only {} vectors", vectors.len());
    let mut names: Vec<_> = vectors.iter().map(|vector| vector["name"].as_str().expect("a name")).collect();
    for vector in &vectors {
        run(vector);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), vectors.len(), "{file}: a name stands twice");
}

#[test]
fn made_again_they_are_the_same_bytes() {
    for (name, text) in make::files() {
        let path = folder().join("vectors").join(name);
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == text, "spec/vectors/{name} is out of date: make vectors");
    }
    let case = fs::read(folder().join("examples/hotel.case")).unwrap_or_default();
    assert!(case == make::hotel_case(), "spec/examples/hotel.case is out of date: make vectors");
}

#[test]
fn every_file_is_run() {
    // Of the attacks `tests/recorded` replays every log.
    let source = concat!(include_str!("main.rs"), "each(\"attacks.json\", ");
    let files = fs::read_dir(folder().join("vectors")).expect("a folder");
    let names: Vec<_> =
        files.map(|file| file.expect("a file").file_name().into_string().expect("text")).collect();
    let vectors = names.iter().filter(|name| name.ends_with(".json"));
    let unrun: Vec<_> = vectors.filter(|name| !source.contains(&format!("each(\"{name}\", "))).collect();
    assert!(unrun.is_empty() && names.len() >= 12, "{unrun:?} of {names:?}");
}

#[test]
fn objects() {
    each("objects.json", 1408, run::object);
}

#[test]
fn submissions() {
    each("submissions.json", 80, run::submission);
}

#[test]
fn conditions() {
    each("conditions.json", 109, run::condition);
}

#[test]
fn permissions() {
    each("permissions.json", 61, run::permission);
}

#[test]
fn trees() {
    each("trees.json", 153, run::tree);
}

#[test]
fn rules() {
    each("rules.json", 1, run::ledger);
}

#[test]
fn vouchers() {
    each("vouchers.json", 59, run::voucher);
}

#[test]
fn http() {
    each("http.json", 85, run::http);
}

#[test]
fn receipts() {
    each("receipts.json", 40, run::receipt);
}

#[test]
fn witness() {
    each("witness.json", 52, run::witness);
}

#[test]
fn following() {
    each("following.json", 76, run::following);
}

#[test]
fn verdicts() {
    each("verdicts.json", 128, run::verdict);
}

#[test]
fn every_refusal_of_the_ledger_stands_in_the_rules() {
    use remit_verifier::code::Code;
    let text = read("rules.json")[0].to_string();
    // What only bytes, checkpoints, offline verdicts and services over HTTP can refuse for; and `value_open`'s siblings
    // of later rules.
    let elsewhere = |code: &&Code| {
        matches!(code.number(), 100..=107 | 109 | 112..=113 | 200..=207 | 209)
            || matches!(code, Code::UntrustedIssuer | Code::HolderTooNew | Code::WrongAudience)
            || matches!(code, Code::WrongSum | Code::WrongRoot | Code::SpendOver)
            || matches!(code, Code::WrongArgument | Code::ConditionNotMet | Code::NotFunding)
            || code.number() >= 700
    };
    for code in Code::ALL.iter().filter(|code| !elsewhere(code)) {
        assert!(
            text.contains(&format!("\"refused\":\"{}\"", code.text())),
            "no submission is refused with {code}"
        );
    }
}

#[test]
fn every_kind_of_entry_stands_in_the_rules() {
    use remit_verifier::log::Entry;
    use remit_verifier::object::Kind;
    let ledger = &read("rules.json")[0];
    let batches = ledger["batches"].as_array().expect("batches");
    let entries = batches.iter().flat_map(|batch| batch["entries"].as_array().expect("entries"));
    let mut kinds: Vec<_> = entries
        .map(|entry| match Entry::decode(&run::bytes(&entry["bytes"])).expect("an entry") {
            Entry::Genesis(_) => Kind::Genesis,
            Entry::Commitment(_) => Kind::Commitment,
            Entry::Outcome(outcome) => outcome.kind,
        })
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    // A trade stands in a bundle, behind what pays for it.
    let alone = Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Trade);
    assert_eq!(kinds, alone.collect::<Vec<_>>());
}

#[test]
fn every_check_refuses_a_case() {
    use remit_verifier::verify::CheckName;
    let mut verdicts = read("verdicts.json");
    verdicts.extend(read("following.json").into_iter().filter(|vector| vector["input"]["kind"] == "judge"));
    for check in CheckName::ALL {
        let failed = |vector: &&Value| {
            let last =
                vector["values"]["checks"].as_array().and_then(|checks| checks.last()).expect("checks");
            last["check"] == check.text() && last["outcome"] == "failed"
        };
        assert!(verdicts.iter().any(|vector| failed(&vector)), "no case fails at {}", check.text());
    }
}

#[test]
fn the_hotel_allows_its_case() {
    use remit_verifier::verify::{Case, Decision, Policy};
    let bytes = fs::read(folder().join("examples/hotel.case")).expect("the case");
    let case = Case::decode(&bytes).expect("a case");
    let verdict = case.verdict(&Policy::from_toml(case.policy).expect("a policy"));
    assert_eq!(verdict.decision, Decision::Allowed, "{:?}", verdict.checks.last());
}
