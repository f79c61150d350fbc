//! A batch: as few calls as the system allows, at the same time, answers in order.

use futures::TryStreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, trace_span};

use crate::coalesce::{Ask, Attempt, Call};
use crate::config::Limits;
use crate::error::{CallError, TIMED_OUT};

/// Asks all `items` in calls of at most `limits.chunk`, and answers in their order.
///
/// The first failed call in the order of the items decides the batch, whichever failed first in time.
pub(crate) async fn ask_all<A: Ask>(
    system: &A,
    calls: &Semaphore,
    limits: &Limits,
    items: &[A::Item],
) -> Result<Vec<A::Answer>, CallError> {
    let deadline = Instant::now() + limits.timeout();
    let answers: FuturesOrdered<_> =
        items.chunks(limits.chunk).map(|chunk| ask_chunk(system, calls, chunk, deadline)).collect();
    let joined = answers.try_fold(Vec::with_capacity(items.len()), |mut all, part| async move {
        all.extend(part);
        Ok(all)
    });
    let span = trace_span!("ask", otel.name = system.meters().system());
    timeout_at(deadline, joined).instrument(span).await.unwrap_or(Err(TIMED_OUT))
}

async fn ask_chunk<A: Ask>(
    system: &A,
    calls: &Semaphore,
    chunk: &[A::Item],
    deadline: Instant,
) -> Result<Vec<A::Answer>, CallError> {
    let _permit = calls.acquire().await.map_err(|_closed| CallError::Overloaded)?;
    match system.ask(chunk, Call { attempt: Attempt::First, deadline }).await {
        Err(CallError::Closed) if system.retries_closed() => {
            system.ask(chunk, Call { attempt: Attempt::Again, deadline }).await
        }
        result => result,
    }
}
