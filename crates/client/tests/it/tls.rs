//! A RIMS behind a certificate of the company's own authority.

use axum::Router;
use axum::routing::get;
use axum_server::tls_rustls::RustlsConfig;
use rims_client::{Client, Error, RetryPolicy};

#[tokio::test]
async fn a_certificate_is_trusted_once_its_root_is_given() {
    _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let pem = certificate.cert.pem();
    let key = certificate.signing_key.serialize_pem();
    let tls = RustlsConfig::from_pem(pem.clone().into_bytes(), key.into_bytes()).await.unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let token = [("authorization", "Bearer 00000000-0000-4000-8000-000000000000")];
    let router = Router::new().route("/rims/col/oauth2", get(async move || token));
    let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
    tokio::spawn(async move { server.serve(router.into_make_service()).await.unwrap() });
    let builder = || {
        let url = format!("https://localhost:{port}/rims/");
        Client::builder().base_url(url).auth_key("a").secret_key("s").retry(RetryPolicy::NEVER)
    };
    let untrusted = builder().build().unwrap().token().await.unwrap_err();
    assert!(
        matches!(&untrusted, Error::Unreachable(cause) if cause.contains("certificate")),
        "{untrusted:?}"
    );
    let trusted = builder().root_certificate(pem.as_bytes()).unwrap().build().unwrap();
    assert_eq!(trusted.token().await.unwrap().len(), 36);
}
