//! Groups of verifications alone, which most are: the transaction that `apply` makes, in one exchange with the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::group::Failure;
use super::{Chain, Committer};
use crate::audit::{Head, sheet};
use crate::bulk::{Group, VerificationThread, Verifications, commit_verifications};
use crate::db::Link;
use crate::grace::Sightings;
use crate::prepared::Prepared;
use crate::row::{AuditRow, VerificationRow};

/// What became of such a group.
pub(super) enum Outcome {
    Stored,
    /// It has other writes, too, ends a grace and starts it again, or the connection, the thread or the head is not at
    /// hand: nothing was done.
    NotTaken,
    /// It failed, or its connection was lost. It is stored if this is the chain's head.
    Unknown(Head),
}

impl Committer {
    pub(super) async fn alone(&mut self, writes: &Arc<Vec<Prepared>>) -> Result<Outcome, Failure> {
        let Some(head) = self.kept_head() else { return Ok(Outcome::NotTaken) };
        if !writes.iter().all(Prepared::is_verifications) {
            return Ok(Outcome::NotTaken);
        }
        let rows: Vec<_> = writes.iter().flat_map(|write| &write.verifications).collect();
        let Some(sheet) = sheet::row(&rows) else { return Ok(Outcome::NotTaken) };
        match self.link {
            Some(Link::Sqlite(_)) => Ok(self.on_the_thread(head, sheet, writes).await),
            Some(Link::Postgres(_)) => self.as_one_statement(head, &sheet, &rows, writes).await,
            None => Ok(Outcome::NotTaken),
        }
    }

    async fn on_the_thread(&mut self, head: Head, sheet: AuditRow, writes: &Arc<Vec<Prepared>>) -> Outcome {
        if self.thread.as_ref().is_none_or(VerificationThread::has_ended) {
            let file = self.shared.target.sqlite_file();
            self.thread = file.and_then(|file| VerificationThread::start(file).ok());
        }
        let Some(thread) = &self.thread else { return Outcome::NotTaken };
        let chained = head.follow(&self.shared.keys, &self.chain, &sheet);
        let (new, key_version) = (chained.head(), chained.key_version);
        let group = Group {
            writes: Arc::clone(writes),
            chain: Arc::clone(&self.chain),
            sheet,
            key_version,
            heads: (head, new),
            last_id_ms: self.shared.ids.last_ms(),
        };
        // Until it is told, nobody knows.
        self.head = None;
        if !thread.commit(group).await {
            return Outcome::Unknown(new);
        }
        self.head = Some(new);
        Outcome::Stored
    }

    async fn as_one_statement(
        &mut self,
        head: Head,
        sheet: &AuditRow,
        rows: &[&VerificationRow],
        writes: &[Prepared],
    ) -> Result<Outcome, Failure> {
        let sightings = Sightings::gather(writes.iter().flat_map(|write| &write.sightings));
        if sightings.restarted {
            return Ok(Outcome::NotTaken);
        }
        let Some(Link::Postgres(mut link)) = self.link.take() else { return Ok(Outcome::NotTaken) };
        let audit = head.follow(&self.shared.keys, &self.chain, sheet);
        let new = audit.head();
        let all = Verifications {
            rows,
            sightings: &sightings,
            chain: &self.chain,
            audit: &audit,
            head,
            last_id_ms: self.shared.ids.last_ms(),
        };
        let stored = commit_verifications(&mut link, &all).await.map_err(Failure::from);
        let link = Link::Postgres(link);
        match stored {
            Ok(true) => {
                self.head = Some(new);
                self.link = Some(link);
                Ok(Outcome::Stored)
            }
            Ok(false) => Err(self.abandon(link, Failure::Race).await),
            Err(Failure::Lost(_)) => {
                self.head = None;
                Ok(Outcome::Unknown(new))
            }
            Err(failure) => Err(self.abandon(link, failure).await),
        }
    }

    /// The head of a chain that has begun, where nobody can have moved it.
    fn kept_head(&self) -> Option<Head> {
        let epoch = self.shared.epoch.load(Ordering::Acquire);
        self.head.filter(|head| self.kind == Chain::Own && self.epoch == epoch && *head != Head::START)
    }
}
