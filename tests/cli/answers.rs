//! What a server answers that lies: nobody signs something else than what he named.

use crate::counter::{Counter, TILL};
use crate::liar::{proxy, relay};
use crate::server::Folder;
use crate::story::{cast, id, key};

#[test]
fn decimals_are_proved_where_the_log_key_is_known() {
    let c = Counter::new();
    let url = proxy(&c.server.url, "/v1/units/CNY", |body| {
        assert!(body.contains("\"decimals\":2"), "{body}");
        body.replace("\"decimals\":2", "\"decimals\":4")
    });
    let mut wrong = Vec::new();
    let lease = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", "10.00 CNY"];
    let reserve = [
        "reserve",
        &c.token,
        "--service",
        &c.cast.airline,
        "--action",
        "book",
        "--resource",
        "flights/CA1501",
        "--argument",
        "amount=1",
        "--amount",
        "10.00 CNY",
    ];
    for words in [&lease[..], &reserve] {
        let words = [words, &["--key", "agent.pem", "--url", &url]].concat();
        let ran = c.folder.client(&c.server, &words);
        if ran.code != 0 || ran.json()["amount_minor"] != "1000" {
            wrong.push(ran.out);
        }
    }
    assert!(wrong.is_empty(), "10.00 CNY was typed and something else signed: {wrong:?}");
}

#[test]
fn what_is_signed_is_of_the_token_that_was_named() {
    let c = Counter::new();
    // Another token of the same issuer and holder; the ledger answers with it, and everything in it is proved.
    let agent = key(&c.folder, "agent2.pem");
    let allow = format!("service={} action=book resource=flights/**", c.cast.airline);
    let issue =
        ["issue", "--issuer", &c.cast.issuer, "--to", &agent, "--expires", "30d", "--budget", "20000 CNY"];
    let more = ["--allow", &allow, "--key", "company.pem"];
    let made = || id(&c.folder.ok(&c.server, &[&issue[..], &more].concat()));
    let (named, other) = (made(), made());
    let (from, to) = (named.clone(), other.clone());
    let url = relay(
        &c.server.url,
        "/none",
        |body| body,
        move |head| {
            head.replace(&format!("/v1/tokens/{from}/presentation"), &format!("/v1/tokens/{to}/presentation"))
        },
    );
    let mut wrong = Vec::new();
    let asked = [
        "--service",
        &c.cast.airline,
        "--action",
        "book",
        "--resource",
        "flights/CA1501",
        "--amount",
        "1 CNY",
    ];
    let reserve = [&["reserve", named.as_str(), "--key", "agent2.pem", "--url", &url][..], &asked].concat();
    let ran = c.folder.client(&c.server, &reserve);
    let held = |token: &str| c.folder.ok(&c.server, &["show", token])["budgets"][0]["reserved"].clone();
    if ran.code == 0 && held(&other) == "100" {
        wrong.push(format!("reserved on another token: {}", ran.out));
    }
    let ran = c.folder.person(&c.server, &["revoke", &named, "--key", "company.pem", "--url", &url]);
    let status = c.folder.ok(&c.server, &["show", &other]).to_string();
    if ran.code == 0 {
        wrong.push(format!("revoke {named}: {}; {other}: {status}", ran.out));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_wallet_is_of_the_lease_that_was_named() {
    let c = Counter::new();
    let (named, other) = (id(&c.lease("1000 CNY", "a")), id(&c.lease("2000 CNY", "b")));
    let (from, to) = (named.clone(), other.clone());
    let url = relay(
        &c.server.url,
        "/none",
        |body| body,
        move |head| head.replace(&format!("/v1/leases/{from}/proof"), &format!("/v1/leases/{to}/proof")),
    );
    let ran = c
        .folder
        .client(&c.server, &["voucher", "open", &named, "--unit", "CNY", "--out", "w", "--url", &url]);
    if ran.code == 0 {
        let voucher = c.voucher("w", "agent.pem", "1100 CNY", "one");
        panic!("{}{}", ran.out, voucher.out);
    }
}

#[test]
fn an_approver_signs_what_he_is_shown() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let (agent, ann) = (key(&folder, "agent.pem"), key(&folder, "ann.pem"));
    let allow = format!("service={} action=book resource=flights/**", cast.airline);
    let issue =
        ["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "30d", "--budget", "20000 CNY"];
    let more = ["--allow", &allow, "--key", "company.pem", "--approver", &ann];
    let token = id(&folder.ok(&server, &[&issue[..], &more].concat()));
    let ask = |amount: &str, file: &str| {
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
        let words = [&["request", &token, "--amount", amount, "--out", file][..], &asked].concat();
        folder.ok(&server, &words)["request"].as_str().expect("an id").to_owned()
    };
    let (dear, cheap) = (ask("15000 CNY", "dear.json"), ask("1 CNY", "cheap.json"));
    let (from, to) = (dear.clone(), cheap.clone());
    let url = relay(
        &server.url,
        "/none",
        |body| body,
        move |head| head.replace(&format!("/v1/requests/{from}"), &format!("/v1/requests/{to}")),
    );
    let ran = folder.client(&server, &["approvals", "approve", &dear, "--key", "ann.pem", "--url", &url]);
    let shown = ran.err.clone();
    let reserve = ["reserve", "--approved", "dear.json", "--key", "agent.pem"];
    let spent = folder.client(&server, &reserve);
    assert_ne!(spent.code, 0, "Ann was shown\n{shown}\nand said yes to 15 000: {}", spent.out);
}

#[test]
fn a_request_whose_answer_does_not_hold_keeps_its_file() {
    let c = Counter::new();
    let url = proxy(&c.server.url, "/v1/operations", |body| {
        // The answer's proof does not hold; the operation was applied all the same.
        let at = body.find("index ").expect("a proof");
        format!("{}index 1{}", &body[..at], &body[at + 6..])
    });
    let asked = [
        "--service",
        &c.cast.airline,
        "--action",
        "book",
        "--resource",
        "flights/CA1501",
        "--argument",
        "class=first",
    ];
    let words = [
        "request",
        &c.token,
        "--out",
        "request.json",
        "--amount",
        "100 CNY",
        "--key",
        "agent.pem",
        "--url",
        &url,
    ];
    let ran = c.folder.client(&c.server, &[&words[..], &asked].concat());
    assert_eq!(ran.json()["error"]["code"], "bad_proof", "{}{}", ran.out, ran.err);
    let pending = c.folder.ok(&c.server, &["show", &c.token])["budgets"][0]["pending"].clone();
    assert_eq!(pending, "10000", "it was applied");
    assert!(
        c.folder.path("request.json").exists(),
        "the only copy of the salts is gone, and the value waits"
    );
}

#[test]
fn a_party_signs_in_no_key_that_a_server_adds() {
    let c = Counter::new();
    let (stranger, new) = (key(&c.folder, "stranger.pem"), key(&c.folder, "new.pem"));
    let added = stranger.clone();
    let url = proxy(&c.server.url, "/v1/parties/", move |body| {
        assert!(body.contains("\"keys\":["), "{body}");
        body.replace("\"keys\":[", &format!("\"keys\":[\"{added}\","))
    });
    let change = ["party", "keys", &c.cast.airline, "--key", "airline.pem", "--add", &new];
    let more = ["--prepare", "keys.cbor", "--url", &url];
    c.folder.client(&c.server, &[&change[..], &more].concat()).expect(0);
    let says = c.offline(&["sign", "keys.cbor"]).expect(0).json()["operations"][0]["says"].to_string();
    assert!(says.contains(&new) && !says.contains(&stranger), "{says}");
    // Changed once and once more: each change stands on the one before.
    for name in ["second.pem", "third.pem"] {
        key(&c.folder, name);
        let change = ["party", "keys", &c.cast.airline, "--key", "airline.pem", "--add", name];
        c.folder.ok(&c.server, &change);
    }
    // A server that leaves the first change out shows nothing that holds.
    let url = proxy(&c.server.url, "/v1/parties/", |body| {
        let at = body.find("\"entries\":[").expect("entries") + 11;
        let end = at + body[at..].find(']').expect("an end");
        let entries: Vec<&str> = body[at..end].split(',').collect();
        assert_eq!(entries.len(), 3, "{body}");
        format!("{}{},{}{}", &body[..at], entries[0], entries[2], &body[end..])
    });
    let rotate =
        ["party", "rotate", &c.cast.airline, "--key", "second.pem", "--new-key", "new.pem", "--url", &url];
    let ran = c.folder.client(&c.server, &rotate);
    assert_eq!(ran.json()["error"]["code"], "bad_answer", "{}{}", ran.out, ran.err);
}
