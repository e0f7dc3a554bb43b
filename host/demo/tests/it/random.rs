//! Whatever is sent, something is answered: random requests, of parts that mean something.

use crate::client::Client;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const SEGMENTS: [&str; 30] = [
    "api",
    "apis",
    "v1",
    "apps",
    "namespaces",
    "default",
    "pods",
    "a",
    "log",
    "status",
    "scale",
    "deployments",
    "nodes",
    "events",
    "events.k8s.io",
    "configmaps",
    "secrets",
    "eviction",
    "binding",
    "token",
    "serviceaccounts",
    "metrics.k8s.io",
    "v1beta1",
    "openapi",
    "v3",
    "%2e%2e",
    "%00",
    "%ff",
    "",
    "authorization.k8s.io",
];
const QUERIES: [&str; 16] = [
    "limit=1",
    "limit=-9",
    "continue=e30",
    "continue=%00",
    "labelSelector=a%20in%20(",
    "labelSelector=!",
    "labelSelector=%ff%3D",
    "fieldSelector=%5C",
    "fieldSelector=metadata.name%3D%5C%2C",
    "dryRun=All",
    "tailLines=1",
    "limitBytes=1",
    "resourceVersion=1",
    "resourceVersionMatch=Exact",
    "pretty=true",
    "fieldValidation=Strict",
];
const MEDIA: [&str; 9] = [
    "application/json",
    "application/yaml",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    ";;;",
];
const BODIES: [&str; 16] = [
    "",
    "{}",
    "[]",
    "null",
    "{\"metadata\":null}",
    "{\"metadata\":[],\"spec\":5}",
    "{\"metadata\":{\"name\":5,\"labels\":[]}}",
    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":{}}}",
    "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"containers\":[5,{\"name\":\"a\",\"image\":\"b\",\"env\":[5],\"ports\":\"x\"}]}}",
    "[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":1}]",
    "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/metadata\"}]",
    "{\"spec\":{\"template\":[],\"selector\":{\"matchLabels\":5},\"replicas\":\"x\"},\"$patch\":\"replace\"}",
    "{\"spec\":{\"containers\":[{\"$patch\":\"delete\"}]},\"status\":[]}",
    "k8s\0\n\u{1}\u{2}",
    "a: [",
    "{\"data\":{\"k\":5}}",
];

fn one_of(choices: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(choices)
}

#[test]
fn no_request_is_left_without_an_answer() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let client = runtime.block_on(Client::empty());
    let methods = one_of(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
    let path = proptest::collection::vec(one_of(&SEGMENTS), 1..8);
    let query = proptest::collection::vec(one_of(&QUERIES), 0..3);
    let body = prop_oneof![
        one_of(&BODIES).prop_map(|body| body.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..64),
    ];
    let accept = one_of(&["*/*", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml", "text/plain", ""]);
    let requests = (methods, path, query, one_of(&MEDIA), accept, body);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() });
    let asked = runner.run(&requests, |(method, path, query, media, accept, body)| {
        let path = format!("/{}?{}", path.join("/"), query.join("&"));
        let headers = [("content-type", media), ("accept", accept)];
        let body = if method == "HEAD" { None } else { Some(body.as_slice()) };
        let answer = runtime.block_on(client.send(method, &path, &headers, body));
        prop_assert!(answer.status.as_u16() < 500 || answer.status == 504, "{} {}: {}", method, path, answer.text());
        Ok(())
    });
    asked.expect("everything is answered");
    // What is kept through all that is still read.
    runtime.block_on(async { client.get("/api/v1/namespaces/default/pods").await.expect(200) });
}
