//! The money of a whole log recounted by an auditor, and shown in the decimals of each unit.

use crate::run::{remit, run};
use crate::server::{Folder, text};
use crate::story::{cast, id, key};

#[test]
fn money_is_recounted_and_shown_in_the_decimals_of_its_unit() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let operator = folder.ledger().join("operator-1.pem");
    for (unit, decimals) in [("JPY", "0"), ("KWD", "3"), ("USDC", "6")] {
        folder.ok(&server, &["unit", "add", unit, "--decimals", decimals, "--key", text(&operator)]);
    }
    let budgets = ["5000 JPY", "5 KWD", "5 USDC"];
    let allow = format!("service={} action=book resource=flights/**", cast.airline);
    let mut issue = vec!["issue", "--issuer", &cast.issuer, "--to", &agent, "--expires", "7d"];
    issue.extend(["--key", "company.pem", "--allow", &allow]);
    budgets.iter().for_each(|budget| issue.extend(["--budget", budget]));
    let token = id(&folder.ok(&server, &issue));
    for amount in ["4999 JPY", "4.999 KWD", "4.999998 USDC"] {
        let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
        let reserve =
            [&["reserve", &token][..], &asked, &["--key", "agent.pem", "--amount", amount]].concat();
        let booking = id(&folder.ok(&server, &reserve));
        folder.ok(&server, &["capture", &booking, "--amount", amount, "--key", "airline.pem"]);
    }
    let url = server.url.clone();
    let told = folder.person(&server, &["audit", "conserve", &url]).expect(0).out;
    for line in [
        "moved        JPY: reserved 4 999, captured 4 999\n",
        "moved        KWD: reserved 4.999, captured 4.999\n",
        "moved        USDC: reserved 4.999998, captured 4.999998\n",
        "0.001 KWD left of 5.000 KWD: captured 4.999\n",
        "0.000002 USDC left of 5.000000 USDC: captured 4.999998\n",
    ] {
        assert!(told.contains(line), "{line}{told}");
    }
    // The tightest moment is the first one at which the fewest minor units were left.
    assert!(told.contains(&format!("tightest     1 JPY left of token {token} at entry ")), "{told}");
    let one = folder.ok(&server, &["audit", "conserve", &url, "--token", &token, "--top", "1"]);
    assert_eq!(
        (&one["conserved"], &one["violated"], &one["checkpoints_met"]),
        (&true.into(), &0.into(), &1.into())
    );
    assert_eq!((&one["accounts_in_all"], one["accounts"].as_array().map(Vec::len)), (&3.into(), Some(1)));
    assert_eq!((&one["accounts"][0]["left"], &one["accounts"][0]["total"]), (&"1".into(), &"5000".into()));
    folder.refused(&server, &["audit", "conserve", &url, "--token", &"9".repeat(64)], "unknown_token");
    drop(server);
    let mut alone = remit();
    alone.args(["--json", "audit", "conserve"]).arg(folder.ledger());
    let of_folder = run(&mut alone).expect(0).json();
    assert_eq!(of_folder["flows_minor"], one["flows_minor"]);
}
