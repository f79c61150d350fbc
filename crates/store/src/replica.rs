//! A replica that histories may be read from, while it is not further behind than agreed.
//!
//! How far it is behind is measured without clocks of other machines: the primary's position in its log at a moment, and
//! whether the replica has come as far. What it has then is as fresh as that moment. A replica that is cut off, paused or
//! slow, or a primary that does not answer, is too old by itself, and the primary is asked.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::OpenError;
use crate::db::{Backend, Db};
use crate::sql::statements;

/// How often the replica is asked whether it has come as far.
const POLL: Duration = Duration::from_millis(10);
/// How many measurements there are in the time that it may be behind, and how far apart they are at most.
const MEASUREMENTS: u32 = 4;
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

statements! { POSTGRES:
    POSTGRES_POSITION = "SELECT pg_current_wal_lsn()::text";
    POSTGRES_HAS = "SELECT COALESCE(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, FALSE)";
}

pub(crate) struct Replica {
    db: Db,
    pool: PgPool,
    max_lag: Duration,
    /// It has everything that was committed before this moment.
    has_until: Mutex<Option<Instant>>,
}

impl Replica {
    /// Connects when first needed.
    pub(crate) fn new(
        url: &str,
        readers: u32,
        wait: Duration,
        max_lag: Duration,
    ) -> Result<Arc<Self>, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| OpenError::Url("the replica's is postgres://…, one server"))?;
        let pool = PgPoolOptions::new().max_connections(readers).acquire_timeout(wait);
        let pool = pool.connect_lazy_with(options.disable_statement_logging());
        let db = Backend::Postgres(pool.clone());
        Ok(Arc::new(Self { db, pool, max_lag, has_until: Mutex::new(None) }))
    }

    /// Where to read, if it is not too far behind.
    pub(crate) fn fresh(&self) -> Option<&Db> {
        let has_until = *self.has_until.lock().unwrap_or_else(PoisonError::into_inner);
        has_until.filter(|moment| moment.elapsed() <= self.max_lag).map(|_| &self.db)
    }

    /// Measures again and again, until the store closes.
    pub(crate) async fn follow(self: Arc<Self>, primary: PgPool, mut closed: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = closed.changed() => break,
                () = self.measure(&primary) => {}
            }
        }
        self.pool.close().await;
    }

    async fn measure(&self, primary: &PgPool) {
        let moment = Instant::now();
        if let Ok(Ok(())) = timeout(self.max_lag, self.catch_up(primary)).await {
            *self.has_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(moment);
        }
        tokio::time::sleep((self.max_lag / MEASUREMENTS).min(LONGEST_PAUSE)).await;
    }

    /// Waits until the replica has what the primary has now.
    async fn catch_up(&self, primary: &PgPool) -> sqlx::Result<()> {
        let position: String = sqlx::query_scalar(POSTGRES_POSITION).fetch_one(primary).await?;
        while !sqlx::query_scalar::<_, bool>(POSTGRES_HAS).bind(&position).fetch_one(&self.pool).await? {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}
