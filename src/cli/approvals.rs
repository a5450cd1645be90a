//! `remit approvals`: what waits for somebody's yes, and his yes or no.

use super::asked::Asked;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session, Signing, Who};
use super::text::{plain, time};
use super::{clock, key, private, text};
use crate::client::{Client, Randomness};
use crate::keys::did;
use clap::{Args, Subcommand};
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::object::{Act, Position, Purpose};
use remit_verifier::sign::Signer;
use remit_verifier::types::{ObjectId, RequestId, Seconds};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Requests that wait for approval: what waits for you, and your yes or no.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit approvals list --key ann.pem
  remit approvals approve REQUEST --key ann.pem
  remit approvals sign request.json --key ann.pem --out ann.cbor      without the ledger")]
pub(super) struct Approvals {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the requests that wait for a key: who asks for what, how much, until when, how many said yes.
    #[command(after_help = "Example:\n  remit approvals list --key ann.pem")]
    List(Box<List>),
    /// Shows a request on the ledger, or the file of one.
    #[command(after_help = "Examples:\n  remit approvals show REQUEST\n  remit approvals show request.json")]
    Show(Box<Show>),
    /// Says yes on the ledger; an approver signs.
    ///
    /// Named by the file that `remit request` wrote, it shows the arguments too, of which the ledger has digests alone.
    #[command(after_help = "\
Examples:
  remit approvals approve REQUEST --key ann.pem
  remit approvals approve request.json --key ann.pem")]
    Approve(Box<Approve>),
    /// Says yes in a file that travels to whoever asked; no ledger is asked.
    ///
    /// The request id is computed anew, and every field shown before it is signed.
    #[command(
        after_help = "Example:\n  remit approvals sign request.json --key ann.pem --out ann.cbor --good-for 2d"
    )]
    Sign(Box<SignApproval>),
    /// Says no: the request ends and its value comes back; an approver signs.
    #[command(after_help = "Example:\n  remit approvals refuse REQUEST --key ann.pem")]
    Refuse(Box<End>),
    /// Takes a request back; its holder signs, or somebody above him in the chain.
    #[command(after_help = "Example:\n  remit approvals withdraw REQUEST --key agent.pem")]
    Withdraw(Box<Withdraw>),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct Show {
    /// The request id, or the file that `remit request` wrote.
    #[arg(value_parser = named)]
    request: Named,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct Approve {
    /// The request id, or the file that `remit request` wrote.
    #[arg(value_parser = named)]
    request: Named,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct SignApproval {
    /// The file that `remit request` wrote.
    file: PathBuf,
    /// Where the approval goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How long it is good; a week at most.
    #[arg(long, value_name = "SPAN", default_value = "2d", value_parser = time::span)]
    good_for: Seconds,
    #[command(flatten)]
    who: Who,
}

#[derive(Args)]
struct End {
    /// The request id.
    #[arg(value_parser = text::id)]
    request: ObjectId,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct Withdraw {
    /// The place in the token's chain to act from: 1 the issuer, 2 the root's holder, and so on. Without it, the
    /// highest place that the key has.
    #[arg(long, value_name = "PLACE")]
    position: Option<u8>,
    #[command(flatten)]
    end: End,
}

/// What a request is named by.
#[derive(Clone)]
enum Named {
    Id(ObjectId),
    File(PathBuf),
}

fn named(text: &str) -> Result<Named, String> {
    Ok(text::id(text).map_or_else(|_| Named::File(text.into()), Named::Id))
}

impl Approvals {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::List(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Approve(command) => command.run(),
            Command::Sign(command) => command.run(),
            Command::Refuse(command) => command.run("refusal", |_| Ok(None)),
            Command::Withdraw(command) => command.run(),
        }
    }
}

/// What the ledger shows of a request that waits.
fn waiting(session: &Session, request: &ObjectId) -> Result<Value, Failure> {
    let view = session.json(&format!("/v1/requests/{request}")).map_err(|failure| match failure.code() {
        "not_found" => Failure::refused("unknown_request", format!("the ledger has no request {request}"))
            .hint("what was just submitted is there once it is published; `--unsubmitted` ones never are"),
        _ => failure,
    })?;
    if view["state"] == "closed" {
        return Err(Failure::refused("request_closed", format!("request {request} waits no more")));
    }
    Ok(view)
}

/// The request that was named out of its view, with its unit as the operators registered it.
fn asked(session: &Session, named: &ObjectId, view: &Value) -> Result<Asked, Failure> {
    Asked::of_view(session.ledger, &RequestId(named.0), view, |unit| session.unit(unit))
}

/// A request in words: what, by whom, and how many said yes.
fn told(session: &Session, view: &Value, asked: &Asked) -> Vec<String> {
    let mut lines = asked.lines(None);
    let payee = session.json(&format!("/v1/parties/{}", asked.asking.payee)).unwrap_or_default();
    if let Some(name) = payee["name"].as_str() {
        lines.push(format!("  {} calls itself {}", asked.asking.payee, text::word(name)));
    }
    lines.push(format!("  asked by {}", plain(view["holder"].as_str().unwrap_or_default())));
    if view["cancelled"] == true {
        lines.push(
            "  cancelled: something that it needs was suspended since; take it back or refuse it".into(),
        );
    }
    if let Some(obstacle) = view["obstacle"].as_str() {
        lines.push(format!("  cannot be carried out, whoever says yes: {}", plain(obstacle)));
    }
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let approved = list(&view["approved"]);
    for rule in list(&view["rules"]) {
        let (approvers, k) = (list(&rule["approvers"]), rule["k"].as_u64().unwrap_or_default());
        let yes = approved.iter().filter(|key| approvers.contains(key)).count();
        let token = plain(rule["token"].as_str().unwrap_or_default());
        let names: Vec<String> = approvers
            .iter()
            .filter_map(Value::as_str)
            .map(|name| {
                let said = approved.iter().any(|key| key == name);
                format!("    {}{}", plain(name), if said { ", said yes" } else { "" })
            })
            .collect();
        lines.push(match rule["applies"] == true {
            true => format!("  {yes} of {k} said yes, for token {token}:"),
            false => format!("  nobody is asked for token {token}"),
        });
        lines.extend(names.into_iter().filter(|_| rule["applies"] == true));
    }
    lines
}

fn say(lines: &[String]) -> Done {
    Done::say(lines.join("\n"))
}

/// Shows what is about to be signed, before the key is opened.
fn show_first(lines: &[String]) {
    lines.iter().for_each(|line| eprintln!("{line}"));
}

impl List {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let approver = match self.who.key_file() {
            Some(path) => did::to_text(&key::stated(path)?),
            None => did::to_text(&session.signer(&self.who)?.public_key()),
        };
        let (mut lines, mut requests) = (Vec::new(), Vec::new());
        session.pages(&format!("/v1/approvers/{approver}/requests"), "requests", |view| {
            let id = view["id"].as_str().and_then(|text| text::id(text).ok());
            let id = id.ok_or_else(|| Failure::internal("a request without an id").coded("bad_answer"))?;
            lines.extend(told(&session, view, &asked(&session, &id, view)?));
            requests.push(view.clone());
            Ok(())
        })?;
        if requests.is_empty() {
            lines.push(format!("nothing waits for {approver}"));
        }
        Ok(Session::told(say(&lines).with("approver", approver).with("requests", requests)))
    }
}

impl Show {
    fn run(self) -> Outcome {
        match &self.request {
            Named::Id(request) => {
                let session = self.connection.open()?;
                let view = waiting(&session, request)?;
                let lines = told(&session, &view, &asked(&session, request, &view)?);
                Ok(Session::told(say(&lines).with_all(view)))
            }
            Named::File(path) => {
                let asked = Asked::read(path)?;
                Ok(say(&asked.lines(Some("the file"))).with_all(fields(&asked)))
            }
        }
    }
}

/// What a file asks for, as JSON.
fn fields(asked: &Asked) -> Value {
    let asking = &asked.asking;
    let argument = |of: &remit_verifier::object::Argument| (of.name.clone(), text::value::text_of(&of.value));
    let arguments: Vec<_> = asked.arguments.iter().map(argument).collect();
    let (action, resource) = match &asking.purpose {
        Purpose::Use { action, resource, .. } => (Some(action), Some(resource.as_str())),
        Purpose::Lease(_) => (None, None),
    };
    json!({
        "id": asked.id().to_string(),
        "ledger": asked.ledger.to_string(),
        "token": asking.token.to_string(),
        "epoch": asking.epoch.0,
        "payee": asking.payee.to_string(),
        "action": action,
        "resource": resource,
        "lease": asked.lease(),
        "arguments": arguments.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
        "amount": asking.payment.map(|(amount, _)| amount.to_string()),
        "unit": asking.payment.map(|(_, unit)| unit.to_string()),
        "nonce": text::to_hex(&asking.nonce.0),
        "decide_by_s": asked.decide_by.map(|by| by.0),
    })
}

impl Approve {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let file = match &self.request {
            Named::Id(_) => None,
            Named::File(path) => Some(Asked::read(path)?),
        };
        if let Some(file) = file.as_ref().filter(|file| file.ledger != session.ledger) {
            return Err(Failure::refused(
                "wrong_ledger",
                format!("the request is for ledger {}", file.ledger),
            ));
        }
        let request = match (&self.request, &file) {
            (Named::Id(id), _) => *id,
            (Named::File(_), file) => ObjectId(file.as_ref().map(|file| file.id().0).unwrap_or_default()),
        };
        let view = waiting(&session, &request)?;
        let mut asked = asked(&session, &request, &view)?;
        asked.arguments = file.map(|file| file.arguments).unwrap_or_default();
        show_first(&told(&session, &view, &asked));
        let act = Act::Approve { request: RequestId(request.0) };
        send(&session, act, &self.signing, &format!("approval of request {request}"))
            .map(|done| done.with("request", request.to_string()))
    }
}

impl SignApproval {
    fn run(self) -> Outcome {
        let asked = Asked::read(&self.file)?;
        if self.good_for.0 == 0 || self.good_for > APPROVAL_VALIDITY_MAX {
            return Err(Failure::usage("--good-for is a week at most"));
        }
        show_first(&asked.lines(Some("the file")));
        let path = self.who.key_file();
        let path =
            path.ok_or_else(|| Failure::usage("who signs?").hint("--key FILE or REMIT_KEY: an approver's"))?;
        let signer = key::open(path)?;
        let until = Seconds(clock::now()?.seconds().0 + self.good_for.0);
        let mut client = Client::new(asked.ledger, Randomness::System);
        let (id, bytes) = client.approval(asked.id(), until, &signer).map_err(Failure::internal)?;
        private::write(&self.out, &bytes)?;
        let approver = did::to_text(&signer.public_key());
        Ok(Done::say(format!("approval of request {} by {approver}", asked.id()))
            .line(format!("in {}, good until {}", self.out.display(), time::show(until)))
            .with("id", id.to_string())
            .with("request", asked.id().to_string())
            .with("approver", approver)
            .with("good_until_s", until.0)
            .with("file", &self.out))
    }
}

impl End {
    /// Ends the request; `position` finds out from where, of a view of it.
    fn run(
        self,
        what: &str,
        position: impl FnOnce(&Session) -> Result<Option<Position>, Failure>,
    ) -> Outcome {
        let session = self.connection.open()?;
        let position = position(&session)?;
        let act = Act::Withdraw { request: RequestId(self.request.0), position };
        send(&session, act, &self.signing, &format!("{what} of request {}", self.request))
            .map(|done| done.with("request", self.request.to_string()))
    }
}

impl Withdraw {
    fn run(self) -> Outcome {
        let (request, who, stated) = (self.end.request, self.end.signing.who.clone(), self.position);
        self.end.run("withdrawal", |session| {
            if let Some(position) = stated {
                return Ok(Some(Position(position)));
            }
            let view = waiting(session, &request)?;
            let token = asked(session, &request, &view)?.asking.token;
            let signer = session.signer(&who)?;
            Ok(Some(session.chain(&token, None)?.target(&signer.public_key())?.position))
        })
    }
}

fn send(session: &Session, act: Act, signing: &Signing, what: &str) -> Outcome {
    let signer = session.signer(&signing.who)?;
    let mut client = session.client();
    let draft = client.act(session.now, act, &[&signer]).map_err(Failure::usage)?;
    signing.keep.send(session, &client, draft, what)
}
