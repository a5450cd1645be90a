//! The description of a sidecar's interface, made of the handlers. A test holds it to the routes.

use super::{bring, judge, proxies};
use crate::api::{docs, till};
use utoipa::OpenApi as _;

/// Everything that a sidecar answers.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Remit verifier",
        description = "A verifier beside a service (spec 20): it decides about each request that a proxy or the \
            service received, takes vouchers, and asks no ledger. Every answer of a decision has its fields in \
            `Remit-…` headers, and the verdict with all its checks as JSON."
    ),
    paths(
        proxies::nginx,
        proxies::traefik,
        proxies::envoy,
        bring::presentation,
        bring::evidence,
        judge::verify,
        till::vouchers,
        super::metrics,
        super::healthz,
        docs::openapi,
        docs::page,
        docs::root
    ),
    tags(
        (name = "Proxies", description = "Each contract has its address, and only its fields are believed there."),
        (name = "Agents", description = "What holders bring before they ask."),
        (name = "Services", description = "Verdicts and vouchers."),
        (name = "Watching", description = "Whether it lives, what it counts."),
        (name = "Description", description = "This interface, for programs and for people.")
    )
)]
struct Document;

/// The description, as `/openapi.json` serves it.
pub fn sidecar_document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
