//! How many requests are worked on at the same time, and whose turn is next: companies take turns, so that one company's
//! batches never keep another's request waiting for all of them.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::{Gauge, gauge};
use rims_domain::{AccountId, Environment};
use tokio::sync::oneshot;

/// The bounds of one class of requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Requests that are worked on at once.
    pub(super) at_once: usize,
    /// Of them, those of one company.
    pub(super) at_once_per_company: usize,
    /// Requests of one company that wait.
    pub(super) waiting_per_company: usize,
    /// How long one waits at most.
    pub(super) wait: Duration,
}

/// There is no place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// The turns of one class of requests.
#[derive(Clone)]
pub(super) struct Turns {
    shared: Arc<Shared>,
}

struct Shared {
    bounds: Bounds,
    state: Mutex<State>,
    running: Gauge,
    waiting: Gauge,
}

#[derive(Default)]
struct State {
    running: usize,
    companies: HashMap<AccountId, Company>,
    /// Keys with requests that wait, and fewer than their share worked on: the first one is next.
    order: VecDeque<AccountId>,
}

#[derive(Default)]
struct Company {
    running: usize,
    waiting: VecDeque<oneshot::Sender<Turn>>,
    /// Whether it stands in [`State::order`].
    in_order: bool,
}

/// A place among those that are worked on, given back when it is dropped.
pub(super) struct Turn {
    shared: Arc<Shared>,
    company: AccountId,
}

impl Turns {
    pub(super) fn new(class: &'static str, environment: Environment, bounds: Bounds) -> Self {
        let environment = environment.name();
        let running = gauge!("rims_requests_in_flight", "environment" => environment, "class" => class);
        let waiting = gauge!("rims_requests_waiting", "environment" => environment, "class" => class);
        Self { shared: Arc::new(Shared { bounds, state: Mutex::default(), running, waiting }) }
    }

    /// A place for a request of this company: at once where there is one, else when it is its turn.
    pub(super) async fn take(&self, company: AccountId) -> Result<Turn, Busy> {
        let wait = match self.shared.begin(company) {
            Begun::Turn(turn) => return Ok(turn),
            Begun::Wait(wait) => wait,
            Begun::Busy => return Err(Busy),
        };
        // What is rare has memory of its own: every request under way would hold it.
        Box::pin(self.wait(wait)).await
    }

    async fn wait(&self, wait: oneshot::Receiver<Turn>) -> Result<Turn, Busy> {
        let _counted = Counted::new(&self.shared.waiting);
        let turn = tokio::time::timeout(self.shared.bounds.wait, wait).await;
        turn.ok().and_then(Result::ok).ok_or(Busy)
    }
}

/// One more, until it is dropped: by whatever ends the wait, the client's hanging up included.
struct Counted<'a>(&'a Gauge);

impl<'a> Counted<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

enum Begun {
    Turn(Turn),
    Wait(oneshot::Receiver<Turn>),
    Busy,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, id: AccountId) -> Begun {
        let bounds = &self.bounds;
        let mut state = self.lock();
        let is_free = state.running < bounds.at_once && state.order.is_empty();
        let company = state.companies.entry(id).or_default();
        if is_free && company.running < bounds.at_once_per_company {
            company.running += 1;
            state.running += 1;
            return Begun::Turn(self.turn(id));
        }
        company.waiting.retain(|waiting| !waiting.is_closed());
        if company.waiting.len() >= bounds.waiting_per_company {
            state.forget_idle(id);
            return Begun::Busy;
        }
        let (sender, receiver) = oneshot::channel();
        company.waiting.push_back(sender);
        state.line_up(id, bounds);
        Begun::Wait(receiver)
    }

    fn turn(self: &Arc<Self>, company: AccountId) -> Turn {
        self.running.increment(1);
        Turn { shared: Arc::clone(self), company }
    }

    /// Takes a place back, and hands out what is free.
    fn end(self: &Arc<Self>, id: AccountId) {
        self.running.decrement(1);
        let mut state = self.lock();
        state.running -= 1;
        if let Some(company) = state.companies.get_mut(&id) {
            company.running -= 1;
        }
        state.line_up(id, &self.bounds);
        let mut next = Vec::new();
        while let Some((id, waiting)) = state.next(&self.bounds) {
            next.push((waiting, self.turn(id)));
        }
        state.forget_idle(id);
        drop(state);
        for (waiting, turn) in next {
            // Nobody waits any more: the place is given back at once.
            drop(waiting.send(turn));
        }
    }
}

impl State {
    /// Lets a company stand in the order if it has reason to.
    fn line_up(&mut self, id: AccountId, bounds: &Bounds) {
        if let Some(company) = self.companies.get_mut(&id)
            && !company.in_order
            && !company.waiting.is_empty()
            && company.running < bounds.at_once_per_company
        {
            company.in_order = true;
            self.order.push_back(id);
        }
    }

    /// Whose turn it is, if there is a place: the first company's first request; the company goes to the end of the order.
    fn next(&mut self, bounds: &Bounds) -> Option<(AccountId, oneshot::Sender<Turn>)> {
        while self.running < bounds.at_once {
            let id = self.order.pop_front()?;
            let Some(company) = self.companies.get_mut(&id) else { continue };
            company.in_order = false;
            company.waiting.retain(|waiting| !waiting.is_closed());
            if let Some(waiting) = company.waiting.pop_front() {
                company.running += 1;
                self.running += 1;
                self.line_up(id, bounds);
                return Some((id, waiting));
            }
            self.forget_idle(id);
        }
        None
    }

    fn forget_idle(&mut self, id: AccountId) {
        if self
            .companies
            .get(&id)
            .is_some_and(|company| company.running == 0 && company.waiting.is_empty() && !company.in_order)
        {
            self.companies.remove(&id);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.shared.end(self.company);
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Turns").field(&self.shared.bounds).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::future::BoxFuture;

    use super::*;

    const A: AccountId = AccountId(1);
    const B: AccountId = AccountId(2);

    fn turns(at_once: usize, at_once_per_company: usize, waiting_per_company: usize) -> Turns {
        Turns::new(
            "test",
            Environment::Operations,
            Bounds { at_once, at_once_per_company, waiting_per_company, wait: Duration::from_mins(1) },
        )
    }

    /// A request that has begun to wait.
    fn wait(turns: &Turns, company: AccountId) -> BoxFuture<'static, Result<Turn, Busy>> {
        let turns = turns.clone();
        let mut waiting = async move { turns.take(company).await }.boxed();
        assert!(waiting.as_mut().now_or_never().is_none(), "it should wait");
        waiting
    }

    fn at_once(turns: &Turns, company: AccountId) -> Result<Turn, Busy> {
        turns.take(company).now_or_never().expect("an answer at once")
    }

    #[tokio::test]
    async fn companies_take_turns_however_many_one_has_waiting() {
        let turns = turns(1, 1, 8);
        let running = at_once(&turns, A).unwrap();
        let [first, second] = [wait(&turns, A), wait(&turns, A)];
        let b = wait(&turns, B);
        drop(running);
        for (name, waiting) in [("B", b), ("A", first), ("A again", second)] {
            let turn = waiting.now_or_never().unwrap_or_else(|| panic!("{name}'s turn"));
            drop(turn.unwrap());
        }
    }

    #[tokio::test]
    async fn who_stopped_waiting_is_passed_over_and_nothing_is_left_of_idle_companies() {
        let turns = turns(1, 1, 8);
        let running = at_once(&turns, A).unwrap();
        let (gone, waiting) = (wait(&turns, A), wait(&turns, B));
        drop((gone, running));
        drop(waiting.await.unwrap());
        let state = turns.shared.lock();
        assert_eq!((state.running, state.companies.len(), state.order.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn one_company_never_has_every_place() {
        let turns = turns(3, 2, 1);
        let running = [at_once(&turns, A).unwrap(), at_once(&turns, A).unwrap()];
        let second = wait(&turns, A);
        let b = at_once(&turns, B).unwrap();
        assert_eq!(at_once(&turns, A).err(), Some(Busy), "no more may wait");
        drop(b);
        let [one, _other] = running;
        drop(one);
        assert!(second.await.is_ok(), "the place of its own company's");
    }
}
