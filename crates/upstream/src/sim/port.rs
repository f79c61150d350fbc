use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

const BACKLOG: u32 = 1024;

/// One simulated system's port, which can be closed and opened again under the same number.
pub(super) struct Port {
    addr: SocketAddr,
    router: Router,
    state: Mutex<State>,
}

enum State {
    Open(Listening),
    /// Bound but not listening: a connection is refused, and nobody else gets the number meanwhile.
    Closed {
        _reserved: TcpSocket,
    },
    /// In between, or after it could not be opened again.
    Gone,
}

/// A listener with its connections.
struct Listening {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Ends the connection it came over without a further byte. Every request carries one.
#[derive(Clone)]
pub(super) struct Abort(CancellationToken);

impl Abort {
    /// Never returns: the connection ends, and this request with it.
    pub(super) async fn abort(&self) -> std::convert::Infallible {
        self.0.cancel();
        std::future::pending().await
    }
}

impl Port {
    pub(super) async fn open(addr: SocketAddr, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let listening = Listening::start(listener, router.clone());
        Ok(Self { addr, router, state: Mutex::new(State::Open(listening)) })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Opens or closes the port; done when this returns.
    pub(super) async fn set_open(&self, open: bool) -> io::Result<()> {
        if open { self.reopen().await } else { self.refuse().await }
    }

    async fn reopen(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if matches!(*state, State::Open(_)) {
            return Ok(());
        }
        *state = State::Gone;
        let listener = bind(self.addr)?.listen(BACKLOG)?;
        *state = State::Open(Listening::start(listener, self.router.clone()));
        Ok(())
    }

    async fn refuse(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        if let State::Open(listening) = &*state {
            listening.end().await;
            *state = State::Gone;
            *state = State::Closed { _reserved: bind(self.addr)? };
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        if let State::Open(listening) = self.state.into_inner() {
            listening.end().await;
        }
    }
}

impl Listening {
    fn start(listener: TcpListener, router: Router) -> Self {
        let listening = Self { stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let (stop, tasks) = (listening.stop.clone(), listening.tasks.clone());
        listening.tasks.spawn(accept(listener, router, stop, tasks));
        listening
    }

    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Dropping the owner without an orderly stop ends the tasks all the same.
impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                tasks.spawn(serve(stream, router.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a simulated system cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, stop: CancellationToken) {
    let abort = Abort(CancellationToken::new());
    let ended = abort.0.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(abort.clone());
        router.clone().call(request.map(Body::new))
    });
    let nodelay = stream.set_nodelay(true);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let served = tokio::select! {
        () = stop.cancelled() => return,
        () = ended.cancelled() => return,
        served = connection => served,
    };
    if let Err(error) = nodelay {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to a simulated system ended early");
    }
}
