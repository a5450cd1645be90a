//! `remit key`: makes keys and shows them.

use super::out::{Done, Failure, Outcome};
use crate::keys::file::{create, open_to_others, public_key_stated, read};
use crate::keys::{KeyFileError, Passphrase, did};
use clap::{Args, Subcommand};
use remit_verifier::sign::{LocalSigner, Signer as _};
use remit_verifier::types::KeyBytes;
use std::path::{Path, PathBuf};

const NEW: &str = "\
Examples:
  remit key new assistant.pem
  REMIT_PASSPHRASE_FILE=/run/secrets/passphrase remit key new assistant.pem
  remit key new --plain test.pem

OpenSSL reads the file: openssl pkey -in assistant.pem -pubout";
const SHOW: &str = "Example:\n  remit key show assistant.pem";
const PASSPHRASE_HINT: &str = "set REMIT_PASSPHRASE or REMIT_PASSPHRASE_FILE, or run this at a terminal; \
    --plain keeps a new key unencrypted";

/// Makes keys and shows their public part.
#[derive(Args)]
#[command(after_help = "Example:\n  remit key new assistant.pem")]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes an Ed25519 key and prints its public part.
    ///
    /// The file is PKCS#8 in PEM, encrypted with a passphrase (scrypt, AES-256-CBC), readable for you alone. The
    /// passphrase comes from REMIT_PASSPHRASE, from the file that REMIT_PASSPHRASE_FILE names, or from you.
    #[command(after_help = NEW)]
    New {
        /// Where to keep it; a file that is there is never written over.
        file: PathBuf,
        /// Without a passphrase: whoever reads the file has the key.
        #[arg(long)]
        plain: bool,
    },
    /// Prints the public part of a key file, as did:key and in hexadecimal.
    ///
    /// Without --check the first line of the file is believed, and no passphrase is needed.
    #[command(after_help = SHOW)]
    Show {
        /// The key file.
        file: PathBuf,
        /// Opens the key, and compares it with the first line.
        #[arg(long)]
        check: bool,
    },
}

impl Key {
    pub(super) fn run(self) -> Outcome {
        match self.command {
            Command::New { file, plain } => {
                let key = new(&file, plain)?;
                let kept = if plain { "unencrypted" } else { "encrypted" };
                let path = file.display();
                Ok(show(&key.public_key()).line(format!("kept in {path}, {kept}")).with("file", file))
            }
            Command::Show { file, check } => {
                let key = if check { open(&file)?.public_key() } else { stated(&file)? };
                let open = open_to_others(&file).unwrap_or_default();
                let warning = format!("others can read {}: chmod 600", file.display());
                let done = show(&key).with("file", &file).with("open_to_others", open);
                Ok(if open { done.line(warning) } else { done })
            }
        }
    }
}

fn show(key: &KeyBytes) -> Done {
    let did = did::to_text(key);
    Done::say(&did).with("key", &did).with("hex", key.to_string())
}

/// Makes a key file.
pub(super) fn new(path: &Path, plain: bool) -> Result<LocalSigner, Failure> {
    let passphrase = if plain { None } else { Some(passphrase(path, true)?) };
    let key = create(path, passphrase.as_ref()).map_err(|error| failure(path, error))?;
    Ok(key.into_signer())
}

/// Opens a key file, asking for its passphrase if it has one.
pub(super) fn open(path: &Path) -> Result<LocalSigner, Failure> {
    let ask = || Passphrase::obtain(&path.display().to_string(), false);
    let key = read(path, ask).map_err(|error| failure(path, error))?;
    if open_to_others(path).unwrap_or_default() {
        eprintln!("warning: others can read {}: chmod 600 {0}", path.display());
    }
    Ok(key.into_signer())
}

/// The public key of a file: as its first line states it, else by opening it.
pub(super) fn stated(path: &Path) -> Result<KeyBytes, Failure> {
    match public_key_stated(path).map_err(|error| failure(path, error))? {
        Some(key) => Ok(key),
        None => Ok(open(path)?.public_key()),
    }
}

/// Whether a file holds a key that is not encrypted.
pub(super) fn is_plain(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.contains("-----BEGIN PRIVATE KEY-----"))
}

fn passphrase(path: &Path, twice: bool) -> Result<Passphrase, Failure> {
    let obtained = Passphrase::obtain(&path.display().to_string(), twice);
    obtained.map_err(|error| failure(path, KeyFileError::Passphrase(error)))
}

fn failure(path: &Path, error: KeyFileError) -> Failure {
    let failure = Failure::usage(format!("{}: {error}", path.display()));
    match error {
        KeyFileError::Passphrase(_) => failure.coded("no_passphrase").hint(PASSPHRASE_HINT),
        KeyFileError::WrongPassphrase => failure
            .coded("wrong_passphrase")
            .hint("look at REMIT_PASSPHRASE and REMIT_PASSPHRASE_FILE; without them you are asked"),
        KeyFileError::OtherKey => failure.coded("other_key").hint("restore the file from a backup"),
        KeyFileError::Exists => {
            failure.coded("exists").hint("choose another name, or move the old file away")
        }
        KeyFileError::NotPem | KeyFileError::NotEd25519 => failure
            .coded("not_a_key")
            .hint("`remit key new` makes one, and so does `openssl genpkey -algorithm ed25519`"),
        KeyFileError::Random | KeyFileError::Encode => Failure::internal(error),
        _ => failure,
    }
}
