//! Why something was declined, in words: asked of a server, with the proof, and of a folder.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use crate::story::{cast, id, key};

/// Books for so much with a child of 6 000 CNY; the ledger's last word on standard error.
fn book(folder: &Folder, server: &Server, token: &str, service: &str, amount: &str) -> crate::run::Ran {
    let asked = ["--service", service, "--action", "book", "--resource", "flights/CA1501"];
    let arguments = [&["reserve", token][..], &asked, &["--key", "agent.pem", "--amount", amount]].concat();
    folder.person(server, &arguments)
}

/// The id in `remit explain ID` of a hint.
fn explained(told: &str) -> String {
    let at = told.find("remit explain ").expect("it says how to ask why") + "remit explain ".len();
    told[at..at + 64].to_owned()
}

#[test]
fn a_refusal_is_explained_with_the_number_that_decided_and_its_proof() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    let child = id(&folder.ok(&server, &[&delegate[..], &["--budget", "6000 CNY"]].concat()));
    let booked = book(&folder, &server, &child, &cast.airline, "4000 CNY").expect(0);
    assert!(booked.out.contains("applied"), "{}", booked.out);
    let refused = book(&folder, &server, &child, &cast.airline, "2000.01 CNY").expect(1);
    assert!(refused.err.contains("above_total"), "{}", refused.err);
    let operation = explained(&refused.err);

    let told = folder.person(&server, &["explain", &operation, "--out", "why.proof"]).expect(0).out;
    for line in [
        "refused: the reserve of 2 000.01 CNY\n",
        "why: above_total: ",
        &format!("token {child}\n"),
        "decided by this token itself\n",
        "of its total of 6 000.00 CNY, 4 000.00 CNY are bound: 0.01 CNY too much\n",
        "that the same bytes were not applied later is the server's word: no proof says it\n",
        "the proof is in why.proof\n",
        "proved under the checkpoint of size ",
    ] {
        assert!(told.contains(line), "{line}{told}");
    }
    let proof = std::fs::read_to_string(folder.path("why.proof")).expect("a proof");
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{proof}");
    // It is checked by itself: the entry is in it.
    let checked = folder.ok(&server, &["audit", "check", "why.proof"]);
    assert_eq!((&checked["code"], &checked["kind"]), (&"above_total".into(), &"refusal".into()));
    let json = folder.ok(&server, &["explain", &operation]);
    assert_eq!((&json["status"], &json["code"]), (&"refused".into(), &"above_total".into()));
    assert_eq!((&json["proved"], &json["kind"]), (&true.into(), &"reserve".into()));
    let bound = &json["bound"];
    assert_eq!(
        (&bound["what"], &bound["most"], &bound["used"]),
        (&"total".into(), &"600000".into(), &"400000".into())
    );
    let at = json["entry"].as_u64().expect("an entry").to_string();
    assert_eq!(folder.ok(&server, &["explain", &at])["id"], json["id"]);

    // What was applied, also where the ledger knows it by its log alone; and what nobody knows.
    let token = folder.ok(&server, &["explain", &child]);
    assert_eq!((&token["status"], &token["kind"]), (&"applied".into(), &"delegate".into()));
    let party = folder.ok(&server, &["explain", &cast.airline]);
    assert_eq!((&party["kind"], &party["proved"]), (&"party".into(), &true.into()));
    let unknown = folder.person(&server, &["explain", &"9".repeat(64)]).expect(1);
    assert!(
        unknown.err.contains("nothing is known of") && unknown.err.contains("64 refusals"),
        "{}",
        unknown.err
    );
    let stranger = key(&folder, "stranger.pem");
    assert!(!stranger.is_empty());
    let own = folder.person(&server, &["explain", "0"]).expect(1);
    assert!(own.err.contains("decides nothing"), "{}", own.err);

    drop(server);
    let mut alone = remit();
    alone.args(["--json", "explain", &operation, "--folder", text(&folder.ledger())]);
    let of_folder = run(&mut alone).expect(0).json();
    assert_eq!((&of_folder["entry"], &of_folder["bound"]), (&json["entry"], &json["bound"]));
    assert_eq!((&of_folder["unit_name"], &of_folder["proved"]), (&"CNY".into(), &false.into()));
    assert!(of_folder["log_root"].is_string());
}

#[test]
fn a_quota_of_entries_is_stated_shown_and_explained() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let allow = format!("service={} action=book resource=flights/**", cast.airline);
    let issue =
        ["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "7d", "--key", "company.pem"];
    let claims = ["--allow", &allow, "--budget", "100 CNY", "--entries", "1/400d"];
    let root = id(&folder.ok(&server, &[&issue[..], &claims].concat()));
    let shown = folder.ok(&server, &["show", &root]);
    assert_eq!((&shown["entries"]["most"], &shown["entries"]["length_s"]), (&1.into(), &34_560_000.into()));
    let told = folder.person(&server, &["show", &root]).expect(0).out;
    assert!(told.contains("at most 1 entries each 400d, of it and all below"), "{told}");
    let refused = book(&folder, &server, &root, &cast.airline, "1 CNY").expect(1);
    assert!(refused.err.contains("above_entries"), "{}", refused.err);
    let told = folder.person(&server, &["explain", &explained(&refused.err)]).expect(0).out;
    assert!(told.contains("1 entries may be written in a span, and 1 were"), "{told}");
    // Only a root counts.
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    folder.person(&server, &[&delegate[..], &["--entries", "5/day"]].concat()).expect(2);
}
