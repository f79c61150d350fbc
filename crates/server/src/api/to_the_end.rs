use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tracing::Instrument as _;

use super::call::Held;

/// Runs a use case to its end even if the client hangs up, so that what KOROAD was asked is recorded
/// (docs/spec-decisions.md, Meaning): dropped before its end, it goes on as a task of its own. Until then the request keeps
/// its place and its memory.
pub(super) fn to_the_end<F>(use_case: F, held: Arc<Held>) -> ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    ToTheEnd { rest: Some((Box::pin(use_case), held)) }
}

pub(super) struct ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// What is left to do; nothing while it is polled, so that a crash is not resumed.
    rest: Option<(Pin<Box<F>>, Arc<Held>)>,
}

impl<F> Future for ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some((mut rest, held)) = self.rest.take() else { return Poll::Pending };
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some((rest, held));
        }
        polled
    }
}

impl<F> Drop for ToTheEnd<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        if let (Some((rest, held)), Ok(runtime)) = (self.rest.take(), Handle::try_current()) {
            let to_its_end = async move {
                drop(rest.await);
                drop(held);
            };
            runtime.spawn(to_its_end.in_current_span());
        }
    }
}
