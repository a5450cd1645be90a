//! Tills and wallets as files: one voucher is served once and one number signed once, whatever the file is called.

use crate::counter::{Counter, TILL};
use crate::run::{remit, run};
use crate::server::text;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_till_that_is_named_by_a_link_is_the_same_till() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    symlink("till.cbor", c.folder.path("link.cbor")).expect("a link");
    c.voucher("stay", "agent.pem", "1200 CNY", "one").expect(0);
    assert_eq!(c.accept("link.cbor", "one").expect(0).json()["answer"], "taken");
    let again = c.accept("till.cbor", "one");
    assert_eq!(again.json()["answer"], "repeated", "voucher 1 was served twice by one till: {}", again.out);
}

#[test]
fn a_till_with_two_names_is_the_same_till() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    fs::hard_link(c.folder.path("till.cbor"), c.folder.path("hard.cbor")).expect("a link");
    c.voucher("stay", "agent.pem", "1200 CNY", "one").expect(0);
    for name in ["hard.cbor", "till.cbor"] {
        let refused = c.accept(name, "one");
        assert_eq!(
            (refused.code, &refused.json()["error"]["code"]),
            (2, &"not_one_file".into()),
            "{}",
            refused.out
        );
    }
    fs::remove_file(c.folder.path("hard.cbor")).expect("removed");
    assert_eq!(c.accept("till.cbor", "one").expect(0).json()["answer"], "taken");
}

#[test]
fn a_wallet_that_is_named_by_a_link_is_the_same_wallet() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    fs::create_dir(c.folder.path("alias")).expect("a folder");
    symlink("../stay/wallet.cbor", c.folder.path("alias/wallet.cbor")).expect("a link");
    symlink("../stay/unit.txt", c.folder.path("alias/unit.txt")).expect("a link");
    assert_eq!(c.voucher("alias", "agent.pem", "1200 CNY", "one").expect(0).json()["number"], 1);
    let next = c.voucher("stay", "agent.pem", "1100 CNY", "two").json();
    assert_eq!(next["number"], 2, "number 1 was signed twice: {next}");
}

#[test]
fn the_wrong_key_signs_no_voucher() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    let ran = c.voucher("stay", "assistant.pem", "1200 CNY", "one");
    assert_eq!(ran.json()["error"]["code"], "wrong_holder", "number 1 is used up: {}", ran.out);
    assert_eq!(c.voucher("stay", "agent.pem", "1200 CNY", "one").expect(0).json()["number"], 1);
}

#[test]
fn the_last_voucher_is_shown_again_with_its_arguments() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    fs::write(c.folder.path("file"), "a file where the folder should be").expect("a file");
    assert_eq!(c.voucher("stay", "agent.pem", "100 CNY", "file").code, 2);
    let none = c.offline(&["voucher", "last", "stay", "--out", "again"]);
    assert_eq!(none.json()["error"]["code"], "wrong_number", "nothing was signed: {}", none.out);
    fs::create_dir(c.folder.path("taken")).expect("a folder");
    symlink("nowhere", c.folder.path("taken/voucher.cbor")).expect("a link");
    let lost = c.voucher("stay", "agent.pem", "100 CNY", "taken");
    assert_ne!(lost.code, 0, "it is signed and counted, and cannot be written there");
    c.offline(&["voucher", "last", "stay", "--out", "again"]).expect(0);
    let ran = c.accept("till.cbor", "again");
    assert_eq!(ran.code, 0, "the wallet counted it, and nobody can take it: {}{}", ran.out, ran.err);
}

#[test]
fn the_last_voucher_does_not_lie_beside_the_arguments_of_another() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    c.voucher("stay", "agent.pem", "100 CNY", "desk").expect(0);
    c.accept("till.cbor", "desk").expect(0);
    c.voucher("stay", "agent.pem", "100 CNY", "two").expect(0);
    c.offline(&["voucher", "last", "stay", "--out", "desk"]).expect(0);
    let ran = c.accept("till.cbor", "desk");
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_wallet_is_opened_in_the_unit_of_its_lease() {
    let c = Counter::new();
    let operator = c.folder.ledger().join("operator-1.pem");
    c.folder.ok(&c.server, &["unit", "add", "JPY", "--decimals", "0", "--key", text(&operator)]);
    let lease = c.lease("3000 CNY", "stay");
    let open = ["voucher", "open", lease["id"].as_str().expect("an id"), "--unit", "JPY", "--out", "yen"];
    let ran = c.folder.client(&c.server, &open);
    if ran.code == 0 {
        let v = c.voucher("yen", "agent.pem", "1200 JPY", "one");
        panic!("a lease of CNY with a wallet in JPY: {}{}", ran.out, v.out);
    }
}

#[test]
fn a_file_that_is_none_is_not_read_for_ever() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    for device in ["/dev/zero", "fifo"] {
        let shown = c.folder.path("shown");
        fs::create_dir_all(&shown).expect("a folder");
        fs::remove_file(shown.join("voucher.cbor")).unwrap_or_default();
        if device == "fifo" {
            run(std::process::Command::new("mkfifo").arg(shown.join("voucher.cbor"))).expect(0);
        } else {
            symlink(device, shown.join("voucher.cbor")).expect("a link");
        }
        let mut command = std::process::Command::new("sh");
        command
            .arg("-c")
            .arg("ulimit -v 2000000; exec timeout 20 \"$0\" \"$@\"")
            .arg(env!("CARGO_BIN_EXE_remit"));
        command.args([
            "till",
            "accept",
            "till.cbor",
            "--proof",
            "stay/lease-proof.cbor",
            "--policy",
            "airline.toml",
        ]);
        let ran = run(command.args(["--shown", "shown"]).current_dir(c.folder.path("")));
        assert!(ran.code != 124 && !ran.err.contains("memory"), "{device}: {} {}", ran.code, ran.err);
    }
}

#[test]
fn what_is_put_in_the_folder_of_another_goes_nowhere_else() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    fs::write(c.folder.path("precious"), "precious").expect("a file");
    fs::create_dir(c.folder.path("theirs")).expect("a folder");
    for name in ["voucher.cbor.new", "voucher.cbor"] {
        symlink("../precious", c.folder.path("theirs").join(name)).expect("a link");
    }
    assert_eq!(c.voucher("stay", "agent.pem", "100 CNY", "theirs").code, 2);
    let kept = fs::read(c.folder.path("precious")).expect("a file");
    assert_eq!(kept, b"precious", "a link that somebody laid in the folder was written through");
}

#[test]
fn a_lease_that_has_no_room_for_its_wallet_is_not_opened() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    let lease = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", "2000 CNY"];
    let more = ["--spend-until", "2h", "--settle-by", "3h", "--key", "agent.pem", "--out", "stay"];
    let second = c.folder.client(&c.server, &[&lease[..], &more].concat());
    assert_eq!(second.json()["error"]["code"], "exists", "{}", second.out);
    let leased = c.folder.ok(&c.server, &["show", &c.token])["budgets"][0]["leased"].clone();
    let said = format!("{}{}", second.out, second.err);
    assert_eq!(leased, "300000", "2 000 CNY are locked; all that was said: {said}");
}

#[test]
fn a_till_is_not_closed_by_a_settlement_that_cannot_be_signed() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    let settle = c.folder.client(&c.server, &["till", "settle", "till.cbor", "--key", "airlime.pem"]);
    assert_ne!(settle.code, 0, "there is no such key");
    let settle = c.folder.client(&c.server, &["till", "settle", "till.cbor", "--key", "agent.pem"]);
    assert_eq!(settle.json()["error"]["code"], "not_the_payee", "{}", settle.out);
    c.voucher("stay", "agent.pem", "100 CNY", "one").expect(0);
    let accept = c.accept("till.cbor", "one");
    assert_eq!(accept.code, 0, "nothing was signed or sent, and the till is closed for ever: {}", accept.out);
}

#[test]
fn a_till_that_is_killed_takes_each_voucher_once() {
    let c = Counter::new();
    c.lease("3000 CNY", "stay");
    c.open("till.cbor", "stay");
    let (mut answered, mut cut) = (0, 0);
    for n in 0u64..40 {
        c.voucher("stay", "agent.pem", "1 CNY", "one").expect(0);
        let mut command = remit();
        command.args(["--json", "till", "accept", "till.cbor", "--proof", "stay/lease-proof.cbor"]);
        command.args(["--policy", "airline.toml", "--shown", "one"]).current_dir(c.folder.path(""));
        let mut child = command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("it starts");
        std::thread::sleep(std::time::Duration::from_micros(2_000 + n * 700));
        child.kill().unwrap_or_default();
        let out = String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("text");
        let again = c.accept("till.cbor", "one").expect(0).json();
        if out.contains("taken") {
            answered += 1;
            assert_eq!(again["answer"], "repeated");
        } else if again["answer"] == "repeated" {
            cut += 1;
        }
        assert_eq!(again["number"], n + 1);
    }
    println!("answered {answered}, stored and not answered {cut}");
}
