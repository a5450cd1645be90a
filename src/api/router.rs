//! All routes, and what lies around them.

use super::access::Role;
use super::app::{App, Served, Settings};
use super::error::ErrorCode;
use super::layers::{around, panicked};
use super::openapi::Routes;
use super::{
    admin, approvals, docs, entries, feed, health, leases, log, offers, parties, search, submit, tokens,
    value, verify,
};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;

/// Every operation there is.
fn routes() -> Routes {
    use Role::{Auditor, Monitoring, Service};
    Routes::new()
        .open(submit::__path_submit, submit::submit)
        .open(verify::__path_verify, verify::verify)
        .open(log::__path_log, log::log)
        .open(log::__path_checkpoint, log::checkpoint)
        .open(log::__path_tile, log::tile)
        .open(log::__path_status, log::status)
        .open(feed::__path_feed, feed::feed)
        .private(Auditor, search::__path_search, search::search)
        .private(Auditor, search::__path_names, search::names)
        .private(Auditor, tokens::__path_token, tokens::token)
        .private(Auditor, tokens::__path_values, tokens::values)
        .private(Auditor, search::__path_children, search::children)
        .private(Service, tokens::__path_presentation, tokens::presentation)
        .private(Auditor, tokens::__path_history, tokens::history)
        .private(Auditor, tokens::__path_validity, tokens::validity)
        .private(Auditor, tokens::__path_held, tokens::held)
        .private(Auditor, approvals::__path_request, approvals::request)
        .private(Auditor, approvals::__path_asked, approvals::asked)
        .private(Service, parties::__path_party, parties::party)
        .private(Service, parties::__path_issuers, parties::issuers)
        .private(Service, parties::__path_unit, parties::unit)
        .private(Service, value::__path_reservation, value::reservation)
        .private(Service, value::__path_evidence, value::evidence)
        .private(Service, value::__path_capture, value::capture)
        .private(Service, leases::__path_lease, leases::lease)
        .private(Service, leases::__path_lease_proof, leases::lease_proof)
        .private(Auditor, offers::__path_offers, offers::offers)
        .private(Auditor, offers::__path_offer, offers::offer)
        .private(Service, entries::__path_decision, entries::decision)
        .private(Auditor, entries::__path_entry, entries::entry)
        .private(Auditor, entries::__path_object, entries::object)
        .private(Auditor, entries::__path_details, entries::details)
        .private(Auditor, entries::__path_proof, entries::proof)
        .private(Auditor, entries::__path_consistency, entries::consistency)
        .private(Auditor, entries::__path_replay, entries::replay)
        .private(Monitoring, health::__path_metrics, health::metrics)
        .admin(admin::__path_backup, admin::backup)
        .open(health::__path_healthz, health::healthz)
        .open(health::__path_readyz, health::readyz)
        .open(docs::__path_openapi, docs::openapi)
        .open(docs::__path_page, docs::page)
        .open(docs::__path_explorer, docs::explorer)
        .open(docs::__path_root, docs::root)
}

/// The description of the interface, as `/openapi.json` serves it.
pub fn document() -> OpenApi {
    routes().finish().1
}

/// The interface of a ledger, as a service without a socket.
pub fn router(served: impl Into<Served>, settings: Settings) -> Router {
    let (app, router) = unopened(settings);
    app.open(served.into());
    router
}

/// The interface of a ledger that is still to be opened.
pub(super) fn unopened(settings: Settings) -> (App, Router) {
    let (names, document, routes) = routes().finish();
    let app = App::new(settings, names);
    let router = wrap(docs::with_document(routes(app.clone()), &document), &app);
    (app.clone(), router.with_state(app))
}

/// Everything that lies around a route.
fn wrap(router: Router<App>, app: &App) -> Router<App> {
    router
        .fallback(nowhere)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), around))
}

async fn nowhere() -> Response {
    super::ApiError::from(ErrorCode::UnknownPath).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use remit_verifier::types::Millis;
    use std::sync::Arc;
    use std::time::Duration;
    use tower::ServiceExt;

    async fn call(settings: Settings, extra: Router<App>) -> (StatusCode, serde_json::Value) {
        let app = App::new(settings, Vec::new());
        let router = wrap(extra, &app).with_state(app);
        let request = Request::get("/x").header("x-request-id", "mine").body(Body::empty());
        let response = router.oneshot(request.expect("a request")).await.expect("an answer");
        assert_eq!(response.headers()["x-request-id"], "mine");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 65_536).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn a_panic_is_the_answer_of_one_request() {
        async fn fails() {
            panic!("on purpose");
        }
        let router = Router::new().route("/x", axum::routing::get(fails));
        let (status, body) = call(Settings::new(Arc::new(|| Millis(0))), router).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (500, &"internal".into()));
        assert_eq!(body["error"]["request_id"], "mine");
        assert!(!body.to_string().contains("on purpose"));
    }

    #[tokio::test]
    async fn a_request_has_a_time_limit() {
        let router = Router::new().route("/x", axum::routing::get(std::future::pending::<()>));
        let mut settings = Settings::new(Arc::new(|| Millis(0)));
        settings.request_time = Duration::from_millis(1);
        let (status, body) = call(settings, router).await;
        assert_eq!((status.as_u16(), &body["error"]["code"]), (504, &"timeout".into()));
        assert!(body["error"]["hint"].as_str().is_some_and(|hint| hint.contains("same bytes")));
    }
}
