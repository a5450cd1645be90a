//! `remit explain`: what became of an operation, and why, in words; from the log, with its proof.

mod find;
mod words;

use super::out::{Done, Failure, Outcome};
use super::private;
use super::session::Connection;
use clap::Args;
use find::Found;
use remit_verifier::types::{EntryIndex, ObjectId};
use std::path::PathBuf;

/// Says in plain words what became of an operation: why it was refused and by which number, or what it did.
///
/// Refused spends that whoever holds the token signed are entries of the log; docs/http.md says who sees their numbers.
/// The entry is checked: its object and details are those that it names, and it stands under the checkpoint. Of a
/// folder, whose checkpoints are the server's to sign, the root of the whole log is computed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit explain OPERATION
  remit explain OPERATION --out refusal.proof      the proof that the entry stands in the log
  remit explain 4711                               by the entry
  remit explain OPERATION --folder ledger          of a ledger that does not run")]
pub(super) struct Explain {
    /// The id of the operation or of its submission, or the index of an entry.
    #[arg(value_name = "ID|ENTRY")]
    what: String,
    /// Writes the proof of the entry (C2SP tlog-proof).
    #[arg(long, value_name = "FILE", conflicts_with = "folder")]
    out: Option<PathBuf>,
    /// Reads the folder of a ledger that does not run, instead of asking one that does.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Wanted {
    Entry(EntryIndex),
    Operation(ObjectId),
}

/// An id has 64 digits, an index at most 20.
pub(in crate::cli) fn wanted(text: &str) -> Result<Wanted, Failure> {
    if text.len() <= 20 && text.bytes().all(|digit| digit.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            return Err(Failure::usage(format!(
                "`{text}` is no index of an entry: it has no zeros in front"
            )));
        }
        return text.parse().map(|at| Wanted::Entry(EntryIndex(at))).map_err(Failure::usage);
    }
    super::text::id(text).map(Wanted::Operation).map_err(Failure::usage)
}

const UNKNOWN: &str = "it was never decided here, or it was refused without an entry: its bytes, time or signatures \
    were wrong, whoever signed does not hold the token, the token is not in force, it is no spend or was one of a \
    bundle, or its root had 64 refusals in that hour already; what was just submitted is there once it is published";

impl Explain {
    pub(super) fn run(self) -> Outcome {
        let wanted = wanted(&self.what)?;
        let found = match &self.folder {
            Some(folder) => find::in_folder(&folder.to_string_lossy(), &self.connection, wanted)?,
            None => find::over_http(&self.connection, wanted)?,
        };
        let Some(found) = found else {
            return Err(match wanted {
                Wanted::Entry(at) => Failure::refused("not_found", format!("the log has no entry {at} yet"))
                    .hint("`remit show` says how long it is"),
                Wanted::Operation(id) => {
                    Failure::refused("not_found", format!("nothing is known of {id}")).hint(UNKNOWN)
                }
            });
        };
        let mut done = words::explain(&found)?;
        done = match (&self.out, &found.proof) {
            (Some(path), Some(proof)) => {
                private::write(path, proof.as_bytes())?;
                done.line(format!("the proof is in {}", path.display()))
            }
            _ => done,
        };
        Ok(proved(done, &found))
    }
}

/// Says what the entry was checked against.
fn proved(done: Done, found: &Found) -> Done {
    // A refusal says nothing of what came after it; who read the whole log has seen that nothing did.
    let done = match (found.outcome.refused, found.root) {
        (Some(_), None) => {
            done.line("that the same bytes were not applied later is the server's word: no proof says it")
        }
        _ => done,
    };
    let done = match (found.checkpoint, found.root) {
        (Some(size), _) => done.line(format!("proved under the checkpoint of size {size}")),
        (None, Some(root)) if found.in_folder => {
            done.line(format!("it stands in the log of the folder, whose root is {root}"))
        }
        (None, _) => done.line("the proof was not checked: no --log-key, --policy or profile"),
    };
    done.with("proved", found.checkpoint.is_some())
        .with("checkpoint_size", found.checkpoint)
        .with("log_root", found.root.map(|root| root.to_string()))
        .with("proof", &found.proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_no_id() {
        assert_eq!(wanted("4711").ok(), Some(Wanted::Entry(EntryIndex(4711))));
        assert_eq!(wanted(&"9".repeat(64)).ok(), Some(Wanted::Operation(ObjectId([0x99; 32]))));
        for wrong in ["", "x", "0512", "99999999999999999999", &"9".repeat(63)] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }
}
