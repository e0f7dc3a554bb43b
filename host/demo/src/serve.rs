//! The sockets: TLS, HTTP/1.1 and HTTP/2, compression, and what goes wrong on request.

use crate::answer::{Answer, Body};
use crate::cluster::Cluster;
use crate::faults::{self, Effect};
use crate::request::Request;
use crate::status::Refusal;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;

/// The largest body of a request, as the API server has it.
const BODY_BYTES: usize = 3 << 20;
/// The largest head of a request.
const HEAD_BYTES: usize = 1 << 20;
/// Answers are compressed from this size on, as the API server does it.
const GZIP_FROM_BYTES: usize = 128 * 1024;
/// How many connections are served at a time.
const CONNECTIONS: usize = 1024;
/// How long a body that is to break is held, so that its beginning is sent.
const BREAK: Duration = Duration::from_millis(100);
/// How long a handshake, the head of a request and its body may take, each.
const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts connections until the task is ended.
pub(crate) async fn accept(cluster: Arc<Cluster>, listener: TcpListener, tls: TlsAcceptor) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else { continue };
        let (cluster, tls) = (cluster.clone(), tls.clone());
        tokio::spawn(async move {
            serve(cluster, socket, tls).await;
            drop(place);
        });
    }
}

async fn serve(cluster: Arc<Cluster>, socket: TcpStream, tls: TlsAcceptor) {
    let _ = socket.set_nodelay(true);
    let Ok((socket, connection)) = Connection::of(socket) else { return };
    // A client that does not speak TLS, or does not trust us, has its own to say about that.
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(socket)).await else { return };
    let connection = Arc::new(connection);
    let for_requests = connection.clone();
    let service = service_fn(move |request| respond(cluster.clone(), for_requests.clone(), request));
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(HEAD_BYTES);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(1 << 16);
    tokio::select! {
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
        () = connection.reset.notified() => connection.abort(),
    }
}

/// What is needed to break a connection off.
struct Connection {
    socket: std::net::TcpStream,
    reset: Notify,
}

impl Connection {
    /// A second hold on a socket.
    fn of(socket: TcpStream) -> io::Result<(TcpStream, Self)> {
        let socket = socket.into_std()?;
        let second = socket.try_clone()?;
        Ok((TcpStream::from_std(socket)?, Self { socket: second, reset: Notify::new() }))
    }

    /// Closing sends a reset then, and nothing that is still to be sent.
    fn abort(&self) {
        let second = self.socket.try_clone().and_then(TcpStream::from_std);
        let _ = second.and_then(|socket| socket.set_zero_linger());
    }
}

async fn respond(
    cluster: Arc<Cluster>,
    connection: Arc<Connection>,
    request: hyper::Request<Incoming>,
) -> Result<Response<Stream>, io::Error> {
    let (head, body) = request.into_parts();
    let uri = head.uri.path_and_query().map_or("/", |uri| uri.as_str()).to_owned();
    let effect = cluster.faults.take(head.method.as_str(), head.uri.path());
    match &effect {
        Some(Effect::Latency(latency)) => tokio::time::sleep(*latency).await,
        Some(Effect::Reset) => {
            // First the whole request: who is still writing would see a broken pipe in the place of a reset.
            let whole = Limited::new(body, BODY_BYTES).collect();
            let _ = tokio::time::timeout(PATIENCE, whole).await;
            connection.reset.notify_one();
            return std::future::pending().await;
        }
        Some(effect) => {
            if let Some(answer) = faults::instead(effect) {
                return Ok(response(answer, false, None));
            }
        }
        None => {}
    }
    let is_head = head.method == Method::HEAD;
    let accepts_gzip = head.headers.get_all("accept-encoding").iter().any(is_gzip);
    let request = Request::new(head.method, &uri, head.headers, Bytes::new());
    let answer = if cluster.knows(&request) {
        match tokio::time::timeout(PATIENCE, Limited::new(body, BODY_BYTES).collect()).await {
            Ok(Ok(body)) => cluster.answer(&Request { body: body.to_bytes(), ..request }),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let message = format!("Request entity too large: limit is {BODY_BYTES}");
                Refusal::new(413, "RequestEntityTooLarge", message).into()
            }
            Ok(Err(_)) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Err(_) => return Err(io::Error::from(io::ErrorKind::TimedOut)),
        }
    } else {
        // Whoever may ask for nothing fills no memory either: their body is not read.
        cluster.answer(&request)
    };
    let cut = if let Some(Effect::CutAfter(bytes)) = effect { Some(bytes) } else { None };
    let mut response = response(answer, accepts_gzip, cut);
    if is_head {
        *response.body_mut() = Stream::empty();
    }
    Ok(response)
}

fn is_gzip(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|text| text.split(',').any(|coding| coding.trim().split(';').next() == Some("gzip")))
}

fn response(answer: Answer, accepts_gzip: bool, cut: Option<usize>) -> Response<Stream> {
    let mut response = Response::new(Stream::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(*name, value);
        }
    }
    let body = match answer.body {
        Body::Watch(mut watch) => {
            let (sender, receiver) = mpsc::channel(16);
            tokio::spawn(async move {
                while let Some(line) = watch.next().await {
                    if sender.send(Ok(line)).await.is_err() {
                        return;
                    }
                }
            });
            *response.body_mut() = Stream { receiver: Some(receiver), ..Stream::empty() };
            return response;
        }
        Body::Whole(body) => body,
    };
    let zipped = (accepts_gzip && body.len() >= GZIP_FROM_BYTES).then(|| gzip(&body)).flatten();
    let body = match zipped {
        Some(zipped) => {
            headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            headers.append("vary", HeaderValue::from_static("Accept-Encoding"));
            zipped
        }
        None => body,
    };
    if answer.status != 204 {
        headers.insert("content-length", HeaderValue::from(body.len()));
    }
    *response.body_mut() = match cut.filter(|cut| *cut < body.len()) {
        Some(cut) => {
            Stream { whole: Some(body.slice(..cut)), breaks: Some(Box::pin(tokio::time::sleep(BREAK))), receiver: None }
        }
        None => Stream { whole: Some(body), ..Stream::empty() },
    };
    response
}

fn gzip(body: &Bytes) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    Some(encoder.finish().ok()?.into())
}

/// A body: bytes that are there, and then perhaps a break; or what a watch sends.
#[derive(Debug)]
struct Stream {
    whole: Option<Bytes>,
    /// When the body breaks: what was sent has left by then.
    breaks: Option<Pin<Box<tokio::time::Sleep>>>,
    receiver: Option<mpsc::Receiver<Result<Bytes, io::Error>>>,
}

impl Stream {
    fn empty() -> Self {
        Self { whole: None, breaks: None, receiver: None }
    }
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if let Some(bytes) = this.whole.take().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Some(breaks) = &mut this.breaks {
            std::task::ready!(breaks.as_mut().poll(cx));
            return Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted))));
        }
        match &mut this.receiver {
            None => Poll::Ready(None),
            Some(receiver) => receiver.poll_recv(cx).map(|line| line.map(|line| line.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.whole.as_ref().is_none_or(Bytes::is_empty) && self.breaks.is_none() && self.receiver.is_none()
    }
}
