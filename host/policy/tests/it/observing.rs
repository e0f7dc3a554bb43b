//! What the observer finds in an answer, against a parser that reads it whole.

use crate::effects::{effect, literal, pods};
use meho_policy::authority::{Authority, Phase};
use meho_policy::catalogue::Effects;
use meho_policy::decide::{Decision, decide};
use meho_policy::effect::Trust;
use meho_policy::observer::{Finding, Observer, selector_text};
use meho_policy::state::{State, spend};
use proptest::prelude::*;
use serde_json::{Value, json};

/// An observer for answers to a read that others look at these pointers of.
fn observer(pointers: &[(&str, &str)], paged: bool) -> Observer {
    let query = json!([
        {"key": "limit", "value": {"PageSize": {"rows": 500, "limit": null}}, "may_omit": false},
        {"key": "continue", "value": {"PageToken": null}, "may_omit": false},
    ]);
    let read = if paged { json!({"query": query, "count": {"series": 1, "pages": 9}}) } else { json!({}) };
    let mut effects = vec![effect("read", &pods(vec![]), &read)];
    for (number, (pointer, form)) in pointers.iter().enumerate() {
        let seen = json!([{"Observed": [{"effect": "read", "pointer": pointer, "form": form}]}]);
        let path = literal(&format!("/api/v1/x{number}"));
        effects.push(effect(
            &format!("e{number}"),
            &path,
            &json!({"query": [{"key": "q", "value": {"Pieces": seen}, "may_omit": false}]}),
        ));
    }
    let schema = crate::effects::schema();
    let effects: Effects = crate::effects::check(&effects, Trust::Read).expect("effects that pass");
    let arguments = json!({"namespace": "prod", "name": "web"});
    let arguments = schema.check(arguments.as_object().expect("an object").clone()).expect("arguments");
    let authority = Authority::compile(&effects, &arguments, "", Phase::Plan);
    let mut state = State::new(&authority);
    let target = if paged { "/api/v1/namespaces/prod/pods?limit=500" } else { "/api/v1/namespaces/prod/pods" };
    let request = crate::effects::get(target).canonical().expect("canonical");
    let Ok(Decision::Send(permit)) = decide(&authority, &state, &request) else { panic!("permitted") };
    let receipt = spend(&mut state, &permit);
    Observer::new(&authority, receipt).expect("there is something to look for")
}

fn feed(observer: &mut Observer, text: &[u8], size: usize) -> Vec<Finding> {
    text.chunks(size.max(1)).flat_map(|chunk| observer.feed(chunk)).collect()
}

fn values(findings: Vec<Finding>) -> Vec<String> {
    findings
        .into_iter()
        .map(|finding| match finding {
            Finding::Token(text) | Finding::Value { text, .. } => text,
        })
        .collect()
}

#[track_caller]
fn finds(pointers: &[(&str, &str)], paged: bool, text: &str, wanted: &[&str]) {
    for size in [1, 2, 3, 7, 64, 100_000] {
        let found = values(feed(&mut observer(pointers, paged), text.as_bytes(), size));
        assert_eq!(found, wanted, "in pieces of {size}: {text}");
    }
}

#[test]
fn a_value_is_found_where_it_stands_and_nowhere_else() {
    let uid = [("/metadata/uid", "Uid")];
    finds(
        &uid,
        false,
        r#"{"uid":"no","spec":{"metadata":{"uid":"no"}},"metadata":{"name":"n","uid":"yes","x":{"uid":"no"}}}"#,
        &["yes"],
    );
    finds(&uid, false, r#"[{"metadata":{"uid":"no"}}]"#, &[]);
    finds(&uid, false, r#"{"metadata":[{"uid":"no"}]}"#, &[]);
    finds(&uid, false, r#"{"metadata":{"uid":null}}"#, &[]);
    finds(&uid, false, r#"{"metadata":{"uid":7}}"#, &[]);
    finds(&uid, false, r#"{"metadata":{"uid":""}}"#, &[]);
    finds(&uid, false, r#"{"metadata":{"uid":{"uid":"no"}}}"#, &[]);
    finds(&uid, false, r#" { "metadata" : { "uid" : "yes" } } "#, &["yes"]);
    finds(&uid, false, "not json at all", &[]);
    finds(&uid, false, "", &[]);
}

#[test]
fn escapes_are_read_as_a_parser_reads_them() {
    let uid = [("/metadata/uid", "Uid")];
    finds(&uid, false, r#"{"met\u0061data":{"uid":"a\u002db"}}"#, &["a-b"]);
    finds(&uid, false, r#"{"x":"\\\"","metadata":{"y":"}]\"{","uid":"yes"}}"#, &["yes"]);
    finds(&uid, false, r#"{"x\"":{"metadata":{"uid":"no"}},"metadata":{"uid":"yes"}}"#, &["yes"]);
    finds(
        &[("/metadata/annotations/a~1b~0c", "Uid")],
        false,
        r#"{"metadata":{"annotations":{"a/b~c":"yes","a":"no"}}}"#,
        &["yes"],
    );
}

#[test]
fn every_item_of_a_list_is_looked_at() {
    let items = [("/items/*/metadata/name", "Name")];
    let text = r#"{"kind":"List","items":[{"metadata":{"name":"a"}},{"spec":[1,[2,{"metadata":{"name":"no"}}]],"metadata":{"name":"b"}},7,null,{}],"metadata":{"name":"no"}}"#;
    finds(&items, false, text, &["a", "b"]);
}

#[test]
fn a_page_token_is_found_and_the_rest_is_not_looked_at() {
    let text = r#"{"kind":"List","metadata":{"resourceVersion":"7","continue":"tok","remainingItemCount":3},"items":[{"metadata":{"continue":"no"}}]}"#;
    finds(&[], true, text, &["tok"]);
    let mut observer = observer(&[], true);
    observer.feed(br#"{"metadata":{"continue":"tok"},"#);
    assert!(observer.is_done());
    finds(&[], true, r#"{"items":[{"metadata":{"continue":"no"}}],"metadata":{"continue":"late"}}"#, &["late"]);
}

#[test]
fn a_selector_is_found_whole() {
    let selector = [("/spec/selector", "LabelSelector")];
    finds(&selector, false, r#"{"spec":{"selector":{"b":"2","a":"1"}}}"#, &["a=1,b=2"]);
    finds(&selector, false, r#"{"spec":{"selector":{"matchLabels":{"a":"}"}}}}"#, &[]);
    finds(&selector, false, r#"{"spec":{"selector":{}}}"#, &[]);
    finds(&selector, false, r#"{"spec":{"selector":"a=1"}}"#, &[]);
}

#[test]
fn a_selector_has_one_text() {
    let text = |selector: Value| selector_text(&selector);
    assert_eq!(text(json!({"app": "web"})).as_deref(), Some("app=web"));
    assert_eq!(text(json!({"matchLabels": {"b": "", "a": "x"}})).as_deref(), Some("a=x,b="));
    let all = json!({"matchExpressions": [
        {"key": "a", "operator": "In", "values": ["z", "y"]}, {"key": "b", "operator": "NotIn", "values": ["x"]},
        {"key": "c", "operator": "Exists"}, {"key": "d", "operator": "DoesNotExist", "values": []},
    ]});
    assert_eq!(text(all).as_deref(), Some("a in (y,z),b notin (x),c,!d"));
    assert_eq!(text(json!({"matchLabels": "x"})).as_deref(), Some("matchLabels=x"), "a Service may have such a label");
    for odd in [
        json!({}),
        json!([]),
        json!({"a": 1}),
        json!({"a b": "c"}),
        json!({"a": "b,c"}),
        json!({"a": "b)"}),
        json!({"": "x"}),
        json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]}),
        json!({"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}),
    ] {
        assert_eq!(text(odd.clone()), None, "{odd}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        Just("metadata".to_owned()),
        Just("uid".to_owned()),
        Just("items".to_owned()),
        Just("continue".to_owned()),
        "\\PC{0,4}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        "[a-z-]{1,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What stands at a pointer, read from the whole value.
fn at<'v>(value: &'v Value, pointer: &[&str], found: &mut Vec<&'v str>) {
    match (pointer, value) {
        ([], Value::String(text)) if !text.is_empty() => found.push(text),
        (["*", rest @ ..], Value::Array(items)) => items.iter().for_each(|item| at(item, rest, found)),
        ([name, rest @ ..], Value::Object(members)) => {
            members.get(*name).into_iter().for_each(|member| at(member, rest, found))
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn it_finds_what_a_parser_finds(value in any_json(), size in 1_usize..40, pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("JSON");
        let pointers = [("/metadata/uid", "Uid"), ("/items/*/metadata/uid", "Uid"), ("/metadata/items/*/uid", "Uid")];
        let found = values(feed(&mut observer(&pointers, false), text.as_bytes(), size));
        let mut wanted = Vec::new();
        at(&value, &["metadata", "uid"], &mut wanted);
        at(&value, &["items", "*", "metadata", "uid"], &mut wanted);
        at(&value, &["metadata", "items", "*", "uid"], &mut wanted);
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        prop_assert_eq!(found, wanted, "{}", text);
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400), size in 1_usize..50) {
        feed(&mut observer(&[("/metadata/uid", "Uid"), ("/spec/selector", "LabelSelector")], true), &bytes, size);
    }
}
