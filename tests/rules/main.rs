//! The rules, through the ledger: every refusal, and the attacks that the design answers.
#![allow(unreachable_pub)]

mod value;
mod world;
