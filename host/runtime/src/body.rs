//! An answer's body on its way to the guest: decompressed, counted, masked, looked into, and joined to pieces worth a call.

use crate::boundary::{Boundary, Finish};
use crate::error::{CallError, ErrorCode};
use crate::fault::BETWEEN;
use crate::mask::{MaskedStream, Masks};
use crate::transport::Stream;
use bytes::{Bytes, BytesMut};
use flate2::write::GzDecoder;
use http_body::{Body, Frame};
use hyper::body::Incoming;
use meho_policy::observer::Observer;
use meho_policy::redaction::Redactor;
use meho_policy::state::Receipt;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error as HttpError;

/// Pieces that are handed over: one read of a guest takes one.
const PIECE_BYTES: usize = 64 << 10;
/// Compressed bytes are inflated so many at a time, so that a bomb is found before it has filled memory.
const INFLATE_STEP: usize = 16 << 10;
/// Up to here a body may be compressed as well as it likes.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// How an answer is encoded.
pub(crate) enum Coding {
    Identity,
    Gzip,
}

/// Who sees to it that a body is whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The client: a body without its end is an error.
    Http1,
    /// Nobody: the client takes a stream that is reset without an error for one that has ended (RFC 9113, section 8.1).
    Http2,
}

/// A body on its way to the guest.
pub(crate) struct GuestBody {
    held: Arc<Mutex<Held>>,
    watch: JoinHandle<()>,
    framing: Framing,
    inflater: Option<GzDecoder<Inflated>>,
    /// Bytes that have come and are not inflated yet.
    raw: Bytes,
    raw_total: u64,
    total: u64,
    masked: MaskedStream,
    /// Where the answer is about Secrets.
    redactor: Option<Redactor>,
    ready: BytesMut,
    observer: Option<Observer>,
    receipt: Receipt,
    /// Where its request stands in the call's record.
    place: usize,
    boundary: Arc<Boundary>,
    /// Runs out where the target stays silent while the guest waits.
    silence: Pin<Box<Sleep>>,
    is_waiting: bool,
    ended: bool,
}

/// What an answer under way holds.
struct Held {
    source: Option<Source>,
    /// When the guest last asked for more.
    asked: Instant,
}

/// Where an answer comes from, with its places on the connection and among the call's requests. Let go as a whole.
struct Source {
    incoming: Incoming,
    _stream: Stream,
    _turn: OwnedSemaphorePermit,
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets an answer go whose guest has not asked for more of it for twice the time that a target may stay silent: streams of a connection are
/// everybody's. While the guest is held up by whoever reads its rows, that time stands still.
async fn watch(held: Weak<Mutex<Held>>, boundary: Weak<Boundary>, between: Duration) {
    let patience = between * 2;
    loop {
        let Some(deadline) = held.upgrade().map(|held| lock(&held).asked + patience) else { return };
        tokio::time::sleep_until(deadline).await;
        let (Some(held), Some(boundary)) = (held.upgrade(), boundary.upgrade()) else { return };
        let mut held = lock(&held);
        if held.source.is_none() {
            return;
        }
        if boundary.waits_for_reader() {
            held.asked = Instant::now();
        } else if held.asked <= Instant::now() - patience {
            held.source = None;
            let message =
                format!("the connector left an answer unread for {} s, and it was let go", patience.as_secs());
            let error = CallError::new(ErrorCode::Timeout, message);
            boundary.broken_answer(error.hint(ErrorCode::ConnectorFault.usual_hint()));
            return;
        }
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// What came out of the inflater, under a bound.
struct Inflated {
    bytes: Vec<u8>,
    room: u64,
    is_over: bool,
}

impl Write for Inflated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(room) = self.room.checked_sub(bytes.len() as u64) else {
            self.is_over = true;
            return Err(io::Error::other("too much"));
        };
        self.room = room;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl GuestBody {
    pub(crate) fn new(
        (incoming, framing): (Incoming, Framing),
        coding: &Coding,
        masks: Arc<Masks>,
        (receipt, place): (Receipt, usize),
        (is_observed, redactor): (bool, Option<Redactor>),
        boundary: Arc<Boundary>,
        held: (Stream, OwnedSemaphorePermit),
    ) -> Self {
        let inflater = match coding {
            Coding::Identity => None,
            Coding::Gzip => Some(GzDecoder::new(Inflated { bytes: Vec::new(), room: 0, is_over: false })),
        };
        let between = boundary.budgets.between_bytes;
        let source = Source { incoming, _stream: held.0, _turn: held.1 };
        let held = Arc::new(Mutex::new(Held { source: Some(source), asked: Instant::now() }));
        let watch = tokio::spawn(watch(Arc::downgrade(&held), Arc::downgrade(&boundary), between));
        Self {
            held,
            watch,
            framing,
            inflater,
            raw: Bytes::new(),
            raw_total: 0,
            total: 0,
            masked: MaskedStream::new(masks),
            redactor,
            ready: BytesMut::new(),
            observer: if is_observed { boundary.observer(receipt) } else { None },
            receipt,
            place,
            silence: Box::pin(tokio::time::sleep(between)),
            is_waiting: false,
            boundary,
            ended: false,
        }
    }

    /// Takes the next step's worth of what has come.
    fn step(&mut self) -> Result<(), HttpError> {
        let step = self.raw.split_to(self.raw.len().min(INFLATE_STEP));
        self.raw_total += step.len() as u64;
        let Some(inflater) = &mut self.inflater else { return self.take(&step) };
        let limit = RATIO_FREE_BYTES.max(self.raw_total.saturating_mul(self.boundary.budgets.inflate_ratio));
        inflater.get_mut().room = limit.saturating_sub(self.total);
        // Flushed, or the inflater keeps back what it has: the next page's token may be in it.
        let written = inflater.write_all(&step).and_then(|()| inflater.flush());
        let is_over = inflater.get_mut().is_over;
        let inflated = std::mem::take(&mut inflater.get_mut().bytes);
        self.take(&inflated)?;
        match written {
            Ok(()) => Ok(()),
            Err(_) if is_over => {
                Err(self.over("inflate_ratio", format!("{} times", self.boundary.budgets.inflate_ratio)))
            }
            Err(error) => Err(self.unreadable(&format!("it is not one gzip stream ({error})"))),
        }
    }

    /// Counts plain bytes and puts them where they wait for the guest.
    fn take(&mut self, plain: &[u8]) -> Result<(), HttpError> {
        self.total += plain.len() as u64;
        if self.total > self.boundary.budgets.response_body_bytes {
            return Err(self.over("response_body_bytes", self.boundary.budgets.response_body_bytes.to_string()));
        }
        if !self.boundary.receive(self.place, plain.len()) {
            return Err(self.over("response_bytes", self.boundary.budgets.response_bytes.to_string()));
        }
        let certain = self.masked.feed(plain);
        self.hand_on(&certain)
    }

    /// Puts bytes where they wait for the guest, without what it may not see.
    fn hand_on(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        let Some(redactor) = &mut self.redactor else {
            self.ready.extend_from_slice(bytes);
            return Ok(());
        };
        let mut seen = Vec::with_capacity(bytes.len());
        let redacted = redactor.feed(bytes, &mut seen);
        self.ready.extend_from_slice(&seen);
        redacted.map_err(|error| self.unreadable(&error.to_string()))
    }

    /// The target has said all: what was held back is certain now, and a compressed stream must be whole.
    fn finish(&mut self) -> Result<(), HttpError> {
        self.ended = true;
        lock(&self.held).source = None;
        if let Some(mut inflater) = self.inflater.take() {
            if inflater.try_finish().is_err() {
                return Err(self.unreadable("its gzip stream is cut"));
            }
            let rest = std::mem::take(&mut inflater.get_mut().bytes);
            self.take(&rest)?;
        }
        let held = self.masked.finish();
        self.hand_on(&held)?;
        match self.redactor.take().map(|redactor| redactor.finish()) {
            Some(Err(error)) => Err(self.unreadable(&error.to_string())),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn over(&self, budget: &'static str, limit: String) -> HttpError {
        self.boundary.end(Finish::Budget(budget, limit));
        HttpError::HttpResponseBodySize(Some(self.total))
    }

    fn not_whole(&self, why: &str) -> HttpError {
        let message = format!("an answer of the target is not whole: {why}");
        self.boundary.broken_answer(CallError::new(ErrorCode::ConnectionFailed, message));
        HttpError::HttpResponseIncomplete
    }

    fn unreadable(&self, why: &str) -> HttpError {
        let error =
            CallError::new(ErrorCode::ConnectionFailed, format!("an answer of the target cannot be read: {why}"));
        self.boundary.broken_answer(error.hint(BETWEEN));
        HttpError::HttpResponseIncomplete
    }

    /// A piece for the guest. Whatever can be known from it, the host knows first.
    fn piece(&mut self) -> Bytes {
        let piece = self.ready.split_to(self.ready.len().min(PIECE_BYTES)).freeze();
        if let Some(observer) = &mut self.observer {
            let found = observer.feed(&piece);
            if !found.is_empty() {
                self.boundary.observe(self.receipt, found);
            }
            if observer.is_done() {
                self.observer = None;
            }
        }
        piece
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), HttpError>> {
        let (frame, has_ended) = match &mut lock(&self.held).source {
            Some(source) => {
                let frame = ready!(Pin::new(&mut source.incoming).poll_frame(cx));
                (frame, source.incoming.is_end_stream())
            }
            // It was let go, which stands in the call's answer.
            None => return Poll::Ready(Err(HttpError::ConnectionTerminated)),
        };
        match frame {
            Some(Ok(frame)) => {
                // Trailers have nothing that a connector may see.
                self.raw = frame.into_data().unwrap_or_default();
                self.is_waiting = false;
                Poll::Ready(Ok(()))
            }
            Some(Err(error)) => {
                let why = if error.is_timeout() { "it stopped in the middle" } else { "it broke off" };
                Poll::Ready(Err(self.not_whole(why)))
            }
            None if self.framing == Framing::Http2 && !has_ended => {
                Poll::Ready(Err(self.not_whole("it was given up in the middle")))
            }
            None => Poll::Ready(self.finish()),
        }
    }
}

impl Body for GuestBody {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let body = self.get_mut();
        lock(&body.held).asked = Instant::now();
        loop {
            if body.ready.len() >= PIECE_BYTES || (body.ended && !body.ready.is_empty()) {
                return Poll::Ready(Some(Ok(Frame::data(body.piece()))));
            }
            if body.ended {
                return Poll::Ready(None);
            }
            if !body.raw.is_empty() {
                if let Err(error) = body.step() {
                    body.ended = true;
                    body.ready.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                continue;
            }
            match body.poll_incoming(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    body.ended = true;
                    body.ready.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                // Ready bytes are joined but never waited for.
                Poll::Pending if !body.ready.is_empty() => return Poll::Ready(Some(Ok(Frame::data(body.piece())))),
                Poll::Pending => {
                    if !std::mem::replace(&mut body.is_waiting, true) {
                        body.silence.as_mut().reset(Instant::now() + body.boundary.budgets.between_bytes);
                    }
                    ready!(body.silence.as_mut().poll(cx));
                    let seconds = body.boundary.budgets.between_bytes.as_secs();
                    let error = CallError::new(
                        ErrorCode::Timeout,
                        format!("the target sent nothing for {seconds} s in the middle of an answer"),
                    );
                    body.boundary.broken_answer(error);
                    body.ended = true;
                    return Poll::Ready(Some(Err(HttpError::ConnectionReadTimeout)));
                }
            }
        }
    }
}
