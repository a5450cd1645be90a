//! `remit audit`: a log, from a folder, over HTTP or out of exported tiles, read again and held against what the ledger
//! signed.

mod computed;
mod conserve;
mod diff;
mod find;
mod follow;
mod history;
mod known;
mod picture;
mod prove;
mod replay;
mod rows;
mod show;
pub(in crate::cli) mod snapshot;
pub(in crate::cli) mod source;
mod spent;
mod tail;
mod teller;
pub(in crate::cli) mod tiles;
mod top;
mod trace;
mod tree;

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
    ///
    /// With --from-snapshot the replay starts there: what lies before is not covered, and it says so.
    #[command(after_help = "\
Examples:
  remit audit replay ledger
  remit audit replay https://ledger.example --token-file auditor.token --checkpoint last-week.txt
  remit audit replay ledger --snapshot-out today.snapshot
  remit audit replay https://ledger.example --from-snapshot last.snapshot")]
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
    /// Shows the newest entries in words, and with --follow each one that comes.
    ///
    /// The whole log is read first, for the names of what is in it. Each newer checkpoint must go on from the one
    /// before, and each entry stand under it.
    #[command(after_help = "\
Examples:
  remit audit tail https://ledger.example --token-file auditor.token --follow
  remit audit tail ledger -n 50 --json")]
    Tail(Box<tail::Tail>),
    /// Shows a ledger at work, as a live view: how much, by whom, what was refused, and that each step is proved.
    ///
    /// The whole log is read first, for the names of what is in it. Each newer checkpoint must go on from the one
    /// before, and each entry stand under it; a ledger that contradicts itself ends the view. Keys: q quits, b groups
    /// by something else, p pauses, arrows and page keys go through the newest. Where there is no terminal, of a
    /// folder, and with --once it is shown once, as text; with --json each time as a line.
    #[command(after_help = "\
Examples:
  remit audit top https://ledger.example --token-file auditor.token
  remit audit top https://ledger.example --by payee --window 1h --token-file auditor.token
  remit audit top tiles/ --once
  remit audit top ledger --json")]
    Top(Box<top::Top>),
    /// Shows one entry in words: who did what, with how much, and what it changed.
    ///
    /// The whole log is computed again up to its end.
    #[command(after_help = "\
Examples:
  remit audit show ledger 21
  remit audit show tiles/ 5f0c…")]
    Show(Box<show::Show>),
    /// Traces a token: the chain above it, the tree below it, and where the value of each is.
    ///
    /// Out of the state that the log leads to, which is computed again.
    #[command(after_help = "\
Examples:
  remit audit trace ledger 5f0c…
  remit audit trace tiles/ 5f0c… --svg tree.svg")]
    Trace(Box<trace::Trace>),
    /// Shows every entry that made a token, party or unit what it is: all of them, since they fold to its history.
    #[command(after_help = "\
Examples:
  remit audit history ledger 5f0c…
  remit audit history https://ledger.example 5f0c… --token-file auditor.token --json")]
    History(Box<history::History>),
    /// Compares two checkpoints of a log: whether one goes on from the other, and what lies between.
    #[command(after_help = "\
Examples:
  remit audit diff ledger last-week.txt today.txt
  remit audit diff https://ledger.example 1200 1500 --token-file auditor.token")]
    Diff(Box<diff::Diff>),
    /// Sums up what was spent, by issuer, agent, payee, unit, day or token.
    ///
    /// Captured or settled, less what was given back; by what entries and what stands beside them say.
    #[command(after_help = "\
Examples:
  remit audit who-spent ledger --by payee
  remit audit who-spent tiles/ --by day --since 2027-01-01T00:00:00Z
  remit audit who-spent ledger --svg flow.svg")]
    WhoSpent(Box<spent::WhoSpent>),
    /// Writes one row for each operation, as CSV or as JSON lines; docs/audit.md has the columns.
    #[command(after_help = "\
Examples:
  remit audit export ledger --csv --out ledger.csv
  remit audit export tiles/ --jsonl --spends")]
    Export(Box<rows::Export>),
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
    pub(super) fn run(self, json: bool) -> Outcome {
        match self.command {
            Command::Tail(command) => command.run(json),
            Command::Top(command) => command.run(json),
            Command::Show(command) => command.run(),
            Command::Trace(command) => command.run(),
            Command::History(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::WhoSpent(command) => command.run(),
            Command::Export(command) => command.run(),
            Command::Replay(command) => command.run(),
            Command::Conserve(command) => command.run(),
            Command::Prove(command) => command.run(),
            Command::Check(command) => command.run(),
        }
    }
}

pub(super) const EVIDENCE: &str =
    "keep the log, the objects and the checkpoint: they are evidence against the ledger";

/// The entries do not have the root that was signed for them.
pub(super) fn other_root(size: impl std::fmt::Display) -> Failure {
    let message = format!("the first {size} entries have another root than the checkpoint says");
    Failure::refused("root", message).hint(EVIDENCE)
}
