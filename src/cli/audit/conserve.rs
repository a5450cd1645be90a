//! `remit audit conserve`: the money of a whole log, recounted from what its entries say.

use super::snapshot::not_covered;
use super::source::Of;
use crate::audit::{Account, Conservation, ConserveError, Flows, Recorded, Recount, Tightest};
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::amount::Unit;
use crate::cli::text::id;
use crate::demo::decimal;
use clap::Args;
use remit_verifier::log::Entry;
use remit_verifier::object::{Act, Body, Kind, Submission};
use remit_verifier::types::ObjectId;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Args)]
pub(super) struct Conserve {
    #[command(flatten)]
    log: Of,
    /// Only the accounts of this token.
    #[arg(long, value_name = "ID", value_parser = id)]
    token: Option<ObjectId>,
    /// How many accounts are listed: those with the least left, first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
}

impl Conserve {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (mut recount, mut units) = (Recount::default(), Units::default());
        let root = log.each(|item| {
            let recorded = Recorded { entry: &item.entry, object: item.object.as_deref() };
            recount.entry(&recorded).map_err(|error| unread(&error))?;
            units.learn(&recorded);
            Ok(())
        })?;
        let counted = recount.finish();
        let mut accounts: Vec<&Account> = counted
            .accounts
            .iter()
            .filter(|account| self.token.is_none_or(|id| account.token == id))
            .collect();
        if let Some(token) = self.token.filter(|_| accounts.is_empty()) {
            return Err(Failure::refused("unknown_token", format!("no value ever moved on token {token}")));
        }
        accounts.sort_by_key(|account| left(account).unwrap_or(i128::MAX));
        let all = accounts.len();
        accounts.truncate(self.top);
        let mut done = Done::say(format!("ledger       {}", log.ledger))
            .line(format!("entries      {}, root {root}", counted.entries))
            .line(format!("checkpoints  {}", log.signed()))
            .line(format!("money        {}", said(&counted)));
        for (unit, flows) in &counted.flows {
            done = done.line(format!("moved        {}", moved(flows, &units.of(unit))));
        }
        for violation in &counted.violations {
            let (entry, subject) = (violation.entry, violation.subject);
            done = done.line(format!("VIOLATED     entry {entry}: {} of {subject}", violation.code));
        }
        if let Some(tightest) = &counted.tightest {
            done = done.line(format!("tightest     {}", units.tightest(tightest)));
        }
        done =
            done.line(format!("accounts     {} of {all}, those with the least left first", accounts.len()));
        for account in &accounts {
            done = done.line(format!("  {}", units.account(account)));
        }
        let violations = counted.violations.iter().map(|violation| {
            json!({"entry": violation.entry.0, "code": violation.code.to_string(),
                "subject": violation.subject.to_string()})
        });
        Ok(done
            .with("ledger", log.ledger.to_string())
            .with("entries", counted.entries)
            .with("log_root", root.to_string())
            .with("checkpoints_met", log.heads.len())
            .with("pinned", log.is_pinned())
            .with("conserved", counted.ok)
            .with("checks", counted.checks)
            .with("violated", counted.violated)
            .with("violations", violations.collect::<Vec<_>>())
            .with("units", units.json())
            .with("flows_minor", flows_of(&counted))
            .with("tightest", counted.tightest.as_ref().map(tightest_of))
            .with("accounts_in_all", all)
            .with("accounts", accounts.into_iter().map(account_of).collect::<Vec<_>>())
            .refused_unless(counted.ok))
    }
}

/// Why no entry behind one that cannot be read is recounted.
pub(super) fn unread(error: &ConserveError) -> Failure {
    match error {
        ConserveError::Missing(at) => not_covered(*at),
        error => Failure::refused("conserve", error),
    }
}

/// In one line, whether the money was conserved.
pub(super) fn said(counted: &Conservation) -> String {
    match counted.violations.first() {
        None if counted.ok => format!("conserved at every entry, {} checks", counted.checks),
        first => {
            let first = first.map(|violation| violation.entry).unwrap_or_default();
            format!("NOT conserved: {} violations, the first at entry {first}", counted.violated)
        }
    }
}

/// What moved, in minor units, by unit.
pub(super) fn flows_of(counted: &Conservation) -> Map<String, Value> {
    let each = |(unit, flows): (&ObjectId, &Flows)| {
        let amounts = named(flows).map(|(name, amount)| (name.to_owned(), json!(amount.to_string())));
        (unit.to_string(), Value::Object(amounts.into_iter().collect()))
    };
    counted.flows.iter().map(each).collect()
}

fn named(flows: &Flows) -> [(&'static str, u128); 10] {
    [
        ("requested", flows.requested),
        ("reserved", flows.reserved),
        ("captured", flows.captured),
        ("released", flows.released),
        ("expired", flows.expired),
        ("leased", flows.leased),
        ("settled", flows.settled),
        ("refunded", flows.refunded),
        ("carved", flows.carved),
        ("returned", flows.returned),
    ]
}

fn parts(account: &Account) -> [(&'static str, i128); 8] {
    [
        ("captured", account.captured),
        ("refunded", account.refunded),
        ("reserved", account.reserved),
        ("pending", account.pending),
        ("leased", account.leased),
        ("carved", account.carved),
        ("returned", account.returned),
        ("ceded", account.ceded),
    ]
}

/// What is left of the total, if the token states one.
fn left(account: &Account) -> Option<i128> {
    account.total.map(|total| i128::from(total.0) - account.committed())
}

fn account_of(account: &Account) -> Value {
    let mut fields = Map::from_iter([
        ("token".to_owned(), json!(account.token.to_string())),
        ("unit".to_owned(), json!(account.unit.to_string())),
        ("total".to_owned(), json!(account.total.map(|total| total.0.to_string()))),
        ("left".to_owned(), json!(left(account).map(|left| left.to_string()))),
    ]);
    fields.extend(parts(account).map(|(name, amount)| (name.to_owned(), json!(amount.to_string()))));
    Value::Object(fields)
}

fn tightest_of(tightest: &Tightest) -> Value {
    json!({"token": tightest.token.to_string(), "unit": tightest.unit.to_string(),
        "entry": tightest.entry.0, "left": tightest.left.to_string()})
}

fn moved(flows: &Flows, unit: &Unit) -> String {
    let amounts = named(flows).into_iter().filter(|(_, amount)| *amount > 0);
    let amounts: Vec<String> =
        amounts.map(|(name, amount)| format!("{name} {}", decimal(amount, unit.decimals))).collect();
    format!("{}: {}", unit.name, if amounts.is_empty() { "nothing".into() } else { amounts.join(", ") })
}

/// Names and decimals of units, as the log registers them.
#[derive(Default)]
struct Units(BTreeMap<ObjectId, Unit>);

impl Units {
    fn learn(&mut self, recorded: &Recorded<'_>) {
        let Ok(Entry::Outcome(outcome)) = Entry::decode(recorded.entry) else { return };
        if !matches!(outcome.kind, Kind::Unit | Kind::Bundle) {
            return;
        }
        let submission = recorded.object.map(Submission::decode);
        for operation in submission.into_iter().flatten().flat_map(|submission| submission.operations) {
            if let Body::Act(_, Act::Unit { name, decimals }, _) = operation.body {
                self.0.insert(operation.id, Unit { id: operation.id, name, decimals });
            }
        }
    }

    /// The unit; one that the log does not register is counted in its minor units.
    fn of(&self, id: &ObjectId) -> Unit {
        let unknown = || Unit { id: *id, name: id.to_string(), decimals: 0 };
        self.0.get(id).cloned().unwrap_or_else(unknown)
    }

    fn json(&self) -> Value {
        let each = |unit: &Unit| (unit.id.to_string(), json!({"name": unit.name, "decimals": unit.decimals}));
        Value::Object(self.0.values().map(each).collect())
    }

    fn tightest(&self, tightest: &Tightest) -> String {
        let Tightest { token, unit, entry, left } = tightest;
        format!("{} left of token {token} at entry {entry}", signed(*left, &self.of(unit)))
    }

    fn account(&self, account: &Account) -> String {
        let unit = self.of(&account.unit);
        let stand = match (account.total, left(account)) {
            (Some(total), Some(left)) => format!("{} left of {}", signed(left, &unit), unit.show(total)),
            _ => format!("no total of its own in {}", unit.name),
        };
        let moved: Vec<String> = parts(account)
            .into_iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|(name, amount)| format!("{name} {}", digits(amount, &unit)))
            .collect();
        let moved = if moved.is_empty() { "nothing moved".into() } else { moved.join(", ") };
        format!("{}  {stand}: {moved}", account.token)
    }
}

fn digits(amount: i128, unit: &Unit) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}", decimal(amount.unsigned_abs(), unit.decimals))
}

fn signed(amount: i128, unit: &Unit) -> String {
    format!("{} {}", digits(amount, unit), unit.name)
}
