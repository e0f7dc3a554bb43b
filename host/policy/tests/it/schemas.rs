//! Schemas of the closed subset, and arguments held against them.

use meho_policy::column::Cut;
use meho_policy::schema::{ArgumentsSchema, ResultSchema};
use serde_json::{Value, json};

fn schema() -> ArgumentsSchema {
    crate::effects::schema()
}

fn check(arguments: Value) -> Result<Value, (String, String)> {
    let Value::Object(given) = arguments else { panic!("an object") };
    schema()
        .check(given)
        .map(|arguments| Value::Object(arguments.as_map().clone()))
        .map_err(|refused| (refused.argument, refused.message))
}

#[track_caller]
fn refuses(more: Value, argument: &str, why: &str) {
    let mut arguments = json!({"namespace": "prod", "name": "web"});
    for (name, value) in more.as_object().expect("an object") {
        arguments[name] = value.clone();
    }
    let (found, message) = check(arguments).expect_err("refused");
    assert_eq!(found, argument, "{message}");
    assert!(message.contains(why), "{message}");
}

#[test]
fn null_and_empty_mean_not_given_and_defaults_are_put_in() {
    let found =
        check(json!({"namespace": "prod", "name": "web", "selector": "", "limit": null, "token": null})).expect("fits");
    assert_eq!(found, json!({"namespace": "prod", "name": "web", "kind": "Pod", "replicas": 3, "flag": false}));
    let found = check(json!({"namespace": "prod", "name": "web", "limit": 5.0})).expect("fits");
    assert_eq!(found["limit"].to_string(), "5");
}

#[test]
fn an_argument_that_does_not_fit_is_named() {
    refuses(json!({"nmae": "x"}), "nmae", "no such argument");
    refuses(json!({"namespace": null}), "namespace", "required");
    refuses(json!({"namespace": ""}), "namespace", "label");
    refuses(json!({"name": "../x"}), "name", "a name of at most 253");
    refuses(json!({"name": 7}), "name", "string");
    refuses(json!({"limit": 0}), "limit", "1 or more");
    refuses(json!({"limit": "5"}), "limit", "integer");
    refuses(json!({"limit": 1.5}), "limit", "integer");
    refuses(json!({"limit": 1e300}), "limit", "64 bits");
    refuses(json!({"replicas": -1}), "replicas", "0 or more");
    refuses(json!({"kind": "Secret"}), "kind", "allowed values");
    refuses(json!({"kinds": ["Secret"]}), "kinds", "allowed values");
    refuses(json!({"flag": "true"}), "flag", "boolean");
    refuses(json!({"selector": "a\nb"}), "selector", "selector");
    refuses(json!({"free": "x".repeat(1025)}), "free", "1024 characters");
    refuses(json!({"free": "a\u{1b}"}), "free", "control characters");
}

#[test]
fn a_refusal_says_what_there_is_instead() {
    let refused = schema().check(json!({"nope": 1}).as_object().expect("an object").clone()).expect_err("refused");
    assert!(refused.candidates.contains(&"namespace".to_owned()));
    let refused = schema()
        .check(json!({"namespace": "a", "name": "b", "kind": "X"}).as_object().expect("an object").clone())
        .expect_err("refused");
    assert_eq!(refused.candidates, ["Pod", "Node"]);
}

#[test]
fn a_schema_outside_the_subset_is_refused() {
    let with = |property: Value| {
        json!({"type": "object", "additionalProperties": false, "properties": {"a": property}}).to_string()
    };
    assert!(ArgumentsSchema::parse(&with(json!({"type": "string"}))).is_ok());
    for property in [
        json!({"$ref": "http://169.254.169.254/"}),
        json!({"type": "string", "pattern": "(a+)+$"}),
        json!({"type": "object"}),
        json!({"type": "number"}),
        json!({"type": ["string", "null"]}),
        json!({"type": "string", "format": "uri"}),
        json!({"allOf": []}),
        json!({"type": "string", "const": "x"}),
        json!({"type": "string", "format": "untrusted-text"}),
        json!({"type": "integer", "minimum": 1, "default": 0}),
        json!({}),
        json!(true),
        json!({"type": "array", "items": {"type": "integer"}}),
    ] {
        assert!(ArgumentsSchema::parse(&with(property.clone())).is_err(), "{property}");
    }
    for whole in [
        json!({"type": "object"}),
        json!({"type": "object", "additionalProperties": true}),
        json!([]),
        json!("x"),
        json!({"type": "object", "additionalProperties": false, "required": ["a"]}),
        json!({"type": "object", "additionalProperties": false, "properties": {"dry_run": {"type": "boolean"}}}),
        json!({"type": "object", "additionalProperties": false, "properties": {"A b": {"type": "boolean"}}}),
    ] {
        assert!(ArgumentsSchema::parse(&whole.to_string()).is_err(), "{whole}");
    }
    assert!(ArgumentsSchema::parse(r#"{"type":"object","type":"object","additionalProperties":false}"#).is_err());
    let mut deep = json!({"type": "object"});
    for _ in 0..30 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    assert!(ResultSchema::parse(&deep.to_string()).is_err());
}

#[test]
fn results_are_held_against_their_schema() {
    let schema = ResultSchema::parse(&json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": "string", "format": "date-time"}, "b": {"type": ["string", "null"], "format": "untrusted-text"}},
    }).to_string()).expect("a schema");
    assert!(schema.check(&json!({"a": "2026-01-02T03:04:05+00:00", "b": null})).is_ok());
    for wrong in
        [json!({}), json!({"a": "yesterday"}), json!({"a": "2026-01-02T03:04:05+00:00", "c": 1}), json!({"a": 1})]
    {
        assert!(schema.check(&wrong).is_err(), "{wrong}");
    }
}

/// A schema of rows with these columns.
fn with_columns(columns: Value) -> Result<ResultSchema, meho_policy::schema::SchemaRefused> {
    let size = json!({"type": "object", "properties": {"disk": {"type": "integer"}}});
    let schema =
        json!({"type": "object", "properties": {"name": {"type": "string"}, "size": size}, "columns": columns});
    ResultSchema::parse(&schema.to_string())
}

fn a_column() -> Value {
    json!({"heading": "DISK (GB)", "of": ["size.disk", "name"], "as": "part", "rank": 3, "cut": "word"})
}

#[test]
fn a_schema_of_rows_may_say_how_they_stand_in_a_table() {
    let schema = with_columns(json!([{"heading": "NAME", "of": ["name"], "rank": 0}, a_column()])).expect("a schema");
    let [name, disk] = schema.columns() else { panic!("two columns") };
    assert_eq!((name.heading.as_str(), name.shown.as_deref(), name.rank, name.cut), ("NAME", None, 0, Cut::Never));
    assert_eq!(disk.of, [vec!["size".to_owned(), "disk".to_owned()], vec!["name".to_owned()]]);
    assert_eq!((disk.shown.as_deref(), disk.rank, disk.cut), (Some("part"), 3, Cut::Word));
    // They change nothing of what a row may be.
    assert!(schema.check(&json!({"name": "a"})).is_ok() && schema.check(&json!({"name": 1})).is_err());
    assert!(with_columns(json!([])).expect("a schema").columns().is_empty());
}

#[test]
fn columns_that_are_none_or_too_many_are_refused_with_their_place() {
    let changed = |name: &str, value: Value| {
        let mut column = a_column();
        column[name] = value;
        json!([column])
    };
    let cases = [
        (json!({"heading": "NAME"}), "/columns", "columns are a list"),
        (json!(vec![a_column(); 17]), "/columns", "too many columns"),
        (json!(["NAME"]), "/columns/0", "a column is an object"),
        (json!([a_column(), {"of": ["name"], "rank": 0}]), "/columns/1", "heading"),
        (changed("heading", json!("")), "/columns/0", "heading"),
        (changed("heading", json!(" NAME")), "/columns/0", "heading"),
        (changed("heading", json!("N".repeat(25))), "/columns/0", "heading"),
        (changed("heading", json!("\u{1b}[31mNAME")), "/columns/0", "heading"),
        (changed("heading", json!("N\u{202e}AME")), "/columns/0", "heading"),
        (changed("of", json!([])), "/columns/0", "of"),
        (changed("of", json!(["name", "name", "name", "name", "name"])), "/columns/0", "of"),
        (changed("of", json!(["no_such_member"])), "/columns/0", "of"),
        (changed("of", json!(["size..disk"])), "/columns/0", "of"),
        (changed("of", json!(["size.a.b.c.d"])), "/columns/0", "of"),
        (changed("as", json!("Part of")), "/columns/0", "as"),
        (changed("as", json!(1)), "/columns/0", "as"),
        (changed("rank", json!(21)), "/columns/0", "rank"),
        (changed("rank", json!(-1)), "/columns/0", "rank"),
        (changed("cut", json!("anywhere")), "/columns/0", "cut"),
        (changed("link", json!("https://example")), "/columns/0", "heading, of, as, rank and cut"),
    ];
    for (columns, at, reason) in cases {
        let refused = with_columns(columns.clone()).expect_err("refused");
        assert!(refused.at == at && refused.reason.contains(reason), "{columns}: {refused}");
    }
    // A table within a row is held to the same, and arguments have none.
    let inner = json!({"type": "array", "items": {"type": "object", "columns": [a_column()]}});
    let schema = json!({"type": "object", "properties": {"parts": inner}});
    let refused = ResultSchema::parse(&schema.to_string()).expect_err("refused");
    assert_eq!(refused.at, "/properties/parts/items/columns/0");
    let arguments = json!({"type": "object", "additionalProperties": false, "columns": []});
    assert!(ArgumentsSchema::parse(&arguments.to_string()).is_err());
}
