//! What an auditor asks of a log, and that every source answers alike: URL, folder, exported tiles, a web server.

use crate::exported::{export, parties, web};
use crate::run::{Ran, remit, run};
use crate::server::{Folder, Server, TOKEN, text};
use crate::story::{Cast, cast, id, key};
use serde_json::{Value, json};
use std::fs;

/// A booking of 4 800, of which 4 500 are captured and 1 500 given back, by a child of 12 000; and one too many.
pub(crate) struct Scene {
    pub(crate) folder: Folder,
    pub(crate) server: Server,
    pub(crate) cast: Cast,
    pub(crate) child: String,
    pub(crate) booking: String,
    pub(crate) capture: String,
    pub(crate) agent: String,
    pub(crate) refused: String,
}

pub(crate) fn scene() -> Scene {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let agent = key(&folder, "agent.pem");
    let delegate = ["delegate", &cast.token, "--to", &agent, "--expires", "7d", "--key", "assistant.pem"];
    let child = id(&folder.ok(&server, &[&delegate[..], &["--budget", "12000 CNY"]].concat()));
    let asked = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let times = ["--settle-by", "2h", "--refund-until", "30d", "--key", "agent.pem"];
    let reserve = [&["reserve", &child][..], &asked, &["--argument", "amount=4800"], &times].concat();
    let booking = id(&folder.ok(&server, &[&reserve[..], &["--amount", "4800 CNY"]].concat()));
    let take = ["capture", &booking, "--amount", "4500 CNY", "--key", "airline.pem"];
    let capture = id(&folder.ok(&server, &take));
    folder.ok(&server, &["refund", &capture, "--amount", "1500 CNY", "--key", "airline.pem"]);
    let above = folder.client(&server, &[&reserve[..], &["--amount", "5000.01 CNY"]].concat()).expect(1);
    let refused = above.json()["error"]["id"].as_str().expect("an id").to_owned();
    Scene { folder, server, cast, child, booking, capture, agent, refused }
}

fn audit(arguments: &[&str]) -> Ran {
    let mut command = remit();
    command.args(["--json", "audit"]).args(arguments).env("REMIT_READER_TOKEN", TOKEN);
    run(&mut command)
}

fn words(arguments: &[&str]) -> String {
    let mut command = remit();
    command.arg("audit").args(arguments).env("REMIT_READER_TOKEN", TOKEN);
    run(&mut command).expect(0).out
}

#[test]
fn every_source_tells_the_same() {
    let Scene { folder, server, cast, child, booking, capture, agent, refused } = scene();
    let tiles = folder.path("tiles");
    export(&tiles, &server.url, &["--objects"]).expect(0);
    let note = tiles.join("checkpoint");
    let web = web(&tiles);
    let size = fs::read_to_string(&note).expect("a note").lines().nth(1).expect("a size").to_owned();
    let asked: Vec<Vec<&str>> = vec![
        vec!["trace", &cast.token],
        vec!["history", &child],
        vec!["show", &booking],
        vec!["who-spent", "--by", "payee"],
        vec!["diff", "2", &size],
    ];
    let ask = |source: &str, of: &[&str]| {
        let mut value = audit(&[&[of[0], source], &of[1..]].concat()).expect(0).json();
        // A ledger that runs goes on: what depends on its length is left out.
        let fields = value.as_object_mut().expect("an object");
        for field in ["entries", "log_root", "state_root", "size", "checkpoints_met"] {
            if of[0] != "history" || field != "entries" {
                fields.remove(field);
            }
        }
        value
    };
    let told: Vec<Value> = asked.iter().map(|of| ask(text(&tiles), of)).collect();
    for (of, told) in asked.iter().zip(&told) {
        assert_eq!(&ask(&server.url, of), told, "{of:?} over HTTP");
        assert_eq!(&ask(&web, of), told, "{of:?} of a web server");
    }
    server.terminate();
    for (of, told) in asked.iter().zip(&told) {
        assert_eq!(&ask(text(&folder.ledger()), of), told, "{of:?} of the folder");
    }
    traced(&told[0], &cast, &child);
    let history = &told[1];
    let kinds: Vec<&str> = history["entries"].as_array().expect("entries").iter().map(kind).collect();
    assert_eq!(kinds, ["delegate", "reserve", "capture", "refund"]);
    assert_eq!((&history["complete"], history["folded"].is_string()), (&true.into(), true));
    let shown = &told[2]["operations"][0];
    assert_eq!((&shown["agent"], &shown["payee"]), (&json!(agent), &json!(cast.airline)));
    assert_eq!(
        (&shown["amount"], &shown["unit_name"], &shown["issuer"]),
        (&json!("480000"), &json!("CNY"), &json!(cast.issuer))
    );
    let spent = &told[3]["spent"][0];
    assert_eq!((&spent["by"], &spent["name"]), (&json!(cast.airline), &json!("The airline")));
    assert_eq!(
        (&spent["captured"], &spent["refunded"], &spent["net"]),
        (&json!("450000"), &json!("150000"), &json!("300000"))
    );
    let between = &told[4];
    assert_eq!((&between["consistent"], &between["kinds"]["capture"]), (&true.into(), &1.into()));
    assert_eq!(between["refused"]["above_per_use"], 1);
    in_words(text(&tiles), &capture, &refused);
    rows(text(&tiles), &booking, &agent);
}

fn kind(entry: &Value) -> &str {
    entry["operations"][0]["kind"].as_str().expect("a kind")
}

fn traced(told: &Value, cast: &Cast, child: &str) {
    assert_eq!((&told["issuer"], &told["issuer_name"]), (&json!(cast.issuer), &json!("The company")));
    let (root, below) = (&told["tree"], &told["tree"]["children"][0]);
    assert_eq!((&root["id"], &below["id"]), (&json!(cast.token), &json!(child)));
    let left = |node: &Value| node["budgets"][0]["left"].clone();
    // 300 are still reserved, 3 000 were taken for good.
    assert_eq!((left(root), left(below)), (json!("1670000"), json!("870000")));
    assert_eq!(below["budgets"][0]["reserved"], "30000");
}

fn in_words(source: &str, capture: &str, refused: &str) {
    let told = words(&["show", source, capture]);
    for part in [
        "capture of 4 500.00 CNY, payee The airline (",
        "issued by The company (",
        "changed token ",
        "audit prove",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let told = words(&["show", source, refused]);
    assert!(told.contains("REFUSED above_per_use: reserve of 5 000.01 CNY"), "{told}");
    assert!(words(&["show", source, "0"]).contains("genesis of remit.example/test"));
    let told = words(&["tail", source, "-n", "3"]);
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.contains("refund of 1 500.00 CNY"), "{told}");
    assert_eq!(audit(&["show", source, "999999"]).expect(1).json()["error"]["code"], "not_found");
    assert_eq!(audit(&["history", source, capture]).expect(1).json()["error"]["code"], "not_found");
    assert_eq!(audit(&["trace", source, capture]).expect(1).json()["error"]["code"], "unknown_token");
}

fn rows(source: &str, booking: &str, agent: &str) {
    let csv = words(&["export", source, "--csv", "--spends"]);
    let mut lines = csv.split("\r\n");
    let columns: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let found: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let of = |name: &str, row: &Vec<&str>| {
        row[columns.iter().position(|column| *column == name).expect("a column")].to_owned()
    };
    let reserved = found.iter().find(|row| row.contains(&booking)).expect("the booking");
    assert_eq!((of("kind", reserved), of("amount", reserved)), ("reserve".into(), "4800.00".into()));
    assert_eq!((of("agent", reserved), of("payee_name", reserved)), (agent.into(), "The airline".into()));
    assert_eq!(of("status", reserved), "applied");
    let jsonl = words(&["export", source, "--jsonl"]);
    let rows: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(
        rows.iter().any(|row| row["kind"] == "commitment")
            && rows.iter().any(|row| row["code"] == "above_per_use")
    );
    assert!(found.len() < rows.len());
}

#[test]
fn a_log_that_lies_about_what_stands_beside_it_is_not_told() {
    let Scene { folder, server, .. } = scene();
    let tiles = folder.path("tiles");
    export(&tiles, &server.url, &["--objects"]).expect(0);
    server.terminate();
    let width = fs::read_to_string(tiles.join("checkpoint")).expect("a note");
    let width = width.lines().nth(1).expect("a size").to_owned();
    let objects = tiles.join("objects/000.p").join(&width);
    let good = fs::read(&objects).expect("items");
    // The last details begin with their label; a byte of the salt behind it is another one, and nothing else.
    let label = b"remit/common/v1";
    let at =
        good.windows(label.len()).rposition(|window| window == label).expect("details") + label.len() + 10;
    let mut bad = good.clone();
    bad[at] ^= 1;
    fs::write(&objects, &bad).expect("written");
    for what in [&["tail"][..], &["who-spent"], &["export", "--csv"]] {
        let ran = audit(&[&[what[0], text(&tiles)], &what[1..]].concat());
        assert_eq!((ran.code, ran.json()["error"]["code"].as_str()), (1, Some("bad_proof")), "{what:?}");
    }
    fs::write(&objects, &good).expect("written");
    // Sums without what was captured would be wrong.
    fs::remove_dir_all(tiles.join("objects")).expect("removed");
    let tail = audit(&["tail", text(&tiles)]).expect(0).json();
    assert!(tail["newest"].as_array().is_some_and(|rows| rows.len() == 10));
    assert_eq!(audit(&["who-spent", text(&tiles)]).expect(1).json()["error"]["code"], "not_kept");
}

#[test]
fn a_tail_follows_what_comes_and_diff_refuses_two_histories() {
    let folder = Folder::new();
    let server = folder.serve();
    parties(&server, 3);
    let mut command = remit();
    command.args([
        "--json",
        "audit",
        "tail",
        &server.url,
        "-n",
        "1",
        "--follow",
        "--every",
        "1s",
        "--stop-after",
        "2",
    ]);
    command.env("REMIT_READER_TOKEN", TOKEN).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut out = std::io::BufReader::new(child.stdout.take().expect("a pipe"));
    let mut next = || {
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    };
    assert_eq!(next()["kind"], "party");
    parties(&server, 2);
    let (first, second) = (next(), next());
    assert_eq!((&first["kind"], &second["kind"]), (&json!("party"), &json!("party")));
    assert!(first["entry"].as_u64() < second["entry"].as_u64());
    assert!(child.wait().expect("it ends").success());
    let refusal = |old: &str, new: &str| {
        audit(&["diff", &server.url, old, new]).json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(refusal("2", "999999"), "short");
    let fork = crate::exported::signed(&folder, 4, remit_verifier::types::Hash([7; 32]));
    assert_eq!(refusal("2", text(&fork)), "fork");
    assert_eq!(refusal(text(&fork), "5"), "fork");
    assert_eq!(refusal("5", "2"), "usage");
}

#[test]
fn pictures_are_whole_and_escape_what_others_wrote() {
    let Scene { folder, server, cast, .. } = scene();
    let evil = "<script>\"&'`";
    folder.ok(&server, &["party", "add", evil, "--key", "airline.pem"]);
    server.terminate();
    let ledger = folder.ledger();
    let draw = |what: &[&str]| {
        let files = ["svg", "dot", "mermaid"].map(|form| folder.path(&format!("picture.{form}")));
        let flags = ["--svg", "--dot", "--mermaid"];
        let mut command = remit();
        command.args(["audit", what[0]]).arg(&ledger).args(&what[1..]);
        flags.iter().zip(&files).for_each(|(flag, file)| {
            command.arg(flag).arg(file);
        });
        run(&mut command).expect(0);
        files.map(|file| fs::read_to_string(file).expect("a picture"))
    };
    let [svg, dot, mermaid] = draw(&["trace", &cast.token]);
    assert!(
        svg.starts_with("<svg ")
            && svg.ends_with("</svg>\n")
            && svg.contains("16 700.00 CNY left of 20 000.00")
    );
    assert_eq!(svg.matches("<path ").count(), 1, "one child");
    assert!(dot.starts_with("digraph ") && dot.contains("t0 -> t1;"), "{dot}");
    assert!(mermaid.starts_with("graph LR\n") && mermaid.contains("t0 --> t1"), "{mermaid}");
    let [svg, dot, mermaid] = draw(&["who-spent"]);
    assert!(svg.contains("3 000.00 CNY spent") && svg.contains("The airline"), "{svg}");
    assert!(dot.contains("3 000.00 CNY") && mermaid.contains("3 000.00 CNY"), "{dot}{mermaid}");
    for picture in [&svg, &dot, &mermaid] {
        assert!(!picture.contains("<script>"), "{picture}");
    }
}

/// `--since 1m` was a minute after 1970, so that everything was summed up, and `--until 1m` nothing.
#[test]
fn a_span_of_what_was_counts_back_from_now() {
    let Scene { folder, server, child, .. } = scene();
    let spent = |of: &[&str]| {
        let told = audit(&[&["who-spent", &server.url, "--by", "token"], of].concat()).expect(0).json();
        told["spent"].as_array().expect("a list").len()
    };
    assert_eq!((spent(&["--since", "1h"]), spent(&["--until", "1h"])), (1, 0));
    assert_eq!(spent(&["--since", "1h", "--until", "2099-01-01T00:00:00Z"]), 1);
    let found = |of: &[&str]| {
        let told = folder.ok(&server, &[&["search", "--token", &child], of].concat());
        told["entries"].as_array().expect("a list").len()
    };
    assert!(found(&["--since", "1h"]) > 3);
    assert_eq!(found(&["--until", "1h"]), 0);
}
