//! Which module may import which: the fenced `imports` block of ARCHITECTURE.md, compared with every file of
//! src/.

use crate::source::{Source, is_word, read, rust_files};
use crate::{assert_complains, assert_none};
use std::collections::{BTreeMap, BTreeSet};

/// For each module, all that it may import.
type Table = BTreeMap<String, BTreeSet<String>>;

const WHERE: &str = "the table is the `imports` block of ARCHITECTURE.md";

/// Reads the fenced block that is marked `imports`: chains `a <- {b, c} <- d`, where every `<-` says that
/// what stands right of it may import what stands left of it, and what that may import.
fn parse_table(document: &str) -> Table {
    let block = document.split("```imports\n").nth(1).and_then(|rest| rest.split("```").next());
    let mut direct = Table::new();
    for chain in block.unwrap_or_default().split(['\n', ';']) {
        let groups: Vec<Vec<String>> = chain.split("<-").map(names).collect();
        for name in groups.iter().flatten() {
            direct.entry(name.clone()).or_default();
        }
        for pair in groups.windows(2) {
            for importer in &pair[1] {
                direct.entry(importer.clone()).or_default().extend(pair[0].iter().cloned());
            }
        }
    }
    closure(direct)
}

fn names(group: &str) -> Vec<String> {
    group.split(|c| !is_word(c)).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn closure(mut table: Table) -> Table {
    loop {
        let before: usize = table.values().map(BTreeSet::len).sum();
        let copy = table.clone();
        for allowed in table.values_mut() {
            let further: Vec<_> =
                allowed.iter().filter_map(|name| copy.get(name)).flatten().cloned().collect();
            allowed.extend(further);
        }
        if table.values().map(BTreeSet::len).sum::<usize>() == before {
            return table;
        }
    }
}

/// The top-level module that a file of src/ belongs to, and how deep its own module lies (src/lib.rs: 0).
fn module_of(path: &str) -> (String, usize) {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut parts: Vec<&str> = inner.split('/').collect();
    if parts.last() == Some(&"mod") {
        parts.pop();
    }
    let depth = if matches!(parts[..], ["lib" | "main"]) { 0 } else { parts.len() };
    (parts[0].to_owned(), depth)
}

/// The names that stand directly under the root of the crate in `code`: after `crate::` or `remit::`, also in
/// braces; after as many `super::` as lead to the root; and `verifier` for `remit_verifier`.
fn imported(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let supers = "super::".repeat(depth);
    let mut prefixes = vec!["crate::", "remit::"];
    if depth > 0 {
        prefixes.push(&supers);
    }
    for prefix in prefixes {
        for (at, _) in code.match_indices(prefix) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| is_word(c) || c == ':' || c == '$') {
                continue;
            }
            found.extend(heads(&code[at + prefix.len()..]));
        }
    }
    if crate::source::has_word(code, "remit_verifier") {
        found.insert("verifier".to_owned());
    }
    found
}

/// The first name of a path, or the first name of every path of a group in braces.
fn heads(rest: &str) -> Vec<String> {
    let first_word = |path: &str| path.trim_start().chars().take_while(|c| is_word(*c)).collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![first_word(rest)] };
    let (mut level, mut start, mut heads) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => level += 1,
            ',' | '}' if level == 0 => {
                heads.push(first_word(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => level -= 1,
            _ => {}
        }
    }
    heads
}

fn complaints(table: &Table, files: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let (module, depth) = module_of(&file.path);
        if module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(&module) else {
            complaints.push(format!("{}: `{module}` has no place in the import table; {WHERE}", file.path));
            continue;
        };
        for name in imported(&file.code(), depth) {
            if table.contains_key(&name) && name != module && !allowed.contains(&name) {
                complaints.push(format!("{}: `{module}` may not import `{name}`; {WHERE}", file.path));
            }
        }
    }
    complaints
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let table = parse_table(&read("ARCHITECTURE.md"));
    assert!(table.len() > 5, "ARCHITECTURE.md has no `imports` block");
    assert_none(&complaints(&table, &rust_files(&["src"])));
}

#[test]
fn machine_and_tree_do_not_know_each_other() {
    let table = parse_table(&read("ARCHITECTURE.md"));
    assert!(!table["machine"].contains("tree") && !table["tree"].contains("machine"));
    assert!(["machine", "tree", "engine"].iter().all(|pure| !table[*pure].contains("store")));
    let cyclic = table.iter().find(|(module, allowed)| allowed.contains(*module));
    assert_eq!(cyclic, None, "a module may import itself in a circle");
}

/// A recount is worth something because it is not the rules under another name.
#[test]
fn conserve_knows_only_the_verifier() {
    for file in rust_files(&["src/audit/conserve"]) {
        let (_, depth) = module_of(&file.path);
        let outside = imported(&file.code(), depth).into_iter().filter(|name| name != "verifier");
        assert_eq!(outside.collect::<Vec<_>>(), [""; 0], "{}", file.path);
    }
}

#[test]
fn a_forbidden_import_is_seen_in_every_form() {
    let table = parse_table("x\n```imports\nverifier <- {machine, tree} <- engine; engine <- store\n```\n");
    let check = |path, text| complaints(&table, &[Source::synthetic(path, text)]);
    for text in [
        "use crate::store::Memory;",
        "fn f() { crate::store::open() }",
        "use crate::{machine, store::{a, b}};",
        "use crate::{\n    machine::{self, Rule},\n    store,\n};",
        "use super::super::store::X;",
        "use remit::store;",
    ] {
        assert_complains(&check("src/engine/batch.rs", text), 1, "may not import `store`");
    }
    assert_complains(
        &check("src/tree/mod.rs", "use crate::machine::Rule;"),
        1,
        "`tree` may not import `machine`",
    );
    assert_complains(
        &check("src/tree/mod.rs", "use super::machine::Rule;"),
        1,
        "`tree` may not import `machine`",
    );
    assert_complains(&check("src/gossip.rs", ""), 1, "no place in the import table");
    assert_none(&check("src/store/memory.rs", "use crate::machine::View; use remit_verifier::types;"));
    assert_none(&check("src/engine/batch.rs", "// use crate::store\nuse super::store::X; use crate::tree;"));
}
