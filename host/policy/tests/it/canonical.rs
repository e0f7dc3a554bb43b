//! The one form of a request.

use meho_policy::denial::Rule;
use meho_policy::request::{CanonicalRequest, RawRequest};
use proptest::prelude::*;

fn parse(target: &str, headers: &[(&str, &str)], body: &str) -> Result<CanonicalRequest, Rule> {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let raw = RawRequest {
        method: "GET",
        scheme: "https",
        authority: "target.invalid",
        path_and_query: target,
        headers,
        body: body.as_bytes(),
    };
    CanonicalRequest::parse(&raw).map_err(|denial| denial.rule)
}

const ACCEPT: [(&str, &str); 1] = [("accept", "application/json")];

#[track_caller]
fn becomes(target: &str, rendered: &str) {
    let request = parse(target, &ACCEPT, "").unwrap_or_else(|rule| panic!("{target}: {rule}"));
    assert_eq!(request.rendered_path_and_query(), rendered);
}

#[track_caller]
fn denied(target: &str, rule: Rule) {
    assert_eq!(parse(target, &ACCEPT, "").err(), Some(rule), "{target}");
}

#[test]
fn a_connector_addresses_one_host_that_is_none() {
    let parse = |scheme: &str, authority: &str| {
        let headers = vec![("accept", &b"application/json"[..])];
        let raw = RawRequest { method: "GET", scheme, authority, path_and_query: "/a", headers, body: b"" };
        CanonicalRequest::parse(&raw).map_err(|denial| denial.rule)
    };
    assert!(parse("https", "target.invalid").is_ok());
    assert!(parse("HTTPS", "target.invalid").is_ok(), "schemes have no case (RFC 3986)");
    for (scheme, authority) in [
        ("http", "target.invalid"),
        ("wss", "target.invalid"),
        ("", "target.invalid"),
        ("https", ""),
        ("https", "kubernetes.default.svc"),
        ("https", "169.254.169.254"),
        ("https", "[::1]"),
        ("https", "target.invalid:443"),
        ("https", "target.invalid:6443"),
        ("https", "target.invalid."),
        ("https", "Target.invalid"),
        ("https", "user@target.invalid"),
        ("https", "target.invalid@example.com"),
        ("https", "target.invalid.example.com"),
        ("https", " target.invalid"),
        ("https", "t\u{430}rget.invalid"),
    ] {
        assert_eq!(parse(scheme, authority).err(), Some(Rule::Authority), "{scheme}://{authority}");
    }
}

#[test]
fn a_query_is_written_in_one_form() {
    becomes("/a/b", "/a/b");
    becomes("/a?b=c", "/a?b=c");
    becomes("/a?z=1&b=2", "/a?b=2&z=1");
    becomes("/a?b=%61%2f%2F", "/a?b=a%2F%2F");
    becomes("/a?b=x=y,z!(w)'*", "/a?b=x%3Dy%2Cz%21%28w%29%27%2A");
    becomes("/a?b=%E2%82%AC", "/a?b=%E2%82%AC");
    becomes("/a?b=", "/a?b=");
    becomes("/a?b=?/:@", "/a?b=%3F%2F%3A%40");
}

#[test]
fn what_could_be_read_in_two_ways_is_denied() {
    for path in [
        "", "a", "/", "//", "/a/", "/a//b", "/./a", "/a/..", "/a/%2e", "/a%2Fb", "/a;b", "/a b", "/a\\b", "/é",
        "/a\u{0}", "/a+b", "/a,b",
    ] {
        denied(path, Rule::PathForm);
    }
    for query in [
        "?",
        "?a",
        "?=b",
        "?a=b&",
        "?a=b&&c=d",
        "?a=b&a=c",
        "?a=+",
        "?a=;b",
        "?a=%",
        "?a=%2",
        "?a=%zz",
        "?a=%ff",
        "?a=%00",
        "?a=%7f",
        "?a b=c",
        "?%61=b",
    ] {
        denied(&format!("/x{query}"), Rule::QueryForm);
    }
    denied(&format!("/{}", "a/".repeat(40) + "a"), Rule::PathForm);
    denied(&format!("/{}", "a".repeat(40_000)), Rule::PathForm);
}

#[test]
fn only_two_headers_are_a_connectors_to_set() {
    assert!(parse("/a", &[("accept", "x/y"), ("content-length", "0")], "").is_ok());
    for headers in [
        &[][..],
        &[("accept", "x/y"), ("accept", "x/y")],
        &[("accept", "x/y"), ("authorization", "Bearer x")],
        &[("accept", "x/y"), ("if-match", "1")],
        &[("accept", "é/y")],
        &[("accept", "")],
    ] {
        assert_eq!(parse("/a", headers, "").err(), Some(Rule::Header), "{headers:?}");
    }
}

#[test]
fn a_body_has_a_type_and_one_form() {
    let typed = [("accept", "x/y"), ("content-type", "application/json")];
    let request = parse("/a", &typed, " {\"b\" : 1, \"a\":\"\\u00e9\" } ").expect("a body");
    assert_eq!(request.body().expect("a body").bytes(), "{\"a\":\"é\",\"b\":1}".as_bytes());
    assert_eq!(parse("/a", &ACCEPT, "{}").err(), Some(Rule::BodyForm));
    assert_eq!(parse("/a", &typed, "").err(), Some(Rule::BodyForm));
    for body in [
        "{",
        "{}{}",
        "{\"a\":1,\"a\":1}",
        "{\"a\":1.0}",
        "1e3",
        "{\"a\":18446744073709551616}",
        "\u{feff}{}",
        "{'a':1}",
    ] {
        assert_eq!(parse("/a", &typed, body).err(), Some(Rule::BodyForm), "{body}");
    }
}

proptest! {
    #[test]
    fn whatever_passes_is_a_fixed_point(target in "\\PC{0,60}") {
        if let Ok(request) = parse(&target, &ACCEPT, "") {
            let rendered = request.rendered_path_and_query();
            let again = parse(&rendered, &ACCEPT, "").expect("its own rendering");
            prop_assert_eq!(&again, &request);
            prop_assert_eq!(again.rendered_path_and_query(), rendered);
        }
    }

    #[test]
    fn whatever_is_rendered_has_no_character_that_means_something(
        path in proptest::collection::vec("[a-zA-Z0-9._~:-]{1,12}", 1..6),
        values in proptest::collection::vec("\\PC{0,12}", 0..5),
    ) {
        let query: Vec<String> = values.iter().enumerate().map(|(n, value)| {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            format!("k{n}={encoded}")
        }).collect();
        let target = format!("/{}{}{}", path.join("/"), if query.is_empty() { "" } else { "?" }, query.join("&"));
        if let Ok(request) = parse(&target, &ACCEPT, "") {
            let rendered = request.rendered_path_and_query();
            let (rendered_path, rendered_query) = rendered.split_once('?').unwrap_or((&rendered, ""));
            prop_assert!(rendered_path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._~:-".contains(&b)));
            prop_assert!(rendered_query.bytes().all(|b| b.is_ascii_alphanumeric() || b"&=%._~-".contains(&b)));
            for (n, value) in values.iter().enumerate() {
                prop_assert_eq!(request.query_value(&format!("k{n}")), Some(value.as_str()));
            }
        } else {
            let odd_path = path.iter().any(|segment| segment == "." || segment == "..");
            prop_assert!(odd_path || values.iter().any(|value| value.chars().any(char::is_control)));
        }
    }
}
