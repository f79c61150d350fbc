//! What lies between a store and its PostgreSQL: a way that can lose an answer, or be cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// The `host:port` of a PostgreSQL URL with a user and a database.
pub(crate) fn address(url: &str) -> &str {
    let (_, rest) = url.split_once('@').unwrap();
    rest.split_once('/').unwrap().0
}

pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    faults: Arc<Faults>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Faults {
    loses: AtomicBool,
    cut: Notify,
}

impl Line {
    pub(crate) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, server) = (listener.local_addr().unwrap(), server.to_owned());
        let faults = Arc::<Faults>::default();
        let task = tokio::spawn({
            let faults = Arc::clone(&faults);
            async move {
                // Ends with the task, and the connections with it.
                let mut connections = JoinSet::new();
                while let Ok((client, _)) = listener.accept().await {
                    let server = TcpStream::connect(&server).await.unwrap();
                    connections.spawn(relay(client, server, Arc::clone(&faults)));
                }
            }
        });
        Self { address, faults, task }
    }

    /// The server's next answer is lost, and its connection with it.
    pub(crate) fn lose_an_answer(&self) {
        self.faults.loses.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_lost_it(&self) -> bool {
        !self.faults.loses.load(Ordering::SeqCst)
    }

    /// Every connection ends; new ones may be made.
    pub(crate) fn cut(&self) {
        self.faults.cut.notify_waiters();
    }

    /// Every connection ends, and no other is made.
    pub(crate) async fn end(self) {
        self.task.abort();
        _ = self.task.await;
    }
}

async fn relay(client: TcpStream, server: TcpStream, faults: Arc<Faults>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::io::copy(&mut from_client, &mut to_server);
    let answering = async {
        let mut bytes = [0; 8192];
        while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
            let is_lost = faults.loses.swap(false, Ordering::SeqCst);
            if is_lost || to_client.write_all(&bytes[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
        () = faults.cut.notified() => {}
    }
}
