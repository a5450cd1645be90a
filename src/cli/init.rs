//! `remit init`: a ledger of one's own.

use super::config::FILE_NAME;
use super::key;
use super::out::{Done, Failure, Outcome};
use super::{clock, private, text};
use crate::keys::did;
use crate::sequencer::Guard;
use crate::store::rocks::RocksOptions;
use crate::store::{RocksStore, Store as _};
use crate::{client, engine};
use clap::Args;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::hash::sha256;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::OPERATOR_KEYS_MAX;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::sign::{LocalSigner, Signer as _};
use remit_verifier::types::{LedgerId, Rules};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Makes a new ledger in a folder: keys, genesis, database, configuration.
///
/// What genesis says holds for ever: the origin, the log key, the operators' keys and how many of them must sign.
/// Operators' keys are made here, or given by their public parts if they are kept elsewhere; the log key is made here.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit init ledger --origin ledger.example/main --reader me
  remit init ledger --origin ledger.example/main --threshold 2 \\
      --operator did:key:z6Mk… --operator did:key:z6Mk… --operator did:key:z6Mk…")]
pub(super) struct Init {
    /// The folder; it must not exist, or be empty.
    dir: PathBuf,
    /// The name of the log, such as a host and a path: it stands in every checkpoint, for ever.
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// An operator's public key; may be repeated. Without it, keys are made.
    #[arg(long = "operator", value_name = "KEY", value_parser = text::key)]
    operators: Vec<PublicKey>,
    /// How many operator keys to make, if none is given.
    #[arg(long, value_name = "COUNT", default_value_t = 1, conflicts_with = "operators")]
    operator_count: usize,
    /// How many operators must sign: more than half of them. Without it, the smallest majority.
    #[arg(long, value_name = "COUNT")]
    threshold: Option<u64>,
    /// The rules in force from the first entry on; `remit upgrade` puts later ones in force.
    #[arg(long, value_name = "VERSION", default_value_t = Rules::NEWEST, value_parser = text::rules)]
    rules: Rules,
    /// Makes a bearer token for somebody who may read everything: DIR/NAME.token.
    #[arg(long, value_name = "NAME", value_parser = token_name)]
    reader: Option<String>,
    /// Makes a bearer token for somebody who may have the running ledger copied: DIR/NAME.token.
    #[arg(long, value_name = "NAME", value_parser = token_name)]
    admin: Option<String>,
    /// Keeps the new keys unencrypted: for trying things out.
    #[arg(long)]
    plain: bool,
}

impl Init {
    pub(super) fn run(self) -> Outcome {
        let dir = &self.dir;
        let wrong =
            |path: &Path, error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
        if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Failure::usage(format!("{} is not empty", dir.display()))
                .coded("not_empty")
                .hint("choose another folder; a ledger is never written over"));
        }
        let count = if self.operators.is_empty() { self.operator_count } else { self.operators.len() };
        if !(1..=OPERATOR_KEYS_MAX).contains(&count) {
            return Err(Failure::usage(format!("1 to {OPERATOR_KEYS_MAX} operators, not {count}")));
        }
        let threshold = self.threshold.unwrap_or(count as u64 / 2 + 1);
        if threshold > count as u64 || threshold * 2 <= count as u64 {
            return Err(Failure::usage(format!("{threshold} of {count} operators is no majority"))
                .hint("two groups that decide must share an operator: more than half have to sign"));
        }
        // Any good key will do to see whether the name is one.
        let any = LocalSigner::from_seed(&[0; 32]).public_key();
        VerifierKey::new(&self.origin, KeyKind::Note, &any).map_err(|error| {
            Failure::usage(format!("`{}` is no origin: {error:?}", self.origin))
                .hint("a name without spaces and without +, such as ledger.example/main")
        })?;
        make_folder(dir).map_err(|error| wrong(dir, error))?;
        // Without a passphrase there is no ledger, and no folder either; one with anything in it stays.
        let operators = self.operator_keys(count).inspect_err(|_| drop(fs::remove_dir(dir)));
        let (operators, files) = operators?;
        let log_file = dir.join("log.pem");
        let log = key::new(&log_file, self.plain)?;
        let mut sorted = operators.clone();
        sorted.sort_by_key(|key| *key.bytes());
        let genesis = Genesis {
            time: clock::now()?,
            origin: self.origin.clone(),
            log_key: client::public_key(&log).map_err(Failure::internal)?,
            operators: sorted,
            threshold,
            rules: self.rules,
        };
        let encoded = Entry::Genesis(Box::new(genesis.clone())).encode();
        Entry::decode(&encoded)
            .map_err(|error| Failure::usage(format!("genesis is not acceptable: {error:?}")))?;
        let ledger = Genesis::ledger_id(&encoded);
        begin(dir, &genesis, ledger)?;
        let vkey = VerifierKey::new(&self.origin, KeyKind::Note, genesis.log_key.bytes());
        let vkey = vkey.map_err(|error| Failure::usage(format!("{error:?}")))?.to_string();
        let (mut config, mut client) = (config_file(&self.origin), profile(&ledger, &vkey));
        if let Some(reader) = &self.reader {
            config.push_str(&self.token("http.readers", reader)?);
            let _ = writeln!(client, "token_file = \"{reader}.token\"");
        }
        if let Some(admin) = &self.admin {
            config.push_str(&self.token("http.admins", admin)?);
        }
        private::write(&dir.join(FILE_NAME), config.as_bytes())?;
        private::write(&dir.join("client.toml"), client.as_bytes())?;
        Ok(self.told(&genesis, ledger, &vkey, &files))
    }

    /// The operators' public keys, and the files of those that were made.
    fn operator_keys(&self, count: usize) -> Result<(Vec<PublicKey>, Vec<PathBuf>), Failure> {
        if !self.operators.is_empty() {
            return Ok((self.operators.clone(), Vec::new()));
        }
        let (mut keys, mut files) = (Vec::new(), Vec::new());
        for number in 1..=count {
            let file = self.dir.join(format!("operator-{number}.pem"));
            let signer = key::new(&file, self.plain)?;
            keys.push(client::public_key(&signer).map_err(Failure::internal)?);
            files.push(file);
        }
        Ok((keys, files))
    }

    /// Makes a bearer token, keeps it, and gives what the configuration says of it.
    fn token(&self, setting: &str, name: &str) -> Result<String, Failure> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Failure::internal)?;
        let token = text::to_hex(&bytes);
        private::write(&self.dir.join(format!("{name}.token")), format!("{token}\n").as_bytes())?;
        let digest = sha256(&[token.as_bytes()]);
        Ok(format!("\n[[{setting}]]\nname = \"{name}\"\nsha256 = \"{digest}\"\n"))
    }

    fn told(&self, genesis: &Genesis, ledger: LedgerId, vkey: &str, files: &[PathBuf]) -> Done {
        let dir = self.dir.display();
        let operators: Vec<String> = genesis.operators.iter().map(|key| did::to_text(key.bytes())).collect();
        let keys: Vec<String> = files
            .iter()
            .take(genesis.threshold as usize)
            .map(|file| format!(" --key {}", file.display()))
            .collect();
        let keys = if keys.is_empty() { " --key OPERATOR.pem".to_owned() } else { keys.concat() };
        let mut done = Done::say(format!("A ledger in {dir}: {}", self.origin))
            .line(format!("ledger   {ledger}"))
            .line(format!("log key  {vkey}"))
            .line(format!("operators, {} of {} sign:", genesis.threshold, operators.len()));
        for operator in &operators {
            done = done.line(format!("  {operator}"));
        }
        if !files.is_empty() {
            done = done
                .line("Move the operators' keys to where the operators are; the ledger runs without them.");
        }
        done = done.line("\nNext:");
        if self.reader.is_none() {
            done = done.line(format!(
                "  name who may read, in {dir}/{FILE_NAME} and {dir}/client.toml: docs/cli.md"
            ));
        }
        done.line(format!("  remit config check {dir}"))
            .line(format!("  remit serve {dir}"))
            .line(format!("  export REMIT_PROFILE={dir}/client.toml"))
            .line(format!("  remit unit add CNY --decimals 2{keys}"))
            .line("  remit key new company.pem && remit party add 'The company' --key company.pem")
            .line(format!("  remit issuer add PARTY{keys}"))
            .with("dir", &self.dir)
            .with("ledger", ledger.to_string())
            .with("origin", &self.origin)
            .with("log_key", vkey)
            .with("operators", operators)
            .with("operator_files", files)
            .with("threshold", genesis.threshold)
    }
}

/// A name that is one of a file too.
fn token_name(text: &str) -> Result<String, String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if text.is_empty() || text.len() > 64 || !text.chars().all(good) {
        return Err(format!("`{text}` is no name of a token: it has 1 to 64 of A-Z a-z 0-9 _ -"));
    }
    Ok(text.to_owned())
}

/// A folder for its owner alone.
fn make_folder(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Genesis and the first commitment, in database and guard.
fn begin(dir: &Path, genesis: &Genesis, ledger: LedgerId) -> Result<(), Failure> {
    let store = RocksStore::create(&dir.join("data"), engine::begin(genesis), &RocksOptions::default());
    let store = store.map_err(|error| Failure::internal(format!("{}: {error}", dir.display())))?;
    let head = store.head();
    debug_assert!(store.commitment().is_some(), "genesis ends with a commitment");
    Guard::create(&dir.join("guard"), ledger, head)
        .map_err(|error| Failure::internal(format!("{}: {error}", dir.join("guard").display())))?;
    Ok(())
}

fn config_file(origin: &str) -> String {
    format!(
        "# The ledger {origin}. Other settings are at their defaults: `remit config check` explains them.\n\n\
         [ledger]\ndata = \"data\"\nguard = \"guard\"\nkey = \"log.pem\"\n\n[http]\nlisten = \"127.0.0.1:8080\"\n\
         # Without a reader nobody can look at anything. The digest of a token in a file:\n\
         # printf %s \"$(cat reader.token)\" | sha256sum\n\
         # [[http.readers]]\n# name = \"me\"\n# sha256 = \"(64 hexadecimal digits)\"\n"
    )
}

/// What a client of the ledger needs to know.
fn profile(ledger: &LedgerId, vkey: &str) -> String {
    format!(
        "# For clients: REMIT_PROFILE names this file. ledger and log_key are pinned: what is signed for is checked.\n\
         url = \"http://127.0.0.1:8080\"\nledger = \"{ledger}\"\nlog_key = \"{vkey}\"\n\
         # A reader's bearer token, in a file beside this one.\n# token_file = \"reader.token\"\n"
    )
}
