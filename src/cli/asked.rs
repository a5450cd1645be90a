//! What approvers are asked: out of the file of whoever asks, or as the ledger shows it. Its id is computed anew either
//! way, so that nobody says yes to something else than what he is shown.

use super::out::{Failure, read_file};
use super::private;
use super::text::amount::Unit;
use super::text::operation::lasts;
use super::text::{hex, id, permission, plain, time, to_hex, value, word};
use clap::Args;
use remit_verifier::limits::{APPROVAL_BYTES_MAX, APPROVALS_MAX};
use remit_verifier::object::{Approval, Argument, Asking, LeaseTerms, Purpose};
use remit_verifier::types::{Amount, Epoch, Hash, LedgerId, Nonce, ObjectId, RequestId, Seconds, TillId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Bytes of a request file at most.
const ASKED_BYTES_MAX: usize = 262_144;

/// A request for approval.
pub(super) struct Asked {
    pub(super) ledger: LedgerId,
    pub(super) asking: Asking,
    /// The arguments in the clear; the ledger shows digests alone.
    pub(super) arguments: Vec<Argument>,
    /// The unit of its amount, as somebody says that it is.
    pub(super) unit: Option<Unit>,
    pub(super) decide_by: Option<Seconds>,
}

/// A use or lease that approvers said yes to.
#[derive(Args)]
#[command(next_help_heading = "Approvals")]
pub(super) struct Approved {
    /// Carries out what `remit request` wrote to this file: token, service, action, resource, arguments and amount are
    /// those of the file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "action", "resource", "arguments"])]
    approved: Option<PathBuf>,
    /// A signed approval that travels along, beside those on the ledger; may be repeated.
    #[arg(long = "approval", value_name = "FILE", requires = "approved")]
    approvals: Vec<PathBuf>,
}

/// A request with the approvals that travel.
pub(super) struct Carried {
    pub(super) asked: Asked,
    pub(super) approvals: Vec<Vec<u8>>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    request: String,
    ledger: String,
    token: String,
    epoch: u64,
    payee: String,
    /// Of a use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// `NAME=VALUE:SALT`, as a service is shown them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    arguments: Vec<String>,
    /// In place of them, what only a lease has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<FileLease>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payment: Option<FilePayment>,
    nonce: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decide_by_s: Option<u64>,
}

/// A lease in a file, and in the view of a request.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLease {
    till: String,
    spend_until_s: u64,
    settle_by_s: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refund_until_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilePayment {
    amount_minor: String,
    unit: String,
    unit_name: String,
    decimals: u64,
}

/// Names of arguments with their digests, in the order in which they are signed.
pub(super) fn digests(arguments: &[Argument]) -> Vec<(String, Hash)> {
    let mut digests: Vec<_> = arguments.iter().map(|a| (a.name.clone(), a.digest())).collect();
    digests.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    digests
}

impl Asked {
    pub(super) fn id(&self) -> RequestId {
        self.asking.id(&self.ledger)
    }

    /// What only a lease has, as the file says it; nothing of a use.
    pub(super) fn lease(&self) -> Option<Value> {
        match &self.asking.purpose {
            Purpose::Use { .. } => None,
            Purpose::Lease(terms) => serde_json::to_value(FileLease::of(terms)).ok(),
        }
    }

    /// Reads a file; its fields must be those that its id stands for.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::usage(format!("{}: no request file: {why}", path.display()));
        let file: File = serde_json::from_slice(&read_file(path, ASKED_BYTES_MAX)?)
            .map_err(|error| wrong(error.to_string()))?;
        let asked = file.asked().map_err(wrong)?;
        if asked.id().to_string() == file.request {
            return Ok(asked);
        }
        let message =
            format!("{}: its fields are not those of request {}", path.display(), plain(&file.request));
        Err(Failure::refused("unknown_request", message)
            .hint("it was changed after it was written: have it made anew with `remit request`"))
    }

    /// Writes the file, where none is: another request's nonce and salts would be lost for ever.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        if path.exists() {
            return Err(Failure::usage(format!("{} is there", path.display()))
                .coded("exists")
                .hint("--out names a file that is not there yet; nothing was signed"));
        }
        let payment = self.asking.payment.map(|(amount, unit)| FilePayment {
            amount_minor: amount.to_string(),
            unit: unit.to_string(),
            unit_name: self.unit.as_ref().map(|unit| unit.name.clone()).unwrap_or_default(),
            decimals: self.unit.as_ref().map(|unit| unit.decimals).unwrap_or_default(),
        });
        let (action, resource, lease) = match &self.asking.purpose {
            Purpose::Use { action, resource, .. } => {
                (Some(action.clone()), Some(resource.as_str().to_owned()), None)
            }
            Purpose::Lease(terms) => (None, None, Some(FileLease::of(terms))),
        };
        let file = File {
            request: self.id().to_string(),
            ledger: self.ledger.to_string(),
            token: self.asking.token.to_string(),
            epoch: self.asking.epoch.0,
            payee: self.asking.payee.to_string(),
            action,
            resource,
            arguments: self.arguments.iter().map(value::salted_text).collect(),
            lease,
            payment,
            nonce: to_hex(&self.asking.nonce.0),
            decide_by_s: self.decide_by.map(|by| by.0),
        };
        let mut text = serde_json::to_vec_pretty(&file).map_err(Failure::internal)?;
        text.push(b'\n');
        private::write(path, &text)
    }

    /// The request that was named, as the ledger shows it; what is shown must be what that id stands for, and not
    /// another request whose id fits as well.
    pub(super) fn of_view(
        ledger: LedgerId,
        named: &RequestId,
        view: &Value,
        unit: impl FnOnce(&str) -> Result<Unit, Failure>,
    ) -> Result<Self, Failure> {
        let bad = || {
            Failure::refused(
                "bad_answer",
                format!("what the ledger shows of request {named} is not what it stands for"),
            )
            .hint("nothing was signed; `remit audit replay URL` computes everything of the ledger again")
        };
        let mut asked = read_view(ledger, view).ok_or_else(bad)?;
        if asked.id() != *named {
            return Err(bad());
        }
        let id = asked.asking.payment.map(|(_, unit)| unit.to_string());
        asked.unit = id.as_deref().map(unit).transpose()?;
        Ok(asked)
    }

    /// Everything that an approver says yes to, a line each; from the ledger or in the words of `said_by`.
    pub(super) fn lines(&self, said_by: Option<&str>) -> Vec<String> {
        let asking = &self.asking;
        let mut lines = vec![
            format!("request {}", self.id()),
            format!("  ledger {}", self.ledger),
            format!("  token {}, epoch {}", asking.token, asking.epoch.0),
            format!("  asks {}", asking.payee),
        ];
        match &asking.purpose {
            Purpose::Use { action, resource, arguments } => {
                lines.push(format!("  to {} {}", word(action), word(resource.as_str())));
                for (name, digest) in arguments {
                    lines.push(match self.arguments.iter().find(|argument| argument.name == *name) {
                        Some(argument) => {
                            format!("  with {} {}", word(name), value::text_of(&argument.value))
                        }
                        None => {
                            format!("  with {}, of which the ledger has a digest: {digest}", word(name))
                        }
                    });
                }
            }
            Purpose::Lease(terms) => {
                lines.push(format!("  for a lease to its till {}, {}:", terms.till, lasts(terms)));
                lines.push("  it takes vouchers for all of it without asking the ledger, and no".into());
                lines.push("  revocation takes back before then what is leased".into());
            }
        }
        match (&asking.payment, &self.unit) {
            (None, _) => lines.push("  for nothing".into()),
            (Some((amount, unit)), None) => lines.push(format!("  for {amount} minor units of unit {unit}")),
            (Some((amount, _)), Some(unit)) => {
                let sum = plain(&unit.show(*amount));
                lines.push(match said_by {
                    None => format!("  for {sum}"),
                    Some(who) => {
                        format!(
                            "  for {amount} minor units of unit {}; {who} says that this is {sum}",
                            unit.id
                        )
                    }
                });
            }
        }
        if let Some(by) = self.decide_by {
            lines.push(format!("  until {}", time::show(by)));
        }
        lines
    }
}

impl File {
    fn asked(&self) -> Result<Asked, String> {
        let arguments = self.arguments.iter().map(|text| value::salted(text));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let digests = digests(&arguments);
        // Of two, one would be shown and the other one signed.
        if let Some(pair) = digests.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("the argument {} stands twice", plain(&pair[0].0)));
        }
        let purpose = match (&self.action, &self.resource, &self.lease) {
            (Some(action), Some(resource), None) => {
                let resource = permission::resource(resource)?;
                Purpose::Use { action: action.clone(), resource, arguments: digests }
            }
            (None, None, Some(lease)) if digests.is_empty() && self.payment.is_some() => {
                Purpose::Lease(lease.terms()?)
            }
            _ => return Err("it asks neither for one use nor for one lease of an amount".into()),
        };
        let unit = |payment: &FilePayment| {
            let unit = Unit::new(id(&payment.unit)?, payment.unit_name.clone(), payment.decimals);
            unit.ok_or_else(|| format!("{} decimals are more than a unit has", payment.decimals))
        };
        let unit = self.payment.as_ref().map(unit).transpose()?;
        let amount = |payment: &FilePayment| {
            let amount = payment.amount_minor.parse().map_err(|_| "the amount is none".to_owned())?;
            Ok::<_, String>((Amount(amount), id(&payment.unit)?))
        };
        Ok(Asked {
            ledger: LedgerId(id(&self.ledger)?.0),
            asking: Asking {
                token: id(&self.token)?,
                epoch: Epoch(self.epoch),
                payee: id(&self.payee)?,
                purpose,
                payment: self.payment.as_ref().map(amount).transpose()?,
                nonce: Nonce(hex(&self.nonce).ok_or("the nonce is none")?),
            },
            arguments,
            unit,
            decide_by: self.decide_by_s.map(Seconds),
        })
    }
}

impl FileLease {
    fn of(terms: &LeaseTerms) -> Self {
        Self {
            till: terms.till.to_string(),
            spend_until_s: terms.spend_until.0,
            settle_by_s: terms.settle_by.0,
            refund_until_s: terms.refund_until.map(|until| until.0),
        }
    }

    fn terms(&self) -> Result<LeaseTerms, String> {
        Ok(LeaseTerms {
            till: TillId(id(&self.till)?.0),
            spend_until: Seconds(self.spend_until_s),
            settle_by: Seconds(self.settle_by_s),
            refund_until: self.refund_until_s.map(Seconds),
        })
    }
}

fn read_view(ledger: LedgerId, view: &Value) -> Option<Asked> {
    let text = |name: &str| view[name].as_str();
    let id = |name: &str| text(name).and_then(|text| id(text).ok());
    let argument = |of: &Value| Some((of["name"].as_str()?.to_owned(), Hash(hex(of["digest"].as_str()?)?)));
    let purpose = if view["lease"].is_null() {
        Purpose::Use {
            action: text("action")?.into(),
            resource: remit_verifier::object::Path::parse(text("resource")?).ok()?,
            arguments: view["arguments"].as_array()?.iter().map(argument).collect::<Option<_>>()?,
        }
    } else {
        let lease: FileLease = serde_json::from_value(view["lease"].clone()).ok()?;
        Purpose::Lease(lease.terms().ok()?)
    };
    Some(Asked {
        ledger,
        asking: Asking {
            token: id("token")?,
            epoch: Epoch(view["epoch"].as_u64()?),
            payee: id("payee")?,
            purpose,
            payment: Some((Amount(text("amount")?.parse().ok()?), id("unit")?)),
            nonce: Nonce(hex(text("nonce")?)?),
        },
        arguments: Vec::new(),
        unit: None,
        decide_by: Some(Seconds(view["decide_by_s"].as_u64()?)),
    })
}

impl Approved {
    /// A use named by other options than these.
    pub(super) const fn of(approved: Option<PathBuf>, approvals: Vec<PathBuf>) -> Self {
        Self { approved, approvals }
    }

    /// What is carried out, if something is, with its approvals: each must be a good one of this very request.
    pub(super) fn read(&self) -> Result<Option<Carried>, Failure> {
        let Some(path) = &self.approved else { return Ok(None) };
        let asked = Asked::read(path)?;
        if self.approvals.len() > APPROVALS_MAX {
            return Err(Failure::usage(format!("{APPROVALS_MAX} approvals are the most")));
        }
        let approval = |path: &PathBuf| {
            let bytes = read_file(path, APPROVAL_BYTES_MAX)?;
            let shown = path.display();
            let approval = Approval::decode(&bytes, &asked.ledger)
                .map_err(|code| Failure::usage(format!("{shown}: no approval: {}", code.meaning())))?;
            let bad = |code: &str, why: &str| Err(Failure::refused(code, format!("{shown}: {why}")));
            if approval.verify().is_err() {
                return bad("bad_signature", "its signature is none, or of another ledger");
            }
            if approval.request != asked.id() {
                return bad("unknown_request", "it approves another request");
            }
            Ok(bytes)
        };
        let approvals = self.approvals.iter().map(approval).collect::<Result<_, Failure>>()?;
        Ok(Some(Carried { asked, approvals }))
    }
}

impl Carried {
    /// Requires that the request is of the token as it stands: of this ledger, last in the chain, in this epoch.
    pub(super) fn require(&self, ledger: &LedgerId, token: &ObjectId, epoch: Epoch) -> Result<(), Failure> {
        let asking = &self.asked.asking;
        if self.asked.ledger != *ledger {
            return Err(Failure::refused(
                "wrong_ledger",
                format!("the request is for ledger {}", self.asked.ledger),
            ));
        }
        if asking.token != *token {
            return Err(Failure::usage(format!("the request is for token {}, not {token}", asking.token)));
        }
        if asking.epoch != epoch {
            return Err(Failure::refused(
                "old_epoch",
                "the token was handed over since the request was made",
            )
            .hint("its new holder asks anew: `remit request`"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(arguments: &[&str]) -> File {
        let id = "ab".repeat(32);
        File {
            request: id.clone(),
            ledger: id.clone(),
            token: id.clone(),
            epoch: 0,
            payee: id,
            action: Some("book".into()),
            resource: Some("rooms/12".into()),
            arguments: arguments.iter().map(|text| (*text).into()).collect(),
            lease: None,
            payment: None,
            nonce: "cd".repeat(16),
            decide_by_s: None,
        }
    }

    #[test]
    fn a_file_says_each_argument_once_and_all_that_is_signed() {
        let (first, salt) = ("class=first", "0a".repeat(16));
        let asked = file(&[&format!("{first}:{salt}"), &format!("b=2:{salt}")]).asked().expect("a request");
        let Purpose::Use { arguments, .. } = &asked.asking.purpose else { panic!("a use") };
        let names: Vec<_> = arguments.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "class"], "in the order in which they are signed");
        let lines = asked.lines(Some("the file")).join("\n");
        for part in ["  with class \"first\"", "  with b 2", "  to book rooms/12", "  for nothing"] {
            assert!(lines.contains(part), "{part} in {lines}");
        }
        let twice = file(&[&format!("a=1:{salt}"), &format!("a=2:{salt}")]).asked();
        assert!(twice.is_err_and(|why| why.contains("stands twice")));
        assert!(File { nonce: "cd".into(), ..file(&[]) }.asked().is_err());
        assert!(File { resource: Some("rooms//12".into()), ..file(&[]) }.asked().is_err());
    }

    #[test]
    fn a_view_that_is_not_what_its_id_stands_for_is_not_believed() {
        let id = "ab".repeat(32);
        let mut view = serde_json::json!({
            "id": id, "token": id, "epoch": 0, "payee": id, "action": "book", "resource": "rooms/12", "arguments": [],
            "amount": "600", "unit": id, "nonce": "cd".repeat(16), "decide_by_s": 1,
        });
        let ledger = LedgerId([1; 32]);
        let unit = |_: &str| Ok(Unit { id: ObjectId([0xab; 32]), name: "CNY".into(), decimals: 2 });
        let named = RequestId([0xab; 32]);
        let refused = Asked::of_view(ledger, &named, &view, unit).err().expect("another id");
        assert_eq!(refused.code(), "bad_answer");
        let id = read_view(ledger, &view).expect("readable").id();
        view["id"] = id.to_string().into();
        let asked = Asked::of_view(ledger, &id, &view, unit).expect("what it stands for");
        assert!(asked.lines(None).contains(&"  for 6.00 CNY".to_owned()));
        let other = Asked::of_view(ledger, &named, &view, unit).err().expect("a view of another request");
        assert_eq!(other.code(), "bad_answer");
        view["amount"] = "601".into();
        assert!(Asked::of_view(ledger, &id, &view, unit).is_err());
    }
}
