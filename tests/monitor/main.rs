//! The monitor against ledgers that lie: entries edited, roots computed again, signed with the log's own key.
#![allow(unreachable_pub, dead_code)]

mod ages;
mod doubts;
mod histories;
mod honest;
mod interests;
mod liar;
mod lies;
#[path = "../audit/log.rs"]
mod log;
mod remembering;
mod restarting;
mod shown;
#[path = "../audit/story.rs"]
mod story;
#[path = "../rules/world.rs"]
mod world;
