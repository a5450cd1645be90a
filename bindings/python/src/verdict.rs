//! Verdicts and cases (spec 09 §3, spec 10).

use crate::convert::{Argument, hex, plain};
use crate::error::{no_policy, refused};
use crate::followed::Followed;
use crate::policy::Policy;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use remit_verifier::json;
use remit_verifier::types::Millis;
use remit_verifier::verify::{self, Decision, Outcome, Request};
use std::sync::{Mutex, PoisonError};

/// The answer to one presentation and request.
#[pyclass(frozen, eq, module = "remit_verifier")]
#[derive(PartialEq)]
pub(crate) struct Verdict(pub(crate) verify::Verdict);

/// One check: its name, of which link (the root being 1), `passed`, `failed` or `skipped`, and the code of a no.
type CheckRow = (&'static str, Option<u8>, &'static str, Option<&'static str>);

/// What a verdict is about; ids and keys in hexadecimal. A part is there once it is known and authentic.
#[pyclass(frozen, get_all, module = "remit_verifier")]
pub(crate) struct Subject {
    ledger: Option<String>,
    issuer: Option<String>,
    root: Option<String>,
    token: Option<String>,
    holder: Option<String>,
    id: Option<String>,
    request_id: Option<String>,
    invocation: Option<Py<Asked>>,
}

/// What the holder asks; amounts in minor units, deadlines in seconds.
#[pyclass(frozen, get_all, module = "remit_verifier")]
pub(crate) struct Asked {
    audience: String,
    action: String,
    resource: String,
    valid_until: u64,
    amount: Option<u64>,
    unit: Option<String>,
    settle_by: Option<u64>,
    refund_until: Option<u64>,
    request: Option<String>,
}

#[pymethods]
impl Verdict {
    /// `allowed`, `permitted` or `denied`.
    #[getter]
    fn decision(&self) -> &'static str {
        match self.0.decision {
            Decision::Allowed => "allowed",
            Decision::Permitted => "permitted",
            Decision::Denied(_) => "denied",
        }
    }

    /// The stable code of a denial.
    #[getter]
    fn code(&self) -> Option<&'static str> {
        match self.0.decision {
            Decision::Denied(code) => Some(code.text()),
            _ => None,
        }
    }

    /// Age of the evidence about the chain, once it is known.
    #[getter]
    fn age_ms(&self) -> Option<u64> {
        self.0.age.map(|age| age.0)
    }

    /// What was checked, in order.
    #[getter]
    fn checks(&self) -> Vec<CheckRow> {
        let row = |check: &verify::Check| {
            let (outcome, code) = match check.outcome {
                Outcome::Passed => ("passed", None),
                Outcome::Failed(code) => ("failed", Some(code.text())),
                Outcome::Skipped => ("skipped", None),
            };
            (check.name.text(), check.link, outcome, code)
        };
        self.0.checks.iter().map(row).collect()
    }

    /// What it is about.
    #[getter]
    fn subject(&self, py: Python<'_>) -> PyResult<Subject> {
        let subject = &self.0.subject;
        let invocation = subject.invocation.as_ref().map(|invocation| Py::new(py, Asked::of(invocation)));
        Ok(Subject {
            ledger: subject.ledger.map(|id| hex(&id.0)),
            issuer: subject.issuer.map(|id| hex(&id.0)),
            root: subject.root.map(|id| hex(&id.0)),
            token: subject.token.map(|id| hex(&id.0)),
            holder: subject.holder.map(|key| hex(&key.0)),
            id: subject.id.map(|id| hex(&id.0)),
            request_id: subject.request.map(|id| hex(&id.0)),
            invocation: invocation.transpose()?,
        })
    }

    /// The verdict as JSON text (spec 10 §13).
    fn json(&self) -> String {
        json::verdict(&self.0).to_string()
    }

    fn __repr__(&self) -> String {
        format!("<Verdict {}>", self.0.decision)
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}

impl Asked {
    fn of(invocation: &remit_verifier::object::Invocation) -> Self {
        let payment = invocation.payment.as_ref();
        Self {
            audience: hex(&invocation.audience.0),
            action: invocation.action.clone(),
            resource: invocation.resource.as_str().into(),
            valid_until: invocation.valid_until.0,
            amount: payment.map(|payment| payment.amount.0),
            unit: payment.map(|payment| hex(&payment.unit.0)),
            settle_by: payment.map(|payment| payment.settle_by.0),
            refund_until: payment.and_then(|payment| payment.refund_until).map(|until| until.0),
            request: invocation.request.map(|digest| hex(&digest.0)),
        }
    }
}

/// A verifier with one policy, a bounded memory, and the newest evidence that it has seen.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Verifier(Mutex<verify::Verifier>);

impl Verifier {
    /// Works with the verifier, other Python threads running.
    pub(crate) fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut verify::Verifier) -> T + Send,
    ) -> T {
        py.detach(|| work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (policy, newest=0))]
    fn new(policy: &Policy, newest: u64) -> Self {
        Self(Mutex::new(verify::Verifier::new(policy.0.clone(), Millis(newest))))
    }

    /// Judges a presentation at `now_ms`, with the request on it if there is one.
    #[pyo3(signature = (presentation, invocation=None, arguments=vec![], approvals=vec![], evidence=None, *, now_ms))]
    #[allow(clippy::too_many_arguments)]
    fn verify(
        &self,
        py: Python<'_>,
        presentation: &[u8],
        invocation: Option<&[u8]>,
        arguments: Vec<Argument>,
        approvals: Vec<Vec<u8>>,
        evidence: Option<&[u8]>,
        now_ms: u64,
    ) -> Verdict {
        let arguments = plain(arguments);
        let approvals: Vec<&[u8]> = approvals.iter().map(Vec::as_slice).collect();
        self.with(py, |verifier| {
            let request = invocation.map(|invocation| Request {
                invocation,
                arguments: &arguments,
                approvals: &approvals,
            });
            Verdict(verifier.verify(presentation, request.as_ref(), evidence, Millis(now_ms)))
        })
    }

    /// Whether evidence of funding is of an entry in a trusted log; raises the code if not.
    #[pyo3(signature = (evidence, *, now_ms))]
    fn proves(&self, py: Python<'_>, evidence: &[u8], now_ms: u64) -> PyResult<()> {
        self.with(py, |verifier| verifier.proves(evidence, Millis(now_ms))).map_err(refused)
    }

    /// Judges by this state from now on, where it is newer (spec 22 §4); it takes the place of another of the same
    /// ledger.
    fn follow(&self, py: Python<'_>, state: &Followed) {
        self.with(py, |verifier| verifier.follow(state.0.clone()));
    }

    /// Nothing is judged by a clock that shows less than this.
    fn see(&self, py: Python<'_>, newest: u64) {
        self.with(py, |verifier| verifier.see(Millis(newest)));
    }

    /// Time of the newest evidence that was accepted, in milliseconds: to be kept over restarts.
    #[getter]
    fn newest(&self, py: Python<'_>) -> u64 {
        self.with(py, |verifier| verifier.newest().0)
    }
}

/// What a service saw, so that anybody can reproduce its verdict.
#[pyclass(frozen, get_all, module = "remit_verifier")]
pub(crate) struct Case {
    now_ms: u64,
    newest: u64,
    presentation: Py<PyBytes>,
    invocation: Option<Py<PyBytes>>,
    arguments: Vec<Argument>,
    evidence: Option<Py<PyBytes>>,
    policy: Py<PyBytes>,
    approvals: Vec<Py<PyBytes>>,
}

#[pymethods]
impl Case {
    /// Decodes a case file; its parts are not looked into.
    #[staticmethod]
    fn decode(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let case = verify::Case::decode(bytes).map_err(refused)?;
        let bytes = |bytes: &[u8]| PyBytes::new(py, bytes).unbind();
        Ok(Self {
            now_ms: case.now.0,
            newest: case.newest.0,
            presentation: bytes(case.presentation),
            invocation: case.invocation.map(bytes),
            arguments: case.arguments.into_iter().map(Argument).collect(),
            evidence: case.evidence.map(bytes),
            policy: bytes(case.policy),
            approvals: case.approvals.into_iter().map(bytes).collect(),
        })
    }

    /// Encodes it.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let case = verify::Case {
            now: Millis(self.now_ms),
            newest: Millis(self.newest),
            presentation: self.presentation.as_bytes(py),
            invocation: self.invocation.as_ref().map(|bytes| bytes.as_bytes(py)),
            arguments: self.arguments.iter().map(|argument| argument.0.clone()).collect(),
            evidence: self.evidence.as_ref().map(|bytes| bytes.as_bytes(py)),
            policy: self.policy.as_bytes(py),
            approvals: self.approvals.iter().map(|bytes| bytes.as_bytes(py)).collect(),
        };
        PyBytes::new(py, &case.encode())
    }
}

/// The verdict on a case file, under its own policy or another.
#[pyfunction]
#[pyo3(signature = (case, policy=None))]
pub(crate) fn judge_case(case: &[u8], policy: Option<&Policy>) -> PyResult<Verdict> {
    let case = verify::Case::decode(case).map_err(refused)?;
    let own;
    let policy = match policy {
        Some(policy) => &policy.0,
        None => {
            own = verify::Policy::from_toml(case.policy).map_err(|problem| no_policy(&problem))?;
            &own
        }
    };
    Ok(Verdict(case.verdict(policy)))
}
