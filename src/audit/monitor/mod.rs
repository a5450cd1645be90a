//! A monitor: follows one ledger by its signed checkpoints, computes every entry again by the rules, and says what is
//! false, what cannot be checked, and what happens to keys of interest.
//!
//! The core is pure: it is handed notes, entries, proofs and the time, and asks for what it wants next
//! ([`Monitor::wants`]); [`Monitor::round`] does so against a [`Ledger`]. What it must remember over restarts is in a
//! [`Folder`].

mod age;
mod blame;
mod event;
mod evidence;
mod fold;
mod folder;
mod history;
mod interest;
mod keep;

pub use event::{Branch, Divergence, Event, EventCode, Fact, Severity};
pub use evidence::{Evidence, EvidenceBranch, EvidenceEntry, EvidenceError};
pub use fold::{Ledger, Monitor, PAGE, Settings, Want};
pub use folder::{Alert, EVIDENCE_FILES_MAX, Folder, FolderError};
pub use history::Remembered;
pub use interest::Interests;
pub use keep::SNAPSHOT_ENTRIES;
