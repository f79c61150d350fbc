//! How long a listener waits for its clients. Each connection is waited for a little longer than the last one by
//! chance: thousands that came together would otherwise end together, and come again.

use std::io;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum_server::accept::Accept;
use futures::future::BoxFuture;
use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What chance adds at most, as a share.
const EXTRA: f64 = 0.5;

/// How long a client is waited for: at least so long, and less than half as long again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(pub(crate) Duration);

impl Patience {
    pub(crate) fn most(self) -> Duration {
        self.0.mul_f64(1.0 + EXTRA)
    }

    /// What one connection's wait is longer by.
    fn extra(self) -> Duration {
        self.0.mul_f64(EXTRA * fastrand::f64())
    }
}

/// Waits for a connection's first byte. Until then nothing is kept of it but the socket.
#[derive(Clone, Debug)]
pub(crate) struct FirstByte<A> {
    pub(crate) patience: Patience,
    pub(crate) acceptor: A,
}

impl<A, S> Accept<TcpStream, S> for FirstByte<A>
where
    A: Accept<TcpStream, S, Future: Send> + Clone + Send + 'static,
    S: Send + 'static,
{
    type Stream = A::Stream;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(A::Stream, A::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (wait, acceptor) = (self.patience.0 + self.patience.extra(), self.acceptor.clone());
        Box::pin(async move {
            timeout(wait, stream.peek(&mut [0])).await??;
            acceptor.accept(stream, service).await
        })
    }
}

/// The timer of HTTP/1.1's wait for a request's headers, the first one's and the next ones'.
#[derive(Clone, Debug)]
pub(crate) struct HeaderTimer {
    pub(crate) patience: Patience,
    pub(crate) timer: TokioTimer,
}

impl Timer for HeaderTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.timer.sleep(duration + self.patience.extra())
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.timer.sleep_until(deadline + self.patience.extra())
    }

    fn now(&self) -> Instant {
        self.timer.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        self.timer.reset(sleep, deadline + self.patience.extra());
    }
}
