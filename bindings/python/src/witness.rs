//! A witness: what it answers to the checkpoints of logs (spec 21). What it keeps is the caller's.

use crate::convert::Id;
use crate::describe::dictionary;
use crate::holder::signer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use remit_verifier::c2sp::VerifierKey;
use remit_verifier::json;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign;
use remit_verifier::types::{Seconds, TreeSize};
use remit_verifier::witness::Latest;
use std::collections::HashMap;

/// Cosigns checkpoints of the logs with these verifier keys, each only if it goes on from the last one. Its key is
/// for nothing else.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Witness(sign::Witness);

fn wrong(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[pymethods]
impl Witness {
    #[new]
    fn new(name: &str, key: &Bound<'_, PyAny>, logs: Vec<String>) -> PyResult<Self> {
        let logs: Result<_, _> = logs.iter().map(|log| VerifierKey::parse(log)).collect();
        sign::Witness::new(signer(key)?, name, logs.map_err(wrong)?).map(Self).map_err(wrong)
    }

    /// Its verifier key, for the trust lines of others.
    #[getter]
    fn vkey(&self) -> String {
        self.0.key().to_string()
    }

    /// What is answered to the body of an `add-checkpoint`. `latest` has size, root and time of what was cosigned last,
    /// by origin. The answer has `status` and `body`; and what is kept, synced, **before** it is sent: with `answer`
    /// `ok` the `size`, `root` and `time_s` of its `origin`; where `evidence` is true, both notes, for ever. Between
    /// reading `latest` and keeping, no other request is answered.
    #[pyo3(signature = (body, *, latest, now_s))]
    fn answer<'py>(
        &self,
        py: Python<'py>,
        body: &[u8],
        latest: HashMap<String, (u64, Id, u64)>,
        now_s: u64,
    ) -> PyResult<Bound<'py, PyAny>> {
        let known = |origin: &str| {
            let (size, root, time) = latest.get(origin)?;
            let head = TreeHead { size: TreeSize(*size), root: (*root).into() };
            Some(Latest { head, time: Seconds(*time) })
        };
        let reply = py.detach(|| self.0.reply(body, known, Seconds(now_s))).map_err(wrong)?;
        dictionary(py, &json::reply(&reply))
    }

    fn __repr__(&self) -> String {
        format!("<Witness {}>", self.vkey())
    }
}
