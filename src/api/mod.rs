//! The HTTP interface of a ledger: a thin edge over [`crate::ledger::Service`] (docs/http.md).
//!
//! Every handler reads its request, calls the ledger once, and shows the answer. No rules here: what may be done is
//! decided by the ledger, what may be believed by `remit_verifier`.

mod access;
mod admin;
mod answers;
mod app;
mod approvals;
mod clients;
mod connections;
mod docs;
mod entries;
mod error;
mod extract;
mod feed;
mod health;
mod layers;
mod leases;
pub mod limits;
mod log;
mod metrics;
mod offers;
mod openapi;
mod parties;
mod router;
mod search;
mod sequence;
mod serve;
mod sidecar;
mod submit;
mod till;
mod tls;
mod tokens;
mod traced;
mod value;
mod verify;
mod views;
mod witness;

pub use access::{Reader, Role};
pub use app::{BackupError, Backups, Directory, DirectoryError, Served, Settings};
pub use error::{ApiError, ErrorCode};
pub use router::{document, router};
pub use serve::{ServeError, serve, serve_opening};
pub use sidecar::{Sidecar, serve_sidecar, sidecar_document, sidecar_router};
pub use till::{Counter, SHOWN_BYTES_MAX, serve_till, till_router};
pub use tls::{Tls, TlsError};
pub use witness::{serve_witness, witness_router};
