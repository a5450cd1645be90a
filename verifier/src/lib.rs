//! Remit's verifier.
#![no_std]

extern crate alloc;

pub mod hash;
pub mod key;
pub mod limits;
pub mod types;
