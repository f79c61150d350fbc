//! One group: in one transaction if all is well, write by write if one of them is refused.

use std::sync::Arc;
use std::time::Instant;

use super::Committer;
use super::alone::Outcome;
use super::apply::apply;
use crate::audit::Head;
use crate::db::Link;
use crate::error::{Constraint, StoreError, classify, counted, is_race, report};
use crate::idempotency;
use crate::prepared::Prepared;

/// How often a group that lost a race is tried.
const ATTEMPTS: usize = 5;

/// Why a transaction did not succeed.
pub(crate) enum Failure {
    /// The database refused one of the writes, which one is not known.
    Refused(StoreError),
    /// Somebody else was faster: the chain's head has moved, or a deadlock was resolved against us.
    Race,
    /// The connection, the disk, or the data: nothing of the group was stored.
    Lost(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_race(&error) {
            return Self::Race;
        }
        match classify(&error) {
            StoreError::Conflict(constraint) => Self::Refused(StoreError::Conflict(constraint)),
            _ => Self::Lost(report(&error)),
        }
    }
}

type Results = Vec<Result<(), StoreError>>;

fn already_answered() -> Result<(), StoreError> {
    Err(counted(StoreError::Conflict(Constraint::Unique)))
}

impl Committer {
    /// One result per write.
    pub(super) async fn commit(&mut self, writes: &Arc<Vec<Prepared>>) -> Results {
        let started = Instant::now();
        let shared = Arc::clone(&self.shared);
        let _open = shared.gate.read().await;
        let attempts = tokio::time::timeout(shared.commit_timeout, self.attempts(writes));
        let results = attempts.await.unwrap_or_else(|_| {
            // Dropped with its connection; whether the last COMMIT arrived is not known.
            tracing::warn!(writes = writes.len(), "a commit took too long; its connection is given up");
            vec![Err(StoreError::Unavailable); writes.len()]
        });
        self.meters.seconds.record(started.elapsed().as_secs_f64());
        results
    }

    async fn attempts(&mut self, writes: &Arc<Vec<Prepared>>) -> Results {
        let mut stored_if = None;
        for _ in 0..ATTEMPTS {
            match self.together(writes, &mut stored_if).await {
                Ok(results) => return results,
                Err(Failure::Lost(error)) => return vec![Err(error); writes.len()],
                Err(Failure::Refused(error)) if writes.len() == 1 => {
                    return vec![Err(counted(error))];
                }
                Err(Failure::Refused(_)) => match self.one_by_one(writes, stored_if).await {
                    Ok(results) => return results,
                    Err(Failure::Lost(error)) => return vec![Err(error); writes.len()],
                    Err(Failure::Refused(_) | Failure::Race) => {}
                },
                Err(Failure::Race) => {}
            }
        }
        tracing::warn!(writes = writes.len(), attempts = ATTEMPTS, "a commit lost every race");
        vec![Err(StoreError::Unavailable); writes.len()]
    }

    /// The whole group in a few statements, but for the writes whose idempotency keys have an answer. An earlier
    /// attempt whose end is not known was stored if it left the chain's head at `stored_if`.
    async fn together(
        &mut self,
        writes: &Arc<Vec<Prepared>>,
        stored_if: &mut Option<Head>,
    ) -> Result<Results, Failure> {
        match self.alone(writes).await? {
            Outcome::Stored => return Ok(vec![Ok(()); writes.len()]),
            Outcome::NotTaken => {}
            Outcome::Unknown(head) => {
                metrics::counter!("rims_commit_again_total").increment(1);
                *stored_if = Some(head);
            }
        }
        let Some((mut link, head)) = self.open(*stored_if).await? else {
            return Ok(vec![Ok(()); writes.len()]);
        };
        let may_go_on = idempotency::remember(&mut link, writes).await?;
        let rest: Vec<&Prepared> =
            writes.iter().zip(&may_go_on).filter_map(|(write, goes_on)| goes_on.then_some(write)).collect();
        let applied =
            apply(&mut link, &self.shared.keys, &self.chain, head, &rest, self.shared.ids.last_ms()).await;
        self.finish(link, applied).await?;
        Ok(may_go_on.into_iter().map(|goes_on| if goes_on { Ok(()) } else { already_answered() }).collect())
    }

    /// Each write under its own savepoint: a refused one leaves no trace, and the others are stored.
    async fn one_by_one(&mut self, writes: &[Prepared], stored_if: Option<Head>) -> Result<Results, Failure> {
        let Some((mut link, mut head)) = self.open(stored_if).await? else {
            return Ok(vec![Ok(()); writes.len()]);
        };
        let may_go_on = idempotency::remember(&mut link, writes).await?;
        let mut results = Vec::with_capacity(writes.len());
        for (write, goes_on) in writes.iter().zip(may_go_on) {
            if !goes_on {
                results.push(already_answered());
                continue;
            }
            link.run("SAVEPOINT one_write").await?;
            let last_id_ms = self.shared.ids.last_ms();
            match apply(&mut link, &self.shared.keys, &self.chain, head, &[write], last_id_ms).await {
                Ok(next) => {
                    head = next;
                    results.push(Ok(()));
                }
                Err(Failure::Refused(error)) => {
                    link.run("ROLLBACK TO SAVEPOINT one_write").await?;
                    idempotency::forget(&mut link, write).await?;
                    results.push(Err(counted(error)));
                }
                Err(failure) => return Err(self.abandon(link, failure).await),
            }
            link.run("RELEASE SAVEPOINT one_write").await?;
        }
        self.finish(link, Ok(head)).await?;
        Ok(results)
    }

    /// An open transaction and the chain's head; none if that is where an earlier attempt would have left it, which
    /// was stored then.
    async fn open(&mut self, stored_if: Option<Head>) -> Result<Option<(Link, Head)>, Failure> {
        let mut link = self.begin().await.map_err(Failure::Lost)?;
        let Some(stored) = stored_if else {
            let head = self.head(&mut link).await?;
            return Ok(Some((link, head)));
        };
        let head = Head::load_settled(&mut link, &self.chain).await?;
        if head != stored {
            return Ok(Some((link, head)));
        }
        self.finish(link, Ok(head)).await.map(|()| None)
    }

    /// Commits and keeps the connection, or undoes what was applied.
    async fn finish(&mut self, mut link: Link, applied: Result<Head, Failure>) -> Result<(), Failure> {
        match applied {
            Ok(head) => {
                link.run("COMMIT").await?;
                self.head = Some(head);
                self.link = Some(link);
                Ok(())
            }
            Err(failure) => Err(self.abandon(link, failure).await),
        }
    }

    /// Undoes the transaction. The connection is kept only if the database answered sensibly so far.
    pub(super) async fn abandon(&mut self, mut link: Link, failure: Failure) -> Failure {
        self.head = None;
        if !matches!(failure, Failure::Lost(_)) && link.run("ROLLBACK").await.is_ok() {
            self.link = Some(link);
        }
        failure
    }
}
