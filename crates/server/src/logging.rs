//! JSON lines on standard error. `docs/logging.md` lists what is never logged.

use tracing::Subscriber;
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
        None => registry().with(filter).with(lines()).try_init(),
        Some(traces) => registry().with(traces.layer()).with(lines().with_filter(filter)).try_init(),
    };
    // A panic's message may quote a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(request_id = %RequestId::current(), place, "crash");
    }));
}

fn lines<S>() -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)
}
