//! The policy of one service (spec 13).

use crate::abi::{Bytes, Slot, export, slot};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Object, keep, with};
use verifier::http::Route;
use verifier::types::Hash;
use verifier::verify::{self, Keeping, Policy};

/// Bytes of a name in a [`Problem`], the zero at its end included.
const NAME_BYTES: usize = 32;

/// Why a text is no policy file, and where.
#[repr(C)]
pub(crate) struct Problem {
    line: u64,
    code: [u8; NAME_BYTES],
    key: [u8; NAME_BYTES],
}

impl Problem {
    const NONE: Self = Self { line: 0, code: [0; NAME_BYTES], key: [0; NAME_BYTES] };
}

/// A name that is cut where there is no room.
fn name(text: &str) -> [u8; NAME_BYTES] {
    let mut name = [0; NAME_BYTES];
    let (room, _) = name.split_at_mut(NAME_BYTES.saturating_sub(1));
    room.iter_mut().zip(text.bytes()).for_each(|(own, byte)| *own = byte);
    name
}

/// The policy in a text.
pub(crate) fn read(text: &[u8]) -> Result<Policy, Problem> {
    verify::Policy::from_toml(text).map_err(|error| Problem {
        line: u64::try_from(error.line).unwrap_or(u64::MAX),
        code: name(error.problem.code()),
        key: name(error.key.unwrap_or_default()),
    })
}

export! {
    /// Reads a policy file.
    fn remit_policy_from_toml(text: Bytes, problem: Slot<'_, Problem>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let problem = slot(problem, Problem::NONE).ok();
        let policy = match read(text.content()?.ok_or(Status::BAD_POINTER)?) {
            Ok(policy) => policy,
            Err(found) => {
                if let Some(problem) = problem {
                    *problem = found;
                }
                return Err(Status::NO_POLICY);
            }
        };
        let settings = policy.settings();
        let durable = settings.serving.record == Keeping::Durable;
        let parts = Parts::default()
            .text(part::PARTY, settings.party.to_string())
            .number(part::MAX_STALENESS, settings.max_staleness.0)
            .number(part::SKEW_MS, settings.skew.0)
            .number(part::DURABLE, u64::from(durable));
        keep(out, Object::Policy(policy), parts)
    }

    /// What the routes make of a request.
    fn remit_policy_route(policy: u64, method: Bytes, target: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(policy => policy, Policy);
        let asked = Route::find(&policy.settings().serving.routes, method.text()?, target.text()?)?;
        let parts = Parts::default()
            .text(part::ACTION, &asked.action)
            .text(part::RESOURCE, asked.resource.as_str())
            .number(part::AMOUNT, asked.cost.as_ref().map(|cost| cost.amount.0))
            .maybe(part::UNIT, asked.cost.as_ref().map(|cost| Hash(cost.unit.0).to_string()));
        keep(out, Object::Plain, parts)
    }
}
