//! The sockets of a fake: connections are accepted, secured, and handed to one of the two protocols.

use crate::certificate::{Authority, Certificate};
use crate::fake::{Settings, Versions, Welcome};
use crate::script::Script;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::{fmt, io};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What all fakes of a process run on: none of the tests' own threads.
pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("fake").enable_io().build().expect("a runtime can be made")
    })
}

/// One fake's server.
pub(crate) struct Server {
    pub(crate) script: Script,
    settings: Settings,
    tls: Option<TlsAcceptor>,
    connections: AtomicUsize,
    /// How many of them have ended.
    ended: watch::Sender<usize>,
    stopped: watch::Sender<bool>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).field("script", &self.script).finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn new(settings: Settings, script: Script) -> Self {
        let tls = tls(&settings);
        let (ended, stopped) = (watch::Sender::new(0), watch::Sender::new(false));
        Self { script, settings, tls, connections: AtomicUsize::new(0), ended, stopped }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many connections have ended.
    pub(crate) async fn ended(&self, count: usize) {
        // The sender is `self`.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= count).await;
    }

    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    async fn has_stopped(&self) {
        // The sender is `self`, so this ends with the stop and with nothing else.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Accepts connections until the fake stops.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.has_stopped() => return,
            };
            let Ok((socket, _)) = accepted else { return };
            let number = self.connections.fetch_add(1, Ordering::SeqCst);
            let server = self.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = server.clone().receive(socket, number) => {}
                    () = server.has_stopped() => {}
                }
                server.ended.send_modify(|ended| *ended += 1);
            });
        }
    }

    async fn receive(self: Arc<Self>, socket: TcpStream, number: usize) {
        let welcome = (self.settings.welcome)(number);
        match welcome {
            Welcome::CloseAtOnce => return,
            Welcome::Silence => std::future::pending().await,
            Welcome::Serve | Welcome::CloseAfterHandshake => {}
        }
        let _ = socket.set_nodelay(true);
        let stream = match &self.tls {
            None => Stream::Plain(socket),
            Some(tls) => match tls.accept(socket).await {
                Ok(stream) => Stream::Tls(Box::new(stream)),
                // The client would not have it, or had no certificate. That is its test's to notice.
                Err(_) => return,
            },
        };
        if welcome == Welcome::CloseAfterHandshake {
            return;
        }
        if stream.is_http2() {
            crate::http2::serve(self, stream, number).await;
        } else {
            crate::http1::serve(self, stream, number).await;
        }
    }
}

fn tls(settings: &Settings) -> Option<TlsAcceptor> {
    let certificate = settings.certificate.clone()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.expect("ring has the versions that rustls has");
    let builder = if settings.wants_client_certificate {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(Authority::shared().der().clone()).expect("the authority is one");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        builder.with_client_cert_verifier(verifier.expect("there is a root"))
    } else {
        builder.with_no_client_auth()
    };
    let config = builder.with_single_cert(vec![certificate.der], certificate.key);
    let mut config = config.expect("a certificate has its own key");
    config.alpn_protocols = match settings.versions {
        Versions::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Versions::Http1 => vec![b"http/1.1".to_vec()],
    };
    Some(TlsAcceptor::from(Arc::new(config)))
}

/// TLS for a server that speaks something of its own inside.
pub(crate) fn server_tls(certificate: Certificate) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("ring has the versions that rustls has").with_no_client_auth();
    let config = builder.with_single_cert(vec![certificate.der], certificate.key);
    TlsAcceptor::from(Arc::new(config.expect("a certificate has its own key")))
}

/// A connection with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// The socket below.
    pub(crate) fn socket(&mut self) -> &mut TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_mut().0,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
