//! Metrics and spans of the calls upstream, apart for each environment: what a development key asks the simulators neither
//! raises an alarm about the real systems nor hides one.

use metrics::{counter, gauge, histogram};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, trace_span};

use crate::error::CallError;

/// Whose calls they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels {
    /// `koroad`, `vehicles` or `photo`.
    pub(crate) system: &'static str,
    /// `operations` or `development`.
    pub(crate) environment: &'static str,
}

/// One HTTP call from its start to its end, however it ends.
pub(crate) struct Measured {
    labels: Labels,
    started: Instant,
    span: Span,
}

impl Measured {
    pub(crate) fn start(labels: Labels, items: usize) -> Self {
        let Labels { system, environment } = labels;
        gauge!("rims_upstream_in_flight", "system" => system, "environment" => environment).increment(1.0);
        histogram!("rims_upstream_call_items", "system" => system, "environment" => environment)
            .record(as_f64(items));
        let span = trace_span!(
            "call",
            otel.name = format_args!("call {system}"),
            otel.kind = "client",
            otel.status_code = Empty,
            rims.items = items,
            rims.outcome = Empty,
        );
        Self { labels, started: Instant::now(), span }
    }

    /// The call in its request's trace.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn end<T>(self, result: &Result<T, CallError>) {
        let Labels { system, environment } = self.labels;
        let outcome = result.as_ref().err().map_or("answered", CallError::outcome);
        counter!("rims_upstream_calls_total", "system" => system, "environment" => environment, "outcome" => outcome).increment(1);
        histogram!("rims_upstream_call_seconds", "system" => system, "environment" => environment)
            .record(self.started.elapsed().as_secs_f64());
        self.span.record("rims.outcome", outcome);
        if result.is_err() {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        let Labels { system, environment } = self.labels;
        gauge!("rims_upstream_in_flight", "system" => system, "environment" => environment).decrement(1.0);
    }
}

/// Whether the last call was stopped by an open breaker: 1, else 0.
pub(crate) fn breaker_open(Labels { system, environment }: Labels, open: bool) {
    gauge!("rims_upstream_breaker_open", "system" => system, "environment" => environment).set(if open {
        1.0
    } else {
        0.0
    });
}

/// Questions that wait for a free slot.
pub(crate) fn queue_depth(Labels { system, environment }: Labels, waiting: usize) {
    gauge!("rims_upstream_queue_depth", "system" => system, "environment" => environment)
        .set(as_f64(waiting));
}

/// A question that was turned away because the queue is full.
pub(crate) fn turned_away(Labels { system, environment }: Labels) {
    counter!("rims_upstream_calls_total", "system" => system, "environment" => environment, "outcome" => CallError::Overloaded.outcome())
        .increment(1);
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
