//! Both Merkle trees and their proofs (spec 07): foreign vectors, other implementations, and properties
//! against the definition of RFC 6962.

mod frontier;
mod multiproof;
mod naive;
mod oracles;
mod paged;
mod tiles;
mod vectors;
