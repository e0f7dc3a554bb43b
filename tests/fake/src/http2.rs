//! HTTP/2, by hyper.

use crate::answer::{Answer, Body, Then};
use crate::seen::Seen;
use crate::server::{Server, Stream};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Serves one connection to its end.
pub(crate) async fn serve(server: Arc<Server>, stream: Stream, number: usize) {
    let service = service_fn(move |request| {
        let server = server.clone();
        async move {
            let request = seen(request, number).await?;
            let answer = server.script.answer(request);
            if let Some(gate) = &answer.gate {
                gate.passed().await;
            }
            render(&server, &answer).await
        }
    });
    let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // What an API server allows, and no date of its own: the script says all that is said.
    builder.max_concurrent_streams(100).auto_date_header(false).max_header_list_size(1 << 20);
    // A client that goes away in the middle is no fault of the fake's.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn seen(request: Request<Incoming>, number: usize) -> Result<Seen, Gone> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Gone)?.to_bytes().to_vec();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Seen {
        connection: number,
        is_http2: true,
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        authority: parts.uri.authority().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body,
        bytes: Vec::new(),
    })
}

/// A stream that is given up. An error of a service resets its stream and nothing else.
#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the stream is given up")
    }
}

impl std::error::Error for Gone {}

/// A stream that is reset without an error. The library looks for the reason among the sources.
#[derive(Debug)]
struct NothingWrong(h2::Error);

impl std::fmt::Display for NothingWrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("nothing is wrong")
    }
}

impl std::error::Error for NothingWrong {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn render(server: &Server, answer: &Answer) -> Result<Response<Pieces>, Gone> {
    let pieces = match &answer.body {
        Body::Nothing if answer.then == Then::Hang => std::future::pending().await,
        Body::Nothing => return Err(Gone),
        Body::Raw(_) => {
            server.script.mistake("raw bytes are answered over HTTP/1.1 only");
            return Err(Gone);
        }
        Body::Whole(body) => Pieces::new(std::slice::from_ref(body), End::Ended),
        Body::Chunks(pieces) => Pieces::new(pieces, End::Ended),
        Body::Stalled(pieces) => Pieces::new(pieces, End::Stalled),
        Body::Cut(pieces) => Pieces::new(pieces, End::Cut),
        Body::GivenUp(pieces) => Pieces::new(pieces, End::GivenUp),
        Body::Endless(piece) => Pieces::new(&[], End::Endless(piece.clone())),
    };
    if answer.then != Then::ServeOn {
        server.script.mistake("connections are ended in the middle over HTTP/1.1 only");
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    if let (Body::Whole(body), true) = (&answer.body, answer.headers.iter().all(|(name, _)| name != "content-length")) {
        response = response.header("content-length", body.len());
    }
    Ok(response.body(pieces).expect("a script has well-formed headers"))
}

/// A body, frame by frame.
struct Pieces {
    left: VecDeque<Bytes>,
    end: End,
}

enum End {
    Ended,
    Stalled,
    Cut,
    GivenUp,
    Endless(Bytes),
}

impl Pieces {
    fn new(pieces: &[Bytes], end: End) -> Self {
        Self { left: pieces.iter().cloned().collect(), end }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let body = self.get_mut();
        match (body.left.pop_front(), &body.end) {
            (Some(piece), _) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            (None, End::Ended) => Poll::Ready(None),
            // Nobody will ever wake this up: that is what it is for.
            (None, End::Stalled) => Poll::Pending,
            (None, End::Cut) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            (None, End::GivenUp) => {
                let reason = NothingWrong(h2::Error::from(h2::Reason::NO_ERROR));
                Poll::Ready(Some(Err(io::Error::other(reason))))
            }
            (None, End::Endless(piece)) => Poll::Ready(Some(Ok(Frame::data(piece.clone())))),
        }
    }
}
