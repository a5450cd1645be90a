//! `remit witness`: makes a witness, runs it, shows what it holds against logs.

use super::out::{Done, Failure, Outcome, print};
use super::serve::told_to_stop;
use super::session::{Connection, failure};
use super::sidecar::log_to_stderr;
use super::text::{plain, time};
use super::{clock, key};
use crate::api;
use crate::ledger::Clock;
use crate::remote::Remote;
use crate::store::StoredEntry;
use crate::witness::{Folder, FolderError, Replaying, Source, Witness, WitnessError, WitnessKind};
use clap::{Args, Subcommand};
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::sign::{LocalSigner, Signer as _};
use remit_verifier::types::{KeyBytes, Millis, Seconds};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A witness: it signs that a log has one history, and shows it to nobody in two.
#[derive(Args)]
#[command(
    after_help = "Example:\n  remit witness serve --state w --key w.pem --name witness.example/w --log VKEY"
)]
pub(super) struct WitnessCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(Init),
    Serve(Box<Serve>),
    Evidence(EvidenceOf),
}

/// Who a witness is.
#[derive(Args)]
struct Who {
    /// Its folder: what was last cosigned of each log, and evidence.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Its key file; a key that signs nothing else.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The name in its cosignatures, such as witness.example/w1.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// It cosigns only what it has computed again. Its key and name are those of no other witness: they say more.
    #[arg(long)]
    replaying: bool,
}

/// Makes the folder of a witness that has never cosigned anything, and prints its key for trust lines.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit key new w.pem
  remit witness init --state w --key w.pem --name witness.example/w

A folder that was lost is not made again for the same key: it would cosign a second history. Take a new key and name.")]
struct Init {
    #[command(flatten)]
    who: Who,
}

/// Answers POST /add-checkpoint as C2SP tlog-witness says, for the logs that are named and no other.
///
/// Every cosignature is kept and synced before it is answered. What a log signed in two ways is kept for ever. With
/// --replaying, every entry of the ledger is fetched and computed again first; it needs a bearer token of a reader.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit witness serve --state w --key w.pem --name witness.example/w --log \"$(cat log.vkey)\"
  remit witness serve --state r --key r.pem --name witness.example/r --log \"$(cat log.vkey)\" \\
      --replaying --url https://ledger.example --token-file reader.token
  curl http://127.0.0.1:8092/")]
struct Serve {
    #[command(flatten)]
    who: Who,
    /// The key of a log to cosign, as a C2SP verifier key; may be repeated.
    #[arg(long = "log", value_name = "VKEY", required = true)]
    logs: Vec<String>,
    /// Where it listens; without TLS, for a proxy on this machine.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8092")]
    listen: SocketAddr,
    #[command(flatten)]
    connection: Connection,
}

/// Shows what logs were caught in: notes that they signed, and cannot deny.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit witness evidence --state w

Exit codes: 0 nothing is held against any log, 1 something is.")]
struct EvidenceOf {
    /// The folder of the witness, which may run.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
}

impl WitnessCommand {
    pub(super) fn run(self, json: bool) -> Outcome {
        match self.command {
            Command::Init(command) => command.run(),
            Command::Serve(command) => command.run(json),
            Command::Evidence(command) => command.run(),
        }
    }
}

impl Who {
    fn kind(&self) -> WitnessKind {
        if self.replaying { WitnessKind::Replaying } else { WitnessKind::Ordinary }
    }

    fn vkey(&self, key: &KeyBytes) -> Result<VerifierKey, Failure> {
        VerifierKey::new(&self.name, KeyKind::Cosignature, key).map_err(|error| {
            Failure::usage(format!("{}: {error}", plain(&self.name)))
                .hint("a name has no space and no `+`: --name witness.example/w1")
        })
    }
}

/// Why a folder cannot be used, for a person.
fn wrong(path: &Path, error: FolderError) -> Failure {
    let said = format!("{}: {error}", path.display());
    let lost = "nothing is cosigned: another history would go unnoticed. With a new key, a new name and a new folder \
                it begins anew, as another witness";
    match error {
        FolderError::None => Failure::usage(said).coded("no_witness").hint(
            "`remit witness init` makes one for a key that never cosigned anything; for one that did, find its folder",
        ),
        FolderError::Exists => Failure::usage(said).coded("exists").hint("`remit witness serve` runs it"),
        FolderError::Held => Failure::refused("held", said).hint("a witness has one process: stop the other one"),
        FolderError::Other(_) => {
            Failure::refused("other_witness", said).hint("a folder is that of one key, name and kind")
        }
        FolderError::Damaged(_) => Failure::refused("damaged", said).hint(lost),
        FolderError::Lost(_) => Failure::refused("lost", said).hint(lost),
        FolderError::Moved | FolderError::Io(_) => Failure::internal(said),
    }
}

impl Init {
    fn run(self) -> Outcome {
        let key = self.who.vkey(&key::stated(&self.who.key)?)?;
        let (state, kind) = (&self.who.state, self.who.kind());
        Folder::create(state, &key, kind).map_err(|error| wrong(state, error))?;
        let vkey = key.to_string();
        Ok(Done::say(&vkey)
            .line(format!("a witness, {}; in trust lines: witness NAME {vkey}", kind.text()))
            .with("vkey", &vkey)
            .with("kind", kind.text())
            .with("state", state))
    }
}

impl Serve {
    fn run(self, json: bool) -> Outcome {
        log_to_stderr()?;
        let witness = Arc::new(self.open()?);
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            Failure::internal(format!("{}: {error}", self.listen))
                .coded("port")
                .hint("--listen ADDRESS chooses another; something may listen there already")
        })?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::internal)?);
        if json {
            let vkey = witness.key().to_string();
            print(&format!("{}\n", serde_json::json!({ "listening": url, "vkey": vkey })));
        } else {
            print(&format!("listening on {url}, as {}\n", witness.key()));
        }
        // A clock that fails stands at 0, which is far behind whatever was cosigned.
        let clock: Clock = Arc::new(|| clock::now().unwrap_or(Millis(0)));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let served = runtime.map_err(Failure::internal)?.block_on(async {
            let told = told_to_stop()?;
            api::serve_witness(listener, witness, clock, told).await
        });
        served.map_err(Failure::internal)?;
        Ok(if json { Done::default() } else { Done::say("stopped in good order") })
    }

    fn open(&self) -> Result<Witness, Failure> {
        let logs = self.logs.iter().map(|text| log(text)).collect::<Result<Vec<_>, _>>()?;
        let signer: LocalSigner = key::open(&self.who.key)?;
        let vkey = self.who.vkey(&signer.public_key())?;
        let state = &self.who.state;
        let folder = Folder::open(state, &vkey, self.who.kind()).map_err(|error| wrong(state, error))?;
        let replaying = if self.who.replaying {
            let one = logs.iter().all(|log| log.name() == logs[0].name());
            if !one {
                return Err(Failure::usage("a replaying witness cosigns one ledger")
                    .hint("run one for each ledger, each with a key of its own"));
            }
            let source = Fetched(self.connection.remote()?);
            Some(Replaying::start(Box::new(source), logs.clone()).map_err(Failure::internal)?)
        } else {
            None
        };
        Witness::new(folder, vkey, Box::new(signer), logs, replaying).map_err(|error| match error {
            WitnessError::Folder(error) => wrong(state, error),
            error => Failure::usage(error),
        })
    }
}

fn log(text: &str) -> Result<VerifierKey, Failure> {
    VerifierKey::parse(text).map_err(|error| {
        Failure::usage(format!("--log {}: {error}", plain(text)))
            .hint("`log_vkey` in the answer to /v1/log of a ledger is one")
    })
}

/// The log as the ledger hands it out.
struct Fetched(Remote);

impl Source for Fetched {
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String> {
        self.0.replay(from, limit).map_err(|error| failure(error).to_string())
    }
}

impl EvidenceOf {
    fn run(self) -> Outcome {
        let all = Folder::evidence(&self.state).map_err(|error| wrong(&self.state, error))?;
        let mut done = Done::say(match all.len() {
            0 => "nothing is held against any log".to_owned(),
            count => format!("{count} held against logs, for ever"),
        });
        for evidence in &all {
            let (origin, says) = (plain(&evidence.origin), plain(&evidence.says));
            let seen = time::show(Seconds(evidence.seen_s));
            done = done.line(format!("{seen}  {origin}: {}: {says}", plain(&evidence.kind)));
            for note in &evidence.notes {
                for line in note.lines() {
                    done = done.line(format!("    {}", plain(line)));
                }
            }
        }
        let good = all.is_empty();
        Ok(done.with("evidence", all).refused_unless(good))
    }
}
