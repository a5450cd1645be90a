//! Tasks as they are recorded: one JSON object a line.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// One customer's task.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    /// Its name.
    pub(crate) task: String,
    /// The service that acts.
    pub(crate) service: String,
    /// The customer.
    pub(crate) principal: String,
    /// The currency of all amounts.
    pub(crate) currency: String,
    /// The customer's payment accounts.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// What had been charged before, oldest first.
    pub(crate) prior: Vec<Effect>,
    /// What the agent did, in order.
    pub(crate) actions: Vec<Action>,
}

/// A payment account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    /// What kind of account it is.
    #[allow(dead_code)]
    pub(crate) source: String,
    /// The most that it may ever carry, in minor units; null where there is no limit.
    pub(crate) limit_minor: Option<u64>,
}

/// One action of the agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Action {
    /// Its name.
    pub(crate) action: String,
    /// Its arguments, all scalar.
    pub(crate) args: BTreeMap<String, serde_json::Value>,
    /// Whether the service itself accepted it.
    pub(crate) accepted: bool,
    /// What it charged and refunded.
    pub(crate) effects: Vec<Effect>,
}

/// One charge or refund.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Effect {
    /// Which of the two.
    pub(crate) kind: EffectKind,
    /// The account.
    pub(crate) account: String,
    /// The amount in minor units, above zero.
    pub(crate) amount_minor: u64,
    /// The reservation or order.
    pub(crate) reference: String,
}

/// What an effect does.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EffectKind {
    /// Takes money from the account.
    Charge,
    /// Gives money back to it.
    Refund,
}

/// A line that is no task.
#[derive(Debug)]
pub(crate) struct BadLine {
    /// Its number, from 1.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) error: serde_json::Error,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

/// Reads a file of tasks.
///
/// # Errors
///
/// The first line that is no task.
pub(crate) fn read(text: &str) -> Result<Vec<Task>, BadLine> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(place, line)| serde_json::from_str(line).map_err(|error| BadLine { line: place + 1, error }))
        .collect()
}
