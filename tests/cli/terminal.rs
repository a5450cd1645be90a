//! A person at a terminal: `script` gives the command one, and the test types.

use crate::run::{remit, run};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often it is looked whether a terminal echoes before the test says that it does.
const ATTEMPTS: usize = 600;

/// Waits until what is typed at a terminal is not shown.
fn until_no_echo(terminal: &str) {
    for _ in 0..ATTEMPTS {
        let settings = Command::new("stty").args(["-F", terminal, "-a"]).output().expect("stty runs");
        if String::from_utf8_lossy(&settings.stdout).split_whitespace().any(|word| word == "-echo") {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{terminal} shows what is typed");
}

/// Runs the command at a terminal, and types each line when it was asked for. Its exit code and what it said.
fn typed(command: &str, dir: &Path, lines: &[&str]) -> (Option<i32>, String) {
    let mut script = Command::new("script");
    script.args(["-qec", &format!("tty; '{}' {command}", env!("CARGO_BIN_EXE_remit")), "/dev/null"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REMIT_")) {
        script.env_remove(name);
    }
    script.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().expect("script runs");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = child.stdout.take().expect("a pipe");
    let (mut said, mut byte, mut asked) = (Vec::new(), [0], 0);
    while screen.read(&mut byte).expect("it says something") == 1 {
        said.push(byte[0]);
        if said.ends_with(b": ") && String::from_utf8_lossy(&said).matches("Passphrase for").count() > asked {
            let screen = String::from_utf8_lossy(&said);
            until_no_echo(screen.lines().next().expect("the terminal's name").trim());
            writeln!(keyboard, "{}", lines[asked]).expect("typed");
            asked += 1;
        }
    }
    assert_eq!(asked, lines.len(), "{}", String::from_utf8_lossy(&said));
    (child.wait().expect("it ends").code(), String::from_utf8(said).expect("text"))
}

#[test]
fn a_passphrase_is_asked_twice_for_a_new_key_and_once_for_an_old_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (code, said) = typed("key new a.pem", dir.path(), &["open sesame", "open sesame"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Passphrase for a.pem, again: ") && !said.contains("sesame"), "no echo: {said}");
    let kept = fs::read_to_string(dir.path().join("a.pem")).expect("a file");
    assert!(kept.contains("BEGIN ENCRYPTED PRIVATE KEY"), "{kept}");
    let (code, said) = typed("key show --check a.pem", dir.path(), &["open sesame"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = typed("key show --check a.pem", dir.path(), &["open says me"]);
    assert!(code == Some(2) && said.contains("the passphrase does not open it"), "{said}");
    let opened = run(remit()
        .args(["key", "show", "--check"])
        .arg(dir.path().join("a.pem"))
        .env("REMIT_PASSPHRASE", "open sesame"));
    opened.expect(0);
}

#[test]
fn two_passphrases_that_differ_make_no_key() {
    let dir = tempfile::tempdir().expect("a folder");
    let (code, said) = typed("key new a.pem", dir.path(), &["open sesame", "open says me"]);
    assert!(code == Some(2) && said.contains("the two passphrases differ"), "{said}");
    let (code, said) = typed("key new a.pem", dir.path(), &["", ""]);
    assert!(code == Some(2) && said.contains("the passphrase is empty"), "{said}");
    assert!(!dir.path().join("a.pem").exists());
}
