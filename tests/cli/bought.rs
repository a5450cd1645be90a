//! What a buyer is shown before he pays, and by whom: what is signed and proved, and not what a server says of it.

use crate::liar::{proxy, relay, replays};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server};
use crate::story::{id, key};
use crate::trade::{Market, issue, market, offer};
use serde_json::Value;
use std::time::Duration;

fn scene() -> (Folder, Server, Market) {
    let folder = Folder::new();
    let server = folder.serve();
    let market = market(&folder, &server);
    (folder, server, market)
}

fn at(folder: &Folder, server: &Server, url: &str, words: &[&str]) -> Ran {
    folder.client(server, &[words, &["--url", url]].concat())
}

/// The old holder above was shown, who had handed his key over since.
#[test]
fn buy_asks_who_is_upstream_now() {
    let (folder, server, market) = scene();
    // The assistant delegates to the seller, who is below him.
    let (seller, ben) = (key(&folder, "seller.pem"), key(&folder, "ben.pem"));
    let delegate = ["delegate", &market.token, "--to", &seller, "--expires", "7d", "--transferable"];
    let sold = id(&folder.ok(&server, &[&delegate[..], &["--key", "assistant.pem"]].concat()));
    let mut words = offer(&market, &sold, "9000 CNY");
    words.retain(|word| *word != "assistant.pem");
    let offered = id(&folder.ok(&server, &[&words[..], &["seller.pem"]].concat()));
    folder.ok(&server, &["present", &sold, "--unit", "CNY", "--out", "old"]);
    let old = std::fs::read(folder.path("old/presentation.cbor")).expect("a presentation");
    folder.ok(&server, &["rekey", &market.token, "--new-key", "ben.pem", "--key", "assistant.pem"]);
    std::thread::sleep(Duration::from_secs(62));
    let path: &'static str = format!("/v1/tokens/{sold}/presentation").leak();
    let url = replays(&server.url, path, old);
    let buy = ["buy", &offered, "--from", &market.purse, "--key", "buyer.pem"];
    let ran = at(&folder, &server, &url, &buy);
    assert_eq!(ran.json()["error"]["code"], "stale", "{}{}", ran.out, ran.err);
    assert_eq!(folder.ok(&server, &["show", &sold])["holder"], seller.as_str());
    let bought = folder.client(&server, &buy).expect(0);
    assert!(bought.err.contains(&format!("holder of token {}: {ben}", market.token)), "{}", bought.err);
}

#[test]
fn an_offer_is_shown_as_it_was_signed_and_proved() {
    let (folder, server, market) = scene();
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    let seller = market.seller.clone();
    let url = proxy(&server.url, "/v1/offers", move |body| {
        let upstream = body.find("\"upstream\":[").expect("a list") + 12;
        let end = upstream + body[upstream..].rfind(']').expect("an end");
        let end = end.min(body.find("}]}").map_or(end, |at| at + 1));
        format!("{}{}", &body[..upstream], &body[end..])
            .replace("\"amount\":\"900000\"", "\"amount\":\"100\"")
            .replace("The airline", "Somebody else")
            .replace(&seller, "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
    });
    let issuer = format!("issuer {}: did:key:", market.cast.issuer);
    let show = ["offers", "show", &offered];
    let buy = ["buy", &offered, "--from", &market.purse, "--dry-run"];
    for words in [&show[..], &buy] {
        let mut person = remit();
        person.args(words).args(["--url", &url]).current_dir(folder.path(""));
        person.env("REMIT_PROFILE", folder.ledger().join("client.toml"));
        person.env("REMIT_READER_TOKEN", crate::server::TOKEN);
        let told = run(&mut person).expect(0).out;
        for part in ["for 9 000.00 CNY", &issuer, "calls itself \"The airline\"", &market.seller] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let json = at(&folder, &server, &url, words).expect(0).json();
        assert_eq!((&json["amount"], &json["proved"]), (&"900000".into(), &true.into()));
        assert_eq!(json["upstream"][0]["party"], market.cast.issuer.as_str());
        assert_eq!(
            (&json["seller"], &json["payee_name"]),
            (&market.seller.clone().into(), &"The airline".into())
        );
    }
    let listed = at(&folder, &server, &url, &["offers", "list"]).expect(0).json();
    assert_eq!(listed["offers"][0]["upstream"][0]["party"], market.cast.issuer.as_str());
    // Nothing was signed.
    assert_eq!(folder.ok(&server, &["show", &market.token])["holder"], market.seller.as_str());
}

#[test]
fn what_cannot_be_bought_is_not_listed_and_hides_nothing_else() {
    let (folder, server, market) = scene();
    let sell = |token: &str| id(&folder.ok(&server, &offer(&market, token, "9000 CNY")));
    let book = format!("service={} action=book resource=flights/**", market.cast.airline);
    let another =
        || issue(&folder, &server, &market.cast, &market.seller, &["--transferable", "--allow", &book]);
    let (good, suspended, other) = (sell(&market.token), another(), another());
    let (still, lied) = (sell(&suspended), sell(&other));
    let listed = |url: &str| {
        let ran = at(&folder, &server, url, &["offers", "list"]).expect(0);
        let json = ran.json();
        let listed = json["offers"].as_array().expect("a list").iter().map(|one| one["id"].clone());
        (listed.collect::<Vec<Value>>(), ran.err)
    };
    assert_eq!(listed(&server.url).0, [good.as_str(), &still, &lied]);
    folder.ok(&server, &["suspend", &suspended, "--key", "company.pem"]);
    assert_eq!(listed(&server.url).0, [good.as_str(), &lied], "nobody can buy it now");
    let told = folder.person(&server, &["offers", "show", &still]).expect(0).out;
    assert!(told.contains("void: its token, or one above it, is suspended"), "{told}");
    let buy = ["buy", &still, "--from", &market.purse, "--key", "buyer.pem"];
    folder.refused(&server, &buy, "offer_closed");
    // One that is not what it stands for is left out, by name.
    let (entry, lie) = (folder.ok(&server, &["offers", "show", &lied])["entry"].to_string(), lied.clone());
    let url = proxy(&server.url, "/v1/offers", move |body| {
        let at = body.find(&lie).expect("the offer");
        format!("{}{}", &body[..at], body[at..].replacen(&format!("\"entry\":{entry}"), "\"entry\":1", 1))
    });
    let (found, said) = listed(&url);
    assert_eq!(found, [good.as_str()]);
    assert!(said.contains(&format!("offer {lied} is left out: ")), "{said}");
}

/// A list whose next page is always the same kept whoever asked for ever.
#[test]
fn a_list_that_never_ends_is_no_list() {
    let (folder, server, _) = scene();
    for (path, words) in [
        ("/v1/offers", &["offers", "list"][..]),
        ("/v1/holders/", &["list", "--key", "buyer.pem"]),
        ("/v1/approvers/", &["approvals", "list", "--key", "buyer.pem"]),
    ] {
        let asked = std::sync::atomic::AtomicU32::new(0);
        let url = proxy(&server.url, path, move |body| {
            assert!(asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2, "the same page once more");
            assert!(!body.contains("\"next\""), "{body}");
            body.replacen('{', "{\"next\":1,", 1)
        });
        let ran = at(&folder, &server, &url, words).expect(70);
        assert_eq!(ran.json()["error"]["code"], "bad_answer", "{}", ran.err);
        assert!(ran.err.contains("the list has no end"), "{}", ran.err);
    }
}

#[test]
fn what_is_shown_is_what_was_asked_for_and_says_whose_word_it_is() {
    let (folder, server, market) = scene();
    let (from, to) = (market.token.clone(), market.purse.clone());
    let ask = move |head: String| head.replace(&format!("/v1/tokens/{from}"), &format!("/v1/tokens/{to}"));
    let url = relay(&server.url, "/none", |body| body, ask);
    let ran = at(&folder, &server, &url, &["show", &market.token]);
    assert_eq!(ran.json()["error"]["code"], "bad_answer", "{}{}", ran.out, ran.err);
    for words in [&["show", &market.token][..], &["list", "--key", "buyer.pem"], &["show"]] {
        let told = folder.person(&server, words).expect(0).out;
        assert!(told.trim_end().ends_with("as the server says"), "{told}");
        assert_eq!(folder.ok(&server, words)["proved"], false);
    }
}

#[test]
fn what_must_be_left_is_said_once_for_each_unit() {
    let (folder, server, market) = scene();
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    let buy = ["buy", &offered, "--from", &market.purse, "--min", "1 CNY", "--min", "2 CNY"];
    let ran = folder.client(&server, &[&buy[..], &["--key", "buyer.pem"]].concat()).expect(2);
    assert!(ran.err.contains("--min names CNY twice"), "{}", ran.err);
}
