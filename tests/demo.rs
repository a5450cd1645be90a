//! The running example comes out as told, at any start, and the same seed tells it byte for byte again.

use remit::client::Randomness;
use remit::demo;
use remit_verifier::types::Millis;

const START: Millis = Millis(1_800_000_000_000);

#[test]
fn every_step_comes_out_as_told() {
    let report = demo::run(START, Randomness::System).expect("runs");
    let wrong: Vec<_> = report.steps.iter().filter(|step| !step.ok).collect();
    assert!(report.ok && wrong.is_empty(), "{wrong:#?}");
    assert!(report.steps.len() > 50, "the story is not cut short");
    assert!(
        report.ended_ms > START.0 && report.ended_ms - START.0 < demo::LENGTH_MAX.0,
        "{}",
        report.ended_ms
    );
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let run = || demo::run(START, Randomness::Seeded(7)).expect("runs");
    let (first, second) = (run(), run());
    assert_eq!(first.checkpoint, second.checkpoint);
    assert_eq!(first.text(), second.text());
}

#[test]
fn a_step_that_comes_out_otherwise_fails_the_report() {
    let mut report = demo::run(START, Randomness::Seeded(7)).expect("runs");
    report.steps[3].ok = false;
    assert!(report.text().contains("NOT"), "the text shows it");
    assert!(report.text().contains(&format!("{} of {}", report.steps.len() - 1, report.steps.len())));
}

#[cfg(feature = "server")]
#[test]
fn the_story_is_the_same_on_a_real_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = demo::run_served(START, Randomness::Seeded(7), &folder.path().join("ledger")).expect("runs");
    let wrong: Vec<_> = served.steps.iter().filter(|step| !step.ok).collect();
    assert!(served.ok && wrong.is_empty(), "{wrong:#?}");
    let memory = demo::run(START, Randomness::Seeded(7)).expect("runs");
    let told = |report: &demo::Report| -> Vec<_> {
        report.steps.iter().map(|step| (step.tried.clone(), step.outcome.clone())).collect()
    };
    assert_eq!(told(&served), told(&memory));
}
