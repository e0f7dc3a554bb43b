//! What is refused, in the words of the real server.

use crate::client::{Client, deployment, pod, unscheduled};
use serde_json::json;

const PODS: &str = "/api/v1/namespaces/default/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let client = Client::empty().await;
    let missing = client.get(&format!("{PODS}/a")).await;
    missing.refused(404, "NotFound", "pods \"a\" not found");
    assert_eq!(missing.json()["details"], json!({ "name": "a", "kind": "pods" }));
    client.get("/api/v1/namespaces/nowhere/pods/a").await.refused(404, "NotFound", "pods \"a\" not found");
    let missing = client.post("/api/v1/namespaces/nowhere/pods", &pod("a")).await;
    missing.refused(404, "NotFound", "namespaces \"nowhere\" not found");
    let unknown = client.get("/api/v1/nothing").await;
    unknown.refused(404, "NotFound", "the server could not find the requested resource");
    for path in ["/apis/nowhere/v1/things", "/nowhere", "/apis/apps/v2/deployments"] {
        let nowhere = client.get(path).await;
        assert_eq!((nowhere.status.as_u16(), nowhere.text().as_str()), (404, "404 page not found\n"), "{path}");
        assert_eq!(nowhere.headers["content-type"], "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_not_allowed() {
    let client = Client::empty().await;
    let message = "the server does not allow this method on the requested resource";
    let cases = [
        ("PUT", "/api/v1/pods"),
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/pods"),
        ("PATCH", PODS),
        ("POST", "/api/v1/namespaces/default/pods/a"),
        ("GET", "/apis/authentication.k8s.io/v1/selfsubjectreviews"),
        ("DELETE", "/apis/metrics.k8s.io/v1beta1/nodes/a"),
        ("POST", "/api/v1/namespaces/default/pods/a/log"),
    ];
    for (method, path) in cases {
        let refused = client.json(method, path, "application/json", &json!({})).await;
        refused.refused(405, "MethodNotAllowed", message);
    }
}

#[tokio::test]
async fn a_form_that_there_is_not_is_not_acceptable() {
    let client = Client::empty().await;
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let text = [("accept", "text/plain")];
    let refused = client.send("GET", &format!("{PODS}/a/log"), &text, None).await;
    let message = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    refused.refused(406, "NotAcceptable", message);
    let refused = client.send("GET", PODS, &text, None).await;
    assert_eq!(refused.status, 406);
    let unknown = [("accept", "application/json;as=Nothing;v=v1;g=meta.k8s.io")];
    client.send("GET", PODS, &unknown, None).await.refused(406, "NotAcceptable", message);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_a_bad_request() {
    let client = Client::empty().await;
    let refused = client.json("POST", PODS, "text/plain", &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.json()["reason"].as_str()), (415, Some("UnsupportedMediaType")));
    let json = [("content-type", "application/json")];
    let refused = client.send("POST", PODS, &json, Some(b"{")).await;
    let message = "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: unexpected end of JSON input ({)";
    refused.refused(400, "BadRequest", message);
    let mut other = pod("a");
    other["metadata"]["namespace"] = json!("other");
    let refused = client.post(PODS, &other).await;
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    refused.refused(400, "BadRequest", message);
    let refused = client.post(PODS, &deployment("a", 1)).await;
    refused.refused(
        400,
        "BadRequest",
        "the API version in the data (apps/v1) does not match the expected API version (v1)",
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let client = Client::empty().await;
    let large = json!({ "metadata": { "name": "a" }, "data": { "k": "x".repeat(4 << 20) } });
    let refused = client.post("/api/v1/namespaces/default/configmaps", &large).await;
    assert_eq!((refused.status.as_u16(), refused.json()["reason"].as_str()), (413, Some("RequestEntityTooLarge")));
}

#[tokio::test]
async fn what_is_invalid_is_refused_with_all_its_causes() {
    let client = Client::empty().await;
    let mut object = deployment("B_ad", -1);
    object["spec"]["template"]["metadata"]["labels"] = json!({ "app": "other" });
    let refused = client.post(DEPLOYMENTS, &object).await;
    let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let message = format!(
        "Deployment.apps \"B_ad\" is invalid: [metadata.name: Invalid value: \"B_ad\": {subdomain}, spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.template.metadata.labels: Invalid value: {{\"app\":\"other\"}}: `selector` does not match template `labels`]"
    );
    refused.refused(422, "Invalid", &message);
    let causes = refused.json()["details"]["causes"].clone();
    assert_eq!(causes.as_array().map(Vec::len), Some(3));
    let cause = json!({
        "reason": "FieldValueInvalid", "message": "Invalid value: -1: must be greater than or equal to 0", "field": "spec.replicas",
    });
    assert_eq!(causes[1], cause);
}

#[tokio::test]
async fn what_is_fixed_cannot_be_changed() {
    let client = Client::empty().await;
    client.post(DEPLOYMENTS, &deployment("a", 0)).await.expect(201);
    let other = json!({ "app": "b" });
    let patch =
        json!({ "spec": { "selector": { "matchLabels": other }, "template": { "metadata": { "labels": other } } } });
    let refused = client.merge(&format!("{DEPLOYMENTS}/a"), &patch).await;
    let why = "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b\"}}: field is immutable";
    refused.refused(422, "Invalid", &format!("Deployment.apps \"a\" is invalid: {why}"));
    client.post(PODS, &unscheduled("a")).await.expect(201);
    let refused = client.merge(&format!("{PODS}/a"), &json!({ "spec": { "nodeName": "x" } })).await;
    assert_eq!(refused.status, 422);
    let why = "Pod \"a\" is invalid: spec: Forbidden: pod updates may not change fields other than";
    assert!(refused.message().starts_with(why), "{}", refused.text());
}

#[tokio::test]
async fn a_pod_of_an_account_that_is_not_there_is_forbidden() {
    let client = Client::empty().await;
    let mut object = pod("a");
    object["spec"]["serviceAccountName"] = json!("nobody");
    let refused = client.post(PODS, &object).await;
    let why = "error looking up service account default/nobody: serviceaccount \"nobody\" not found";
    refused.refused(403, "Forbidden", &format!("pods \"a\" is forbidden: {why}"));
}
