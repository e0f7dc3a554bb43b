//! Requests of any shape over `wasi:http`, and all that can be seen of their answers.

use crate::describe::JSON;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

/// The one authority that a connector may address.
pub const AUTHORITY: &str = "target.invalid";

/// A request, as one likes it.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The scheme.
    pub scheme: Scheme,
    /// Host, port and user part.
    pub authority: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Headers.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body; none for none.
    pub body: Option<&'a [u8]>,
}

/// A request on its way.
#[derive(Debug)]
pub struct Pending(FutureIncomingResponse);

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers that can be seen.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
    /// Why it did not come to its end.
    pub broken: Option<String>,
}

/// An answer whose body has not been read. Fields drop in this order: the stream is a child of the body.
#[derive(Debug)]
pub struct Opened {
    /// The status.
    pub status: u16,
    /// All headers that can be seen.
    pub headers: Vec<(String, String)>,
    stream: InputStream,
    _incoming: IncomingBody,
    _response: IncomingResponse,
}

impl<'a> Request<'a> {
    /// An honest GET.
    #[must_use]
    pub fn get(target: &'a str) -> Self {
        Self {
            method: Method::Get,
            scheme: Scheme::Https,
            authority: AUTHORITY,
            target,
            headers: vec![("accept", JSON)],
            body: None,
        }
    }

    /// An honest request with a body.
    #[must_use]
    pub fn with_body(method: Method, target: &'a str, media_type: &'a str, body: &'a [u8]) -> Self {
        let mut request = Self { method, body: Some(body), ..Self::get(target) };
        request.headers.push(("content-type", media_type));
        request
    }

    /// Begins to send it. Nobody has to wait for the answer.
    ///
    /// # Errors
    /// Where the host does not even take it.
    pub fn start(self) -> Result<Pending, ErrorCode> {
        let refused = |part: &str| ErrorCode::InternalError(Some(format!("the {part} is refused")));
        let headers = Fields::new();
        for (name, value) in &self.headers {
            headers.append(name, value.as_bytes()).map_err(|error| refused(&format!("header {name}: {error:?}")))?;
        }
        let outgoing = OutgoingRequest::new(headers);
        outgoing.set_method(&self.method).map_err(|()| refused("method"))?;
        outgoing.set_scheme(Some(&self.scheme)).map_err(|()| refused("scheme"))?;
        outgoing.set_authority(Some(self.authority)).map_err(|()| refused("authority"))?;
        outgoing.set_path_with_query(Some(self.target)).map_err(|()| refused("path"))?;
        let body = match self.body {
            Some(bytes) => Some((outgoing.body().map_err(|()| refused("body"))?, bytes)),
            None => None,
        };
        let pending = outgoing_handler::handle(outgoing, None)?;
        if let Some((body, bytes)) = body {
            let stream = body.write().map_err(|()| refused("body"))?;
            for chunk in bytes.chunks(4096) {
                stream.blocking_write_and_flush(chunk).map_err(|error| refused(&format!("body: {error:?}")))?;
            }
            drop(stream);
            OutgoingBody::finish(body, None)?;
        }
        Ok(Pending(pending))
    }

    /// Sends it and reads the answer to its end.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn send(self) -> Result<Answer, ErrorCode> {
        Ok(self.start()?.open()?.read())
    }
}

impl Pending {
    /// Waits for the answer's head.
    ///
    /// # Errors
    /// Where no answer comes.
    pub fn open(self) -> Result<Opened, ErrorCode> {
        let answer = loop {
            match self.0.get() {
                Some(answer) => break answer,
                None => self.0.subscribe().block(),
            }
        };
        let response = answer.map_err(|()| ErrorCode::InternalError(Some("taken before".to_owned())))??;
        let status = response.status();
        let headers = response
            .headers()
            .entries()
            .into_iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let taken = |()| ErrorCode::InternalError(Some("taken before".to_owned()));
        let incoming = response.consume().map_err(taken)?;
        let stream = incoming.stream().map_err(taken)?;
        Ok(Opened { status, headers, stream, _incoming: incoming, _response: response })
    }
}

impl Opened {
    /// Reads the body to its end.
    #[must_use]
    pub fn read(self) -> Answer {
        let mut body = Vec::new();
        let broken = loop {
            match self.stream.blocking_read(64 << 10) {
                Ok(bytes) => body.extend_from_slice(&bytes),
                Err(StreamError::Closed) => break None,
                Err(StreamError::LastOperationFailed(error)) => break Some(error.to_debug_string()),
            }
        };
        Answer { status: self.status, headers: self.headers, body, broken }
    }
}
