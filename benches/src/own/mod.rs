//! What Remit itself does: offline verification, sizes, trees, admission, building, replay.

pub mod engine;
pub mod following;
pub mod offline;
mod scene;
pub mod trees;
pub mod value;
mod world;

pub use scene::Scene;
