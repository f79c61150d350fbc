//! Metrics and spans of the calls upstream, apart for each environment: what a development key asks the simulators neither
//! raises an alarm about the real systems nor hides one.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
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

/// The metrics of one system's calls, registered once: to find one by its labels costs more than to count. The recorder
/// must be there already.
#[derive(Clone)]
pub(crate) struct Meters(Arc<Registered>);

struct Registered {
    labels: Labels,
    in_flight: Gauge,
    items: Histogram,
    seconds: Histogram,
    answered: Counter,
    breaker_open: Gauge,
    queue_depth: Gauge,
}

impl Meters {
    pub(crate) fn new(labels: Labels) -> Self {
        let Labels { system, environment } = labels;
        Self(Arc::new(Registered {
            labels,
            in_flight: gauge!("rims_upstream_in_flight", "system" => system, "environment" => environment),
            items: histogram!("rims_upstream_call_items", "system" => system, "environment" => environment),
            seconds: histogram!("rims_upstream_call_seconds", "system" => system, "environment" => environment),
            answered: calls(labels, ANSWERED),
            breaker_open: gauge!("rims_upstream_breaker_open", "system" => system, "environment" => environment),
            queue_depth: gauge!("rims_upstream_queue_depth", "system" => system, "environment" => environment),
        }))
    }

    /// `koroad`, `vehicles` or `photo`.
    pub(crate) fn system(&self) -> &'static str {
        self.0.labels.system
    }

    /// Whether the last call was stopped by an open breaker: 1, else 0.
    pub(crate) fn breaker_open(&self, open: bool) {
        self.0.breaker_open.set(if open { 1.0 } else { 0.0 });
    }

    /// Questions that wait for a free slot.
    pub(crate) fn queue_depth(&self, waiting: usize) {
        self.0.queue_depth.set(as_f64(waiting));
    }

    /// A question that was turned away because the queue is full.
    pub(crate) fn turned_away(&self) {
        calls(self.0.labels, CallError::Overloaded.outcome()).increment(1);
    }
}

const ANSWERED: &str = "answered";

fn calls(Labels { system, environment }: Labels, outcome: &'static str) -> Counter {
    counter!("rims_upstream_calls_total", "system" => system, "environment" => environment, "outcome" => outcome)
}

/// One HTTP call from its start to its end, however it ends.
pub(crate) struct Measured {
    meters: Meters,
    started: Instant,
    span: Span,
}

impl Measured {
    pub(crate) fn start(meters: &Meters, items: usize) -> Self {
        let system = meters.system();
        meters.0.in_flight.increment(1.0);
        meters.0.items.record(as_f64(items));
        let span = trace_span!(
            "call",
            otel.name = format_args!("call {system}"),
            otel.kind = "client",
            otel.status_code = Empty,
            rims.items = items,
            rims.outcome = Empty,
        );
        Self { meters: meters.clone(), started: Instant::now(), span }
    }

    /// The call in its request's trace.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn end<T>(self, result: &Result<T, CallError>) {
        let outcome = result.as_ref().err().map_or(ANSWERED, CallError::outcome);
        match result {
            Ok(_) => self.meters.0.answered.increment(1),
            Err(_) => calls(self.meters.0.labels, outcome).increment(1),
        }
        self.meters.0.seconds.record(self.started.elapsed().as_secs_f64());
        self.span.record("rims.outcome", outcome);
        if result.is_err() {
            self.span.record("otel.status_code", "ERROR");
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.meters.0.in_flight.decrement(1.0);
    }
}

fn as_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}
