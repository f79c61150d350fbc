//! What is asked of a running sandbox's control plane.

use std::time::Duration;

use reqwest::{Client, Method, Url};
use serde_json::Value;

use crate::language::say;
use crate::output::Failure;

/// A connection to the control plane.
pub(super) struct Control {
    client: Client,
    base: Url,
}

impl Control {
    pub(super) fn new(base: &Url) -> Result<Self, Failure> {
        // A sandbox is on this machine: no proxy is between.
        let client = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build();
        Ok(Self { client: client.map_err(Failure::failed)?, base: base.clone() })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, path, None).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::DELETE, path, None).await
    }

    /// What it answers; a refusal with its own words.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let url = self.base.join(path).map_err(Failure::input)?;
        let mut request = self.client.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|_| self.unreachable())?;
        let status = answer.status();
        let answer: Value = answer.json().await.map_err(|_| self.unreachable())?;
        match answer.get("error").and_then(Value::as_str) {
            None if status.is_success() => Ok(answer),
            Some(error) if status.is_client_error() => Err(Failure::Input(error.to_owned())),
            error => Err(Failure::Failed(error.map_or_else(|| status.to_string(), str::to_owned))),
        }
    }

    fn unreachable(&self) -> Failure {
        let base = self.base.as_str().trim_end_matches('/');
        Failure::Failed(say!(
            "{base} 에 샌드박스가 없습니다. `rims sandbox`로 시작하거나 --ops-url로 주소를 지정하십시오",
            "no sandbox answers at {base}: start one with `rims sandbox`, or name it with --ops-url"
        ))
    }
}
