//! Tests that documents name exist: whoever renames one sees where it is spoken of.

use crate::source::{all_rust_files, read};
use crate::{assert_complains, assert_none};
use std::collections::BTreeSet;

/// Names of functions in a code span: `a::b::name`, or a name alone that has at least three words.
fn named(document: &str) -> BTreeSet<&str> {
    let spans = document.split('`').skip(1).step_by(2);
    let plain =
        |span: &&str| span.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c));
    let of_a_test =
        |span: &&str| span.matches("::").count() == 2 || !span.contains(':') && span.matches('_').count() > 2;
    spans.filter(plain).filter(of_a_test).filter_map(|span| span.rsplit("::").next()).collect()
}

fn complaints(document: &str, code: &str) -> Vec<String> {
    let known = |name: &&str| code.contains(&format!("fn {name}("));
    named(document)
        .into_iter()
        .filter(|name| !known(name))
        .map(|name| format!("there is no test `{name}`"))
        .collect()
}

#[test]
fn tests_that_the_list_of_attacks_names_exist() {
    let code: String = all_rust_files().into_iter().map(|file| file.text).collect();
    let document = read("docs/attacks.md");
    assert!(named(&document).len() > 50, "{:?}", named(&document));
    assert_none(&complaints(&document, &code));
}

#[test]
fn a_test_that_is_gone_is_seen() {
    let document =
        "`attacks::value::is_here`, `was_renamed_last_week`, `settle::capture`, `not_a_name`, `A::b::C`";
    assert_eq!(named(document), BTreeSet::from(["is_here", "was_renamed_last_week"]));
    assert_complains(&complaints(document, "fn is_here() {}"), 1, "was_renamed_last_week");
}
