//! The attacks that the design answers, each a test with its name. `docs/attacks.md` says which guard holds it.
#![allow(unreachable_pub, dead_code)]

#[path = "../rules/world.rs"]
mod world;

mod bytes;
mod refused;
mod replayed;
mod stopped;
mod value;
