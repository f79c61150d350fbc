//! Listeners: HTTP/1.1 and HTTP/2, plain or TLS, with time-outs and a graceful end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use crate::config::TlsConfig;
use crate::patience::{FirstByte, HeaderTimer, Patience};

/// Connections that wait to be accepted, if the kernel allows as many (`net.core.somaxconn`).
const BACKLOG: u32 = 4096;

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

/// A running listener.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl Listener {
    /// Binds and serves; when it returns, connections are accepted.
    pub async fn start(
        router: Router,
        address: SocketAddr,
        tls: Option<&TlsConfig>,
        header_timeout: Duration,
    ) -> Result<Self, ListenError> {
        let socket = bind(address).map_err(|error| ListenError::Bind(address, error))?;
        let bound = socket.local_addr().map_err(|error| ListenError::Bind(address, error))?;
        let handle = Handle::new();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let patience = Patience(header_timeout);
        let mut server = axum_server::from_tcp(socket)
            .map_err(|error| ListenError::Bind(address, error))?
            .first_request_timeout(patience.most())
            .handle(handle.clone());
        let builder = server.http_builder();
        let timer = HeaderTimer { patience, timer: TokioTimer::new() };
        // Answers are short: head and body go out as one buffer.
        builder.http1().timer(timer).header_read_timeout(patience.0).max_buf_size(BUFFER).writev(false);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(header_timeout);
        let first_byte = FirstByte { patience, acceptor: NoDelayAcceptor };
        let task = match tls {
            None => tokio::spawn(server.acceptor(first_byte).serve(service)),
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls_config(tls).await?).acceptor(first_byte);
                tokio::spawn(server.acceptor(acceptor).serve(service))
            }
        };
        _ = handle.listening().await;
        Ok(Self { address: bound, handle, task })
    }

    /// Where it listens, with the port the system chose where port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts nothing more and waits for running requests, but not longer than `drain`.
    pub async fn stop(self, drain: Duration) {
        self.handle.graceful_shutdown(Some(drain));
        if let Ok(Err(error)) = self.task.await {
            tracing::warn!(%error, address = %self.address, "a listener ended with an error");
        }
    }
}

/// The standard library's listener lets 128 connections wait, and the kernel forgets the others without telling
/// anybody.
fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

async fn tls_config(tls: &TlsConfig) -> Result<RustlsConfig, ListenError> {
    // Another part of the process may have installed the provider already.
    _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    RustlsConfig::from_pem_file(&tls.certificate, &tls.key)
        .await
        .map_err(|error| ListenError::Tls(tls.certificate.clone(), tls.key.clone(), error))
}
