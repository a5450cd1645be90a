//! Any object as a dictionary, and what is judged of bytes alone: submissions, conditions, chains of claims.

use crate::convert::{Argument, Id, path, plain, value};
use crate::error::refused;
use crate::link::operator;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use remit_verifier::json::{self, Form};
use remit_verifier::object::{Asked, Authority, Condition, Payment, Submission, Token};
use remit_verifier::types::{Amount, LedgerId, ObjectId, Seconds};

/// What Python makes of JSON.
pub(crate) fn dictionary<'py>(py: Python<'py>, shown: &impl ToString) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (shown.to_string(),))
}

/// An object by the name of its kind: `token`, `invocation`, `entry`, `leaf`, …, and `act:` before the kind of an
/// operation. `says` has its fields; beside it stands what is derived from its bytes. Of a `sign1` with a label and
/// a ledger the signature is checked, and its `id` told. Raises the code of what is wrong with the bytes.
#[pyfunction]
#[pyo3(signature = (kind, data, *, ledger=None, label=None))]
pub(crate) fn describe<'py>(
    py: Python<'py>,
    kind: &str,
    data: &[u8],
    ledger: Option<Id>,
    label: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let form = Form::from_text(kind).ok_or_else(|| PyValueError::new_err("no such kind of object"))?;
    let subject = json::Subject { ledger: ledger.map(|id| LedgerId(id.0)), label };
    dictionary(py, &json::describe(form, data, &subject).map_err(refused)?)
}

/// A submission to a ledger, its signatures checked: its id, and of each operation what it says (spec 02 §6).
#[pyfunction]
pub(crate) fn describe_submission<'py>(
    py: Python<'py>,
    data: &[u8],
    ledger: Id,
) -> PyResult<Bound<'py, PyAny>> {
    let ledger = LedgerId(ledger.0);
    let verified = py.detach(|| Submission::decode(data).and_then(|read| read.verify(&ledger)));
    dictionary(py, &json::submission(&verified.map_err(refused)?))
}

/// Whether a condition holds for the value of an argument; `None` is one that is missing (spec 04 §4).
#[pyfunction(name = "holds")]
#[pyo3(signature = (operator, operands, value))]
pub(crate) fn condition_holds(
    operator: &str,
    operands: Vec<Bound<'_, PyAny>>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let operands = operands.iter().map(self::value).collect::<PyResult<_>>()?;
    let condition = Condition { argument: String::new(), operator: self::operator(operator)?, operands };
    Ok(condition.holds(value.map(self::value).transpose()?.as_ref()))
}

/// What a chain of tokens allows by its claims alone: the payloads of its tokens, from the root down, each of which
/// is within the one above. Signatures, times and state are not looked at: that is `Verifier.verify`.
#[pyclass(frozen, name = "Authority", module = "remit_verifier")]
pub(crate) struct Chain(Vec<Token>);

impl Chain {
    fn authority(&self) -> PyResult<Authority<'_>> {
        let (root, children) =
            self.0.split_first().ok_or_else(|| PyValueError::new_err("a chain has a root"))?;
        children.iter().try_fold(Authority::root(root), |above, token| above.child(token)).map_err(refused)
    }
}

#[pymethods]
impl Chain {
    #[new]
    fn new(tokens: Vec<Vec<u8>>) -> PyResult<Self> {
        let tokens = tokens.iter().map(|token| Token::decode(token).map_err(refused));
        let chain = Self(tokens.collect::<PyResult<_>>()?);
        chain.authority()?;
        Ok(chain)
    }

    /// Whether every link allows this; raises the code of the first that does not. Without `arguments` conditions are
    /// skipped, as a ledger does, who never sees any.
    #[pyo3(signature = (audience, action, resource, arguments=None))]
    fn allows(
        &self,
        audience: Id,
        action: &str,
        resource: &str,
        arguments: Option<Vec<Argument>>,
    ) -> PyResult<()> {
        let arguments = arguments.map(plain);
        let (audience, resource) = (ObjectId(audience.0), path(resource)?);
        let asked =
            Asked { audience: &audience, action, resource: &resource, arguments: arguments.as_deref() };
        self.authority()?.allows(&asked).map_err(refused)
    }

    /// Whether the open budgets of its offline links let an amount through, what was spent before not counted.
    fn allows_payment(&self, amount: u64, unit: Id) -> PyResult<()> {
        let (amount, unit) = (Amount(amount), ObjectId(unit.0));
        let payment = Payment { amount, unit, settle_by: Seconds(0), refund_until: None };
        self.authority()?.allows_payment(&payment).map_err(refused)
    }

    fn __repr__(&self) -> String {
        format!("<Authority of {} links>", self.0.len())
    }
}
