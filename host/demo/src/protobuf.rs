//! Bodies in Kubernetes' protobuf, of the few kinds that `kubectl` sends in it: questions about rights, tokens, evictions,
//! and what is made by `kubectl create`. Answers are always JSON, which it accepts as well.
//!
//! The fields' numbers are those of the published `generated.proto` files; what is not named here is left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// What a body in protobuf begins with.
const MAGIC: &[u8] = b"k8s\0";

/// What stands in a field.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Texts,
    Number,
    Flag,
    Object(&'static [Field]),
    Objects(&'static [Field]),
    /// From text to text.
    TextMap,
    /// From text to bytes, which JSON has in base64.
    BytesMap,
}

type Field = (u64, &'static str, Form);

const OWNER: &[Field] = &[
    (5, "apiVersion", Form::Text),
    (1, "kind", Form::Text),
    (3, "name", Form::Text),
    (4, "uid", Form::Text),
    (6, "controller", Form::Flag),
    (7, "blockOwnerDeletion", Form::Flag),
];

const METADATA: Field = (
    1,
    "metadata",
    Form::Object(&[
        (1, "name", Form::Text),
        (2, "generateName", Form::Text),
        (3, "namespace", Form::Text),
        (5, "uid", Form::Text),
        (6, "resourceVersion", Form::Text),
        (11, "labels", Form::TextMap),
        (12, "annotations", Form::TextMap),
        (13, "ownerReferences", Form::Objects(OWNER)),
        (14, "finalizers", Form::Texts),
    ]),
);

const DELETE_OPTIONS: &[Field] = &[
    (1, "gracePeriodSeconds", Form::Number),
    (2, "preconditions", Form::Object(&[(1, "uid", Form::Text), (2, "resourceVersion", Form::Text)])),
    (3, "orphanDependents", Form::Flag),
    (4, "propagationPolicy", Form::Text),
    (5, "dryRun", Form::Texts),
];

const ATTRIBUTES: Field = (
    1,
    "resourceAttributes",
    Form::Object(&[
        (1, "namespace", Form::Text),
        (2, "verb", Form::Text),
        (3, "group", Form::Text),
        (4, "version", Form::Text),
        (5, "resource", Form::Text),
        (6, "subresource", Form::Text),
        (7, "name", Form::Text),
    ]),
);

const PATH: Field = (2, "nonResourceAttributes", Form::Object(&[(1, "path", Form::Text), (2, "verb", Form::Text)]));

const KINDS: [(&str, &[Field]); 11] = [
    ("SelfSubjectAccessReview", &[METADATA, (2, "spec", Form::Object(&[ATTRIBUTES, PATH]))]),
    (
        "SubjectAccessReview",
        &[
            METADATA,
            (2, "spec", Form::Object(&[ATTRIBUTES, PATH, (3, "user", Form::Text), (4, "groups", Form::Texts)])),
        ],
    ),
    ("SelfSubjectRulesReview", &[METADATA, (2, "spec", Form::Object(&[(1, "namespace", Form::Text)]))]),
    ("SelfSubjectReview", &[METADATA]),
    (
        "TokenRequest",
        &[
            METADATA,
            (2, "spec", Form::Object(&[(1, "audiences", Form::Texts), (4, "expirationSeconds", Form::Number)])),
        ],
    ),
    ("Eviction", &[METADATA, (2, "deleteOptions", Form::Object(DELETE_OPTIONS))]),
    ("DeleteOptions", DELETE_OPTIONS),
    ("Namespace", &[METADATA]),
    // As `kubectl create` makes one: its name and no more.
    ("ServiceAccount", &[METADATA]),
    (
        "ConfigMap",
        &[METADATA, (2, "data", Form::TextMap), (3, "binaryData", Form::BytesMap), (4, "immutable", Form::Flag)],
    ),
    (
        "Secret",
        &[
            METADATA,
            (2, "data", Form::BytesMap),
            (4, "stringData", Form::TextMap),
            (3, "type", Form::Text),
            (5, "immutable", Form::Flag),
        ],
    ),
];

/// A body as the object that it is. None where it is malformed, or of a kind that is not read here.
pub(crate) fn decode(body: &[u8]) -> Option<Value> {
    let envelope = fields(body.strip_prefix(MAGIC)?)?;
    let bytes = |parts: &[(u64, Part<'_>)], number: u64| {
        parts.iter().find_map(|(of, part)| if *of == number { part.bytes().map(<[u8]>::to_vec) } else { None })
    };
    let kind = fields(&bytes(&envelope, 1)?)?.iter().map(|(number, part)| (*number, part.text())).collect::<Vec<_>>();
    let text = |number| kind.iter().find(|(of, _)| *of == number).and_then(|(_, text)| text.clone());
    let (version, kind) = (text(1)?, text(2)?);
    let schema = KINDS.iter().find(|(name, _)| *name == kind).map(|(_, schema)| *schema)?;
    let mut object = message(&bytes(&envelope, 2).unwrap_or_default(), schema)?;
    object.insert("apiVersion".to_owned(), version.into());
    object.insert("kind".to_owned(), kind.into());
    Some(Value::Object(object))
}

/// A field's value on the wire.
enum Part<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Part<'a> {
    fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    fn text(&self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }
}

fn message(bytes: &[u8], schema: &[Field]) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    for (number, part) in fields(bytes)? {
        let Some((_, name, form)) = schema.iter().find(|(of, _, _)| *of == number) else { continue };
        let list = |object: &mut Map<String, Value>, value: Value| {
            if let Some(list) = object.entry(*name).or_insert_with(|| json!([])).as_array_mut() {
                list.push(value);
            }
        };
        match (form, &part) {
            (Form::Text, Part::Bytes(_)) => {
                // Texts that are not set are there and empty.
                if let Some(text) = part.text().filter(|text| !text.is_empty()) {
                    object.insert((*name).to_owned(), text.into());
                }
            }
            (Form::Texts, Part::Bytes(_)) => list(&mut object, part.text()?.into()),
            (Form::Number, Part::Number(number)) => {
                object.insert((*name).to_owned(), number.cast_signed().into());
            }
            (Form::Flag, Part::Number(number)) => {
                object.insert((*name).to_owned(), (*number != 0).into());
            }
            (Form::Object(schema), Part::Bytes(bytes)) => {
                object.insert((*name).to_owned(), Value::Object(message(bytes, schema)?));
            }
            (Form::Objects(schema), Part::Bytes(bytes)) => {
                list(&mut object, Value::Object(message(bytes, schema)?));
            }
            (Form::TextMap | Form::BytesMap, Part::Bytes(bytes)) => {
                let entry = fields(bytes)?;
                let part = |number| entry.iter().find(|(of, _)| *of == number).map(|(_, part)| part);
                let key = part(1).and_then(Part::text).unwrap_or_default();
                let value = match (form, part(2)) {
                    (Form::TextMap, Some(part)) => part.text()?,
                    (_, Some(part)) => STANDARD.encode(part.bytes()?),
                    (_, None) => String::new(),
                };
                if let Some(map) = object.entry(*name).or_insert_with(|| json!({})).as_object_mut() {
                    map.insert(key, value.into());
                }
            }
            _ => return None,
        }
    }
    Some(object)
}

/// The fields of a message with their numbers.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Part<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let part = match key & 7 {
            0 => Part::Number(varint(&mut bytes)?),
            1 => Part::Bytes(take(&mut bytes, 8)?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Part::Bytes(take(&mut bytes, length)?)
            }
            5 => Part::Bytes(take(&mut bytes, 4)?),
            _ => return None,
        };
        fields.push((key >> 3, part));
    }
    Some(fields)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
