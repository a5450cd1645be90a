//! The verifier's dependency tree is small and known; every direct dependency has its reason in deny.toml.

use crate::source::{read, root};
use crate::{assert_complains, assert_none};
use std::collections::BTreeSet;
use std::process::Command;

const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "fuzz/Cargo.toml",
    "benches/Cargo.toml",
    "bindings/python/Cargo.toml",
    "bindings/c/Cargo.toml",
    "tools/foreign/Cargo.toml",
];
const GOLDEN: &str = "tests/data/verifier-crates.txt";
const CRATES_MAX: usize = 30;

/// What cargo prints for `arguments` in the root of the repository.
fn cargo(arguments: &[&str]) -> String {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints text")
}

/// The crates of a `cargo tree --prefix none`, without versions and without the verifier itself.
fn crates(tree: &str) -> BTreeSet<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "remit-verifier").map(str::to_owned).collect()
}

/// The crates that the golden list names, one a line; `#` begins a comment.
fn golden(list: &str) -> BTreeSet<String> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn tree_complaints(tree: &BTreeSet<String>, golden: &BTreeSet<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    if tree.len() > CRATES_MAX {
        complaints.push(format!("the verifier depends on {} crates, {CRATES_MAX} at most", tree.len()));
    }
    let new =
        tree.difference(golden).map(|name| format!("the verifier depends on `{name}`, not in {GOLDEN}"));
    complaints.extend(new);
    let gone = golden.difference(tree).map(|name| format!("{GOLDEN} has `{name}`, no longer a dependency"));
    complaints.extend(gone);
    complaints
}

/// One part of the golden list: from the line `[name]` to the next such line.
fn part(list: &str, name: &str) -> BTreeSet<String> {
    let parts = list.split("\n[").find_map(|part| part.strip_prefix(name)?.strip_prefix(']'));
    golden(parts.unwrap_or_default())
}

/// Names of the direct dependencies from outside, of any kind, in the output of `cargo metadata --no-deps`.
fn direct_dependencies(metadata: &str) -> BTreeSet<String> {
    let metadata: serde_json::Value = serde_json::from_str(metadata).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("a list of packages").iter();
    let dependencies = packages.flat_map(|package| package["dependencies"].as_array().into_iter().flatten());
    let outside = dependencies.filter(|dependency| !dependency["source"].is_null());
    outside.filter_map(|dependency| dependency["name"].as_str().map(str::to_owned)).collect()
}

/// The names that deny.toml gives a reason for: lines `# - name: reason`.
fn reasons(deny: &str) -> BTreeSet<String> {
    let lines = deny.lines().filter_map(|line| line.strip_prefix("# - "));
    let with_reason =
        lines.filter_map(|line| line.split_once(": ")).filter(|(_, reason)| !reason.trim().is_empty());
    with_reason.map(|(name, _)| name.to_owned()).collect()
}

fn reason_complaints(direct: &BTreeSet<String>, reasons: &BTreeSet<String>) -> Vec<String> {
    let missing = direct.difference(reasons).map(|name| format!("deny.toml has no line `# - {name}: why`"));
    let stale =
        reasons.difference(direct).map(|name| format!("deny.toml explains `{name}`, which nothing uses"));
    missing.chain(stale).collect()
}

#[test]
fn the_verifier_depends_on_few_known_crates() {
    let list = read(GOLDEN);
    let common = ["tree", "-p", "remit-verifier", "--locked", "-e", "normal", "--prefix", "none"];
    // The list is for one target, whatever the machine; cargo does not need it installed.
    let target = ["--target", "x86_64-unknown-linux-gnu"];
    for (name, feature) in [("default features", None), ("all features", Some("--all-features"))] {
        let arguments: Vec<&str> = common.into_iter().chain(target).chain(feature).collect();
        assert_none(&tree_complaints(&crates(&cargo(&arguments)), &part(&list, name)));
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let mut direct = BTreeSet::new();
    for manifest in MANIFESTS {
        let arguments =
            ["metadata", "--no-deps", "--format-version", "1", "--locked", "--manifest-path", manifest];
        direct.extend(direct_dependencies(&cargo(&arguments)));
    }
    assert!(direct.len() > 10, "{direct:?}");
    assert_none(&reason_complaints(&direct, &reasons(&read("deny.toml"))));
}

#[test]
fn a_new_crate_of_the_verifier_is_seen() {
    let list = "# list\n[default features]\na\nb\n\n[all features]\na\nb\nc\n";
    let tree = |text: &str| crates(text);
    assert_none(&tree_complaints(
        &tree("remit-verifier v0\na v1\nb v2\nb v2 (*)\n"),
        &part(list, "default features"),
    ));
    assert_complains(
        &tree_complaints(&tree("a v1\nb v2\nd v1\nc v1"), &part(list, "all features")),
        1,
        "`d`",
    );
    assert_complains(&tree_complaints(&tree("a v1\nb v2"), &part(list, "all features")), 1, "`c`");
    let many: BTreeSet<String> = (0..=CRATES_MAX).map(|number| number.to_string()).collect();
    assert_complains(&tree_complaints(&many, &many), 1, "31 crates");
}

#[test]
fn a_dependency_without_reason_is_seen() {
    let metadata = r#"{"packages": [{"dependencies": [
        {"name": "remit-verifier", "source": null},
        {"name": "sha2", "source": "registry"},
        {"name": "left-pad", "source": "registry"}]}]}"#;
    let direct = direct_dependencies(metadata);
    assert_none(&reason_complaints(&direct, &reasons("# - sha2: hashes\n# - left-pad: pads\n")));
    assert_complains(
        &reason_complaints(&direct, &reasons("# - sha2: hashes\n# - left-pad: \n")),
        1,
        "left-pad",
    );
    let stale = reasons("# - sha2: hashes\n# - left-pad: pads\n# - rand: gone\n");
    assert_complains(&reason_complaints(&direct, &stale), 1, "`rand`, which nothing uses");
}
