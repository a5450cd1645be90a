//! Remit's verifier.
#![no_std]

extern crate alloc;

pub mod c2sp;
pub mod cbor;
pub mod code;
pub mod cose;
pub mod feed;
pub mod hash;
mod hashes;
pub mod http;
#[cfg(feature = "json")]
pub mod json;
pub mod key;
pub mod label;
pub mod limits;
pub mod log;
pub mod merkle;
pub mod object;
pub mod receipt;
#[cfg(feature = "sign")]
pub mod sign;
pub mod state;
pub mod till;
pub mod types;
pub mod verify;
pub mod witness;
