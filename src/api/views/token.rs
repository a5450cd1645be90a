//! Tokens as JSON: what they allow, and where their value went.

use super::LeafView;
use super::approval::ApprovalView;
use super::budget::BudgetView;
use crate::keys::did;
use crate::ledger::Snapshot;
use crate::machine::{LeafRecord, TokenInfo};
use remit_verifier::object::{Budget, Condition, Permission, Value};
use remit_verifier::types::StateIndex;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::LedgerError;

/// A token as it stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(in crate::api) struct TokenView {
    #[serde(flatten)]
    leaf: LeafView,
    /// The parent token; absent for a root.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// The tokens above it, the root first.
    ancestors: Vec<String>,
    /// The party that issued the root.
    issuer: String,
    /// The key that holds it.
    holder: String,
    /// When a transfer last made him the holder; 0 if none did.
    holder_since_ms: u64,
    /// The key that signed it.
    signer: String,
    /// The entry that admitted it.
    entry: u64,
    /// Start of its life, if it is not at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before_s: Option<u64>,
    /// End of its life.
    expires_s: u64,
    /// What it allows; absent inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<PermissionView>>,
    /// Whether and how deep it may be delegated; absent inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation: Option<DelegationView>,
    /// Whether it may be transferred; absent inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    transferable: Option<bool>,
    /// Greatest age of evidence that a service may accept; absent inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_staleness_s: Option<u64>,
    /// Carved tokens below that have not ended.
    carved_children: u64,
    /// Whose approval its uses need; absent: nobody's, but those of the tokens above hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<ApprovalView>,
    /// In a root, how many entries may be written for it and all below; absent: none are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<EntryQuotaView>,
    /// Its own budgets; absent inherits.
    #[serde(skip_serializing_if = "Option::is_none")]
    budgets: Option<Vec<BudgetView>>,
}

/// One alternative of what a token allows; an absent set puts no limit of its own, in a root it holds nothing.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
pub(in crate::api) struct PermissionView {
    /// Parties that may be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    services: Option<Vec<String>>,
    /// Actions, by their exact names.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    /// Resources and all below them; the empty text is every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<Vec<String>>,
    /// Conditions on the arguments; all must hold.
    conditions: Vec<ConditionView>,
}

/// One comparison with an argument.
#[derive(Serialize, ToSchema)]
#[schema(as = Condition)]
pub(in crate::api) struct ConditionView {
    /// Name of the argument.
    argument: String,
    /// `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in` or `prefix`.
    #[schema(example = "le")]
    operator: &'static str,
    /// One value, or for `in` any number: integers, texts or truth values.
    operands: Vec<serde_json::Value>,
}

/// What may be appended below a token.
#[derive(Serialize, ToSchema)]
#[schema(as = Delegation)]
pub(in crate::api) struct DelegationView {
    /// `none`, `logged`, or `offline`, which includes logged.
    #[schema(example = "logged")]
    mode: &'static str,
    /// How many links may still follow.
    depth: u64,
}

/// How many entries a root lets be written for its tokens (spec 19).
#[derive(Serialize, ToSchema)]
#[schema(as = EntryQuota)]
pub(in crate::api) struct EntryQuotaView {
    /// As soon as so many are counted in a span, nothing new is begun in it.
    #[schema(example = 1000)]
    most: u64,
    /// Length of the spans, which follow each other from 1970-01-01T00:00:00Z.
    #[schema(example = 86_400)]
    length_s: u64,
}

/// Tokens that a key holds.
#[derive(Serialize, ToSchema)]
#[schema(as = Holdings)]
pub(in crate::api) struct HeldView {
    /// The key.
    pub(in crate::api) holder: String,
    /// Size of the log that this is as of.
    pub(in crate::api) size: u64,
    /// Size of the log that the index had seen; below `size` if it was behind.
    pub(in crate::api) indexed_to: u64,
    /// The tokens, in order of their leaves.
    pub(in crate::api) tokens: Vec<HoldingView>,
    /// Ask for `after` this to read on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api) next: Option<u64>,
}

/// A token in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Holding)]
pub(in crate::api) struct HoldingView {
    /// The token.
    id: String,
    /// Its leaf.
    index: u64,
    /// `live`, `revoked` or `ended`.
    #[schema(example = "live")]
    status: &'static str,
    /// Who suspends it.
    suspended_by: Vec<String>,
    /// End of its life.
    expires_s: u64,
}

impl HoldingView {
    /// A token's line; `None` for a leaf that is none.
    pub(in crate::api) fn new(record: &LeafRecord) -> Option<Self> {
        let (leaf, token) = (&record.leaf, record.leaf.token()?);
        Some(Self {
            id: leaf.id.to_string(),
            index: leaf.index.0,
            status: super::life(leaf.life),
            suspended_by: super::suspended_by(leaf.mask),
            expires_s: token.expires.0,
        })
    }
}

impl TokenView {
    pub(in crate::api) fn new(
        snapshot: &Snapshot,
        record: &LeafRecord,
        info: &TokenInfo,
    ) -> Result<Self, LedgerError> {
        let damaged = || LedgerError::DamagedLeaf(record.leaf.index);
        let leaf = record.leaf.token().ok_or_else(damaged)?;
        let values = record.private.as_ref().map(|private| &private.values).ok_or_else(damaged)?;
        let id = |index: &StateIndex| snapshot.leaf(*index).map(|record| record.leaf.id.to_string());
        let ancestors: Vec<String> = info.ancestors.iter().map(id).collect::<Result<_, _>>()?;
        let root = ancestors.is_empty();
        let budget = |(unit, budget): &(StateIndex, Budget)| {
            BudgetView::new(snapshot, *unit, budget, values.in_unit(*unit), root)
        };
        let budgets = info.budgets.as_ref().map(|all| all.iter().map(budget).collect::<Result<_, _>>());
        let token = &info.token;
        let approval = token.approval.as_ref().map(|rule| ApprovalView::new(snapshot, rule));
        Ok(Self {
            leaf: LeafView::new(&record.leaf, snapshot.size().0),
            parent: ancestors.last().cloned(),
            ancestors,
            issuer: id(&info.issuer)?,
            holder: did::to_text(&leaf.holder),
            holder_since_ms: leaf.holder_since.0,
            signer: did::to_text(&info.signer),
            entry: info.entry.0,
            not_before_s: token.not_before.map(|start| start.0),
            expires_s: leaf.expires.0,
            permissions: token.permissions.as_ref().map(|all| all.iter().map(PermissionView::new).collect()),
            delegation: token
                .delegation
                .map(|delegation| DelegationView { mode: delegation.mode.text(), depth: delegation.depth }),
            transferable: token.transferable,
            max_staleness_s: token.max_staleness.map(|age| age.0),
            carved_children: leaf.carved_children,
            approval: approval.transpose()?,
            entries: token.entries.map(|of| EntryQuotaView { most: of.most, length_s: of.length.0 }),
            budgets: budgets.transpose()?,
        })
    }
}

impl PermissionView {
    fn new(permission: &Permission) -> Self {
        let ids = |ids: &Vec<_>| ids.iter().map(ToString::to_string).collect();
        let paths = |paths: &Vec<remit_verifier::object::Path>| {
            paths.iter().map(|path| path.as_str().to_owned()).collect()
        };
        Self {
            services: permission.services.as_ref().map(ids),
            actions: permission.actions.clone(),
            resources: permission.resources.as_ref().map(paths),
            conditions: permission.conditions.iter().map(ConditionView::new).collect(),
        }
    }
}

impl ConditionView {
    fn new(condition: &Condition) -> Self {
        let operand = |value: &Value| match value {
            Value::Integer(value) => serde_json::json!(value),
            Value::Text(value) => serde_json::json!(value),
            Value::Bool(value) => serde_json::json!(value),
        };
        let operator = condition.operator.text();
        let operands = condition.operands.iter().map(operand).collect();
        Self { argument: condition.argument.clone(), operator, operands }
    }
}
