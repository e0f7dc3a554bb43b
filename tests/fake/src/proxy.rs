//! A proxy: HTTP CONNECT, with or without TLS, and SOCKS 5. It keeps every byte that it carries, where each way led, and who came.

use crate::certificate::Certificate;
use crate::server::{runtime, server_tls};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a proxy speaks.
#[derive(Debug)]
pub enum Speaks {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT within TLS, with this certificate.
    Https(Certificate),
    /// SOCKS 5.
    Socks5,
    /// It takes connections and says nothing.
    Silence,
}

/// One way that somebody asked a proxy for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Host and port, as they were named: what is a name here was not resolved by whoever asked.
    pub to: String,
    /// User and password, where there were any.
    pub login: Option<String>,
}

/// A running proxy, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    scheme: &'static str,
    kept: Arc<Kept>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Kept {
    speaks: Speaks,
    /// User and password that it wants.
    wants: Option<String>,
    /// What every name leads to.
    leads_to: Option<String>,
    passages: Mutex<Vec<Passage>>,
    carried: Mutex<Vec<u8>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Proxy {
    /// One that leads wherever it is asked to.
    #[must_use]
    pub fn new(speaks: Speaks) -> Self {
        Self::start(speaks, None, None)
    }

    /// One that wants a login, `USER:PASSWORD`.
    #[must_use]
    pub fn wanting(speaks: Speaks, login: &str) -> Self {
        Self::start(speaks, Some(login.to_owned()), None)
    }

    /// One for which every name leads to this address, as if only it could resolve them.
    #[must_use]
    pub fn leading_to(speaks: Speaks, address: &str) -> Self {
        Self::start(speaks, None, Some(address.to_owned()))
    }

    fn start(speaks: Speaks, wants: Option<String>, leads_to: Option<String>) -> Self {
        let scheme = match &speaks {
            Speaks::Http | Speaks::Silence => "http",
            Speaks::Https(_) => "https",
            Speaks::Socks5 => "socks5",
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be set up");
        let address = listener.local_addr().expect("a bound socket has an address");
        let kept = Arc::new(Kept { speaks, wants, leads_to, passages: Mutex::default(), carried: Mutex::default() });
        let _entered = runtime().enter();
        let listener = TcpListener::from_std(listener).expect("a socket can be set up");
        let accepting = runtime().spawn(accept(listener, kept.clone()));
        Self { address, scheme, kept, accepting }
    }

    /// Where it is, as a kubeconfig writes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same with a login before the host.
    #[must_use]
    pub fn url_as(&self, login: &str) -> String {
        format!("{}://{login}@{}", self.scheme, self.address)
    }

    /// All ways that it was asked for, whether or not it gave them.
    #[must_use]
    pub fn passages(&self) -> Vec<Passage> {
        lock(&self.kept.passages).clone()
    }

    /// Every byte that it has carried, in both directions, as far as it can see them.
    #[must_use]
    pub fn carried(&self) -> Vec<u8> {
        lock(&self.kept.carried).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, kept: Arc<Kept>) {
    while let Ok((peer, _)) = listener.accept().await {
        let kept = kept.clone();
        // What a client does not like, it says itself.
        tokio::spawn(async move { drop(serve(peer, &kept).await) });
    }
}

/// Any stream.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn serve(peer: TcpStream, kept: &Kept) -> io::Result<()> {
    let mut peer: Pin<Box<dyn Stream>> = match &kept.speaks {
        Speaks::Https(certificate) => Box::pin(server_tls(certificate.clone()).accept(peer).await?),
        Speaks::Silence => std::future::pending().await,
        Speaks::Http | Speaks::Socks5 => Box::pin(peer),
    };
    let passage = match &kept.speaks {
        Speaks::Socks5 => ask_socks(&mut peer, kept.wants.is_some()).await?,
        Speaks::Http | Speaks::Https(_) | Speaks::Silence => ask_connect(&mut peer).await?,
    };
    let is_welcome = kept.wants.as_deref().is_none_or(|wanted| passage.login.as_deref() == Some(wanted));
    let to = kept.leads_to.clone().unwrap_or_else(|| passage.to.clone());
    lock(&kept.passages).push(passage);
    let onward = if is_welcome { TcpStream::connect(&to).await.ok() } else { None };
    let is_socks = matches!(kept.speaks, Speaks::Socks5);
    let answer: &[u8] = match (&onward, is_welcome, is_socks) {
        (Some(_), _, true) => b"\x05\x00\x00\x01\0\0\0\0\0\0",
        (None, _, true) => b"\x05\x05\x00\x01\0\0\0\0\0\0",
        (Some(_), _, false) => b"HTTP/1.1 200 Connection established\r\n\r\n",
        (None, true, false) => b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
        (None, false, false) => b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
    };
    peer.write_all(answer).await?;
    let Some(onward) = onward else { return peer.shutdown().await };
    let (mut from_peer, mut to_peer) = tokio::io::split(peer);
    let (mut from_target, mut to_target) = onward.into_split();
    tokio::select! {
        ended = carry(&mut from_peer, &mut to_target, kept) => ended,
        ended = carry(&mut from_target, &mut to_peer, kept) => ended,
    }
}

async fn carry(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin), kept: &Kept) -> io::Result<()> {
    let mut piece = vec![0; 16 << 10];
    loop {
        let count = from.read(&mut piece).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        lock(&kept.carried).extend_from_slice(&piece[..count]);
        to.write_all(&piece[..count]).await?;
    }
}

fn unexpected(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// RFC 9110, section 9.3.6.
async fn ask_connect(peer: &mut Pin<Box<dyn Stream>>) -> io::Result<Passage> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(peer.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let to = lines.next().and_then(|line| line.strip_prefix("CONNECT ")?.strip_suffix(" HTTP/1.1"));
    let to = to.ok_or_else(|| unexpected("no CONNECT"))?.to_owned();
    let login = lines.find(|line| line.to_ascii_lowercase().starts_with("proxy-authorization:"));
    let login = login.and_then(|line| line.split_once("Basic ")).map(|(_, encoded)| decoded(encoded));
    Ok(Passage { to, login })
}

fn decoded(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// RFC 1928 and RFC 1929.
async fn ask_socks(peer: &mut Pin<Box<dyn Stream>>, wants_login: bool) -> io::Result<Passage> {
    let _version = peer.read_u8().await?;
    let methods = text(peer).await?;
    let method = u8::from(wants_login) * 2;
    if !methods.as_bytes().contains(&method) {
        peer.write_all(&[5, 0xff]).await?;
        return Err(unexpected("no login"));
    }
    peer.write_all(&[5, method]).await?;
    let mut login = None;
    if wants_login {
        let _version = peer.read_u8().await?;
        login = Some(format!("{}:{}", text(peer).await?, text(peer).await?));
        peer.write_all(&[1, 0]).await?;
    }
    let mut head = [0; 4];
    peer.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => {
            let mut address = [0; 4];
            peer.read_exact(&mut address).await?;
            std::net::Ipv4Addr::from(address).to_string()
        }
        3 => text(peer).await?,
        _ => return Err(unexpected("another kind of address")),
    };
    let port = peer.read_u16().await?;
    Ok(Passage { to: format!("{host}:{port}"), login })
}

/// Bytes with their number before them.
async fn text(peer: &mut Pin<Box<dyn Stream>>) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(peer.read_u8().await?)];
    peer.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
