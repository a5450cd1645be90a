//! A token is sold between two agents who have never met: offered, looked at, bought in one entry, and what is refused.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use crate::story::{Cast, cast, id, key};
use serde_json::Value;

/// A transferable token of 20 000 CNY for the assistant, and 30 000 with which the buyer may buy tokens.
pub(crate) struct Market {
    pub(crate) cast: Cast,
    pub(crate) token: String,
    pub(crate) purse: String,
    pub(crate) seller: String,
    pub(crate) buyer: String,
}

pub(crate) fn issue(folder: &Folder, server: &Server, cast: &Cast, to: &str, more: &[&str]) -> String {
    let words = ["issue", "--issuer", &cast.issuer, "--to", to, "--expires", "30d", "--key", "company.pem"];
    id(&folder.ok(server, &[&words[..], more].concat()))
}

pub(crate) fn market(folder: &Folder, server: &Server) -> Market {
    let cast = cast(folder, server);
    let seller = run(remit().args(["--json", "key", "show"]).arg(folder.path("assistant.pem"))).expect(0);
    let seller = seller.json()["key"].as_str().expect("a key").to_owned();
    let buyer = key(folder, "buyer.pem");
    let book = format!("service={} action=book resource=flights/**", cast.airline);
    let words = ["--transferable", "--budget", "20000 CNY", "--allow", &book, "--delegate", "logged:2"];
    let token = issue(folder, server, &cast, &seller, &words);
    let buy = format!("service={} action=buy resource=tokens/**", cast.airline);
    let purse = issue(folder, server, &cast, &buyer, &["--budget", "30000 CNY", "--allow", &buy]);
    Market { cast, token, purse, seller, buyer }
}

pub(crate) fn offer<'w>(market: &'w Market, token: &'w str, price: &'w str) -> Vec<&'w str> {
    let priced = ["--price", price, "--payee", &market.cast.airline, "--until", "2d"];
    [&["offer", token][..], &priced, &["--key", "assistant.pem"]].concat()
}

fn listed(folder: &Folder, server: &Server) -> Vec<Value> {
    let listed = folder.ok(server, &["offers", "list"]);
    listed["offers"].as_array().expect("a list").iter().map(|offer| offer["id"].clone()).collect()
}

#[test]
fn a_token_is_offered_looked_at_and_bought() {
    let folder = Folder::new();
    let server = folder.serve();
    let market = market(&folder, &server);
    let first = folder.ok(&server, &offer(&market, &market.token, "9500 CNY"));
    assert_eq!((&first["status"], &first["proved"]), (&"applied".into(), &true.into()));
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    assert_eq!(listed(&folder, &server), [offered.as_str()], "the first was replaced");

    let told = folder.person(&server, &["offers", "show", &offered]).expect(0).out;
    let issuer = format!("issuer {}: did:key:", market.cast.issuer);
    for part in [
        "for 9 000.00 CNY to",
        "calls itself \"The airline\"",
        "can be revoked or suspended, whoever holds it, proved as of ",
        "the token is good until ",
        &issuer,
        "20 000.00 CNY left of 20 000.00 CNY",
        &market.seller,
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let told = folder.person(&server, &["offers", "list"]).expect(0).out;
    assert!(told.contains(&format!("offer {offered}")) && told.contains(&issuer), "{told}");
    assert_eq!(folder.ok(&server, &["show", &offered])["kind"], "offer");

    let buy = |more: &[&'static str]| {
        let words = ["buy", &offered, "--from", &market.purse, "--key", "buyer.pem"];
        words.iter().map(ToString::to_string).chain(more.iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    let ask = |words: &[String]| words.iter().map(String::as_str).collect::<Vec<_>>().join("\u{0}");
    let much = ask(&buy(&["--min", "20000.01 CNY"]));
    folder.refused(&server, &much.split('\u{0}').collect::<Vec<_>>(), "below_minimum");
    let right = ask(&buy(&["--min", "20000 CNY", "--refund-until", "3d"]));
    let bought = folder.client(&server, &right.split('\u{0}').collect::<Vec<_>>()).expect(0);
    for part in ["for 9 000.00 CNY to", "can be revoked or suspended", &issuer] {
        assert!(bought.err.contains(part), "shown before it is signed: {part} in {}", bought.err);
    }
    let bought = bought.json();
    assert_eq!(bought["capture"], bought["ids"][1], "by its name the price is refunded");
    assert_eq!((&bought["proved"], &bought["holder"]), (&true.into(), &market.buyer.as_str().into()));
    let token = folder.ok(&server, &["show", &market.token]);
    assert_eq!((&token["holder"], &token["epoch"]), (&market.buyer.as_str().into(), &1.into()));
    assert_eq!(folder.ok(&server, &["show", &market.purse])["budgets"][0]["captured"], "900000");
    assert_eq!(listed(&folder, &server), [Value::Null; 0]);
    let told = folder.person(&server, &["offers", "list"]).expect(0).out;
    assert!(told.contains("nothing is for sale"), "{told}");
    let held = folder.ok(&server, &["list", "--key", "buyer.pem"]);
    assert_eq!(held["tokens"].as_array().map(Vec::len), Some(2), "{held}");

    let again = folder.client(&server, &right.split('\u{0}').collect::<Vec<_>>()).expect(1);
    assert_eq!(again.json()["error"]["code"], "offer_closed");
    let capture = bought["ids"][1].as_str().expect("the trade");
    folder.ok(&server, &["refund", capture, "--amount", "500 CNY", "--key", "airline.pem"]);
    assert_eq!(folder.ok(&server, &["show", capture])["refunded"], "50000");
    let audit = folder.ok(&server, &["audit", "conserve", &server.url]);
    assert_eq!(audit["ok"], true, "{audit}");
}

#[test]
fn an_offer_is_withdrawn_and_one_of_the_wrong_token_is_refused() {
    let folder = Folder::new();
    let server = folder.serve();
    let market = market(&folder, &server);
    let withdraw = ["offer", &market.token, "--withdraw", "--key", "assistant.pem"];
    folder.refused(&server, &withdraw, "unknown_offer");
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    folder.ok(&server, &withdraw);
    let buy = ["buy", &offered, "--from", &market.purse, "--key", "buyer.pem"];
    folder.refused(&server, &buy, "offer_closed");
    folder.refused(&server, &["offers", "show", &"ab".repeat(32)], "unknown_offer");
    // The cast's own token stays with whoever has it.
    folder.refused(&server, &offer(&market, &market.cast.token, "1 CNY"), "not_transferable");
    // The assistant holds what is above.
    let below = ["delegate", &market.token, "--to", &market.seller, "--expires", "7d", "--transferable"];
    let below = id(&folder.ok(&server, &[&below[..], &["--key", "assistant.pem"]].concat()));
    let upstream = folder.client(&server, &offer(&market, &below, "1 CNY")).expect(1);
    assert_eq!(upstream.json()["error"]["code"], "seller_upstream");
    assert!(upstream.err.contains("hint: who holds a key of the issuer"), "{}", upstream.err);
    let wrong = ["offer", &market.token, "--withdraw", "--key", "buyer.pem"];
    folder.refused(&server, &wrong, "wrong_holder");
    for words in [
        vec!["offer", &market.token, "--key", "assistant.pem"],
        vec!["offer", &market.token, "--price", "1 CNY", "--key", "assistant.pem"],
        [&offer(&market, &market.token, "1 CNY")[..], &["--withdraw"]].concat(),
    ] {
        folder.client(&server, &words).expect(2);
    }
    let mut long = offer(&market, &market.token, "1 CNY");
    long[7] = "8d";
    let long = folder.client(&server, &long).expect(2);
    assert!(long.err.contains("a week at most"), "{}", long.err);
}

#[test]
fn a_purchase_is_prepared_for_another_key_and_signed_where_it_is() {
    let folder = Folder::new();
    let server = folder.serve();
    let market = market(&folder, &server);
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    let night = key(&folder, "night.pem");
    let buy = ["buy", &offered, "--from", &market.purse, "--to-key", "night.pem", "--key", "buyer.pem"];
    let prepared = folder.ok(&server, &[&buy[..], &["--min", "1 CNY", "--prepare", "buy.cbor"]].concat());
    assert_eq!(prepared["status"], "prepared");
    let shown = run(remit().args(["sign", text(&folder.path("buy.cbor"))])).expect(0).out;
    for part in ["to buy tokens/", "purchase of token", "paid by operation 0", "if at least 100 minor units"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_eq!(folder.ok(&server, &["submit", "buy.cbor"])["status"], "applied");
    assert_eq!(folder.ok(&server, &["show", &market.token])["holder"], night.as_str());
}

#[test]
fn a_purchase_above_a_threshold_is_approved_first() {
    let folder = Folder::new();
    let server = folder.serve();
    let market = market(&folder, &server);
    let (ann, buy) = (key(&folder, "ann.pem"), "action=buy resource=tokens/**");
    let allow = format!("service={} {buy}", market.cast.airline);
    let words = ["--budget", "30000 CNY", "--allow", &allow, "--approver", &ann];
    let purse = issue(&folder, &server, &market.cast, &market.buyer, &words);
    let offered = id(&folder.ok(&server, &offer(&market, &market.token, "9000 CNY")));
    let buy = ["buy", &offered, "--from", &purse, "--key", "buyer.pem"];
    folder.refused(&server, &buy, "approval_required");
    let resource = format!("tokens/{}", market.token);
    let asked = ["request", &purse, "--service", &market.cast.airline, "--action", "buy", "--resource"];
    let paid = [resource.as_str(), "--amount", "9000 CNY", "--key", "buyer.pem", "--out", "request.json"];
    folder.ok(&server, &[&asked[..], &paid].concat());
    folder.ok(&server, &["approvals", "approve", "request.json", "--key", "ann.pem"]);
    let approved = [&buy[..], &["--approved", "request.json"]].concat();
    assert_eq!(folder.ok(&server, &approved)["holder"], market.buyer.as_str());
}
