//! Other permission tokens doing the same work, as released: what a service pays for one request.

pub mod biscuit;
pub mod tenuo;
