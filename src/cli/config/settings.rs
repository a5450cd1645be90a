//! Every setting: its type, its default, and why the default is what it is.

use super::super::text::hex;
use crate::api::Role;
use crate::api::limits::{DRAIN_TIME_DEFAULT, REQUEST_TIME_DEFAULT};
use crate::sequencer::limits::{HEARTBEAT_DEFAULT, JUMP_DEFAULT};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A server's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct Config {
    pub(in crate::cli) ledger: LedgerSection,
    pub(in crate::cli) http: HttpSection,
    pub(in crate::cli) witnesses: WitnessesSection,
    pub(in crate::cli) limits: LimitsSection,
    pub(in crate::cli) log: LogSection,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct LedgerSection {
    pub(in crate::cli) data: PathBuf,
    pub(in crate::cli) guard: PathBuf,
    pub(in crate::cli) index: PathBuf,
    pub(in crate::cli) key: PathBuf,
    pub(in crate::cli) backups: PathBuf,
    pub(in crate::cli) heartbeat_ms: u64,
    pub(in crate::cli) clock_jump_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct HttpSection {
    pub(in crate::cli) listen: SocketAddr,
    pub(in crate::cli) tls_certificate: Option<PathBuf>,
    pub(in crate::cli) tls_key: Option<PathBuf>,
    pub(in crate::cli) client_ca: Option<PathBuf>,
    pub(in crate::cli) public: bool,
    pub(in crate::cli) client_role: Role,
    pub(in crate::cli) readers: Vec<TokenSection>,
    pub(in crate::cli) admins: Vec<TokenSection>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct WitnessesSection {
    pub(in crate::cli) file: Option<PathBuf>,
    pub(in crate::cli) wait_ms: u64,
    pub(in crate::cli) evidence: PathBuf,
}

/// Somebody whom a bearer token lets in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct TokenSection {
    pub(in crate::cli) name: String,
    /// SHA-256 of the bearer token, in hexadecimal.
    pub(in crate::cli) sha256: String,
    /// What it opens.
    #[serde(default)]
    pub(in crate::cli) role: Role,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct LimitsSection {
    pub(in crate::cli) request_ms: u64,
    pub(in crate::cli) drain_ms: u64,
    pub(in crate::cli) cache_mib: u32,
    pub(in crate::cli) memtable_mib: u32,
    pub(in crate::cli) disk_free_mib: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::cli) struct LogSection {
    pub(in crate::cli) format: LogFormat,
    pub(in crate::cli) level: String,
    pub(in crate::cli) otlp: Option<String>,
}

/// How the server writes its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum LogFormat {
    Text,
    Json,
}

/// One setting, as it is explained.
pub(super) struct Setting {
    /// Section and key.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) about: &'static str,
    /// Why the default is what it is.
    pub(super) reason: &'static str,
    /// What it may look like, for a setting without a default.
    pub(super) example: &'static str,
    /// Whether a variable can set it; lists of tables cannot.
    pub(super) in_environment: bool,
}

macro_rules! settings {
    ($(
        $name:literal: $about:literal, $reason:literal
        $(, example $example:literal)? $(, file only $only:literal)?;
    )*) => {
        /// All settings, in the order of the file.
        pub(super) const SETTINGS: &[Setting] = &[$(Setting {
            name: $name,
            about: $about,
            reason: $reason,
            example: concat!($($example,)? $($only,)?),
            in_environment: concat!($($only)?).is_empty(),
        }),*];
    };
}

settings! {
    "ledger.data": "Folder of the database.",
        "Beside this file, so that a ledger is one folder. Paths start from the folder of this file.";
    "ledger.guard": "File with the size and root that were last acknowledged. At the start the database must reach it.",
        "Outside the database, so that an old copy of the database is noticed. Better: on another disk.";
    "ledger.index": "Folder of the index: who holds what, for `remit list` and /v1/holders.",
        "Beside the database. It is made anew from the log whenever it is missing or damaged.";
    "ledger.key": "Key that signs checkpoints; its passphrase comes from REMIT_PASSPHRASE or REMIT_PASSPHRASE_FILE.",
        "Where `remit init` puts it.";
    "ledger.backups": "Folder for copies of the running ledger, a new one for each: `remit backup --running`.",
        "Beside the database: on one file system a copy takes little time and room. Then bring it to another machine.";
    "ledger.heartbeat_ms": "How long an idle ledger waits before it commits to its state again, in milliseconds.",
        "Whoever accepts evidence of a minute then always finds some; a year of idleness is 3 million small entries.";
    "ledger.clock_jump_ms": "How far the clock may be ahead of the last entry, in milliseconds.",
        "Time in the log never goes back: a clock that jumps ahead by mistake would end tokens for ever. \
         An hour covers a restart; after a longer rest `remit serve --allow-clock-jump` says that the clock is right.";
    "http.listen": "Address and port; port 0 is any that is free.",
        "This machine alone: whoever opens a ledger to a network says so, and gives it TLS.";
    "http.tls_certificate": "Certificate chain (PEM). Together with tls_key it makes the server speak HTTPS.",
        "None: there is no certificate that would be right everywhere.", example "\"tls/chain.pem\"";
    "http.tls_key": "Private key of the certificate (PEM).",
        "None, as there is no certificate.", example "\"tls/key.pem\"";
    "http.client_ca": "Certificates (PEM) whose clients may read, as client_role says. They need HTTPS.",
        "None: readers have bearer tokens.", example "\"tls/clients.pem\"";
    "http.client_role": "What clients with a certificate may read: auditor, service or monitoring.",
        "As a reader of whom nothing else is said. docs/http.md says what each role reads.";
    "http.public": "Whether anybody may read objects, details and holders.",
        "They show who pays whom and how much. Checkpoints, tiles and verification are open in any case.";
    "http.readers": "Who may read what: a name for the log, the SHA-256 of a bearer token, a role: auditor if absent.",
        "Nobody, until you name somebody: head -c 32 /dev/urandom | base64 | tee token | tr -d '\\n' | sha256sum",
        file only "[{ name = \"desk\", sha256 = \"(64 hexadecimal digits)\", role = \"service\" }]";
    "http.admins": "Who may have the running ledger copied: like http.readers. These tokens read nothing.",
        "Nobody: `remit backup` copies a ledger that is stopped.",
        file only "[{ name = \"cron\", sha256 = \"(64 hexadecimal digits)\" }]";
    "witnesses.file": "File with who cosigns: `witness NAME VKEY URL` lines, groups and a quorum (spec 08 §6).",
        "None: what is signed is published. With a quorum a version is published once that is met.",
        example "\"witnesses\"";
    "witnesses.wait_ms": "After this time, in milliseconds, whoever waits hears `not_witnessed`: the proof is to come.",
        "A witness on the other side of the world answers in less than a second; a request may take six times as long.";
    "witnesses.evidence": "Folder for notes of this log's key over a history that it does not have, if any show up.",
        "Beside the database. There should never be one: it means a stolen key, or an old copy that went on by itself.";
    "limits.request_ms": "For one request as a whole, in milliseconds.",
        "A client repeats its bytes after it; a proved answer takes some 10 ms, a page of a replay less than a second.";
    "limits.drain_ms": "For requests in progress when the server is told to stop, in milliseconds.",
        "As long as a request may take.";
    "limits.cache_mib": "Memory for blocks of the database, in MiB.",
        "With the tree of 10 million tokens (640 MiB) it stays below 1 GiB.";
    "limits.memtable_mib": "Memory for what is not yet in tables, in MiB.",
        "Some 100 000 operations; more makes a restart after a crash slower.";
    "limits.disk_free_mib": "`remit doctor` warns when less is free, in MiB.",
        "A day at 10 operations a second; a full disk makes a ledger read-only.";
    "log.format": "text or json.",
        "People read it first; a collector wants json.";
    "log.level": "error, warn, info, debug, trace, or directives such as \"info,remit::api=debug\".",
        "Starts, stops, and whatever an operator should see; nothing for each request.";
    "log.otlp": "Collector of OpenTelemetry that traces go to, by OTLP over HTTP; needs the feature otel.",
        "None: nothing is sent anywhere unless you say so.", example "\"http://127.0.0.1:4318\"";
}

impl Default for LedgerSection {
    fn default() -> Self {
        Self {
            data: "data".into(),
            guard: "guard".into(),
            index: "index".into(),
            key: "log.pem".into(),
            backups: "backups".into(),
            heartbeat_ms: HEARTBEAT_DEFAULT.0,
            clock_jump_ms: JUMP_DEFAULT.0,
        }
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            tls_certificate: None,
            tls_key: None,
            client_ca: None,
            public: false,
            client_role: Role::Auditor,
            readers: Vec::new(),
            admins: Vec::new(),
        }
    }
}

impl Default for WitnessesSection {
    fn default() -> Self {
        Self { file: None, wait_ms: 5_000, evidence: "evidence".into() }
    }
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            request_ms: REQUEST_TIME_DEFAULT.as_millis() as u64,
            drain_ms: DRAIN_TIME_DEFAULT.as_millis() as u64,
            cache_mib: 256,
            memtable_mib: 128,
            disk_free_mib: 1024,
        }
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into(), otlp: None }
    }
}

impl TokenSection {
    /// The digest of the token.
    pub(in crate::cli) fn digest(&self) -> Option<[u8; 32]> {
        hex(&self.sha256)
    }
}

impl Config {
    /// Whether the settings fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        let http = &self.http;
        if http.tls_certificate.is_some() != http.tls_key.is_some() {
            return Err("http.tls_certificate and http.tls_key belong together".into());
        }
        if http.client_ca.is_some() && http.tls_certificate.is_none() {
            return Err("http.client_ca needs http.tls_certificate".into());
        }
        for (setting, tokens) in [("http.readers", &http.readers), ("http.admins", &http.admins)] {
            if let Some(token) = tokens.iter().find(|token| token.digest().is_none()) {
                return Err(format!("{setting}: the sha256 of {} is not 64 hexadecimal digits", token.name));
            }
        }
        if self.log.otlp.as_ref().is_some_and(|url| !url.starts_with("http://")) {
            return Err(
                "log.otlp begins with http://: a collector beside the ledger speaks TLS to others".into()
            );
        }
        if self.log.otlp.is_some() && !cfg!(feature = "otel") {
            return Err("log.otlp: this command was built without the feature otel: \
                 cargo build --release --locked --features otel"
                .into());
        }
        let positive = [
            ("ledger.heartbeat_ms", self.ledger.heartbeat_ms),
            ("ledger.clock_jump_ms", self.ledger.clock_jump_ms),
            ("witnesses.wait_ms", self.witnesses.wait_ms),
            ("limits.request_ms", self.limits.request_ms),
            ("limits.cache_mib", self.limits.cache_mib.into()),
            ("limits.memtable_mib", self.limits.memtable_mib.into()),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{name} must be above 0"));
        }
        if self.witnesses.wait_ms >= self.limits.request_ms {
            return Err("witnesses.wait_ms must be below limits.request_ms".into());
        }
        if self.ledger.heartbeat_ms >= self.ledger.clock_jump_ms {
            return Err("ledger.heartbeat_ms must be below ledger.clock_jump_ms".into());
        }
        if self.ledger.index.starts_with(&self.ledger.data) {
            return Err("ledger.index must lie outside ledger.data".into());
        }
        if self.ledger.backups.starts_with(&self.ledger.data) {
            return Err("ledger.backups must lie outside ledger.data".into());
        }
        if self.ledger.guard.starts_with(&self.ledger.data) {
            return Err(
                "ledger.guard must lie outside ledger.data: it is there to notice an old copy of it".into()
            );
        }
        Ok(())
    }
}
