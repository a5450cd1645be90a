//! A log as files: C2SP tiles and what an auditor needs beside them, in a folder or behind any web server (spec 23).

use crate::cli::out::{Failure, read_file};
use crate::cli::session::failure;
use crate::remote::{Remote, RemoteError};
use crate::store::{StoredEntry, decode_items};
use crate::tree::Nodes;
use crate::tree::tile::{TILE_WIDTH, Tile, TileKind, bundle_entries};
use crate::tree::tiling::{node_in, tile_of};
use remit_verifier::limits::{NOTE_BYTES_MAX, OBJECT_BYTES_MAX};
use remit_verifier::types::{EntryIndex, Hash, TreeSize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

/// The signed checkpoint, beside the tiles.
pub(in crate::cli) const CHECKPOINT: &str = "checkpoint";
/// The folder of what stands beside the entries.
pub(in crate::cli) const OBJECTS: &str = "objects";

/// Bytes of one file at most: entries, objects and details, each the largest.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

const _: () = assert!(TILE_WIDTH as usize * 3 * OBJECT_BYTES_MAX < FILE_BYTES_MAX);

/// Where the files are.
#[derive(Clone)]
pub(in crate::cli) enum Place {
    Dir(PathBuf),
    Url(Rc<Remote>),
}

/// The files of a log of so many entries.
pub(in crate::cli) struct Tiles {
    place: Place,
    size: TreeSize,
    /// Whether what stands beside the entries is read too.
    objects: bool,
    /// Tiles of hashes that were read, for proofs.
    hashes: RefCell<BTreeMap<Tile, Option<Rc<Vec<Hash>>>>>,
    /// Why a tile of hashes could not be read.
    failure: RefCell<Option<Failure>>,
}

/// The path of what stands beside the entries of a bundle: as that of the bundle, in a folder of its own.
pub(in crate::cli) fn objects_path(bundle: Tile) -> String {
    let path = bundle.to_string();
    format!("{OBJECTS}/{}", path.trim_start_matches("tile/entries/"))
}

/// The bundle with this entry, as wide as a log of `size` makes it.
pub(in crate::cli) fn bundle_of(at: EntryIndex, size: TreeSize) -> Tile {
    let wide = u64::from(TILE_WIDTH);
    let index = at.0 / wide;
    let width = size.0.saturating_sub(index * wide).min(wide) as u16;
    Tile { kind: TileKind::Entries, index, width }
}

impl Place {
    /// What is at a path; `None` if nothing is.
    pub(in crate::cli) fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::Dir(dir) => match dir.join(path) {
                file if file.exists() => read_file(&file, most).map(Some),
                _ => Ok(None),
            },
            Self::Url(remote) => match remote.bytes(&format!("/{path}")) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(RemoteError::Status { status: 404 | 410, .. }) => Ok(None),
                Err(error) => Err(failure(error)),
            },
        }
    }

    /// The newest signed checkpoint.
    pub(in crate::cli) fn checkpoint(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.get(CHECKPOINT, NOTE_BYTES_MAX)
    }
}

impl Tiles {
    pub(in crate::cli) fn new(place: Place, size: TreeSize, objects: bool) -> Self {
        Self { place, size, objects, hashes: RefCell::default(), failure: RefCell::default() }
    }

    /// The file of a tile, or the beginning of the full one: a partial one goes when it is full.
    fn file(&self, path: impl Fn(Tile) -> String, tile: Tile) -> Result<Option<Vec<u8>>, Failure> {
        match self.place.get(&path(tile), FILE_BYTES_MAX)? {
            None if tile.width < TILE_WIDTH => {
                self.place.get(&path(Tile { width: TILE_WIDTH, ..tile }), FILE_BYTES_MAX)
            }
            found => Ok(found),
        }
    }

    /// Up to `limit` entries from `from` on, out of one bundle; what stands beside them, if it is there.
    pub(in crate::cli) fn items(&self, from: EntryIndex, limit: u64) -> Result<Vec<StoredEntry>, Failure> {
        if from >= EntryIndex(self.size.0) {
            return Ok(Vec::new());
        }
        let tile = bundle_of(from, self.size);
        let damaged = |what: String| Failure::refused("damaged", format!("{what} is not what it should be"));
        let bundle = self.file(|tile| tile.to_string(), tile)?;
        let bundle = bundle.ok_or_else(|| Failure::refused("short", format!("there is no {tile}")))?;
        // The full bundle stands in for a partial one.
        let entries = bundle_entries(&bundle, tile.width).or_else(|_| bundle_entries(&bundle, TILE_WIDTH));
        let entries = entries.map_err(|_| damaged(tile.to_string()))?;
        let beside = if self.objects { self.file(objects_path, tile)? } else { None };
        let beside = match beside {
            Some(bytes) => decode_items(&bytes).map_err(|_| damaged(objects_path(tile)))?,
            None => Vec::new(),
        };
        let first = (from.0 % u64::from(TILE_WIDTH)) as usize;
        let width = usize::from(tile.width).min(first + usize::try_from(limit).unwrap_or(usize::MAX));
        let item = |place: usize| match beside.get(place) {
            Some(item) if item.entry == entries[place] => Ok(item.clone()),
            None if beside.is_empty() => {
                Ok(StoredEntry { entry: entries[place].to_vec(), object: None, details: None })
            }
            _ => Err(damaged(objects_path(tile))),
        };
        (first..width.min(entries.len())).map(item).collect()
    }

    /// The hashes of a tile; `None` where it is not there or is none.
    pub(in crate::cli) fn hashes(&self, tile: Tile) -> Result<Option<Rc<Vec<Hash>>>, Failure> {
        if let Some(known) = self.hashes.borrow().get(&tile) {
            return Ok(known.clone());
        }
        let read = self.file(|tile| tile.to_string(), tile)?;
        let hashes = read.and_then(|bytes| {
            let (hashes, rest) = bytes.as_chunks::<32>();
            let whole = rest.is_empty() && hashes.len() >= usize::from(tile.width);
            whole.then(|| {
                Rc::new(hashes.iter().take(usize::from(tile.width)).map(|hash| Hash(*hash)).collect())
            })
        });
        self.hashes.borrow_mut().insert(tile, hashes.clone());
        Ok(hashes)
    }

    /// The newest signed checkpoint.
    pub(in crate::cli) fn checkpoint(&self) -> Result<Vec<u8>, Failure> {
        self.place.checkpoint()?.ok_or_else(|| Failure::refused("short", "there is no checkpoint any more"))
    }

    /// The log has so many entries now.
    pub(in crate::cli) fn grow(&mut self, size: TreeSize) {
        self.size = size;
        // Partial tiles have other names now; a full one may stand where one was missing.
        self.hashes.borrow_mut().retain(|tile, hashes| tile.width == TILE_WIDTH && hashes.is_some());
    }

    /// Why a node was missing, if it could not be read.
    pub(in crate::cli) fn failed(&self) -> Option<Failure> {
        self.failure.borrow_mut().take()
    }
}

impl Nodes for Tiles {
    fn size(&self) -> TreeSize {
        self.size
    }

    fn node(&self, level: u32, index: u64) -> Option<Hash> {
        let tile = tile_of(level, index, self.size)?;
        match self.hashes(tile) {
            Ok(hashes) => node_in(level, index, &hashes?),
            Err(failure) => {
                *self.failure.borrow_mut() = Some(failure);
                None
            }
        }
    }
}
