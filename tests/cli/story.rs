//! One story from the first key to the last audit, over a real server: what the README promises, typed by hand.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use serde_json::Value;

/// Everybody's key, by the name of its file, as `did:key`.
pub(crate) fn key(folder: &Folder, name: &str) -> String {
    let made = run(remit().args(["--json", "key", "new", "--plain", text(&folder.path(name))])).expect(0);
    made.json()["key"].as_str().expect("a key").to_owned()
}

pub(crate) fn id(answer: &Value) -> String {
    answer["id"].as_str().expect("an id").to_owned()
}

/// Company and airline, the unit, and a token of 20 000 CNY for the assistant.
pub(crate) struct Cast {
    pub(crate) issuer: String,
    pub(crate) airline: String,
    pub(crate) token: String,
}

pub(crate) fn cast(folder: &Folder, server: &Server) -> Cast {
    let assistant = key(folder, "assistant.pem");
    key(folder, "company.pem");
    key(folder, "airline.pem");
    let operator = folder.ledger().join("operator-1.pem");
    let issuer = id(&folder.ok(server, &["party", "add", "The company", "--key", "company.pem"]));
    let airline = id(&folder.ok(server, &["party", "add", "The airline", "--key", "airline.pem"]));
    folder.ok(server, &["unit", "add", "CNY", "--decimals", "2", "--key", text(&operator)]);
    folder.ok(server, &["issuer", "add", &issuer, "--key", text(&operator)]);
    let allow = format!("service={airline} action=book resource=flights/** if amount le 5000");
    let issued = folder.ok(
        server,
        &[
            "issue",
            "--issuer",
            &issuer,
            "--to",
            &assistant,
            "--expires",
            "30d",
            "--delegate",
            "offline:3",
            "--budget",
            "20000.00 CNY per-use 5000",
            "--allow",
            &allow,
            "--key",
            "company.pem",
        ],
    );
    assert_eq!((&issued["status"], &issued["proved"]), (&"applied".into(), &true.into()));
    Cast { issuer, airline, token: id(&issued) }
}

/// What the airline says to what is in a folder.
fn verdict(folder: &Folder, shown: &str, code: i32) -> Value {
    let mut command = remit();
    command.current_dir(folder.path("")).args([
        "--json",
        "verify",
        "--shown",
        shown,
        "--policy",
        "airline.toml",
    ]);
    run(&mut command).expect(code).json()
}

#[test]
fn a_flight_is_booked_refunded_and_the_agent_cut_off() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let policy = folder.ok(
        &server,
        &[
            "policy",
            "--party",
            &cast.airline,
            "--issuer",
            &cast.issuer,
            "--offline-links",
            "--max-staleness",
            "10m",
        ],
    );
    std::fs::write(folder.path("airline.toml"), policy["policy"].as_str().expect("a policy"))
        .expect("a file");

    let agent = key(&folder, "agent.pem");
    let child = id(&folder.ok(
        &server,
        &[
            "delegate",
            &cast.token,
            "--to",
            &agent,
            "--expires",
            "7d",
            "--budget",
            "12000 CNY",
            "--key",
            "assistant.pem",
        ],
    ));
    let refused = ["delegate", &cast.token, "--to", &agent, "--expires", "60d", "--key", "assistant.pem"];
    folder.refused(&server, &refused, "wider_than_parent");

    // Nobody but the ledger can say that the money is there.
    let request = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let reserve = [
        &["reserve", &child][..],
        &request,
        &[
            "--argument",
            "amount=4800",
            "--amount",
            "4800.00 CNY",
            "--settle-by",
            "2h",
            "--refund-until",
            "30d",
            "--key",
            "agent.pem",
            "--out",
            "booking",
        ],
    ]
    .concat();
    let reserved = folder.ok(&server, &reserve);
    assert_eq!((&reserved["amount_minor"], &reserved["proved"]), (&"480000".into(), &true.into()));
    let allowed = verdict(&folder, "booking", 0);
    assert_eq!((&allowed["decision"], &allowed["subject"]["id"]), (&"allowed".into(), &reserved["id"]));
    std::fs::remove_file(folder.path("booking/evidence.cbor")).expect("removed");
    assert_eq!(verdict(&folder, "booking", 1)["decision"], "permitted");
    let above =
        [&["reserve", &child][..], &request, &["--amount", "5000.01 CNY", "--key", "agent.pem"]].concat();
    folder.refused(&server, &above, "above_per_use");

    let booking = id(&reserved);
    let captured = folder.ok(&server, &["capture", &booking, "--amount", "4500 CNY", "--key", "airline.pem"]);
    assert_eq!(captured["number"], 1);
    folder.ok(&server, &["release", &booking, "--key", "airline.pem"]);
    folder.ok(&server, &["refund", &id(&captured), "--amount", "1500 CNY", "--key", "airline.pem"]);
    let shown = folder.ok(&server, &["show", &child]);
    assert_eq!((&shown["kind"], &shown["budgets"][0]["left"]), (&"token".into(), &"900000".into()));
    let held = folder.ok(&server, &["list", "--key", "agent.pem"]);
    assert_eq!((&held["tokens"][0]["id"], &held["holder"]), (&child.as_str().into(), &agent.as_str().into()));

    offline_link(&folder, &server, &child, &request);

    let suspension = id(&folder.ok(&server, &["suspend", &cast.token, "--key", "company.pem"]));
    folder.refused(&server, &["suspend", &cast.token, "--key", "company.pem"], "already_so");
    folder.ok(&server, &["resume", &cast.token, "--suspension", &suspension, "--key", "company.pem"]);
    folder.ok(&server, &["revoke", &child, "--key", "assistant.pem"]);
    let present =
        [&["present", &child, "--unit", "CNY"][..], &request, &["--key", "agent.pem", "--out", "late"]];
    folder.ok(&server, &present.concat());
    assert_eq!(verdict(&folder, "late", 1)["code"], "revoked");
    folder.refused(&server, &reserve, "revoked");

    audited(&folder, server);
}

/// The agent passes a part on without any ledger; `cut` ends it.
fn offline_link(folder: &Folder, server: &Server, child: &str, request: &[&str]) {
    let night = key(folder, "night.pem");
    folder.ok(server, &["present", child, "--unit", "CNY", "--out", "base"]);
    let link = folder.ok(
        server,
        &[
            "attenuate",
            "--presentation",
            "base/presentation.cbor",
            "--out",
            "link.cbor",
            "--to",
            &night,
            "--expires",
            "30m",
            "--budget",
            "800 CNY",
            "--allow",
            "resource=flights/CA1501",
            "--key",
            "agent.pem",
        ],
    );
    let told = folder.ok(server, &["show", "--presentation", "link.cbor"]);
    assert_eq!((&told["links"][2]["id"], &told["links"][2]["holder"]), (&link["id"], &night.as_str().into()));
    let spend = [
        &["reserve", "--presentation", "link.cbor"][..],
        request,
        &["--argument", "amount=700", "--amount", "700 CNY", "--key", "night.pem", "--out", "night"],
    ]
    .concat();
    folder.ok(server, &spend);
    assert_eq!(verdict(folder, "night", 0)["decision"], "allowed");
    folder.refused(server, &spend, "above_total");
    folder.ok(server, &["cut", child, "--key", "agent.pem"]);
    folder.refused(server, &spend, "old_generation");
}

/// Over HTTP while it runs, and in the folder once it has stopped: the same roots.
fn audited(folder: &Folder, server: Server) {
    let url = server.url.clone();
    let over_http = folder.ok(&server, &["audit", "replay", &url]);
    assert_eq!((&over_http["conserved"], &over_http["checkpoints_met"]), (&true.into(), &1.into()));
    let entries = over_http["entries"].as_u64().expect("a number");
    assert_eq!(over_http["flows_minor"].as_object().expect("units").len(), 1);
    let (code, said) = server.terminate();
    assert_eq!(code, Some(0), "{said}");
    let of_folder = run(remit().args(["--json", "audit", "replay"]).arg(folder.ledger())).expect(0).json();
    assert!(of_folder["entries"].as_u64().expect("a number") >= entries);
    run(remit().arg("fsck").arg(folder.ledger())).expect(0);
}

#[test]
fn nothing_is_signed_for_another_ledger_and_silence_is_named() {
    let folder = Folder::new();
    let server = folder.serve();
    key(&folder, "a.pem");
    let added = folder.ok(&server, &["party", "add", "A", "--key", "a.pem", "--save", "party.cbor"]);
    assert!(!folder.path("party.cbor").exists(), "it was answered");
    assert_eq!(folder.ok(&server, &["show", &id(&added)])["name"], "A");
    let other = ["party", "add", "B", "--key", "a.pem", "--ledger", &"00".repeat(32)];
    folder.refused(&server, &other, "other_ledger");
    let url = server.url.clone();
    assert_eq!(server.terminate().0, Some(0));
    let mut gone = remit();
    gone.args(["show", "--url", &url]);
    let gone = run(&mut gone).expect(70);
    assert!(
        gone.err.contains("did not answer") && gone.err.contains("hint: is the ledger running"),
        "{}",
        gone.err
    );
}
