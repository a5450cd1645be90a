//! `remit voucher`: signs what spends out of a lease. No ledger is asked, but for the proof that a wallet begins with.
//!
//! The wallet's file is locked while it is used, and replaced and synced before a voucher is written anywhere.

use super::lease::{UNIT, WALLET, require_room, write};
use super::out::{Done, Failure, Outcome, read_file};
use super::private::{self, Held};
use super::session::{Connection, Who};
use super::text::amount::{self, Typed, Unit, minor};
use super::text::{self, permission, plain, time, value};
use super::till::{ARGUMENTS, VOUCHER};
use super::{clock, key};
use crate::client::{Client, Randomness};
use clap::{Args, Subcommand};
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::limits::{CASE_BYTES_MAX, INVOCATION_VALIDITY_MAX, TILL_BYTES_MAX};
use remit_verifier::object::{Argument, Value};
use remit_verifier::till::{Wallet, WalletError, Wanted};
use remit_verifier::types::{Hash, LedgerId, Nonce, ObjectId, Seconds};
use std::path::{Path, PathBuf};

/// How the names of files with the arguments of the last voucher begin.
const ARGUMENTS_KEPT: &str = "arguments-";

/// Signs vouchers, which spend out of a lease offline.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit voucher new stay/ --action order --resource minibar/cola --amount '12.50 CNY' \\
      --key hotel-agent.pem --out cola/
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
#[command(after_help = "Example:\n  remit voucher open LEASE --out stay/")]
struct Open {
    /// The lease.
    #[arg(value_parser = text::id)]
    id: ObjectId,
    /// Its unit, by name or id: nothing is begun if the lease is in another one.
    #[arg(long)]
    unit: Option<String>,
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
fn wallet(dir: &Path) -> Result<(Wallet, Held), Failure> {
    let held = private::hold(&dir.join(WALLET), private::A_MOMENT)?;
    let wallet = Wallet::decode(&held.read(TILL_BYTES_MAX)?);
    let wallet = wallet.map_err(|error| {
        Failure::usage(format!("{}: no wallet: {error:?}", held.path().display())).hint(
            "`remit lease --out DIR` makes one; one of an earlier version is settled by its payee first",
        )
    })?;
    Ok((wallet, held))
}

/// Where the arguments of a voucher are kept, beside its wallet and under the voucher's digest: those of another
/// voucher are never shown with it.
fn kept(held: &Held, voucher: &[u8]) -> PathBuf {
    let digest = sha256(&[voucher]).to_string();
    held.path().with_file_name(format!("{ARGUMENTS_KEPT}{:.32}.txt", digest))
}

/// Removes the arguments of all vouchers but one; what stays is in nobody's way.
fn forget_others(held: &Held, last: &Path) {
    let entries = held.path().parent().map(std::fs::read_dir).into_iter().flatten().flatten().flatten();
    for entry in entries.filter(|entry| entry.path() != last) {
        if entry.file_name().to_string_lossy().starts_with(ARGUMENTS_KEPT) {
            std::fs::remove_file(entry.path()).unwrap_or_default();
        }
    }
}

/// The lease's unit, as `lease` wrote it down.
fn unit(dir: &Path, wallet: &Wallet) -> Result<Unit, Failure> {
    let path = dir.join(UNIT);
    let text = String::from_utf8(read_file(&path, 256)?).unwrap_or_default();
    let read = || {
        let (name, decimals) = text.trim().split_once(' ')?;
        Unit::new(wallet.lease().unit, name, decimals.parse().ok()?)
    };
    read().ok_or_else(|| Failure::usage(format!("{}: write NAME DECIMALS", path.display())))
}

impl New {
    fn run(self) -> Outcome {
        let (wallet, mut held) = wallet(&self.lease)?;
        private::require_room(&self.out)?;
        let unit = unit(&self.lease, &wallet)?;
        if !unit.is_named(&self.amount.unit) {
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
        let lines: String = arguments.iter().map(|argument| value::salted_text(argument) + "\n").collect();
        // Salts that are lost cannot be shown again, and without them no till takes the voucher.
        let kept = kept(&held, &voucher);
        private::write(&kept, lines.as_bytes())?;
        held.replace(&next.encode())?;
        forget_others(&held, &kept);
        show(&self.out, &voucher, lines.as_bytes())?;
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
fn show(dir: &Path, voucher: &[u8], arguments: &[u8]) -> Result<(), Failure> {
    let usage = |error: std::io::Error| {
        Failure::usage(format!("{}: {error}", dir.display()))
            .hint("the voucher is signed and counted: `remit voucher last` writes it to another folder")
    };
    std::fs::create_dir_all(dir).map_err(usage)?;
    private::write(&dir.join(ARGUMENTS), arguments)?;
    private::write(&dir.join(VOUCHER), voucher)
}

fn refused(error: WalletError) -> Failure {
    match error {
        WalletError::Refused(code) => {
            let failure =
                Failure::refused(code.text(), format!("refused: no voucher: {code}: {}", code.meaning()));
            match code {
                Code::WrongHolder => failure.hint("--key is the file of the key that opened the lease"),
                _ => failure,
            }
        }
        WalletError::Sign(error) => Failure::internal(error),
    }
}

impl Last {
    fn run(self) -> Outcome {
        let (wallet, held) = wallet(&self.lease)?;
        let none = || {
            Failure::refused("wrong_number", "no voucher was signed since the last one was taken back")
                .hint("`remit voucher new` signs one")
        };
        let voucher = wallet.last().ok_or_else(none)?;
        show(&self.out, voucher, &read_file(&kept(&held, voucher), CASE_BYTES_MAX)?)?;
        Ok(Done::say(format!("voucher {} again, in {}", wallet.tally().number(), self.out.display()))
            .with("number", wallet.tally().number())
            .with("shown", self.out))
    }
}

impl TakeBack {
    fn run(self) -> Outcome {
        let (wallet, mut held) = wallet(&self.lease)?;
        let number = wallet.tally().number();
        let back = wallet.take_back().map_err(|code| {
            Failure::refused(code.text(), "there is no voucher to take back")
                .hint("only the last one can be taken back, and only once")
        })?;
        held.replace(&back.encode())?;
        Ok(Done::say(format!("voucher {number} is taken back; the next one has its number"))
            .with("number", number))
    }
}

impl Open {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        require_room(&self.out)?;
        let unit = session.unit(&session.lease(&self.id)?.unit.to_string())?;
        if let Some(typed) = self.unit.as_deref().filter(|typed| !unit.is_named(typed)) {
            let message = format!("the lease is in {}, not in {}", plain(&unit.name), plain(typed));
            return Err(Failure::usage(message).coded("wrong_unit"));
        }
        write(&session, &self.id, &unit, &self.out)?;
        Ok(Done::say(format!("the wallet of lease {} is in {}", self.id, self.out.display()))
            .with("lease", self.id.to_string())
            .with("folder", self.out))
    }
}
