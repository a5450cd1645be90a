//! `remit reserve`, `capture`, `release`, `refund`, `present`: what a service is shown, and the money between them.

use super::chain::Chain;
use super::out::{Done, Failure, Outcome, read_file};
use super::session::{Connection, Session, Signing, Who};
use super::text::amount::{self, Typed, Unit, some};
use super::text::{permission, time, value};
use super::verify::{ARGUMENTS, EVIDENCE, INVOCATION, PRESENTATION};
use super::{clock, key, private, text};
use crate::client::{Ask, Client, Randomness};
use clap::Args;
use remit_verifier::limits::PRESENTATION_BYTES_MAX;
use remit_verifier::object::{Act, Argument, Invocation, Payment, Reference, Value};
use remit_verifier::sign::Signer;
use remit_verifier::types::{Amount, EntryIndex, Hash, LedgerId, Millis, ObjectId, TreeSize};
use remit_verifier::verify::{Evidence, Presentation};
use std::path::{Path, PathBuf};

/// The token, by id, or the presentation that ends in it.
#[derive(Args)]
#[group(required = true)]
struct Shown {
    /// The token.
    #[arg(value_name = "TOKEN", value_parser = text::id, conflicts_with = "presentation")]
    token: Option<ObjectId>,
    /// A presentation that ends in the token: needed below offline links.
    #[arg(long, value_name = "FILE")]
    presentation: Option<PathBuf>,
}

/// What is asked of a service.
#[derive(Args)]
#[command(next_help_heading = "Request")]
struct Request {
    /// The service: its party id, which is also the payee.
    #[arg(long, value_name = "ID", value_parser = text::id, requires_all = ["action", "resource"])]
    service: Option<ObjectId>,
    /// What is to be done.
    #[arg(long, requires = "service")]
    action: Option<String>,
    /// To what: a path.
    #[arg(long, value_name = "PATH", requires = "service")]
    resource: Option<String>,
    /// An argument; may be repeated. The ledger sees a salted digest only.
    #[arg(long = "argument", value_name = "NAME=VALUE", value_parser = value::named, requires = "service")]
    arguments: Vec<(String, Value)>,
    /// SHA-256 of the service's own request, if it binds one.
    #[arg(long, value_name = "HEX", value_parser = text::id, requires = "service")]
    request: Option<ObjectId>,
}

/// Has the ledger hold an amount for one request to one service; the holder signs.
///
/// With --out, everything that the service wants to see is put in a folder: `remit verify --shown DIR`.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit reserve TOKEN --service AIRLINE --action book --resource flights/economy/CA1501 \\
      --argument amount=4800 --amount '4800.00 CNY' --settle-by 2h --refund-until 30d \\
      --key flight-agent.pem --out booking/")]
pub(super) struct Reserve {
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    request: Request,
    /// How much, in a unit by name or id.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Typed,
    /// Until when the service may take it; at most 30 days.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    settle_by: String,
    /// Until when the service may refund it; without it, not at all.
    #[arg(long, value_name = "TIME")]
    refund_until: Option<String>,
    /// A folder for what the service is shown.
    #[arg(long, value_name = "DIR", conflicts_with = "prepare")]
    out: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Takes reserved value, in part or all of it; the payee signs.
#[derive(Args)]
#[command(after_help = "Example:\n  remit capture RESERVATION --amount '4800.00 CNY' --key airline.pem")]
pub(super) struct Capture {
    /// The reservation: the id of its invocation.
    #[arg(value_parser = text::id)]
    reservation: ObjectId,
    /// How much.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Typed,
    /// 1 for the first capture of a reservation, then one more each time; without it the ledger is asked.
    #[arg(long)]
    number: Option<u64>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Gives reserved value back; the payee signs.
#[derive(Args)]
#[command(after_help = "Example:\n  remit release RESERVATION --key airline.pem")]
pub(super) struct Release {
    /// The reservation: the id of its invocation.
    #[arg(value_parser = text::id)]
    reservation: ObjectId,
    /// How much; without it, all that is left.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Option<Typed>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Gives captured value back; the payee signs.
#[derive(Args)]
#[command(after_help = "Example:\n  remit refund CAPTURE --amount '4800.00 CNY' --key airline.pem")]
pub(super) struct Refund {
    /// The id of the capture.
    #[arg(value_parser = text::id)]
    capture: ObjectId,
    /// How much.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Typed,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Writes what a service wants to see: the newest proof about a token and, with --service, a signed request.
///
/// With --presentation nobody is asked, unless --refresh says so. A request with an amount is made by `reserve`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit present TOKEN --unit CNY --out booking/
  remit present TOKEN --service HOTEL --action view --resource rooms/12 --key agent.pem --out visit/
  remit present --presentation for-agent.cbor --service HOTEL --action view --resource rooms/12 \\
      --key night-agent.pem --out visit/")]
pub(super) struct Present {
    #[command(flatten)]
    shown: Shown,
    /// Fetches the newest proof for the logged tokens of --presentation.
    #[arg(long, requires = "presentation")]
    refresh: bool,
    /// A unit whose leaf is shown too: needed for requests with an amount.
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    #[command(flatten)]
    request: Request,
    /// The folder that it is put in.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    connection: Connection,
}

impl Request {
    /// The question, with its arguments salted.
    fn ask(
        &self,
        client: &mut Client,
        chain: &Chain,
        payment: Option<Payment>,
    ) -> Result<Option<Ask>, Failure> {
        let (Some(audience), Some(action), Some(resource)) = (self.service, &self.action, &self.resource)
        else {
            return Ok(None);
        };
        let salted = |(name, value): &(String, Value)| client.argument(name, value.clone());
        let arguments = self.arguments.iter().map(salted).collect::<Result<Vec<Argument>, _>>();
        Ok(Some(Ask {
            token: chain.last()?.id,
            epoch: chain.epoch().0,
            audience,
            action: action.clone(),
            resource: permission::resource(resource).map_err(Failure::usage)?,
            arguments: arguments.map_err(Failure::internal)?,
            payment,
            request: self.request.map(|digest| Hash(digest.0)),
        }))
    }
}

impl Shown {
    /// The bytes of a presentation that was named, if one was.
    fn file(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.presentation.as_deref().map(|path| read_file(path, PRESENTATION_BYTES_MAX)).transpose()
    }

    /// A fresh presentation: of the token, or of the nearest logged one with the offline links of the file.
    fn fresh(&self, session: &Session, unit: Option<&ObjectId>) -> Result<Vec<u8>, Failure> {
        let Some(bytes) = self.file()? else {
            let token = self.token.ok_or_else(|| Failure::usage("which token?"))?;
            return session.presentation(&token, unit);
        };
        let chain = Chain::read(&bytes, &session.ledger, None, session.now)?;
        let old = Presentation::decode(&bytes).map_err(|_| Failure::usage("the file is no presentation"))?;
        let logged = chain.links.iter().rev().find(|link| !link.token.is_offline());
        let logged = logged.ok_or_else(|| Failure::usage("the presentation has no logged token"))?;
        let fresh = session.presentation(&logged.id, unit)?;
        let mut shown =
            Presentation::decode(&fresh).map_err(|_| Failure::internal("no presentation came back"))?;
        shown.tokens.extend(old.tokens.iter().skip(shown.tokens.len()));
        Ok(shown.encode())
    }
}

/// The offline links of a presentation, as they are submitted.
fn links(bytes: &[u8], chain: &Chain) -> Vec<Vec<u8>> {
    let Ok(shown) = Presentation::decode(bytes) else { return Vec::new() };
    let offline = chain.links.iter().zip(&shown.tokens).filter(|(link, _)| link.token.is_offline());
    offline.map(|(_, object)| object.to_vec()).collect()
}

impl Reserve {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let settle_by = session.instant(&self.settle_by)?;
        let refund_until = self.refund_until.as_deref().map(|text| session.instant(text)).transpose()?;
        let (payment, unit) = session.payment(&self.amount, settle_by, refund_until)?;
        let bytes = self.shown.fresh(&session, Some(&unit.id))?;
        let chain = session.read_chain(&bytes)?;
        chain.require_holder(&signer.public_key())?;
        // What is held can be shown at once, or it is not held at all.
        self.out.as_deref().map(require_room).transpose()?;
        let mut client = session.client();
        let ask = self.request.ask(&mut client, &chain, Some(payment))?.ok_or_else(|| {
            Failure::usage("for which request?").hint("--service ID --action NAME --resource PATH")
        })?;
        let invocation = client.invocation(session.now, &ask).map_err(Failure::internal)?;
        let (id, object) = client.invoke(&invocation, &signer).map_err(Failure::internal)?;
        let draft = client.reserve(invocation, links(&bytes, &chain), &signer);
        let what = format!("reservation of {} for {}", unit.show(payment.amount), ask.audience);
        let done = self.signing.keep.send(&session, &client, draft, &what)?;
        let done = done
            .line(format!("the service may take it until {}", time::show(settle_by)))
            .with("amount_minor", payment.amount.to_string())
            .with("unit", unit.id.to_string())
            .with("settle_by_s", settle_by.0);
        let Some(dir) = &self.out else { return Ok(done) };
        let written = evidence(&session, &done).and_then(|evidence| {
            let presentation = self.shown.fresh(&session, Some(&unit.id))?;
            write_folder(dir, &presentation, Some((&object, &ask.arguments)), Some(&evidence))
        });
        // The money is held, whatever became of the folder: whoever reads this has to know by which name.
        written.map_err(|failure| {
            failure.hint(format!(
                "the amount is held all the same: `remit show {id}`; the payee gives it back by `remit release {id}`"
            ))
        })?;
        Ok(done.line(format!("what {id} needs to be shown is in {}", dir.display())).with("shown", dir))
    }
}

/// The evidence of funding, out of the answer: the entry with its proof.
fn evidence(session: &Session, done: &Done) -> Result<Vec<u8>, Failure> {
    let unproved = || Failure::internal("the answer has no proof");
    let entry = done.field("entry").and_then(|at| at.as_u64()).map(EntryIndex).ok_or_else(unproved)?;
    let proof = done.field("proof").and_then(|proof| proof.as_str()).ok_or_else(unproved)?;
    let parsed = remit_verifier::c2sp::TlogProof::parse(proof.as_bytes()).map_err(|_| unproved())?;
    let size: TreeSize = parsed.checkpoint().size();
    let bytes = session.remote.entry(entry, size).map_err(super::session::failure)?;
    Ok(Evidence { entry: &bytes, ids: Vec::new(), proof: proof.as_bytes() }.encode())
}

/// Makes the folder for what a service is shown, and tries whether it can be written to.
fn require_room(dir: &Path) -> Result<(), Failure> {
    let probe = dir.join(".remit");
    let tried = std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&probe, []))
        .and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|error| {
        Failure::usage(format!("{}: {error}", dir.display()))
            .hint("--out names a folder, new or your own; nothing was signed")
    })
}

/// Writes what a service is shown.
fn write_folder(
    dir: &Path,
    presentation: &[u8],
    request: Option<(&[u8], &[Argument])>,
    evidence: Option<&[u8]>,
) -> Result<(), Failure> {
    let usage = |path: &Path, error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(dir).map_err(|error| usage(dir, error))?;
    let arguments = request.map(|(_, arguments)| {
        arguments.iter().map(|argument| value::salted_text(argument) + "\n").collect::<String>()
    });
    let files = [
        (PRESENTATION, Some(presentation)),
        (INVOCATION, request.map(|(invocation, _)| invocation)),
        (ARGUMENTS, arguments.as_deref().map(str::as_bytes)),
        (EVIDENCE, evidence),
    ];
    for (name, bytes) in files {
        let path = dir.join(name);
        match bytes {
            Some(bytes) => private::write(&path, bytes)?,
            // What an earlier request left must not be taken for a part of this one.
            None if request.is_some() && path.exists() => {
                std::fs::remove_file(&path).map_err(|error| usage(&path, error))?;
            }
            None => {}
        }
    }
    Ok(())
}

impl Present {
    pub(super) fn run(self) -> Outcome {
        let offline = self.shown.presentation.is_some() && !self.refresh;
        let session = if offline { None } else { Some(self.connection.open()?) };
        let bytes = match &session {
            None => self.shown.file()?.unwrap_or_default(),
            Some(session) => {
                let unit = self.unit.as_deref().map(|name| session.unit(name)).transpose()?;
                self.shown.fresh(session, unit.map(|unit: Unit| unit.id).as_ref())?
            }
        };
        let ledger = Presentation::decode(&bytes).map(|shown| shown.ledger);
        let ledger: LedgerId = ledger.map_err(|_| Failure::usage("the file is no presentation"))?;
        let now: Millis = clock::now()?;
        let chain = match &session {
            Some(session) => session.read_chain(&bytes)?,
            None => Chain::read(&bytes, &ledger, None, now)?,
        };
        let mut client = Client::new(ledger, Randomness::System);
        let mut done = Done::say(format!("shown in {}", self.out.display()))
            .with("token", chain.last()?.id.to_string())
            .with("shown", &self.out)
            .with("bytes", bytes.len());
        let request = match self.request.ask(&mut client, &chain, None)? {
            None => None,
            Some(ask) => {
                let signer = match &session {
                    Some(session) => session.signer(&self.who)?,
                    None => key::open(self.who.key_file().ok_or_else(|| {
                        Failure::usage("who signs?")
                            .hint("--key FILE or REMIT_KEY: the holder of the last link")
                    })?)?,
                };
                chain.require_holder(&signer.public_key())?;
                let invocation: Invocation = client.invocation(now, &ask).map_err(Failure::internal)?;
                let (id, object) = client.invoke(&invocation, &signer).map_err(Failure::internal)?;
                done = done
                    .line(format!("request {id}, good until {}", time::show(invocation.valid_until)))
                    .with("id", id.to_string());
                Some((object, ask.arguments))
            }
        };
        let request = request.as_ref().map(|(object, arguments)| (object.as_slice(), arguments.as_slice()));
        write_folder(&self.out, &bytes, request, None)?;
        Ok(done)
    }
}

impl Capture {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (amount, unit) = amount_of(&session, &self.amount)?;
        let number = match self.number {
            Some(number) => number,
            None => {
                let view = session.json(&format!("/v1/reservations/{}", self.reservation))?;
                let captures = view["captures"].as_u64();
                captures.ok_or_else(|| Failure::internal("the reservation shows no captures"))? + 1
            }
        };
        let act = Act::Capture { reserve: Reference::Id(self.reservation), number, amount };
        let what = format!("capture {number}, of {}", unit.show(amount));
        let done = sign_and_submit(&session, act, &self.signing, &what)?;
        Ok(done.with("number", number).with("amount_minor", amount.to_string()))
    }
}

impl Release {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let amount = self.amount.as_ref().map(|typed| amount_of(&session, typed)).transpose()?;
        let what = match &amount {
            Some((amount, unit)) => format!("release of {}", unit.show(*amount)),
            None => "release of all that is left".into(),
        };
        let amount = amount.map(|(amount, _)| amount);
        let act = Act::Release { reserve: Reference::Id(self.reservation), amount };
        sign_and_submit(&session, act, &self.signing, &what)
    }
}

impl Refund {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (amount, unit) = amount_of(&session, &self.amount)?;
        let act = Act::Refund { capture: Reference::Id(self.capture), amount };
        sign_and_submit(&session, act, &self.signing, &format!("refund of {}", unit.show(amount)))
    }
}

fn amount_of(session: &Session, typed: &Typed) -> Result<(Amount, Unit), Failure> {
    let unit = session.unit(&typed.unit)?;
    Ok((some(&typed.number, unit.decimals).map_err(Failure::usage)?, unit))
}

fn sign_and_submit(session: &Session, act: Act, signing: &Signing, what: &str) -> Outcome {
    let signer = session.signer(&signing.who)?;
    let mut client = session.client();
    let signers: [&dyn Signer; 1] = [&signer];
    let draft = client.act(session.now, act, &signers).map_err(Failure::usage)?;
    signing.keep.send(session, &client, draft, what)
}
