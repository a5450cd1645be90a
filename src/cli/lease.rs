//! `remit lease`, `lease-close`: value locked for one till of a payee, and given back.

use super::out::{Done, Failure, Outcome, read_file};
use super::private;
use super::session::{Connection, Session, Signing, failure};
use super::text::amount::{self, Typed, Unit, minor};
use super::text::{self, time};
use clap::Args;
use remit_verifier::limits::{LEASE_PROOF_BYTES_MAX, LEASE_SETTLE_MIN};
use remit_verifier::object::{Act, Lease as Terms, Reference};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::till::Wallet;
use remit_verifier::types::{ObjectId, Seconds, TillId};
use std::path::{Path, PathBuf};

/// The proof of the lease: what the payee is given.
pub(super) const PROOF: &str = "lease-proof.cbor";
/// What the holder keeps.
pub(super) const WALLET: &str = "wallet.cbor";
/// The unit as it is typed: its name and decimals.
pub(super) const UNIT: &str = "unit.txt";

/// Locks an amount for one till of a payee, who then takes vouchers for it offline; the holder signs.
///
/// With --out, the proof for the payee and the wallet that signs vouchers are put in a folder.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit lease TOKEN --payee HOTEL --till 7a…7a --amount '3000.00 CNY' --spend-until 8h --settle-by 1d \\
      --key hotel-agent.pem --out stay/")]
pub(super) struct Lease {
    /// The token; a logged one.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    /// The party that takes the vouchers.
    #[arg(long, value_name = "ID", value_parser = text::id)]
    payee: ObjectId,
    /// Which till of the payee, as he names it: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = text::id)]
    till: ObjectId,
    /// How much, in a unit by name or id.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed)]
    amount: Typed,
    /// Until when vouchers are taken.
    #[arg(long, value_name = "TIME", default_value = "8h")]
    spend_until: String,
    /// Until when the payee may settle; at least ten minutes later, at most 30 days from now.
    #[arg(long, value_name = "TIME", default_value = "24h")]
    settle_by: String,
    /// Until when he may refund what he settled; without it, not at all.
    #[arg(long, value_name = "TIME")]
    refund_until: Option<String>,
    /// A folder for the proof and the wallet.
    #[arg(long, value_name = "DIR", conflicts_with = "prepare")]
    out: Option<PathBuf>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Gives a lease back early, of which nothing is settled; the payee signs.
///
/// `remit till settle` does it for a till that took nothing, and sees that it takes nothing more.
#[derive(Args)]
#[command(after_help = "Example:\n  remit lease-close LEASE --key hotel.pem")]
pub(super) struct Close {
    /// The lease.
    #[arg(value_parser = text::id)]
    lease: ObjectId,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

impl Lease {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let unit = session.unit(&self.amount.unit)?;
        // What is locked can be spent, or it is not locked at all.
        self.out.as_deref().map(require_room).transpose()?;
        let amount = minor(&self.amount.number, unit.decimals).map_err(Failure::usage)?;
        let spend_until = session.instant(&self.spend_until)?;
        let settle_by = session.instant(&self.settle_by)?;
        if settle_by.0 < spend_until.0.saturating_add(LEASE_SETTLE_MIN.0) {
            return Err(Failure::usage("--settle-by is less than ten minutes after --spend-until")
                .hint("a till whose clock is slow needs that time to settle"));
        }
        let chain = session.chain(&self.token, None)?;
        let refund_until: Option<Seconds> =
            self.refund_until.as_deref().map(|text| session.instant(text)).transpose()?;
        let terms = Terms {
            token: self.token,
            epoch: chain.epoch().0,
            payee: self.payee,
            till: TillId(self.till.0),
            amount,
            unit: unit.id,
            spend_until,
            settle_by,
            refund_until,
        };
        let mut client = session.client();
        let signers: [&dyn Signer; 1] = [&signer];
        let draft = client.act(session.now, Act::Lease(terms), &signers).map_err(Failure::usage)?;
        let what = format!("lease of {} for {}", unit.show(amount), self.payee);
        let done = self.signing.keep.send(&session, &client, draft, &what)?;
        let done = done
            .line(format!("spent until {}, settled by {}", time::show(spend_until), time::show(settle_by)))
            .with("amount_minor", amount.to_string())
            .with("spend_until_s", spend_until.0)
            .with("settle_by_s", settle_by.0);
        let Some(dir) = &self.out else { return Ok(done) };
        let id = done.field("id").and_then(|id| id.as_str()).and_then(|id| text::id(id).ok());
        let id = id.ok_or_else(|| Failure::internal("the answer has no id"))?;
        // The value is locked, whatever became of the folder: whoever reads this has to know by which name.
        write(&session, &id, &unit, dir).map_err(|failure| {
            failure.hint(format!(
                "lease {id} is open all the same: `remit voucher open {id} --out DIR` begins its wallet"
            ))
        })?;
        Ok(done
            .line(format!("the payee is given {}", dir.join(PROOF).display()))
            .line(format!("`remit voucher new {}` signs vouchers", dir.display()))
            .with("folder", dir))
    }
}

/// Requires that a folder can take a wallet: one that is there is kept, since it knows what was signed.
pub(super) fn require_room(dir: &Path) -> Result<(), Failure> {
    private::require_room(dir)?;
    let path = dir.join(WALLET);
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(Failure::usage(format!("{} is there", path.display()))
            .coded("exists")
            .hint("it knows which vouchers were signed; name another folder")),
    }
}

/// Fetches the proof of a lease, and begins its wallet in a folder that has none.
pub(super) fn write(session: &Session, lease: &ObjectId, unit: &Unit, dir: &Path) -> Result<(), Failure> {
    let proof = session.remote.bytes(&format!("/v1/leases/{lease}/proof")).map_err(failure)?;
    let wallet = Wallet::new(session.ledger, &proof);
    let wallet = wallet.map_err(|code| {
        Failure::refused(code.text(), format!("what came back is no proof of the lease: {code}"))
    })?;
    if wallet.id() != *lease || wallet.lease().unit != unit.id {
        return Err(Failure::refused("bad_answer", format!("what came back is no proof of lease {lease}")));
    }
    private::require_room(dir)?;
    let held = private::hold(&dir.join(WALLET))?;
    require_room(dir)?;
    private::write(&dir.join(PROOF), &proof)?;
    private::write(&dir.join(UNIT), format!("{} {}\n", unit.name, unit.decimals).as_bytes())?;
    held.replace(&wallet.encode())
}

/// The proof in a file.
pub(super) fn read_proof(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, LEASE_PROOF_BYTES_MAX)
}

impl Close {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let act = Act::LeaseClose { lease: Reference::Id(self.lease) };
        let signer = session.signer(&self.signing.who)?;
        submit(&session, act, (&signer, &self.signing), &format!("end of lease {}", self.lease))
    }
}

/// Signs an act of the payee, and submits it.
pub(super) fn submit(
    session: &Session,
    act: Act,
    (signer, signing): (&LocalSigner, &Signing),
    what: &str,
) -> Result<Done, Failure> {
    let mut client = session.client();
    let signers: [&dyn Signer; 1] = [signer];
    let draft = client.act(session.now, act, &signers).map_err(Failure::usage)?;
    signing.keep.send(session, &client, draft, what)
}
