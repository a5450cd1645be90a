//! One log that is watched: its monitor, what is kept of it, and where it is asked.

use super::ledger::Asked;
use crate::audit::monitor::{
    Alert, EventCode, Folder, FolderError, Ledger as _, Monitor, SNAPSHOT_ENTRIES, Severity,
};
use crate::cli::clock;
use crate::cli::out::{Failure, print};
use crate::cli::progress::Bar;
use crate::cli::text::{plain, time};
use remit_verifier::types::{Millis, TreeSize};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A folder, which the webhook reads too.
pub(super) type Shared = Arc<Mutex<Folder>>;

pub(super) fn lock(folder: &Shared) -> MutexGuard<'_, Folder> {
    // What is kept in it is replaced after it was written.
    folder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One log.
pub(super) struct Watched {
    pub(super) origin: String,
    pub(super) monitor: Monitor,
    pub(super) folder: Shared,
    pub(super) asked: Vec<Asked>,
}

/// What a round came to, of all logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// A lie, something unexpected, or something that could not be checked although it was answered.
    pub(super) wrong: bool,
    /// Somebody did not answer.
    pub(super) unreachable: bool,
}

/// Why a folder cannot be used, for a person.
pub(super) fn wrong(path: &Path, error: &FolderError) -> Failure {
    let said = format!("{}: {error}", path.display());
    match error {
        FolderError::Held => Failure::refused("held", said).hint("one process watches a log in a folder"),
        FolderError::Damaged(_) | FolderError::Lost => Failure::refused("damaged", said).hint(
            "what was known of the log is lost: a past that was rewritten since would not be noticed. Keep the folder \
             with its evidence; with another one it begins anew",
        ),
        FolderError::Io(_) => Failure::internal(said),
    }
}

impl Watched {
    /// Asks everybody who shows this log, and says what is new. `wake` is called when something was said.
    pub(super) fn round(&mut self, json: bool, wake: &dyn Fn()) -> Result<(), Failure> {
        let Self { monitor, folder, asked, .. } = self;
        self_say(folder, json)?;
        let path = lock(folder).path().to_owned();
        for ledger in asked {
            let bar = Bar::new("entries", 0);
            let kept = monitor.round(ledger, clock::now()?, |monitor| {
                let (done, newest) = monitor.progress();
                bar.set(done.0, newest.0);
                let events = monitor.take_events();
                let mut kept = lock(folder);
                events.iter().try_for_each(|event| kept.say(event).map(drop))?;
                kept.remember(monitor)?;
                kept.keep_snapshot(monitor, SNAPSHOT_ENTRIES)?;
                drop(kept);
                if !events.is_empty() {
                    wake();
                }
                Ok(())
            });
            bar.finish();
            kept.map_err(|error| wrong(&path, &error))?;
            self_say(folder, json)?;
        }
        Ok(())
    }

    /// Keeps a snapshot for the next start, at the end of this one.
    pub(super) fn keep_snapshot(&self) -> Result<(), Failure> {
        let mut folder = lock(&self.folder);
        let path = folder.path().to_owned();
        folder.keep_snapshot(&self.monitor, 1).map_err(|error| wrong(&path, &error))
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        let raised = self.monitor.raised();
        let graver = |code: &EventCode| code.severity() > Severity::Notice && *code != EventCode::Unreachable;
        let lied = lock(&self.folder).alerts().iter().any(Alert::is_lie);
        let unreachable = raised.contains(&EventCode::Unreachable);
        // What was seen once, and is not shown although everybody answered, was not checked.
        let (done, newest) = self.monitor.progress();
        let hidden = done < newest && !unreachable;
        Standing { wrong: lied || hidden || raised.iter().any(graver), unreachable }
    }

    /// How it stands, in a line and as JSON.
    pub(super) fn report(&self) -> (String, Value) {
        let (done, newest) = self.monitor.progress();
        let folder = lock(&self.folder);
        let lies = folder.alerts().iter().filter(|alert| alert.is_lie()).count();
        let TreeSize(size) = newest;
        let computed = self.monitor.head().size;
        let mut line = format!("{}: {done} of {size} entries computed again", plain(&self.origin));
        if self.monitor.is_halted() {
            line = format!("{}: computed up to {computed}, {done} followed", plain(&self.origin));
        }
        let from = self.monitor.from();
        if from.0 > 0 {
            line = format!("{line}, those before {from} by an earlier start");
        }
        if lies > 0 {
            line = format!("{line}; {lies} caught, kept in {}", folder.path().display());
        }
        let asked: Vec<String> = self.asked.iter().map(|ledger| ledger.address()).collect();
        let view = json!({
            "origin": self.origin, "entries": computed.0, "followed": done.0, "from": from.0, "size": size,
            "lies": lies, "asked": asked, "state": folder.path(),
        });
        (line, view)
    }
}

/// Prints what was said and not printed yet.
fn self_say(folder: &Shared, json: bool) -> Result<(), Failure> {
    let mut folder = lock(folder);
    if folder.unprinted().is_empty() {
        return Ok(());
    }
    for alert in folder.unprinted() {
        let kept = alert.evidence.as_ref().map(|name| folder.path().join(name).display().to_string());
        let shown = Alert { evidence: kept, ..alert.clone() };
        print(&if json { as_json(&shown) } else { line(&shown) });
    }
    let path = folder.path().to_owned();
    folder.printed().map_err(|error| wrong(&path, &error))
}

fn as_json(alert: &Alert) -> String {
    format!("{}\n", json!(alert))
}

/// An alert in a line for people.
fn line(alert: &Alert) -> String {
    let Alert { severity, code, origin, source, says, seen_ms, evidence, .. } = alert;
    let seen = time::show(Millis(*seen_ms).seconds());
    let kept = evidence.as_ref().map(|path| format!("; evidence: {path}")).unwrap_or_default();
    let (origin, source, says) = (plain(origin), plain(source), plain(says));
    format!("{seen}  {severity}  {code}  {origin} at {source}: {says}{kept}\n")
}
