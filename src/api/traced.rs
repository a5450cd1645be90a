//! The span of a request, for traces (feature `otel`): method, route, status and identifier; never a path, a query, a
//! caller or a body. Without the feature it is nothing.

use axum::extract::Request;
use axum::http::StatusCode;

/// The span of one request.
#[cfg(not(feature = "otel"))]
pub(super) struct Traced;

#[cfg(not(feature = "otel"))]
impl Traced {
    pub(super) fn of(_: &Request, _: &str, _: &str) -> Self {
        Self
    }

    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        work.await
    }

    pub(super) fn answered(&self, _: StatusCode) {}
}

#[cfg(feature = "otel")]
pub(super) use spans::Traced;

#[cfg(feature = "otel")]
mod spans {
    use super::{Request, StatusCode};
    use axum::http::Method;
    use opentelemetry::propagation::TextMapPropagator as _;
    use opentelemetry_http::HeaderExtractor;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use tracing::Instrument as _;
    use tracing::field::Empty;
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    pub(in super::super) struct Traced(tracing::Span);

    impl Traced {
        /// The span of a request, which goes on with the trace that `traceparent` names.
        pub(in super::super) fn of(request: &Request, route: &str, id: &str) -> Self {
            let method = method(request.method());
            let span = tracing::info_span!(
                target: "remit::traces", "request", otel.name = format!("{method} {route}"), otel.kind = "server",
                http.request.method = method, http.route = route, http.response.status_code = Empty,
                remit.request_id = id, otel.status_code = Empty,
            );
            if !span.is_disabled() {
                let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
                // Nobody listens where that fails.
                drop(span.set_parent(parent));
            }
            Self(span)
        }

        /// Runs the request within its span.
        pub(in super::super) async fn run<T>(&self, work: impl Future<Output = T>) -> T {
            work.instrument(self.0.clone()).await
        }

        /// How it was answered.
        pub(in super::super) fn answered(&self, status: StatusCode) {
            self.0.record("http.response.status_code", status.as_u16());
            if status.is_server_error() {
                self.0.record("otel.status_code", "ERROR");
            }
        }
    }

    /// A method that is known: others are whatever a client writes.
    fn method(method: &Method) -> &'static str {
        let known = [
            Method::GET,
            Method::POST,
            Method::HEAD,
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
            Method::PATCH,
        ];
        let names = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"];
        known.iter().zip(names).find(|(one, _)| *one == method).map_or("_OTHER", |(_, name)| name)
    }
}
