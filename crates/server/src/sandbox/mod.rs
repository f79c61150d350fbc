//! `rims sandbox`: the whole system in one process on an embedded database, with simulated national systems.
//! Its contract is public and stable: `docs/sandbox.md`.

mod control;
pub mod fixtures;
mod remote;
mod requests;
mod seed;
mod web;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn_with_state;
use rims_domain::Environment;
use rims_protocol::SecretKey;
use rims_protocol::envelope::request_body;
use rims_store::{MasterKeys, Options, Store};
use rims_upstream::sim::Simulators;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::api::{self, Api};
use crate::clock::Clock;
use crate::config::{ApiConfig, FailedAuthenticationConfig, RateLimitConfig, TracesConfig};
use crate::http_rules::with_rules;
use crate::listen::{Listener, ListenerOptions};
use crate::ops::{self, Ops, browser_guard};
use crate::production::StartError;
use crate::scheduler::Scheduler;
use crate::service::retention::Retention;
use crate::service::{KeyPolicy, Services, Settings, Upstreams};
use crate::simulated;
use crate::webhook::{Outbox, Reach, Timeouts, WebhookClient};

use control::{Control, Gate, wait_for_reset};
use requests::RequestLog;
use web::Addresses;

/// How long running requests may take to finish after a stop signal.
const DRAIN: Duration = Duration::from_secs(10);
/// Other people's load tests must not meet a rate limit they did not ask for.
const GENEROUS: RateLimitConfig = RateLimitConfig {
    per_second: 1_000_000,
    burst: 1_000_000,
    bytes_per_second: 1_000_000_000,
    burst_bytes: 1_000_000_000,
};

/// What `rims sandbox` is started with.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where the interfaces listen; port 0 lets the system choose.
    pub api: SocketAddr,
    /// Where the web listens.
    pub web: SocketAddr,
    /// Where health, metrics and the control plane listen.
    pub ops: SocketAddr,
    /// Whether that may be another than a loopback address: the control plane has no authentication.
    pub allow_public_control: bool,
    /// Where the data lives; without it in a temporary folder that is removed at the end.
    pub data: Option<PathBuf>,
    /// Another database than an SQLite file in the data folder.
    pub database_url: Option<String>,
}

impl SandboxOptions {
    /// On loopback ports that the system chooses, with temporary data: what a test starts.
    pub fn on_free_ports() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { api: any, web: any, ops: any, allow_public_control: false, data: None, database_url: None }
    }
}

/// A running sandbox.
pub struct Sandbox {
    api: Listener,
    web: Listener,
    ops_listener: Listener,
    ops: Ops,
    store: Store,
    services: Arc<Services>,
    simulators: Arc<Simulators>,
    scheduler: JoinHandle<()>,
    folder: Folder,
}

/// Where the data lives.
enum Folder {
    Kept(PathBuf),
    /// Removed when it is dropped, also by a start that fails.
    Temporary(TempDir),
}

impl Folder {
    fn new(data: Option<&Path>) -> Result<Self, StartError> {
        match data {
            Some(folder) => std::fs::create_dir_all(folder)
                .map(|()| Self::Kept(folder.to_owned()))
                .map_err(|error| StartError::Folder(folder.to_owned(), error)),
            None => tempfile::Builder::new()
                .prefix("rims-sandbox-")
                .tempdir()
                .map(Self::Temporary)
                .map_err(|error| StartError::Folder(std::env::temp_dir(), error)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

impl Sandbox {
    /// Starts every part; when it returns, every listener answers.
    pub async fn start(options: &SandboxOptions) -> Result<Self, StartError> {
        Self::start_at(options, Clock::system()).await
    }

    /// The same with a clock that may show another time than the system's.
    pub async fn start_at(options: &SandboxOptions, clock: Clock) -> Result<Self, StartError> {
        if !options.allow_public_control && !browser_guard::is_loopback(options.ops) {
            return Err(StartError::PublicControl(options.ops));
        }
        let metrics = ops::install();
        let folder = Folder::new(options.data.as_deref())?;
        let store = open_store(options.database_url.as_deref(), folder.path()).await?;
        store.migrate().await?;
        store.make_partitions(clock.now()).await?;
        seed::fixtures(&store, &clock).await?;
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let simulators = simulated::start(loopback, &clock).await.map_err(StartError::Simulators)?;
        let upstreams = Upstreams {
            development: simulated::clients(&simulators, Environment::Development, &clock)?,
            operations: simulated::clients(&simulators, Environment::Operations, &clock)?,
        };
        let simulators = Arc::new(simulators);
        let services =
            Services::new(store.clone(), upstreams, clock, KeyPolicy::AcceptWellKnown, Settings::default());
        let config = ApiConfig {
            rate_limit: GENEROUS,
            failed_authentication: FailedAuthenticationConfig { allowed: u32::MAX, ..Default::default() },
            ..ApiConfig::default()
        };
        let listener = |name| ListenerOptions { name, ..config.listener_options() };
        let gate = Gate::default();
        let requests = Arc::new(RequestLog::new(services.clock().clone()));
        let api = api::router(Api::new(Arc::clone(&services), &config, &TracesConfig::default())?)
            .layer(from_fn_with_state(Arc::clone(&gate), wait_for_reset))
            .layer(from_fn_with_state(Arc::clone(&requests), requests::keep));
        let api = Listener::start(api, options.api, None, listener("api"))?;
        let ops = Ops::new(Arc::clone(&services), metrics);
        let client = WebhookClient::new(Reach::Anywhere, Timeouts::default())?;
        let outbox = Outbox::new(store.clone(), services.clock().clone(), client);
        let scheduler = Scheduler::new(Arc::clone(&services), outbox, Retention::default(), None);
        let control = Control::new(
            Arc::clone(&services),
            Arc::clone(&simulators),
            Arc::clone(&scheduler),
            gate,
            requests,
        );
        let scheduler = tokio::spawn(scheduler.run());
        let page = control.clone();
        let router = ops.clone().router().merge(browser_guard::refuse_other_bodies(control.router()));
        let router = browser_guard::refuse_foreign_origins(router);
        let router = browser_guard::refuse_foreign_hosts(with_rules(router), options.ops);
        let ops_listener = Listener::start(router, options.ops, None, listener("ops"))?;
        let addresses = Addresses { api: api.address(), ops: ops_listener.address() };
        let web = with_rules(web::router(page, addresses, options.web));
        let web = Listener::start(web, options.web, None, listener("web"))?;
        Ok(Self { api, web, ops_listener, ops, store, services, simulators, scheduler, folder })
    }

    /// Where the interfaces listen.
    pub fn api_address(&self) -> SocketAddr {
        self.api.address()
    }

    /// Where the web listens.
    pub fn web_address(&self) -> SocketAddr {
        self.web.address()
    }

    /// Where health, metrics and the control plane listen.
    pub fn ops_address(&self) -> SocketAddr {
        self.ops_listener.address()
    }

    /// Where the data lives.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The use cases behind the listeners.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Whose body [`Sandbox::example_body`] is: an account of a sector whose checks need no days (§4.5).
    pub const EXAMPLE: &str = "sub01";

    /// A request body for `/sub/licenseVerification` that verifies the specification's own driver, sealed for
    /// [`Sandbox::EXAMPLE`]. It has no day, so that what was copied works tomorrow, too.
    pub fn example_body() -> String {
        let plaintext = serde_json::json!({
            "f_license_no": "221212121212",
            "f_resident_name": "홍길동",
            "f_licn_con_code": "12",
        });
        let secret_key = fixtures::secret_key(Self::EXAMPLE, Environment::Development);
        let sealed = SecretKey::new(&secret_key).seal(plaintext.to_string().as_bytes());
        request_body(&sealed).to_string()
    }

    /// Finishes running requests, commits what is queued, ends, and removes a temporary data folder.
    pub async fn stop(self) {
        self.ops.drain();
        self.scheduler.abort();
        self.api.stop(DRAIN).await;
        self.web.stop(Duration::ZERO).await;
        self.ops_listener.stop(Duration::ZERO).await;
        self.store.close().await;
        if let Some(simulators) = Arc::into_inner(self.simulators) {
            simulators.stop().await;
        }
        if let Folder::Temporary(folder) = self.folder
            && let Err(error) = folder.close()
        {
            tracing::warn!(%error, "the temporary folder could not be removed");
        }
    }
}

async fn open_store(database_url: Option<&str>, folder: &Path) -> Result<Store, StartError> {
    let url = match database_url {
        Some(url) => url.to_owned(),
        None => sqlite_url(&folder.join("rims.db")),
    };
    Ok(Store::open(&Options::new(&url), &well_known_master_keys()).await?)
}

/// A path may have characters that mean something in a URL.
fn sqlite_url(path: &Path) -> String {
    let path = path.display().to_string();
    format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23"))
}

/// The same on every machine, so that a sandbox's data can be opened by the next one. They protect nothing: a sandbox
/// holds no real person's data, and `rims serve` refuses them.
pub fn well_known_master_keys() -> MasterKeys {
    let mut counter = 0_u32;
    let mut fill = |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(32) {
            counter += 1;
            let block = Sha256::digest(format!("rims sandbox master key {counter}"));
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    };
    MasterKeys::generate(&mut fill)
}
