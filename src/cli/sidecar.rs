//! `remit verifier serve`: decides for the services beside it, over HTTP, and asks no ledger.

use super::out::{Done, Failure, Outcome, print, read_file};
use super::serve::told_to_stop;
use super::{clock, follow, till, verify};
use crate::api::{self, Sidecar};
use crate::follow::{JournalError, Newest, Record};
use crate::ledger::Clock;
use clap::{Args, Subcommand};
use remit_verifier::limits::POLICY_BYTES_MAX;
use remit_verifier::types::Millis;
use remit_verifier::verify::{Keeping, Policy};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// A verifier beside a service.
#[derive(Args)]
#[command(
    after_help = "Example:\n  remit verifier serve --policy hotel.toml --state /var/lib/remit-verifier"
)]
pub(super) struct VerifierCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(Box<Serve>),
}

/// Answers proxies and services about the requests that they receive; no ledger is asked, and none is needed.
///
/// nginx asks at /v1/auth/nginx, Traefik at /v1/auth/traefik, Envoy below /v1/auth/envoy; agents bring their
/// presentations to /.well-known/remit/. Yes is said once to each request, and after that is on record. SIGHUP reads
/// the policy anew; one that cannot be read changes nothing.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit verifier serve --policy hotel.toml --state /var/lib/remit-verifier
  curl -H 'Content-Type: application/cbor' --data-binary @visit/presentation.cbor \\
      http://127.0.0.1:8091/.well-known/remit/presentations")]
struct Serve {
    /// The policy file: whom you trust, and what you serve.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// A folder for the record of what was served, and the newest evidence seen; needed unless the policy says
    /// record = "memory".
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A till, whose vouchers are taken at POST /v1/vouchers; with the proof of its lease. May be repeated, each time
    /// with both.
    #[arg(long = "till", value_name = "FILE", requires = "proofs")]
    tills: Vec<PathBuf>,
    /// The proof of the lease of a till, in the same order.
    #[arg(long = "proof", value_name = "FILE", requires = "tills")]
    proofs: Vec<PathBuf>,
    /// Follows the logs of the policy that have an address, so that presentations of any age are judged by what was
    /// revoked, suspended or changed since. What was learnt goes on to count when a ledger cannot be reached.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    source: follow::Source,
    /// Where it listens; without TLS, for the proxy on this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    listen: SocketAddr,
}

impl VerifierCommand {
    pub(super) fn run(self, json: bool) -> Outcome {
        match self.command {
            Command::Serve(command) => command.run(json),
        }
    }
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    verify::policy(&read_file(path, POLICY_BYTES_MAX)?, Some(path))
}

impl Serve {
    fn run(self, json: bool) -> Outcome {
        log_to_stderr()?;
        let policy = read_policy(&self.policy)?;
        if policy.settings().serving.routes.is_empty() {
            tracing::warn!("the policy has no routes: no request over HTTP will be served");
        }
        let followed = match self.follow {
            true => {
                let folder = self.state.as_ref().map(|state| state.join("followed"));
                self.source.followed(&policy, folder.as_deref())?
            }
            false => Vec::new(),
        };
        let sidecar = self.open(policy)?;
        for one in followed {
            keep_following(sidecar.clone(), one, self.source.every())?;
        }
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            Failure::internal(format!("{}: {error}", self.listen))
                .coded("port")
                .hint("--listen ADDRESS chooses another; something may listen there already")
        })?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::internal)?);
        if !self.listen.ip().is_loopback() {
            tracing::warn!(
                "{} is open to a network: whoever reaches it may ask as every proxy does, without TLS",
                self.listen
            );
        }
        if json {
            print(&format!("{}\n", serde_json::json!({ "listening": url })));
        } else {
            print(&format!("listening on {url}\n"));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let served = runtime.map_err(Failure::internal)?.block_on(async {
            let told = told_to_stop()?;
            let again = read_again(sidecar.clone(), self.policy.clone())?;
            let again = tokio::spawn(again);
            let served = api::serve_sidecar(listener, sidecar, told).await;
            again.abort();
            served
        });
        served.map_err(Failure::internal)?;
        Ok(if json { Done::default() } else { Done::say("stopped in good order") })
    }

    /// The tills, each of another lease.
    fn counters(&self) -> Result<Vec<api::Counter>, Failure> {
        if self.tills.len() != self.proofs.len() {
            return Err(Failure::usage("every --till has its --proof")
                .hint("--till a.cbor --proof a-lease.cbor --till b.cbor --proof b-lease.cbor"));
        }
        let pairs = self.tills.iter().zip(&self.proofs);
        pairs.map(|(till, proof)| till::counter(till, proof, &self.policy)).collect()
    }

    /// The record that the policy asks for.
    fn open(&self, policy: Policy) -> Result<Sidecar, Failure> {
        let (now, skew) = (clock::now()?, policy.settings().skew);
        let record = match (policy.settings().serving.record, &self.state) {
            (Keeping::Memory, _) => Record::in_memory(now, skew),
            (Keeping::Durable, Some(folder)) => Record::open(folder, now, skew).map_err(|error| {
                let failure = Failure::internal(format!("{}: {error}", folder.join("served").display()));
                match error {
                    JournalError::Held => failure.coded("held").hint("one record is one process's"),
                    JournalError::Damaged(_) => failure.coded("damaged").hint(
                        "it is not known what was served: move the file away no sooner than a week after the last \
                         request with approvals, or two minutes after any other",
                    ),
                    JournalError::Lost => failure.coded("damaged").hint(
                        "the folder had a record, and an old copy of it would serve twice: begin with a new folder, no \
                         sooner than a week after the last request with approvals, or two minutes after any other",
                    ),
                    JournalError::Io(_) => failure,
                }
            })?,
            (Keeping::Durable, None) => {
                return Err(Failure::usage("where is the record of what was served?")
                    .hint("--state DIR; or say record = \"memory\" in the policy, and read what that means"));
            }
        };
        let newest = match &self.state {
            Some(folder) => {
                std::fs::create_dir_all(folder).and_then(|()| Newest::open(folder)).map_err(|error| {
                    Failure::internal(format!("{}: {error}", folder.join("newest").display()))
                })?
            }
            None => Newest::in_memory(),
        };
        // A clock that fails is one that shows the end of all time: nothing is good then.
        let clock: Clock = Arc::new(|| clock::now().unwrap_or(Millis(u64::MAX)));
        Ok(Sidecar::new(policy, record, newest, clock, self.counters()?))
    }
}

/// Asks a ledger again and again, in a thread of its own; what was kept counts at once.
fn keep_following(
    sidecar: Sidecar,
    followed: Arc<follow::Followable>,
    every: std::time::Duration,
) -> Result<(), Failure> {
    if let Some(state) = followed.follower.state() {
        sidecar.follow(state);
    }
    let ask = move || {
        loop {
            match followed.ask(&sidecar.policy()) {
                Ok(state) => sidecar.follow(state),
                Err(error) => {
                    sidecar.not_followed(error.code());
                    let (url, code) = (followed.url(), error.code());
                    if error.is_grave() {
                        tracing::error!(url, code, "{error}");
                    } else {
                        tracing::warn!(url, code, "{error}");
                    }
                }
            }
            std::thread::sleep(every);
        }
    };
    std::thread::Builder::new().name("follow".into()).spawn(ask).map_err(Failure::internal)?;
    Ok(())
}

/// Reads the policy anew at every SIGHUP.
fn read_again(
    sidecar: Sidecar,
    path: PathBuf,
) -> std::io::Result<impl std::future::Future<Output = ()> + Send> {
    let mut told = signal(SignalKind::hangup())?;
    Ok(async move {
        while told.recv().await.is_some() {
            match read_policy(&path) {
                Ok(policy) => {
                    if (policy.settings().serving.record == Keeping::Durable) != sidecar.is_durable() {
                        tracing::warn!(
                            "where the record is kept is decided at the start: start anew for that"
                        );
                    }
                    sidecar.replace_policy(policy);
                    tracing::info!(path = %path.display(), "the policy was read anew");
                }
                Err(failure) => tracing::error!(%failure, "the policy stays as it was"),
            }
        }
    })
}

/// Lines of log on stderr; `RUST_LOG` chooses others than those of `info` and above.
pub(super) fn log_to_stderr() -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()
        .map_err(|error| Failure::usage(format!("RUST_LOG: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    builder.with_ansi(false).try_init().map_err(Failure::internal)
}
