//! Rules for approvals: asking, saying yes, taking back, and what a reserve or lease brings along (spec 11
//! §4.22–§4.24, 17).

use super::chain::{Chain, ChainLink};
use super::funds::{self, Move};
use super::issue::live_unit;
use super::lease;
use super::quota;
use super::refusal::{Rule, Spend, Stop};
use super::reserve::payee_of;
use super::transaction::Transaction;
use super::view::{Due, Request, StateView, Waiting, key};
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::log::{Bound, BoundKind, Facts};
use remit_verifier::object::{
    Approval, ApprovalRule, Asked, Link, Operation, Path, Position, Purpose, Requested,
};
use remit_verifier::types::{
    Amount, EntryIndex, KeyBytes, Millis, ObjectId, RequestId, Rules, Seconds, StateIndex,
};

/// The rules version that has approvals.
pub(super) const APPROVALS: Rules = Rules(2);

/// What approvers said to an invocation or lease.
pub(super) struct Given {
    /// The request that it carries out, if it names one.
    request: Option<RequestId>,
    /// Who said yes, each once.
    pub(super) keys: Vec<KeyBytes>,
    /// The value that waits for it on the ledger, if it does.
    pub(super) waiting: Option<Waiting>,
}

/// The rules of all links, the root's first, each with the leaf that is named where it is not met.
fn rules_of<'c>(chain: &'c Chain, links: &'c [Link]) -> impl Iterator<Item = (StateIndex, &'c ApprovalRule)> {
    let logged = chain.links.iter().map(|link| (link.index, link.info.token.approval.as_ref()));
    let last = chain.links.last().map_or(StateIndex(0), |link| link.index);
    let offline = links.iter().map(move |link| (last, link.token.approval.as_ref()));
    logged.chain(offline).filter_map(|(index, rule)| rule.map(|rule| (index, rule)))
}

/// The least amount in the unit up to which every link asks nobody, if a link states a rule at all. Where one asks for
/// every payment, nothing can be spent out of a lease.
pub(super) fn least_threshold<E>(chain: &Chain, unit: &ObjectId) -> Rule<Option<Amount>, E> {
    let mut least: Option<Amount> = None;
    for (index, rule) in rules_of(chain, &[]) {
        let threshold = rule.threshold(unit).filter(|most| most.0 > 0);
        let threshold = threshold.ok_or(Code::EveryUseAsks).map_err(|code| Stop::at(code, index))?;
        least = least.into_iter().chain([threshold]).min();
    }
    Ok(least)
}

/// What approvers said to this request, if one is named, on the ledger and in what travels with what carries it out.
pub(super) fn given<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    request: Option<RequestId>,
    links: &[Link],
    approvals: &[Approval],
) -> Rule<Given, V::Error> {
    let Some(request) = request else {
        return match approvals {
            [] => Ok(Given::nobody()),
            _ => Err(Stop::from(Code::UnknownRequest).of_anybody()),
        };
    };
    tx.require_rules(APPROVALS)?;
    let waiting = match tx.get(&key::RequestOf(request))? {
        None => None,
        Some(Request::Closed) => return Err(Code::RequestClosed.into()),
        Some(Request::Waiting(waiting)) => {
            require_open(tx, chain, &waiting)?;
            Some(waiting)
        }
    };
    let mut keys = waiting.as_ref().map(|waiting| waiting.approved.clone()).unwrap_or_default();
    for approval in approvals {
        // They are no part of what the holder signed.
        require_travelling(tx, chain, links, (request, approval)).map_err(Stop::of_anybody)?;
        let key = *approval.signer.bytes();
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(Given { request: Some(request), keys, waiting })
}

/// Requires that an approval is one for this request, in its time, by an approver of some link.
fn require_travelling<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    links: &[Link],
    (request, approval): (RequestId, &Approval),
) -> Rule<(), V::Error> {
    if approval.request != request {
        return Err(Code::UnknownRequest.into());
    }
    require_window(tx, approval.stamp.valid_until)?;
    if rules_of(chain, links).any(|(_, rule)| rule.names(approval.signer.bytes())) {
        Ok(())
    } else {
        Err(Code::NotAnApprover.into())
    }
}

fn require_window<V: StateView>(tx: &Transaction<'_, V>, until: Seconds) -> Rule<(), V::Error> {
    if until.passed(tx.now) {
        return Err(Code::TooLate.into());
    }
    let most = tx.now.seconds().0.saturating_add(APPROVAL_VALIDITY_MAX.0);
    if until.0 > most { Err(Code::TooEarly.into()) } else { Ok(()) }
}

impl Given {
    /// Nobody was asked.
    const fn nobody() -> Self {
        Self { request: None, keys: Vec::new(), waiting: None }
    }

    /// Requires that the rule of every link that this payment is subject to is met.
    pub(super) fn require<E>(
        &self,
        chain: &Chain,
        links: &[Link],
        amount: Amount,
        unit: &ObjectId,
    ) -> Rule<(), E> {
        let unmet = |(_, rule): &(StateIndex, &ApprovalRule)| {
            rule.applies(Some((amount, unit))) && !rule.is_met(&self.keys)
        };
        let Some((index, rule)) = rules_of(chain, links).find(unmet) else { return Ok(()) };
        // An offline link's rule is open in the link; it is no number of the token that stands for it.
        let of_it =
            |link: &&ChainLink| link.index == index && link.info.token.approval.as_ref() == Some(rule);
        let threshold = chain.links.iter().find(of_it).and_then(|_| rule.threshold(unit));
        let bound = threshold.map(|most| Bound::new(BoundKind::Unapproved, most.0, 0));
        Err(Stop::at_bound(Code::ApprovalRequired, index, bound))
    }

    /// Whether enough approvers of this link said yes.
    pub(super) fn meets(&self, link: &ChainLink) -> bool {
        link.info.token.approval.as_ref().is_some_and(|rule| rule.is_met(&self.keys))
    }

    /// The request is carried out, and never again.
    pub(super) fn close<V: StateView>(&self, tx: &mut Transaction<'_, V>) {
        if let Some(request) = self.request {
            tx.put(&key::RequestOf(request), Request::Closed);
            if let Some(waiting) = &self.waiting {
                tx.clear_due(waiting.decide_by, ObjectId(request.0));
            }
        }
    }
}

/// Requires that the request still waits: its time has not run out, and nothing that it needs was suspended or frozen
/// since it was made.
fn require_open<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    waiting: &Waiting,
) -> Rule<(), V::Error> {
    for leaf in waiting.rests_on(&chain.last()?.info) {
        if tx.get(&key::StoppedAt(leaf))?.is_some_and(|stopped: EntryIndex| stopped >= waiting.entry) {
            return Err(Stop::at(Code::RequestClosed, leaf));
        }
    }
    if waiting.decide_by.passed(tx.now) { Err(Code::RequestClosed.into()) } else { Ok(()) }
}

pub(super) fn request<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    ask: &Requested,
) -> Rule<(), V::Error> {
    let chain = Chain::load(tx, &ask.token)?;
    chain.require_live(tx)?;
    tx.require_rules(match ask.purpose {
        Purpose::Use { .. } => APPROVALS,
        Purpose::Lease(_) => lease::ASKED_SINCE,
    })?;
    chain.require_epoch(ask.epoch)?;
    let last = chain.last()?;
    match operation.signers.as_slice() {
        [signer] if *signer.bytes() == last.state()?.holder => {}
        _ => return Err(Code::WrongHolder.into()),
    }
    let spend = Spend { token: last.index, amount: Some(ask.amount), unit: Some(ask.unit) };
    pend(tx, operation, ask, &chain).map_err(|stop| stop.of_holder(spend))
}

/// The rest of a request, once its signer is known to hold the token.
fn pend<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    ask: &Requested,
    chain: &Chain,
) -> Rule<(), V::Error> {
    let last = chain.last()?;
    let (payee, unit) = match (&ask.purpose, ask.to_lease(operation.nonce())) {
        (Purpose::Use { action, resource, .. }, _) => require_use(tx, chain, ask, (action, resource))?,
        (Purpose::Lease(_), terms) => {
            let terms = terms.ok_or(Code::Malformed)?;
            let within = lease::require_within(tx, chain, &terms)?;
            require_decided(tx.now, ask, terms.spend_until)?;
            least_threshold(chain, &ask.unit)?;
            (within.payee, within.unit)
        }
    };
    let request = ask.request_id(&tx.head().ledger, operation.nonce());
    match tx.get(&key::RequestOf(request))? {
        None => {}
        Some(Request::Waiting(_)) => return Err(Code::AlreadySo.into()),
        Some(Request::Closed) => return Err(Code::RequestClosed.into()),
    }
    let funding = funds::post(tx, chain, unit, chain.links.len() - 1, ask.amount, Move::Pend)?;
    quota::require_entries(tx, chain)?;
    let waiting = Waiting {
        entry: tx.entry,
        token: last.index,
        unit,
        payee,
        amount: ask.amount,
        approved: Vec::new(),
        decide_by: ask.decide_by,
        nonce: operation.nonce(),
    };
    let facts = facts(&waiting, request, funding);
    tx.put(&key::RequestOf(request), Request::Waiting(waiting));
    tx.set_due(ask.decide_by, ObjectId(request.0), Due::Request);
    tx.facts.push(Facts { deadline: Some(ask.decide_by), ..facts });
    Ok(())
}

/// Requires that the chain allows a use that is asked for: its payee and unit.
fn require_use<V: StateView>(
    tx: &Transaction<'_, V>,
    chain: &Chain,
    ask: &Requested,
    (action, resource): (&str, &Path),
) -> Rule<(StateIndex, StateIndex), V::Error> {
    let payee = payee_of(tx, &ask.payee)?;
    chain.authority()?.allows(&Asked { audience: &ask.payee, action, resource, arguments: None })?;
    let unit = live_unit(tx, &ask.unit)?;
    require_decided(tx.now, ask, Seconds(u64::MAX))?;
    funds::require_use(chain, unit, ask.amount)?;
    Ok((payee, unit))
}

/// Approvers have time to decide, and no longer than what they decide about can be done.
fn require_decided<E>(now: Millis, ask: &Requested, last: Seconds) -> Rule<(), E> {
    let most = now.seconds().0.saturating_add(APPROVAL_VALIDITY_MAX.0);
    let by = ask.decide_by;
    if by.passed(now) || by.0 > most || by > last { Err(Code::BadTime.into()) } else { Ok(()) }
}

/// The request, if it waits, with the chain of its token.
fn waiting<V: StateView>(tx: &Transaction<'_, V>, request: RequestId) -> Rule<(Waiting, Chain), V::Error> {
    match tx.get(&key::RequestOf(request))? {
        None => Err(Code::UnknownRequest.into()),
        Some(Request::Closed) => Err(Code::RequestClosed.into()),
        Some(Request::Waiting(waiting)) => {
            let chain = Chain::load_at(tx, waiting.token)?;
            Ok((waiting, chain))
        }
    }
}

/// The one signer is an approver of some link.
fn approver<E>(chain: &Chain, signers: &[PublicKey]) -> Rule<KeyBytes, E> {
    match signers {
        [signer] if rules_of(chain, &[]).any(|(_, rule)| rule.names(signer.bytes())) => Ok(*signer.bytes()),
        _ => Err(Code::NotAnApprover.into()),
    }
}

pub(super) fn approve<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    request: RequestId,
) -> Rule<(), V::Error> {
    tx.require_thawed()?;
    tx.require_rules(APPROVALS)?;
    let (mut waiting, chain) = waiting(tx, request)?;
    require_open(tx, &chain, &waiting)?;
    let key = approver(&chain, &operation.signers)?;
    if waiting.approved.contains(&key) {
        return Err(Code::AlreadySo.into());
    }
    waiting.approved.push(key);
    let (index, subject) = (Some(waiting.token), Some(ObjectId(request.0)));
    // The leaf's history shows who was asked and said yes, though no counter moves.
    tx.change(waiting.token, |_| Ok(()))?;
    tx.put(&key::RequestOf(request), Request::Waiting(waiting));
    tx.facts.push(Facts { index, subject, ..Facts::default() });
    Ok(())
}

pub(super) fn withdraw<V: StateView>(
    tx: &mut Transaction<'_, V>,
    operation: &Operation,
    request: RequestId,
    position: Option<Position>,
) -> Rule<(), V::Error> {
    tx.require_rules(APPROVALS)?;
    let (waiting, chain) = waiting(tx, request)?;
    match (position, operation.signers.as_slice()) {
        (Some(position), [signer]) => {
            chain.require_position(position, chain.holder_position(), signer.bytes())?;
        }
        (Some(_), _) => return Err(Code::WrongSigner.into()),
        (None, signers) => drop(approver(&chain, signers)?),
    }
    give_back(tx, request, &waiting, &chain)
}

/// The time of a request has run out: its value comes back.
pub(super) fn expire<V: StateView>(tx: &mut Transaction<'_, V>, request: RequestId) -> Rule<(), V::Error> {
    let (waiting, chain) = waiting(tx, request)?;
    give_back(tx, request, &waiting, &chain)
}

fn give_back<V: StateView>(
    tx: &mut Transaction<'_, V>,
    request: RequestId,
    waiting: &Waiting,
    chain: &Chain,
) -> Rule<(), V::Error> {
    let from = chain.links.len() - 1;
    let funding = funds::post(tx, chain, waiting.unit, from, waiting.amount, Move::Unpend)?;
    funds::pass_upward(tx, chain, waiting.unit, from, waiting.amount)?;
    tx.put(&key::RequestOf(request), Request::Closed);
    tx.clear_due(waiting.decide_by, ObjectId(request.0));
    tx.facts.push(facts(waiting, request, funding));
    Ok(())
}

fn facts(waiting: &Waiting, request: RequestId, funding: StateIndex) -> Facts {
    Facts {
        index: Some(waiting.token),
        subject: Some(ObjectId(request.0)),
        amount: Some(waiting.amount),
        unit: Some(waiting.unit),
        funding: Some(funding),
        ..Facts::default()
    }
}
