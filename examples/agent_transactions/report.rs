//! What came of the tasks.

use serde::Serialize;
use std::collections::BTreeMap;

/// The counts over all files.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Tasks run.
    pub(crate) tasks: u64,
    /// Actions tried.
    pub(crate) actions: u64,
    /// Actions that were allowed and went through.
    pub(crate) allowed: u64,
    /// Actions that were not, by reason; `service` is the service's own no.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Captured in all, charges from before the tasks included.
    pub(crate) charged_minor: u64,
    /// Refunded in all.
    pub(crate) refunded_minor: u64,
    /// Refunds that the ledger refused.
    pub(crate) refunds_refused: u64,
    /// Their sum.
    pub(crate) refunds_refused_minor: u64,
    /// Each of them.
    pub(crate) refused_refunds: Vec<RefusedRefund>,
    /// Entries of the log.
    pub(crate) entries: u64,
    /// Root of the state tree, in hex.
    pub(crate) state_root: String,
    /// The last checkpoint.
    pub(crate) checkpoint: String,
    /// Whether the log, recounted without the rules, never exceeds a total.
    pub(crate) conserved: bool,
    /// Whether the whole log, replayed, gives the same roots and details.
    pub(crate) replayed: bool,
}

/// A refund that cannot be right.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RefusedRefund {
    /// The task.
    pub(crate) task: String,
    /// The action.
    pub(crate) action: String,
    /// The account.
    pub(crate) account: String,
    /// The reservation or order.
    pub(crate) reference: String,
    /// The amount asked for.
    pub(crate) amount_minor: u64,
    /// The ledger's reason.
    pub(crate) code: String,
}
