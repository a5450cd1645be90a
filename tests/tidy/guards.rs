//! The list of guards in `tools/mutants` speaks of code that is there: whoever changes a guard sees its row.

use crate::source::read;
use crate::{assert_complains, assert_none};

/// The rows: name, file, what stands there once, what stands there instead.
fn rows(script: &str) -> Vec<Vec<&str>> {
    let list = script.split("<<'LIST'\n").nth(1).and_then(|rest| rest.split("\nLIST").next());
    list.unwrap_or_default().lines().map(|row| row.split('|').collect()).collect()
}

fn complaints(rows: &[Vec<&str>], code_of: impl Fn(&str) -> String) -> Vec<String> {
    let wrong = |row: &&Vec<&str>| match row.as_slice() {
        [_, file, from, to] => from == to || code_of(file).matches(&from.replace("&#124;", "|")).count() != 1,
        _ => true,
    };
    rows.iter().filter(wrong).map(|row| format!("tools/mutants: mend the row {}", row.join("|"))).collect()
}

#[test]
fn every_guard_of_the_list_stands_once_in_its_file() {
    let script = read("tools/mutants");
    let rows = rows(&script);
    assert!(rows.len() > 80, "{} rows", rows.len());
    assert_none(&complaints(&rows, read));
}

#[test]
fn a_guard_that_moved_is_seen() {
    let script = "<<'LIST'\na|f.rs|if x {|if y {\nb|f.rs|x &#124;&#124; z|z\nc|f.rs|if x|\nLIST\n";
    let code = |_: &str| String::from("if x { if x || z {");
    assert_complains(&complaints(&rows(script), code), 1, "row c");
}
