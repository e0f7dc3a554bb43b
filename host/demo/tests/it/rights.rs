//! Who somebody is, and what they may do.

use crate::client::{Client, pod};
use serde_json::json;

const PODS: &str = "/api/v1/namespaces/default/pods";
const ACCOUNTS: &str = "/api/v1/namespaces/default/serviceaccounts";

#[tokio::test]
async fn whoever_shows_no_token_or_a_strange_one_is_unauthorized() {
    let client = Client::empty().await;
    for token in [None, Some("strange"), Some("")] {
        let refused = client.with_token(token).get(PODS).await;
        refused.refused(401, "Unauthorized", "Unauthorized");
    }
}

#[tokio::test]
async fn a_token_is_good_until_its_account_is_gone_or_it_is_revoked() {
    let client = Client::empty().await;
    client.post(ACCOUNTS, &json!({ "metadata": { "name": "a" } })).await.expect(201);
    let issue = || async { client.post(&format!("{ACCOUNTS}/a/token"), &json!({})).await.expect(201) };
    let (first, second) = (issue().await, issue().await);
    let token = |answer: &serde_json::Value| answer["status"]["token"].as_str().expect("a token").to_owned();
    assert!(first["status"]["expirationTimestamp"].is_string());
    let version = |token: &str| {
        let client = client.with_token(Some(token));
        async move { client.get("/version").await.status.as_u16() }
    };
    assert_eq!((version(&token(&first)).await, version(&token(&second)).await), (200, 200));
    client.demo.revoke_token(&token(&first));
    assert_eq!((version(&token(&first)).await, version(&token(&second)).await), (401, 200));
    client.delete(&format!("{ACCOUNTS}/a")).await.expect(200);
    client.post(ACCOUNTS, &json!({ "metadata": { "name": "a" } })).await.expect(201);
    assert_eq!(version(&token(&second)).await, 401, "the account of that name is another one");
    let short = client.post(&format!("{ACCOUNTS}/a/token"), &json!({ "spec": { "expirationSeconds": 1 } })).await;
    assert_eq!(short.status, 422);
}

#[tokio::test]
async fn what_no_rule_allows_is_forbidden_in_the_servers_words() {
    let client = Client::empty().await;
    let rules = json!([{ "apiGroups": [""], "resources": ["pods"], "verbs": ["list"] }]);
    let user = client.user("lister", &rules).await;
    user.get(PODS).await.expect(200);
    let who = "User \"system:serviceaccount:default:lister\" cannot";
    let cases = [
        (
            "GET",
            "/api/v1/namespaces/default/pods/a",
            "pods \"a\"",
            "get resource \"pods\" in API group \"\" in the namespace \"default\"",
        ),
        (
            "GET",
            "/api/v1/namespaces/default/pods/a/log",
            "pods \"a\"",
            "get resource \"pods/log\" in API group \"\" in the namespace \"default\"",
        ),
        ("GET", "/api/v1/nodes", "nodes", "list resource \"nodes\" in API group \"\" at the cluster scope"),
        (
            "GET",
            "/apis/apps/v1/deployments",
            "deployments.apps",
            "list resource \"deployments\" in API group \"apps\" at the cluster scope",
        ),
        (
            "PATCH",
            "/apis/apps/v1/namespaces/default/deployments/a/scale",
            "deployments.apps \"a\"",
            "patch resource \"deployments/scale\" in API group \"apps\" in the namespace \"default\"",
        ),
        (
            "DELETE",
            "/api/v1/namespaces/default/pods",
            "pods",
            "deletecollection resource \"pods\" in API group \"\" in the namespace \"default\"",
        ),
        (
            "GET",
            "/api/v1/namespaces/default",
            "namespaces \"default\"",
            "get resource \"namespaces\" in API group \"\" in the namespace \"default\"",
        ),
        (
            "GET",
            "/apis/nowhere/v1/things",
            "things.nowhere",
            "list resource \"things\" in API group \"nowhere\" at the cluster scope",
        ),
    ];
    for (method, path, what, how) in cases {
        let refused = user.send(method, path, &[], None).await;
        refused.refused(403, "Forbidden", &format!("{what} is forbidden: {who} {how}"));
        assert!(refused.json()["details"].get("causes").is_none());
    }
    let refused = user.get("/metrics").await;
    refused.refused(403, "Forbidden", &format!("forbidden: {who} get path \"/metrics\""));
}

#[tokio::test]
async fn a_right_to_one_name_is_enough_for_who_selects_it() {
    let client = Client::empty().await;
    client.post(PODS, &pod("a")).await.expect(201);
    let rules = json!([{ "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"], "verbs": ["get", "list"] }]);
    let user = client.user("one", &rules).await;
    user.get(&format!("{PODS}/a")).await.expect(200);
    assert_eq!(user.get(&format!("{PODS}/b")).await.status, 403);
    assert_eq!(user.get(PODS).await.status, 403);
    let list = user.get(&format!("{PODS}?fieldSelector=metadata.name%3Da")).await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_binding_in_a_namespace_is_good_there_alone() {
    let client = Client::empty().await;
    let user = client.user("local", &json!([])).await;
    let binding = json!({
        "metadata": { "name": "local" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view" },
        "subjects": [{ "kind": "ServiceAccount", "name": "local", "namespace": "default" }],
    });
    client.post("/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings", &binding).await.expect(201);
    user.get("/api/v1/namespaces/kube-system/pods").await.expect(200);
    assert_eq!(user.get(PODS).await.status, 403);
    assert_eq!(user.get("/api/v1/pods").await.status, 403);
}

#[tokio::test]
async fn the_viewer_sees_what_view_lets_see() {
    let client = Client::empty().await;
    let viewer = client.with_token(Some(client.demo.viewer_token()));
    for path in ["/api/v1/pods", "/api/v1/namespaces", "/apis/apps/v1/deployments", "/api/v1/events"] {
        viewer.get(path).await.expect(200);
    }
    for path in [
        "/api/v1/secrets",
        "/api/v1/nodes",
        "/api/v1/persistentvolumes",
        "/apis/storage.k8s.io/v1/storageclasses",
        "/apis/metrics.k8s.io/v1beta1/nodes",
    ] {
        assert_eq!(viewer.get(path).await.status, 403, "{path}");
    }
    assert_eq!(viewer.post(PODS, &pod("a")).await.status, 403);
}

#[tokio::test]
async fn one_may_ask_who_one_is_and_what_one_may_do() {
    let client = Client::empty().await;
    let viewer = client.with_token(Some(client.demo.viewer_token()));
    let review = viewer.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({})).await.expect(201);
    assert_eq!(review["status"]["userInfo"]["username"], "system:serviceaccount:kube-system:demo-viewer");
    let ask = |verb: &str, resource: &str| {
        let body =
            json!({ "spec": { "resourceAttributes": { "verb": verb, "resource": resource, "namespace": "default" } } });
        let viewer = &viewer;
        async move {
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
            viewer.post(path, &body).await.expect(201)["status"].clone()
        }
    };
    let reason = "RBAC: allowed by ClusterRoleBinding \"demo-viewer\" of ClusterRole \"view\" to ServiceAccount \"demo-viewer/kube-system\"";
    assert_eq!(ask("list", "pods").await, json!({ "allowed": true, "reason": reason }));
    assert_eq!(ask("list", "secrets").await, json!({ "allowed": false }));
    let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
    let rules = viewer.post(path, &json!({ "spec": { "namespace": "default" } })).await.expect(201);
    let rules = rules["status"]["resourceRules"].as_array().expect("rules");
    assert!(rules.iter().any(|rule| rule["resources"].to_string().contains("\"pods\"")));
}

#[tokio::test]
async fn another_is_impersonated_by_whom_that_is_allowed() {
    let client = Client::empty().await;
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let headers = [("content-type", "application/json"), ("impersonate-user", "bob"), ("impersonate-group", "dev")];
    let review = client.send("POST", path, &headers, Some(b"{}")).await.expect(201);
    assert_eq!(review["status"]["userInfo"], json!({ "username": "bob", "groups": ["dev", "system:authenticated"] }));
    let viewer = client.with_token(Some(client.demo.viewer_token()));
    let refused = viewer.send("POST", path, &headers, Some(b"{}")).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("cannot impersonate resource \"users\""), "{}", refused.text());
}

#[tokio::test]
async fn what_was_served_is_on_record() {
    let client = Client::empty().await;
    let viewer = client.with_token(Some(client.demo.viewer_token()));
    let answer = viewer.send("GET", &format!("{PODS}/a/log?tailLines=1"), &[("audit-id", "mine")], None).await;
    assert_eq!((answer.status.as_u16(), answer.headers["audit-id"].to_str().ok()), (404, Some("mine")));
    let record = client.demo.served().into_iter().find(|served| served.audit_id == "mine").expect("a record");
    assert_eq!(record.user, "system:serviceaccount:kube-system:demo-viewer");
    assert_eq!((record.verb.as_str(), record.resource.as_str(), record.subresource.as_str()), ("get", "pods", "log"));
    assert_eq!((record.namespace.as_str(), record.name.as_str(), record.status), ("default", "a", 404));
    assert_eq!(record.uri, format!("{PODS}/a/log?tailLines=1"));
    let fresh = client.get("/version").await;
    assert_eq!(fresh.headers["audit-id"].len(), 36);
}

#[tokio::test]
async fn what_was_served_after_so_many_requests_is_told_alone() {
    let client = Client::empty().await;
    client.get("/version").await;
    let before = client.demo.served_count();
    assert_eq!(client.demo.served_since(before), []);
    client.get(PODS).await;
    client.get("/version").await;
    let uris: Vec<String> = client.demo.served_since(before).into_iter().map(|served| served.uri).collect();
    assert_eq!(uris, [PODS, "/version"]);
    assert_eq!(client.demo.served_count(), before + 2);
    assert_eq!(client.demo.served().len(), before + 2);
}
