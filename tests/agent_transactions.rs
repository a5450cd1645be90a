//! Recorded actions of agents go through a ledger, and the counts of the data's own README come out.

#[path = "../examples/agent_transactions/input.rs"]
mod input;
#[path = "../examples/agent_transactions/market.rs"]
mod market;
#[path = "../examples/agent_transactions/recount.rs"]
mod recount;
#[path = "../examples/agent_transactions/report.rs"]
mod report;
#[path = "../examples/agent_transactions/run.rs"]
mod run;

use remit::client::Randomness;
use report::Report;

fn run_file(name: &str) -> Report {
    let path = format!("{}/tests/data/agent-transactions/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let tasks = input::read(&std::fs::read_to_string(path).expect("the file is there")).expect("tasks");
    run::run(&tasks, Randomness::Seeded(1)).expect("runs")
}

#[test]
fn the_airline_comes_out_as_counted() {
    let report = run_file("airline");
    assert_eq!((report.tasks, report.actions, report.allowed), (50, 158, 158));
    assert_eq!(report.charged_minor, 7_719_500);
    assert_eq!(report.refunded_minor + report.refunds_refused_minor, 6_082_200);
    assert_eq!((report.refunds_refused, report.refunds_refused_minor), (1, 51_000));
    assert!(report.refused.is_empty());
    assert!(report.conserved && report.replayed);
}

#[test]
fn retail_comes_out_as_counted() {
    let report = run_file("retail");
    assert_eq!((report.tasks, report.actions, report.allowed), (500, 768, 748));
    assert_eq!(report.charged_minor, 113_194_989);
    assert_eq!(report.refunded_minor + report.refunds_refused_minor, 49_228_187);
    assert_eq!((report.refunds_refused, report.refunds_refused_minor), (55, 1_262_851));
    assert_eq!(report.refused.get("service"), Some(&20));
    assert!(report.refused_refunds.iter().all(|r| ["above_captured", "unknown_capture"].contains(&&*r.code)));
    assert!(report.conserved && report.replayed);
}

#[test]
fn two_runs_give_the_same_roots() {
    let (first, second) = (run_file("airline"), run_file("airline"));
    assert_eq!(first.state_root, second.state_root);
    assert_eq!(first.checkpoint, second.checkpoint);
}

#[test]
fn a_line_that_is_no_task_is_named() {
    let error = input::read("\n{\"task\": 1}\n").expect_err("no task");
    assert_eq!(error.line, 2);
    assert!(error.to_string().starts_with("line 2: "));
}
