//! Concurrent single questions as few calls.
//!
//! A few slots make calls. A question that finds a slot free goes out at once and alone; while all are
//! busy, questions queue, and the next free slot takes all of them as one call. Nothing waits for a timer.
//!
//! A coalesced call that fails is taken apart (`Group::taken_apart`) and asked again outside the slots,
//! so that one poisonous question decides only itself and the queue keeps moving. That costs at most two
//! calls per question: the halves of a group of n are 2n - 1 calls at worst, first call included.
//!
//! There is no standing task: a slot is a task that ends when the queue is empty.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument as _, Span, trace_span};

use crate::config::Limits;
use crate::error::{CallError, MALFORMED, Spread, TIMED_OUT, Unusable};
use crate::measure::Meters;

/// A system that answers several questions in one call.
pub(crate) trait Ask: Send + Sync + 'static {
    type Item: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Its names in metrics.
    fn meters(&self) -> &Meters;

    /// Asks all of `items` in one call; the answers are as many and in the same order.
    fn ask(
        &self,
        items: &[Self::Item],
        call: Call,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, CallError>> + Send;

    /// Whether a call whose connection was closed before an answer began may be made once more.
    fn retries_closed(&self) -> bool;
}

/// The terms of one call.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) attempt: Attempt,
    pub(crate) deadline: Instant,
}

/// Whether these questions have been asked before: a second attempt spends nothing on a second chance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    First,
    Again,
}

/// A question and the caller who waits for its answer.
struct Question<A: Ask> {
    item: A::Item,
    waiting: Waiting<A::Answer>,
}

struct Waiting<T> {
    answer: oneshot::Sender<Result<T, CallError>>,
    deadline: Instant,
    /// Where the caller waits, for traces.
    span: Span,
    /// The question's place among `queue_capacity`, given back with the answer.
    _place: OwnedSemaphorePermit,
}

/// The single questions to one system.
pub(crate) struct Coalescer<A: Ask> {
    shared: Arc<Shared<A>>,
}

struct Shared<A: Ask> {
    system: Arc<A>,
    limits: Limits,
    queue: Mutex<Queue<A>>,
    places: Arc<Semaphore>,
    /// Calls at the same time that ask again.
    again: Semaphore,
}

struct Queue<A: Ask> {
    questions: VecDeque<Question<A>>,
    busy_slots: usize,
}

impl<A: Ask> Coalescer<A> {
    pub(crate) fn new(system: Arc<A>, limits: &Limits) -> Self {
        let queue = Queue { questions: VecDeque::new(), busy_slots: 0 };
        let shared = Shared {
            system,
            queue: Mutex::new(queue),
            places: Arc::new(Semaphore::new(limits.queue_capacity)),
            again: Semaphore::new(limits.max_in_flight),
            limits: limits.clone(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks one question, in one call with others where they come together. It is asked at once: whoever has something
    /// else to wait for may do that first, and is not woken for an answer that he does not wait for yet.
    pub(crate) fn ask(&self, item: A::Item) -> impl Future<Output = Result<A::Answer, CallError>> + use<A> {
        let deadline = Instant::now() + self.shared.limits.timeout();
        let span = trace_span!("ask", otel.name = self.shared.system.meters().system());
        let asked = Arc::clone(&self.shared.places).try_acquire_owned().map(|place| {
            let (answer, answered) = oneshot::channel();
            let waiting = Waiting { answer, deadline, span: span.clone(), _place: place };
            self.enqueue(Question { item, waiting });
            answered
        });
        let asked = asked.inspect_err(|_full| self.shared.system.meters().turned_away()).ok();
        let answer = async move {
            let Some(answered) = asked else { return Err(CallError::Overloaded) };
            match timeout_at(deadline, answered).await {
                Ok(Ok(result)) => result,
                // The asking task went down with the runtime, or by a fault of ours.
                Ok(Err(_)) => Err(CallError::Unusable(Unusable::Interrupted)),
                Err(_) => Err(TIMED_OUT),
            }
        };
        answer.instrument(span)
    }

    fn enqueue(&self, question: Question<A>) {
        let mut queue = self.shared.lock();
        queue.questions.push_back(question);
        if queue.busy_slots < self.shared.limits.single_slots {
            queue.busy_slots += 1;
            drop(queue);
            tokio::spawn(run_slot(Slot { shared: Arc::clone(&self.shared), held: true }));
        }
    }
}

/// A slot that is held: given back when it finds the queue empty, or when its task is torn down.
struct Slot<A: Ask> {
    shared: Arc<Shared<A>>,
    held: bool,
}

impl<A: Ask> Slot<A> {
    /// The questions that wait, or `None` when there are none and the slot has been given back. Both under
    /// one lock: no question can arrive in between and be left behind.
    fn next(&mut self) -> Option<Group<A>> {
        let mut queue = self.shared.lock();
        let count = queue.questions.len().min(self.shared.limits.coalesce_max);
        if count == 0 {
            queue.busy_slots -= 1;
            self.held = false;
            return None;
        }
        let group = queue.questions.drain(..count).collect();
        self.shared.system.meters().queue_depth(queue.questions.len());
        Some(group)
    }
}

impl<A: Ask> Drop for Slot<A> {
    fn drop(&mut self) {
        if self.held {
            self.shared.lock().busy_slots -= 1;
        }
    }
}

async fn run_slot<A: Ask>(mut slot: Slot<A>) {
    loop {
        // Whoever is about to ask does so first: no wait when idle, larger calls when busy.
        tokio::task::yield_now().await;
        let Some(group) = slot.next() else { return };
        let shared = Arc::clone(&slot.shared);
        let mut call = Box::pin(async move { shared.attempt(group, Attempt::First).await });
        match timeout(slot.shared.limits.coalesced_timeout(), &mut call).await {
            Ok(done) if done.again.is_empty() => {}
            Ok(done) => {
                tokio::spawn(ask_again(Arc::clone(&slot.shared), done.again));
            }
            // A single question that hangs keeps its call, but not the slot.
            Err(_) => {
                let shared = Arc::clone(&slot.shared);
                tokio::spawn(async move { ask_again(shared, call.await.again).await });
            }
        }
    }
}

/// Asks the parts of a failed call again, and their parts, until every question has its own answer.
async fn ask_again<A: Ask>(shared: Arc<Shared<A>>, parts: Vec<Group<A>>) {
    let unreachable = AtomicBool::new(false);
    let again = |part: Group<A>| shared.again(part, &unreachable);
    let mut running: FuturesUnordered<_> = parts.into_iter().map(again).collect();
    while let Some(parts) = running.next().await {
        running.extend(parts.into_iter().map(again));
    }
}

/// What became of one call.
struct Attempted<A: Ask> {
    /// Who must be asked again.
    again: Vec<Group<A>>,
    /// No connection could be made, which is nobody's fault and everybody's.
    unreachable: bool,
}

impl<A: Ask> Shared<A> {
    fn lock(&self) -> MutexGuard<'_, Queue<A>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn again(&self, group: Group<A>, unreachable: &AtomicBool) -> Vec<Group<A>> {
        let Ok(_permit) = self.again.acquire().await else { return Vec::new() };
        if unreachable.load(Ordering::Relaxed) {
            group.fail(&CallError::NoConnection);
            return Vec::new();
        }
        let attempted = self.attempt(group, Attempt::Again).await;
        unreachable.fetch_or(attempted.unreachable, Ordering::Relaxed);
        attempted.again
    }

    async fn attempt(&self, group: Group<A>, attempt: Attempt) -> Attempted<A> {
        let group = group.still_waited_for();
        let Some(deadline) = self.deadline(&group) else {
            return Attempted { again: Vec::new(), unreachable: false };
        };
        let result = self.system.ask(&group.items, Call { attempt, deadline }).instrument(group.span()).await;
        let error = match result {
            Ok(answers) if answers.len() == group.items.len() => {
                group.answer(answers);
                return Attempted { again: Vec::new(), unreachable: false };
            }
            Ok(_) => MALFORMED,
            Err(error) => error,
        };
        let once_more = attempt == Attempt::First && self.system.retries_closed();
        let unreachable = error == CallError::NoConnection;
        Attempted { again: group.taken_apart(&error, once_more), unreachable }
    }

    /// Until when a group's call may take: a question alone has all the time its caller has.
    fn deadline(&self, group: &Group<A>) -> Option<Instant> {
        match group.waiting.as_slice() {
            [] => None,
            [alone] => Some(alone.deadline),
            _ => Some(Instant::now() + self.limits.coalesced_timeout()),
        }
    }
}

/// Questions that are asked in one call.
struct Group<A: Ask> {
    items: Vec<A::Item>,
    waiting: Vec<Waiting<A::Answer>>,
}

impl<A: Ask> FromIterator<Question<A>> for Group<A> {
    fn from_iter<I: IntoIterator<Item = Question<A>>>(questions: I) -> Self {
        let (items, waiting) =
            questions.into_iter().map(|question| (question.item, question.waiting)).unzip();
        Self { items, waiting }
    }
}

impl<A: Ask> Group<A> {
    fn into_questions(self) -> impl Iterator<Item = Question<A>> {
        self.items.into_iter().zip(self.waiting).map(|(item, waiting)| Question { item, waiting })
    }

    /// Where the call is shown: with the first question that is traced; the others are linked to it.
    fn span(&self) -> Span {
        let mut traced = self.waiting.iter().map(|waiting| &waiting.span).filter(|span| !span.is_disabled());
        let Some(first) = traced.next() else { return Span::none() };
        for other in traced {
            other.follows_from(first);
        }
        first.clone()
    }

    /// Without those whose callers have gone.
    fn still_waited_for(self) -> Self {
        if self.waiting.iter().any(|waiting| waiting.answer.is_closed()) {
            self.into_questions().filter(|question| !question.waiting.answer.is_closed()).collect()
        } else {
            self
        }
    }

    /// Gives each caller its answer. One who has just gone does not need it.
    fn answer(self, answers: Vec<A::Answer>) {
        for (waiting, answer) in self.waiting.into_iter().zip(answers) {
            drop(waiting.answer.send(Ok(answer)));
        }
    }

    /// Gives every caller the same error.
    fn fail(self, error: &CallError) {
        for waiting in self.waiting {
            drop(waiting.answer.send(Err(error.clone())));
        }
    }

    /// After a failure: whom to ask again, and in what parts. Those who are not asked again are answered.
    fn taken_apart(mut self, error: &CallError, once_more: bool) -> Vec<Self> {
        let alone = self.items.len() == 1;
        match error.spread() {
            Spread::Halves if alone && once_more && *error == CallError::Closed => vec![self],
            Spread::Halves if !alone => {
                let middle = self.items.len() / 2;
                let second =
                    Self { items: self.items.split_off(middle), waiting: self.waiting.split_off(middle) };
                vec![self, second]
            }
            Spread::Singles if !alone => {
                self.into_questions().map(|question| std::iter::once(question).collect()).collect()
            }
            Spread::Everyone | Spread::Halves | Spread::Singles => {
                self.fail(error);
                Vec::new()
            }
        }
    }
}
