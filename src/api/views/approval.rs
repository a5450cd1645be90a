//! Approvals as JSON: whose yes a token's uses need, and what waits for it.

use super::budget::used_in_span;
use crate::keys::did;
use crate::ledger::{LedgerError, Snapshot};
use crate::machine::{TokenInfo, Waiting};
use remit_verifier::code::Code;
use remit_verifier::object::{ApprovalRule, LeaseTerms, Purpose, Requested};
use remit_verifier::types::{Amount, ObjectId, RequestId, StateIndex};
use serde::Serialize;
use utoipa::ToSchema;

/// Whose approval the uses of a token need.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub(in crate::api) struct ApprovalView {
    /// How many of the approvers.
    #[schema(example = 1)]
    k: u64,
    /// The approvers' keys.
    approvers: Vec<String>,
    /// Up to which amount a payment needs none; one in another unit needs them. Absent: every use needs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    thresholds: Option<Vec<ThresholdView>>,
}

/// The amount in one unit up to which nobody is asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Threshold)]
pub(in crate::api) struct ThresholdView {
    /// The unit.
    unit: String,
    /// Its name; absent if the ledger knows no such unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "CNY")]
    unit_name: Option<String>,
    /// Its decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<u64>,
    /// The amount.
    #[schema(example = "500000")]
    amount: String,
}

/// A request for approval.
#[derive(Serialize, ToSchema)]
#[schema(as = Request)]
pub(in crate::api) struct RequestView {
    /// The request id.
    id: String,
    /// `waiting`; or `closed`: carried out, taken back, refused, or its time has run out.
    #[schema(example = "waiting")]
    state: &'static str,
    #[serde(flatten)]
    waiting: Option<WaitingView>,
}

/// What is asked for, and who said yes; there as long as it waits. It is as of the newest batch, which may be one
/// ahead of the published version.
#[derive(Serialize, ToSchema)]
#[schema(as = Waiting)]
pub(in crate::api) struct WaitingView {
    /// The logged token that is used.
    token: String,
    /// Its epoch.
    epoch: u64,
    /// Who asks: the key that holds the token.
    holder: String,
    /// Who is to be paid.
    payee: String,
    /// What is to be done; absent if a lease is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "book")]
    action: Option<String>,
    /// To what; absent if a lease is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// For which till, and until when, if a lease is asked for; absent of one use.
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<LeaseTermsView>,
    /// The arguments of a use, of which only salted digests are known.
    arguments: Vec<DigestView>,
    /// How much waits.
    #[schema(example = "600000")]
    amount: String,
    /// Of which unit.
    unit: String,
    /// The nonce that makes it another request than the last.
    nonce: String,
    /// Until when it waits.
    decide_by_s: u64,
    /// The entry that made it.
    entry: u64,
    /// Whether something that it needs was suspended or frozen since: nobody can approve it any more, and its value
    /// comes back when it is taken back or its time has run out.
    cancelled: bool,
    /// Why it cannot be carried out, whoever says yes: `revoked`, `ended`, `expired`, or `old_epoch` after a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "revoked")]
    obstacle: Option<&'static str>,
    /// The keys that said yes, in order.
    approved: Vec<String>,
    /// The links of the chain that want approvals, the root first.
    rules: Vec<RuleView>,
}

/// What an approver of a lease says yes to beside its token, payee and amount.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaseTerms)]
pub(in crate::api) struct LeaseTermsView {
    /// The till of the payee that takes vouchers.
    till: String,
    /// Until when it takes them.
    spend_until_s: u64,
    /// Until when the payee may settle.
    settle_by_s: u64,
    /// Until when he may refund what he settled; absent: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_until_s: Option<u64>,
}

/// An argument of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = ArgumentDigest)]
pub(in crate::api) struct DigestView {
    /// Its name.
    name: String,
    /// Its salted digest.
    digest: String,
}

/// Whose approval one link of the chain wants, and whether it has it.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkApproval)]
pub(in crate::api) struct RuleView {
    /// The token that states it.
    token: String,
    /// How many of the approvers.
    k: u64,
    /// The approvers' keys.
    approvers: Vec<String>,
    /// Up to which amount in the request's unit nobody is asked; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<String>,
    /// Whether the request needs them: its amount is above the threshold, or the sum in a span above that of the
    /// budget.
    applies: bool,
    /// Whether enough of them said yes on the ledger.
    met: bool,
}

/// Requests that wait for an approver.
#[derive(Serialize, ToSchema)]
#[schema(as = Requests)]
pub(in crate::api) struct AskedView {
    /// The approver.
    pub(in crate::api) approver: String,
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The requests, in the order in which they were made.
    pub(in crate::api) requests: Vec<RequestView>,
    /// Ask for `after` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

fn keys(rule: &ApprovalRule) -> Vec<String> {
    rule.approvers.iter().map(|key| did::to_text(key.bytes())).collect()
}

impl ApprovalView {
    pub(super) fn new(snapshot: &Snapshot, rule: &ApprovalRule) -> Result<Self, LedgerError> {
        let threshold = |(id, amount): &(ObjectId, Amount)| {
            let record = match snapshot.index_of(id)? {
                Some(index) => Some(snapshot.leaf(index)?),
                None => None,
            };
            let unit = record.as_ref().and_then(|record| record.leaf.unit());
            Ok(ThresholdView {
                unit: id.to_string(),
                unit_name: unit.map(|unit| unit.name.clone()),
                decimals: unit.map(|unit| unit.decimals),
                amount: amount.to_string(),
            })
        };
        let thresholds = rule.thresholds.as_ref();
        let thresholds = thresholds.map(|all| all.iter().map(threshold).collect::<Result<_, LedgerError>>());
        Ok(Self { k: rule.k, approvers: keys(rule), thresholds: thresholds.transpose()? })
    }
}

impl RequestView {
    /// One that waits no more.
    pub(in crate::api) fn closed(id: &RequestId) -> Self {
        Self { id: id.to_string(), state: "closed", waiting: None }
    }

    /// One that waits.
    pub(in crate::api) fn waiting(
        snapshot: &Snapshot,
        id: &RequestId,
        ask: &Requested,
        waiting: &Waiting,
    ) -> Result<Self, LedgerError> {
        let token = snapshot.leaf(waiting.token)?;
        let holder = token.leaf.token().ok_or(LedgerError::DamagedLeaf(waiting.token))?.holder;
        let argument = |(name, digest): &(String, remit_verifier::types::Hash)| DigestView {
            name: name.clone(),
            digest: digest.to_string(),
        };
        let (action, resource, arguments, lease) = match &ask.purpose {
            Purpose::Use { action, resource, arguments } => {
                (Some(action.clone()), Some(resource.as_str().to_owned()), arguments.as_slice(), None)
            }
            Purpose::Lease(terms) => (None, None, &[][..], Some(LeaseTermsView::new(terms))),
        };
        let chain = snapshot.chain_at(waiting.token)?;
        let rules = chain.iter().filter_map(|(index, link)| {
            let rule = link.token.approval.as_ref()?;
            Some(RuleView::new(snapshot, (*index, link, rule), ask, waiting))
        });
        let view = WaitingView {
            token: ask.token.to_string(),
            epoch: ask.epoch.0,
            holder: did::to_text(&holder),
            payee: ask.payee.to_string(),
            action,
            resource,
            lease,
            arguments: arguments.iter().map(argument).collect(),
            amount: ask.amount.to_string(),
            unit: ask.unit.to_string(),
            nonce: waiting.nonce.0.iter().map(|byte| format!("{byte:02x}")).collect(),
            decide_by_s: waiting.decide_by.0,
            entry: waiting.entry.0,
            cancelled: snapshot.is_cancelled(waiting)?,
            obstacle: snapshot.obstacle(waiting, ask)?.map(Code::text),
            approved: waiting.approved.iter().map(did::to_text).collect(),
            rules: rules.collect::<Result<_, _>>()?,
        };
        Ok(Self { id: id.to_string(), state: "waiting", waiting: Some(view) })
    }
}

impl LeaseTermsView {
    fn new(terms: &LeaseTerms) -> Self {
        Self {
            till: terms.till.to_string(),
            spend_until_s: terms.spend_until.0,
            settle_by_s: terms.settle_by.0,
            refund_until_s: terms.refund_until.map(|until| until.0),
        }
    }
}

impl RuleView {
    fn new(
        snapshot: &Snapshot,
        (index, link, rule): (StateIndex, &TokenInfo, &ApprovalRule),
        ask: &Requested,
        waiting: &Waiting,
    ) -> Result<Self, LedgerError> {
        let thresholds = rule.thresholds.iter().flatten();
        let threshold = thresholds.into_iter().find(|(unit, _)| *unit == ask.unit);
        let applies = rule.applies(Some((ask.amount, &ask.unit)))
            || is_above_in_span(snapshot, (index, link), waiting)?;
        Ok(Self {
            token: link.id.to_string(),
            k: rule.k,
            approvers: keys(rule),
            threshold: threshold.map(|(_, most)| most.to_string()),
            applies,
            met: rule.is_met(&waiting.approved),
        })
    }
}

/// Whether the request would bring the sum of a span above what the link's budget lets pass without approval.
fn is_above_in_span(
    snapshot: &Snapshot,
    (index, link): (StateIndex, &TokenInfo),
    waiting: &Waiting,
) -> Result<bool, LedgerError> {
    let budgets = link.budgets.iter().flatten();
    let budget = budgets.into_iter().find(|(unit, _)| *unit == waiting.unit).map(|(_, budget)| budget);
    let Some((budget, window)) = budget.and_then(|budget| Some((budget, budget.cumulative?))) else {
        return Ok(false);
    };
    let record = snapshot.leaf(index)?;
    let values = record.private.as_ref().and_then(|private| private.values.in_unit(waiting.unit));
    let now = snapshot.version().commitment.time.seconds();
    let used = used_in_span(budget.windows.len(), &window, values, now);
    Ok(used.saturating_add(waiting.amount.0) > window.most.0)
}
