//! `remit prune`: deletes what stands beside old entries, for which a snapshot stands (docs/retention.md).

use super::audit::snapshot::{of_ledger, read};
use super::audit::source::head_of;
use super::config::{Loaded, load};
use super::folder::{genesis_of, open, refused, require_guarded, still};
use super::out::{Done, Failure, Outcome, read_file};
use super::progress::Bar;
use super::session::require_accepted;
use super::text::time;
use super::{audit, clock};
use crate::audit::snapshot::{Start, write};
use crate::audit::{Held, Live, closes};
use crate::store::rocks::{PruneCount, Pruned, RocksOptions};
use crate::store::{Read as _, RocksStore, StoreError, StoredEntry};
use crate::tree::prove::root_at;
use clap::Args;
use remit_verifier::c2sp::{KeyKind, Trust, VerifierKey};
use remit_verifier::limits::{NOTE_BYTES_MAX, TRUST_BYTES_MAX};
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::types::{EntryIndex, Hash, LedgerId, Seconds, TreeSize};
use std::io;
use std::path::PathBuf;

/// Deletes objects and details of old entries of a ledger that is stopped; a snapshot stands for them from then on.
///
/// Entries and all proofs stay, and so does what something live refers to: tokens that can be used and those above
/// them, open reservations and leases, requests that wait, offers that stand; and who is who. What is deleted cannot be
/// computed again: whoever replays the log starts from the snapshot, and says that what lies before is not covered. So
/// the snapshot is computed again first, and must be the one in the file: keep it, and let others make it too and
/// compare the digests.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit audit replay ledger --snapshot-out 2027.snapshot
  remit prune ledger --before 2027-01-01T00:00:00Z --snapshot 2027.snapshot --dry-run
  remit prune ledger --before 120000 --snapshot 2027.snapshot
  remit prune ledger --before 240000 --snapshot 2028.snapshot --from-snapshot 2027.snapshot

Backups have what was deleted until they are deleted too. docs/retention.md says what is provable afterwards.")]
pub(super) struct Prune {
    /// The ledger's folder.
    dir: PathBuf,
    /// The first entry of which everything is kept: its index, or a time that no entry before it has.
    #[arg(long, value_name = "ENTRY|TIME")]
    before: String,
    /// The snapshot that will stand for what is deleted: of a commitment behind it that is published.
    #[arg(long, value_name = "FILE")]
    snapshot: PathBuf,
    /// The snapshot of the last time, if this ledger was pruned before: the log is computed from there on.
    #[arg(long, value_name = "FILE")]
    from_snapshot: Option<PathBuf>,
    /// The newest published checkpoint; needed where a quorum of witnesses publishes.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Computes and counts, and deletes nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Prune {
    pub(super) fn run(self) -> Outcome {
        let loaded = load(&self.dir)?;
        let data = loaded.path(&loaded.config.ledger.data);
        let mut store = open(&data, &RocksOptions::default())?;
        let (ledger, genesis) = genesis_of(&store)?;
        require_guarded(&self.dir, ledger, store.head())?;
        let _still = still(&self.dir, &data)?;
        let published = self.published(&loaded, &store, &genesis)?;
        let (size, stated) = self.stated(&store, ledger, published)?;
        let before = self.boundary(&store, size)?;
        let start = self.start(&store, ledger, size)?;
        let (held, digest) = computed(&store, &genesis, start, size)?;
        if digest != stated {
            let message =
                format!("{}: the log leads to the digest {digest}, not {stated}", self.snapshot.display());
            return Err(Failure::refused("snapshot_of_another_log", message)
                .hint("`remit audit replay DIR --snapshot-out FILE` makes the right one"));
        }
        let read = store.handle();
        let now = held.place().and_then(|place| place.commitment()).map(|commitment| commitment.time);
        let live = Live::of(held.state(), now.unwrap_or_default());
        drop(held);
        let mut failed = None;
        let mut keeps = |at: EntryIndex, object: Option<&[u8]>| {
            let entry = if object.is_none() { entry_at(&read, at) } else { Ok(Vec::new()) };
            entry.map_or_else(
                |error| {
                    failed = Some(error);
                    true
                },
                |entry| live.needs(at, &entry, object),
            )
        };
        let what = Pruned { before, size, digest, at: clock::now()?, whole: true };
        let count = if self.dry_run {
            read.would_prune(before, &mut |at, item| keeps(at, item.object.as_deref()))
        } else {
            store.prune(&what, &mut |at, item| keeps(at, item.object.as_deref()))
        };
        let count = count.map_err(|error| refused(&data, &error))?;
        failed.map_or(Ok(()), |error| Err(Failure::internal(error)))?;
        Ok(self.told(ledger, &what, &count))
    }

    fn told(&self, ledger: LedgerId, what: &Pruned, count: &PruneCount) -> Done {
        let Pruned { before, size, digest, .. } = what;
        let (done, verb) = match self.dry_run {
            true => ("nothing was deleted", "would be deleted"),
            false => ("deleted, and remembered: `remit doctor` lists it", "are deleted"),
        };
        Done::say(format!("ledger       {ledger}"))
            .line(format!(
                "before       entry {before}: objects and details of {} entries {verb}",
                count.deleted
            ))
            .line(format!("             {} bytes", count.bytes))
            .line(format!(
                "kept         those of {} entries before it, which something live refers to",
                count.kept
            ))
            .line(format!("snapshot     of size {size}, digest {digest}: computed again"))
            .line(done)
            .with("ledger", ledger.to_string())
            .with("before", before.0)
            .with("deleted", count.deleted)
            .with("bytes", count.bytes)
            .with("kept", count.kept)
            .with("snapshot_size", size.0)
            .with("snapshot_digest", digest.to_string())
            .with("dry_run", self.dry_run)
    }

    /// How much of the log is published: all of it, or where witnesses publish, what the checkpoint covers.
    fn published(&self, loaded: &Loaded, store: &RocksStore, genesis: &Genesis) -> Result<TreeSize, Failure> {
        let own = VerifierKey::new(&genesis.origin, KeyKind::Note, genesis.log_key.bytes());
        let own =
            own.map_err(|error| Failure::refused("damaged", format!("the origin of the log: {error}")))?;
        let lines = match &loaded.config.witnesses.file {
            Some(file) => {
                String::from_utf8_lossy(&read_file(&loaded.path(file), TRUST_BYTES_MAX)?).into_owned()
            }
            None => "quorum none\n".into(),
        };
        let trust = Trust::parse(format!("log {own}\n{lines}").as_bytes());
        let trust = trust.map_err(|error| Failure::usage(format!("the file of witnesses: {error}")))?;
        let Some(path) = &self.checkpoint else {
            return if loaded.config.witnesses.file.is_none() {
                Ok(store.head().size)
            } else {
                Err(Failure::usage("witnesses publish what this ledger signs: how far have they come?").hint(
                    "--checkpoint FILE, with the newest one from `/checkpoint` of the ledger or of a mirror",
                ))
            };
        };
        let note = read_file(path, NOTE_BYTES_MAX)?;
        let head =
            head_of(&note).ok_or_else(|| Failure::usage(format!("{}: no checkpoint", path.display())))?;
        require_accepted(&trust, &note, clock::now()?)?;
        match root_at(store.handle().log(), head.size) {
            Ok(root) if root == head.root => Ok(head.size),
            _ => Err(audit::other_root(head.size)),
        }
    }

    /// Size and digest of the snapshot, which must be one of this ledger, and published.
    fn stated(
        &self,
        store: &RocksStore,
        ledger: LedgerId,
        published: TreeSize,
    ) -> Result<(TreeSize, Hash), Failure> {
        let start = read(&self.snapshot)?;
        of_ledger(&self.snapshot, &start, ledger, store.handle().log())?;
        let size = start.head().size;
        if size > published {
            let message = format!("the snapshot covers {size} entries, of which {published} are published");
            return Err(Failure::refused("snapshot_ahead", message)
                .hint("take one of a published commitment: what is not published may never be"));
        }
        Ok((size, start.digest))
    }

    /// The first entry that is not looked at, at or below the size of the snapshot.
    fn boundary(&self, store: &RocksStore, size: TreeSize) -> Result<EntryIndex, Failure> {
        let before = match self.before.parse() {
            Ok(index) => EntryIndex(index),
            Err(_) => {
                let now = clock::now()?;
                let time = time::instant(&self.before, now).map_err(Failure::usage)?;
                if time > now.seconds() {
                    return Err(Failure::usage(format!("`{}` lies ahead", self.before))
                        .hint("name the time itself, as 2027-01-01T00:00:00Z, or an entry"));
                }
                first_at(store, time, store.head().size)?
            }
        };
        if before.0 <= size.0 {
            return Ok(before);
        }
        let message =
            format!("entries before {before} are to go, and the snapshot stands for those before {size}");
        Err(Failure::refused("not_covered", message).hint("take a later snapshot, or an earlier boundary"))
    }

    /// Where computing starts: with the first entry, or if the ledger was pruned, with the snapshot of that time.
    fn start(&self, store: &RocksStore, ledger: LedgerId, size: TreeSize) -> Result<Option<Start>, Failure> {
        let pruned = store.handle().pruned().map_err(Failure::internal)?;
        let known = |digest: &Hash| pruned.iter().any(|pruned| pruned.digest == *digest);
        let Some(last) = pruned.last() else {
            return match &self.from_snapshot {
                None => Ok(None),
                Some(_) => Err(Failure::usage("nothing was pruned yet: all of it is computed again")
                    .hint("leave --from-snapshot out")),
            };
        };
        let Some(path) = &self.from_snapshot else {
            let message = format!("entries before {} were pruned, and cannot be computed again", last.before);
            return Err(Failure::refused("not_covered", message).hint(format!(
                "--from-snapshot FILE, with the one of size {} and digest {}",
                last.size, last.digest
            )));
        };
        let start = read(path)?;
        of_ledger(path, &start, ledger, store.handle().log())?;
        if !known(&start.digest) || start.head().size > size || start.head().size.0 < last.before.0 {
            let message =
                format!("{}: the ledger was not pruned by this snapshot, or it is too new", path.display());
            return Err(Failure::refused("snapshot_of_another_log", message)
                .hint(format!("the last one has size {} and digest {}", last.size, last.digest)));
        }
        Ok(Some(start))
    }
}

/// The first of the entries up to `size` that is not earlier than this.
fn first_at(store: &RocksStore, time: Seconds, size: TreeSize) -> Result<EntryIndex, Failure> {
    let read = store.handle();
    let (mut low, mut high) = (0, size.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = entry_at(&read, EntryIndex(middle)).map_err(Failure::internal)?;
        let entry = Entry::decode(&entry)
            .map_err(|error| Failure::refused("damaged", format!("entry {middle}: {error:?}")))?;
        (low, high) = if entry.time() < time.millis() { (middle + 1, high) } else { (low, middle) };
    }
    Ok(EntryIndex(low))
}

fn entry_at(read: &impl crate::store::Read, at: EntryIndex) -> Result<Vec<u8>, StoreError> {
    Ok(read.entries(at, 1)?.pop().unwrap_or_default())
}

/// Computes the log to its end, and the digest of the snapshot of this size on the way.
fn computed(
    store: &RocksStore,
    genesis: &Genesis,
    start: Option<Start>,
    size: TreeSize,
) -> Result<(Held, Hash), Failure> {
    let own = VerifierKey::new(&genesis.origin, KeyKind::Note, genesis.log_key.bytes());
    let own = own.map_err(|error| Failure::refused("damaged", format!("the origin of the log: {error}")))?;
    let mut held = match start {
        Some(start) => Held::from_snapshot(vec![own], start).map_err(audit::snapshot::faulty)?,
        None => Held::new(vec![own]),
    };
    let (read, head, bar) = (store.handle(), store.head(), Bar::new("entries", store.head().size.0));
    let mut digest = digest_at(&held, size)?;
    let mut batch = Vec::<StoredEntry>::new();
    for at in held.next().0..head.size.0 {
        let item = read.entry(EntryIndex(at)).map_err(Failure::internal)?;
        let item = item.ok_or_else(|| Failure::internal(format!("there is no entry {at}")))?;
        let last = closes(&item.entry);
        batch.push(item);
        if last {
            let made = held.compute(&batch).map_err(audit::snapshot::faulty)?;
            held.take(made, &batch);
            batch.clear();
            digest = digest.or(digest_at(&held, size)?);
            bar.set(at + 1, head.size.0);
        }
    }
    bar.finish();
    if held.head() != head {
        return Err(audit::other_root(head.size));
    }
    let digest =
        digest.ok_or_else(|| Failure::refused("snapshot_of_another_log", "no batch ends at its size"))?;
    Ok((held, digest))
}

/// The digest of the snapshot, where the computing has come to its size.
fn digest_at(held: &Held, size: TreeSize) -> Result<Option<Hash>, Failure> {
    match held.place().filter(|_| held.head().size == size) {
        Some(place) => write(io::sink(), place, held.state()).map(Some).map_err(Failure::internal),
        None => Ok(None),
    }
}
