//! The folder of an export: public files for everybody, private ones for the owner, each whole or not there.

use super::{CHECKPOINT, Log, Place, head_of, ledger_of, require_accepted};
use crate::cli::audit::tiles::{OBJECTS, Tiles, bundle_of, objects_path};
use crate::cli::out::Failure;
use crate::store::StoredEntry;
use crate::tree::Tiling;
use crate::tree::tile::{TILE_WIDTH, Tile, TileKind, level_tiles, push_entry};
use remit_verifier::hash::sha256;
use remit_verifier::limits::NOTE_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{EntryIndex, Millis, TreeSize};
use std::cell::RefCell;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where files are written before they get their names.
const PART: &str = ".part";
/// A checkpoint that contradicts the one of the folder.
const REFUSED: &str = "checkpoint.refused-";
/// Such files at most: who shows a false one each time fills no disk.
const REFUSED_MAX: usize = 64;

pub(super) struct Folder {
    dir: PathBuf,
    /// Whether what stands beside the entries is exported too.
    pub(super) objects: bool,
    /// Files beyond the folder's checkpoint that this run made or believed.
    unproved: RefCell<Vec<PathBuf>>,
    _lock: File,
}

fn wrong(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::usage(format!("{path}: {error}"))
}

impl Folder {
    /// Opens or makes it; nobody else writes to it until this is dropped.
    pub(super) fn open(dir: &Path, objects: bool) -> Result<Self, Failure> {
        let known = dir.join(CHECKPOINT).exists() || dir.join(PART).exists();
        if !known && fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some()) {
            return Err(Failure::usage(format!("{} is not empty, and no export", dir.display()))
                .coded("not_empty")
                .hint("name a folder that is not there yet, or one that was exported before"));
        }
        make(dir, 0o755)?;
        make(&dir.join(PART), 0o700)?;
        let path = dir.join(PART).join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(wrong(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::refused("held", format!("another export writes to {}", dir.display())));
            }
            Err(TryLockError::Error(error)) => return Err(wrong(&path)(error)),
        }
        // Whoever has the objects of a log goes on with them: half of them are of no use.
        let objects = objects || dir.join(OBJECTS).exists();
        Ok(Self { dir: dir.to_path_buf(), objects, unproved: RefCell::default(), _lock: lock })
    }

    /// What the folder's own checkpoint covers, which is of the same log.
    pub(super) fn had(&self, log: &Log, now: Millis) -> Result<Option<TreeHead>, Failure> {
        let other = |what: &str| {
            Failure::refused("other_ledger", format!("{} has {what}", self.dir.display()))
                .hint("export into another folder")
        };
        let place = Place::Dir(self.dir.clone());
        let Some(note) = place.get(CHECKPOINT, NOTE_BYTES_MAX)? else { return Ok(None) };
        let head = head_of(&note).ok_or_else(|| other("no checkpoint of a log"))?;
        require_accepted(&log.trust, &note, now).map_err(|_| other("the checkpoint of another log"))?;
        let first = Tiles::new(place, head.size, false).items(EntryIndex(0), 1)?;
        let ledger = first.first().and_then(|first| ledger_of(&first.entry));
        if ledger != Some(log.ledger) {
            return Err(other("the log of another ledger"));
        }
        Ok(Some(head))
    }

    /// Where to go on: at the last full bundle that the folder's checkpoint covers.
    pub(super) fn tiling(&self, had: Option<TreeHead>) -> Result<Tiling, Failure> {
        let Some(had) = had else { return Ok(Tiling::new()) };
        let wide = u64::from(TILE_WIDTH);
        let last = bundle_of(EntryIndex(had.size.0 - 1), had.size);
        if self.objects && !self.dir.join(objects_path(last)).exists() {
            return Ok(Tiling::new());
        }
        let tiles = Tiles::new(Place::Dir(self.dir.clone()), had.size, false);
        let begin = TreeSize(had.size.0 / wide * wide);
        let row = |tile: Tile| Ok::<_, Failure>(tiles.hashes(tile)?.map(|hashes| hashes.to_vec()));
        // What was removed is made again.
        Ok(Tiling::from_partial(begin, row)?.unwrap_or_default())
    }

    /// A whole bundle that an export which was ended left; the root decides whether it is right.
    pub(super) fn bundle(&self, first: EntryIndex, width: u64) -> Result<Option<Vec<StoredEntry>>, Failure> {
        let end = TreeSize(first.0 + width);
        let tile = bundle_of(first, end);
        let there = |path: String| self.dir.join(path).exists();
        if tile.width < TILE_WIDTH || !there(tile.to_string()) || self.objects && !there(objects_path(tile)) {
            return Ok(None);
        }
        let items = Tiles::new(Place::Dir(self.dir.clone()), end, self.objects).items(first, width);
        let whole = items.ok().filter(|items| items.len() as u64 == width);
        if whole.is_some() {
            let mut unproved = self.unproved.borrow_mut();
            unproved.extend([tile.to_string(), objects_path(tile)].map(|path| self.dir.join(path)));
        }
        Ok(whole)
    }

    /// Writes a bundle, and what stands beside its entries.
    pub(super) fn write_bundle(
        &self,
        first: EntryIndex,
        (size, had): (TreeSize, Option<TreeHead>),
        items: &[StoredEntry],
    ) -> Result<u64, Failure> {
        let tile = bundle_of(first, size);
        let mut bytes = Vec::new();
        for item in items {
            push_entry(&mut bytes, &item.entry).map_err(|error| Failure::refused("damaged", error))?;
        }
        let mut written = u64::from(self.write_tile(tile, &bytes, had)?);
        if self.objects {
            let items: Vec<u8> = items.iter().flat_map(StoredEntry::to_item).collect();
            written += u64::from(self.write(&objects_path(tile), &items, true)?);
        }
        Ok(written)
    }

    /// Writes a tile or bundle. One that the folder's checkpoint covers is not written over: it is evidence.
    pub(super) fn write_tile(
        &self,
        tile: Tile,
        bytes: &[u8],
        had: Option<TreeHead>,
    ) -> Result<bool, Failure> {
        let level = if let TileKind::Level(level) = tile.kind { level } else { 0 };
        let old = level_tiles(had.map_or(TreeSize(0), |had| had.size), level);
        let covered = tile.index < old.full || (tile.index, tile.width) == (old.full, old.partial);
        let path = tile.to_string();
        let file = self.dir.join(&path);
        if covered && file.exists() && !fs::read(&file).is_ok_and(|there| there == bytes) {
            let message = format!("{} is not what the log has now", file.display());
            return Err(Failure::refused("differs", message)
                .hint("another history, or a damaged disk: compare with another copy before you remove it"));
        }
        self.write(&path, bytes, false)
    }

    /// Writes a file, unless it is there with these bytes. It is whole or not there, and not yet synced.
    pub(super) fn write(&self, path: &str, bytes: &[u8], private: bool) -> Result<bool, Failure> {
        let path = self.dir.join(path);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(false);
        }
        if let Some(folder) = path.parent() {
            make_below(&self.dir, folder, if private { 0o700 } else { 0o755 })?;
        }
        let part = self.dir.join(PART).join("file");
        let mode = if private { 0o600 } else { 0o644 };
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(bytes)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            fs::rename(&part, &path)
        });
        written.map_err(wrong(&path))?;
        self.unproved.borrow_mut().push(path);
        Ok(true)
    }

    /// Removes what this run wrote or believed: it does not lead to the root that is signed.
    pub(super) fn forget_unproved(&self) {
        for path in self.unproved.borrow_mut().drain(..) {
            // What cannot be removed is written over by the next export.
            drop(fs::remove_file(path));
        }
    }

    /// Keeps a signed checkpoint that contradicts the one of the folder, beside those that are kept.
    pub(super) fn keep_refused(&self, note: &[u8]) -> Result<(), Failure> {
        let kept = fs::read_dir(&self.dir).map_err(wrong(&self.dir))?.flatten();
        let kept = kept.filter(|file| file.file_name().to_string_lossy().starts_with(REFUSED)).count();
        if kept >= REFUSED_MAX {
            return Ok(());
        }
        let hash = sha256(&[note]).to_string();
        self.write(&format!("{REFUSED}{}", hash.get(..16).unwrap_or(&hash)), note, false)?;
        // It is evidence from now on, whatever becomes of the rest of the folder.
        File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(wrong(&self.dir))
    }

    /// Syncs everything, then writes the checkpoint, then removes the partial tiles of what is full now.
    pub(super) fn finish(&self, had: Option<TreeHead>, head: TreeHead, note: &[u8]) -> Result<(), Failure> {
        let sync = || {
            let dir = File::open(&self.dir)?;
            rustix::fs::syncfs(&dir).map_err(std::io::Error::from)
        };
        sync().map_err(wrong(&self.dir))?;
        self.write(CHECKPOINT, note, false)?;
        sync().map_err(wrong(&self.dir))?;
        let had = had.map_or(TreeSize(0), |had| had.size);
        for level in 0..8 {
            let (old, new) = (level_tiles(had, level), level_tiles(head.size, level));
            if old.partial > 0 && new.full > old.full {
                let kinds = [TileKind::Level(level), TileKind::Entries];
                for kind in kinds.into_iter().take(if level == 0 { 2 } else { 1 }) {
                    self.remove_partial(Tile { kind, index: old.full, width: TILE_WIDTH });
                }
            }
        }
        Ok(())
    }

    /// Readers fall back to the full tile (C2SP tlog-tiles).
    fn remove_partial(&self, tile: Tile) {
        let mut paths = vec![tile.to_string()];
        if tile.kind == TileKind::Entries {
            paths.push(objects_path(tile));
        }
        for path in paths {
            // What stays is right, and in nobody's way.
            drop(fs::remove_dir_all(self.dir.join(format!("{path}.p"))));
        }
    }
}

/// Makes a folder with this mode, if it is not there.
fn make(dir: &Path, mode: u32) -> Result<(), Failure> {
    if dir.is_dir() {
        return Ok(());
    }
    let made = fs::create_dir_all(dir).and_then(|()| fs::set_permissions(dir, Permissions::from_mode(mode)));
    made.map_err(wrong(dir))
}

/// The same for a folder below another one, and those in between.
fn make_below(dir: &Path, below: &Path, mode: u32) -> Result<(), Failure> {
    let rest = below.strip_prefix(dir).unwrap_or(Path::new(""));
    let mut path = dir.to_path_buf();
    for part in rest {
        path.push(part);
        make(&path, mode)?;
    }
    Ok(())
}
