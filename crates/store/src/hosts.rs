//! Several PostgreSQL servers in one URL, of which one at a time takes writes, in libpq's form:
//! `postgres://user@db1:5432,db2:5432/rims?target_session_attrs=read-write`.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::OpenError;
use crate::sql::statements;

/// The parameter that names what servers are wanted.
const WANTED: &str = "target_session_attrs";
/// How often it is asked whether the server still takes writes.
const PULSE: Duration = Duration::from_millis(500);

statements! { POSTGRES:
    IS_READ_ONLY = "SELECT current_setting('transaction_read_only')";
}

/// The servers of a URL.
pub(crate) struct Hosts {
    each: Vec<PgConnectOptions>,
    /// Whether a server must say that it takes writes.
    is_checked: bool,
    /// The one that the last connection was made to, which is tried first.
    current: AtomicUsize,
}

/// Whether no connection to a database leaves this machine without TLS: each server of the URL is this machine, or
/// `sslmode` is `require`, `verify-ca` or `verify-full`. A URL that cannot be read is reported where it is opened.
pub fn asks_for_tls(url: &str) -> bool {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return true;
    }
    Hosts::parse(url).map_or(true, |hosts| hosts.each.iter().all(is_private))
}

/// The names and ports of a PostgreSQL URL's servers; none for another URL.
pub fn servers_of(url: &str) -> Vec<(String, u16)> {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Vec::new();
    }
    let servers = Hosts::parse(url).map(|hosts| hosts.each).unwrap_or_default();
    let named = servers.iter().filter(|server| server.get_socket().is_none());
    named.map(|server| (server.get_host().to_owned(), server.get_port())).collect()
}

fn is_private(server: &PgConnectOptions) -> bool {
    let host = server.get_host();
    let is_here = host == "localhost"
        || host.starts_with('/')
        || server.get_socket().is_some()
        || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let is_encrypted =
        matches!(server.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    is_here || is_encrypted
}

impl Hosts {
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        const FORM: OpenError = OpenError::Url("postgres://user@host,host/name is expected");
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (user, hosts) = authority.rfind('@').map_or(("", authority), |at| authority.split_at(at + 1));
        let (tail, wanted) = without_wanted(tail);
        if wanted.is_some_and(|wanted| !matches!(wanted, "read-write" | "primary")) {
            return Err(OpenError::Url("target_session_attrs must be read-write"));
        }
        let options = |host: &str| {
            let options = PgConnectOptions::from_str(&format!("{scheme}://{user}{host}{tail}"));
            Ok(options.map_err(|_| FORM)?.application_name("rims").disable_statement_logging())
        };
        let each: Vec<_> = hosts.split(',').map(options).collect::<Result<_, OpenError>>()?;
        let is_checked = each.len() > 1 || wanted.is_some();
        Ok(Self { each, is_checked, current: AtomicUsize::new(0) })
    }

    pub(crate) fn are_several(&self) -> bool {
        self.each.len() > 1
    }

    /// The server to connect to, as far as is known.
    pub(crate) fn current(&self) -> &PgConnectOptions {
        &self.each[self.current.load(Ordering::Relaxed) % self.each.len()]
    }

    /// A connection to the first server that takes writes, within this time; each has its share of it.
    pub(crate) async fn connect(&self, within: Duration) -> sqlx::Result<PgConnection> {
        let count = self.each.len();
        let share = within / u32::try_from(count).unwrap_or(u32::MAX);
        let first = self.current.load(Ordering::Relaxed);
        let mut refused = sqlx::Error::PoolTimedOut;
        for place in (first..first + count).map(|place| place % count) {
            match timeout(share, self.connect_to(place)).await {
                Ok(Ok(link)) => {
                    self.current.store(place, Ordering::Relaxed);
                    return Ok(link);
                }
                Ok(Err(error)) => refused = error,
                Err(_) => refused = sqlx::Error::PoolTimedOut,
            }
        }
        Err(refused)
    }

    async fn connect_to(&self, place: usize) -> sqlx::Result<PgConnection> {
        let mut link = PgConnection::connect_with(&self.each[place]).await?;
        if self.is_checked && !takes_writes(&mut link).await? {
            return Err(sqlx::Error::Protocol("the server takes no writes".to_owned()));
        }
        Ok(link)
    }

    /// Tells readers of another server, until the store closes. Writers find it by themselves when their connection ends,
    /// but where nothing can be read, nothing is written.
    pub(crate) async fn follow(self: Arc<Self>, readers: PgPool, mut closed: watch::Receiver<bool>) {
        let mut link = None;
        loop {
            tokio::select! {
                _ = closed.changed() => return,
                () = tokio::time::sleep(PULSE) => {}
            }
            let is_alive = match &mut link {
                Some(link) => matches!(timeout(PULSE, takes_writes(link)).await, Ok(Ok(true))),
                None => false,
            };
            if !is_alive {
                link = self.connect(PULSE * 4).await.ok();
                readers.set_connect_options(self.current().clone());
            }
        }
    }
}

async fn takes_writes(link: &mut PgConnection) -> sqlx::Result<bool> {
    let is_read_only: String = sqlx::query_scalar(IS_READ_ONLY).fetch_one(link).await?;
    Ok(is_read_only == "off")
}

/// What follows the hosts, without our own parameter, and that parameter's value.
fn without_wanted(tail: &str) -> (String, Option<&str>) {
    let Some((path, query)) = tail.split_once('?') else { return (tail.to_owned(), None) };
    let is_ours = |pair: &'_ str| pair.strip_prefix(WANTED).is_some_and(|rest| rest.starts_with('='));
    let (ours, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(|pair| is_ours(pair));
    let wanted = ours.last().and_then(|pair| pair.split_once('=')).map(|(_, value)| value);
    if rest.is_empty() { (path.to_owned(), wanted) } else { (format!("{path}?{}", rest.join("&")), wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Vec<(String, u16, Option<String>)> {
        let hosts = Hosts::parse(url).unwrap();
        let told = |one: &PgConnectOptions| {
            (one.get_host().to_owned(), one.get_port(), one.get_database().map(str::to_owned))
        };
        hosts.each.iter().map(told).collect()
    }

    #[test]
    fn hosts_have_ports_of_their_own_and_share_the_rest() {
        let rims = Some("rims".to_owned());
        assert_eq!(parsed("postgres://u@db1/rims"), [("db1".to_owned(), 5432, rims.clone())]);
        let two =
            "postgresql://u:p%40w@db1:6000,db2:6001/rims?sslmode=disable&target_session_attrs=read-write";
        let expected = [("db1".to_owned(), 6000, rims.clone()), ("db2".to_owned(), 6001, rims)];
        assert_eq!(parsed(two), expected);
        assert_eq!(Hosts::parse(two).unwrap().each[1].get_username(), "u");
        assert_eq!(parsed("postgres://db1,db2").len(), 2);
    }

    #[test]
    fn a_server_alone_is_asked_only_if_that_is_wanted() {
        let is_checked = |url| Hosts::parse(url).unwrap().is_checked;
        assert!(!is_checked("postgres://u@db1/rims"));
        assert!(is_checked("postgres://u@db1/rims?target_session_attrs=read-write"));
        assert!(is_checked("postgres://u@db1/rims?sslmode=disable&target_session_attrs=primary"));
        assert!(is_checked("postgres://u@db1,db2/rims"));
    }

    #[test]
    fn connections_to_other_machines_ask_for_tls() {
        for (url, expected) in [
            ("sqlite:///var/lib/rims/rims.db", true),
            ("postgres://u@db1/rims", false),
            ("postgres://u@10.0.0.5/rims", false),
            ("postgres://u@db1/rims?sslmode=prefer", false),
            ("postgresql://u@db1/rims?sslmode=disable", false),
            ("postgres://u@db1/rims?sslmode=require", true),
            ("postgres://u@db1/rims?sslmode=verify-ca", true),
            ("postgres://u@db1,db2/rims?sslmode=verify-full", true),
            ("postgres://u@localhost/rims", true),
            ("postgres://u@127.0.0.1:6000/rims", true),
            ("postgres://u@[::1]/rims", true),
            ("postgres://u@%2Frun%2Fpostgresql/rims", true),
            ("postgres:///rims?host=/run/postgresql", true),
            ("postgres://u@127.0.0.1,db2/rims", false),
        ] {
            assert_eq!(asks_for_tls(url), expected, "{url}");
        }
    }

    #[test]
    fn what_rims_cannot_use_is_refused() {
        for url in [
            "postgres://u@db1,/rims?port=x",
            "postgres://u@db1,db2:x/rims",
            "postgres://u@db1/rims?target_session_attrs=standby",
            "postgres://u@db1,db2/rims?target_session_attrs=any",
        ] {
            assert!(matches!(Hosts::parse(url), Err(OpenError::Url(_))), "{url}");
        }
    }
}
