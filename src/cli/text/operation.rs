//! An operation in a line, for whoever is to sign or submit it: what it does, to what, with ids as they are.

use super::time;
use crate::keys::did;
use remit_verifier::key::PublicKey;
use remit_verifier::object::{Act, Body, Operation, Origin, Reference, Target};

/// What the operation says. Amounts are in minor units: it names no unit that it does not hold.
pub(in crate::cli) fn says(operation: &Operation) -> String {
    match &operation.body {
        Body::Token(token, _) => {
            let from = match token.origin {
                Origin::Root { issuer } => format!("root token of issuer {issuer}"),
                Origin::Logged { parent, .. } | Origin::Offline { parent, .. } => {
                    format!("token below {parent}")
                }
            };
            format!("{from} for {}, until {}", did::to_text(token.holder.bytes()), time::show(token.expires))
        }
        Body::Reserve(invocation, _) => {
            let held = match invocation.payment {
                Some(payment) => format!("{} minor units of unit {}", payment.amount, payment.unit),
                None => "nothing".into(),
            };
            format!(
                "reservation of {held} from token {} for {}, to {} {}",
                invocation.token,
                invocation.audience,
                invocation.action,
                invocation.resource.as_str()
            )
        }
        Body::Act(_, act, _) => act_says(act),
    }
}

fn act_says(act: &Act) -> String {
    match act {
        Act::Party { name, keys } => format!("party {name} with the keys {}", all(keys)),
        Act::PartyKeys { party, keys, compromised, .. } => {
            let lost = match compromised.as_slice() {
                [] => String::new(),
                lost => format!(", compromised {}", all(lost)),
            };
            format!("keys of party {party}: from now on {}{lost}", all(keys))
        }
        Act::Unit { name, decimals } => format!("unit {name} with {decimals} decimals"),
        Act::Issuer { party } => format!("issuer {party}"),
        Act::Transfer { token, holder, .. } => format!("transfer of token {token} to {}", key(holder)),
        Act::Rekey { target, holder } => format!("rekey of {} to {}", on(target), key(holder)),
        Act::Veto { rekey, .. } => format!("veto of rekey {}", of(rekey)),
        Act::Suspend(target) => format!("suspension of {}", on(target)),
        Act::Resume { target, suspend } => {
            format!("resumption of {}, suspended by {}", on(target), of(suspend))
        }
        Act::Revoke(target) => format!("revocation of {}", on(target)),
        Act::Cut(target) => format!("cut of {}", on(target)),
        Act::End(target) => format!("end of {}", on(target)),
        Act::Capture { reserve, number, amount } => {
            format!("capture {number} of reservation {}, {amount} minor units", of(reserve))
        }
        Act::Release { reserve, amount: None } => {
            format!("release of all that is left of reservation {}", of(reserve))
        }
        Act::Release { reserve, amount: Some(amount) } => {
            format!("release of {amount} minor units of reservation {}", of(reserve))
        }
        Act::Refund { capture, amount } => {
            format!("refund of {amount} minor units of capture {}", of(capture))
        }
        Act::Lease(lease) => format!(
            "lease of {} minor units of unit {} from token {} for till {} of {}",
            lease.amount, lease.unit, lease.token, lease.till, lease.payee
        ),
        Act::LeaseClose { lease } => format!("end of lease {}", of(lease)),
        Act::Settle { lease, voucher } => {
            let claim = &voucher.claim;
            format!(
                "settlement of lease {}, {} uses, {} minor units",
                of(lease),
                claim.number,
                claim.cumulative
            )
        }
        Act::Freeze { leaf, id } => format!("freeze of leaf {leaf}, {id}"),
        Act::Upgrade { rules } => format!("rules version {rules} from now on"),
        Act::Unfreeze { leaf, id, freeze } => format!("end of freeze {} of leaf {leaf}, {id}", of(freeze)),
    }
}

fn key(key: &PublicKey) -> String {
    did::to_text(key.bytes())
}

fn all(keys: &[PublicKey]) -> String {
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn on(target: &Target) -> String {
    format!("token {}", target.token)
}

fn of(reference: &Reference) -> String {
    match reference {
        Reference::Id(id) => id.to_string(),
        Reference::Member(place) => format!("that operation {place} makes"),
    }
}
