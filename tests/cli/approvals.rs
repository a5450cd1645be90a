//! A flight that is too dear for the agent alone: asked for, approved on the ledger or by files that travel, refused,
//! taken back; and a door that opens only with somebody's yes, where no ledger is asked.

use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server};
use crate::story::{Cast, cast, id, key};
use serde_json::Value;

/// A token of 20 000 CNY that needs `k` of these approvers.
fn guarded(folder: &Folder, server: &Server, cast: &Cast, k: &str, more: &[&str]) -> String {
    let assistant =
        run(remit().args(["--json", "key", "show"]).arg(folder.path("assistant.pem"))).expect(0).json();
    let assistant = assistant["key"].as_str().expect("a key").to_owned();
    let allow = format!("service={} action=book,open resource=**", cast.airline);
    let (ann, ben) = (key(folder, "ann.pem"), key(folder, "ben.pem"));
    let mut words = vec!["issue", "--issuer", &cast.issuer, "--to", &assistant, "--expires", "30d"];
    words.extend(["--budget", "20000 CNY", "--allow", &allow, "--key", "company.pem", "--approvals", k]);
    words.extend(["--approver", &ann, "--approver", &ben]);
    words.extend(more);
    id(&folder.ok(server, &words))
}

fn flight<'w>(cast: &'w Cast, amount: &'w str) -> Vec<&'w str> {
    let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let paid = ["--argument", "class=first", "--amount", amount, "--key", "assistant.pem"];
    [&asked[..], &paid].concat()
}

/// Asks for a flight on the ledger; the request id.
fn ask(folder: &Folder, server: &Server, cast: &Cast, token: &str, file: &str) -> String {
    let words = [&["request", token, "--out", file][..], &flight(cast, "6000 CNY")].concat();
    let asked = folder.ok(server, &words);
    assert_eq!(asked["proved"], true, "{asked}");
    asked["request"].as_str().expect("an id").to_owned()
}

fn verify(folder: &Folder, shown: &str) -> Ran {
    let mut command = remit();
    let arguments = ["--json", "verify", "--policy", "airline.toml", "--shown", shown];
    run(command.current_dir(folder.path("")).args(arguments))
}

fn policy(folder: &Folder, server: &Server, cast: &Cast) {
    let words = ["policy", "--party", &cast.airline, "--issuer", &cast.issuer, "--max-staleness", "10m"];
    let policy = folder.ok(server, &words);
    let text = policy["policy"].as_str().expect("a policy");
    std::fs::write(folder.path("airline.toml"), text).expect("a file");
}

fn pending(folder: &Folder, server: &Server, token: &str) -> Value {
    folder.ok(server, &["show", token])["budgets"][0]["pending"].clone()
}

#[test]
fn a_flight_above_the_threshold_is_asked_for_approved_and_booked() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    policy(&folder, &server, &cast);
    let token = guarded(&folder, &server, &cast, "1", &["--approve-above", "5000 CNY"]);
    let told = folder.person(&server, &["show", &token]).expect(0).out;
    assert!(told.contains("a payment above 5 000.00 CNY, or in another unit, needs 1 of did:key:"), "{told}");
    let reserve = [&["reserve", token.as_str()][..], &flight(&cast, "6000 CNY")].concat();
    let refused = folder.client(&server, &reserve).expect(1);
    assert_eq!(refused.json()["error"]["code"], "approval_required");
    assert!(refused.err.contains("hint: `remit request TOKEN"), "{}", refused.err);

    let request = ask(&folder, &server, &cast, &token, "request.json");
    let again = [&["request", &token, "--out", "request.json"][..], &flight(&cast, "6000 CNY")].concat();
    let again = folder.client(&server, &again).expect(2);
    assert_eq!(again.json()["error"]["code"], "exists", "a request that waits is not written over");
    assert_eq!(pending(&folder, &server, &token), "600000");
    let told = folder.person(&server, &["list", "--key", "assistant.pem"]).expect(0).out;
    assert!(told.contains("6 000.00 CNY waits for approval"), "{told}");
    let told = folder.person(&server, &["list", "--key", "ann.pem"]).expect(0).out;
    assert!(told.contains("requests that wait for its approval: 1;"), "{told}");
    let listed = folder.ok(&server, &["approvals", "list", "--key", "ann.pem"]);
    assert_eq!(listed["requests"][0]["id"], request.as_str());
    let told = folder.person(&server, &["approvals", "list", "--key", "ann.pem"]).expect(0).out;
    for part in [
        "to book flights/CA1501",
        "for 6 000.00 CNY",
        "calls itself \"The airline\"",
        "0 of 1 said yes",
        "with class, of which the ledger has a digest",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert_eq!(folder.ok(&server, &["show", &request])["kind"], "request");

    let carry = ["reserve", "--approved", "request.json", "--key", "assistant.pem", "--out", "booking"];
    folder.refused(&server, &carry, "approval_required");
    key(&folder, "mallory.pem");
    folder.refused(&server, &["approvals", "approve", &request, "--key", "mallory.pem"], "not_an_approver");
    let yes = ["approvals", "approve", "request.json", "--key", "ann.pem"];
    let approved = folder.client(&server, &yes).expect(0);
    assert!(approved.err.contains("with class \"first\""), "what is signed is shown first: {}", approved.err);
    folder.refused(&server, &yes, "already_so");
    let shown = folder.ok(&server, &["approvals", "show", &request]);
    assert_eq!((&shown["rules"][0]["met"], &shown["approved"][1]), (&true.into(), &Value::Null));

    let both = [&carry[..], &["--service", &cast.airline]].concat();
    folder.client(&server, &both).expect(2);
    let reserved = folder.ok(&server, &carry);
    assert_eq!(
        (&reserved["amount_minor"], pending(&folder, &server, &token)),
        (&"600000".into(), "0".into())
    );
    assert_eq!(verify(&folder, "booking").expect(0).json()["decision"], "allowed");
    folder.refused(&server, &carry, "request_closed");
    folder.refused(&server, &["approvals", "show", &request], "request_closed");
    let capture = ["capture", &id(&reserved), "--amount", "6000 CNY", "--key", "airline.pem"];
    folder.ok(&server, &capture);
    let told = folder.person(&server, &["approvals", "list", "--key", "ann.pem"]).expect(0).out;
    assert!(told.starts_with("nothing waits for did:key:"), "{told}");
}

#[test]
fn one_says_yes_on_the_ledger_and_one_in_a_file_that_travels() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let token = guarded(&folder, &server, &cast, "2", &["--approve-above", "5000 CNY"]);
    let request = ask(&folder, &server, &cast, &token, "request.json");
    ask(&folder, &server, &cast, &token, "other.json");
    folder.ok(&server, &["approvals", "approve", &request, "--key", "ann.pem"]);
    let told = folder.person(&server, &["approvals", "show", &request]).expect(0).out;
    assert!(told.contains("1 of 2 said yes"), "{told}");
    let sign = |file: &str, out: &str| {
        let arguments = ["--json", "approvals", "sign", file, "--key", "ben.pem", "--out", out];
        run(remit().args(arguments).current_dir(folder.path(""))).expect(0)
    };
    let signed = sign("request.json", "ben.cbor");
    assert_eq!(signed.json()["request"], request.as_str());
    for part in ["600000 minor units", "the file says that this is 6 000.00 CNY", "with class \"first\""] {
        assert!(signed.err.contains(part), "{part} in {}", signed.err);
    }
    sign("other.json", "other.cbor");
    let carry = |approval: &'static str| {
        [
            "reserve",
            "--approved",
            "request.json",
            "--approval",
            approval,
            "--key",
            "assistant.pem",
            "--out",
            "booking",
        ]
    };
    folder.refused(
        &server,
        &["reserve", "--approved", "request.json", "--key", "assistant.pem"],
        "approval_required",
    );
    folder.refused(&server, &carry("other.cbor"), "unknown_request");
    folder.ok(&server, &carry("ben.cbor"));
    assert!(folder.path("booking/approvals/01.cbor").exists());
    folder.refused(&server, &carry("ben.cbor"), "request_closed");
}

#[test]
fn what_is_refused_or_taken_back_returns_its_value() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let token = guarded(&folder, &server, &cast, "1", &["--approve-above", "5000 CNY"]);
    let [one, two, three] =
        ["1.json", "2.json", "3.json"].map(|file| ask(&folder, &server, &cast, &token, file));
    assert_eq!(pending(&folder, &server, &token), "1800000");
    folder.refused(&server, &["approvals", "refuse", &one, "--key", "airline.pem"], "not_an_approver");
    folder.ok(&server, &["approvals", "refuse", &one, "--key", "ben.pem"]);
    folder.refused(&server, &["approvals", "refuse", &one, "--key", "ben.pem"], "request_closed");
    folder.refused(&server, &["approvals", "withdraw", &two, "--key", "ann.pem"], "wrong_signer");
    folder.ok(&server, &["approvals", "withdraw", &two, "--key", "assistant.pem"]);
    // The issuer is above everybody.
    folder.ok(&server, &["approvals", "withdraw", &three, "--key", "company.pem"]);
    assert_eq!(pending(&folder, &server, &token), "0");
    folder.refused(&server, &["reserve", "--approved", "1.json", "--key", "assistant.pem"], "request_closed");
    let nowhere = "ab".repeat(32);
    folder.refused(&server, &["approvals", "approve", &nowhere, "--key", "ann.pem"], "unknown_request");

    // A suspension ends what waits, and lifting it does not bring it back.
    let late = ask(&folder, &server, &cast, &token, "4.json");
    let suspension = id(&folder.ok(&server, &["suspend", &token, "--key", "company.pem"]));
    folder.ok(&server, &["resume", &token, "--suspension", &suspension, "--key", "company.pem"]);
    folder.refused(&server, &["approvals", "approve", &late, "--key", "ann.pem"], "request_closed");
    assert_eq!(folder.ok(&server, &["approvals", "show", &late])["cancelled"], true);
}

#[test]
fn a_door_opens_offline_with_an_approval_and_not_without() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    policy(&folder, &server, &cast);
    let token = guarded(&folder, &server, &cast, "1", &[]);
    folder.ok(&server, &["present", &token, "--out", "base"]);
    let door =
        ["--service", &cast.airline, "--action", "open", "--resource", "lounge", "--argument", "guests=2"];
    let base = ["--presentation", "base/presentation.cbor"];
    // From here on no ledger is asked.
    drop(server);
    let offline = |words: &[&str]| run(remit().arg("--json").args(words).current_dir(folder.path("")));
    let asked = ["--unsubmitted", "--out", "request.json"];
    let asked = offline(&[&["request"][..], &base, &door, &asked].concat()).expect(0).json();
    let shown = offline(&["approvals", "show", "request.json"]).expect(0).json();
    assert_eq!((&shown["id"], &shown["arguments"][0]["value"]), (&asked["request"], &"2".into()));
    let present =
        [&["present"][..], &base, &["--approved", "request.json", "--key", "assistant.pem"]].concat();
    offline(&[&present[..], &["--out", "without"]].concat()).expect(0);
    assert_eq!(verify(&folder, "without").expect(1).json()["code"], "approval_required");
    offline(&["approvals", "sign", "request.json", "--key", "ann.pem", "--out", "ann.cbor"]).expect(0);
    offline(&["approvals", "sign", "request.json", "--key", "company.pem", "--out", "company.cbor"])
        .expect(0);
    offline(&[&present[..], &["--approval", "company.cbor", "--out", "stranger"]].concat()).expect(0);
    assert_eq!(verify(&folder, "stranger").expect(1).json()["code"], "not_an_approver");
    offline(&[&present[..], &["--approval", "ann.cbor", "--out", "with"]].concat()).expect(0);
    assert_eq!(verify(&folder, "with").expect(0).json()["decision"], "allowed");
    // The next use of the folder has no approvals, and leaves none.
    offline(&[&present[..], &["--out", "with"]].concat()).expect(0);
    assert_eq!(verify(&folder, "with").expect(1).json()["code"], "approval_required");

    // Whoever changes a word of what is asked changes its name.
    let text = std::fs::read_to_string(folder.path("request.json")).expect("a file");
    std::fs::write(folder.path("request.json"), text.replace("lounge", "vault")).expect("written");
    let sign = ["approvals", "sign", "request.json", "--key", "ann.pem", "--out", "vault.cbor"];
    let refused = offline(&sign).expect(1);
    assert_eq!(refused.json()["error"]["code"], "unknown_request");
    assert!(!folder.path("vault.cbor").exists());
}

#[test]
fn rules_come_out_of_a_file_and_mistakes_are_named() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let (ann, agent) = (key(&folder, "ann.pem"), key(&folder, "agent.pem"));
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    let with = |more: &[&str]| folder.client(&server, &[&delegate[..], more].concat());
    assert!(with(&["--approvals", "2", "--approver", &ann]).expect(2).err.contains("2 approvals of 1"));
    assert!(with(&["--approve-above", "5 CNY"]).expect(2).err.contains("hint: --approver KEY"));
    let budget = ["--budget", "900 CNY approval 500/day"];
    assert_eq!(with(&budget).expect(1).json()["error"]["code"], "no_approvers");
    let file =
        format!("approvers = [\"{ann}\"]\napprove_above = []\nbudgets = [\"900 CNY approval 500/day\"]\n");
    std::fs::write(folder.path("spec.toml"), file).expect("a file");
    let child = id(&with(&["--spec", "spec.toml"]).expect(0).json());
    let shown = folder.ok(&server, &["show", &child]);
    assert_eq!(shown["approval"]["thresholds"], serde_json::json!([]), "{shown}");
    assert_eq!(shown["budgets"][0]["approval"]["most"], "50000");
    let told = folder.person(&server, &["show", &child]).expect(0).out;
    assert!(told.contains(&format!("every payment needs 1 of {ann}")), "{told}");
    assert!(
        told.contains("500.00 CNY left of 500.00 CNY each day, above which approvers are asked"),
        "{told}"
    );
    // Whoever is to sign a token sees whose approval it needs.
    let prepared = [&delegate[..], &["--approver", &ann, "--prepare", "t.cbor"]].concat();
    folder.ok(&server, &prepared);
    let sign = run(remit().arg("sign").arg(folder.path("t.cbor"))).expect(0).out;
    assert!(sign.contains(&format!("approval: every use needs 1 of {ann}")), "{sign}");
}
