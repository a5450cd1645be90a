//! The running ledger: nothing acknowledged is lost, nothing is signed that is not kept, and readers see one version.
#![allow(unreachable_pub, dead_code)]

mod clock;
mod crash;
mod faults;
mod gate;
mod guard_file;
mod house;
mod lies;
mod load;
mod reads;
mod witnessed;
