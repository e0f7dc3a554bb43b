//! The transport: pooled connections to one target. It takes a [`Permit`] and nothing else, and sends what the permit was made for.
//!
//! Its own retries are off, redirects are not followed, proxies of the environment are ignored; a target's own is `proxy`'s affair. What may be sent again is
//! `egress`'s to decide.

use crate::budget::Budgets;
use crate::credential::{Credential, CredentialError, CredentialProvider, Refusal};
use crate::mask::{Mask, Masks};
use crate::proxy::{Proxy, Way};
use crate::resolve::Resolver;
use crate::target::{Base, HttpVersions, TargetError, TargetSettings, Verification};
use crate::tls::{client_config, explain};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use meho_policy::address::Rebinding;
use meho_policy::decide::Permit;
use rustls_pki_types::ServerName;
use std::error::Error as _;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// An API server allows 100 streams on one connection; past this many a further client, with a connection of its own, is used.
const STREAMS_A_CLIENT: usize = 80;
/// Most clients of one credential generation.
const MAX_CLIENTS: usize = 8;
/// How long an unused connection is kept. API servers and the balancers before them close idle ones after minutes.
const IDLE: Duration = Duration::from_secs(60);
/// How much of one stream may be under way unread.
const STREAM_WINDOW: u32 = 1 << 20;
/// More than all streams of a client together: one that its guest does not read cannot hold up the others.
const CONNECTION_WINDOW: u32 = 128 << 20;
/// Largest header list of an answer.
const MAX_HEADER_BYTES: u32 = 64 << 10;
/// Begins like no browser's and no curl's: those get pretty-printed JSON, twice the bytes.
const USER_AGENT: &str = concat!("meho-host/", env!("CARGO_PKG_VERSION"));
/// The API server adopts this id for its audit log.
pub(crate) const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");

type HyperClient = Client<HttpsConnector<Way>, Full<Bytes>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("there is no credential for the target")]
    Credential(#[source] CredentialError),
    #[error("the target cannot be used")]
    Target(#[source] TargetError),
    /// No connection: nothing was sent.
    #[error("{reason}")]
    Connect { reason: String },
    /// The TLS handshake failed: nothing was sent.
    #[error("{reason}")]
    Tls { reason: String, remedy: &'static str },
    /// The connection was gone before a byte of the request was written.
    #[error("the connection closed before the request was sent")]
    NotSent,
    /// It was sent, and then the connection broke.
    #[error("{reason}")]
    Broken { reason: String },
    #[error("there was no answer within {} s", after.as_secs())]
    Timeout { after: Duration },
}

/// The connections to one target.
pub(crate) struct Upstream {
    base: Base,
    verification: Verification,
    server_name: Option<ServerName<'static>>,
    http: HttpVersions,
    proxy: Option<Proxy>,
    resolver: Resolver,
    credentials: Arc<dyn CredentialProvider>,
    /// Of the newest credential generation. A rotated credential never uses an older one's connections.
    pool: Mutex<Option<Arc<Pool>>>,
    masks: Arc<Masks>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream")
            .field("base", &self.base)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// The connections of one credential generation.
pub(crate) struct Pool {
    credential: Arc<Credential>,
    masks: Arc<Masks>,
    connector: HttpsConnector<Way>,
    clients: Mutex<Vec<SharedClient>>,
}

#[derive(Clone)]
struct SharedClient {
    client: HyperClient,
    streams: Arc<AtomicUsize>,
}

/// A stream of a client, counted until it is dropped.
pub(crate) struct Stream(Arc<AtomicUsize>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer whose body has not been read.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) stream: Stream,
}

impl Upstream {
    pub(crate) fn new(
        base: Base,
        settings: &TargetSettings,
        server_name: Option<ServerName<'static>>,
        credentials: Arc<dyn CredentialProvider>,
    ) -> Result<Self, TargetError> {
        // What cannot be used is found now and not at the first call.
        client_config(&settings.verification, None)?;
        let is_verified = settings.verification != Verification::DangerousNone;
        let rebinding = if is_verified { Rebinding::WithinClass } else { Rebinding::Pinned };
        Ok(Self {
            base,
            verification: settings.verification.clone(),
            server_name,
            http: settings.http,
            proxy: settings.proxy.clone(),
            resolver: Resolver::new(rebinding),
            credentials,
            pool: Mutex::new(None),
            masks: Arc::default(),
        })
    }

    /// The connections of the current credential.
    pub(crate) async fn pool(&self, budgets: &Budgets) -> Result<Arc<Pool>, TransportError> {
        let credential = self.credentials.current().await.map_err(TransportError::Credential)?;
        self.pool_of(credential, budgets)
    }

    /// The connections of another credential than this one, which the target has refused; the same where there is no other.
    pub(crate) async fn refreshed(&self, refused: &Pool, budgets: &Budgets) -> Result<Arc<Pool>, TransportError> {
        let credential = self.credentials.refresh(&refused.credential).await.map_err(TransportError::Credential)?;
        self.pool_of(credential, budgets)
    }

    /// What to say where the target refuses the credential of this pool, and there is no other.
    pub(crate) fn refusal(&self, refused: &Pool) -> Refusal {
        self.credentials.refusal(&refused.credential)
    }

    fn pool_of(&self, credential: Arc<Credential>, budgets: &Budgets) -> Result<Arc<Pool>, TransportError> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pool.as_ref().filter(|known| known.credential.generation() == credential.generation()) {
            return Ok(known.clone());
        }
        let identity = credential.identity().map(AsRef::as_ref);
        let tls = client_config(&self.verification, identity).map_err(TransportError::Target)?;
        let tcp = HttpConnector::new_with_resolver(self.resolver.clone());
        let way =
            Way::new(tcp, self.proxy.as_ref(), &self.verification, budgets.connect).map_err(TransportError::Target)?;
        let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
        if let Some(name) = &self.server_name {
            builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name.clone()));
        }
        let connector = match self.http {
            HttpVersions::Any => builder.enable_all_versions().wrap_connector(way),
            HttpVersions::Http1 => builder.enable_http1().wrap_connector(way),
        };
        self.masks.learn(&credential);
        let fresh = Pool { masks: self.masks.clone(), credential, connector, clients: Mutex::default() };
        Ok(pool.insert(Arc::new(fresh)).clone())
    }

    /// Sends one permitted request. `audit_id` is fresh for each attempt.
    pub(crate) async fn send(
        &self,
        pool: &Pool,
        permit: &Permit,
        audit_id: &str,
        budgets: &Budgets,
    ) -> Result<Answer, TransportError> {
        let request = self.render(pool, permit, audit_id)?;
        let shared = pool.client();
        shared.streams.fetch_add(1, Ordering::Relaxed);
        let stream = Stream(shared.streams.clone());
        let after = budgets.first_byte;
        match tokio::time::timeout(after, shared.client.request(request)).await {
            Ok(Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => Err(TransportError::Broken {
                reason: "the target switched to a protocol that nobody asked for".to_owned(),
            }),
            Ok(Ok(response)) => Ok(Answer { response, stream }),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(TransportError::Timeout { after }),
        }
    }

    /// The request as it leaves: rendered from what was judged, with what the host adds.
    fn render(&self, pool: &Pool, permit: &Permit, audit_id: &str) -> Result<Request<Full<Bytes>>, TransportError> {
        let judged = permit.request();
        let broken = |what: &str| TransportError::Broken { reason: format!("{what} cannot be sent") };
        let uri = http::Uri::builder()
            .scheme(self.base.scheme.clone())
            .authority(self.base.authority.clone())
            .path_and_query(format!("{}{}", self.base.path, judged.rendered_path_and_query()))
            .build()
            .map_err(|_| broken("the path"))?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| broken("a header"));
        let mut request = Request::builder().method(judged.method().as_str()).uri(uri);
        let headers = request.headers_mut().ok_or_else(|| broken("the request"))?;
        headers.insert(header::ACCEPT, value(judged.accept().as_str())?);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.insert(AUDIT_ID, value(audit_id)?);
        if let Some(bearer) = pool.credential.expose_bearer() {
            headers.insert(header::AUTHORIZATION, bearer);
        }
        let body = match judged.body() {
            Some(body) => {
                headers.insert(header::CONTENT_TYPE, value(body.media_type())?);
                Full::from(body.bytes().to_vec())
            }
            None => Full::default(),
        };
        request.body(body).map_err(|_| broken("the request"))
    }
}

impl Pool {
    /// For a piece of text that has come.
    pub(crate) fn mask(&self) -> Mask {
        self.masks.now()
    }

    /// For a stream of them.
    pub(crate) fn masks(&self) -> Arc<Masks> {
        self.masks.clone()
    }

    pub(crate) fn generation(&self) -> &str {
        self.credential.generation()
    }

    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The least busy client. HTTP/2 puts all streams of one client on one connection, so another is made before that is full.
    fn client(&self) -> SharedClient {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let idlest = clients.iter().min_by_key(|shared| shared.streams.load(Ordering::Relaxed));
        match idlest {
            Some(shared)
                if shared.streams.load(Ordering::Relaxed) < STREAMS_A_CLIENT || clients.len() >= MAX_CLIENTS =>
            {
                shared.clone()
            }
            _ => {
                let fresh = SharedClient { client: self.make_client(), streams: Arc::default() };
                clients.push(fresh.clone());
                fresh
            }
        }
    }

    fn make_client(&self) -> HyperClient {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .retry_canceled_requests(false)
            .set_host(true)
            .http1_max_buf_size(1 << 20)
            .http1_max_headers(100)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW)
            .http2_max_frame_size(1 << 20)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .build(self.connector.clone())
    }
}

/// What a client's error means: was anything sent, and what was it that failed.
fn classify(error: &hyper_util::client::legacy::Error) -> TransportError {
    let mut source = error.source();
    while let Some(inner) = source {
        // Once a connection stands a request may have left on it, whatever TLS finds wrong afterwards.
        if let Some(tls) = tls_error(inner).filter(|_| error.is_connect()) {
            let (reason, remedy) = explain(tls);
            return TransportError::Tls { reason, remedy };
        }
        if let Some(hyper) = inner.downcast_ref::<hyper::Error>()
            && hyper.is_canceled()
        {
            return TransportError::NotSent;
        }
        source = inner.source();
    }
    let reason = innermost(error);
    if error.is_connect() {
        TransportError::Connect { reason: format!("no connection to the target: {reason}") }
    } else {
        TransportError::Broken { reason: format!("the connection to the target broke: {reason}") }
    }
}

fn tls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    match error.downcast_ref::<rustls::Error>() {
        Some(tls) => Some(tls),
        // An I/O error shows its inner error's source and not the inner error itself, which may be an I/O error as well.
        None => tls_error(error.downcast_ref::<std::io::Error>()?.get_ref()?),
    }
}

fn innermost(error: &hyper_util::client::legacy::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(inner) = last.source() {
        last = inner;
    }
    last.to_string()
}
