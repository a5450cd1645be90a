//! What the demo came to, as data and as text.

use remit_verifier::limits::UNIT_DECIMALS_MAX;
use serde::Serialize;
use std::fmt::Write;

/// The whole story.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether every step came out as told.
    pub ok: bool,
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What is left where, at the end.
    pub balances: Vec<Balance>,
    /// Entries of the log.
    pub entries: u64,
    /// Root of the state tree, in hex.
    pub state_root: String,
    /// The last checkpoint.
    pub checkpoint: String,
    /// When it ended, by its own clock: unix time in milliseconds.
    pub ended_ms: u64,
}

/// One step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The chapter that it belongs to.
    pub chapter: &'static str,
    /// Who decided: `ledger`, or the name of a service that decided offline.
    pub decided_by: &'static str,
    /// What was tried.
    pub tried: String,
    /// What was to come out: `applied`, `allowed`, `permitted` or a code.
    pub expected: String,
    /// What came out.
    pub outcome: String,
    /// Why, or what it means, in a sentence.
    pub meaning: String,
    /// Entry of the log, if one was written.
    pub entry: Option<u64>,
    /// Age of the evidence in milliseconds, for what a service decided.
    pub age_ms: Option<u64>,
    /// Whether it came out as told.
    pub ok: bool,
}

/// What became of a token's total.
#[derive(Clone, Debug, Serialize)]
pub struct Balance {
    /// Whose token.
    pub token: String,
    /// Its total, in minor units, as text.
    pub total_minor: String,
    /// What is left of it.
    pub left_minor: String,
    /// What payees took, less refunds.
    pub spent_minor: String,
    /// What is held for payees.
    pub reserved_minor: String,
    /// What was moved to carved children and has not come back.
    pub carved_minor: String,
    /// Its unit.
    pub unit: String,
    /// Decimals of the unit.
    pub decimals: u64,
}

/// An amount for people, with the unit's decimals and groups of three digits. No unit has more decimals than
/// [`UNIT_DECIMALS_MAX`]: of more, it is shown in minor units with the power of ten.
pub fn decimal(minor: impl Into<u128>, decimals: u64) -> String {
    let minor: u128 = minor.into();
    if decimals > UNIT_DECIMALS_MAX {
        return format!("{minor}e-{decimals}");
    }
    let digits = format!("{minor:0>width$}", width = decimals as usize + 1);
    let (major, fraction) = digits.split_at(digits.len() - decimals as usize);
    let grouped = major.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    let major = grouped.collect::<Vec<_>>().join(" ");
    if fraction.is_empty() { major } else { format!("{major}.{fraction}") }
}

impl Report {
    /// The story as text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut chapter = "";
        for step in &self.steps {
            if step.chapter != chapter {
                chapter = step.chapter;
                let _ = writeln!(text, "\n{chapter}");
            }
            let mark = if step.ok { "ok " } else { "NOT" };
            let _ = writeln!(text, "  {mark} {}", step.tried);
            let mut line = format!("      {} says: {}", step.decided_by, step.outcome);
            if let Some(entry) = step.entry {
                let _ = write!(line, ", entry {entry}");
            }
            if let Some(age) = step.age_ms {
                let _ = write!(line, ", evidence {} s old", age / 1000);
            }
            let _ = writeln!(text, "{}", format!("{line}. {}", step.meaning).trim_end());
            if !step.ok {
                let _ = writeln!(text, "      but the story tells: {}", step.expected);
            }
        }
        self.write_balances(&mut text);
        let good = self.steps.iter().filter(|step| step.ok).count();
        let _ = writeln!(text, "\n{good} of {} steps came out as told.", self.steps.len());
        let _ = writeln!(text, "{} entries, state root {}", self.entries, self.state_root);
        text
    }

    fn write_balances(&self, text: &mut String) {
        let _ = writeln!(text, "\nWhat is left");
        let row = ["token", "total", "spent", "held", "carved", "left"];
        let _ = writeln!(
            text,
            "  {:<16}{:>12}{:>12}{:>12}{:>12}{:>12}",
            row[0], row[1], row[2], row[3], row[4], row[5]
        );
        for balance in &self.balances {
            let show = |minor: &str| decimal(minor.parse::<u64>().unwrap_or_default(), balance.decimals);
            let _ = writeln!(
                text,
                "  {:<16}{:>12}{:>12}{:>12}{:>12}{:>12}  {}",
                balance.token,
                show(&balance.total_minor),
                show(&balance.spent_minor),
                show(&balance.reserved_minor),
                show(&balance.carved_minor),
                show(&balance.left_minor),
                balance.unit
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_decimals_of_their_unit() {
        assert_eq!(decimal(2_000_000_u64, 2), "20 000.00");
        assert_eq!(decimal(5_u64, 2), "0.05");
        assert_eq!(decimal(1234_u64, 0), "1 234");
        assert_eq!(decimal(1_u64, 6), "0.000001");
        assert_eq!(decimal(u64::MAX, 3), "18 446 744 073 709 551.615");
    }

    #[test]
    fn no_number_of_decimals_is_too_many_to_show() {
        assert_eq!(decimal(1_u64, UNIT_DECIMALS_MAX), "0.000000001");
        for decimals in [UNIT_DECIMALS_MAX + 1, 70_000, u64::MAX] {
            assert_eq!(decimal(7_u64, decimals), format!("7e-{decimals}"));
        }
    }
}
