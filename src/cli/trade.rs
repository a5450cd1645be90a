//! `remit offer`, `offers`, `buy`: tokens that are for sale, and who can still take them away.

use super::asked::{Approved, Carried};
use super::chain::Chain;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session, Signing};
use super::text::amount::{self, Typed, Unit, minor, some};
use super::text::{plain, time, word};
use super::{key, look, text};
use crate::client::{Ask, Client, Purchase};
use crate::keys::did;
use clap::{Args, Subcommand};
use remit_verifier::limits::OFFER_MAX;
use remit_verifier::object::{Act, BUY, Invocation, Offer as Terms, Payment, Price, Reference, goods};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};
use serde_json::Value;
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

/// Tokens that are for sale: price, end, and who can still revoke or suspend them.
#[derive(Args)]
#[command(after_help = "Examples:\n  remit offers list\n  remit offers show OFFER")]
pub(super) struct Offers {
    #[command(subcommand)]
    command: OffersCommand,
}

#[derive(Subcommand)]
enum OffersCommand {
    /// Lists what can be bought.
    #[command(after_help = "Example:\n  remit offers list")]
    List(Box<List>),
    /// Shows an offer, with what is left of its token.
    #[command(after_help = "Example:\n  remit offers show OFFER")]
    Show(Box<Show>),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct Show {
    /// The offer.
    #[arg(value_parser = text::id)]
    offer: ObjectId,
    #[command(flatten)]
    connection: Connection,
}

/// Buys a token as it is offered: price and token change hands in one entry, or not at all.
///
/// Price, payee and whoever can still revoke or suspend the token are shown before anything is signed. The paying token
/// must allow the action `buy` at the payee, on `tokens/` and the id of what is bought.
#[derive(Args)]
#[command(after_help = "\
Examples:
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
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// An offer as the ledger shows it.
struct Shown {
    id: ObjectId,
    token: ObjectId,
    epoch: Epoch,
    payee: ObjectId,
    amount: Amount,
    unit: Unit,
    until: Seconds,
    view: Value,
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
        let done = self.signing.keep.send(&session, &client, draft, &what)?;
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

impl Offers {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            OffersCommand::List(command) => command.run(),
            OffersCommand::Show(command) => command.run(),
        }
    }
}

impl List {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (mut lines, mut offers, mut after) = (Vec::new(), Vec::new(), None::<u64>);
        loop {
            let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
            let page = session.json(&format!("/v1/offers{query}"))?;
            for view in page["offers"].as_array().into_iter().flatten() {
                let id = view["id"].as_str().and_then(|text| text::id(text).ok());
                let id = id.ok_or_else(|| Failure::internal("an offer has no id").coded("bad_answer"))?;
                let shown = Shown::read(&session, id, view.clone())?;
                lines.extend(shown.lines());
                lines.extend(upstream(&shown.view));
                offers.push(view.clone());
            }
            after = page["next"].as_u64();
            if after.is_none() {
                break;
            }
        }
        if offers.is_empty() {
            lines.push("nothing is for sale".into());
        }
        Ok(Done::say(lines.join("\n")).with("offers", offers))
    }
}

impl Show {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let view = standing(&session, &self.offer)?;
        let shown = Shown::read(&session, self.offer, view)?;
        let mut lines = shown.lines();
        lines.extend(upstream(&shown.view));
        let token = session.json(&format!("/v1/tokens/{}", shown.token))?;
        lines.extend(look::budgets(&token).lines().map(|line| format!("  {}", line.trim_end())));
        Ok(Done::say(lines.join("\n")).with("budgets", &token["budgets"]).with_all(shown.view))
    }
}

/// An offer that is not closed.
fn standing(session: &Session, offer: &ObjectId) -> Result<Value, Failure> {
    let view = session.json(&format!("/v1/offers/{offer}")).map_err(|failure| match failure.code() {
        "not_found" => Failure::refused("unknown_offer", format!("the ledger has no offer {offer}")),
        _ => failure,
    })?;
    if view["state"] == "closed" {
        return Err(Failure::refused("offer_closed", format!("offer {offer} stands no more")));
    }
    Ok(view)
}

impl Shown {
    /// What the seller signed; of the view, whether it still stands, and who is upstream.
    fn read(session: &Session, id: ObjectId, view: Value) -> Result<Self, Failure> {
        let (terms, price) = session.offered(&id, &view)?;
        let unit = session.unit(&price.unit.to_string())?;
        let Price { amount, payee, until, .. } = price;
        Ok(Self { id, token: terms.token, epoch: terms.epoch, payee, amount, unit, until, view })
    }

    /// Token, price and end, a line each.
    fn lines(&self) -> Vec<String> {
        let text = |name: &str| plain(self.view[name].as_str().unwrap_or_default());
        let state = match self.view["state"].as_str() {
            Some("standing") => "",
            _ => ", void: its time has run out, or its token has another epoch or holder",
        };
        vec![
            format!("offer {}{state}", self.id),
            format!("  token {}, epoch {}, held by {}", self.token, self.epoch.0, text("seller")),
            format!("  for {} to {}", plain(&self.unit.show(self.amount)), self.payee),
            format!(
                "  {} calls itself {}",
                self.payee,
                word(self.view["payee_name"].as_str().unwrap_or_default())
            ),
            format!("  until {}", time::show(self.until)),
        ]
    }
}

/// Who can still take the token away, as the ledger shows it.
fn upstream(view: &Value) -> Vec<String> {
    let mut lines = vec!["  can be revoked or suspended, whoever holds it, by".into()];
    for above in view["upstream"].as_array().into_iter().flatten() {
        let keys = above["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let keys = keys.map(plain).collect::<Vec<_>>().join(", ");
        let whom = match (above["party"].as_str(), above["token"].as_str()) {
            (Some(party), _) => format!("issuer {}", plain(party)),
            (None, token) => format!("holder of token {}", plain(token.unwrap_or_default())),
        };
        lines.push(format!("    {whom}: {keys}"));
    }
    lines
}

/// The same out of the chain, whose leaves are proved where the log's key is known.
fn proved_upstream(chain: &Chain) -> Vec<String> {
    let mut lines = vec!["  can be revoked or suspended, whoever holds it, by".into()];
    if let Some((issuer, party)) = chain.issuer() {
        let keys: Vec<String> = party.keys.iter().map(did::to_text).collect();
        lines.push(format!("    issuer {issuer}: {}", keys.join(", ")));
    }
    for link in chain.links.split_last().map(|(_, above)| above).unwrap_or_default() {
        lines.push(format!("    holder of token {}: {}", link.id, did::to_text(&link.holder())));
    }
    lines
}

impl Buy {
    pub(super) fn run(self) -> Outcome {
        let carried = Approved::of(self.approved.clone(), self.approvals.clone()).read()?;
        let session = self.connection.open()?;
        let payer = session.signer(&self.signing.who)?;
        let buyer = self.to_key.as_deref().map(key::open).transpose()?;
        let shown = Shown::read(&session, self.offer, standing(&session, &self.offer)?)?;
        let chain = session.chain(&shown.token, Some(&shown.unit.id))?;
        let purse = session.chain(&self.purse, Some(&shown.unit.id))?;
        purse.require_holder(&payer.public_key())?;
        if let Some(carried) = &carried {
            carried.require(&session.ledger, &self.purse, purse.epoch().0)?;
        }
        let minimum = self.minimum(&session)?;
        // Before anything is signed, whoever buys sees who keeps his hand on it.
        for line in shown.lines().into_iter().chain(proved_upstream(&chain)) {
            eprintln!("{line}");
        }
        let mut client = session.client();
        let pays = self.pays(&session, &mut client, (&shown, &purse), carried.as_ref(), &payer)?;
        let purchase = Purchase {
            token: shown.token,
            epoch: shown.epoch,
            offer: Reference::Id(shown.id),
            minimum,
            payment: 0,
        };
        let buyer = buyer.as_ref().unwrap_or(&payer);
        let takes = client.trade(session.now, &purchase, buyer).map_err(Failure::usage)?;
        let what = format!("purchase of token {} for {}", shown.token, shown.unit.show(shown.amount));
        let done = self.signing.keep.send_all(&session, &client, vec![pays, takes], &what)?;
        let holder = did::to_text(&buyer.public_key());
        Ok(done
            .line(format!("held by {holder}"))
            .with("token", shown.token.to_string())
            .with("offer", shown.id.to_string())
            .with("holder", holder)
            .with("amount_minor", shown.amount.to_string())
            .with("unit", shown.unit.id.to_string()))
    }

    fn minimum(&self, session: &Session) -> Result<Vec<(ObjectId, Amount)>, Failure> {
        let least = |typed: &Typed| {
            let unit = session.unit(&typed.unit)?;
            Ok((unit.id, minor(&typed.number, unit.decimals).map_err(Failure::usage)?))
        };
        let all = self.minimum.iter().map(least).collect::<Result<Vec<_>, Failure>>()?;
        Ok(all.into_iter().filter(|(_, least)| *least != Amount(0)).collect())
    }

    /// The reserve of the whole price, which the trade captures.
    fn pays<'s>(
        &self,
        session: &Session,
        client: &mut Client,
        (shown, purse): (&Shown, &Chain),
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
