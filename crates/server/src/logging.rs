//! JSON lines on standard error. `docs/logging.md` lists what is never logged.

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, registry};

use crate::request_id::RequestId;
use crate::traces::Traces;

/// Writes logs from now on. `RIMS_LOG` chooses what (`info` if unset; `rims_server=debug` shows each request). Spans go to
/// the traces.
pub fn install(traces: Option<&Traces>) {
    let filter = EnvFilter::try_from_env("RIMS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second installation in one process changes nothing.
    _ = match traces {
        None => registry().with(lines(filter)).try_init(),
        Some(traces) => registry().with(traces.layer()).with(lines(filter)).try_init(),
    };
    // A panic's message may quote a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(request_id = %RequestId::current(), place, "crash");
    }));
}

fn is_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event()
}

fn lines<S>(filter: EnvFilter) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    // Spans are for traces only: a log that enables them would make some of requests that have none.
    json.with_filter(filter.and(filter_fn(is_event)))
}
