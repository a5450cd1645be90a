//! Where batches are kept. This version has one store, in memory: the reference for every later one.

mod memory;

pub use memory::{Durable, MemoryState, MemoryStore};
