//! A running fake.

use crate::answer::Answer;
use crate::certificate::{Authority, Certificate, Validity};
use crate::expected::Expected;
use crate::script::Script;
use crate::seen::Seen;
use crate::server::{Server, runtime};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Which HTTP versions a fake offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Both, HTTP/2 first.
    Both,
    /// HTTP/1.1 only.
    Http1,
}

/// How a connection is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Welcome {
    /// It is served.
    Serve,
    /// It is closed before TLS has begun.
    CloseAtOnce,
    /// It is closed once TLS stands, before a byte of a request is read.
    CloseAfterHandshake,
    /// Nobody ever says a word on it.
    Silence,
}

/// How a fake is set up.
pub struct Settings {
    /// Its certificate; none for no TLS.
    pub certificate: Option<Certificate>,
    /// Which HTTP versions it offers.
    pub versions: Versions,
    /// Whether it wants a certificate of its clients, by the shared authority.
    pub wants_client_certificate: bool,
    /// How it receives its connections; 0 is the first.
    pub welcome: Box<dyn Fn(usize) -> Welcome + Send + Sync>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("versions", &self.versions).finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            certificate: Some(Authority::shared().server(&["127.0.0.1", "localhost"], Validity::Now)),
            versions: Versions::Both,
            wants_client_certificate: false,
            welcome: Box::new(|_| Welcome::Serve),
        }
    }
}

impl Settings {
    /// HTTP/1.1 only.
    #[must_use]
    pub fn http1() -> Self {
        Self { versions: Versions::Http1, ..Self::default() }
    }
}

/// A running fake. When it is dropped it stops, and fails the test that it belongs to where not everything was as expected.
#[derive(Debug)]
pub struct Fake {
    server: Arc<Server>,
    address: SocketAddr,
    is_tls: bool,
}

impl Fake {
    /// One that expects exactly these requests, in any order.
    #[must_use]
    pub fn expecting(expected: impl IntoIterator<Item = Expected>) -> Self {
        Self::start(Settings::default(), Script::table(expected.into_iter().collect()))
    }

    /// The same, set up in another way.
    #[must_use]
    pub fn expecting_with(settings: Settings, expected: impl IntoIterator<Item = Expected>) -> Self {
        Self::start(settings, Script::table(expected.into_iter().collect()))
    }

    /// One that asks a function for its answers. None means that the request was not expected.
    #[must_use]
    pub fn answering(reply: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::answering_with(Settings::default(), reply)
    }

    /// The same, set up in another way.
    #[must_use]
    pub fn answering_with(settings: Settings, reply: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self::start(settings, Script::function(Box::new(reply)))
    }

    /// One that expects nothing at all.
    #[must_use]
    pub fn silent() -> Self {
        Self::expecting([])
    }

    fn start(settings: Settings, script: Script) -> Self {
        let is_tls = settings.certificate.is_some();
        let server = Arc::new(Server::new(settings, script));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be set up");
        let address = listener.local_addr().expect("a bound socket has an address");
        let _entered = runtime().enter();
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket can be set up");
        runtime().spawn(server.clone().accept(listener));
        Self { server, address, is_tls }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_tls { "https" } else { "http" }, self.address)
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// All requests so far, in their order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.server.script.seen()
    }

    /// All requests so far as lines of method, path and query.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// How many connections there have been, whatever became of them.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Waits until so many connections have ended.
    pub async fn ended(&self, count: usize) {
        self.server.ended(count).await;
    }

    /// Waits until so many requests have arrived.
    pub async fn arrived(&self, count: usize) {
        self.server.script.arrived(count).await;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.stop();
        let complaints = self.server.script.complaints();
        if !complaints.is_empty() && !std::thread::panicking() {
            panic!("the fake target complains:\n  {}", complaints.join("\n  "));
        }
    }
}
