//! Audits: a ledger with one of every operation replays and conserves; every tampering is noticed for what it is.
#![allow(unreachable_pub, dead_code)]

mod asked_leases;
mod conserve;
mod live;
mod log;
mod refusals;
mod replay;
mod snapshots;
mod story;
mod trades;
#[path = "../rules/world.rs"]
mod world;
