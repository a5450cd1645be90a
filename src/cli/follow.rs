//! `remit follow`: keeps the newest state of the ledgers that a policy trusts, for verifiers that judge by it.

use super::clock;
use super::out::{Done, Failure, Outcome, print, read_file};
use super::text::time;
use super::verify;
use crate::follow::{Follower, OpenError, TakeError};
use crate::remote::{Address, Remote, RemoteError};
use clap::Args;
use remit_verifier::code::Code;
use remit_verifier::limits::POLICY_BYTES_MAX;
use remit_verifier::types::{Millis, Seconds};
use remit_verifier::verify::{FollowError, Followed, Policy};
use serde_json::{Value, json};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Learns what was revoked, suspended or changed, of all tokens at once, and keeps it.
///
/// The policy's trust lines say where each log is: log VKEY URL. Every answer is proved under a checkpoint that the
/// policy accepts, goes on from the state before it, and is on the disk before it is said. `remit verify --followed`
/// judges presentations of any age by what is kept; `remit verifier serve --follow` does both.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit follow --policy hotel.toml --state /var/lib/remit-followed
  remit follow --policy hotel.toml --state followed --once
  remit verify --shown visit/ --policy hotel.toml --followed followed/*/newest

Exit codes: 0 done, 1 refused: a fork, an older log, proofs that do not hold; 2 usage; 70 nobody answers.")]
pub(super) struct Follow {
    /// The policy file: which logs and witnesses you trust, and where the logs are.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A folder for what is followed; each ledger has a folder in it.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Asks each ledger once, and ends.
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    source: Source,
}

/// How ledgers are asked.
#[derive(Args, Clone)]
#[command(next_help_heading = "Following")]
pub(super) struct Source {
    /// How often each ledger is asked.
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = time::span)]
    every: Seconds,
    /// Certificates (PEM) to trust instead of the system's.
    #[arg(long, env = "REMIT_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// One ledger that is followed, and where it is.
pub(super) struct Followable {
    pub(super) follower: Follower,
    remote: Remote,
}

/// Why nothing newer is known.
pub(super) enum AskError {
    /// The ledger was not reached, or gave no update.
    Remote(RemoteError),
    /// What it gave is not taken.
    Take(TakeError),
    Clock(Failure),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(error) => error.fmt(f),
            Self::Take(error) => error.fmt(f),
            Self::Clock(failure) => failure.fmt(f),
        }
    }
}

impl AskError {
    /// The stable name.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Remote(RemoteError::Status { code, .. }) => code,
            Self::Remote(_) => "unreachable",
            Self::Take(TakeError::Refused(error) | TakeError::NotKept(error, _)) => error.text(),
            Self::Take(TakeError::Forked(_)) => FollowError::Fork.text(),
            Self::Take(TakeError::Io(_)) => "io",
            Self::Clock(_) => Code::Clock.text(),
        }
    }

    /// Whether somebody lied, or may have.
    pub(super) fn is_grave(&self) -> bool {
        matches!(
            self,
            Self::Take(
                TakeError::Forked(_)
                    | TakeError::NotKept(..)
                    | TakeError::Refused(FollowError::Fork | FollowError::NotConsistent)
            )
        )
    }
}

impl Source {
    /// Prepares to follow every log of the policy that has an address.
    pub(super) fn followed(
        &self,
        policy: &Policy,
        state: Option<&Path>,
    ) -> Result<Vec<Arc<Followable>>, Failure> {
        let settings = policy.settings();
        let mut all = Vec::new();
        for (key, url) in settings.trust.logs() {
            let Some(url) = url else { continue };
            let Some((_, ledger)) = settings.ledgers.iter().find(|(origin, _)| origin == key.name()) else {
                continue;
            };
            if all.iter().any(|known: &Arc<Followable>| known.follower.ledger() == *ledger) {
                continue;
            }
            let follower = match state {
                None => Follower::in_memory(*ledger),
                Some(folder) => Follower::open(folder, *ledger)
                    .map_err(|error| opening(&folder.join(ledger.to_string()), &error))?,
            };
            let url = String::from_utf8_lossy(url).into_owned();
            let address = Address { url, ca: self.ca.clone(), timeout: TIMEOUT, ..Address::default() };
            let remote = Remote::new(address).map_err(|error| Failure::usage(error.to_string()))?;
            all.push(Arc::new(Followable { follower, remote }));
        }
        if all.is_empty() {
            return Err(Failure::usage("no log of the policy has an address")
                .hint("write it behind the log's key: log VKEY https://ledger.example"));
        }
        Ok(all)
    }

    /// How often each is asked.
    pub(super) const fn every(&self) -> Duration {
        Duration::from_secs(self.every.0)
    }
}

impl Followable {
    /// Asks for what is new.
    pub(super) fn ask(&self, policy: &Policy) -> Result<Arc<Followed>, AskError> {
        let path = format!("/v1/status?since={}", self.follower.since());
        let update = self.remote.bytes(&path).map_err(AskError::Remote)?;
        let now = clock::now().map_err(AskError::Clock)?;
        self.follower.take(policy, &update, now).map_err(AskError::Take)
    }

    /// Where the ledger is.
    pub(super) fn url(&self) -> &str {
        self.remote.url()
    }
}

fn opening(path: &Path, error: &OpenError) -> Failure {
    let failure = Failure::internal(format!("{}: {error}", path.display()));
    match error {
        OpenError::Held => failure.coded("held").hint("one process follows a ledger in a folder"),
        OpenError::Damaged(_) | OpenError::Lost => failure.coded("damaged").hint(
            "what was known of the log is lost: a fork since then would not be seen. If you accept that, remove the \
             folder, and it begins anew",
        ),
        OpenError::Io(_) => failure,
    }
}

impl Follow {
    pub(super) fn run(self, json: bool) -> Outcome {
        let policy = verify::policy(&read_file(&self.policy, POLICY_BYTES_MAX)?, Some(&self.policy))?;
        let followed = self.source.followed(&policy, Some(&self.state))?;
        loop {
            let mut worst = None;
            let mut states = Vec::new();
            for one in &followed {
                match one.ask(&policy) {
                    Ok(state) => states.push(report(&state)),
                    Err(error) => {
                        eprintln!("error: {}: {error}", one.url());
                        worst = worst.filter(AskError::is_grave).or(Some(error));
                    }
                }
            }
            for (line, view) in &states {
                print(&if json { format!("{view}\n") } else { format!("{line}\n") });
            }
            if self.once {
                return match worst {
                    None => Ok(Done::default()),
                    Some(error @ AskError::Take(_)) => {
                        Ok(Done::default().with("code", error.code()).refused_unless(false))
                    }
                    Some(error) => Err(Failure::internal(error.to_string()).coded(error.code())),
                };
            }
            std::thread::sleep(self.source.every());
        }
    }
}

/// A state in a line, and as JSON.
fn report(state: &Followed) -> (String, Value) {
    let (ledger, size, stopped) = (state.ledger(), state.head().size, state.listed().count());
    let age = age(state);
    let line = format!(
        "{ledger}: {size} entries, {} leaves, {stopped} of them stopped or changed; {} s old",
        state.leaves(),
        age.seconds()
    );
    let view = json!({
        "ledger": ledger.to_string(), "size": size.0, "root": state.head().root.to_string(),
        "leaves": state.leaves().0, "listed": stopped, "committed_ms": state.committed().0, "age_ms": age.0,
    });
    (line, view)
}

fn age(state: &Followed) -> Millis {
    let now = clock::now().unwrap_or(state.committed());
    Millis(now.0.saturating_sub(state.committed().0))
}
