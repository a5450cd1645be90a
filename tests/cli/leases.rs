//! Leases, vouchers and tills as people type them: offline between opening and settling, whatever is lost in between.

use crate::counter::{Counter, TILL};
use crate::run::remit;
use crate::server::text;
use serde_json::Value;
use std::fs;

/// The ends of these commands as these tests look at them: their exit codes, and what they say.
fn open(c: &Counter, state: &str, lease: &str, code: i32) -> Value {
    c.opening(state, lease).expect(code).json()
}

fn voucher(c: &Counter, amount: &str, out: &str, code: i32) -> Value {
    c.voucher("stay", "agent.pem", amount, out).expect(code).json()
}

fn accept(c: &Counter, shown: &str, code: i32) -> Value {
    c.accept("till.cbor", shown).expect(code).json()
}

#[test]
fn vouchers_are_taken_offline_and_settled_with_the_last() {
    let c = Counter::new();
    let lease = c.lease("3000 CNY", "stay");
    assert_eq!((&lease["status"], &lease["amount_minor"]), (&"applied".into(), &"300000".into()));
    let opened = open(&c, "till.cbor", "stay", 0);
    assert_eq!((&opened["lease"], &opened["per_use_minor"]), (&lease["id"], &"120000".into()));
    assert_eq!(open(&c, "till.cbor", "stay", 2)["error"]["code"], "exists", "a till is never begun anew");
    // A till that is not named in the lease does not open it.
    let other =
        ["till", "open", "other.cbor", "--till", &"7b".repeat(32), "--proof", "stay/lease-proof.cbor"];
    let other = c.offline(&[&other[..], &["--policy", "airline.toml"]].concat()).expect(1).json();
    assert_eq!(other["error"]["code"], "wrong_lease");

    let first = voucher(&c, "1200 CNY", "one", 0);
    assert_eq!((&first["number"], &first["left_minor"]), (&1.into(), &"180000".into()));
    assert_eq!(voucher(&c, "1200.01 CNY", "none", 1)["error"]["code"], "above_per_use");
    assert_eq!(accept(&c, "one", 0)["answer"], "taken");
    assert_eq!(accept(&c, "one", 0)["answer"], "repeated", "the answer was lost; the same bytes again");

    // Power was lost before the till was stored: nothing was answered, and it is taken once more.
    let kept = fs::read(c.folder.path("till.cbor")).expect("a till");
    voucher(&c, "800 CNY", "two", 0);
    assert_eq!(accept(&c, "two", 0)["answer"], "taken");
    fs::write(c.folder.path("till.cbor"), kept).expect("a file");
    let again = accept(&c, "two", 0);
    assert_eq!((&again["answer"], &again["cumulative_minor"]), (&"taken".into(), &"200000".into()));
    assert_eq!(accept(&c, "one", 1)["error"]["code"], "wrong_number");
    assert_eq!(voucher(&c, "1000.01 CNY", "none", 1)["error"]["code"], "above_leased");

    let shown = c.folder.ok(&c.server, &["show", lease["id"].as_str().expect("an id")]);
    assert_eq!((&shown["amount"], &shown["over"]), (&"300000".into(), &false.into()));
    let settled = c.folder.ok(&c.server, &["till", "settle", "till.cbor", "--key", "airline.pem"]);
    assert_eq!((&settled["uses"], &settled["amount_minor"]), (&2.into(), &"200000".into()));
    c.folder.refused(&c.server, &["till", "settle", "till.cbor", "--key", "airline.pem"], "settled");
    let token = c.folder.ok(&c.server, &["show", &c.token]);
    let budget = &token["budgets"][0];
    assert_eq!((&budget["captured"], &budget["leased"]), (&"200000".into(), &"0".into()));
    assert_eq!(budget["leases"]["most"], "300000");
    let refund = ["refund", settled["id"].as_str().expect("an id"), "--amount", "500 CNY"];
    c.folder.ok(&c.server, &[&refund[..], &["--key", "airline.pem"]].concat());
}

#[test]
fn a_lease_is_given_back_or_refused() {
    let c = Counter::new();
    let lease = c.lease("3000 CNY", "stay");
    open(&c, "till.cbor", "stay", 0);
    voucher(&c, "100 CNY", "one", 0);
    let given_back = c.folder.ok(&c.server, &["till", "settle", "till.cbor", "--key", "airline.pem"]);
    assert_eq!((&given_back["uses"], &given_back["lease"]), (&0.into(), &lease["id"]));
    assert_eq!(accept(&c, "one", 1)["error"]["code"], "settled", "a till that is closed takes nothing");
    let other = c.lease("3000 CNY", "other");
    let close = ["lease-close", other["id"].as_str().expect("an id"), "--key", "airline.pem"];
    c.folder.ok(&c.server, &close);
    c.folder.refused(&c.server, &close, "settled");
    let words = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--key", "agent.pem"];
    let with = |amount: &'static str, until: &'static str| {
        [&words[..], &["--amount", amount, "--spend-until", until]].concat()
    };
    c.folder.refused(&c.server, &with("3000.01 CNY", "2h"), "above_lease_limit");
    c.folder.refused(&c.server, &with("1 CNY", "9h"), "lease_too_long");
    let short = [&with("1 CNY", "2h")[..], &["--settle-by", "2h"]].concat();
    assert!(c.folder.person(&c.server, &short).expect(2).err.contains("ten minutes"));
    let silent = ["lease", &c.cast.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", "1 CNY"];
    let silent = [&silent[..], &["--key", "assistant.pem"]].concat();
    c.folder.refused(&c.server, &silent, "no_leases");
    // What was signed is not forgotten.
    let again = ["voucher", "open", lease["id"].as_str().expect("an id"), "--unit", "CNY", "--out", "stay"];
    assert_eq!(c.folder.client(&c.server, &again).expect(2).json()["error"]["code"], "exists");
}

/// The holder takes back what the payee refused, and two processes take one of two vouchers with one number.
#[test]
fn one_of_two_vouchers_with_a_number_is_taken() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    open(&c, "till.cbor", "stay", 0);
    voucher(&c, "100 CNY", "one", 0);
    assert_eq!(c.offline(&["voucher", "take-back", "stay"]).expect(0).json()["number"], 1);
    let twice = c.offline(&["voucher", "take-back", "stay"]).expect(1).json();
    assert_eq!(twice["error"]["code"], "wrong_number");
    voucher(&c, "200 CNY", "two", 0);
    let start = |shown: &str| {
        let mut command = remit();
        command.arg("--json").args(c.accept_words("till.cbor", shown)).current_dir(c.folder.path(""));
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().expect("it starts")
    };
    let both = ["one", "two", "one", "two"].map(start);
    for mut child in both {
        child.wait().expect("it ends");
    }
    let answers = ["one", "two"].map(|shown| c.accept("till.cbor", shown));
    let taken = answers.iter().filter(|ran| ran.code == 0).count();
    assert_eq!(taken, 1, "{:?}", answers.map(|ran| ran.out));
    let left = fs::read_dir(c.folder.path("")).expect("a folder").flatten();
    let torn = left.filter(|file| text(&file.path()).ends_with(".new")).count();
    assert_eq!(torn, 0, "what is written beside becomes the file");
    let last = c.offline(&["voucher", "last", "stay", "--out", "again"]).expect(0).json();
    assert_eq!(last["number"], 1);
    let kept = |of: &str| fs::read(c.folder.path(of).join("voucher.cbor")).expect("a voucher");
    assert_eq!(kept("again"), kept("two"));
}
