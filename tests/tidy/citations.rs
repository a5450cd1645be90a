//! Every `spec NN §M` in the code points at a numbered heading that exists.

use crate::source::{Source, all_rust_files, root};
use crate::{assert_complains, assert_none};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Numbers of the headings of each document: `03` → {`1`, `2`, `2.1`}.
type Headings = BTreeMap<String, BTreeSet<String>>;

/// The numbers of the headings of one document: `## 3. Title`, `### 3.1 Title`.
fn headings(document: &str) -> BTreeSet<String> {
    let titles = document.lines().filter(|line| line.starts_with("##"));
    let numbers = titles.filter_map(|line| line.trim_start_matches('#').split_whitespace().next());
    let numbers = numbers.map(|number| number.trim_end_matches('.').to_owned());
    numbers.filter(|number| number.starts_with(|c: char| c.is_ascii_digit())).collect()
}

/// One citation: line, document, and section if it names one.
#[derive(Debug, PartialEq)]
struct Citation {
    line: usize,
    document: String,
    section: Option<String>,
}

/// Reads `spec 03 §1–§4`, `spec 02 §2, §4`, `spec 03 §5, 06 §4`, `spec 05`; both ends of a range are cited.
fn citations(text: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for (at, _) in line.match_indices("spec ") {
            if line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric()) {
                read_citation(&line[at + 5..], number, &mut found);
            }
        }
    }
    found
}

fn read_citation(mut rest: &str, line: usize, found: &mut Vec<Citation>) {
    let mut document = String::new();
    loop {
        if let Some((number, after)) = document_number(rest) {
            document = number;
            rest = after;
            if !after.trim_start().starts_with('§') {
                found.push(Citation { line, document: document.clone(), section: None });
            }
        }
        let Some(after) = rest.trim_start().strip_prefix('§').filter(|_| !document.is_empty()) else {
            return;
        };
        let end = after.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(after.len());
        let section = after[..end].trim_end_matches('.').to_owned();
        rest = &after[end..];
        found.push(Citation { line, document: document.clone(), section: Some(section) });
        let separator = [", ", "–", " and ", "-"].iter().find_map(|separator| rest.strip_prefix(separator));
        let Some(next) = separator else { return };
        rest = next;
    }
}

/// Two digits that are a whole number.
fn document_number(text: &str) -> Option<(String, &str)> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    (digits == 2).then(|| (text[..2].to_owned(), &text[2..]))
}

fn complaints(headings: &Headings, file: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    for Citation { line, document, section } in citations(&file.text) {
        let place = format!("{}:{line}", file.path);
        match (headings.get(&document), section) {
            (None, _) => complaints.push(format!("{place}: there is no spec/{document}-*.md")),
            (Some(known), Some(section)) if !known.contains(&section) => {
                complaints.push(format!("{place}: spec/{document}-*.md has no heading {section}"));
            }
            _ => {}
        }
    }
    complaints
}

fn headings_of_repository() -> Headings {
    let mut all = Headings::new();
    for entry in fs::read_dir(root().join("spec")).expect("spec/ exists") {
        let path = entry.expect("spec/ can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (Some((number, rest)), true) = (document_number(name), name.ends_with(".md")) else { continue };
        assert!(rest.starts_with('-'), "spec/{name} is not called NN-title.md");
        let text = fs::read_to_string(&path).expect("a spec document is text");
        assert!(
            all.insert(number, headings(&text)).is_none(),
            "two spec documents have the number of {name}"
        );
    }
    all
}

#[test]
fn cited_sections_exist() {
    let headings = headings_of_repository();
    let files = all_rust_files();
    let files = files.iter().filter(|file| !file.path.starts_with("tests/tidy/"));
    assert_none(&files.flat_map(|file| complaints(&headings, file)).collect::<Vec<_>>());
}

#[test]
fn a_citation_is_read_in_every_form() {
    let cited = |text: &str| {
        let pairs =
            citations(text).into_iter().map(|c| format!("{} {}", c.document, c.section.unwrap_or_default()));
        pairs.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(cited("(spec 03 §1–§4): small"), "03 1; 03 4");
    assert_eq!(cited("(spec 02 §2, §4.1 and §7.)"), "02 2; 02 4.1; 02 7");
    assert_eq!(cited("spec 03 §5, 06 §4)."), "03 5; 06 4");
    assert_eq!(cited("see spec 05. And spec 12), RFC 6962 §2.1"), "05 ; 12 ");
    assert_eq!(cited("spec 01 §2, 30 times"), "01 2; 30 ");
    assert_eq!(cited("a spec of 12 pages, inspec 12 §1"), "");
}

#[test]
fn a_dangling_citation_is_seen() {
    let known = headings("# 03 Entries\n\n## 1. Shape\n\n### 1.1 Label\n\n## 2 Genesis\n\ntext 9\n");
    let headings = Headings::from([("03".to_owned(), known)]);
    let check = |text: &str| complaints(&headings, &Source::synthetic("a.rs", text));
    assert_none(&check("// spec 03 §1, §1.1, §2\n"));
    assert_complains(&check("\n// spec 03 §3\n// spec 03 §1.2"), 2, "has no heading");
    assert_complains(&check("// spec 03 §1–§9"), 1, "a.rs:1: spec/03-*.md has no heading 9");
    assert_complains(&check("// spec 04"), 1, "there is no spec/04-*.md");
}
