use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;
use url::{Host, Url};

use super::guard::is_public;

/// Characters of an address as it is kept.
const MAX_CHARS: usize = 2_000;

/// Where a company wants its events: an absolute http or https address without user name, password and fragment, in
/// its normal form. `Debug` shows its host alone, for the rest of it may hold a token.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Url);

/// Why a text is no address for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Relative, of another scheme, without a host, or unreadable.
    #[error("not an absolute http or https address")]
    NotAbsolute,
    /// Longer than 2,000 characters.
    #[error("longer than 2,000 characters")]
    TooLong,
    /// `https://user:password@…`
    #[error("has a user name or a password")]
    Userinfo,
    /// `…#…`
    #[error("has a fragment")]
    Fragment,
}

impl WebhookUrl {
    /// Reads an address. Whether events may be sent there is another question: [`Targets::check`](super::Targets::check).
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text).map_err(|_| UrlError::NotAbsolute)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::NotAbsolute);
        }
        if url.as_str().len() > MAX_CHARS {
            return Err(UrlError::TooLong);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Userinfo);
        }
        if url.fragment().is_some() {
            return Err(UrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// In its normal form: only for its owner, and for where it is stored.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address itself where it is written instead of a name: it is not resolved.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        }
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({}://{}/…)", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

/// How far events may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// By https to public addresses: a company that chooses the address must not reach what stands beside the server.
    PublicOnly,
    /// By http, too, and to every address: for trials, and for networks of one's own.
    Anywhere,
}

/// Why events are not sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It is http.
    #[error("it is not https")]
    NotHttps,
    /// It is, or its name stands for, an address that is not public.
    #[error("it is not a public address")]
    NotPublic,
    /// Its port is not among `webhooks.allowed_ports`, or denied.
    #[error("its port is not among those that webhooks may use")]
    Port,
    /// The operator denies its name or an address that it stands for.
    #[error("webhooks may not reach its host")]
    Denied,
    /// It is KOROAD, the registry, the database or another system that the server itself uses.
    #[error("it is a system that the server itself uses")]
    OwnSystem,
}

impl Reach {
    /// What can be said of an address without asking what its name stands for, which
    /// [`WebhookClient::deliver`](super::WebhookClient::deliver) does at each connection.
    pub(super) fn check(self, url: &WebhookUrl) -> Result<(), NotAllowed> {
        match self {
            Self::Anywhere => Ok(()),
            Self::PublicOnly if url.0.scheme() != "https" => Err(NotAllowed::NotHttps),
            Self::PublicOnly => match url.literal() {
                Some(address) if !is_public(address) => Err(NotAllowed::NotPublic),
                _ => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> WebhookUrl {
        WebhookUrl::parse(text).unwrap()
    }

    #[test]
    fn addresses_are_absolute_and_http() {
        for text in ["https://example.com/hook?a=1&b=2", "http://127.0.0.1:8080/", "https://[2606:4700::1]/x"]
        {
            assert_eq!(url(text).as_str(), text);
        }
        assert_eq!(url("HTTPS://Example.COM:443/a/../b").as_str(), "https://example.com/b");
        assert_eq!(url("https://한국.kr").as_str(), "https://xn--3e0b707e.kr/");
        for text in [
            "",
            "/hook",
            "example.com/hook",
            "ftp://example.com/",
            "file:///etc/passwd",
            "https://",
            "https:///",
        ] {
            assert_eq!(WebhookUrl::parse(text), Err(UrlError::NotAbsolute), "{text}");
        }
    }

    #[test]
    fn they_have_neither_userinfo_nor_fragment() {
        for text in ["https://user@example.com/", "https://user:pw@example.com/", "https://:pw@example.com/"]
        {
            assert_eq!(WebhookUrl::parse(text), Err(UrlError::Userinfo), "{text}");
        }
        for text in ["https://example.com/#", "https://example.com/#top"] {
            assert_eq!(WebhookUrl::parse(text), Err(UrlError::Fragment), "{text}");
        }
    }

    #[test]
    fn they_have_at_most_2000_characters_as_kept() {
        let of = |length: usize| format!("https://example.com/{}", "a".repeat(length - 20));
        assert_eq!(url(&of(2_000)).as_str().len(), 2_000);
        assert_eq!(WebhookUrl::parse(&of(2_001)), Err(UrlError::TooLong));
        // Each of these is kept as nine characters.
        let korean = |count: usize| format!("https://example.com/{}", "가".repeat(count));
        assert_eq!(url(&korean(220)).as_str().len(), 2_000);
        assert_eq!(WebhookUrl::parse(&korean(221)), Err(UrlError::TooLong));
    }

    #[test]
    fn only_https_to_public_addresses_is_within_reach() {
        for (text, expected) in [
            ("https://example.com/", Ok(())),
            ("https://8.8.8.8/", Ok(())),
            ("https://[2606:4700::1111]/", Ok(())),
            ("http://example.com/", Err(NotAllowed::NotHttps)),
            ("http://127.0.0.1/", Err(NotAllowed::NotHttps)),
            ("https://127.0.0.1/", Err(NotAllowed::NotPublic)),
            ("https://10.1.2.3/", Err(NotAllowed::NotPublic)),
            ("https://[::1]/", Err(NotAllowed::NotPublic)),
            ("https://[::ffff:127.0.0.1]/", Err(NotAllowed::NotPublic)),
        ] {
            assert_eq!(Reach::PublicOnly.check(&url(text)), expected, "{text}");
            assert_eq!(Reach::Anywhere.check(&url(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_ways_to_write_an_address_are_the_same_address() {
        for text in
            ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "１２７.0.0.1", "%31%32%37.1"]
        {
            let url = url(&format!("https://{text}/"));
            assert_eq!(Reach::PublicOnly.check(&url), Err(NotAllowed::NotPublic), "{text}");
        }
    }

    #[test]
    fn debug_shows_the_host_alone() {
        let url = url("https://example.com:8443/secret-path?token=secret");
        assert_eq!(format!("{url:?}"), "WebhookUrl(https://example.com/…)");
    }

    proptest! {
        #[test]
        fn what_is_kept_can_be_read_again(text in "https?://[a-z0-9.:@\\[\\]-]{1,20}[/?#]?\\PC{0,60}") {
            if let Ok(url) = WebhookUrl::parse(&text) {
                prop_assert_eq!(WebhookUrl::parse(url.as_str()), Ok(url));
            }
        }
    }
}
