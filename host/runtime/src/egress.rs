//! A guest's requests on their way out: canonical form, decision, transport, and the answer's way back.
//!
//! This is where `wasi:http` calls the host. Whatever has no body is decided before the call returns to the guest, in the order in which it was made.

use crate::body::{Coding, Framing, GuestBody};
use crate::boundary::{Boundary, Decided, Finish};
use crate::error::{CallError, ErrorCode};
use crate::fault::BETWEEN;
use crate::record::{Ending, Origin, RequestIntent, RequestRecord};
use crate::time::of_header;
use crate::transport::{Answer, Pool, TransportError};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, Response, StatusCode, Version, header};
use http_body_util::BodyExt;
use meho_policy::decide::Permit;
use meho_policy::denial::Denial;
use meho_policy::effect::Trust;
use meho_policy::plan::Digest;
use meho_policy::request::{CanonicalRequest, RawRequest};
use meho_policy::state::Receipt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wasmtime_wasi_http::{Error as HttpError, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

/// Most times a request is sent, besides once more after a refreshed credential. Writes only where no byte was written.
const MAX_TRIES: u32 = 3;
/// Waiting before the second try where the target does not say how long; twice as long before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest wait that a target can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What a connector may set.
const REQUEST_HEADERS: [HeaderName; 3] = [header::ACCEPT, header::CONTENT_TYPE, header::CONTENT_LENGTH];
/// What a connector may see.
const RESPONSE_HEADERS: [HeaderName; 5] =
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::DATE, header::RETRY_AFTER, header::WARNING];

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), HttpError>> + Send>);

/// The hooks of one call.
pub(crate) struct Egress {
    boundary: Arc<Boundary>,
}

impl Egress {
    pub(crate) fn new(boundary: Arc<Boundary>) -> Self {
        Self { boundary }
    }
}

impl WasiHttpHooks for Egress {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name| !REQUEST_HEADERS.contains(name) && !RESPONSE_HEADERS.contains(name))
    }

    fn is_supported_scheme(&mut self, _: &http::uri::Scheme) -> bool {
        // Judged with the rest of the request, so that another scheme is a denial and not an error that a guest may swallow.
        true
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 << 10
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, HttpError>> + Send> {
        let boundary = self.boundary.clone();
        if !boundary.attempt() {
            boundary.end(Finish::Budget("requests", boundary.budgets.requests.to_string()));
        }
        if boundary.has_ended() {
            return Box::new(async { Err(HttpError::HttpRequestDenied) });
        }
        let (parts, body) = request.into_parts();
        if http_body::Body::is_end_stream(&body) {
            let verdict = judge(&boundary, &parts, &Bytes::new());
            return Box::new(async move { go_on(boundary, verdict, None).await });
        }
        boundary.begun();
        Box::new(async move {
            // First, so that no more bodies are in memory than requests may be under way.
            let turn = turn(&boundary).await?;
            let body = collect(&boundary, body).await;
            let verdict = body.map(|body| judge(&boundary, &parts, &body));
            boundary.ended_its_body();
            go_on(boundary, verdict?, Some(turn)).await
        })
    }
}

/// One of the call's places for requests under way. Waits for one.
async fn turn(boundary: &Boundary) -> Result<OwnedSemaphorePermit, HttpError> {
    boundary.requests_at_a_time.clone().acquire_owned().await.map_err(|_| HttpError::ConnectionLimitReached)
}

/// A request's whole body, which must be there before it can be judged.
async fn collect(boundary: &Boundary, mut body: WasiBody) -> Result<Bytes, HttpError> {
    let limit = boundary.budgets.request_body_bytes;
    // In one piece: a guest that writes byte by byte must not make a list of them.
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame?.into_data().unwrap_or_default();
        if collected.len() + data.len() > limit {
            boundary.end(Finish::Budget("request_body_bytes", limit.to_string()));
            return Err(HttpError::HttpRequestBodySize(None));
        }
        collected.extend_from_slice(&data);
    }
    Ok(collected.freeze())
}

/// What one of the host's own questions was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) body: Bytes,
}

/// Sends one of the host's own questions, in its turn, and reads the answer whole: masked, counted and bounded like a guest's. Where there is none the
/// boundary knows why.
pub(crate) async fn ask(boundary: &Arc<Boundary>, permit: Permit) -> Result<Reply, HttpError> {
    let turn = turn(boundary).await?;
    let receipt = boundary.spend_of_host(&permit);
    let flight = Flight { boundary: boundary.clone(), permit: Box::new(permit), receipt, turn };
    let (response, _) = flight.fly().await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Reply { status: parts.status, version: parts.version, body })
}

/// What becomes of a request once it has been judged.
enum Verdict {
    Send(Box<Permit>, Receipt),
    /// The guest never learns of it: its instance is dropped while it waits.
    Planned,
    Denied,
}

/// Judges a request. What ends the call ends it here and now: the guest may return without waiting for an answer.
fn judge(boundary: &Boundary, parts: &http::request::Parts, body: &Bytes) -> Verdict {
    match decide(boundary, parts, body) {
        Ok(Decided::Send(permit, receipt)) => Verdict::Send(permit, receipt),
        Ok(Decided::Plan(planned)) => {
            boundary.end(Finish::Planned(planned));
            Verdict::Planned
        }
        Err(denial) => {
            boundary.end(Finish::Denied(denial));
            Verdict::Denied
        }
    }
}

fn decide(boundary: &Boundary, parts: &http::request::Parts, body: &Bytes) -> Result<Decided, Denial> {
    let uri = &parts.uri;
    let raw = RawRequest {
        method: parts.method.as_str(),
        scheme: uri.scheme_str().unwrap_or_default(),
        authority: uri.authority().map(http::uri::Authority::as_str).unwrap_or_default(),
        path_and_query: uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        body,
    };
    boundary.decide(&CanonicalRequest::parse(&raw)?)
}

async fn go_on(
    boundary: Arc<Boundary>,
    verdict: Verdict,
    has: Option<OwnedSemaphorePermit>,
) -> Result<Sent, HttpError> {
    match verdict {
        Verdict::Send(permit, receipt) => {
            let turn = match has {
                Some(turn) => turn,
                None => turn(&boundary).await?,
            };
            Flight { boundary, permit, receipt, turn }.fly().await
        }
        Verdict::Planned => std::future::pending().await,
        Verdict::Denied => Err(HttpError::HttpRequestDenied),
    }
}

/// One permitted request on its way.
struct Flight {
    boundary: Arc<Boundary>,
    permit: Box<Permit>,
    receipt: Receipt,
    turn: OwnedSemaphorePermit,
}

/// An answer that has come, and where its request stands in the call's record.
struct Arrived {
    answer: Answer,
    place: usize,
}

impl Flight {
    /// Sends it, as often as is safe, and hands the answer to the guest.
    async fn fly(self) -> Result<Sent, HttpError> {
        match self.attempts().await {
            Ok((arrived, pool)) => self.deliver(arrived, &pool),
            Err(error) => {
                self.boundary.no_answer(&error, self.permit.trust());
                Err(match error {
                    TransportError::Credential(_) | TransportError::Target(_) => HttpError::ConfigurationError,
                    TransportError::Connect { .. } | TransportError::NotSent => HttpError::ConnectionRefused,
                    TransportError::Tls { .. } => HttpError::TlsCertificateError,
                    TransportError::Broken { .. } => HttpError::HttpResponseIncomplete,
                    TransportError::Timeout { .. } => HttpError::HttpResponseTimeout,
                })
            }
        }
    }

    async fn attempts(&self) -> Result<(Arrived, Arc<Pool>), TransportError> {
        let budgets = &self.boundary.budgets;
        let upstream = self.boundary.upstream()?.clone();
        let mut pool = upstream.pool(budgets).await?;
        let is_read = self.permit.trust() == Trust::Read;
        let mut tries = 1;
        let mut refreshed = false;
        loop {
            let outcome = self.attempt(&pool).await;
            // A call that has ended, for one because a write could not be recorded, sends nothing more.
            let again = tries < MAX_TRIES && !self.boundary.has_ended();
            match &outcome {
                // The connection was gone before a byte was written: nothing happened, for a write as for a read.
                Err(TransportError::NotSent) if again => {}
                Err(TransportError::Broken { .. }) if again && is_read => {}
                Ok(Arrived { answer, .. }) if answer.response.status() == StatusCode::UNAUTHORIZED => {
                    let renewed = if refreshed { Ok(pool.clone()) } else { upstream.refreshed(&pool, budgets).await };
                    match renewed {
                        Ok(fresh) if is_read && fresh.generation() != pool.generation() => {
                            refreshed = true;
                            pool = fresh;
                            continue;
                        }
                        // A write has left, and is not sent again: what refused it says that it was not carried out, and is believed in nothing.
                        // With the credential that there is now the next call succeeds.
                        Ok(_) => self.boundary.not_accepted(&upstream.refusal(&pool), None),
                        Err(error) => self.boundary.not_accepted(&upstream.refusal(&pool), Some(&error)),
                    }
                    return outcome.map(|arrived| (arrived, pool));
                }
                Ok(Arrived { answer, .. }) if is_read && again && is_busy(answer.response.status()) => {
                    let pause = pause(answer.response.headers(), tries);
                    if Instant::now() + pause >= self.boundary.deadline() {
                        return outcome.map(|arrived| (arrived, pool));
                    }
                    drop(outcome);
                    tokio::time::sleep(pause).await;
                }
                _ => return outcome.map(|arrived| (arrived, pool)),
            }
            tries += 1;
        }
    }

    async fn attempt(&self, pool: &Pool) -> Result<Arrived, TransportError> {
        let request = self.permit.request();
        let audit_id = uuid::Uuid::new_v4().to_string();
        let body = request.body().map(|body| Digest::of(body.bytes()));
        let path_and_query = request.rendered_path_and_query();
        let origin = if self.permit.is_of_host() { Origin::Host } else { Origin::Connector };
        let effect = self.permit.effect().as_str().to_owned();
        if self.permit.trust() > Trust::Read {
            let intent = RequestIntent {
                call: self.boundary.id.clone(),
                origin,
                audit_id: audit_id.clone(),
                effect: effect.clone(),
                method: request.method(),
                path_and_query: path_and_query.clone(),
                body,
                trust: self.permit.trust(),
            };
            if let Err(reason) = self.boundary.recorder.intent(&intent).await {
                self.boundary.end(Finish::Unrecorded(reason));
                return Err(TransportError::NotSent);
            }
        }
        let record = RequestRecord {
            origin,
            audit_id: audit_id.clone(),
            effect,
            trust: self.permit.trust(),
            method: request.method(),
            path_and_query,
            body,
            ending: Ending::Unknown("the call ended before the answer came".to_owned()),
            duration: Duration::ZERO,
            response_bytes: 0,
        };
        let upstream = self.boundary.upstream()?;
        let place = self.boundary.leaving(record).ok_or(TransportError::NotSent)?;
        let started = Instant::now();
        let outcome = upstream.send(pool, &self.permit, &audit_id, &self.boundary.budgets).await;
        let ending = match &outcome {
            Ok(answer) => Ending::Answered(answer.response.status().as_u16()),
            Err(error @ (TransportError::Broken { .. } | TransportError::Timeout { .. })) => {
                Ending::Unknown(error.to_string())
            }
            Err(error) => Ending::NotSent(error.to_string()),
        };
        self.boundary.left(place, ending, started.elapsed());
        if let Some(time) = outcome.as_ref().ok().and_then(|answer| of_header(answer.response.headers())) {
            self.boundary.dated(time);
        }
        outcome.map(|answer| Arrived { answer, place })
    }

    /// The answer as the guest sees it.
    fn deliver(self, Arrived { answer, place }: Arrived, pool: &Pool) -> Result<Sent, HttpError> {
        let (parts, incoming) = answer.response.into_parts();
        let boundary = self.boundary.clone();
        boundary.observe_status(self.receipt, parts.status.as_u16());
        for warning in parts.headers.get_all(header::WARNING) {
            if let Some(text) = warning.to_str().ok().and_then(warning_text) {
                boundary.warn(&format!("the target warns: {}", pool.mask().text(text)));
            }
        }
        let max_headers = boundary.budgets.response_headers;
        if parts.headers.len() > max_headers {
            boundary.end(Finish::Budget("response_headers", max_headers.to_string()));
            return Err(HttpError::HttpResponseHeaderSectionSize(None));
        }
        let Some(coding) = coding(&parts.headers) else {
            let message = "an answer of the target cannot be read: its content coding is another than gzip";
            boundary.broken_answer(CallError::new(ErrorCode::ConnectionFailed, message).hint(BETWEEN));
            return Err(HttpError::HttpResponseContentCoding(None));
        };
        let framing = if parts.version == Version::HTTP_2 { Framing::Http2 } else { Framing::Http1 };
        let redactor = boundary.redactor(&self.permit);
        let is_json = is_json(&parts.headers);
        if redactor.is_some() && !is_json && parts.status.is_success() {
            let message = "an answer about Secrets cannot be read: it is not JSON, so its values cannot be taken out";
            boundary.broken_answer(CallError::new(ErrorCode::ConnectionFailed, message).hint(BETWEEN));
            return Err(HttpError::HttpResponseContentCoding(None));
        }
        // An error in plain words comes from something that has no Secrets.
        let redactor = redactor.filter(|_| is_json);
        let keeps_length = matches!(coding, Coding::Identity) && redactor.is_none();
        let headers = seen_by_guest(&parts.headers, keeps_length, pool);
        let masks = pool.masks();
        let is_observed = parts.status == StatusCode::OK;
        let body = GuestBody::new(
            (incoming, framing),
            &coding,
            masks,
            (self.receipt, place),
            (is_observed, redactor),
            boundary,
            (answer.stream, self.turn),
        );
        let mut response = Response::new(body.boxed_unsync());
        *response.status_mut() = parts.status;
        *response.version_mut() = parts.version;
        *response.headers_mut() = headers;
        Ok((response, Box::new(async { Ok(()) })))
    }
}

fn is_busy(status: StatusCode) -> bool {
    matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// How long to wait before the next try: as long as the target says, within reason.
fn pause(headers: &HeaderMap, tries: u32) -> Duration {
    let asked =
        headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    match asked.map(Duration::from_secs) {
        Some(asked) => asked.min(LONGEST_PAUSE),
        None => FIRST_PAUSE * 2_u32.pow(tries - 1),
    }
}

/// How an answer's body is encoded; none where it is in a way that was not asked for.
fn coding(headers: &HeaderMap) -> Option<Coding> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    match (codings.next().map(http::HeaderValue::as_bytes), codings.next()) {
        (None, _) | (Some(b"identity"), None) => Some(Coding::Identity),
        (Some(b"gzip"), None) => Some(Coding::Gzip),
        _ => None,
    }
}

/// Whether an answer says of itself that it is JSON. Of several types the first would be read and another could be meant, so several are none.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = first.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") && types.next().is_none()
}

/// The headers that a connector may see. A length that no longer holds is left out.
fn seen_by_guest(headers: &HeaderMap, keeps_length: bool, pool: &Pool) -> HeaderMap {
    let mut seen = HeaderMap::new();
    for name in RESPONSE_HEADERS {
        if name == header::CONTENT_LENGTH && !keeps_length {
            continue;
        }
        let value = headers.get(&name).and_then(|value| value.to_str().ok()).map(|text| pool.mask().text(text));
        if let Some(value) = value.and_then(|text| text.parse().ok()) {
            seen.insert(name, value);
        }
    }
    seen
}

/// The text of a `Warning` header (RFC 7234, section 5.5): `299 - "text"`.
fn warning_text(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once('"')?;
    rest.rsplit_once('"').map(|(text, _)| text)
}
