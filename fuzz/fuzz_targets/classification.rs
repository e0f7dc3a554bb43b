//! Every request means something to each family, and never less than its method and path alone do.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meho_policy::effect::{Method, Trust};
use meho_policy::family::Family;
use meho_policy::family::kubernetes::{Attributes, attributes, attributes_of};
use meho_policy::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};

fuzz_target!(|data: &[u8]| {
    // Method and target a line each, then a body of JSON.
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(method), Some(target)) = (text(), text()) else { return };
    let body = parts.next().unwrap_or_default();
    let mut headers = vec![("accept", &b"application/json"[..])];
    if !body.is_empty() {
        headers.push(("content-type", b"application/json"));
    }
    let (scheme, authority) = (VIRTUAL_SCHEME, VIRTUAL_AUTHORITY);
    let raw = RawRequest { method, scheme, authority, path_and_query: target, headers, body };
    let Ok(request) = CanonicalRequest::parse(&raw) else { return };
    let segments: Vec<&str> = request.path().iter().map(|segment| segment.as_str()).collect();
    for family in [Family::Kubernetes, Family::GenericHttp] {
        let trust = family.trust(&request);
        assert!(trust >= family.least_trust(request.method(), &segments), "{family:?}: {request:?}");
        assert!(
            request.method() == Method::Get || trust > Trust::Read || is_review(&segments),
            "{family:?}: {request:?}"
        );
        assert!(request.method() != Method::Delete || trust == Trust::Destructive, "{family:?}: {request:?}");
    }
    match (attributes(request.method(), &segments), attributes_of(&request)) {
        (Attributes::NonResource { path, .. }, Attributes::NonResource { path: with_query, .. }) => {
            assert_eq!(path, request.rendered_path());
            assert_eq!(path, with_query);
        }
        (Attributes::Resource(bare), Attributes::Resource(mut of)) => {
            assert!(!of.resource.is_empty() && segments.contains(&of.resource.as_str()), "{of:?}");
            // A query may make a watch of a list, and select a name.
            if matches!(bare.verb.as_str(), "list") {
                assert!(matches!(of.verb.as_str(), "list" | "watch"), "{of:?}");
                of.name.clear();
                of.verb.clone_from(&bare.verb);
            }
            assert_eq!(bare, of);
        }
        other => panic!("a query makes no path of a resource: {other:?}"),
    }
});

/// What only asks about the asker is posted.
fn is_review(segments: &[&str]) -> bool {
    let group = segments.get(1).is_some_and(|group| group.starts_with("auth"));
    group && segments.len() == 4 && segments.last().is_some_and(|last| last.starts_with("self"))
}
