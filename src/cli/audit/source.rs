//! Where an audit reads a log: in a folder that no server holds open, or over HTTP.

use super::other_root;
use crate::cli::clock;
use crate::cli::folder;
use crate::cli::out::{Failure, read_file};
use crate::cli::progress::Bar;
use crate::cli::session::{Connection, Pins, failure, require_accepted, require_pinned, trust_of};
use crate::remote::{Remote, RemoteError};
use crate::store::rocks::RocksReader;
use crate::store::{Read, StoredEntry};
use crate::tree::Frontier;
use clap::Args;
use remit_verifier::c2sp::{Checkpoint, KeyKind, SignedNote, VerifierKey};
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, LedgerId, TreeSize};
use std::path::{Path, PathBuf};

/// Entries that are asked for at a time.
const PAGE: u64 = 2048;

/// A log, and what it must agree with.
#[derive(Args)]
pub(in crate::cli) struct Of {
    /// The ledger's folder (which must not run), or its URL.
    #[arg(value_name = "DIR|URL")]
    source: String,
    /// A signed checkpoint that the log must agree with.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// An opened log, which is that of the ledger that is pinned, if one is.
pub(in crate::cli) struct Log {
    source: Source,
    /// The ledger, by its first entry.
    pub(in crate::cli) ledger: LedgerId,
    /// How many entries are read.
    size: TreeSize,
    /// The heads that it must meet on the way, in order of their size. All are signed by a log that is trusted, without
    /// a pinned one by the log that the first entry names.
    pub(super) heads: Vec<TreeHead>,
}

/// Where the entries come from.
enum Source {
    Folder(Box<RocksReader>),
    Url(Box<Remote>),
}

impl Of {
    /// The log of a folder or URL.
    pub(in crate::cli) fn at(source: &str, connection: &Connection) -> Self {
        Self { source: source.into(), checkpoint: None, connection: connection.clone() }
    }

    /// Opens the log. Of a URL the newest checkpoint is fetched, and is one of the heads.
    pub(in crate::cli) fn open(&self) -> Result<Log, Failure> {
        let (mut notes, pins) = (Vec::new(), self.connection.pins()?);
        if let Some(path) = &self.checkpoint {
            let note = read_file(path, NOTE_BYTES_MAX)?;
            let head =
                head_of(&note).ok_or_else(|| Failure::usage(format!("{}: no checkpoint", path.display())))?;
            notes.push((note, head));
        }
        let (source, size) = if self.source.starts_with("http://") || self.source.starts_with("https://") {
            let session = self.connection.at(&self.source).open()?;
            let note = session.remote.text("/checkpoint").map_err(failure)?.into_bytes();
            let head = head_of(&note).ok_or_else(|| failure(RemoteError::Form("/checkpoint".into())))?;
            notes.push((note, head));
            (Source::Url(Box::new(session.remote)), head.size)
        } else {
            let (reader, size) = folder::read(Path::new(&self.source))?;
            (Source::Folder(Box::new(reader)), size)
        };
        let (ledger, genesis) = source.genesis()?;
        require_pinned(pins.ledger, ledger)?;
        let trust = believed(pins, &genesis)?;
        let now = clock::now()?;
        notes.iter().try_for_each(|(note, _)| require_accepted(&trust, note, now))?;
        Log::new(source, ledger, size, notes.into_iter().map(|(_, head)| head))
    }
}

/// Whose checkpoints are believed: what is pinned, which must be the log of the first entry; else that log.
fn believed(pins: Pins, genesis: &Genesis) -> Result<remit_verifier::c2sp::Trust, Failure> {
    let own = VerifierKey::new(&genesis.origin, KeyKind::Note, genesis.log_key.bytes())
        .map_err(|error| Failure::refused("damaged", format!("the origin of the log: {error}")))?;
    match pins.trust {
        Some(trust) if trust.logs().any(|(key, _)| *key == own) => Ok(trust),
        Some(_) => {
            let message = format!("the log is that of {own}, whom nothing that is pinned trusts");
            Err(Failure::refused("other_ledger", message).hint("look at --log-key or --policy"))
        }
        None => trust_of(&own.to_string()),
    }
}

impl Log {
    fn new(
        source: Source,
        ledger: LedgerId,
        size: TreeSize,
        heads: impl IntoIterator<Item = TreeHead>,
    ) -> Result<Self, Failure> {
        let mut heads: Vec<TreeHead> = heads.into_iter().collect();
        heads.sort_by_key(|head| head.size);
        heads.dedup();
        if let Some(stated) = heads.last().filter(|stated| stated.size > size) {
            let message = format!("the log has {size} entries, the checkpoint covers {}", stated.size);
            return Err(Failure::refused("short", message));
        }
        Ok(Self { source, ledger, size, heads })
    }

    /// Gives every entry to `visit`, in order, and requires the root of each head where it is reached. Gives the root
    /// of all entries.
    pub(in crate::cli) fn each(
        &self,
        mut visit: impl FnMut(StoredEntry) -> Result<(), Failure>,
    ) -> Result<Hash, Failure> {
        let (bar, mut tree) = (Bar::new("entries", self.size.0), Frontier::new());
        let met = |tree: &Frontier| {
            let other = |head: &&TreeHead| head.size == tree.size() && head.root != tree.root();
            self.heads.iter().find(other).map_or(Ok(()), |head| Err(other_root(head.size)))
        };
        met(&tree)?;
        while tree.size() < self.size {
            let at = tree.size().0;
            let items = self.source.items(EntryIndex(at), PAGE.min(self.size.0 - at))?;
            if items.is_empty() {
                let message = format!("the log ends at entry {at}, before its {} entries", self.size);
                return Err(Failure::refused("short", message));
            }
            for item in items {
                tree.push(leaf_hash(&item.entry));
                visit(item)?;
                met(&tree)?;
            }
            bar.set(tree.size().0, self.size.0);
        }
        bar.finish();
        Ok(tree.root())
    }
}

fn head_of(note: &[u8]) -> Option<TreeHead> {
    let note = SignedNote::parse(note).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    Some(TreeHead { size: checkpoint.size(), root: checkpoint.root() })
}

impl Source {
    /// Up to `limit` entries from `from` on, and never more; none only at the end.
    fn items(&self, from: EntryIndex, limit: u64) -> Result<Vec<StoredEntry>, Failure> {
        match self {
            Self::Folder(read) => {
                let mut items = Vec::new();
                for at in from.0..from.0 + limit {
                    let Some(kept) = read.entry(EntryIndex(at)).map_err(Failure::internal)? else { break };
                    items.push(kept);
                }
                Ok(items)
            }
            Self::Url(remote) => {
                let mut items = remote.replay(from.0, limit).map_err(failure)?;
                // What no checkpoint covers is nobody's word.
                items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(items)
            }
        }
    }

    /// The ledger's name and beginning, out of the first entry.
    fn genesis(&self) -> Result<(LedgerId, Genesis), Failure> {
        let first = self.items(EntryIndex(0), 1)?;
        let first = first.first().ok_or_else(|| Failure::refused("short", "there is no first entry"))?;
        match Entry::decode(&first.entry) {
            Ok(Entry::Genesis(genesis)) => Ok((Genesis::ledger_id(&first.entry), *genesis)),
            _ => Err(Failure::refused("damaged", "the first entry is no genesis")),
        }
    }
}
