//! Tables: the columns that `kubectl get` prints, as the API server has them for each kind.

use crate::negotiate::Include;
use crate::resource::Resource;
use crate::show;
use crate::time;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A Table without its metadata.
pub(crate) fn of(resource: &Resource, objects: &[&Value], include: Include, now: Timestamp) -> Value {
    let _ = resource;
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
            let made = object.pointer("/metadata/creationTimestamp").and_then(Value::as_str).and_then(time::parse);
            let age = made.map(|made| now.duration_since(made).as_secs().to_string());
            json!({ "cells": [name, age], "object": show::included(object, include) })
        })
        .collect();
    json!({ "kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [], "rows": rows })
}
