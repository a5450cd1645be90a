//! The newest state of a ledger, which a verifier follows (spec 22).

use crate::convert::hex;
use crate::error::{not_followed, refused};
use crate::policy::Policy;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use remit_verifier::feed::{StatusTable, encode_changes};
use remit_verifier::types::{Millis, StateIndex, TreeSize};
use remit_verifier::verify;
use std::sync::Arc;

/// A state of a ledger that a policy accepted, with the status of every leaf. It never changes; the next one is
/// made of it and an update.
#[pyclass(frozen, eq, module = "remit_verifier")]
#[derive(PartialEq)]
pub(crate) struct Followed(pub(crate) Arc<verify::Followed>);

type Told = Result<verify::Followed, verify::FollowError>;

/// Works without Python: an update may be long.
fn told(py: Python<'_>, work: impl FnOnce() -> Told + Send) -> PyResult<Followed> {
    py.detach(work).map(|state| Followed(Arc::new(state))).map_err(not_followed)
}

#[pymethods]
impl Followed {
    /// The first state, of an update since 0.
    #[staticmethod]
    #[pyo3(signature = (policy, update, *, now_ms))]
    fn begin(py: Python<'_>, policy: &Policy, update: &[u8], now_ms: u64) -> PyResult<Self> {
        told(py, || verify::Followed::begin(&policy.0, update, Millis(now_ms)))
    }

    /// The next state, which is to be stored and synced **before anything is decided by it**.
    #[pyo3(signature = (policy, update, *, now_ms))]
    fn advance(&self, py: Python<'_>, policy: &Policy, update: &[u8], now_ms: u64) -> PyResult<Self> {
        told(py, || self.0.advance(&policy.0, update, Millis(now_ms)))
    }

    /// A state out of its own `snapshot()`.
    #[staticmethod]
    fn restore(py: Python<'_>, snapshot: &[u8]) -> PyResult<Self> {
        told(py, || verify::Followed::restore(snapshot))
    }

    /// The state as an update since 0: what is stored.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.snapshot()))
    }

    /// The ledger.
    #[getter]
    fn ledger(&self) -> String {
        hex(&self.0.ledger().0)
    }

    /// Entries of the log: what the next update is since.
    #[getter]
    fn size(&self) -> u64 {
        self.0.head().size.0
    }

    /// The root of the log.
    #[getter]
    fn root(&self) -> String {
        hex(&self.0.head().root.0)
    }

    /// The signed checkpoint: of a fork one of the two that are kept.
    #[getter]
    fn note<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.note())
    }

    /// Leaves of the state.
    #[getter]
    fn leaves(&self) -> u64 {
        self.0.leaves().0
    }

    /// Time of the commitment, in milliseconds.
    #[getter]
    fn committed_ms(&self) -> u64 {
        self.0.committed().0
    }

    /// Whether the whole ledger is frozen.
    #[getter]
    fn frozen(&self) -> bool {
        self.0.is_frozen()
    }

    /// The status of a leaf (spec 06 §6): 0 live, 1 revoked or ended, 2 suspended or frozen, 3 changed; `None` if
    /// the state has no such leaf.
    fn status(&self, index: u64) -> Option<u8> {
        self.0.status(StateIndex(index)).map(|status| status as u8)
    }

    /// Leaves whose status is not 0, with it, in order.
    fn listed(&self) -> Vec<(u64, u8)> {
        self.0.listed().map(|(index, status)| (index.0, status as u8)).collect()
    }

    fn __repr__(&self) -> String {
        format!("<Followed {} at {}>", self.ledger(), self.size())
    }
}

/// A table of statuses after changes (spec 22 §2), as changes to one in which every status is 0, and the root of
/// its status tree. `before`, of `before_size` leaves, is written in the same way. Raises the code of what are no
/// changes.
#[pyfunction]
#[pyo3(signature = (changes, size, *, before=<&[u8]>::default(), before_size=0))]
pub(crate) fn status_changes<'py>(
    py: Python<'py>,
    changes: &[u8],
    size: u64,
    before: &[u8],
    before_size: u64,
) -> PyResult<(Bound<'py, PyBytes>, String)> {
    let table = StatusTable::default().changed(TreeSize(before_size), before).map_err(refused)?;
    let table = table.changed(TreeSize(size), changes).map_err(refused)?;
    Ok((PyBytes::new(py, &encode_changes(table.listed())), hex(&table.root().0)))
}
