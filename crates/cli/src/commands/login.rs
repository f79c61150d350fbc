use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use reqwest::Url;
use rims_domain::Environment;
use rims_server::sandbox::fixtures::FIXTURES;
use zeroize::Zeroizing;

use super::doctor::{Check, check};
use super::runtime;
use crate::args::{self, KeyStore};
use crate::connection::{DEFAULT_PROFILE, Target};
use crate::driver::read_stdin;
use crate::language::say;
use crate::output::{Failure, Outcome, note, print};
use crate::profile::{self, KeySource, Keys, Profile, Profiles};

/// Where `rims sandbox` listens unless it is told otherwise.
const SANDBOX: &str = "http://127.0.0.1:8114";

/// Checks everything first: what does not work is not remembered.
pub(crate) fn run(arguments: &args::Login) -> Result<Outcome, Failure> {
    let connection = &arguments.connection;
    let name = connection.profile.as_deref().unwrap_or(DEFAULT_PROFILE);
    let environment = || std::env::var("RIMS_URL").ok();
    let sandbox = || arguments.sandbox.as_ref().map(|_| SANDBOX.to_owned());
    let url = connection.url.as_ref().map(Url::to_string).or_else(environment).or_else(sandbox);
    let url = url.ok_or_else(|| {
        Failure::Input(say!("--url 로 RIMS의 주소를 지정하십시오", "give the address of the RIMS with --url"))
    })?;
    let keys = keys(arguments)?;
    let target = Target::new(connection, url.clone(), keys);
    let checks = runtime()?.block_on(check(&target))?;
    if let Some(Check { name, found, .. }) = checks.iter().find(|check| !check.is_well()) {
        return Err(Failure::Failed(format!("{name}: {found}")));
    }
    for check in checks.iter().filter(|check| check.is_warning()) {
        note(&format!("{}: {}", check.name, check.found));
    }
    let source = match arguments.keys {
        KeyStore::Environment => KeySource::Environment,
        KeyStore::Keyring => profile::keep_in_keyring(name, &target.keys)?,
        KeyStore::File => match (&connection.auth_key_file, &connection.secret_key_file) {
            (Some(auth_key), Some(secret_key)) => {
                KeySource::Files { auth_key: absolute(auth_key)?, secret_key: absolute(secret_key)? }
            }
            _ => profile::keep_in_files(name, &target.keys)?,
        },
    };
    let profile = Profile {
        url,
        web: arguments.web.as_ref().map(Url::to_string),
        bizinfo: connection.bizinfo.as_ref().map(ToString::to_string),
        sector: arguments.sector.map(|sector| sector.name().to_owned()),
        root_certificate: connection.root_certificate.as_deref().map(absolute).transpose()?,
        allow_http: connection.allow_http,
        keys: source,
    };
    if !matches!(arguments.keys, KeyStore::File) {
        profile::forget_files(name)?;
    }
    let path = Profiles::load()?.save(name, profile)?;
    let path = path.display();
    print(&say!("프로필 {name} 을(를) {path} 에 저장했습니다\n", "profile {name} is stored in {path}\n"))?;
    Ok(Outcome::Done)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::input)
}

/// From files, from the environment, from the terminal without echo, or from standard input.
fn keys(arguments: &args::Login) -> Result<Keys, Failure> {
    let connection = &arguments.connection;
    if let Some(user) = &arguments.sandbox {
        return well_known(user, arguments.operations);
    }
    let files = (connection.auth_key_file.as_deref(), connection.secret_key_file.as_deref());
    if files != (None, None) || arguments.keys == KeyStore::Environment {
        return profile::read(files.0, files.1);
    }
    if io::stdin().is_terminal() {
        let ask =
            |prompt: String| rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(Failure::input);
        let auth_key = ask(say!("인증키: ", "auth key: "))?;
        let secret_key = ask("Secret Key: ".to_owned())?;
        return complete(auth_key.trim(), secret_key.trim());
    }
    let text = Zeroizing::new(read_stdin()?);
    let mut lines = text.lines().map(str::trim);
    complete(lines.next().unwrap_or_default(), lines.next().unwrap_or_default())
}

fn well_known(user: &str, is_operations: bool) -> Result<Keys, Failure> {
    let environment = if is_operations { Environment::Operations } else { Environment::Development };
    let Some(fixture) = FIXTURES.iter().find(|fixture| fixture.user_id == user) else {
        let users = FIXTURES.map(|fixture| fixture.user_id).join(", ");
        return Err(Failure::Input(say!(
            "--sandbox: 샌드박스에 사용자 {user}이(가) 없습니다 ({users})",
            "--sandbox: a sandbox has no user {user} (it has {users})"
        )));
    };
    complete(&fixture.auth_key(environment), &fixture.secret_key(environment))
}

fn complete(auth_key: &str, secret_key: &str) -> Result<Keys, Failure> {
    if auth_key.is_empty() || secret_key.is_empty() {
        return Err(Failure::Input(say!(
            "인증키와 Secret Key가 모두 필요합니다 (표준 입력이면 한 줄에 하나씩)",
            "the auth key and the Secret Key are both needed (on standard input, one a line)"
        )));
    }
    Ok(Keys {
        auth_key: Zeroizing::new(auth_key.to_owned()),
        secret_key: Zeroizing::new(secret_key.to_owned()),
    })
}
