//! `remit monitor`: watches ledgers from outside, and says what is false in them.

mod ledger;
mod watched;
mod webhook;

use super::clock;
use super::out::{Done, Failure, Outcome, read_file};
use super::text::{id, key, plain, time};
use super::verify;
use crate::audit::monitor::{Folder, Interests, Ledger as _, Monitor, Settings};
use crate::remote::{Address, Remote};
use clap::Args;
use ledger::Asked;
use remit_verifier::limits::POLICY_BYTES_MAX;
use remit_verifier::types::{KeyBytes, ObjectId, Seconds};
use remit_verifier::verify::Policy;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use watched::{Standing, Watched, wrong};
use webhook::Webhook;

/// Bytes of a list of what was ordered, or of a file with a token, at most.
const LIST_BYTES_MAX: usize = 64 * 1024 * 1024;
const TOKEN_BYTES_MAX: usize = 65_536;

/// Watches ledgers: computes every entry again by the rules, and says what is false, and whose keys were used.
///
/// The checkpoint must be signed as the policy says, go on from the one before, and cover entries that are what the
/// rules make of their objects. Each thing that is wrong is one line with a code, the entry, what it states and what
/// was computed; what the log signed is kept as evidence. Several URLs of one log are mirrors: if they show two
/// histories, both notes are kept, with a proof. Entries and objects are read, so it needs a bearer token of a reader.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit monitor --policy me.toml --state watch --token-file reader.token https://ledger.example
  remit monitor --policy me.toml --state watch --once && echo 'nothing is wrong'
  remit monitor --policy me.toml --state watch --watch issuer=ID --expect ordered.txt \\
      --webhook https://me.example/alerts
  remit monitor --policy me.toml --state watch https://ledger.example https://mirror.example

Without a URL those of the policy's trust lines are asked. A start goes on from the snapshot that the last
one kept, or computes all entries from the first on: without one, or with another --watch, or once something
was wrong. Nothing that was said is said again. docs/monitor.md says what it catches, and what it cannot.

Exit codes with --once: 0 nothing is wrong; 1 a lie, something that was not ordered, or something that
cannot be checked or is not shown any more; 2 usage; 70 nobody answered.")]
pub(super) struct MonitorCommand {
    /// Ledgers, and mirrors of them; without any, those of the policy's trust lines.
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// The policy file: which logs and witnesses you trust, which ledgers theirs are, how far clocks may differ.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A folder for what must be remembered, and for evidence; each log has a folder in it.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Asks until nothing is new, and ends.
    #[arg(long)]
    once: bool,
    /// How often each ledger is asked.
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = time::span)]
    every: Seconds,
    /// How old the newest state may be.
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = time::span)]
    stale_after: Seconds,
    #[command(flatten)]
    interest: InterestArguments,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    hook: Hook,
}

/// Whose doings are told.
#[derive(Args)]
#[command(next_help_heading = "Interest")]
struct InterestArguments {
    /// Tells what is done: issuer=ID or issuer=KEY (what it issues), holder=KEY, token=ID. May be repeated.
    #[arg(long = "watch", value_name = "WHAT=WHOM", value_parser = interest)]
    watch: Vec<Interest>,
    /// A file with the ids of the root tokens that you ordered, one a line: an issuer's token that is not among them is
    /// `not_ordered`. It is read again before each round; write an id into it before you submit it.
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
}

/// How ledgers are reached.
#[derive(Args)]
#[command(next_help_heading = "Ledger")]
struct Reach {
    /// A file with the bearer token of a reader: one for all, or one for each URL, in their order.
    #[arg(long, value_name = "FILE")]
    token_file: Vec<PathBuf>,
    /// The bearer token of a reader, itself.
    #[arg(long, env = "REMIT_READER_TOKEN", value_name = "TOKEN", hide_env_values = true, hide = true)]
    reader_token: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    #[arg(long, env = "REMIT_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// How long one request may take.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = time::span)]
    timeout: Seconds,
}

/// Who is told by HTTP.
#[derive(Args)]
#[command(next_help_heading = "Webhook")]
struct Hook {
    /// Posts each event as JSON to this address, until it is answered with 2xx: at least once, in order.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A file with a bearer token for the webhook.
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_token_file: Option<PathBuf>,
    /// How long `--once` waits at its end for what is not posted yet; the next start posts it.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = time::span)]
    webhook_wait: Seconds,
}

/// Whose doings are told, as they are typed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Interest {
    Issuer(ObjectId),
    IssuerKey(KeyBytes),
    Holder(KeyBytes),
    Token(ObjectId),
}

fn interest(text: &str) -> Result<Interest, String> {
    let (what, whom) = text.split_once('=').unwrap_or((text, ""));
    match what {
        "issuer" if whom.starts_with("did:") => key(whom).map(|key| Interest::IssuerKey(*key.bytes())),
        "issuer" => id(whom).map(Interest::Issuer),
        "holder" => key(whom).map(|key| Interest::Holder(*key.bytes())),
        "token" => id(whom).map(Interest::Token),
        _ => Err(format!("`{text}`: issuer=ID, issuer=KEY, holder=KEY or token=ID")),
    }
}

impl InterestArguments {
    /// Whose doings are told now.
    fn read(&self) -> Result<Interests, Failure> {
        let mut all = Interests::default();
        for one in &self.watch {
            match one {
                Interest::Issuer(id) => all.issuers.push(*id),
                Interest::IssuerKey(key) => all.issuer_keys.push(*key),
                Interest::Holder(key) => all.holders.push(*key),
                Interest::Token(id) => all.tokens.push(*id),
            }
        }
        if let Some(path) = &self.expect {
            if all.issuers.is_empty() && all.issuer_keys.is_empty() {
                return Err(Failure::usage("whose orders are these?").hint("--watch issuer=ID says it"));
            }
            all.ordered = Some(ordered(path)?);
        }
        Ok(all)
    }
}

/// The ids in a file; what stands behind `#` is for people.
fn ordered(path: &Path) -> Result<HashSet<ObjectId>, Failure> {
    let bytes = read_file(path, LIST_BYTES_MAX)?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))?;
    let mut ids = HashSet::new();
    for (line, number) in text.lines().zip(1..) {
        let word = line.split('#').next().unwrap_or_default().trim();
        if !word.is_empty() {
            let read = id(word);
            let wrong = |why| Failure::usage(format!("{}: line {number}: {why}", path.display()));
            ids.insert(read.map_err(wrong)?);
        }
    }
    Ok(ids)
}

impl Reach {
    fn bearer(&self, place: usize, of: usize) -> Result<Option<String>, Failure> {
        let file = match self.token_file.as_slice() {
            [] => return Ok(self.reader_token.clone()),
            [one] => one,
            all if all.len() == of => &all[place],
            all => {
                let message = format!("{} token files for {of} URLs", all.len());
                return Err(Failure::usage(message).hint("one for all, or one for each URL, in their order"));
            }
        };
        token(file).map(Some)
    }
}

fn token(path: &Path) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&read_file(path, TOKEN_BYTES_MAX)?).trim().to_owned())
}

impl MonitorCommand {
    pub(super) fn run(self, json: bool) -> Outcome {
        let policy = verify::policy(&read_file(&self.policy, POLICY_BYTES_MAX)?, Some(&self.policy))?;
        let mut logs = self.open(&policy)?;
        let hook = match &self.hook.webhook {
            None => None,
            Some(url) => {
                let bearer = self.hook.webhook_token_file.as_deref().map(token).transpose()?;
                let remote = self.remote(url, bearer)?;
                Some(Webhook::start(remote, logs.iter().map(|log| log.folder.clone()).collect())?)
            }
        };
        let wake = || hook.iter().for_each(Webhook::wake);
        loop {
            match self.interest.read() {
                Ok(interests) => logs.iter_mut().for_each(|log| log.monitor.interest(interests.clone())),
                // What was ordered so far is known; a file that is being written is read the next time.
                Err(failure) => eprintln!("warning: {failure}"),
            }
            for log in &mut logs {
                log.round(json, &wake)?;
            }
            if self.once {
                break;
            }
            std::thread::sleep(Duration::from_secs(self.every.0));
        }
        logs.iter().try_for_each(|log| log.keep_snapshot())?;
        if let Some(hook) = hook
            && !hook.finish(Duration::from_secs(self.hook.webhook_wait.0))
        {
            eprintln!("warning: webhook: not all is posted yet; the next start goes on with it");
        }
        came_to(&logs)
    }

    /// The logs of the policy that are asked somewhere.
    fn open(&self, policy: &Policy) -> Result<Vec<Watched>, Failure> {
        let settings = policy.settings();
        let mut logs: Vec<Watched> = Vec::new();
        for (origin, asked) in self.ledgers(policy)? {
            if let Some(known) = logs.iter_mut().find(|log| log.origin == origin) {
                known.asked.push(asked);
                continue;
            }
            let Some((_, ledger)) = settings.ledgers.iter().find(|(name, _)| *name == origin) else {
                continue;
            };
            let of_log = Settings {
                trust: settings.trust.clone(),
                origin: origin.clone(),
                ledger: *ledger,
                skew: settings.skew,
                stale_after: self.stale_after.millis(),
            };
            let (folder, remembered) =
                Folder::open(&self.state, &origin).map_err(|error| wrong(&self.state, &error))?;
            let path = folder.path().to_owned();
            let mut monitor = Monitor::new(of_log, self.interest.read()?, &remembered)
                .ok_or_else(|| wrong(&path, &crate::audit::monitor::FolderError::Damaged(path.clone())))?;
            go_on(&mut monitor, &folder);
            let folder = Arc::new(Mutex::new(folder));
            logs.push(Watched { origin, monitor, folder, asked: vec![asked] });
        }
        Ok(logs)
    }

    /// Who is asked, with the log that is shown there.
    fn ledgers(&self, policy: &Policy) -> Result<Vec<(String, Asked)>, Failure> {
        let logs: Vec<_> = policy.settings().trust.logs().collect();
        let text = |url: &[u8]| String::from_utf8_lossy(url).trim_end_matches('/').to_owned();
        let stated = logs.iter().filter_map(|(key, url)| Some((key.name().to_owned(), text((*url)?))));
        let mut stated: Vec<(String, String)> = stated.collect();
        stated.dedup();
        let own: Vec<String> = stated.iter().map(|(_, url)| url.clone()).collect();
        let urls = if self.urls.is_empty() { &own } else { &self.urls };
        if urls.is_empty() {
            return Err(Failure::usage("no log of the policy has an address").hint(
                "name the ledger's URL, or write it behind the log's key: log VKEY https://ledger.example",
            ));
        }
        let mut all = Vec::new();
        for (place, url) in urls.iter().enumerate() {
            let mut asked = Asked::new(self.remote(url, self.reach.bearer(place, urls.len())?)?);
            let known =
                stated.iter().find(|(_, of)| *of == asked.address()).map(|(origin, _)| origin.clone());
            let only = logs.first().map(|(key, _)| key.name().to_owned());
            let only = only.filter(|only| logs.iter().all(|(key, _)| key.name() == only));
            let origin = match known.or(only) {
                Some(origin) => origin,
                None => shown_there(&mut asked, policy)?,
            };
            all.push((origin, asked));
        }
        Ok(all)
    }

    fn remote(&self, url: &str, bearer: Option<String>) -> Result<Remote, Failure> {
        let timeout = Duration::from_secs(self.reach.timeout.0);
        let address = Address { url: url.into(), bearer, ca: self.reach.ca.clone(), client: None, timeout };
        Remote::new(address).map_err(Failure::usage)
    }
}

/// Goes on from the snapshot that was kept, if it is what was written and of the history that is remembered; else all
/// is computed again.
fn go_on(monitor: &mut Monitor, folder: &Folder) {
    let path = folder.path().display();
    match folder.snapshot(monitor.interests()) {
        Ok(None) => {}
        Ok(Some(start)) => {
            if !monitor.go_on_from(start) {
                eprintln!("warning: {path}: the snapshot is of another history; all is computed again");
            }
        }
        Err(error) => eprintln!("warning: {error}; all is computed again"),
    }
}

/// Which log of the policy is shown at an address that no trust line has.
fn shown_there(asked: &mut Asked, policy: &Policy) -> Result<String, Failure> {
    let address = asked.address();
    let note = asked.checkpoint().map_err(|why| {
        Failure::internal(format!("{address}: {why}"))
            .coded("unreachable")
            .hint("which log this is must be known: write its URL behind the log's key in the policy")
    })?;
    let origin = note.lines().next().unwrap_or_default();
    let known = policy.settings().ledgers.iter().find(|(name, _)| name == origin);
    known.map(|(name, _)| name.clone()).ok_or_else(|| {
        let message = format!("{address} shows the log {}, which the policy does not trust", plain(origin));
        Failure::refused("unknown_log", message).hint("look at the URL, and at the policy's trust")
    })
}

/// What all logs come to.
fn came_to(logs: &[Watched]) -> Outcome {
    let mut done = Done::default();
    let (mut all, mut views) = (Standing::default(), Vec::new());
    for log in logs {
        let (line, view) = log.report();
        done = done.line(line);
        views.push(view);
        let one = log.standing();
        (all.wrong, all.unreachable) = (all.wrong || one.wrong, all.unreachable || one.unreachable);
    }
    if all.unreachable && !all.wrong {
        return Err(Failure::internal("not everybody answered: not all could be checked")
            .coded("unreachable")
            .hint("is the ledger running, and is the URL right? What was checked stays checked"));
    }
    Ok(done.with("logs", views).with("checked_ms", clock::now()?.0).refused_unless(!all.wrong))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interests_are_read_in_every_form() {
        let (hex, did) = ("ab".repeat(32), "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK");
        assert_eq!(interest(&format!("issuer={hex}")), Ok(Interest::Issuer(ObjectId([0xab; 32]))));
        assert_eq!(interest(&format!("token={hex}")), Ok(Interest::Token(ObjectId([0xab; 32]))));
        let by_key = key(did).map(|key| *key.bytes()).expect("a key");
        assert_eq!(interest(&format!("issuer={did}")), Ok(Interest::IssuerKey(by_key)));
        assert_eq!(interest(&format!("holder={did}")), Ok(Interest::Holder(by_key)));
        for wrong in ["", "issuer", "issuer=", "holder=x", "token=did:key:z6Mk", "payee=1"] {
            assert!(interest(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_of_orders_has_ids_and_words_for_people() {
        let folder = std::env::temp_dir().join(format!("remit-ordered-{}", std::process::id()));
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        std::fs::write(&folder, format!("# today\n\n{one}  # the flights\n {two}\n")).expect("written");
        let read = ordered(&folder).expect("read");
        assert_eq!(read, HashSet::from([ObjectId([1; 32]), ObjectId([2; 32])]));
        std::fs::write(&folder, format!("{one}\nnonsense\n")).expect("written");
        let failure = ordered(&folder).expect_err("no id").to_string();
        assert!(failure.contains("line 2"), "{failure}");
        std::fs::remove_file(&folder).expect("removed");
    }
}
