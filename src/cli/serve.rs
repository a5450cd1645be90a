//! `remit serve`: opens a ledger, runs it, and serves it over HTTP until it is told to stop.

use super::backup::{Copies, Place};
use super::config::{Config, FILE_NAME, Loaded, LogFormat, TokenSection, load};
use super::folder::{open, runs};
use super::out::{Done, Failure, Outcome, print};
use super::text::time;
#[cfg(feature = "otel")]
use super::traces::Traces;
use super::{clock, key};
use crate::api::{self, Backups, Directory, Reader, ServeError, Served, Tls};
use crate::index::{Follower, Index};
use crate::ledger::Service;
use crate::sequencer::{Clock, GuardError, GuardPlace, Settings, StartError, State};
use crate::store::StoreError;
use crate::store::rocks::{RocksOptions, RocksReader};
use clap::Args;
use remit_verifier::sign::LocalSigner;
use remit_verifier::types::Millis;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often it is looked whether the ledger stopped by itself.
const LOOK: Duration = Duration::from_millis(200);

/// Runs a ledger and serves it over HTTP.
///
/// SIGTERM and SIGINT finish what is queued and stop. A full disk makes the ledger read-only until there is room. It
/// refuses to start when acknowledged entries are missing, when records contradict each other, and when the clock
/// stands behind the last entry.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit serve ledger
  remit serve --config /etc/remit/remit.toml
  remit serve ledger --listen 127.0.0.1:0 --json   prints {\"listening\":\"http://127.0.0.1:…\"}")]
pub(super) struct Serve {
    /// The ledger's folder, with remit.toml in it.
    #[arg(default_value = ".", conflicts_with = "config")]
    dir: PathBuf,
    /// The configuration, if it is elsewhere.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Listens here instead of where the configuration says; port 0 is any that is free.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The clock is right although it is far ahead of the last entry: after a long rest.
    #[arg(long)]
    allow_clock_jump: bool,
    /// There is no guard file any more, and you vouch that no acknowledged entry is missing: makes a new one.
    #[arg(long)]
    new_guard: bool,
}

/// Why the ledger did not open.
#[derive(Debug)]
struct NotOpened(Failure);

impl std::fmt::Display for NotOpened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serve {
    pub(super) fn run(self, json: bool) -> Outcome {
        let at = self.config.clone().unwrap_or_else(|| self.dir.join(FILE_NAME));
        let loaded = load(&at)?;
        let _traces = log(&loaded.config)?;
        let connections = super::files::for_connections();
        let signer = key::open(&loaded.path(&loaded.config.ledger.key))?;
        let listen = self.listen.unwrap_or(loaded.config.http.listen);
        let guard = loaded.path(&loaded.config.ledger.guard);
        let listener = TcpListener::bind(listen).map_err(|error| {
            let failure = Failure::internal(format!("{listen}: {error}"));
            if runs(&guard) {
                return Failure::refused("locked", format!("the ledger runs already: {failure}"))
                    .hint("stop it first: a ledger has one server");
            }
            failure.coded("port").hint("--listen ADDRESS chooses another; something may listen there already")
        })?;
        let address = listener.local_addr().map_err(Failure::internal)?;
        let settings = api::Settings { connections, ..api_settings(&loaded, address)? };
        let scheme = if settings.tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        if json {
            print(&format!("{}\n", serde_json::json!({ "listening": url })));
        } else {
            print(&format!("listening on {url}; opening the ledger\n"));
        }
        let running: Arc<OnceLock<Service>> = Arc::default();
        let (started, opening) = (running.clone(), self.opening(&loaded, signer)?);
        let index = loaded.path(&loaded.config.ledger.index);
        // Whoever asks for a copy, from wherever, is told the whole path.
        let folder =
            std::path::absolute(loaded.path(&loaded.config.ledger.backups)).map_err(Failure::internal)?;
        let place = Place::of(&at);
        let open = move || {
            let (service, database) = opening()?;
            // It is opened once.
            drop(started.set(service.clone()));
            let directory = lists(&index, &service);
            let backups = Some(Arc::new(Copies::new(place, database, folder)) as Arc<dyn Backups>);
            Ok(Served { service, directory, backups })
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::internal)?;
        let served = runtime.block_on(async {
            let shutdown = shutdown(running.clone()).map_err(Failure::internal)?;
            Ok::<_, Failure>(api::serve_opening(listener, open, settings, shutdown).await)
        })?;
        served.map_err(|error| match error {
            ServeError::Open(NotOpened(failure)) => failure,
            ServeError::Tls(error) => {
                Failure::usage(error).coded("tls").hint("look at http.tls_* in the configuration")
            }
            error => Failure::internal(error),
        })?;
        match running.get().map(|service| service.sizes().state) {
            Some(State::Stopped(Some(fatal))) => {
                Err(Failure::internal(format!("the ledger stopped: {fatal}"))
                    .coded("stopped")
                    .hint("start it again: reopening checks everything that was acknowledged"))
            }
            _ if json => Ok(Done::default()),
            _ => Ok(Done::say("stopped in good order")),
        }
    }

    /// What opens the store and starts the ledger, in another thread.
    fn opening(
        &self,
        loaded: &Loaded,
        signer: LocalSigner,
    ) -> Result<impl FnOnce() -> Result<(Service, RocksReader), NotOpened> + Send + 'static, Failure> {
        let config = &loaded.config;
        let (data, guard) = (loaded.path(&config.ledger.data), loaded.path(&config.ledger.guard));
        let options = RocksOptions {
            cache_bytes: (config.limits.cache_mib as usize) << 20,
            memtable_bytes: (config.limits.memtable_mib as usize) << 20,
            ..RocksOptions::default()
        };
        let settings = Settings {
            guard: if self.new_guard {
                GuardPlace::New(guard.clone())
            } else {
                GuardPlace::At(guard.clone())
            },
            clock: machine_clock(),
            heartbeat: Millis(config.ledger.heartbeat_ms),
            jump_max: Millis(config.ledger.clock_jump_ms),
            allow_jump: self.allow_clock_jump,
            witnesses: super::witnesses::of(loaded)?,
        };
        Ok(move || {
            let store = open(&data, &options).map_err(NotOpened)?;
            let (size, database) = (store.head().size, store.handle());
            let service = Service::start(store, Box::new(signer), settings)
                .map_err(|error| NotOpened(start(&error, &guard)))?;
            tracing::info!(ledger = %service.id(), entries = size.0, "the ledger is open");
            Ok((service, database))
        })
    }
}

/// The lists that the index keeps. Without them the ledger goes on.
fn lists(dir: &Path, service: &Service) -> Option<Arc<dyn Directory>> {
    let opened = Index::open(dir, service.id()).map_err(|error| error.to_string());
    let followed =
        opened.and_then(|index| Follower::start(index, service.clone()).map_err(|error| error.to_string()));
    match followed {
        Ok(follower) => Some(Arc::new(follower)),
        Err(error) => {
            tracing::error!(error, "there is no index: lists are not answered");
            None
        }
    }
}

/// The clock of this machine, for the ledger; one that stands before 1970 stands at 0, behind every entry.
fn machine_clock() -> Clock {
    Arc::new(|| clock::now().unwrap_or_default())
}

fn api_settings(loaded: &Loaded, listen: SocketAddr) -> Result<api::Settings, Failure> {
    let http = &loaded.config.http;
    let tls = http.tls_certificate.as_ref().zip(http.tls_key.as_ref()).map(|(certificate, key)| Tls {
        certificate: loaded.path(certificate),
        key: loaded.path(key),
        client_ca: http.client_ca.as_ref().map(|ca| loaded.path(ca)),
    });
    let tokens = |all: &[TokenSection]| {
        let one = |token: &TokenSection| {
            let sha256 = token.digest().ok_or_else(|| Failure::usage("a token's sha256 is none"))?;
            Ok(Reader { name: token.name.clone(), sha256, role: token.role })
        };
        all.iter().map(one).collect::<Result<Vec<_>, Failure>>()
    };
    Ok(api::Settings {
        listen,
        tls,
        public: http.public,
        readers: tokens(&http.readers)?,
        client_role: http.client_role,
        admins: tokens(&http.admins)?,
        request_time: Duration::from_millis(loaded.config.limits.request_ms),
        drain_time: Duration::from_millis(loaded.config.limits.drain_ms),
        ..api::Settings::new(machine_clock())
    })
}

/// Done when somebody says so: SIGTERM, or SIGINT.
pub(super) fn told_to_stop() -> std::io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Done when somebody says so, or when the ledger stopped by itself.
fn shutdown(running: Arc<OnceLock<Service>>) -> std::io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        let stopped = async {
            while !matches!(running.get().map(|service| service.sizes().state), Some(State::Stopped(_))) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: finishing what is queued"),
            _ = interrupt.recv() => tracing::info!("SIGINT: finishing what is queued"),
            () = stopped => tracing::error!("the ledger stopped by itself"),
        }
    })
}

/// Why a ledger does not start, for a person. All but a fault of the machine need somebody to look.
fn start(error: &StartError, guard: &Path) -> Failure {
    let date = |at: &Millis| format!("{} ({} ms)", time::show(at.seconds()), at);
    let failure = match error {
        StartError::ClockBehind { now, last } => Failure::refused(
            "clock_behind",
            format!(
                "the clock says {}, the last entry is of {}: time in the log never goes back",
                date(now),
                date(last)
            ),
        ),
        StartError::ClockAhead { now, last, bound } => Failure::refused(
            "clock_ahead",
            format!(
                "the clock says {}, the last entry is of {}: more than {} s ahead",
                date(now),
                date(last),
                bound.0 / 1000
            ),
        )
        .hint("if the clock is right: remit serve --allow-clock-jump"),
        StartError::Guard(error) => Failure::refused("guard", format!("{}: {error}", guard.display())),
        StartError::Store(StoreError::Device(_)) | StartError::Fatal(_) | StartError::Thread(_) => {
            Failure::internal(error)
        }
        error => Failure::refused("not_started", error),
    };
    match (error, error.remedy()) {
        (StartError::Guard(GuardError::Missing), _) => failure.hint(
            "if this database is the newest there is: remit serve --new-guard; if it is an old copy, do not start it",
        ),
        (StartError::Guard(GuardError::Unreadable), _) => failure.hint(
            "compare the database with the newest published checkpoint (`remit audit replay DIR --checkpoint FILE`); \
             only then move the file away, and remit serve --new-guard",
        ),
        (StartError::Guard(GuardError::Exists), _) => {
            failure.hint("start without --new-guard: the guard that is there decides whether anything is missing")
        }
        (StartError::ClockAhead { .. }, _) | (_, None) => failure,
        (_, Some(remedy)) => failure.hint(remedy),
    }
}

/// There are none.
#[cfg(not(feature = "otel"))]
enum Traces {}

/// Writes the log of the server to stderr. Traces are sent as long as what it gives is kept.
fn log(config: &Config) -> Result<Option<Traces>, Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.level)
        .map_err(|error| Failure::usage(format!("log.level: {error}")))?;
    #[cfg(feature = "otel")]
    let filter = super::traces::without_spans(filter);
    #[cfg(feature = "otel")]
    if let Some(url) = &config.log.otlp {
        return super::traces::start(url, filter, config.log.format).map(Some);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match config.log.format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    set.map_err(Failure::internal)?;
    Ok(None)
}
