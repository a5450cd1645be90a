//! What a newer state, which the verifier follows, says of a presentation (spec 22 §4).

use super::Policy;
use super::followed::Followed;
use super::memory::Memory;
use super::open::{self, Opened, Times};
use super::verdict::{CheckName, Trail};
use crate::code::Code;
use crate::state::{Leaf, Status};
use crate::types::{Millis, StateIndex};
use alloc::sync::Arc;

/// The newer state, if there is one.
pub(super) enum Standing {
    /// The ledger is not followed.
    NotFollowed,
    /// What is followed is older than the presentation, or is not to be believed now.
    NotNewer,
    /// A newer state, and how old the evidence for it is.
    Newer(Arc<Followed>, Millis),
}

impl Standing {
    /// The state that is followed of the presentation's ledger; its times are seen.
    pub(super) fn of(policy: &Policy, memory: &mut Memory, opened: &Opened, now: Millis) -> Self {
        let found = memory.followed.iter().find(|followed| followed.ledger() == opened.ledger);
        let Some(followed) = found.cloned() else { return Self::NotFollowed };
        if followed.head().size < opened.checkpoint.size() {
            return Self::NotNewer;
        }
        match followed.times(policy, memory, now) {
            Ok(times) => Self::Newer(followed, times.age),
            Err(_) => Self::NotNewer,
        }
    }

    /// The status of a leaf in the newer state.
    pub(super) fn status(&self, index: StateIndex) -> Option<Status> {
        match self {
            Self::Newer(followed, _) => followed.status(index),
            Self::NotFollowed | Self::NotNewer => None,
        }
    }

    /// The check `followed`; how old the evidence is then.
    pub(super) fn check(&self, opened: &Opened, age: Millis, trail: &mut Trail) -> Result<Millis, Code> {
        match self {
            Self::NotFollowed => Ok(age),
            Self::NotNewer => {
                trail.skip(CheckName::Followed, None);
                Ok(age)
            }
            Self::Newer(followed, newer) => {
                let unchanged = trail.pass(CheckName::Followed, self.compare(followed, opened))?;
                Ok(if unchanged { age.min(*newer) } else { age })
            }
        }
    }

    /// Whether the leaves of issuer and tokens are as they were.
    fn compare(&self, followed: &Followed, opened: &Opened) -> Result<bool, Code> {
        let (theirs, ours) = (opened.checkpoint.head(), followed.head());
        if theirs.size == ours.size && theirs.root != ours.root {
            return Err(Code::TwoHistories);
        }
        if followed.is_frozen() {
            return Err(Code::LedgerFrozen);
        }
        let status = |leaf: &Leaf| self.status(leaf.index).unwrap_or(Status::Changed);
        let mut unchanged = true;
        for leaf in opened.leaves.iter().filter(|leaf| leaf.party().is_some()) {
            unchanged &= status(leaf) == Status::Live;
            if status(leaf) == Status::Suspended {
                return Err(Code::PartyFrozen);
            }
        }
        for leaf in opened.tokens() {
            match status(leaf) {
                Status::Over => return Err(Code::Revoked),
                Status::Suspended => return Err(Code::Suspended),
                Status::Changed => unchanged = false,
                Status::Live => {}
            }
        }
        Ok(unchanged)
    }
}

impl Followed {
    /// When the newer state was evident, as of now.
    fn times(&self, policy: &Policy, memory: &mut Memory, now: Millis) -> Result<Times, Code> {
        let checkpoint = open::accept(policy, memory, self.note(), now)?;
        open::check_ledger(policy, &checkpoint, &self.ledger())?;
        Times::of(policy, memory, &checkpoint, self.committed(), now)
    }
}
