//! Listeners: HTTP/1.1 and HTTP/2, plain or TLS, with time-outs, a bound of connections and a graceful end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::certificate::Certificate;
use crate::config::TlsConfig;
use crate::connection::Served;
use crate::connections::{ConnectionLimits, Connections};
use crate::patience::{HeaderTimer, Patience};

/// Connections that wait to be accepted, if the kernel allows as many (`net.core.somaxconn`).
const BACKLOG: u32 = 4096;

/// After an error, which is most often that no more files can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What an HTTP/1 connection may hold that nobody has read yet, about: a head, or a part of a body (of that twice as much,
/// one part on its way to whoever reads the body and one behind it).
const BUFFER: usize = 32 << 10;

/// A listener could not start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {0}: {1}")]
    Bind(SocketAddr, io::Error),
    /// The certificate or its key cannot be used.
    #[error("TLS certificate {certificate} or key {key}: {error}", certificate = .0.display(), key = .1.display(), error = .2)]
    Tls(std::path::PathBuf, std::path::PathBuf, io::Error),
}

/// What a listener does with its connections.
#[derive(Clone, Debug)]
pub struct ListenerOptions {
    /// A short name for metrics and the log.
    pub name: &'static str,
    /// How long a client may take to send a request's headers.
    pub header_timeout: Duration,
    /// How many connections there may be, and for how long.
    pub connections: ConnectionLimits,
}

/// A running listener.
pub struct Listener {
    address: SocketAddr,
    closing: CancellationToken,
    aborted: CancellationToken,
    connections: TaskTracker,
    accepting: JoinHandle<()>,
    certificate: Option<Arc<Certificate>>,
    following: Option<JoinHandle<()>>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds and serves; when it returns, connections are accepted.
    pub fn start(
        router: Router,
        address: SocketAddr,
        tls: Option<&TlsConfig>,
        options: ListenerOptions,
    ) -> Result<Self, ListenError> {
        let listener = bind(address).map_err(|error| ListenError::Bind(address, error))?;
        let bound = listener.local_addr().map_err(|error| ListenError::Bind(address, error))?;
        let certificate = tls.map(load).transpose()?;
        let following = certificate.clone().map(|certificate| tokio::spawn(certificate.follow()));
        let (closing, aborted) = (CancellationToken::new(), CancellationToken::new());
        let served = Served {
            builder: builder(options.header_timeout),
            router,
            certificate: certificate.clone(),
            patience: Patience(options.header_timeout),
            connections: Connections::new(options.name, options.connections),
            closing: closing.clone(),
            aborted: aborted.clone(),
        };
        let connections = TaskTracker::new();
        let accepting = tokio::spawn(accept(listener, Arc::new(served), connections.clone()));
        Ok(Self { address: bound, closing, aborted, connections, accepting, certificate, following })
    }

    /// Where it listens, with the port the system chose where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate, where it speaks TLS.
    pub(crate) fn certificate(&self) -> Option<Arc<Certificate>> {
        self.certificate.clone()
    }

    /// Accepts nothing more and waits for running requests, but not longer than `drain`.
    pub async fn stop(self, drain: Duration) {
        self.closing.cancel();
        if let Some(following) = self.following {
            following.abort();
        }
        if let Err(error) = self.accepting.await {
            tracing::warn!(%error, address = %self.address, "a listener ended abnormally");
        }
        self.connections.close();
        if timeout(drain, self.connections.wait()).await.is_err() {
            self.aborted.cancel();
            self.connections.wait().await;
        }
    }
}

fn load(tls: &TlsConfig) -> Result<Arc<Certificate>, ListenError> {
    let unusable = |error| ListenError::Tls(tls.certificate.clone(), tls.key.clone(), error);
    Certificate::load(tls).map_err(unusable)
}

fn builder(header_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let timer = HeaderTimer { patience: Patience(header_timeout), timer: TokioTimer::new() };
    // Answers are short: head and body go out as one buffer.
    builder.http1().timer(timer).header_read_timeout(header_timeout).max_buf_size(BUFFER).writev(false);
    // `Authorization`, as the specification prints it (§4.1.1): there are clients that look for it by its letters.
    builder.http1().title_case_headers(true);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(header_timeout);
    builder
}

async fn accept(listener: TcpListener, served: Arc<Served>, connections: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = served.closing.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                // One too many is closed at once: to be refused soon is better than to wait for nothing.
                if let Some(place) = served.connections.admit(peer.ip()) {
                    connections.spawn(Arc::clone(&served).serve(stream, peer, place));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The standard library's listener lets 128 connections wait, and the kernel forgets the others without telling
/// anybody.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
