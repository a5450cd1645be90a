//! A layer for tower services over HTTP (axum, hyper, tonic): what reaches the service was asked by a holder, is
//! allowed by the policy, and is served once (spec 20).
//!
//! [`RemitLayer`] takes what holders bring to `/.well-known/remit/`, reads the content of each request and holds it to
//! what was signed, decides, puts on record what is served, and answers 401, 403 and 503 itself. A handler finds who
//! asked for what in the request's extensions, as [`Served`]. It reads no clock but the one that it is given.
//!
//! ```
//! # use remit_tower::{RemitLayer, remit::follow::Record, remit_verifier::{types::Millis, verify::Policy}};
//! # fn layer(policy: Policy, record: Record) -> Result<RemitLayer, remit_tower::NotDurable> {
//! let clock = || Millis(1_800_000_000_000); // the time of your machine
//! let layer = RemitLayer::new(policy, record, clock)?.public("/health");
//! # Ok(layer) }
//! ```
//!
//! It stands outermost: a layer before it that changes method, target, `Host` or content makes every request another
//! one than was signed, which is refused.

mod answer;
mod bring;
mod decide;
mod guard;
mod record;
mod served;
mod service;

pub use guard::{CONTENT_BYTES_MAX, CONTENT_TIME_MAX, KEPT_BYTES_MAX, NotDurable, RemitLayer};
pub use record::ServedRecord;
pub use remit;
pub use remit_verifier;
pub use served::Served;
pub use service::{RemitService, RequestBody, ResponseBody};
