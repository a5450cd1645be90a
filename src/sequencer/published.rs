//! Where readers find the newest version, and the sizes of what is durable and what is published.

use super::version::Version;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::TreeSize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The newest version, shared by the writer with its readers.
#[derive(Debug)]
pub struct Published {
    heads: Mutex<Heads>,
    changed: Condvar,
}

#[derive(Debug)]
struct Heads {
    durable: TreeHead,
    signed: Arc<Version>,
    version: Arc<Version>,
    closed: bool,
}

impl Published {
    /// This version is the newest.
    pub fn new(version: Arc<Version>) -> Self {
        let heads = Heads { durable: version.head, signed: version.clone(), version, closed: false };
        Self { heads: Mutex::new(heads), changed: Condvar::new() }
    }

    /// The newest version.
    pub fn version(&self) -> Arc<Version> {
        self.heads().version.clone()
    }

    /// The version that was signed last; witnesses need not have cosigned it.
    pub fn signed(&self) -> Arc<Version> {
        self.heads().signed.clone()
    }

    /// The log as it is durable; not all of it need be signed yet.
    pub fn durable(&self) -> TreeHead {
        self.heads().durable
    }

    /// The newest version as soon as it has this size, or whichever there is when the time has passed or no newer one
    /// will come.
    pub fn wait_for(&self, size: TreeSize, timeout: Duration) -> Arc<Version> {
        let waiting = |heads: &mut Heads| heads.version.head.size < size && !heads.closed;
        let heads = self.changed.wait_timeout_while(self.heads(), timeout, waiting);
        heads.unwrap_or_else(PoisonError::into_inner).0.version.clone()
    }

    pub(super) fn set_durable(&self, head: TreeHead) {
        self.heads().durable = head;
    }

    pub(super) fn set_signed(&self, version: Arc<Version>) {
        self.heads().signed = version;
    }

    pub(super) fn publish(&self, version: Arc<Version>) {
        self.heads().version = version;
        self.changed.notify_all();
    }

    /// No newer version will come.
    pub(super) fn close(&self) {
        self.heads().closed = true;
        self.changed.notify_all();
    }

    fn heads(&self) -> MutexGuard<'_, Heads> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
