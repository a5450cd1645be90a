//! What an offline link says (spec 04 §2, §8).

use crate::convert::{Id, path, value};
use crate::error::refused;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use remit_verifier::code::Code;
use remit_verifier::key::EncodedKey;
use remit_verifier::object::{Budget, Condition, Delegation, DelegationMode, Operator, Permission, Share};
use remit_verifier::sign::Link;
use remit_verifier::types::{Amount, KeyBytes, ObjectId, Seconds};

/// One alternative of what is allowed; a part that is not given allows all.
#[pyclass(frozen, from_py_object, name = "Permission", module = "remit_verifier")]
#[derive(Clone)]
pub(crate) struct Allowed(Permission);

/// The claims of an offline link; what is not given is inherited.
#[pyclass(frozen, name = "Link", module = "remit_verifier")]
pub(crate) struct Claims(pub(crate) Link);

/// An argument's name, an operator, and its operands.
type ConditionRow<'py> = (String, String, Vec<Bound<'py, PyAny>>);

/// Unit, most in all, most of one use.
type BudgetRow = (Id, Option<u64>, Option<u64>);

#[pymethods]
impl Allowed {
    #[new]
    #[pyo3(signature = (*, services=None, actions=None, resources=None, conditions=vec![]))]
    fn new(
        services: Option<Vec<Id>>,
        actions: Option<Vec<String>>,
        resources: Option<Vec<String>>,
        conditions: Vec<ConditionRow<'_>>,
    ) -> PyResult<Self> {
        let resources = resources.map(|all| all.iter().map(|text| path(text)).collect::<PyResult<_>>());
        let conditions = conditions.into_iter().map(|(argument, operator, operands)| {
            let operands = operands.iter().map(value).collect::<PyResult<_>>()?;
            Ok(Condition { argument, operator: self::operator(&operator)?, operands })
        });
        Ok(Self(Permission {
            services: services.map(|all| all.into_iter().map(|id| ObjectId(id.0)).collect()),
            actions,
            resources: resources.transpose()?,
            conditions: conditions.collect::<PyResult<_>>()?,
        }))
    }
}

#[pymethods]
impl Claims {
    /// `delegation` is a mode, `none`, `logged` or `offline`, and how many links may follow; a budget is its unit, most
    /// in all and most of one use, in minor units.
    #[new]
    #[pyo3(signature = (
        holder, expires, *, not_before=None, permissions=None, delegation=None, max_staleness=None, budgets=None
    ))]
    fn new(
        holder: Id,
        expires: u64,
        not_before: Option<u64>,
        permissions: Option<Vec<Allowed>>,
        delegation: Option<(String, u64)>,
        max_staleness: Option<u64>,
        budgets: Option<Vec<BudgetRow>>,
    ) -> PyResult<Self> {
        let budget = |(unit, total, per_use): BudgetRow| Budget {
            per_use: per_use.map(Amount),
            ..Budget::new(ObjectId(unit.0), Share::Shared, total.map(Amount))
        };
        Ok(Self(Link {
            holder: EncodedKey::parse(&KeyBytes(holder.0)).map_err(|_| refused(Code::BadKey))?,
            expires: Seconds(expires),
            not_before: not_before.map(Seconds),
            permissions: permissions.map(|all| all.into_iter().map(|one| one.0).collect()),
            delegation: delegation.map(read_delegation).transpose()?,
            max_staleness: max_staleness.map(Seconds),
            budgets: budgets.map(|all| all.into_iter().map(budget).collect()),
        }))
    }
}

/// The operator with this name.
pub(crate) fn operator(name: &str) -> PyResult<Operator> {
    Operator::from_text(name).ok_or_else(|| PyValueError::new_err("no such operator (spec 04 §4)"))
}

fn read_delegation((mode, depth): (String, u64)) -> PyResult<Delegation> {
    let known = DelegationMode::from_text(&mode);
    let mode = known.ok_or_else(|| PyValueError::new_err("a mode is none, logged or offline"))?;
    Ok(Delegation { mode, depth })
}
