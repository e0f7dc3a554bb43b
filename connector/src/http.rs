//! Requests and answers over `wasi:http`. Knows nothing of Kubernetes; sends what it is given to the one virtual authority.

use crate::bindings::meho::connector::failures::{Failure, Problem};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    Scheme,
};
use wasip2::io::streams::{InputStream, StreamError};

/// The authority that the host puts the target in the place of.
const AUTHORITY: &str = "target.invalid";
/// Most bytes a read asks for. One read gives what one frame of the host's body has left, so more would bring nothing.
const READ_BYTES: u64 = 64 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a [(&'a str, String)],
    pub(crate) accept: &'a str,
    /// Media type and bytes.
    pub(crate) body: Option<(&'a str, &'a [u8])>,
}

/// A request on its way. The host has begun to send it; others may be sent meanwhile.
pub(crate) struct Pending(Result<FutureIncomingResponse, ErrorCode>);

/// An answer whose body has not been read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Seconds to wait, where the target says so.
    pub(crate) retry_after: Option<u32>,
    pub(crate) body: Body,
}

/// A body, read piece by piece.
pub(crate) struct Body {
    // The stream is a child of the body and must be dropped first: fields drop in this order.
    stream: Option<InputStream>,
    _incoming: IncomingBody,
    response: IncomingResponse,
}

/// Sends a request.
pub(crate) fn send(request: &Request<'_>) -> Pending {
    Pending(try_send(request))
}

fn try_send(request: &Request<'_>) -> Result<FutureIncomingResponse, ErrorCode> {
    let refused = |()| ErrorCode::HttpRequestUriInvalid;
    let headers = Fields::new();
    let append = |name: &str, value: &str| {
        headers
            .append(name, value.as_bytes())
            .map_err(|error| ErrorCode::InternalError(Some(format!("{name}: {error}"))))
    };
    append("accept", request.accept)?;
    if let Some((media_type, _)) = request.body {
        append("content-type", media_type)?;
    }
    let outgoing = OutgoingRequest::new(headers);
    outgoing.set_method(&request.method).map_err(refused)?;
    outgoing.set_scheme(Some(&Scheme::Https)).map_err(refused)?;
    outgoing.set_authority(Some(AUTHORITY)).map_err(refused)?;
    outgoing.set_path_with_query(Some(&target(request.path, request.query))).map_err(refused)?;
    let body = match request.body {
        Some((_, bytes)) => Some((outgoing.body().map_err(refused)?, bytes)),
        None => None,
    };
    let pending = outgoing_handler::handle(outgoing, None)?;
    if let Some((body, bytes)) = body {
        write_body(body, bytes)?;
    }
    Ok(pending)
}

fn write_body(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    let failed = |_| ErrorCode::InternalError(Some("the request body could not be written".to_owned()));
    let stream = body.write().map_err(failed)?;
    // One blocking write takes 4,096 bytes at most.
    for chunk in bytes.chunks(4096) {
        stream.blocking_write_and_flush(chunk).map_err(|_| failed(()))?;
    }
    drop(stream);
    OutgoingBody::finish(body, None)
}

/// Path and query, with every value percent-encoded. Paths are made of names that need no encoding.
fn target(path: &str, query: &[(&str, String)]) -> String {
    let mut target = path.to_owned();
    for (index, (key, value)) in query.iter().enumerate() {
        target.push(if index == 0 { '?' } else { '&' });
        target.push_str(key);
        target.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                target.push(char::from(byte));
            } else {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                target.push('%');
                target.push(char::from(HEX[usize::from(byte >> 4)]));
                target.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    target
}

impl Pending {
    /// Waits for the answer's status and headers.
    pub(crate) fn wait(self) -> Result<Answer, Failure> {
        let future = self.0.map_err(|code| no_answer(&code))?;
        let answer = loop {
            match future.get() {
                Some(answer) => break answer,
                None => future.subscribe().block(),
            }
        };
        let response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(code)) => return Err(no_answer(&code)),
            Err(()) => return Err(no_answer(&"the answer was taken already")),
        };
        let status = response.status();
        let retry_after = header(&response, "retry-after").and_then(|text| text.parse().ok());
        let incoming = response.consume().map_err(|()| no_answer(&"the body was taken already"))?;
        let stream = incoming.stream().map_err(|()| no_answer(&"the body's stream was taken already"))?;
        let body = Body { stream: Some(stream), _incoming: incoming, response };
        Ok(Answer { status, retry_after, body })
    }
}

fn header(response: &IncomingResponse, name: &str) -> Option<String> {
    let values = response.headers().get(name);
    values.into_iter().next().and_then(|value| String::from_utf8(value).ok())
}

/// The host knows what happened, and says it in this failure's place.
fn no_answer(why: &impl std::fmt::Debug) -> Failure {
    Failure::NoAnswer(Problem { message: format!("the request got no answer ({why:?})"), hint: None })
}

impl Body {
    /// When the target answered, by its own clock, as HTTP writes dates.
    pub(crate) fn date(&self) -> Option<String> {
        header(&self.response, "date")
    }

    /// The next piece; none at the end. Fails where the answer broke off.
    pub(crate) fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let Some(stream) = &self.stream else { return Ok(None) };
        match stream.blocking_read(READ_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StreamError::Closed) => {
                self.stream = None;
                Ok(None)
            }
            Err(StreamError::LastOperationFailed(error)) => {
                let why = error.to_debug_string();
                self.stream = None;
                Err(no_answer(&why))
            }
        }
    }

    /// The whole body, cut at a bound; whether it was cut.
    pub(crate) fn read_up_to(&mut self, max_bytes: usize) -> Result<(Vec<u8>, bool), Failure> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.read()? {
            let room = max_bytes - whole.len();
            if bytes.len() > room {
                whole.extend_from_slice(&bytes[..room]);
                return Ok((whole, true));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok((whole, false))
    }
}
