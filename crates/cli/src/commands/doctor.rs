//! `rims doctor`: everything between here and a RIMS, from the outside in. It stops at the first that fails.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use jiff::Timestamp;
use reqwest::Url;
use rims_client::values::Plate;
use rims_client::{Client, Error, HistoryQuery, RetryPolicy, is_loopback};
use rims_server::clock::Clock;

use super::runtime;
use crate::args;
use crate::connection::{Target, failure};
use crate::language::say;
use crate::output::{Failure, Outcome};
use crate::record::{Field, Printer};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From this difference on a clock is wrong; a token's three hours hide less.
const SKEW: i64 = 60;

/// What was found about one part.
pub(crate) struct Check {
    pub(crate) name: String,
    pub(crate) found: String,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Well,
    Warning,
    Failed,
}

impl Check {
    pub(crate) fn is_well(&self) -> bool {
        self.state != State::Failed
    }

    pub(crate) fn is_warning(&self) -> bool {
        self.state == State::Warning
    }

    fn fields(&self) -> [Field; 3] {
        let state = match self.state {
            State::Well => say!("정상", "ok"),
            State::Warning => say!("주의", "warning"),
            State::Failed => say!("실패", "failed"),
        };
        [
            Field::new("check", say!("점검", "check"), self.name.as_str()),
            Field::new("state", say!("상태", "state"), state),
            Field::new("found", say!("내용", "found"), self.found.as_str()),
        ]
    }
}

pub(crate) fn run(arguments: &args::Doctor) -> Result<Outcome, Failure> {
    let target = Target::of(&arguments.connection)?;
    let checks = runtime()?.block_on(check(&target))?;
    let mut printer = Printer::new(&arguments.output, &checks[0].fields());
    for check in &checks {
        printer.add(&check.fields())?;
    }
    printer.end()?;
    match checks.iter().find(|check| !check.is_well()) {
        None => Ok(Outcome::Done),
        Some(check) => Err(Failure::Failed(format!("{}: {}", check.name, check.found))),
    }
}

/// Every check up to the first that fails; at least one.
pub(crate) async fn check(target: &Target) -> Result<Vec<Check>, Failure> {
    let url = Url::parse(&target.url).map_err(|error| Failure::Input(format!("{}: {error}", target.url)))?;
    let client = target.client_with(1, RetryPolicy::NEVER)?;
    let mut checks = vec![address(&url)];
    let is_near = (!target.is_direct() && proxied(&url, &mut checks)) || {
        let addresses = resolve(&url, &mut checks).await;
        !addresses.is_empty() && connect(&addresses, &mut checks).await
    };
    if is_near && http(target, &url, &mut checks).await? {
        checks.push(secret_key(target));
        if token(&client, &mut checks).await {
            checks.push(dry_call(&client).await);
        }
    }
    Ok(checks)
}

fn well(name: String, found: String) -> Check {
    Check { name, found, state: State::Well }
}

fn warning(name: String, found: String) -> Check {
    Check { name, found, state: State::Warning }
}

fn failed(name: String, found: String) -> Check {
    Check { name, found, state: State::Failed }
}

fn address(url: &Url) -> Check {
    let name = say!("주소", "address");
    if url.scheme() == "https" || is_loopback(url) {
        return well(name, url.to_string());
    }
    warning(
        name,
        say!(
            "{url}: 암호화되지 않은 http입니다. 인증키와 토큰이 노출됩니다. https를 쓰십시오",
            "{url}: http without TLS shows the auth key and tokens to the network; use https"
        ),
    )
}

/// Behind a proxy, it is the proxy that looks the name up and connects.
fn proxied(url: &Url, checks: &mut Vec<Check>) -> bool {
    let variables =
        if url.scheme() == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    let is_set = |variable: &&str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    let Some(variable) =
        variables.iter().chain(&["ALL_PROXY", "all_proxy"]).find(|variable| is_set(variable))
    else {
        return false;
    };
    checks.push(well(
        say!("프록시", "proxy"),
        say!(
            "{variable} 의 프록시가 이름을 찾고 연결합니다",
            "the proxy of {variable} looks the name up and connects"
        ),
    ));
    true
}

async fn resolve(url: &Url, checks: &mut Vec<Check>) -> Vec<SocketAddr> {
    let name = say!("이름(DNS)", "name (DNS)");
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    match tokio::net::lookup_host((host.as_str(), port)).await.map(Iterator::collect::<Vec<_>>) {
        Ok(addresses) if !addresses.is_empty() => {
            let found: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            checks.push(well(name, found.join(", ")));
            addresses
        }
        _ => {
            checks.push(failed(
                name,
                say!(
                    "{host} 을(를) 찾을 수 없습니다. 주소와 DNS를 확인하십시오",
                    "{host} is not known; check the address and the DNS"
                ),
            ));
            Vec::new()
        }
    }
}

async fn connect(addresses: &[SocketAddr], checks: &mut Vec<Check>) -> bool {
    let name = say!("연결(TCP)", "connection (TCP)");
    let mut last = say!("시간 초과", "timed out");
    for address in addresses {
        let started = Instant::now();
        match tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                let milliseconds = started.elapsed().as_millis();
                checks.push(well(name, format!("{address}, {milliseconds} ms")));
                return true;
            }
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => {}
        }
    }
    checks.push(failed(
        name,
        say!("{last}. 방화벽과 포트를 확인하십시오", "{last}; check the firewall and the port"),
    ));
    false
}

/// TLS, whether a RIMS answers, and its clock.
async fn http(target: &Target, url: &Url, checks: &mut Vec<Check>) -> Result<bool, Failure> {
    let name = say!("HTTP와 TLS", "HTTP and TLS");
    let answer = match target.probe().await? {
        Ok(answer) => answer,
        Err(cause) => {
            checks.push(failed(
                name,
                say!(
                    "{cause}. 인증서라면 --root-certificate 를 확인하십시오",
                    "{cause}; if it is about a certificate, see --root-certificate"
                ),
            ));
            return Ok(false);
        }
    };
    let status = answer.status;
    if !answer.is_rims {
        checks.push(failed(
            name,
            say!(
                "{url} 은(는) RIMS API가 아닙니다 (HTTP {status}). 기본 주소와 경로를 확인하십시오",
                "{url} is not a RIMS API (HTTP {status}); check the base address and its path"
            ),
        ));
        return Ok(false);
    }
    let tls = if url.scheme() == "https" { "TLS, " } else { "" };
    checks.push(well(name, format!("{tls}HTTP {status}")));
    checks.push(clock(answer.date));
    Ok(true)
}

/// The server's clock tells whether ours is wrong. Its header has whole seconds.
fn clock(server: Option<Timestamp>) -> Check {
    let name = say!("시계", "clock");
    let Some(server) = server else {
        return warning(name, say!("서버가 시각을 알려 주지 않습니다", "the server does not tell its time"));
    };
    let clock = Clock::system();
    let (seconds, today) = (clock.now().duration_since(server).as_secs(), clock.today());
    if seconds.abs() < SKEW {
        return well(
            name,
            say!("차이 {seconds}초, 한국 날짜 {today}", "{seconds} s apart; today in Korea is {today}"),
        );
    }
    warning(
        name,
        say!(
            "서버와 {seconds}초 차이가 납니다. 이 컴퓨터의 시계를 맞추십시오 (한국 날짜 {today})",
            "{seconds} s apart from the server; set this machine's clock (here today in Korea is {today})"
        ),
    )
}

fn secret_key(target: &Target) -> Check {
    let name = say!("Secret Key 길이", "Secret Key length");
    let bytes = target.keys.secret_key.len();
    if bytes == 32 {
        return well(name, say!("{bytes}바이트", "{bytes} bytes"));
    }
    warning(
        name,
        say!(
            "{bytes}바이트입니다. 발급된 키는 32바이트입니다 (모자라면 0으로 채우고 넘치면 자릅니다)",
            "{bytes} bytes; issued keys have 32 (shorter ones are padded with zeroes, longer ones cut)"
        ),
    )
}

async fn token(client: &Client, checks: &mut Vec<Check>) -> bool {
    let name = say!("인증키와 토큰", "auth key and token");
    match client.token().await {
        Ok(_) => {
            checks.push(well(name, say!("토큰을 발급받았습니다", "a token was issued")));
            true
        }
        Err(error) => {
            checks.push(failed(name, told(&error)));
            false
        }
    }
}

/// A history of a plate that no vehicle has: sealed and answered, and nothing is read, verified or recorded.
async fn dry_call(client: &Client) -> Check {
    let name = say!("암호화와 시험 호출", "envelope and a dry call");
    let plate = match Plate::parse("RIMS-DOCTOR") {
        Ok(plate) => plate,
        Err(rule) => return failed(name, rule.to_string()),
    };
    let today = client.today();
    let query = HistoryQuery::builder().from(today).to(today).plate(plate).build();
    let calls = client.rental();
    let mut rows = pin!(calls.rentals(query));
    match rows.next().await {
        None | Some(Ok(_)) => {
            well(name, say!("서버가 복호화하고 응답했습니다", "the server decrypted it and answered"))
        }
        Some(Err(error)) => failed(name, told(&error)),
    }
}

fn told(error: &Error) -> String {
    failure(error).into_message()
}
