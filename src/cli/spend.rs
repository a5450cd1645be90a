//! `remit reserve`, `capture`, `release`, `refund`, `present`: what a service is shown, and the money between them.

use super::asked::{Approved, Asked, Carried};
use super::chain::Chain;
use super::deadlines::Deadlines;
use super::http::{Bound, HEADERS, Http};
use super::out::{Done, Failure, Outcome, read_file};
use super::session::{Connection, Session, Signing, Who};
use super::text::amount::{self, Typed, Unit};
use super::text::{permission, time, value};
use super::verify::{APPROVALS, ARGUMENTS, EVIDENCE, INVOCATION, PRESENTATION};
use super::{clock, key, private, text};
use crate::client::{Ask, Client, Randomness};
use clap::Args;
use remit_verifier::limits::PRESENTATION_BYTES_MAX;
use remit_verifier::object::{Act, Argument, Invocation, Payment, Purpose, Reference, Value};
use remit_verifier::sign::{Draft, DraftBody, Signer};
use remit_verifier::types::{Amount, EntryIndex, Hash, LedgerId, Millis, ObjectId, Seconds, TreeSize};
use remit_verifier::verify::{Evidence, Presentation};
use std::path::{Path, PathBuf};

/// The token, by id, or the presentation that ends in it.
#[derive(Args)]
pub(super) struct Shown {
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
pub(super) struct What {
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
}

/// What is asked, with its arguments salted.
pub(super) struct Salted {
    pub(super) audience: ObjectId,
    pub(super) action: String,
    pub(super) resource: remit_verifier::object::Path,
    pub(super) arguments: Vec<Argument>,
}

/// A request to a service, in words or approved before.
#[derive(Args)]
#[command(next_help_heading = "Request")]
struct Request {
    #[command(flatten)]
    what: What,
    /// SHA-256 of the service's own request, if it binds one.
    #[arg(long, value_name = "HEX", value_parser = text::id)]
    request: Option<ObjectId>,
    #[command(flatten)]
    http: Http,
    #[command(flatten)]
    approved: Approved,
}

/// Has the ledger hold an amount for one request to one service; the holder signs.
///
/// With --out, everything that the service wants to see is put in a folder: `remit verify --shown DIR`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit reserve TOKEN --service AIRLINE --action book --resource flights/economy/CA1501 \\
      --argument amount=4800 --amount '4800.00 CNY' --settle-by 2h --refund-until 30d \\
      --key flight-agent.pem --out booking/
  remit reserve --approved request.json --approval ann.cbor --key flight-agent.pem --out booking/")]
pub(super) struct Reserve {
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    request: Request,
    /// How much, in a unit by name or id.
    #[arg(
        long,
        value_name = "AMOUNT",
        value_parser = amount::typed,
        required_unless_present = "approved",
        conflicts_with = "approved"
    )]
    amount: Option<Typed>,
    #[command(flatten)]
    deadlines: Deadlines,
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
  remit present TOKEN --service HOTEL --action view --resource rooms/12 \\
      --key agent.pem --out visit/
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

impl What {
    /// What is asked, if something is.
    pub(super) fn salted(&self, client: &mut Client) -> Result<Option<Salted>, Failure> {
        let (Some(audience), Some(action), Some(resource)) = (self.service, &self.action, &self.resource)
        else {
            return Ok(None);
        };
        let salted = |(name, value): &(String, Value)| client.argument(name, value.clone());
        let arguments = self.arguments.iter().map(salted).collect::<Result<Vec<Argument>, _>>();
        let (action, arguments) = (action.clone(), arguments.map_err(Failure::internal)?);
        let resource = permission::resource(resource).map_err(Failure::usage)?;
        Ok(Some(Salted { audience, action, resource, arguments }))
    }
}

impl Salted {
    /// What was approved.
    fn of(asked: &Asked) -> Result<Self, Failure> {
        let Purpose::Use { action, resource, .. } = &asked.asking.purpose else {
            return Err(Failure::usage("what was approved is a lease")
                .hint("`remit lease --approved FILE` opens it; its vouchers are for each use"));
        };
        Ok(Self {
            audience: asked.asking.payee,
            action: action.clone(),
            resource: resource.clone(),
            arguments: asked.arguments.clone(),
        })
    }
}

impl Request {
    /// The question, as it is typed or as it was approved.
    fn ask(
        &self,
        client: &mut Client,
        chain: &Chain,
        carried: Option<&Carried>,
        payment: Option<Payment>,
        bound: Option<&Bound>,
    ) -> Result<Option<Ask>, Failure> {
        let what = match carried {
            Some(carried) => Some(Salted::of(&carried.asked)?),
            None => self.what.salted(client)?,
        };
        let Some(what) = what else {
            if self.request.is_some() || bound.is_some() {
                return Err(Failure::usage("--request and --http belong to a request")
                    .hint("--service ID --action NAME --resource PATH"));
            }
            return Ok(None);
        };
        Ok(Some(Ask {
            token: chain.last()?.id,
            epoch: chain.epoch().0,
            audience: what.audience,
            action: what.action,
            resource: what.resource,
            arguments: what.arguments,
            payment,
            request: bound.map(|bound| bound.digest).or(self.request.map(|digest| Hash(digest.0))),
        }))
    }
}

/// The invocation of a question; it names the request that it carries out.
fn invocation(
    client: &mut Client,
    now: Millis,
    ask: &Ask,
    carried: Option<&Carried>,
) -> Result<Invocation, Failure> {
    let invocation = client.invocation(now, ask).map_err(Failure::internal)?;
    Ok(Invocation { request_nonce: carried.map(|carried| carried.asked.asking.nonce), ..invocation })
}

impl Shown {
    /// The same, of the token that was approved if none is named.
    fn or_of(self, carried: Option<&Carried>) -> Self {
        let named = self.token.is_some() || self.presentation.is_some();
        let token = carried.map(|carried| carried.asked.asking.token).filter(|_| !named);
        Self { token: self.token.or(token), ..self }
    }

    /// The bytes of a presentation that was named, if one was.
    pub(super) fn file(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.presentation.as_deref().map(|path| read_file(path, PRESENTATION_BYTES_MAX)).transpose()
    }

    /// A fresh presentation: of the token, or of the nearest logged one with the offline links of the file.
    pub(super) fn fresh(&self, session: &Session, unit: Option<&ObjectId>) -> Result<Vec<u8>, Failure> {
        let Some(bytes) = self.file()? else {
            let token = self.token.ok_or_else(|| {
                Failure::usage("which token?").hint("its id, or --presentation FILE that ends in it")
            })?;
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

/// The amount that is reserved, typed or approved.
fn payment(
    session: &Session,
    typed: Option<&Typed>,
    carried: Option<&Carried>,
    (settle_by, refund_until): (Seconds, Option<Seconds>),
) -> Result<(Payment, Unit), Failure> {
    let Some(carried) = carried else {
        let typed = typed.ok_or_else(|| Failure::usage("how much?").hint("--amount 'AMOUNT UNIT'"))?;
        return session.payment(typed, settle_by, refund_until);
    };
    let (amount, unit) = carried.asked.asking.payment.ok_or_else(|| {
        Failure::usage("what was approved pays nothing")
            .hint("`remit present --approved` shows it to the service")
    })?;
    let unit = session.unit(&unit.to_string())?;
    Ok((Payment { amount, unit: unit.id, settle_by, refund_until }, unit))
}

impl Reserve {
    pub(super) fn run(self) -> Outcome {
        let carried = self.request.approved.read()?;
        let carried = carried.as_ref();
        let shown = self.shown.or_of(carried);
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let (settle_by, refund_until) = self.deadlines.read(&session)?;
        let (payment, unit) = payment(&session, self.amount.as_ref(), carried, (settle_by, refund_until))?;
        let bytes = shown.fresh(&session, Some(&unit.id))?;
        let chain = session.read_chain(&bytes)?;
        chain.require_holder(&signer.public_key())?;
        if let Some(carried) = carried {
            carried.require(&session.ledger, &chain.last()?.id, chain.epoch().0)?;
        }
        // What is held can be shown at once, or it is not held at all.
        self.out.as_deref().map(private::require_room).transpose()?;
        let mut client = session.client();
        let bound = self.request.http.bind(&bytes)?;
        let ask = self.request.ask(&mut client, &chain, carried, Some(payment), bound.as_ref())?.ok_or_else(
            || Failure::usage("for which request?").hint("--service ID --action NAME --resource PATH"),
        )?;
        let invocation = invocation(&mut client, session.now, &ask, carried)?;
        let (id, object) = client.invoke(&invocation, &signer).map_err(Failure::internal)?;
        let approvals = carried.map(|carried| carried.approvals.clone()).unwrap_or_default();
        let body = DraftBody::Reserve(invocation, links(&bytes, &chain), approvals.clone());
        let draft = Draft { body, signers: vec![&signer] };
        let what = format!("reservation of {} for {}", unit.show(payment.amount), ask.audience);
        let done = self.signing.keep.send(&session, &client, draft, &what)?;
        let done = done
            .line(format!("the service may take it until {}", time::show(settle_by)))
            .with("amount_minor", payment.amount.to_string())
            .with("unit", unit.id.to_string())
            .with("settle_by_s", settle_by.0);
        let Some(dir) = &self.out else { return Ok(done) };
        let written = evidence(&session, &done).and_then(|evidence| {
            // What was signed for one presentation is shown with that one.
            let presentation = match &bound {
                Some(_) => bytes.clone(),
                None => shown.fresh(&session, Some(&unit.id))?,
            };
            let bound = bound.as_ref();
            let asked =
                Written { invocation: &object, arguments: &ask.arguments, approvals: &approvals, bound };
            write_folder(dir, &presentation, Some(asked), Some(&evidence))
        });
        // The money is held, whatever became of the folder: whoever reads this has to know by which name.
        written.map_err(|failure| {
            failure.hint(format!(
                "the amount is held all the same: `remit show {id}`; the payee gives it back by `remit release {id}`"
            ))
        })?;
        let done =
            done.line(format!("what {id} needs to be shown is in {}", dir.display())).with("shown", dir);
        Ok(match &bound {
            Some(bound) => done.line(bound.next(dir, true)),
            None => done,
        })
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

/// A request as a service is shown it.
#[derive(Clone, Copy)]
struct Written<'w> {
    invocation: &'w [u8],
    arguments: &'w [Argument],
    approvals: &'w [Vec<u8>],
    /// The request over HTTP that it is for, if it is for one.
    bound: Option<&'w Bound>,
}

/// Writes what a service is shown.
fn write_folder(
    dir: &Path,
    presentation: &[u8],
    request: Option<Written<'_>>,
    evidence: Option<&[u8]>,
) -> Result<(), Failure> {
    let usage = |path: &Path, error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    std::fs::create_dir_all(dir).map_err(|error| usage(dir, error))?;
    let arguments = request.map(|request| {
        request.arguments.iter().map(|argument| value::salted_text(argument) + "\n").collect::<String>()
    });
    let headers = request.and_then(|request| {
        let Written { invocation, arguments, approvals, bound } = request;
        Some(bound?.fields(invocation, arguments, approvals, evidence))
    });
    let files = [
        (PRESENTATION, Some(presentation)),
        (INVOCATION, request.map(|request| request.invocation)),
        (ARGUMENTS, arguments.as_deref().map(str::as_bytes)),
        (EVIDENCE, evidence),
        (HEADERS, headers.as_deref().map(str::as_bytes)),
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
    let Some(request) = request else { return Ok(()) };
    let approvals = dir.join(APPROVALS);
    for path in std::fs::read_dir(&approvals).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "cbor") {
            std::fs::remove_file(&path).map_err(|error| usage(&path, error))?;
        }
    }
    if !request.approvals.is_empty() {
        std::fs::create_dir_all(&approvals).map_err(|error| usage(&approvals, error))?;
    }
    for (number, approval) in (1..).zip(request.approvals) {
        private::write(&approvals.join(format!("{number:02}.cbor")), approval)?;
    }
    Ok(())
}

impl Present {
    pub(super) fn run(self) -> Outcome {
        let carried = self.request.approved.read()?;
        let carried = carried.as_ref();
        if carried.is_some_and(|carried| carried.asked.asking.payment.is_some()) {
            return Err(
                Failure::usage("what was approved has an amount").hint("`remit reserve --approved` funds it")
            );
        }
        let shown = self.shown.or_of(carried);
        let offline = shown.presentation.is_some() && !self.refresh;
        let session = if offline { None } else { Some(self.connection.open()?) };
        let bytes = match &session {
            None => shown.file()?.unwrap_or_default(),
            Some(session) => {
                let unit = self.unit.as_deref().map(|name| session.unit(name)).transpose()?;
                shown.fresh(session, unit.map(|unit: Unit| unit.id).as_ref())?
            }
        };
        let ledger = Presentation::decode(&bytes).map(|shown| shown.ledger);
        let ledger: LedgerId = ledger.map_err(|_| Failure::usage("the file is no presentation"))?;
        let now: Millis = clock::now()?;
        let chain = match &session {
            Some(session) => session.read_chain(&bytes)?,
            None => Chain::read(&bytes, &ledger, None, now)?,
        };
        if let Some(carried) = carried {
            carried.require(&ledger, &chain.last()?.id, chain.epoch().0)?;
        }
        let mut client = Client::new(ledger, Randomness::System);
        let mut done = Done::say(format!("shown in {}", self.out.display()))
            .with("token", chain.last()?.id.to_string())
            .with("shown", &self.out)
            .with("bytes", bytes.len());
        let bound = self.request.http.bind(&bytes)?;
        let bound = bound.as_ref();
        let request = match self.request.ask(&mut client, &chain, carried, None, bound)? {
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
                let invocation = invocation(&mut client, now, &ask, carried)?;
                let (id, object) = client.invoke(&invocation, &signer).map_err(Failure::internal)?;
                done = done
                    .line(format!("request {id}, good until {}", time::show(invocation.valid_until)))
                    .with("id", id.to_string());
                Some((object, ask.arguments))
            }
        };
        let approvals = carried.map(|carried| carried.approvals.as_slice()).unwrap_or_default();
        let request = request.as_ref();
        let request =
            request.map(|(invocation, arguments)| Written { invocation, arguments, approvals, bound });
        write_folder(&self.out, &bytes, request, None)?;
        Ok(match bound {
            Some(bound) => done.line(bound.next(&self.out, false)),
            None => done,
        })
    }
}

impl Capture {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let of = || session.unit_of_reservation(&self.reservation);
        let (amount, unit) = amount_of(&session, &self.amount, &self.signing, of)?;
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
        let (amount, what) = match &self.amount {
            Some(typed) => {
                let of = || session.unit_of_reservation(&self.reservation);
                let (amount, unit) = amount_of(&session, typed, &self.signing, of)?;
                (Some(amount), format!("release of {}", unit.show(amount)))
            }
            None => (None, "release of all that is left".into()),
        };
        let act = Act::Release { reserve: Reference::Id(self.reservation), amount };
        sign_and_submit(&session, act, &self.signing, &what)
    }
}

impl Refund {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let of = || session.unit_of_capture(&self.capture);
        let (amount, unit) = amount_of(&session, &self.amount, &self.signing, of)?;
        let act = Act::Refund { capture: Reference::Id(self.capture), amount };
        sign_and_submit(&session, act, &self.signing, &format!("refund of {}", unit.show(amount)))
    }
}

/// An amount in the unit `of` what it is taken from. What is prepared may be of something that its bundle makes first,
/// and the ledger does not know yet: the unit is then the one that was typed.
fn amount_of(
    session: &Session,
    typed: &Typed,
    signing: &Signing,
    of: impl FnOnce() -> Result<Unit, Failure>,
) -> Result<(Amount, Unit), Failure> {
    let unit = match of() {
        Err(failure) if failure.code() == "not_found" && signing.keep.prepare.is_some() => {
            session.unit(&typed.unit)?
        }
        unit => unit?,
    };
    Ok((session.amount_in(&unit, typed)?, unit))
}

fn sign_and_submit(session: &Session, act: Act, signing: &Signing, what: &str) -> Outcome {
    let signer = session.signer(&signing.who)?;
    let mut client = session.client();
    let signers: [&dyn Signer; 1] = [&signer];
    let draft = client.act(session.now, act, &signers).map_err(Failure::usage)?;
    signing.keep.send(session, &client, draft, what)
}
