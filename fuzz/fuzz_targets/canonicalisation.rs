//! Whatever bytes a connector sends: they are denied, or become one form that says the same again when it is read back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use meho_policy::request::{CanonicalRequest, RawRequest, VIRTUAL_AUTHORITY, VIRTUAL_SCHEME};

fuzz_target!(|data: &[u8]| {
    // Method, target, accept and content type a line each, then the body.
    let mut parts = data.splitn(5, |byte| *byte == b'\n');
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(method), Some(target), Some(accept), Some(content_type)) = (text(), text(), text(), text()) else {
        return;
    };
    let body = parts.next().unwrap_or_default();
    let Ok(request) = parse(method, target, accept, content_type, body) else { return };

    let rendered = request.rendered_path_and_query();
    let (path, query) = rendered.split_once('?').unwrap_or((&rendered, ""));
    assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._~:-".contains(&byte)), "{path}");
    assert!(query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"&=%._~-".contains(&byte)), "{query}");
    assert!(!path.contains("//") && path.split('/').all(|segment| segment != "." && segment != ".."), "{path}");
    assert_eq!(rendered.len(), rendered.trim().len());

    let (media_type, bytes) = request.body().map_or(("", &[][..]), |body| (body.media_type(), body.bytes()));
    let again = parse(request.method().as_str(), &rendered, request.accept().as_str(), media_type, bytes);
    // Escaped it may be longer than a request can be.
    let Ok(again) = again else { return assert!(rendered.len() > target.len(), "{rendered}") };
    assert_eq!(again, request);
    assert_eq!(again.rendered_path_and_query(), rendered);
    if let (Some(body), Some(again)) = (request.body(), again.body()) {
        assert_eq!(body.bytes(), again.bytes());
        let read: serde_json::Value = serde_json::from_slice(body.bytes()).expect("JSON");
        assert_eq!(read, *body.value());
    }
});

/// A request; an empty content type is none.
fn parse(method: &str, target: &str, accept: &str, content_type: &str, body: &[u8]) -> Result<CanonicalRequest, ()> {
    let mut headers = vec![("accept", accept.as_bytes())];
    if !content_type.is_empty() {
        headers.push(("content-type", content_type.as_bytes()));
    }
    let (scheme, authority) = (VIRTUAL_SCHEME, VIRTUAL_AUTHORITY);
    CanonicalRequest::parse(&RawRequest { method, scheme, authority, path_and_query: target, headers, body })
        .map_err(drop)
}
