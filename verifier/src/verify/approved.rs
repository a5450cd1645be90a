//! Whether the approvers of every link said yes to what is asked (spec 10 §9, 17 §4).

use super::Policy;
use super::open::Opened;
use crate::code::Code;
use crate::limits::*;
use crate::object::{Approval, ApprovalRule, Invocation};
use crate::types::{KeyBytes, Millis};
use alloc::vec::Vec;

/// The rules of all links, the root's first.
pub(super) fn rules(opened: &Opened) -> impl Iterator<Item = &ApprovalRule> {
    opened.links.iter().filter_map(|link| link.claims.token.approval.as_ref())
}

/// Checks what is shown: each approval is good, of now, for this very invocation and by somebody who is asked; and so
/// many said yes as the rules that apply want.
pub(super) fn check(
    policy: &Policy,
    opened: &Opened,
    invocation: &Invocation,
    approvals: &[&[u8]],
    time: Millis,
) -> Result<(), Code> {
    if approvals.len() > APPROVALS_MAX {
        return Err(Code::TooMany);
    }
    let request = invocation.request_id(&opened.ledger);
    let mut keys: Vec<KeyBytes> = Vec::new();
    for bytes in approvals {
        let approval = Approval::decode(bytes, &opened.ledger)?;
        if request != Some(approval.request) {
            return Err(Code::UnknownRequest);
        }
        if approval.stamp.valid_until.passed(time) {
            return Err(Code::TooLate);
        }
        let ahead = policy.latest(time).0.saturating_add(APPROVAL_VALIDITY_MAX.millis().0);
        if approval.stamp.valid_until.millis().0 > ahead {
            return Err(Code::TooEarly);
        }
        let key = *approval.signer.bytes();
        if !rules(opened).any(|rule| rule.names(&key)) {
            return Err(Code::NotAnApprover);
        }
        approval.verify()?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let payment = invocation.payment.as_ref().map(|payment| (payment.amount, &payment.unit));
    let met = rules(opened).all(|rule| !rule.applies(payment) || rule.is_met(&keys));
    if met { Ok(()) } else { Err(Code::ApprovalRequired) }
}
