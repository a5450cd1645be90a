//! The verdict end to end: a small ledger built by hand, every shape of presentation, and for every check one scene
//! that breaks just that.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod approvals;
mod files;
mod following;
mod memory;
mod newer;
mod policy;
mod policy_schema;
mod refusals;
mod request;
mod scene;
mod serving;
mod shapes;
mod trees;
