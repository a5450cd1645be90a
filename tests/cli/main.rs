//! The `remit` command as people run it: the built binary, its output, its exit codes.

#[cfg(feature = "server")]
mod answers;
#[cfg(feature = "server")]
mod approvals;
#[cfg(feature = "server")]
mod audit;
#[cfg(feature = "server")]
mod auditing;
#[cfg(feature = "server")]
mod backup;
#[cfg(feature = "server")]
mod bought;
#[cfg(feature = "server")]
mod conserve;
#[cfg(feature = "server")]
mod control;
#[cfg(feature = "server")]
mod counter;
#[cfg(feature = "server")]
mod explain;
#[cfg(feature = "server")]
mod exported;
#[cfg(feature = "server")]
#[allow(unreachable_pub, dead_code)]
#[path = "../monitor/liar.rs"]
mod false_ledger;
#[cfg(feature = "server")]
mod folders;
#[cfg(feature = "server")]
mod following;
#[cfg(feature = "server")]
mod forged;
#[cfg(feature = "server")]
mod keys;
#[cfg(feature = "server")]
mod lease_approvals;
#[cfg(feature = "server")]
mod leases;
#[cfg(feature = "server")]
mod liar;
#[cfg(feature = "server")]
#[allow(unreachable_pub, dead_code)]
#[path = "../audit/log.rs"]
mod log;
#[cfg(feature = "server")]
mod mistakes;
#[cfg(feature = "server")]
mod monitor;
#[cfg(feature = "server")]
mod network;
mod offline;
#[cfg(feature = "server")]
mod prepare;
#[cfg(feature = "server")]
mod pruned;
mod run;
#[cfg(feature = "server")]
mod searching;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod serving;
#[cfg(feature = "server")]
mod shown;
#[cfg(feature = "server")]
mod sidecar;
#[cfg(feature = "server")]
mod snapshots;
#[cfg(feature = "server")]
mod story;
#[cfg(feature = "server")]
mod terminal;
#[cfg(feature = "server")]
mod till_serve;
#[cfg(feature = "server")]
mod tills;
#[cfg(feature = "server")]
mod top;
#[cfg(feature = "otel")]
mod traces;
#[cfg(feature = "server")]
mod trade;
#[cfg(feature = "server")]
mod windows;
#[cfg(feature = "server")]
mod witness;
#[cfg(feature = "server")]
mod witnessed;
#[cfg(feature = "server")]
#[allow(unreachable_pub, dead_code)]
#[path = "../rules/world.rs"]
mod world;
