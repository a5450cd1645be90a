//! `remit doctor`: what would go wrong, before it does.

use super::config::{Loaded, load};
use super::folder::{genesis_of, open, runs};
use super::out::{Done, Outcome};
use super::text::time;
use super::{clock, key};
use crate::keys::file::open_to_others;
use crate::sequencer::{Guard, GuardError};
use crate::store::RocksStore;
use crate::store::Store as _;
use crate::store::rocks::{Pruned, RocksOptions};
use clap::Args;
use remit_verifier::hash::sha256;
use remit_verifier::types::Millis;
use serde_json::json;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Looks for what would go wrong: folders, keys, clock, room, guard, TLS, port. Changes nothing.
///
/// Best before `serve`: the database, the clock and the guard of a ledger that runs are not looked at.
#[derive(Args)]
#[command(after_help = "Example:\n  remit doctor ledger")]
pub(super) struct Doctor {
    /// The ledger's folder, or its configuration.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

/// One line: what was looked at, what was found, what to do about it.
struct Line {
    what: &'static str,
    ok: bool,
    found: String,
    hint: Option<&'static str>,
}

type Found = Result<String, (String, &'static str)>;

impl Line {
    fn new(what: &'static str, found: Found) -> Self {
        match found {
            Ok(found) => Self { what, ok: true, found, hint: None },
            Err((found, hint)) => Self { what, ok: false, found, hint: Some(hint) },
        }
    }
}

impl Doctor {
    pub(super) fn run(self) -> Outcome {
        let loaded = load(&self.dir)?;
        let config = &loaded.config;
        let data = loaded.path(&config.ledger.data);
        let runs = runs(&loaded.path(&config.ledger.guard));
        let mut lines = vec![
            Line::new("configuration", Ok(self.dir.display().to_string())),
            Line::new("data folder", folder(&data)),
            Line::new("log key", log_key(&loaded.path(&config.ledger.key))),
            Line::new("disk", disk(&data, config.limits.disk_free_mib.into())),
            Line::new("tls", tls(&loaded)),
            Line::new("readers", readers(&loaded)),
            Line::new("port", port(&loaded, runs)),
        ];
        if runs {
            lines.push(Line {
                hint: Some(RUNS),
                ..Line::new("database", Ok("the ledger runs and holds it".into()))
            });
            return Ok(told(&lines).with("runs", true));
        }
        match open(&data, &RocksOptions::default()) {
            Ok(store) => {
                lines.push(Line::new(
                    "database",
                    Ok(format!("{} entries, every leaf checked", store.head().size)),
                ));
                lines.extend(pruned(&store));
                lines.push(Line::new("clock", clock_after(&store)));
                lines.push(Line::new("guard", guard(&loaded.path(&config.ledger.guard), &store)));
            }
            Err(failure) => {
                let hint =
                    "`remit fsck DIR` lists what is wrong, `remit rebuild DIR` makes it anew out of its log";
                lines.push(Line::new("database", Err((failure.to_string(), hint))));
            }
        }
        Ok(told(&lines).with("runs", false))
    }
}

/// What was pruned, one line for each time.
fn pruned(store: &RocksStore) -> Vec<Line> {
    let told = |pruned: &Pruned| {
        let Pruned { before, size, digest, at, whole } = *pruned;
        let when = time::show(at.seconds());
        let found = format!("before entry {before}, {when}; snapshot of size {size}, digest {digest}");
        Line::new("pruned", if whole { Ok(found) } else { Err((format!("{found}; interrupted"), AGAIN)) })
    };
    match store.handle().pruned() {
        Ok(all) => all.iter().map(told).collect(),
        Err(error) => {
            vec![Line::new("pruned", Err((error.to_string(), "`remit fsck DIR` lists what is wrong")))]
        }
    }
}

const AGAIN: &str = "the same `remit prune` again deletes the rest";

const RUNS: &str = "stop it to have database, clock and guard looked at; `remit audit replay URL` computes everything \
    of a running one again";

/// All lines, and whether all is well.
fn told(lines: &[Line]) -> Done {
    let text: Vec<String> = lines.iter().map(Line::text).collect();
    let good = lines.iter().all(|line| line.ok);
    let checks: Vec<_> = lines
        .iter()
        .map(|line| json!({"check": line.what, "ok": line.ok, "found": line.found, "hint": line.hint}))
        .collect();
    Done::say(text.join("\n")).with("checks", checks).refused_unless(good)
}

impl Line {
    fn text(&self) -> String {
        let mark = if self.ok { "ok     " } else { "problem" };
        let hint = self.hint.map(|hint| format!("\n        hint: {hint}")).unwrap_or_default();
        format!("{mark} {}: {}{hint}", self.what, self.found)
    }
}

fn folder(data: &Path) -> Found {
    let shown = data.display().to_string();
    let meta = match std::fs::metadata(data) {
        Ok(meta) => meta,
        Err(error) => {
            return Err((
                format!("{shown}: {error}"),
                "`remit init` makes a ledger, `remit restore` restores one",
            ));
        }
    };
    if meta.permissions().mode() & 0o077 != 0 {
        // A folder above that is closed is as good.
        let above = data.parent().and_then(|above| std::fs::metadata(above).ok());
        if above.is_none_or(|above| above.permissions().mode() & 0o077 != 0) {
            return Err((format!("others can look into {shown}"), "chmod 700 the ledger's folder"));
        }
    }
    Ok(format!("{shown}, owner {}", meta.uid()))
}

fn log_key(path: &Path) -> Found {
    let shown = path.display().to_string();
    match open_to_others(path) {
        Err(error) => {
            Err((format!("{shown}: {error}"), "ledger.key names the file; the ledger cannot sign without it"))
        }
        Ok(true) => {
            Err((format!("others can read {shown}"), "chmod 600 the file, and consider the key known"))
        }
        Ok(false) if key::is_plain(path) => Err((
            format!("{shown} is not encrypted"),
            "for more than trying out, encrypt it: openssl pkcs8 -topk8 -scrypt",
        )),
        Ok(false) => Ok(format!("{shown}, encrypted, for its owner alone")),
    }
}

/// What `df` says, since the standard library does not know.
fn disk(data: &Path, wanted_mib: u64) -> Found {
    let output = Command::new("df").arg("-Pk").arg(data).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    match free.map(|kib| kib / 1024) {
        None => Ok("unknown: there is no df".into()),
        Some(free) if free < wanted_mib => Err((
            format!("{free} MiB free, below {wanted_mib}"),
            "a full disk makes the ledger read-only: make room",
        )),
        Some(free) => Ok(format!("{free} MiB free")),
    }
}

fn tls(loaded: &Loaded) -> Found {
    let http = &loaded.config.http;
    let (Some(certificate), Some(key)) = (&http.tls_certificate, &http.tls_key) else {
        let local = http.listen.ip().is_loopback();
        return if local {
            Ok("none, and this machine alone is listened to".into())
        } else {
            Err((
                format!("none, and {} is open to a network", http.listen),
                "set http.tls_certificate and http.tls_key",
            ))
        };
    };
    let (certificate, key) = (loaded.path(certificate), loaded.path(key));
    if open_to_others(&key).unwrap_or_default() {
        return Err((format!("others can read {}", key.display()), "chmod 600 the file"));
    }
    for path in [Some(&certificate), Some(&key), http.client_ca.as_ref().map(|ca| loaded.path(ca)).as_ref()]
        .into_iter()
        .flatten()
    {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if !text.contains("-----BEGIN ") {
            return Err((
                format!("{} is no PEM file", path.display()),
                "look at http.tls_* in the configuration",
            ));
        }
    }
    Ok(certificate.display().to_string())
}

fn readers(loaded: &Loaded) -> Found {
    let http = &loaded.config.http;
    let digests = || http.readers.iter().chain(&http.admins).map(|one| one.sha256.as_str());
    let nothing = sha256(&[]).to_string();
    if digests().any(|digest| digest == nothing) {
        return Err((
            "a digest is that of nothing: the token was not set when it was made".into(),
            "make it of the token: printf %s \"$(cat FILE.token)\" | sha256sum",
        ));
    }
    if http.readers.iter().any(|reader| http.admins.iter().any(|admin| admin.sha256 == reader.sha256)) {
        return Err((
            "one token is a reader's and an administrator's".into(),
            "make another one for the administrator: whoever may have the ledger copied reads nothing",
        ));
    }
    match (http.public, http.readers.len(), &http.client_ca) {
        (true, ..) => Ok("anybody: http.public is a stated choice".into()),
        (false, 0, None) => {
            Ok("nobody: holders cannot fetch presentations; `remit config check` tells how to name one"
                .into())
        }
        (false, count, ca) => {
            Ok(format!("{count} with a token{}", if ca.is_some() { ", and client certificates" } else { "" }))
        }
    }
}

fn port(loaded: &Loaded, runs: bool) -> Found {
    let listen = loaded.config.http.listen;
    match TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(_) if runs => Ok(format!("{listen} is listened to, and the ledger runs")),
        Err(error) => {
            Err((format!("{listen}: {error}"), "something else listens there: http.listen chooses another"))
        }
    }
}

fn clock_after(store: &RocksStore) -> Found {
    let now = clock::now().unwrap_or_default();
    let last: Millis = store.commitment().map(|commitment| commitment.time).unwrap_or_default();
    let (shown, entry) = (time::show(now.seconds()), time::show(last.seconds()));
    if now < last {
        return Err((
            format!("{shown}, behind the last entry of {entry}"),
            "set the clock, or wait until it has passed",
        ));
    }
    Ok(format!("{shown}, the last entry is of {entry}"))
}

fn guard(path: &Path, store: &RocksStore) -> Found {
    let ledger = match genesis_of(store) {
        Ok((ledger, _)) => ledger,
        Err(failure) => return Err((failure.to_string(), "`remit fsck`")),
    };
    let head = store.head();
    match Guard::open(path, ledger) {
        Err(error @ GuardError::Missing) => Err((
            format!("{}: {error}", path.display()),
            "if the database is the newest: `remit serve --new-guard`",
        )),
        Err(error) => Err((format!("{}: {error}", path.display()), "`remit serve` explains what it refuses")),
        Ok((_, acknowledged)) if acknowledged.size > head.size => Err((
            format!("{} entries were acknowledged, the database has {}", acknowledged.size, head.size),
            "this database is an old copy: recover the newer one; do not start it",
        )),
        Ok((_, acknowledged)) => {
            Ok(format!("{} entries acknowledged, {} kept", acknowledged.size, head.size))
        }
    }
}
