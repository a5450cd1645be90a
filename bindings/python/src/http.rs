//! Requests over HTTP (spec 20): the digest, the fields, the decision.

use crate::convert::{Argument, Id, hex, plain};
use crate::error::refused;
use crate::verdict::{Verdict, Verifier};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use remit_verifier::http::{self, Brought, HttpRequest};
use remit_verifier::types::{Hash, Millis};

/// The digest that field 11 of an invocation states of a request (spec 20 §1).
#[pyfunction]
pub(crate) fn request_digest(
    method: &str,
    authority: &str,
    target: &str,
    content: Id,
    presentation: Id,
) -> PyResult<String> {
    let request = HttpRequest::new(method, authority, target, content.into(), presentation.into());
    request.map(|request| hex(&request.digest().0)).map_err(refused)
}

/// The SHA-256 that a `Content-Digest` field states, in hexadecimal.
#[pyfunction]
pub(crate) fn content_digest(value: &[u8]) -> PyResult<Option<String>> {
    Ok(http::content_digest(value).map_err(refused)?.map(|hash| hex(&hash.0)))
}

/// A `Content-Digest` field with this SHA-256.
#[pyfunction]
pub(crate) fn written_content_digest(hash: Id) -> String {
    http::written_content_digest(&hash.into())
}

/// The fields of a request, decoded; the objects in them are not looked into.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Fields(http::Fields);

#[pymethods]
impl Fields {
    #[new]
    #[pyo3(signature = (invocation, presentation, arguments=vec![], approvals=vec![], evidence=None))]
    fn new(
        invocation: Vec<u8>,
        presentation: Id,
        arguments: Vec<Argument>,
        approvals: Vec<Vec<u8>>,
        evidence: Option<Id>,
    ) -> Self {
        let (arguments, evidence) = (plain(arguments), evidence.map(Hash::from));
        let presentation = presentation.into();
        Self(http::Fields { invocation, presentation, arguments, approvals, evidence })
    }

    /// Reads the fields of one request out of its headers, pairs of name and value.
    #[staticmethod]
    fn read(headers: Vec<(Vec<u8>, Vec<u8>)>) -> PyResult<Self> {
        let values = |name: &'static str| -> Vec<&[u8]> {
            let own = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
            own.map(|(_, value)| value.as_slice()).collect()
        };
        http::Fields::read(values).map(Self).map_err(refused)
    }

    /// The headers to send: pairs of name and value.
    fn headers(&self) -> Vec<(&'static str, String)> {
        self.0.written()
    }

    /// The signed invocation.
    #[getter]
    fn invocation<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.invocation)
    }

    /// SHA-256 of the presentation.
    #[getter]
    fn presentation(&self) -> String {
        hex(&self.0.presentation.0)
    }

    /// The arguments that are shown.
    #[getter]
    fn arguments(&self) -> Vec<Argument> {
        self.0.arguments.iter().cloned().map(Argument).collect()
    }

    /// The signed approvals that travel along.
    #[getter]
    fn approvals<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.approvals.iter().map(|approval| PyBytes::new(py, approval)).collect()
    }

    /// SHA-256 of the evidence of funding, if there is any.
    #[getter]
    fn evidence(&self) -> Option<String> {
        self.0.evidence.map(|hash| hex(&hash.0))
    }
}

/// What may be served once it is on record (spec 20 §5, step 8); nothing to serve by.
#[pyclass(frozen, get_all, module = "remit_verifier")]
pub(crate) struct Unrecorded {
    id: String,
    request_id: Option<String>,
    root: String,
    valid_until: u64,
}

/// Steps 3 to 7 of the decision: the verdict, once there is one; and what is to be recorded, or a code.
type Decided = (Option<Verdict>, Result<Unrecorded, &'static str>);

/// What comes out: an object to record, or the text of a code.
#[derive(IntoPyObject)]
pub(crate) enum Answer {
    Servable(Unrecorded),
    No(&'static str),
}

/// Decides on a request (spec 20 §5, steps 3 to 7), content and all that is named being at hand.
#[pyfunction]
#[pyo3(signature = (
    verifier, method, authority, target, content_digest, fields, presentation, evidence=None, *, now_ms
))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn decide(
    py: Python<'_>,
    verifier: &Verifier,
    method: &str,
    authority: &str,
    target: &str,
    content_digest: Id,
    fields: &Fields,
    presentation: &[u8],
    evidence: Option<&[u8]>,
    now_ms: u64,
) -> (Option<Verdict>, Answer) {
    let named = fields.0.presentation;
    let decided: Decided = match HttpRequest::new(method, authority, target, content_digest.into(), named) {
        Err(code) => (None, Err(code.text())),
        Ok(request) => {
            let brought = Brought { request, fields: &fields.0, presentation, evidence };
            let decided = verifier.with(py, |verifier| http::decide(verifier, &brought, Millis(now_ms)));
            let outcome = decided.outcome.map(|unrecorded| Unrecorded {
                id: hex(&unrecorded.id().0),
                request_id: unrecorded.request().map(|id| hex(&id.0)),
                root: hex(&unrecorded.root().0),
                valid_until: unrecorded.valid_until().0,
            });
            (decided.verdict.map(Verdict), outcome.map_err(|code| code.text()))
        }
    };
    match decided {
        (verdict, Ok(unrecorded)) => (verdict, Answer::Servable(unrecorded)),
        (verdict, Err(code)) => (verdict, Answer::No(code)),
    }
}
