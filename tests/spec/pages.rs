//! Holds the pages of `spec/` to the code: what is generated from it (tables, codes, examples) and the table
//! of limits. `UPDATE=1 cargo test --test spec` rewrites the generated parts.

use super::objects::{self, Sample};
use ciborium::Value;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::object::{Kind, RESERVED};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{env, fs};

const LABELS: &str = include_str!("../../verifier/src/label.rs");
const KINDS: &str = include_str!("../../verifier/src/object/kind.rs");
const LIMITS: &str = include_str!("../../verifier/src/limits.rs");

const BEGIN: &str = "<!-- generated: ";
const END: &str = "<!-- end -->";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec")
}

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("spec/ is there");
    let paths = entries.map(|entry| entry.expect("a readable entry").path());
    let mut pages: Vec<_> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "md")).collect();
    pages.sort();
    pages
}

#[test]
fn generated_parts_are_what_the_code_gives() {
    let mut blocks = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page is UTF-8");
        let (fresh, count) = regenerate(&text);
        blocks += count;
        // Another test reads pages meanwhile, so only a page that changes is written.
        if fresh != text && env::var_os("UPDATE").is_some() {
            fs::write(&page, fresh).expect("the page can be written");
        } else {
            assert!(fresh == text, "{} is out of date: UPDATE=1 cargo test --test spec", page.display());
        }
    }
    assert!(blocks > 10, "only {blocks} generated parts were found");
}

/// The page with every generated part made anew, and their number.
fn regenerate(text: &str) -> (String, usize) {
    let (mut fresh, mut count, mut rest) = (String::new(), 0, text);
    while let Some(at) = rest.find(BEGIN) {
        let (head, tail) = rest.split_at(at + BEGIN.len());
        let (name, body) = tail.split_once(" -->\n").expect("a marker ends its line");
        let (_, after) = body.split_once(END).unwrap_or_else(|| panic!("no end of {name}"));
        write!(fresh, "{head}{name} -->\n{}{END}", generate(name)).expect("a string takes all");
        count += 1;
        rest = after;
    }
    fresh.push_str(rest);
    (fresh, count)
}

fn generate(name: &str) -> String {
    match name.split_once(' ') {
        None if name == "codes" => codes(),
        None if name == "labels" => labels(),
        None if name == "kinds" => kinds(),
        Some(("reserved", "kinds")) => reserved(),
        Some(("example", name)) => example(name),
        _ => panic!("nothing generates {name}"),
    }
}

/// Lines of a macro's table in source form, each with its doc comment: `(doc, line)`.
fn documented(source: &str) -> Vec<(String, &str)> {
    let (mut rows, mut doc) = (Vec::new(), String::new());
    for line in source.lines().map(str::trim) {
        match line.strip_prefix("///") {
            Some(text) => doc = format!("{doc}{text}").trim().to_owned(),
            None => rows.push((std::mem::take(&mut doc), line)),
        }
    }
    rows.into_iter().filter(|(doc, _)| !doc.is_empty()).collect()
}

fn labels() -> String {
    let mut table = String::from("| label | of what |\n| --- | --- |\n");
    let mut count = 0;
    for (doc, line) in documented(LABELS) {
        let Some(label) = line.split('"').nth(1) else { continue };
        let _ = writeln!(table, "| `{label}` | {doc} |");
        count += 1;
    }
    assert_eq!(count, remit_verifier::label::ALL.len());
    table
}

fn kinds() -> String {
    let mut table =
        String::from("| kind | name | meaning | label of what is signed |\n| --- | --- | --- | --- |\n");
    for kind in Kind::ALL {
        let start = format!("{} {kind:?} ", *kind as u8);
        let rows = documented(KINDS);
        let (doc, _) = rows.iter().find(|(_, line)| line.starts_with(&start)).expect("a documented kind");
        let label = kind.label().map_or("none".into(), |label| format!("`{label}`"));
        let _ = writeln!(table, "| {} | `{}` | {doc} | {label} |", *kind as u8, kind.text());
    }
    table
}

fn reserved() -> String {
    let rows = RESERVED.iter().map(|(number, name)| format!("| {number} | `{name}` |\n"));
    format!("| kind | name |\n| --- | --- |\n{}", rows.collect::<String>())
}

fn codes() -> String {
    let mut page = String::new();
    for code in Code::ALL {
        if page.is_empty() || !page.contains(&format!("\n| {}", code.number() / 100)) {
            let title = match code.number() / 100 {
                1 => "1 Bytes and signatures",
                2 => "2 Checkpoints, time and proofs",
                3 => "3 Standing of ledger, parties, units and tokens",
                4 => "4 The request",
                5 => "5 Value",
                6 => "6 Administration",
                _ => "7 Services over HTTP",
            };
            let _ = write!(page, "\n## {title}\n\n| number | code | meaning |\n| --- | --- | --- |\n");
        }
        let _ = writeln!(page, "| {} | `{}` | {} |", code.number(), code.text(), code.meaning());
    }
    format!("{page}\n")
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(objects::all);

fn example(name: &str) -> String {
    let sample = SAMPLES.iter().find(|sample| sample.name == name);
    let sample = sample.unwrap_or_else(|| panic!("no example {name}"));
    let value: Value = ciborium::from_reader(sample.bytes.as_slice()).expect("the code writes CBOR");
    let hex: Vec<String> = sample.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<String> = hex.chunks(48).map(|line| line.concat()).collect();
    format!(
        "`{name}`, CDDL rule `{}`, {} bytes, SHA-256 `{}`:\n\n```text\n{}\n```\n\n```text\n{}\n```\n",
        sample.rule,
        sample.bytes.len(),
        sha256(&[&sample.bytes]),
        lines.join("\n"),
        notation(&value, 0),
    )
}

/// Diagnostic notation (RFC 8949 §8), broken into lines where it is long; `<< >>` is CBOR inside bytes.
fn notation(value: &Value, depth: usize) -> String {
    let (open, close, items): (_, _, Vec<String>) = match value {
        Value::Map(fields) => {
            let field = |(key, field): &(Value, Value)| {
                format!("{}: {}", notation(key, depth + 1), notation(field, depth + 1))
            };
            ("{", "}", fields.iter().map(field).collect())
        }
        Value::Array(items) => ("[", "]", items.iter().map(|item| notation(item, depth + 1)).collect()),
        Value::Bytes(bytes) => {
            let inside = ciborium::from_reader::<Value, _>(bytes.as_slice()).ok();
            return match inside.filter(|value| bytes.len() > 32 && (value.is_map() || value.is_array())) {
                Some(inside) => format!("<<{}>>", notation(&inside, depth)),
                None => {
                    let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
                    format!("h'{}'", hex.collect::<String>())
                }
            };
        }
        Value::Integer(number) => return i128::from(*number).to_string(),
        Value::Text(text) => return format!("{text:?}"),
        Value::Bool(yes) => return yes.to_string(),
        _ => return "null".into(),
    };
    let flat = format!("{open}{}{close}", items.join(", "));
    if flat.len() + 2 * depth <= 110 && !flat.contains('\n') {
        return flat;
    }
    let indent = "  ".repeat(depth + 1);
    let lines: String = items.iter().map(|item| format!("{indent}{item},\n")).collect();
    format!("{open}\n{lines}{}{close}", "  ".repeat(depth))
}

/// Every constant of `limits.rs` with its number.
fn limits_of_the_code() -> BTreeMap<String, u64> {
    let mut texts = BTreeMap::new();
    for item in LIMITS.split("pub const ").skip(1) {
        let (name, rest) = item.split_once(':').expect("a type");
        let (_, rest) = rest.split_once('=').expect("a value");
        let (value, _) = rest.split_once(';').expect("an end");
        texts.insert(name, value.trim());
    }
    let number = |text: &str| Expression { rest: text, constants: &texts }.shifted();
    texts.iter().map(|(name, text)| ((*name).to_owned(), number(text))).collect()
}

/// The value of a constant: numbers, other constants, newtypes, `<<`, `+`, `-`, `*` and parentheses.
struct Expression<'a> {
    rest: &'a str,
    constants: &'a BTreeMap<&'a str, &'a str>,
}

impl Expression<'_> {
    fn takes(&mut self, symbol: &str) -> bool {
        let after = self.rest.strip_prefix(symbol);
        self.rest = after.unwrap_or(self.rest).trim_start();
        after.is_some()
    }

    fn shifted(&mut self) -> u64 {
        let mut value = self.sum();
        while self.takes("<<") {
            value <<= self.sum();
        }
        value
    }

    fn sum(&mut self) -> u64 {
        let mut value = self.product();
        loop {
            if self.takes("+") {
                value += self.product();
            } else if self.takes("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> u64 {
        let mut value = self.atom();
        while self.takes("*") {
            value *= self.atom();
        }
        value
    }

    fn atom(&mut self) -> u64 {
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if self.takes("(") {
            let value = self.shifted();
            assert!(self.takes(")"), "unclosed parenthesis before {}", self.rest);
            return value;
        }
        if let Some(text) = self.constants.get(word) {
            return Expression { rest: text, constants: self.constants }.shifted();
        }
        word.replace('_', "").parse().unwrap_or_else(|_| panic!("no number: {word}"))
    }
}

#[test]
fn the_table_of_limits_is_the_code() {
    let page = fs::read_to_string(folder().join("12-limits.md")).expect("the page of limits");
    let mut stated = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let value = cells[2].replace(' ', "").parse::<u64>().expect("a number in the second column");
        assert!(cells.len() >= 6 && !cells[4].is_empty(), "no reason in: {line}");
        assert_eq!(stated.insert(cells[1].trim_matches('`').to_owned(), value), None, "{line} stands twice");
    }
    assert_eq!(stated, limits_of_the_code());
}
