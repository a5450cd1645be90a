//! The description is of this interface, whole and readable, and its page needs nobody else.

use crate::desk::{Desk, call};
use axum::body::Body;
use axum::http::Request;
use base64ct::Encoding;
use remit::api::document;
use remit_verifier::hash::sha256;
use serde_json::Value;
use std::collections::BTreeSet;

fn described() -> Value {
    serde_json::to_value(document()).expect("JSON")
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("operations").clone();
        item.into_iter().map(move |(method, operation)| (path.clone(), method, operation))
    });
    operations.collect()
}

#[tokio::test]
async fn the_document_is_served_and_every_path_in_it_is_routed() {
    let desk = Desk::new();
    let served = desk.get_as_stranger("/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, "application/json"));
    assert_eq!(served.json(), described());
    assert!(served.json()["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let found = operations(&described());
    for (path, method, _) in &found {
        let path =
            path.replace("{path}", "x").replace("{id}", "x").replace("{index}", "x").replace("{key}", "x");
        // A feed that is read from where the log is goes on for ever.
        let path = path.replace("/v1/feed", "/v1/feed?from=x");
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
        let answer = call(&desk.router, request.body(Body::empty()).expect("a request")).await;
        let code = if answer.status >= 400 { answer.error().1 } else { String::new() };
        assert!(!["unknown_path", "method_not_allowed"].contains(&code.as_str()), "{method} {path}: {code}");
    }
    let named: BTreeSet<_> = found.iter().map(|(path, method, _)| format!("{method} {path}")).collect();
    for planned in [
        "post /v1/operations",
        "get /v1/log",
        "get /checkpoint",
        "get /tile/{path}",
        "get /v1/status",
        "get /v1/feed",
        "get /v1/search",
        "get /v1/names",
        "get /v1/tokens/{id}/children",
        "get /v1/tokens/{id}/values",
        "get /v1/tokens/{id}",
        "get /v1/parties/{id}",
        "get /v1/units/{id}",
        "get /v1/issuers",
        "get /v1/reservations/{id}",
        "get /v1/captures/{id}",
        "get /v1/leases/{id}",
        "get /v1/leases/{id}/proof",
        "get /v1/tokens/{id}/presentation",
        "get /v1/reservations/{id}/evidence",
        "get /v1/tokens/{id}/history",
        "get /v1/tokens/{id}/validity",
        "get /v1/holders/{key}/tokens",
        "get /v1/requests/{id}",
        "get /v1/approvers/{key}/requests",
        "get /v1/offers",
        "get /v1/offers/{id}",
        "get /v1/decisions/{id}",
        "get /v1/entries/{index}",
        "get /v1/entries/{index}/object",
        "get /v1/entries/{index}/details",
        "get /v1/entries/{index}/proof",
        "get /v1/proof/consistency",
        "get /v1/replay",
        "post /v1/verify",
        "get /healthz",
        "get /readyz",
        "get /metrics",
        "post /v1/admin/backup",
        "get /openapi.json",
        "get /docs",
        "get /explorer",
        "get /",
    ] {
        assert!(named.contains(planned), "{planned}");
    }
    assert_eq!(named.len(), 43, "an operation that this test does not know");
}

/// Nothing but the routes of the router is counted, so what is counted is what there is.
#[tokio::test]
async fn every_route_is_counted_under_the_path_of_the_document() {
    let desk = Desk::new();
    for (path, method, _) in operations(&described()) {
        let at = path
            .replace("{path}", "0/000.p/1")
            .replace("{id}", "x")
            .replace("{index}", "x")
            .replace("{key}", "x")
            .replace("/v1/feed", "/v1/feed?from=x");
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(&at);
        call(&desk.router, request.body(Body::empty()).expect("a request")).await;
        let route = path.replace("{path}", "{*path}");
        let label = format!("{{method=\"{}\",route=\"{route}\",status=", method.to_uppercase());
        let metrics = desk.get("/metrics").await.text();
        assert!(metrics.contains(&label), "{label} in\n{metrics}");
    }
}

#[test]
fn every_operation_is_described_with_its_errors() {
    let document = described();
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        for part in ["summary", "description", "operationId"] {
            assert!(operation[part].as_str().is_some_and(|text| !text.is_empty()), "{place}: {part}");
        }
        assert!(!operation["summary"].as_str().expect("text").ends_with('.'), "{place}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
        let mut groups = document["tags"].as_array().into_iter().flatten();
        assert!(groups.any(|tag| tag["name"] == operation["tags"][0]), "{place}");
        let answers = operation["responses"].as_object().expect("answers");
        assert!(answers.keys().any(|status| status < &"400".to_owned()), "{place}");
        assert!(answers.contains_key("500") && answers.contains_key("504"), "{place}");
        assert_eq!(answers.contains_key("401"), operation.get("security").is_some(), "{place}");
        for (status, answer) in answers {
            let described = answer["description"].as_str().is_some_and(|text| text.ends_with('.'));
            assert!(described, "{place}: {status}");
            let error = status >= &"400".to_owned() && !(path == "/v1/operations" && status == "422");
            let reference = &answer["content"]["application/json"]["schema"]["$ref"];
            assert!(!error || reference == "#/components/schemas/Error", "{place}: {status}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(
                parameter["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{place}: {parameter}"
            );
        }
    }
    let names: BTreeSet<_> =
        operations(&document).iter().map(|(.., o)| o["operationId"].to_string()).collect();
    assert_eq!(names.len(), operations(&document).len());
}

#[test]
fn every_reference_leads_somewhere_and_every_field_is_described() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    found.insert(reference.clone());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = described();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("inside the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        assert!(found.contains(&format!("#/components/schemas/{name}")), "{name} is used nowhere");
        let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        for (field, value) in parts.iter().filter_map(|part| part["properties"].as_object()).flatten() {
            assert!(
                value.get("description").is_some()
                    || value.get("$ref").is_some()
                    || value.get("oneOf").is_some(),
                "{name}.{field} is not described"
            );
        }
    }
}

#[tokio::test]
async fn the_page_needs_nobody_else() {
    let desk = Desk::new();
    let page = desk.get_as_stranger("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = page.text();
    for foreign in [
        "http://",
        "https://",
        "//cdn",
        "@import",
        "url(",
        "src=",
        "eval(",
        "innerHTML",
        "/*style*/",
        "/*script*/",
    ] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    let policy = page.header("content-security-policy");
    for (open, close, directive) in
        [("<style>", "</style>", "style-src"), ("<script>", "</script>", "script-src")]
    {
        let inside = text.split(open).nth(1).and_then(|rest| rest.split(close).next()).expect("there");
        let hash = base64ct::Base64::encode_string(&sha256(&[inside.as_bytes()]).0);
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
        assert_eq!(text.matches(open).count(), 1);
    }
    assert!(policy.starts_with("default-src 'none'") && policy.contains("connect-src 'self'"));
    assert!(text.contains("prefers-color-scheme: dark") && text.contains(":focus-visible"));
    let root = desk.get_as_stranger("/").await;
    assert_eq!((root.status, root.header("location")), (308, "/explorer"));
}

#[tokio::test]
async fn the_explorer_may_talk_to_this_server_alone_and_is_framed_by_nobody() {
    let desk = Desk::new();
    let page = desk.get_as_stranger("/explorer").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("content-security-policy"), "frame-ancestors 'none'");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let text = page.text();
    let policy = text.split("Content-Security-Policy\" content=\"").nth(1).expect("its own policy");
    let policy = policy.split('"').next().expect("an end");
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for (open, close, directive) in
        [("<style>", "</style>", "style-src"), ("<script type=\"module\">", "</script>", "script-src")]
    {
        let inside = text.split(open).nth(1).and_then(|rest| rest.split(close).next()).expect("there");
        let hash = base64ct::Base64::encode_string(&sha256(&[inside.as_bytes()]).0);
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
}
