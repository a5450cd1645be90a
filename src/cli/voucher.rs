//! `remit voucher`: signs what spends out of a lease. No ledger is asked, but for the proof that a wallet begins with.
//!
//! The wallet's file is locked while it is used, and replaced and synced before a voucher is written anywhere.

use super::lease::{UNIT, WALLET, write};
use super::out::{Done, Failure, Outcome, read_file};
use super::session::{Connection, Who};
use super::text::amount::{self, Typed, Unit, minor};
use super::text::{self, permission, time, value};
use super::till::{ARGUMENTS, VOUCHER};
use super::{clock, key, private};
use crate::client::{Client, Randomness};
use clap::{Args, Subcommand};
use remit_verifier::limits::{INVOCATION_VALIDITY_MAX, TILL_BYTES_MAX};
use remit_verifier::object::{Argument, Value};
use remit_verifier::till::{Wallet, WalletError, Wanted};
use remit_verifier::types::{Hash, LedgerId, Nonce, ObjectId, Seconds};
use std::path::{Path, PathBuf};

/// Signs vouchers, which spend out of a lease offline.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit voucher new stay/ --action order --resource minibar/cola --amount '12.50 CNY' --key hotel-agent.pem --out cola/
  remit voucher take-back stay/")]
pub(super) struct VoucherCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    New(Box<New>),
    Last(Last),
    TakeBack(TakeBack),
    Open(Box<Open>),
}

/// Signs the next voucher of a lease; no ledger is asked.
///
/// The wallet is stored first. When the payee gives no answer, show the same voucher again; `last` writes it anew.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit voucher new stay/ --action order --resource minibar/cola --amount '12.50 CNY' \\
      --argument item=cola --key hotel-agent.pem --out cola/")]
struct New {
    /// The folder of the lease, with its wallet.
    #[arg(value_name = "DIR")]
    lease: PathBuf,
    /// What is to be done.
    #[arg(long)]
    action: String,
    /// To what: a path.
    #[arg(long, value_name = "PATH")]
    resource: String,
    /// What it costs, in the lease's unit.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Typed,
    /// An argument; may be repeated.
    #[arg(long = "argument", value_name = "NAME=VALUE", value_parser = value::named)]
    arguments: Vec<(String, Value)>,
    /// SHA-256 of the service's own request, if it binds one.
    #[arg(long, value_name = "HEX", value_parser = text::id)]
    request: Option<ObjectId>,
    /// The folder that it is put in, for the payee.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// Writes the last voucher again, as it was signed.
#[derive(Args)]
#[command(after_help = "Example:\n  remit voucher last stay/ --out cola/")]
struct Last {
    /// The folder of the lease, with its wallet.
    #[arg(value_name = "DIR")]
    lease: PathBuf,
    /// The folder that it is put in.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Takes the last voucher back, which the payee refused, so that its number is used again.
///
/// A payee who did take it may settle with it or with the one that follows under its number; never with both.
#[derive(Args)]
#[command(after_help = "Example:\n  remit voucher take-back stay/")]
struct TakeBack {
    /// The folder of the lease, with its wallet.
    #[arg(value_name = "DIR")]
    lease: PathBuf,
}

/// Fetches the proof of a lease that was opened with --prepare, and begins its wallet.
#[derive(Args)]
#[command(after_help = "Example:\n  remit voucher open LEASE --unit CNY --out stay/")]
struct Open {
    /// The lease.
    #[arg(value_parser = text::id)]
    id: ObjectId,
    /// Its unit, by name or id.
    #[arg(long)]
    unit: String,
    /// The folder that it is put in.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

impl VoucherCommand {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::New(command) => command.run(),
            Command::Last(command) => command.run(),
            Command::TakeBack(command) => command.run(),
            Command::Open(command) => command.run(),
        }
    }
}

/// The wallet of a folder; it is locked until the guard is dropped.
fn wallet(dir: &Path) -> Result<(Wallet, PathBuf, private::Locked), Failure> {
    let path = dir.join(WALLET);
    let locked = private::lock(&path)?;
    let bytes = read_file(&path, TILL_BYTES_MAX)?;
    let wallet = Wallet::decode(&bytes);
    let wallet = wallet.map_err(|error| {
        Failure::usage(format!("{}: no wallet: {error:?}", path.display()))
            .hint("`remit lease --out DIR` makes one")
    })?;
    Ok((wallet, path, locked))
}

/// The lease's unit, as `lease` wrote it down.
fn unit(dir: &Path, wallet: &Wallet) -> Result<Unit, Failure> {
    let path = dir.join(UNIT);
    let text = String::from_utf8(read_file(&path, 256)?).unwrap_or_default();
    let read = || {
        let (name, decimals) = text.trim().split_once(' ')?;
        Some(Unit { id: wallet.lease().unit, name: name.into(), decimals: decimals.parse().ok()? })
    };
    read().ok_or_else(|| Failure::usage(format!("{}: write NAME DECIMALS", path.display())))
}

impl New {
    fn run(self) -> Outcome {
        let (wallet, path, _locked) = wallet(&self.lease)?;
        let unit = unit(&self.lease, &wallet)?;
        if self.amount.unit != unit.name && self.amount.unit != unit.id.to_string() {
            return Err(Failure::usage(format!("the lease is in {}", unit.name)));
        }
        let amount = minor(&self.amount.number, unit.decimals).map_err(Failure::usage)?;
        let signer = key::open(self.who.key_file().ok_or_else(|| {
            Failure::usage("who signs?").hint("--key FILE: the key that opened the lease")
        })?)?;
        let mut client = Client::new(LedgerId([0; 32]), Randomness::System);
        let salted = |(name, value): &(String, Value)| client.argument(name, value.clone());
        let arguments: Result<Vec<Argument>, _> = self.arguments.iter().map(salted).collect();
        let arguments = arguments.map_err(Failure::internal)?;
        let mut signed: Vec<_> = arguments.iter().map(|a| (a.name.clone(), a.digest())).collect();
        signed.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
        let now = clock::now()?;
        let wanted = Wanted {
            amount,
            action: self.action,
            resource: permission::resource(&self.resource).map_err(Failure::usage)?,
            arguments: signed,
            request: self.request.map(|digest| Hash(digest.0)),
            nonce: Nonce(client.random().map_err(Failure::internal)?),
            valid_until: Seconds(now.seconds().0 + INVOCATION_VALIDITY_MAX.0),
        };
        let (next, voucher) = wallet.sign(&signer, &wanted, now).map_err(refused)?;
        private::replace(&path, &next.encode())?;
        let lines: String = arguments.iter().map(|argument| value::salted_text(argument) + "\n").collect();
        show(&self.out, &voucher, Some(&lines))?;
        let (tally, lease) = (next.tally(), next.lease());
        let left = remit_verifier::types::Amount(lease.amount.0.saturating_sub(tally.cumulative().0));
        Ok(Done::say(format!("voucher {} of {}", tally.number(), unit.show(amount)))
            .line(format!("{} of {} left", unit.show(left), unit.show(lease.amount)))
            .line(format!("good until {}, in {}", time::show(wanted.valid_until), self.out.display()))
            .with("lease", next.id().to_string())
            .with("number", tally.number())
            .with("amount_minor", amount.to_string())
            .with("cumulative_minor", tally.cumulative().to_string())
            .with("left_minor", left.to_string())
            .with("shown", self.out))
    }
}

/// Writes a voucher where the payee looks for it.
fn show(dir: &Path, voucher: &[u8], arguments: Option<&str>) -> Result<(), Failure> {
    let usage = |error: std::io::Error| Failure::usage(format!("{}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(usage)?;
    if let Some(lines) = arguments {
        private::replace(&dir.join(ARGUMENTS), lines.as_bytes())?;
    }
    private::replace(&dir.join(VOUCHER), voucher)
}

fn refused(error: WalletError) -> Failure {
    match error {
        WalletError::Refused(code) => {
            Failure::refused(code.text(), format!("refused: no voucher: {code}: {}", code.meaning()))
        }
        WalletError::Sign(error) => Failure::internal(error),
    }
}

impl Last {
    fn run(self) -> Outcome {
        let (wallet, ..) = wallet(&self.lease)?;
        let none =
            || Failure::refused("wrong_number", "no voucher was signed since the last one was taken back");
        show(&self.out, wallet.last().ok_or_else(none)?, None)?;
        Ok(Done::say(format!("voucher {} again, in {}", wallet.tally().number(), self.out.display()))
            .with("number", wallet.tally().number())
            .with("shown", self.out))
    }
}

impl TakeBack {
    fn run(self) -> Outcome {
        let (wallet, path, _locked) = wallet(&self.lease)?;
        let number = wallet.tally().number();
        let back = wallet.take_back().map_err(|code| {
            Failure::refused(code.text(), "there is no voucher to take back")
                .hint("only the last one can be taken back, and only once")
        })?;
        private::replace(&path, &back.encode())?;
        Ok(Done::say(format!("voucher {number} is taken back; the next one has its number"))
            .with("number", number))
    }
}

impl Open {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let unit = session.unit(&self.unit)?;
        write(&session, &self.id, &unit, &self.out)?;
        Ok(Done::say(format!("the wallet of lease {} is in {}", self.id, self.out.display()))
            .with("lease", self.id.to_string())
            .with("folder", self.out))
    }
}
