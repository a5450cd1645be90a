//! The durable store against the reference, and against what goes wrong with devices and folders.
#![cfg(feature = "server")]
#![allow(unreachable_pub, dead_code)]

#[path = "../model/asks.rs"]
mod asks;
mod cached;
mod codec;
#[path = "../model/disk.rs"]
mod disk;
#[path = "../rules/draft.rs"]
mod draft;
#[path = "../model/drive.rs"]
mod drive;
#[path = "../audit/story.rs"]
mod everything;
mod folder;
mod full;
mod index;
#[path = "../model/leases.rs"]
mod leases;
mod log_file;
mod model;
#[path = "../model/naive.rs"]
mod naive;
mod never_again;
mod pair;
mod pruned;
mod rush;
#[path = "../model/sales.rs"]
mod sales;
mod same;
mod search;
#[path = "../model/stops.rs"]
mod stops;
mod story;
#[path = "../rules/world.rs"]
mod world;
