//! A real process with a real folder is killed, traced and cheated; what it acknowledged is there afterwards.
//!
//! The process is this very binary, run again as [`child::child`]. The random parts print their seed, and
//! `REMIT_CRASH_SEED` repeats one; `REMIT_CRASH_KILLS` changes how often it is killed.
#![cfg(feature = "server")]

mod child;
mod house;
mod kill;
mod lies;
mod sync;
