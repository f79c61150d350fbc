use std::error::Error;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, ClientBuilder, StatusCode};

use super::guard::GuardedResolver;
use super::{Message, NotAllowed, SigningSecrets, Targets, WebhookUrl};

/// How long a delivery may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until the head of the answer is there.
    pub total: Duration,
}

impl Timeouts {
    /// The longest for an attempt: all of a message's attempts and the waits between them take less than a day.
    pub const MAX: Duration = Duration::from_secs(30);
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(2), total: Duration::from_secs(10) }
    }
}

/// Sends events to the endpoints that it may.
#[derive(Clone, Debug)]
pub struct WebhookClient {
    targets: Targets,
    timeouts: Timeouts,
    http: Client,
}

/// The HTTP client could not be set up, most often for want of root certificates.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client of webhooks could not be set up; are there root certificates?")]
pub struct ClientError(#[from] reqwest::Error);

/// Why an event was not delivered. It never shows the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// Nothing may be sent there.
    #[error("nothing is sent to the endpoint's address: {0}")]
    NotAllowed(#[from] NotAllowed),
    /// Its name is unknown, nobody listens, or its certificate does not hold.
    #[error("the endpoint cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("the endpoint did not answer in time")]
    TimedOut,
    /// The connection was lost before an answer, or the answer is no HTTP.
    #[error("the endpoint broke off before its answer")]
    Interrupted,
    /// 410: it does not want any event ever again and is to be disabled.
    #[error("the endpoint is gone (HTTP status 410)")]
    Gone,
    /// Another status than 2xx, a redirect included.
    #[error("the endpoint answered with HTTP status {0}")]
    Status(u16),
}

impl DeliveryError {
    /// A short name for metrics.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::NotAllowed(_) => "not_allowed",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
            Self::Gone => "gone",
            Self::Status(_) => "http_status",
        }
    }
}

impl WebhookClient {
    /// A client of these targets. For public endpoints the machine needs root certificates; for trials on a bare one
    /// http endpoints do.
    pub fn new(targets: impl Into<Targets>, timeouts: Timeouts) -> Result<Self, ClientError> {
        let targets = targets.into();
        let http = if targets.are_public() {
            builder(&targets, timeouts).build()?
        } else {
            builder(&targets, timeouts).build().or_else(|_| {
                tracing::warn!("no root certificates: webhooks reach http endpoints alone");
                builder(&targets, timeouts).tls_certs_only([]).build()
            })?
        };
        Ok(Self { targets, timeouts, http })
    }

    /// How long an attempt may take.
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Makes one attempt. Any answer of 2xx is a delivery; its body is not read.
    pub async fn deliver(
        &self,
        url: &WebhookUrl,
        secrets: &SigningSecrets,
        message: &Message<'_>,
    ) -> Result<(), DeliveryError> {
        self.targets.check(url).await?;
        let request = self
            .http
            .post(url.as_url().clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id.as_str())
            .header("webhook-timestamp", message.sent_at.as_second())
            .header("webhook-signature", message.signatures(secrets))
            .body(message.body.to_owned());
        let answer = request.send().await.map_err(|error| unanswered(&error))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::GONE => Err(DeliveryError::Gone),
            status => Err(DeliveryError::Status(status.as_u16())),
        }
    }
}

/// Redirects and proxies would go around the guard. Each delivery has a connection of its own, so that each one's
/// address is looked at; when to try again is decided by [`backoff::WEBHOOK`](rims_domain::backoff::WEBHOOK) alone.
fn builder(targets: &Targets, timeouts: Timeouts) -> ClientBuilder {
    Client::builder()
        .user_agent("RIMS")
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .https_only(targets.are_public())
        .dns_resolver(GuardedResolver(targets.clone()))
}

fn unanswered(error: &reqwest::Error) -> DeliveryError {
    if let Some(refused) = refused(error) {
        DeliveryError::NotAllowed(refused)
    } else if error.is_timeout() {
        DeliveryError::TimedOut
    } else if error.is_connect() {
        DeliveryError::Unreachable
    } else {
        DeliveryError::Interrupted
    }
}

/// What the guard said, if it was the guard.
fn refused(error: &reqwest::Error) -> Option<NotAllowed> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref() {
            return Some(*refused);
        }
        source = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::pending;
    use std::io::ErrorKind;

    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, Method, Uri};
    use axum::response::IntoResponse;
    use axum::routing::any;
    use bytes::Bytes;
    use futures::stream;
    use jiff::Timestamp;
    use standardwebhooks::Webhook;
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::super::{MessageId, Reach, WebhookSecret};
    use super::*;

    const BODY: &str = r#"{"type":"rental.confirmed","data":{"user_id":"사용자"}}"#;
    const SENT_AT: i64 = 1_767_193_200;

    fn client(reach: Reach, total: Duration) -> WebhookClient {
        let timeouts = Timeouts { total, ..Timeouts::default() };
        // Whatever port is free: which ports are allowed is the targets' own test.
        let ports = Some((1..=u16::MAX).collect());
        let targets = Targets::new(reach, Vec::new(), ports, Vec::new());
        // Without root certificates, which not every machine has and none of these tests needs.
        let http = builder(&targets, timeouts).tls_certs_only([]).build().unwrap();
        WebhookClient { targets, timeouts, http }
    }

    fn secret(byte: u8) -> WebhookSecret {
        let fill = |bytes: &mut [u8]| {
            bytes.fill(byte);
            Ok::<(), Infallible>(())
        };
        let Ok(secret) = WebhookSecret::generate(fill);
        secret
    }

    async fn send(client: &WebhookClient, url: &str) -> Result<(), DeliveryError> {
        let id = MessageId::parse("msg_1").unwrap();
        let message = Message { id: &id, sent_at: Timestamp::from_second(SENT_AT).unwrap(), body: BODY };
        let secrets = SigningSecrets { current: secret(1), previous: Some(secret(2)) };
        client.deliver(&WebhookUrl::parse(url).unwrap(), &secrets, &message).await
    }

    async fn deliver(url: &str) -> Result<(), DeliveryError> {
        send(&client(Reach::Anywhere, Duration::from_secs(10)), url).await
    }

    async fn deliver_to_public(url: &str) -> Result<(), DeliveryError> {
        send(&client(Reach::PublicOnly, Duration::from_secs(10)), url).await
    }

    async fn listen() -> (TcpListener, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address.to_string())
    }

    async fn serve(router: Router) -> String {
        let (listener, address) = listen().await;
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// A receiver that gives one answer to everything.
    async fn answering<A: IntoResponse>(answer: impl Fn() -> A + Clone + Send + Sync + 'static) -> String {
        serve(Router::new().fallback(any(move || async move { answer() }))).await
    }

    #[tokio::test]
    async fn a_receiver_can_verify_what_it_gets() {
        let (arrived, mut requests) = mpsc::unbounded_channel();
        let receiver = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            arrived.send((method, uri, headers, body)).unwrap();
        };
        let address = serve(Router::new().fallback(any(receiver))).await;
        assert_eq!(deliver(&format!("http://{address}/hook?token=a")).await, Ok(()));

        let (method, uri, headers, body) = requests.recv().await.unwrap();
        assert_eq!(
            (method, uri.to_string(), &body[..]),
            (Method::POST, "/hook?token=a".into(), BODY.as_bytes())
        );
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!((header("content-type"), header("user-agent")), ("application/json", "RIMS"));
        assert_eq!((header("webhook-id"), header("webhook-timestamp")), ("msg_1", "1767193200"));
        let signatures: Vec<&str> = header("webhook-signature").split(' ').collect();
        let verified = [secret(1), secret(2)]
            .map(|secret| Webhook::new(&secret.expose()).unwrap().sign("msg_1", SENT_AT, &body).unwrap());
        assert_eq!(signatures, verified);
        assert!(requests.try_recv().is_err());
    }

    #[tokio::test]
    async fn only_2xx_is_a_delivery() {
        for (status, expected) in [
            (200, Ok(())),
            (202, Ok(())),
            (204, Ok(())),
            (304, Err(DeliveryError::Status(304))),
            (400, Err(DeliveryError::Status(400))),
            (404, Err(DeliveryError::Status(404))),
            (410, Err(DeliveryError::Gone)),
            (429, Err(DeliveryError::Status(429))),
            (500, Err(DeliveryError::Status(500))),
        ] {
            let address = answering(move || StatusCode::from_u16(status).unwrap()).await;
            assert_eq!(deliver(&format!("http://{address}/")).await, expected, "{status}");
        }
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        for status in [301, 302, 303, 307, 308] {
            let (followed, mut requests) = mpsc::unbounded_channel();
            let elsewhere = move || async move { followed.send(()).unwrap() };
            let redirect =
                move || async move { (StatusCode::from_u16(status).unwrap(), [("location", "/b")]) };
            let address = serve(Router::new().route("/a", any(redirect)).route("/b", any(elsewhere))).await;
            let result = deliver(&format!("http://{address}/a")).await;
            assert_eq!((result, requests.try_recv().is_err()), (Err(DeliveryError::Status(status)), true));
        }
    }

    #[tokio::test]
    async fn an_answers_body_is_not_waited_for() {
        let endless = || Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let address = answering(endless).await;
        assert_eq!(deliver(&format!("http://{address}/")).await, Ok(()));
    }

    #[tokio::test]
    async fn silence_ends_with_the_time_out() {
        let address = serve(Router::new().fallback(any(pending::<()>))).await;
        let impatient = client(Reach::Anywhere, Duration::from_millis(100));
        assert_eq!(send(&impatient, &format!("http://{address}/")).await, Err(DeliveryError::TimedOut));
    }

    #[tokio::test]
    async fn endpoints_that_cannot_be_reached() {
        let (listener, address) = listen().await;
        drop(listener);
        assert_eq!(deliver(&format!("http://{address}/")).await, Err(DeliveryError::Unreachable));
        // It speaks no TLS.
        let address = answering(|| StatusCode::OK).await;
        assert_eq!(deliver(&format!("https://{address}/")).await, Err(DeliveryError::Unreachable));
    }

    #[tokio::test]
    async fn endpoints_that_break_off() {
        let (listener, address) = listen().await;
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                drop(connection);
            }
        });
        assert_eq!(deliver(&format!("http://{address}/")).await, Err(DeliveryError::Interrupted));
    }

    #[tokio::test]
    async fn nothing_is_sent_to_addresses_that_are_not_public() {
        let (listener, address) = listen().await;
        let port = address.rsplit(':').next().unwrap();
        for host in
            ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "2130706433"]
        {
            let result = deliver_to_public(&format!("https://{host}:{port}/")).await;
            assert_eq!(result, Err(DeliveryError::NotAllowed(NotAllowed::NotPublic)), "{host}");
        }
        let result = deliver_to_public(&format!("http://{address}/")).await;
        assert_eq!(result, Err(DeliveryError::NotAllowed(NotAllowed::NotHttps)));
        let nobody_came = listener.into_std().unwrap().accept().unwrap_err();
        assert_eq!(nobody_came.kind(), ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn errors_do_not_show_the_address() {
        let shown = |error: DeliveryError| format!("{error} {error:?}");
        let (listener, address) = listen().await;
        drop(listener);
        let unreachable = deliver(&format!("http://{address}/path?token=hidden")).await.unwrap_err();
        let refused = deliver_to_public("https://localhost/path?token=hidden").await.unwrap_err();
        for text in [shown(unreachable), shown(refused)] {
            assert!(
                !["path", "hidden", "127.0.0.1", "localhost"].iter().any(|part| text.contains(part)),
                "{text}"
            );
        }
    }

    #[test]
    fn every_machine_can_send_without_tls() {
        assert!(WebhookClient::new(Reach::Anywhere, Timeouts::default()).is_ok());
    }
}
