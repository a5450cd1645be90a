//! The thread that keeps an index up to date with what is published.

use super::{Index, IndexError};
use crate::ledger::{Service, State};
use remit_verifier::types::TreeSize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the thread waits for news before it looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(200);

/// Follows a running ledger until it is dropped.
#[derive(Debug)]
pub struct Follower {
    index: Arc<Index>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    failed: Mutex<Option<IndexError>>,
}

impl Follower {
    /// Starts to follow.
    ///
    /// # Errors
    ///
    /// The system's, if there is no thread to be had.
    pub fn start(index: Index, service: Service) -> std::io::Result<Self> {
        let (index, shared) = (Arc::new(index), Arc::new(Shared::default()));
        let (followed, told) = (index.clone(), shared.clone());
        let run = move || follow(&followed, &service, &told);
        let thread = Some(std::thread::Builder::new().name("index".into()).spawn(run)?);
        Ok(Self { index, shared, thread })
    }

    /// The index, to be asked.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// Why the index is no longer kept up to date, if it is not. The ledger goes on.
    pub fn failed(&self) -> Option<IndexError> {
        self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn follow(index: &Index, service: &Service, shared: &Shared) {
    while !shared.stop.load(Ordering::Acquire) {
        let seen = index.indexed_to();
        let snapshot = service.wait_for(TreeSize(seen.0.saturating_add(1)), PATIENCE);
        if snapshot.size() <= seen {
            // A ledger that has stopped answers at once, every time.
            if matches!(service.sizes().state, State::Stopped(_)) {
                std::thread::park_timeout(PATIENCE);
            }
            continue;
        }
        if let Err(error) = index.follow(&snapshot) {
            *shared.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            return;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in it was printed; the index is made anew at the next start.
            drop(thread.join());
        }
    }
}
