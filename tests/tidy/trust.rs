//! `docs/trust.md`: each claim on what an operator can and cannot do names tests, and they are where it says.

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
    let tests = [format!("test]\nfn {function}("), format!("test]\nasync fn {function}(")];
    files.iter().filter(here).any(|file| tests.iter().any(|test| file.text.contains(test)))
}

fn complaints(document: &str, files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (claim, cell) in rows(document) {
        let named: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            complaints.push(format!("docs/trust.md: no test shows it: {claim}"));
        }
        let wrong = named.into_iter().filter(|name| !is_test(name, files));
        complaints.extend(wrong.map(|name| format!("docs/trust.md: there is no test `{name}`: {claim}")));
    }
    complaints
}

#[test]
fn every_claim_on_operators_has_its_tests() {
    let document = read("docs/trust.md");
    assert!(rows(&document).len() > 25, "{} rows", rows(&document).len());
    assert_none(&complaints(&document, &all_rust_files()));
}

#[test]
fn a_claim_without_a_test_is_seen() {
    let files = [
        Source::synthetic("tests/a/b.rs", "#[test]\nfn one() {}\nfn helper() {}\n"),
        Source::synthetic("tests/a/main.rs", "#[tokio::test]\nasync fn two() {}\n"),
    ];
    let of =
        |cell: &str| complaints(&format!("| he cannot | tests |\n| --- | --- |\n| x | {cell} |\n"), &files);
    assert_none(&of("`a::b::one`, `a::two`"));
    for wrong in ["", "`a::b::helper`", "`a::b::two`", "`b::two`", "`one`"] {
        assert_complains(&of(wrong), 1, ": x");
    }
}
