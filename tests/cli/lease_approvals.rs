//! A lease that is too large for the agent alone: asked for with its till and deadlines, approved on the ledger or by
//! files that travel, opened once, and spent in small uses.

use crate::counter::{Counter, TILL};
use crate::run::{remit, run};
use crate::story::{id, key};
use serde_json::Value;

/// A counter whose token asks Ann or Ben above 1 000 CNY.
fn guarded() -> Counter {
    let mut c = Counter::new();
    let agent = run(remit().args(["--json", "key", "show"]).arg(c.folder.path("agent.pem"))).expect(0).json();
    let agent = agent["key"].as_str().expect("a key").to_owned();
    let (ann, ben) = (key(&c.folder, "ann.pem"), key(&c.folder, "ben.pem"));
    let allow = format!("service={} action=book resource=flights/**", c.cast.airline);
    let issue = ["issue", "--issuer", &c.cast.issuer, "--to", &agent, "--expires", "30d", "--allow", &allow];
    let budget = ["--budget", "20000 CNY per-use 1200 lease 9000/8h", "--key", "company.pem"];
    let asks = ["--approver", &ann, "--approver", &ben, "--approve-above", "1000 CNY"];
    c.token = id(&c.folder.ok(&c.server, &[&issue[..], &budget, &asks].concat()));
    c
}

fn words<'w>(c: &'w Counter, amount: &'w str, more: &[&'w str]) -> Vec<&'w str> {
    let lease = ["lease", &c.token, "--payee", &c.cast.airline, "--till", TILL, "--amount", amount];
    let times = ["--spend-until", "2h", "--settle-by", "3h", "--key", "agent.pem"];
    [&lease[..], &times, more].concat()
}

/// Asks for a lease of 3 000 CNY.
fn ask(c: &Counter, file: &str) -> Value {
    let asked = c.folder.ok(&c.server, &words(c, "3000 CNY", &["--ask", file]));
    assert_eq!(asked["proved"], true, "{asked}");
    asked
}

fn budget(c: &Counter) -> (Value, Value) {
    let budget = c.folder.ok(&c.server, &["show", &c.token])["budgets"][0].clone();
    (budget["pending"].clone(), budget["leased"].clone())
}

const OPEN: [&str; 7] = ["lease", "--approved", "request.json", "--key", "agent.pem", "--out", "stay"];

#[test]
fn a_lease_above_the_threshold_is_asked_for_approved_and_opened() {
    let c = guarded();
    let refused = c.folder.client(&c.server, &words(&c, "3000 CNY", &[])).expect(1);
    assert_eq!(refused.json()["error"]["code"], "approval_required");
    assert!(refused.err.contains("--ask request.json"), "{}", refused.err);
    let asked = ask(&c, "request.json");
    let request = asked["request"].as_str().expect("an id");
    let again = c.folder.client(&c.server, &words(&c, "3000 CNY", &["--ask", "request.json"])).expect(2);
    assert_eq!(again.json()["error"]["code"], "exists", "a request that waits is not written over");
    assert_eq!(budget(&c), ("300000".into(), "0".into()));

    // Whoever is asked reads that it is a lease, for which till, and for how long.
    let lasts = ["for a lease to its till 7a7a7a7a", "spent until 20", "settled until 20", "no refunds"];
    let told = c.folder.person(&c.server, &["approvals", "list", "--key", "ann.pem"]).expect(0).out;
    for part in [&lasts[..], &["for 3 000.00 CNY", "0 of 1 said yes", "no\n  revocation takes back"]].concat()
    {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("  to "), "no action and no resource: {told}");
    let shown = c.folder.ok(&c.server, &["approvals", "show", request]);
    let file = c.offline(&["approvals", "show", "request.json"]).expect(0).json();
    assert_eq!((&shown["lease"], &shown["lease"]["till"]), (&file["lease"], &TILL.into()));
    let explained = c.folder.person(&c.server, &["explain", asked["id"].as_str().expect("an id")]);
    assert!(explained.expect(0).out.contains("request for a lease, 3 000.00 CNY"));

    // It is no purchase, and nobody has said yes.
    let reserve = ["reserve", "--approved", "request.json", "--key", "agent.pem"];
    let no_use = c.folder.client(&c.server, &reserve).expect(2);
    assert!(no_use.err.contains("what was approved is a lease"), "{}", no_use.err);
    c.folder.refused(&c.server, &OPEN, "approval_required");
    let yes = ["approvals", "approve", "request.json", "--key", "ann.pem"];
    let approved = c.folder.client(&c.server, &yes).expect(0);
    for part in lasts {
        assert!(approved.err.contains(part), "what is signed is shown first: {}", approved.err);
    }
    let lease = c.folder.ok(&c.server, &OPEN);
    assert_eq!(budget(&c), ("0".into(), "300000".into()));
    c.folder.refused(&c.server, &[&OPEN[..5], &["--out", "other"]].concat(), "request_closed");
    let explained = c.folder.person(&c.server, &["explain", lease["id"].as_str().expect("an id")]);
    assert!(explained.expect(0).out.contains(&format!("carries out request {request}")));

    // Each use is below the threshold, on either side of the counter.
    let opened = c.opening("till.cbor", "stay").expect(0).json();
    assert_eq!(opened["per_use_minor"], "100000");
    let above = c.voucher("stay", "agent.pem", "1000.01 CNY", "above").expect(1).json();
    assert_eq!(above["error"]["code"], "above_per_use");
    c.voucher("stay", "agent.pem", "1000 CNY", "one").expect(0);
    assert_eq!(c.accept("till.cbor", "one").expect(0).json()["answer"], "taken");
}

#[test]
fn a_yes_to_a_lease_travels_and_is_to_that_lease_alone() {
    let c = guarded();
    let asked = c.folder.ok(&c.server, &words(&c, "3000 CNY", &["--ask", "request.json", "--unsubmitted"]));
    assert_eq!((&asked["status"], budget(&c)), (&"unsubmitted".into(), ("0".into(), "0".into())));
    let other = ["--ask", "other.json", "--unsubmitted", "--refund-until", "30d"];
    c.folder.ok(&c.server, &words(&c, "3000 CNY", &other));
    let sign = |file: &str, out: &str| {
        c.offline(&["approvals", "sign", file, "--key", "ben.pem", "--out", out]).expect(0)
    };
    let signed = sign("request.json", "ben.cbor");
    for part in ["for a lease to its till 7a7a7a7a", "no refunds", "the file says that this is 3 000.00 CNY"]
    {
        assert!(signed.err.contains(part), "{part} in {}", signed.err);
    }
    assert!(sign("other.json", "other.cbor").err.contains("refunds until 20"));
    let with = |approval: &'static str| [&OPEN[..], &["--approval", approval]].concat();
    c.folder.refused(&c.server, &with("other.cbor"), "unknown_request");
    // Whoever changes a word of what is asked changes its name.
    let text = std::fs::read_to_string(c.folder.path("request.json")).expect("a file");
    let longer = text.replace("\"settle_by_s\": 1", "\"settle_by_s\": 2");
    assert_ne!(text, longer);
    std::fs::write(c.folder.path("longer.json"), longer).expect("written");
    let sign = ["approvals", "sign", "longer.json", "--key", "ann.pem", "--out", "longer.cbor"];
    assert_eq!(c.offline(&sign).expect(1).json()["error"]["code"], "unknown_request");
    // Prepared, it takes its approval along.
    let prepare = ["lease", "--approved", "request.json", "--approval", "ben.cbor", "--key", "agent.pem"];
    c.folder.ok(&c.server, &[&prepare[..], &["--prepare", "lease.cbor"]].concat());
    let says = c.offline(&["sign", "lease.cbor"]).expect(0).out;
    assert!(says.contains("as it was asked for with nonce"), "{says}");
    c.folder.ok(&c.server, &["submit", "lease.cbor"]);
    c.folder.refused(&c.server, &with("ben.cbor"), "request_closed");
    assert_eq!(budget(&c), ("0".into(), "300000".into()));
}

#[test]
fn a_lease_that_waits_is_taken_back_and_mistakes_are_named() {
    let c = guarded();
    let asked = ask(&c, "request.json");
    let request = asked["request"].as_str().expect("an id");
    c.folder.ok(&c.server, &["approvals", "withdraw", request, "--key", "agent.pem"]);
    assert_eq!(budget(&c), ("0".into(), "0".into()));
    c.folder.refused(&c.server, &OPEN, "request_closed");
    let late = words(&c, "3000 CNY", &["--ask", "late.json", "--decide-by", "3h"]);
    assert!(c.folder.client(&c.server, &late).expect(2).err.contains("--decide-by is after --spend-until"));
    c.folder.client(&c.server, &["lease", "--key", "agent.pem"]).expect(2);
    let both = ["lease", &c.token, "--approved", "request.json", "--key", "agent.pem"];
    c.folder.client(&c.server, &both).expect(2);
    // A use that was approved opens no lease.
    let of_use = ["request", &c.token, "--service", &c.cast.airline, "--action", "book"];
    let paid = ["--resource", "flights/CA1501", "--amount", "1100 CNY", "--key", "agent.pem"];
    c.folder.ok(&c.server, &[&of_use[..], &paid, &["--out", "use.json"]].concat());
    let open = ["lease", "--approved", "use.json", "--key", "agent.pem", "--out", "stay"];
    let no_lease = c.folder.client(&c.server, &open).expect(2);
    assert!(no_lease.err.contains("what was approved is no lease"), "{}", no_lease.err);
    // What the rules refuse now they may apply later, and the file is the only copy of its nonce.
    c.folder.refused(&c.server, &words(&c, "9000.01 CNY", &["--ask", "much.json"]), "above_lease_limit");
    assert!(c.folder.path("much.json").exists());
}
