//! Copies of a ledger: of one that is stopped, and of one that runs.

use crate::run::{remit, run};
use crate::server::{ADMIN, Folder, Server, text};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Every file and folder at and below a path that somebody else than its owner may look into.
fn open_to_others(path: &Path) -> Vec<String> {
    let mode = fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let mut found = Vec::new();
    if mode & 0o077 != 0 {
        found.push(format!("{} {mode:o}", path.display()));
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            found.extend(open_to_others(&entry.expect("an entry").path()));
        }
    }
    found
}

fn party(folder: &Folder, server: &Server, name: &str) -> String {
    let file = format!("{name}.pem");
    run(remit().args(["key", "new", "--plain", text(&folder.path(&file))])).expect(0);
    let added = folder.ok(server, &["party", "add", name, "--key", &file]);
    added["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_running_ledger_copies_itself_and_goes_on_from_the_copy() {
    let folder = Folder::new();
    let server = folder.serve();
    let before = party(&folder, &server, "before");
    fs::write(folder.path("admin.token"), ADMIN).expect("a file");
    let backup = folder.ok(&server, &["backup", "--running", "--token-file", "admin.token"]);
    let copy = Path::new(backup["to"].as_str().expect("a folder")).to_path_buf();
    assert!(copy.starts_with(folder.ledger().join("backups")), "{copy:?}");
    assert!(backup["entries"].as_u64().is_some_and(|entries| entries >= 4), "{backup}");
    for name in ["data", "remit.toml"] {
        assert!(copy.join(name).exists(), "{name}");
    }
    assert!(!copy.join("log.pem").exists(), "keys are elsewhere");
    let guard = folder.path("guard-then");
    fs::copy(folder.ledger().join("guard"), &guard).expect("the guard as it is now");
    let again = folder.ok(&server, &["backup", "--running", "--token-file", "admin.token"]);
    assert_ne!(again["to"], backup["to"], "each has a folder of its own");
    assert_eq!(open_to_others(&folder.ledger()), Vec::<String>::new());
    assert_eq!(server.terminate().0, Some(0));

    // The database is lost, and nothing was acknowledged after the copy but what the guard still accepts.
    let (lost, kept) = (folder.path("lost"), folder.ledger());
    let fsck = run(remit().args(["--json", "fsck"]).arg(copy.join("data"))).expect(0).json();
    assert_eq!(fsck["findings"], serde_json::json!([]));
    fs::rename(kept.join("data"), &lost).expect("moved");
    fs::rename(kept.join("guard"), folder.path("guard")).expect("moved");
    fs::copy(guard, kept.join("guard")).expect("the guard as it was");
    run(remit().arg("restore").arg(&copy).arg(&kept)).expect(0);
    let server = folder.serve();
    assert_eq!(folder.ok(&server, &["show", &before])["name"], "before");
    assert_eq!(server.terminate().0, Some(0));
}

/// The copy is of before, the guard of after: a ledger that went on from it would sign a second history.
#[test]
fn a_copy_that_lacks_what_was_acknowledged_is_refused_by_the_guard() {
    let folder = Folder::new();
    let server = folder.serve();
    fs::write(folder.path("admin.token"), ADMIN).expect("a file");
    let backup = folder.ok(&server, &["backup", "--running", "--token-file", "admin.token"]);
    party(&folder, &server, "after");
    assert_eq!(server.terminate().0, Some(0));
    fs::rename(folder.ledger().join("data"), folder.path("lost")).expect("moved");
    run(remit().arg("restore").arg(backup["to"].as_str().expect("a folder")).arg(folder.ledger())).expect(0);
    let (code, said) = folder.start(&[]).wait();
    assert_eq!(code, Some(1), "{said}");
    let guard = folder.ledger().join("guard");
    assert!(said.contains("acknowledged entries are missing") && said.contains(text(&guard)), "{said}");
}

#[test]
fn only_an_administrator_has_a_ledger_copied() {
    let folder = Folder::new();
    let server = folder.serve();
    folder.refused(&server, &["backup", "--running"], "forbidden");
    fs::write(folder.path("other.token"), "somebody else's").expect("a file");
    folder.refused(&server, &["backup", "--running", "--token-file", "other.token"], "unauthorised");
    let (ledger, to) = (folder.ledger(), folder.path("copy"));
    let locked = run(remit().arg("backup").arg(&ledger).arg(&to)).expect(1);
    assert!(locked.err.contains("the ledger runs") && locked.err.contains("--running"), "{}", locked.err);
    assert!(!to.exists() && !ledger.join("backups").exists());
    assert_eq!(server.terminate().0, Some(0));
    run(remit().arg("backup").arg(&ledger).arg(&to)).expect(0);
    assert_eq!(open_to_others(&to), Vec::<String>::new());
}

/// A copy with a guard of its own went on by itself, beside the ledger or in its place, and signed a second history.
#[test]
fn a_copy_has_no_guard_and_is_not_served_where_it_lies() {
    let folder = Folder::new();
    let server = folder.serve();
    fs::write(folder.path("admin.token"), ADMIN).expect("a file");
    let backup = folder.ok(&server, &["backup", "--running", "--token-file", "admin.token"]);
    let copy = Path::new(backup["to"].as_str().expect("a folder"));
    party(&folder, &server, "after");
    fs::copy(folder.ledger().join("log.pem"), copy.join("log.pem")).expect("a key");
    let mut serve = remit();
    serve.arg("serve").arg(copy).args(["--listen", "127.0.0.1:0", "--json"]);
    let (code, said) = Server::spawn(&mut serve).wait();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there is no guard file") && said.contains("if it is an old copy"), "{said}");
    assert_eq!(server.terminate().0, Some(0));
    let stopped = folder.path("stopped");
    run(remit().arg("backup").arg(folder.ledger()).arg(&stopped)).expect(0);
    assert!(stopped.join("data").exists() && !stopped.join("guard").exists());
}
