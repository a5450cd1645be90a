//! The layer: policy, record, clock, what was brought, and the verifiers.

use crate::record::ServedRecord;
use crate::service::RemitService;
use remit::follow::{Kept, Newest};
use remit_verifier::types::{Hash, Millis};
use remit_verifier::verify::{Followed, Keeping, Policy, Verifier};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{error, fmt};
use tower_layer::Layer;

/// Most bytes of a request's content, unless the service says otherwise.
pub const CONTENT_BYTES_MAX: usize = 1 << 20;
/// How long content may take to arrive, unless the service says otherwise.
pub const CONTENT_TIME_MAX: Duration = Duration::from_secs(10);
/// Presentations that holders brought, and evidence, in bytes each.
pub const KEPT_BYTES_MAX: usize = 64 << 20;

/// The policy says that what is served is recorded durably, and the record forgets at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotDurable;

impl fmt::Display for NotDurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the policy wants a durable record, and this one is in memory")
    }
}

impl error::Error for NotDurable {}

/// Lets through what a holder signed and the policy allows, once. Clones, and the services that it makes, are one
/// verifier with one record.
#[derive(Clone)]
pub struct RemitLayer(Arc<Guard>);

pub(crate) struct Guard {
    pub(crate) policy: Policy,
    pub(crate) record: Arc<dyn ServedRecord>,
    pub(crate) presentations: Kept,
    pub(crate) evidence: Kept,
    pub(crate) public: HashSet<String>,
    pub(crate) content_bytes_max: usize,
    pub(crate) content_time_max: Duration,
    newest: Newest,
    followed: Box<dyn Fn() -> Vec<Arc<Followed>> + Send + Sync>,
    clock: Box<dyn Fn() -> Millis + Send + Sync>,
    /// One for each processor, so that they do not wait for each other.
    verifiers: Vec<Mutex<Verifier>>,
}

impl fmt::Debug for RemitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemitLayer").field("policy", &self.0.policy).finish_non_exhaustive()
    }
}

impl RemitLayer {
    /// One with this policy, record, and clock.
    ///
    /// # Errors
    ///
    /// [`NotDurable`].
    pub fn new(
        policy: Policy,
        record: impl ServedRecord,
        clock: impl Fn() -> Millis + Send + Sync + 'static,
    ) -> Result<Self, NotDurable> {
        if policy.settings().serving.record == Keeping::Durable && !record.is_durable() {
            return Err(NotDurable);
        }
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let verifier = || Mutex::new(Verifier::new(policy.clone(), Millis(0)));
        Ok(Self(Arc::new(Guard {
            verifiers: std::iter::repeat_with(verifier).take(count).collect(),
            record: Arc::new(record),
            presentations: Kept::new(KEPT_BYTES_MAX),
            evidence: Kept::new(KEPT_BYTES_MAX),
            public: HashSet::new(),
            content_bytes_max: CONTENT_BYTES_MAX,
            content_time_max: CONTENT_TIME_MAX,
            newest: Newest::in_memory(),
            followed: Box::new(Vec::new),
            clock: Box::new(clock),
            policy,
        })))
    }

    /// Anybody may ask for exactly this path, without a query; nothing is checked there, and no [`Served`] is told.
    ///
    /// [`Served`]: crate::Served
    #[must_use]
    pub fn public(self, path: impl Into<String>) -> Self {
        self.with(|guard| {
            guard.public.insert(path.into());
        })
    }

    /// At most so many bytes of content ([`CONTENT_BYTES_MAX`]), which take at most so long ([`CONTENT_TIME_MAX`]).
    #[must_use]
    pub fn content(self, bytes_max: usize, time_max: Duration) -> Self {
        self.with(|guard| (guard.content_bytes_max, guard.content_time_max) = (bytes_max, time_max))
    }

    /// The newest evidence seen, which is kept over restarts; without it a restart forgets what it was.
    #[must_use]
    pub fn newest(self, newest: Newest) -> Self {
        self.with(|guard| guard.newest = newest)
    }

    /// The newest states of the ledgers that are followed (spec 22 §4), asked for before each decision: what
    /// [`Follower::state`] gives, of each ledger one, and never an older one after a newer.
    ///
    /// [`Follower::state`]: remit::follow::Follower::state
    #[must_use]
    pub fn followed(self, states: impl Fn() -> Vec<Arc<Followed>> + Send + Sync + 'static) -> Self {
        self.with(|guard| guard.followed = Box::new(states))
    }

    /// Changes a layer that no service has yet.
    fn with(mut self, change: impl FnOnce(&mut Guard)) -> Self {
        if let Some(guard) = Arc::get_mut(&mut self.0) {
            change(guard);
        }
        self
    }
}

impl<S> Layer<S> for RemitLayer {
    type Service = RemitService<S>;

    fn layer(&self, inner: S) -> RemitService<S> {
        RemitService::new(inner, self.0.clone())
    }
}

impl Guard {
    /// The time of the service.
    pub(crate) fn now(&self) -> Millis {
        (self.clock)()
    }

    /// Does something with a verifier, which knows the newest evidence before and tells it afterwards.
    pub(crate) fn with_verifier<T>(&self, by: &Hash, judge: impl FnOnce(&mut Verifier) -> T) -> T {
        let place = usize::from(by.0[0]) % self.verifiers.len();
        let (answer, newest) = {
            // Whoever panicked had remembered what was good, or nothing.
            let mut verifier = self.verifiers[place].lock().unwrap_or_else(PoisonError::into_inner);
            verifier.see(self.newest.get());
            // While it is held: so that nobody who asked earlier comes later, with an older state.
            (self.followed)().into_iter().for_each(|state| verifier.follow(state));
            (judge(&mut verifier), verifier.newest())
        };
        if let Err(error) = self.newest.see(newest) {
            tracing::warn!(%error, "the newest evidence cannot be written down");
        }
        answer
    }
}
