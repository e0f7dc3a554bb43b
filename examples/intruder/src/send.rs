//! One request over `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{ErrorCode, Fields, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

/// The one authority that a connector may address: the host knows which server it stands for.
pub(crate) const TARGET: &str = "target.invalid";

/// Asks, and gives the status and the whole body of the answer.
pub(crate) fn send(method: &Method, authority: &str, path: &str) -> Result<(u16, Vec<u8>), ErrorCode> {
    let refused = |_| ErrorCode::HttpRequestDenied;
    let headers = Fields::new();
    headers.append("accept", b"application/json").map_err(|_| ErrorCode::HttpRequestDenied)?;
    let request = OutgoingRequest::new(headers);
    request.set_method(method).map_err(refused)?;
    request.set_scheme(Some(&Scheme::Https)).map_err(refused)?;
    request.set_authority(Some(authority)).map_err(refused)?;
    request.set_path_with_query(Some(path)).map_err(refused)?;
    let answer = handle(request, None)?;
    answer.subscribe().block();
    let response = answer.get().ok_or(ErrorCode::HttpRequestDenied)?.map_err(refused)??;
    let status = response.status();
    let incoming = response.consume().map_err(refused)?;
    // A child of the body: it goes first.
    let stream = incoming.stream().map_err(refused)?;
    let mut body = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(bytes) => body.extend_from_slice(&bytes),
            Err(StreamError::Closed) => return Ok((status, body)),
            Err(StreamError::LastOperationFailed(_)) => return Err(ErrorCode::HttpResponseIncomplete),
        }
    }
}
