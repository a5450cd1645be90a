//! What is searched for is found and proved; a server that puts something else in its place is not believed.

use crate::liar::{proxy, relay};
use crate::server::{Folder, Server};
use crate::story::{cast, id};
use serde_json::{Value, json};

/// How an answer is changed, and the code and exit code that it ends in.
type Lie = (fn(String) -> String, &'static str, i32);

fn search(folder: &Folder, server: &Server, of: &[&str]) -> Value {
    folder.ok(server, &[&["search"], of].concat())
}

fn kinds(found: &Value) -> Vec<&str> {
    found["entries"].as_array().expect("a list").iter().filter_map(|row| row["kind"].as_str()).collect()
}

#[test]
fn what_an_agent_spent_and_what_became_of_it_is_found() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let times = ["--settle-by", "2h", "--refund-until", "30d", "--key", "assistant.pem"];
    let reserve = [&["reserve", &cast.token][..], &asked, &["--argument", "amount=4800"], &times].concat();
    let booking = id(&folder.ok(&server, &[&reserve[..], &["--amount", "4800 CNY"]].concat()));
    let take = ["capture", &booking, "--amount", "4500 CNY", "--key", "airline.pem"];
    let capture = id(&folder.ok(&server, &take));
    folder.ok(&server, &["refund", &capture, "--amount", "1500 CNY", "--key", "airline.pem"]);
    let agent = key_of(&folder, "assistant.pem");

    let found = search(&folder, &server, &["--agent", &agent, "--unit", "CNY"]);
    assert_eq!(kinds(&found), ["refund", "capture", "reserve", "issue"], "the newest first");
    assert_eq!((&found["proved"], &found["complete"]), (&json!(true), &json!(false)));
    assert_eq!(found["indexed_to"], found["size"]);
    let service = search(&folder, &server, &["--service", &cast.airline, "--kind", "capture"]);
    assert_eq!((kinds(&service), &service["entries"][0]["id"]), (vec!["capture"], &json!(capture)));
    let by_id = search(&folder, &server, &["--id", &booking]);
    assert_eq!(kinds(&by_id), ["reserve"]);
    let first = search(&folder, &server, &["--agent", &agent, "--limit", "1"]);
    let next = first["next"].to_string();
    let second = search(&folder, &server, &["--agent", &agent, "--limit", "1", "--before", &next]);
    assert_eq!((kinds(&first), kinds(&second)), (vec!["refund"], vec!["capture"]));
    assert_eq!(
        kinds(&search(&folder, &server, &["--agent", &agent, "--until", "2020-01-01T00:00:00Z"])),
        [""; 0]
    );
    let names = search(&folder, &server, &["--name", "THE AIR"]);
    assert_eq!(names["names"][0]["id"], json!(cast.airline));

    // Another entry in its place, or another place for it, is not proved.
    let liars: [Lie; 3] = [
        (|body| body.replace("\"index\":", "\"index\":2,\"was\":"), "bad_proof", 1),
        (|body| body.replacen("\"bytes\":\"hm", "\"bytes\":\"ho", 1), "bad_answer", 70),
        (|_| "{}".into(), "bad_answer", 70),
    ];
    for (lie, code, exit) in liars {
        let url = proxy(&server.url, "/v1/search", lie);
        let ran = folder.client(&server, &["search", "--id", &booking, "--url", &url]).expect(exit);
        assert_eq!(ran.json()["error"]["code"], code);
    }
    // What is proved is still not what was asked for.
    let captures = |head: String| match head.split_once("\r\n") {
        Some((line, rest)) if line.starts_with("GET /v1/search") => {
            format!("GET /v1/search?kind=capture HTTP/1.1\r\n{rest}")
        }
        _ => head,
    };
    let url = relay(&server.url, "/nowhere", |body| body, captures);
    assert_eq!(kinds(&folder.ok(&server, &["search", "--kind", "capture", "--url", &url])), ["capture"]);
    for asked in [["--kind", "release"], ["--id", &booking], ["--until", "1d"], ["--before", "1"]] {
        let ran = folder.client(&server, &[&["search"], &asked[..], &["--url", &url]].concat()).expect(70);
        assert_eq!(ran.json()["error"]["code"], "bad_answer", "{asked:?}");
    }
}

fn key_of(folder: &Folder, name: &str) -> String {
    let shown =
        crate::run::remit().args(["--json", "key", "show"]).arg(folder.path(name)).output().expect("runs");
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    shown["key"].as_str().expect("a key").to_owned()
}

#[test]
fn a_kind_that_is_none_is_refused_with_those_that_are() {
    let folder = Folder::new();
    let server = folder.serve();
    let refused = folder.client(&server, &["search", "--kind", "booking"]).expect(2);
    assert!(refused.err.contains("reserve") && refused.err.contains("capture"), "{}", refused.err);
    for limit in ["0", "101"] {
        folder.client(&server, &["search", "--limit", limit]).expect(2);
    }
}
