//! `get_secret`: a Secret with its values, by its exact name: to look for names is to be allowed to list Secrets, and that is to read them all.
//!
//! Where the target is configured so, the host has put something else in the place of each value: how long it is, and a keyed digest.

use crate::api::{Address, Reads};
use crate::arguments::Arguments;
use crate::bindings::exports::meho::connector::operations::Outcome;
use crate::bindings::meho::connector::failures::Failure;
use crate::failure::unreadable;
use crate::kind::Kind;
use crate::kinds::secret::{SECRETS, Secret};
use crate::node::Node;
use crate::operation::{Notes, Operation, Read, Returns};
use crate::operations::lookup::MAX_OBJECT_BYTES;
use crate::row::Row;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// Most keys that a warning names.
const MAX_NAMED: usize = 20;

/// Reads one Secret.
pub struct GetSecret;

impl Operation for GetSecret {
    const RETURNS: Returns = Returns::Object;

    fn members(row: &mut Row<'_>) {
        detail(&Node::missing(Secret::SHAPE), &Values::default(), row);
    }
}

impl Read for GetSecret {
    fn run(api: &Reads, arguments: &Arguments<'_>) -> Result<Outcome, Failure> {
        let (namespace, name) = (arguments.required("namespace"), arguments.required("name"));
        let address = Address { resource: SECRETS, namespace: Some(namespace), name };
        let bytes = api.get(address).bytes(MAX_OBJECT_BYTES)?;
        let secret = Node::parse(Secret::SHAPE, &bytes)
            .map_err(|error| unreadable("the Secret that was asked for", &error.to_string()))?;
        let form = if arguments.flag("decode") { Form::Text } else { Form::AsStored };
        let mut notes = Notes::default();
        let values = Values::read(&secret, form, &mut notes);
        Ok(notes.object(|row| detail(&secret, &values, row)))
    }
}

/// How values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// In base64, as the API server keeps them.
    AsStored,
    /// As text, those that are.
    Text,
}

/// One value.
#[derive(Debug, Default)]
struct Value<'s> {
    key: &'s str,
    /// How long it is; none where that cannot be known.
    bytes: Option<i64>,
    /// In the place of the value itself.
    digest: Option<&'s str>,
}

/// The values of a Secret, and what is said of them.
#[derive(Debug, Default)]
struct Values<'s> {
    /// As they are handed out.
    data: Vec<(Cow<'s, str>, Cow<'s, str>)>,
    each: Vec<Value<'s>>,
    redacted: bool,
}

impl<'s> Values<'s> {
    fn read(secret: &'s Node<'_>, form: Form, notes: &mut Notes) -> Self {
        let mut values = Self::default();
        let [mut malformed, mut binary] = [Vec::new(), Vec::new()];
        for (key, stored) in secret.pairs("data") {
            if let Some((bytes, digest)) = redacted(stored) {
                values.redacted = true;
                values.each.push(Value { key, bytes: Some(bytes), digest: Some(digest) });
                continue;
            }
            let decoded = STANDARD.decode(&**stored);
            let bytes = decoded.as_ref().ok().and_then(|bytes| i64::try_from(bytes.len()).ok());
            values.each.push(Value { key, bytes, digest: None });
            let shown = match (decoded.map(String::from_utf8), form) {
                (Err(_), _) => {
                    malformed.push(&**key);
                    Cow::Borrowed(&**stored)
                }
                (Ok(Ok(text)), Form::Text) => Cow::Owned(text),
                (Ok(Err(_)), Form::Text) => {
                    binary.push(&**key);
                    Cow::Borrowed(&**stored)
                }
                (Ok(_), Form::AsStored) => Cow::Borrowed(&**stored),
            };
            values.data.push((Cow::Borrowed(key), shown));
        }
        if !malformed.is_empty() {
            notes.lost(format!("not base64, and as the server sent it: {}", named(&malformed)));
        }
        if !binary.is_empty() {
            notes.warn(format!("not text, and so still in base64: {}", named(&binary)));
        }
        if values.redacted {
            notes.warn(
                "the values are redacted, as this target is configured: lengths and digests stand in their place"
                    .to_owned(),
            );
        }
        values
    }
}

/// What the host puts in the place of a value, `!redacted bytes=<decimal> digest=<64 hexadecimal digits>`: the length, and the digest. Nothing in base64 begins
/// like that.
fn redacted(value: &str) -> Option<(i64, &str)> {
    let (bytes, digest) = value.strip_prefix("!redacted bytes=")?.split_once(" digest=")?;
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((bytes.parse().ok()?, digest)).filter(|_| is_digest)
}

fn named(keys: &[&str]) -> String {
    let more = if keys.len() > MAX_NAMED { ", …" } else { "" };
    format!("{}{more}", keys.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", "))
}

fn detail(secret: &Node<'_>, values: &Values<'_>, row: &mut Row<'_>) {
    Secret::row(secret, row);
    row.flag("redacted", values.redacted);
    row.pairs("data", values.data.iter());
    row.list_of("values", values.each.iter(), Value::default, |row, value| {
        row.text("key", value.key);
        row.int_or_null("bytes", value.bytes);
        row.text_or_null("digest", value.digest);
    });
}
