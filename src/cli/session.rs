//! A ledger at the other end of a connection: what the commands of its users share. Answers are checked against the
//! log's key where it is known.

use super::chain::Chain;
use super::clock;
use super::out::{Done, Failure, read_file};
use super::prepare::Keep;
use super::text::{id, plain, time};
use super::{key, verify};
use crate::client::{Client, Randomness};
use crate::remote::{Address, Remote, RemoteError, check_entry};
use clap::Args;
use clap::builder::OsStringValueParser;
use remit_verifier::c2sp::Trust;
use remit_verifier::limits::POLICY_BYTES_MAX;
use remit_verifier::sign::LocalSigner;
use remit_verifier::types::{EntryIndex, LedgerId, Millis, ObjectId, Seconds};
use serde::Deserialize;
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How far the clocks of this machine and the ledger may differ.
pub(super) const SKEW: Millis = Millis(10_000);
/// Under what is shown and not proved.
const AS_TOLD: &str = "as the server says";
/// Pages of one list at most: a server that goes on for ever is one that lies.
const PAGES_MAX: usize = 1_000;
/// Bytes of a profile or token file at most.
const SMALL_FILE_BYTES_MAX: usize = 65_536;

/// Which ledger, and how it is reached.
#[derive(Args, Clone)]
#[command(next_help_heading = "Ledger")]
pub(super) struct Connection {
    /// Where the ledger is.
    #[arg(long, env = "REMIT_URL", value_name = "URL")]
    url: Option<String>,
    /// A file with `url`, `ledger`, `log_key`, `token_file`, `key`, `ca`: `remit init` writes one. Flags come first.
    #[arg(long, env = "REMIT_PROFILE", value_name = "FILE", value_parser = OsStringValueParser::new())]
    profile: Option<OsString>,
    /// The bearer token of a reader, itself.
    #[arg(long, env = "REMIT_READER_TOKEN", value_name = "TOKEN", hide_env_values = true, hide = true)]
    reader_token: Option<String>,
    /// A file with the bearer token of a reader; REMIT_READER_TOKEN holds one itself.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The ledger's id: nothing is signed for another one.
    #[arg(long, env = "REMIT_LEDGER", value_name = "ID", value_parser = id)]
    ledger: Option<ObjectId>,
    /// The log's key as a C2SP verifier key: what is submitted, signed for or bought must be proved under it.
    #[arg(long, env = "REMIT_LOG_KEY", value_name = "VKEY", conflicts_with = "policy")]
    log_key: Option<String>,
    /// A policy file whose trust (log, witnesses, quorum) the same must meet.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of the system's.
    #[arg(long, env = "REMIT_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A client certificate (PEM), with --client-key.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_certificate: Option<PathBuf>,
    /// The private key of the client certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
    /// How long one request may take.
    #[arg(long, value_name = "SPAN", default_value = "30s", value_parser = time::span)]
    timeout: Seconds,
}

/// What a profile may say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    url: Option<String>,
    ledger: Option<String>,
    log_key: Option<String>,
    token_file: Option<PathBuf>,
    key: Option<PathBuf>,
    ca: Option<PathBuf>,
}

/// Who signs.
#[derive(Args, Clone)]
#[command(next_help_heading = "Ledger")]
pub(super) struct Who {
    /// The key file that signs.
    #[arg(long, env = "REMIT_KEY", value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Who signs, and what becomes of what is signed.
#[derive(Args, Clone)]
pub(super) struct Signing {
    #[command(flatten)]
    pub(super) who: Who,
    #[command(flatten)]
    pub(super) keep: Keep,
}

impl Who {
    /// The key file that was named.
    pub(super) fn key_file(&self) -> Option<&Path> {
        self.key.as_deref()
    }
}

/// What is known of a ledger from somebody else than itself.
pub(super) struct Pins {
    /// Its id.
    pub(super) ledger: Option<ObjectId>,
    /// The log's key as a C2SP verifier key.
    pub(super) log_key: Option<String>,
    /// What every checkpoint must meet.
    pub(super) trust: Option<Trust>,
}

/// A connection that is open, with what is believed.
pub(super) struct Session {
    pub(super) remote: Remote,
    pub(super) ledger: LedgerId,
    pub(super) now: Millis,
    pub(super) trust: Option<Trust>,
    log_key: Option<String>,
    key: Option<PathBuf>,
}

impl Connection {
    fn profile(&self) -> Result<Profile, Failure> {
        // An empty variable names none.
        let named = self.profile.as_deref().map(Path::new).filter(|path| !path.as_os_str().is_empty());
        let Some(path) = named else { return Ok(Profile::default()) };
        let text = String::from_utf8(read_file(path, SMALL_FILE_BYTES_MAX)?).unwrap_or_default();
        let mut profile: Profile =
            toml::from_str(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        for file in [&mut profile.token_file, &mut profile.key, &mut profile.ca].into_iter().flatten() {
            *file = folder.join(&file);
        }
        Ok(profile)
    }

    /// The same for another URL.
    pub(super) fn at(&self, url: &str) -> Self {
        Self { url: Some(url.into()), ..self.clone() }
    }

    /// Opens the connection, and asks which ledger this is.
    pub(super) fn open(&self) -> Result<Session, Failure> {
        let (remote, key) = (self.remote()?, self.profile()?.key);
        let log = remote.json("/v1/log").map_err(failure)?;
        let told = log["ledger"].as_str().and_then(|text| id(text).ok());
        let told = told.ok_or_else(|| failure(RemoteError::Form("/v1/log".into())))?;
        let Pins { ledger, log_key, trust } = self.pins()?;
        require_pinned(ledger, LedgerId(told.0))?;
        Ok(Session { remote, ledger: LedgerId(told.0), now: clock::now()?, trust, log_key, key })
    }

    /// Where the ledger is, if that is said.
    pub(super) fn address(&self) -> Result<Option<String>, Failure> {
        Ok(self.url.clone().or(self.profile()?.url))
    }

    /// The connection, without asking anything.
    pub(super) fn remote(&self) -> Result<Remote, Failure> {
        let profile = self.profile()?;
        let url = self.url.clone().or(profile.url).ok_or_else(|| {
            Failure::usage("which ledger?")
                .hint("--url URL, REMIT_URL, or a profile with `url`: REMIT_PROFILE=client.toml")
        })?;
        let token_file = self.token_file.clone().or(profile.token_file);
        let bearer = match (token_file, &self.reader_token) {
            (Some(path), _) => {
                let bytes = read_file(&path, SMALL_FILE_BYTES_MAX)?;
                Some(String::from_utf8_lossy(&bytes).trim().to_owned())
            }
            (None, token) => token.clone(),
        };
        let client = self.client_certificate.clone().zip(self.client_key.clone());
        let timeout = Duration::from_secs(self.timeout.0);
        let address = Address { url, bearer, ca: self.ca.clone().or(profile.ca), client, timeout };
        Remote::new(address).map_err(failure)
    }

    /// What is known of the ledger from somebody else than the ledger.
    pub(super) fn pins(&self) -> Result<Pins, Failure> {
        let profile = self.profile()?;
        let ledger = profile.ledger.map(|text| id(&text)).transpose().map_err(Failure::usage)?;
        let log_key = self.log_key.clone().or(profile.log_key);
        let trust = match (&self.policy, &log_key) {
            (Some(path), _) => {
                let policy = verify::policy(&read_file(path, POLICY_BYTES_MAX)?, Some(path))?;
                Some(policy.settings().trust.clone())
            }
            (None, Some(vkey)) => Some(trust_of(vkey)?),
            (None, None) => None,
        };
        Ok(Pins { ledger: self.ledger.or(ledger), log_key, trust })
    }
}

/// Requires a ledger to be the one that is pinned, if one is.
pub(super) fn require_pinned(pinned: Option<ObjectId>, found: LedgerId) -> Result<(), Failure> {
    match pinned.filter(|pinned| pinned.0 != found.0) {
        Some(pinned) => {
            let message = format!("the ledger there is {found}, not {pinned}");
            Err(Failure::refused("other_ledger", message).hint("look at the URL; nothing was signed"))
        }
        None => Ok(()),
    }
}

/// Requires that a checkpoint is one to believe.
pub(super) fn require_accepted(trust: &Trust, note: &[u8], now: Millis) -> Result<(), Failure> {
    let refused =
        |error| Failure::refused("bad_checkpoint", format!("the checkpoint is not acceptable: {error}"));
    trust.accept(note, now, SKEW).map(drop).map_err(refused)
}

/// The trust of somebody who takes the word of this log alone.
pub(super) fn trust_of(vkey: &str) -> Result<Trust, Failure> {
    Trust::parse(format!("log {vkey}\nquorum none\n").as_bytes()).map_err(|_| {
        Failure::usage(format!("`{vkey}` is no log key"))
            .hint("it is one word, NAME+HASH+BASE64, as `remit show` and `/v1/log` (log_vkey) print it")
    })
}

impl Session {
    /// A client of this ledger.
    pub(super) fn client(&self) -> Client {
        Client::new(self.ledger, Randomness::System)
    }

    /// The log's key, if it is known from somebody else than the ledger.
    pub(super) fn pinned_log(&self) -> Option<String> {
        self.log_key.clone()
    }

    /// The file of the key that was named, here or in the profile.
    pub(super) fn key_file<'s>(&'s self, who: &'s Who) -> Option<&'s Path> {
        who.key.as_deref().or(self.key.as_deref())
    }

    /// The key that signs.
    pub(super) fn signer(&self, who: &Who) -> Result<LocalSigner, Failure> {
        let path = self.key_file(who).ok_or_else(|| {
            Failure::usage("who signs?")
                .hint("--key FILE, REMIT_KEY, or a profile with `key`; `remit key new` makes one")
        })?;
        key::open(path)
    }

    /// The proof of an entry that is at hand, and the size of the checkpoint that it was checked under, if the log's
    /// key is known.
    pub(super) fn prove(&self, at: EntryIndex, entry: &[u8]) -> Result<(String, Option<u64>), Failure> {
        let proof = self.remote.text(&format!("/v1/entries/{at}/proof")).map_err(failure)?;
        let Some(trust) = &self.trust else { return Ok((proof, None)) };
        let checked = check_entry(&proof, (at, entry), trust, clock::now()?, SKEW).map_err(|error| {
            Failure::refused("bad_proof", format!("the ledger's answer does not hold: {error}"))
        })?;
        Ok((proof, Some(checked.size().0)))
    }

    /// A chain out of a presentation.
    pub(super) fn read_chain(&self, bytes: &[u8]) -> Result<Chain, Failure> {
        Chain::read(bytes, &self.ledger, self.trust.as_ref(), self.now)
    }

    /// The JSON at a path.
    pub(super) fn json(&self, path: &str) -> Result<Value, Failure> {
        self.remote.json(path).map_err(failure)
    }

    /// Everything in a list that is answered page by page.
    pub(super) fn pages(
        &self,
        path: &str,
        list: &str,
        mut each: impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after = None::<u64>;
        for _ in 0..PAGES_MAX {
            let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
            let page = self.json(&format!("{path}{query}"))?;
            page[list].as_array().into_iter().flatten().try_for_each(&mut each)?;
            let next = page["next"].as_u64();
            match next {
                None => return Ok(()),
                Some(next) if after.is_none_or(|after| next > after) => after = Some(next),
                Some(_) => break,
            }
        }
        Err(Failure::internal(format!("{path}: the list has no end")).coded("bad_answer"))
    }

    /// What a server says of how things stand, which nothing proves.
    pub(super) fn told(done: Done) -> Done {
        done.line(AS_TOLD).with("proved", false)
    }

    /// The JSON that a path answers to a request without a body.
    pub(super) fn post(&self, path: &str) -> Result<Value, Failure> {
        self.remote.post(path).map_err(failure)
    }

    /// An instant that was typed.
    pub(super) fn instant(&self, text: &str) -> Result<Seconds, Failure> {
        time::instant(text, self.now).map_err(Failure::usage)
    }
}

/// What a failed request means for a person.
pub(super) fn failure(error: RemoteError) -> Failure {
    match error {
        RemoteError::Setup(what) => Failure::usage(what),
        RemoteError::Unanswered(_) => Failure::internal(&error)
            .coded("unreachable")
            .hint("is the ledger running, and is the URL right? `remit serve` starts one"),
        RemoteError::Form(_) => {
            Failure::internal(&error).coded("bad_answer").hint("is this URL a Remit ledger?")
        }
        RemoteError::Status { status, code, message, hint } => {
            // What somebody else wrote, who may want the terminal to act on it.
            let (code, message) = (plain(&code), plain(&message));
            let failure = match status {
                500.. => Failure::internal(&message),
                _ => Failure::refused(&code, &message),
            };
            let hint = match (status, hint) {
                (401, _) => Some("--token-file FILE or REMIT_READER_TOKEN, or a client certificate".into()),
                (403, _) => Some(
                    "--token-file FILE with a token of another role: its auditors read everything (http.readers), its \
                     administrators have it copied (http.admins)"
                        .into(),
                ),
                (_, None) if code == "http" => Some("is this URL a Remit ledger?".into()),
                (_, hint) => hint.map(|hint| plain(&hint)),
            };
            let failure = failure.coded(&code);
            if let Some(hint) = hint { failure.hint(hint) } else { failure }
        }
    }
}
