//! `remit party`: issuers and services register themselves, and change their keys.

use super::keyring::Keyring;
use super::out::{Failure, Outcome};
use super::prepare::{Absent, Keep};
use super::register::Keys;
use super::session::{Connection, Session, Who};
use super::{key, text};
use crate::client::public_key;
use clap::{Args, Subcommand};
use remit_verifier::key::PublicKey;
use remit_verifier::object::Act;
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::ObjectId;
use std::path::PathBuf;

/// Registers issuers and services, and changes their keys.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit party add 'Blue Airways' --key airline.pem
  remit party rotate AIRLINE --key airline.pem --new-key airline-2.pem")]
pub(super) struct Party {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Registers a party with its keys; its id is what tokens and policies name. Every key signs.
    #[command(after_help = "Example:\n  remit party add 'Blue Airways' --key airline.pem")]
    Add {
        /// A name for people.
        name: String,
        #[command(flatten)]
        keys: Keys,
        #[command(flatten)]
        connection: Box<Connection>,
    },
    /// Replaces the key that signs by a new one; the new one signs too.
    ///
    /// What the old key signed and was admitted stays good. If it may be known to others, use `keys --compromised` with
    /// another key of the party.
    #[command(after_help = "Example:\n  remit party rotate PARTY --key airline.pem --new-key airline-2.pem")]
    Rotate(Box<Rotate>),
    /// Adds and drops keys, and names those that are good for nothing any more; a key that stays signs.
    ///
    /// What a dropped key signed and was admitted stays good; of a compromised one, root tokens that it signed are no
    /// longer accepted, for ever. A party has four keys at most, and a key that left does not come back.
    #[command(after_help = "\
Examples:
  remit party keys PARTY --key a.pem --add b.pem
  remit party keys PARTY --key b.pem --compromised did:key:z6Mk…
  remit party keys PARTY --key a.pem --add did:key:z6Mk… --prepare change.cbor")]
    Keys(Box<Change>),
}

/// Who changes keys, and where.
#[derive(Args)]
struct On {
    /// The party's id.
    #[arg(value_parser = text::id)]
    party: ObjectId,
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    on: On,
    /// The new key's file.
    #[arg(long, value_name = "FILE")]
    new_key: PathBuf,
}

#[derive(Args)]
#[group(id = "change", required = true, multiple = true, args = ["add", "drop", "compromised"])]
struct Change {
    #[command(flatten)]
    on: On,
    /// A new key's file, which signs too; or with --prepare its public key, which signs later. May be repeated.
    #[arg(long, value_name = "FILE|KEY")]
    add: Vec<String>,
    /// A key that leaves, public; may be repeated.
    #[arg(long, value_name = "KEY", value_parser = text::key)]
    drop: Vec<PublicKey>,
    /// A key that is known to others, public: it leaves, or has left before; may be repeated.
    #[arg(long, value_name = "KEY", value_parser = text::key)]
    compromised: Vec<PublicKey>,
}

impl Party {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::Add { name, keys, connection } => add(&name, &keys, &connection),
            Command::Rotate(rotate) => {
                let (session, signer) = rotate.on.open()?;
                let new = key::open(&rotate.new_key)?;
                let old = public_key(&signer).map_err(Failure::usage)?;
                rotate.on.change(&session, &signer, &[Box::new(new)], &[old], &[])
            }
            Command::Keys(change) => {
                let (session, signer) = change.on.open()?;
                let prepared = change.on.keep.prepare.is_some();
                let added =
                    change.add.iter().map(|given| added(given, prepared)).collect::<Result<Vec<_>, _>>()?;
                let leave = [change.drop.as_slice(), &change.compromised].concat();
                change.on.change(&session, &signer, &added, &leave, &change.compromised)
            }
        }
    }
}

fn add(name: &str, keys: &Keys, connection: &Connection) -> Outcome {
    let (signers, session) = (keys.open()?, connection.open()?);
    let signers: Vec<&dyn Signer> = signers.iter().map(|key| key as &dyn Signer).collect();
    let mut client = session.client();
    let draft = client.party(session.now, name, &signers).map_err(Failure::usage)?;
    keys.keep.send(&session, &client, draft, &format!("party {name}"))
}

/// A new key, given by its file or, if what is prepared waits for it, by its public part.
fn added(given: &str, prepared: bool) -> Result<Box<dyn Signer>, Failure> {
    match text::key(given) {
        Ok(key) if prepared => Ok(Box::new(Absent(*key.bytes()))),
        Ok(_) => Err(Failure::usage("a new key signs too")
            .hint("name its file; or --prepare FILE, and it signs there with `remit sign FILE`")),
        Err(_) => Ok(Box::new(key::open(given.as_ref())?)),
    }
}

impl On {
    fn open(&self) -> Result<(Session, LocalSigner), Failure> {
        let session = self.connection.open()?;
        let signer = session.signer(&self.who)?;
        Ok((session, signer))
    }

    /// The keys from now on are those that there are, without those that leave, then the new ones.
    fn change(
        &self,
        session: &Session,
        signer: &LocalSigner,
        added: &[Box<dyn Signer>],
        leave: &[PublicKey],
        compromised: &[PublicKey],
    ) -> Outcome {
        let Keyring { present, retired, generation, .. } = session.keyring(&self.party)?;
        let was = |key: &PublicKey| retired.contains(key) && compromised.contains(key);
        if let Some(other) = leave.iter().find(|key| !present.contains(key) && !was(key)) {
            return Err(Failure::usage(format!(
                "{} is no key of this party",
                crate::keys::did::to_text(other.bytes())
            ))
            .hint(format!("`remit show {}` names its keys", self.party)));
        }
        let mut keys: Vec<PublicKey> = present.into_iter().filter(|key| !leave.contains(key)).collect();
        for new in added {
            keys.push(public_key(new.as_ref()).map_err(Failure::usage)?);
        }
        let act = Act::PartyKeys { party: self.party, generation, keys, compromised: compromised.to_vec() };
        let mut signers: Vec<&dyn Signer> = vec![signer];
        signers.extend(added.iter().map(AsRef::as_ref));
        let mut client = session.client();
        let draft = client.act(session.now, act, &signers).map_err(Failure::usage)?;
        self.keep.send(session, &client, draft, &format!("keys of party {}", self.party))
    }
}
