//! An operation in a line, for whoever is to sign or submit it: what it does, to what, with ids as they are.

use super::{approval, budget, permission, time, to_hex, window, word};
use crate::keys::did;
use remit_verifier::key::PublicKey;
use remit_verifier::object::{
    Act, Body, DelegationMode, Invocation, Lease, LeaseTerms, Offer, Operation, Origin, Payment, Purpose,
    Reference, Requested, Sealed, Target, Token, Trade,
};
use remit_verifier::types::Hash;

/// What the operation says. Amounts are in minor units: it names no unit that it does not hold.
pub(in crate::cli) fn says(operation: &Operation) -> String {
    match &operation.body {
        Body::Token(token, sealed) => {
            let from = match token.origin {
                Origin::Root { issuer } => format!("root token of issuer {issuer}"),
                Origin::Logged { parent, epoch, .. } => format!("token below {parent}, epoch {epoch}"),
                Origin::Offline { parent, .. } => format!("token below {parent}"),
            };
            let until = time::show(token.expires);
            let claims = claims(token, sealed);
            format!("{from} for {}, until {until}{claims}", did::to_text(token.holder.bytes()))
        }
        Body::Reserve(invocation, ..) => {
            let held = match invocation.payment {
                Some(payment) => held(&payment),
                None => "nothing".into(),
            };
            format!(
                "reservation of {held} from token {}, epoch {}, for {}, to {} {}{}",
                invocation.token,
                invocation.epoch.0,
                invocation.audience,
                word(&invocation.action),
                word(invocation.resource.as_str()),
                bound(invocation)
            )
        }
        Body::Act(_, act, _) => act_says(act),
    }
}

/// What else an invocation is bound to: arguments, of which there are digests alone, and requests.
fn bound(invocation: &Invocation) -> String {
    let mut text = with(&invocation.arguments);
    if let Some(request) = invocation.request {
        text.push_str(&format!(", for the service's own request {request}"));
    }
    if let Some(nonce) = invocation.request_nonce {
        text.push_str(&format!(", as it was asked for with nonce {}", to_hex(&nonce.0)));
    }
    text
}

/// Names of arguments with their digests.
fn with(arguments: &[(String, Hash)]) -> String {
    arguments.iter().map(|(name, digest)| format!(", with {} of digest {digest}", word(name))).collect()
}

/// All that a token allows; what it does not state it inherits, and a root has nothing to inherit.
fn claims(token: &Token, sealed: &Sealed) -> String {
    let (allowed, budgets) = match token.origin {
        Origin::Root { .. } => ("nothing", "none"),
        Origin::Logged { .. } | Origin::Offline { .. } => ("what is allowed above", "those above"),
    };
    let mut text = String::new();
    let mut add = |name: &str, says: String| text.push_str(&format!("; {name} {says}"));
    if let Some(begins) = token.not_before {
        add("not before", time::show(begins));
    }
    match token.permissions.as_deref() {
        None => add("allows", allowed.into()),
        Some([]) => add("allows", "nothing".into()),
        Some(all) => all.iter().for_each(|one| match permission::show(one) {
            says if says.is_empty() => add("allows", allowed.into()),
            says => add("allows", says),
        }),
    }
    match sealed.budgets.as_deref() {
        None => add("budgets", budgets.into()),
        Some([]) => add("budgets", "none".into()),
        Some(all) => all.iter().for_each(|one| add("budget", budget::show(one, |_| None))),
    }
    if let Some(delegation) = token.delegation {
        let mode = match delegation.mode {
            DelegationMode::None => "none",
            DelegationMode::Logged => "logged",
            DelegationMode::Offline => "logged and offline",
        };
        add("delegation", format!("{mode}, {} deep", delegation.depth));
    }
    if let Some(transferable) = token.transferable {
        add("transferable", transferable.to_string());
    }
    if let Some(rule) = &token.approval {
        add("approval:", approval::show(rule, |_| None));
    }
    if let Some(quota) = token.entries {
        add("entries at most", format!("{} in {}", quota.most, window::span(quota.length.0)));
    }
    if let Some(age) = token.max_staleness {
        add("evidence at most", format!("{age} s old"));
    }
    text
}

fn held(payment: &Payment) -> String {
    let until = match payment.refund_until {
        Some(until) => format!("refunds until {}", time::show(until)),
        None => "no refunds".into(),
    };
    let settle_by = time::show(payment.settle_by);
    format!("{} minor units of unit {} until {settle_by}, {until},", payment.amount, payment.unit)
}

fn act_says(act: &Act) -> String {
    match act {
        Act::Party { name, keys } => format!("party {} with the keys {}", word(name), all(keys)),
        Act::PartyKeys { party, keys, compromised, generation } => {
            let lost = match compromised.as_slice() {
                [] => String::new(),
                lost => format!(", compromised {}", all(lost)),
            };
            let generation = generation.0;
            format!("keys of party {party}, generation {generation}: from now on {}{lost}", all(keys))
        }
        Act::Unit { name, decimals } => format!("unit {} with {decimals} decimals", word(name)),
        Act::Issuer { party } => format!("issuer {party}"),
        Act::Transfer { token, epoch, holder, sealed } => {
            let (epoch, holder) = (epoch.0, key(holder));
            format!("transfer of token {token}, epoch {epoch}, to {holder}, who opens the claims {sealed}")
        }
        Act::Rekey { target, holder } => format!("rekey of {} to {}", on(target), key(holder)),
        Act::Veto { token, rekey } => format!("veto of rekey {} of token {token}", of(rekey)),
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
        Act::Lease(terms) => lease(terms),
        Act::LeaseClose { lease } => format!("end of lease {}", of(lease)),
        Act::Settle { lease, voucher } => {
            let claim = &voucher.claim;
            format!(
                "settlement of lease {}, {} uses, {} minor units, root {}",
                of(lease),
                claim.number,
                claim.cumulative,
                claim.root
            )
        }
        Act::Freeze { leaf, id } => format!("freeze of leaf {leaf}, {id}"),
        Act::Request(ask) => request(ask),
        Act::Approve { request } => format!("approval of request {request}"),
        Act::Withdraw { request, position: Some(position) } => {
            format!("request {request} taken back by position {}", position.0)
        }
        Act::Withdraw { request, position: None } => format!("request {request} refused by an approver"),
        Act::Offer(offer) => offer_says(offer),
        Act::Trade(trade) => trade_says(trade),
        Act::Upgrade { rules } => format!("rules version {rules} from now on"),
        Act::Unfreeze { leaf, id, freeze } => format!("end of freeze {} of leaf {leaf}, {id}", of(freeze)),
    }
}

/// A request with all that approvers say yes to.
fn request(ask: &Requested) -> String {
    let (what, shown) = match &ask.purpose {
        Purpose::Use { action, resource, arguments } => {
            (format!("to {} {} at {}", word(action), word(resource.as_str()), ask.payee), with(arguments))
        }
        Purpose::Lease(terms) => {
            (format!("for a lease to till {} of {}, {}", terms.till, ask.payee, lasts(terms)), String::new())
        }
    };
    format!(
        "request {what} for {} minor units of {} with token {}, epoch {}, until {}{shown}",
        ask.amount,
        ask.unit,
        ask.token,
        ask.epoch.0,
        time::show(ask.decide_by),
    )
}

/// How long a lease locks its value.
pub(in crate::cli) fn lasts(terms: &LeaseTerms) -> String {
    let refunds = match terms.refund_until {
        Some(until) => format!("refunds until {}", time::show(until)),
        None => "no refunds".into(),
    };
    format!(
        "spent until {}, settled until {}, {refunds}",
        time::show(terms.spend_until),
        time::show(terms.settle_by)
    )
}

/// A lease with all its deadlines: how long the value is locked is as much as how much of it.
fn lease(terms: &Lease) -> String {
    let nonce = terms.request_nonce.map(|nonce| to_hex(&nonce.0));
    let carries = nonce.map_or_else(String::new, |nonce| format!(", as it was asked for with nonce {nonce}"));
    format!(
        "lease of {} minor units of unit {} from token {}, epoch {}, for till {} of {}, {}{carries}",
        terms.amount,
        terms.unit,
        terms.token,
        terms.epoch.0,
        terms.till,
        terms.payee,
        lasts(&terms.terms()),
    )
}

fn offer_says(offer: &Offer) -> String {
    match &offer.price {
        Some(price) => format!(
            "offer of token {}, epoch {}, to whoever pays {} minor units of unit {} to {}, until {}",
            offer.token,
            offer.epoch.0,
            price.amount,
            price.unit,
            price.payee,
            time::show(price.until)
        ),
        None => format!("end of the offer of token {}, epoch {}", offer.token, offer.epoch.0),
    }
}

fn trade_says(trade: &Trade) -> String {
    let least = |(unit, least): &(_, _)| format!(", if at least {least} minor units of unit {unit} are left");
    let minimum: String = trade.minimum.iter().map(least).collect();
    format!(
        "purchase of token {}, epoch {}, as offered by {}, paid by operation {}{minimum}",
        trade.token,
        trade.epoch.0,
        of(&trade.offer),
        trade.payment
    )
}

fn key(key: &PublicKey) -> String {
    did::to_text(key.bytes())
}

fn all(keys: &[PublicKey]) -> String {
    keys.iter().map(key).collect::<Vec<_>>().join(", ")
}

fn on(target: &Target) -> String {
    format!("token {}, epoch {}, from position {}", target.token, target.epoch.0, target.position.0)
}

fn of(reference: &Reference) -> String {
    match reference {
        Reference::Id(id) => id.to_string(),
        Reference::Member(place) => format!("that operation {place} makes"),
    }
}
