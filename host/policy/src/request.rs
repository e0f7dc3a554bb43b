//! The one canonical form of a request: what is judged is what is sent.
//!
//! A request of a connector arrives as text that can be written in many ways. Here it becomes one form, or is denied; nothing is repaired. What leaves is
//! rendered from that form and never copied from the original.

use crate::denial::{Denial, Rule};
use crate::effect::Method;
use crate::grammar::{MediaType, PathSegment, QueryKey};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The scheme of every request of a connector.
pub const VIRTUAL_SCHEME: &str = "https";
/// The one authority that a connector may address. RFC 6761 keeps `.invalid` from ever meaning anything.
pub const VIRTUAL_AUTHORITY: &str = "target.invalid";
/// Most segments of a path. The longest of Kubernetes has 9.
const MAX_SEGMENTS: usize = 32;
/// Most pairs of a query. The busiest effect has 7.
const MAX_PAIRS: usize = 32;
/// Longest path with query, before and after rendering. API servers refuse URLs far below that.
pub const MAX_TARGET_BYTES: usize = 32 * 1024;

/// A request as it came from a connector. Nothing in it is trusted.
#[derive(Debug, Clone)]
pub struct RawRequest<'a> {
    /// The method's token.
    pub method: &'a str,
    /// The scheme.
    pub scheme: &'a str,
    /// Host, port and user part.
    pub authority: &'a str,
    /// Path and query.
    pub path_and_query: &'a str,
    /// Header names, lower case, with their values, in order.
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The whole body; empty for none.
    pub body: &'a [u8],
}

/// A body in canonical form.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalBody {
    media_type: String,
    value: Value,
    bytes: Vec<u8>,
}

impl CanonicalBody {
    /// The value of `Content-Type`.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The body as a value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The bytes that are sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A request in its one form.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalRequest {
    method: Method,
    path: Vec<PathSegment>,
    query: BTreeMap<QueryKey, String>,
    accept: MediaType,
    body: Option<CanonicalBody>,
}

impl CanonicalRequest {
    /// Brings a connector's request into its one form.
    ///
    /// # Errors
    /// A denial by one of the rules `authority`, `path-form`, `query-form`, `header`, `body-form`, `method`.
    pub fn parse(raw: &RawRequest<'_>) -> Result<Self, Denial> {
        if !raw.scheme.eq_ignore_ascii_case(VIRTUAL_SCHEME) || raw.authority != VIRTUAL_AUTHORITY {
            return Err(Denial::new(Rule::Authority, format!("{}://{}", raw.scheme, raw.authority)));
        }
        let method = Method::from_token(raw.method).ok_or_else(|| Denial::new(Rule::Method, raw.method))?;
        if raw.path_and_query.len() > MAX_TARGET_BYTES {
            return Err(Denial::new(Rule::PathForm, "longer than 32 KiB"));
        }
        let (path, query) = match raw.path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (raw.path_and_query, None),
        };
        let path = parse_path(path)?;
        let query = query.map_or_else(|| Ok(BTreeMap::new()), parse_query)?;
        let (accept, content_type) = parse_headers(&raw.headers)?;
        let body = parse_body(content_type, raw.body)?;
        Ok(Self { method, path, query, accept, body })
    }

    /// A read of the host's own. None where a piece of it has no canonical form.
    pub(crate) fn read(path: &str, query: &[(&str, &str)], accept: &str) -> Option<Self> {
        let mut target = path.to_owned();
        for (index, (key, value)) in query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            target.push_str(key);
            target.push('=');
            escape_into(value, &mut target);
        }
        Self::of_host("GET", &target, accept, None)
    }

    /// A request of the host's own, through the one way that connectors' take.
    pub(crate) fn of_host(method: &str, target: &str, accept: &str, body: Option<(&str, &[u8])>) -> Option<Self> {
        let mut headers = vec![("accept", accept.as_bytes())];
        headers.extend(body.map(|(media_type, _)| ("content-type", media_type.as_bytes())));
        let raw = RawRequest {
            method,
            scheme: VIRTUAL_SCHEME,
            authority: VIRTUAL_AUTHORITY,
            path_and_query: target,
            headers,
            body: body.map(|(_, bytes)| bytes).unwrap_or_default(),
        };
        Self::parse(&raw).ok()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The segments of the path.
    #[must_use]
    pub fn path(&self) -> &[PathSegment] {
        &self.path
    }

    /// The query, decoded.
    #[must_use]
    pub fn query(&self) -> &BTreeMap<QueryKey, String> {
        &self.query
    }

    /// The value of a query key.
    #[must_use]
    pub fn query_value(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str)
    }

    /// The value of `Accept`.
    #[must_use]
    pub fn accept(&self) -> &MediaType {
        &self.accept
    }

    /// The body, where there is one.
    #[must_use]
    pub fn body(&self) -> Option<&CanonicalBody> {
        self.body.as_ref()
    }

    /// The path as it is sent.
    #[must_use]
    pub fn rendered_path(&self) -> String {
        let mut text = String::new();
        for segment in &self.path {
            text.push('/');
            text.push_str(segment.as_str());
        }
        text
    }

    /// Path and query as they are sent: keys sorted, everything but RFC 3986's unreserved characters percent-encoded.
    #[must_use]
    pub fn rendered_path_and_query(&self) -> String {
        let mut text = self.rendered_path();
        for (index, (key, value)) in self.query.iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(key.as_str());
            text.push('=');
            escape_into(value, &mut text);
        }
        text
    }
}

fn parse_path(path: &str) -> Result<Vec<PathSegment>, Denial> {
    let inner = path.strip_prefix('/').ok_or_else(|| Denial::new(Rule::PathForm, path))?;
    let segments: Vec<PathSegment> = inner
        .split('/')
        .take(MAX_SEGMENTS + 1)
        .map(|segment| PathSegment::parse(segment).map_err(|_| Denial::new(Rule::PathForm, path)))
        .collect::<Result<_, _>>()?;
    if segments.len() > MAX_SEGMENTS {
        return Err(Denial::new(Rule::PathForm, "more than 32 segments"));
    }
    Ok(segments)
}

fn parse_query(query: &str) -> Result<BTreeMap<QueryKey, String>, Denial> {
    let mut pairs = BTreeMap::new();
    for pair in query.split('&') {
        let malformed = || Denial::new(Rule::QueryForm, pair);
        let (key, value) = pair.split_once('=').ok_or_else(malformed)?;
        let key = QueryKey::parse(key).map_err(|_| malformed())?;
        let value = unescape(value).ok_or_else(malformed)?;
        if pairs.insert(key, value).is_some() || pairs.len() > MAX_PAIRS {
            return Err(malformed());
        }
    }
    Ok(pairs)
}

/// Decodes a query value. None where it is not UTF-8, has a broken escape, a control character, or one of the characters that
/// servers read in two ways: `+`, `;`, `#`.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' | b';' | b'#' => return None,
            _ => bytes.push(byte),
        }
    }
    let decoded = String::from_utf8(bytes).ok()?;
    (!decoded.chars().any(char::is_control)).then_some(decoded)
}

fn escape_into(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing into a String never fails");
        }
    }
}

/// `Accept` and `Content-Type`. `Content-Length` is let through and dropped: some language runtimes set it, and the host counts for itself.
fn parse_headers<'a>(headers: &[(&'a str, &'a [u8])]) -> Result<(MediaType, Option<&'a str>), Denial> {
    let mut accept = None;
    let mut content_type = None;
    for (name, value) in headers {
        let slot = match *name {
            "accept" => &mut accept,
            "content-type" => &mut content_type,
            "content-length" => continue,
            other => return Err(Denial::new(Rule::Header, other)),
        };
        let value = std::str::from_utf8(value).map_err(|_| Denial::new(Rule::Header, name))?;
        if slot.replace(value).is_some() {
            return Err(Denial::new(Rule::Header, name));
        }
    }
    let accept = accept.ok_or_else(|| Denial::new(Rule::Header, "no accept"))?;
    let accept = MediaType::parse(accept).map_err(|_| Denial::new(Rule::Header, accept))?;
    Ok((accept, content_type))
}

fn parse_body(content_type: Option<&str>, body: &[u8]) -> Result<Option<CanonicalBody>, Denial> {
    match (content_type, body) {
        (None, []) => Ok(None),
        (None, _) => Err(Denial::new(Rule::BodyForm, "a body without a content-type")),
        (Some(_), []) => Err(Denial::new(Rule::BodyForm, "a content-type without a body")),
        (Some(media_type), bytes) => {
            let value =
                crate::json::parse_strict(bytes).map_err(|error| Denial::new(Rule::BodyForm, error.to_string()))?;
            let bytes = crate::json::to_canonical(&value);
            Ok(Some(CanonicalBody { media_type: media_type.to_owned(), value, bytes }))
        }
    }
}
