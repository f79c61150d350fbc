//! JSON lines on standard error. `docs/logging.md` lists what is never logged.

use tracing_subscriber::EnvFilter;

use crate::request_id::RequestId;

/// Writes logs from now on. `RIMS_LOG` chooses what (`info` if unset; `rims_server=debug` shows each request).
pub fn install() {
    let filter = EnvFilter::try_from_env("RIMS_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let json = tracing_subscriber::fmt().json().flatten_event(true).with_writer(std::io::stderr);
    // A second installation in one process changes nothing.
    _ = json.with_env_filter(filter).try_init();
    // A panic's message may quote a value: only its place is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(request_id = %RequestId::current(), place, "crash");
    }));
}
