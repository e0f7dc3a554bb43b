//! A server's URL in one form, so that no way of writing one leads around what is said of it.

use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;

/// Where a server is: `https://HOST:PORT[/PATH]`, in lower case, with its port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Server(String);

impl Server {
    /// A server from its URL.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        const FORM: &str = "a server is of the form https://HOST[:PORT][/PATH], without a user part";
        let (scheme, rest) = url.split_once("://").ok_or(FORM)?;
        let scheme = scheme.to_ascii_lowercase();
        let usual = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(FORM),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let strange = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '?' | '#' | '\\');
        if rest.contains(strange) {
            return Err(FORM);
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(FORM)?)),
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        // Where no number stands behind the colon, it is the usual one (RFC 3986, section 3.2.3).
        let port: u16 = port.filter(|port| !port.is_empty()).map_or(Ok(usual), str::parse).map_err(|_| FORM)?;
        // A name with a dot at its end leads to the same.
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let host = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            Ok(IpAddr::V4(address)) => address.to_string(),
            Err(_) if host.is_empty() || host.contains(':') => return Err(FORM),
            Err(_) => host,
        };
        let path = path.trim_end_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        Ok(Self(format!("{scheme}://{host}:{port}{slash}{path}")))
    }
}

impl TryFrom<String> for Server {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
