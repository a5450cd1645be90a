//! Requests over HTTP: what a holder signs of one, how it travels, what it is in terms of permissions, and whether it
//! may be served (spec 20).
//!
//! A service, or a verifier beside it, takes the fields of a request ([`Fields::read`]), finds the presentation that
//! they name, and asks [`decide`]. What comes out is served once, and only once that is recorded: see [`Unrecorded`].

mod answer;
mod decide;
mod fields;
mod request;
mod route;

pub use answer::{answer_fields, status};
pub use decide::{Brought, Decided, Unrecorded, decide};
pub use fields::{
    APPROVALS, ARGUMENTS, EVIDENCE, Fields, INVOCATION, PRESENTATION, byte_sequence, content_digest,
    written_byte_sequence, written_content_digest,
};
pub use request::HttpRequest;
pub use route::{Asked, Cost, Route, RouteError};
