//! Holds the house: what CONTRIBUTING.md and ARCHITECTURE.md say of the text of this repository is tested
//! here.
//!
//! Every check is a pure function from text to a list of complaints, so that it is itself tested on a small
//! text that breaks its rule; the test of the repository then asks for an empty list.

mod citations;
mod dependencies;
mod guards;
mod imports;
mod metrics;
mod named_tests;
mod sizes;
mod source;
mod trust;
mod words;

/// Fails with one line for each complaint.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The self-test of a check: it complains exactly `count` times, and names `needle` every time.
fn assert_complains(complaints: &[String], count: usize, needle: &str) {
    assert_eq!(complaints.len(), count, "{complaints:#?}");
    assert!(complaints.iter().all(|complaint| complaint.contains(needle)), "{complaints:#?}");
}
