//! What built operations return, against the shapes of the contract: every field, its type, whether it may be null.

use crate::contract::{contract, entry};
use meho_kubernetes::table::TABLE;
use meho_policy::schema::ResultSchema;
use serde_json::Value;

#[test]
fn every_field_of_a_shape_stands_in_the_schema_with_its_type() {
    let contract = contract();
    for entry in TABLE {
        let shape = &contract.operation(entry.id).result.shape;
        let schema = ResultSchema::parse(&entry.built.schema()).unwrap_or_else(|error| panic!("{}: {error}", entry.id));
        check_fields(entry.id, &contract.shapes[shape], schema.source());
    }
}

fn check_fields(at: &str, fields: &Value, schema: &Value) {
    for field in fields.as_array().expect("a shape is a list of fields") {
        let name = field["name"].as_str().expect("a name");
        let at = format!("{at}.{name}");
        let found = &schema["properties"][name];
        assert!(found.is_object(), "{at} is missing");
        let (kind, nested) = field_type(field["type"].as_str().expect("a type"));
        let types: Vec<&str> = match &found["type"] {
            Value::String(one) => vec![one.as_str()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            other => panic!("{at}: {other}"),
        };
        assert!(types.contains(&kind), "{at}: {kind} is wanted, {types:?} is there");
        assert!(types.iter().all(|found| *found == kind || *found == "null"), "{at}: {types:?}");
        if types.contains(&"null") {
            assert!(field.get("when_missing").is_some_and(Value::is_null), "{at} may not be null");
        }
        if field.get("when_missing") == Some(&Value::Null) && field.get("optional").is_none() {
            assert!(types.contains(&"null"), "{at} is null where it is missing");
        }
        let always = schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name));
        assert_eq!(always, field.get("optional").is_none(), "{at}: whether it always stands");
        if let Some(inner) = field.get("fields") {
            let of = match nested {
                Nested::Items => &found["items"],
                Nested::Members => found,
            };
            check_fields(&at, inner, of);
        }
        if field["type"] == "object<string,string>" {
            assert_eq!(found["additionalProperties"]["type"], "string", "{at}");
        }
        if field["type"] == "array<string>" {
            assert_eq!(found["items"]["type"], "string", "{at}");
        }
        if field["format"] == "timestamp" {
            assert_eq!(found["format"], "date-time", "{at}");
        }
        if let Some(words) = field["type"].as_str().and_then(|kind| kind.strip_prefix("enum ")) {
            let wanted: Vec<&str> = words.split('|').collect();
            let allowed: Vec<&str> = found["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            assert_eq!(allowed, wanted, "{at}");
        }
    }
}

enum Nested {
    Items,
    Members,
}

fn field_type(kind: &str) -> (&str, Nested) {
    match kind {
        "string" | "integer" | "boolean" => (kind, Nested::Members),
        _ if kind.starts_with("enum ") => ("string", Nested::Members),
        _ if kind.starts_with("array<") => ("array", Nested::Items),
        _ if kind.starts_with("object") => ("object", Nested::Members),
        other => panic!("a type that this test does not know: {other}"),
    }
}

#[test]
fn every_pod_row_carries_status_ready_and_restarts() {
    for id in ["list_pods", "get_pod", "describe_pod"] {
        let schema: Value = serde_json::from_str(&entry(id).built.schema()).expect("JSON");
        for (name, kind) in [("status", "string"), ("ready", "string"), ("restarts", "integer")] {
            assert_eq!(schema["properties"][name]["type"], kind, "{id}.{name}");
        }
    }
}
