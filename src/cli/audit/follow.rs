//! A log that is read once and then followed: each newer checkpoint goes on from the one before, and each entry stands
//! under it.

use super::prove::included;
use super::source::Log;
use super::teller::{Row, Teller};
use crate::cli::clock;
use crate::cli::out::Failure;
use crate::cli::session::require_accepted;
use crate::tree::prove::consistency;
use remit_verifier::merkle::{TreeHead, verify_consistency};
use remit_verifier::types::EntryIndex;

/// Entries that are asked for at a time.
const PAGE: u64 = 256;

/// A log, what it told so far, and the newest head, which goes on from all before.
pub(super) struct Followed {
    pub(super) log: Log,
    pub(super) teller: Teller,
    pub(super) head: TreeHead,
}

impl Followed {
    /// Reads the whole log. Every row of it is given to `visit`.
    pub(super) fn read(log: Log, mut visit: impl FnMut(&Teller, Row)) -> Result<Self, Failure> {
        let mut teller = Teller::default();
        let root = log.each(|item| {
            teller.tell(&item)?.into_iter().for_each(|row| visit(&teller, row));
            Ok(())
        })?;
        let head = TreeHead { size: log.size, root };
        Ok(Self { log, teller, head })
    }

    /// Goes on to the newest checkpoint, if there is a newer one; gives every row up to it to `visit`, and says whether
    /// there was any. Where nobody answered, the next step goes on.
    pub(super) fn step(&mut self, mut visit: impl FnMut(&Teller, Row)) -> Result<bool, Failure> {
        if let Some((note, next)) = self.log.again()? {
            require_accepted(&self.log.trust, &note, clock::now()?)?;
            require_continued(&self.log, &self.head, &next)?;
            self.head = next;
        } else if self.teller.told() == self.head.size.0 {
            return Ok(false);
        }
        while self.teller.told() < self.head.size.0 {
            let at = self.teller.told();
            let items = self.log.items(EntryIndex(at), PAGE.min(self.head.size.0 - at))?;
            if items.is_empty() {
                let message = format!("there is no entry {at} under the checkpoint");
                return Err(Failure::refused("short", message));
            }
            for item in items {
                included(&self.log, &self.head, EntryIndex(self.teller.told()), &item.entry)?;
                self.teller.tell(&item)?.into_iter().for_each(|row| visit(&self.teller, row));
            }
        }
        Ok(true)
    }
}

/// Requires that the new checkpoint is of the same history.
pub(super) fn require_continued(log: &Log, head: &TreeHead, next: &TreeHead) -> Result<(), Failure> {
    let forked = |why: String| {
        let message =
            format!("the checkpoint of size {} does not go on from {}: {why}", next.size, head.size);
        Failure::refused("fork", message).hint(super::EVIDENCE)
    };
    if next.size < head.size {
        return Err(forked("it covers less".into()));
    }
    let path = consistency(log.nodes(), head.size, next.size);
    let path = path.map_err(|error| log.failed().unwrap_or_else(|| forked(error.to_string())))?;
    verify_consistency(head, next, &path).map_err(|error| forked(error.to_string()))
}
