//! `remit demo`: the running example.

use super::clock;
use super::out::{Done, Failure, Outcome};
use crate::client::Randomness;
use crate::demo::Report;
use clap::Args;
use remit_verifier::types::Millis;
#[cfg(feature = "server")]
use std::path::{Path, PathBuf};

/// What serves a ledger that is kept.
#[cfg(feature = "server")]
const CONFIG: &str = "\
# The ledger of `remit demo`, made up from end to end. Other settings are at their defaults: `remit config check`
# explains them.

[ledger]
data = \"data\"
guard = \"guard\"
key = \"log.pem\"

[http]
listen = \"127.0.0.1:8080\"
# Nothing in it is private.
public = true
";

const EXAMPLE: &str = "Example:\n  remit demo\n  remit demo --json | jq .ok";

/// Tells the running example, step by step.
///
/// A company gives a travel assistant 20 000.00 CNY; parts are passed on, spent, refunded, cut off and handed over; a
/// hotel decides while the ledger is stopped. It plays on a real server: a new folder, and HTTP on this machine alone.
/// At the end the server is stopped and the folder replayed, and every root compared. Only the clock is the story's
/// own, so that minutes pass in an instant. Exits with 0 only if every step came out as told.
#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(super) struct Demo {
    /// Plays on a ledger in this process, without a disk and a socket.
    #[arg(long)]
    memory: bool,
    /// Makes the ledger's folder here, new or empty, and keeps it; without this it is temporary.
    #[cfg(feature = "server")]
    #[arg(long, value_name = "DIR", conflicts_with = "memory")]
    keep: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(self) -> Outcome {
        let report = self.play(self.start(clock::now()?))?;
        let fields = serde_json::to_value(&report).map_err(Failure::internal)?;
        let done = Done::say(report.text()).with_all(fields).refused_unless(report.ok);
        #[cfg(feature = "server")]
        let done = match &self.keep {
            Some(folder) => {
                super::private::write(&folder.join(super::config::FILE_NAME), CONFIG.as_bytes())?;
                let shown = folder.display();
                done.line(format!("The ledger is kept, with its key: remit serve {shown}"))
                    .line(format!("                                  remit audit replay {shown}"))
                    .with("folder", folder)
            }
            None => done,
        };
        Ok(done)
    }

    /// When the story begins: one that is kept ends before now, so that the ledger goes on by the clock.
    fn start(&self, now: Millis) -> Millis {
        #[cfg(feature = "server")]
        if self.keep.is_some() {
            super::private::from_now_on();
            return Millis(now.0.saturating_sub(crate::demo::LENGTH_MAX.0));
        }
        now
    }

    #[cfg(feature = "server")]
    fn play(&self, now: Millis) -> Result<Report, Failure> {
        if self.memory {
            return crate::demo::run(now, Randomness::System).map_err(Failure::internal);
        }
        let played = |folder: &Path| {
            crate::demo::run_served(now, Randomness::System, folder).map_err(Failure::internal)
        };
        match &self.keep {
            Some(folder) if folder.read_dir().is_ok_and(|mut inside| inside.next().is_some()) => {
                Err(Failure::usage(format!("{} is not empty", folder.display()))
                    .coded("not_empty")
                    .hint("choose another folder; nothing is written over"))
            }
            Some(folder) => played(folder),
            None => {
                let name = format!("remit-demo-{}-{}", std::process::id(), now.0);
                let folder = std::env::temp_dir().join(name);
                let report = played(&folder);
                // What is left behind after a failure is only a temporary folder.
                let removed = std::fs::remove_dir_all(&folder);
                report.and_then(|report| removed.map(|()| report).map_err(Failure::internal))
            }
        }
    }

    #[cfg(not(feature = "server"))]
    fn play(&self, now: Millis) -> Result<Report, Failure> {
        // This build has no server to play on.
        let _ = self.memory;
        crate::demo::run(now, Randomness::System).map_err(Failure::internal)
    }
}
