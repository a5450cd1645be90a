//! `remit unit`, `issuer`, `freeze`, `unfreeze`: what the operators do.

use super::out::{Failure, Outcome};
use super::prepare::Keep;
use super::session::{Connection, Session};
use super::{key, text};
use crate::client::public_key;
use clap::{Args, Subcommand};
use remit_verifier::limits::UNIT_DECIMALS_MAX;
use remit_verifier::object::{Act, Reference};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::{ObjectId, Rules, StateIndex};
use std::path::PathBuf;

/// Several keys that sign the same thing.
#[derive(Args, Clone)]
pub(super) struct Keys {
    /// A key file that signs; may be repeated. Operators sign with as many keys as the ledger's threshold says.
    #[arg(long = "key", env = "REMIT_KEY", value_name = "FILE", required = true, value_delimiter = ',')]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) keep: Keep,
}

impl Keys {
    pub(super) fn open(&self) -> Result<Vec<LocalSigner>, Failure> {
        self.keys.iter().map(|path| key::open(path)).collect()
    }
}

/// Registers units of value.
#[derive(Args)]
#[command(
    after_help = "Example:\n  remit unit add CNY --decimals 2 --key operator-1.pem --key operator-2.pem"
)]
pub(super) struct Unit {
    #[command(subcommand)]
    command: UnitCommand,
}

#[derive(Subcommand)]
enum UnitCommand {
    /// Registers a unit; the operators sign.
    #[command(
        after_help = "Example:\n  remit unit add CNY --decimals 2 --key operator-1.pem --key operator-2.pem"
    )]
    Add {
        /// Its name: at most 16 capital letters, digits and . _ -, unique in the ledger.
        #[arg(value_parser = text::unit_name)]
        name: String,
        /// Decimals of the major unit, 0 to 9.
        #[arg(long, value_parser = clap::value_parser!(u64).range(0..=UNIT_DECIMALS_MAX))]
        decimals: u64,
        #[command(flatten)]
        keys: Keys,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Appoints issuers.
#[derive(Args)]
#[command(after_help = "Example:\n  remit issuer add PARTY --key operator-1.pem --key operator-2.pem")]
pub(super) struct Issuer {
    #[command(subcommand)]
    command: IssuerCommand,
}

#[derive(Subcommand)]
enum IssuerCommand {
    /// Appoints a party as an issuer of root tokens; the operators sign.
    #[command(after_help = "Example:\n  remit issuer add PARTY --key operator-1.pem --key operator-2.pem")]
    Add {
        /// The party's id.
        #[arg(value_parser = text::id)]
        party: ObjectId,
        #[command(flatten)]
        keys: Keys,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Freezes a token, party, unit, or the whole ledger, in an emergency; the operators sign.
///
/// Everything that creates or widens a claim stops; capture, release and refund of what exists go on. The id that
/// is printed is what `unfreeze` lifts.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit freeze token TOKEN --key operator-1.pem --key operator-2.pem
  remit freeze ledger --key operator-1.pem --key operator-2.pem")]
pub(super) struct Freeze {
    /// What kind of thing.
    what: What,
    /// Its id; not needed for the ledger.
    #[arg(value_parser = text::id)]
    id: Option<ObjectId>,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    connection: Connection,
}

/// Lifts a freeze; the operators sign.
#[derive(Args)]
#[command(
    after_help = "Example:\n  remit unfreeze token TOKEN --freeze ID --key operator-1.pem --key operator-2.pem"
)]
pub(super) struct Unfreeze {
    /// What kind of thing.
    what: What,
    /// Its id; not needed for the ledger.
    #[arg(value_parser = text::id)]
    id: Option<ObjectId>,
    /// The id of the freeze.
    #[arg(long, value_name = "ID", value_parser = text::id)]
    freeze: ObjectId,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    connection: Connection,
}

/// Puts later rules in force; the operators sign. What the ledger holds stays as it is; rules never go back.
#[derive(Args)]
#[command(after_help = "Example:\n  remit upgrade --key operator-1.pem --key operator-2.pem")]
pub(super) struct Upgrade {
    /// The rules from now on; without it the newest that this command knows.
    #[arg(long, value_name = "VERSION", default_value_t = Rules::NEWEST, value_parser = text::rules)]
    rules: Rules,
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    connection: Connection,
}

/// What can be frozen.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Ledger,
    Party,
    Unit,
    Token,
}

impl Unit {
    pub(super) fn run(self) -> Outcome {
        let UnitCommand::Add { name, decimals, keys, connection } = self.command;
        let what = format!("unit {name} with {decimals} decimals");
        operate(&connection.open()?, &keys, Act::Unit { name, decimals }, &what)
    }
}

impl Issuer {
    pub(super) fn run(self) -> Outcome {
        let IssuerCommand::Add { party, keys, connection } = self.command;
        operate(&connection.open()?, &keys, Act::Issuer { party }, &format!("issuer {party}"))
    }
}

impl Freeze {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (leaf, id) = self.what.leaf(&session, self.id)?;
        operate(&session, &self.keys, Act::Freeze { leaf, id }, &format!("freeze {id}"))
    }
}

impl Unfreeze {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (leaf, id) = self.what.leaf(&session, self.id)?;
        let freeze = Reference::Id(self.freeze);
        operate(&session, &self.keys, Act::Unfreeze { leaf, id, freeze }, &format!("unfreeze {id}"))
    }
}

impl Upgrade {
    pub(super) fn run(self) -> Outcome {
        let rules = self.rules;
        operate(
            &self.connection.open()?,
            &self.keys,
            Act::Upgrade { rules },
            &format!("rules version {rules}"),
        )
    }
}

impl What {
    /// The leaf, and the id that it has.
    fn leaf(self, session: &Session, id: Option<ObjectId>) -> Result<(StateIndex, ObjectId), Failure> {
        if self == Self::Ledger {
            return Ok((StateIndex(0), ObjectId(session.ledger.0)));
        }
        let id = id.ok_or_else(|| Failure::usage("which one?").hint("write its id behind the kind"))?;
        let path = match self {
            Self::Ledger | Self::Token => "tokens",
            Self::Party => "parties",
            Self::Unit => "units",
        };
        let view = session.json(&format!("/v1/{path}/{id}"))?;
        let leaf =
            view["index"].as_u64().ok_or_else(|| Failure::internal(format!("{path}/{id} shows no index")))?;
        Ok((StateIndex(leaf), id))
    }
}

/// An act of the operators.
fn operate(session: &Session, keys: &Keys, act: Act, what: &str) -> Outcome {
    let mut signers = keys.open()?;
    // The ledger wants the signatures in the order of the keys.
    signers.sort_by_key(Signer::public_key);
    for signer in &signers {
        public_key(signer).map_err(Failure::usage)?;
    }
    let signers: Vec<&dyn Signer> = signers.iter().map(|key| key as &dyn Signer).collect();
    let mut client = session.client();
    let draft = client.act(session.now, act, &signers).map_err(Failure::usage)?;
    keys.keep.send(session, &client, draft, what)
}
