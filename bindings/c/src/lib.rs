//! Remit's verifier for C: what `include/remit_verifier.h` declares, and nothing decided here.
//!
//! Objects are numbers in a table of this library ([`table`]), not pointers, so that one that was freed, or never was,
//! is an error and no more. What the caller lends is read in [`abi`], the only file with `unsafe`.

mod abi;
mod argument;
mod case;
mod describe;
mod followed;
mod holder;
mod http;
mod link;
mod parts;
mod policy;
mod status;
mod table;
mod till;
mod trees;
mod verdict;
mod witness;
