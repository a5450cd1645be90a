//! Reads a whole folder and computes everything again that it says twice: entries against tiles, roots and touch
//! lists, objects against ids, details against digests, leaves against roots, values, names and tokens.
//!
//! What no root and no other record covers (reservations, counters of links) is decoded here; that it is *right* only a
//! replay says ([`rebuild`](super::rebuild())).

use super::chunk::KeptItem;
use super::codec::{self, damaged};
use super::edge::{Edge, FullTile};
use super::error::store_error;
use super::leaf::{RawLeaf, check_leaf};
use super::log::{LogItem, LogWalk, log_size};
use super::open::{READAHEAD_BYTES, head_of, open_database};
use super::prune::pruned;
use super::read::Inner;
use super::schema::{Family, SCHEMA_KEY, TIP_KEY, handle};
use super::{Damage, OpenError, Progress, RocksOptions};
use crate::engine::StatusTree;
use crate::machine::{Head, Key, Record};
use crate::store::StoreError;
use crate::tree::PagedTree;
use remit_verifier::hash::leaf_hash;
use remit_verifier::log::{Commitment, Entry, Genesis};
use remit_verifier::object::{Kind, Submission};
use remit_verifier::state::{Leaf, LeafBody, TokenLeaf};
use remit_verifier::types::{EntryIndex, Hash, LedgerId, Millis, StateIndex, TreeSize};
use rocksdb::ReadOptions;
use std::fmt;
use std::path::Path;

/// Findings that are listed at most; one more says that there are others.
pub const FINDINGS_MAX: usize = 1000;

/// Something in a folder that contradicts something else in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// What would also stop the folder from being opened.
    Damage(Damage),
    /// The entry does not decode, or is earlier than the one before.
    Entry(EntryIndex),
    /// The object beside the entry does not decode, is missing, or has another id.
    Object(EntryIndex),
    /// The details beside the entry are missing, or have another digest.
    Details(EntryIndex),
    /// The entry's touch list names another event before than the log has.
    Event(EntryIndex, StateIndex),
    /// The leaf's newest event is not the last entry that touched it.
    Newest(StateIndex),
    /// The id, name or token of this leaf does not lead back to it.
    Names(StateIndex),
    /// There are more; these are the first.
    More,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damage(damage) => damage.fmt(f),
            Self::Entry(at) => write!(f, "entry {at} cannot stand where it does"),
            Self::Object(at) => write!(f, "the object of entry {at} is missing or another one"),
            Self::Details(at) => write!(f, "the details of entry {at} are missing or other ones"),
            Self::Event(at, leaf) => write!(f, "entry {at} names a wrong event before for leaf {leaf}"),
            Self::Newest(leaf) => write!(f, "leaf {leaf} names a wrong newest event"),
            Self::Names(leaf) => write!(f, "id, name or token of leaf {leaf} do not lead to it"),
            Self::More => f.write_str("there are more"),
        }
    }
}

/// Checks a folder that nobody has open; of a running ledger check a backup. It is only read.
///
/// # Errors
///
/// [`OpenError`] if it cannot be read so far as to be checked; whatever is wrong in it is a finding.
pub fn fsck(
    dir: &Path,
    options: &RocksOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<Finding>, OpenError> {
    let inner = open_database(dir, options, true)?;
    let (head, tip) = head_of(&inner)?;
    let (size, leaves) = (log_size(&inner)?, head.next_leaf.0);
    let pruned = inner.pruned()?.iter().map(|pruned| pruned.before).max().unwrap_or_default();
    let mut check = Check {
        inner: &inner,
        head,
        found: Vec::new(),
        newest: Vec::new(),
        progress,
        done: 0,
        of: size + leaves,
        pruned,
    };
    let last = check.log(TreeSize(tip.size), tip.root());
    let last = check.noting(last).flatten();
    let leaves = check.leaves(last);
    check.noting(leaves);
    for family in [Family::Meta, Family::Tokens, Family::Named, Family::Times] {
        let records = check.records(family);
        check.noting(records);
    }
    (check.progress)(Progress { done: check.of, of: check.of });
    Ok(check.found)
}

struct Check<'c> {
    inner: &'c Inner,
    head: Head,
    found: Vec<Finding>,
    /// The newest event of every leaf as the log has it; one more than its index, 0 for none.
    newest: Vec<u64>,
    progress: &'c mut dyn FnMut(Progress),
    done: u64,
    of: u64,
    /// Beside entries below this one nothing need stand any more.
    pruned: EntryIndex,
}

impl Check<'_> {
    fn note(&mut self, finding: Finding) {
        match self.found.len() {
            0..FINDINGS_MAX => self.found.push(finding),
            FINDINGS_MAX => self.found.push(Finding::More),
            _ => {}
        }
    }

    /// Notes an error that ended one part of the check, so that the others go on.
    fn noting<T>(&mut self, result: Result<T, OpenError>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(OpenError::Damaged(damage)) => self.note(Finding::Damage(damage)),
            Err(other) => self.note(Finding::Damage(Damage::File(other.to_string().into()))),
        }
        None
    }

    fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(4096) {
            (self.progress)(Progress { done: self.done, of: self.of });
        }
    }

    /// Entries, tiles, root, and what is kept beside; answers with the last commitment.
    fn log(&mut self, size: TreeSize, root: Hash) -> Result<Option<Commitment>, OpenError> {
        let inner = self.inner;
        let mut walk = LogWalk::new(inner)?;
        let (mut edge, mut full) = (Edge::default(), Vec::new());
        let (mut time, mut last) = (Millis(0), None);
        let mut ledger = None;
        while let Some(item) = walk.next()? {
            edge.push(leaf_hash(&item.entry), &mut full);
            for tile in full.drain(..) {
                self.tile(&tile)?;
            }
            last = None;
            match Entry::decode(&item.entry) {
                Ok(entry) if entry.time() >= time => {
                    time = entry.time();
                    last = self.entry(&item, &entry, &mut ledger);
                }
                _ => self.note(Finding::Entry(item.at)),
            }
            self.touches(&item);
            self.step();
        }
        let frontier = super::open::frontier(&edge, root);
        self.noting(frontier);
        let end = EntryIndex(size.0.saturating_sub(1));
        if edge.size() != size {
            self.note(Finding::Damage(Damage::Entry(EntryIndex(edge.size().0))));
        }
        if last.is_none() {
            self.note(Finding::Damage(Damage::Commitment(end)));
        }
        Ok(last)
    }

    fn tile(&mut self, made: &FullTile) -> Result<(), OpenError> {
        let (level, number) = (made.level, made.number);
        match self.inner.tile(level, number) {
            Ok(Some(kept)) if kept == made.hashes => {}
            Ok(_) | Err(StoreError::Damaged(_)) => {
                self.note(Finding::Damage(Damage::Tile { level, number }));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// What stands beside an entry; answers with the commitment if it is one.
    fn entry(&mut self, item: &LogItem, entry: &Entry, ledger: &mut Option<LedgerId>) -> Option<Commitment> {
        let outcome = match entry {
            Entry::Outcome(outcome) => outcome,
            Entry::Commitment(commitment) => return Some(*commitment),
            Entry::Genesis(_) => {
                *ledger = Some(Genesis::ledger_id(&item.entry));
                if item.at.0 != 0 || *ledger != Some(self.head.ledger) {
                    self.note(Finding::Entry(item.at));
                }
                return None;
            }
        };
        if item.at < self.pruned && item.kept == KeptItem::default() {
            return None;
        }
        let object = item.kept.object.as_deref().map(Submission::decode);
        let fits = match (outcome.kind.is_written_by_the_ledger(), object) {
            (true, None) => true,
            (false, Some(Ok(object))) => {
                // Beside a refusal stands the spend that was refused (spec 19 §2).
                let kind = match outcome.kind {
                    Kind::Refusal => object.kind().is_spend(),
                    kind => object.kind() == kind,
                };
                object.id == outcome.id && kind && Some(object.ledger) == *ledger
            }
            _ => false,
        };
        if !fits {
            self.note(Finding::Object(item.at));
        }
        if item.kept.details.as_ref().is_none_or(|details| details.digest() != outcome.details) {
            self.note(Finding::Details(item.at));
        }
        None
    }

    fn touches(&mut self, item: &LogItem) {
        for (leaf, previous) in &item.touches {
            if *leaf >= self.head.next_leaf {
                self.note(Finding::Event(item.at, *leaf));
                continue;
            }
            let Ok(place) = usize::try_from(leaf.0) else { continue };
            if self.newest.len() <= place {
                self.newest.resize(place + 1, 0);
            }
            if self.newest[place].checked_sub(1).map(EntryIndex) != *previous {
                self.note(Finding::Event(item.at, *leaf));
            }
            self.newest[place] = item.at.0 + 1;
        }
    }

    fn leaves(&mut self, last: Option<Commitment>) -> Result<(), OpenError> {
        let inner = self.inner;
        let (mut state, mut status) = (PagedTree::new(), StatusTree::default());
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(READAHEAD_BYTES);
        let mut iterator = inner.db.raw_iterator_cf_opt(handle(&inner.db, Family::State), options);
        iterator.seek_to_first();
        for index in (0..self.head.next_leaf.0).map(StateIndex) {
            let item = iterator.item().filter(|(key, _)| *key == index.0.to_be_bytes());
            let Some((_, value)) = item else {
                iterator.status().map_err(|error| store_error(&error))?;
                return Err(Damage::LeafMissing(index).into());
            };
            match check_leaf(index, value) {
                Ok((hash, bits)) => {
                    state.push(hash);
                    status.set([(index, bits)]);
                    self.beside_leaf(index, value)?;
                }
                Err(damage) => {
                    state.push(Hash::default());
                    self.note(Finding::Damage(damage));
                }
            }
            self.step();
            iterator.next();
        }
        if let Some((key, _)) = iterator.item() {
            let index = key.first_chunk().map_or(u64::MAX, |key| u64::from_be_bytes(*key));
            self.note(Finding::Damage(Damage::LeafBeyond(StateIndex(index))));
        }
        iterator.status().map_err(|error| store_error(&error))?;
        let Some(last) = last else { return Ok(()) };
        if state.root() != last.state_root {
            let (computed, committed) = (state.root(), last.state_root);
            self.note(Finding::Damage(Damage::StateRoot { computed, committed }));
        }
        if status.root() != last.status_root {
            let (computed, committed) = (status.root(), last.status_root);
            self.note(Finding::Damage(Damage::StatusRoot { computed, committed }));
        }
        Ok(())
    }

    /// Newest event, id, name and token of a leaf whose own bytes are whole.
    fn beside_leaf(&mut self, index: StateIndex, value: &[u8]) -> Result<(), OpenError> {
        let Ok(raw) = RawLeaf::new(value) else { return Ok(()) };
        let Ok(leaf) = Leaf::decode(raw.leaf) else { return Ok(()) };
        let newest = usize::try_from(index.0).ok().and_then(|place| self.newest.get(place));
        if newest.copied().unwrap_or(0) != raw.newest.0 + 1 {
            self.note(Finding::Newest(index));
        }
        let leads_here = |record: Option<Record>| match record {
            Some(Record::IndexOf(at) | Record::UnitNamed(at)) => at == index,
            _ => false,
        };
        // The ledger itself is found at 0, not by its id.
        let by_id = index.0 == 0 || leads_here(self.readable(&Key::IndexOf(leaf.id))?);
        let by_body = match &leaf.body {
            LeafBody::Unit(unit) => leads_here(self.readable(&Key::UnitNamed(unit.name.clone()))?),
            LeafBody::Token(token) => match self.readable(&Key::TokenOf(index))? {
                Some(Record::TokenOf(info)) => {
                    let authority = TokenLeaf::authority_of(&info.token.encode());
                    let parent = *info.ancestors.last().unwrap_or(&info.issuer);
                    info.id == leaf.id && authority == token.authority && parent == token.parent
                }
                _ => false,
            },
            LeafBody::Ledger(_) | LeafBody::Party(_) => true,
        };
        if !(by_id && by_body) {
            self.note(Finding::Names(index));
        }
        Ok(())
    }

    /// A record, where one that does not decode counts as none: the pass over its family names it.
    fn readable(&self, key: &Key) -> Result<Option<Record>, OpenError> {
        match self.inner.record(key) {
            Err(StoreError::Damaged(_)) => Ok(None),
            other => Ok(other?),
        }
    }

    /// Every record of a family decodes, and none lies beyond the log or the state.
    fn records(&mut self, family: Family) -> Result<(), OpenError> {
        let inner = self.inner;
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        options.set_readahead_size(READAHEAD_BYTES);
        let mut iterator = inner.db.raw_iterator_cf_opt(handle(&inner.db, family), options);
        iterator.seek_to_first();
        while let Some((bytes, value)) = iterator.item() {
            let known = bytes == SCHEMA_KEY || bytes == TIP_KEY || pruned(bytes, value).is_some();
            if family != Family::Meta || !known {
                self.record(family, bytes, value);
            }
            iterator.next();
        }
        Ok(iterator.status().map_err(|error| store_error(&error))?)
    }

    fn record(&mut self, family: Family, bytes: &[u8], value: &[u8]) {
        let Some(key) = codec::key_at(family, bytes) else {
            let what = format!("a key of the column family {}", family.name());
            return self.note(Finding::Damage(Damage::Record(what.into())));
        };
        let (size, leaves) = (self.head.next_entry, self.head.next_leaf);
        let inside = match codec::decode(&key, value) {
            Ok(Record::IndexOf(index) | Record::UnitNamed(index)) => index < leaves,
            Ok(Record::Seen(entry)) => entry < size,
            Ok(Record::RefusedOf(of)) => of.entry < size,
            Ok(Record::ReservationOf(of)) => of.entry < size && of.token < leaves && of.payee < leaves,
            Ok(Record::LeaseOf(of)) => of.entry < size && of.token < leaves && of.payee < leaves,
            Ok(Record::TokenOf(info)) => info.entry < size,
            Ok(_) => true,
            Err(_) => false,
        };
        if !inside && let StoreError::Damaged(what) = damaged(&key) {
            self.note(Finding::Damage(Damage::Record(what)));
        }
    }
}
