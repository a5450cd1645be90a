//! `remit request`: asks approvers for one use of a token.

use super::asked::{Asked, digests};
use super::chain::Chain;
use super::clock;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session, Signing};
use super::spend::{Shown, What};
use super::text::amount::{self, Typed, Unit, some};
use super::text::time;
use crate::client::{Client, Randomness};
use clap::Args;
use remit_verifier::limits::APPROVAL_VALIDITY_MAX;
use remit_verifier::object::{Act, Asking, Purpose};
use remit_verifier::sign::{Draft, DraftBody, Signer};
use remit_verifier::types::{Amount, LedgerId, Nonce, Seconds};
use remit_verifier::verify::Presentation;
use std::path::{Path, PathBuf};

/// Asks approvers for one use of a token, and has the ledger hold its value until they decide; the holder signs.
///
/// Writes a file that `remit reserve --approved` carries out once they said yes. Whoever gets the file sees the
/// arguments in the clear. What is not carried out comes back when the time to decide has passed, or with `remit
/// approvals withdraw`.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit request TOKEN --service AIRLINE --action book --resource flights/CA1501 \\
      --argument amount=8000 --amount '8000 CNY' --decide-by 2d --key agent.pem --out request.json
  remit request TOKEN --service HOTEL --action open --resource rooms/12 \\
      --unsubmitted --out request.json")]
pub(super) struct RequestCommand {
    #[command(flatten)]
    shown: Shown,
    #[command(flatten)]
    what: What,
    /// How much, in a unit by name or id; what waits on the ledger has an amount.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed, required_unless_present = "unsubmitted")]
    amount: Option<Typed>,
    /// Until when approvers decide; a week at most.
    #[arg(long, value_name = "TIME", default_value = "2d")]
    decide_by: String,
    /// Where the request is written: what approvers sign without the ledger, and what is carried out later.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only writes the file: nothing is signed or held, and approvals travel (`remit approvals sign`).
    #[arg(long, conflicts_with_all = ["save", "prepare"])]
    unsubmitted: bool,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

impl RequestCommand {
    pub(super) fn run(self) -> Outcome {
        if self.unsubmitted { self.write_only() } else { self.submit() }
    }

    /// What is asked, with the nonce that makes it this request.
    fn asked(
        &self,
        client: &mut Client,
        (ledger, chain): (LedgerId, &Chain),
        payment: Option<(Amount, Unit)>,
        nonce: Nonce,
        decide_by: Seconds,
    ) -> Result<Asked, Failure> {
        let what = self.what.salted(client)?.ok_or_else(|| {
            Failure::usage("for which use?").hint("--service ID --action NAME --resource PATH")
        })?;
        let asking = Asking {
            token: chain.last()?.id,
            epoch: chain.epoch().0,
            payee: what.audience,
            purpose: Purpose::Use {
                action: what.action,
                resource: what.resource,
                arguments: digests(&what.arguments),
            },
            payment: payment.as_ref().map(|(amount, unit)| (*amount, unit.id)),
            nonce,
        };
        let unit = payment.map(|(_, unit)| unit);
        Ok(Asked { ledger, asking, arguments: what.arguments, unit, decide_by: Some(decide_by) })
    }

    fn submit(&self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let decide_by = decide_by(&self.decide_by, session.now.seconds())?;
        let typed =
            self.amount.as_ref().ok_or_else(|| Failure::usage("how much?").hint("--amount 'AMOUNT UNIT'"))?;
        let unit = session.unit(&typed.unit)?;
        let amount = some(&typed.number, unit.decimals).map_err(Failure::usage)?;
        let chain = session.read_chain(&self.shown.fresh(&session, Some(&unit.id))?)?;
        chain.require_holder(&signer.public_key())?;
        if chain.last()?.leaf.is_none() {
            return Err(Failure::usage("an offline link asks nobody on the ledger")
                .hint("--unsubmitted writes the request, and approvals travel: `remit approvals sign`"));
        }
        let mut client = session.client();
        let nonce = Nonce(client.random().map_err(Failure::internal)?);
        let asked =
            self.asked(&mut client, (session.ledger, &chain), Some((amount, unit)), nonce, decide_by)?;
        submit(&session, &mut client, &asked, (&signer, &self.signing), &self.out)
    }

    fn write_only(&self) -> Outcome {
        let now = clock::now()?;
        let decide_by = decide_by(&self.decide_by, now.seconds())?;
        let (session, bytes) = match self.shown.file()? {
            Some(bytes) => (None, bytes),
            None => {
                let session = self.connection.open()?;
                let bytes = self.shown.fresh(&session, None)?;
                (Some(session), bytes)
            }
        };
        let shown =
            Presentation::decode(&bytes).map_err(|_| Failure::usage("the file is no presentation"))?;
        let chain = match &session {
            Some(session) => session.read_chain(&bytes)?,
            None => Chain::read(&bytes, &shown.ledger, None, now)?,
        };
        let payment =
            self.amount.as_ref().map(|typed| payment(typed, session.as_ref(), &chain)).transpose()?;
        let mut client = Client::new(shown.ledger, Randomness::System);
        let nonce = Nonce(client.random().map_err(Failure::internal)?);
        let asked = self.asked(&mut client, (shown.ledger, &chain), payment, nonce, decide_by)?;
        write_only(&asked, &self.out)
    }
}

/// Until when approvers decide.
pub(super) fn decide_by(text: &str, now: Seconds) -> Result<Seconds, Failure> {
    let by = time::instant(text, now.millis()).map_err(Failure::usage)?;
    if by <= now || by.0 - now.0 > APPROVAL_VALIDITY_MAX.0 {
        return Err(Failure::usage(format!("`{text}`: the time to decide lies ahead, a week at most")));
    }
    Ok(by)
}

/// Writes a request that nothing is held for.
pub(super) fn write_only(asked: &Asked, out: &Path) -> Outcome {
    asked.write(out)?;
    let done = Done::say(format!("request written to {}; nothing is held", out.display()));
    let done = done.with("status", "unsubmitted");
    Ok(say(done, asked, out)
        .line(format!("an approver signs it with `remit approvals sign {}`", out.display())))
}

/// Writes a request, signs it and has the ledger hold its value.
pub(super) fn submit(
    session: &Session,
    client: &mut Client,
    asked: &Asked,
    (signer, signing): (&dyn Signer, &Signing),
    out: &Path,
) -> Outcome {
    let draft = draft(client, session, asked, signer)?;
    asked.write(out)?;
    let asking = &asked.asking;
    let amount = match (&asking.payment, &asked.unit) {
        (Some((amount, _)), Some(unit)) => unit.show(*amount),
        _ => "an amount".into(),
    };
    let what = match asking.purpose {
        Purpose::Use { .. } => format!("request for {amount} at {}", asking.payee),
        Purpose::Lease(_) => format!("request for a lease of {amount} for {}", asking.payee),
    };
    // The file is the only copy of nonce and salts, and stays whatever is answered: its bytes can be applied later.
    let done = signing.keep.send(session, client, draft, &what).map_err(|failure| {
        let (request, kept) = (asked.id(), out.display());
        failure.note(format!("request {request} is kept in {kept}; another file asks anew"))
    })?;
    Ok(say(done, asked, out).line(format!(
        "`remit approvals approve {}` on the ledger, or `remit approvals sign {}` without it",
        asked.id(),
        out.display()
    )))
}

/// The request as it is submitted: the nonce of its stamp is that of the request.
fn draft<'s>(
    client: &mut Client,
    session: &Session,
    asked: &Asked,
    signer: &'s dyn Signer,
) -> Result<Draft<'s>, Failure> {
    let asking = &asked.asking;
    let requested = asking.requested(asked.decide_by.unwrap_or_default());
    let requested = requested.ok_or_else(|| Failure::usage("what waits on the ledger has an amount"))?;
    let mut draft = client.act(session.now, Act::Request(requested), &[signer]).map_err(Failure::usage)?;
    if let DraftBody::Act(stamp, ..) = &mut draft.body {
        stamp.nonce = asking.nonce;
    }
    Ok(draft)
}

/// The amount in a unit that the ledger names, or the presentation shows.
fn payment(typed: &Typed, session: Option<&Session>, chain: &Chain) -> Result<(Amount, Unit), Failure> {
    let unit = match session {
        Some(session) => session.unit(&typed.unit)?,
        None => chain.unit(&typed.unit).ok_or_else(|| {
            Failure::usage(format!("the presentation does not show the unit {}", typed.unit))
                .hint("`remit present TOKEN --unit NAME` makes one that does")
        })?,
    };
    Ok((some(&typed.number, unit.decimals).map_err(Failure::usage)?, unit))
}

fn say(done: Done, asked: &Asked, out: &Path) -> Done {
    let until = asked.decide_by.unwrap_or_default();
    done.line(format!("request {} waits until {}, in {}", asked.id(), time::show(until), out.display()))
        .with("request", asked.id().to_string())
        .with("decide_by_s", until.0)
        .with("file", out)
}
