//! The policy of one service (spec 13).

use crate::convert::hex;
use crate::error::{no_policy, refused};
use pyo3::prelude::*;
use pyo3::types::PyString;
use remit_verifier::http::Route;
use remit_verifier::verify::{self, Keeping};

/// What a verifier trusts and demands; read from a policy file.
#[pyclass(frozen, module = "remit_verifier")]
pub(crate) struct Policy(pub(crate) verify::Policy);

/// What a route makes of a request: action, resource, and the cost, if it states one, as amount and unit.
type RouteAsks = (String, String, Option<(u64, String)>);

#[pymethods]
impl Policy {
    /// Reads a policy file; raises `PolicyError`.
    #[staticmethod]
    fn from_toml(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let policy = match text.cast::<PyString>() {
            Ok(text) => verify::Policy::from_toml(text.to_cow()?.as_bytes()),
            Err(_) => verify::Policy::from_toml(text.extract()?),
        };
        policy.map(Self).map_err(|problem| no_policy(&problem))
    }

    /// The service's own party id.
    #[getter]
    fn party(&self) -> String {
        hex(&self.0.settings().party.0)
    }

    /// Greatest age of evidence, in seconds.
    #[getter]
    fn max_staleness(&self) -> u64 {
        self.0.settings().max_staleness.0
    }

    /// How far two good clocks may differ, in milliseconds.
    #[getter]
    fn skew_ms(&self) -> u64 {
        self.0.settings().skew.0
    }

    /// Where it is recorded what was served: `durable` or `memory`.
    #[getter]
    fn record(&self) -> &'static str {
        match self.0.settings().serving.record {
            Keeping::Durable => "durable",
            Keeping::Memory => "memory",
        }
    }

    /// What the routes make of a request; raises `no_route`.
    fn route(&self, method: &str, target: &str) -> PyResult<RouteAsks> {
        let asked = Route::find(&self.0.settings().serving.routes, method, target).map_err(refused)?;
        let cost = asked.cost.map(|cost| (cost.amount.0, hex(&cost.unit.0)));
        Ok((asked.action, asked.resource.as_str().into(), cost))
    }
}
