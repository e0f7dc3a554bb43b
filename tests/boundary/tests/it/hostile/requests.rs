//! Requests that an operation may not make.

use crate::fixtures;
use crate::trial::{POD, SCALE, Trial, a_pod};
use crate::world::TOKEN;
use meho_host::error::ErrorCode;
use meho_host::record::CallEnding;
use meho_test_fake::{Answer, Expected, Fake, Settings};
use serde_json::{Value, json};

/// Where the pods are that some hostile guests may list.
const PODS: &str = "/api/v1/namespaces/default/pods";

#[test]
fn an_honest_request_is_sent() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(fixtures::HONEST).on(&fake).run();
    assert_eq!(ran.answer().0["status"], json!(200));
    assert_eq!(ran.recorded(), [format!("GET {POD}")]);
}

#[test]
fn a_request_to_another_host_is_denied() {
    // One that is there and would answer.
    let other = Fake::silent();
    let there = other.authority();
    for authority in [
        there.as_str(),
        "evil.example",
        "TARGET.INVALID",
        "target.invalid.",
        "target.invalid:443",
        "target.invalid:80",
        "me@target.invalid",
        "me:secret@target.invalid",
        "target.invalid@evil.example",
        "127.0.0.1",
        "[::1]:443",
        "169.254.169.254",
        "target.invalid.evil.example",
        "kubernetes.default.svc",
    ] {
        let ran = Trial::of(fixtures::ANOTHER_HOST).how(authority).denied_by("authority");
        assert_eq!(ran.recorded(), [""; 0]);
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_request_over_another_scheme_is_denied() {
    for scheme in ["http", "ftp", "file", "ws", "wss", "httpss", "unix"] {
        Trial::of(fixtures::ANOTHER_SCHEME).how(scheme).denied_by("authority");
    }
}

#[test]
fn a_request_for_another_path_is_denied() {
    for path in [
        "/api/v1/namespaces/default/secrets/admin",
        "/api/v1/namespaces/kube-system/pods/web",
        "/api/v1/namespaces/default/pods",
        "/api/v1/pods/web",
        "/api/v1/namespaces/default/pods/webs",
        "/api/v1/namespaces/default/pods/Web",
        "/API/v1/namespaces/default/pods/web",
        "/api/v1/namespaces/default/pods/web/log",
        "/api/v1/namespaces/default/pods/web/exec",
        "/api/v1/namespaces/default/pods/web/web",
        "/apis/apps/v1/namespaces/default/pods/web",
    ] {
        Trial::of(fixtures::ANOTHER_PATH).how(path).denied_by("path");
    }
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_denied() {
    for path in [
        // Dotted.
        "/api/v1/namespaces/default/pods/web/../../secrets/admin",
        "/api/v1/namespaces/default/secrets/../pods/web",
        "/api/v1/namespaces/default/pods/./web",
        "/api/v1/namespaces/default/pods/web/.",
        "/api/v1/namespaces/default/pods/web/..",
        "/../api/v1/namespaces/default/pods/web",
        // Encoded.
        "/api/v1/namespaces/default/pods/%77eb",
        "/api/v1/namespaces/default/pods%2Fweb",
        "/api/v1/namespaces/default/pods%2fweb",
        "/api/v1/namespaces/default/pods/web/%2e%2e/%2E%2E/secrets",
        "/api/v1/namespaces/default/pods/web/%252e%252e",
        "/api/v1/namespaces/default/pods/web%00",
        "/api/v1/namespaces/default/pods/web%20",
        "/%61pi/v1/namespaces/default/pods/web",
        // Doubled.
        "//api/v1/namespaces/default/pods/web",
        "/api/v1/namespaces/default/pods//web",
        "/api/v1/namespaces//default/pods/web",
        "/api/v1/namespaces/default/pods/web/",
        "/api/v1/namespaces/default/pods/web//",
        "/",
        // With what some servers cut off.
        "/api/v1/namespaces/default/pods/web;a=b",
        "/api/v1/namespaces/default/pods/web,x",
        "/api/v1/namespaces/default/pods/web&watch=true",
    ] {
        Trial::of(fixtures::ANOTHER_PATH).how(path).denied_by("path-form");
    }
}

#[test]
fn a_fragment_never_leaves() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let (data, _) = Trial::of(fixtures::ANOTHER_PATH).how(&format!("{POD}#/../secrets")).on(&fake).succeeds();
    assert_eq!(data["status"], json!(200));
}

#[test]
fn a_query_where_none_may_be_is_denied() {
    for query in ["watch=true", "pretty=true", "x=y", "resourceVersion=0", "limit=500"] {
        Trial::of(fixtures::ANOTHER_PATH).how(&format!("{POD}?{query}")).denied_by("query-key");
    }
    Trial::of(fixtures::ANOTHER_PATH).how(&format!("{POD}?")).denied_by("query-form");
}

#[test]
fn a_request_with_another_method_is_denied() {
    for method in
        ["HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "get", "Get", "WATCH", "PROPFIND"]
    {
        Trial::of(fixtures::ANOTHER_METHOD).how(method).denied_by("method");
    }
}

#[test]
fn the_methods_own_spelling_is_what_is_allowed() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    Trial::of(fixtures::ANOTHER_METHOD).how("GET").on(&fake).succeeds();
}

#[test]
fn a_query_key_without_a_rule_is_denied() {
    for pair in [
        "watch=true",
        "watch=false",
        "follow=true",
        "timeoutSeconds=1",
        "resourceVersion=0",
        "resourceVersionMatch=Exact",
        "fieldSelector=metadata.name%3Dweb",
        "labelSelector=app%3Dweb",
        "pretty=true",
        "dryRun=All",
        "fieldManager=me",
        "force=true",
        "limitBytes=1",
        "propagationPolicy=Foreground",
        "allowWatchBookmarks=true",
        "sendInitialEvents=true",
        "ignoreStoreReadErrorWithClusterBreakingPotential=true",
        "insecureSkipTLSVerifyBackend=true",
        "Limit=500",
    ] {
        Trial::of(fixtures::ANOTHER_QUERY).how(&format!("limit=500&{pair}")).denied_by("query-key");
    }
}

#[test]
fn a_query_that_can_be_read_in_two_ways_is_denied() {
    for query in [
        "limit=500&limit=500",
        "limit=1&limit=500",
        "limit=500&l%69mit=1",
        "limit=500;watch=true",
        "limit=500&",
        "&limit=500",
        "limit",
        "=500",
        "limit=5%",
        "limit=5%3",
        "limit=5%zz",
        "limit=500%0a",
        "limit=500%00",
        "limit=+500",
        "limit=500&continue=a+b",
        "limit=500&continue=%ff",
    ] {
        Trial::of(fixtures::ANOTHER_QUERY).how(query).denied_by("query-form");
    }
}

#[test]
fn a_selector_that_the_caller_gave_can_be_neither_dropped_nor_changed() {
    let selecting = |how: &str| Trial::of(fixtures::ANOTHER_QUERY).with(json!({"selector": "app=web", "how": how}));
    let fake = Fake::expecting([Expected::once(
        "GET",
        &format!("{PODS}?labelSelector=app%3Dweb&limit=500"),
        Answer::json(r#"{"items":[]}"#),
    )]);
    // Written in two other ways, and sent in its one form.
    selecting("limit=500&labelSelector=%61pp=w%65b").on(&fake).succeeds();
    selecting("limit=500").denied_by("query-missing");
    for value in ["", "app", "app%3Dweb2", "app%3Dweb%2Cx", "%20app%3Dweb", "app%3D%3Dweb"] {
        selecting(&format!("limit=500&labelSelector={value}")).denied_by("query-value");
    }
}

#[test]
fn a_page_size_of_the_guests_own_is_denied() {
    for size in ["0", "501", "499", "1000", "0500", "5e2", "-1", "500.0", "99999999999999999999", ""] {
        Trial::of(fixtures::ANOTHER_QUERY).how(&format!("limit={size}")).denied_by("page-size");
    }
    Trial::of(fixtures::ANOTHER_QUERY).with(json!({"limit": 10, "how": "limit=500"})).denied_by("page-size");
    Trial::of(fixtures::ANOTHER_QUERY).with(json!({"limit": 10, "how": "limit=11"})).denied_by("page-size");
    Trial::of(fixtures::ANOTHER_QUERY).how("continue=x").denied_by("query-missing");
    let fake = Fake::expecting([Expected::once("GET", &format!("{PODS}?limit=10"), Answer::json(r#"{"items":[]}"#))]);
    Trial::of(fixtures::ANOTHER_QUERY).with(json!({"limit": 10, "how": "limit=10"})).on(&fake).succeeds();
}

#[test]
fn a_page_token_that_nobody_gave_is_denied() {
    for token in ["forged", "secret-carried-out-in-a-token", ""] {
        Trial::of(fixtures::ANOTHER_QUERY).how(&format!("limit=500&continue={token}")).denied_by("page-token");
    }
    let dropped = json!({"continue": "given", "how": "limit=500"});
    Trial::of(fixtures::ANOTHER_QUERY).with(dropped).denied_by("page-token");
}

#[test]
fn a_further_page_is_asked_for_by_the_token_that_the_target_gave_and_by_no_other() {
    let first = || {
        let page = Answer::json(r#"{"metadata":{"continue":"next"},"items":[{"metadata":{"continue":"of-an-item"}}]}"#);
        Expected::once("GET", &format!("{PODS}?limit=500"), page)
    };
    for (how, target) in [
        ("limit=500&continue=next", "?continue=next&limit=500"),
        ("limit=125&continue=next", "?continue=next&limit=125"),
        ("limit=125", "?limit=125"),
    ] {
        let second = Expected::once("GET", &format!("{PODS}{target}"), Answer::json(r#"{"items":[]}"#));
        let fake = Fake::expecting([first(), second]);
        Trial::of(fixtures::ANOTHER_PAGE).how(how).on(&fake).succeeds();
    }
    for (how, rule) in [
        ("limit=500&continue=other", "page-token"),
        ("limit=500&continue=nex", "page-token"),
        ("limit=500&continue=next2", "page-token"),
        ("limit=500&continue=of-an-item", "page-token"),
        ("limit=499&continue=next", "page-size"),
        ("limit=500", "page-size"),
        ("limit=500&continue=next&continue=next", "query-form"),
        ("continue=next", "query-missing"),
    ] {
        let fake = Fake::expecting([first()]);
        Trial::of(fixtures::ANOTHER_PAGE).how(how).on(&fake).denied_by(rule);
    }
}

#[test]
fn another_media_type_is_denied() {
    for media_type in [
        "*/*",
        "text/plain",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json, text/plain",
        "Application/JSON",
    ] {
        Trial::of(fixtures::ANOTHER_ACCEPT).how(media_type).denied_by("accept");
    }
    for media_types in ["", "application/json|application/json", "application/json|*/*", "nothing"] {
        Trial::of(fixtures::ANOTHER_ACCEPT).how(media_types).denied_by("header");
    }
}

/// What the merge patches are called.
const MERGE_PATCH: &str = "application/merge-patch+json";

fn scaling(body: &str, media_type: &str) -> Trial<'static> {
    Trial::of(fixtures::ANOTHER_BODY).with(json!({"how": body, "also": media_type, "replicas": 3}))
}

#[test]
fn another_body_is_denied() {
    for body in [
        r#"{"spec":{"replicas":4}}"#,
        r#"{"spec":{"replicas":0}}"#,
        r#"{"spec":{"replicas":"3"}}"#,
        r#"{"spec":{"replicas":null}}"#,
        r#"{"spec":{"replicas":3},"metadata":{"labels":{"a":"b"}}}"#,
        r#"{"spec":{"replicas":3,"template":{"spec":{"containers":[{"name":"web","image":"evil"}]}}}}"#,
        r#"{"spec":{}}"#,
        "{}",
        "[]",
        "3",
        r#"[{"op":"replace","path":"/spec/replicas","value":3}]"#,
    ] {
        let ran = scaling(body, MERGE_PATCH).denied_by("body");
        assert_eq!(ran.recorded(), [""; 0]);
    }
}

#[test]
fn a_body_that_can_be_read_in_two_ways_is_denied() {
    let deep = format!("{}1{}", "{\"a\":".repeat(150), "}".repeat(150));
    for body in [
        r#"{"spec":{"replicas":3},"spec":{"replicas":0}}"#,
        r#"{"spec":{"replicas":0,"replicas":3}}"#,
        r#"{"spec":{"replicas":3.0}}"#,
        r#"{"spec":{"replicas":3e0}}"#,
        r#"{"spec":{"replicas":0,"replic\u0061s":3}}"#,
        r#"{"spec":{"replicas":3}} {}"#,
        r#"{"spec":{"replicas":3}"#,
        "{'spec':{'replicas':3}}",
        "spec: {replicas: 3}",
        "NaN",
        &deep,
    ] {
        scaling(body, MERGE_PATCH).denied_by("body-form");
    }
}

#[test]
fn the_same_body_as_another_media_type_is_denied() {
    for media_type in [
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/json",
        "application/merge-patch+json; charset=utf-8",
        "Application/Merge-Patch+JSON",
    ] {
        scaling(r#"{"spec":{"replicas":3}}"#, media_type).denied_by("media-type");
    }
}

#[test]
fn a_body_is_sent_in_its_one_form() {
    let scaled = Expected::once("PATCH", SCALE, Answer::json("{}")).with_body(r#"{"spec":{"replicas":3}}"#);
    let fake = Fake::expecting([scaled]);
    scaling(" { \"spec\" : { \"repl\\u0069cas\" : 3 } } ", MERGE_PATCH).on(&fake).succeeds();
}

#[test]
fn one_request_past_the_count_is_denied() {
    let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
    let ran = Trial::of(fixtures::ONE_TOO_MANY).on(&fake).denied_by("count");
    assert_eq!(ran.recorded(), [format!("GET {POD}")]);
}

#[test]
fn a_header_of_the_guests_own_never_leaves() {
    for name in [
        "authorization",
        "Authorization",
        "AUTHORIZATION",
        "proxy-authorization",
        "cookie",
        "impersonate-user",
        "Impersonate-Group",
        "impersonate-uid",
        "impersonate-extra-scopes",
        "x-remote-user",
        "x-remote-group",
        "x-forwarded-for",
        "x-forwarded-host",
        "forwarded",
        "x-http-method-override",
        "x-original-url",
        "host",
        "connection",
        "keep-alive",
        "upgrade",
        "transfer-encoding",
        "te",
        "trailer",
        "expect",
        "http2-settings",
        "audit-id",
        "user-agent",
        "accept-encoding",
        "range",
        "if-match",
        "origin",
    ] {
        let fake = Fake::expecting([Expected::once("GET", POD, a_pod())]);
        let (data, _) = Trial::of(fixtures::OWN_HEADERS).how(name).on(&fake).succeeds();
        for way in ["append", "set", "from_list"] {
            assert_eq!(data["said"][way], json!("Err(HeaderError::Forbidden)"), "{name} by {way}");
        }
        let seen = fake.seen();
        assert_eq!(seen[0].token(), Some(TOKEN), "with {name}");
        let names: Vec<&str> = seen[0].headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["accept", "accept-encoding", "user-agent", "audit-id", "authorization"], "with {name}");
        assert!(seen[0].headers.iter().all(|(_, value)| !value.contains("of the guest")), "with {name}");
    }
}

#[test]
fn a_header_that_a_guest_may_only_see_is_denied_where_it_sends_it() {
    for name in ["date", "retry-after", "warning"] {
        Trial::of(fixtures::OWN_HEADERS).how(name).denied_by("header");
    }
}

#[test]
fn a_header_that_stands_twice_is_denied() {
    for name in ["accept", "content-type"] {
        Trial::of(fixtures::OWN_HEADERS).how(name).fails_with(
            ErrorCode::TrustViolation,
            "rule",
            if name == "accept" { "header" } else { "body-form" },
        );
    }
}

#[test]
fn a_redirect_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Fake::silent();
        let location = format!("{}{POD}", elsewhere.url());
        let redirect = || Expected::once("GET", POD, Answer::redirect(status, &location));
        let fake = Fake::expecting([redirect()]);
        let (data, _) = Trial::of(fixtures::HONEST).on(&fake).succeeds();
        assert_eq!(data["status"], json!(status));
        assert!(!data.to_string().contains(&elsewhere.authority()), "the guest saw where it leads: {data}");
        assert_eq!(elsewhere.connections(), 0);

        let fake = Fake::expecting([redirect()]);
        let to = elsewhere.authority();
        Trial::of(fixtures::FOLLOWS_A_REDIRECT).how(&to).on(&fake).denied_by("authority");
        assert_eq!(elsewhere.connections(), 0);

        // To where it is anyway: that would be once more than it may.
        let fake = Fake::expecting([redirect()]);
        Trial::of(fixtures::FOLLOWS_A_REDIRECT).how("target.invalid").on(&fake).denied_by("count");
    }
}

#[test]
fn a_denial_that_the_guest_swallows_still_decides() {
    let ran = Trial::of(fixtures::SWALLOWS_A_DENIAL).denied_by("path");
    assert_eq!(ran.error().details["part"], json!("/api/v1/namespaces/default/secrets/admin"));
    assert_eq!(ran.records[0].ending, CallEnding::Failed(ErrorCode::TrustViolation));
}

#[test]
fn a_write_in_an_operation_that_reads_is_denied() {
    let ran = Trial::of(fixtures::WRITES_IN_A_READ).denied_by("method");
    assert_eq!(ran.recorded(), [""; 0]);
}

#[test]
fn what_a_guest_sees_of_an_answer_is_what_stands_on_a_list() {
    let settings = Settings::http1();
    let answer = a_pod()
        .header("date", "Tue, 15 Nov 1994 08:12:31 GMT")
        .header("retry-after", "7")
        .header("warning", r#"299 - "old""#)
        .header("set-cookie", "a=b")
        .header("www-authenticate", "Bearer")
        .header("location", "https://evil.example")
        .header("x-kubernetes-pf-flowschema-uid", "u")
        .header("audit-id", "a")
        .header("authorization", "Bearer of the target")
        .header("server", "s");
    let fake = Fake::expecting_with(settings, [Expected::once("GET", POD, answer)]);
    let (data, meta) = Trial::of(fixtures::HONEST).on(&fake).succeeds();
    let headers = data["headers"].as_array().expect("headers are told");
    let mut names: Vec<&str> = headers.iter().filter_map(|header| header[0].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "content-type", "date", "retry-after", "warning"]);
    assert_eq!(meta.warnings, ["the target warns: old"]);
    let about: Vec<&Value> = headers.iter().filter(|header| header[0] == json!("retry-after")).collect();
    assert_eq!(about, [&json!(["retry-after", "7"])]);
}
