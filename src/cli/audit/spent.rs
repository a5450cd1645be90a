//! `remit audit who-spent`: what was captured and given back, by whom, to whom, of whose tokens, when.

use super::picture;
use super::source::Of;
use super::teller::{Row, Teller, short};
use crate::cli::clock;
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::private;
use crate::cli::text::time;
use crate::demo::decimal;
use clap::{Args, ValueEnum};
use remit_verifier::object::Kind;
use remit_verifier::types::{Amount, ObjectId, Seconds};
use serde_json::json;
use std::collections::BTreeMap;

/// By what spending is summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    Issuer,
    Agent,
    Payee,
    Unit,
    Day,
    Token,
}

#[derive(Args)]
pub(super) struct WhoSpent {
    #[command(flatten)]
    log: Of,
    /// By what it is summed up; days are those of UTC.
    #[arg(long, value_enum, default_value = "agent")]
    by: By,
    /// Only from this instant on: RFC 3339, or as in 30d, so long ago.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this instant.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    pictures: picture::Files,
}

/// What moved between two, in minor units.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub(super) captured: u128,
    pub(super) refunded: u128,
    pub(super) count: u64,
}

impl Sum {
    /// What stayed with the payee.
    pub(super) fn net(&self) -> u128 {
        self.captured.saturating_sub(self.refunded)
    }
}

/// Who paid whom in which unit: issuer, agent, payee, unit.
pub(super) type Flow = (Option<ObjectId>, String, ObjectId, ObjectId);

impl WhoSpent {
    pub(super) fn run(self) -> Outcome {
        let (since, until) = self.span()?;
        let log = self.log.open()?;
        let mut teller = Teller::default();
        let (mut sums, mut flows) =
            (BTreeMap::<(String, ObjectId), Sum>::new(), BTreeMap::<Flow, Sum>::new());
        let root = log.each(|item| {
            for row in teller.tell(&item)? {
                let at = row.time.seconds();
                if since.is_some_and(|since| at < since) || until.is_some_and(|until| at >= until) {
                    continue;
                }
                let Some((amount, back)) = moved(&row)? else { continue };
                let (Some(unit), Some(payee), Some(agent)) = (row.unit, row.payee, &row.agent) else {
                    continue;
                };
                let sum = |of: &mut Sum| {
                    let to = if back { &mut of.refunded } else { &mut of.captured };
                    *to += u128::from(amount.0);
                    of.count += u64::from(!back);
                };
                sum(sums.entry((self.key(&row), unit)).or_default());
                sum(flows.entry((row.issuer, agent.clone(), payee, unit)).or_default());
            }
            Ok(())
        })?;
        self.pictures.write(|kind| picture::flow(&teller, &flows, kind))?;
        let mut rows: Vec<_> = sums.into_iter().collect();
        rows.sort_by_key(|((_, unit), sum)| (*unit, std::cmp::Reverse(sum.net())));
        let mut done = Done::default();
        for ((key, unit), sum) in &rows {
            let unit = teller.unit(unit);
            let shown = |minor: u128| decimal(minor, unit.decimals);
            let refunds = match sum.refunded {
                0 => String::new(),
                back => format!(", {} captured, {} given back", shown(sum.captured), shown(back)),
            };
            let (net, name) = (shown(sum.net()), &unit.name);
            done = done.line(format!(
                "{net:>16} {name}  {}  ({} times{refunds})",
                self.shown(key, &teller),
                sum.count
            ));
        }
        if rows.is_empty() {
            done = done.line("nothing was spent");
        }
        if since.is_some() || until.is_some() {
            let from = since.map_or("the beginning".into(), time::show);
            let to = until.map_or("the end".into(), time::show);
            done = done.line(format!("from {from} until {to}"));
        }
        let views = rows.iter().map(|((key, unit), sum)| {
            let unit = teller.unit(unit);
            json!({"by": key, "name": self.name(key, &teller), "unit": unit.id.to_string(), "unit_name": unit.name,
                "decimals": unit.decimals, "captured": sum.captured.to_string(),
                "refunded": sum.refunded.to_string(), "net": sum.net().to_string(), "captures": sum.count})
        });
        let views: Vec<_> = views.collect();
        Ok(done
            .line(format!("{} entries, root {root}; {} checkpoints met", log.size, log.heads.len()))
            .with("ledger", log.ledger.to_string())
            .with("entries", log.size.0)
            .with("since_s", since.map(|at| at.0))
            .with("until_s", until.map(|at| at.0))
            .with("log_root", root.to_string())
            .with("checkpoints_met", log.heads.len())
            .with("spent", views))
    }

    /// From when until when.
    fn span(&self) -> Result<(Option<Seconds>, Option<Seconds>), Failure> {
        let now = clock::now()?;
        let instant = |text: &Option<String>| {
            text.as_ref().map(|text| time::past(text, now).map_err(Failure::usage)).transpose()
        };
        Ok((instant(&self.since)?, instant(&self.until)?))
    }

    fn key(&self, row: &Row) -> String {
        let id = |id: Option<ObjectId>| id.map(|id| id.to_string()).unwrap_or_default();
        match self.by {
            By::Issuer => id(row.issuer),
            By::Agent => row.agent.clone().unwrap_or_default(),
            By::Payee => id(row.payee),
            By::Unit => id(row.unit),
            By::Token => id(row.token),
            By::Day => time::show(row.time.seconds()).chars().take(10).collect(),
        }
    }

    fn name(&self, key: &str, teller: &Teller) -> Option<String> {
        let id = crate::cli::text::id(key).ok()?;
        match self.by {
            By::Issuer | By::Payee => teller.party(&id).map(str::to_owned),
            By::Unit => Some(teller.unit(&id).name),
            _ => None,
        }
    }

    fn shown(&self, key: &str, teller: &Teller) -> String {
        match (self.by, crate::cli::text::id(key)) {
            (By::Issuer | By::Payee, Ok(id)) => teller.named(&id),
            (By::Unit, Ok(id)) => format!("in all, unit {}", short(&id)),
            (By::Token, Ok(id)) => format!("token {id}"),
            _ => key.to_owned(),
        }
    }
}

/// The amount that an applied row moved to a payee, or back from him.
pub(super) fn moved(row: &Row) -> Result<Option<(Amount, bool)>, Failure> {
    let Some(back) = moves(row) else { return Ok(None) };
    let amount = row.amount.ok_or_else(|| {
        let message = format!("what entry {} did is not at hand: sums without it would be wrong", row.entry);
        Failure::refused("not_kept", message)
            .hint("`remit export tiles --objects` has what stands beside entries")
    })?;
    Ok(Some((amount, back)))
}

/// Whether an applied row moves value to a payee, or back from him, which is `true`.
pub(super) fn moves(row: &Row) -> Option<bool> {
    let back = match row.kind {
        Kind::Capture | Kind::Settle | Kind::Trade => false,
        Kind::Refund => true,
        _ => return None,
    };
    row.refused.is_none().then_some(back)
}

impl picture::Files {
    /// Writes the pictures that were asked for.
    fn write(&self, draw: impl Fn(picture::Form) -> String) -> Result<(), Failure> {
        for (form, path) in self.asked() {
            write(path, &draw(form))?;
        }
        Ok(())
    }
}

/// Writes a picture.
pub(super) fn write(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    private::write(path, text.as_bytes())
}
