//! Key files: made, shown, read by OpenSSL and from OpenSSL, and opened with the right passphrase only.

use crate::run::{remit, run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const PASSPHRASE: &str = "correct horse battery staple";

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output();
    let output = output.expect("openssl runs; `make setup` brings it");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The public key of a key file as OpenSSL sees it, in hexadecimal.
fn openssl_public(file: &Path) -> String {
    let file = file.to_str().expect("a path in UTF-8");
    let pass = format!("pass:{PASSPHRASE}");
    let text = openssl(&["pkey", "-in", file, "-passin", &pass, "-noout", "-text_pub"]);
    let digits = text.lines().filter(|line| line.starts_with("    "));
    digits.flat_map(str::chars).filter(char::is_ascii_hexdigit).collect()
}

#[test]
fn a_key_is_made_shown_and_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("agent.pem");
    let new = run(remit().args(["--json", "key", "new"]).arg(&file).env("REMIT_PASSPHRASE", PASSPHRASE));
    let new = new.expect(0).json();
    assert!(new["key"].as_str().expect("a key").starts_with("did:key:z6Mk"));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.contains("BEGIN ENCRYPTED PRIVATE KEY"), "{text}");

    let shown = run(remit().args(["--json", "key", "show"]).arg(&file)).expect(0).json();
    assert_eq!((&shown["key"], &shown["open_to_others"]), (&new["key"], &false.into()));
    let secret = dir.path().join("passphrase");
    fs::write(&secret, format!("{PASSPHRASE}\n")).expect("a file");
    let opened = run(remit()
        .args(["--json", "key", "show", "--check"])
        .arg(&file)
        .env("REMIT_PASSPHRASE_FILE", secret));
    assert_eq!(opened.expect(0).json()["key"], new["key"]);
    assert_eq!(new["hex"], openssl_public(&file), "OpenSSL reads the same key");
}

#[test]
fn a_plain_key_is_one_that_openssl_reads_and_the_other_way_round() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("plain.pem");
    let new = run(remit().args(["--json", "key", "new", "--plain"]).arg(&file)).expect(0).json();
    assert_eq!(new["hex"], openssl_public(&file));
    for cipher in [None, Some("-aes-256-cbc")] {
        let made = dir.path().join("openssl.pem");
        let path = made.to_str().expect("a path in UTF-8");
        let pass = format!("pass:{PASSPHRASE}");
        let mut arguments = vec!["genpkey", "-algorithm", "ed25519", "-out", path];
        arguments.extend(cipher.iter().flat_map(|cipher| [*cipher, "-pass", &pass]));
        openssl(&arguments);
        let shown =
            run(remit().args(["--json", "key", "show"]).arg(&made).env("REMIT_PASSPHRASE", PASSPHRASE));
        assert_eq!(shown.expect(0).json()["hex"], openssl_public(&made));
    }
}

#[test]
fn a_wrong_passphrase_opens_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("agent.pem");
    run(remit().args(["key", "new"]).arg(&file).env("REMIT_PASSPHRASE", PASSPHRASE)).expect(0);
    let wrong =
        run(remit().args(["key", "show", "--check"]).arg(&file).env("REMIT_PASSPHRASE", "wrong")).expect(2);
    assert!(
        wrong.err.contains("the passphrase does not open it") && wrong.err.contains("hint: "),
        "{}",
        wrong.err
    );
    assert!(!wrong.err.contains(PASSPHRASE));
    let nobody = run(remit().args(["key", "show", "--check"]).arg(&file)).expect(2);
    assert!(nobody.err.contains("nobody is at a terminal"), "{}", nobody.err);
    let empty =
        run(remit().args(["key", "show", "--check"]).arg(&file).env("REMIT_PASSPHRASE", "")).expect(2);
    assert!(empty.err.contains("empty"), "{}", empty.err);
}

#[test]
fn a_key_is_never_written_over_and_never_taken_for_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str| dir.path().join(name);
    for name in ["a.pem", "b.pem"] {
        run(remit().args(["key", "new", "--plain"]).arg(file(name))).expect(0);
    }
    let again = run(remit().args(["key", "new", "--plain"]).arg(file("a.pem"))).expect(2);
    assert!(again.err.contains("never written over"), "{}", again.err);
    let text = |name: &str| fs::read_to_string(file(name)).expect("a file");
    let first_line = text("b.pem").lines().next().expect("a line").to_owned();
    let mixed = text("a.pem").lines().skip(1).fold(first_line, |text, line| format!("{text}\n{line}"));
    fs::write(file("mixed.pem"), mixed).expect("a file");
    let mixed = run(remit().args(["key", "show", "--check"]).arg(file("mixed.pem"))).expect(2);
    assert!(mixed.err.contains("not that of the did:key"), "{}", mixed.err);
    fs::write(file("none.pem"), "nothing").expect("a file");
    run(remit().args(["key", "show"]).arg(file("none.pem"))).expect(2);
}

#[test]
fn a_key_that_others_can_read_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("open.pem");
    run(remit().args(["key", "new", "--plain"]).arg(&file)).expect(0);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let shown = run(remit().args(["key", "show"]).arg(&file)).expect(0);
    assert!(shown.out.contains("others can read"), "{}", shown.out);
}
