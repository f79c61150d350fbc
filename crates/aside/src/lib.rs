//! Large computations on threads of their own, which give way to everything else: the milliseconds that a batch of 1,000
//! takes must not keep single checks waiting, neither behind it on a thread nor beside it on a processor.

use std::sync::OnceLock;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// What the threads are nicer by: beside a busy thread of the usual priority they get a tenth of a processor (sched(7)).
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// Computes aside. A panic is the caller's own.
pub async fn aside<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> T {
    let Some(threads) = threads() else { return compute() };
    match threads.spawn_blocking(compute).await {
        Ok(computed) => computed,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nothing cancels it: the threads live as long as the process.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

/// As many as there are processors; `None` if the system has none to give.
fn threads() -> Option<&'static Runtime> {
    static THREADS: OnceLock<Option<Runtime>> = OnceLock::new();
    let start = || {
        let processors = available_parallelism().map_or(1, Into::into);
        Builder::new_current_thread()
            .max_blocking_threads(processors)
            .thread_name("aside")
            .on_thread_start(give_way)
            .build()
            .ok()
    };
    THREADS.get_or_init(start).as_ref()
}

/// Lowers the priority of the calling thread. Where that is not possible, it only has a thread of its own.
fn give_way() {
    // On Linux a thread has a priority of its own; elsewhere this would slow the whole process.
    #[cfg(target_os = "linux")]
    rustix::process::nice(NICER).ok();
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn it_computes_on_another_thread() {
        let here = thread::current().id();
        let (there, name) =
            aside(|| (thread::current().id(), thread::current().name().map(str::to_owned))).await;
        assert_ne!(here, there);
        assert_eq!(name.as_deref(), Some("aside"));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn its_threads_give_way_and_no_other() {
        let priority = || rustix::process::getpriority_process(None).map_err(|error| error.to_string());
        let before = priority();
        let aside = aside(priority).await;
        assert_eq!(aside, before.clone().map(|nice| (nice + NICER).min(19)));
        assert_eq!(priority(), before);
    }

    #[tokio::test]
    #[should_panic(expected = "its own")]
    async fn a_panic_is_the_callers() {
        aside(|| panic!("its own")).await;
    }
}
