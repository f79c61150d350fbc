use serde::Deserialize;
use url::Url;

/// Where traces are sent (docs/operations.md, Traces).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TracesConfig {
    /// A collector's OTLP over HTTP, as `http://127.0.0.1:4318`. Without it there are no traces.
    pub endpoint: Option<Url>,
    /// Of how many requests: 1 is all of them.
    pub sample_ratio: f64,
    /// Whether a trusted proxy's `traceparent` decides instead. Only where the proxy sets it or takes callers' away.
    pub follow_traceparent: bool,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self { endpoint: None, sample_ratio: 0.01, follow_traceparent: false }
    }
}

impl TracesConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err("traces.sample_ratio is a number from 0 to 1".to_owned());
        }
        match &self.endpoint {
            Some(url) if !is_base(url) => {
                Err("traces.endpoint is an address with http or https, and neither a user nor a query"
                    .to_owned())
            }
            _ => Ok(()),
        }
    }
}

fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}
