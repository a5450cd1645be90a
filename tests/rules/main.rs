//! The rules, through the ledger: every refusal, and the attacks that the design answers.

mod value;
mod world;
