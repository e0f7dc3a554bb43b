//! What was sent to a fake.

/// One request, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which connection it came on: 0 is the first.
    pub connection: usize,
    /// Whether it came over HTTP/2.
    pub is_http2: bool,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Host and port that it was sent to, by its own word.
    pub authority: String,
    /// Headers in their order, names in lower case. Without those of HTTP/2 that begin with a colon.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The very bytes; empty for HTTP/2, which has none that a person could read.
    pub bytes: Vec<u8>,
}

impl Seen {
    /// The value of a header that stands once; none where it does not stand.
    ///
    /// # Panics
    /// Where it stands more than once.
    #[must_use]
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{name} stands twice in {} {}", self.method, self.target);
        value
    }

    /// The bearer token; none where there is none.
    #[must_use]
    #[track_caller]
    pub fn token(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// Method, path and query in a line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}
