//! Objects and lists as they are written: whole, as metadata alone, or as a Table.

use crate::answer::Answer;
use crate::events;
use crate::negotiate::{Encoding, Include, View};
use crate::page::Page;
use crate::request::Request;
use crate::resource::Resource;
use crate::table;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Answers with one object.
pub(crate) fn object(
    request: &Request,
    status: u16,
    resource: &Resource,
    object: &Value,
    view: View,
    encoding: Encoding,
    now: Timestamp,
) -> Answer {
    encode(request, status, &viewed(resource, object, view, now), encoding)
}

/// One object in a view. A Table of one has the object's resourceVersion.
pub(crate) fn viewed(resource: &Resource, object: &Value, view: View, now: Timestamp) -> Value {
    let object = versioned(resource, object);
    match view {
        View::Whole => object.into_owned(),
        View::Metadata => metadata_of(&object),
        View::Table(include) => {
            let version = object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
            let mut table = table::of(resource, &[&object], include, now);
            if let Some(table) = table.as_object_mut() {
                table.insert("metadata".to_owned(), json!({ "resourceVersion": version }));
            }
            table
        }
    }
}

/// Answers with a page of a list.
pub(crate) fn list(
    request: &Request,
    resource: &Resource,
    page: Page,
    view: View,
    encoding: Encoding,
    now: Timestamp,
) -> Answer {
    let items: Vec<Cow<'_, Value>> = page.items.iter().map(|item| versioned(resource, item)).collect();
    if view == View::Whole && encoding == Encoding::Json && !request.query.is_on("pretty") {
        return Answer::new(200, "application/json", plain_list(resource, &page.metadata, &items));
    }
    let list = match view {
        View::Whole => json!({
            "kind": resource.list_kind(), "apiVersion": resource.api_version(), "metadata": page.metadata,
            "items": items.iter().map(|item| untyped(item)).collect::<Vec<_>>(),
        }),
        View::Metadata => {
            let items: Vec<Value> = items.iter().map(|item| metadata_of(item)).collect();
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": page.metadata,
                // The one list that is null where it is empty.
                "items": if items.is_empty() { Value::Null } else { items.into() },
            })
        }
        View::Table(include) => {
            let items: Vec<&Value> = items.iter().map(Cow::as_ref).collect();
            let mut table = table::of(resource, &items, include, now);
            if let Some(table) = table.as_object_mut() {
                table.insert("metadata".to_owned(), Value::Object(page.metadata));
            }
            table
        }
    };
    encode(request, 200, &list, encoding)
}

/// `PartialObjectMetadata` of an object.
pub(crate) fn metadata_of(object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    json!({ "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata })
}

/// What stands in a row of a Table.
pub(crate) fn included(object: &Value, include: Include) -> Value {
    match include {
        Include::None => Value::Null,
        Include::Metadata => metadata_of(object),
        Include::Object => object.clone(),
    }
}

/// An object as its resource shows it, which may be another than the one that keeps it.
pub(crate) fn versioned<'a>(resource: &Resource, object: &'a Value) -> Cow<'a, Value> {
    match resource.stored_as {
        Some(_) => Cow::Owned(events::to_new(object)),
        None => Cow::Borrowed(object),
    }
}

/// Any answer that is not a list of whole objects.
pub(crate) fn encode(request: &Request, status: u16, value: &Value, encoding: Encoding) -> Answer {
    match encoding {
        Encoding::Json if request.query.is_on("pretty") => {
            Answer::new(status, "application/json", format!("{value:#}\n"))
        }
        Encoding::Json => Answer::json(status, value),
        Encoding::Yaml => match serde_saphyr::to_string(value) {
            Ok(text) => Answer::new(status, "application/yaml", text),
            Err(_) => Answer::json(status, value),
        },
    }
}

/// An item of a list, which has no kind and no version of its own.
fn untyped(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(item) = item.as_object_mut() {
        item.remove("kind");
        item.remove("apiVersion");
    }
    item
}

/// A list without a copy of its items: there may be thousands.
fn plain_list(resource: &Resource, metadata: &Map<String, Value>, items: &[Cow<'_, Value>]) -> String {
    let mut text = format!(
        "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{},\"items\":[",
        Value::from(resource.list_kind()),
        Value::from(resource.api_version()),
        Value::Object(metadata.clone())
    );
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "{" } else { ",{" });
        let fields =
            item.as_object().into_iter().flatten().filter(|(key, _)| !matches!(key.as_str(), "kind" | "apiVersion"));
        for (index, (key, value)) in fields.enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&Value::from(key.as_str()).to_string());
            text.push(':');
            text.push_str(&value.to_string());
        }
        text.push('}');
    }
    text.push_str("]}\n");
    text
}
