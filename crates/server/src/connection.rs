//! One connection from its first byte to its end.

use std::convert::Infallible;
use std::iter;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::certificate::Certificate;
use crate::connections::{ConnectionLimits, Connections, Place};
use crate::patience::Patience;

/// How long requests that are under way may take when their connection has been idle too long or has grown too old.
const GRACE: Duration = Duration::from_mins(1);

/// What all connections of a listener have in common.
pub(crate) struct Served {
    pub(crate) builder: auto::Builder<TokioExecutor>,
    pub(crate) router: Router,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) patience: Patience,
    pub(crate) connections: Arc<Connections>,
    /// The listener accepts nothing more: connections end when their requests have.
    pub(crate) closing: CancellationToken,
    /// They end at once.
    pub(crate) aborted: CancellationToken,
}

impl Served {
    /// Serves a connection to its end. Until its first byte nothing is kept of it but the socket.
    pub(crate) async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, _place: Place) {
        let wait = self.patience.one();
        let mut first_byte = [0];
        tokio::select! {
            () = self.closing.cancelled() => return,
            peeked = timeout(wait, stream.peek(&mut first_byte)) => match peeked {
                Ok(Ok(1)) => {}
                _ => return,
            },
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        match &self.certificate {
            None => self.serve_requests(stream, peer).await,
            Some(certificate) => {
                let accepted = timeout(wait, certificate.acceptor().accept(stream));
                match self.aborted.run_until_cancelled(accepted).await {
                    Some(Ok(Ok(stream))) => self.serve_requests(stream, peer).await,
                    Some(Ok(Err(error))) => tracing::debug!(%error, "a TLS handshake failed"),
                    Some(Err(_)) => tracing::debug!("a TLS handshake took too long"),
                    None => {}
                }
            }
        }
    }

    async fn serve_requests<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Arc::new(Activity::new());
        let (router, busy) = (self.router.clone(), Arc::clone(&activity));
        let service = service_fn(move |mut request: Request<Incoming>| {
            let busy = Busy::begin(&busy);
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = router.clone().call(request.map(Body::new));
            async move {
                let response: Result<Response<Body>, Infallible> = answer.await;
                drop(busy);
                response
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        // With a waker of its own, so that the reasons to end are not looked at whenever the connection has something to do.
        let mut end: FuturesUnordered<_> = iter::once(self.reason_to_end(&activity)).collect();
        let served = tokio::select! {
            biased;
            served = connection.as_mut() => served,
            Some(reason) = end.next() => {
                connection.as_mut().graceful_shutdown();
                let grace = match reason {
                    End::IdleOrOld => GRACE,
                    End::Closing => Duration::MAX,
                };
                let served = self.aborted.run_until_cancelled(timeout(grace, connection)).await;
                served.and_then(Result::ok).unwrap_or(Ok(()))
            }
        };
        if let Err(error) = served {
            tracing::debug!(error, "a connection ended early");
        }
    }

    async fn reason_to_end(&self, activity: &Activity) -> End {
        let ConnectionLimits { idle, max_age, .. } = *self.connections.limits();
        tokio::select! {
            () = activity.idle(self.patience.most(), idle) => End::IdleOrOld,
            () = sleep(max_age) => End::IdleOrOld,
            () = self.closing.cancelled() => End::Closing,
        }
    }
}

/// Why a connection ends, other than by its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It was idle too long, or has grown too old.
    IdleOrOld,
    /// The listener ends.
    Closing,
}

/// What a connection is doing. A PING is no activity.
struct Activity {
    started: Instant,
    /// Requests so far.
    requests: AtomicU64,
    /// Requests that are under way.
    under_way: AtomicUsize,
    /// When the last one ended, in milliseconds since the start.
    last_end: AtomicU64,
}

/// A request that is under way.
struct Busy(Arc<Activity>);

impl Busy {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.requests.fetch_add(1, Ordering::Relaxed);
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last_end.store(now, Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Release);
    }
}

impl Activity {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            requests: AtomicU64::new(0),
            under_way: AtomicUsize::new(0),
            last_end: AtomicU64::new(0),
        }
    }

    /// Waits until there has been no first request in time, or no request under way for so long.
    async fn idle(&self, first: Duration, idle: Duration) {
        sleep(first).await;
        if self.requests.load(Ordering::Relaxed) == 0 {
            return;
        }
        loop {
            if self.under_way.load(Ordering::Acquire) > 0 {
                sleep(idle).await;
                continue;
            }
            let since = Duration::from_millis(self.last_end.load(Ordering::Relaxed));
            let left = (since + idle).saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(15);
    const IDLE: Duration = Duration::from_mins(1);

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_idle_after_the_first_wait() {
        let activity = Activity::new();
        activity.idle(FIRST, IDLE).await;
        assert_eq!(activity.started.elapsed(), FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_idle_so_long_after_its_last_request() {
        let activity = Arc::new(Activity::new());
        let mut idle = pin!(activity.idle(FIRST, IDLE));
        let request = Busy::begin(&activity);
        assert!(timeout(IDLE * 10, idle.as_mut()).await.is_err(), "a request is under way");
        drop(request);
        assert!(timeout(IDLE / 2, idle.as_mut()).await.is_err());
        drop(Busy::begin(&activity));
        let begun = Instant::now();
        idle.await;
        let waited = begun.elapsed();
        assert!(waited >= IDLE && waited <= IDLE * 2, "{waited:?}");
    }
}
