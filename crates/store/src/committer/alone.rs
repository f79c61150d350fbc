//! Groups of verifications alone, which most are: the transaction that `apply` makes, in fewer exchanges with the
//! database.

use std::sync::atomic::Ordering;

use super::group::Failure;
use super::{Chain, Committer};
use crate::audit::{Head, sheet};
use crate::bulk::{self, MOST, Verifications};
use crate::grace::Sightings;
use crate::prepared::Prepared;
use crate::row::VerificationRow;

/// What became of such a group.
pub(super) enum Outcome {
    Stored,
    /// It has other writes, too, or the connection or the head is not at hand: nothing was done.
    NotTaken,
    /// The connection was lost. It is stored if this is the chain's head.
    Unknown(Head),
}

impl Committer {
    pub(super) async fn alone(&mut self, writes: &[Prepared]) -> Result<Outcome, Failure> {
        let (Some(head), Some((rows, sightings))) = (self.kept_head(), verifications(writes)) else {
            return Ok(Outcome::NotTaken);
        };
        let Some(sheet) = sheet::row(&rows) else { return Ok(Outcome::NotTaken) };
        let Some(mut link) = self.link.take() else { return Ok(Outcome::NotTaken) };
        let audit = head.follow(&self.chain, &sheet);
        let new = audit.head();
        let all = Verifications {
            rows: &rows,
            sightings: &sightings,
            chain: &self.chain,
            audit: &audit,
            head,
            last_id_ms: self.shared.ids.last_ms(),
        };
        let stored = bulk::commit_verifications(&mut link, &all).await.map_err(Failure::from);
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

fn verifications(writes: &[Prepared]) -> Option<(Vec<&VerificationRow>, Sightings<'_>)> {
    let alone = writes.iter().all(Prepared::is_verifications);
    let count: usize = writes.iter().map(|write| write.verifications.len()).sum();
    if !alone || count > MOST {
        return None;
    }
    let sightings = Sightings::gather(writes.iter().flat_map(|write| &write.sightings));
    (!sightings.restarted)
        .then(|| (writes.iter().flat_map(|write| &write.verifications).collect(), sightings))
}
