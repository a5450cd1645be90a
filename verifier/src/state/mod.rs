//! What the state tree holds: leaves of four kinds, the values behind a token's leaf, histories, status bits.

mod leaf;
mod status;
mod values;

pub use leaf::{
    Leaf, LeafBody, LedgerLeaf, Life, MASK_OPERATOR, PartyLeaf, Retired, TokenLeaf, UnitLeaf, history,
};
pub use status::{Status, chunk_of, status_chunk, status_leaf};
pub use values::{Counters, Span, UnitValues, Values, salt};
