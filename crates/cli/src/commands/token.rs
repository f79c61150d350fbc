use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Url};

use super::runtime;
use crate::args;
use crate::output::{Failure, print};
use crate::secrets;

/// How long a connection may take, as long as the whole request may take longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) fn run(arguments: &args::Token) -> Result<(), Failure> {
    let key = secrets::read(arguments.auth_key_file.as_deref(), "RIMS_AUTH_KEY", "--auth-key-file")?;
    let token = runtime()?.block_on(fetch(arguments, &key))?;
    print(&format!("{token}\n"))
}

async fn fetch(arguments: &args::Token, auth_key: &str) -> Result<String, Failure> {
    let client = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(Duration::from_millis(arguments.timeout_ms))
        .build()
        .map_err(|error| Failure::failed(innermost(&error)))?;
    let request = client
        .get(token_url(&arguments.url))
        .header("authorization", format!("Basic {}", STANDARD.encode(auth_key)));
    let answer = request.send().await.map_err(|error| Failure::failed(innermost(&error)))?;
    let header = answer.headers().get("authorization").and_then(|value| value.to_str().ok());
    if let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) {
        return Ok(token.to_owned());
    }
    let status = answer.status();
    let body = answer.text().await.map_err(|error| Failure::failed(innermost(&error)))?;
    Err(Failure::Failed(format!("no token: HTTP {} {body}", status.as_u16())))
}

/// §4.1.1, below the address's own path.
fn token_url(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/col/oauth2", base.path().trim_end_matches('/')));
    url.set_query(Some("grantType=password"));
    url
}

/// The cause a person can act on, such as "Connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
