mod rental;
mod webhook;

use jiff::Timestamp;
use rims_domain::account::Decision;
use rims_domain::calendar::in_seoul;
use rims_domain::{Account, Actor, Environment};
use rims_server::clock::Clock;
use rims_server::config::Config;
use rims_server::random;
use rims_server::service::administration::{Administration, AdministrationError, KeyPair};
use rims_server::store_options;
use rims_store::{MasterKeys, RetireError, Store};

use super::{not_opened, runtime};
use crate::args::{self, AdminCommand, DelegationCommand, KeysCommand, MasterKeyCommand, UserCommand};
use crate::operator;
use crate::output::{Failure, print, table};

pub(crate) fn run(arguments: args::Admin) -> Result<(), Failure> {
    let config = Config::load(&arguments.config.path).map_err(Failure::input)?;
    let administer = Administer { config: &config, actor: operator::actor(&arguments.acting) };
    match arguments.command {
        AdminCommand::User(command) => administer.run(async |wish| user(wish, command).await),
        AdminCommand::Keys(command) => administer.run(async |wish| keys(wish, command).await),
        AdminCommand::Delegation(command) => administer.run(async |wish| delegation(wish, command).await),
        AdminCommand::Webhook(command) => {
            let targets = config.webhook_targets();
            administer.run(async |wish| webhook::run(wish, targets, command).await)
        }
        AdminCommand::Rental(command) => administer.run(async |wish| rental::run(wish, command).await),
        AdminCommand::MasterKey(MasterKeyCommand::Create) => create_master_key(&config),
        AdminCommand::MasterKey(MasterKeyCommand::Rotate) => rotate_master_key(&config),
        AdminCommand::MasterKey(MasterKeyCommand::Reseal) => administer.run(reseal),
        AdminCommand::MasterKey(MasterKeyCommand::Retire { version }) => {
            administer.run(async |wish| retire(wish, &config, version).await)
        }
    }
}

/// The configured database, and who acts on it.
pub(super) struct Administer<'a> {
    pub(super) config: &'a Config,
    pub(super) actor: Actor,
}

impl Administer<'_> {
    /// Runs a command.
    pub(super) fn run(
        self,
        command: impl AsyncFnOnce(&Administration) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        runtime()?.block_on(async {
            let store = attach(self.config).await?;
            let administration = Administration::new(store.clone(), Clock::system()).acting_as(self.actor);
            let done = command(&administration).await;
            store.close().await;
            done
        })
    }
}

/// Opens the configured database beside a server that may be running on it.
pub(super) async fn attach(config: &Config) -> Result<Store, Failure> {
    let keys = MasterKeys::load(&config.database.master_key_file).map_err(Failure::failed)?;
    Store::attach(&store_options(config), &keys).await.map_err(not_opened)
}

async fn user(administration: &Administration, command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Create { user_id, brno, company, kind } => {
            administration.create_user(&user_id, &brno, &company, kind).await.map_err(refused)?;
            print(&format!("created {user_id}; approve it with: rims admin user approve {user_id}\n"))
        }
        UserCommand::Approve { user_id } => {
            administration.decide(&user_id, Decision::Approve).await.map_err(refused)?;
            print(&format!("approved {user_id}; issue its keys with: rims admin keys issue {user_id}\n"))
        }
        UserCommand::Reject { user_id } => {
            administration.decide(&user_id, Decision::Reject).await.map_err(refused)?;
            print(&format!("rejected {user_id}\n"))
        }
        UserCommand::State { user_id, status } => {
            administration.change_status(&user_id, status).await.map_err(refused)?;
            print(&format!("{user_id} is now {} ({})\n", status.code(), status.english()))
        }
        UserCommand::List => {
            let users = administration.users().await.map_err(refused)?;
            let mut rows =
                vec![["user_id", "brno", "kind", "approval", "status", "company"].map(String::from).to_vec()];
            rows.extend(users.iter().map(row));
            print(&table(&rows))
        }
    }
}

fn row(account: &Account) -> Vec<String> {
    vec![
        account.user_id.to_string(),
        account.brno.to_string(),
        account.kind.name().to_owned(),
        format!("{} {}", account.approval.code(), account.approval.english()),
        format!("{} {}", account.status.code(), account.status.english()),
        account.company.clone(),
    ]
}

async fn keys(administration: &Administration, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Issue { user_id } => {
            let pairs = administration.issue_keys(&user_id).await.map_err(refused)?;
            print(&shown_once(&pairs))?;
            if pairs.iter().all(|pair| pair.environment != Environment::Operations) {
                return Ok(());
            }
            print(&format!("Approve the operations key with: rims admin keys approve {user_id}\n"))
        }
        KeysCommand::Rotate { user_id, environment } => {
            let pair = administration.rotate_key(&user_id, environment).await.map_err(refused)?;
            print(&shown_once(&[pair]))
        }
        KeysCommand::Revoke { user_id, environment } => {
            administration.revoke_key(&user_id, environment).await.map_err(refused)?;
            print(&format!("revoked the {} key of {user_id}\n", environment.name()))
        }
        KeysCommand::Approve { user_id } => {
            administration.approve_operations_key(&user_id).await.map_err(refused)?;
            print(&format!("approved the {} key of {user_id}\n", Environment::Operations.name()))
        }
        KeysCommand::Allow { user_id, environment, networks } => {
            administration.set_allowed_ips(&user_id, environment, networks).await.map_err(refused)?;
            print(&format!("set the networks of the {} key of {user_id}\n", environment.name()))
        }
    }
}

fn shown_once(pairs: &[KeyPair]) -> String {
    let mut rows = vec![["environment", "auth_key", "secret_key"].map(String::from).to_vec()];
    rows.extend(pairs.iter().map(|pair| {
        vec![pair.environment.name().to_owned(), pair.auth_key.to_string(), pair.secret_key.to_string()]
    }));
    format!("{}These keys are shown once and cannot be shown again.\n", table(&rows))
}

async fn delegation(administration: &Administration, command: DelegationCommand) -> Result<(), Failure> {
    match command {
        DelegationCommand::Grant { owner, delegate } => {
            administration.grant(&owner, &delegate).await.map_err(refused)?;
            print(&format!("{delegate} may ask on behalf of {owner}\n"))
        }
        DelegationCommand::Revoke { owner, delegate } => {
            administration.revoke_delegation(&owner, &delegate).await.map_err(refused)?;
            print(&format!("{delegate} may no longer ask on behalf of {owner}\n"))
        }
    }
}

fn create_master_key(config: &Config) -> Result<(), Failure> {
    let path = &config.database.master_key_file;
    let keys = MasterKeys::generate(&mut source()?);
    keys.save_new(path).map_err(Failure::input)?;
    print(&format!("created {}; back it up: without it the data cannot be read\n", path.display()))
}

/// Changes the file alone: a running server has the old versions only, and must still read what is stored.
fn rotate_master_key(config: &Config) -> Result<(), Failure> {
    let path = &config.database.master_key_file;
    let mut keys = MasterKeys::load(path).map_err(Failure::failed)?;
    keys.rotate(&mut source()?).map_err(Failure::failed)?;
    keys.replace(path).map_err(Failure::failed)?;
    print(&format!(
        "added key version {} to {}; back it up, restart every server, then run: rims admin master-key reseal\n",
        keys.current(),
        path.display()
    ))
}

async fn reseal(administration: &Administration) -> Result<(), Failure> {
    let resealed = administration.reseal().await.map_err(refused)?;
    print(&format!("{resealed} values resealed\n"))
}

/// First the database, so that a failure in between leaves a key too many and none too few.
async fn retire(administration: &Administration, config: &Config, version: u16) -> Result<(), Failure> {
    administration.retire_master_key(version).await.map_err(refused)?;
    let path = &config.database.master_key_file;
    let mut keys = MasterKeys::load(path).map_err(Failure::failed)?;
    keys.retire(version);
    keys.replace(path).map_err(Failure::failed)?;
    let path = path.display();
    print(&format!(
        "retired key version {version} and took it out of {path}; backups of before still need it\n"
    ))
}

/// Random bytes, asked for once beforehand so that a failing source stops the command and not a key.
fn source() -> Result<impl FnMut(&mut [u8]), Failure> {
    let mut pool = zeroize::Zeroizing::new([0_u8; 256]);
    random::fill(&mut *pool).map_err(Failure::failed)?;
    let mut used = 0;
    Ok(move |bytes: &mut [u8]| {
        bytes.copy_from_slice(&pool[used..used + bytes.len()]);
        used += bytes.len();
    })
}

pub(super) fn shown(moment: Timestamp) -> String {
    in_seoul(moment).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

pub(super) fn refused(error: AdministrationError) -> Failure {
    match error {
        AdministrationError::Store(_)
        | AdministrationError::Randomness(_)
        | AdministrationError::Retire(RetireError::Store(_)) => Failure::failed(error),
        _ => Failure::input(error),
    }
}
