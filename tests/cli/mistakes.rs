//! What people type wrong: every error says what to do next, and nothing is done by half.

use crate::run::{Ran, remit, repository, run};
use crate::server::{Folder, Server, text};
use crate::story::{Cast, cast, key};
use std::fs;

/// A request to the airline, without an amount.
fn request(cast: &Cast) -> [&str; 8] {
    ["--service", &cast.airline, "--action", "book", "--resource", "flights/x", "--argument", "amount=5"]
}

/// Runs a command for people, not for programs.
fn said(folder: &Folder, server: &Server, arguments: &[&str]) -> Ran {
    let mut command = remit();
    command.args(arguments).current_dir(folder.path(""));
    command.env("REMIT_PROFILE", folder.ledger().join("client.toml")).env("REMIT_URL", &server.url);
    run(command.env("REMIT_READER_TOKEN", "a reader's token"))
}

#[test]
fn every_error_says_what_to_do_next() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let holder = key(&folder, "agent.pem");
    let nothing = "0".repeat(64);
    fs::write(folder.path("no.toml"), "what = 1\n").expect("a file");
    let spend = |amount: &'static str| {
        let more = ["--amount", amount, "--key", "assistant.pem"];
        [&["reserve", cast.token.as_str()][..], &request(&cast), &more].concat()
    };
    let issue = ["issue", "--issuer", &cast.issuer, "--to", &holder, "--key", "company.pem", "--expires"];
    let cases: [(i32, Vec<&str>); 20] = [
        (2, vec!["unit", "add", "EUR", "--decimals", "12", "--key", "company.pem"]),
        (2, vec!["unit", "add", "EUR", "--decimals", "2", "--key", "none.pem"]),
        (1, vec!["unit", "add", "EUR", "--decimals", "2", "--key", "company.pem"]),
        (1, vec!["party", "rotate", &nothing, "--key", "company.pem", "--new-key", "agent.pem"]),
        (2, [&issue[..], &["30"]].concat()),
        (1, [&issue[..], &["2020-01-01"]].concat()),
        (1, [&issue[..], &["1d", "--budget", "5 USD"]].concat()),
        (2, [&issue[..], &["1d", "--budget", "5.001 CNY"]].concat()),
        (2, [&issue[..], &["--spec", "no.toml"]].concat()),
        (1, vec!["delegate", &cast.token, "--to", &holder, "--expires", "60d", "--key", "assistant.pem"]),
        (2, spend("0 CNY")),
        (2, spend("1,000 CNY")),
        (1, spend("5000.01 CNY")),
        (1, vec!["capture", &nothing, "--number", "1", "--amount", "1 CNY", "--key", "airline.pem"]),
        (1, vec!["show", "NONE"]),
        (2, vec!["show", "--presentation", "no.toml"]),
        (2, vec!["show", "--log-key", "none"]),
        (2, vec!["show", "--url", "127.0.0.1"]),
        (2, vec!["submit", "no.toml"]),
        (2, vec!["audit", "replay", "http://127.0.0.1:9", "--checkpoint", "no.toml"]),
    ];
    for (code, arguments) in cases {
        let ran = folder.client(&server, &arguments).expect(code);
        let error = ran.json()["error"].clone();
        let hint = error["hint"].as_str().unwrap_or_default();
        assert!(
            !hint.is_empty() && ran.err.ends_with(&format!("\nhint: {hint}\n")),
            "{arguments:?}: {error}"
        );
        assert!(!ran.err.contains("\n\n"), "{}", ran.err);
    }
    let wrong = folder.client(&server, &["issuer", "add", "x", "--key", "company.pem"]).expect(2);
    assert!(wrong.err.contains("hint: `remit issuer add --help`"), "{}", wrong.err);
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn nothing_is_held_that_could_not_be_shown() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let more = ["--amount", "5 CNY", "--key", "assistant.pem", "--out"];
    let reserve = [&["reserve", cast.token.as_str()][..], &request(&cast), &more].concat();
    let refused = folder.client(&server, &[&reserve[..], &["company.pem"]].concat()).expect(2);
    assert!(refused.err.contains("nothing was signed"), "{}", refused.err);
    let reserved = || folder.ok(&server, &["show", &cast.token])["budgets"][0]["reserved"].clone();
    assert_eq!(reserved(), "0");
    // What a line of the folder cannot hold is not signed either.
    let note = [&reserve[..], &["shown", "--argument", "note=a\nb"]].concat();
    assert!(folder.client(&server, &note).expect(2).err.contains("line ends"));
    folder.ok(&server, &[&reserve[..], &["shown"]].concat());
    assert_eq!(reserved(), "500");
    assert!(!folder.path("shown").join(".remit").exists());
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn a_key_that_is_not_the_holders_signs_nothing() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let holder = key(&folder, "agent.pem");
    folder.ok(&server, &["present", &cast.token, "--out", "base"]);
    let by = ["--key", "company.pem"];
    let present = [&["present", cast.token.as_str(), "--out", "other"][..], &request(&cast), &by].concat();
    folder.refused(&server, &present, "wrong_holder");
    assert!(!folder.path("other").exists());
    let link =
        ["attenuate", "--presentation", "base/presentation.cbor", "--out", "link.cbor", "--to", &holder];
    folder.refused(&server, &[&link[..], &["--expires", "30m"], &by].concat(), "wrong_holder");
    assert!(!folder.path("link.cbor").exists());
    let longer = [&link[..], &["--expires", "3h", "--key", "assistant.pem"]].concat();
    let told = said(&folder, &server, &longer).expect(0).out;
    assert!(told.contains("an hour at most: this one from 20"), "{told}");
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn a_token_is_shown_with_what_its_conditions_compare() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let shown = said(&folder, &server, &["show", &cast.token]).expect(0).out;
    assert!(shown.contains("operands: 5000\n"), "{shown}");
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn a_case_states_its_own_time() {
    let case = repository("verifier/examples/cases/allowed.case");
    let wrong = run(remit().args(["verify", text(&case), "--at", "2020-01-01"])).expect(2);
    assert!(wrong.err.contains("cannot be used with"), "{}", wrong.err);
}

/// A denial that could not be printed ended with 0, which says allowed.
#[test]
fn what_cannot_be_printed_is_no_yes() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
    for (case, printed, lost) in [("allowed", 0, 70), ("revoked", 1, 1)] {
        let case = repository(&format!("verifier/examples/cases/{case}.case"));
        for more in [&[][..], &["--json"]] {
            let mut verify = remit();
            verify.args(["verify", text(&case)]).args(more);
            assert_eq!(run(&mut verify).code, printed, "{case:?}");
            let ended = verify.stdout(full()).stderr(std::process::Stdio::null()).status().expect("it runs");
            assert_eq!(ended.code(), Some(lost), "{case:?} {more:?}");
        }
    }
    // A mistake is one, whether it can be shown or not.
    let mut mistaken = remit();
    mistaken.args(["--json", "verify", "no such file"]).stdout(full()).stderr(std::process::Stdio::null());
    assert_eq!(mistaken.status().expect("it runs").code(), Some(2));
}

#[test]
fn what_is_asked_is_said_in_its_own_words() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let hint = |ran: &Ran| ran.json()["error"]["hint"].as_str().expect("a hint").to_owned();
    let whose = folder.client(&server, &["list"]).expect(2);
    assert!(whose.err.contains("whose tokens?") && !whose.err.contains("signs"), "{}", whose.err);
    let none = run(remit().args(["show"]).env("REMIT_PROFILE", "")).expect(2);
    assert!(none.err.contains("which ledger?"), "{}", none.err);
    let zeros = folder.client(&server, &["explain", "0512"]).expect(2);
    assert!(zeros.err.contains("no zeros in front"), "{}", zeros.err);
    let later = folder.client(&server, &["explain", "99999"]).expect(1);
    assert!(
        later.err.contains("has no entry 99999 yet") && hint(&later).contains("how long"),
        "{}",
        later.err
    );
    let withdraw = ["offer", &cast.token, "--withdraw", "--key", "assistant.pem"];
    let withdrawn = folder.client(&server, &withdraw).expect(1);
    assert_eq!(hint(&withdrawn), "nothing is offered of this token");
    let backup = run(remit().args(["--json", "backup", "--running", "--url", &server.url])).expect(1);
    assert!(backup.err.contains("for its administrators"), "{}", backup.err);
    // Something else answers there.
    let url = crate::liar::proxy(&server.url, "/v1/log", |_| "<html>".into());
    let html = folder.client(&server, &["show", "--url", &url]).expect(70);
    assert_eq!(hint(&html), "is this URL a Remit ledger?");
    let moved = crate::liar::answers_all(&server.url, "301 Moved Permanently");
    let moved = folder.client(&server, &["show", "--url", &moved]).expect(1);
    assert!(moved.err.contains("the server answers 301"), "{}", moved.err);
    assert_eq!(hint(&moved), "is this URL a Remit ledger?");
    assert_eq!(server.terminate().0, Some(0));
}
