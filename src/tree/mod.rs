//! Merkle trees of RFC 6962 shape (spec 07): append, the persistent state tree, proofs and tiles.
//!
//! Pure: no I/O, no clock, nothing but the verifier crate, which checks every proof made here.

pub mod frontier;
pub mod paged;
pub mod prove;
pub mod tile;
pub mod tiling;

pub use frontier::Frontier;
pub use paged::{ApplyError, PagedTree};
pub use prove::{Nodes, ProveError};
pub use tiling::Tiling;
