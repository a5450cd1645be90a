//! `remit audit`: a log, from a folder, over HTTP or out of exported tiles, read again and held against what the ledger
//! signed.

mod conserve;
mod find;
mod prove;
mod replay;
pub(in crate::cli) mod source;
pub(in crate::cli) mod tiles;

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
    /// Proves one entry to others: a C2SP tlog-proof, with the entry and the signed checkpoint in it.
    ///
    /// The inclusion is computed and checked before it is written. By an id the whole log is read.
    #[command(after_help = "\
Examples:
  remit audit prove https://ledger.example 4711 --out booking.proof --token-file auditor.token
  remit audit prove tiles/ 5f0c… --out booking.proof
  remit audit prove ledger 4711 --checkpoint c.txt --receipt booking.cose --sign ledger/log.pem
  remit audit check booking.proof --log-key ledger.example/main+…")]
    Prove(Box<prove::Prove>),
    /// Checks such a proof, one of `remit explain --out`, or a receipt, offline: nobody is asked.
    #[command(after_help = "\
Examples:
  remit audit check booking.proof --log-key ledger.example/main+…
  remit audit check booking.proof --policy hotel.toml
  remit audit check booking.cose --entry booking.entry --log-key ledger.example/main+…")]
    Check(Box<prove::Check>),
}

impl Audit {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::Replay(command) => command.run(),
            Command::Conserve(command) => command.run(),
            Command::Prove(command) => command.run(),
            Command::Check(command) => command.run(),
        }
    }
}

const EVIDENCE: &str = "keep the log, the objects and the checkpoint: they are evidence against the ledger";

/// The entries do not have the root that was signed for them.
pub(super) fn other_root(size: impl std::fmt::Display) -> Failure {
    let message = format!("the first {size} entries have another root than the checkpoint says");
    Failure::refused("root", message).hint(EVIDENCE)
}
