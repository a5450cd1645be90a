//! A witness (spec 21): cosigns the checkpoints of logs that it knows, each only if it goes on from the last one.
//!
//! What is decided is pure ([`decide`], the verifier's); what was cosigned is kept before anybody hears of it. A
//! replaying witness cosigns nothing that it has not computed again. Reads no clock and no network: both are handed
//! to it.

#[cfg(feature = "server")]
mod folder;
#[cfg(feature = "server")]
mod replaying;
#[cfg(feature = "server")]
mod service;

#[cfg(feature = "server")]
pub use crate::audit::Source;
#[cfg(feature = "server")]
pub use folder::{EVIDENCE_FILES_MAX, Evidence, Folder, FolderError, Found, WitnessKind};
pub use remit_verifier::witness::{Answer, Decision, Latest, decide, receive};
#[cfg(feature = "server")]
pub use replaying::{PAGE, Replaying, Vouched};
#[cfg(feature = "server")]
pub use service::{Counts, Reply, Standing, Witness, WitnessError};
