//! What the code must not contain: leftovers anywhere, floats where money is counted, clocks where time is an
//! input.

use crate::source::{Source, all_rust_files, has_word, rust_files};
use crate::{assert_complains, assert_none};

const LEFTOVERS: &[&str] = &["todo!", "unimplemented!", "dbg!"];
const FLOATS: &[&str] = &["f32", "f64"];
const UNSAFE: &[&str] = &["unsafe"];
/// Where memory is read that somebody else vouches for (decision 0011), and the block that reads it.
const FOREIGN: &str = "bindings/c/src/abi.rs";
const CLOCKS: &[&str] = &["SystemTime::now", "Instant::now"];

/// Where nothing is counted in floats.
const EXACT: &[&str] = &["verifier/src", "src/machine", "src/tree", "src/engine"];

fn word_complaints(file: &Source, words: &[&str]) -> Vec<String> {
    let code = file.code();
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let found = words.iter().filter(|word| has_word(line, word));
        complaints.extend(found.map(|word| format!("{}:{number}: `{word}` has no place here", file.path)));
    }
    complaints
}

fn leftover_complaints(file: &Source) -> Vec<String> {
    let mut complaints = word_complaints(file, LEFTOVERS);
    for (number, line) in (1..).zip(file.text.lines()) {
        if has_word(line, concat!("FIX", "ME")) {
            complaints.push(format!("{}:{number}: a reminder in the code; file an issue", file.path));
        }
    }
    for (number, line) in (1..).zip(file.code().lines()) {
        let attribute = line.split_whitespace().collect::<String>();
        if attribute.contains("#[ignore") || attribute.starts_with("#[cfg_attr") && has_word(line, "ignore") {
            complaints.push(format!("{}:{number}: a test that does not run", file.path));
        }
    }
    complaints
}

/// Whether a file may read the clock: the edges do, everything else is given the time.
fn may_read_clock(path: &str) -> bool {
    let edges = [
        "src/api/",
        "src/cli/",
        "src/main.rs",
        "examples/",
        "verifier/examples/",
        "benches/",
        "tests/agent_transactions.rs",
        "tests/crash/",
    ];
    edges.iter().any(|edge| path.starts_with(edge))
}

fn clock_complaints(file: &Source) -> Vec<String> {
    if may_read_clock(&file.path) { Vec::new() } else { word_complaints(file, CLOCKS) }
}

#[test]
fn nothing_is_left_over() {
    assert_none(&all_rust_files().iter().flat_map(leftover_complaints).collect::<Vec<_>>());
}

#[test]
fn money_is_never_a_float() {
    let files = rust_files(EXACT);
    assert_none(&files.iter().flat_map(|file| word_complaints(file, FLOATS)).collect::<Vec<_>>());
}

#[test]
fn one_block_is_unsafe() {
    let (foreign, others): (Vec<_>, Vec<_>) =
        all_rust_files().into_iter().partition(|file| file.path == FOREIGN);
    assert_none(&others.iter().flat_map(|file| word_complaints(file, UNSAFE)).collect::<Vec<_>>());
    // The block, and the attribute of exported functions in the two arms of the macro.
    let code: String = foreign.iter().map(Source::code).collect();
    assert_eq!((code.matches("unsafe {").count(), code.matches("unsafe(no_mangle)").count()), (1, 2));
    assert_eq!(code.matches("unsafe").count(), 3 + code.matches("unsafe_code").count());
}

#[test]
fn only_the_edges_read_a_clock() {
    assert_none(&all_rust_files().iter().flat_map(clock_complaints).collect::<Vec<_>>());
}

#[test]
fn a_leftover_is_seen() {
    let check = |text: &str| leftover_complaints(&Source::synthetic("a.rs", text));
    assert_complains(
        &check("fn f() { todo!() }\nfn g() { dbg!(1); unimplemented!() }"),
        3,
        "has no place here",
    );
    assert_complains(&check(concat!("// FIX", "ME later")), 1, "a reminder");
    assert_complains(&check("#[ignore]\n#[ignore = \"slow\"]\n#[ cfg_attr(x, ignore)]"), 3, "does not run");
    assert_none(&check("// todo! is refused\nlet ignore = \"dbg!\"; my_todo!();"));
}

#[test]
fn a_float_is_seen() {
    let check = |text: &str| word_complaints(&Source::synthetic("a.rs", text), FLOATS);
    assert_complains(&check("let x = y as f64;\nfn f(_: f32) {}"), 2, "a.rs:");
    assert_none(&check("// f64\nlet half64 = 1;"));
}

#[test]
fn a_clock_is_seen() {
    let check =
        |path: &str| clock_complaints(&Source::synthetic(path, "let t = std::time::SystemTime::now();"));
    assert_complains(&check("src/machine/admit.rs"), 1, "src/machine/admit.rs:1");
    assert_complains(&check("tests/model.rs"), 1, "tests/model.rs:1");
    assert_none(&check("src/cli/demo.rs"));
}
