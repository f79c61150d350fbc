//! Metrics and spans of the calls upstream. `system` is `koroad`, `vehicles` or `photo`.

use metrics::{counter, gauge, histogram};
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Span, trace_span};

use crate::error::CallError;

/// One HTTP call from its start to its end, however it ends.
pub(crate) struct Measured {
    system: &'static str,
    started: Instant,
    span: Span,
}

impl Measured {
    pub(crate) fn start(system: &'static str, items: usize) -> Self {
        gauge!("rims_upstream_in_flight", "system" => system).increment(1.0);
        histogram!("rims_upstream_call_items", "system" => system).record(as_f64(items));
        let span = trace_span!(
            "call",
            otel.name = format_args!("call {system}"),
            otel.kind = "client",
            otel.status_code = Empty,
            rims.items = items,
            rims.outcome = Empty,
        );
        Self { system, started: Instant::now(), span }
    }

    /// The call in its request's trace.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn end<T>(self, result: &Result<T, CallError>) {
        let outcome = result.as_ref().err().map_or("answered", CallError::outcome);
        counter!("rims_upstream_calls_total", "system" => self.system, "outcome" => outcome).increment(1);
        histogram!("rims_upstream_call_seconds", "system" => self.system)
            .record(self.started.elapsed().as_secs_f64());
        self.span.record("rims.outcome", outcome);
        if result.is_err() {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        gauge!("rims_upstream_in_flight", "system" => self.system).decrement(1.0);
    }
}

/// Whether the last call was stopped by an open breaker: 1, else 0.
pub(crate) fn breaker_open(system: &'static str, open: bool) {
    gauge!("rims_upstream_breaker_open", "system" => system).set(if open { 1.0 } else { 0.0 });
}

/// Questions that wait for a free slot.
pub(crate) fn queue_depth(system: &'static str, waiting: usize) {
    gauge!("rims_upstream_queue_depth", "system" => system).set(as_f64(waiting));
}

/// A question that was turned away because the queue is full.
pub(crate) fn turned_away(system: &'static str) {
    counter!("rims_upstream_calls_total", "system" => system, "outcome" => CallError::Overloaded.outcome())
        .increment(1);
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
