//! What an entry says, in words.

use super::find::{Found, LEDGER, token_of, unit_of};
use crate::cli::out::{Done, Failure};
use crate::cli::text::amount::Unit;
use crate::cli::text::operation::lasts;
use crate::cli::text::{time, window, word};
use remit_verifier::code::Code;
use remit_verifier::log::{Bound, BoundKind, Common, Facts, Link};
use remit_verifier::object::{Act, Body, Kind, Operation, Purpose, Requested};
use remit_verifier::types::{Amount, LedgerId, RequestId, Seconds, StateIndex};
use serde_json::{Value, json};

/// The explanation, and the same for programs.
pub(super) fn explain(found: &Found) -> Result<Done, Failure> {
    let (outcome, at) = (&found.outcome, found.at);
    let when = time::show(Seconds(outcome.time.0 / 1000));
    let common = found.details.as_ref().map(|details| Common::decode(&details.common)).transpose();
    let common = common.map_err(|error| Failure::refused("damaged", format!("the details: {error:?}")))?;
    let links = found.details.iter().flat_map(|details| &details.links).map(|part| Link::decode(part));
    let links: Vec<Link> = links
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::refused("damaged", format!("the details: {error:?}")))?;
    let operations: &[Operation] = found.submission.as_ref().map_or(&[], |all| &all.operations);
    let done = match (outcome.refused, operations) {
        (Some(code), [operation]) => {
            let facts = common.and_then(|common| common.facts.first().copied()).unwrap_or_default();
            refused(found, code, operation, &facts, links.first())
        }
        (Some(code), _) => Done::say(format!("refused: {}: {}", code.text(), code.meaning()))
            .line("what was submitted is not shown"),
        (None, _) => applied(found, operations, common.as_ref()),
    };
    Ok(done
        .line(format!("entry {at} at {when}"))
        .line(format!("id {}", outcome.id))
        .with("id", outcome.id.to_string())
        .with("entry", at.0)
        .with("time_ms", outcome.time.0)
        .with("status", if outcome.refused.is_some() { "refused" } else { "applied" })
        .with("code", outcome.refused.map(Code::text))
        .with("meaning", outcome.refused.map(Code::meaning)))
}

fn refused(found: &Found, code: Code, of: &Operation, facts: &Facts, link: Option<&Link>) -> Done {
    let unit = unit_of(of).and_then(|id| found.units.get(&id));
    let amount = facts.amount.map(|amount| shown(amount.0, unit));
    let name = name(of);
    let what = match &amount {
        Some(amount) => format!("the {name} of {amount}"),
        None => format!("the {name}"),
    };
    let mut done =
        Done::say(format!("refused: {what}")).line(format!("why: {}: {}", code.text(), code.meaning()));
    if let Some(token) = token_of(of) {
        done = done.line(format!("token {token}")).with("token", token.to_string());
    }
    if let Some(decided) = facts.decided {
        done = done.line(format!("decided by {}", who(decided, facts, link)));
    }
    match link.and_then(|link| link.bound) {
        Some(bound) => done = done.line(number(&bound, facts.amount, unit)),
        None if link.is_none() && facts.decided.is_some() => {
            done = done.line("no number of a token is shown here");
        }
        None => {}
    }
    done.line("nothing moved; the same bytes are decided anew until their time is over")
        .with("kind", of.kind.text())
        .with("amount", facts.amount.map(|amount| amount.0.to_string()))
        .with("unit", unit_of(of).map(|id| id.to_string()))
        .with("unit_name", unit.map(|unit| unit.name.clone()))
        .with("leaf", facts.index.map(|index| index.0))
        .with("decided_by", facts.decided.map(|index| index.0))
        .with("bound", link.and_then(|link| link.bound).map(|bound| view(&bound)))
}

/// What an operation is called.
fn name(of: &Operation) -> &'static str {
    match &of.body {
        Body::Act(_, Act::Request(Requested { purpose: Purpose::Lease(_), .. }), _) => "request for a lease",
        _ => of.kind.text(),
    }
}

/// What approvers were asked for, or what of it is carried out.
fn asked(ledger: &LedgerId, of: &Operation) -> Option<String> {
    match &of.body {
        Body::Act(stamp, Act::Request(ask), _) => {
            let request = ask.request_id(ledger, stamp.nonce);
            Some(match &ask.purpose {
                Purpose::Use { action, resource, .. } => {
                    format!("asks for {} {}, as request {request}", word(action), word(resource.as_str()))
                }
                Purpose::Lease(terms) => {
                    format!("asks for a lease to till {}, {}, as request {request}", terms.till, lasts(terms))
                }
            })
        }
        Body::Act(_, Act::Lease(terms), _) => carried_out(terms.request_id(ledger)),
        Body::Reserve(invocation, _) => carried_out(invocation.request_id(ledger)),
        _ => None,
    }
}

fn carried_out(request: Option<RequestId>) -> Option<String> {
    request.map(|request| format!("carries out request {request}"))
}

/// Which leaf decided.
fn who(decided: StateIndex, facts: &Facts, link: Option<&Link>) -> String {
    if decided == LEDGER {
        "the ledger as a whole".into()
    } else if Some(decided) == facts.index {
        "this token itself".into()
    } else if link.is_some() {
        format!("a token above it, state leaf {decided}")
    } else {
        format!("state leaf {decided}")
    }
}

/// The number that decided, and what stood against it.
fn number(bound: &Bound, asked: Option<Amount>, unit: Option<&Unit>) -> String {
    let (most, used) = (shown(bound.most, unit), shown(bound.used, unit));
    let over = asked.and_then(|asked| {
        let sum = u128::from(bound.used) + u128::from(asked.0);
        sum.checked_sub(u128::from(bound.most)).and_then(|over| u64::try_from(over).ok())
    });
    let over = over.map_or_else(String::new, |over| format!(": {} too much", shown(over, unit)));
    match bound.what {
        BoundKind::Total => format!("of its total of {most}, {used} are bound{over}"),
        BoundKind::PerUse => format!("one use may be {most}{over}"),
        BoundKind::Window => {
            format!(
                "its window {} lets {most} be reserved in a span, of which {used} are{over}",
                bound.place + 1
            )
        }
        BoundKind::Cumulative => {
            format!("up to {most} in a span nobody is asked, and {used} are reserved in this one")
        }
        BoundKind::Unapproved => format!("up to {most} nobody is asked; this needs approval"),
        BoundKind::Lease => format!("one lease may be {most}{over}"),
        BoundKind::LeaseLength => format!("a lease may be spent from for {}", window::span(bound.most)),
        BoundKind::Entries => {
            format!("{} entries may be written in a span, and {} were", bound.most, bound.used)
        }
    }
}

fn view(bound: &Bound) -> Value {
    let (most, used) = (bound.most.to_string(), bound.used.to_string());
    json!({"what": bound.what.text(), "place": bound.place, "most": most, "used": used})
}

/// An amount by the unit's decimals; in minor units where the unit is not known.
fn shown(minor: u64, unit: Option<&Unit>) -> String {
    unit.map_or_else(|| format!("{minor} minor units"), |unit| unit.show(Amount(minor)))
}

/// What an applied entry did, an operation a line.
fn applied(found: &Found, operations: &[Operation], common: Option<&Common>) -> Done {
    let kind = found.outcome.kind;
    let mut done = Done::say(format!("applied: {}", kind.text()));
    if kind.is_written_by_the_ledger() {
        done = done.line("the ledger wrote it: its time had come");
    }
    let ledger = found.submission.as_ref().map(|submission| submission.ledger);
    let mut all = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        let facts = common.and_then(|common| common.facts.get(place)).copied().unwrap_or_default();
        let unit = unit_of(operation).and_then(|id| found.units.get(&id));
        let amount = facts.amount.map(|amount| match unit {
            Some(unit) => format!(", {}", unit.show(amount)),
            None => format!(", {amount} minor units"),
        });
        if kind == Kind::Bundle || amount.is_some() {
            let amount = amount.unwrap_or_default();
            done = done.line(format!("{}{amount}, id {}", name(operation), operation.id));
        }
        if let Some(asked) = ledger.and_then(|ledger| asked(&ledger, operation)) {
            done = done.line(asked);
        }
        all.push(json!({
            "kind": operation.kind.text(),
            "id": operation.id.to_string(),
            "amount": facts.amount.map(|amount| amount.0.to_string()),
            "unit": unit_of(operation).map(|id| id.to_string()),
            "leaf": facts.index.map(|index| index.0),
        }));
    }
    done.with("kind", kind.text()).with("operations", all)
}
