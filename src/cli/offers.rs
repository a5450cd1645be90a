//! `remit offers`: tokens that are for sale, as their sellers signed them; who can still take them away, and until when
//! they are good, out of leaves that are proved where the log's key is known.

use super::chain::Chain;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session};
use super::text::amount::Unit;
use super::text::{self, plain, time, word};
use super::{clock, look};
use crate::keys::did;
use clap::{Args, Subcommand};
use remit_verifier::object::Price;
use remit_verifier::state::Life;
use remit_verifier::types::{Amount, Epoch, ObjectId, Seconds};
use serde_json::{Map, Value, json};

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

/// An offer as its seller signed it, with the chain of what is sold.
pub(super) struct Offered {
    pub(super) id: ObjectId,
    pub(super) token: ObjectId,
    pub(super) epoch: Epoch,
    pub(super) payee: ObjectId,
    /// As the payee called itself when it was registered.
    payee_name: String,
    pub(super) amount: Amount,
    pub(super) unit: Unit,
    until: Seconds,
    /// The entry that made it.
    entry: Value,
    /// Whether the ledger says that it is void.
    void: bool,
    pub(super) chain: Chain,
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
        let (mut lines, mut offers) = (Vec::new(), Vec::new());
        session.pages("/v1/offers", "offers", |view| {
            let id = view["id"].as_str().and_then(|text| text::id(text).ok());
            let id = id.ok_or_else(|| Failure::internal("an offer has no id").coded("bad_answer"))?;
            let offered = match Offered::read(&session, id, view) {
                Ok(offered) => offered,
                // What one of them lacks hides none of the others.
                Err(failure) => {
                    eprintln!("offer {id} is left out: {failure}");
                    return Ok(());
                }
            };
            if offered.obstacle(&session)?.is_none() {
                lines.extend(offered.lines());
                offers.push(offered.fields());
            }
            Ok(())
        })?;
        if offers.is_empty() {
            lines.push("nothing is for sale".into());
        }
        Ok(Done::say(lines.join("\n")).with("offers", offers))
    }
}

impl Show {
    fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let offered = Offered::standing(&session, &self.offer)?;
        let obstacle = offered.obstacle(&session)?.map(|why| format!("  void: {why}"));
        let lines: Vec<String> =
            offered.lines().into_iter().chain(obstacle.clone()).chain(offered.left(&session)?).collect();
        let token = session.json(&format!("/v1/tokens/{}", offered.token))?;
        let state = if obstacle.is_some() { "void" } else { "standing" };
        let done = Done::say(lines.join("\n")).with_all(offered.fields()).with("state", state);
        Ok(done.with("budgets", &token["budgets"]))
    }
}

impl Offered {
    /// An offer that is not closed, as the ledger says.
    pub(super) fn standing(session: &Session, offer: &ObjectId) -> Result<Self, Failure> {
        let view = session.json(&format!("/v1/offers/{offer}")).map_err(|failure| match failure.code() {
            "not_found" => Failure::refused("unknown_offer", format!("the ledger has no offer {offer}")),
            _ => failure,
        })?;
        if view["state"] == "closed" {
            return Err(Failure::refused("offer_closed", format!("offer {offer} stands no more")));
        }
        Self::read(session, *offer, &view)
    }

    /// What the seller signed, and the chain of what he sells; of the view, where it is and whether it is void.
    fn read(session: &Session, id: ObjectId, view: &Value) -> Result<Self, Failure> {
        let (terms, price) = session.offered(&id, view)?;
        let unit = session.unit(&price.unit.to_string())?;
        let chain = session.chain(&terms.token, Some(&unit.id))?;
        let Price { amount, payee, until, .. } = price;
        let (token, epoch, payee_name) = (terms.token, terms.epoch, session.keyring(&payee)?.name);
        let (entry, void) = (view["entry"].clone(), view["state"] == "void");
        Ok(Self { id, token, epoch, payee, payee_name, amount, unit, until, entry, void, chain })
    }

    /// Why nobody can buy it now, if that is so.
    fn obstacle(&self, session: &Session) -> Result<Option<&'static str>, Failure> {
        // The ledger's own time is that of its last entry, which may be a heartbeat ago.
        let now = clock::now()?.max(session.now).seconds();
        let leaves = || self.chain.links.iter().filter_map(|link| link.leaf.as_ref());
        Ok(if self.until <= now {
            Some("its time is over")
        } else if self.chain.epoch().0 != self.epoch {
            Some("its token has another holder since")
        } else if leaves().any(|leaf| leaf.life != Life::Live) {
            Some("its token, or one above it, is revoked or ended")
        } else if leaves().any(|leaf| leaf.mask != 0) {
            Some("its token, or one above it, is suspended")
        } else if self.void {
            Some("as the ledger says")
        } else {
            None
        })
    }

    /// Requires that it can be bought, before somebody signs what is refused.
    pub(super) fn require_sale(&self, session: &Session) -> Result<(), Failure> {
        match self.obstacle(session)? {
            None => Ok(()),
            Some(why) => {
                Err(Failure::refused("offer_closed", format!("offer {} stands no more: {why}", self.id)))
            }
        }
    }

    /// Until when the token is good: as long as everything above it.
    fn expires(&self) -> Seconds {
        self.chain.links.iter().map(|link| link.token.expires).min().unwrap_or_default()
    }

    /// Whose approval its uses need, by token.
    fn approvals(&self) -> Vec<(ObjectId, String)> {
        let unit = |id: &ObjectId| self.chain.unit(&id.to_string());
        let links = self.chain.links.iter();
        let ruled = links.filter_map(|link| Some((link.id, link.token.approval.as_ref()?)));
        ruled.map(|(token, rule)| (token, text::approval::show(rule, unit))).collect()
    }

    /// Token, price, end, and what whoever buys it should know; a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let holder = self.chain.links.last().map(|link| did::to_text(&link.holder())).unwrap_or_default();
        let mut lines = vec![
            format!("offer {}", self.id),
            format!("  token {}, epoch {}, held by {holder}", self.token, self.epoch.0),
            format!("  for {} to {}", plain(&self.unit.show(self.amount)), self.payee),
            format!("  {} calls itself {}", self.payee, word(&self.payee_name)),
            format!("  until {}", time::show(self.until)),
            format!("  the token is good until {}", time::show(self.expires())),
        ];
        for (token, rule) in self.approvals() {
            lines.push(format!("  uses need approval, by token {token}: {rule}"));
        }
        lines.push(match self.chain.as_of {
            Some(at) => format!(
                "  can be revoked or suspended, whoever holds it, proved as of {}, by",
                time::show(at.seconds())
            ),
            None => "  can be revoked or suspended, whoever holds it, as the server says, by".into(),
        });
        for above in self.upstream() {
            let keys = above["keys"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let keys = keys.collect::<Vec<_>>().join(", ");
            let whom = match (above["party"].as_str(), above["token"].as_str()) {
                (Some(party), _) => format!("issuer {party}"),
                (None, token) => format!("holder of token {}", token.unwrap_or_default()),
            };
            lines.push(format!("    {whom}: {keys}"));
        }
        lines
    }

    /// Who can still take the token away: the issuer, then the holders above, the root's first.
    fn upstream(&self) -> Vec<Value> {
        let issuer = self.chain.issuer().map(|(issuer, party)| {
            let keys: Vec<String> = party.keys.iter().map(did::to_text).collect();
            json!({ "position": 1, "party": issuer.to_string(), "keys": keys })
        });
        let above = self.chain.links.split_last().map(|(_, above)| above).unwrap_or_default();
        let holders = (2..).zip(above).map(|(position, link)| {
            let keys = [did::to_text(&link.holder())];
            json!({ "position": position, "token": link.id.to_string(), "keys": keys })
        });
        issuer.into_iter().chain(holders).collect()
    }

    /// What is left of the token: its values are private, and no presentation has them.
    pub(super) fn left(&self, session: &Session) -> Result<Vec<String>, Failure> {
        let token = session.json(&format!("/v1/tokens/{}", self.token))?;
        let budgets = look::budgets(&token);
        let lines = budgets.lines().map(|line| format!("  {}", line.trim_end()));
        Ok(["  left, as the server says; `buy --min` makes it a condition".to_owned()]
            .into_iter()
            .chain(lines)
            .collect())
    }

    /// The same as JSON.
    pub(super) fn fields(&self) -> Value {
        let approvals = self.approvals().into_iter().map(|(token, rule)| (token.to_string(), json!(rule)));
        json!({
            "id": self.id.to_string(),
            "token": self.token.to_string(),
            "epoch": self.epoch.0,
            "seller": self.chain.links.last().map(|link| did::to_text(&link.holder())),
            "payee": self.payee.to_string(),
            "payee_name": self.payee_name,
            "amount": self.amount.to_string(),
            "unit": self.unit.id.to_string(),
            "unit_name": self.unit.name,
            "decimals": self.unit.decimals,
            "until_s": self.until.0,
            "expires_s": self.expires().0,
            "approvals": approvals.collect::<Map<_, _>>(),
            "entry": self.entry,
            "upstream": self.upstream(),
            "as_of_ms": self.chain.as_of.map(|at| at.0),
            "proved": self.chain.as_of.is_some(),
        })
    }
}
