//! Lists in pages: continue tokens, what remains, and what is said of a token that is too old.
//!
//! A token names a resourceVersion and the key to go on from, as the real server's does, and is bound to nothing else.

use crate::request::Query;
use crate::resource::Resource;
use crate::select::Selection;
use crate::status::Refusal;
use crate::store::{Objects, Store};
use crate::validate::{self, Cause};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use std::ops::Bound;
use std::sync::Arc;

const VERSION: &str = "meta.k8s.io/v1";
const TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Arc<Value>>,
    /// `metadata` of the list.
    pub(crate) metadata: Map<String, Value>,
}

/// Reads a page.
///
/// # Errors
/// 400 for malformed parameters, 410 for a token that is too old, 504 for a resourceVersion that is not there yet.
pub(crate) fn read(
    store: &Store,
    resource: &Resource,
    namespace: &str,
    query: &Query,
    selection: &Selection,
) -> Result<Page, Refusal> {
    check(query)?;
    let limit = number(query, "limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(usize::MAX);
    let (objects, revision, after) = match query.filled("continue") {
        Some(token) => resume(store, resource, namespace, query, token)?,
        None => start(store, resource, query)?,
    };
    let objects = objects.unwrap_or_default();
    let is_here = |key: &(String, String)| namespace.is_empty() || key.0 == namespace;
    let from = match after {
        Some(key) => Bound::Included(key),
        None => Bound::Included((namespace.to_owned(), String::new())),
    };
    let mut rest = objects.range((from, Bound::Unbounded)).filter(|(key, _)| is_here(key)).peekable();
    let (mut items, mut last) = (Vec::new(), None);
    while items.len() < limit
        && let Some((key, object)) = rest.next()
    {
        if selection.matches(object) {
            items.push(object.clone());
            last = Some(key);
        }
    }
    let mut metadata = Map::new();
    metadata.insert("resourceVersion".to_owned(), revision.to_string().into());
    if let Some(last) = last.filter(|_| rest.peek().is_some()) {
        metadata.insert("continue".to_owned(), encode(revision, resource, namespace, last).into());
        if selection.is_everything() {
            metadata.insert("remainingItemCount".to_owned(), rest.count().into());
        }
    }
    Ok(Page { items, metadata })
}

type Start = (Option<Arc<Objects>>, u64, Option<(String, String)>);

fn start(store: &Store, resource: &Resource, query: &Query) -> Result<Start, Refusal> {
    let revision = revision(store, query)?;
    if query.get("resourceVersionMatch") == Some("Exact") {
        let objects = store.objects_at(resource, revision);
        let objects = objects.ok_or_else(|| expired("The resourceVersion for the provided list is too old."))?;
        return Ok((objects, revision, None));
    }
    Ok((store.objects(resource), store.revision(), None))
}

fn resume(store: &Store, resource: &Resource, namespace: &str, query: &Query, token: &str) -> Result<Start, Refusal> {
    if query.filled("resourceVersion").is_some_and(|version| version != "0") {
        return Err(bad("specifying resource version is not allowed when using continue".to_owned()));
    }
    let (revision, start) = decode(token)?;
    let key = key_of(resource, namespace, &start);
    let Some(revision) = u64::try_from(revision).ok() else {
        return Ok((store.objects(resource), store.revision(), Some(key)));
    };
    match store.objects_at(resource, revision) {
        Some(objects) => Ok((objects, revision, Some(key))),
        None => {
            let mut refusal = expired(TOO_OLD);
            refusal.metadata.insert("continue".to_owned(), encode_parts(-1, &start).into());
            Err(refusal)
        }
    }
}

/// The resourceVersion that is asked for; the present one where none is.
///
/// # Errors
/// 400 where it is no number, 504 where it is not there yet.
fn revision(store: &Store, query: &Query) -> Result<u64, Refusal> {
    let Some(asked) = asked(query)? else { return Ok(store.revision()) };
    if asked <= store.revision() {
        return Ok(asked);
    }
    let message = format!("Timeout: Too large resource version: {asked}, current: {}", store.revision());
    let causes = json!([{ "reason": "ResourceVersionTooLarge", "message": "Too large resource version" }]);
    let mut refusal = Refusal::new(504, "Timeout", message).detail("causes", causes).detail("retryAfterSeconds", 1);
    refusal.retry_after = Some(1);
    Err(refusal)
}

/// The resourceVersion that a query names. Zero is any.
///
/// # Errors
/// 400 where it is no number.
pub(crate) fn asked(query: &Query) -> Result<Option<u64>, Refusal> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
            bad(format!("invalid resource version: resourceVersion: Invalid value: {text:?}: {why}"))
        })
    };
    query.filled("resourceVersion").filter(|text| *text != "0").map(parse).transpose()
}

/// The 410 of whoever asks for what is forgotten.
pub(crate) fn expired(message: impl Into<String>) -> Refusal {
    Refusal::new(410, "Expired", message)
}

/// # Errors
/// 400 and 422 for options of lists that do not parse, or do not go together.
fn check(query: &Query) -> Result<(), Refusal> {
    number(query, "timeoutSeconds")?;
    let Some(how) = query.filled("resourceVersionMatch") else { return Ok(()) };
    let field = "resourceVersionMatch";
    let mut causes = Vec::new();
    if query.filled("resourceVersion").is_none() {
        causes.push(Cause::forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if query.filled("continue").is_some() {
        causes.push(Cause::forbidden(field, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if !matches!(how, "Exact" | "NotOlderThan") {
        causes.push(Cause::unsupported(field, &how.into(), &["Exact", "NotOlderThan", ""]));
    }
    if how == "Exact" && query.get("resourceVersion") == Some("0") {
        let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
        causes.push(Cause::forbidden(field, why));
    }
    if causes.is_empty() { Ok(()) } else { Err(validate::invalid("meta.k8s.io", "ListOptions", "", causes)) }
}

/// A number of the query.
///
/// # Errors
/// 400 where it is none.
pub(crate) fn number(query: &Query, key: &str) -> Result<Option<i64>, Refusal> {
    let parse =
        |text: &str| text.parse().map_err(|_| bad(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")));
    query.filled(key).map(parse).transpose()
}

fn bad(message: String) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

/// The key to go on from is the last one with a zero byte behind it: the first one that may follow.
fn encode(revision: u64, resource: &Resource, namespace: &str, (of, name): &(String, String)) -> String {
    let start =
        if resource.namespaced && namespace.is_empty() { format!("{of}/{name}\0") } else { format!("{name}\0") };
    encode_parts(i64::try_from(revision).unwrap_or(i64::MAX), &start)
}

fn encode_parts(revision: i64, start: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "v": VERSION, "rv": revision, "start": start }).to_string())
}

fn decode(token: &str) -> Result<(i64, String), Refusal> {
    let not_valid = |why: &str| bad(format!("invalid continue token: continue key is not valid{why}"));
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| {
        let is_foreign = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'-' && byte != b'_';
        let at = token.bytes().position(is_foreign).unwrap_or(token.len() - token.len() % 4);
        not_valid(&format!(": illegal base64 data at input byte {at}"))
    })?;
    let parts: Value = serde_json::from_slice(&bytes).map_err(|error| match begins_no_json(&bytes) {
        Some(why) => not_valid(&format!(": {why}")),
        None => not_valid(&format!(": {error}")),
    })?;
    let text = |key: &str| parts.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("v") != VERSION {
        return Err(not_valid(&format!(": server does not recognize this encoded version {}", text("v"))));
    }
    let revision = parts.get("rv").and_then(Value::as_i64).unwrap_or_default();
    if revision == 0 {
        return Err(not_valid(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
    }
    match text("start") {
        "" => Err(not_valid(": encoded start key empty (version meta.k8s.io/v1)")),
        start if start.trim_start_matches('/').split('/').any(|part| matches!(part, "" | "." | "..")) => {
            Err(not_valid(&format!(": {start}")))
        }
        start => Ok((revision, start.to_owned())),
    }
}

/// What the server's own parser says of bytes that do not even begin like JSON.
fn begins_no_json(bytes: &[u8]) -> Option<String> {
    let Some(first) = bytes.iter().find(|byte| !b" \t\r\n".contains(byte)) else {
        return Some("unexpected end of JSON input".to_owned());
    };
    let shown = match first {
        b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => return None,
        b'\'' => "\\'".to_owned(),
        b'\\' => "\\\\".to_owned(),
        0x07 => "\\a".to_owned(),
        0x08 => "\\b".to_owned(),
        0x0b => "\\v".to_owned(),
        0x0c => "\\f".to_owned(),
        control @ (0x00..=0x1f | 0x7f) => format!("\\x{control:02x}"),
        unprintable @ (0x80..=0xa0 | 0xad) => format!("\\u{unprintable:04x}"),
        printable => char::from(*printable).to_string(),
    };
    Some(format!("invalid character '{shown}' looking for beginning of value"))
}

fn key_of(resource: &Resource, namespace: &str, start: &str) -> (String, String) {
    let start = start.trim_start_matches('/');
    match start.split_once('/') {
        Some((of, name)) if resource.namespaced && namespace.is_empty() => (of.to_owned(), name.to_owned()),
        _ if resource.namespaced && namespace.is_empty() => (start.to_owned(), String::new()),
        _ => (namespace.to_owned(), start.to_owned()),
    }
}
