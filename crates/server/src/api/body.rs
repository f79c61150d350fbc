//! Bodies as they arrive: bounded each, in time, and all together, and a key's per second.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::Version;
use axum::http::header::EXPECT;
use axum::http::request::Parts;
use bytes::BytesMut;
use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http_body_util::BodyExt as _;
use rims_domain::CredentialId;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use super::answer::Failure;
use super::{Buckets, buckets, rate_limited};
use crate::config::{ApiConfig, RateLimitConfig};

/// So much of a body takes no place and counts for nothing: what one company's large bodies leave must be enough for
/// everybody's single checks.
const SMALL: usize = 16 << 10;

/// Who sends nothing for so long does not lose an answer when the connection is closed.
const STALLED: Duration = Duration::from_millis(500);

/// Bytes a second of refused bodies that are read for their senders' sake: a hundredth of a processor's work.
const DISCARDED: NonZeroU32 = NonZeroU32::new(32 << 20).unwrap();

/// Refused bodies that are read at the same time. They come in parts of about 32 KiB (`BUFFER` in listen.rs): nobody waits
/// for his turn much longer than half a second.
const DISCARDING: usize = 512;

/// Reads bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    limit: usize,
    timeout: Duration,
    /// Bytes of large bodies per key: reading their JSON is the most that a request can cost.
    rate: Buckets,
    /// Bytes that large bodies, and what was read of them, may hold at once: clients that send slowly, and requests that
    /// wait for a national system, must not fill the memory.
    room: Arc<Semaphore>,
    discards: Arc<Discards>,
}

/// A part of [`Bodies`]' room, as many bytes as it has permits.
pub(super) type BodyMemory = OwnedSemaphorePermit;

/// A body, and its bytes' place among those that are held.
pub(super) struct Arrived {
    pub(super) bytes: Bytes,
    pub(super) memory: BodyMemory,
}

impl Bodies {
    pub(super) fn new(config: &ApiConfig) -> Self {
        let RateLimitConfig { bytes_per_second, burst_bytes, .. } = config.rate_limit;
        Self {
            rate: buckets(bytes_per_second, burst_bytes),
            limit: config.body_limit_bytes,
            timeout: config.body_timeout(),
            room: Arc::new(Semaphore::new(config.overload.body_memory_bytes)),
            discards: Arc::new(Discards::new()),
        }
    }

    /// The whole body of a key's request.
    pub(super) async fn read(
        &self,
        key: CredentialId,
        parts: &Parts,
        mut body: Body,
    ) -> Result<Arrived, Failure> {
        let declared = body.size_hint().exact().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if let Some(length) = declared
            && let Err(refusal) = self.weigh(key, length)
        {
            self.refuse(parts, body);
            return Err(refusal);
        }
        let arrived = tokio::time::timeout(self.timeout, self.arrive(&mut body)).await;
        if let Ok(Err(Failure::Overloaded | Failure::BodyTooLarge)) = arrived {
            self.discard(parts.version, body);
        }
        let arrived = arrived.unwrap_or(Err(Failure::BodyTimedOut))?;
        if declared.is_none() {
            self.charge(key, arrived.bytes.len())?;
        }
        Ok(arrived)
    }

    /// The body's bytes are gone, and what was read of it takes so many instead, until the request is answered.
    pub(super) fn keep(&self, mut memory: BodyMemory, bytes: usize) -> Result<BodyMemory, Failure> {
        let (held, needed) = (memory.num_permits(), bytes.saturating_sub(SMALL));
        if let Some(more) = needed.checked_sub(held) {
            memory.merge(self.hold(more)?);
        } else {
            drop(memory.split(held - needed));
        }
        Ok(memory)
    }

    /// Refuses a body of a declared length that would be refused later.
    fn weigh(&self, key: CredentialId, length: usize) -> Result<(), Failure> {
        if length > self.limit {
            return Err(Failure::BodyTooLarge);
        }
        if length.saturating_sub(SMALL) > self.room.available_permits() {
            return Err(Failure::Overloaded);
        }
        self.charge(key, length)
    }

    /// The body of a request that is refused before it is read.
    pub(super) fn refuse(&self, parts: &Parts, body: Body) {
        // Who waits to be asked for it sends nothing.
        if !parts.headers.contains_key(EXPECT) {
            self.discard(parts.version, body);
        }
    }

    /// Reads the rest of a refused request's body and forgets it: a client that is still sending would otherwise see its
    /// connection reset instead of the answer. At most as much as a body may have, as long as one may take, and in turn
    /// with the others ([`Discards`]). Where too many are read, connections are reset.
    fn discard(&self, version: Version, mut body: Body) {
        // HTTP/2 has a reset that leaves the answer alone (RFC 9113, 8.1).
        if body.is_end_stream() || version == Version::HTTP_2 {
            return;
        }
        let (mut left, discards) = (self.limit, Arc::clone(&self.discards));
        let Ok(place) = Arc::clone(&discards.places).try_acquire_owned() else { return };
        let rest = async move {
            let _place = place;
            while let Ok(Some(Ok(part))) = tokio::time::timeout(STALLED, body.frame()).await {
                let length = part.data_ref().map_or(0, Bytes::len);
                drop(part);
                if length > left || body.is_end_stream() {
                    return;
                }
                left -= length;
                discards.wait(length).await;
            }
        };
        tokio::spawn(tokio::time::timeout(self.timeout, rest));
    }

    async fn arrive(&self, body: &mut Body) -> Result<Arrived, Failure> {
        let mut room = self.hold(0)?;
        let mut parts = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(part) = frame.map_err(|_| Failure::BodyBroken)?.into_data() else { continue };
            if parts.len() + part.len() > self.limit {
                return Err(Failure::BodyTooLarge);
            }
            let before = parts.len().saturating_sub(SMALL);
            room.merge(self.hold((parts.len() + part.len()).saturating_sub(SMALL) - before)?);
            if parts.is_empty() && body.is_end_stream() {
                return Ok(Arrived { bytes: part, memory: room });
            }
            parts.extend_from_slice(&part);
        }
        Ok(Arrived { bytes: parts.freeze(), memory: room })
    }

    /// Counts a large body against its key's rate.
    fn charge(&self, key: CredentialId, length: usize) -> Result<(), Failure> {
        let bytes = u32::try_from(length.saturating_sub(SMALL)).ok().and_then(NonZeroU32::new);
        let Some(bytes) = bytes else { return Ok(()) };
        match self.rate.check_key_n(&key, bytes) {
            Ok(Err(refused)) => Err(rate_limited(&self.rate, &refused)),
            // No body is larger than a burst.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    fn hold(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Failure> {
        let bytes = u32::try_from(bytes).map_err(|_| Failure::BodyTooLarge)?;
        Arc::clone(&self.room).try_acquire_many_owned(bytes).map_err(|_| Failure::Overloaded)
    }
}

/// How fast refused bodies are read, all together.
#[derive(Debug)]
struct Discards {
    places: Arc<Semaphore>,
    rate: DefaultDirectRateLimiter,
    /// One asks the rate at a time, in the order in which they came: all at once would wake all at once.
    turn: Mutex<()>,
}

impl Discards {
    fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(DISCARDING)),
            rate: RateLimiter::direct(Quota::per_second(DISCARDED)),
            turn: Mutex::new(()),
        }
    }

    /// Waits until so many bytes may have been read.
    async fn wait(&self, bytes: usize) {
        let Some(bytes) = u32::try_from(bytes).ok().and_then(NonZeroU32::new) else { return };
        let _turn = self.turn.lock().await;
        // No part is larger than what may be read in a second, which is the other error.
        while let Ok(Err(early)) = self.rate.check_n(bytes) {
            tokio::time::sleep(early.wait_time_from(self.rate.clock().now())).await;
        }
    }
}
