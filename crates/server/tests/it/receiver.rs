use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// An HTTP server that keeps what it gets.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) arrived: Arc<Mutex<VecDeque<(HeaderMap, Bytes)>>>,
    answer: Arc<Mutex<StatusCode>>,
    came: Arc<Notify>,
}

impl Receiver {
    pub(crate) async fn start(status: StatusCode) -> Self {
        Self::start_slow(status, Duration::ZERO).await
    }

    /// One that takes so long for every answer.
    pub(crate) async fn start_slow(status: StatusCode, takes: Duration) -> Self {
        let (arrived, answer) = (Arc::new(Mutex::default()), Arc::new(Mutex::new(status)));
        let came = Arc::new(Notify::new());
        let (keep, give, tell) = (Arc::clone(&arrived), Arc::clone(&answer), Arc::clone(&came));
        let receive = move |headers: HeaderMap, body: Bytes| async move {
            let kept: &Mutex<VecDeque<_>> = &keep;
            kept.lock().unwrap().push_back((headers, body));
            tell.notify_one();
            tokio::time::sleep(takes).await;
            *give.lock().unwrap()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=hidden", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(receive))).await });
        Self { url, arrived, answer, came }
    }

    pub(crate) fn answers(&self, status: StatusCode) {
        *self.answer.lock().unwrap() = status;
    }

    pub(crate) fn next(&self) -> Option<(HeaderMap, Bytes)> {
        self.arrived.lock().unwrap().pop_front()
    }

    /// The next one, once it has come.
    pub(crate) async fn wait(&self) -> (HeaderMap, Bytes) {
        loop {
            let came = self.came.notified();
            if let Some(next) = self.next() {
                return next;
            }
            came.await;
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }
}
