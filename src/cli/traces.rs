//! Traces: spans of requests and of the writer's cycles, sent to a collector of OpenTelemetry (feature `otel`). Lines
//! of the log are not sent, and spans of libraries neither.

use super::config::LogFormat;
use super::out::Failure;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::pin::Pin;
use std::time::Duration;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// What spans are called that are sent.
const TARGET: &str = "remit::traces";
/// Where a collector takes them, unless the configuration says more than a host.
const PATH: &str = "/v1/traces";
/// For one batch of spans.
const SEND_TIME: Duration = Duration::from_secs(10);
/// What a collector may say about it.
const ANSWER_BYTES_MAX: u64 = 65_536;

/// Sends what is left when it is dropped.
pub(super) struct Traces(SdkTracerProvider);

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Writes the log to stderr and sends spans to the collector at `url`.
pub(super) fn start(
    url: &str,
    filter: tracing_subscriber::EnvFilter,
    format: LogFormat,
) -> Result<Traces, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::usage(format!("log.otlp: {error}"));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Client::new())
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint(url))
        .build()
        .map_err(|error| usage(&error))?;
    let resource = Resource::builder();
    let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
        Some(_) => resource,
        None => resource.with_service_name("remit"),
    };
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("remit"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(filter_fn(|meta| meta.is_span() && meta.target() == TARGET));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
        LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).with(spans).try_init().map_err(Failure::internal)?;
    Ok(Traces(provider))
}

/// The filter of the log, without the spans: they are for the collector.
pub(super) fn without_spans(filter: tracing_subscriber::EnvFilter) -> tracing_subscriber::EnvFilter {
    match format!("{TARGET}=off").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

fn endpoint(url: &str) -> String {
    let bare = url.trim_end_matches('/');
    let host = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    if host.contains('/') { url.to_owned() } else { format!("{bare}{PATH}") }
}

/// The command's own HTTP client, in the thread that sends.
#[derive(Debug)]
struct Client(ureq::Agent);

impl Client {
    fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        Self(config.timeout_global(Some(SEND_TIME)).build().new_agent())
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, mut body) = self.0.run(request.map(|bytes| bytes.to_vec()))?.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, bytes.into()))
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'sent>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sent>>
    where
        'client: 'sent,
        Self: 'sent,
    {
        Box::pin(async move { self.send(request) })
    }
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn a_host_alone_takes_traces_at_the_usual_path() {
        for (url, to) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://collector/", "http://collector/v1/traces"),
            ("http://collector/tenant/v1/traces", "http://collector/tenant/v1/traces"),
        ] {
            assert_eq!(endpoint(url), to);
        }
    }
}
