//! What all requests share: the ledger, who may read, what is counted, and the bounds on what goes on at one time.

use super::access::{Access, Reader, Role};
use super::clients::Clients;
use super::error::{ApiError, ErrorCode};
use super::feed::Feeds;
use super::limits::{
    CONNECTIONS_MAX, DRAIN_TIME_DEFAULT, REQUEST_TIME_DEFAULT, REQUESTS_MAX, SEARCH_WAIT, SEARCHES_MAX,
    SUBMISSIONS_BYTES_AT_ONCE_MAX, VERIFY_BYTES_AT_ONCE_MAX,
};
use super::metrics::Metrics;
use super::tls::Tls;
use crate::index::{Follower, Found, Index, IndexError, List};
use crate::ledger::{Clock, Service, Snapshot, give_way};
use remit_verifier::types::{Millis, StateIndex, TreeSize};
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::Semaphore;

/// How a ledger is served.
#[derive(Clone)]
pub struct Settings {
    /// Where to listen; whoever opens the socket reads it.
    pub listen: SocketAddr,
    /// Where the time comes from: the ledger's own clock.
    pub clock: Clock,
    /// Certificate and key; without them the server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Whether anybody may read everything: a stated choice.
    pub public: bool,
    /// Who may read, by bearer token.
    pub readers: Vec<Reader>,
    /// What clients with a certificate may read.
    pub client_role: Role,
    /// Who may administer, by bearer token. It opens nothing else.
    pub admins: Vec<Reader>,
    /// How many connections may be open at one time. Each takes a file descriptor, and the ledger needs some too.
    pub connections: usize,
    /// For a request as a whole.
    pub request_time: Duration,
    /// For the requests in progress when the server is told to stop.
    pub drain_time: Duration,
}

impl Settings {
    /// Plain HTTP on this machine alone, nobody may read what is not open to all.
    pub fn new(clock: Clock) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            clock,
            tls: None,
            public: false,
            readers: Vec::new(),
            client_role: Role::Auditor,
            admins: Vec::new(),
            connections: CONNECTIONS_MAX,
            request_time: REQUEST_TIME_DEFAULT,
            drain_time: DRAIN_TIME_DEFAULT,
        }
    }
}

/// The lists that an index keeps beside the ledger. They may be behind or ahead of what is published; every item is
/// looked up before it is shown.
pub trait Directory: Send + Sync {
    /// Waits until the lists hold what this size of the log has, or the time has passed; answers with the size that
    /// they then have seen.
    fn wait_for(&self, size: TreeSize, timeout: Duration) -> TreeSize;

    /// The numbers on a list, in order, those above `after`, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    fn list(&self, list: &List, after: Option<u64>, limit: usize) -> Result<Vec<u64>, DirectoryError>;

    /// Entries within `range` that stand on all of these lists, the newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    fn search(&self, lists: &[List], range: Range<u64>, limit: usize) -> Result<Found, DirectoryError>;

    /// Leaves of parties and units whose names begin so, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    fn names(&self, begins: &str, limit: usize) -> Result<Vec<StateIndex>, DirectoryError>;
}

/// The list could not be read; whoever keeps it has said why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryError;

impl From<DirectoryError> for ApiError {
    fn from(_: DirectoryError) -> Self {
        ErrorCode::Internal.into()
    }
}

impl Directory for Follower {
    fn wait_for(&self, size: TreeSize, timeout: Duration) -> TreeSize {
        match self.failed() {
            None => self.index().wait_for(size, timeout),
            Some(_) => self.index().indexed_to(),
        }
    }

    fn list(&self, list: &List, after: Option<u64>, limit: usize) -> Result<Vec<u64>, DirectoryError> {
        asked(self)?.list(list, after, limit).map_err(|error| failed(&error))
    }

    fn search(&self, lists: &[List], range: Range<u64>, limit: usize) -> Result<Found, DirectoryError> {
        asked(self)?.search(lists, range, limit).map_err(|error| failed(&error))
    }

    fn names(&self, begins: &str, limit: usize) -> Result<Vec<StateIndex>, DirectoryError> {
        asked(self)?.names(begins, limit).map_err(|error| failed(&error))
    }
}

/// The index, as long as it is kept up to date.
fn asked(follower: &Follower) -> Result<&Index, DirectoryError> {
    follower.failed().map_or(Ok(follower.index()), |error| Err(failed(&error)))
}

fn failed(error: &IndexError) -> DirectoryError {
    tracing::error!(%error, "the index failed: restart, and it is made anew if need be");
    DirectoryError
}

/// Copies of the ledger that are made while it runs.
pub trait Backups: Send + Sync {
    /// Makes one, with everything in it that was acknowledged before: where it is, for a person.
    ///
    /// # Errors
    ///
    /// [`BackupError`].
    fn make(&self) -> Result<String, BackupError>;
}

/// Why there is no copy; whoever makes it has said more in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupError {
    /// Another one is being made.
    Running,
    /// There is no room.
    Full,
    /// It could not be written.
    Failed,
}

/// A ledger with what is served beside it.
#[derive(Clone)]
pub struct Served {
    /// The ledger.
    pub service: Service,
    /// Lists that the ledger itself does not keep.
    pub directory: Option<Arc<dyn Directory>>,
    /// What copies it while it runs.
    pub backups: Option<Arc<dyn Backups>>,
}

impl From<Service> for Served {
    fn from(service: Service) -> Self {
        Self { service, directory: None, backups: None }
    }
}

/// What all requests share; clones are the same.
#[derive(Clone)]
pub(super) struct App(Arc<Inner>);

struct Inner {
    served: OnceLock<Served>,
    settings: Settings,
    access: Access,
    metrics: Metrics,
    requests: Semaphore,
    submission_bytes: Semaphore,
    clients: Clients,
    verify_bytes: Semaphore,
    feeds: Feeds,
    searches: Semaphore,
    draining: AtomicBool,
    run: u32,
    next_id: AtomicU64,
}

impl App {
    /// Without a ledger yet; `routes` are those that are counted.
    pub(super) fn new(settings: Settings, routes: Vec<String>) -> Self {
        let mut run = [0; 4];
        // Identifiers only have to differ between runs; without randomness they repeat, and nothing else happens.
        let _ = getrandom::fill(&mut run);
        let client_certificates = settings.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        Self(Arc::new(Inner {
            served: OnceLock::new(),
            access: Access::new(&settings, client_certificates),
            settings,
            metrics: Metrics::new(routes),
            requests: Semaphore::new(REQUESTS_MAX),
            submission_bytes: Semaphore::new(SUBMISSIONS_BYTES_AT_ONCE_MAX),
            clients: Clients::default(),
            verify_bytes: Semaphore::new(VERIFY_BYTES_AT_ONCE_MAX),
            feeds: Feeds::default(),
            searches: Semaphore::new(SEARCHES_MAX),
            draining: AtomicBool::new(false),
            run: u32::from_be_bytes(run),
            next_id: AtomicU64::new(0),
        }))
    }

    /// The ledger is open now.
    pub(super) fn open(&self, served: Served) {
        // It is opened once, by whoever serves it.
        let _ = self.0.served.set(served);
    }

    /// The ledger.
    pub(super) fn service(&self) -> Result<&Service, ApiError> {
        self.served().map(|served| &served.service)
    }

    fn served(&self) -> Result<&Served, ApiError> {
        self.0.served.get().ok_or(ErrorCode::Opening.into())
    }

    /// The published version.
    pub(super) fn snapshot(&self) -> Result<Snapshot, ApiError> {
        self.service().map(Service::snapshot)
    }

    /// Reads from the published version in a thread that may wait for the disk: for whatever reads more than a few
    /// records.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(Snapshot) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let snapshot = self.snapshot()?;
        blocking(move || read(snapshot)).await?
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(super) fn directory(&self) -> Result<&Arc<dyn Directory>, ApiError> {
        self.served()?.directory.as_ref().ok_or(ErrorCode::NoIndex.into())
    }

    pub(super) fn backups(&self) -> Result<&Arc<dyn Backups>, ApiError> {
        self.served()?.backups.as_ref().ok_or(ErrorCode::NoBackups.into())
    }

    pub(super) fn now(&self) -> Millis {
        (self.0.settings.clock)()
    }

    /// Places for requests.
    pub(super) fn requests(&self) -> &Semaphore {
        &self.0.requests
    }

    /// Bytes of submissions that arrive.
    pub(super) fn submission_bytes(&self) -> &Semaphore {
        &self.0.submission_bytes
    }

    /// What each client has in progress.
    pub(super) fn clients(&self) -> &Clients {
        &self.0.clients
    }

    /// Bytes of requests to verify.
    pub(super) fn verify_bytes(&self) -> &Semaphore {
        &self.0.verify_bytes
    }

    /// Who reads the feed.
    pub(super) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    /// As [`Self::read`], for what reads much: few at one time, behind the writer.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Busy`] if its turn does not come.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        read: impl FnOnce(Snapshot) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let turn = tokio::time::timeout(SEARCH_WAIT, self.0.searches.acquire()).await;
        let busy = || ApiError::new(ErrorCode::Busy).says("Too many search at one time.".to_owned());
        let Ok(Ok(_turn)) = turn else { return Err(busy()) };
        self.read(move |snapshot| {
            give_way();
            read(snapshot)
        })
        .await
    }

    /// The server stops soon.
    pub(super) fn drain(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// An identifier that no other request of this run has.
    pub(super) fn next_request_id(&self) -> String {
        format!("{:08x}-{:x}", self.0.run, self.0.next_id.fetch_add(1, Ordering::Relaxed))
    }
}

/// Runs `work` in a thread that may wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a request failed");
        ErrorCode::Internal.into()
    })
}
