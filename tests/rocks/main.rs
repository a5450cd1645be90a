//! The durable store against the reference, and against what goes wrong with devices and folders.
#![cfg(feature = "server")]
#![allow(unreachable_pub, dead_code)]

mod cached;
mod codec;
#[path = "../rules/draft.rs"]
mod draft;
#[path = "../audit/story.rs"]
mod everything;
mod folder;
mod full;
mod index;
mod log_file;
mod never_again;
mod pair;
mod rush;
mod same;
mod story;
#[path = "../rules/world.rs"]
mod world;
