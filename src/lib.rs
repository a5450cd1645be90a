//! Remit: a ledger of permissions that carry money, for AI agents.
//!
//! Data flows one way: an operation is admitted by the rules ([`machine`]), becomes an entry and a new state in the
//! trees ([`tree`], joined by [`engine`]), is kept ([`store`]), and is proved under a signed checkpoint ([`ledger`]) to
//! anybody who runs `remit_verifier`. [`audit`] walks the same road backwards: from entries and objects to every root.

#[cfg(feature = "server")]
pub mod api;
pub mod audit;
pub mod cli;
pub mod client;
pub mod demo;
pub mod engine;
#[cfg(feature = "follow")]
pub mod follow;
#[cfg(feature = "server")]
pub mod index;
pub mod keys;
pub mod ledger;
pub mod machine;
#[cfg(feature = "server")]
pub mod remote;
pub mod sequencer;
pub mod store;
pub mod tree;
pub mod witness;
