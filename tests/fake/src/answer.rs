//! How a fake answers: what is usual, and everything that goes wrong between a server and its client.

use crate::gate::Gate;
use crate::seen::Seen;
use bytes::Bytes;
use std::io::Write as _;

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) gate: Option<Gate>,
    /// What becomes of the connection afterwards.
    pub(crate) then: Then,
}

/// A body, whole or not.
#[derive(Debug, Clone)]
pub enum Body {
    /// All of it, with its length.
    Whole(Bytes),
    /// Piece by piece, without a length. Each piece is a chunk of HTTP/1.1, or a frame of HTTP/2.
    Chunks(Vec<Bytes>),
    /// These pieces, and then nothing more: the connection stays open.
    Stalled(Vec<Bytes>),
    /// These pieces, and then it breaks off.
    Cut(Vec<Bytes>),
    /// These pieces, and then a reset that says that nothing is wrong. HTTP/2 only.
    GivenUp(Vec<Bytes>),
    /// This piece, for ever.
    Endless(Bytes),
    /// In the place of an answer, these bytes. HTTP/1.1 only.
    Raw(Bytes),
    /// No answer at all.
    Nothing,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It serves on.
    ServeOn,
    /// It is closed.
    Close,
    /// It is reset, as after a crash.
    Reset,
    /// It stays open, and nothing happens on it any more.
    Hang,
    /// Bytes that are no TLS are written to it.
    Corrupt,
}

impl Answer {
    /// An answer with this status and an empty body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(Bytes::new()), gate: None, then: Then::ServeOn }
    }

    /// JSON with status 200.
    #[must_use]
    pub fn json(text: impl Into<String>) -> Self {
        Self::new(200).header("content-type", "application/json").text(text)
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status).header("location", location)
    }

    /// In the place of an answer, the end of the connection.
    #[must_use]
    pub fn nothing(then: Then) -> Self {
        Self { body: Body::Nothing, then, ..Self::new(200) }
    }

    /// In the place of an answer, these bytes.
    #[must_use]
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self { body: Body::Raw(bytes.into()), then: Then::Close, ..Self::new(200) }
    }

    /// The bearer token of the request, as `form` writes it, in JSON; `chunk_bytes` at a time where that is not 0.
    #[must_use]
    pub fn echo(request: &Seen, form: crate::Form, chunk_bytes: usize) -> Self {
        let echoed = form.write(request.token().unwrap_or_default());
        let text = format!(r#"{{"metadata":{{"name":"web"}},"echo":"{echoed}"}}"#);
        let answer = Self::json(text);
        if chunk_bytes == 0 { answer } else { answer.in_pieces(chunk_bytes) }
    }

    /// The same with one more header. A `content-length` is taken as it is given, right or wrong.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with this text for a body.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.body(Body::Whole(Bytes::from(text.into())))
    }

    /// The same with this body.
    #[must_use]
    pub fn body(self, body: Body) -> Self {
        Self { body, ..self }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same, so many bytes at a time.
    ///
    /// # Panics
    /// Where the body is not whole.
    #[must_use]
    pub fn in_pieces(self, bytes: usize) -> Self {
        let pieces = self.whole().chunks(bytes).map(Bytes::copy_from_slice).collect();
        self.body(Body::Chunks(pieces))
    }

    /// The same, broken off in the middle of the body.
    ///
    /// # Panics
    /// Where the body is not whole.
    #[must_use]
    pub fn cut_in_half(self) -> Self {
        let whole = self.whole();
        let half = whole.slice(..whole.len() / 2);
        self.body(Body::Cut(vec![half]))
    }

    fn whole(&self) -> Bytes {
        match &self.body {
            Body::Whole(bytes) => bytes.clone(),
            other => panic!("only whole bodies are taken apart, not {other:?}"),
        }
    }

    /// The same, compressed.
    ///
    /// # Panics
    /// Where the body is not whole.
    #[must_use]
    pub fn gzipped(self) -> Self {
        let body = Body::Whole(gzip(&self.whole()));
        self.header("content-encoding", "gzip").body(body)
    }

    /// The same, once the gate is open.
    #[must_use]
    pub fn held(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// The same, and then this.
    #[must_use]
    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// One gzip member.
#[must_use]
pub fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(plain).expect("a Vec takes all");
    encoder.finish().expect("a Vec takes all").into()
}
