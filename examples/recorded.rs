//! Collects what the tests recorded into `spec/vectors/`: `make vectors`.
//!
//! `cargo run --example recorded -- FROM TO`: every file `KIND-*.jsonl` of FROM goes, in order of the names, into
//! `TO/KIND.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else { return Err("two folders are needed: from and to".into()) };
    let mut names: Vec<_> =
        fs::read_dir(from)?.map(|file| file.map(|file| file.path())).collect::<Result<_, _>>()?;
    names.sort();
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in names {
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a strange name")?;
        let kind = name.split('-').next().unwrap_or(name).to_string();
        let lines = fs::read_to_string(&path)?.lines().map(String::from).collect::<Vec<_>>();
        kinds.entry(kind).or_default().extend(lines);
    }
    for (kind, mut lines) in kinds {
        let mut seen = BTreeSet::new();
        // The same case may be judged in several tests; its first place is enough.
        let case = |line: &str| line.split("\"test\"").next().unwrap_or(line).to_string();
        lines.retain(|line| seen.insert(case(line)));
        fs::write(Path::new(to).join(format!("{kind}.json")), format!("[\n{}\n]\n", lines.join(",\n")))?;
        println!("{kind}.json: {} vectors", lines.len());
    }
    Ok(())
}
