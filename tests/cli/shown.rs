//! What people are shown before they sign, and what they are told afterwards: the thing itself, in its own unit.

use crate::counter::{Counter, TILL};
use crate::server::{Folder, text};
use crate::story::{cast, id, key};
use std::fs;

/// A request file of 1 minor unit in a unit with this many decimals, as its writer says.
fn request(c: &Counter, decimals: &str) -> String {
    let asked = ["--service", &c.cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let words = [&["request", &c.token, "--unsubmitted", "--out", "request.json"][..], &asked].concat();
    let paid = ["--amount", "100 CNY", "--key", "agent.pem"];
    c.folder.ok(&c.server, &[&words[..], &paid].concat());
    let file = fs::read_to_string(c.folder.path("request.json")).expect("a file");
    file.replace("\"decimals\": 2", &format!("\"decimals\": {decimals}"))
}

#[test]
fn a_request_file_crashes_nobody() {
    let c = Counter::new();
    for decimals in ["70000", "18446744073709551615"] {
        fs::remove_file(c.folder.path("request.json")).unwrap_or_default();
        let file = request(&c, decimals);
        assert!(file.contains(decimals), "{file}");
        fs::write(c.folder.path("bad.json"), file).expect("a file");
        for words in [
            &["approvals", "show", "bad.json"][..],
            &["approvals", "sign", "bad.json", "--key", "agent.pem", "--out", "a.cbor"],
        ] {
            let ran = c.offline(words);
            assert!(!ran.err.contains("panicked") && ran.code != 101, "{}", ran.err);
        }
    }
}

#[test]
fn an_amount_in_another_unit_is_not_captured_or_refunded() {
    let c = Counter::new();
    let operator = c.folder.ledger().join("operator-1.pem");
    for (unit, decimals) in [("JPY", "0"), ("KWD", "3")] {
        c.folder.ok(&c.server, &["unit", "add", unit, "--decimals", decimals, "--key", text(&operator)]);
    }
    let asked = [
        "--service",
        &c.cast.airline,
        "--action",
        "book",
        "--resource",
        "flights/CA1501",
        "--argument",
        "amount=1",
    ];
    let words = ["reserve", &c.token, "--amount", "900 CNY", "--refund-until", "30d", "--key", "agent.pem"];
    let held = id(&c.folder.ok(&c.server, &[&words[..], &asked].concat()));
    let mut wrong = Vec::new();
    let capture =
        c.folder.person(&c.server, &["capture", &held, "--amount", "900 JPY", "--key", "airline.pem"]);
    if capture.code == 0 {
        wrong.push(capture.out);
    }
    let captured =
        id(&c.folder.ok(&c.server, &["capture", &held, "--amount", "800 CNY", "--key", "airline.pem"]));
    let refund =
        c.folder.person(&c.server, &["refund", &captured, "--amount", "10 KWD", "--key", "airline.pem"]);
    if refund.code == 0 {
        wrong.push(refund.out);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn who_signs_a_prepared_lease_is_shown_its_deadlines() {
    let c = Counter::new();
    let lease = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", "2000 CNY"];
    let more = ["--spend-until", "2h", "--settle-by", "2027-01-01", "--refund-until", "2027-02-02"];
    let last = ["--key", "agent.pem", "--prepare", "lease.cbor"];
    c.folder.ok(&c.server, &[&lease[..], &more[..2], &last].concat());
    let mut settle = ["--settle-by", "20d", "--refund-until", "300d"].to_vec();
    settle.extend(last);
    c.folder.ok(&c.server, &[&lease[..], &more[..2], &settle].concat());
    let ran = c.offline(&["sign", "lease.cbor"]).expect(0);
    let says = ran.json()["operations"][0]["says"].as_str().expect("a text").to_owned();
    for part in ["spent until 20", "settled until 20", "refunds until 20", "epoch 0"] {
        assert!(says.contains(part), "locked for 20 days, refunds for 300, and not a word of it: {says}");
    }
}

#[test]
fn an_approver_is_told_that_the_token_is_revoked() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let (agent, ann) = (key(&folder, "agent.pem"), key(&folder, "ann.pem"));
    let allow = format!("service={} action=book resource=flights/**", cast.airline);
    let issue =
        ["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "30d", "--budget", "20000 CNY"];
    let more = ["--allow", &allow, "--key", "company.pem", "--approver", &ann];
    let token = id(&folder.ok(&server, &[&issue[..], &more].concat()));
    let asked = [
        "--service",
        &cast.airline,
        "--action",
        "book",
        "--resource",
        "flights/CA1501",
        "--key",
        "agent.pem",
    ];
    let words = [&["request", &token, "--amount", "100 CNY", "--out", "r.json"][..], &asked].concat();
    let request = folder.ok(&server, &words)["request"].as_str().expect("an id").to_owned();
    folder.ok(&server, &["revoke", &token, "--key", "company.pem"]);
    let told = folder.person(&server, &["approvals", "list", "--key", "ann.pem"]).expect(0).out;
    let yes = folder.client(&server, &["approvals", "approve", &request, "--key", "ann.pem"]);
    assert!(told.contains("revoked") || yes.code != 0, "{told}\n{}\n{}", yes.out, yes.err);
}
