//! Traces: what a sampled request waited for, as OpenTelemetry spans sent by OTLP (docs/operations.md, Traces).
//!
//! Every part opens its spans with `tracing`, and they are nothing unless their request was sampled. They have paths, codes and
//! counts, and never a member of a request or an answer.

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Tracer};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use tracing::subscriber::Interest;
use tracing::{Metadata, Span, Subscriber, field, trace_span};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::layer::{self, Filter, Layer};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::config::TracesConfig;
use crate::request_id::RequestId;

/// How long a collector may take for some hundred spans.
const EXPORT: Duration = Duration::from_secs(10);
/// How long it may take for what is left when the server stops.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// Why there can be no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The HTTP client.
    #[error("traces: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter.
    #[error("traces: {0}")]
    Exporter(#[from] ExporterBuildError),
}

/// The spans on their way to a collector.
#[derive(Clone, Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send spans; `None` where no collector is configured.
    pub fn start(config: &TracesConfig) -> Result<Option<Self>, TracesError> {
        let Some(endpoint) = &config.endpoint else { return Ok(None) };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(client(endpoint)?)
            .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_service_name("rims").with_attribute(version).build())
            // Whoever is not sampled has no span in the first place.
            .with_sampler(Sampler::AlwaysOn)
            .build();
        Ok(Some(Self { provider }))
    }

    /// Where spans go in from `tracing`.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let layer: OpenTelemetryLayer<S, Tracer> = OpenTelemetryLayer::new(self.provider.tracer("rims"));
        layer.with_location(false).with_threads(false).with_target(false).with_filter(Ours)
    }

    /// Sends what is left.
    pub fn stop(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The configuration says where the collector is, not the environment's proxy variables nor a redirect.
fn client(endpoint: &Url) -> reqwest::Result<Client> {
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(EXPORT);
    match endpoint.scheme() {
        // Plain HTTP needs no root certificates, which a bare machine may not have.
        "http" => client.tls_certs_only([]).build(),
        _ => client.build(),
    }
}

/// This program's spans, and below a request's only what belongs to one that is sampled.
struct Ours;

const REQUEST: &str = "request";

impl<S> Filter<S> for Ours
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() && metadata.target().starts_with("rims_") {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: &layer::Context<'_, S>) -> bool {
        metadata.name() == REQUEST || context.lookup_current().is_some()
    }
}

/// Which requests have spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sampling {
    ratio: f64,
    follow_traceparent: bool,
}

impl Sampling {
    /// `None` where there are no traces.
    pub(crate) fn of(config: &TracesConfig) -> Option<Self> {
        let TracesConfig { sample_ratio: ratio, follow_traceparent, .. } = *config;
        config.endpoint.as_ref().map(|_| Self { ratio, follow_traceparent })
    }

    /// A request's span, or none. What a proxy in front decided is followed, where that is configured.
    pub(crate) fn request(
        self,
        id: RequestId,
        (method, path): (&Method, &str),
        proxy: Option<&HeaderMap>,
    ) -> Span {
        let caller = proxy
            .filter(|_| self.follow_traceparent)
            .map(|headers| TraceContextPropagator::new().extract(&HeaderExtractor(headers)));
        let caller = caller.filter(|context| context.span().span_context().is_valid());
        let sampled = match &caller {
            Some(context) => context.span().span_context().is_sampled(),
            None => fastrand::f64() < self.ratio,
        };
        if sampled { span(id, method, path, caller) } else { Span::none() }
    }
}

/// Any other method is whatever a caller wrote, however long.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

fn span(id: RequestId, method: &Method, path: &str, caller: Option<Context>) -> Span {
    let method = known(method);
    let span = trace_span!(
        REQUEST,
        otel.name = format_args!("{method} {path}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = path,
        http.response.status_code = field::Empty,
        rims.request_id = %id,
        rims.response_code = field::Empty,
    );
    if let Some(caller) = caller
        && let Err(error) = span.set_parent(caller)
    {
        tracing::debug!(%error, "a request's trace does not continue its proxy's");
    }
    span
}
