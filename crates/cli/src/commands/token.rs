use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::runtime;
use crate::args;
use crate::output::{Failure, print};
use crate::secrets;

pub(crate) fn run(arguments: &args::Token) -> Result<(), Failure> {
    let key = secrets::read(arguments.auth_key_file.as_deref(), "RIMS_AUTH_KEY", "--auth-key-file")?;
    let token = runtime()?.block_on(fetch(&arguments.url, &key))?;
    print(&format!("{token}\n"))
}

async fn fetch(url: &str, auth_key: &str) -> Result<String, Failure> {
    let url = format!("{}/col/oauth2?grantType=password", url.trim_end_matches('/'));
    let request = reqwest::Client::new()
        .get(url)
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

/// The cause a person can act on, such as "Connection refused".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
