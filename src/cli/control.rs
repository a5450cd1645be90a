//! `remit suspend`, `resume`, `revoke`, `cut`, `end`, `rekey`, `veto`, `transfer`: what becomes of a token.

use super::out::{Failure, Outcome};
use super::session::{Connection, Session, Signing};
use super::{key, text};
use crate::client::public_key;
use clap::Args;
use remit_verifier::object::{Act, Position, Reference, Target};
use remit_verifier::sign::{Draft, Signer};
use remit_verifier::types::{Epoch, ObjectId};
use std::path::PathBuf;

/// A token, and as whom one acts on it.
#[derive(Args)]
pub(super) struct On {
    /// The token.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    /// The place in the chain to act from: 1 the issuer, 2 the root's holder, and so on. Without it, the highest place
    /// that the key has.
    #[arg(long, value_name = "PLACE")]
    position: Option<u8>,
    /// The token's epoch, with --position, if the ledger's state cannot be read.
    #[arg(long, requires = "position")]
    epoch: Option<u64>,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

macro_rules! act {
    ($($(#[$doc:meta])* $name:ident $example:literal $act:ident $what:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Args)]
            #[command(after_help = concat!("Example:\n  remit ", $example))]
            pub(super) struct $name {
                #[command(flatten)]
                on: On,
            }

            impl $name {
                pub(super) fn run(self) -> Outcome {
                    self.on.run($what, |target| Act::$act(target), &[])
                }
            }
        )*
    };
}

act! {
    /// Suspends a token and all below it, until whoever suspended it resumes it.
    ///
    /// The issuer and every holder upstream can; `resume` needs the id that is printed.
    Suspend "suspend TOKEN --key company.pem" Suspend "suspension";
    /// Revokes a token and all below it, at once and for ever.
    ///
    /// What payees hold already stays theirs until its deadline.
    Revoke "revoke TOKEN --key assistant.pem" Revoke "revocation";
    /// Ends all offline links below a token.
    Cut "cut TOKEN --key hotel-agent.pem" Cut "cut";
    /// Ends a token that can no longer be used, and returns its value to its parent.
    End "end TOKEN --key assistant.pem" End "end";
}

/// Lifts a suspension.
#[derive(Args)]
#[command(after_help = "Example:\n  remit resume TOKEN --suspension ID --key company.pem")]
pub(super) struct Resume {
    /// The id of the suspension.
    #[arg(long, value_name = "ID", value_parser = text::id)]
    suspension: ObjectId,
    #[command(flatten)]
    on: On,
}

/// Changes the key that holds a token; children live on, offline links end.
///
/// The old key signs and it takes effect at once; or somebody upstream, and then it takes effect after a day, in which
/// the old key can veto it. The new key signs too.
#[derive(Args)]
#[command(after_help = "Example:\n  remit rekey TOKEN --new-key next.pem --key assistant.pem")]
pub(super) struct Rekey {
    /// The new key's file.
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,
    #[command(flatten)]
    on: On,
}

/// Refuses a rekey that somebody upstream proposed; the holder signs.
#[derive(Args)]
#[command(after_help = "Example:\n  remit veto TOKEN --rekey ID --key assistant.pem")]
pub(super) struct Veto {
    /// The token.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    /// The id of the rekey.
    #[arg(long, value_name = "ID", value_parser = text::id)]
    rekey: ObjectId,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

/// Hands a transferable token over to another holder; both sign. Children and links of the old holder end.
#[derive(Args)]
#[command(after_help = "Example:\n  remit transfer TOKEN --to-key buyer.pem --key seller.pem")]
pub(super) struct Transfer {
    /// The token.
    #[arg(value_parser = text::id)]
    token: ObjectId,
    /// The new holder's key file.
    #[arg(long, value_name = "FILE")]
    to_key: PathBuf,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    connection: Connection,
}

impl On {
    /// Signs and submits what `act` makes of the target; `more` sign after the one who acts.
    fn run(self, what: &str, act: impl FnOnce(Target) -> Act, more: &[&dyn Signer]) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let target = self.target(&session, &signer)?;
        let mut signers: Vec<&dyn Signer> = vec![&signer];
        signers.extend(more);
        let mut client = session.client();
        let draft = client.act(session.now, act(target), &signers).map_err(Failure::usage)?;
        submit(&session, &client, draft, &self.signing, &format!("{what} of token {}", self.token))
    }

    fn target(&self, session: &Session, signer: &dyn Signer) -> Result<Target, Failure> {
        match (self.position, self.epoch) {
            (Some(position), Some(epoch)) => {
                Ok(Target { token: self.token, epoch: Epoch(epoch), position: Position(position) })
            }
            (Some(position), None) => {
                let epoch = session.chain(&self.token, None)?.epoch().0;
                Ok(Target { token: self.token, epoch, position: Position(position) })
            }
            (None, _) => session.chain(&self.token, None)?.target(&signer.public_key()),
        }
    }
}

impl Resume {
    pub(super) fn run(self) -> Outcome {
        let suspend = Reference::Id(self.suspension);
        self.on.run("resumption", |target| Act::Resume { target, suspend }, &[])
    }
}

impl Rekey {
    pub(super) fn run(self) -> Outcome {
        let new = key::open(&self.new_key)?;
        let holder = public_key(&new).map_err(Failure::usage)?;
        self.on.run("rekey", |target| Act::Rekey { target, holder }, &[&new])
    }
}

impl Veto {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let signer = session.signer(&self.signing.who)?;
        let act = Act::Veto { token: self.token, rekey: Reference::Id(self.rekey) };
        let mut client = session.client();
        let draft = client.act(session.now, act, &[&signer]).map_err(Failure::usage)?;
        submit(&session, &client, draft, &self.signing, &format!("veto of rekey {}", self.rekey))
    }
}

impl Transfer {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        let (from, to) = (session.signer(&self.signing.who)?, key::open(&self.to_key)?);
        let epoch = session.chain(&self.token, None)?.epoch().0;
        let mut client = session.client();
        let draft = client.transfer(session.now, self.token, epoch, (&from, &to)).map_err(Failure::usage)?;
        submit(&session, &client, draft, &self.signing, &format!("transfer of token {}", self.token))
    }
}

fn submit(
    session: &Session,
    client: &crate::client::Client,
    draft: Draft<'_>,
    signing: &Signing,
    what: &str,
) -> Outcome {
    signing.keep.send(session, client, draft, what)
}
