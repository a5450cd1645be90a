//! Where an audit reads a log: in a folder that no server holds open, or over HTTP.

use crate::cli::folder::{data_of, open};
use crate::cli::out::{Failure, read_file};
use crate::cli::progress::Bar;
use crate::cli::session::{Connection, failure};
use crate::remote::{Remote, RemoteError};
use crate::store::rocks::RocksOptions;
use crate::store::{Read, Store as _, StoredEntry};
use clap::Args;
use remit_verifier::c2sp::{Checkpoint, SignedNote};
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, TreeSize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries that are asked for at a time.
const PAGE: u64 = 2048;

/// A log, and what it must agree with.
#[derive(Args)]
pub(super) struct Of {
    /// The ledger's folder (which must not run), or its URL.
    #[arg(value_name = "DIR|URL")]
    source: String,
    /// A signed checkpoint that the log must agree with.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    connection: Connection,
}

/// An opened log.
pub(super) struct Log {
    source: Source,
    /// How many entries are read.
    pub(super) size: TreeSize,
    /// The heads that it must meet on the way, in order of their size.
    pub(super) heads: Vec<TreeHead>,
}

/// Where the entries come from.
enum Source {
    Folder(Arc<dyn Read>),
    Url(Remote),
}

impl Of {
    /// Opens the log. Of a URL the newest checkpoint is fetched, and is one of the heads.
    pub(super) fn open(&self) -> Result<Log, Failure> {
        let stated = self.checkpoint.as_deref().map(checkpoint_of).transpose()?;
        if self.source.starts_with("http://") || self.source.starts_with("https://") {
            let session = self.connection.at(&self.source).open()?;
            let note = session.remote.text("/checkpoint").map_err(failure)?;
            session.accept(&note)?;
            let head =
                head_of(note.as_bytes()).ok_or_else(|| failure(RemoteError::Form("/checkpoint".into())))?;
            return Log::new(Source::Url(session.remote), head.size, stated.into_iter().chain([head]));
        }
        let data = data_of(Path::new(&self.source))?;
        let store = open(&data, &RocksOptions::default())?;
        Log::new(Source::Folder(store.reader()), store.head().size, stated)
    }
}

impl Log {
    fn new(
        source: Source,
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
        Ok(Self { source, size, heads })
    }

    /// Gives every entry to `visit`, in order.
    pub(super) fn each(
        &self,
        mut visit: impl FnMut(EntryIndex, StoredEntry) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let bar = Bar::new("entries", self.size.0);
        let mut at = 0;
        while at < self.size.0 {
            let items = self.source.items(EntryIndex(at), PAGE.min(self.size.0 - at))?;
            if items.is_empty() {
                let message = format!("the log ends at entry {at}, before its {} entries", self.size);
                return Err(Failure::refused("short", message));
            }
            for item in items {
                visit(EntryIndex(at), item)?;
                at += 1;
            }
            bar.set(at, self.size.0);
        }
        bar.finish();
        Ok(())
    }
}

fn checkpoint_of(path: &Path) -> Result<TreeHead, Failure> {
    let bytes = read_file(path, NOTE_BYTES_MAX)?;
    head_of(&bytes).ok_or_else(|| Failure::usage(format!("{}: no checkpoint", path.display())))
}

fn head_of(note: &[u8]) -> Option<TreeHead> {
    let note = SignedNote::parse(note).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    Some(TreeHead { size: checkpoint.size(), root: checkpoint.root() })
}

impl Source {
    /// Up to `limit` entries from `from` on; none only at the end.
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
            Self::Url(remote) => remote.replay(from.0, limit).map_err(failure),
        }
    }
}
