//! Large computations on threads of their own, which give way to everything else: the milliseconds that a batch of 1,000
//! takes must not keep single checks waiting, neither behind it on a thread nor beside it on a processor.

use std::sync::OnceLock;
use std::thread::{self, available_parallelism};

use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;

/// What the threads are nicer by: beside a busy thread of the usual priority they get a tenth of a processor (sched(7)).
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Computes aside. What nobody waits for any more is not begun. An error is the computation's panic.
pub async fn aside<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> thread::Result<T> {
    let Some(threads) = threads() else { return Ok(compute()) };
    match AbortOnDropHandle::new(threads.spawn_blocking(compute)).await {
        Ok(computed) => Ok(computed),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => Err(panic),
            // Nothing cancels what is waited for: the threads live as long as the process.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// As many as there are processors; `None` if they cannot be set up.
fn threads() -> Option<&'static Runtime> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let set_up = || {
        let processors = available_parallelism().map_or(1, Into::into);
        Builder::new_current_thread()
            .max_blocking_threads(processors)
            .thread_name("aside")
            .on_thread_start(give_way)
            .build()
            .ok()
    };
    THREADS.get_or_init(set_up).as_ref()
}

/// Lowers the priority of the calling thread.
fn give_way() {
    // On Linux a thread has a priority of its own; elsewhere this would slow the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        static TOLD: std::sync::Once = std::sync::Once::new();
        TOLD.call_once(
            || tracing::warn!(%error, "batches do not give way: their threads' priority stays as it is"),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn it_computes_on_another_thread() {
        let here = thread::current().id();
        let there = aside(|| (thread::current().id(), thread::current().name().map(str::to_owned))).await;
        let (there, name) = there.expect("no panic");
        assert_ne!(here, there);
        assert_eq!(name.as_deref(), Some("aside"));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_give_way_and_no_other() {
        let priority = || rustix::process::getpriority_process(None).expect("a priority");
        let before = priority();
        assert_eq!(aside(priority).await.ok(), Some((before + NICER).min(19)));
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    async fn a_panic_is_told() {
        let panic = aside(|| panic!("its own")).await.expect_err("a panic");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"its own"));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_begun() {
        let (end, ended) = channel::<()>();
        let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
        // Every thread is busy until `end` is dropped.
        let busy: Vec<_> = (0..available_parallelism().map_or(1, Into::into))
            .map(|_| {
                let ended = std::sync::Arc::clone(&ended);
                tokio::spawn(aside(move || drop(ended.lock().map(|ended| ended.recv()))))
            })
            .collect();
        tokio::task::yield_now().await;
        let (sender, begun) = channel::<()>();
        let abandoned = tokio::spawn(aside(move || sender.send(()).is_ok()));
        tokio::task::yield_now().await;
        abandoned.abort();
        assert!(abandoned.await.is_err());
        drop(end);
        for one in busy {
            assert!(one.await.is_ok());
        }
        assert!(begun.recv().is_err(), "its sender was dropped unused");
    }
}
