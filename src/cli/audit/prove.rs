//! `remit audit prove` and `check`: the proof of one entry as a file, and whether it holds, offline (spec 23 §4, §5).

use super::find::find;
use super::source::{Log, Of};
use crate::cli::clock;
use crate::cli::explain::{Wanted, wanted};
use crate::cli::key;
use crate::cli::out::{Done, Failure, Outcome, read_file};
use crate::cli::private;
use crate::cli::session::{Connection, Pins, SKEW, require_pinned};
use crate::cli::text::time;
use crate::remote::check_entry;
use crate::tree::prove::inclusion;
use clap::Args;
use remit_verifier::c2sp::TlogProof;
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::{OBJECT_BYTES_MAX, PROOF_BYTES_MAX, PROOF_EXTRA_BYTES_MAX};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::{TreeHead, verify_inclusion};
use remit_verifier::receipt::{Receipt, ReceiptDraft, ReceiptError};
use remit_verifier::sign::{Signer as _, sign_receipt};
use remit_verifier::types::{EntryIndex, Hash, TreeSize};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Prove {
    #[command(flatten)]
    log: Of,
    /// The index of the entry, or the id of the operation, token or submission that it decided.
    #[arg(value_name = "ENTRY|ID")]
    what: String,
    /// Writes the proof there instead of printing it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes a receipt (RFC 9942) too, signed with the log's key: for those who read COSE.
    #[arg(long, value_name = "FILE", requires = "sign")]
    receipt: Option<PathBuf>,
    /// The key file of the log, which signs the receipt.
    #[arg(long, value_name = "KEY", requires = "receipt")]
    sign: Option<PathBuf>,
    /// Writes the bytes of the entry, which a receipt does not carry.
    #[arg(long, value_name = "FILE")]
    entry_out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Check {
    /// The proof, or the receipt.
    proof: PathBuf,
    /// The entry's bytes, for a proof that does not carry them.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

impl Prove {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (Some(note), Some(head)) = (&log.note, log.heads.last()) else {
            return Err(Failure::usage("a folder has no signed checkpoint to prove anything under")
                .hint("--checkpoint FILE with one that the ledger signed, or ask its URL"));
        };
        let (at, item) = find(&log, wanted(&self.what)?)?;
        let path = included(&log, head, at, &item.entry)?;
        let leaf = leaf_hash(&item.entry);
        let room = item.entry.len() <= PROOF_EXTRA_BYTES_MAX;
        let extra = if room { item.entry.clone() } else { Vec::new() };
        if let Some(file) = &self.entry_out {
            private::write(file, &item.entry)?;
        }
        if let (Some(file), Some(key)) = (&self.receipt, &self.sign) {
            private::write(file, &receipt(&log, head, (at, &leaf, &path), key)?)?;
        }
        let proof = TlogProof::new(extra, at, path, note);
        let proof = proof.map_err(|error| Failure::internal(format!("the proof: {error:?}")))?.to_text();
        let done = match &self.out {
            Some(path) => {
                private::write(path, proof.as_bytes())?;
                Done::say(format!("the proof of entry {at} is in {}", path.display()))
                    .line(format!("under the checkpoint of size {}: `remit audit check FILE`", head.size))
            }
            None if self.receipt.is_none() => Done::say(&proof),
            None => Done::default(),
        };
        let done = match &self.receipt {
            Some(path) => done.line(format!("the receipt of entry {at} is in {}", path.display())),
            None => done,
        };
        Ok(done
            .with("ledger", log.ledger.to_string())
            .with("entry", at.0)
            .with("leaf_hash", leaf.to_string())
            .with("checkpoint_size", head.size.0)
            .with("proof", &proof))
    }
}

/// The inclusion of an entry under a head, computed and checked.
pub(super) fn included(
    log: &Log,
    head: &TreeHead,
    at: EntryIndex,
    entry: &[u8],
) -> Result<Vec<Hash>, Failure> {
    let path = inclusion(log.nodes(), at, head.size).map_err(|error| {
        log.failed().unwrap_or_else(|| Failure::refused("bad_proof", format!("entry {at}: {error}")))
    })?;
    verify_inclusion(&leaf_hash(entry), at, head.size, &path, &head.root).map_err(|error| {
        let message = format!("entry {at} is not under the checkpoint of size {}: {error}", head.size);
        Failure::refused("bad_proof", message).hint(super::EVIDENCE)
    })?;
    Ok(path)
}

/// A receipt, of the time of the commitment that ends the log. What it says is what the checkpoint says already.
fn receipt(
    log: &Log,
    head: &TreeHead,
    (index, leaf, path): (EntryIndex, &Hash, &[Hash]),
    key: &Path,
) -> Result<Vec<u8>, Failure> {
    let signer = key::open(key)?;
    if signer.public_key() != *log.genesis.log_key.bytes() {
        return Err(Failure::refused("other_key", format!("{} is not the key of the log", key.display())));
    }
    let (last, item) = find(log, Wanted::Entry(EntryIndex(head.size.0.saturating_sub(1))))?;
    included(log, head, last, &item.entry)?;
    let Ok(Entry::Commitment(commitment)) = Entry::decode(&item.entry) else {
        return Err(Failure::refused("damaged", format!("entry {last} under a checkpoint is no commitment")));
    };
    let (origin, time) = (log.genesis.origin.as_str(), commitment.time.seconds());
    let draft = ReceiptDraft { origin, time, size: head.size, index, path };
    sign_receipt(&signer, &draft, leaf).map_err(Failure::internal)
}

/// Checks a receipt for one of the logs that are trusted.
fn check_receipt(bytes: &[u8], entry: Option<Vec<u8>>, pins: &Pins) -> Outcome {
    let refused = |error: ReceiptError| Failure::refused(error.text(), error);
    let receipt = Receipt::decode(bytes).map_err(|error| refused(error.into()))?;
    let entry = entry.ok_or_else(|| {
        Failure::usage("a receipt does not carry its entry")
            .hint("--entry FILE, as `prove --entry-out` writes it")
    })?;
    let known = pins.trust.iter().flat_map(|trust| trust.logs()).map(|(key, _)| key);
    let key = known.into_iter().find(|key| key.name() == receipt.origin && *key.key().bytes() == receipt.kid);
    receipt.verify(&entry, key.ok_or_else(|| refused(ReceiptError::OtherLog))?).map_err(refused)?;
    Ok(held(receipt.index, &entry, receipt.size)?
        .line(format!("receipt of {} at {}", receipt.origin, time::show(receipt.time)))
        .with("origin", receipt.origin)
        .with("checkpoint_size", receipt.size.0)
        .with("receipt_time_s", receipt.time.0))
}

impl Check {
    pub(super) fn run(self) -> Outcome {
        let bytes = read_file(&self.proof, PROOF_BYTES_MAX)?;
        let entry = self.entry.as_deref().map(|path| read_file(path, OBJECT_BYTES_MAX)).transpose()?;
        let pins = self.connection.pins()?;
        let Some(trust) = &pins.trust else {
            return Err(Failure::usage("whose log?")
                .hint("--log-key VKEY, --policy FILE, or a profile with `log_key`"));
        };
        if Receipt::is_one(&bytes) {
            return check_receipt(&bytes, entry, &pins);
        }
        let proof = TlogProof::parse(&bytes).map_err(|_| {
            Failure::usage(format!("{}: no proof of an entry", self.proof.display())).hint(
                "`remit audit prove` and `remit explain --out` write one; receipts are of `prove --receipt`",
            )
        })?;
        let entry = entry.unwrap_or_else(|| proof.unauthenticated_extra().to_vec());
        if entry.is_empty() {
            return Err(Failure::usage("the proof does not carry its entry").hint("--entry FILE"));
        }
        let (at, leaf) = (proof.index(), leaf_hash(&entry));
        let text = String::from_utf8_lossy(&bytes);
        let accepted = check_entry(&text, (at, &entry), trust, clock::now()?, SKEW)
            .map_err(|error| Failure::refused("bad_proof", format!("it does not hold: {error}")))?;
        if at == EntryIndex(0) {
            require_pinned(pins.ledger, Genesis::ledger_id(&entry))?;
        }
        Ok(held(at, &entry, accepted.size())?
            .line(format!("proved under the checkpoint of size {} of {}", accepted.size(), accepted.origin()))
            .with("origin", accepted.origin())
            .with("checkpoint_size", accepted.size().0)
            .with("log_root", accepted.root().to_string())
            .with("leaf_hash", leaf.to_string()))
    }
}

/// What a proved entry says by itself.
pub(super) fn held(at: EntryIndex, entry: &[u8], size: TreeSize) -> Result<Done, Failure> {
    let decoded = Entry::decode(entry);
    let decoded = decoded.map_err(|error| Failure::refused("damaged", format!("entry {at}: {error:?}")))?;
    let when = time::show(decoded.time().seconds());
    let (kind, id, code) = match &decoded {
        Entry::Genesis(_) => ("genesis", None, None),
        Entry::Commitment(_) => ("commitment", None, None),
        Entry::Outcome(outcome) => (outcome.kind.text(), Some(outcome.id.to_string()), outcome.refused),
    };
    let code = code.map(|code| code.text());
    let mut done = Done::say(format!("holds: entry {at} of {size}, {kind} at {when}"));
    if let Some(id) = &id {
        done = done.line(format!("id {id}"));
    }
    if let Some(code) = code {
        done = done.line(format!("refused: {code}"));
    }
    Ok(done
        .with("entry", at.0)
        .with("kind", kind)
        .with("id", id)
        .with("code", code)
        .with("time_ms", decoded.time().0))
}
