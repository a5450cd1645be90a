//! `remit list`, `show`, `policy`: what there is, what is left, and whom to trust.

use super::chain::Chain;
use super::out::{Done, Failure, Outcome, read_file};
use super::proved::other;
use super::session::{Connection, Session, Who};
use super::text::amount::Unit;
use super::text::{budget, permission, plain, time, window};
use super::{key, text};
use crate::keys::did;
use clap::Args;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::PRESENTATION_BYTES_MAX;
use remit_verifier::object::Period;
use remit_verifier::types::{Amount, Millis, ObjectId, Seconds};
use remit_verifier::verify::Presentation;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Lists the tokens that a key holds, and what is left of each.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit list --key assistant.pem
  remit list --holder did:key:z6Mk… --json")]
pub(super) struct List {
    /// The holder; without it, the key that is named.
    #[arg(long, value_name = "KEY", value_parser = text::key)]
    holder: Option<PublicKey>,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    connection: Connection,
}

/// Shows a token, party, unit, reservation, lease, capture, request or offer by its id; without one, the ledger itself.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit show
  remit show TOKEN
  remit show CNY
  remit show --presentation booking/presentation.cbor      what it says, in words; nobody is asked")]
pub(super) struct Show {
    /// The id; of a unit also its name.
    id: Option<String>,
    /// A presentation, instead of anything in a ledger: nothing in it is checked here, `verify` does.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    presentation: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl List {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let holder = match (&self.holder, self.who.key_file()) {
            (Some(holder), _) => did::to_text(holder.bytes()),
            (None, Some(path)) => did::to_text(&key::stated(path)?),
            (None, None) => match session.key_file(&self.who) {
                Some(path) => did::to_text(&key::stated(path)?),
                None => {
                    return Err(Failure::usage("whose tokens?")
                        .hint("--holder KEY, or --key FILE, REMIT_KEY or a profile with `key`"));
                }
            },
        };
        let (mut text, mut tokens) = (format!("{holder} holds"), Vec::new());
        session.pages(&format!("/v1/holders/{holder}/tokens"), "tokens", |held| {
            let id = held["id"].as_str().and_then(|id| text::id(id).ok());
            let id = id.ok_or_else(|| Failure::internal("a token without an id").coded("bad_answer"))?;
            let token = session.json(&format!("/v1/tokens/{id}"))?;
            require_id(&token, &id.to_string())?;
            let (standing, budgets, approval) = (standing(&token), budgets(&token), approval(&token));
            let _ = write!(text, "\n{id}  {standing}\n{budgets}{approval}");
            tokens.push(token);
            Ok(())
        })?;
        if tokens.is_empty() {
            text.push_str(" nothing");
        }
        let asked = session.json(&format!("/v1/approvers/{holder}/requests"))?;
        let waiting = asked["requests"].as_array().map_or(0, Vec::len);
        let mut done = Done::say(text);
        if waiting > 0 {
            done =
                done.line(format!("requests that wait for its approval: {waiting}; `remit approvals list`"));
        }
        let done = done.with("holder", holder).with("tokens", tokens).with("requests", &asked["requests"]);
        Ok(Session::told(done))
    }
}

/// Requires that a view is of what was asked for.
fn require_id(view: &Value, id: &str) -> Result<(), Failure> {
    if view["id"] == id { Ok(()) } else { Err(other(id)) }
}

/// Live or not, and until when.
fn standing(token: &Value) -> String {
    let mut text = token["status"].as_str().unwrap_or_default().to_owned();
    let by: Vec<&str> =
        token["suspended_by"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !by.is_empty() {
        let _ = write!(text, ", suspended by {}", by.join(", "));
    }
    if let Some(expires) = token["expires_s"].as_u64() {
        let _ = write!(text, ", until {}", time::show(Seconds(expires)));
    }
    text
}

/// What is left of each budget, a line each.
pub(super) fn budgets(token: &Value) -> String {
    let Some(budgets) = token["budgets"].as_array() else {
        return "  its parent's budgets\n".into();
    };
    let mut text = String::new();
    for budget in budgets {
        let unit = Unit {
            id: ObjectId::default(),
            name: budget["unit_name"].as_str().unwrap_or_default().into(),
            decimals: budget["decimals"].as_u64().unwrap_or_default(),
        };
        let amount = |name: &str| {
            budget[name].as_str().and_then(|text| text.parse().ok()).map(|minor| unit.show(Amount(minor)))
        };
        let share = budget["share"].as_str().unwrap_or_default();
        match (amount("left"), amount("total")) {
            (Some(left), Some(total)) => {
                let _ = writeln!(text, "  {left} left of {total} ({share})");
            }
            _ => {
                let _ = writeln!(text, "  {} as far as the tokens above go ({share})", unit.name);
            }
        }
        for name in ["reserved", "leased", "captured", "refunded", "carved", "returned", "per_use"] {
            let zero = budget[name].as_str().is_none_or(|text| text == "0");
            if let (false, Some(shown)) = (zero, amount(name)) {
                let _ = writeln!(text, "    {shown} {}", name.replace('_', " "));
            }
        }
        if let Some(pending) = amount("pending").filter(|_| budget["pending"] != "0") {
            let _ = writeln!(text, "    {pending} waits for approval");
        }
        let spans = budget["windows"].as_array().into_iter().flatten();
        for (of, asks) in spans.map(|of| (of, false)).chain(Some((&budget["approval"], true))) {
            let amount = |name: &str| {
                of[name].as_str().and_then(|text| text.parse().ok()).map(|minor| unit.show(Amount(minor)))
            };
            let period = match (of["length_s"].as_u64(), of["anchor_s"].as_u64()) {
                (Some(length), Some(at)) => Period::Fixed { length: Seconds(length), anchor: Seconds(at) },
                _ => Period::Month,
            };
            if let (Some(left), Some(most)) = (amount("left"), amount("most")) {
                let end = if asks { ", above which approvers are asked" } else { "" };
                let _ = writeln!(text, "    {left} left of {most} {}{end}", window::each(period));
            }
        }
    }
    text
}

/// Whose approval the uses of a token need, in a line.
fn approval(token: &Value) -> String {
    let rule = &token["approval"];
    let Some(k) = rule["k"].as_u64() else { return String::new() };
    let threshold = |of: &Value| {
        let unit = Unit {
            id: ObjectId::default(),
            name: of["unit_name"].as_str().or(of["unit"].as_str()).unwrap_or_default().into(),
            decimals: of["decimals"].as_u64().unwrap_or_default(),
        };
        unit.show(Amount(of["amount"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()))
    };
    let thresholds = rule["thresholds"].as_array();
    let thresholds = thresholds.map(|all| all.iter().map(threshold).collect::<Vec<_>>());
    let approvers: Vec<&str> =
        rule["approvers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    format!("  {}\n", text::approval::words(k, thresholds.as_deref(), &approvers))
}

/// Kinds of things, as the interface names them.
const KINDS: [(&str, &str); 8] = [
    ("token", "tokens"),
    ("party", "parties"),
    ("unit", "units"),
    ("reservation", "reservations"),
    ("lease", "leases"),
    ("capture", "captures"),
    ("request", "requests"),
    ("offer", "offers"),
];

impl Show {
    pub(super) fn run(self) -> Outcome {
        if let Some(path) = &self.presentation {
            return presentation(&read_file(path, PRESENTATION_BYTES_MAX)?);
        }
        let session = self.connection.open()?;
        let Some(id) = &self.id else {
            let log = session.json("/v1/log")?;
            return Ok(Session::told(Done::say(lines(&log, 0)).with("kind", "ledger").with_all(log)));
        };
        if text::id(id).is_err() {
            session.unit(id)?;
        }
        for (kind, path) in KINDS {
            match session.remote.json(&format!("/v1/{path}/{id}")) {
                Ok(view) => {
                    if text::id(id).is_ok() {
                        require_id(&view, id)?;
                    }
                    return Ok(Session::told(shown(&session, kind, view)));
                }
                Err(crate::remote::RemoteError::Status { status: 400 | 404, .. }) => {}
                Err(error) => return Err(super::session::failure(error)),
            }
        }
        Err(Failure::refused("not_found", format!("nothing in the ledger has the id {id}"))
            .hint("what was just submitted is there once it is published"))
    }
}

fn shown(session: &Session, kind: &str, view: Value) -> Done {
    let mut text = format!("{kind} {}\n", view["id"].as_str().unwrap_or_default());
    if kind == "token" {
        let _ = writeln!(text, "{}", standing(&view));
        text.push_str(&budgets(&view));
        text.push_str(&approval(&view));
        let quota = &view["entries"];
        if let (Some(most), Some(length)) = (quota["most"].as_u64(), quota["length_s"].as_u64()) {
            let each = window::each(Period::Fixed { length: Seconds(length), anchor: Seconds(0) });
            let _ = writeln!(
                text,
                "  at most {most} entries {each}, of it and all below; beside them, 64 refusals an hour"
            );
        }
    }
    let mut rest = view.clone();
    if let Some(rest) = rest.as_object_mut() {
        rest.remove("id");
        rest.remove("budgets");
        rest.remove("approval");
        rest.remove("entries");
    }
    // Amounts are in minor units of a unit that is named by its id; of a capture, by its reservation or lease.
    let captured = view["reservation"].as_str().filter(|_| kind == "capture");
    let of = |id: &str| ["reservations", "leases"].map(|path| session.json(&format!("/v1/{path}/{id}")).ok());
    let reserved = captured.and_then(|id| of(id).into_iter().flatten().next());
    let unit = reserved.as_ref().unwrap_or(&view)["unit"].as_str();
    if let Some(unit) = unit.and_then(|unit| session.unit(unit).ok()) {
        for name in ["amount", "captured", "refunded", "released", "left"] {
            if let Some(minor) = view[name].as_str().and_then(|minor| minor.parse().ok()) {
                rest[name] = json!(unit.show(Amount(minor)));
            }
        }
    }
    text.push_str(&lines(&rest, 0));
    Done::say(text).with("kind", kind).with_all(view)
}

/// A presentation in words, link by link from the root down.
fn presentation(bytes: &[u8]) -> Outcome {
    let shown =
        Presentation::decode(bytes).map_err(|error| Failure::usage(format!("no presentation: {error:?}")))?;
    let chain = Chain::read(bytes, &shown.ledger, None, Millis(0))?;
    let (mut text, mut links) = (format!("ledger {}\n", shown.ledger), Vec::new());
    for (place, link) in (1..).zip(&chain.links) {
        let (token, holder) = (&link.token, did::to_text(&link.holder()));
        let kind = if token.is_offline() { "offline link" } else { "token" };
        let _ = writeln!(text, "{place}  {kind} {}\n   held by {holder}", link.id);
        let _ = writeln!(text, "   until {}", time::show(token.expires));
        let allowed: Option<Vec<String>> =
            token.permissions.as_ref().map(|all| all.iter().map(permission::show).collect());
        match &allowed {
            None => text.push_str("   allows what the link above allows\n"),
            Some(all) if all.is_empty() => text.push_str("   allows nothing\n"),
            Some(all) => all.iter().for_each(|one| {
                let _ = writeln!(text, "   allows {one}");
            }),
        }
        let unit = |id: &ObjectId| chain.unit(&id.to_string());
        let budgets: Vec<String> =
            token.budgets.iter().flatten().map(|open| budget::show(open, unit)).collect();
        budgets.iter().for_each(|one| {
            let _ = writeln!(text, "   budget {one}");
        });
        let approval = token.approval.as_ref().map(|rule| text::approval::show(rule, unit));
        if let Some(approval) = &approval {
            let _ = writeln!(text, "   approval: {approval}");
        }
        links.push(json!({
            "id": link.id.to_string(),
            "offline": token.is_offline(),
            "holder": holder,
            "expires_s": token.expires.0,
            "allow": allowed,
            "budgets": budgets,
            "approval": approval,
        }));
    }
    Ok(Done::say(text)
        .with("kind", "presentation")
        .with("ledger", shown.ledger.to_string())
        .with("links", links))
}

/// A text, number or truth value of a list.
fn scalar(item: &Value) -> Option<String> {
    match item {
        Value::String(text) => Some(plain(text)),
        Value::Number(_) | Value::Bool(_) => Some(item.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A JSON object for people: one field a line, times as dates.
fn lines(value: &Value, depth: usize) -> String {
    let mut text = String::new();
    let indent = "  ".repeat(depth);
    for (name, value) in value.as_object().into_iter().flatten() {
        let shown = match value {
            Value::Null => continue,
            // What never was, and lists of nothing.
            Value::Number(number) if name.ends_with("_ms") && number.as_u64() == Some(0) => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::String(text) => plain(text),
            Value::Number(number) => match number.as_u64() {
                Some(at) if name.ends_with("_s") && at > 1_000_000_000 => time::show(Seconds(at)),
                Some(at) if name.ends_with("_ms") && at > 1_000_000_000_000 => time::show(Seconds(at / 1000)),
                _ => number.to_string(),
            },
            Value::Bool(truth) => truth.to_string(),
            Value::Object(_) => {
                let _ = write!(text, "{indent}{name}\n{}", lines(value, depth + 1));
                continue;
            }
            Value::Array(items) => {
                let simple: Option<Vec<String>> = items.iter().map(scalar).collect();
                if let Some(simple) = simple {
                    simple.join(", ")
                } else {
                    let _ = writeln!(text, "{indent}{name}");
                    for item in items {
                        let _ = writeln!(text, "{indent}  - {}", lines(item, depth + 2).trim());
                    }
                    continue;
                }
            }
        };
        let name = name.trim_end_matches("_s").trim_end_matches("_ms").replace('_', " ");
        let _ = writeln!(text, "{indent}{name}: {shown}");
    }
    text
}
