//! `remit offer`, `buy`: tokens that are for sale.

use super::asked::{Approved, Carried};
use super::chain::Chain;
use super::offers::Offered;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session, Signing};
use super::text::amount::{self, Typed, minor, some};
use super::text::time;
use super::{key, text};
use crate::client::{Ask, Client, Purchase};
use crate::keys::did;
use clap::Args;
use remit_verifier::limits::OFFER_MAX;
use remit_verifier::object::{Act, BUY, Invocation, Offer as Terms, Payment, Price, Reference, goods};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, ObjectId, Seconds};
use std::path::PathBuf;

/// Offers a transferable token for a price to whoever pays it, or withdraws that; the holder signs.
///
/// A later offer takes the place of the one before. Who could revoke or suspend the token, being above it, sells none.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit offer TOKEN --price '9000 CNY' --payee PARTY --until 2d --key seller.pem
  remit offer TOKEN --withdraw --key seller.pem")]
pub(super) struct OfferCommand {
    /// The token.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    /// How much, in a unit by name or id.
    #[arg(long, value_name = "AMOUNT", value_parser = amount::typed, required_unless_present = "withdraw",
        requires = "payee")]
    price: Option<Typed>,
    /// The registered party that is paid.
    #[arg(long, value_name = "ID", value_parser = text::id, requires = "price")]
    payee: Option<ObjectId>,
    /// Until when; a week at most.
    #[arg(long, value_name = "TIME", default_value = "2d")]
    until: String,
    /// Withdraws what is offered.
    #[arg(long, conflicts_with_all = ["price", "payee"])]
    withdraw: bool,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Buys a token as it is offered: price and token change hands in one entry, or not at all.
///
/// Price, payee, what is left of the token, until when it is good, whose approval its uses need and whoever can still
/// revoke or suspend it are shown before anything is signed; --dry-run shows them and signs nothing. The paying token
/// must allow the action `buy` at the payee, on `tokens/` and the id of what is bought.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit buy OFFER --from TOKEN --dry-run
  remit buy OFFER --from TOKEN --min '18000 CNY' --key buyer.pem
  remit buy OFFER --from TOKEN --approved request.json --key buyer.pem")]
pub(super) struct Buy {
    /// The offer.
    #[arg(value_parser = text::id)]
    offer: ObjectId,
    /// The token that pays.
    #[arg(long = "from", value_name = "TOKEN", value_parser = text::id)]
    purse: ObjectId,
    /// What must still be left of the token's totals, or nothing is bought; may be repeated for other units.
    #[arg(long = "min", value_name = "AMOUNT", value_parser = amount::typed)]
    minimum: Vec<Typed>,
    /// The key file that will hold the token; without it, the one that pays.
    #[arg(long, value_name = "FILE")]
    to_key: Option<PathBuf>,
    /// Until when the payee may refund the price; without it, not at all.
    #[arg(long, value_name = "TIME")]
    refund_until: Option<String>,
    /// Carries out a request for this purchase that approvers said yes to: what `remit request` wrote.
    #[arg(long, value_name = "FILE")]
    approved: Option<PathBuf>,
    /// A signed approval that travels along, beside those on the ledger; may be repeated.
    #[arg(long = "approval", value_name = "FILE", requires = "approved")]
    approvals: Vec<PathBuf>,
    /// Shows what would be bought, and signs nothing.
    #[arg(long, conflicts_with_all = ["save", "prepare"])]
    dry_run: bool,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

impl OfferCommand {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let chain = session.chain(&self.token, None)?;
        chain.require_holder(&signer.public_key())?;
        let (price, what) = match (&self.price, self.payee) {
            (Some(typed), Some(payee)) => {
                let unit = session.unit(&typed.unit)?;
                let amount = some(&typed.number, unit.decimals).map_err(Failure::usage)?;
                let until = self.until(&session)?;
                let what = format!("offer of token {} for {}", self.token, unit.show(amount));
                (Some(Price { amount, payee, unit: unit.id, until }), what)
            }
            _ => (None, format!("end of the offer of token {}", self.token)),
        };
        let act = Act::Offer(Terms { token: self.token, epoch: chain.epoch().0, price });
        let mut client = session.client();
        let draft = client.act(session.now, act, &[&signer]).map_err(Failure::usage)?;
        let sent = self.signing.keep.send(&session, &client, draft, &what);
        let done = sent.map_err(|failure| match failure.code() {
            "unknown_offer" if self.withdraw => failure.hint("nothing is offered of this token"),
            _ => failure,
        })?;
        Ok(match price {
            Some(price) => {
                done.line(format!("until {}", time::show(price.until))).with("until_s", price.until.0)
            }
            None => done,
        })
    }

    fn until(&self, session: &Session) -> Result<Seconds, Failure> {
        let (until, now) = (session.instant(&self.until)?, session.now.seconds());
        if until <= now || until.0 - now.0 > OFFER_MAX.0 {
            return Err(Failure::usage(format!("`{}`: an offer stands a week at most", self.until)));
        }
        Ok(until)
    }
}

impl Buy {
    pub(super) fn run(self) -> Outcome {
        let carried = Approved::of(self.approved.clone(), self.approvals.clone()).read()?;
        let session = self.connection.open()?;
        let offered = Offered::standing(&session, &self.offer)?;
        // Who is upstream now: whoever shows the state of before hides who came since.
        offered.chain.require_recent()?;
        offered.require_sale(&session)?;
        let purse = session.chain(&self.purse, Some(&offered.unit.id))?;
        let minimum = self.minimum(&session)?;
        // Before anything is signed, whoever buys sees what it is, and who keeps his hand on it.
        let lines = [offered.lines(), offered.left(&session)?].concat();
        if self.dry_run {
            let done = Done::say(lines.join("\n")).line("nothing was signed");
            return Ok(done.with_all(offered.fields()).with("status", "dry_run"));
        }
        let payer = session.signer(&self.signing.who)?;
        let buyer = self.to_key.as_deref().map(key::open).transpose()?;
        purse.require_holder(&payer.public_key())?;
        if let Some(carried) = &carried {
            carried.require(&session.ledger, &self.purse, purse.epoch().0)?;
        }
        lines.iter().for_each(|line| eprintln!("{line}"));
        let mut client = session.client();
        let pays = self.pays(&session, &mut client, (&offered, &purse), carried.as_ref(), &payer)?;
        let purchase = Purchase {
            token: offered.token,
            epoch: offered.epoch,
            offer: Reference::Id(offered.id),
            minimum,
            payment: 0,
        };
        let buyer = buyer.as_ref().unwrap_or(&payer);
        let takes = client.trade(session.now, &purchase, buyer).map_err(Failure::usage)?;
        let what = format!("purchase of token {} for {}", offered.token, offered.unit.show(offered.amount));
        let done = self.signing.keep.send_all(&session, &client, vec![pays, takes], &what)?;
        Ok(bought(done, &offered, &did::to_text(&buyer.public_key())))
    }

    fn minimum(&self, session: &Session) -> Result<Vec<(ObjectId, Amount)>, Failure> {
        let mut all: Vec<(ObjectId, Amount)> = Vec::new();
        for typed in &self.minimum {
            let unit = session.unit(&typed.unit)?;
            if all.iter().any(|(id, _)| *id == unit.id) {
                return Err(Failure::usage(format!("--min names {} twice", text::plain(&unit.name)))
                    .hint("once for each unit, with the amount that must be left"));
            }
            all.push((unit.id, minor(&typed.number, unit.decimals).map_err(Failure::usage)?));
        }
        Ok(all.into_iter().filter(|(_, least)| *least != Amount(0)).collect())
    }

    /// The reserve of the whole price, which the trade captures.
    fn pays<'s>(
        &self,
        session: &Session,
        client: &mut Client,
        (shown, purse): (&Offered, &Chain),
        carried: Option<&Carried>,
        payer: &'s LocalSigner,
    ) -> Result<Draft<'s>, Failure> {
        let refund_until = self.refund_until.as_deref().map(|text| session.instant(text)).transpose()?;
        let ask = Ask {
            token: self.purse,
            epoch: purse.epoch().0,
            audience: shown.payee,
            action: BUY.into(),
            resource: goods(&shown.token).ok_or_else(|| Failure::internal("an id is no path"))?,
            arguments: carried.map(|carried| carried.asked.arguments.clone()).unwrap_or_default(),
            payment: Some(Payment {
                amount: shown.amount,
                unit: shown.unit.id,
                // It is captured in the same entry.
                settle_by: Seconds(session.now.seconds().0 + SETTLE.0),
                refund_until,
            }),
            request: None,
        };
        let invocation = client.invocation(session.now, &ask).map_err(Failure::internal)?;
        let nonce = carried.map(|carried| carried.asked.asking.nonce);
        let approvals = carried.map(|carried| carried.approvals.clone()).unwrap_or_default();
        let invocation = Invocation { request_nonce: nonce, ..invocation };
        Ok(client.reserve_approved(invocation, approvals, payer))
    }
}

/// How long the payment could stay reserved, were it not captured at once.
const SETTLE: Seconds = Seconds(3_600);

/// Says whose it is now, and by which name the price is refunded: that of the trade, which captured it.
fn bought(done: Done, offered: &Offered, holder: &str) -> Done {
    let second = done.field("ids").and_then(|ids| ids.get(1)).and_then(|id| id.as_str()).map(str::to_owned);
    let done = match &second {
        Some(capture) => done.line(format!("the capture of the price is {capture}")),
        None => done,
    };
    done.line(format!("held by {holder}"))
        .with("capture", second)
        .with("token", offered.token.to_string())
        .with("offer", offered.id.to_string())
        .with("holder", holder)
        .with("amount_minor", offered.amount.to_string())
        .with("unit", offered.unit.id.to_string())
}
