//! The rules, through the ledger: every refusal, and the attacks that the design answers.
#![allow(unreachable_pub, dead_code)]

mod admission;
mod approvals;
mod bugs;
mod bundles;
mod check;
mod control;
mod coverage;
mod draft;
mod freezes;
mod holders;
mod leases;
mod links;
mod never_again;
mod offers;
mod quotas;
mod refusals;
mod registry;
mod reserves;
mod returns;
mod tills;
mod tokens;
mod trade;
mod value;
mod windows;
mod world;
