//! The request: an invocation by the holder, and the payment that it asks for (spec 10 §9–§10).

use super::approved;
use super::chain::Chain;
use super::judge::Seen;
use super::open::Opened;
use super::standing::Standing;
use super::verdict::{CheckName, Subject, Trail};
use super::{Policy, Request};
use crate::code::Code;
use crate::cose::Sign1;
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::object::{Asked, Invocation, Payment};
use crate::state::Status;
use crate::types::{Millis, ObjectId, Seconds};

/// Checks the request against the chain; gives its id and payment.
pub(super) fn check(
    policy: &Policy,
    seen: &Seen<'_>,
    request: &Request<'_>,
    funded: bool,
    (trail, subject): (&mut Trail, &mut Subject),
) -> Result<(ObjectId, Option<Payment>), Code> {
    let Seen { opened, chain, times, standing } = *seen;
    let (id, invocation) = trail.pass(CheckName::Invocation, signed(chain, opened, request.invocation))?;
    subject.id = Some(id);
    subject.request = invocation.request_id(&opened.ledger);
    let invocation = &*subject.invocation.insert(invocation);

    trail.pass(CheckName::Token, check_token(chain, invocation))?;
    trail.pass(CheckName::Window, check_window(policy, invocation.valid_until, times.effective))?;
    let own = invocation.audience == policy.settings().party;
    trail.pass(CheckName::Audience, own.then_some(()).ok_or(Code::WrongAudience))?;
    let shown =
        request.arguments.len() <= invocation.arguments.len() && invocation.commits_to(request.arguments);
    trail.pass(CheckName::Arguments, shown.then_some(()).ok_or(Code::WrongArgument))?;
    let asked = Asked {
        audience: &invocation.audience,
        action: &invocation.action,
        resource: &invocation.resource,
        arguments: Some(request.arguments),
    };
    trail.pass(CheckName::Permissions, chain.authority.allows(&asked))?;
    // Where the ledger funds the invocation, it asked for what the rules want.
    let asks = approved::rules(opened).next().is_some() || !request.approvals.is_empty();
    if asks && !funded {
        let approvals = approved::check(policy, opened, invocation, request.approvals, times.effective);
        trail.pass(CheckName::Approvals, approvals)?;
    } else {
        trail.skip(CheckName::Approvals, None);
    }

    if let Some(payment) = &invocation.payment {
        trail.pass(CheckName::Unit, check_unit(opened, standing, &payment.unit))?;
        trail.pass(CheckName::Deadline, check_deadline(policy, payment.settle_by, times.effective))?;
        trail.pass(CheckName::Budgets, chain.authority.allows_payment(payment))?;
        if !policy.settings().at_risk.is_empty() {
            let most = policy.max_staleness_at_risk(payment.amount, &payment.unit);
            let fresh = most.is_none_or(|most| times.age <= most.millis());
            trail.pass(CheckName::AtRisk, fresh.then_some(()).ok_or(Code::Stale))?;
        }
    }
    Ok((id, invocation.payment))
}

/// The invocation, signed by the holder of the last link.
fn signed(chain: &Chain<'_>, opened: &Opened, bytes: &[u8]) -> Result<(ObjectId, Invocation), Code> {
    let object = Sign1::decode(bytes)?;
    let invocation = Invocation::decode(object.payload)?;
    // What spends out of a lease is for the till: here its amount would stand beside no evidence.
    if invocation.claim.is_some() {
        return Err(Code::MisplacedVoucher);
    }
    if object.kid != chain.holder {
        return Err(Code::WrongHolder);
    }
    let structure = object.sig_structure(label::INVOCATION, &opened.ledger);
    let named = chain.last.holder.as_ref();
    let keys: [Option<&PublicKey>; 2] = [named, opened.moved_to.as_ref()];
    let key = keys.into_iter().flatten().find(|key| *key.bytes() == chain.holder).ok_or(Code::BadKey)?;
    structure.verify(key, &object.signature).map_err(|_| Code::BadSignature)?;
    Ok((structure.id, invocation))
}

fn check_token(chain: &Chain<'_>, invocation: &Invocation) -> Result<(), Code> {
    if invocation.token != chain.last.id {
        return Err(Code::WrongToken);
    }
    if invocation.epoch == chain.anchor.epoch { Ok(()) } else { Err(Code::OldEpoch) }
}

fn check_window(policy: &Policy, valid_until: Seconds, time: Millis) -> Result<(), Code> {
    if valid_until.passed(time) {
        return Err(Code::TooLate);
    }
    let ahead = ahead(policy, time, INVOCATION_VALIDITY_MAX);
    if valid_until.millis() <= ahead { Ok(()) } else { Err(Code::TooEarly) }
}

fn check_unit(opened: &Opened, standing: &Standing, unit: &ObjectId) -> Result<(), Code> {
    let leaf = opened.unit(unit).ok_or(Code::UnknownUnit)?;
    let frozen_since = standing.status(leaf.index) == Some(Status::Suspended);
    if leaf.mask == 0 && !frozen_since { Ok(()) } else { Err(Code::UnitFrozen) }
}

fn check_deadline(policy: &Policy, settle_by: Seconds, time: Millis) -> Result<(), Code> {
    if settle_by.passed(time) {
        return Err(Code::Settled);
    }
    if settle_by.millis() <= ahead(policy, time, SETTLE_MAX) { Ok(()) } else { Err(Code::BadTime) }
}

/// The latest instant that a ledger whose clock is ahead by the skew may still call within `bound` of now.
fn ahead(policy: &Policy, time: Millis, bound: Seconds) -> Millis {
    Millis(policy.latest(time).0.saturating_add(bound.millis().0))
}
