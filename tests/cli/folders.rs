//! What is done with the folder of a ledger that does not run, and what a server refuses to start with.

use crate::run::{remit, run};
use crate::server::{Folder, text};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_new_ledger_replays_conserves_and_checks() {
    let folder = Folder::new();
    let audit = run(remit().args(["--json", "audit", "replay"]).arg(folder.ledger())).expect(0).json();
    assert_eq!((&audit["entries"], &audit["conserved"]), (&2.into(), &true.into()));
    run(remit().arg("fsck").arg(folder.ledger())).expect(0);
    let check = run(remit().args(["config", "check", "--json"]).arg(folder.ledger())).expect(0).json();
    let data = &check["settings"][0];
    assert_eq!((&data["name"], &data["from"]), (&"ledger.data".into(), &"file".into()));
    let again = run(remit().args(["init", "--origin", "x", "--plain"]).arg(folder.ledger())).expect(2);
    assert!(again.err.contains("not empty") && again.err.contains("hint: "), "{}", again.err);
}

#[test]
fn init_refuses_what_genesis_must_not_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let init = |arguments: &[&str]| {
        run(remit().arg("init").arg(folder.path().join("l")).arg("--plain").args(arguments))
    };
    assert!(init(&["--origin", "a b"]).expect(2).err.contains("no origin"));
    let minority = init(&["--origin", "a", "--operator-count", "4", "--threshold", "2"]).expect(2);
    assert!(minority.err.contains("no majority"), "{}", minority.err);
    init(&["--origin", "a", "--operator-count", "9"]).expect(2);
}

#[test]
fn a_wrong_configuration_names_its_line() {
    let folder = Folder::new();
    let config = folder.ledger().join("remit.toml");
    let whole = fs::read_to_string(&config).expect("a file");
    fs::write(&config, whole.replace("listen", "lissten")).expect("a file");
    let wrong = run(remit().args(["config", "check"]).arg(folder.ledger())).expect(2);
    let line = whole.lines().position(|line| line.starts_with("listen")).expect("the line") + 1;
    assert!(wrong.err.contains(&format!("line {line}")) && wrong.err.contains("lissten"), "{}", wrong.err);
}

#[test]
fn a_backup_is_restored_and_a_folder_rebuilt() {
    let folder = Folder::new();
    let (ledger, backup) = (folder.ledger(), folder.path("backup"));
    run(remit().arg("backup").arg(&ledger).arg(&backup)).expect(0);
    run(remit().arg("backup").arg(&ledger).arg(&backup)).expect(2);
    run(remit().arg("restore").arg(&backup).arg(&ledger)).expect(2);
    fs::rename(ledger.join("data"), folder.path("lost")).expect("moved");
    run(remit().arg("restore").arg(&backup).arg(&ledger)).expect(0);
    fs::rename(ledger.join("data"), folder.path("lost again")).expect("moved");
    fs::rename(ledger.join("guard"), folder.path("lost guard")).expect("moved");
    let unguarded = run(remit().arg("restore").arg(&backup).arg(&ledger)).expect(1);
    assert!(unguarded.err.contains("no guard") && unguarded.err.contains("--new-guard"), "{}", unguarded.err);
    run(remit().args(["restore", "--new-guard"]).arg(&backup).arg(&ledger)).expect(0);
    let rebuilt = run(remit().args(["--json", "rebuild"]).arg(&ledger)).expect(0).json();
    assert_eq!(rebuilt["entries"], 2);
    assert!(ledger.join("data.before-rebuild").exists());
    run(remit().arg("fsck").arg(&ledger)).expect(0);
}

/// The database of a ledger that runs is not exchanged below it, even if it is named by itself.
#[test]
fn what_runs_is_not_rebuilt() {
    let folder = Folder::new();
    let (ledger, backup) = (folder.ledger(), folder.path("backup"));
    run(remit().arg("backup").arg(&ledger).arg(&backup)).expect(0);
    let server = folder.serve();
    for dir in [ledger.clone(), ledger.join("data")] {
        let refused = run(remit().arg("rebuild").arg(dir)).expect(1);
        assert!(refused.err.contains("the ledger runs") && refused.err.contains("hint: "), "{}", refused.err);
    }
    run(remit().arg("restore").arg(&backup).arg(&ledger)).expect(1);
    assert!(!ledger.join("data.before-rebuild").exists() && !ledger.join("data.new").exists());
    assert_eq!(server.terminate().0, Some(0));
    run(remit().arg("rebuild").arg(&ledger)).expect(0);
}

#[test]
fn doctor_says_what_is_wrong_line_by_line() {
    let folder = Folder::new();
    fs::remove_file(folder.ledger().join("guard")).expect("removed");
    let found = run(remit().args(["--json", "doctor"]).arg(folder.ledger())).expect(1).json();
    let line = |name: &str| {
        let lines = found["checks"].as_array().expect("lines");
        lines.iter().find(|line| line["check"] == name).expect("the line").clone()
    };
    assert_eq!(line("guard")["ok"], false);
    assert!(line("log key")["found"].as_str().expect("text").contains("not encrypted"));
    assert_eq!((&line("database")["ok"], &line("clock")["ok"]), (&true.into(), &true.into()));
}

/// A ledger that runs is no fault; what cannot be looked at meanwhile is said, with what to do.
#[test]
fn a_ledger_that_runs_is_said_to_run() {
    let folder = Folder::new();
    fs::set_permissions(folder.ledger().join("log.pem"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let server = folder.serve();
    let found = run(remit().arg("doctor").arg(folder.ledger()));
    assert!(found.out.contains("ok      database: the ledger runs"), "{}", found.out);
    assert!(
        found.out.contains("audit replay URL") && !found.out.contains("problem database"),
        "{}",
        found.out
    );
    let json = run(remit().args(["--json", "doctor"]).arg(folder.ledger())).json();
    assert_eq!(json["runs"], true);
    let fsck = run(remit().arg("fsck").arg(folder.ledger())).expect(1);
    assert!(
        fsck.err.contains("error: the ledger runs") && fsck.err.contains("fsck COPY/data"),
        "{}",
        fsck.err
    );
    assert_eq!(server.terminate().0, Some(0));
    let json = run(remit().args(["--json", "doctor"]).arg(folder.ledger())).json();
    assert_eq!(json["runs"], false);
}

#[test]
fn init_makes_bearer_tokens_that_open_what_they_should() {
    let folder = Folder::new();
    let ledger = folder.path("other");
    let init = ["init", "--plain", "--origin", "remit.example/other", "--reader", "me", "--admin", "cron"];
    run(remit().args(init).arg(&ledger)).expect(0);
    let mode = |name: &str| fs::metadata(ledger.join(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!((mode("me.token"), mode("cron.token"), mode("remit.toml")), (0o600, 0o600, 0o600));
    let server = folder.serve_at(&ledger);
    let ask = |arguments: &[&str]| {
        run(remit()
            .args(arguments)
            .env("REMIT_PROFILE", ledger.join("client.toml"))
            .env("REMIT_URL", &server.url))
    };
    let unknown = "00".repeat(32);
    let shown = ask(&["--json", "show", &unknown]).expect(1);
    assert_eq!(shown.json()["error"]["code"], "not_found", "a reader");
    ask(&["backup", "--running"]).expect(1);
    ask(&["backup", "--running", "--token-file", text(&ledger.join("cron.token"))]).expect(0);
    let wrong = run(remit().args(["init", "--origin", "x", "--reader", "../me", text(&folder.path("x"))]));
    assert!(wrong.expect(2).err.contains("no name of a token"));
}

#[test]
fn an_old_copy_is_refused_and_a_missing_guard_is_named() {
    let folder = Folder::new();
    let copy = folder.path("copy");
    run(remit().arg("backup").arg(folder.ledger()).arg(&copy)).expect(0);
    let server = folder.serve();
    run(remit().args(["key", "new", "--plain", text(&folder.path("a.pem"))])).expect(0);
    folder.ok(&server, &["party", "add", "Somebody", "--key", "a.pem"]);
    assert_eq!(server.terminate().0, Some(0));
    fs::rename(folder.ledger().join("data"), folder.path("newest")).expect("moved");
    fs::rename(copy.join("data"), folder.ledger().join("data")).expect("moved");
    let (code, said) = folder.start(&[]).wait();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("acknowledged entries are missing") && said.contains("hint: "), "{said}");
    fs::rename(folder.ledger().join("guard"), folder.path("guard")).expect("moved");
    let (code, said) = folder.start(&[]).wait();
    let guard = folder.ledger().join("guard");
    let missing = format!("{}: there is no guard file", guard.display());
    assert!(code == Some(1) && said.contains(&missing), "{code:?} {said}");
    assert!(said.contains("remit serve --new-guard"), "{said}");
    assert_eq!(folder.start(&["--new-guard"]).ready().terminate().0, Some(0));
}

/// What was restored by half stood in the way of the good copy, with the content of what a link in the copy leads to.
#[test]
fn restore_puts_a_whole_database_back_or_nothing() {
    let folder = Folder::new();
    let (ledger, good, bad) = (folder.ledger(), folder.path("good"), folder.path("bad"));
    run(remit().arg("backup").arg(&ledger).arg(&good)).expect(0);
    run(remit().arg("backup").arg(&ledger).arg(&bad)).expect(0);
    fs::rename(ledger.join("data"), folder.path("lost")).expect("moved");
    let restore = |from: &std::path::Path| run(remit().arg("restore").arg(from).arg(&ledger));
    let nothing = |what: &str| {
        for name in ["data", "data.part"] {
            assert!(!ledger.join(name).exists(), "{what}: {name} stays");
        }
    };
    let table = |dir: &std::path::Path| {
        let mut files = fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
        files.find(|path| path.extension().is_some_and(|end| end == "sst")).expect("a table")
    };
    // A link, though what it leads to would do.
    let linked = table(&bad.join("data"));
    fs::rename(&linked, folder.path("table")).expect("moved");
    std::os::unix::fs::symlink(folder.path("table"), &linked).expect("a link");
    let refused = restore(&bad).expect(1);
    assert!(refused.err.contains("is no regular file of a database"), "{}", refused.err);
    nothing("a link");
    // A table that is cut short.
    fs::remove_file(&linked).expect("removed");
    let whole = fs::read(folder.path("table")).expect("a table");
    fs::write(&linked, &whole[..whole.len() / 2]).expect("written");
    assert_ne!(restore(&bad).code, 0);
    nothing("half a table");
    // The whole folder as a link.
    fs::rename(bad.join("data"), folder.path("elsewhere")).expect("moved");
    std::os::unix::fs::symlink(good.join("data"), bad.join("data")).expect("a link");
    restore(&bad).expect(1);
    nothing("a linked folder");
    fs::create_dir(ledger.join("data.part")).expect("a folder that a killed one left");
    restore(&good).expect(0);
    assert!(ledger.join("data/CURRENT").is_file() && !ledger.join("data.part").exists());
}

#[test]
fn doctor_sees_a_token_that_was_not_set_and_one_with_two_roles() {
    let folder = Folder::new();
    let config = folder.ledger().join("remit.toml");
    let whole = fs::read_to_string(&config).expect("a file");
    let readers = |text: String| {
        fs::write(&config, text).expect("written");
        let found = run(remit().args(["--json", "doctor"]).arg(folder.ledger())).json();
        let lines = found["checks"].as_array().expect("lines").clone();
        lines.into_iter().find(|line| line["check"] == "readers").expect("a line")
    };
    assert_eq!(readers(whole.clone())["ok"], true);
    let of = |token: &str| remit_verifier::hash::sha256(&[token.as_bytes()]).to_string();
    let unset = readers(whole.replace(&of(crate::server::TOKEN), &of("")));
    assert!(unset["ok"] == false && unset["found"].to_string().contains("of nothing"), "{unset}");
    let both = readers(whole.replace(&of(crate::server::ADMIN), &of(crate::server::TOKEN)));
    assert!(both["ok"] == false && both["found"].to_string().contains("an administrator's"), "{both}");
}

#[test]
fn init_without_a_passphrase_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = folder.path().join("ledger");
    let init = run(remit().args(["init", "--origin", "remit.example/test"]).arg(&ledger));
    assert!(init.code != 0 && !ledger.exists(), "{}", init.err);
}
