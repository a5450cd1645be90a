//! The story on a real server: RocksDB in a folder, HTTP on loopback, a client that knows nothing but its address.
//!
//! Only the clock is the story's own, so that minutes can pass in an instant.

use super::house::{Answered, House, Kept, Purse};
use super::stage::{ORIGIN, Tale};
use crate::api;
use crate::engine;
use crate::keys;
use crate::ledger::{Clock, GuardPlace, Service, Settings};
use crate::remote::{Address, Remote, Reply};
use crate::store::rocks::RocksOptions;
use crate::store::{RocksStore, Store};
use remit_verifier::c2sp::{KeyKind, Trust, VerifierKey};
use remit_verifier::log::Genesis;
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::{EntryIndex, Epoch, Generation, KeyBytes, LedgerId, Millis, ObjectId};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// A server that can be stopped and started again on the same folder.
pub(super) struct Served {
    folder: PathBuf,
    signer: LocalSigner,
    clock: Arc<AtomicU64>,
    ledger: LedgerId,
    log_key: KeyBytes,
    running: Option<Running>,
    /// The newest checkpoint that was seen.
    checkpoint: String,
}

struct Running {
    remote: Remote,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), String>>,
}

impl Served {
    /// Makes a ledger in the folder and serves it.
    pub(super) fn new(genesis: &Genesis, seed: &[u8; 32], folder: &Path) -> Tale<Self> {
        let signer = LocalSigner::from_seed(seed);
        let first = engine::begin(genesis);
        let ledger = Genesis::ledger_id(&first.entries.first().ok_or("no genesis")?.bytes);
        let store = RocksStore::create(&folder.join("data"), first, &RocksOptions::default())?;
        keys::file::keep(&folder.join("log.pem"), seed, None)?;
        let mut served = Self {
            folder: folder.to_path_buf(),
            log_key: signer.public_key(),
            signer,
            clock: Arc::new(AtomicU64::new(genesis.time.0)),
            ledger,
            running: None,
            checkpoint: String::new(),
        };
        served.serve(store, GuardPlace::New(served.guard()))?;
        Ok(served)
    }

    fn guard(&self) -> PathBuf {
        self.folder.join("guard")
    }

    fn open(&self) -> Tale<RocksStore> {
        Ok(RocksStore::open(&self.folder.join("data"), &RocksOptions::default(), &mut |_| {})?)
    }

    fn clock(&self) -> Clock {
        let clock = self.clock.clone();
        Arc::new(move || Millis(clock.load(Ordering::SeqCst)))
    }

    fn serve(&mut self, store: RocksStore, guard: GuardPlace) -> Tale<()> {
        let settings = Settings { guard, ..Settings::new(self.clock()) };
        let service = Service::start(store, Box::new(self.signer.clone()), settings)?;
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let settings = api::Settings { public: true, ..api::Settings::new(self.clock()) };
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let thread = std::thread::spawn(move || {
            // Whoever drops the other end wants it stopped as well.
            let shutdown = async move { drop(stopped.await) };
            let served = runtime.block_on(api::serve(listener, service, settings, shutdown));
            served.map_err(|error| error.to_string())
        });
        let address = Address { url, timeout: Duration::from_secs(30), ..Address::default() };
        let remote = Remote::new(address)?;
        self.running = Some(Running { remote, stop, thread });
        Ok(())
    }

    fn remote(&self) -> Tale<&Remote> {
        Ok(&self.running.as_ref().ok_or("the server is stopped")?.remote)
    }
}

impl House for Served {
    fn id(&self) -> LedgerId {
        self.ledger
    }

    fn trust(&self) -> Tale<Trust> {
        let key = VerifierKey::new(ORIGIN, KeyKind::Note, &self.log_key).map_err(|_| "no key name")?;
        let lines = format!("log {key}\nquorum none\n");
        Ok(Trust::parse(lines.as_bytes()).map_err(|_| "no trust")?)
    }

    fn submit(&mut self, bytes: &[u8], now: Millis) -> Tale<Answered> {
        self.clock.store(now.0, Ordering::SeqCst);
        Ok(match self.remote()?.submit(bytes)? {
            Reply::Accepted(accepted) => {
                let outcome = if accepted.replayed { "replayed" } else { "applied" };
                Answered { outcome: outcome.into(), meaning: None, entry: Some(accepted.entry.0) }
            }
            Reply::Refused(refused) => {
                Answered { outcome: refused.code, meaning: Some(refused.meaning), entry: None }
            }
        })
    }

    fn epoch(&self, token: &ObjectId) -> Tale<(Epoch, Generation)> {
        let view = self.remote()?.json(&format!("/v1/tokens/{token}"))?;
        let number = |name: &str| view[name].as_u64().ok_or("no number");
        Ok((Epoch(number("epoch")?), Generation(number("generation")?)))
    }

    fn presentation(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.remote()?.bytes(&format!("/v1/tokens/{token}/presentation?unit={unit}"))?)
    }

    fn evidence(&self, reserve: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.remote()?.bytes(&format!("/v1/reservations/{reserve}/evidence"))?)
    }

    fn lease_proof(&self, lease: &ObjectId) -> Tale<Vec<u8>> {
        Ok(self.remote()?.bytes(&format!("/v1/leases/{lease}/proof"))?)
    }

    fn purse(&self, token: &ObjectId, unit: &ObjectId) -> Tale<Purse> {
        let view = self.remote()?.json(&format!("/v1/tokens/{token}"))?;
        let budgets = view["budgets"].as_array().ok_or("no budgets")?;
        let unit = unit.to_string();
        let budget = budgets.iter().find(|budget| budget["unit"] == unit.as_str()).ok_or("no budget")?;
        Ok(Purse {
            total: amount(budget, "total")?,
            committed: amount(budget, "committed")?,
            captured: amount(budget, "captured")?,
            refunded: amount(budget, "refunded")?,
            reserved: amount(budget, "reserved")?,
            carved: amount(budget, "carved")?,
            returned: amount(budget, "returned")?,
            unit: budget["unit_name"].as_str().ok_or("no name")?.to_owned(),
            decimals: budget["decimals"].as_u64().ok_or("no decimals")?,
        })
    }

    fn stop(&mut self) -> Tale<()> {
        let Some(running) = self.running.take() else { return Ok(()) };
        self.checkpoint = running.remote.text("/checkpoint")?;
        // The server may have stopped by itself; then its thread says why.
        let _ = running.stop.send(());
        running.thread.join().map_err(|_| "the server panicked")??;
        Ok(())
    }

    fn resume(&mut self, now: Millis) -> Tale<()> {
        self.clock.store(now.0, Ordering::SeqCst);
        let store = self.open()?;
        self.serve(store, GuardPlace::At(self.guard()))
    }

    fn close(&mut self) -> Tale<Kept> {
        self.stop()?;
        let store = self.open()?;
        let read = store.reader();
        let entries = (0..read.len()).map(|at| read.entry(EntryIndex(at)));
        let log = entries.map(|kept| Ok(kept?.ok_or("an entry is missing")?)).collect::<Tale<Vec<_>>>()?;
        let state_root = store.trees().state.root().to_string();
        Ok(Kept { log, head: store.head(), state_root, checkpoint: self.checkpoint.clone() })
    }
}

fn amount(budget: &Value, name: &str) -> Tale<u64> {
    Ok(budget[name].as_str().ok_or("no amount")?.parse()?)
}
