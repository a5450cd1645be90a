//! Budgets as JSON: what may be spent in a unit, where it went, and what is left of each window.

use crate::ledger::{LedgerError, Snapshot};
use remit_verifier::object::{Budget, Period, Share, Window};
use remit_verifier::state::UnitValues;
use remit_verifier::types::{Amount, Seconds, StateIndex};
use serde::Serialize;
use utoipa::ToSchema;

/// What may be spent in one unit, and where it went.
#[derive(Serialize, ToSchema)]
#[schema(as = Budget)]
pub(in crate::api) struct BudgetView {
    /// The unit.
    unit: String,
    /// Its name.
    #[schema(example = "CNY")]
    unit_name: String,
    /// Its decimals: how many minor units, as a power of ten, make one.
    decimals: u64,
    /// `shared`: spends post on the parent as well; `carved`: moved out of the parent; `own`: a root's.
    #[schema(example = "carved")]
    share: &'static str,
    /// Most that may ever be spent, less refunds; absent: only what the tokens above allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1200000")]
    total: Option<String>,
    /// Most that one use may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_use: Option<String>,
    /// Most that refunds may restore, in gross.
    #[serde(skip_serializing_if = "Option::is_none")]
    refundable: Option<String>,
    /// What is taken of the total, now and for good.
    #[schema(example = "350000")]
    committed: String,
    /// What is left of the total; the tokens above may have less.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "850000")]
    left: Option<String>,
    /// Taken by payees.
    captured: String,
    /// Given back by payees after capture, in gross.
    refunded: String,
    /// Held for payees.
    reserved: String,
    /// Locked in leases.
    leased: String,
    /// Held for requests that wait for approvers.
    pending: String,
    /// Moved to carved children.
    carved: String,
    /// Come back from carved children.
    returned: String,
    /// Passed on to the parent after the end of a carved token.
    ceded: String,
    /// Most that may be reserved in spans of time; the tokens above may have narrower ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<WindowView>,
    /// Up to what sum in a span of time nobody is asked; above it, the token's approvers are, whatever the amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<WindowView>,
    /// What leases may be opened at or below the token; absent: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    leases: Option<LeaseLimitsView>,
}

/// What one lease may be at most.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaseLimits)]
pub(in crate::api) struct LeaseLimitsView {
    /// How much, minor units.
    #[schema(example = "300000")]
    most: String,
    /// For how many seconds it may be spent from.
    #[schema(example = 28800)]
    longest_s: u64,
}

/// Most that may be reserved in each span of time of one length.
#[derive(Serialize, ToSchema)]
#[schema(as = Window)]
pub(in crate::api) struct WindowView {
    /// `month`: the months of the calendar in UTC; `fixed`: spans of one length.
    #[schema(example = "fixed")]
    period: &'static str,
    /// Length of a span of a fixed one, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 86400)]
    length_s: Option<u64>,
    /// Seconds after 1970-01-01T00:00:00Z at which a span of a fixed one begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor_s: Option<u64>,
    /// Most that is reserved in one span, minor units.
    #[schema(example = "600000")]
    most: String,
    /// First second of the span that lasts at the time of the state.
    start_s: u64,
    /// What was reserved in it, less what was released; refunds give nothing back.
    used: String,
    /// What is left in it.
    left: String,
}

/// What was counted in the span that lasts at `now`, of the bound at this place of a budget's list.
pub(super) fn used_in_span(place: usize, window: &Window, values: Option<&UnitValues>, now: Seconds) -> u64 {
    let spans = values.map(|values| values.windows.as_slice()).unwrap_or_default();
    let start = window.period.start(now);
    spans.get(place).filter(|span| span.start == start).map_or(0, |span| span.used.0)
}

impl WindowView {
    /// The bound at this place of a budget's list, as of `now`.
    fn new(place: usize, window: &Window, values: Option<&UnitValues>, now: Seconds) -> Self {
        let used = used_in_span(place, window, values, now);
        let (period, length_s, anchor_s) = match window.period {
            Period::Fixed { length, anchor } => ("fixed", Some(length.0), Some(anchor.0)),
            Period::Month => ("month", None, None),
        };
        Self {
            period,
            length_s,
            anchor_s,
            most: window.most.to_string(),
            start_s: window.period.start(now).0,
            used: used.to_string(),
            left: window.most.0.saturating_sub(used).to_string(),
        }
    }
}

impl BudgetView {
    pub(super) fn new(
        snapshot: &Snapshot,
        index: StateIndex,
        budget: &Budget,
        values: Option<&UnitValues>,
        root: bool,
    ) -> Result<Self, LedgerError> {
        let record = snapshot.leaf(index)?;
        let unit = record.leaf.unit().ok_or(LedgerError::DamagedLeaf(index))?;
        let counters = values.map(|values| values.counters).unwrap_or_default();
        let committed = counters.committed().ok_or(LedgerError::DamagedLeaf(index))?;
        let text = |amount: Amount| amount.to_string();
        let now = snapshot.version().commitment.time.seconds();
        let view = |place: usize, window: &Window| WindowView::new(place, window, values, now);
        let left = budget.total.map(|total| Amount(total.0.saturating_sub(committed.0)));
        Ok(Self {
            unit: budget.unit.to_string(),
            unit_name: unit.name.clone(),
            decimals: unit.decimals,
            share: match budget.share {
                Share::Carved => "carved",
                Share::Shared if root => "own",
                Share::Shared => "shared",
            },
            total: budget.total.map(text),
            per_use: budget.per_use.map(text),
            refundable: budget.refundable().map(text),
            committed: text(committed),
            left: left.map(text),
            captured: counters.captured.to_string(),
            refunded: counters.refunded.to_string(),
            reserved: counters.reserved.to_string(),
            leased: counters.leased.to_string(),
            pending: counters.pending.to_string(),
            carved: counters.carved.to_string(),
            returned: counters.returned.to_string(),
            ceded: counters.ceded.to_string(),
            windows: budget.windows.iter().enumerate().map(|(place, window)| view(place, window)).collect(),
            approval: budget.cumulative.as_ref().map(|window| view(budget.windows.len(), window)),
            leases: budget
                .leases
                .map(|limits| LeaseLimitsView { most: limits.most.to_string(), longest_s: limits.longest.0 }),
        })
    }
}
