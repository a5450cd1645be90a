//! What needs no ledger: verdicts, the demo, help, exit codes.

use crate::run::{remit, repository, run};

#[test]
fn a_case_is_judged_with_its_own_policy() {
    let case = |name: &str| repository(&format!("verifier/examples/cases/{name}.case"));
    let allowed = run(remit().arg("verify").arg(case("allowed"))).expect(0);
    assert!(allowed.out.starts_with("allowed\nevidence is "), "{}", allowed.out);
    assert!(allowed.out.contains("\npassed  permissions"), "every check is printed: {}", allowed.out);
    let denied = run(remit().args(["--json", "verify"]).arg(case("revoked"))).expect(1).json();
    assert_eq!(
        (&denied["ok"], &denied["decision"], &denied["code"]),
        (&false.into(), &"denied".into(), &"revoked".into())
    );
}

#[test]
fn what_cannot_be_read_is_exit_code_2_and_says_what_to_do() {
    let none = run(remit().args(["verify", "/nonexistent"])).expect(2);
    assert!(none.err.starts_with("error: /nonexistent: "), "{}", none.err);
    let no_case = run(remit().arg("verify").arg(repository("Cargo.toml"))).expect(2);
    assert!(no_case.err.contains("no case file"), "{}", no_case.err);
    let nothing = run(remit().args(["verify", "--json"])).expect(2);
    assert!(nothing.err.contains("hint: name a case file"), "{}", nothing.err);
    assert_eq!(nothing.json()["error"]["code"], "usage");
}

#[test]
fn wrong_usage_is_exit_code_2_in_json_too() {
    let wrong = run(remit().args(["--json", "verfy"])).expect(2);
    let hint = wrong.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    assert!(hint.contains("similar subcommand") && hint.contains("`remit --help`"), "{hint}");
    assert_eq!(wrong.err, format!("error: unrecognized subcommand 'verfy'\nhint: {hint}\n"));
    let none = run(&mut remit()).expect(2);
    assert!(none.err.starts_with("error: which command?\nhint: `remit --help`"), "{}", none.err);
}

#[test]
fn the_demo_comes_out_as_told() {
    let told = run(remit().args(["demo", "--json"])).expect(0).json();
    assert_eq!(told["ok"], true);
    assert!(told["steps"].as_array().expect("steps").len() > 50);
}

#[cfg(feature = "server")]
#[test]
fn a_demo_that_is_kept_can_be_served() {
    let dir = tempfile::tempdir().expect("a folder");
    let kept = dir.path().join("kept");
    let told = run(remit().args(["demo", "--json", "--keep"]).arg(&kept)).expect(0).json();
    assert_eq!((&told["ok"], &told["folder"]), (&true.into(), &kept.to_str().into()));
    let folder = crate::server::Folder::new();
    let server = folder.serve_at(&kept);
    let unit = run(remit().args(["--json", "show", "CNY", "--url", &server.url])).expect(0).json();
    assert_eq!(unit["decimals"], 2);
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn help_is_no_error() {
    let help = run(remit().arg("--help")).expect(0);
    assert!(help.out.contains("Exit codes: 0") && help.out.contains("Examples:"), "{}", help.out);
    run(remit().arg("--version")).expect(0);
}
