//! `remit audit`: a whole log, from a folder or over HTTP, read again and held against what the ledger signed.

mod conserve;
mod replay;
pub(in crate::cli) mod source;

use super::out::{Failure, Outcome};
use clap::{Args, Subcommand};

/// Computes again what a ledger signed.
#[derive(Args)]
#[command(after_help = "Examples:\n  remit audit replay ledger\n  remit audit conserve ledger")]
pub(super) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replays a log from genesis: every signature, rule, entry, root and detail; and recounts the money by other code.
    ///
    /// Exits with 0 only if every entry is what the rules make of the submissions and every total was kept. Of a URL
    /// the newest checkpoint is fetched first. Every checkpoint must be signed by the log that is pinned, without one
    /// by the log that the first entry names.
    #[command(after_help = "\
Examples:
  remit audit replay ledger
  remit audit replay https://ledger.example --token-file auditor.token --checkpoint last-week.txt")]
    Replay(Box<replay::Replay>),
    /// Recounts the money alone, for every token and unit at every entry, by code that shares nothing with the rules.
    ///
    /// Says what moved in gross, where the least was left of a total, and where the value of each token stands.
    /// Exits with 0 only if no total was ever exceeded and the entries have the root of the checkpoint. It checks no
    /// signature: who signed is the business of `audit replay`.
    #[command(after_help = "\
Examples:
  remit audit conserve ledger
  remit audit conserve https://ledger.example --token-file auditor.token --top 5
  remit audit conserve ledger --token 5f0c… --json")]
    Conserve(Box<conserve::Conserve>),
}

impl Audit {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::Replay(command) => command.run(),
            Command::Conserve(command) => command.run(),
        }
    }
}

const EVIDENCE: &str = "keep the log, the objects and the checkpoint: they are evidence against the ledger";

/// The entries do not have the root that was signed for them.
fn other_root(size: impl std::fmt::Display) -> Failure {
    let message = format!("the first {size} entries have another root than the checkpoint says");
    Failure::refused("root", message).hint(EVIDENCE)
}
