//! Operations that are signed in one place and submitted from another: by several operators, as bundles, with new keys.

use crate::run::{remit, run};
use crate::server::{Folder, Server, text};
use crate::story::{cast, id, key};
use remit::remote::{Address, Remote, Reply};
use std::time::Duration;

/// A ledger of two out of three operators.
fn with_operators(folder: &Folder) -> (std::path::PathBuf, Server) {
    let ledger = folder.path("three");
    let init =
        ["init", "--plain", "--origin", "remit.example/three", "--operator-count", "3", "--reader", "me"];
    run(remit().args(init).arg(&ledger)).expect(0);
    let server = folder.serve_at(&ledger);
    (ledger, server)
}

#[test]
fn operators_who_are_not_in_one_place_sign_one_after_the_other() {
    let folder = Folder::new();
    let (ledger, server) = with_operators(&folder);
    let client = |arguments: &[&str]| {
        let mut command = remit();
        command.arg("--json").args(arguments).current_dir(folder.path(""));
        run(command.env("REMIT_PROFILE", ledger.join("client.toml")).env("REMIT_URL", &server.url))
    };
    let [one, _, three] = [1, 2, 3].map(|number| ledger.join(format!("operator-{number}.pem")));
    let add = ["unit", "add", "EUR", "--decimals", "2", "--key", text(&one)];
    let alone = client(&add).expect(1);
    assert_eq!(alone.json()["error"]["code"], "not_the_operators");
    assert!(
        alone.err.starts_with("error: refused: unit EUR with 2 decimals: not_the_operators: "),
        "{}",
        alone.err
    );
    assert!(alone.err.contains("hint: ") && alone.err.contains("--prepare"), "{}", alone.err);

    let prepared = client(&[&add[..], &["--prepare", "eur.cbor", "--valid", "1d"]].concat()).expect(0).json();
    assert_eq!(prepared["status"], "prepared");
    client(&["show", "EUR"]).expect(1);
    client(&["submit", "eur.cbor"]).expect(1);
    assert!(folder.path("eur.cbor").exists(), "what is refused is kept");
    // Without a ledger: the file alone says what it is.
    let sign = |more: &[&str]| run(remit().args(["--json", "sign"]).arg(folder.path("eur.cbor")).args(more));
    let shown = sign(&[]).expect(0).json();
    let operation = &shown["operations"][0];
    assert_eq!(
        (&operation["kind"], &operation["says"]),
        (&"unit".into(), &"unit EUR with 2 decimals".into())
    );
    assert_eq!(operation["signers"].as_array().expect("signers").len(), 1);
    let again = sign(&["--key", text(&one)]).expect(1);
    assert!(again.err.contains("has signed it already"), "{}", again.err);
    let signed = sign(&["--key", text(&three)]).expect(0).json();
    assert_eq!(signed["operations"][0]["signers"].as_array().expect("signers").len(), 2);
    assert_ne!(signed["id"], shown["id"], "an id names its signatures");
    let submitted = client(&["submit", "eur.cbor"]).expect(0).json();
    assert_eq!((&submitted["status"], &submitted["id"]), (&"applied".into(), &signed["id"]));
    assert!(!folder.path("eur.cbor").exists());
    assert_eq!(client(&["show", "EUR"]).expect(0).json()["decimals"], 2);
}

/// One bit of what was signed, and nobody signs or submits it.
#[test]
fn what_was_changed_after_it_was_signed_is_not_signed() {
    let folder = Folder::new();
    let server = folder.serve();
    key(&folder, "a.pem");
    folder.ok(&server, &["party", "add", "Alpha", "--key", "a.pem", "--prepare", "a.cbor"]);
    let file = folder.path("a.cbor");
    let mut bytes = std::fs::read(&file).expect("a file");
    let at = bytes.windows(5).position(|part| part == b"Alpha").expect("the name");
    bytes[at] = b'B';
    std::fs::write(&file, &bytes).expect("written");
    key(&folder, "b.pem");
    let signed =
        run(remit().args(["--json", "sign", text(&file), "--key", text(&folder.path("b.pem"))])).expect(1);
    assert_eq!(signed.json()["error"]["code"], "bad_signature");
    assert_eq!(std::fs::read(&file).expect("a file"), bytes, "nothing was written");
    folder.refused(&server, &["submit", "a.cbor"], "bad_signature");
}

#[test]
fn a_party_adds_rotates_and_gives_up_keys() {
    let folder = Folder::new();
    let server = folder.serve();
    let (one, two, three) = (key(&folder, "1.pem"), key(&folder, "2.pem"), key(&folder, "3.pem"));
    let party = id(&folder.ok(&server, &["party", "add", "A", "--key", "1.pem"]));
    let keys = |what: &str| folder.ok(&server, &["show", &party])[what].clone();
    let rotate = ["party", "rotate", &party, "--key", "1.pem", "--new-key", "2.pem"];
    folder.ok(&server, &rotate);
    assert_eq!(keys("keys"), serde_json::json!([two]));
    assert_eq!(keys("retired"), serde_json::json!([{"key": one, "why": "rotated"}]));
    assert!(folder.client(&server, &rotate).expect(2).err.contains("is no key of this party"));

    // The third key is somewhere else, and signs there.
    let add = ["party", "keys", &party, "--key", "2.pem", "--add", &three];
    assert!(folder.client(&server, &add).expect(2).err.contains("hint: "));
    folder.ok(&server, &[&add[..], &["--prepare", "add.cbor"]].concat());
    let unsigned = folder.client(&server, &["submit", "add.cbor"]).expect(2);
    assert!(
        unsigned.err.contains(&three) && unsigned.json()["error"]["code"] == "unsigned",
        "{}",
        unsigned.err
    );
    folder.ok(&server, &["sign", "add.cbor", "--key", "3.pem"]);
    folder.ok(&server, &["submit", "add.cbor"]);
    assert_eq!(keys("keys"), serde_json::json!([two, three]));

    // The key that is known to others cannot say so itself.
    let lost = |by: &str| ["party", "keys", &party, "--key", by, "--compromised", &two].map(str::to_owned);
    folder.refused(&server, &lost("2.pem").each_ref().map(String::as_str), "wrong_signer");
    folder.ok(&server, &lost("3.pem").each_ref().map(String::as_str));
    folder.ok(&server, &["party", "keys", &party, "--key", "3.pem", "--compromised", &one]);
    assert_eq!(keys("keys"), serde_json::json!([three]));
    let why: Vec<_> =
        keys("retired").as_array().expect("keys").iter().map(|key| key["why"].clone()).collect();
    assert_eq!(why, ["compromised", "compromised"]);
    let back = ["party", "keys", &party, "--key", "3.pem", "--add", "1.pem"];
    folder.refused(&server, &back, "party_keys");
    folder.refused(&server, &["party", "keys", &party, "--key", "3.pem", "--drop", &three], "party_keys");
    run(remit().args(["party", "keys", &party, "--key", "3.pem"])).expect(2);
}

/// A reservation, its capture and the release of the rest in one entry; with one that cannot be, none of them.
#[test]
fn a_bundle_is_applied_as_a_whole_or_not_at_all() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let airline =
        run(remit().args(["--json", "key", "show", text(&folder.path("airline.pem"))])).json()["key"].clone();
    let left = || folder.ok(&server, &["show", &cast.token])["budgets"][0]["left"].clone();
    let request = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let reserve = [
        &["reserve", &cast.token][..],
        &request,
        &["--argument", "amount=100", "--amount", "100 CNY", "--key", "assistant.pem", "--prepare", "r.cbor"],
    ]
    .concat();
    let held = id(&folder.ok(&server, &reserve));
    let capture = |amount: &str, file: &str| {
        let capture = ["capture", &held, "--number", "1", "--amount", amount, "--key", "airline.pem"];
        folder.ok(&server, &[&capture[..], &["--prepare", file]].concat());
    };
    capture("60 CNY", "c.cbor");
    capture("101 CNY", "more.cbor");
    folder.ok(&server, &["release", &held, "--key", "airline.pem", "--prepare", "rest.cbor"]);
    let keys = ["--key", "assistant.pem", "--key", "airline.pem"];
    let bundle = |files: &[&'static str]| [&["bundle"], files, &keys[..]].concat();
    let missing = folder.client(&server, &["bundle", "r.cbor", "c.cbor", "--key", "assistant.pem"]).expect(2);
    assert_eq!(missing.json()["error"]["code"], "no_key");
    folder.refused(&server, &bundle(&["r.cbor", "more.cbor"]), "above_reserved");
    folder.refused(&server, &bundle(&["c.cbor", "r.cbor"]), "unknown_reservation");
    assert_eq!(left(), "2000000", "nothing of a refused bundle was done");
    let whole = folder.ok(&server, &bundle(&["r.cbor", "c.cbor", "rest.cbor"]));
    assert_eq!((&whole["status"], whole["ids"].as_array().map(Vec::len)), (&"applied".into(), Some(3)));
    assert_eq!(left(), "1994000");
    let reservation = whole["ids"][0].as_str().expect("an id").to_owned();
    assert_eq!(folder.ok(&server, &["show", &reservation])["captured"], "6000");

    // Prepared by one, signed by the other somewhere else.
    let prepare = ["bundle", "r.cbor", "c.cbor", "--key", "assistant.pem", "--prepare", "both.cbor"];
    folder.ok(&server, &prepare);
    let shown = folder.ok(&server, &["sign", "both.cbor"]);
    let capture = &shown["operations"][1];
    assert!(
        capture["says"].as_str().is_some_and(|says| says.contains("that operation 0 makes")),
        "{capture}"
    );
    assert_eq!(
        (&capture["signers"], &capture["waits_for"]),
        (&serde_json::json!([]), &serde_json::json!([airline]))
    );
    assert_eq!(
        folder.client(&server, &["submit", "both.cbor"]).expect(2).json()["error"]["code"],
        "unsigned"
    );
    // Whoever submits it all the same is told by the ledger that it is no signature.
    let address = Address { url: server.url.clone(), timeout: Duration::from_secs(60), ..Address::default() };
    let reply = Remote::new(address)
        .expect("an address")
        .submit(&std::fs::read(folder.path("both.cbor")).expect("read"));
    let Ok(Reply::Refused(refused)) = reply else { panic!("{reply:?}") };
    assert_eq!((refused.code.as_str(), left()), ("bad_signature", "1994000".into()));
    let other = folder.client(&server, &["sign", "both.cbor", "--key", "company.pem"]).expect(2);
    assert!(other.err.contains("--member"), "{}", other.err);
    folder.ok(&server, &["sign", "both.cbor", "--key", "airline.pem"]);
    folder.ok(&server, &["submit", "both.cbor"]);
    assert_eq!(left(), "1984000");
}

/// Somebody hands the airline a file that says that it signed it: with a signature that is none, or with a place that
/// waits for its key. What it bundles it has signed before, or it signs nothing.
#[test]
fn a_bundle_signs_nothing_that_its_keys_have_not_signed_before() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let request = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let reserve = ["--argument", "amount=100", "--amount", "100 CNY", "--key", "assistant.pem"];
    let held = id(&folder.ok(&server, &[&["reserve", &cast.token][..], &request, &reserve].concat()));
    let prepare = |what: &[&str], file: &str| {
        folder.ok(&server, &[what, &["--key", "airline.pem", "--prepare", file]].concat());
    };
    prepare(&["capture", &held, "--number", "1", "--amount", "60 CNY"], "c.cbor");
    prepare(&["release", &held], "theirs.cbor");
    let file = folder.path("theirs.cbor");
    let whole = std::fs::read(&file).expect("a file");
    // The signature stands before the two bytes that say: no sealed claims, no links.
    let signature = whole.len() - 66..whole.len() - 2;
    let bundle = |more: &[&'static str]| {
        folder.client(&server, &[&["bundle", "c.cbor", "theirs.cbor", "--key", "airline.pem"], more].concat())
    };
    let mut forged = whole.clone();
    forged[signature.start] ^= 1;
    std::fs::write(&file, &forged).expect("written");
    assert_eq!(bundle(&[]).expect(1).json()["error"]["code"], "bad_signature");
    assert_eq!(bundle(&["--prepare", "both.cbor"]).expect(1).json()["error"]["code"], "bad_signature");

    let mut waiting = whole.clone();
    waiting[signature].fill(0);
    std::fs::write(&file, &waiting).expect("written");
    assert_eq!(bundle(&[]).expect(2).json()["error"]["code"], "unsigned");
    bundle(&["--prepare", "both.cbor"]).expect(0);
    let shown = folder.ok(&server, &["sign", "both.cbor"]);
    let of = |place: usize, what: &str| shown["operations"][place][what].as_array().map(Vec::len);
    assert_eq!((of(0, "signers"), of(0, "waits_for")), (Some(1), Some(0)));
    assert_eq!((of(1, "signers"), of(1, "waits_for")), (Some(0), Some(1)), "it still waits");
    assert_eq!(folder.ok(&server, &["show", &held])["captured"], "0", "nothing was applied");

    std::fs::write(&file, &whole).expect("written");
    bundle(&[]).expect(0);
    assert_eq!(folder.ok(&server, &["show", &held])["captured"], "6000");
}

/// Who signs a token or a reservation sees all that it gives away.
#[test]
fn what_is_to_be_signed_is_shown_whole() {
    let folder = Folder::new();
    let server = folder.serve();
    let cast = cast(&folder, &server);
    let holder = key(&folder, "other.pem");
    let says = |arguments: &[&str]| {
        folder.ok(&server, &[arguments, &["--prepare", "it.cbor"]].concat());
        let shown = folder.ok(&server, &["sign", "it.cbor"]);
        shown["operations"][0]["says"].as_str().expect("text").to_owned()
    };
    let allow = format!("service={} action=book resource=flights/** if amount le 4000", cast.airline);
    let to = ["--to", &holder, "--expires", "2030-01-01T00:00:00Z", "--not-before", "2029-01-01T00:00:00Z"];
    let more = ["--delegate", "offline:2", "--transferable", "true", "--max-staleness", "90s"];
    let budget = ["--budget", "1234 CNY per-use 56", "--allow", &allow, "--key", "company.pem"];
    let issue = [&["issue", "--issuer", &cast.issuer][..], &to, &more, &budget].concat();
    let root = says(&issue);
    for part in [
        format!("allows {allow}"),
        "not before 2029-01-01T00:00:00Z".into(),
        "budget 123 400 minor units of ".into(),
        "per use 5 600 minor units of ".into(),
        "delegation logged and offline, 2 deep".into(),
        "transferable true".into(),
        "evidence at most 90 s old".into(),
    ] {
        assert!(root.contains(&part), "{part}: {root}");
    }
    let request = ["--service", &cast.airline, "--action", "book", "--resource", "flights/CA1501"];
    let amount = ["--argument", "amount=1", "--amount", "1 CNY", "--key", "assistant.pem"];
    let reserve = [&["reserve", &cast.token][..], &request, &amount].concat();
    let by = ["--settle-by", "2d", "--refund-until", "9d"];
    assert!(says(&reserve).contains(", no refunds,"));
    let held = says(&[&reserve[..], &by].concat());
    assert!(held.contains(", refunds until 20") && held.contains(" until 20"), "{held}");
}
