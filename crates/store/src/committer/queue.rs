//! Writes that wait for a commit. Small ones and large ones take turns, each in groups of their own, so that a single
//! check waits for one large group at most, however many batches are queued.

use tokio::sync::{mpsc, watch};

use super::Job;
use crate::error::StoreError;

/// A group takes no further write after this many rows, or writes.
const MAX_SMALL: usize = 4_096;
/// A group of large writes takes no further one after this many rows: some milliseconds' work.
const MAX_LARGE: usize = 1_024;
/// A write of more rows is a large one.
pub(crate) const LARGE: usize = 64;

/// Where writes are put.
pub(crate) struct Queue {
    small: mpsc::Sender<Job>,
    large: mpsc::Sender<Job>,
}

/// Where committers take them.
pub(crate) struct Waiting {
    small: mpsc::Receiver<Job>,
    large: mpsc::Receiver<Job>,
    /// Whose turn it is.
    next: Size,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

/// Room for so many small writes, and for as many large ones.
pub(crate) fn new(capacity: usize) -> (Queue, Waiting) {
    let (small, small_waiting) = mpsc::channel(capacity);
    let (large, large_waiting) = mpsc::channel(capacity);
    (Queue { small, large }, Waiting { small: small_waiting, large: large_waiting, next: Size::Small })
}

impl Queue {
    pub(crate) fn push(&self, job: Job) -> Result<(), StoreError> {
        let queue = match size(&job) {
            Size::Small => &self.small,
            Size::Large => &self.large,
        };
        queue.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable,
        })
    }
}

fn size(job: &Job) -> Size {
    if job.write.rows() > LARGE { Size::Large } else { Size::Small }
}

impl Waiting {
    /// The first write that comes; `None` when the queue is closed and empty.
    pub(super) async fn first(&mut self, closing: &mut watch::Receiver<bool>) -> Option<Job> {
        loop {
            let Self { small, large, next } = self;
            let (one, other) = match next {
                Size::Small => (small, large),
                Size::Large => (large, small),
            };
            tokio::select! {
                biased;
                Some(job) = one.recv() => return Some(job),
                Some(job) = other.recv() => return Some(job),
                _ = closing.changed(), if !one.is_closed() => {
                    one.close();
                    other.close();
                }
                else => return None,
            }
        }
    }

    /// What else of its size waits and fits into the first one's group. The other size is next.
    pub(super) fn join(&mut self, first: Job) -> Vec<Job> {
        let (queue, most) = match size(&first) {
            Size::Small => (&mut self.small, MAX_SMALL),
            Size::Large => (&mut self.large, MAX_LARGE),
        };
        self.next = if size(&first) == Size::Small { Size::Large } else { Size::Small };
        let mut rows = first.write.rows();
        let mut group = Vec::with_capacity(most.min(1 + queue.len()));
        group.push(first);
        while rows < most && group.len() < most {
            let Ok(job) = queue.try_recv() else { break };
            rows += job.write.rows();
            group.push(job);
        }
        group
    }

    pub(super) fn len(&self) -> usize {
        self.small.len() + self.large.len()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use tracing::Span;

    use super::*;
    use crate::prepared::Prepared;
    use crate::row::TokenRow;

    fn push(queue: &Queue, rows: usize) -> Result<(), StoreError> {
        let token = || TokenRow { hash: [0; 32], credential: 1, issued_ms: 0, expires_ms: 0 };
        let write =
            Prepared { tokens: std::iter::repeat_with(token).take(rows).collect(), ..Prepared::default() };
        queue.push(Job { write, answer: oneshot::channel().0, span: Span::none() })
    }

    /// The groups' writes, each by its rows, until the queue is empty.
    async fn groups(mut waiting: Waiting) -> Vec<Vec<usize>> {
        let (_closing, mut closing) = watch::channel(true);
        let mut groups = Vec::new();
        while let Some(first) = waiting.first(&mut closing).await {
            groups.push(waiting.join(first).iter().map(|job| job.write.rows()).collect());
        }
        groups
    }

    #[tokio::test]
    async fn a_small_write_waits_for_one_large_group_at_most() {
        let (queue, waiting) = new(100);
        for rows in [1000, 1000, 1000, 1, LARGE, LARGE + 1] {
            push(&queue, rows).unwrap();
        }
        drop(queue);
        assert_eq!(groups(waiting).await, [vec![1, LARGE], vec![1000, 1000], vec![1000, LARGE + 1]]);
    }

    #[tokio::test]
    async fn large_writes_are_not_starved_by_small_ones() {
        let (queue, mut waiting) = new(10_000);
        push(&queue, 1000).unwrap();
        let (_open, mut closing) = watch::channel(false);
        for _ in 0..=MAX_SMALL {
            push(&queue, 1).unwrap();
        }
        let mut sizes = Vec::new();
        for _ in 0..3 {
            let first = waiting.first(&mut closing).await.unwrap();
            sizes.push(waiting.join(first).len());
        }
        assert_eq!(sizes, [MAX_SMALL, 1, 1]);
    }

    #[tokio::test]
    async fn a_full_queue_refuses() {
        let (queue, _waiting) = new(1);
        push(&queue, 1).unwrap();
        assert_eq!(push(&queue, 1), Err(StoreError::Overloaded));
        push(&queue, 1000).unwrap();
        assert_eq!(push(&queue, 1000), Err(StoreError::Overloaded));
    }
}
