//! `remit till`: takes vouchers of a lease offline, and settles it. The till's file is locked while it is used, and
//! replaced and synced before a voucher is answered.

use super::lease::{self, read_proof};
use super::out::{Done, Failure, Outcome, print, read_file};
use super::private::{self, Held};
use super::serve::told_to_stop;
use super::session::{Connection, Session, Signing};
use super::text::{self, time, value};
use super::{clock, verify};
use crate::api::{self, Counter};
use crate::keys::did;
use clap::{Args, Subcommand};
use remit_verifier::code::Code;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Argument, Reference, Voucher};
use remit_verifier::sign::{LocalSigner, Signer as _};
use remit_verifier::till::{Accepted, OpenLease, Till};
use remit_verifier::types::{Millis, ObjectId, TillId};
use remit_verifier::verify::Policy;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a holder shows of one use, in one folder.
pub(super) const VOUCHER: &str = "voucher.cbor";
pub(super) const ARGUMENTS: &str = "arguments.txt";

/// Takes vouchers offline, and settles them.
///
/// A till is one file on one disk. A copy of it is another till, and there is no lease for that one.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit till open till.cbor --till 7a…7a --proof stay/lease-proof.cbor --policy hotel.toml
  remit till accept till.cbor --proof stay/lease-proof.cbor --policy hotel.toml --shown cola/
  remit till serve till.cbor --proof stay/lease-proof.cbor --policy hotel.toml
  remit till settle till.cbor --key hotel.pem")]
pub(super) struct TillCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Open(Open),
    Accept(Accept),
    Serve(Serve),
    Settle(Box<Settle>),
}

/// The proof of a lease, and whom the payee trusts.
#[derive(Args)]
struct Proved {
    /// The proof of the lease.
    #[arg(long, value_name = "FILE")]
    proof: PathBuf,
    /// Your policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

/// The same, and when it is judged.
#[derive(Args)]
struct Opened {
    #[command(flatten)]
    proved: Proved,
    /// The time to judge at, RFC 3339, instead of the clock of this machine.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Begins the till of a lease: checks the proof, and makes the file that counts.
///
/// To begin anew with a lease that was spent from gives its uses away: the file must not be there.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit till open till.cbor --till 7a…7a --proof stay/lease-proof.cbor --policy hotel.toml")]
struct Open {
    /// The till's file, which is made.
    #[arg(value_name = "FILE")]
    state: PathBuf,
    /// Which till this is: 64 hexadecimal digits, as the lease names it.
    #[arg(long, value_name = "HEX", value_parser = text::id)]
    till: ObjectId,
    #[command(flatten)]
    opened: Opened,
}

/// Judges a voucher, offline. Yes is said once the till is stored.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit till accept till.cbor --proof stay/lease-proof.cbor --policy hotel.toml --shown cola/

Exit codes: 0 taken, or the last one again; 1 refused; 2 files that cannot be read.")]
struct Accept {
    /// The till's file.
    #[arg(value_name = "FILE")]
    state: PathBuf,
    #[command(flatten)]
    opened: Opened,
    /// The folder with voucher.cbor and arguments.txt, if there are any.
    #[arg(long, value_name = "DIR")]
    shown: PathBuf,
}

/// Takes vouchers over HTTP, offline, until it is told to stop; holds the till all the while.
///
/// `POST /v1/vouchers` with a voucher (`application/cbor`), or with arguments as JSON. Yes is said once the till is
/// stored. Everybody who reaches it may show vouchers: only the holder can sign one.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit till serve till.cbor --proof stay/lease-proof.cbor --policy hotel.toml
  curl -H 'Content-Type: application/cbor' --data-binary @cola/voucher.cbor \\
      http://127.0.0.1:8090/v1/vouchers")]
struct Serve {
    /// The till's file.
    #[arg(value_name = "FILE")]
    state: PathBuf,
    #[command(flatten)]
    proved: Proved,
    /// Where it listens; without TLS, so that beyond this machine a proxy stands before it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
}

/// Closes the till, and settles its lease with the last voucher that was taken; the payee signs.
///
/// If nothing was taken, the lease is given back.
#[derive(Args)]
#[command(after_help = "Example:\n  remit till settle till.cbor --key hotel.pem")]
struct Settle {
    /// The till's file.
    #[arg(value_name = "FILE")]
    state: PathBuf,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

impl TillCommand {
    pub(super) fn run(self, json: bool) -> Outcome {
        match self.command {
            Command::Open(command) => command.run(),
            Command::Accept(command) => command.run(),
            Command::Serve(command) => command.run(json),
            Command::Settle(command) => command.run(),
        }
    }
}

fn refused(what: &str, code: Code) -> Failure {
    Failure::refused(code.text(), format!("refused: {what}: {code}: {}", code.meaning()))
}

/// The same of a voucher, with what to do at a till.
fn no_voucher(code: Code, till: &Till) -> Failure {
    let failure = refused("the voucher", code);
    let taken = till.tally().number();
    match code {
        Code::WrongNumber => failure.hint(format!(
            "the till has taken {taken} of this lease: show them in order, or the last one again"
        )),
        Code::Settled => failure.hint("the till is closed, and takes nothing more: ask for another lease"),
        _ => failure,
    }
}

impl Proved {
    fn open(&self, now: Millis) -> Result<(OpenLease, Policy), Failure> {
        let policy = verify::policy(&read_file(&self.policy, POLICY_BYTES_MAX)?, Some(&self.policy))?;
        let open = OpenLease::verify(&read_proof(&self.proof)?, &policy, now);
        Ok((open.map_err(|code| refused("the proof of the lease", code))?, policy))
    }
}

impl Opened {
    fn open(&self) -> Result<(OpenLease, Policy, Millis), Failure> {
        let now = clock::now()?;
        let now = match &self.at {
            Some(at) => time::instant(at, now).map_err(Failure::usage)?.millis(),
            None => now,
        };
        let (open, policy) = self.proved.open(now)?;
        Ok((open, policy, now))
    }
}

fn read(held: &Held) -> Result<Till, Failure> {
    let till = Till::decode(&held.read(TILL_BYTES_MAX)?);
    till.map_err(|error| {
        Failure::usage(format!("{}: no till: {error:?}", held.path().display())).hint(
            "restore it from nowhere else: an old copy would take vouchers twice. Settle with the last voucher",
        )
    })
}

impl Open {
    fn run(self) -> Outcome {
        let mut held = private::hold(&self.state, Duration::ZERO)?;
        if held.exists() {
            return Err(Failure::usage(format!("{} is there", self.state.display()))
                .coded("exists")
                .hint("it knows which vouchers were taken; one file for each lease"));
        }
        let (open, ..) = self.opened.open()?;
        let till = Till::new(TillId(self.till.0), &open).map_err(|code| refused("the lease", code))?;
        held.replace(&till.encode())?;
        let terms = open.lease();
        Ok(Done::say(format!("lease {} of {} minor units", open.id(), terms.amount))
            .line(format!(
                "spent until {}, settled by {}",
                time::show(terms.spend_until),
                time::show(terms.settle_by)
            ))
            .with("lease", open.id().to_string())
            .with("amount_minor", terms.amount.to_string())
            .with("per_use_minor", open.per_use().map(|amount| amount.to_string()))
            .with("spend_until_s", terms.spend_until.0)
            .with("settle_by_s", terms.settle_by.0))
    }
}

impl Accept {
    fn run(self) -> Outcome {
        let mut held = private::hold(&self.state, Duration::ZERO)?;
        let till = read(&held)?;
        let (open, policy, now) = self.opened.open()?;
        let voucher = read_file(&self.shown.join(VOUCHER), OBJECT_BYTES_MAX)?;
        let shown = arguments(&self.shown.join(ARGUMENTS))?;
        let taken = till.accept(&open, &voucher, &shown, &policy, now);
        let (till, answer) = match taken.map_err(|code| no_voucher(code, &till))? {
            Accepted::Taken(till) => {
                // Who says yes first and keeps it afterwards says it twice.
                held.replace(&till.encode())?;
                (*till, "taken")
            }
            Accepted::Repeated => (till, "repeated"),
        };
        let sum = till.tally().cumulative();
        let said = match answer {
            "taken" => format!("taken: voucher {}, {sum} minor units in all", till.tally().number()),
            _ => "repeated: it was taken before, and is not served again".into(),
        };
        Ok(Done::say(said)
            .with("answer", answer)
            .with("lease", till.lease().to_string())
            .with("number", till.tally().number())
            .with("cumulative_minor", sum.to_string()))
    }
}

/// Opens a till to be served, and holds it for as long as it is.
pub(super) fn counter(state: &Path, proof: &Path, policy: &Path) -> Result<Counter, Failure> {
    let mut held = private::hold(state, Duration::ZERO)?;
    let till = read(&held)?;
    let proved = Proved { proof: proof.to_owned(), policy: policy.to_owned() };
    let (lease, policy) = proved.open(clock::now()?)?;
    if till.lease() != lease.id() {
        return Err(refused("the lease", Code::WrongLease));
    }
    let keep = move |till: &Till| {
        held.replace(&till.encode()).map_err(|failure| std::io::Error::other(failure.to_string()))
    };
    let clock = Arc::new(|| clock::now().unwrap_or(Millis(u64::MAX)));
    Ok(Counter { till, lease, policy, clock, keep: Box::new(keep) })
}

impl Serve {
    fn run(self, json: bool) -> Outcome {
        let counter = counter(&self.state, &self.proved.proof, &self.proved.policy)?;
        let listener = TcpListener::bind(self.listen).map_err(|error| {
            Failure::internal(format!("{}: {error}", self.listen))
                .coded("port")
                .hint("--listen ADDRESS chooses another; something may listen there already")
        })?;
        let url = format!("http://{}", listener.local_addr().map_err(Failure::internal)?);
        log()?;
        if !self.listen.ip().is_loopback() {
            eprintln!(
                "warning: {} is open to a network, without TLS: whoever listens there can show a voucher first",
                self.listen
            );
        }
        if json {
            print(&format!("{}\n", serde_json::json!({ "listening": url })));
        } else {
            print(&format!("listening on {url}\n"));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.map_err(Failure::internal)?.block_on(async {
            let told = told_to_stop()?;
            api::serve_till(listener, counter, told).await
        });
        served.map_err(|error| {
            Failure::internal(format!("the till is served no more: {error}"))
                .coded("stopped")
                .hint("what was answered with `taken` is stored; mend that, and start it again, which reads the file")
        })?;
        Ok(if json {
            Done::default()
        } else {
            Done::say("stopped in good order; the till is as it was answered")
        })
    }
}

/// Writes what goes wrong while a till is served to stderr.
fn log() -> Result<(), Failure> {
    let builder = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN);
    builder.with_writer(std::io::stderr).with_ansi(false).try_init().map_err(Failure::internal)
}

/// The arguments that are shown, if any are.
fn arguments(path: &Path) -> Result<Vec<Argument>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = String::from_utf8(read_file(path, CASE_BYTES_MAX)?)
        .map_err(|_| Failure::usage(format!("{}: not UTF-8", path.display())))?;
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(value::salted).collect::<Result<_, _>>().map_err(Failure::usage)
}

/// Requires that a key is one of the payee's.
fn require_payee(session: &Session, payee: &ObjectId, signer: &LocalSigner) -> Result<(), Failure> {
    if session.keyring(payee)?.present.iter().any(|key| *key.bytes() == signer.public_key()) {
        return Ok(());
    }
    let key = did::to_text(&signer.public_key());
    Err(Failure::refused("not_the_payee", format!("the key is {key}, and the payee {payee} has no such key"))
        .hint("--key names a file of the payee's; the till is as it was, and nothing was signed"))
}

impl Settle {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let mut held = private::hold(&self.state, Duration::ZERO)?;
        let till = read(&held)?;
        // A till is closed for ever: the lease has to be this ledger's, and the key the payee's.
        let payee = session.lease(&till.lease())?.payee;
        require_payee(&session, &payee, &signer)?;
        // What a till takes after its lease was settled is not paid for.
        held.replace(&till.close().encode())?;
        drop(held);
        let lease = Reference::Id(till.lease());
        let (number, sum) = (till.tally().number(), till.tally().cumulative());
        let (act, what) = match till.last() {
            Some(last) => {
                let voucher =
                    Voucher::decode(last).map_err(|error| Failure::internal(format!("{error:?}")))?;
                let what = format!("settlement of {number} vouchers, {sum} minor units");
                (Act::Settle { lease, voucher: Box::new(voucher) }, what)
            }
            None => (Act::LeaseClose { lease }, "end of the lease, of which nothing was taken".into()),
        };
        let mut done = lease::submit(&session, act, (&signer, &self.signing), &what)?;
        if number > 0 {
            done = done.line("the id above is the capture that `remit refund` names");
        }
        Ok(done
            .with("lease", till.lease().to_string())
            .with("uses", number)
            .with("amount_minor", sum.to_string()))
    }
}
