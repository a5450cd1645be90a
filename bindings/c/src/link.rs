//! What an offline link says (spec 04 §2, §8).

use crate::abi::{Bytes, List};
use crate::argument::Operand;
use crate::status::Status;
use verifier::code::Code;
use verifier::key::EncodedKey;
use verifier::object::{Budget, Condition, Delegation, DelegationMode, Operator, Path, Permission, Share};
use verifier::sign;
use verifier::types::{Amount, KeyBytes, ObjectId, Seconds};

/// A condition on an argument.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ConditionRow {
    argument: Bytes,
    operator: Bytes,
    operands: List<Operand>,
}

/// One alternative of what is allowed.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct PermissionRow {
    services: List<Bytes>,
    actions: List<Bytes>,
    resources: List<Bytes>,
    conditions: List<ConditionRow>,
}

/// A budget in open claims.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct BudgetRow {
    unit: Bytes,
    total: Maybe,
    per_use: Maybe,
}

/// A number that may be absent.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Maybe {
    is_there: i32,
    number: u64,
}

/// The claims of a link.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct LinkRow {
    holder: Bytes,
    expires_s: u64,
    not_before_s: Maybe,
    permissions: List<PermissionRow>,
    delegation_mode: Bytes,
    delegation_depth: u64,
    max_staleness_s: Maybe,
    budgets: List<BudgetRow>,
}

impl Maybe {
    /// The number, if it is there.
    pub(crate) fn get(self) -> Option<u64> {
        (self.is_there != 0).then_some(self.number)
    }
}

/// Every item of a list, read; `None` if the list is absent.
fn each<T, U>(list: &List<T>, read: impl Fn(&T) -> Result<U, Status>) -> Result<Option<Vec<U>>, Status> {
    list.maybe()?.map(|items| items.iter().map(read).collect()).transpose()
}

/// A resource.
pub(crate) fn path(text: &Bytes) -> Result<Path, Status> {
    Path::parse(text.text()?).map_err(|_| Status::BAD_VALUE)
}

impl ConditionRow {
    /// The condition.
    pub(crate) fn read(&self) -> Result<Condition, Status> {
        let operator = Operator::from_text(self.operator.text()?).ok_or(Status::BAD_VALUE)?;
        let operands = each(&self.operands, Operand::value)?.unwrap_or_default();
        Ok(Condition { argument: self.argument.text()?.into(), operator, operands })
    }
}

impl PermissionRow {
    fn read(&self) -> Result<Permission, Status> {
        Ok(Permission {
            services: each(&self.services, |id| Ok(ObjectId(id.id()?.0)))?,
            actions: each(&self.actions, |text| Ok(text.text()?.into()))?,
            resources: each(&self.resources, path)?,
            conditions: each(&self.conditions, ConditionRow::read)?.unwrap_or_default(),
        })
    }
}

impl BudgetRow {
    fn read(&self) -> Result<Budget, Status> {
        let total = self.total.get().map(Amount);
        let budget = Budget::new(ObjectId(self.unit.id()?.0), Share::Shared, total);
        Ok(Budget { per_use: self.per_use.get().map(Amount), ..budget })
    }
}

impl LinkRow {
    /// The claims.
    pub(crate) fn read(&self) -> Result<sign::Link, Status> {
        let mode = self.delegation_mode.maybe_text()?;
        let mode = mode.map(|text| DelegationMode::from_text(text).ok_or(Status::BAD_VALUE)).transpose()?;
        let holder = EncodedKey::parse(&KeyBytes(self.holder.id()?.0)).map_err(|_| Code::BadKey)?;
        Ok(sign::Link {
            holder,
            expires: Seconds(self.expires_s),
            not_before: self.not_before_s.get().map(Seconds),
            permissions: each(&self.permissions, PermissionRow::read)?,
            delegation: mode.map(|mode| Delegation { mode, depth: self.delegation_depth }),
            max_staleness: self.max_staleness_s.get().map(Seconds),
            budgets: each(&self.budgets, BudgetRow::read)?,
        })
    }
}
