//! The HTTP interface over a ledger in memory: every operation's answers and errors, and that what it hands out proves
//! itself without the ledger.
#![cfg(feature = "server")]
#![allow(unreachable_pub, dead_code)]

mod access;
mod approvals;
mod description;
mod desk;
mod errors;
mod feed;
mod following;
mod leases;
mod log;
mod logging;
mod offers;
mod reading;
mod search;
mod sidecar;
mod sockets;
#[path = "../audit/story.rs"]
mod story;
mod submitting;
mod verifying;
mod watching;
#[path = "../rules/world.rs"]
mod world;
