//! Proxies: how a target is reached that a kubeconfig's `proxy-url` says is behind one. Those of the environment are ignored.
//!
//! A proxy carries bytes: TLS to the target goes through it and is verified end to end, so it sees the target's name and no request. With a proxy it is the
//! proxy's address that is held against the address rules; the target's name is resolved by the proxy, and no rule of ours can be held against what it
//! finds. Its own credential, in the URL, is sent to it alone, and is exposed in this file alone.

use crate::resolve::Resolver;
use crate::target::{TargetError, Verification};
use crate::tls::proxy_config;
use base64::Engine as _;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use meho_policy::address::admit_literal;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower_service::Service;

/// What is spoken with a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT within TLS.
    Https,
    /// SOCKS 5; names are resolved by the proxy, as Kubernetes' own clients have it.
    Socks5,
}

/// A proxy. Shows itself without its credential.
#[derive(Clone)]
pub struct Proxy {
    kind: Kind,
    /// Host and port.
    authority: Authority,
    credential: Option<Login>,
}

#[derive(Clone)]
struct Login {
    user: String,
    password: SecretString,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}, {})", if self.credential.is_some() { "[redacted]" } else { "no credential" })
    }
}

impl Proxy {
    /// A proxy by its URL: `http`, `https`, `socks5` or `socks5h`, a host, a port where it is not 80, 443 or 1080, and `USER:PASSWORD@` before it
    /// where it wants that, percent-encoded.
    ///
    /// # Errors
    /// Where the URL is none of these; never with a part of it that may be a credential.
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        let refused = |reason: &str| TargetError::Proxy { reason: reason.to_owned() };
        let uri: Uri = url.parse().map_err(|_| refused("its URL does not parse"))?;
        let (kind, port) = match uri.scheme_str() {
            Some("http") => (Kind::Http, 80),
            Some("https") => (Kind::Https, 443),
            Some("socks5" | "socks5h") => (Kind::Socks5, 1080),
            Some(_) => return Err(refused("its URL's scheme is none of http, https and socks5")),
            None => return Err(refused("its URL has no scheme: http, https and socks5 are supported")),
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(refused("its URL has a path or a query"));
        }
        let whole = uri.authority().ok_or_else(|| refused("its URL has no host"))?;
        let credential = match whole.as_str().rsplit_once('@') {
            Some((login, _)) => Some(Login::parse(login).ok_or_else(|| refused("its credential does not decode"))?),
            None => None,
        };
        let host = whole.host();
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if literal.is_some_and(|address| admit_literal(address).is_err()) {
            return Err(refused("its address is link-local, or one at which a cloud answers for its machines"));
        }
        let authority = format!("{host}:{}", whole.port_u16().unwrap_or(port));
        let authority = authority.parse().map_err(|_| refused("its URL has no host"))?;
        Ok(Self { kind, authority, credential })
    }

    /// Where the connection to it goes.
    fn uri(&self) -> Uri {
        let scheme = if self.kind == Kind::Https { Scheme::HTTPS } else { Scheme::HTTP };
        let built = Uri::builder().scheme(scheme).authority(self.authority.clone()).path_and_query("/").build();
        built.expect("a scheme, an authority and a slash are a URI")
    }
}

impl Login {
    fn parse(text: &str) -> Option<Self> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let decoded = |text| percent_decode_str(text).decode_utf8().ok();
        let (user, password) = (decoded(user)?.into_owned(), decoded(password)?.into_owned());
        // SOCKS has a byte for their length (RFC 1929).
        (user.len() <= 255 && password.len() <= 255).then(|| Self { user, password: SecretString::from(password) })
    }

    /// RFC 7617.
    fn expose_basic(&self) -> HeaderValue {
        let pair = format!("{}:{}", self.user, self.password.expose_secret());
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).expect("base64 is a header value");
        value.set_sensitive(true);
        value
    }
}

type BoxError = Box<dyn Error + Send + Sync>;
type Tcp = HttpConnector<Resolver>;

/// The way to a target: the connection below its TLS.
#[derive(Clone)]
pub(crate) struct Way {
    hop: Hop,
    /// For the whole of it, which the connector's own time for one connection is not.
    patience: Duration,
    through: Option<Arc<str>>,
}

#[derive(Clone)]
enum Hop {
    Direct(Tcp),
    Connect(Tunnel<Tcp>),
    SecureConnect(Tunnel<HttpsConnector<Tcp>>),
    Socks(SocksV5<Tcp>),
}

/// A proxy did not lead to the target. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} does not lead there: {reason}")]
struct NoWay {
    proxy: Arc<str>,
    reason: String,
}

impl Way {
    /// The way that `proxy` gives, or the direct one.
    pub(crate) fn new(
        mut tcp: Tcp,
        proxy: Option<&Proxy>,
        verification: &Verification,
        patience: Duration,
    ) -> Result<Self, TargetError> {
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        let through = proxy.map(|proxy| proxy.to_string().into());
        let Some(proxy) = proxy else { return Ok(Self { hop: Hop::Direct(tcp), patience, through }) };
        let hop = match proxy.kind {
            Kind::Http => Hop::Connect(tunnel(proxy, tcp)),
            Kind::Https => Hop::SecureConnect(tunnel(proxy, HttpsConnector::from((tcp, proxy_config(verification)?)))),
            Kind::Socks5 => {
                let socks = SocksV5::new(proxy.uri(), tcp);
                Hop::Socks(match &proxy.credential {
                    Some(login) => socks.with_auth(login.user.clone(), login.password.expose_secret().to_owned()),
                    None => socks,
                })
            }
        };
        Ok(Self { hop, patience, through })
    }
}

fn tunnel<C>(proxy: &Proxy, below: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.uri(), below);
    match &proxy.credential {
        Some(login) => tunnel.with_auth(login.expose_basic()),
        None => tunnel,
    }
}

impl Service<Uri> for Way {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match &mut self.hop {
            Hop::Direct(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Hop::Connect(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            Hop::SecureConnect(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            Hop::Socks(socks) => socks.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting: Self::Future = match &mut self.hop {
            Hop::Direct(tcp) => {
                let connecting = tcp.call(target);
                return Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) });
            }
            Hop::Connect(tunnel) => {
                let connecting = tunnel.call(target);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
            Hop::SecureConnect(tunnel) => {
                let connecting = tunnel.call(target);
                Box::pin(async move { Ok(connecting.await?) })
            }
            Hop::Socks(socks) => {
                let connecting = socks.call(target);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
        };
        let (patience, proxy) = (self.patience, self.through.clone().unwrap_or_default());
        Box::pin(async move {
            let reason = match tokio::time::timeout(patience, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                // Without its causes: what is wrong with the proxy's certificate would be taken for the target's.
                Ok(Err(error)) => innermost(error.as_ref()),
                Err(_) => format!("it did not answer within {} s", patience.as_secs()),
            };
            Err(NoWay { proxy, reason }.into())
        })
    }
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}
