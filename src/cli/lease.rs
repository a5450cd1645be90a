//! `remit lease`, `lease-close`: value locked for one till of a payee, asked for first if it must be, and given back.

use super::ask;
use super::asked::{Approved, Asked, Carried};
use super::deadlines::Deadlines;
use super::out::{Done, Failure, Outcome, read_file};
use super::private;
use super::session::{Connection, Session, Signing, failure};
use super::text::amount::{self, Typed, Unit, minor};
use super::text::{self, time};
use clap::Args;
use remit_verifier::limits::{LEASE_PROOF_BYTES_MAX, LEASE_SETTLE_MIN};
use remit_verifier::object::{self, Act, Lease as Terms, Purpose, Reference};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::till::Wallet;
use remit_verifier::types::{Nonce, ObjectId, TillId};
use std::path::{Path, PathBuf};

/// The proof of the lease: what the payee is given.
pub(super) const PROOF: &str = "lease-proof.cbor";
/// What the holder keeps.
pub(super) const WALLET: &str = "wallet.cbor";
/// The unit as it is typed: its name and decimals.
pub(super) const UNIT: &str = "unit.txt";

/// Locks an amount for one till of a payee, who then takes vouchers for it offline; the holder signs.
///
/// With --out, the proof for the payee and the wallet that signs vouchers are put in a folder. With --ask, approvers
/// are asked first: the value waits, and --approved opens the lease once they said yes. They say yes to this till,
/// this amount and these deadlines; a voucher above the amount that needs approval by itself is refused all the same.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit lease TOKEN --payee HOTEL --till 7a…7a --amount '3000 CNY' --spend-until 8h \\
      --settle-by 1d --key hotel-agent.pem --out stay/
  remit lease TOKEN --payee HOTEL --till 7a…7a --amount '9000 CNY' --spend-until 2d \\
      --settle-by 3d --key hotel-agent.pem --ask request.json
  remit lease --approved request.json --approval ann.cbor --key hotel-agent.pem --out stay/")]
pub(super) struct Lease {
    /// The token; a logged one.
    #[arg(value_parser = text::id, required_unless_present = "approved")]
    token: Option<ObjectId>,
    /// The party that takes the vouchers.
    #[arg(long, value_name = "ID", value_parser = text::id, required_unless_present = "approved")]
    payee: Option<ObjectId>,
    /// Which till of the payee, as he names it: 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", value_parser = text::id, required_unless_present = "approved")]
    till: Option<ObjectId>,
    /// How much, in a unit by name or id.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed, required_unless_present = "approved")]
    amount: Option<Typed>,
    /// Until when vouchers are taken; --settle-by is at least ten minutes later.
    #[arg(long, value_name = "TIME", default_value = "8h")]
    spend_until: String,
    #[command(flatten)]
    deadlines: Deadlines,
    /// A folder for the proof and the wallet.
    #[arg(long, value_name = "DIR", conflicts_with = "prepare")]
    out: Option<PathBuf>,
    #[command(flatten)]
    asking: Asking,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Asking for a lease, and opening one that was asked for.
#[derive(Args)]
#[command(next_help_heading = "Approvals")]
struct Asking {
    /// Asks the approvers for the lease, in place of opening it, and writes the request to a file.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["approved", "out"])]
    ask: Option<PathBuf>,
    /// Until when approvers decide, a week at most; without it two days, or until --spend-until.
    #[arg(long, value_name = "TIME", requires = "ask")]
    decide_by: Option<String>,
    /// Only writes the request: nothing is signed or held, and approvals travel (`remit approvals sign`).
    #[arg(long, requires = "ask", conflicts_with_all = ["save", "prepare"])]
    unsubmitted: bool,
    /// Opens what --ask wrote to this file: token, payee, till, amount and deadlines are those of the file.
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["token", "payee", "till", "amount", "spend_until", "settle_by", "refund_until"])]
    approved: Option<PathBuf>,
    /// A signed approval that travels along, beside those on the ledger; may be repeated.
    #[arg(long = "approval", value_name = "FILE", requires = "approved")]
    approvals: Vec<PathBuf>,
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
        let carried = Approved::of(self.asking.approved.clone(), self.asking.approvals.clone()).read()?;
        let session = self.connection.open()?;
        // What is locked can be spent, or it is not locked at all.
        self.out.as_deref().map(require_room).transpose()?;
        let (terms, unit) = match &carried {
            Some(carried) => approved(&session, carried)?,
            None => self.typed(&session)?,
        };
        if let Some(file) = &self.asking.ask {
            return self.ask(&session, &terms, unit, file);
        }
        let signer = session.signer(&self.signing.who)?;
        let approvals = carried.map(|carried| carried.approvals).unwrap_or_default();
        let mut client = session.client();
        let draft = client.lease_approved(session.now, terms, approvals, &signer);
        let draft = draft.map_err(Failure::usage)?;
        let what = format!("lease of {} for {}", unit.show(terms.amount), terms.payee);
        let done = self.signing.keep.send(&session, &client, draft, &what)?;
        let (spend_until, settle_by) = (terms.spend_until, terms.settle_by);
        let done = done
            .line(format!("spent until {}, settled by {}", time::show(spend_until), time::show(settle_by)))
            .with("amount_minor", terms.amount.to_string())
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

    /// The lease as it is typed.
    fn typed(&self, session: &Session) -> Result<(Terms, Unit), Failure> {
        let missing =
            || Failure::usage("which lease?").hint("TOKEN --payee ID --till HEX --amount 'AMOUNT UNIT'");
        let (token, amount) = (self.token.ok_or_else(missing)?, self.amount.as_ref().ok_or_else(missing)?);
        let (payee, till) = (self.payee.ok_or_else(missing)?, self.till.ok_or_else(missing)?);
        let unit = session.unit(&amount.unit)?;
        let amount = minor(&amount.number, unit.decimals).map_err(Failure::usage)?;
        let spend_until = session.instant(&self.spend_until)?;
        let (settle_by, refund_until) = self.deadlines.read(session)?;
        if settle_by.0 < spend_until.0.saturating_add(LEASE_SETTLE_MIN.0) {
            return Err(Failure::usage("--settle-by is less than ten minutes after --spend-until")
                .hint("a till whose clock is slow needs that time to settle"));
        }
        let epoch = session.chain(&token, None)?.epoch().0;
        let (till, unit_id) = (TillId(till.0), unit.id);
        let request_nonce = None;
        let terms = Terms {
            token,
            epoch,
            payee,
            till,
            amount,
            unit: unit_id,
            spend_until,
            settle_by,
            refund_until,
            request_nonce,
        };
        Ok((terms, unit))
    }

    /// Asks the approvers for the lease.
    fn ask(&self, session: &Session, terms: &Terms, unit: Unit, file: &Path) -> Outcome {
        let now = session.now.seconds();
        let decide_by = match &self.asking.decide_by {
            Some(text) => ask::decide_by(text, now)?,
            None => ask::decide_by("2d", now)?.min(terms.spend_until),
        };
        if decide_by > terms.spend_until {
            return Err(Failure::usage("--decide-by is after --spend-until")
                .hint("whoever decides then says yes to a lease that is over"));
        }
        let mut client = session.client();
        let asking = object::Asking {
            token: terms.token,
            epoch: terms.epoch,
            payee: terms.payee,
            purpose: Purpose::Lease(terms.terms()),
            payment: Some((terms.amount, unit.id)),
            nonce: Nonce(client.random().map_err(Failure::internal)?),
        };
        let ledger = session.ledger;
        let (arguments, unit, decide_by) = (Vec::new(), Some(unit), Some(decide_by));
        let asked = Asked { ledger, asking, arguments, unit, decide_by };
        if self.asking.unsubmitted {
            return ask::write_only(&asked, file);
        }
        let signer = session.signer(&self.signing.who)?;
        ask::submit(session, &mut client, &asked, (&signer, &self.signing), file)
    }
}

/// The lease that was asked for.
fn approved(session: &Session, carried: &Carried) -> Result<(Terms, Unit), Failure> {
    let asking = &carried.asked.asking;
    let requested = asking.requested(carried.asked.decide_by.unwrap_or_default());
    let terms = requested.and_then(|requested| requested.to_lease(asking.nonce)).ok_or_else(|| {
        Failure::usage("what was approved is no lease").hint("`remit reserve --approved FILE` carries it out")
    })?;
    let chain = session.chain(&asking.token, None)?;
    carried.require(&session.ledger, &asking.token, chain.epoch().0)?;
    Ok((terms, session.unit(&terms.unit.to_string())?))
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
    let mut held = private::hold(&dir.join(WALLET), private::A_MOMENT)?;
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
