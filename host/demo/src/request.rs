//! A request as it came, whole and bounded, and its path and query decoded.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query as they came.
    pub(crate) uri: String,
    /// The path, decoded.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let path = percent_decode_str(path).decode_utf8_lossy().into_owned();
        Self { method, uri: uri.to_owned(), path, query: Query::parse(query), headers, body }
    }

    /// A header's first value; none where it is not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type of the body, without parameters.
    pub(crate) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or("application/json").split(';').next().unwrap_or_default().trim()
    }
}

/// The parameters of a query, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(key, value)| (decode(key), decode(value)))
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The first value that is not empty.
    pub(crate) fn filled(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// A flag as the server reads it: there, and neither `false` nor `0`. Among letters without case U+017F is an `s`.
    pub(crate) fn is_on(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "0" && !value.replace('\u{17f}', "s").eq_ignore_ascii_case("false"))
    }

    /// The same, where the server could not read the other options of a list: its letters are ASCII's then.
    pub(crate) fn is_on_among_malformed(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }
}
