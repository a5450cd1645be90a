//! The rules, through the ledger: every refusal, and the attacks that the design answers.
#![allow(unreachable_pub, dead_code)]

mod admission;
mod bundles;
mod check;
mod control;
mod draft;
mod freezes;
mod holders;
mod registry;
mod tokens;
mod value;
mod world;
