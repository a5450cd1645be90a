//! `remit audit top`: what it shows once, as lines and on a terminal, and what ends it.

use crate::auditing::{Scene, scene};
use crate::exported::{export, parties, signed};
use crate::run::{remit, run};
use crate::server::{Folder, TOKEN, text};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A view as JSON lines, a second apart.
struct Lines {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Lines {
    fn of(source: &str) -> Self {
        let mut command = remit();
        command.args(["--json", "audit", "top", source, "--every", "1s", "--stop-after", "60"]);
        command.env("REMIT_READER_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, out }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

#[test]
fn a_view_is_the_same_of_every_source_and_of_a_folder_it_is_shown_once() {
    let Scene { folder, server, cast, agent, .. } = scene();
    let tiles = folder.path("tiles");
    export(&tiles, &server.url, &["--objects"]).expect(0);
    let ask = |source: &str, more: &[&str]| {
        let mut command = remit();
        command.args(["--json", "audit", "top", source]).args(more).env("REMIT_READER_TOKEN", TOKEN);
        run(&mut command).expect(0).json()
    };
    let served = ask(&server.url, &["--once", "--by", "payee"]);
    let tiled = ask(text(&tiles), &["--once", "--by", "payee"]);
    let url = server.url.clone();
    let shown = run(remit().args(["audit", "top", &url]).env("REMIT_READER_TOKEN", TOKEN)).expect(0).out;
    server.terminate();
    let kept = ask(text(&folder.ledger()), &["--by", "payee"]);
    for view in [&tiled, &kept] {
        for field in ["ledger", "origin", "refused", "control", "groups", "newest"] {
            assert_eq!(view[field], served[field], "{field}");
        }
    }
    let group = served["groups"].as_array().expect("groups").iter().find(|group| group["by"] == cast.airline);
    let moved = &group.expect("the airline")["moved"][0];
    assert_eq!(
        (&moved["captured"], &moved["reserved"], &moved["refunded"]),
        (&json!("450000"), &json!("480000"), &json!("150000"))
    );
    assert_eq!((&served["refused"]["above_per_use"], &served["stale"]), (&json!(1), &json!(false)));
    for part in
        ["remit.example/test", "LIVE", &agent[..32], "4 500.00", "REFUSED above_per_use: reserve", "refused"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains('\u{1b}') && shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    let wrong = run(remit().args(["audit", "top", &url, "--window", "59s"])).expect(2);
    assert!(wrong.err.contains("between 60s and 7d") && wrong.err.contains("hint:"), "{}", wrong.err);
}

#[test]
fn what_comes_is_counted_and_each_step_proved() {
    let folder = Folder::new();
    let server = folder.serve();
    parties(&server, 3);
    let mut lines = Lines::of(&server.url);
    let first = lines.next();
    let count = |view: &Value| view["window"]["operations"].as_u64().expect("a count");
    let (had, steps) = (count(&first), first["steps"].as_u64());
    parties(&server, 2);
    let mut view = lines.next();
    while count(&view) == had {
        view = lines.next();
    }
    assert_eq!((count(&view), steps), (had + 2, Some(0)));
    assert!(view["steps"].as_u64() > steps && view["entries"].as_u64() > first["entries"].as_u64());
    // That nobody answers is said, and is not the end.
    server.terminate();
    while view["fault"].is_null() {
        view = lines.next();
    }
    assert_eq!(count(&view), had + 2);
    lines.child.kill().and_then(|()| lines.child.wait()).expect("it ends");
}

#[test]
fn a_fork_between_two_refreshes_ends_the_view() {
    let folder = Folder::new();
    let server = folder.serve();
    parties(&server, 3);
    let tiles = folder.path("tiles");
    export(&tiles, &server.url, &["--objects"]).expect(0);
    server.terminate();
    let mut lines = Lines::of(text(&tiles));
    let size = lines.next()["entries"].as_u64().expect("a size");
    let fork = signed(&folder, size, remit_verifier::types::Hash([7; 32]));
    fs::rename(fork, tiles.join("checkpoint")).expect("moved");
    let mut last = lines.next();
    while last["error"].is_null() {
        last = lines.next();
    }
    assert_eq!(last["error"]["code"], "fork", "{last}");
    assert_eq!(lines.child.wait().expect("it ends").code(), Some(1));
}

/// What a terminal of 24 lines shows of a view in which these keys are typed, one after each frame that has its words;
/// then the settings of the terminal.
fn watched(url: &str, typed: &[(&str, &str)]) -> String {
    let mut script = Command::new("script");
    let view = format!("'{}' audit top {url} --every 1s", env!("CARGO_BIN_EXE_remit"));
    script.args(["-qec", &format!("stty rows 24 cols 90; {view}; echo left with $?; stty -a"), "/dev/null"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REMIT_")) {
        script.env_remove(name);
    }
    script.env("REMIT_READER_TOKEN", TOKEN).env("TERM", "xterm").env_remove("NO_COLOR");
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = script.spawn().expect("script runs");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = child.stdout.take().expect("a pipe");
    let (mut said, mut byte, mut from, mut next) = (Vec::new(), [0], 0, typed.iter());
    let mut awaited = next.next();
    while screen.read(&mut byte).expect("it says something") == 1 {
        said.push(byte[0]);
        if let Some((words, key)) = awaited
            && said[from..].ends_with(words.as_bytes())
        {
            keyboard.write_all(key.as_bytes()).and_then(|()| keyboard.flush()).expect("typed");
            (awaited, from) = (next.next(), said.len());
        }
    }
    child.wait().expect("it ends");
    String::from_utf8(said).expect("text")
}

#[test]
fn a_terminal_shows_it_obeys_keys_and_is_as_it_was_afterwards() {
    let folder = Folder::new();
    let server = folder.serve();
    parties(&server, 3);
    let keys = [("by agent", "b"), ("by payee", "p"), ("PAUSED", "q")];
    let said = watched(&server.url, &keys);
    assert!(said.contains("\u{1b}[?1049h") && said.contains("LIVE"), "{said}");
    let after = said.split("\u{1b}[?25h\u{1b}[?1049l").nth(1).expect("it is left");
    assert!(
        after.contains("left with 0") && after.contains(" icanon") && after.contains(" echo "),
        "{after}"
    );
    // Ctrl-C waits for nobody.
    let said = watched(&server.url, &[("by agent", "\u{3}")]);
    let after = said.split("\u{1b}[?25h\u{1b}[?1049l").nth(1).expect("it is left");
    assert!(
        after.contains("left with 130") && after.contains(" icanon") && after.contains(" echo "),
        "{after}"
    );
}
