//! Everything that can be changed about a request. Each change is one that an attacker would try, with a name for the count.

use crate::scenario::{Ask, METADATA, METADATA_LIST};
use serde_json::{Value, json};

/// A changed request, and what was changed.
pub(crate) struct Mutation {
    pub(crate) what: &'static str,
    pub(crate) ask: Ask,
}

/// All changes of one request.
pub(crate) fn of(ask: &Ask) -> Vec<Mutation> {
    let mut found = Vec::new();
    let mut add = |what: &'static str, ask: Ask| found.push(Mutation { what, ask });
    paths(ask, &mut add);
    queries(ask, &mut add);
    heads(ask, &mut add);
    bodies(ask, &mut add);
    found.retain(|mutation| mutation.ask != *ask);
    found
}

type Add<'a> = dyn FnMut(&'static str, Ask) + 'a;

fn paths(ask: &Ask, add: &mut Add<'_>) {
    let mut with = |what: &'static str, path: String| add(what, Ask { path, ..ask.clone() });
    let path = &ask.path;
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let join = |segments: &[&str]| format!("/{}", segments.join("/"));
    for index in 0..segments.len() {
        let replaced = |text: &str| {
            let mut changed = segments.clone();
            changed[index] = text;
            join(&changed)
        };
        with("another segment", replaced("other"));
        with("a longer segment", replaced(&format!("{}x", segments[index])));
        with("a shorter segment", replaced(&segments[index][..segments[index].len() - 1]));
        with("another case", replaced(&segments[index].to_uppercase()));
        with("a dot segment", replaced("."));
        with("a double dot segment", replaced(".."));
        with("an encoded dot segment", replaced("%2e%2e"));
        with("an empty segment", replaced(""));
        with("a parameter", replaced(&format!("{};v=1", segments[index])));
        with("an encoded separator", replaced(&format!("{}%2Fstatus", segments[index])));
        with(
            "a needless escape",
            replaced(&format!("%{:02x}{}", segments[index].as_bytes()[0], &segments[index][1..])),
        );
        with("a NUL", replaced(&format!("{}%00", segments[index])));
        with("a Unicode twin", replaced(&segments[index].replacen('a', "а", 1)));
        let mut dropped = segments.clone();
        dropped.remove(index);
        with("a dropped segment", join(&dropped));
        let mut inserted = segments.clone();
        inserted.insert(index, "..");
        with("an inserted double dot", join(&inserted));
        let mut doubled = segments.clone();
        doubled.insert(index, segments[index]);
        with("a doubled segment", join(&doubled));
    }
    for kind in ["secrets", "pods", "nodes", "configmaps", "serviceaccounts", "deployments", "clusterroles", "events"] {
        for index in 0..segments.len() {
            if segments[index].len() > 3 && segments[index].ends_with('s') {
                let mut changed = segments.clone();
                changed[index] = kind;
                with("another kind", join(&changed));
            }
        }
    }
    for namespace in ["kube-system", "default", ""] {
        if let Some(at) = segments.iter().position(|segment| *segment == "namespaces") {
            let mut changed = segments.clone();
            if at + 1 < changed.len() {
                changed[at + 1] = namespace;
                with("another namespace", join(&changed));
            }
        }
    }
    if let Some(at) = segments.iter().position(|segment| *segment == "namespaces")
        && at + 2 < segments.len()
    {
        with("the wider path", join(&[&segments[..at], &segments[at + 2..]].concat()));
    }
    for subresource in
        ["status", "log", "exec", "attach", "portforward", "proxy", "scale", "eviction", "binding", "token", "finalize"]
    {
        with("a subresource", format!("{path}/{subresource}"));
        with("another subresource", join(&[&segments[..segments.len() - 1], &[subresource]].concat()));
    }
    with("a trailing slash", format!("{path}/"));
    with("a doubled slash in front", format!("/{path}"));
    with("no slash in front", path.trim_start_matches('/').to_owned());
    with("a question mark in the path", path.replacen('/', "/?x=/", 2));
    with("a fragment", format!("{path}#x"));
    with("a backslash", path.replace('/', "\\"));
    with("the watch prefix", path.replacen("/v1/", "/v1/watch/", 1));
    with("the proxy prefix", path.replacen("/v1/", "/v1/proxy/", 1));
    with("another version", path.replacen("/v1/", "/v1beta1/", 1));
    with("the root", "/".to_owned());
    with("nothing", String::new());
}

fn queries(ask: &Ask, add: &mut Add<'_>) {
    let with = |query: Vec<(String, String)>| Ask { query, ..ask.clone() };
    const KEYS: [&str; 22] = [
        "watch",
        "follow",
        "timeoutSeconds",
        "resourceVersion",
        "resourceVersionMatch",
        "fieldManager",
        "force",
        "dryRun",
        "pretty",
        "limitBytes",
        "propagationPolicy",
        "orphanDependents",
        "gracePeriodSeconds",
        "allowWatchBookmarks",
        "sendInitialEvents",
        "labelSelector",
        "fieldSelector",
        "continue",
        "limit",
        "container",
        "insecureSkipTLSVerifyBackend",
        "ignoreStoreReadErrorWithClusterBreakingPotential",
    ];
    for key in KEYS {
        for value in ["true", "1", "All", "x=y", "0"] {
            let mut query = ask.query.clone();
            query.push((key.to_owned(), value.to_owned()));
            add("another key", with(query));
        }
    }
    for index in 0..ask.query.len() {
        let (key, value) = ask.query[index].clone();
        let mut change = |what: &'static str, key: String, value: String| {
            let mut query = ask.query.clone();
            query[index] = (key, value);
            add(what, with(query));
        };
        change("another value", key.clone(), "other".to_owned());
        change("a longer value", key.clone(), format!("{value}x"));
        change("a longer value", key.clone(), format!("{value}%2Cx%3Dy"));
        change("an empty value", key.clone(), String::new());
        change("a value with a plus", key.clone(), format!("{value}+"));
        change("a value with a semicolon", key.clone(), format!("{value};watch=true"));
        change("a value with a control character", key.clone(), format!("{value}%0A"));
        change("a broken escape", key.clone(), format!("{value}%2"));
        change("not UTF-8", key.clone(), format!("{value}%FF"));
        change("another case of the key", key.to_uppercase(), value.clone());
        change("an escaped key", format!("%{:02X}{}", key.as_bytes()[0], &key[1..]), value.clone());
        if key == "limit" {
            for size in ["0", "1000", "501", "499", "-1", "+5", "0500", "500.0", "5e2", "4294967796", "500%20", ""] {
                change("another page size", key.clone(), size.to_owned());
            }
        }
        if key == "continue" {
            for token in ["forged", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MX0", "tok0-500%3D", ""] {
                change("a forged page token", key.clone(), token.to_owned());
            }
        }
        let mut dropped = ask.query.clone();
        dropped.remove(index);
        add("a dropped key", with(dropped));
        let mut repeated = ask.query.clone();
        repeated.push((key.clone(), value.clone()));
        add("a repeated key", with(repeated));
        let mut in_front = ask.query.clone();
        in_front.insert(0, (key.clone(), "other".to_owned()));
        add("a repeated key", with(in_front));
    }
    add("an empty pair", with([ask.query.clone(), vec![(String::new(), String::new())]].concat()));
    add("a second question mark", Ask { path: format!("{}?", ask.path), ..ask.clone() });
}

fn heads(ask: &Ask, add: &mut Add<'_>) {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "MKCOL"] {
        add("another method", Ask { method: method.to_owned(), ..ask.clone() });
    }
    for (scheme, authority) in [
        ("http", "target.invalid"),
        ("https", "target.invalid:443"),
        ("https", "target.invalid.example.com"),
        ("https", "TARGET.invalid"),
        ("https", "user@target.invalid"),
        ("https", "169.254.169.254"),
        ("https", "localhost"),
        ("https", ""),
        ("wss", "target.invalid"),
    ] {
        add("another authority", Ask { scheme: scheme.to_owned(), authority: authority.to_owned(), ..ask.clone() });
    }
    let header = |name: &str, value: &str| {
        let mut changed = ask.clone();
        changed.headers.push((name.to_owned(), value.to_owned()));
        changed
    };
    for name in [
        "authorization",
        "cookie",
        "impersonate-user",
        "impersonate-group",
        "x-remote-user",
        "x-forwarded-for",
        "host",
        "upgrade",
        "connection",
        "transfer-encoding",
        "x-http-method-override",
        "if-match",
        "if-none-match",
        "range",
        "te",
        "audit-id",
        "user-agent",
        "accept-encoding",
    ] {
        add("another header", header(name, "x"));
    }
    add("a repeated accept", header("accept", "application/json"));
    for media_type in [
        "text/plain",
        "*/*",
        "application/json",
        METADATA,
        METADATA_LIST,
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Table;g=meta.k8s.io;v=v1",
        "application/json, */*",
        "application/json;stream=watch",
        "",
        "x",
    ] {
        add("another accept", ask.clone().accept(media_type));
    }
    let mut without = ask.clone();
    without.headers.remove(0);
    add("no accept", without);
}

fn bodies(ask: &Ask, add: &mut Add<'_>) {
    let mut with = |what: &'static str, body: String| add(what, Ask { body, ..ask.clone() });
    if ask.body.is_empty() {
        with("a body", "{}".to_owned());
        let mut typed = ask.clone();
        typed.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        typed.body = r#"{"dryRun":["All"]}"#.to_owned();
        add("a body", typed);
        return;
    }
    let value: Value = serde_json::from_str(&ask.body).expect("an honest body is JSON");
    let mut changed = Vec::new();
    change_everywhere(&value, &mut |value| changed.push(value));
    for value in changed {
        with("another body", value.to_string());
    }
    for member in [
        json!({"dryRun": ["All"]}),
        json!({"metadata": {"resourceVersion": "1"}}),
        json!({"spec": {"paused": true}}),
        json!({"propagationPolicy": "Orphan"}),
        json!({"spec": {"template": {"spec": {"containers": []}}}}),
        json!({"x": null}),
        json!({"metadata": {"finalizers": null}}),
        json!({"metadata": {"ownerReferences": []}}),
        json!({"status": {}}),
    ] {
        let mut merged = value.clone();
        merge(&mut merged, &member);
        with("one more member", merged.to_string());
    }
    let inner = ask.body.strip_prefix('{').expect("an object");
    with("a member twice", format!("{{\"spec\":{{\"replicas\":9}},{inner}"));
    with(
        "a member twice",
        format!("{{\"apiVersion\":\"v9\",{inner}").replacen("\"apiVersion\":\"v1\"", "\"apiVersion\":\"v1\"", 1),
    );
    with("a list", format!("[{}]", ask.body));
    with("two values", format!("{}{}", ask.body, ask.body));
    with("cut off", ask.body[..ask.body.len() - 1].to_owned());
    with("a float", ask.body.replacen(['1', '3', '0'], "1.5", 1));
    with("not JSON", "spec=1".to_owned());
    with("nothing", String::new());
    with("nested deeply", format!("{}{}", "[".repeat(200), "]".repeat(200)));
    for media_type in [
        "application/json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/yaml",
        "application/merge-patch+json; charset=utf-8",
        "",
    ] {
        let mut typed = ask.clone();
        typed.headers[1].1 = media_type.to_owned();
        add("another media type", typed);
    }
    let mut untyped = ask.clone();
    untyped.headers.truncate(1);
    add("no media type", untyped);
}

/// The value with one part of it changed, for every part.
fn change_everywhere(value: &Value, found: &mut dyn FnMut(Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                found(Value::Object(without.clone()));
                let mut renamed = without;
                renamed.insert(format!("{name}x"), member.clone());
                found(Value::Object(renamed));
                change_everywhere(member, &mut |changed| {
                    let mut members = members.clone();
                    members.insert(name.clone(), changed);
                    found(Value::Object(members));
                });
            }
        }
        Value::String(text) => {
            for other in [format!("{text}x"), String::new(), "other".to_owned()] {
                found(other.into());
            }
            found(Value::Null);
            found(json!([text]));
        }
        Value::Number(number) => {
            let number = number.as_i64().expect("an integer");
            for other in [number + 1, number - 1, number * 10, -7] {
                found(other.into());
            }
            found(number.to_string().into());
            found(Value::Null);
        }
        Value::Bool(flag) => {
            found((!flag).into());
            found(Value::Null);
            found(flag.to_string().into());
        }
        Value::Null | Value::Array(_) => found(json!("other")),
    }
}

fn merge(into: &mut Value, other: &Value) {
    match (into, other) {
        (Value::Object(into), Value::Object(other)) => {
            for (name, value) in other {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, other) => *into = other.clone(),
    }
}
