//! `docs/trust.md`, `docs/threats.md` and `docs/retention.md`: each claim on what an operator can and cannot do, each
//! threat, and each line on what is kept names tests, and they are where it says.

use crate::source::{Source, all_rust_files, read};
use crate::{assert_complains, assert_none};

/// The rows of all tables: their first cell and their last one.
fn rows(document: &str) -> Vec<(&str, &str)> {
    let cells = document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = cells.filter_map(|line| Some((line.split(" | ").next()?, line.rsplit(" | ").next()?)));
    rows.filter(|(claim, last)| !claim.starts_with("---") && *last != "tests").collect()
}

/// Whether `name` (`folder::file::function`, or `folder::function` of its `main.rs`) is a test.
fn is_test(name: &str, files: &[Source]) -> bool {
    let Some((place, function)) = name.rsplit_once("::") else { return false };
    let path = place.replace("::", "/");
    let here = |file: &&Source| {
        let path = if path.contains('/') { format!("/{path}.rs") } else { format!("/{path}/main.rs") };
        file.path.ends_with(&path) && file.path.contains("tests/")
    };
    let heads = [format!("fn {function}("), format!("async fn {function}(")];
    let of_a_test = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let is =
            |pair: &[&str]| pair[0].contains("test") && heads.iter().any(|head| pair[1].starts_with(head));
        lines.windows(2).any(is)
    };
    files.iter().filter(here).any(|file| of_a_test(&file.text))
}

fn complaints(name: &str, document: &str, files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (claim, cell) in rows(document) {
        let named: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            complaints.push(format!("{name}: no test shows it: {claim}"));
        }
        let wrong = named.into_iter().filter(|name| !is_test(name, files));
        complaints.extend(wrong.map(|test| format!("{name}: there is no test `{test}`: {claim}")));
    }
    complaints
}

#[test]
fn every_claim_on_operators_and_every_threat_has_its_tests() {
    for (name, least) in [("docs/trust.md", 25), ("docs/threats.md", 25), ("docs/retention.md", 20)] {
        let document = read(name);
        assert!(rows(&document).len() > least, "{name}: {} rows", rows(&document).len());
        assert_none(&complaints(name, &document, &all_rust_files()));
    }
}

#[test]
fn a_claim_without_a_test_is_seen() {
    let files = [
        Source::synthetic("tests/a/b.rs", "#[test]\nfn one() {}\nfn helper() {}\n"),
        Source::synthetic("tests/a/main.rs", "#[tokio::test(flavor = \"x\")]\nasync fn two() {}\n"),
    ];
    let of = |cell: &str| {
        complaints("a page", &format!("| he cannot | tests |\n| --- | --- |\n| x | {cell} |\n"), &files)
    };
    assert_none(&of("`a::b::one`, `a::two`"));
    for wrong in ["", "`a::b::helper`", "`a::b::two`", "`b::two`", "`one`"] {
        assert_complains(&of(wrong), 1, ": x");
    }
}
