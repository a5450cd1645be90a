//! Runs tasks: each action is an invocation, verified offline by the service, then funded and settled.

use crate::input::{Action, Effect, EffectKind, Task};
use crate::market::{Done, Market, Service, Wallet};
use crate::place::Said;
use crate::recount::recount;
use crate::report::{RefusedRefund, Report};
use remit::client::{Ask, Randomness};
use remit_verifier::hash::sha256;
use remit_verifier::object::{Act, Argument, Path, Payment, Reference, Value};
use remit_verifier::sign::{Draft, LocalSigner};
use remit_verifier::types::{Amount, ObjectId, Seconds};
use remit_verifier::verify::{Decision, Request};
use std::collections::BTreeMap;

/// Captures of one account for one reference, oldest first, with what is left of each by the service's own books.
type Books = BTreeMap<(String, String), Vec<(ObjectId, u64)>>;

/// Runs all tasks on a ledger in memory and recounts its log.
pub(crate) fn run(tasks: &[Task], randomness: Randomness) -> Done<Report> {
    if tasks.is_empty() {
        return Err("there is no task in the files".into());
    }
    run_on(Market::open(tasks, randomness)?, tasks)
}

/// Runs all tasks on a market and recounts its ledger's log.
pub(crate) fn run_on(mut market: Market, tasks: &[Task]) -> Done<Report> {
    let mut report = Report::default();
    for task in tasks {
        run_task(&mut market, task, &mut report)?;
        report.tasks += 1;
    }
    let kept = market.ledger.kept()?;
    recount(&kept, &mut report);
    report.entries = kept.log.len() as u64;
    report.state_root = kept.state_root;
    report.checkpoint = kept.checkpoint;
    Ok(report)
}

fn run_task(market: &mut Market, task: &Task, report: &mut Report) -> Done<()> {
    let wallet = market.open_wallet(task)?;
    let mut books = Books::new();
    for charge in &task.prior {
        let action = Action {
            action: "prior".into(),
            args: BTreeMap::new(),
            accepted: true,
            effects: vec![charge.clone()],
        };
        let outcome = settle(market, task, &action, &wallet, &mut books, report)?;
        outcome.map_err(|code| format!("{}: a charge from before is refused: {code}", task.task))?;
    }
    for action in &task.actions {
        report.actions += 1;
        let outcome = if action.accepted {
            settle(market, task, action, &wallet, &mut books, report)?
        } else {
            decline(market, task, action, &wallet)?
        };
        match outcome {
            Ok(()) => report.allowed += 1,
            Err(code) => *report.refused.entry(code).or_default() += 1,
        }
    }
    Ok(())
}

/// An action that the agent may ask for as any other, and that the service refuses for reasons of its own: nothing
/// reaches the ledger.
fn decline(market: &mut Market, task: &Task, action: &Action, wallet: &Wallet) -> Done<Result<(), String>> {
    Ok(match permit(market, task, action, wallet)? {
        Decision::Allowed => Err("service".into()),
        decision => Err(reason(decision)),
    })
}

/// One step of an action: its invocations, and the refunds that go with it.
struct Plan<'e> {
    charges: Vec<&'e Effect>,
    refunds: Vec<&'e Effect>,
}

/// Brings one accepted action through. The outer result is a fault, the inner one a no with its reason.
fn settle(
    market: &mut Market,
    task: &Task,
    action: &Action,
    wallet: &Wallet,
    books: &mut Books,
    report: &mut Report,
) -> Done<Result<(), String>> {
    let of = |kind| action.effects.iter().filter(move |effect| effect.kind == kind).collect::<Vec<_>>();
    let mut plan = Plan { charges: of(EffectKind::Charge), refunds: of(EffectKind::Refund) };
    if plan.charges.is_empty() {
        let decision = permit(market, task, action, wallet)?;
        if decision != Decision::Allowed {
            return Ok(Err(reason(decision)));
        }
    }
    loop {
        match attempt(market, task, action, wallet, &plan, books)? {
            Attempt::Done(captured, refunded) => {
                report.charged_minor += captured;
                report.refunded_minor += refunded;
                return Ok(Ok(()));
            }
            Attempt::Denied(code) => return Ok(Err(code)),
            // All or nothing: the service leaves out the refund that cannot be right, and sends the rest again.
            Attempt::BadRefund(place, code) => {
                let refund = plan.refunds.remove(place);
                report.refunds_refused += 1;
                report.refunds_refused_minor += refund.amount_minor;
                report.refused_refunds.push(RefusedRefund {
                    task: task.task.clone(),
                    action: action.action.clone(),
                    account: refund.account.clone(),
                    reference: refund.reference.clone(),
                    amount_minor: refund.amount_minor,
                    code,
                });
            }
        }
    }
}

/// What one submission of an action's effects came to.
enum Attempt {
    /// All of it: captured and refunded in all.
    Done(u64, u64),
    /// The service or the ledger says no to a charge.
    Denied(String),
    /// The ledger says no to the refund at this place of the plan.
    BadRefund(usize, String),
}

/// An action without a charge: the service decides offline whether the agent may do it.
fn permit(market: &mut Market, task: &Task, action: &Action, wallet: &Wallet) -> Done<Decision> {
    let presentation = market.ledger.presentation(&wallet.access, None)?;
    let ask = ask(market, task, action, wallet.access, None)?;
    let invocation = market.client.invocation(market.now, &ask)?;
    let (_, signed) = market.client.invoke(&invocation, &wallet.agent)?;
    decide(market, task, &presentation, &signed, &ask.arguments, None)
}

/// The service's verdict, from files alone.
fn decide(
    market: &mut Market,
    task: &Task,
    presentation: &[u8],
    invocation: &[u8],
    arguments: &[Argument],
    evidence: Option<&[u8]>,
) -> Done<Decision> {
    let now = market.now;
    let Service { verifier, .. } = market.service(&task.service)?;
    let request = Request { invocation, arguments, approvals: &[] };
    Ok(verifier.verify(presentation, Some(&request), evidence, now).decision)
}

fn reason(decision: Decision) -> String {
    match decision {
        Decision::Denied(code) => code.text().into(),
        Decision::Permitted => "not_funded".into(),
        Decision::Allowed => "allowed".into(),
    }
}

/// What the agent asks for: the action on the thing that its arguments name.
fn ask(
    market: &mut Market,
    task: &Task,
    action: &Action,
    token: ObjectId,
    payment: Option<Payment>,
) -> Done<Ask> {
    let mut arguments = Vec::new();
    for (name, value) in &action.args {
        arguments.push(market.client.argument(name, scalar(value)?)?);
    }
    let named = ["order_id", "reservation_id"].iter().find_map(|name| action.args.get(*name)?.as_str());
    let id: String = named.unwrap_or("any").chars().filter(char::is_ascii_alphanumeric).collect();
    let resource = Path::parse(&format!("{}/{id}", task.service)).map_err(|_| "not a path")?;
    Ok(Ask {
        token,
        epoch: Default::default(),
        audience: market.service(&task.service)?.party,
        action: action.action.clone(),
        resource,
        arguments,
        payment,
        request: None,
    })
}

/// An argument's value; a text that is too long for one stands as its SHA-256.
fn scalar(value: &serde_json::Value) -> Done<Value> {
    use remit_verifier::limits::TEXT_BYTES_MAX;
    Ok(match value {
        serde_json::Value::Bool(yes) => Value::Bool(*yes),
        serde_json::Value::Number(number) => Value::Integer(number.as_i64().ok_or("not an integer")?),
        serde_json::Value::String(text) if text.len() <= TEXT_BYTES_MAX => Value::Text(text.clone()),
        serde_json::Value::String(text) => Value::Text(sha256(&[text.as_bytes()]).to_string()),
        _ => return Err("an argument is not scalar".into()),
    })
}

/// One invocation with an amount, as it is shown to the service.
struct Shown {
    presentation: Vec<u8>,
    arguments: Vec<Argument>,
}

/// Reserves the charges and makes the refunds in one submission, has the service check the evidence of each, and
/// captures.
fn attempt(
    market: &mut Market,
    task: &Task,
    action: &Action,
    wallet: &Wallet,
    plan: &Plan<'_>,
    books: &mut Books,
) -> Done<Attempt> {
    let key = market.service(&task.service)?.key.clone();
    let mut drafts = Vec::new();
    let mut shown = Vec::new();
    for charge in &plan.charges {
        let token = *wallet.accounts.get(&charge.account).ok_or("an effect names no account of the task")?;
        let presentation = market.ledger.presentation(&token, Some(&market.unit))?;
        let ask = ask(market, task, action, token, Some(payment(market, charge)))?;
        let invocation = market.client.invocation(market.now, &ask)?;
        drafts.push(market.client.reserve(invocation, Vec::new(), &wallet.agent));
        shown.push(Shown { presentation, arguments: ask.arguments });
    }
    let (parts, places) = refund_parts(plan, books);
    for (capture, amount) in &parts {
        let act = Act::Refund { capture: Reference::Id(*capture), amount: Amount(*amount) };
        drafts.push(market.client.act(market.now, act, &[&key])?);
    }
    if drafts.is_empty() {
        return Ok(Attempt::Done(0, 0));
    }
    let ready = market.client.ready(&drafts)?;
    let signed = signed_objects(&ready.bytes)?;
    for (shown, object) in shown.iter().zip(&signed) {
        let decision = decide(market, task, &shown.presentation, object, &shown.arguments, None)?;
        if decision != Decision::Permitted {
            return Ok(Attempt::Denied(reason(decision)));
        }
    }
    match market.submit(&ready)? {
        Said::Applied => {}
        Said::Replayed => return Err("fresh bytes were seen before".into()),
        Said::Refused { code, member } => {
            let refused = member.checked_sub(plan.charges.len());
            return Ok(match refused.and_then(|part| places.get(part)) {
                Some(place) => Attempt::BadRefund(*place, code),
                None => Attempt::Denied(code),
            });
        }
    }
    if !shown.is_empty() {
        let evidence = market.ledger.evidence(ready.ids.first().ok_or("no operation")?)?;
        for (shown, object) in shown.iter().zip(&signed) {
            let decision =
                decide(market, task, &shown.presentation, object, &shown.arguments, Some(&evidence))?;
            if decision != Decision::Allowed {
                return Ok(Attempt::Denied(reason(decision)));
            }
        }
    }
    note_refunds(plan, &parts, &places, books);
    let captured = capture(market, &key, plan, &ready.ids, books)?;
    Ok(Attempt::Done(captured, parts.iter().map(|(_, amount)| amount).sum()))
}

fn payment(market: &Market, charge: &Effect) -> Payment {
    let now = market.now.seconds().0;
    let (settle_by, refund_until) = (Seconds(now + 24 * 3600), Some(Seconds(now + 30 * 24 * 3600)));
    Payment { amount: Amount(charge.amount_minor), unit: market.unit, settle_by, refund_until }
}

/// The first signed object of every operation of a submission: what the agent shows the service.
fn signed_objects(bytes: &[u8]) -> Done<Vec<Vec<u8>>> {
    let submission = remit_verifier::object::Submission::decode(bytes).map_err(|code| code.text())?;
    Ok(submission.operations.iter().filter_map(|operation| operation.objects().into_iter().next()).collect())
}

/// Splits refunds over captures, the oldest first, and says of each part to which refund it belongs. What the books do
/// not cover is asked of the last capture all the same, or of one that never was: the ledger must refuse it.
fn refund_parts(plan: &Plan<'_>, books: &Books) -> (Vec<(ObjectId, u64)>, Vec<usize>) {
    let mut books = books.clone();
    let (mut parts, mut places) = (Vec::new(), Vec::new());
    for (place, refund) in plan.refunds.iter().enumerate() {
        let never = ObjectId(sha256(&[refund.reference.as_bytes()]).0);
        let captures = books.entry((refund.account.clone(), refund.reference.clone())).or_default();
        let mut rest = refund.amount_minor;
        let first = parts.len();
        for (capture, left) in captures.iter_mut().filter(|(_, left)| *left > 0) {
            let part = rest.min(*left);
            if part > 0 {
                parts.push((*capture, part));
                places.push(place);
            }
            (*left, rest) = (*left - part, rest - part);
        }
        match parts[first..].last_mut() {
            _ if rest == 0 => {}
            Some((_, part)) => *part += rest,
            None => {
                let last = captures.last().map_or(never, |(capture, _)| *capture);
                parts.push((last, rest));
                places.push(place);
            }
        }
    }
    (parts, places)
}

fn note_refunds(plan: &Plan<'_>, parts: &[(ObjectId, u64)], places: &[usize], books: &mut Books) {
    for ((capture, amount), place) in parts.iter().zip(places) {
        let refund = plan.refunds[*place];
        let captures = books.entry((refund.account.clone(), refund.reference.clone())).or_default();
        if let Some((_, left)) = captures.iter_mut().find(|(id, _)| id == capture) {
            *left -= amount;
        }
    }
}

/// Captures every charge in full, in one submission; the ids of the reservations are the first of `ids`.
fn capture(
    market: &mut Market,
    key: &LocalSigner,
    plan: &Plan<'_>,
    ids: &[ObjectId],
    books: &mut Books,
) -> Done<u64> {
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    for (charge, reserve) in plan.charges.iter().zip(ids) {
        let (reserve, amount) = (Reference::Id(*reserve), Amount(charge.amount_minor));
        drafts.push(market.client.act(market.now, Act::Capture { reserve, number: 1, amount }, &[key])?);
    }
    if drafts.is_empty() {
        return Ok(0);
    }
    let ready = market.apply(&drafts)?;
    for (charge, capture) in plan.charges.iter().zip(&ready.ids) {
        let captures = books.entry((charge.account.clone(), charge.reference.clone())).or_default();
        captures.push((*capture, charge.amount_minor));
    }
    Ok(plan.charges.iter().map(|charge| charge.amount_minor).sum())
}
