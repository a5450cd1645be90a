//! What a new token is to allow: flags, or a TOML file with the same names.

use super::out::{Failure, read_file};
use super::text::amount::{Typed, Unit};
use super::text::budget::{self, TypedBudget};
use super::text::{amount, approval, permission, time};
use crate::client::TokenSpec;
use clap::Args;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::{DEPTH_MAX, WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN};
use remit_verifier::object::{ApprovalRule, Delegation, DelegationMode, EntryQuota, Permission};
use remit_verifier::types::{Millis, Seconds};
use serde::Deserialize;
use std::path::PathBuf;

/// Bytes of a file with claims at most.
const SPEC_BYTES_MAX: usize = 65_536;

/// The claims of a new token. What is not given is inherited; in a root it is nothing.
#[derive(Args, Clone)]
#[command(next_help_heading = "Token")]
pub(super) struct SpecArgs {
    /// Who holds it: a did:key.
    #[arg(long, value_name = "KEY", value_parser = super::text::key)]
    to: PublicKey,
    /// When it ends: RFC 3339, or a span from now, such as 30d.
    #[arg(long, value_name = "TIME", required_unless_present = "spec")]
    expires: Option<String>,
    /// When it begins; at once without it.
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// One alternative of what it allows: sets of services, actions, resources, and conditions on arguments. May be
    /// repeated; one of them must cover a request.
    #[arg(
        long = "allow",
        value_name = "PERMISSION",
        value_parser = permission::permission,
        help = "One alternative of what it allows, may be repeated:\n\
                'service=ID action=book,cancel resource=flights/economy/** if amount le 5000 and class in economy,y'\n\
                Operators: eq ne lt le gt ge in prefix. \"…\" around what has spaces or looks like a number and is text"
    )]
    allow: Vec<Permission>,
    /// Money, may be repeated: '20000.00 CNY', 'any CNY', '6000 CNY carved per-use 500 refundable 0 window 2000/day
    /// approval 1000/day lease 3000/8h'.
    #[arg(long = "budget", value_name = "BUDGET", value_parser = budget::typed)]
    budgets: Vec<TypedBudget>,
    /// Whether and how deep it may be passed on: none, logged:DEPTH, offline:DEPTH (offline includes logged).
    #[arg(long, value_name = "MODE", value_parser = delegation)]
    delegate: Option<Delegation>,
    /// Whether it may be handed over to somebody else.
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
    transferable: Option<bool>,
    /// Greatest age of the evidence that a service may accept, such as 10m.
    #[arg(long, value_name = "SPAN", value_parser = time::span)]
    max_staleness: Option<Seconds>,
    /// Whose approval its uses need: a did:key; may be repeated.
    #[arg(long = "approver", value_name = "KEY", value_parser = super::text::key)]
    approvers: Vec<PublicKey>,
    /// How many of the approvers; 1 without it.
    #[arg(long, value_name = "K")]
    approvals: Option<u64>,
    /// Up to which amount nobody is asked, may be repeated for other units: '5000 CNY'. Without it every use needs
    /// approval; with it every payment above, or in a unit that is not named.
    #[arg(long = "approve-above", value_name = "AMOUNT", value_parser = amount::typed)]
    approve_above: Vec<Typed>,
    /// In a root: how many entries may be written for it and all below in a span, such as 1000/day or 50/1h. Then
    /// nothing new is begun; what was begun goes on.
    #[arg(long, value_name = "N/SPAN", value_parser = entries)]
    entries: Option<EntryQuota>,
    /// A name for people; only the issuer, the holders and the ledger see it.
    #[arg(long)]
    name: Option<String>,
    /// A TOML file with expires, not_before, allow, budgets, delegate, transferable, max_staleness, approvers,
    /// approvals, approve_above, entries, name; flags come first, and those that may be repeated add to it.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
}

/// The file, in the words of the flags.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SpecFile {
    expires: Option<String>,
    not_before: Option<String>,
    allow: Option<Vec<String>>,
    budgets: Option<Vec<String>>,
    delegate: Option<String>,
    transferable: Option<bool>,
    max_staleness: Option<String>,
    approvers: Option<Vec<String>>,
    approvals: Option<u64>,
    approve_above: Option<Vec<String>>,
    entries: Option<String>,
    name: Option<String>,
}

/// `none`, `logged:3`, `offline:2`.
fn delegation(text: &str) -> Result<Delegation, String> {
    let wrong =
        || format!("`{text}`: write none, logged:DEPTH or offline:DEPTH, the depth up to {DEPTH_MAX}");
    if text == "none" {
        return Ok(Delegation::NONE);
    }
    let (mode, depth) = text.split_once(':').ok_or_else(wrong)?;
    let mode = match mode {
        "logged" => DelegationMode::Logged,
        "offline" => DelegationMode::Offline,
        _ => return Err(wrong()),
    };
    let depth = depth.parse().ok().filter(|depth| *depth <= DEPTH_MAX as u64).ok_or_else(wrong)?;
    Ok(Delegation { mode, depth })
}

/// `1000/day`, `50/1h`.
fn entries(text: &str) -> Result<EntryQuota, String> {
    let form = "write N/SPAN: minute, hour, day, or a span such as 8h or 30d";
    let wrong =
        || format!("`{text}` is no quota of entries: {form}, of a minute to 400 days; N is at least 1");
    let (most, length) = text.split_once('/').ok_or_else(wrong)?;
    let length = match length {
        "minute" => Seconds(60),
        "hour" => Seconds(3_600),
        "day" => Seconds(86_400),
        span => time::span(span).map_err(|_| wrong())?,
    };
    let most: u64 = most.parse().map_err(|_| wrong())?;
    let fits = most >= 1 && (WINDOW_LENGTH_MIN..=WINDOW_LENGTH_MAX).contains(&length);
    if fits { Ok(EntryQuota { most, length }) } else { Err(wrong()) }
}

impl SpecArgs {
    /// The claims; `unit` finds the units of budgets.
    pub(super) fn claims(
        &self,
        now: Millis,
        unit: impl Fn(&str) -> Result<Unit, Failure>,
    ) -> Result<TokenSpec, Failure> {
        let file = self.file()?;
        let instant = |text: &String| time::instant(text, now).map_err(Failure::usage);
        let expires = self.expires.as_ref().or(file.expires.as_ref());
        let expires = expires.ok_or_else(|| Failure::usage("when does it end?").hint("--expires 30d"))?;
        let mut spec = TokenSpec::new(self.to.clone(), instant(expires)?);
        spec.not_before = self.not_before.as_ref().or(file.not_before.as_ref()).map(instant).transpose()?;
        spec.permissions = self.permissions(&file)?;
        spec.approval = self.approval(&file, &unit)?;
        let mut budgets = self.budgets.clone();
        for text in file.budgets.iter().flatten() {
            budgets.push(budget::typed(text).map_err(Failure::usage)?);
        }
        let stated = !budgets.is_empty() || file.budgets.is_some();
        let budgets =
            budgets.iter().map(|budget| budget.in_unit(&unit(&budget.unit)?).map_err(Failure::usage));
        let mut budgets = budgets.collect::<Result<Vec<_>, _>>()?;
        budgets.sort_by_key(|budget| budget.unit);
        spec.budgets = stated.then_some(budgets);
        let stated = file.delegate.as_deref().map(delegation).transpose().map_err(Failure::usage)?;
        spec.delegation = self.delegate.or(stated);
        spec.transferable = self.transferable.or(file.transferable);
        let stated = file.max_staleness.as_deref().map(time::span).transpose().map_err(Failure::usage)?;
        spec.max_staleness = self.max_staleness.or(stated);
        let stated = file.entries.as_deref().map(entries).transpose().map_err(Failure::usage)?;
        spec.entries = self.entries.or(stated);
        spec.name = self.name.clone().or(file.name);
        Ok(spec)
    }

    fn approval(
        &self,
        file: &SpecFile,
        unit: impl Fn(&str) -> Result<Unit, Failure>,
    ) -> Result<Option<ApprovalRule>, Failure> {
        let mut approvers = self.approvers.clone();
        for text in file.approvers.iter().flatten() {
            approvers.push(super::text::key(text).map_err(Failure::usage)?);
        }
        let (k, mut above) = (self.approvals.or(file.approvals), self.approve_above.clone());
        for text in file.approve_above.iter().flatten() {
            above.push(amount::typed(text).map_err(Failure::usage)?);
        }
        let stated = !above.is_empty() || file.approve_above.is_some();
        if approvers.is_empty() {
            return match k.is_some() || stated {
                true => Err(Failure::usage("whose approval?").hint("--approver KEY, for each approver")),
                false => Ok(None),
            };
        }
        let threshold = |typed: &Typed| {
            let unit = unit(&typed.unit)?;
            Ok((unit.id, amount::minor(&typed.number, unit.decimals).map_err(Failure::usage)?))
        };
        let thresholds = above.iter().map(threshold).collect::<Result<Vec<_>, Failure>>()?;
        let rule = approval::rule(k.unwrap_or(1), &approvers, stated.then_some(thresholds));
        rule.map(Some).map_err(Failure::usage)
    }

    fn permissions(&self, file: &SpecFile) -> Result<Option<Vec<Permission>>, Failure> {
        let mut all = self.allow.clone();
        for text in file.allow.iter().flatten() {
            all.push(permission::permission(text).map_err(Failure::usage)?);
        }
        Ok((!all.is_empty() || file.allow.is_some()).then_some(all))
    }

    fn file(&self) -> Result<SpecFile, Failure> {
        let Some(path) = &self.spec else { return Ok(SpecFile::default()) };
        let bytes = read_file(path, SPEC_BYTES_MAX)?;
        let wrong = |error: String| Failure::usage(format!("{}: {error}", path.display()));
        let text = String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_of_entries_are_read() {
        let read = |text| entries(text).map(|quota| (quota.most, quota.length.0));
        assert_eq!(read("1000/day"), Ok((1_000, 86_400)));
        assert_eq!(read("1/minute"), Ok((1, 60)));
        assert_eq!(read("50/8h"), Ok((50, 28_800)));
        for wrong in ["1000", "0/day", "-1/day", "10/59s", "10/401d", "10/year", "/day"] {
            assert!(read(wrong).is_err_and(|why| why.contains("quota of entries")), "{wrong}");
        }
    }
}
