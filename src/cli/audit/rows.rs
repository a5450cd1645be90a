//! `remit audit export`: one row for each operation of a log, for spreadsheets and programs.

use super::source::Of;
use super::teller::{Row, Teller};
use crate::cli::out::{Done, Outcome};
use crate::cli::private;
use crate::cli::text::{plain, time};
use crate::demo::decimal;
use clap::Args;
use remit_verifier::code::Code;
use remit_verifier::object::Kind;
use remit_verifier::types::ObjectId;
use std::path::PathBuf;

/// The columns, in order (docs/audit.md).
const COLUMNS: [&str; 16] = [
    "entry",
    "time",
    "kind",
    "status",
    "code",
    "id",
    "token",
    "issuer",
    "issuer_name",
    "agent",
    "payee",
    "payee_name",
    "unit",
    "amount",
    "amount_minor",
    "subject",
];

#[derive(Args)]
#[group(id = "form", required = true, multiple = false, args = ["csv", "jsonl"])]
pub(super) struct Export {
    #[command(flatten)]
    log: Of,
    /// Comma-separated values (RFC 4180) with the names of the columns in the first line.
    #[arg(long)]
    csv: bool,
    /// One JSON object a line.
    #[arg(long)]
    jsonl: bool,
    /// Only what moves value: reserves, leases, captures, settlements, releases, refunds, purchases.
    #[arg(long)]
    spends: bool,
    /// Writes it there instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (mut teller, mut count) = (Teller::default(), 0_u64);
        let mut text = if self.csv { format!("{}\r\n", COLUMNS.join(",")) } else { String::new() };
        // Nothing is handed on before the log has met its checkpoints.
        let root = log.each(|item| {
            for row in teller.tell(&item)? {
                if self.spends && !moves(row.kind) {
                    continue;
                }
                count += 1;
                if self.csv {
                    let cells = cells(&teller, &row).map(|cell| escaped(&cell));
                    text.push_str(&format!("{}\r\n", cells.join(",")));
                } else {
                    text.push_str(&format!("{}\n", teller.view(&row)));
                }
            }
            Ok(())
        })?;
        let done = match &self.out {
            Some(path) => {
                private::write(path, text.as_bytes())?;
                Done::say(format!("{count} rows in {}", path.display())).line(format!(
                    "{} entries, root {root}; {} checkpoints met",
                    log.size,
                    log.heads.len()
                ))
            }
            None => Done::say(&text),
        };
        let done = if self.out.is_none() { done.with("text", &text) } else { done };
        Ok(done
            .with("ledger", log.ledger.to_string())
            .with("rows", count)
            .with("entries", log.size.0)
            .with("log_root", root.to_string())
            .with("checkpoints_met", log.heads.len()))
    }
}

fn moves(kind: Kind) -> bool {
    use Kind::{Capture, Expiry, Lease, LeaseClose, Refund, Refusal, Release, Reserve, Settle, Trade};
    matches!(
        kind,
        Reserve | Lease | Capture | Settle | Release | Refund | Trade | LeaseClose | Expiry | Refusal
    )
}

fn cells(teller: &Teller, row: &Row) -> [String; 16] {
    let id = |id: &Option<ObjectId>| id.map(|id| id.to_string()).unwrap_or_default();
    let name = |id: &Option<ObjectId>| {
        let name = id.and_then(|id| teller.party(&id).map(plain));
        name.unwrap_or_default()
    };
    let unit = row.unit.map(|unit| teller.unit(&unit));
    let amount = row.amount.zip(unit.as_ref()).map(|(amount, unit)| decimal(amount.0, unit.decimals));
    [
        row.entry.to_string(),
        time::show(row.time.seconds()),
        row.kind.text().into(),
        if row.refused.is_some() { "refused" } else { "applied" }.into(),
        row.refused.map(Code::text).unwrap_or_default().into(),
        id(&row.id),
        id(&row.token),
        id(&row.issuer),
        name(&row.issuer),
        row.agent.clone().unwrap_or_default(),
        id(&row.payee),
        name(&row.payee),
        unit.map(|unit| unit.name).unwrap_or_default(),
        amount.unwrap_or_default().replace(' ', ""),
        row.amount.map(|amount| amount.0.to_string()).unwrap_or_default(),
        id(&row.subject),
    ]
}

/// A cell that a spreadsheet takes for text: what others chose begins no formula.
fn escaped(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_ends_where_it_ends() {
        assert_eq!(escaped("The airline"), "The airline");
        assert_eq!(escaped("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!((escaped("a,b").as_str(), escaped("-1").as_str()), ("\"a,b\"", "'-1"));
    }
}
