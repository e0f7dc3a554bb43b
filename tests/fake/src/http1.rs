//! HTTP/1.1, by hand: a library would not write what is wrong.

use crate::answer::{Answer, Body, Then};
use crate::seen::Seen;
use crate::server::{Server, Stream};
use bytes::{Bytes, BytesMut};
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Serves one connection to its end.
pub(crate) async fn serve(server: Arc<Server>, stream: Stream, number: usize) {
    let mut connection = Connection { stream, unread: BytesMut::new(), number };
    // A client that goes away in the middle is no fault of the fake's.
    while let Ok(Some(request)) = connection.read().await {
        if request.header("transfer-encoding").is_some() {
            server.script.mistake("the fake reads bodies by their length, and one came without");
        }
        let answer = server.script.answer(request);
        if let Some(gate) = &answer.gate {
            gate.passed().await;
        }
        let sent = connection.write(&answer).await;
        if sent.is_err() || !connection.goes_on(&answer).await {
            return;
        }
    }
}

struct Connection {
    stream: Stream,
    unread: BytesMut,
    number: usize,
}

impl Connection {
    /// The next request; none where the client has closed.
    async fn read(&mut self) -> io::Result<Option<Seen>> {
        let head_end = loop {
            if let Some(at) = memchr::memmem::find(&self.unread, b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&self.unread[..head_end]).into_owned();
        let mut lines = head.lines();
        let mut line = lines.next().unwrap_or_default().split(' ');
        let (method, target) = (line.next().unwrap_or_default().to_owned(), line.next().unwrap_or_default().to_owned());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let value = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let length: usize = value("content-length").and_then(|text| text.parse().ok()).unwrap_or_default();
        while self.unread.len() < head_end + length {
            if self.stream.read_buf(&mut self.unread).await? == 0 {
                return Ok(None);
            }
        }
        let bytes = self.unread.split_to(head_end + length).to_vec();
        let authority = value("host").unwrap_or_default();
        let body = bytes[head_end..].to_vec();
        Ok(Some(Seen { connection: self.number, is_http2: false, method, target, authority, headers, body, bytes }))
    }

    async fn write(&mut self, answer: &Answer) -> io::Result<()> {
        match &answer.body {
            Body::Nothing => return Ok(()),
            Body::Raw(bytes) => self.stream.write_all(bytes).await?,
            Body::Whole(body) => {
                self.head(answer, Some(body.len())).await?;
                self.stream.write_all(body).await?;
            }
            Body::Chunks(pieces) => {
                self.pieces(answer, pieces).await?;
                self.stream.write_all(b"0\r\n\r\n").await?;
            }
            Body::Stalled(pieces) | Body::Cut(pieces) | Body::GivenUp(pieces) => self.pieces(answer, pieces).await?,
            Body::Endless(piece) => {
                self.head(answer, None).await?;
                loop {
                    self.chunk(piece).await?;
                }
            }
        }
        self.stream.flush().await
    }

    async fn pieces(&mut self, answer: &Answer, pieces: &[Bytes]) -> io::Result<()> {
        self.head(answer, None).await?;
        for piece in pieces {
            self.chunk(piece).await?;
        }
        Ok(())
    }

    async fn head(&mut self, answer: &Answer, length: Option<usize>) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} \r\n", answer.status);
        let mut header = |name: &str, value: &str| writeln!(head, "{name}: {value}\r").expect("a String takes all");
        for (name, value) in &answer.headers {
            header(name, value);
        }
        let is_given = answer.headers.iter().any(|(name, _)| name == "content-length");
        match length {
            Some(length) if !is_given => header("content-length", &length.to_string()),
            None => header("transfer-encoding", "chunked"),
            Some(_) => {}
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes()).await
    }

    /// One chunk, and it leaves at once: where a piece ends is part of what is tested.
    async fn chunk(&mut self, piece: &Bytes) -> io::Result<()> {
        let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        self.stream.write_all(&chunk).await?;
        self.stream.flush().await
    }

    /// What becomes of the connection after an answer; whether it serves on.
    async fn goes_on(&mut self, answer: &Answer) -> bool {
        match (&answer.body, answer.then) {
            (Body::Stalled(_), _) | (_, Then::Hang) => std::future::pending().await,
            (_, Then::Reset) => {
                let _ = self.stream.socket().set_zero_linger();
                false
            }
            (_, Then::Corrupt) => {
                let _ = self.stream.socket().write_all(b"these bytes are not of TLS").await;
                let _ = self.stream.socket().flush().await;
                false
            }
            (Body::Cut(_) | Body::GivenUp(_), _) | (_, Then::Close) => {
                let _ = self.stream.shutdown().await;
                false
            }
            (_, Then::ServeOn) => true,
        }
    }
}
