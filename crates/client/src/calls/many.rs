use futures::stream::{self, Stream, StreamExt as _};
use rims_protocol::values::IdempotencyKey;

use super::SectorCalls;
use super::sector::BATCH_LIMIT;
use crate::answer::Verification;
use crate::error::Error;
use crate::request::VerifyRequest;

impl SectorCalls {
    /// Verifies any number of drivers in batches of 1,000, some of them at once, and gives the answers in the drivers'
    /// order. At most as many batches are in memory as may be under way ([`crate::ClientBuilder::concurrency`]).
    ///
    /// The stream ends after an error: the answers before it are those of the first drivers. With a key ([`SectorCalls::once`])
    /// the batches are keyed `KEY-0`, `KEY-1`, …; the same drivers under the same key then go on where it ended, and
    /// nobody is asked about twice.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doctests/sandbox.rs"));
    /// # fn main() { against_sandbox(async |client, driver| {
    /// use futures::{StreamExt as _, stream};
    ///
    /// let drivers = stream::iter(vec![driver; 2_500]);
    /// let mut answers = std::pin::pin!(client.rental().verify_many(drivers));
    /// let mut eligible = 0;
    /// while let Some(answer) = answers.next().await {
    ///     eligible += usize::from(answer?.is_eligible());
    /// }
    /// assert_eq!(eligible, 2_500);
    /// # Ok(()) }); }
    /// ```
    pub fn verify_many<D>(&self, drivers: D) -> impl Stream<Item = Result<Verification, Error>> + use<D>
    where
        D: Stream<Item = VerifyRequest>,
    {
        let (calls, parallel) = (self.clone(), self.client.core.concurrency);
        let batches = drivers
            .chunks(BATCH_LIMIT)
            .enumerate()
            .map(move |(number, batch)| {
                let calls = calls.clone();
                async move { calls.numbered_batch(number, &batch).await }
            })
            .buffered(parallel);
        // Nothing is asked any more after an error, so that the batches are dropped with it.
        let until_error = stream::unfold(Some(Box::pin(batches)), async |batches| {
            let mut batches = batches?;
            match batches.next().await? {
                Ok(answers) => Some((answers.into_iter().map(Ok).collect(), Some(batches))),
                Err(error) => Some((vec![Err(error)], None)),
            }
        });
        until_error.flat_map(|answers: Vec<_>| stream::iter(answers))
    }

    async fn numbered_batch(
        &self,
        number: usize,
        drivers: &[VerifyRequest],
    ) -> Result<Vec<Verification>, Error> {
        let items = self.items(drivers, number * BATCH_LIMIT)?;
        let key = self.key().map(|key| IdempotencyKey::parse(&format!("{}-{number}", key.as_str())));
        self.send_batch(items, key.transpose()?.as_ref()).await
    }
}
