//! Files, lines and functions stay small, and every file says first what it is.

use crate::source::{Source, all_rust_files, is_word, rust_files};
use crate::{assert_complains, assert_none};

const FILE_LINES_MAX: usize = 700;
const LINE_COLUMNS_MAX: usize = 120;
const FUNCTION_LINES_MAX: usize = 70;

fn file_complaints(file: &Source) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        complaints.push(format!("{}: {lines} lines, {FILE_LINES_MAX} at most", file.path));
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        let columns = line.chars().count();
        // A hash, key or signature in a test cannot be broken.
        let unbreakable = line.split(' ').any(|word| word.chars().count() > 80 && word.is_ascii());
        if columns > LINE_COLUMNS_MAX && !unbreakable {
            complaints.push(format!("{}:{number}: {columns} columns, {LINE_COLUMNS_MAX} at most", file.path));
        }
    }
    complaints
}

fn header_complaints(file: &Source) -> Vec<String> {
    let header = file.text.lines().next().and_then(|line| line.strip_prefix("//! "));
    match header.map(str::trim) {
        Some(words) if !words.is_empty() => Vec::new(),
        _ => vec![format!("{}:1: begins with no `//!` line that says what the file is", file.path)],
    }
}

/// Functions that are too long; those in `#[cfg(test)]` modules do not count.
fn function_complaints(file: &Source) -> Vec<String> {
    let code = without_test_modules(&file.code());
    let mut complaints = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let Some(length) = body_end(&code[at..]) else { continue };
        let lines = code[at..at + length].matches('\n').count() + 1;
        if lines > FUNCTION_LINES_MAX {
            let number = code[..at].matches('\n').count() + 1;
            let name: String = code[at + 3..].chars().take_while(|c| is_word(*c)).collect();
            complaints.push(format!(
                "{}:{number}: `{name}` has {lines} lines, {FUNCTION_LINES_MAX} at most",
                file.path
            ));
        }
    }
    complaints
}

/// Length of an item from its start to the end of its body; `None` for an item without one.
fn body_end(code: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0, 0);
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The code with each `#[cfg(test)] mod …` blanked out.
fn without_test_modules(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        let item = &rest[at + "#[cfg(test)]".len()..];
        let is_module = item.trim_start().starts_with("mod ");
        let length = if is_module { body_end(item).unwrap_or(0) } else { 0 };
        kept.push_str(&rest[..at]);
        kept.extend(item[..length].chars().filter(|c| *c == '\n'));
        rest = &item[length..];
    }
    kept + rest
}

#[test]
fn files_and_lines_are_short() {
    assert_none(&all_rust_files().iter().flat_map(file_complaints).collect::<Vec<_>>());
}

#[test]
fn functions_fit_a_screen() {
    let files = rust_files(&["src", "verifier/src"]);
    let files =
        files.iter().filter(|file| !file.path.ends_with("/tests.rs") && !file.path.contains("/tests/"));
    assert_none(&files.flat_map(function_complaints).collect::<Vec<_>>());
}

#[test]
fn every_file_says_what_it_is() {
    assert_none(&all_rust_files().iter().flat_map(header_complaints).collect::<Vec<_>>());
}

#[test]
fn a_long_file_or_line_is_seen() {
    let check = |text: &str| file_complaints(&Source::synthetic("a.rs", text));
    assert_none(&check(&format!("{}{}\n", "x\n".repeat(FILE_LINES_MAX - 1), "é".repeat(LINE_COLUMNS_MAX))));
    assert_complains(&check(&"x\n".repeat(FILE_LINES_MAX + 1)), 1, "a.rs: 701 lines");
    assert_complains(&check(&format!("x\n{}", "é".repeat(LINE_COLUMNS_MAX + 1))), 1, "a.rs:2: 121 columns");
}

#[test]
fn a_long_function_is_seen() {
    let check = |text: &str| function_complaints(&Source::synthetic("a.rs", text));
    let function = |lines: usize| format!("fn f(a: [u8; 2]) -> u8 {{\n{}}}\n", "  {}\n".repeat(lines - 2));
    assert_none(&check(&function(FUNCTION_LINES_MAX)));
    let long = function(FUNCTION_LINES_MAX + 1);
    assert_complains(&check(&format!("trait T {{ fn g(); }}\n{long}")), 1, "a.rs:2: `f` has 71 lines");
    assert_none(&check(&format!("#[cfg(test)]\nmod tests {{\n{long}}}\n")));
    assert_complains(&check(&format!("#[cfg(test)]\nmod tests {{\n}}\n{long}")), 1, "`f` has 71 lines");
}

#[test]
fn a_missing_header_is_seen() {
    let check = |text: &str| header_complaints(&Source::synthetic("a.rs", text));
    assert_none(&check("//! What it is.\n"));
    for text in ["", "use x;\n", "//!\n//! late\n", "/// not a header\n"] {
        assert_complains(&check(text), 1, "a.rs:1");
    }
}
