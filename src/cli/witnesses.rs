//! The witnesses of a ledger, as `remit serve` reaches them: their lines in a file, HTTP, and what they catch it in.

use super::config::Loaded;
use super::out::{Failure, read_file};
use super::private;
use super::session::failure;
use crate::ledger::{Reach, Told, Witnesses};
use crate::remote::{Address, Remote};
use remit_verifier::c2sp::Trust;
use remit_verifier::hash::sha256;
use remit_verifier::limits::TRUST_BYTES_MAX;
use remit_verifier::types::Millis;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long one request to a witness may take: a replaying one waits for two seconds itself.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(5);

/// The witnesses that the configuration names, if it names any.
pub(super) fn of(loaded: &Loaded) -> Result<Option<Arc<Witnesses>>, Failure> {
    let section = &loaded.config.witnesses;
    let Some(file) = &section.file else { return Ok(None) };
    let (path, evidence) = (loaded.path(file), loaded.path(&section.evidence));
    let wrong = |said: String| {
        Failure::usage(format!("{}: {said}", path.display())).coded("bad_witnesses").hint(
            "lines as in a policy's trust: `witness NAME VKEY URL` for each, `group NAME K MEMBER…`, `quorum NAME` or \
             `quorum none`",
        )
    };
    let text = read_file(&path, TRUST_BYTES_MAX)?;
    let trust = Trust::parse(&text).map_err(|error| wrong(error.to_string()))?;
    let mut reach: Vec<Arc<dyn Reach>> = Vec::new();
    for witness in trust.witnesses() {
        let name = String::from_utf8_lossy(witness.name()).into_owned();
        let url = witness.url().ok_or_else(|| wrong(format!("witness {name} has no URL")))?;
        let url = String::from_utf8_lossy(url).into_owned();
        let remote = Remote::new(Address { url, timeout: REQUEST_TIME_MAX, ..Address::default() });
        let remote = remote.map_err(|error| wrong(format!("witness {name}: {}", failure(error))))?;
        reach.push(Arc::new(Reached { name, remote, evidence: evidence.clone() }));
    }
    Ok(Some(Arc::new(Witnesses { trust, reach, wait: Millis(section.wait_ms) })))
}

/// One witness over HTTP.
struct Reached {
    name: String,
    remote: Remote,
    evidence: PathBuf,
}

impl Reach for Reached {
    fn add_checkpoint(&self, body: &[u8]) -> Result<Told, String> {
        let (status, body) =
            self.remote.exchange("/add-checkpoint", body).map_err(|error| error.to_string())?;
        Ok(Told { status, body })
    }

    fn checkpoint(&self, origin_hash: &str) -> Result<Vec<u8>, String> {
        self.remote.bytes(&format!("/{origin_hash}/checkpoint")).map_err(|error| error.to_string())
    }

    fn caught(&self, note: &str, says: &str) {
        let witness = &self.name;
        tracing::error!(witness, says, note, "a witness has another history that this log's key signed");
        if let Err(error) = keep(&self.evidence, note) {
            tracing::error!(%error, "the evidence could not be kept");
        }
    }
}

/// Keeps a note; the same once.
fn keep(folder: &Path, note: &str) -> Result<(), Failure> {
    let path = folder.join(format!("{}.note", sha256(&[note.as_bytes()])));
    std::fs::create_dir_all(folder).map_err(Failure::internal)?;
    if path.try_exists().map_err(Failure::internal)? {
        return Ok(());
    }
    private::write(&path, note.as_bytes())
}
