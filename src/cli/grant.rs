//! `remit issue`, `delegate`, `attenuate`: new tokens.

use super::chain::Chain;
use super::key;
use super::out::{Done, Failure, Outcome, read_file};
use super::session::{Connection, Session, Signing};
use super::spec::SpecArgs;
use super::text::time;
use super::{clock, private, text};
use crate::client::{Client, Randomness, TokenSpec};
use clap::Args;
use remit_verifier::limits::{OFFLINE_LINK_LIFE_MAX, PRESENTATION_BYTES_MAX};
use remit_verifier::sign::Signer as _;
use remit_verifier::types::{LedgerId, ObjectId, Seconds};
use remit_verifier::verify::Presentation;
use std::path::PathBuf;

/// Issues a root token; the issuer signs.
///
/// A root allows only what it states: without --allow it covers nothing, without --budget it holds no money.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit issue --issuer PARTY --to did:key:z6Mk… --expires 30d --key company.pem \\
      --delegate offline:3 --budget '20000.00 CNY' \\
      --allow 'service=AIRLINE action=book resource=flights/** if amount le 5000'")]
pub(super) struct Issue {
    /// The issuer's party id.
    #[arg(long, value_name = "ID", value_parser = text::id)]
    issuer: ObjectId,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Passes a part of a token on, to somebody else or to yourself; its holder signs.
///
/// The child is admitted by the ledger and can be revoked by itself. What is not stated is inherited.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit delegate TOKEN --to did:key:z6Mk… --expires 7d --budget '12000.00 CNY' --key assistant.pem")]
pub(super) struct Delegate {
    /// The token that is passed on.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Appends a link to a presentation, without any ledger: good for an hour at most.
///
/// Reads a presentation, signs a narrower link for another key, and writes the longer presentation. `cut` on the
/// logged token above ends all such links.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit attenuate --presentation p.cbor --out for-agent.cbor --to did:key:z6Mk… --expires 30m \\
      --allow 'action=book resource=rooms/12' --budget '800.00 CNY' --key hotel-agent.pem")]
pub(super) struct Attenuate {
    /// The presentation to append to; budgets need one that shows their unit.
    #[arg(long, value_name = "FILE")]
    presentation: PathBuf,
    /// Where the longer presentation goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    spec: SpecArgs,
    /// The key file of the holder of the last link.
    #[arg(long, env = "REMIT_KEY", value_name = "FILE")]
    key: PathBuf,
}

impl Issue {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let spec = claims(&self.spec, &session)?;
        let signer = session.signer(&self.signing.who)?;
        let mut client = session.client();
        let draft = client.root(session.now, self.issuer, &spec, &signer).map_err(Failure::usage)?;
        self.signing.keep.send(&session, &client, draft, "root token")
    }
}

impl Delegate {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let epoch = session.chain(&self.token, None)?.epoch().0;
        let spec = below_a_root(claims(&self.spec, &session)?)?;
        let signer = session.signer(&self.signing.who)?;
        let mut client = session.client();
        let draft = client.child(session.now, self.token, epoch, &spec, &signer).map_err(Failure::usage)?;
        self.signing.keep.send(&session, &client, draft, "token")
    }
}

impl Attenuate {
    pub(super) fn run(self) -> Outcome {
        let bytes = read_file(&self.presentation, PRESENTATION_BYTES_MAX)?;
        let unreadable =
            |error| Failure::usage(format!("{}: no presentation: {error:?}", self.presentation.display()));
        let mut shown = Presentation::decode(&bytes).map_err(unreadable)?;
        let ledger: LedgerId = shown.ledger;
        let now = clock::now()?;
        let chain = Chain::read(&bytes, &ledger, None, now)?;
        let unit = |name: &str| {
            chain.unit(name).ok_or_else(|| {
                Failure::usage(format!("the presentation does not show the unit {name}"))
                    .hint("`remit present TOKEN --unit NAME` makes one that does")
            })
        };
        let spec = below_a_root(self.spec.claims(now, unit)?)?;
        let signer = key::open(&self.key)?;
        chain.require_holder(&signer.public_key())?;
        let mut client = Client::new(ledger, Randomness::System);
        let parent = chain.last()?.id;
        let (id, link) = client.link(now, parent, chain.epoch(), &spec, &signer).map_err(Failure::usage)?;
        shown.tokens.push(&link);
        let longer = shown.encode();
        Presentation::decode(&longer)
            .map_err(|error| Failure::usage(format!("the link is not good: {error:?}")))?;
        private::write(&self.out, &longer)?;
        let mut done = Done::say(format!("link {id} in {}", self.out.display()));
        let good_from = Seconds(spec.expires.0.saturating_sub(OFFLINE_LINK_LIFE_MAX.0));
        if good_from > now.seconds() {
            let from = time::show(good_from);
            done =
                done.line(format!("a link is good for an hour at most: this one from {from} until it ends"));
        }
        Ok(done
            .line("no ledger was asked: whether every link above allows it is for the service to see")
            .with("id", id.to_string())
            .with("parent", parent.to_string())
            .with("file", &self.out))
    }
}

/// Requires that nothing is stated that only a root may state.
fn below_a_root(spec: TokenSpec) -> Result<TokenSpec, Failure> {
    match spec.entries {
        Some(_) => Err(Failure::usage("only a root counts entries, for all tokens below it")
            .hint("leave --entries away, or state it with `remit issue`")),
        None => Ok(spec),
    }
}

fn claims(spec: &SpecArgs, session: &Session) -> Result<TokenSpec, Failure> {
    spec.claims(session.now, |name| session.unit(name))
}
