//! How long a listener waits for its clients. Each connection is waited for a little longer than the last one by
//! chance: thousands that came together would otherwise end together, and come again.

use std::pin::Pin;
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

/// What chance adds at most, as a share.
const EXTRA: f64 = 0.5;

/// How long a client is waited for: at least so long, and less than half as long again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(pub(crate) Duration);

impl Patience {
    pub(crate) fn most(self) -> Duration {
        self.0.mul_f64(1.0 + EXTRA)
    }

    /// How long one connection is waited for.
    pub(crate) fn one(self) -> Duration {
        self.0 + self.extra()
    }

    /// What one connection's wait is longer by.
    fn extra(self) -> Duration {
        self.0.mul_f64(EXTRA * fastrand::f64())
    }
}

/// The timer of HTTP/1.1's wait for a request's headers, the first one's and the next ones'.
#[derive(Clone, Debug)]
pub(crate) struct HeaderTimer {
    pub(crate) patience: Patience,
    pub(crate) timer: TokioTimer,
}

impl Timer for HeaderTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.timer.sleep(duration + self.patience.extra())
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.timer.sleep_until(deadline + self.patience.extra())
    }

    fn now(&self) -> Instant {
        self.timer.now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        self.timer.reset(sleep, deadline + self.patience.extra());
    }
}
