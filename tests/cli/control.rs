//! What becomes of tokens and of whole parts of the ledger: handed over, rekeyed, vetoed, ended, frozen and thawed.

use crate::run::{remit, run};
use crate::server::{Folder, text};
use crate::story::{cast, id, key};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_token_is_handed_over_and_its_old_holder_has_nothing_left() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let (seller, buyer) = (key(&folder, "seller.pem"), key(&folder, "buyer.pem"));
    let issue =
        ["issue", "--issuer", &cast.issuer, "--to", &seller, "--expires", "1d", "--key", "company.pem"];
    let bound = id(&folder.ok(&server, &issue));
    let token = id(&folder.ok(&server, &[&issue[..], &["--transferable", "--budget", "500 CNY"]].concat()));
    let transfer = |token: &str| {
        let arguments = ["transfer", token, "--to-key", "buyer.pem", "--key", "seller.pem"];
        arguments.map(str::to_owned)
    };
    let refused = transfer(&bound);
    folder.refused(&server, &refused.each_ref().map(String::as_str), "not_transferable");
    let done = transfer(&token);
    folder.ok(&server, &done.each_ref().map(String::as_str));
    assert_eq!(folder.ok(&server, &["show", &token])["holder"], buyer.as_str());
    let held = folder.ok(&server, &["list", "--key", "seller.pem"]);
    assert_eq!(held["tokens"].as_array().expect("tokens").len(), 1, "the one that is not transferable");
    folder.refused(
        &server,
        &["delegate", &token, "--to", &seller, "--expires", "1h", "--key", "seller.pem"],
        "wrong_signer",
    );
}

#[test]
fn a_holder_rekeys_at_once_and_vetoes_what_others_propose() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let (next, stolen) = (key(&folder, "next.pem"), key(&folder, "stolen.pem"));
    folder.ok(&server, &["rekey", &cast.token, "--new-key", "next.pem", "--key", "assistant.pem"]);
    assert_eq!(folder.ok(&server, &["show", &cast.token])["holder"], next.as_str());
    let old = ["rekey", &cast.token, "--new-key", "stolen.pem", "--key", "assistant.pem"];
    folder.refused(&server, &old, "wrong_signer");
    // Somebody upstream only proposes, and the holder has a day to say no.
    let proposed =
        folder.ok(&server, &["rekey", &cast.token, "--new-key", "stolen.pem", "--key", "company.pem"]);
    let shown = folder.ok(&server, &["show", &cast.token]);
    assert_eq!(shown["holder"], next.as_str(), "{shown} and not {stolen}");
    let veto = ["veto", &cast.token, "--rekey", &id(&proposed), "--key", "next.pem"];
    folder.refused(
        &server,
        &["veto", &cast.token, "--rekey", &id(&proposed), "--key", "company.pem"],
        "wrong_signer",
    );
    folder.ok(&server, &veto);
    let again = ["veto", &cast.token, "--rekey", &id(&proposed), "--key", "next.pem", "--save", "veto.cbor"];
    folder.refused(&server, &again, "unknown_rekey");
}

#[test]
fn a_carved_token_that_is_over_gives_its_value_back() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let carve = ["delegate", &cast.token, "--to", &agent, "--expires", "1d", "--budget", "6000 CNY carved"];
    let child = id(&folder.ok(&server, &[&carve[..], &["--key", "assistant.pem"]].concat()));
    let left = || folder.ok(&server, &["show", &cast.token])["budgets"][0]["left"].clone();
    assert_eq!(left(), "1400000");
    folder.refused(&server, &["end", &child, "--key", "assistant.pem"], "still_usable");
    folder.ok(&server, &["revoke", &child, "--key", "assistant.pem"]);
    folder.ok(&server, &["end", &child, "--key", "assistant.pem"]);
    assert_eq!(left(), "2000000");
    assert_eq!(folder.ok(&server, &["show", &child])["status"], "ended");
}

#[test]
fn what_is_frozen_stands_still_until_it_is_thawed() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let operator = folder.ledger().join("operator-1.pem");
    let by = ["--key", text(&operator)];
    let suspend = ["suspend", &cast.token, "--key", "company.pem"];
    for (kind, what, code) in [
        ("token", Some(cast.token.as_str()), "frozen"),
        ("party", Some(cast.issuer.as_str()), "party_frozen"),
        ("ledger", None, "ledger_frozen"),
    ] {
        let named: Vec<&str> = [kind].into_iter().chain(what).collect();
        let freeze = id(&folder.ok(&server, &[&["freeze"], &named[..], &by[..]].concat()));
        let agent = key(&folder, &format!("{kind}.pem"));
        let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "1h", "--key", "assistant.pem"];
        folder.refused(&server, &delegate, code);
        folder.refused(&server, &[&["freeze"], &named[..], &by[..]].concat(), "already_so");
        // In an emergency one must be able to stop tokens, of all times.
        let suspension = id(&folder.ok(&server, &suspend));
        let unfreeze = [&["unfreeze"], &named[..], &["--freeze", &freeze], &by[..]].concat();
        folder.refused(
            &server,
            &[&unfreeze[..unfreeze.len() - 1], &["company.pem"]].concat(),
            "not_the_operators",
        );
        folder.ok(&server, &unfreeze);
        folder.refused(&server, &delegate, "suspended");
        folder.ok(&server, &["resume", &cast.token, "--suspension", &suspension, "--key", "company.pem"]);
        folder.ok(&server, &delegate);
    }
    let unit = id(&folder.ok(&server, &["show", "CNY"]));
    let freeze = id(&folder.ok(&server, &[&["freeze", "unit", &unit][..], &by[..]].concat()));
    let request =
        ["--service", &cast.airline, "--action", "book", "--resource", "flights/1", "--key", "assistant.pem"];
    let reserve =
        [&["reserve", &cast.token, "--amount", "1 CNY", "--argument", "amount=1"][..], &request[..]].concat();
    folder.refused(&server, &reserve, "unit_frozen");
    folder.ok(&server, &[&["unfreeze", "unit", &unit, "--freeze", &freeze][..], &by[..]].concat());
    folder.ok(&server, &[&reserve[..], &["--out", "shown"]].concat());
    for (name, mode) in [("shown", 0o700), ("shown/invocation.cbor", 0o600), ("shown/arguments.txt", 0o600)] {
        let found = std::fs::metadata(folder.path(name)).expect("written").permissions().mode();
        assert_eq!(found & 0o777, mode, "{name} is for its owner alone");
    }
    let which = folder.client(&server, &[&["freeze", "token"][..], &by[..]].concat()).expect(2);
    assert!(which.err.contains("which one?"), "{}", which.err);
}

#[test]
fn completions_and_man_pages_name_every_command() {
    let help = run(remit().arg("--help")).expect(0).out;
    let listed =
        help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let commands: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() > 35, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(remit().args(["completions", shell])).expect(0).out;
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    run(remit().args(["completions", "tcsh"])).expect(2);
    let dir = tempfile::tempdir().expect("a folder");
    run(remit().arg("man").arg(dir.path())).expect(0);
    for command in &commands {
        let page = std::fs::read_to_string(dir.path().join(format!("remit-{command}.1")));
        assert!(page.expect("a page").contains("Example"), "{command}");
    }
}
