//! Where an audit reads a log: in a folder that no server holds open, over HTTP, or in exported tiles.

use super::other_root;
use super::tiles::{CHECKPOINT, Place, Tiles};
use crate::cli::clock;
use crate::cli::folder;
use crate::cli::out::{Failure, read_file};
use crate::cli::progress::Bar;
use crate::cli::session::{Connection, Pins, failure, require_accepted, require_pinned, trust_of};
use crate::remote::{Remote, RemoteError};
use crate::store::rocks::RocksReader;
use crate::store::{Read, StoredEntry};
use crate::tree::{Frontier, Nodes};
use clap::Args;
use remit_verifier::c2sp::{Checkpoint, KeyKind, SignedNote, Trust, VerifierKey};
use remit_verifier::hash::leaf_hash;
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::log::{Entry, Genesis};
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Hash, LedgerId, TreeSize};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Entries that are asked for at a time.
const PAGE: u64 = 2048;

/// A signed checkpoint, and what it says.
pub(in crate::cli) type Noted = (Vec<u8>, TreeHead);

/// A log, and what it must agree with.
#[derive(Args)]
pub(in crate::cli) struct Of {
    /// The ledger's folder (which must not run), its URL, or exported tiles: their folder, or their URL.
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
    /// How the ledger began.
    pub(in crate::cli) genesis: Genesis,
    /// Whose checkpoints are believed: what is pinned, else the log that the first entry names.
    pub(in crate::cli) trust: Trust,
    /// Whether somebody pinned it.
    pinned: bool,
    /// How many entries are read.
    pub(in crate::cli) size: TreeSize,
    /// The heads that it must meet on the way, in order of their size. All are signed by a log that is trusted.
    pub(in crate::cli) heads: Vec<TreeHead>,
    /// The signed checkpoint of the last of them.
    pub(in crate::cli) note: Option<Vec<u8>>,
}

/// Where the entries come from.
enum Source {
    Folder(Box<RocksReader>),
    Url(Rc<Remote>, Box<Tiles>),
    Tiles(Box<Tiles>),
}

impl Of {
    /// The log of a folder or URL.
    pub(in crate::cli) fn at(source: &str, connection: &Connection) -> Self {
        Self { source: source.into(), checkpoint: None, connection: connection.clone() }
    }

    /// The same, which must agree with this checkpoint.
    pub(in crate::cli) fn with(self, checkpoint: Option<PathBuf>) -> Self {
        Self { checkpoint, ..self }
    }

    /// What was typed.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Opens the log. Of a URL the newest checkpoint is fetched, of tiles the one beside them read: it is one of the
    /// heads.
    pub(in crate::cli) fn open(&self) -> Result<Log, Failure> {
        self.open_as(false)
    }

    /// The same for its entries alone: of a URL out of its tiles, which everybody may read.
    pub(in crate::cli) fn open_public(&self) -> Result<Log, Failure> {
        self.open_as(true)
    }

    fn open_as(&self, public: bool) -> Result<Log, Failure> {
        let (mut notes, pins) = (Vec::new(), self.connection.pins()?);
        if let Some(path) = &self.checkpoint {
            let note = read_file(path, NOTE_BYTES_MAX)?;
            let head =
                head_of(&note).ok_or_else(|| Failure::usage(format!("{}: no checkpoint", path.display())))?;
            notes.push((note, head));
        }
        let (source, size) = self.reached(public, &mut notes)?;
        let (ledger, genesis) = source.genesis()?;
        require_pinned(pins.ledger, ledger)?;
        let pinned = pins.trust.is_some() || pins.ledger.is_some();
        let trust = believed(pins, &genesis)?;
        let now = clock::now()?;
        notes.iter().try_for_each(|(note, _)| require_accepted(&trust, note, now))?;
        Log::new(source, (ledger, genesis), (trust, pinned), size, notes)
    }

    fn reached(&self, public: bool, notes: &mut Vec<Noted>) -> Result<(Source, TreeSize), Failure> {
        let place = if self.source.starts_with("http://") || self.source.starts_with("https://") {
            Place::Url(Rc::new(self.connection.at(&self.source).remote()?))
        } else if Path::new(&self.source).join(CHECKPOINT).exists() {
            Place::Dir(self.source.clone().into())
        } else {
            let (reader, size) = folder::read(Path::new(&self.source))?;
            return Ok((Source::Folder(Box::new(reader)), size));
        };
        let note = place.checkpoint()?;
        let head = note.as_deref().and_then(head_of);
        let head = head.ok_or_else(|| failure(RemoteError::Form("/checkpoint".into())))?;
        notes.extend(note.map(|note| (note, head)));
        let tiles = Box::new(Tiles::new(place.clone(), head.size, !public));
        let source = match place {
            Place::Url(remote) if !public && is_ledger(&remote)? => Source::Url(remote, tiles),
            _ => Source::Tiles(tiles),
        };
        Ok((source, head.size))
    }
}

/// Whether a ledger answers there: a web server has the files of a log and nothing else.
fn is_ledger(remote: &Remote) -> Result<bool, Failure> {
    match remote.json("/v1/log") {
        Ok(_) => Ok(true),
        Err(RemoteError::Status { status: 404, .. } | RemoteError::Form(_)) => Ok(false),
        Err(error) => Err(failure(error)),
    }
}

/// Whose checkpoints are believed: what is pinned, which must be the log of the first entry; else that log.
fn believed(pins: Pins, genesis: &Genesis) -> Result<Trust, Failure> {
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
        (ledger, genesis): (LedgerId, Genesis),
        (trust, pinned): (Trust, bool),
        size: TreeSize,
        mut notes: Vec<Noted>,
    ) -> Result<Self, Failure> {
        notes.sort_by_key(|(_, head)| head.size);
        let mut heads: Vec<TreeHead> = notes.iter().map(|(_, head)| *head).collect();
        heads.dedup();
        if let Some(stated) = heads.last().filter(|stated| stated.size > size) {
            let message = format!("the log has {size} entries, the checkpoint covers {}", stated.size);
            return Err(Failure::refused("short", message));
        }
        let note = notes.pop().map(|(note, _)| note);
        Ok(Self { source, ledger, genesis, trust, pinned, size, heads, note })
    }

    /// Whether somebody pinned whose checkpoints are believed.
    pub(super) const fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Whose signed checkpoints the log met, in words.
    pub(super) fn signed(&self) -> String {
        let Some(last) = self.heads.last() else {
            return "none: nothing that anybody signed was compared; --checkpoint FILE names what was".into();
        };
        let whose = match self.pinned {
            true => "of the log that is pinned",
            false => "of the log that entry 0 names: nothing is pinned (--log-key, --policy, --ledger)",
        };
        format!("{} met, the last one of size {}, {whose}", self.heads.len(), last.size)
    }

    /// The newest checkpoint there is now, if it is another one; entries are then read up to it.
    pub(in crate::cli) fn again(&mut self) -> Result<Option<Noted>, Failure> {
        let tiles = match &mut self.source {
            Source::Folder(_) => return Ok(None),
            Source::Url(_, tiles) | Source::Tiles(tiles) => tiles,
        };
        let note = tiles.checkpoint()?;
        let head = head_of(&note).ok_or_else(|| failure(RemoteError::Form("/checkpoint".into())))?;
        if self.note.as_ref() == Some(&note) {
            return Ok(None);
        }
        tiles.grow(head.size);
        (self.size, self.note) = (head.size, Some(note.clone()));
        Ok(Some((note, head)))
    }

    /// Whether more may come: of a folder that no server holds open, nothing does.
    pub(in crate::cli) fn grows(&self) -> bool {
        !matches!(self.source, Source::Folder(_))
    }

    /// Heads more that it must meet.
    pub(in crate::cli) fn meet(&mut self, heads: impl IntoIterator<Item = TreeHead>) {
        self.heads.extend(heads);
        self.heads.sort_by_key(|head| head.size);
        self.heads.dedup();
    }

    /// Up to so many entries from `from` on, and never more; none only at the end.
    pub(in crate::cli) fn items(&self, from: EntryIndex, limit: u64) -> Result<Vec<StoredEntry>, Failure> {
        self.source.items(from, limit)
    }

    /// The log's nodes, for proofs.
    pub(in crate::cli) fn nodes(&self) -> &dyn Nodes {
        match &self.source {
            Source::Folder(reader) => reader.log(),
            Source::Url(_, tiles) | Source::Tiles(tiles) => tiles.as_ref(),
        }
    }

    /// Why a node was missing, if it could not be read.
    pub(in crate::cli) fn failed(&self) -> Option<Failure> {
        match &self.source {
            Source::Folder(_) => None,
            Source::Url(_, tiles) | Source::Tiles(tiles) => tiles.failed(),
        }
    }

    /// Gives every entry to `visit`, in order, and requires the root of each head where it is reached. Gives the root
    /// of all entries.
    pub(in crate::cli) fn each(
        &self,
        visit: impl FnMut(StoredEntry) -> Result<(), Failure>,
    ) -> Result<Hash, Failure> {
        self.each_from(Frontier::new(), visit)
    }

    /// The same of the entries behind those of `tree`, which are not looked at.
    pub(in crate::cli) fn each_from(
        &self,
        mut tree: Frontier,
        mut visit: impl FnMut(StoredEntry) -> Result<(), Failure>,
    ) -> Result<Hash, Failure> {
        let bar = Bar::new("entries", self.size.0);
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

/// Size and root of a checkpoint, whoever signed it.
pub(in crate::cli) fn head_of(note: &[u8]) -> Option<TreeHead> {
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
            Self::Tiles(tiles) => tiles.items(from, limit),
            Self::Url(remote, _) => {
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
