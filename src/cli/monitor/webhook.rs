//! Posts what a monitor says to an address, in a thread of its own: at least once each, in order, however often that
//! takes. The queue is what is kept on the disk, so that nothing waits for it and nothing is lost with the process.

use super::watched::{Shared, lock};
use crate::cli::out::Failure;
use crate::remote::Remote;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The pause after a first failure; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// A webhook that is being served.
pub(super) struct Webhook {
    line: Arc<Line>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and the others tell each other.
#[derive(Default)]
struct Line {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Default)]
struct Told {
    /// Something may be there to be posted.
    new: bool,
    /// All that was there was posted.
    idle: bool,
    stop: bool,
}

impl Webhook {
    /// Starts to post what was said of these logs.
    pub(super) fn start(remote: Remote, folders: Vec<Shared>) -> Result<Self, Failure> {
        let line: Arc<Line> = Arc::default();
        let worker = Worker { line: line.clone(), remote, folders };
        let thread = std::thread::Builder::new().name("webhook".into()).spawn(move || worker.run());
        Ok(Self { line, thread: Some(thread.map_err(Failure::internal)?) })
    }

    /// Something new was said.
    pub(super) fn wake(&self) {
        let mut told = self.line.told.lock().unwrap_or_else(PoisonError::into_inner);
        (told.new, told.idle) = (true, false);
        self.line.changed.notify_all();
    }

    /// Waits until all is posted, at most so long; whether it is.
    pub(super) fn finish(&self, most: Duration) -> bool {
        let told = self.line.told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.line.changed.wait_timeout_while(told, most, |told| !told.idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.idle
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.line.told.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.line.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Worker {
    line: Arc<Line>,
    remote: Remote,
    folders: Vec<Shared>,
}

impl Worker {
    fn run(self) {
        let mut pause = PAUSE_MIN;
        while !self.line.told.lock().unwrap_or_else(PoisonError::into_inner).stop {
            let posted =
                self.folders.iter().map(|folder| self.post(folder)).find(|posted| *posted != Ok(false));
            match posted {
                Some(Ok(_)) => pause = PAUSE_MIN,
                None => {
                    if self.rest(None) {
                        return;
                    }
                }
                Some(Err(why)) => {
                    eprintln!("warning: webhook: {why}; tried again in {} ms", pause.as_millis());
                    if self.rest(Some(pause)) {
                        return;
                    }
                    pause = PAUSE_MAX.min(pause * 2);
                }
            }
        }
    }

    /// Posts the next of what was said of a log; whether there was something. It counts as posted once that is kept.
    fn post(&self, folder: &Shared) -> Result<bool, String> {
        let next = lock(folder).unposted().first().cloned();
        let Some(alert) = next else { return Ok(false) };
        let text = serde_json::to_string(&alert).map_err(|error| error.to_string())?;
        match self.remote.tell(&text) {
            Ok(200..=299) => {}
            Ok(status) => return Err(format!("it answers {status}")),
            Err(error) => return Err(error.to_string()),
        }
        lock(folder).posted(alert.number + 1).map_err(|error| error.to_string())?;
        Ok(true)
    }

    /// Rests, for a time or until there is something new; whether it is time to stop.
    fn rest(&self, pause: Option<Duration>) -> bool {
        let mut told = self.line.told.lock().unwrap_or_else(PoisonError::into_inner);
        match pause {
            Some(pause) => {
                let rests = |told: &mut Told| !told.stop;
                let waited = self.line.changed.wait_timeout_while(told, pause, rests);
                told = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            None => {
                if !told.new {
                    told.idle = true;
                    self.line.changed.notify_all();
                }
                let rests = |told: &mut Told| !told.stop && !told.new;
                let waited = self.line.changed.wait_while(told, rests);
                told = waited.unwrap_or_else(PoisonError::into_inner);
                told.new = false;
            }
        }
        told.stop
    }
}
