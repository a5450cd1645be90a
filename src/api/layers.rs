//! What happens around every request: an identifier, a time limit, one line of log, and errors as JSON.

use super::access::Caller;
use super::app::App;
use super::error::{ApiError, ErrorCode};
use super::limits::REQUEST_ID_BYTES_MAX;
use super::traced::Traced;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::any::Any;
use std::time::{Duration, Instant};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer.
pub(super) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers()).unwrap_or_else(|| app.next_request_id());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let traced = Traced::of(&request, route, &id);
    let response = traced.run(limited(&app, request, next)).await;
    let error = response.extensions().get::<ApiError>().cloned().or_else(|| bare_error(&response));
    let caller = response.extensions().get::<Caller>().cloned();
    let mut response = match &error {
        Some(error) => error.render(&id, response),
        None => response,
    };
    add_headers(response.headers_mut(), &id);
    traced.answered(response.status());
    let elapsed = started.elapsed();
    app.metrics().request(&method, route, response.status(), elapsed);
    log(&id, &method, route, response.status(), elapsed, error.as_ref(), caller.as_ref());
    response
}

/// Runs the request, if there is a place for it, for as long as it may take.
async fn limited(app: &App, request: Request, next: Next) -> Response {
    let Ok(_place) = app.requests().try_acquire() else {
        return ApiError::new(ErrorCode::Busy).into_response();
    };
    match tokio::time::timeout(app.settings().request_time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::TimeOut).into_response(),
    }
}

/// What the framework answered by itself.
fn bare_error(response: &Response) -> Option<ApiError> {
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(ErrorCode::MethodNotAllowed.into()),
        status if status.is_client_error() && !is_answer(response) => Some(ErrorCode::BadRequest.into()),
        _ => None,
    }
}

/// Refusals are answers with a client's status.
fn is_answer(response: &Response) -> bool {
    response.extensions().get::<super::answers::IsAnswer>().is_some()
}

/// A panic is answered like every other error; the thread's own report says what it was.
pub(super) fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::new(ErrorCode::Internal).into_response()
}

/// The identifier that the client chose, if it is one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let fits = (1..=REQUEST_ID_BYTES_MAX).contains(&text.len());
    (fits && text.bytes().all(sane)).then(|| text.to_owned())
}

fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// One line a request; never a token, a body or a query.
fn log(
    id: &str,
    method: &Method,
    route: &str,
    status: StatusCode,
    elapsed: Duration,
    error: Option<&ApiError>,
    caller: Option<&Caller>,
) {
    let (status, micros) = (status.as_u16(), u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
    let caller = caller.map_or("", |caller| &caller.0);
    let code = error.map_or("", |error| error.code.text());
    // Whoever asks whether it is ready asks often, and the answer says all there is.
    let asked = route == "/readyz";
    if status >= 500 && !asked && error.is_some_and(|error| error.code != ErrorCode::Busy) {
        tracing::warn!(request_id = id, %method, route, status, code, micros, caller, "request failed");
    } else {
        tracing::debug!(request_id = id, %method, route, status, code, micros, caller, "request");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_identifier_is_kept() {
        let given = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, text.parse().expect("a header"));
            request_id(&headers)
        };
        assert_eq!(given("a-1_b.C"), Some("a-1_b.C".into()));
        assert_eq!(given(&"x".repeat(REQUEST_ID_BYTES_MAX)).map(|id| id.len()), Some(REQUEST_ID_BYTES_MAX));
        for other in ["", "a b", "a\"b", "<x>", &"x".repeat(REQUEST_ID_BYTES_MAX + 1)] {
            assert_eq!(given(other), None, "{other}");
        }
        assert_eq!(request_id(&HeaderMap::new()), None);
    }
}
