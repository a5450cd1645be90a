//! Budgets with windows as they are typed and shown, and a ledger that got the rules for them later.

use crate::server::{Folder, text};
use crate::story::{cast, id, key};

#[test]
fn a_day_and_a_month_are_kept_and_shown() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let delegate = |budget: &str| {
        let arguments =
            ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
        let all = arguments.into_iter().chain(["--budget", budget]);
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let words = delegate("12000 CNY window 20000/month window 6000.00/400d");
    let child = id(&folder.ok(&server, &words.iter().map(String::as_str).collect::<Vec<_>>()));
    let reserve = |amount: &str| {
        let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
        let arguments =
            [&["reserve", &child][..], &asked, &["--key", "agent.pem", "--amount", amount]].concat();
        arguments.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let words = reserve("4000 CNY");
    folder.ok(&server, &words.iter().map(String::as_str).collect::<Vec<_>>());
    let words = reserve("2000.01 CNY");
    folder.refused(&server, &words.iter().map(String::as_str).collect::<Vec<_>>(), "above_window");
    let shown = folder.ok(&server, &["show", &child]);
    let windows = shown["budgets"][0]["windows"].as_array().expect("windows");
    assert_eq!(windows.len(), 2, "{shown}");
    assert_eq!((&windows[0]["period"], &windows[0]["length_s"]), (&"fixed".into(), &34_560_000.into()));
    assert_eq!((&windows[0]["used"], &windows[0]["left"]), (&"400000".into(), &"200000".into()));
    assert_eq!((&windows[1]["period"], &windows[1]["most"]), (&"month".into(), &"2000000".into()));
    let listed = folder.person(&server, &["show", &child]).expect(0).out;
    assert!(listed.contains("2 000.00 CNY left of 6 000.00 CNY each 400d"), "{listed}");
    assert!(listed.contains("16 000.00 CNY left of 20 000.00 CNY each month"), "{listed}");
    let words = delegate("12000 CNY window 6000");
    let wrong = folder.person(&server, &words.iter().map(String::as_str).collect::<Vec<_>>()).expect(2);
    assert!(wrong.err.contains("AMOUNT/PERIOD"), "{}", wrong.err);
}

#[test]
fn an_older_ledger_is_upgraded_by_its_operators() {
    let folder = Folder::with(&["--rules", "1"]);
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    let delegate = [&delegate[..], &["--budget", "any CNY window 300/day"]].concat();
    folder.refused(&server, &delegate, "not_enabled");
    folder.refused(&server, &["upgrade", "--key", "company.pem"], "not_the_operators");
    let operator = folder.ledger().join("operator-1.pem");
    folder.ok(&server, &["upgrade", "--key", text(&operator)]);
    folder.refused(&server, &["upgrade", "--key", text(&operator)], "already_so");
    folder.ok(&server, &delegate);
    let unknown = folder.person(&server, &["upgrade", "--rules", "4", "--key", text(&operator)]).expect(2);
    assert!(unknown.err.contains("this command knows 1 to 3"), "{}", unknown.err);
    drop(server);
    let mut replay = crate::run::remit();
    replay.args(["--json", "audit", "replay"]).arg(folder.ledger());
    assert_eq!(crate::run::run(&mut replay).expect(0).json()["ok"], true);
}
