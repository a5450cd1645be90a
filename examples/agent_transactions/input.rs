//! Tasks as they are recorded: one JSON object a line.

use remit_verifier::limits::{ARGUMENTS_MAX, BUNDLE_MEMBERS_MAX, NAME_BYTES_MAX};
use serde::Deserialize;
use serde_json::Value;
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
    pub(crate) args: BTreeMap<String, Value>,
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
    pub(crate) problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It is no JSON object of this form.
    Json(serde_json::Error),
    /// The service's or customer's name, or that of an action or argument, is empty or too long.
    Name,
    /// An amount is zero.
    Zero,
    /// An effect names an account that the task does not list.
    Account,
    /// What was charged before is no charge.
    Prior,
    /// An action has more effects than one bundle has members.
    Effects,
    /// An argument is neither text nor an integer nor a truth value, or there are too many.
    Argument,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Name => write!(f, "a name is empty or longer than {NAME_BYTES_MAX} bytes"),
            Self::Zero => f.write_str("an amount is zero"),
            Self::Account => f.write_str("an effect names no account of the task"),
            Self::Prior => f.write_str("what was before can only be a charge"),
            Self::Effects => write!(f, "an action has more than {BUNDLE_MEMBERS_MAX} effects"),
            Self::Argument => {
                write!(
                    f,
                    "an argument is no text, integer or truth value, or one of more than {ARGUMENTS_MAX}"
                )
            }
        }
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

/// Reads a file of tasks.
///
/// # Errors
///
/// The first line that is no task.
pub(crate) fn read(text: &str) -> Result<Vec<Task>, BadLine> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let task = |text| -> Result<Task, Problem> {
        let task: Task = serde_json::from_str(text).map_err(Problem::Json)?;
        task.check()?;
        Ok(task)
    };
    lines.map(|(line, text)| task(text).map_err(|problem| BadLine { line, problem })).collect()
}

fn require(holds: bool, problem: Problem) -> Result<(), Problem> {
    if holds { Ok(()) } else { Err(problem) }
}

impl Task {
    /// What the run relies on.
    fn check(&self) -> Result<(), Problem> {
        let name = |text: &String| (1..=NAME_BYTES_MAX).contains(&text.len());
        require(name(&self.service) && name(&self.principal), Problem::Name)?;
        for effect in &self.prior {
            require(effect.kind == EffectKind::Charge, Problem::Prior)?;
            self.check_effect(effect)?;
        }
        for action in &self.actions {
            require(name(&action.action) && action.args.keys().all(name), Problem::Name)?;
            let scalar = |value: &Value| value.is_string() || value.is_i64() || value.is_boolean();
            let few = action.args.len() <= ARGUMENTS_MAX;
            require(few && action.args.values().all(scalar), Problem::Argument)?;
            require(action.effects.len() <= BUNDLE_MEMBERS_MAX, Problem::Effects)?;
            action.effects.iter().try_for_each(|effect| self.check_effect(effect))?;
        }
        Ok(())
    }

    fn check_effect(&self, effect: &Effect) -> Result<(), Problem> {
        require(effect.amount_minor > 0, Problem::Zero)?;
        require(self.accounts.contains_key(&effect.account), Problem::Account)
    }
}
