//! The yardstick of `./bench`: an axum route that answers a constant of the size of a verification's answer.

use axum::Router;
use axum::routing::post;

const ANSWER: &str = r#"{"header":{"f_rtn_msg":"","f_request_date":"20301023","f_rtn_cd":"0","f_send_cnt":"1"},"body":{"vhcl_idnty_cd":"1","f_rtn_code":"00","f_license_no":"2*1*1*1*1*1*"}}"#;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8124".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, Router::new().route("/", post(async || ANSWER))).await
}
