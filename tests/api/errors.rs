//! Errors have one form, stable codes, and an identifier that the log has too.

use crate::desk::{Desk, call};
use axum::body::Body;
use axum::http::Request;
use remit::api::ErrorCode;
use std::collections::BTreeSet;

#[tokio::test]
async fn unknown_paths_and_methods_have_the_form_of_errors() {
    let desk = Desk::new();
    for path in ["/nowhere", "/v1", "/v1/tokens", "/v1/tokens/", "/docs/", "//", "/tile", "/v1/replay/1"] {
        assert_eq!(desk.error(path).await, (404, "unknown_path".into()), "{path}");
    }
    for (method, path, allow) in [
        ("DELETE", "/checkpoint", "GET,HEAD"),
        ("GET", "/v1/operations", "POST"),
        ("PUT", "/v1/issuers", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", crate::desk::TOKEN));
        let answer = call(&desk.router, request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.error(), (405, "method_not_allowed".into()), "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    // What cannot be decoded is not reflected.
    let answer = desk.get("/v1/tokens/%ff").await;
    assert_eq!(answer.error().0, 400);
    let answer = desk.get("/v1/tokens/%3Cscript%3E").await;
    assert_eq!(answer.error(), (400, "bad_id".into()));
    assert!(!answer.text().contains('<'));
}

#[tokio::test]
async fn identifiers_are_kept_if_sane_and_made_otherwise() {
    let desk = Desk::new();
    let ask = |id: Option<&'static str>, path: &'static str| {
        let request = Request::get(path);
        let request = if let Some(id) = id { request.header("x-request-id", id) } else { request };
        let (router, request) = (desk.router.clone(), request.body(Body::empty()).expect("a request"));
        async move { call(&router, request).await.header("x-request-id").to_owned() }
    };
    for path in ["/checkpoint", "/nowhere"] {
        assert_eq!(ask(Some("job-7.3_x"), path).await, "job-7.3_x");
        let made = [ask(None, path).await, ask(Some("a b"), path).await, ask(Some("\"><x"), path).await];
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 3);
        assert!(
            made.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')),
            "{made:?}"
        );
    }
}

#[tokio::test]
async fn answers_say_that_they_are_what_they_are() {
    let desk = Desk::new();
    for path in ["/checkpoint", "/v1/log", "/docs", "/nowhere", "/metrics"] {
        let answer = desk.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    let head = Request::head("/checkpoint").body(Body::empty()).expect("a request");
    let head = call(&desk.router, head).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[test]
fn codes_are_documented_with_their_status() {
    let texts: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.text()).collect();
    assert_eq!(texts.len(), ErrorCode::ALL.len());
    let document = include_str!("../../docs/http.md");
    for code in ErrorCode::ALL {
        let row = format!("| {} | `{}` |", code.status(), code.text());
        assert!(document.contains(&row), "docs/http.md has no row {row}");
        assert!(
            code.message().ends_with('.') && code.hint().is_none_or(|hint| hint.ends_with('.')),
            "{code:?}"
        );
    }
}
