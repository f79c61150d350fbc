//! `rims serve`: everything from a configuration.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rims_domain::Environment;
use rims_store::{KeyFileError, MasterKeys, OpenError, Options, Schema, Store, StoreError};
use rims_upstream::sim::Simulators;
use rims_upstream::{Koroad, VehicleRegistry};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::anchors::{AnchorError, Anchors};
use crate::api::{self, Api};
use crate::certificate::Certificate;
use crate::clock::Clock;
use crate::config::{Config, DatabaseConfig, PrivateFile, is_exposed};
use crate::connections::ConnectionLimits;
use crate::http_rules::with_rules;
use crate::listen::{ListenError, Listener, ListenerOptions};
use crate::open_files;
use crate::ops::browser_guard::refuse_foreign_hosts;
use crate::ops::{self, Ops};
use crate::random::NoRandomness;
use crate::sandbox::well_known_master_keys;
use crate::scheduler::Scheduler;
use crate::service::{KeyPolicy, NationalSystems, Services, Settings, Upstreams};
use crate::simulated::{self, now};
use crate::webhook::{ClientError, Outbox, WebhookClient};

/// Health checks and metrics need no more.
const OPS_CONNECTIONS: usize = open_files::OPS;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The master key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The master key file holds the sandbox's keys.
    #[error("{}: holds a key of the sandbox, which everybody can compute; make a key file for a new database with \
             `rims admin master-key create`", .0.display())]
    WellKnownKeys(PathBuf),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The schema is older than this version.
    #[error("the database's schema is missing or older than this version: run `rims migrate --config FILE`")]
    SchemaBehind,
    /// The schema is newer than this version, or another's.
    #[error("the database has migration {0}, which this version does not know: use the newer `rims`")]
    SchemaUnknown(i64),
    /// The schema could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] rims_store::MigrationError),
    /// The settings of a national system.
    #[error(transparent)]
    Upstream(#[from] rims_upstream::ConfigError),
    /// The simulators that answer development keys.
    #[error("simulators for development keys: {0}")]
    Simulators(io::Error),
    /// The private key of TLS, which others can read.
    #[error("{}: group or others can read the private key of api.tls: run `chmod 600` on it, or add \"tls_key\" to \
             allow.readable_by_others", .0.display())]
    ExposedTlsKey(PathBuf),
    /// A listener.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The client that delivers webhooks.
    #[error("webhooks: {0}")]
    Webhooks(#[from] ClientError),
    /// The file for the ends of the audit trail.
    #[error(transparent)]
    Anchors(#[from] AnchorError),
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The sandbox's control plane would be open to others than this machine.
    #[error(
        "--ops {0} is not a loopback address: whoever reaches it moves the sandbox's clock and empties its database; \
         choose 127.0.0.1, or add --allow-public-control if only you reach it"
    )]
    PublicControl(SocketAddr),
    /// The sandbox's folder.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Folder(PathBuf, io::Error),
    /// SIGHUP cannot be received.
    #[error("signals cannot be received: {0}")]
    Signal(io::Error),
    /// The sandbox's accounts.
    #[error("fixtures: {0}")]
    Fixtures(String),
}

/// On PostgreSQL the role that serves should not be the owner of the tables.
async fn tell_of_a_rewritable_trail(store: &Store) -> Result<(), StoreError> {
    if store.may_rewrite_audit().await? {
        tracing::warn!(
            "the database role of this server may change and delete the audit trail; give it a role of its own with \
             `rims migrate --app-role`"
        );
    }
    Ok(())
}

/// A running server.
pub struct Server {
    api: Listener,
    ops_listener: Listener,
    ops: Ops,
    store: Store,
    simulators: Simulators,
    scheduler: JoinHandle<()>,
    hangups: JoinHandle<()>,
    drain: Duration,
}

/// The store's options of a configuration.
pub fn store_options(config: &Config) -> Options {
    let database = &config.database;
    Options {
        sqlite_shared_file: config.allow.allows_reading(PrivateFile::Database),
        node: database.node,
        readers: database.readers,
        committers: database.committers,
        queue: database.queue,
        sqlite_max_pages: database.sqlite_max_pages,
        replica_url: database.replica_url.as_ref().map(|url| url.0.clone()),
        replica_max_lag: Duration::from_millis(database.replica_max_lag_ms),
        ..Options::new(&database.url.0)
    }
}

impl Server {
    /// Starts every part; when it returns, both listeners answer.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let metrics = ops::install();
        check_tls_key(config)?;
        let keys = master_keys(&config.database)?;
        let store = Store::open(&store_options(config), &keys).await?;
        check_schema(&store).await?;
        tell_of_a_rewritable_trail(&store).await?;
        let clock = Clock::system();
        store.make_partitions(clock.now()).await?;
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let simulators = simulated::start(loopback, &clock).await.map_err(StartError::Simulators)?;
        let upstreams = Upstreams {
            operations: NationalSystems {
                koroad: Koroad::new(&config.koroad, Environment::Operations.name(), now(&clock))?,
                vehicles: VehicleRegistry::new(&config.vehicles, Environment::Operations.name())?,
            },
            development: simulated::clients(&simulators, Environment::Development, &clock)?,
        };
        let settings = Settings {
            outage: config.outage.into(),
            reread: config.database.reread(),
            quotas: config.quotas.into(),
        };
        let services = Services::new(store.clone(), upstreams, clock, KeyPolicy::RefuseWellKnown, settings);
        let client = WebhookClient::new(config.webhook_targets(), config.webhooks.timeouts())?;
        let outbox = Outbox::new(store.clone(), services.clock().clone(), client);
        let anchors = Anchors::new((&config.audit).into())?;
        let scheduler = Scheduler::new(Arc::clone(&services), outbox, config.retention.into(), Some(anchors));
        let scheduler = tokio::spawn(scheduler.run());
        let ops = Ops::new(services.clone(), metrics);
        let options = config.api.listener_options();
        let few = ConnectionLimits {
            most: OPS_CONNECTIONS,
            most_per_address: OPS_CONNECTIONS / 2,
            ..options.connections.clone()
        };
        let ops_options = ListenerOptions { name: "ops", connections: few, ..options.clone() };
        let api = api::router(Api::new(services, &config.api, &config.traces)?);
        let tls = config.api.tls.as_ref();
        let ops_router = refuse_foreign_hosts(with_rules(ops.clone().router()), config.ops.listen);
        // Before there is anything to hang up: the signal would end the process.
        let hangups = signal(SignalKind::hangup()).map_err(StartError::Signal)?;
        let api = Listener::start(api, config.api.listen, tls, options)?;
        let hangups = tokio::spawn(reload_on(hangups, api.certificate()));
        Ok(Self {
            api,
            ops_listener: Listener::start(ops_router, config.ops.listen, None, ops_options)?,
            ops,
            store,
            simulators,
            scheduler,
            hangups,
            drain: Duration::from_millis(config.drain_timeout_ms),
        })
    }

    /// Where the interfaces listen.
    pub fn api_address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Where health and metrics listen.
    pub fn ops_address(&self) -> SocketAddr {
        self.ops_listener.address()
    }

    /// Says that it is not ready, finishes running requests, commits what is queued, and ends.
    pub async fn stop(self) {
        self.ops.drain();
        self.scheduler.abort();
        self.hangups.abort();
        self.api.stop(self.drain).await;
        self.store.close().await;
        self.ops_listener.stop(Duration::ZERO).await;
        self.simulators.stop().await;
    }
}

/// SIGHUP never ends a server: it reads its certificate again, if it has one.
async fn reload_on(mut hangups: Signal, certificate: Option<Arc<Certificate>>) {
    while hangups.recv().await.is_some() {
        if let Some(certificate) = &certificate {
            certificate.reload();
        } else {
            tracing::info!("SIGHUP: there is no TLS certificate to read again");
        }
    }
}

/// A key that is not there is the listener's to report.
fn check_tls_key(config: &Config) -> Result<(), StartError> {
    let Some(tls) = &config.api.tls else { return Ok(()) };
    let is_exposed = std::fs::metadata(&tls.key).is_ok_and(|file| is_exposed(&file));
    if is_exposed && !config.allow.allows_reading(PrivateFile::TlsKey) {
        return Err(StartError::ExposedTlsKey(tls.key.clone()));
    }
    Ok(())
}

fn master_keys(database: &DatabaseConfig) -> Result<MasterKeys, StartError> {
    let keys = MasterKeys::load(&database.master_key_file)?;
    if keys.share_a_key_with(&well_known_master_keys()) {
        return Err(StartError::WellKnownKeys(database.master_key_file.clone()));
    }
    Ok(keys)
}

async fn check_schema(store: &Store) -> Result<(), StartError> {
    match store.schema().await? {
        Schema::Current { .. } | Schema::Next { .. } => Ok(()),
        Schema::Missing | Schema::Behind { .. } => Err(StartError::SchemaBehind),
        Schema::Unknown { version } => Err(StartError::SchemaUnknown(version)),
    }
}
