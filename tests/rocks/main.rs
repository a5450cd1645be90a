//! The durable store against the reference, and against what goes wrong with devices and folders.
#![cfg(feature = "server")]
#![allow(unreachable_pub, dead_code)]

#[path = "../rules/draft.rs"]
mod draft;
mod codec;
mod folder;
mod log_file;
mod pair;
mod same;
mod story;
#[path = "../rules/world.rs"]
mod world;
